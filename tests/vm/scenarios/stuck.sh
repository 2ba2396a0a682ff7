# A host on which something hangs: the kernel says so in its log while the collector watches. Its
# table of open files is nearly full, and a program needs much memory for a few seconds.
suites="bookworm bullseye forky"
load="fuse"

machine() {
  nodes 1 512 2
}

inside() {
  mkdir -p /mnt/hang
  # The kernel looks every two seconds for what hangs for three, not every two minutes.
  sysctl -qw kernel.hung_task_timeout_secs=3 kernel.hung_task_check_interval_secs=2 kernel.hung_task_warnings=-1
  hang /mnt/hang >/run/holder 2>&1 &
  until_true 20 grep -q '^[0-9]*$' /run/holder
  loaded files 20000
  sysctl -qw fs.file-max=$(($(cut -f1 /proc/sys/fs/file-nr) * 100 / 94))
  loaded peak 320 10 5
  # The log is believed of a task that hangs for half a minute.
  collect --duration 36s --interval 1s
}

expect() {
  ended 0 75
  unchanged modules sysctl mounts files devices
  sound
  holds "the log reports it in the window" grep -q 'task hang:.* for more than' "$OUT/after/dmesg"
  finding critical kernel.hung-lockup
  finding critical proc.d-state
  finding critical limits.host
  finding info mem.spike-past load
}
