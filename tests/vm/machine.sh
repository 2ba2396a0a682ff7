# Sourced: what a scenario's `machine` says, as arguments of QEMU. $RUN is the run's folder.

QEMU=()
# What QEMU's monitor is told before the machine starts.
MONITOR=""

# nodes NODES MIB CPUS: NUMA nodes of MIB each with CPUS each, at distance 21 from one another.
nodes() {
  local n m cpus=$3
  QEMU+=(-m "$(($1 * $2))M" -smp "$(($1 * cpus)),sockets=$1,cores=$cpus")
  for ((n = 0; n < $1; n++)); do
    QEMU+=(-object "memory-backend-ram,id=m$n,size=$2M"
      -numa "node,nodeid=$n,cpus=$((n * cpus))-$((n * cpus + cpus - 1)),memdev=m$n")
    for ((m = 0; m < n; m++)); do QEMU+=(-numa "dist,src=$m,dst=$n,val=21"); done
  done
}

# sata_disk, nvme_disk: 64 MiB each, empty; their images must be empty after the run, too.
sata_disk() {
  truncate -s 64M "$RUN/sata.img"
  QEMU+=(-drive "if=none,id=sata,file=$RUN/sata.img,format=raw"
    -device "ide-hd,drive=sata,bus=ide.0,serial=SATA0001,model=RIGDISK,ver=1.0,rotation_rate=7200")
}
nvme_disk() {
  truncate -s 64M "$RUN/nvme.img"
  QEMU+=(-drive "if=none,id=nvme,file=$RUN/nvme.img,format=raw" -device "nvme,drive=nvme,serial=NVME0001")
}

# slow_disk REQUESTS: an NVMe disk that takes so many a second and says that its reliability is
# degraded.
slow_disk() {
  truncate -s 64M "$RUN/slow.img"
  QEMU+=(-drive "if=none,id=slow,file=$RUN/slow.img,format=raw,throttling.iops-total=$1"
    -device "nvme,drive=slow,serial=SLOW0001,smart_critical_warning=4")
}

# nic DRIVER: a network interface (e1000, e1000e) with a link and nobody behind it.
nic() {
  LAST_NIC="net$((${#QEMU[@]}))"
  QEMU+=(-netdev "user,id=$LAST_NIC,restrict=on" -device "$1,romfile=,netdev=$LAST_NIC")
}

# link_down: the one that was named last is without a link, from the beginning.
# balloon MIB: the hypervisor wants to leave the machine no more than this; it gets it when
# virtio_balloon is loaded.
link_down() { MONITOR+="set_link $LAST_NIC off"$'\n'; }
balloon() {
  QEMU+=(-device virtio-balloon)
  MONITOR+="balloon $1"$'\n'
}

# raid_disk: 64 MiB behind a RAID controller of the kind of megaraid_sas.
raid_disk() {
  truncate -s 64M "$RUN/raid.img"
  QEMU+=(-drive "if=none,id=raid,file=$RUN/raid.img,format=raw"
    -device megasas,id=megasas -device "scsi-hd,drive=raid,bus=megasas.0,vendor=RIG,product=VIRTDISK")
}

# little BYTES NUMBER: as escapes of printf, least significant byte first.
little() {
  local i n=$2
  for ((i = 0; i < $1; i++)); do printf '\\x%02x' $((n & 255)); n=$((n >> 8)); done
}

# board SLOTS MANUFACTURER PRODUCT: names, and a memory array (SMBIOS type 16) with SLOTS slots.
board() {
  QEMU+=(-smbios "type=0,vendor=RigBIOS,version=9.9,date=01/02/2020"
    -smbios "type=1,manufacturer=$2,product=$3,serial=RIG0001"
    -smbios "type=2,manufacturer=$2,product=Board")
  # On the board, system memory, multi-bit ECC, 512 GiB at most.
  printf "$(little 1 16)$(little 1 23)$(little 2 0x1000)\\x03\\x03\\x06$(little 4 0x20000000)$(
    little 2 0xfffe)$(little 2 "$1")$(little 8 0)\\0\\0" >"$RUN/type16.bin"
  QEMU+=(-smbios "file=$RUN/type16.bin")
}

# dimm SLOT BANK MIB MHZ MANUFACTURER SERIAL PART; 0 MIB is an empty slot. One structure of SMBIOS
# type 17 a file, since QEMU by itself makes equal modules that add up to the guest's memory.
dimm() {
  local handle=$((0x1100 + ${#QEMU[@]})) file="$RUN/dimm-$1.bin" width=72 data=64 type=0x1a
  [ "$3" != 0 ] || { width=0xffff; data=0xffff; type=2; }
  {
    printf "$(little 1 17)$(little 1 40)$(little 2 $handle)$(little 2 0x1000)$(little 2 0xfffe)"
    printf "$(little 2 $width)$(little 2 $data)$(little 2 "$3")\\x09\\0\\x01\\x02$(little 1 $type)"
    printf "$(little 2 0x80)$(little 2 "$4")\\x03\\x04\\0\\x05\\x02$(little 4 0)$(little 2 "$4")"
    printf "$(little 2 1200)$(little 2 1200)$(little 2 1200)"
    printf '%s\0' "$1" "$2" "$5" "$6" "$7"
    printf '\0'
  } >"$file"
  QEMU+=(-smbios "file=$file")
}

# boot KERNEL_FOLDER INITRD SECONDS: one run; its output is $RUN/out.tar, its console $RUN/console.
boot() {
  timeout "$3" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -nodefaults -nographic \
    -no-reboot -serial "file:$RUN/console" -monitor stdio -device virtio-serial \
    -chardev "file,id=out,path=$RUN/out.tar" -device virtserialport,chardev=out,name=out \
    -kernel "$1/vmlinuz" -initrd "$2" -append "console=ttyS0 panic=-1 quiet ${cmdline:-}" \
    "${QEMU[@]}" < <(printf '%s' "$MONITOR") >"$RUN/qemu.log" 2>&1
}
