//! Who inside the kernel holds memory: callers of vmalloc, and lines of code that allocated.

use schemars::JsonSchema;
use serde::Serialize;

/// Memory of graphics that a process holds, as its driver counts it.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct GraphicsUser {
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Driver: `amdgpu`, `i915`, `xe`.
    pub driver: Option<String>,
    /// Regions with their resident memory, the largest first: `vram0 512.0 MiB`.
    pub regions: Vec<String>,
    /// Resident memory of all regions; a part of it is memory of the card.
    pub bytes: i64,
}

/// Areas of vmalloc of one caller.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct VmallocCaller {
    /// Function that allocated: `alloc_large_system_hash`.
    pub name: String,
    /// Areas.
    pub areas: i64,
    /// Real pages in them.
    pub bytes: i64,
}

/// Memory by the line of the kernel that allocated it.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Allocation {
    /// File and line: `mm/page_ext.c:270`.
    pub place: String,
    /// Function.
    pub function: Option<String>,
    /// Module; absent for what is built in.
    pub module: Option<String>,
    /// Bytes held.
    pub bytes: i64,
    /// Allocations held.
    pub calls: i64,
    /// The line serves processes or the page cache: other terms of the identity hold it.
    pub is_of_users: bool,
}
