//! Memory that is counted as cache and is data: tmpfs, System V and other shared memory.

use schemars::JsonSchema;
use serde::Serialize;

/// `Shmem`, and to whom it belongs as far as that could be told.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Shared {
    /// `Shmem` by `MemTotal`.
    pub ratio: Option<f64>,
    /// `Shmem` by `Cached`: the share of the "cache" that cannot be given back.
    pub of_cache_ratio: Option<f64>,
    /// Mapped by processes, each page counted once (sum of `Pss_Shmem`).
    pub mapped_bytes: Option<i64>,
    /// In no process: files in tmpfs that nobody maps, segments nobody is attached to.
    pub unmapped_bytes: Option<i64>,
    /// The same by `MemTotal`.
    pub unmapped_ratio: Option<f64>,
    /// Files in tmpfs of the collector's mount namespace (what of them is in swap counts, too).
    pub tmpfs_bytes: Option<i64>,
    /// The largest of these file systems, at most 10.
    pub tmpfs: Vec<Tmpfs>,
    /// The one with most in it.
    pub largest_tmpfs: Option<Tmpfs>,
    /// File systems in memory that only other mount namespaces see (containers, services with a
    /// private /tmp). What is in them was not measured. Absent where these mounts were not read.
    pub tmpfs_elsewhere_count: Option<i64>,
    /// The first of them, those without a limit and with the largest first; at most 10.
    pub tmpfs_elsewhere: Vec<TmpfsElsewhere>,
    /// Segments of System V shared memory, resident.
    pub segments_bytes: Option<i64>,
    /// Of these, attached to by no process.
    pub unattached_bytes: Option<i64>,
    /// The largest, at most 10.
    pub segments: Vec<Segment>,
    /// `Shmem` without both: memfd, anonymous shared mappings, graphics memory, tmpfs of other
    /// mount namespaces.
    pub rest_bytes: Option<i64>,
}

/// One tmpfs.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Tmpfs {
    /// Where.
    pub mount_point: String,
    /// In use.
    pub used_bytes: i64,
    /// Its limit.
    pub size_bytes: i64,
}

/// One tmpfs that the host's own mounts do not show.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct TmpfsElsewhere {
    /// Where, as that namespace sees it.
    pub mount_point: String,
    /// A process that sees it, for `nsenter -m -t` or `/proc/PID/root`.
    pub pid: i64,
    /// Its command name.
    pub comm: String,
    /// Its limit; absent without one of its own: half of the memory (tmpfs), all (ramfs).
    pub limit_bytes: Option<i64>,
}

/// One segment of System V shared memory.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Segment {
    /// Its id, for `ipcrm -m`.
    pub id: i64,
    /// Size.
    pub size_bytes: i64,
    /// In memory.
    pub resident_bytes: Option<i64>,
    /// In swap.
    pub swap_bytes: Option<i64>,
    /// Processes attached.
    pub attached: i64,
    /// Name of the process that made it, if it still lives.
    pub creator: Option<String>,
}
