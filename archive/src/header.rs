//! The first entry: who collected, on which host, when, with which rights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Content of `linsight.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Format version ([`crate::FORMAT_VERSION`]).
    pub linsight: u32,
    /// Version of the collector.
    pub collector_version: String,
    /// SHA-256 of the collector's plan as `--list` prints it: two runs with one hash meant to
    /// collect the same.
    pub plan_sha256: String,
    /// The command line, secrets masked.
    pub argv: Vec<String>,
    /// Effective user id.
    pub euid: u32,
    /// Effective capabilities: the bit mask of `CapEff` in `/proc/self/status`.
    pub capabilities: u64,
    /// `uname -n`. Bytes that are no UTF-8 are replaced.
    pub host_name: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// `uname -m`.
    pub machine: String,
    /// Wall clock at the start, seconds since 1970 UTC.
    pub started_unix_s: f64,
    /// `CLOCK_MONOTONIC` at the same instant.
    pub started_mono_us: u64,
    /// `CLOCK_BOOTTIME` at the same instant: age of the host since boot, sleep included.
    pub started_boottime_us: u64,
    /// Offset of the host's local time from UTC, if it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_s: Option<i32>,
    /// Page size of the host.
    pub page_size_bytes: u32,
    /// `sysconf(_SC_CLK_TCK)`.
    pub ticks_per_s: u32,
    /// Byte order of the host.
    pub little_endian: bool,
    /// Sampling as asked for: length of the window.
    pub duration_s: f64,
    /// Sampling as asked for: distance of two samples.
    pub interval_s: f64,
    /// Where the host's root was (`--root`), else `/`.
    pub root: String,
    /// Process id of the collector; its tree is subtracted from the host's figures.
    pub pid: u32,
    /// Operator notes (`--note l4_idle_timeout_s=120`).
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
}
