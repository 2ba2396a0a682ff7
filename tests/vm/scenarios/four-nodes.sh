# Four small NUMA nodes. While the collector watches, a program on node 0 writes more than the node
# holds, so the kernel takes pages of other nodes (numa_miss there, numa_foreign here); and a process
# that filled its memory on node 0 was moved to node 3.
suites="bookworm forky"
load=""

machine() {
  nodes 4 224 1
}

inside() {
  taskset -c 0 awk 'BEGIN { for (i = 0; i < 900000; i++) a[i] = "0123456789012345678901234567890123456789"
    print "ready" >"/run/moved"; close("/run/moved"); while (1) system("sleep 1") }' &
  moved=$!
  until_true 60 test -s /run/moved
  taskset -pc 3 "$moved"
  echo "$moved" >/out/moved
  # Free memory of node 0 and 80 MiB more, once the window is open: of less that comes to another
  # node nothing is said.
  free_kib=$(awk '$3 == "MemFree:" { print $4 }' /sys/devices/system/node/node0/meminfo)
  (until_true 20 sh -c 'cat /proc/[0-9]*/comm | grep -q linsight' && sleep 3
    taskset -c 0 dd if=/dev/zero of=/out/fill bs=64k count=$(((free_kib + 80 * 1024) / 64))) &
  collect --duration 8s --interval 1s
  rm /out/fill
  cat /sys/devices/system/node/node*/numastat >/out/numastat
}

# misses PASS: pages that nodes 1 to 3 had given to allocations meant for another.
misses() {
  local node
  for node in 1 2 3; do record sys/node "devices/system/node/node$node/numastat" "$1"; done |
    awk '$1 == "numa_miss" { sum += $2 } END { print sum + 0 }'
}

expect() {
  local moved
  moved=$(cat "$OUT/moved")
  ended 0 60
  unchanged modules sysctl mounts
  sound
  fact '.cpu.numa_nodes' 4
  same "distances of node 0" "10 21 21 21" \
    "$(record sys/node devices/system/node/node0/distance | tail -1)"
  holds "numa_miss rose while it spilled" \
    [ "$(misses "$(last_pass)")" -gt "$(($(misses 0) + 1000))" ]
  holds "numa_maps tells where the moved process has its memory" grep -q ' N0=[0-9]\{4\}' \
    <(record proc-pid/numa_maps "$moved")
  same "it may run on" 3 "$(record proc-pid/status "$moved" | awk '$1 == "Cpus_allowed_list:" { print $2 }')"
  finding warning numa.remote-alloc "node 1"
  finding info numa.process-remote awk
}
