# Eight CPUs: four programs are pinned to the last one, and packets of loopback are steered to CPU 1,
# whose backlog is far too short, while the others have nothing to do.
suites="bookworm bullseye forky"
load=""

machine() {
  nodes 1 512 8
}

inside() {
  sysctl -qw net.core.netdev_max_backlog=1
  echo 2 >/sys/class/net/lo/queues/rx-0/rps_cpus
  for _ in 1 2 3 4; do taskset -c 7 sh -c 'while :; do :; done' & done
  taskset -c 2 load datagrams 50 >/run/datagrams &
  collect --duration 18s --interval 1s
}

expect() {
  ended 0 60
  unchanged modules dmesg sysctl mounts files devices
  sound
  finding warning load.runqueue-imbalance
  finding critical net.softnet
  finding warning sysctl.runtime-not-persisted net.core.netdev_max_backlog
}
