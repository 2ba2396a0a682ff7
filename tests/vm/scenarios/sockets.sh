# A host whose sockets may be asked for (tcp_diag is loaded), with a second network namespace that
# has other settings, and connections in both.
suites="bookworm bullseye forky"
load="tcp_diag udp_diag"
tools="ss"

machine() {
  nodes 1 320 2
}

inside() {
  sysctl -qw net.ipv4.tcp_keepalive_time=7199
  echo 'nc -ll -p $1 -e cat & until ss -ltn | grep -q :$1; do sleep 0.1; done
    sleep 1000 | nc 127.0.0.1 $1 >/dev/null &' >/run/connect
  sh /run/connect 8080
  unshare -n sh -c 'ip link set lo up; sh /run/connect 9090; echo $$ >/run/other; exec sleep 1000' &
  until_true 10 sh -c 'ss -tan | grep -q "ESTAB.*8080"'
  until_true 10 sh -c 'nsenter -n -t "$(cat /run/other)" ss -tan | grep -q "ESTAB.*9090"'
  collect --duration 1s --interval 1s
  for pid in 1 "$(cat /run/other)"; do readlink "/proc/$pid/ns/net"; done | tr -dc "0-9\n" >/out/netns
}

# has_port FILE NUMBER: whether inet_diag named a port, which it writes in network order.
has_port() { LC_ALL=C grep -qaP "$(printf '\\x%02x\\x%02x' $(($2 / 256)) $(($2 % 256)))" "$1"; }

expect() {
  local host other
  { read -r host; read -r other; } <"$OUT/netns"
  ended 0 60
  unchanged modules dmesg sysctl namespaces mounts links files devices left_behind
  collected "probes/inet_diag/$host/tcp4" "probes/inet_diag/$other/tcp4"
  holds "the host's listener" has_port "$OUT/archive/probes/inet_diag/$host/tcp4" 8080
  lacks "the other's listener in the host" has_port "$OUT/archive/probes/inet_diag/$host/tcp4" 9090
  holds "the other's listener" has_port "$OUT/archive/probes/inet_diag/$other/tcp4" 9090
  sound
  fact '[.netns[] | [.is_host, (.keepalive.time_s | floor), .tcp.states.ESTAB, .tcp.states.LISTEN]] | sort' \
    '[[false,7200,2,1],[true,7199,2,1]]'
  holds "the host's keepalive" grep -qx 'net.ipv4.tcp_keepalive_time = 7199' "$OUT/archive/probes/netns/$host/sysctl"
  holds "the other's keepalive" grep -qx 'net.ipv4.tcp_keepalive_time = 7200' "$OUT/archive/probes/netns/$other/sysctl"
  finding info sysctl.netns-defaults
}
