//! Processors and where their time went in the window.

use schemars::JsonSchema;
use serde::Serialize;

/// Processors of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Cpu {
    /// CPUs online.
    pub online: Option<i64>,
    /// CPUs present.
    pub present: Option<i64>,
    /// CPUs that are offline, as a list.
    pub offline: Option<String>,
    /// Whether threads of a core are used: `on`, `off`, `forceoff`, `notsupported`.
    pub smt: Option<String>,
    /// Microcode of the first CPU.
    pub microcode: Option<String>,
    /// Revisions of microcode, where the CPUs have several; the one of most CPUs first.
    pub microcodes: Vec<CpuKind>,
    /// Kinds of cores, where there are several, by model and first-level data cache; that of most
    /// CPUs first.
    pub core_kinds: Vec<CpuKind>,
    /// Sockets that hold an online CPU.
    pub sockets: Option<i64>,
    /// Physical cores.
    pub cores: Option<i64>,
    /// Model name of the first CPU.
    pub model: Option<String>,
    /// NUMA nodes with memory.
    pub numa_nodes: Option<i64>,
    /// Sockets, cores and CPUs as `/proc/cpuinfo` tells them: the second of three sources.
    pub cpuinfo: Option<CpuinfoCounts>,
    /// Flags worth knowing, those of this architecture.
    pub flags: Vec<CpuFlag>,
    /// Caches, the nearest first.
    pub caches: Vec<CpuCache>,
    /// Shares of all CPU time in the window; our own collection included.
    pub time: Option<CpuTime>,
    /// Share of time that was neither idle nor iowait, all CPUs together.
    pub busy_ratio: Option<f64>,
    /// Intervals between samples in which all CPUs together were at least 95 % busy, by all.
    pub full_samples_ratio: Option<f64>,
    /// Stolen by the hypervisor; absent where the hypervisor does not tell its guests.
    pub steal_ratio: Option<f64>,
    /// Context switches by second and CPU.
    pub switches_per_s_per_cpu: Option<f64>,
    /// CPUs kept out of scheduling (`isolcpus`).
    pub isolated: Vec<i64>,
    /// CPUs that run without a tick while one task has them (`nohz_full`).
    pub nohz_full: Vec<i64>,
    /// Each CPU in the window, at most 1024.
    pub each: Vec<CpuUse>,
    /// When the intervals of `each.*.interval_busy_ratio` end, in seconds since the first sample.
    pub interval_end_s: Vec<f64>,
    /// Run queues: tasks that waited on each CPU, at most 1024. Absent without scheduler statistics.
    pub run_queues: Vec<RunQueue>,
    /// Work that queues on some CPUs while others idle. Absent where threads were not sampled.
    pub imbalance: Option<Imbalance>,
}

/// What `/proc/cpuinfo` counts. Outside x86 it tells neither socket nor core.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuinfoCounts {
    /// Sockets that hold an online CPU.
    pub sockets: Option<i64>,
    /// Physical cores with an online CPU.
    pub cores: Option<i64>,
    /// CPUs online.
    pub cpus: i64,
}

/// A flag of the first CPU.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuFlag {
    /// As the kernel writes it.
    pub name: String,
    /// The CPU has it.
    pub present: bool,
    /// What hangs on it.
    pub meaning: String,
}

/// Caches of one kind.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuCache {
    /// `L1d`, `L1i`, `L2`, `L3`.
    pub name: String,
    /// Size of one.
    pub size_bytes: Option<i64>,
    /// How many there are.
    pub count: Option<i64>,
    /// Online CPUs that share one.
    pub shared_by: Option<i64>,
    /// All of them together.
    pub total_bytes: Option<i64>,
}

/// CPUs that have something in common that others have not.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuKind {
    /// What: `0x1000065`, `Cortex part 0xd0b, 64K`.
    pub name: String,
    /// These CPUs, as a list.
    pub cpus: String,
}

/// One CPU in the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuUse {
    /// Number.
    pub cpu: i64,
    /// Neither idle nor iowait.
    pub busy_ratio: f64,
    /// User, nice included.
    pub user_ratio: f64,
    /// Kernel.
    pub system_ratio: f64,
    /// Hardware interrupts.
    pub irq_ratio: f64,
    /// Soft interrupts.
    pub softirq_ratio: f64,
    /// Stolen.
    pub steal_ratio: f64,
    /// Its busy share between each two samples. Empty where it was not online throughout.
    pub interval_busy_ratio: Vec<f64>,
    /// Threads running or waiting to run on it, mean over the samples. Absent where threads were
    /// not sampled.
    pub running_mean: Option<f64>,
}

/// The run queue of a CPU.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct RunQueue {
    /// Number.
    pub cpu: i64,
    /// Tasks that waited to run on it, mean over the window (`/proc/schedstat`).
    pub waiting_mean: Option<f64>,
    /// Tasks that ran or were ready to at one moment after the window; the collector's own are
    /// left out where they are named (`sched_debug`).
    pub runnable: Option<i64>,
    /// Their command names, at most 8.
    pub tasks: Vec<String>,
}

/// Work that queues on some CPUs while others idle.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Imbalance {
    /// Samples in which some CPU was at least 95 % busy with three or more threads to run, while a
    /// quarter of the others was at least 70 % idle; by all samples.
    pub ratio: f64,
    /// CPUs that were so crowded, by samples; at most 8.
    pub crowded: Vec<i64>,
    /// Threads that most often ran or waited there; at most 8.
    pub tasks: Vec<CrowdedTask>,
    /// All of these may run on few CPUs only (affinity, cpuset).
    pub pinned: bool,
    /// CPUs that were at least 70 % idle in the window.
    pub idle_cpus: i64,
}

/// A process on a crowded CPU.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CrowdedTask {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Samples in which a thread of it was there.
    pub samples: i64,
    /// CPUs on which it may run (`Cpus_allowed_list`).
    pub allowed: Option<String>,
}

/// Shares of CPU time, each between 0 and 1; together 1. Guest time is inside user.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuTime {
    /// User, nice excluded.
    pub user_ratio: f64,
    /// User with positive nice.
    pub nice_ratio: f64,
    /// Kernel.
    pub system_ratio: f64,
    /// Idle.
    pub idle_ratio: f64,
    /// Idle while a task of this CPU waits for I/O (unreliable per CPU).
    pub iowait_ratio: f64,
    /// Hardware interrupts.
    pub irq_ratio: f64,
    /// Soft interrupts.
    pub softirq_ratio: f64,
    /// Taken by the hypervisor.
    pub steal_ratio: f64,
}
