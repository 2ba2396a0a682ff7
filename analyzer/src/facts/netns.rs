//! Network namespaces: each has its own sockets and its own kernel parameters.

use schemars::JsonSchema;
use serde::Serialize;

mod buffers;
mod connections;
mod counters;
mod neighbourhood;
mod parameters;
mod retransmission;
mod sockets;

pub use buffers::{BufferedSocket, SocketBuffers};
pub use connections::{Connections, Silent};
pub use counters::{Counter, Counters};
pub use neighbourhood::{NeighbourState, RememberedPeer, TableRoute};
pub use parameters::{Conntrack, Differing, Handshake, Keepalive, Ports};
pub use retransmission::{Orphans, RetransPeer, Retransmission, Retries, Route, Routes, Subnet};
pub use sockets::{CloseWait, Connecting, Listener, PortSource, TimeWait, TimeWaitGroup, UdpDrops};

/// One network namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Netns {
    /// `host`, the Kubernetes pod (`namespace/name`), a name of `/run/netns`, or `netns:<inode>`.
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
    /// The L4 devices on the way, as far as told, and the sessions that pass them.
    pub l4: Option<L4>,
    /// Established connections to other hosts by process and port, most first; at most 50.
    pub connections: Vec<Connections>,
    /// What TCP sent again in the window.
    pub retransmission: Option<Retransmission>,
    /// Hosts by retransmissions between the two looks, most first; at most 50.
    pub retrans_peers: Vec<RetransPeer>,
    /// Round-trip times and timeouts by network, most connections first; at most 50.
    pub subnets: Vec<Subnet>,
    /// Retry parameters in seconds.
    pub retries: Option<Retries>,
    /// Sockets that no process holds any more; of the host, where they are counted for all.
    pub orphans: Option<Orphans>,
    /// Routes that matter for timeouts.
    pub routes: Option<Routes>,
    /// Routes that lead out, of all tables, default routes first; at most 50.
    pub route_table: Vec<TableRoute>,
    /// Neighbours by interface and state, those that do not answer first; at most 50.
    pub neighbours: Vec<NeighbourState>,
    /// UDP sockets that dropped datagrams in the window, those that dropped most first; where the
    /// sockets were read once, since they were opened; at most 5.
    pub udp_drops: Vec<UdpDrops>,
    /// What TCP sockets hold in their buffers. Absent where the source does not tell.
    pub buffers: Option<SocketBuffers>,
    /// What is remembered of paths to peers, those that lost packets first, then the slowest; at
    /// most 50.
    pub remembered: Vec<RememberedPeer>,
    /// Local addresses with many outgoing connections, over all destinations; at most 50.
    pub port_sources: Vec<PortSource>,
    /// TIME-WAIT: who closes first, and the limit.
    pub time_wait: Option<TimeWait>,
    /// CLOSE-WAIT by process, most first; at most 50.
    pub close_wait: Vec<CloseWait>,
    /// Connections being opened, by peer, those that repeat most first; at most 50.
    pub connecting: Vec<Connecting>,
    /// Listening sockets, the fullest first; at most 50.
    pub listeners: Vec<Listener>,
    /// Parameters of opening and accepting connections.
    pub handshake: Option<Handshake>,
    /// Network parameters that are not the host's; none for the host itself.
    pub differing: Vec<Differing>,
    /// Protocol counters.
    pub counters: Option<Counters>,
    /// Connection tracking.
    pub conntrack: Option<Conntrack>,
    /// Processes in it.
    pub processes: Option<i64>,
    /// The commonest of them by name; at most 5.
    pub commands: Vec<String>,
}

/// Sessions that pass an L4 device of which the operator told.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct L4 {
    /// The shortest idle timeout on their ways.
    pub idle_timeout_s: f64,
    /// Established sessions.
    pub connections: i64,
    /// The longest silence on one of them.
    pub idle_max_s: Option<f64>,
    /// Silent for longer than their device remembers.
    pub forgotten: Option<i64>,
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
    pub owners: Option<Vec<String>>,
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
    /// How long a connection lives on average: open ones by closes per second (Little's law).
    pub lifetime_s: Option<f64>,
    /// Median round-trip time of the open connections.
    pub rtt_s: Option<f64>,
    /// Median of the bytes that the peer has acknowledged on an open connection (4.1).
    pub acked_bytes_p50: Option<i64>,
    /// A live connection to it uses timestamps; without them its TIME-WAIT is never reused.
    pub peer_timestamps: Option<bool>,
    /// TIME-WAIT reuse is possible here (`tcp_tw_reuse` and `tcp_timestamps`).
    pub reuse_possible: Option<bool>,
    /// Owning processes, by name.
    pub owners: Option<Vec<String>>,
}
