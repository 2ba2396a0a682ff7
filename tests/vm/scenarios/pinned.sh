# Four NUMA nodes. A process may use one node alone, which is full; threads on the CPUs of
# three nodes write the same memory, which the kernel's balancing cannot bring to all of them.
suites="bookworm forky"
load=""
tools="numactl"
seconds=300

machine() {
  nodes 4 256 1
}

inside() {
  # Large pages need more of it, which would be missing on each node.
  sysctl -qw vm.min_free_kbytes=4096
  # The kernel looks ten times a second who uses what, not every few seconds.
  mount -t debugfs debugfs /mnt
  for bound in min max; do echo 100 >/mnt/sched/numa_balancing/scan_period_${bound}_ms; done
  free_kib=$(awk '$3 == "MemFree:" { print $4 }' /sys/devices/system/node/node1/meminfo)
  numactl --membind=1 load held $(((free_kib - 14000) / 1024)) >/run/held &
  until_true 60 grep -q ready /run/held
  # A young process is not judged by its policy.
  sleep 55
  loaded shared 64 1 2 3
  collect --duration 20s --interval 1s
}

expect() {
  ended 0 75
  unchanged modules sysctl mounts files devices
  sound
  finding warning numa.policy load
  finding warning numa.node-imbalance "node 1"
  finding warning numa.balancing-conflict
  # Each sampled access is a page fault.
  explains cpu.saturated
}
