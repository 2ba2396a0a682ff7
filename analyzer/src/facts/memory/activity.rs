//! What the kernel did about memory in the window.

use schemars::JsonSchema;
use serde::Serialize;

/// Growth of the counters of `/proc/vmstat` over the window. Pages are turned into bytes, so that a
/// threshold means the same on hosts with pages of 64 KiB. An interval in which a counter fell is
/// left out.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Activity {
    /// Measured time between the first and the last reading.
    pub span_s: f64,
    /// Intervals between readings.
    pub intervals: i64,
    /// Read back from swap (`pswpin`), zram and zswap's disk included.
    pub swap_in_bytes_per_s: Option<f64>,
    /// Written to swap (`pswpout`).
    pub swap_out_bytes_per_s: Option<f64>,
    /// In and out together: what half of the intervals exceeded.
    pub swap_median_bytes_per_s: Option<f64>,
    /// In and out together, intervals with only one of them counted as nothing: what 30 % of the
    /// intervals exceeded.
    pub swap_both_p70_bytes_per_s: Option<f64>,
    /// Page faults that had to read from a disk (`pgmajfault`).
    pub major_faults_per_s: Option<f64>,
    /// Anonymous memory read again soon after it was swapped out (`workingset_refault_anon`, 5.9).
    pub refault_anon_bytes_per_s: Option<f64>,
    /// Files read again soon after they were dropped from the cache (`workingset_refault_file`,
    /// 5.9; before, `workingset_refault`, which counted files only).
    pub refault_file_bytes_per_s: Option<f64>,
    /// Allocations that had to free memory themselves (`allocstall`).
    pub direct_reclaims: Option<i64>,
    /// Memory they looked at (`pgscan_direct`).
    pub direct_scan_bytes_per_s: Option<f64>,
    /// Memory that the background reclaim looked at (`pgscan_kswapd`).
    pub kswapd_scan_bytes_per_s: Option<f64>,
    /// Allocations that had to wait for compaction (`compact_stall`).
    pub compaction_stalls_per_s: Option<f64>,
    /// Of these, the share that gained nothing (`compact_fail` by `compact_fail` and
    /// `compact_success`); absent when there were none.
    pub compaction_failed_ratio: Option<f64>,
    /// How many of them ended (`compact_fail` and `compact_success`).
    pub compactions: Option<i64>,
    /// Page faults that got a transparent huge page.
    pub thp_faults: Option<i64>,
    /// Huge pages that the background thread made of small ones (`thp_collapse_alloc`).
    pub thp_collapses: Option<i64>,
    /// Page faults for which there was none.
    pub thp_fallbacks: Option<i64>,
    /// Processes killed for want of memory in the window (`oom_kill`, 4.13).
    pub oom_kills: Option<i64>,
    /// The same since boot.
    pub oom_kills_since_boot: Option<i64>,
    /// Times the cache was dropped by hand since boot (`drop_pagecache`, `drop_slab`).
    pub cache_drops_since_boot: Option<i64>,
    /// Cached inodes dropped together with the file pages they held (`pginodesteal`,
    /// `kswapd_inodesteal`).
    pub inode_steals: Option<i64>,
    /// Reclaims of one node's own memory because of `vm.zone_reclaim_mode` (`zone_reclaim_success`,
    /// `zone_reclaim_failed`).
    pub node_reclaims: Option<i64>,
    /// Cleaned: written to disks by the page cache (`nr_written`).
    pub written_bytes_per_s: Option<f64>,
    /// Made dirty (`nr_dirtied`).
    pub dirtied_bytes_per_s: Option<f64>,
}

/// The backlog of writing: what is dirty or under way, against what the kernel allows.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Dirty {
    /// Writers are slowed down from here on (`nr_dirty_threshold`, 2.6.37).
    pub limit_bytes: Option<i64>,
    /// Writing in the background begins here (`nr_dirty_background_threshold`).
    pub background_limit_bytes: Option<i64>,
    /// Dirty and under way: what half of the samples exceeded.
    pub pending_median_bytes: Option<i64>,
    /// The same by the limit.
    pub limit_median_ratio: Option<f64>,
    /// Its largest value.
    pub limit_max_ratio: Option<f64>,
    /// Time to write what is pending at the rate of the window; absent when nothing was written.
    pub drain_s: Option<f64>,
    /// Share of the samples in which pages were under way to a disk: between them the disk had
    /// nothing to do, and the rate of the window does not tell its speed.
    pub writing_ratio: Option<f64>,
    /// Something was under way in every sample and not one page was written.
    pub stuck: Option<bool>,
    /// Share of the window in which every task that was not idle waited for I/O (PSI `full`).
    pub io_full_ratio: Option<f64>,
    /// Disks that rotate.
    pub rotating_disks: Option<i64>,
    /// Processes that wrote most in the window, at most 5.
    pub writers: Vec<Writer>,
}

/// A process that writes.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Writer {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// Towards disks, between the two readings.
    pub bytes_per_s: f64,
}
