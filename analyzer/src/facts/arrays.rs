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
    /// ZFS: reads, writes and checksums that failed on its disks since the counts were cleared.
    pub device_errors: Option<i64>,
    /// ZFS: blocks without a good copy, in the pool's log of errors; of files deleted since, too.
    pub data_errors: Option<i64>,
    /// ZFS: devices with errors, and those that do not work; at most 20.
    pub bad_devices: Vec<PoolDevice>,
    /// ZFS: the last scrub or resilver and how it ended, in the pool's own words.
    pub last_scan: Option<String>,
    /// ZFS: what is wrong or could be better, in the pool's own words.
    pub status: Option<String>,
}

/// A device of a pool that has errors or does not work.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct PoolDevice {
    /// Name in the pool: `sda`, `wwn-0x5000…`, `raidz2-0`.
    pub name: String,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `OFFLINE`, `REMOVED`, `UNAVAIL`.
    pub state: String,
    /// Reads that failed.
    pub read_errors: i64,
    /// Writes that failed.
    pub write_errors: i64,
    /// Blocks that were not what had been written.
    pub checksum_errors: i64,
    /// Why it does not work; empty where the pool says nothing.
    pub note: String,
}
