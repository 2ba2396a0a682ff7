//! How the archive was taken, and how much of the host it shows.

use schemars::JsonSchema;
use serde::Serialize;

use super::Lists;

/// The collection itself, as facts: coverage is honesty about these.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Collection {
    /// `linsight`, `sosreport` or `other`.
    pub format: Option<String>,
    /// Version of the collector.
    pub collector_version: Option<String>,
    /// Effective user id of the collector.
    pub euid: Option<i64>,
    /// The collector ran with all that root may read.
    pub privileged: Option<bool>,
    /// The archive has its end entry and no damage.
    pub complete: Option<bool>,
    /// Why it ended early, what is damaged or lost, in words.
    pub problems: Vec<String>,
    /// Samples in the window.
    pub samples: Option<i64>,
    /// Wall clock of the first sample, seconds since 1970 UTC.
    pub window_unix_s: Option<f64>,
    /// Measured length of the window.
    pub window_s: Option<f64>,
    /// Interval as asked for.
    pub interval_s: Option<f64>,
    /// Largest deviation of a measured interval from the one asked for.
    pub jitter_s: Option<f64>,
    /// Sources in the journal.
    pub sources_total: Option<i64>,
    /// Sources with content.
    pub sources_collected: Option<i64>,
    /// Sources that were there but not readable for this user.
    pub sources_denied: Option<i64>,
    /// Sources that did not answer in time.
    pub sources_timed_out: Option<i64>,
    /// Sources whose text the parsers did not understand.
    pub sources_not_understood: Option<i64>,
    /// Every source without whole content, for the coverage section.
    pub gaps: Vec<Gap>,
    /// Secrets masked before writing.
    pub masked: Option<i64>,
    /// CPU time that the collection cost the host.
    pub cost_cpu_s: Option<f64>,
    /// For each list of the tree: elements seen, expected, and what lacks.
    pub lists: Lists,
}

/// A source without whole content.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Gap {
    /// Path in the archive.
    pub path: String,
    /// Reason class, as `absence::Reason` names it: `denied`, `missing`, ….
    pub reason: String,
    /// More, in words.
    pub detail: String,
}
