//! Software RAID and ZFS pools.

use schemars::JsonSchema;
use serde::Serialize;

/// One array or pool.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Array {
    /// Name: `md0`, or the name of the pool.
    pub name: String,
    /// `md` or `zfs`.
    pub kind: String,
    /// Level: `raid1`; absent for containers of foreign metadata and for pools.
    pub level: Option<String>,
    /// md: it is started.
    pub active: Option<bool>,
    /// ZFS: `ONLINE`, `DEGRADED`, `FAULTED`, `UNAVAIL`, `SUSPENDED`.
    pub pool_state: Option<String>,
    /// Members that the array should have.
    pub wanted: Option<i64>,
    /// Members that work.
    pub working: Option<i64>,
    /// Fewer members work than it should have.
    pub degraded: Option<bool>,
    /// Members as the kernel draws them: `UU_`.
    pub picture: Option<String>,
    /// Members that failed.
    pub failed: Vec<String>,
    /// Spare members.
    pub spares: Vec<String>,
    /// All other members.
    pub members: Vec<String>,
    /// What is going on: `recovery`, `resync`, `reshape`, `check`.
    pub action: Option<String>,
    /// How far it is.
    pub action_ratio: Option<f64>,
    /// When it will be done, as the kernel reckons.
    pub action_left_s: Option<f64>,
    /// Its speed.
    pub action_bytes_per_s: Option<i64>,
    /// Sectors that differed between members in the last check.
    pub mismatches: Option<i64>,
}
