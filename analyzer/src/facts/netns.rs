//! Network namespaces: each has its own sockets and its own kernel parameters.

use schemars::JsonSchema;
use serde::Serialize;

/// One network namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Netns {
    /// `host`, a name of `/run/netns`, or `netns:<inode>`.
    pub name: String,
    /// Inode of the namespace.
    pub inode: Option<i64>,
    /// The namespace of PID 1.
    pub is_host: bool,
    /// A process in it: the way in (`nsenter -t PID -n`).
    pub pid: Option<i64>,
    /// Keepalive parameters.
    pub keepalive: Option<Keepalive>,
    /// Local port parameters.
    pub ports: Option<Ports>,
    /// Sockets.
    pub tcp: Option<Tcp>,
    /// Destinations of outgoing connections by local ports in use, most first; at most 50.
    pub port_keys: Vec<PortKey>,
}

/// `net.ipv4.tcp_keepalive_*` of the namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Keepalive {
    /// Idle time before the first probe.
    pub time_s: f64,
    /// Distance of probes that are not answered.
    pub interval_s: f64,
    /// Unanswered probes before the connection is reset.
    pub probes: i64,
    /// The longest silence on an idle connection whose peer answers: max(time, interval).
    pub longest_gap_s: f64,
    /// Time until a dead peer is noticed: time + probes * interval.
    pub dead_peer_s: f64,
}

/// Parameters of the local port space.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Ports {
    /// First port of `ip_local_port_range`.
    pub low: i64,
    /// Last port.
    pub high: i64,
    /// Ports in the range that `ip_local_reserved_ports` takes out.
    pub reserved: i64,
    /// R: ports left for outgoing connections to one destination.
    pub usable: i64,
    /// `tcp_tw_reuse`.
    pub tw_reuse: Option<i64>,
    /// `tcp_timestamps`.
    pub timestamps: Option<i64>,
    /// Existing value of `ip_local_reserved_ports`, as text.
    pub reserved_text: String,
    /// What `ip_local_reserved_ports` must hold before the range may grow to 10240-65535: the
    /// reservations of today, the ports listened on inside the new range, and the `NodePort`
    /// range 30000-32767 where kubelet or kube-proxy runs. Absent if the listeners are not known.
    pub widened_reserved: Option<String>,
}

/// Sockets of the namespace. Which fields are there depends on the source: only `inet_diag` tells
/// idle times.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Tcp {
    /// All TCP sockets by state, in `ss` words (`ESTAB`, `TIME-WAIT`, `LISTEN`, …).
    pub states: std::collections::BTreeMap<String, i64>,
    /// Established.
    pub established: i64,
    /// Established to another host.
    pub established_remote: i64,
    /// In TIME-WAIT.
    pub time_wait: i64,
    /// Listening.
    pub listen: i64,
    /// Established, remote, with a keepalive timer running.
    pub keepalive_on: Option<i64>,
    /// Established, remote, without one.
    pub keepalive_off: Option<i64>,
    /// Established, remote, where another timer hides it.
    pub keepalive_unknown: Option<i64>,
    /// Sockets of any state and to any peer, this host included, whose keepalive timer runs.
    pub keepalive_timers: Option<i64>,
    /// Segments sent again by segments sent, since boot.
    pub retrans_ratio_since_boot: Option<f64>,
    /// Established, remote, silent for 60 s and more.
    pub idle_established: Option<i64>,
    /// The longest silence that an L4 box saw on an established remote connection.
    pub idle_max_s: Option<f64>,
    /// Established, remote, silent for longer than `site.l4_idle_timeout_s`; absent unless told.
    pub idle_over_l4_timeout: Option<i64>,
    /// The longest time before the first keepalive probe over all sockets, as their timers show.
    pub keepalive_time_effective_s: Option<f64>,
    /// Connections reset while established (`EstabResets`) in the window.
    pub estab_resets: Option<i64>,
    /// Silences for the histogram.
    pub idle_s: Vec<f64>,
    /// Ages of TIME-WAIT sockets for the histogram.
    pub time_wait_age_s: Vec<f64>,
    /// Sockets by state and peer, most first; at most 50.
    pub peers: Vec<Peer>,
}

/// Sockets of one state to one peer or on one listener.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Peer {
    /// State.
    pub state: String,
    /// `listener :443` for accepted connections, `10.0.0.5:8080` for outgoing ones.
    pub peer: String,
    /// `server`, `client` or `unknown` (method M8).
    pub role: String,
    /// Sockets.
    pub count: i64,
    /// Owning processes, by name.
    pub owners: Vec<String>,
}

/// M3: one destination of outgoing connections.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct PortKey {
    /// `10.0.0.1 -> 10.0.0.5:8080`.
    pub name: String,
    /// Local address.
    pub local_addr: String,
    /// Remote address.
    pub remote_addr: String,
    /// Remote port.
    pub remote_port: i64,
    /// Both ends are this host.
    pub is_loopback: bool,
    /// Distinct local ports in use.
    pub used: i64,
    /// Of these in TIME-WAIT.
    pub time_wait: i64,
    /// Of these in any other state.
    pub not_time_wait: i64,
    /// TIME-WAIT ports that a new connection may take over (`tcp_tw_reuse`). Absent if unknown.
    pub reusable: Option<i64>,
    /// (used - reusable) by usable ports.
    pub utilization_ratio: f64,
    /// Closes per second over the last 10 s. Absent without TIME-WAIT timers.
    pub closes_per_s: Option<f64>,
    /// Ports needed in the long run at this rate without reuse.
    pub steady: Option<f64>,
    /// `steady` by usable ports.
    pub steady_ratio: Option<f64>,
    /// New connections per second that this destination can take without reuse.
    pub max_rate_per_s: f64,
    /// TIME-WAIT reuse is possible here (`tcp_tw_reuse` and `tcp_timestamps`).
    pub reuse_possible: Option<bool>,
    /// Owning processes, by name.
    pub owners: Vec<String>,
}
