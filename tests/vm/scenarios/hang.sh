# Nothing here answers any more: a process holds its mmap_lock for ever, a configuration file lies
# on a file system that never answers a read, another is a FIFO that nobody writes to. The run ends
# in its time, says of each what happened, and has all the rest.
fast=yes
suites="bookworm bullseye trixie forky"
load="fuse"

machine() {
  nodes 1 320 2
}

inside() {
  mkdir -p /etc/sysctl.d /etc/security /mnt/hang
  hang /mnt/hang >/run/holder 2>&1 &
  until_true 20 grep -q '^[0-9]*$' /run/holder
  cp /run/holder /out/holder
  # A file that answers, one that hangs, one that nobody writes to; and again one that answers.
  echo 'vm.swappiness = 17' >/etc/sysctl.d/10-first.conf
  : >/etc/sysctl.d/20-hang.conf
  mount --bind /mnt/hang/lost /etc/sysctl.d/20-hang.conf
  mkfifo /etc/sysctl.d/30-fifo.conf
  echo 'vm.dirty_ratio = 23' >/etc/sysctl.d/40-last.conf
  sleep 1000 &
  echo $! >/out/bystander
  collect --duration 2s --interval 1s
}

expect() {
  local holder bystander kind
  holder=$(cat "$OUT/holder") bystander=$(cat "$OUT/bystander")
  ended 0 60
  unchanged modules dmesg sysctl mounts files devices
  for kind in stat status; do
    same "$kind of the process that hangs" collected "$(record_outcome "proc-pid/$kind" "$holder")"
    same "$kind of a bystander" collected "$(record_outcome "proc-pid/$kind" "$bystander")"
  done
  # What it waits for: threads in D tell it in a sample.
  for kind in wchan stack syscall; do
    same "$kind of the process that hangs" collected \
      "$(record_outcome "proc-task/$kind" "$holder/$holder" any)"
  done
  holds "its stack names the mapping" grep -q fuse_file_mmap \
    <(record proc-task/stack "$holder/$holder" any)
  holds "state D" grep -q '^State:.D' <(record proc-pid/status "$holder")
  same "cmdline of the process that hangs" timed_out "$(record_outcome proc-pid/cmdline "$holder")"
  for kind in cmdline smaps_rollup; do
    same "$kind of a bystander" collected "$(record_outcome "proc-pid/$kind" "$bystander")"
  done
  same "its memory maps, after that" skipped "$(record_outcome proc-pid/smaps_rollup "$holder")"
  same "a file on a dead file system" timed_out "$(outcome etc/sysctl.d/20-hang.conf)"
  holds "the file before it" grep -q swappiness "$OUT/archive/etc/sysctl.d/10-first.conf"
  holds "the file behind it" grep -q dirty_ratio "$OUT/archive/etc/sysctl.d/40-last.conf"
  collected proc/meminfo proc/stat proc/vmstat dev/kmsg
  sound
  fact '.collection.sources_timed_out' 2
  fact '.load.composition.top_uninterruptible[0] | [.pid, .comm, (.wchan | test("_bit_common"))]' \
    "[$holder,\"hang\",true]"
  same "a FIFO in place of a file" failed "$(outcome etc/sysctl.d/30-fifo.conf)"
  # What cannot even be killed is named.
  holds "the abandoned reader" jq -e '.ended_early == null and (.abandoned | tostring | test("20-hang"))' \
    "$OUT/archive/linsight.end.json"
  finding warning proc.d-state
  finding info sysctl.runtime-not-persisted vm.swappiness
}
