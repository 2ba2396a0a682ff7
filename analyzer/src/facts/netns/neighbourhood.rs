//! Where packets of a network namespace go: routes, neighbours, and what is remembered of peers.

use schemars::JsonSchema;
use serde::Serialize;

/// A route that leads out, of any table.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct TableRoute {
    /// `default` or a network.
    pub destination: String,
    /// `unicast`, `blackhole`, `unreachable`, `prohibit`, `throw`.
    pub kind: String,
    /// Next hop; absent where the destination is on the link, and with several next hops.
    pub via: Option<String>,
    /// Interface.
    pub dev: Option<String>,
    /// Table; absent for the main one.
    pub table: Option<String>,
    /// Shortest retransmission timeout on it; absent where the route does not set it.
    pub rto_min_ms: Option<f64>,
    /// The route as `ip route` prints it.
    pub line: String,
}

/// Neighbours (ARP, ND) of an interface that are in one state.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NeighbourState {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// Interface; `#4` where only its number is known.
    pub dev: String,
    /// `reachable`, `stale`, `failed` (it does not answer), `incomplete` (no answer yet),
    /// `permanent`, `noarp`; `complete` where the source does not tell more.
    pub state: String,
    /// How many.
    pub count: i64,
    /// They do not answer: `failed` or `incomplete`.
    pub is_silent: bool,
    /// Their addresses; at most 5, and only where the source names them.
    pub addresses: Option<Vec<String>>,
}

/// What the kernel remembers of a path (`ip tcp_metrics`): a new connection to the peer begins with
/// it.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct RememberedPeer {
    /// The peer.
    pub address: String,
    /// The own address towards it.
    pub source: Option<String>,
    /// How long ago it was learnt.
    pub age_s: Option<f64>,
    /// Round-trip time.
    pub rtt_ms: Option<f64>,
    /// How much it varies.
    pub rtt_var_ms: Option<f64>,
    /// The first timeout of data that a new connection inherits, unless its handshake took longer:
    /// the round-trip time, and twice that or 200 ms, whichever is more, on top.
    pub first_rto_ms: Option<f64>,
    /// Slow start of a new connection ends at this window of segments, since packets were lost.
    pub slow_start_threshold: Option<i64>,
    /// Window that was reached, in segments.
    pub congestion_window: Option<i64>,
}
