//! Faults of TCP, each between two network namespaces of its own.

use crate::harness::{Expected, Fault};
use crate::place::{Guard, cable, fault_at, set, sh, shell, undo};

/// The server waits at `b`, the client acts at `a`.
fn pair(name: &str, server: &str, client: &str) -> Vec<Guard> {
    let cable = cable(name);
    let server = fault_at(&format!("{name}-b"), server);
    let client = fault_at(&format!("{name}-a"), client);
    vec![client, server, cable]
}

/// What comes for `address` at one end is sent to a machine that does not exist.
fn into_the_void(netns: &str, address: &str) {
    sh(&format!(
        "ip -n {netns} neigh replace {address} lladdr 02:00:00:00:00:99 dev veth0 nud permanent"
    ));
}

const fn expect(rule: &'static str, severity: &'static str, culprit: &'static str) -> Expected {
    Expected { rule, severity, culprit, says: &[] }
}

/// Connections that only stand there are also silent: where a balancer is told of that forgets
/// soon, they may be called so.
const LATE: &str = "tcp.keepalive.exceeds-l4-idle-timeout";
const OFF: &str = "tcp.keepalive.off-on-idle-sockets";
const GONE: &str = "tcp.zombie-connections";
const SILENT: &[&str] = &[LATE, OFF, GONE];

/// A hundred local ports to one destination, all used; to another, three.
pub const PORTS_ONE: Fault = Fault {
    name: "ports to one destination",
    start: || {
        let cable = cable("ports-one");
        set("ports-one-a", "net.ipv4.ip_local_port_range", "40000 40099");
        let server = fault_at("ports-one-b", "tcp accept 10.9.0.2:7000");
        let other = fault_at("ports-one-b", "tcp accept 10.9.0.2:7001");
        let client = fault_at("ports-one-a", "tcp hold 10.9.0.2:7000 count=100 extra=2");
        let few = fault_at("ports-one-a", "tcp hold 10.9.0.2:7001 count=3");
        vec![few, client, other, server, cable]
    },
    expects: &[expect("tcp.ports.exhaustion", "critical", "10.9.0.2:7000")],
    explains: SILENT,
    tells: &[],
};

/// The same to two destinations.
pub const PORTS_TWO: Fault = Fault {
    name: "ports to two destinations",
    start: || {
        let cable = cable("ports-two");
        set("ports-two-a", "net.ipv4.ip_local_port_range", "40000 40099");
        let server = fault_at("ports-two-b", "tcp accept 10.9.0.2:8000");
        let other = fault_at("ports-two-b", "tcp accept 10.9.0.2:8001");
        let client = fault_at("ports-two-a", "tcp hold 10.9.0.2:8000 count=100");
        let second = fault_at("ports-two-a", "tcp hold 10.9.0.2:8001 count=100");
        vec![second, client, other, server, cable]
    },
    expects: &[
        expect("tcp.ports.exhaustion", "critical", "10.9.0.2:8000"),
        expect("tcp.ports.exhaustion", "critical", "10.9.0.2:8001"),
    ],
    explains: SILENT,
    tells: &[],
};

/// A source address bound first: one port space for all destinations.
pub const BIND_FIRST: Fault = Fault {
    name: "bind before connect",
    start: || {
        let cable = cable("bind");
        set("bind-a", "net.ipv4.ip_local_port_range", "40000 40199");
        let server = fault_at("bind-b", "tcp accept 10.9.0.2:7000");
        let other = fault_at("bind-b", "tcp accept 10.9.0.2:7001");
        let client = fault_at("bind-a", "tcp hold 10.9.0.2:7000 count=100 source=10.9.0.1");
        let second = fault_at("bind-a", "tcp hold 10.9.0.2:7001 count=95 source=10.9.0.1");
        vec![second, client, other, server, cable]
    },
    expects: &[expect("tcp.ports.bind-before-connect", "critical", "bind-a")],
    explains: &["tcp.ports.exhaustion", LATE, OFF, GONE],
    tells: &[],
};

/// Connections that idle longer than the balancer remembers them (told: 20 s).
pub const KEEPALIVE_LATE: Fault = Fault {
    name: "keepalive 7200 behind a balancer",
    start: || {
        let client = "tcp hold 10.9.0.2:7000 count=30 keepalive=7200";
        pair("late", "tcp accept 10.9.0.2:7000", client)
    },
    expects: &[Expected {
        rule: LATE,
        severity: "warning",
        culprit: "late-a",
        says: &["net.ipv4.tcp_keepalive_time=10"],
    }],
    explains: SILENT,
    tells: &[],
};

/// The peers of thirty connections are gone: probes leave and nothing comes back.
pub const PEERS_GONE: Fault = Fault {
    name: "peers gone",
    start: || {
        let client = "tcp hold 10.9.0.2:7000 count=30 keepalive=5 probe=20";
        let guards = pair("gone", "tcp accept 10.9.0.2:7000", client);
        into_the_void("gone-a", "10.9.0.2");
        // Until the first probes have left and stayed without an answer.
        std::thread::sleep(std::time::Duration::from_secs(8));
        guards
    },
    expects: &[expect("tcp.keepalive.probes-unanswered", "critical", "gone-a")],
    explains: SILENT,
    tells: &[],
};

/// Connections that nobody speaks on, without keepalive, behind a device that forgets them: what
/// the other end would notice, nobody tells it.
pub const KEEPALIVE_OFF: Fault = Fault {
    name: "keepalive off on idle sockets",
    start: || pair("off", "tcp accept 10.9.0.2:7000", "tcp hold 10.9.0.2:7000 count=25"),
    expects: &[
        expect(OFF, "warning", "off-a"),
        expect(OFF, "warning", "off-b"),
        expect(GONE, "warning", "off-a"),
        expect(GONE, "warning", "off-b"),
    ],
    explains: &[LATE],
    tells: &[],
};

/// A service vanishes while requests are under way.
pub const GONE_WITH_DATA: Fault = Fault {
    name: "a service vanishes",
    start: || {
        let client = "tcp send 10.9.0.2:7000 count=4 bytes=1000 pause_ms=200";
        let guards = pair("vanish", "tcp answer 10.9.0.2:7000", client);
        std::thread::sleep(std::time::Duration::from_secs(1));
        into_the_void("vanish-a", "10.9.0.2");
        std::thread::sleep(std::time::Duration::from_secs(12));
        guards
    },
    expects: &[
        expect("tcp.retrans.peer", "critical", "vanish-a 10.9.0.2"),
        expect("tcp.rto-floor", "warning", "vanish-a"),
    ],
    explains: &["tcp.retrans.rate"],
    tells: &[],
};

/// Single requests get lost now and then: each waits for the floor of 200 ms, a hundred times the
/// round trip. Tail loss probes, which repair most of it, are off.
pub const RTO_FLOOR: Fault = Fault {
    name: "timeouts at the floor",
    start: || {
        let cable = cable("floor");
        set("floor-a", "net.ipv4.tcp_early_retrans", "0");
        sh("ip netns exec floor-b nft 'table ip t { chain c { type filter hook input priority 0; \
            tcp dport 7000 numgen random mod 400 == 0 drop; }; }'");
        let server = fault_at("floor-b", "tcp answer 10.9.0.2:7000");
        let client = fault_at("floor-a", "tcp send 10.9.0.2:7000 count=60 bytes=500 pause_ms=50");
        vec![client, server, cable]
    },
    expects: &[Expected {
        says: &["timeouts a second"],
        ..expect("tcp.rto-floor", "info", "floor-a")
    }],
    explains: &[],
    tells: &[],
};

/// The host was tuned; its container has what the kernel was built with.
pub const CONTAINER: Fault = Fault {
    name: "a container with kernel defaults",
    start: || {
        let path = "/proc/sys/net/ipv4/tcp_keepalive_time";
        let old = std::fs::read_to_string(path).expect("a parameter");
        let back = undo(&format!("echo {} > {path}", old.trim()));
        sh(&format!("echo 10 > {path}"));
        let client = "tcp hold 10.9.0.2:7000 count=30 so_keepalive=1";
        let mut guards = pair("container", "tcp accept 10.9.0.2:7000", client);
        guards.push(back);
        guards
    },
    expects: &[
        Expected {
            says: &["tcp_keepalive_time is 7200 (host: 10)"],
            ..expect("sysctl.netns-defaults", "warning", "container-a")
        },
        expect(LATE, "warning", "container-a"),
    ],
    // The server's end did not ask for keepalive. And the host's value stands in no file.
    explains: &[LATE, OFF, GONE, "sysctl.runtime-not-persisted"],
    tells: &[],
};

/// The other end has closed; this one never does.
pub const CLOSE_WAIT: Fault = Fault {
    name: "CLOSE-WAIT leak",
    start: || pair("waits", "tcp accept 10.9.0.2:7000", "tcp leave 10.9.0.2:7000 count=200"),
    expects: &[expect("tcp.close-wait-leak", "warning", "waits-b")],
    explains: &[],
    tells: &[],
};

/// A connection for every request, closed by the client.
pub const CHURN: Fault = Fault {
    name: "churn without a pool",
    start: || {
        let client = "tcp churn 10.9.0.2:7000 rate=150 first=1";
        pair("churn", "tcp answer 10.9.0.2:7000", client)
    },
    expects: &[
        expect("tcp.churn-no-pool", "warning", "churn-a"),
        // The client's side of it, in numbers that hurt nobody yet.
        expect("tcp.timewait.active-closer", "info", "churn-a client"),
    ],
    explains: &[],
    tells: &[],
};

/// A hundred ports and a client that closes first, with reuse that cannot work.
pub const REUSE_WITHOUT_TIMESTAMPS: Fault = Fault {
    name: "tw_reuse without timestamps",
    start: || {
        let cable = cable("reuse-no");
        set("reuse-no-a", "net.ipv4.ip_local_port_range", "40000 40099");
        set("reuse-no-a", "net.ipv4.tcp_tw_reuse", "1");
        set("reuse-no-a", "net.ipv4.tcp_timestamps", "0");
        let server = fault_at("reuse-no-b", "tcp answer 10.9.0.2:7000");
        let client = fault_at("reuse-no-a", "tcp churn 10.9.0.2:7000 rate=20 first=1");
        std::thread::sleep(std::time::Duration::from_secs(6));
        vec![client, server, cable]
    },
    expects: &[
        expect("tcp.ports.exhaustion", "critical", "reuse-no-a"),
        expect("tcp.tw-reuse", "warning", "reuse-no-a"),
    ],
    explains: &["tcp.timewait.active-closer", "tcp.churn-no-pool"],
    tells: &[],
};

/// The same with timestamps: ports come back after a second.
pub const REUSE: Fault = Fault {
    name: "tw_reuse with timestamps",
    start: || {
        let cable = cable("reuse");
        set("reuse-a", "net.ipv4.ip_local_port_range", "40000 40099");
        set("reuse-a", "net.ipv4.tcp_tw_reuse", "1");
        let server = fault_at("reuse-b", "tcp answer 10.9.0.2:7000");
        let client = fault_at("reuse-a", "tcp churn 10.9.0.2:7000 rate=20 first=1");
        vec![client, server, cable]
    },
    expects: &[],
    explains: &["tcp.timewait.active-closer"],
    tells: &[],
};

/// The server closes first, as it may: its TIME-WAIT costs no port.
pub const SERVER_CLOSES: Fault = Fault {
    name: "the server closes first",
    start: || {
        let client = "tcp churn 10.9.0.2:7000 rate=20";
        pair("srv-close", "tcp answer-close 10.9.0.2:7000", client)
    },
    expects: &[],
    explains: &[],
    tells: &[],
};

/// The same a hundred times a second and more: now the handshakes cost.
pub const SERVER_HANDSHAKES: Fault = Fault {
    name: "the server closes every answer",
    start: || {
        let client = "tcp churn 10.9.0.2:7000 rate=150";
        pair("srv-busy", "tcp answer-close 10.9.0.2:7000", client)
    },
    expects: &[expect("tcp.timewait.active-closer", "warning", "srv-busy-b server")],
    // Seen from the other side: connections that live for one request.
    explains: &["tcp.churn-no-pool"],
    tells: &[],
};

/// The client closes first, and its ports are few.
pub const CLIENT_CLOSES: Fault = Fault {
    name: "the client closes first",
    start: || {
        let cable = cable("cli-close");
        set("cli-close-a", "net.ipv4.ip_local_port_range", "40000 42399");
        set("cli-close-a", "net.ipv4.tcp_tw_reuse", "0");
        let server = fault_at("cli-close-b", "tcp answer 10.9.0.2:7000");
        // Forty a second are what 2,400 ports bear for ever.
        let client = fault_at("cli-close-a", "tcp churn 10.9.0.2:7000 rate=34 first=1");
        vec![client, server, cable]
    },
    expects: &[expect("tcp.timewait.active-closer", "warning", "cli-close-a client")],
    explains: &["tcp.ports.exhaustion", "tcp.tw-reuse"],
    tells: &[],
};

/// The table of TIME-WAIT sockets is small.
pub const BUCKETS: Fault = Fault {
    name: "TIME-WAIT table full",
    start: || {
        let cable = cable("buckets");
        set("buckets-a", "net.ipv4.tcp_max_tw_buckets", "50");
        let server = fault_at("buckets-b", "tcp answer 10.9.0.2:7000");
        let client = fault_at("buckets-a", "tcp churn 10.9.0.2:7000 rate=20 first=1");
        vec![client, server, cable]
    },
    expects: &[expect("tcp.timewait.bucket-overflow", "critical", "buckets-a")],
    explains: &["tcp.timewait.active-closer"],
    tells: &[],
};

/// Nobody answers a SYN.
pub const SYN_SENT: Fault = Fault {
    name: "connects that hang",
    start: || {
        let cable = cable("syn-sent");
        // The peer is there; its packets go astray.
        into_the_void("syn-sent-a", "10.9.0.2");
        let client = fault_at("syn-sent-a", "tcp knock 10.9.0.2:7000 count=25");
        std::thread::sleep(std::time::Duration::from_secs(3));
        vec![client, cable]
    },
    expects: &[expect("tcp.syn-sent-stuck", "critical", "10.9.0.2:7000")],
    explains: &[],
    tells: &[],
};

/// The same where the client gives up after one repetition: a longer wait would not have helped, but
/// one lost packet is all that it takes.
pub const FEW_RETRIES: Fault = Fault {
    name: "connects with one retry",
    start: || {
        let cable = cable("retries");
        set("retries-a", "net.ipv4.tcp_syn_retries", "1");
        into_the_void("retries-a", "10.9.0.2");
        // Each gives up after 7 s (1 s five times on kernels with linear timeouts, and 2 s).
        let client = fault_at("retries-a", "tcp knock 10.9.0.2:7000 count=35 stagger_ms=200");
        std::thread::sleep(std::time::Duration::from_secs(8));
        vec![client, cable]
    },
    expects: &[
        expect("tcp.syn-sent-stuck", "critical", "retries-a"),
        expect("tcp.retries-tuning", "warning", "retries-a"),
    ],
    explains: &[],
    tells: &[],
};

/// The table of tracked connections is full: what is new is dropped.
pub const CONNTRACK: Fault = Fault {
    name: "connection tracking full",
    start: || {
        let path = "/proc/sys/net/netfilter/nf_conntrack_max";
        let old = std::fs::read_to_string(path).expect("connection tracking");
        let back = undo(&format!("echo {} > {path}", old.trim()));
        let cable = cable("tracked");
        // Namespaces count for themselves, and the limit is the host's.
        sh(
            "ip netns exec tracked-b nft 'table ip t { chain c { type filter hook input priority 0; \
            ct state new accept; }; }'",
        );
        sh(&format!("echo 100 > {path}"));
        let server = fault_at("tracked-b", "tcp accept 10.9.0.2:7000");
        let client = fault_at("tracked-a", "tcp hold 10.9.0.2:7000 count=99");
        let late = fault_at("tracked-a", "tcp knock 10.9.0.2:7000 count=5");
        vec![late, client, server, cable, back]
    },
    expects: &[expect("net.conntrack", "critical", "tracked-b")],
    // Its connections are silent, too.
    explains: &["tcp.syn-sent-stuck", LATE, OFF, GONE],
    tells: &[],
};

/// A server that does not read its datagrams.
pub const UDP_DEAF: Fault = Fault {
    name: "datagrams that nobody reads",
    start: || pair("udp", "udp deaf 10.9.0.2:7000", "udp send 10.9.0.2:7000 rate=500"),
    expects: &[expect("net.socket-memory", "warning", "udp-b")],
    explains: &[],
    tells: &[],
};

/// More neighbours than the table holds.
pub const NEIGHBOURS: Fault = Fault {
    name: "neighbour table full",
    start: || {
        let cable = cable("crowd");
        sh("ip -n crowd-a addr add 10.10.0.1/16 dev veth0
            ip netns exec crowd-a bash -c 'for i in $(seq 1 6); do for j in $(seq 1 250); do \
            echo > /dev/udp/10.10.$i.$j/9; done; done 2>/dev/null || true'");
        let asks = "while :; do for i in 7 8 9; do for j in $(seq 1 250); do \
                    echo > /dev/udp/10.10.$i.$j/9; done; done; sleep 1; done 2>/dev/null";
        let asking = shell(&format!("exec ip netns exec crowd-a bash -c '{asks}'"));
        vec![asking, cable]
    },
    expects: &[expect("net.neighbour-overflow", "critical", "IPv4")],
    // What finds no neighbour is counted among the datagrams that found no buffer.
    explains: &["net.socket-memory"],
    tells: &[],
};

/// Clients that never see the SYN-ACK.
pub const SYN_RECV: Fault = Fault {
    name: "half-open connections",
    start: || {
        let cable = cable("syn-recv");
        into_the_void("syn-recv-b", "10.9.0.1");
        let server = fault_at("syn-recv-b", "tcp accept 10.9.0.2:7000 backlog=128");
        let client = fault_at("syn-recv-a", "tcp knock 10.9.0.2:7000 count=160");
        std::thread::sleep(std::time::Duration::from_secs(5));
        vec![client, server, cable]
    },
    expects: &[expect("tcp.syn-recv-backlog", "warning", "syn-recv-b")],
    explains: &["tcp.syn-sent-stuck", "tcp.listen-overflow"],
    tells: &[],
};

/// A server that never accepts.
pub const LISTEN_OVERFLOW: Fault = Fault {
    name: "accept queue overflow",
    start: || pair("deaf", "tcp deaf 10.9.0.2:7000 backlog=2", "tcp knock 10.9.0.2:7000 count=20"),
    expects: &[expect("tcp.listen-overflow", "critical", "deaf-b")],
    // A connection that the client closes without ever having been accepted sends its end again
    // and again.
    explains: &["tcp.syn-sent-stuck", "tcp.rto-floor", LATE, OFF, GONE],
    tells: &[],
};

/// One packet of eight is lost.
pub const LOSS: Fault = Fault {
    name: "packet loss of 12 %",
    start: || {
        let cable = cable("loss");
        sh("ip netns exec loss-b nft 'table ip t { chain c { type filter hook input priority 0; \
            tcp dport 7000 numgen random mod 8 == 0 drop; }; }'");
        let server = fault_at("loss-b", "tcp answer 10.9.0.2:7000");
        let client = fault_at("loss-a", "tcp send 10.9.0.2:7000 count=60 bytes=20000 pause_ms=20");
        vec![client, server, cable]
    },
    expects: &[Expected { says: &["%"], ..expect("tcp.retrans.rate", "critical", "loss-a") }],
    explains: &["tcp.retrans.rate", "tcp.retrans.peer", "tcp.rto-floor"],
    tells: &[],
};

/// Sessions that idle with keepalive at its default, and no balancer is known: ssh.
pub const IDLE_SESSIONS: Fault = Fault {
    name: "idle sessions",
    start: || {
        let client = "tcp hold 10.9.0.2:22 count=8 keepalive=7200";
        pair("ssh", "tcp accept 10.9.0.2:22", client)
    },
    expects: &[],
    explains: &[],
    tells: &[],
};
