# A small server: two NUMA nodes, mixed DIMMs and an empty slot, a SATA and an NVMe disk, two NICs
# with receive rings far below their maximum, and modules that nobody has loaded. The collector
# reads it all and leaves it as it was.
fast=yes
suites="bookworm bullseye trixie forky"
load="ahci sd_mod nvme e1000e e1000"
tools="dmidecode smartctl ethtool ss"

machine() {
  nodes 2 320 2
  board 4 Rig Server
  dimm A1 "BANK 0" 16384 2666 MakerA SN0001 PART-16G
  dimm A2 "BANK 1" 16384 2400 MakerA SN0002 PART-16G
  dimm B1 "BANK 2" 8192 2666 MakerB SN0003 PART-8G
  dimm B2 "BANK 3" 0 0 "NO DIMM" NONE NONE
  sata_disk
  nvme_disk
  nic e1000e
  nic e1000
}

inside() {
  sysctl -qw vm.zone_reclaim_mode=1
  until_true 15 test -b /dev/sda
  until_true 15 test -b /dev/nvme0n1
  for nic in eth0 eth1; do
    ip link set "$nic" up
  done
  # An e1000 finds its carrier, loses it once more, and finds it again: what lasts two seconds, stays.
  for nic in eth0 eth1; do
    until_true 30 sh -c "for i in 1 2 3 4; do grep -q up /sys/class/net/$nic/operstate || exit 1; sleep 0.5; done"
  done
  cat /sys/firmware/dmi/tables/DMI >/out/dmi
  collect --duration 2s --interval 1s
  # What the tools say here, and proof that this guest loads modules when asked to.
  dmidecode >/out/dmidecode
  ethtool -g eth0 >/out/rings-eth0
  ss -tan >/out/ss
  cut -d' ' -f1 /proc/modules >/out/modules-after-ss
}

expect() {
  ended 0 60
  unchanged modules dmesg block written sysctl namespaces mounts links files devices left_behind
  lacks "tcp_diag was loaded before" grep -qx tcp_diag "$OUT/before/modules"
  holds "the guest loads modules on demand" grep -qx tcp_diag "$OUT/modules-after-ss"
  holds "the guest's kernel log is read" grep -q 'Linux version' "$OUT/before/dmesg"
  collected proc/meminfo proc/stat proc/modules proc/partitions
  sound
  fact '.host.hardware' '"Rig Server pc-q35-7.2"'
  fact '[.cpu.numa_nodes, .cpu.sockets, .cpu.online]' '[2,2,4]'
  fact '[.nics[] | select(.is_virtual | not) | [.name, .driver, .state]]' \
    '[["eth0","e1000e","up"],["eth1","e1000","up"]]'
  fact '[.nics[].ring | select(.) | [.rx, .rx_max, .tx, .tx_max]] | unique' '[[256,4096,256,4096]]'
  holds "the firmware's tables are what the kernel shows" \
    cmp "$OUT/dmi" "$OUT/archive/sys/firmware/dmi/tables/DMI"
  collected probes/smart/{nvme0/{identify,health},sda/{identify,status,attributes,thresholds}}
  # The tools as the engineer reads them.
  holds "dmidecode" diff "$OUT/dmidecode" "$OUT/archive/commands/dmidecode"
  holds "ethtool -g" diff "$OUT/rings-eth0" "$OUT/archive/commands/ethtool_-g_eth0"
  for disk in sda nvme0; do
    holds "SMART of $disk" jq -e '.smart_status.passed' \
      "$OUT/archive/commands/smartctl_-n_standby_-x_-j_.dev.$disk"
  done
  # Ours from the raw tables of firmware and disks, and theirs from the tools' text, of one archive.
  facts_without commands/dmidecode 'commands/smartctl_*' >"$RUN/ours.json"
  facts_without sys/firmware probes/smart >"$RUN/theirs.json"
  agree "SMBIOS as dmidecode decodes it" .hardware 60 "$RUN/ours.json" "$RUN/theirs.json"
  agree "NVMe and ATA health as smartctl decodes it" '.disks[] | {name, smart: .smart[]?}' 14 \
    "$RUN/ours.json" "$RUN/theirs.json"
  same "ss, which would load a module" skipped "$(outcome commands/ss_-tanoiem)"
  finding info hw.nic.ring-below-max eth0
  finding info hw.nic.offload-or-driver eth0
  finding info numa.node-imbalance
  finding info numa.zone-reclaim-mode
  finding info swap.full-or-absent
  # The only clocks of an emulated machine.
  finding info time.clock
}
