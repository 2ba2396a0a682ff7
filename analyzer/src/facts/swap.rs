//! Swap: how much is used, by whom, and whether it matters now.

use schemars::JsonSchema;
use serde::Serialize;

/// Swap of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Swap {
    /// `SwapTotal`; 0 is a host without swap.
    pub total_bytes: Option<i64>,
    /// `SwapTotal` without `SwapFree`.
    pub used_bytes: Option<i64>,
    /// Used by total; absent without swap.
    pub used_ratio: Option<f64>,
    /// Devices and files, as the kernel lists them.
    pub devices: Vec<SwapDevice>,
    /// All of it is compressed memory (zram): no reserve beside the memory.
    pub only_zram: Option<bool>,
    /// Some of it is zram, or zswap is on: the thresholds of traffic are ten times as high.
    pub compressed: Option<bool>,
    /// Some of it lies on a disk that rotates.
    pub rotating: Option<bool>,
    /// Processes by what they have in swap, the largest first, at most 20.
    pub owners: Vec<SwapOwner>,
    /// What processes have in swap, all of them (sum of `VmSwap`).
    pub owned_bytes: Option<i64>,
    /// Used and in no process: shared memory and tmpfs, slots of pages that are in memory, too.
    pub rest_bytes: Option<i64>,
    /// `cold`: nothing is read or written, and memory is there: a trace of the past; `active`: it
    /// is written; `recovering`: it is only read.
    pub verdict: Option<String>,
}

/// One swap device or file.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SwapDevice {
    /// Its path.
    pub path: String,
    /// `partition` or `file`.
    pub kind: String,
    /// Size.
    pub size_bytes: i64,
    /// In use.
    pub used_bytes: i64,
    /// Priority; higher is filled first.
    pub priority: i64,
    /// It is compressed memory.
    pub zram: bool,
    /// The disk under it; absent for a file, and where not known.
    pub disk: Option<String>,
    /// The disk under it rotates; absent where not known.
    pub rotating: Option<bool>,
}

/// A process of which something is in swap.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SwapOwner {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// In swap (`VmSwap`: private pages only).
    pub swap_bytes: i64,
    /// Resident.
    pub resident_bytes: Option<i64>,
    /// In swap by private memory of the process, swapped and resident.
    pub swapped_ratio: Option<f64>,
    /// Page faults in the window that had to read from a disk.
    pub major_faults: Option<i64>,
    /// Control group.
    pub cgroup: Option<String>,
    /// It runs in a service or a container.
    pub is_service: Option<bool>,
    /// Time since start.
    pub age_s: Option<f64>,
}
