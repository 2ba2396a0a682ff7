//! Processes: the "top" view, and those whose memory grows (method M2).

use schemars::JsonSchema;
use serde::Serialize;

/// Processes of the host, the collector's own excluded.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Processes {
    /// Processes at the start of the window.
    pub count: Option<i64>,
    /// Threads of all.
    pub threads: Option<i64>,
    /// Processes by state letter (`R`, `S`, `D`, `I`, `T`, `t`, `Z`).
    pub states: std::collections::BTreeMap<String, i64>,
    /// The largest by CPU, then by resident memory; at most 200 of each.
    pub top: Vec<Process>,
    /// Processes whose memory or address space changed beyond noise in the window, the ones that
    /// grow first; the verdict of each is its class.
    pub growth: Vec<Growth>,
    /// Processes sampled often enough to tell a rising floor from a healthy saw-tooth (45 times).
    pub floors_judged: Option<i64>,
    /// Processes that still run what an update has replaced, programs first; at most 50. Deleted
    /// libraries are known of the processes whose mappings were read.
    pub outdated: Vec<Outdated>,
    /// Processes whose series was long enough to be judged.
    pub judged: Option<i64>,
    /// Processes that once needed far more memory than now, the largest peak first, at most 20.
    pub peaks: Vec<Peak>,
}

/// A process that once needed far more memory than now.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Peak {
    /// Stable name.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// Its largest memory: `VmHWM` since it started, or the highest sample of the window.
    pub peak_bytes: i64,
    /// Resident now.
    pub resident_bytes: i64,
    /// The peak came and went inside the window.
    pub in_window: bool,
    /// Time since start.
    pub age_s: Option<f64>,
    /// What the host would use if the peak came again now: used memory and the difference.
    pub demand_bytes: Option<i64>,
    /// The same by `MemTotal`: above 1 it does not fit.
    pub demand_ratio: Option<f64>,
}

/// One row of the "top" view.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Process {
    /// Process id.
    pub pid: i64,
    /// Parent.
    pub ppid: Option<i64>,
    /// Owner.
    pub uid: Option<i64>,
    /// Its name, where the source tells it (`ps`).
    pub user: Option<String>,
    /// Command name.
    pub comm: String,
    /// Command line, secrets masked; absent for kernel threads.
    pub cmdline: Option<String>,
    /// State letter.
    pub state: String,
    /// Priority as the kernel shows it.
    pub priority: Option<i64>,
    /// Nice value.
    pub nice: Option<i64>,
    /// Threads.
    pub threads: Option<i64>,
    /// `VmSize`.
    pub virtual_bytes: Option<i64>,
    /// `VmRSS`.
    pub resident_bytes: Option<i64>,
    /// Resident shared pages.
    pub shared_bytes: Option<i64>,
    /// `RssAnon`.
    pub anon_bytes: Option<i64>,
    /// `VmSwap`.
    pub swap_bytes: Option<i64>,
    /// CPU time in the window by window length: 1.0 is one CPU.
    pub cpu_ratio: Option<f64>,
    /// Resident by `MemTotal`.
    pub memory_ratio: Option<f64>,
    /// CPU time since start.
    pub cpu_time_s: Option<f64>,
    /// Time since start.
    pub age_s: Option<f64>,
    /// Time in the window that its first thread could have run and waited for a CPU, by window
    /// length.
    pub cpu_wait_ratio: Option<f64>,
    /// Times that its first thread was taken off a CPU while it could have gone on, since it
    /// started.
    pub involuntary_switches: Option<i64>,
    /// Times that its first thread moved to another CPU, since it started.
    pub migrations: Option<i64>,
    /// Who is killed first when memory runs out: -1000 (never) to 1000 (first).
    pub oom_score_adj: Option<i64>,
}

/// A process that still runs what an update has replaced.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Outdated {
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Its program itself was replaced, not only a library.
    pub is_program: bool,
    /// The replaced files; at most 5.
    pub files: Vec<String>,
    /// Time since start.
    pub age_s: Option<f64>,
}

/// A process whose memory changed, as the growth classifier sees it.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Growth {
    /// Stable name: the command, with its cgroup or first argument where two share it.
    pub name: String,
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Command line, secrets masked.
    pub cmdline: Option<String>,
    /// Time since start.
    pub age_s: Option<f64>,
    /// Series of resident private memory plus swap.
    pub resident: Option<Series>,
    /// Series of the private address space (`VmData`).
    pub virtual_space: Option<Series>,
    /// Slope of `resident` by slope of `virtual_space`.
    pub touched_ratio: Option<f64>,
    /// The mapping that grows, if smaps was read at two times.
    pub mapping: Option<Mapping>,
    /// Soft `RLIMIT_AS`; absent when unlimited.
    pub limit_address_space_bytes: Option<i64>,
    /// Soft `RLIMIT_DATA`; absent when unlimited.
    pub limit_data_bytes: Option<i64>,
    /// Time until the nearest real limit of the address space is reached at this slope.
    pub virtual_eta_s: Option<f64>,
    /// Which limit that is: `RLIMIT_AS`, `RLIMIT_DATA`, `CommitLimit`, `vm.max_map_count`.
    pub virtual_limit: Option<String>,
    /// Mappings at the last look.
    pub mappings: Option<i64>,
    /// Mappings that became more between the first look and the last.
    pub mappings_added: Option<i64>,
    /// Time until available memory is used up at the slope of `resident`: that of the host with its
    /// swap, or what a limit of its control groups leaves, if that is less.
    pub resident_eta_s: Option<f64>,
    /// The control group whose limit is nearer than the end of the host's memory.
    pub limit_group: Option<String>,
    /// That limit.
    pub limit_group_bytes: Option<i64>,
    /// Present size of `resident` by `MemTotal`.
    pub memory_ratio: Option<f64>,
    /// The process is younger than two minutes: start-up, not growth.
    pub starting: Option<bool>,
    /// Size of heap or cache that its command line allows (`-Xmx`, `--maxmemory`, `-m` of
    /// memcached): memory that fills up to it is no leak.
    pub configured_bytes: Option<i64>,
}

/// A classified series (M2).
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Series {
    /// `stable`, `steady`, `rising-floor`, `step`, `plateau`, `spike`, `sawtooth`,
    /// `growing-unclear` or `fluctuating`.
    pub class: String,
    /// `high`, `medium` or `low`, by the number of samples and the window.
    pub confidence: String,
    /// Samples.
    pub samples: i64,
    /// Length.
    pub span_s: f64,
    /// First value.
    pub first_bytes: i64,
    /// Last value.
    pub last_bytes: i64,
    /// Theil-Sen slope.
    pub slope_bytes_per_s: f64,
    /// Lower end of its 95 % band.
    pub slope_low_bytes_per_s: f64,
    /// Upper end.
    pub slope_high_bytes_per_s: f64,
    /// Mann-Kendall tau.
    pub tau: f64,
    /// Mann-Kendall statistic: above 2.576 it grows with p < 0.01.
    pub z: f64,
    /// R squared of the least-squares line.
    pub r2: f64,
    /// Slopes of the three thirds of the window.
    pub thirds_bytes_per_s: Vec<f64>,
    /// Largest single rise by all rises: near 1 for a step.
    pub jump_ratio: f64,
    /// All falls by all rises; absent when it never rose.
    pub give_back_ratio: Option<f64>,
    /// Noise floor: a smaller range is stable.
    pub noise_bytes: i64,
    /// Growth in the window.
    pub delta_bytes: i64,
    /// `slope * age / size`: near 1 when it has grown like this since it started.
    pub lifetime_linearity: Option<f64>,
    /// Falls by more than 30 % of the range: collections of a heap.
    pub drops: i64,
    /// Minima of six equal parts of the window: the level after each collection.
    pub floor_bytes: Vec<i64>,
    /// Rise of these minima by time.
    pub floor_slope_bytes_per_s: Option<f64>,
    /// Values for the sparkline, at most 120.
    pub points: Vec<i64>,
}

/// The mapping that grows.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Mapping {
    /// `[heap]`, `anon rw-p`, `[stack]`, a file, or a class with its number of mappings.
    pub name: String,
    /// Start now, hexadecimal without `0x`; absent when a class of many mappings grows.
    pub start_hex: Option<String>,
    /// End now.
    pub end_hex: Option<String>,
    /// Start of the part that is new since the first look.
    pub new_start_hex: Option<String>,
    /// End of that part.
    pub new_end_hex: Option<String>,
    /// Size of that part.
    pub new_bytes: Option<i64>,
    /// Growth in size between the two looks.
    pub delta_size_bytes: i64,
    /// Growth in resident and swapped memory.
    pub delta_resident_bytes: i64,
    /// Its share of the growth of the whole process.
    pub share_ratio: Option<f64>,
    /// Mappings of the class that were added.
    pub added_mappings: Option<i64>,
}
