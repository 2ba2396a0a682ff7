//! Kernel parameters of a network namespace.

use schemars::JsonSchema;
use serde::Serialize;

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

/// Parameters of opening and accepting connections.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Handshake {
    /// `net.core.somaxconn`: the largest accept queue.
    pub somaxconn: Option<i64>,
    /// `tcp_max_syn_backlog`.
    pub max_syn_backlog: Option<i64>,
    /// `tcp_syncookies`.
    pub syncookies: Option<i64>,
    /// `tcp_syn_retries`.
    pub syn_retries: Option<i64>,
    /// `tcp_synack_retries`.
    pub synack_retries: Option<i64>,
    /// `connect()` gives up after so long without an answer, by `tcp_syn_retries`.
    pub connect_timeout_s: Option<f64>,
    /// `tcp_abort_on_overflow`.
    pub abort_on_overflow: Option<i64>,
}

/// A parameter whose value in this namespace is not the host's.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Differing {
    /// Key.
    pub key: String,
    /// Value here.
    pub value: String,
    /// Value of the host's namespace.
    pub host: String,
    /// Default of this kernel, where known.
    pub kernel_default: Option<String>,
    /// The value here is the kernel's default: nobody set it.
    pub is_default: Option<bool>,
}

/// Connection tracking of the namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Conntrack {
    /// Tracked connections; the most of all readings.
    pub count: i64,
    /// `nf_conntrack_max`; of the host, for all namespaces.
    pub max: i64,
    /// `count` by `max`.
    pub used_ratio: Option<f64>,
    /// Buckets of the hash table.
    pub buckets: Option<i64>,
    /// Entries a bucket bears when the table is full.
    pub max_per_bucket: Option<f64>,
    /// Packets dropped in the window because the table was full, or memory lacked.
    pub drops: Option<i64>,
    /// Entries thrown out early in the window to make room.
    pub early_drops: Option<i64>,
    /// Inserts that failed in the window: two packets raced, or the chain was too long.
    pub insert_failures: Option<i64>,
    /// `nf_conntrack_tcp_timeout_established`.
    pub established_timeout_s: Option<f64>,
}
