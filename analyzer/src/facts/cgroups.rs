//! Control groups: limits of memory, CPU and tasks, and how near to them a group is.

use schemars::JsonSchema;
use serde::Serialize;

use super::processes::Series;
use super::tasks::Owner;

/// A control group with a limit, an event in the window, or pressure.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Cgroup {
    /// Path below the root of the hierarchy: `/system.slice/nginx.service`.
    pub path: String,
    /// Its last part, which names the service or container.
    pub name: String,
    /// The Kubernetes pod that it belongs to, as `namespace/name`.
    pub pod: Option<String>,
    /// A process in it, or in a group below, owns a listening socket.
    pub listens: bool,
    /// Processes in it and below, as far as seen. Absent where no list of its processes was read.
    pub processes: Option<i64>,
    /// Their commands, the most frequent first; at most 3.
    pub comms: Vec<String>,
    /// Age of the oldest of them: about that of the group.
    pub age_s: Option<f64>,
    /// Memory; absent where the controller is not there.
    pub memory: Option<CgroupMemory>,
    /// CPU time; absent where the controller is not there.
    pub cpu: Option<CgroupCpu>,
    /// Tasks; absent where the controller is not there.
    pub pids: Option<CgroupPids>,
    /// Share of the window in which some task of it waited for storage; version 2 only.
    pub io_pressure_some_ratio: Option<f64>,
}

/// Memory of a group.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CgroupMemory {
    /// In use, page cache included.
    pub current_bytes: Option<i64>,
    /// The lowest limit of it and the groups above; absent when there is none below `MemTotal`.
    pub limit_bytes: Option<i64>,
    /// The group that sets this limit.
    pub limit_group: Option<String>,
    /// The file of this limit on the host.
    pub limit_path: Option<String>,
    /// `memory.high`, from which the group is slowed down.
    pub high_bytes: Option<i64>,
    /// Memory that cannot be dropped: anonymous, shared and unreclaimable kernel memory.
    pub working_bytes: Option<i64>,
    /// That by the limit.
    pub working_ratio: Option<f64>,
    /// All in use by the limit. Page cache fills every limit in time: full is not short.
    pub current_ratio: Option<f64>,
    /// Anonymous.
    pub anon_bytes: Option<i64>,
    /// Page cache, shared memory included.
    pub file_bytes: Option<i64>,
    /// Shared memory and tmpfs.
    pub shmem_bytes: Option<i64>,
    /// Series of anonymous memory, of groups that are followed in the samples.
    pub anon_series: Option<Series>,
    /// Growth of the page cache in the window, shared memory excluded.
    pub cache_delta_bytes: Option<i64>,
    /// Growth of shared memory and tmpfs in the window.
    pub shmem_delta_bytes: Option<i64>,
    /// The least that a limit of it or of a group above leaves, with the swap it may use.
    pub left_bytes: Option<i64>,
    /// Of that swap.
    pub left_swap_bytes: Option<i64>,
    /// The limit that leaves it; not the lowest, where a group above is fuller.
    pub left_limit_bytes: Option<i64>,
    /// The group that sets that limit.
    pub left_group: Option<String>,
    /// Growth of anonymous memory of groups below that are younger than two minutes; absent where
    /// none of these is followed in the samples.
    pub young_delta_bytes: Option<i64>,
    /// Time until that is used up, where anonymous memory grows steadily or with a rising floor.
    pub limit_eta_s: Option<f64>,
    /// Processes killed at the limit since the group began.
    pub oom_kills: Option<i64>,
    /// Of these in the window.
    pub oom_kills_in_window: Option<i64>,
    /// Times the limit was hit in the window.
    pub max_events_in_window: Option<i64>,
    /// Times it was slowed down at `memory.high` in the window.
    pub high_events_in_window: Option<i64>,
    /// Share of the window in which some task of it waited for memory.
    pub pressure_some_ratio: Option<f64>,
    /// Share of the window in which all waited.
    pub pressure_full_ratio: Option<f64>,
}

/// CPU time of a group.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CgroupCpu {
    /// CPUs that its quota allows; absent without a quota.
    pub quota_cpus: Option<f64>,
    /// The file of the quota on the host.
    pub quota_path: Option<String>,
    /// Period of the quota.
    pub period_us: Option<i64>,
    /// CPUs that its cpuset leaves it, where that is narrower than that of the group above.
    pub cpuset: Option<String>,
    /// How many CPUs the cpusets of it and the groups above leave.
    pub cpuset_cpus: Option<i64>,
    /// CPUs that it can use: the lower of quota and cpuset.
    pub usable_cpus: Option<f64>,
    /// CPUs that it used in the window, on average.
    pub used_cpus: Option<f64>,
    /// CPUs that it used in 95 of 100 intervals between samples at most.
    pub used_p95_cpus: Option<f64>,
    /// CPUs used on average by the quota.
    pub used_ratio: Option<f64>,
    /// Periods in the window.
    pub periods: Option<i64>,
    /// Periods in which it ran out of quota, by all.
    pub throttled_ratio: Option<f64>,
    /// Time that it stood still for want of quota, added up over the CPUs that it had tasks on.
    pub stood_s: Option<f64>,
    /// The same by window and CPUs that it can use: above 1 where tasks wait on more than those.
    pub lost_ratio: Option<f64>,
    /// `cpu.weight` (100 unless set), on v1 `cpu.shares` in the same scale.
    pub weight: Option<i64>,
    /// Share of the window in which some task of it waited for a CPU.
    pub pressure_some_ratio: Option<f64>,
}

/// Tasks of a group.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CgroupPids {
    /// Now, groups below included.
    pub current: Option<i64>,
    /// `pids.max`; absent without a limit.
    pub max: Option<i64>,
    /// Tasks by limit.
    pub used_ratio: Option<f64>,
    /// What its number does in the window: a class of growth, of groups followed in the samples.
    pub class: Option<String>,
    /// Growth, where it is steady.
    pub per_s: Option<f64>,
    /// Time until the limit is reached at that rate.
    pub eta_s: Option<f64>,
    /// Forks refused at the limit since the group began.
    pub refused: Option<i64>,
    /// Of these in the window.
    pub refused_in_window: Option<i64>,
    /// Its processes with most threads, where it is near its limit; at most 5.
    pub owners: Vec<Owner>,
}
