//! Processes and threads.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::method::mapping;
use crate::facts::plan::{Packed, Passes, Sampled};
use crate::parse::{
    Rows, cmdline, numa_maps, pid_cgroup, pid_io, pid_limits, pid_stat, pid_statm, pid_status, ps,
    smaps, smaps_rollup,
};

use super::{alike, number, pair};

/// A thread, by process and thread id; the first thread of a process has twice the same.
pub(crate) type Tid = (u32, u32);

/// One process in one sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    /// Start since boot: with the process id the identity of the process.
    pub(crate) start_ticks: u64,
    /// User and kernel time since start.
    pub(crate) cpu_ticks: u64,
    /// Page faults that had to read from a disk, since start; the lower half of the counter.
    pub(crate) major_faults: u32,
    pub(crate) threads: u32,
    /// State letter.
    pub(crate) state: u8,
}

/// A thread that runs or waits uninterruptibly.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) in_d: bool,
    /// Its own user and kernel time since start.
    pub(crate) cpu_ticks: u64,
    /// CPU that ran it last.
    pub(crate) processor: u16,
    pub(crate) comm: Box<str>,
}

/// One process, with what does not change or matters once.
#[derive(Clone, Debug)]
pub(crate) struct ProcessStat {
    pub(crate) comm: Box<str>,
    pub(crate) ppid: u32,
    /// Process group: a job of a shell, or a daemon with its workers.
    pub(crate) group: i64,
    /// CPU time of its children that have ended, and of theirs.
    pub(crate) reaped_ticks: u64,
    pub(crate) is_kernel_thread: bool,
    pub(crate) priority: i64,
    pub(crate) nice: i64,
    pub(crate) threads: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_bytes: u64,
    /// CPU that ran it last.
    pub(crate) processor: u16,
    pub(crate) task: Task,
}

/// Sizes of one process in one sample, from statm.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub(crate) struct Sizes {
    /// `resident - shared`.
    pub(crate) private_bytes: u64,
    pub(crate) shared_bytes: u64,
    pub(crate) data_bytes: u64,
}

/// Sizes and owner of one process in one sample, from status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) uid: Option<u32>,
    pub(crate) rss_anon_bytes: Option<u64>,
    pub(crate) swap_bytes: Option<u64>,
    pub(crate) data_bytes: Option<u64>,
    pub(crate) resident_bytes: Option<u64>,
    /// The most that was ever resident (`VmHWM`).
    pub(crate) peak_bytes: Option<u64>,
    /// Huge pages of hugetlbfs.
    pub(crate) hugetlb_bytes: Option<u64>,
}

/// Soft limits of a process; `None` is unlimited or not printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) address_space_bytes: Option<u64>,
    pub(crate) data_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    /// Up to where the soft limit may go; absent also where that is unlimited.
    pub(crate) open_files_hard: Option<u64>,
    pub(crate) processes: Option<u64>,
}

inputs! {
    /// Processes and threads.
    Process
    /// Processes and threads as their tool prints them.
    ps: Sampled<Rows<ps::PsRow>> = |p| p.sampled("commands/ps", |t, _| ps::parse(t));
    /// The same in the long form, with numbers of users, priorities and nice values.
    ps_long: Sampled<Rows<ps::PsRow>> = |p| p.sampled("commands/ps_l", |t, _| ps::parse(t));
    /// Processes in every sample.
    tasks: Packed<u32, Task> =
        |p| p.packed("packs/proc-pid/stat", Passes::All, number, |t, _| {
            pid_stat::times(t).map(|s| Some(task(&s)))
        });
    /// Processes at both ends of the collection.
    processes: Packed<u32, ProcessStat> =
        |p| p.packed("packs/proc-pid/stat", Passes::Ends, number, |t, e| {
            pid_stat::parse(t, e).map(|s| Some(process(&s)))
        });
    /// Names of processes in R or D, in every sample: many live too short to be seen at its ends.
    active: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/stat", Passes::All, number, |t, _| {
            if !is_active(t) {
                return Ok(None);
            }
            pid_stat::state(t).map(|(name, _)| Some(name.into()))
        });
    /// Sizes in every sample.
    sizes: Packed<u32, Sizes> =
        |p| p.packed("packs/proc-pid/statm", Passes::All, number, |t, e| {
            pid_statm::parse(t, e).map(|s| Some(sizes(s)))
        });
    /// Sizes of the largest processes and of growers in every sample, of all at the start.
    status: Packed<u32, Status> =
        |p| p.packed("packs/proc-pid/status", Passes::All, number, |t, _| {
            pid_status::sizes(t).map(|s| Some(status(&s)))
        });
    /// Command lines, arguments joined by blanks.
    cmdlines: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/cmdline", Passes::Ends, number, |t, _| Ok(arguments(t)));
    /// Programs, where the link leads to a file that was deleted.
    deleted_programs: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/exe", Passes::First, number, |t, _| {
            Ok(t.trim_end().strip_suffix(" (deleted)").map(Into::into))
        });
    /// Under which login each was started; those of the system are left out.
    login_uids: Packed<u32, u32> =
        |p| p.packed("packs/proc-pid/loginuid", Passes::First, number, |t, _| {
            // `AUDIT_UID_UNSET` is no user.
            Ok(t.trim().parse().ok().filter(|uid| *uid != u32::MAX))
        });
    /// What the kernel adds when it chooses whom to kill.
    oom_score_adj: Packed<u32, i64> =
        |p| p.packed("packs/proc-pid/oom_score_adj", Passes::First, number, |t, _| {
            let adj = t.trim().parse();
            adj.map(Some).map_err(|_e| crate::parse::ParseError::new(1, t, "a number"))
        });
    /// What the kernel thinks of killing each when memory is gone.
    oom_score: Packed<u32, u64> =
        |p| p.packed("packs/proc-pid/oom_score", Passes::First, number, |t, _| {
            let score = t.trim().parse();
            score.map(Some).map_err(|_e| crate::parse::ParseError::new(1, t, "a number"))
        });
    /// Limits of memory, of open files, and of processes.
    limits: Packed<u32, Limits> =
        |p| p.packed("packs/proc-pid/limits", Passes::First, number, alike(|t| {
            pid_limits::parse(t).map(|l| Some(limits(&l)))
        }));
    /// Control group of each process.
    cgroups: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/cgroup", Passes::First, number, alike(|t| {
            Ok(pid_cgroup::parse(t)?.of_controller("memory").map(Into::into))
        }));
    /// Sockets that processes hold, by process and descriptor.
    socket_inodes: Packed<Tid, u64> =
        |p| p.packed("packs/proc-pid/fd", Passes::Ends, pair, |t, _| Ok(socket_inode(t)));
    /// Threads in R or D, of all processes or of those that were looked at.
    active_threads: Packed<Tid, Thread> =
        |p| p.packed("packs/proc-task/stat", Passes::All, pair, |t, e| {
            if !is_active(t) {
                return Ok(None);
            }
            pid_stat::parse(t, e).map(|s| Some(Thread {
                in_d: s.state == 'D',
                cpu_ticks: s.user_ticks.saturating_add(s.system_ticks),
                processor: processor(&s),
                comm: s.comm.into(),
            }))
        });
    /// Kernel function in which a thread waits.
    wchan: Packed<Tid, Box<str>> =
        |p| p.packed("packs/proc-task/wchan", Passes::All, pair, |t, _| {
            Ok(Some(t.trim()).filter(|w| !matches!(*w, "" | "0")).map(Into::into))
        });
    /// The same from the kernel stack: kernels before 5.16 answer `0` in wchan when they are built
    /// without frame pointers, as Debian's and Red Hat's are.
    top_frames: Packed<Tid, Box<str>> =
        |p| p.packed("packs/proc-task/stack", Passes::All, pair, |t, _| {
            Ok(top_frame(t).map(Into::into))
        });
    /// Exact memory of each process.
    rollups: Packed<u32, smaps_rollup::SmapsRollup> =
        |p| p.packed("packs/proc-pid/smaps_rollup", Passes::All, number, |t, _| {
            smaps_rollup::parse(t).map(Some)
        });
    /// Mappings of the growers and of the largest processes.
    mappings: Packed<u32, Vec<mapping::Vma>> =
        |p| p.packed("packs/proc-pid/smaps", Passes::All, number, |t, _| {
            Ok(Some(smaps::parse(t)?.rows.into_iter().map(vma).collect()))
        });
    /// On which nodes the memory of the largest processes lies.
    numa_maps: Packed<u32, NumaMaps> =
        |p| p.packed("packs/proc-pid/numa_maps", Passes::All, number, |t, e| {
            numa_maps::parse(t, e).map(|rows| Some(numa(&rows.rows)))
        });
    /// Bytes written towards disks, at both ends.
    written: Packed<u32, u64> =
        |p| p.packed("packs/proc-pid/io", Passes::Ends, number, |t, _| {
            pid_io::parse(t).map(|io| Some(io.write_bytes))
        });
    /// Processes of the collector itself.
    own_pids: Sampled<BTreeSet<u32>> = |p| p.sampled("probes/own_pids", |t, _| {
        Ok(t.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect())
    });
}

/// Where the memory of a process lies.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub(crate) struct NumaMaps {
    /// Bytes of all mappings by node.
    pub(crate) node_bytes: BTreeMap<u32, u64>,
    /// Bytes of mappings with anonymous pages by node.
    pub(crate) anon_node_bytes: BTreeMap<u32, u64>,
    /// Bytes by policy: `default`, `bind:0`, `interleave:0-1`.
    pub(crate) policy_bytes: BTreeMap<Box<str>, u64>,
}

/// Longest command line that is kept.
const MAX_ARGUMENTS: usize = 1000;

fn task(s: &pid_stat::Times) -> Task {
    Task {
        start_ticks: s.start_ticks,
        cpu_ticks: s.user_ticks.saturating_add(s.system_ticks),
        major_faults: u32::try_from(s.major_faults & 0xffff_ffff).unwrap_or(0),
        threads: u32::try_from(s.threads).unwrap_or(u32::MAX),
        // State letters are ASCII.
        state: u8::try_from(s.state).unwrap_or(b'?'),
    }
}

/// CPU of the last run; one that does not exist where the kernel does not tell.
fn processor(s: &pid_stat::PidStat<'_>) -> u16 {
    s.processor.and_then(|p| u16::try_from(p).ok()).unwrap_or(u16::MAX)
}

fn process(s: &pid_stat::PidStat<'_>) -> ProcessStat {
    ProcessStat {
        comm: s.comm.into(),
        ppid: s.ppid,
        group: s.process_group,
        reaped_ticks: s.reaped_ticks,
        is_kernel_thread: s.is_kernel_thread(),
        priority: s.priority,
        nice: s.nice,
        threads: s.threads,
        virtual_bytes: s.virtual_bytes,
        resident_bytes: s.resident_bytes,
        processor: processor(s),
        task: task(&s.times()),
    }
}

fn sizes(s: pid_statm::PidStatm) -> Sizes {
    Sizes {
        private_bytes: s.resident_bytes.saturating_sub(s.shared_bytes),
        shared_bytes: s.shared_bytes,
        data_bytes: s.data_bytes,
    }
}

/// In R or D, as far as the line can be read.
fn is_active(stat: &str) -> bool {
    matches!(pid_stat::quick_state(stat), Some(b'R' | b'D'))
}

fn status(s: &pid_status::Sizes) -> Status {
    Status {
        uid: s.uid,
        rss_anon_bytes: s.rss_anon_bytes,
        swap_bytes: s.vm_swap_bytes,
        data_bytes: s.vm_data_bytes,
        resident_bytes: s.vm_rss_bytes,
        peak_bytes: s.vm_hwm_bytes,
        hugetlb_bytes: s.hugetlb_bytes,
    }
}

fn numa(rows: &[numa_maps::NumaMapping]) -> NumaMaps {
    let mut maps = NumaMaps::default();
    let add = |to: &mut u64, bytes: u64| *to = to.saturating_add(bytes);
    for row in rows {
        for (node, bytes) in &row.node_bytes {
            add(maps.node_bytes.entry(*node).or_default(), *bytes);
            if row.anon_bytes.is_some_and(|anon| anon > 0) {
                add(maps.anon_node_bytes.entry(*node).or_default(), *bytes);
            }
            add(maps.policy_bytes.entry(row.policy.as_str().into()).or_default(), *bytes);
        }
    }
    maps
}

fn arguments(text: &str) -> Option<Box<str>> {
    let mut joined = cmdline::arguments(text).join(" ");
    if let Some((end, _)) = joined.char_indices().nth(MAX_ARGUMENTS) {
        joined.truncate(end);
        joined.push('…');
    }
    (!joined.trim().is_empty()).then(|| joined.trim().into())
}

fn limits(l: &pid_limits::PidLimits) -> Limits {
    let at = |bound| match bound {
        pid_limits::Bound::At(n) => Some(n),
        pid_limits::Bound::Unlimited => None,
    };
    let soft = |limit: Option<pid_limits::Limit>| at(limit?.soft);
    Limits {
        address_space_bytes: soft(l.address_space_bytes),
        data_bytes: soft(l.data_bytes),
        open_files: soft(l.open_files),
        open_files_hard: l.open_files.and_then(|limit| at(limit.hard)),
        processes: soft(l.processes),
    }
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// `[<0>] wait_on_page_bit_common+0x116/0x3b0`: the function of the topmost frame.
fn top_frame(stack: &str) -> Option<&str> {
    let (_, frame) = stack.lines().next()?.split_once("] ")?;
    frame.split_once('+').map(|(function, _)| function)
}

fn vma(v: smaps::Vma) -> mapping::Vma {
    let resident = v.rss_bytes.unwrap_or(0).saturating_add(v.swap_bytes.unwrap_or(0));
    mapping::Vma {
        start: v.start,
        end: v.end,
        perms: v.permissions,
        name: v.name,
        inode: v.inode,
        resident_bytes: resident,
    }
}
