//! Tasks in the states and with the priorities that an expert looks for: stuck, stopped, zombie,
//! real-time, niced; and how near the host is to having no number left for another.

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::SetBy;

/// Tasks worth a look; the collector's own are left out everywhere.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Tasks {
    /// Threads in uninterruptible sleep in at least half of the samples, the most persistent
    /// first; at most 100. Absent without samples.
    pub stuck: Vec<Stuck>,
    /// User threads in D in at least 80 % of the samples, those left out that wait by design
    /// (vfork, freezer, debugger) and those that work in between.
    pub stuck_user: Option<i64>,
    /// Of these: in D in 90 % of the samples, for 30 s or longer, waiting for storage.
    pub stuck_storage: Option<i64>,
    /// Of these: in D in 90 % of the samples, for 30 s or longer, and reported as hung.
    pub stuck_reported: Option<i64>,
    /// User threads in D, mean of the samples, whichever they are; those left out that wait by
    /// design, and those that work in between.
    pub waiting_mean: Option<f64>,
    /// Of the threads that were in D at all, those seen most often; at most 5.
    pub waiting_most: Vec<Stuck>,
    /// Processes that were stopped or traced in at least 80 % of the samples; at most 50.
    pub stopped: Vec<Stopped>,
    /// Zombies.
    pub zombies: Option<Zombies>,
    /// User threads with a real-time or deadline policy, by CPU use; at most 50. Absent where
    /// threads were not read.
    pub real_time: Vec<RealTime>,
    /// User processes with a nice value other than 0, by CPU use; at most 50.
    pub niced: Vec<Niced>,
    /// Threads by CPU use; at most 30. Absent where threads were not read twice.
    pub busiest: Vec<Busy>,
    /// Who uses the CPUs, and who that serves others waits for one. Absent where threads were not
    /// sampled.
    pub contention: Option<Contention>,
    /// Tasks and the numbers they may have.
    pub numbers: Option<Numbers>,
}

/// Who uses the CPUs, and who waits for one.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Contention {
    /// Samples of threads that this rests on.
    pub samples: i64,
    /// CPUs used by jobs that are known to serve nobody: they accept no connections and are no
    /// services.
    pub batch_cpus: f64,
    /// Those that used most CPU time, the largest first; at most 5.
    pub jobs: Vec<Job>,
    /// Those that serve others and wanted a CPU, those that waited most first; at most 10.
    pub servers: Vec<Server>,
}

/// What belongs together: a service or a container by its control group, else a process group
/// (what a shell starts as one job, a daemon with its workers).
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Job {
    /// Name of the service, or of the process that used most; its ended children count as its own.
    pub name: String,
    /// That process.
    pub pid: i64,
    /// CPUs that it used from the start to the end of the collection, on average.
    pub cpus: f64,
    /// That by what all jobs used; not by all that was busy, which has the kernel's own work in it.
    pub share_ratio: f64,
    /// It is a service of systemd, a container or a virtual machine.
    pub is_service: bool,
    /// It accepts connections over TCP. Absent where that is not known, where it does in somebody's
    /// session, and of what is no service where it has sockets of other kinds.
    pub accepts: Option<bool>,
}

/// One that serves others: it accepts connections or is a service, or that may be so.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Server {
    /// Name of the service, or of the process that waited most.
    pub name: String,
    /// That process.
    pub pid: i64,
    /// As of jobs.
    pub accepts: Option<bool>,
    /// It is a service of systemd, a container or a virtual machine.
    pub is_service: bool,
    /// Threads of it that were ready to run and did not, on average: those seen running or ready
    /// in the samples less the CPU time used; of processes with one thread as the kernel counts it.
    pub waiting_mean: f64,
    /// The same less two standard errors of the count.
    pub waiting_at_least: f64,
    /// CPUs that it used, on average.
    pub cpus: f64,
    /// Waiting by waiting and running: the part of the time that it wanted a CPU and had none.
    pub wait_ratio: f64,
    /// CPU time of its job by that of all.
    pub share_ratio: f64,
}

/// A thread in uninterruptible sleep.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a rule names it")]
pub struct Stuck {
    /// Process.
    pub pid: i64,
    /// Thread.
    pub tid: i64,
    /// Command name.
    pub comm: String,
    /// A thread of the kernel itself.
    pub is_kernel: bool,
    /// Samples in which it was in D, by all samples.
    pub ratio: f64,
    /// From the first to the last sample in which it was in D.
    pub span_s: f64,
    /// Kernel function it waits in.
    pub wchan: Option<String>,
    /// The top of its kernel stack.
    pub frames: Vec<String>,
    /// What it waits for, by that function: `nfs`, `block`, `lock`, `vfork`, `freezer`, `trace`,
    /// `other`.
    pub cause: String,
    /// It waits by design (vfork, freezer, debugger, a kernel thread's usual sleep).
    pub by_design: bool,
    /// It ran between the samples: many short waits of one that reads or writes without a break,
    /// not one long one. Its own CPU time rose in at least a quarter of the steps from one sample
    /// in D to the next, or the scheduler put it on a CPU as often.
    pub works: bool,
    /// The kernel's log reports a hung task of this name in the last day.
    pub reported: bool,
    /// Control group.
    pub cgroup: Option<String>,
}

/// A stopped or traced process.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Stopped {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// `stopped` (T) or `traced` (t, or T with a tracer).
    pub kind: String,
    /// Share of the samples.
    pub ratio: f64,
    /// Who traces it.
    pub tracer: Option<String>,
    /// It owns a listening socket.
    pub listens: bool,
    /// It belongs to a service of systemd or to a container.
    pub is_service: bool,
    /// Its control group is frozen.
    pub frozen: bool,
    /// Control group.
    pub cgroup: Option<String>,
}

/// Zombies over the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Zombies {
    /// In the last sample.
    pub count: i64,
    /// In three consecutive samples or more, up to the last: not just waiting to be reaped.
    pub persistent: i64,
    /// Growth class of the count.
    pub class: Option<String>,
    /// Zombies that came by minute, if the count grows steadily.
    pub per_min: Option<f64>,
    /// Growth over the window.
    pub delta: Option<i64>,
    /// Kendall's tau of the count.
    pub tau: Option<f64>,
    /// By parent, those with most first; at most 10.
    pub parents: Vec<ZombieParent>,
}

/// A process that does not reap its children.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct ZombieParent {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Its persistent zombies.
    pub zombies: i64,
    /// Name of one of them.
    pub example: String,
    /// Since the oldest of them started.
    pub oldest_age_s: Option<f64>,
    /// Control group.
    pub cgroup: Option<String>,
    /// It is the first process of a container.
    pub is_container_init: bool,
}

/// A real-time thread.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct RealTime {
    /// Process.
    pub pid: i64,
    /// Thread.
    pub tid: i64,
    /// Command name.
    pub comm: String,
    /// `FIFO`, `RR` or `DEADLINE`.
    pub policy: String,
    /// Option of chrt(1) that sets it again: `-f`, `-r`, `-d`.
    pub chrt: String,
    /// Real-time priority, 1 to 99.
    pub priority: i64,
    /// CPU time in the window: 1.0 is one CPU.
    pub cpu_ratio: Option<f64>,
    /// CPU it last ran on.
    pub cpu: i64,
    /// That CPU is isolated, or the program is known to use real-time on purpose.
    pub deliberate: bool,
}

/// A process with a nice value.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Niced {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Nice value.
    pub nice: i64,
    /// CPU time in the window: 1.0 is one CPU.
    pub cpu_ratio: f64,
    /// It owns a listening socket.
    pub listens: bool,
    /// Known to run with this priority on purpose.
    pub deliberate: bool,
    /// Control group.
    pub cgroup: Option<String>,
}

/// A busy thread.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Busy {
    /// Process.
    pub pid: i64,
    /// Thread.
    pub tid: i64,
    /// Command name.
    pub comm: String,
    /// CPU time in the window: 1.0 is one CPU.
    pub cpu_ratio: f64,
    /// Samples in which it was running or waiting to run, by all samples.
    pub running_ratio: Option<f64>,
    /// A thread of the kernel itself.
    pub is_kernel: bool,
    /// Its process accepts connections outside of somebody's session, or belongs to a service.
    /// Absent where it is not known who listens.
    pub serves: Option<bool>,
    /// CPU it last ran on.
    pub cpu: i64,
}

/// How many tasks there are and may be.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Numbers {
    /// Tasks of the host: threads and zombies (fourth field of loadavg).
    pub total: i64,
    /// `kernel.pid_max`.
    pub pid_max: Option<i64>,
    /// `kernel.threads-max`.
    pub threads_max: Option<i64>,
    /// The smaller of both.
    pub limit: Option<i64>,
    /// Tasks by that limit.
    pub used_ratio: Option<f64>,
    /// Which of both it is.
    pub limit_name: Option<String>,
    /// Growth class of the number of tasks.
    pub class: Option<String>,
    /// Tasks by second, if the number grows steadily.
    pub per_s: Option<f64>,
    /// Time until the limit at that rate.
    pub eta_s: Option<f64>,
    /// The processes with most threads; at most 5.
    pub owners: Vec<Owner>,
    /// Users whose threads are half of their limit or more, those nearest to it first; at most 10.
    pub users: Vec<UserTasks>,
}

/// A process with its number of threads.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Owner {
    /// Process.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// Threads.
    pub threads: i64,
}

/// Threads of one user against `RLIMIT_NPROC`.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct UserTasks {
    /// User id.
    pub uid: i64,
    /// Threads.
    pub threads: i64,
    /// Lowest soft limit among the processes of the user.
    pub limit: i64,
    /// Threads by limit.
    pub used_ratio: f64,
    /// The line that sets this limit. Absent where none of the files that were read sets it.
    pub limit_from: Option<SetBy>,
}
