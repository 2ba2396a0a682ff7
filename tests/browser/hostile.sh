#!/usr/bin/env bash
# Makes a snapshot of a host on which every name wants out: markup, quotes, control characters,
# a change of the direction of writing, a name of a megabyte.
set -euo pipefail
dir=$1
rm -rf "$dir"
mkdir -p "$dir"/{proc/sys/kernel,etc,commands,proc/net}
name='</script><script>fail("name")</script><img src=x onerror=fail("img")>"'\''`${fail(1)}'
control=$'\e[2J\e]0;owned\a\u202egnp.exe\u0000\u0085'
printf '%s%s\n' "$name" "$control" >"$dir/proc/sys/kernel/hostname"
printf 'NAME="%s"\nPRETTY_NAME="%s <svg onload=fail(2)>"\nID=x\n' "${name//\"/}" "${name//\"/}" >"$dir/etc/os-release"
printf 'Linux version 6.1.0-<b>bold</b> (%s) #1 SMP\n' "$name" >"$dir/proc/version"
printf 'BOOT_IMAGE=%s javascript:fail(3)\n' "$name" >"$dir/proc/cmdline"
cp /proc/meminfo /proc/stat /proc/loadavg /proc/vmstat /proc/uptime "$dir/proc/"
cp /proc/net/dev "$dir/proc/net/"
mkdir -p "$dir/etc/sysctl.d"
printf 'vm.swappiness = <script>fail(4)</script>\nnet.ipv4.tcp_syn_retries = 3%s\n' "$name" >"$dir/etc/sysctl.d/99-<img src=x onerror=fail(5)>.conf"
printf 'vm.swappiness = 60\nnet.ipv4.tcp_syn_retries = 6\n' >"$dir/commands/sysctl_-a"
long=$(head -c 1000000 /dev/zero | tr '\0' 'A')
{
  echo 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'
  printf 'root 1 99.0 1.0 1000000 500000 ? Rs 10:00 1:00 %s\n' "$name"
  printf 'root 2 50.0 1.0 1000000 400000 ? D 10:00 1:00 %s\n' "$long"
  printf 'root 3 50.0 1.0 1000000 300000 ? Z 10:00 1:00 %s\n' "$control"
} >"$dir/commands/ps"
