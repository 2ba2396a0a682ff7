# Memory that no process has: messages that nobody receives fill the slab, the buffers of pipes are in
# no counter of the kernel at all. And nearly all that may be promised is.
suites="bookworm forky"
load=""
seconds=300

machine() {
  nodes 1 4096 2
}

inside() {
  sysctl -qw kernel.msgmnb=2000000000
  loaded messages 1152
  loaded pipes 1152
  loaded promised 1024
  committed_kib=$(awk '$1 == "Committed_AS:" { print $2 }' /proc/meminfo)
  sysctl -qw vm.overcommit_memory=2 vm.overcommit_kbytes=$((committed_kib * 100 / 97))
  collect --duration 16s --interval 1s
}

expect() {
  ended 0 75
  unchanged modules dmesg sysctl mounts files devices
  fact '.collection.complete' true
  fact '.memory.identity.residual_bytes / 1048576 | . > 1100 and . < 1250' true
  finding critical mem.slab-high
  finding warning mem.unaccounted
  finding critical mem.overcommit
  finding warning sysctl.runtime-not-persisted vm.overcommit_memory
  finding warning mem.expand-or-fix
}
