//! What services logged when ports, files or processes ran out: lines of the last 24 hours.
//!
//! A match never makes a finding, since a line may be anybody's; it raises one that stands already.

use schemars::JsonSchema;
use serde::Serialize;

/// Matches of the patterns.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Logs {
    /// Log files that were looked at.
    pub files: Option<i64>,
    /// Matches by file, pattern and peer, most lines first; at most 100. Undated lines are not
    /// counted.
    pub matches: Vec<LogMatch>,
}

/// Lines of one file that match one pattern with one peer.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct LogMatch {
    /// `fork-failed`, `connect-no-address`, `bind-in-use`, `too-many-files`, `connect-timed-out`.
    pub pattern: String,
    /// The file.
    pub file: String,
    /// Peer or address that the lines name: `10.0.0.5:3306`; empty where they name none, `*` for
    /// those beyond the first fifty.
    pub peer: String,
    /// Lines of the last 24 hours.
    pub count: i64,
    /// The last of them is so old at the snapshot.
    pub last_age_s: Option<f64>,
    /// One of them, secrets masked.
    pub sample: String,
}
