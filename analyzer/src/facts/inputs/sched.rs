//! Scheduling: who runs where and with which priority, interrupts, pressure, limits.

use crate::facts::plan::{Many, Packed, Passes, Sampled};
use crate::parse::interrupts::Interrupts;
use crate::parse::{
    ParseError, Rows, cgroup, cgroup_path, interrupts, irqbalance, pid_cgroup, pid_sched,
    pid_schedstat, pid_stat, pid_status, pressure, systemctl_show,
};

use super::{Tid, alike, number, pair, sys, text};

/// A thread at one end of the collection.
#[derive(Clone, Debug)]
pub(crate) struct ThreadStat {
    pub(crate) comm: Box<str>,
    pub(crate) state: u8,
    pub(crate) start_ticks: u64,
    pub(crate) cpu_ticks: u64,
    pub(crate) rt_priority: u32,
    pub(crate) policy: u32,
    pub(crate) processor: u32,
    pub(crate) is_kernel_thread: bool,
}

/// What status tells beside sizes.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    /// Who traces it; 0 for nobody.
    pub(crate) tracer_pid: u32,
    pub(crate) uid: Option<u32>,
    pub(crate) cpus_allowed: Box<str>,
    /// Memory nodes.
    pub(crate) mems_allowed: Option<Box<str>>,
}

inputs! {
    /// Scheduling: who runs where and with which priority, interrupts, pressure, limits.
    Sched
    /// Which CPUs may serve an interrupt, and which one does.
    irq: Packed<String, String> = |p| sys(p, "packs/proc/irq", Passes::First);
    /// What the daemon that spreads interrupts is told, on Debian and its kin.
    irqbalance_default: Sampled<Rows<String>> =
        |p| p.sampled("etc/default/irqbalance", |t, _| irqbalance::parse(t));
    /// The same elsewhere.
    irqbalance_sysconfig: Sampled<Rows<String>> =
        |p| p.sampled("etc/sysconfig/irqbalance", |t, _| irqbalance::parse(t));
    /// Threads at both ends of the collection.
    threads: Packed<Tid, ThreadStat> =
        |p| p.packed("packs/proc-task/stat", Passes::Ends, pair, |t, e| {
            pid_stat::parse(t, e).map(|s| Some(thread(&s)))
        });
    /// CPU of each thread that was in R.
    running: Packed<Tid, u32> =
        |p| p.packed("packs/proc-task/stat", Passes::All, pair, |t, e| {
            if pid_stat::quick_state(t) != Some(b'R') {
                return Ok(None);
            }
            pid_stat::parse(t, e).map(|s| s.processor)
        });
    /// Functions of the kernel stack of threads in D, the topmost first.
    stacks: Packed<Tid, Vec<Box<str>>> =
        |p| p.packed("packs/proc-task/stack", Passes::All, pair, |t, _| Ok(Some(frames(t))));
    /// Tracer, owner, allowed CPUs and memory nodes of each process.
    traits: Packed<u32, Traits> =
        |p| p.packed("packs/proc-pid/status", Passes::First, number, |t, _| {
            pid_status::parse(t).map(|s| Some(Traits {
                tracer_pid: s.tracer_pid.unwrap_or(0),
                uid: s.uid,
                cpus_allowed: s.cpus_allowed.unwrap_or("").into(),
                mems_allowed: s.mems_allowed.map(Into::into),
            }))
        });
    /// How the scheduler has treated the first threads of the largest processes.
    sched: Packed<u32, pid_sched::PidSched> =
        |p| p.packed("packs/proc-pid/sched", Passes::First, number, |t, _| {
            pid_sched::parse(t).map(Some)
        });
    /// How long the first thread of each process waited for a CPU, at both ends.
    waits: Packed<u32, pid_schedstat::PidSchedstat> =
        |p| p.packed("packs/proc-pid/schedstat", Passes::Ends, number, |t, _| {
            pid_schedstat::parse(t).map(Some)
        });
    /// Control groups of each process, in one hierarchy or several, the root left out.
    cgroups: Packed<u32, Vec<Box<str>>> =
        |p| p.packed("packs/proc-pid/cgroup", Passes::First, number, alike(|t| {
            Ok(Some(memberships(&pid_cgroup::parse(t)?)))
        }));
    /// Open descriptors of the processes that have most, in every sample; of all at its ends.
    fd_counts: Packed<u32, u64> =
        |p| p.packed("packs/proc-pid/fd_count", Passes::All, number, |t, _| count(t).map(Some));
    /// What the descriptors of each process lead to.
    fds: Packed<Tid, FdKind> =
        |p| p.packed("packs/proc-pid/fd", Passes::First, pair, |t, _| Ok(Some(FdKind::of(t))));
    /// Mappings of the processes that have most.
    maps_counts: Packed<u32, u64> =
        |p| p.packed("packs/proc-pid/maps_count", Passes::Ends, number, |t, _| count(t).map(Some));
    /// Open files of the host, unused, and at most.
    file_nr: Sampled<[u64; 3]> = |p| p.sampled("proc/sys/fs/file-nr", |t, _| file_nr(t));
    /// Entropy estimate of the kernel.
    entropy: Sampled<u64> =
        |p| p.sampled("proc/sys/kernel/random/entropy_avail", |t, _| count(t));
    /// Time lost waiting for memory.
    psi_memory: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/memory", |t, _| pressure::parse(t));
    /// Time lost to interrupts.
    psi_irq: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/irq", |t, _| pressure::parse(t));
    /// Interrupts by CPU.
    interrupts: Sampled<Interrupts> =
        |p| p.sampled("proc/interrupts", |t, _| interrupts::parse(t));
    /// Soft interrupts by CPU.
    softirqs: Sampled<Interrupts> = |p| p.sampled("proc/softirqs", |t, _| interrupts::parse(t));
    /// What systemd knows of its units, in archives of others.
    units: Many<Vec<systemctl_show::Unit>> = |p| p.many("commands/systemctl_show_", "", |_, b, _| {
        systemctl_show::parse(&text(b))
    });
    /// Control groups: all of them at the ends, those with limits in between.
    groups: Packed<String, String> = |p| sys(p, "packs/sys/cgroup", Passes::Ends);
    /// What the memory of groups is made of, of those that are followed, in every sample.
    group_memory: Packed<Box<str>, cgroup::MemoryParts> =
        |p| p.packed("packs/sys/cgroup", Passes::All, |k| of_group(k, "memory.stat"), |t, _| {
            cgroup::memory_parts(t).map(Some)
        });
    /// Their CPU time in microseconds; version 1 has a file for it.
    group_cpu: Packed<Box<str>, u64> = |p| p.packed(
        "packs/sys/cgroup",
        Passes::All,
        |k| of_group(k, "cpu.stat").or_else(|| of_group(k, "cpuacct.usage")),
        |t, _| cgroup::cpu_us(t),
    );
    /// Their tasks.
    group_tasks: Packed<Box<str>, u64> =
        |p| p.packed("packs/sys/cgroup", Passes::All, |k| of_group(k, "pids.current"), |t, _| {
            count(t).map(Some)
        });
}

/// What a descriptor leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FdKind {
    Socket,
    Pipe,
    Inotify,
    Epoll,
    Event,
    OtherAnonymous,
    Deleted,
    File,
}

impl FdKind {
    fn of(target: &str) -> Self {
        match target.split_once(':').map(|(kind, rest)| (kind, rest.trim_end())) {
            Some(("socket", _)) => Self::Socket,
            Some(("pipe", _)) => Self::Pipe,
            Some(("anon_inode", "inotify" | "[inotify]")) => Self::Inotify,
            Some(("anon_inode", "[eventpoll]")) => Self::Epoll,
            Some(("anon_inode", "[eventfd]")) => Self::Event,
            Some(("anon_inode", _)) => Self::OtherAnonymous,
            _ if target.trim_end().ends_with(" (deleted)") => Self::Deleted,
            _ => Self::File,
        }
    }

    /// The word of facts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "sockets",
            Self::Pipe => "pipes",
            Self::Inotify => "inotify",
            Self::Epoll => "epoll",
            Self::Event => "eventfd",
            Self::OtherAnonymous => "other kernel objects",
            Self::Deleted => "deleted files",
            Self::File => "files and devices",
        }
    }
}

/// The group that a file of this name belongs to. What the unified tree has beside version 1 its
/// controllers tell themselves.
fn of_group(key: &str, file: &str) -> Option<Box<str>> {
    if !key.ends_with(file) {
        return None;
    }
    let place = cgroup_path::parse(key)?;
    let is_it = place.file == file && place.tree != Some("unified");
    is_it.then(|| format!("/{}", place.group).into())
}

/// `[<0>] wait_on_page_bit_common+0x116/0x3b0`
fn frames(stack: &str) -> Vec<Box<str>> {
    let function = |line: &str| Some(line.split_once("] ")?.1.split_once('+')?.0.into());
    stack.lines().filter_map(function).take(MAX_FRAMES).collect()
}

/// Frames of a stack that are kept.
const MAX_FRAMES: usize = 8;

/// On v1 a process is in a group of each hierarchy, often in the root of most of them.
fn memberships(groups: &pid_cgroup::PidCgroup<'_>) -> Vec<Box<str>> {
    let named = groups.0.iter().find(|m| m.controllers.contains("name=")).map(|m| m.path);
    let of = ["pids", "memory", "cpu"].map(|c| groups.of_controller(c));
    let mut paths: Vec<Box<str>> = Vec::new();
    for path in [groups.unified(), named].into_iter().chain(of).flatten() {
        if path != "/" && !paths.iter().any(|p| **p == *path) {
            paths.push(path.into());
        }
    }
    paths
}

fn thread(s: &pid_stat::PidStat<'_>) -> ThreadStat {
    ThreadStat {
        comm: s.comm.into(),
        state: u8::try_from(s.state).unwrap_or(b'?'),
        start_ticks: s.start_ticks,
        cpu_ticks: s.user_ticks.saturating_add(s.system_ticks),
        rt_priority: s.rt_priority.unwrap_or(0),
        policy: s.policy.unwrap_or(0),
        processor: s.processor.unwrap_or(0),
        is_kernel_thread: s.is_kernel_thread(),
    }
}

fn count(text: &str) -> Result<u64, ParseError> {
    text.trim().parse().map_err(|_e| ParseError::new(1, text, "a count"))
}

/// `1234 0 9223372036854775807`.
fn file_nr(text: &str) -> Result<[u64; 3], ParseError> {
    let numbers: Vec<u64> = text.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect();
    numbers.try_into().map_err(|_e| ParseError::new(1, text, "three counts"))
}
