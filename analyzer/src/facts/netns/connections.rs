//! Established connections to other hosts, by service: are they alive, and who would notice if not?

use schemars::JsonSchema;
use serde::Serialize;

/// Established connections of one process with other hosts on one port: accepted by its listener,
/// or opened to that port of others.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Connections {
    /// `beam.smp :5672` for accepted ones, `java -> port 5432` for those it opened.
    pub name: String,
    /// `server`, `client` or `unknown` (method M8).
    pub role: String,
    /// The listener's port, or that of the others.
    pub port: i64,
    /// Name of the process.
    pub owner: Option<String>,
    /// How many there are.
    pub established: i64,
    /// With a keepalive timer running.
    pub keepalive_on: Option<i64>,
    /// Without one.
    pub keepalive_off: Option<i64>,
    /// Where another timer hides it.
    pub keepalive_unknown: Option<i64>,
    /// Those without keepalive among those where it can be told.
    pub keepalive_off_ratio: Option<f64>,
    /// The longest time before the first keepalive probe, as their timers show: what the
    /// application or the kernel parameter set.
    pub keepalive_time_s: Option<f64>,
    /// The shortest idle timeout of the L4 devices that they pass; absent unless told.
    pub l4_idle_timeout_s: Option<f64>,
    /// Median silence, as a device in the path sees it.
    pub idle_median_s: Option<f64>,
    /// The longest silence.
    pub idle_max_s: Option<f64>,
    /// A silence from here on is long: the L4 idle timeout, or 600 s where none is told.
    pub quiet_after_s: f64,
    /// Silent for that long, without keepalive.
    pub quiet_off: Option<i64>,
    /// From here on the other end is probably gone: the L4 idle timeout; where none is told, three
    /// times the median silence and at least two hours.
    pub stale_after_s: Option<f64>,
    /// Silent for longer than that, nothing to send, without keepalive.
    pub stale: Option<i64>,
    /// These by all of them.
    pub stale_ratio: Option<f64>,
    /// Soft limit of open files of the process.
    pub fd_limit: Option<i64>,
    /// Stale ones by that limit.
    pub stale_fd_ratio: Option<f64>,
    /// The longest silent of the stale ones; at most 5.
    pub oldest: Vec<Silent>,
    /// With a keepalive probe unanswered at both looks (or for a second and more, where there is
    /// one look).
    pub unanswered: Option<i64>,
    /// These by those with keepalive.
    pub unanswered_ratio: Option<f64>,
    /// The first of them is reset in so long, unless its peer answers.
    pub reset_in_s: Option<f64>,
    /// Peers that do not answer; at most 5.
    pub unanswered_peers: Vec<String>,
}

/// A silent connection.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Silent {
    /// Its other end.
    pub peer: String,
    /// Its silence.
    pub idle_s: f64,
}
