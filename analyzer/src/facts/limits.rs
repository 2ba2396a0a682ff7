//! Limits on counts: descriptors, mappings, inotify, asynchronous I/O, entropy.

use schemars::JsonSchema;
use serde::Serialize;

/// Counts against their limits.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Limits {
    /// Open files of the host.
    pub files: Option<Use>,
    /// Asynchronous I/O requests of the host (`fs.aio-nr`).
    pub aio: Option<Use>,
    /// System V objects of the host's namespace: segments of shared memory, sets of semaphores,
    /// semaphores, message queues. Absent where not one of their tables was read.
    pub sysv: Vec<SysvUse>,
    /// Processes near their limit of descriptors, or whose descriptors grow; the nearest first, at
    /// most 50. Absent where descriptors were not counted.
    pub descriptors: Vec<Descriptors>,
    /// Processes whose threads grow steadily; at most 20. Absent without samples.
    pub threads: Vec<Threads>,
    /// Processes with more than half of the mappings that they may have; at most 20.
    pub mappings: Vec<Mappings>,
    /// Users with more than half of the inotify instances that they may have; at most 10.
    pub inotify: Vec<UserUse>,
    /// Entropy estimate, lowest value of the window.
    pub entropy_min: Option<i64>,
    /// Share of the samples in which it was below 200.
    pub entropy_low_ratio: Option<f64>,
    /// Tasks that wait for random numbers.
    pub entropy_waiters: Option<i64>,
}

/// A count against a limit.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Use {
    /// In use.
    pub used: i64,
    /// At most.
    pub limit: i64,
    /// Used by limit.
    pub used_ratio: f64,
}

/// System V objects of a kind against their limit.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SysvUse {
    /// `semaphore sets`.
    pub what: String,
    /// The parameter that limits them: `kernel.sem (SEMMNI)`.
    pub parameter: String,
    /// In use.
    pub used: i64,
    /// At most.
    pub limit: i64,
    /// Used by limit.
    pub used_ratio: f64,
}

/// Descriptors of a process.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Descriptors {
    /// Stable name: the command, with its process id where several have it.
    pub name: String,
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Open descriptors, at the end of the window.
    pub used: i64,
    /// Soft limit; absent when unlimited or not read.
    pub limit: Option<i64>,
    /// Used by limit.
    pub used_ratio: Option<f64>,
    /// Growth class of the count; absent without samples of it.
    pub class: Option<String>,
    /// Growth over the window.
    pub delta: Option<i64>,
    /// Descriptors by second, if the count grows steadily.
    pub per_s: Option<f64>,
    /// Time until the limit at that rate.
    pub eta_s: Option<f64>,
    /// What they lead to, the most frequent first.
    pub kinds: Vec<Kind>,
    /// It owns a listening socket.
    pub listens: bool,
    /// Control group.
    pub cgroup: Option<String>,
    /// A larger soft limit that its hard limit allows.
    pub suggested: Option<i64>,
    /// The line that sets this limit. Absent where none of the files that were read sets it: the
    /// unit of a package, the program itself, or the default of systemd does.
    pub limit_from: Option<SetBy>,
}

/// A line of a configuration file that sets a limit.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SetBy {
    /// The file, by its path on the host.
    pub path: String,
    /// Line.
    pub line: i64,
    /// What stands there.
    pub setting: String,
}

/// Descriptors of one kind.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Kind {
    /// `sockets`, `pipes`, `files and devices`, ….
    pub name: String,
    /// How many.
    pub count: i64,
}

/// Threads of a process that grow.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Threads {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Threads at the end of the window.
    pub used: i64,
    /// Growth over the window.
    pub delta: i64,
    /// By second.
    pub per_s: f64,
}

/// Mappings of a process.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Mappings {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Mappings.
    pub used: i64,
    /// `vm.max_map_count`.
    pub limit: i64,
    /// Used by limit.
    pub used_ratio: f64,
}

/// A count of one user against a limit.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct UserUse {
    /// User id.
    pub uid: i64,
    /// In use.
    pub used: i64,
    /// At most.
    pub limit: i64,
    /// Used by limit.
    pub used_ratio: f64,
}
