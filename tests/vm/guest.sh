#!/bin/sh
# The guest's init: loads what the scenario asks for, runs its `inside`, hands /out to the host and
# switches off. Every command is busybox's, or a tool of the scenario.
export PATH=/bin:/sbin

# state FOLDER: what a collector must leave as it was.
state() {
  mkdir -p "$1"
  cut -d' ' -f1 /proc/modules | sort >"$1/modules"
  # Without what an emulated processor that has to wait for a real one says by itself.
  dmesg | grep -vE 'interrupt took|clocksource: |hogged CPU|timekeeping watchdog' >"$1/dmesg"
  cat /proc/partitions >"$1/block"
  ls -l /sys/block | awk '{ print $9, $10, $11 }' >>"$1/block"
  # Sectors written, per disk.
  awk '{ print $3, $10 }' /proc/diskstats >"$1/written"
  # Without what the kernel itself changes all the time, what logs when it is read, and what acts.
  find /proc/sys -type f ! -path '*/random/*' ! -name '*-state' ! -name 'inode-nr' \
    ! -name 'file-nr' ! -name 'aio-nr' ! -name ns_last_pid ! -path '*/pty/nr' ! -path '*/quota/*' \
    ! -name stat_refresh ! -name flush ! -name 'retrans_time' ! -name 'base_reachable_time' \
    ! -name compact_memory ! -name drop_caches ! -name max_newidle_lb_cost ! -name hung_task_detect_count \
    -exec grep -H '' {} + 2>/dev/null | sort >"$1/sysctl"
  ls -l /proc/[0-9]*/ns 2>/dev/null | awk '{ print $11 }' | sort -u >"$1/namespaces"
  cat /proc/mounts >"$1/mounts"
  ip -o link | sed 's/^[0-9]*: //' >"$1/links"
  # The console's time of modification is that of our own messages.
  find / /tmp /run -xdev \( -path /out -o -path /dev \) -prune -o -exec stat -c '%n %s %Y' {} + |
    sort >"$1/files"
  find /dev | sort >"$1/devices"
  ls -l /proc/[0-9]*/exe 2>/dev/null | grep -o '/bin/linsight.*' >"$1/left_behind"
}

# watchdog SECONDS: a collector that is not done by then tells where it stands, and is ended.
watchdog() {
  sleep "$1"
  echo "guest: the collector hangs"
  for link in /proc/[0-9]*/exe; do
    case $(readlink "$link") in */linsight-collect) ;; *) continue ;; esac
    pid=${link#/proc/}; pid=${pid%/exe}
    grep -E '^(Name|State|Pid|PPid|Threads|Sig|Shd)' "/proc/$pid/status"
    cat "/proc/$pid/syscall" "/proc/$pid/stack"
    ls -l "/proc/$pid/fd"
  done
  killall -TERM linsight-collect; sleep 3; killall -KILL linsight-collect exe
}

# collect ARGUMENT...: one collection, the machine's state before and after, its status and time.
collect() {
  at ready
  state /out/before
  at begins
  begin=$(cut -d' ' -f1 /proc/uptime)
  watchdog 75 &
  ${as:-} linsight-collect -o "${archive:-/out/archive.tar.zst}" "$@" \
    >/out/stdout 2>/out/stderr </dev/null
  echo "$?" >/out/status
  echo "$begin $(cut -d' ' -f1 /proc/uptime)" | awk '{ print $2 - $1 }' >/out/seconds
  kill %%
  at collected
  state /out/after
}

# at WORD...: a milestone, with the time since boot, on the console.
at() { echo "guest: $* $(cut -d' ' -f1 /proc/uptime)"; }

# until_true SECONDS COMMAND...: waits for the machine, at most so long.
until_true() {
  tries=$(($1 * 10)); shift
  while [ "$tries" -gt 0 ]; do
    "$@" >/dev/null 2>&1 && return 0
    tries=$((tries - 1)); sleep 0.1
  done
  echo "waited in vain for: $*"
  return 1
}

# loaded WORD...: a load of load.c, when it stands; its process is $!.
loaded() {
  load "$@" >/run/load &
  until_true 90 grep -q ready /run/load
  rm /run/load
}

# in_window SECONDS COMMAND...: so long after the collector has begun.
in_window() {
  (until_true 30 sh -c 'cat /proc/[0-9]*/comm | grep -q linsight'; sleep "$1"; shift; "$@") &
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for place in /tmp /run /out; do mount -t tmpfs tmpfs "$place"; done
. /scenario.sh
for module in virtio_pci virtio_console $load; do modprobe "$module" || echo "no module $module"; done
hostname guest
ip link set lo up
at up
inside
at done
until_true 5 test -c /dev/vport0p1
tar -cf /dev/vport0p1 -C /out .
poweroff -f
