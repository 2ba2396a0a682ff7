//! What the host's network stack shares between namespaces: packet queues of the CPUs, neighbour
//! tables, memory of sockets.

use schemars::JsonSchema;
use serde::Serialize;

/// The network stack of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Net {
    /// Packets between driver and stack.
    pub softnet: Option<Softnet>,
    /// Neighbour tables (ARP, ND).
    pub neighbours: Vec<Neighbours>,
    /// The host is a load balancer itself (IPVS). Absent where that is not loaded.
    pub ip_vs: Option<IpVs>,
    /// Memory of sockets.
    pub memory: Option<SocketMemory>,
}

/// IPVS of the host's namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct IpVs {
    /// Virtual services.
    pub services: i64,
    /// Servers behind them.
    pub servers: i64,
    /// Connections that are established.
    pub active: i64,
    /// Connections in other states, which it remembers.
    pub inactive: i64,
    /// New connections a second in the window.
    pub connections_per_s: Option<f64>,
}

/// Packets between driver and stack.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Softnet {
    /// Packets processed per second, of all CPUs.
    pub processed_per_s: f64,
    /// Packets dropped in the window because the backlog of a CPU was full.
    pub dropped: i64,
    /// The same by measured time.
    pub dropped_per_s: f64,
    /// Times in the window that a CPU ran out of its budget with packets left.
    pub squeezed: i64,
    /// The same per second, of the CPU with most.
    pub squeezed_per_s_max: f64,
    /// CPUs that dropped or were squeezed, the worst first; at most 50.
    pub cpus: Vec<SoftnetCpu>,
    /// `net.core.netdev_max_backlog`.
    pub max_backlog: Option<i64>,
    /// `net.core.netdev_budget`.
    pub budget: Option<i64>,
    /// `net.core.netdev_budget_usecs` (4.12).
    pub budget_us: Option<i64>,
}

/// One CPU.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SoftnetCpu {
    /// Number; before 5.10 its place among the CPUs online.
    pub cpu: i64,
    /// Packets processed per second.
    pub processed_per_s: f64,
    /// Packets dropped in the window.
    pub dropped: i64,
    /// Times in the window that its budget ran out.
    pub squeezed: i64,
}

/// One table of neighbours; it is one for all namespaces.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Neighbours {
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// `ipv4` or `ipv6`: the name in kernel parameters.
    pub key: String,
    /// Entries; the most of all readings.
    pub entries: i64,
    /// `gc_thresh1`: below it nothing is cleaned up.
    pub threshold1: Option<i64>,
    /// `gc_thresh2`: above it entries older than 5 s are cleaned up.
    pub threshold2: Option<i64>,
    /// `gc_thresh3`: the hard limit.
    pub threshold3: Option<i64>,
    /// Entries by the hard limit.
    pub used_ratio: Option<f64>,
    /// Times in the window that a new entry was refused because the table was full.
    pub table_fulls: Option<i64>,
    /// The same since boot.
    pub table_fulls_since_boot: Option<i64>,
}

/// Memory of sockets against the limits of their protocols.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SocketMemory {
    /// Buffers of TCP sockets; the most of all readings.
    pub tcp_bytes: Option<i64>,
    /// `tcp_mem`, second value: above it TCP restrains itself.
    pub tcp_pressure_bytes: Option<i64>,
    /// `tcp_mem`, third value: the limit.
    pub tcp_max_bytes: Option<i64>,
    /// Memory by the limit.
    pub tcp_ratio: Option<f64>,
    /// Protocols that restrain themselves, since their memory was above its mark when the table
    /// was read (`TCP`, `SCTP`).
    pub in_pressure: Option<Vec<String>>,
    /// The three values of `tcp_mem` in pages, as text.
    pub tcp_mem: Option<String>,
    /// Buffers of UDP sockets; the most of all readings.
    pub udp_bytes: Option<i64>,
    /// `udp_mem`, third value: the limit.
    pub udp_max_bytes: Option<i64>,
    /// Memory by the limit.
    pub udp_ratio: Option<f64>,
    /// `net.core.rmem_max`: the largest receive buffer that an application can ask for.
    pub rmem_max_bytes: Option<i64>,
}
