# A small host where much is short: nearly all memory lies in a file of tmpfs, eight writers wait for
# a disk that takes fifty requests a second, and its configuration says things that an expert would
# mention. A mirror has one disk of two, the slow disk warns of itself, and one CPU was switched off.
suites="bookworm forky"
load="nvme ahci sd_mod md_mod raid1"
tools="mdadm"

machine() {
  nodes 1 1024 2
  slow_disk 50
  sata_disk
}

inside() {
  echo 0 >/sys/devices/system/cpu/cpu1/online
  for file in enabled defrag; do echo always >/sys/kernel/mm/transparent_hugepage/$file; done
  sysctl -qw vm.overcommit_memory=1 vm.vfs_cache_pressure=50
  for _ in 1 2 3; do echo 1 >/proc/sys/vm/drop_caches; done
  # As after a warning of the kernel.
  echo 512 >/proc/sys/kernel/tainted
  mkdir -p /etc/nginx
  printf 'http {\n  keepalive_timeout 65;\n  proxy_connect_timeout 1s;\n  upstream api {\n    server 10.0.0.2:80;\n  }\n  server {\n    location / { proxy_pass http://api; }\n  }\n}\n' \
    >/etc/nginx/nginx.conf
  until_true 15 test -b /dev/nvme0n1
  for n in 0 1 2 3 4 5 6 7; do
    while dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=2000 seek=$((n * 1000)) oflag=direct; do :; done 2>/dev/null &
  done
  until_true 15 test -b /dev/sda
  mdadm --create /dev/md0 --level=1 --raid-devices=2 --run --metadata=1.0 /dev/sda missing </dev/null
  mount -o remount,size=95% /tmp
  available_kib=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  dd if=/dev/zero of=/tmp/forgotten bs=1M count=$(((available_kib - 80000) / 1024)) 2>/dev/null
  collect --duration 16s --interval 1s
}

expect() {
  ended 0 60
  unchanged modules sysctl mounts
  sound
  finding critical io.disk-saturated nvme0n1
  finding warning mem.available-low
  finding warning mem.cache-not-reclaimable
  finding warning mem.expand-or-fix
  finding warning mem.overcommit
  finding warning sysctl.runtime-not-persisted vm.overcommit_memory
  # The writers run in between: their disk is slow, and works.
  finding info proc.d-state
  finding critical raid.md-degraded md0
  finding critical hw.disk.smart-failing
  finding warning hw.cpu.topology-mismatch
  finding info mem.fragmentation-thp
  finding info swap.tunables
  finding info kernel.taint
  finding info nginx.upstream-keepalive
  finding info app.timeouts-too-short
  finding info http.keepalive-timeouts
}
