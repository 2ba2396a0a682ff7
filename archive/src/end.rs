//! The last entry: how the run ended and what it cost the host.

use serde::{Deserialize, Serialize};

/// Content of `linsight.end.json`. An archive without it is incomplete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Number of frames, this one included.
    pub frames: u32,
    /// Why the run ended before its plan did ("interrupted by SIGINT", "size limit reached").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    /// Sources of the plan that yielded content.
    pub sources_collected: u64,
    /// All sources of the plan.
    pub sources_total: u64,
    /// Samples taken.
    pub samples: u32,
    /// `CLOCK_MONOTONIC` at the end.
    pub ended_mono_us: u64,
    /// Wall time of the whole run.
    pub wall_us: u64,
    /// CPU time of the collector and its children, user and system.
    pub cpu_us: u64,
    /// Peak resident memory of the collector itself.
    pub peak_rss_bytes: u64,
    /// Peak resident memory of its largest child.
    pub peak_child_rss_bytes: u64,
    /// Tar bytes before compression, up to this entry.
    pub tar_bytes: u64,
    /// Secrets masked before writing.
    pub masked: u64,
    /// The slowest sources, slowest first, at most 20.
    pub slowest: Vec<Slow>,
    /// Children that did not die: what they were reading.
    #[serde(default)]
    pub abandoned: Vec<String>,
}

/// One of the slowest sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slow {
    /// Path in the archive.
    pub path: String,
    /// How long reading took.
    pub us: u64,
}
