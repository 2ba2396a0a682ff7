# The same collector for a user without any right: it ends well, has what everybody may read, says
# of the rest that it was denied, and the kernel has nothing to log about it.
suites="bookworm"
load="ahci sd_mod nvme e1000e"
tools="dmidecode smartctl ethtool ss setpriv"
as="/bin/setpriv --reuid 65534 --regid 65534 --clear-groups"

machine() {
  nodes 2 320 1
  board 2 Rig Server
  dimm A1 "BANK 0" 16384 2666 MakerA SN0001 PART-16G
  dimm B1 "BANK 1" 0 0 "NO DIMM" NONE NONE
  sata_disk
  nvme_disk
  nic e1000e
}

inside() {
  until_true 15 test -b /dev/sda
  until_true 15 test -b /dev/nvme0n1
  chmod 755 /out
  mkdir /out/nobody
  chown nobody /out/nobody
  archive=/out/nobody/archive.tar.zst
  collect --duration 1s --interval 1s
  mv "$archive" /out/
}

expect() {
  ended 0 60
  unchanged modules dmesg block written sysctl mounts links files devices left_behind
  collected proc/meminfo proc/stat proc/net/netstat
  fact '[.collection.complete, .collection.privileged]' '[true,false]'
  same "firmware tables" denied "$(outcome sys/firmware/dmi/tables/DMI)"
  same "the kernel log" denied "$(outcome dev/kmsg)"
  same "status of init" collected "$(record_outcome proc-pid/status 1)"
  same "the effective user" 65534 "$(jq .euid "$OUT/archive/linsight.json")"
  finding info meta.coverage
}
