//! Groups of sockets that a rule judges: what waits, hangs, queues, or shares ports.

use schemars::JsonSchema;
use serde::Serialize;

/// A UDP socket that lost datagrams.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct UdpDrops {
    /// Own address and port.
    pub local: String,
    /// Who holds it.
    pub process: Option<String>,
    /// Datagrams dropped in the window. Absent where the sockets were read once.
    pub drops: Option<i64>,
    /// Since it was opened.
    pub drops_since_open: i64,
}

/// TIME-WAIT of a namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct TimeWait {
    /// Sockets in TIME-WAIT.
    pub count: i64,
    /// What `sockstat` counts as `tw`: TIME-WAIT, and FIN-WAIT-2 that no process owns any more.
    pub buckets: Option<i64>,
    /// `tcp_max_tw_buckets`.
    pub max: Option<i64>,
    /// What the kernel would have chosen: half of the hash table of connections (known since 6.3).
    pub max_default: Option<i64>,
    /// `buckets`, or else `count`, by `max`.
    pub used_ratio: Option<f64>,
    /// TIME-WAIT of connections that this host opened.
    pub client: i64,
    /// TIME-WAIT of connections that it accepted.
    pub server: i64,
    /// `tcp_tw_recycle`; absent where the kernel has none (4.12 removed it).
    pub recycle: Option<i64>,
    /// By listener or peer, most first; at most 50.
    pub groups: Vec<TimeWaitGroup>,
}

/// TIME-WAIT sockets of one listener or to one peer: this host closed these connections first.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct TimeWaitGroup {
    /// `listener :443` for accepted connections, `10.0.0.5:8080` for those opened from here.
    pub name: String,
    /// `server`, `client` or `unknown`.
    pub role: String,
    /// Port of the listener, or of the peer.
    pub port: i64,
    /// Both ends are this host.
    pub is_loopback: bool,
    /// Sockets.
    pub count: i64,
    /// Closes per second over the last 10 s. Absent without timers.
    pub closes_per_s: Option<f64>,
    /// Share of `tcp_max_tw_buckets`.
    pub of_max_ratio: Option<f64>,
    /// Client: closes per second by what the port range bears for ever, of its worst local address.
    pub of_port_rate_ratio: Option<f64>,
    /// Client: ports in TIME-WAIT can be taken over by new connections.
    pub reuse_possible: Option<bool>,
    /// Server: closes per second by connections accepted per second in the whole namespace.
    pub of_accepts_ratio: Option<f64>,
    /// Processes of the listener, or with sockets to that peer, by name.
    pub owners: Option<Vec<String>>,
}

/// CLOSE-WAIT sockets of one process: the peer has closed, the process has not.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CloseWait {
    /// Name of the process; `unknown process` where none could be found.
    pub process: String,
    /// Process.
    pub pid: Option<i64>,
    /// Sockets in CLOSE-WAIT.
    pub count: i64,
    /// Of these, received nothing for 60 s and more.
    pub old: Option<i64>,
    /// Longest time since something was received.
    pub oldest_s: Option<f64>,
    /// All its TCP sockets.
    pub sockets: i64,
    /// CLOSE-WAIT by all its TCP sockets.
    pub share_ratio: f64,
    /// Soft limit of its open files.
    pub fd_limit: Option<i64>,
    /// CLOSE-WAIT by that limit.
    pub limit_ratio: Option<f64>,
    /// Growth between the first look at the sockets and the last.
    pub growth_per_s: Option<f64>,
    /// Time until the limit is reached at that rate, when it grows.
    pub eta_s: Option<f64>,
    /// The commonest peers, or listeners, with their counts: `10.0.0.5:8080 (12)`.
    pub peers: Vec<String>,
}

/// Connections being opened to one peer (SYN-SENT).
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Connecting {
    /// `10.0.0.5:8080`.
    pub peer: String,
    /// Sockets in SYN-SENT.
    pub count: i64,
    /// Of these, with a SYN sent again.
    pub retried: i64,
    /// Fewest with a SYN sent again in the first and in the last look.
    pub retried_both: Option<i64>,
    /// The oldest has waited at least so long, by its retransmissions.
    pub oldest_s: f64,
    /// Owning processes, by name.
    pub owners: Option<Vec<String>>,
}

/// A listening socket and what waits at it.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Listener {
    /// `0.0.0.0:443`.
    pub name: String,
    /// Port.
    pub port: i64,
    /// Reached from this host only.
    pub is_loopback: bool,
    /// Connections that wait to be accepted; of the fullest, where several sockets share the
    /// address (`SO_REUSEPORT`).
    pub queue: Option<i64>,
    /// The limit of that queue: the smaller of the application's backlog and `somaxconn`.
    pub limit: Option<i64>,
    /// `queue` by `limit`. Above 1 the queue has overflowed.
    pub queue_ratio: Option<f64>,
    /// Half-open connections (SYN-RECV).
    pub half_open: i64,
    /// Of these, the SYN-ACK was sent again twice and more.
    pub half_open_retried: i64,
    /// Fewest half-open connections in the first and in the last look.
    pub half_open_both: Option<i64>,
    /// Half-open connections by the limit of their queue: the smaller of backlog and
    /// `tcp_max_syn_backlog`.
    pub half_open_ratio: Option<f64>,
    /// Connections in CLOSE-WAIT that no process has accepted: their clients have left already.
    pub abandoned: i64,
    /// Processes, by name.
    pub owners: Option<Vec<String>>,
}

/// Outgoing connections of one local address, over all destinations: whether they share one port
/// space because they bind before they connect.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct PortSource {
    /// Local address.
    pub local_addr: String,
    /// Outgoing connections.
    pub connections: i64,
    /// Destinations.
    pub destinations: i64,
    /// Distinct local ports.
    pub used: i64,
    /// Local ports that more than one connection has.
    pub shared: i64,
    /// `used` by usable ports.
    pub utilization_ratio: f64,
    /// Ports of the parity that plain `connect()` takes first, by what it would have taken.
    pub parity_ratio: f64,
    /// The connections bind their address first. Absent where ports do not tell.
    pub binds_first: Option<bool>,
    /// Owning processes, by name.
    pub owners: Option<Vec<String>>,
}
