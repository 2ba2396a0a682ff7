# Control groups of version 2 alone: one has its memory limit and its processes are killed, one its
# CPU quota and feels it, one may have no more tasks.
suites="bookworm bullseye forky"
load=""

machine() {
  nodes 1 384 4
}

# group NAME KEY VALUE: a control group with a limit.
group() {
  mkdir -p "/sys/fs/cgroup/$1"
  echo "$3" >"/sys/fs/cgroup/$1/$2"
}

inside() {
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  echo '+memory +cpu +pids' >/sys/fs/cgroup/cgroup.subtree_control
  group small memory.max 33554432
  group slow cpu.max '20000 100000'
  group few pids.max 20
  for _ in 1 2 3; do
    sh -c 'echo $$ >/sys/fs/cgroup/slow/cgroup.procs; while :; do :; done' &
  done
  sh -c 'echo $$ >/sys/fs/cgroup/few/cgroup.procs; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do sleep 1000 & done
    while sleep 1; do :; done' &
  sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs; while :; do load held 60; sleep 1; done' >/dev/null 2>&1 &
  collect --duration 16s --interval 1s
}

expect() {
  ended 0 60
  unchanged modules sysctl mounts files devices
  sound
  finding critical cgroup.memory small
  finding critical mem.oom-kills
  finding warning cgroup.cpu-throttled slow
  finding critical proc.pid-exhaustion
}
