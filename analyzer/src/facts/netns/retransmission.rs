//! Retransmission: how much in the window, to whom, and how long TCP would go on.

use schemars::JsonSchema;
use serde::Serialize;

/// What TCP sent again in the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Retransmission {
    /// Measured time between the two looks.
    pub span_s: f64,
    /// Segments sent, retransmissions left out (`OutSegs`).
    pub sent: Option<i64>,
    /// Segments sent again (`RetransSegs`).
    pub again: Option<i64>,
    /// Of these connection requests (`TCPSynRetrans`): a matter of dead hosts, not of loss.
    pub syn: Option<i64>,
    /// Data sent again by data sent: SYNs are left out.
    pub ratio: Option<f64>,
    /// Retransmission timeouts (`TCPTimeouts`): each stops a connection for 200 ms and more.
    pub timeouts: Option<i64>,
    /// The same by second.
    pub timeouts_per_s: Option<f64>,
    /// Repaired by fast retransmission (`TCPFastRetrans`).
    pub fast: Option<i64>,
    /// Tail loss probes (`TCPLossProbes`, 3.10).
    pub probes: Option<i64>,
    /// Timeouts that turned out needless (`TCPSpuriousRTOs`).
    pub spurious: Option<i64>,
    /// Segments that the peer had already (`TCPDSACKRecv`).
    pub duplicates: Option<i64>,
    /// Connections given up for want of an answer (`TCPAbortOnTimeout`).
    pub aborted: Option<i64>,
    /// Keepalive probes sent (`TCPKeepAlive`, 4.2).
    pub keepalive_probes: Option<i64>,
    /// Resets sent (`OutRsts`).
    pub resets_sent: Option<i64>,
    /// Connections reset while established (`EstabResets`).
    pub estab_resets: Option<i64>,
    /// Median round-trip time of established connections to other hosts.
    pub rtt_p50_ms: Option<f64>,
}

/// Retransmissions to one service of another host, or to one host at one of our listeners.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct RetransPeer {
    /// `10.0.0.5:5432` for a service, `10.0.0.9 at :443` for a client.
    pub name: String,
    /// Address of the other host.
    pub address: String,
    /// Port of its service, or of our listener.
    pub port: i64,
    /// Connections to it.
    pub connections: i64,
    /// It is a service: this host opened the connections.
    pub is_dependency: bool,
    /// Segments sent to it between the two looks, retransmissions included.
    pub sent: Option<i64>,
    /// Segments sent again.
    pub again: Option<i64>,
    /// Bytes sent to it between the two looks, those sent again included (4.19).
    pub sent_bytes: Option<i64>,
    /// Bytes sent again.
    pub again_bytes: Option<i64>,
    /// Bytes sent again by bytes sent; segments by segments where the kernel does not count bytes
    /// (segments without data are among those sent, so that this comes out smaller).
    pub ratio: Option<f64>,
    /// Its part of all that was sent again.
    pub share: Option<f64>,
    /// Median round-trip time.
    pub rtt_p50_ms: Option<f64>,
    /// The longest retransmission timeout.
    pub rto_max_ms: Option<f64>,
    /// Connections with data in flight whose timeout has doubled three times or more.
    pub stuck: i64,
    /// Bytes that wait for an answer on these.
    pub stuck_bytes: i64,
    /// TCP gives up the first of these in so long, if no answer comes.
    pub gives_up_in_s: Option<f64>,
}

/// Round-trip times and timeouts of connections into one network.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Subnet {
    /// The network: the first 24 bits of IPv4, 64 of IPv6.
    pub name: String,
    /// Its addresses are private.
    pub is_private: bool,
    /// Connections with a measured round trip.
    pub connections: i64,
    /// Median round-trip time.
    pub rtt_p50_ms: f64,
    /// 95th percentile.
    pub rtt_p95_ms: f64,
    /// Median of the smallest round-trip time of each connection (4.6): the path without queues.
    pub rtt_min_p50_ms: Option<f64>,
    /// Median retransmission timeout.
    pub rto_p50_ms: f64,
    /// 95th percentile.
    pub rto_p95_ms: f64,
    /// The longest.
    pub rto_max_ms: f64,
    /// Median of timeout by round trip.
    pub rto_by_rtt_p50: f64,
    /// Segments sent again between the two looks.
    pub again: Option<i64>,
    /// The least that a connect timeout of an application should be: one lost SYN, one lost answer
    /// to it, and a round trip.
    pub connect_timeout_s: f64,
    /// The least that a read timeout should be beyond the time that the server takes: one
    /// retransmission and one round trip, by their 95th percentiles.
    pub read_timeout_s: f64,
    /// The host's own route to it, as words of the line that `ip route` prints: a route of the
    /// main table to a private network, not the default one. Empty where there is none, or where
    /// it has an `rto_min` already.
    pub route: Vec<String>,
}

/// Retry parameters, and what each means in seconds (method M5).
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Retries {
    /// `tcp_syn_retries`.
    pub syn: i64,
    /// `tcp_syn_linear_timeouts`; absent before 6.5.
    pub syn_linear: Option<i64>,
    /// `connect()` gives up after.
    pub syn_gives_up_s: f64,
    /// `tcp_synack_retries`.
    pub synack: i64,
    /// A half-open connection is forgotten after.
    pub synack_gives_up_s: f64,
    /// `tcp_retries1`.
    pub retries1: i64,
    /// The route is doubted after.
    pub route_doubted_s: f64,
    /// `tcp_retries2`.
    pub retries2: i64,
    /// A connection whose data nobody acknowledges is given up after.
    pub data_gives_up_s: f64,
    /// `tcp_orphan_retries`; 0 means 8.
    pub orphan: i64,
    /// Retries of a connection that no process holds any more.
    pub orphan_effective: i64,
    /// It is given up after.
    pub orphan_gives_up_s: f64,
    /// `tcp_rto_max_ms` in seconds; absent before 6.15, where it is 120 s.
    pub rto_max_s: Option<f64>,
    /// `tcp_rto_min_us` in milliseconds; absent before 6.11, where it is 200 ms.
    pub rto_min_ms: Option<f64>,
    /// `tcp_fin_timeout`: time of orphans in FIN-WAIT-2.
    pub fin_timeout_s: Option<f64>,
}

/// TCP sockets that no process holds any more, host-wide.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Orphans {
    /// How many, the most in the window.
    pub count: i64,
    /// `tcp_max_orphans`.
    pub max: i64,
    /// Count by limit. The kernel counts a misbehaving one up to four times.
    pub ratio: f64,
}

/// Routes that set a smallest retransmission timeout, and those that could.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Routes {
    /// Routes with `rto_min`; at most 20.
    pub with_rto_min: Vec<Route>,
    /// Routes of the main table to private networks without it; at most 20. Of the host, where `ip`
    /// printed them.
    pub internal: Vec<Route>,
}

/// One route.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Route {
    /// `default` or a network.
    pub destination: String,
    /// It is the default route.
    pub is_default: bool,
    /// Interface.
    pub dev: Option<String>,
    /// The line as `ip route` prints it.
    pub line: String,
    /// Its `rto_min`.
    pub rto_min_ms: Option<f64>,
}
