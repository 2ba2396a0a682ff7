//! NUMA: memory nodes, where memory was allocated in the window, and which processes run far from
//! their memory (method M7).

use schemars::JsonSchema;
use serde::Serialize;

/// Memory nodes and what happens between them.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Numa {
    /// Nodes with memory: with one, no rule of the chapter has anything to look at.
    pub memory_nodes: Option<i64>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The kernel counts where memory is allocated (`vm.numa_stat`, 4.15).
    pub counting: Option<bool>,
    /// Large processes, of which it was read where their memory lies.
    pub processes: Vec<NumaProcess>,
    /// Automatic balancing.
    pub balancing: Option<Balancing>,
    /// `vm.zone_reclaim_mode`.
    pub zone_reclaim_mode: Option<i64>,
    /// Nodes that other nodes see at a distance above this are far: the largest distance.
    pub max_distance: Option<i64>,
}

/// One memory node.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Node {
    /// Its number.
    pub id: i64,
    /// `node 0`.
    pub name: String,
    /// Its CPUs, as the kernel lists them.
    pub cpus: Option<String>,
    /// How many; 0 for nodes of memory alone (CXL).
    pub cpu_count: Option<i64>,
    /// `MemTotal` of the node, in the last look.
    pub total_bytes: Option<i64>,
    /// `MemFree`.
    pub free_bytes: Option<i64>,
    /// Free by total.
    pub free_ratio: Option<f64>,
    /// Page cache that can be given back: `FilePages` without `Shmem`.
    pub file_bytes: Option<i64>,
    /// `AnonPages`.
    pub anon_bytes: Option<i64>,
    /// `Shmem`.
    pub shmem_bytes: Option<i64>,
    /// Free memory and page cache by total, pools of huge pages left out: what the node can still give.
    pub givable_ratio: Option<f64>,
    /// The lowest of it in all looks: those of the window, where the host has several nodes.
    pub givable_min_ratio: Option<f64>,
    /// Memory of this node that reclaim wrote out between both looks, to swap mostly
    /// (`nr_vmscan_write`).
    pub reclaim_written_bytes: Option<f64>,
    /// Memory of this node that was taken away and read again soon, between both looks
    /// (`workingset_refault_anon` and `_file`; before 5.9 `workingset_refault`).
    pub refault_bytes: Option<f64>,
    /// Read back from swap and still keeping its place there (`nr_swapcached`, 5.12).
    pub swap_cached_bytes: Option<i64>,
    /// The largest of [`Self::givable_ratio`] among the other nodes with CPUs.
    pub others_givable_ratio: Option<f64>,
    /// The largest free share among the other nodes with CPUs.
    pub others_free_ratio: Option<f64>,
    /// Allocated on this node in the window (huge pages of pools excluded).
    pub allocated_bytes: Option<f64>,
    /// Share of it that another node should have served and could not.
    pub miss_ratio: Option<f64>,
    /// Share of it that CPUs of other nodes asked for.
    pub remote_ratio: Option<f64>,
    /// Allocations in the window that were wanted here and landed elsewhere.
    pub foreign_bytes: Option<f64>,
    /// Share of the window's allocations here that an interleave policy placed.
    pub interleaved_ratio: Option<f64>,
    /// [`Self::miss_ratio`] since boot.
    pub miss_since_boot_ratio: Option<f64>,
    /// [`Self::remote_ratio`] since boot.
    pub remote_since_boot_ratio: Option<f64>,
    /// Distance to each node, in their order; 10 is local.
    pub distances: Vec<i64>,
    /// The process with the largest share of the node's memory, among those that were looked at.
    pub top_process: Option<NodeShare>,
}

/// A process and its share of a node.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NodeShare {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// On this node.
    pub bytes: i64,
    /// By the memory of the node.
    pub ratio: f64,
}

/// Where a process runs and where its memory lies.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NumaProcess {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// All its pages.
    pub bytes: i64,
    /// Mappings with anonymous memory.
    pub anon_bytes: i64,
    /// All by `MemTotal`.
    pub memory_ratio: Option<f64>,
    /// CPU time in the window by window length: 1.0 is one CPU.
    pub cpu_ratio: Option<f64>,
    /// Time since start.
    pub age_s: Option<f64>,
    /// Share of its anonymous memory on each node.
    pub memory_shares: Vec<NodeRatio>,
    /// Share of the samples in which a thread of it was last on each node's CPUs.
    pub cpu_shares: Vec<NodeRatio>,
    /// Share of its anonymous memory on nodes where it hardly ran (below 20 % of the samples).
    pub remote_ratio: Option<f64>,
    /// Half the sum of the differences of both distributions: 0 the same, 1 nothing in common.
    pub mismatch_ratio: Option<f64>,
    /// The policy of most of its memory: `default`, `bind`, `prefer`, `interleave`,
    /// `weighted interleave`, `prefer (many)`, `local`.
    pub policy: Option<String>,
    /// Nodes it is bound to, by policy or by its cpuset; empty when it may use all.
    pub bound_nodes: Vec<i64>,
    /// Memory of these nodes together.
    pub bound_total_bytes: Option<i64>,
    /// Free memory and page cache of these nodes by their total.
    pub bound_givable_ratio: Option<f64>,
    /// Node with most of its memory.
    pub memory_node: Option<i64>,
    /// Node on which it ran most.
    pub cpu_node: Option<i64>,
    /// What the node on which it ran most can still give: free memory and page cache.
    pub cpu_node_givable_bytes: Option<i64>,
    /// The largest memory node is smaller than the process.
    pub exceeds_node: Option<bool>,
    /// Pages that automatic balancing moved nearer to its first thread, since it started.
    pub pages_migrated: Option<i64>,
    /// Hinting faults of automatic balancing in its first thread: 0 where it does not look.
    pub hinting_faults: Option<i64>,
    /// The node that the scheduler prefers for its first thread.
    pub preferred_node: Option<i64>,
}

/// A share of something on a node.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NodeRatio {
    /// Node.
    pub node: i64,
    /// Share.
    pub ratio: f64,
}

/// Automatic NUMA balancing (3.8), and who else moves memory.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Balancing {
    /// `kernel.numa_balancing` (3.13): 0 off, 1 on, 2 and 3 tiering (5.18).
    pub mode: Option<i64>,
    /// numad runs.
    pub numad: Option<bool>,
    /// Page faults that balancing provoked in order to learn who uses a page.
    pub hint_faults: Option<i64>,
    /// The same by time.
    pub hint_faults_per_s: Option<f64>,
    /// Share of them on the node of the page.
    pub local_ratio: Option<f64>,
    /// Memory it moved between nodes.
    pub migrated_bytes_per_s: Option<f64>,
}
