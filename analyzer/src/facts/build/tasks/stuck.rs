//! Tasks in uninterruptible sleep: who, how long, and what for.

use std::collections::BTreeMap;

use super::super::super::inputs::{Inputs, Tid};
use super::super::super::kernel_log::KernelLog;
use super::super::super::method::load::share_of;
use super::super::super::method::num::len;
use super::super::super::tasks::{Stuck, Tasks};
use super::super::window::{Window, seconds};
use super::who::Who;

const MAX_ROWS: usize = 100;
const MAX_FRAMES: usize = 5;
const MAX_MOST: usize = 5;
/// A wait in fewer samples than this share comes and goes.
const OFTEN: f64 = 0.5;

/// A thread whose CPU time rose in this share of the steps between its samples in D was not stuck:
/// one that is stuck cannot run at all, and a backup at full speed runs in every second. On a slow
/// disk that time does not rise by a tick; how often the scheduler put it on a CPU still tells.
const WORKS: f64 = 0.25;
/// As many times on a CPU by steps: some may lie between the first count and the first sample.
const OFTEN_ON_CPU: f64 = 1.0;
/// In D in nearly all samples, for so long: what could be lost for good.
const LONG: (f64, f64) = (0.9, 30.0);

/// In which samples a thread was in D.
#[derive(Default)]
struct Waits {
    samples: usize,
    first_us: u64,
    last_us: u64,
    /// Its CPU time at the last of them, where it is known.
    ticks: Option<u64>,
    /// Steps from one of them to the next in which that time rose.
    moved: usize,
    /// Which sample the last of them was, and how many there were in a row, now and at most.
    last: usize,
    row: usize,
    longest_row: usize,
}

impl Waits {
    fn add(&mut self, sample: usize, at_us: u64, ticks: Option<u64>) {
        self.row = if self.last + 1 == sample { self.row + 1 } else { 1 };
        self.longest_row = self.longest_row.max(self.row);
        self.last = sample;
        self.moved += usize::from(self.ticks.zip(ticks).is_some_and(|(old, new)| new > old));
        self.samples += 1;
        (self.last_us, self.ticks) = (at_us, ticks);
    }

    /// It ran between the samples, of which there were `of` in all; `slices` is how often it was
    /// put on a CPU since the first look. That tells nothing of one that was stuck for a while and
    /// ran before or after, and does not clear one that looks lost for good.
    fn works(&self, of: usize, slices: Option<u64>) -> bool {
        let steps = self.samples.saturating_sub(1);
        let in_pieces = self.samples == of || self.longest_row * 2 <= self.samples;
        let slices = slices.and_then(|n| usize::try_from(n).ok());
        let slices = slices.filter(|_| in_pieces && !self.is_long(of));
        share_of(self.moved, steps) >= WORKS
            || slices.is_some_and(|n| share_of(n, steps) >= OFTEN_ON_CPU)
    }

    fn is_long(&self, of: usize) -> bool {
        let (ratio, span_s) = LONG;
        share_of(self.samples, of) >= ratio && self.span_s() >= span_s
    }

    fn span_s(&self) -> f64 {
        seconds(self.last_us.saturating_sub(self.first_us))
    }
}

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    who: &Who<'_>,
    log: &KernelLog,
    tasks: &mut Tasks,
) {
    let (waits, samples) = waits(inputs, window, who);
    let hung: Vec<&str> = log.hung_task.as_ref().map_or_else(Vec::new, |h| {
        h.subjects.iter().filter(|s| s.in_day > 0).map(|s| s.name.as_str()).collect()
    });
    let mut waiting: Vec<(usize, Stuck)> = waits
        .into_iter()
        .map(|(tid, w)| {
            let mut row = row(inputs, who, tid);
            row.ratio = share_of(w.samples, samples);
            row.span_s = w.span_s();
            row.works = w.works(samples, slices(inputs, tid));
            row.reported = hung.contains(&row.comm.as_str());
            (w.samples, row)
        })
        .collect();
    waiting.sort_by(|(a, _), (b, _)| b.cmp(a));
    let is_held = |s: &Stuck| !s.by_design && !s.is_kernel && !s.works;
    let of_users = || waiting.iter().filter(|(_, s)| is_held(s));
    tasks.waiting_mean = Some(share_of(of_users().map(|(n, _)| n).sum(), samples));
    tasks.waiting_most = of_users().take(MAX_MOST).map(|(_, s)| s.clone()).collect();
    let mut stuck: Vec<Stuck> =
        waiting.into_iter().map(|(_, s)| s).filter(|s| s.ratio >= OFTEN).collect();
    let last = |s: &Stuck| s.by_design || s.works;
    stuck.sort_by(|a, b| {
        last(a).cmp(&last(b)).then(b.ratio.total_cmp(&a.ratio)).then(a.tid.cmp(&b.tid))
    });
    let user = || stuck.iter().filter(|s| is_held(s));
    let for_long = |s: &&Stuck| s.ratio >= LONG.0 && s.span_s >= LONG.1;
    let storage = |s: &&Stuck| matches!(s.cause.as_str(), "nfs" | "block");
    tasks.stuck_user = Some(len(user().filter(|s| s.ratio >= 0.8).count()));
    tasks.stuck_storage = Some(len(user().filter(for_long).filter(storage).count()));
    tasks.stuck_reported = Some(len(user().filter(for_long).filter(|s| s.reported).count()));
    stuck.truncate(MAX_ROWS);
    tasks.stuck = stuck;
}

/// How often a process' first thread was put on a CPU in the window.
fn slices(inputs: &Inputs, (pid, tid): Tid) -> Option<u64> {
    let looks = || inputs.sched.waits.good().filter_map(|(_, pack)| pack.get(&pid));
    let (first, last) = (looks().next()?, looks().next_back()?);
    (pid == tid).then(|| last.slices.checked_sub(first.slices)).flatten()
}

fn waits(inputs: &Inputs, window: &Window, who: &Who<'_>) -> (BTreeMap<Tid, Waits>, usize) {
    // The time of a process is that of all its threads: it tells of one only where that is all.
    let mut by_pass: BTreeMap<u32, (u64, BTreeMap<Tid, Option<u64>>)> = BTreeMap::new();
    for (reading, pack) in window.readings(&inputs.process.tasks) {
        let (_, waiting) = by_pass.entry(reading.pass).or_insert((reading.mono_us, [].into()));
        waiting.extend(
            pack.rows
                .iter()
                .filter(|(_, t)| t.state == b'D')
                .map(|(p, t)| ((*p, *p), (t.threads == 1).then_some(t.cpu_ticks))),
        );
    }
    for (reading, pack) in window.readings(&inputs.process.active_threads) {
        let (_, waiting) = by_pass.entry(reading.pass).or_insert((reading.mono_us, [].into()));
        let in_d = pack.rows.iter().filter(|(_, t)| t.in_d);
        waiting.extend(in_d.map(|(tid, t)| (*tid, Some(t.cpu_ticks))));
    }
    let samples = by_pass.len();
    let mut waits: BTreeMap<Tid, Waits> = BTreeMap::new();
    for (sample, (at_us, waiting)) in (1..).zip(by_pass.into_values()) {
        for (tid, ticks) in waiting.into_iter().filter(|(tid, _)| !who.own.contains(&tid.0)) {
            let w = waits.entry(tid).or_insert(Waits { first_us: at_us, ..Waits::default() });
            w.add(sample, at_us, ticks);
        }
    }
    (waits, samples)
}

fn row(inputs: &Inputs, who: &Who<'_>, tid: Tid) -> Stuck {
    let process = &inputs.process;
    let thread = inputs.sched.threads.good().find_map(|(_, p)| p.get(&tid));
    let comm = thread.map_or_else(|| who.comm(tid.0), |t| t.comm.to_string());
    let main = process.processes.good().find_map(|(_, p)| p.get(&tid.0));
    let is_kernel = thread
        .map(|t| t.is_kernel_thread)
        .or_else(|| main.map(|p| p.is_kernel_thread))
        .unwrap_or(false);
    let frames: Vec<String> = inputs
        .sched
        .stacks
        .good()
        .find_map(|(_, p)| p.get(&tid))
        .map(|frames| frames.iter().take(MAX_FRAMES).map(ToString::to_string).collect())
        .unwrap_or_default();
    let wchan = process.wchan.good().find_map(|(_, p)| p.get(&tid)).map(ToString::to_string);
    let wchan = wchan.or_else(|| frames.first().cloned());
    let cause = cause(wchan.as_deref(), &frames);
    Stuck {
        pid: tid.0.into(),
        tid: tid.1.into(),
        by_design: matches!(cause, "vfork" | "freezer" | "trace") || is_kernel && usual(&comm),
        comm,
        is_kernel,
        wchan,
        frames,
        cause: cause.to_owned(),
        cgroup: who.cgroup(tid.0),
        ..Stuck::default()
    }
}

/// What a task waits for, by the functions of its kernel stack. Names change little: these hold
/// from 2.6.32 to 6.18.
fn cause(wchan: Option<&str>, frames: &[String]) -> &'static str {
    const CAUSES: [(&str, &[&str]); 6] = [
        ("vfork", &["kernel_clone", "_do_fork", "do_fork", "wait_for_vfork_done"]),
        ("freezer", &["__refrigerator", "get_signal_to_deliver_frozen"]),
        ("trace", &["ptrace_stop", "ptrace_check_attach"]),
        ("nfs", &["nfs", "rpc_", "cifs", "smb2", "ceph", "fuse_", "request_wait_answer"]),
        (
            "block",
            &[
                "io_schedule",
                "blk_",
                "bio_",
                "submit_bio",
                "wait_on_page",
                "folio_wait",
                "wait_on_buffer",
                "jbd2_",
                "ext4_",
                "xfs_",
                "btrfs_",
                "balance_dirty_pages",
                "do_blockdev_direct",
                "__iomap_dio",
                "filemap_",
                "wbt_wait",
                "rq_qos_wait",
            ],
        ),
        (
            "lock",
            &["rwsem_down", "mutex_lock", "__down", "down_read", "down_write", "synchronize_"],
        ),
    ];
    let named = || wchan.into_iter().chain(frames.iter().map(String::as_str));
    let first = CAUSES
        .iter()
        .find(|(_, functions)| named().any(|name| functions.iter().any(|f| name.starts_with(f))));
    first.map_or("other", |(cause, _)| cause)
}

/// Kernel threads that sleep in D as their way of working.
fn usual(comm: &str) -> bool {
    const USUAL: [&str; 9] = [
        "jbd2/",
        "kworker/",
        "kswapd",
        "txg_sync",
        "txg_quiesce",
        "nfsd",
        "xfsaild",
        "md",
        "kcompactd",
    ];
    USUAL.iter().any(|u| comm.starts_with(u))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_waits_are_told_from_a_long_one() {
        let works = |in_d: &[usize], ticks: &[u64], slices| {
            let of = in_d.len().max(20);
            let mut w = Waits { first_us: in_d[0] as u64 * 1_000_000, ..Waits::default() };
            for (sample, ticks) in in_d.iter().zip(ticks) {
                w.add(*sample, *sample as u64 * 1_000_000, Some(*ticks));
            }
            w.works(of, slices)
        };
        let all: Vec<usize> = (1..=20).collect();
        assert!(!works(&all, &[7; 20], Some(0)), "it never ran");
        assert!(!works(&all, &[7; 20], None));
        assert!(works(&all, &[7; 20], Some(90)), "it ran for less than a tick a second");
        assert!(works(&all, &(0..20).collect::<Vec<_>>(), None), "its CPU time rose");
        assert!(!works(&all, &[7; 20], Some(15)), "before the first sample, perhaps");
        for later in [1, 4] {
            assert!(!works(&all[later..], &[7; 19], Some(500)), "it ran before it got stuck");
        }
        let now_and_then: Vec<usize> = all.iter().copied().filter(|n| n % 4 != 0).collect();
        assert!(works(&now_and_then, &[7; 15], Some(90)));
        let minute: Vec<usize> = (1..=60).collect();
        assert!(!works(&minute, &[7; 60], Some(5000)), "lost for good, for all that is known");
    }

    #[test]
    fn causes_by_function() {
        let frames = |f: &[&str]| f.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(cause(Some("kernel_clone"), &[]), "vfork");
        assert_eq!(cause(Some("rpc_wait_bit_killable"), &[]), "nfs");
        assert_eq!(cause(Some("folio_wait_bit"), &frames(&["folio_wait_bit", "nfs_wait"])), "nfs");
        assert_eq!(cause(Some("io_schedule"), &[]), "block");
        assert_eq!(cause(Some("rwsem_down_write_slowpath"), &[]), "lock");
        assert_eq!(cause(None, &[]), "other");
    }
}
