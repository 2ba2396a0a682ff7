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
    /// Devices of compressed memory (zram) that were set up, those that are no swap included.
    pub zram: Vec<Zram>,
    /// Compressed memory in front of the devices (zswap); absent where the kernel has none.
    pub zswap: Option<Zswap>,
    /// What is in swap and lies in memory all the same, compressed: in zram (swap devices only,
    /// without what it moved on to a disk) and in zswap.
    pub in_memory_bytes: Option<i64>,
    /// Memory that this takes.
    pub compressed_bytes: Option<i64>,
    /// The first by the second: 3.0 is a third of the size.
    pub compression_factor: Option<f64>,
    /// Used and not in memory: what lies on a disk.
    pub on_disk_bytes: Option<i64>,
    /// `SwapCached`: read back and still keeping its place in swap.
    pub cached_bytes: Option<i64>,
    /// Of System V shared memory in swap; it is in `VmSwap` of no process.
    pub sysv_bytes: Option<i64>,
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

/// A device of compressed memory.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Zram {
    /// `zram0`.
    pub name: String,
    /// It is used as swap.
    pub is_swap: bool,
    /// Size that it pretends to have.
    pub size_bytes: Option<i64>,
    /// What is kept in it, as it was written.
    pub original_bytes: i64,
    /// Memory that it takes.
    pub used_bytes: i64,
    /// The first by the second; absent while it is empty.
    pub compression_factor: Option<f64>,
    /// Most memory that it may take; absent without a limit.
    pub limit_bytes: Option<i64>,
    /// Kept pages that do not get smaller (4.19).
    pub incompressible_pages: Option<i64>,
    /// Moved on to a disk behind it; absent without one.
    pub on_disk_bytes: Option<i64>,
    /// Algorithm: `zstd`.
    pub algorithm: Option<String>,
}

/// Compressed memory in front of the swap devices.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Zswap {
    /// It takes new pages.
    pub enabled: bool,
    /// What is kept in it, as it was (`Zswapped`, 5.19; before, by debugfs).
    pub original_bytes: Option<i64>,
    /// Memory that it takes (`Zswap`).
    pub used_bytes: Option<i64>,
    /// Most memory that it may take, by all memory.
    pub limit_ratio: Option<f64>,
    /// Algorithm.
    pub algorithm: Option<String>,
    /// Pages that it had to write to the device since boot (`zswpwb`, 6.8; before, by debugfs).
    pub written_back_pages: Option<i64>,
    /// Times that it was full since boot (debugfs).
    pub limit_hits: Option<i64>,
}
