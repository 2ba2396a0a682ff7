//! How large the memory is, told by several sources: where they disagree, every percentage of a
//! report is wrong.

use schemars::JsonSchema;
use serde::Serialize;

/// The size of the memory.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Totals {
    /// `MemTotal` of all NUMA nodes together.
    pub nodes_bytes: Option<i64>,
    /// `MemTotal` by that, minus one; signed.
    pub nodes_difference_ratio: Option<f64>,
    /// Pages that the zones manage, together.
    pub managed_bytes: Option<i64>,
    /// Pages that the zones have, together: more than managed are reserved, or taken by a balloon.
    pub present_bytes: Option<i64>,
    /// Change of `MemTotal` from the first to the last reading.
    pub change_bytes: Option<i64>,
    /// The same by `MemTotal`; signed.
    pub change_ratio: Option<f64>,
    /// Held by a balloon driver (`Balloon`, 6.16; before, `balloon_inflate` without
    /// `balloon_deflate`).
    pub balloon_bytes: Option<i64>,
    /// The same by what the machine has with it.
    pub balloon_ratio: Option<f64>,
    /// `/proc/meminfo` is a mount of its own, as lxcfs does it.
    pub meminfo_is_mounted: Option<bool>,
    /// What `free` of procps-ng 3.3.10 and later prints as used.
    pub used_procps3_bytes: Option<i64>,
    /// What `free` of procps-ng 4 prints as used.
    pub used_procps4_bytes: Option<i64>,
    /// What `free` of procps 3.2 (RHEL 6) prints as used: all but free.
    pub used_procps2_bytes: Option<i64>,
    /// What `free` prints as buff/cache.
    pub buff_cache_bytes: Option<i64>,
}
