//! Memory of the host and its accounting identity (method M1).

use schemars::JsonSchema;
use serde::Serialize;

use super::processes::Series;

pub mod activity;
pub mod huge;
pub mod kernel;
pub mod shared;
pub mod totals;

/// Memory: fields of `/proc/meminfo` at the start of the window (of `free`, where
/// an archive has no more), in bytes, and what M1 makes of
/// them. Names follow the kernel's.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Memory {
    /// `MemTotal`.
    pub total_bytes: Option<i64>,
    /// `MemFree`.
    pub free_bytes: Option<i64>,
    /// `MemAvailable` (Linux 3.14); on older kernels what they would have computed.
    pub available_bytes: Option<i64>,
    /// Available by total.
    pub available_ratio: Option<f64>,
    /// `Buffers`.
    pub buffers_bytes: Option<i64>,
    /// `Cached`, shared memory included.
    pub cached_bytes: Option<i64>,
    /// `SwapCached`.
    pub swap_cached_bytes: Option<i64>,
    /// `Active`.
    pub active_bytes: Option<i64>,
    /// `Inactive`.
    pub inactive_bytes: Option<i64>,
    /// `Active(anon)`.
    pub active_anon_bytes: Option<i64>,
    /// `Inactive(anon)`.
    pub inactive_anon_bytes: Option<i64>,
    /// `Active(file)`.
    pub active_file_bytes: Option<i64>,
    /// `Inactive(file)`.
    pub inactive_file_bytes: Option<i64>,
    /// `Unevictable`.
    pub unevictable_bytes: Option<i64>,
    /// `AnonPages`.
    pub anon_bytes: Option<i64>,
    /// `Mapped`.
    pub mapped_bytes: Option<i64>,
    /// `Shmem`.
    pub shmem_bytes: Option<i64>,
    /// `Slab`.
    pub slab_bytes: Option<i64>,
    /// `SReclaimable`.
    pub slab_reclaimable_bytes: Option<i64>,
    /// `SUnreclaim`.
    pub slab_unreclaimable_bytes: Option<i64>,
    /// `KernelStack`.
    pub kernel_stack_bytes: Option<i64>,
    /// `PageTables`.
    pub page_tables_bytes: Option<i64>,
    /// `Percpu` (4.20).
    pub percpu_bytes: Option<i64>,
    /// `VmallocUsed`, absent before 5.3, where it does not count pages.
    pub vmalloc_used_bytes: Option<i64>,
    /// `Hugetlb`: all huge pages in the pool, used or not.
    pub hugetlb_bytes: Option<i64>,
    /// `Dirty`.
    pub dirty_bytes: Option<i64>,
    /// `Writeback`.
    pub writeback_bytes: Option<i64>,
    /// `HardwareCorrupted`: pages taken out of use after a memory error (2.6.32).
    pub hardware_corrupted_bytes: Option<i64>,
    /// `SwapTotal`.
    pub swap_total_bytes: Option<i64>,
    /// `SwapFree`.
    pub swap_free_bytes: Option<i64>,
    /// `CommitLimit`.
    pub commit_limit_bytes: Option<i64>,
    /// `Committed_AS`.
    pub committed_bytes: Option<i64>,
    /// Allocations that had to wait for compaction, since boot (`compact_stall`).
    pub compaction_stalls_since_boot: Option<i64>,
    /// Of these, those for which it made no room (`compact_fail`).
    pub compaction_failures_since_boot: Option<i64>,
    /// Share of the window in which some task waited for memory (PSI `some`).
    pub psi_some_ratio: Option<f64>,
    /// Share of the window in which every task that was not idle did (PSI `full`).
    pub psi_full_ratio: Option<f64>,
    /// Sum of the low watermarks: below it the kernel begins to reclaim.
    pub low_watermark_bytes: Option<i64>,
    /// What the cache of ZFS gives back under pressure and `MemAvailable` does not count.
    pub zfs_reclaimable_bytes: Option<i64>,
    /// Used memory (total without available) over the window.
    pub used_series: Option<Series>,
    /// Time until nothing is available, if used memory grows steadily.
    pub used_up_eta_s: Option<f64>,
    /// `Shmem` over the window.
    pub shmem_series: Option<Series>,
    /// `SUnreclaim` over the window.
    pub slab_unreclaimable_series: Option<Series>,
    /// Time until available memory is used up by unreclaimable slab, if that grows steadily.
    pub slab_unreclaimable_eta_s: Option<f64>,
    /// Directory entries that remember that a file does not exist (5.0).
    pub negative_dentries: Option<i64>,
    /// Control groups below the root.
    pub groups: Option<i64>,
    /// Control groups that were removed and are still held by memory that was charged to them.
    pub removed_groups: Option<i64>,
    /// Processes that the OOM killer would take first, by the kernel's own score; at most 5.
    pub first_killed: Vec<Victim>,
    /// What the kernel did about memory in the window.
    pub activity: Option<activity::Activity>,
    /// The backlog of writing.
    pub dirty: Option<activity::Dirty>,
    /// tmpfs and shared memory.
    pub shared: Option<shared::Shared>,
    /// Huge pages.
    pub huge: Option<huge::Huge>,
    /// What may be in the residual of the identity by counters of its own, the largest first: each
    /// is the most it can be.
    pub residual_owners: Vec<ResidualOwner>,
    /// The size of the memory by several sources.
    pub totals: Option<totals::Totals>,
    /// Processes that hold memory of graphics, by the counters of its driver; at most 10.
    pub graphics: Vec<kernel::GraphicsUser>,
    /// Callers of vmalloc by the pages that they hold, at most 10. Absent without privilege.
    pub vmalloc_callers: Vec<kernel::VmallocCaller>,
    /// Lines of the kernel by the memory that they allocated and hold, largest first, at most 10
    /// (6.10, where allocations are profiled).
    pub allocations: Vec<kernel::Allocation>,
    /// The accounting identity.
    pub identity: Option<Identity>,
    /// Slab caches, largest first, at most 20.
    pub slab_caches: Vec<SlabCache>,
    /// Series for charts.
    pub series: Vec<MemoryPoint>,
}

/// M1: every page of `MemTotal` belongs to one term, what is left over is the residual.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Identity {
    /// The sample it was taken from: the one with the smallest residual.
    pub pass: i64,
    /// The terms, in the order of the identity; together with the residual they are `MemTotal`.
    pub terms: Vec<Term>,
    /// `MemTotal` minus all terms; may be negative.
    pub residual_bytes: i64,
    /// Residual by `MemTotal`, signed.
    pub residual_ratio: f64,
    /// Terms that this kernel does not report; the residual contains them.
    pub unreported: Vec<String>,
    /// Total that disagrees with the parts, in words, when the residual is below -1 %.
    pub inconsistent: Option<String>,
    /// Gap: used memory (procps 3 sense) that is no process's: what `mem.unaccounted` judges.
    pub gap_bytes: Option<i64>,
    /// Gap by `MemTotal`.
    pub gap_ratio: Option<f64>,
    /// The terms of the gap, largest first.
    pub gap_terms: Vec<Term>,
    /// The largest term of the gap that is neither slab, nor huge pages in use, nor zram/zswap.
    pub suspect: Option<Term>,
    /// `AnonPages` minus what the readable processes own; absent if too few could be read.
    pub hidden_bytes: Option<i64>,
    /// Hidden by `MemTotal`.
    pub hidden_ratio: Option<f64>,
    /// Slope of the residual over the window, by `MemTotal`, if it grows steadily.
    pub residual_growth_ratio_per_min: Option<f64>,
    /// `(p, tau)` verdict of the growth classifier on the residual.
    pub residual_class: Option<String>,
}

/// Somebody who takes pages that no field of meminfo counts.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct ResidualOwner {
    /// Who: `receive rings of eth0`.
    pub name: String,
    /// At most.
    pub bytes: i64,
    /// How it was reckoned.
    pub note: String,
}

/// One term of the identity.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Term {
    /// Stable key: `free`, `anon`, `file_cache`, `slab_unreclaimable`, ….
    pub key: String,
    /// Name shown to people.
    pub name: String,
    /// Size.
    pub bytes: i64,
    /// Size by `MemTotal`.
    pub ratio: f64,
    /// Why it can be large, or what it contains.
    pub note: String,
}

/// A process that the OOM killer would take.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Victim {
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// `oom_score`: the higher, the sooner.
    pub score: i64,
    /// `oom_score_adj`, from -1000 (never) to 1000.
    pub adj: Option<i64>,
    /// Resident memory.
    pub resident_bytes: i64,
}

/// One slab cache.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SlabCache {
    /// Name.
    pub name: String,
    /// Slabs times pages per slab times page size.
    pub bytes: i64,
    /// Active objects by all objects.
    pub active_ratio: Option<f64>,
    /// Change over the window, if it was read twice.
    pub delta_bytes: Option<i64>,
    /// The same by measured time.
    pub growth_bytes_per_min: Option<f64>,
    /// Its objects are freed under pressure (by the name of the cache, where that is known).
    pub reclaimable: Option<bool>,
    /// What it holds, in words, where the name tells.
    pub about: Option<String>,
}

/// One sample for the charts.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct MemoryPoint {
    /// Seconds since the first sample.
    pub at_s: f64,
    /// `MemAvailable`.
    pub available_bytes: Option<i64>,
    /// `AnonPages`.
    pub anon_bytes: Option<i64>,
    /// Swap in use.
    pub swap_used_bytes: Option<i64>,
}
