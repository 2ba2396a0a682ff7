//! Huge pages: pools set aside, transparent ones, and whether the kernel can still make any.

use schemars::JsonSchema;
use serde::Serialize;

/// Huge pages.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Huge {
    /// Pools by size of page.
    pub pools: Vec<Pool>,
    /// The pool, where pages of one size only are set aside.
    pub only_pool: Option<Pool>,
    /// All pools.
    pub pool_bytes: Option<i64>,
    /// The same by `MemTotal`.
    pub pool_ratio: Option<f64>,
    /// In no use and promised to nobody: free without reserved.
    pub idle_bytes: Option<i64>,
    /// The same by `MemTotal`.
    pub idle_ratio: Option<f64>,
    /// Pages above the configured number (surplus), all sizes.
    pub surplus_pages: Option<i64>,
    /// Processes that use them, the largest first, at most 5.
    pub users: Vec<HugeUser>,
    /// Mode of transparent huge pages: `always`, `madvise` or `never`.
    pub transparent: Option<String>,
    /// What a page fault does when there is none: `always` reclaims and compacts in the caller's
    /// time.
    pub transparent_defrag: Option<String>,
    /// The same of tmpfs and shared memory: `never`, `advise`, `within_size`, `always`, `deny`,
    /// `force`.
    pub transparent_shmem: Option<String>,
    /// Sizes of transparent huge pages (6.8) that are not switched off, or of which there are pages.
    pub sizes: Vec<ThpSize>,
    /// The thread that makes huge pages of small ones in the background.
    pub khugepaged: Option<Khugepaged>,
    /// `AnonHugePages`.
    pub anon_bytes: Option<i64>,
    /// The same by `AnonPages`.
    pub anon_ratio: Option<f64>,
    /// `PageTables` by `MemTotal`.
    pub page_tables_ratio: Option<f64>,
    /// Zones and their free blocks.
    pub zones: Vec<FreeBlocks>,
    /// Some `Normal` zone has no free block of 16 pages and more.
    pub normal_zone_fragmented: Option<bool>,
}

/// Transparent huge pages of one size.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct ThpSize {
    /// Size of a page.
    pub page_bytes: i64,
    /// Of processes' own memory: `always`, `inherit` (of [`Huge::transparent`]), `madvise`, `never`.
    pub mode: String,
    /// Of tmpfs and shared memory, likewise.
    pub shmem_mode: Option<String>,
    /// Pages now (6.12).
    pub pages: Option<i64>,
    /// Page faults since boot that got one.
    pub faults: Option<i64>,
    /// Page faults since boot that should have got one and found none.
    pub fallbacks: Option<i64>,
    /// The second by both.
    pub fallback_ratio: Option<f64>,
}

/// Settings of the thread that makes huge pages in the background, and what it did.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Khugepaged {
    /// It may reclaim and compact memory for them.
    pub defrag: Option<bool>,
    /// Pages that it looks at in a round.
    pub scan_pages: Option<i64>,
    /// Time between two rounds.
    pub sleep_s: Option<f64>,
    /// Pages of a huge one that may be empty when it is made: what it adds to the memory in use.
    pub empty_pages_allowed: Option<i64>,
    /// Huge pages that it has made since boot.
    pub collapsed_since_boot: Option<i64>,
}

/// The pool of one size.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Pool {
    /// Size of a page.
    pub page_bytes: i64,
    /// Size of a page as the kernel writes it in file names: `2048kB`.
    pub size_name: String,
    /// Pages.
    pub total: i64,
    /// Of these in no use.
    pub free: i64,
    /// Of the free ones promised.
    pub reserved: i64,
    /// Above the configured number.
    pub surplus: i64,
    /// Pages by NUMA node; empty where not known.
    pub by_node: Vec<i64>,
}

/// A process with huge pages of a pool.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct HugeUser {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// Huge pages in use (`HugetlbPages`, 4.4).
    pub bytes: i64,
}

/// Free blocks of a zone.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct FreeBlocks {
    /// NUMA node.
    pub node: i64,
    /// Zone.
    pub zone: String,
    /// Blocks of 1, 2, 4, … pages.
    pub blocks: Vec<i64>,
    /// Share of the free memory in blocks of 16 pages and more.
    pub large_ratio: Option<f64>,
    /// Share of the zone's blocks of a huge page's size that were given to memory of the kernel
    /// that cannot be moved. Absent where `/proc/pagetypeinfo` was not read.
    pub unmovable_ratio: Option<f64>,
}
