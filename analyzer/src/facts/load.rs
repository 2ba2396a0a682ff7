//! Load average and what it is made of (method M6).

use schemars::JsonSchema;
use serde::Serialize;

/// Load of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Load {
    /// Load average over 1 minute, at the end of the window.
    pub one: Option<f64>,
    /// Over 5 minutes.
    pub five: Option<f64>,
    /// Over 15 minutes.
    pub fifteen: Option<f64>,
    /// `one` by CPUs online.
    pub one_per_cpu: Option<f64>,
    /// `five` by CPUs online.
    pub five_per_cpu: Option<f64>,
    /// `fifteen` by CPUs online.
    pub fifteen_per_cpu: Option<f64>,
    /// What the load is made of, from the samples; the collector's own tasks are subtracted.
    pub composition: Option<Composition>,
    /// Series for charts.
    pub series: Vec<LoadPoint>,
}

/// Mean numbers of tasks behind the load, and the verdict.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Composition {
    /// R: runnable tasks, mean.
    pub running_mean: f64,
    /// 95th percentile of R.
    pub running_p95: f64,
    /// B: tasks waiting in block I/O (`procs_blocked`), mean.
    pub blocked_mean: f64,
    /// D: tasks in uninterruptible sleep, mean. Absent without thread or process states.
    pub uninterruptible_mean: Option<f64>,
    /// D minus B, at least 0: uninterruptible, but not in block I/O (locks, NFS, vfork).
    pub uninterruptible_other_mean: Option<f64>,
    /// R by (R + D). Absent when nothing ran or waited.
    pub cpu_share_ratio: Option<f64>,
    /// B by (R + D).
    pub io_share_ratio: Option<f64>,
    /// (D - B) by (R + D).
    pub other_share_ratio: Option<f64>,
    /// `cpu`, `cpu/sys`, `io`, `d-other`, `mixed` or `idle-now`.
    pub verdict: Option<String>,
    /// System time by busy time of all CPUs.
    pub system_of_busy_ratio: Option<f64>,
    /// PSI: share of the window in which some task waited for a CPU.
    pub psi_cpu_some_ratio: Option<f64>,
    /// PSI: share of the window in which some task waited for I/O.
    pub psi_io_some_ratio: Option<f64>,
    /// Who was running, by samples in which a thread of it was in R; at most 10. Absent where the
    /// states of threads were not sampled.
    pub top_running: Vec<StateShare>,
    /// Who was in D, by samples; at most 10.
    pub top_uninterruptible: Vec<StateShare>,
}

/// A task and how often it was seen in a state.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct StateShare {
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Samples in which it was in the state.
    pub samples: i64,
    /// Share of all samples in which it was seen at all.
    pub ratio: f64,
    /// Kernel function it waited in, if known.
    pub wchan: Option<String>,
}

/// One sample for the charts.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct LoadPoint {
    /// Seconds since the first sample.
    pub at_s: f64,
    /// Load average over 1 minute.
    pub one: Option<f64>,
    /// Runnable tasks, the collector's own subtracted.
    pub running: Option<f64>,
    /// Tasks in block I/O.
    pub blocked: Option<f64>,
    /// Tasks in uninterruptible sleep.
    pub uninterruptible: Option<f64>,
}
