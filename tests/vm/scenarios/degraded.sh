# A server that lost some of its hardware: a bond has one link of two, the disks behind a RAID
# controller are hidden, and the hypervisor takes memory back while the collector watches. Where the
# kernel says what the balloon holds, it holds it from the beginning.
suites="bookworm forky"
load="e1000e bonding megaraid_sas sd_mod"

machine() {
  nodes 1 512 2
  nic e1000e
  nic e1000e
  link_down
  raid_disk
  balloon 384
}

inside() {
  echo +bond1 >/sys/class/net/bonding_masters
  echo 100 >/sys/class/net/bond1/bonding/miimon
  for nic in eth0 eth1; do echo "+$nic" >/sys/class/net/bond1/bonding/slaves; done
  ip addr add 10.9.0.1/24 dev bond1
  ip link set bond1 up
  until_true 30 grep -q up /sys/class/net/eth0/operstate
  until_true 30 test -b /dev/sda
  if grep -q Balloon: /proc/meminfo; then
    modprobe virtio_balloon
    until_true 30 awk '$1 == "Balloon:" { exit $2 < 130000 }' /proc/meminfo
  else
    in_window 4 modprobe virtio_balloon
  fi
  collect --duration 10s --interval 1s
}

expect() {
  ended 0 60
  unchanged files devices
  fact '.collection.complete' true
  finding critical net.redundancy-and-allowance bond1
  finding critical hw.nic.speed-below-supported eth1
  finding info hw.disk.raid-hides-disks sda
  finding warning mem.total-inconsistent
}
