//! Chapter: the load average and what it is made of (M6).

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::pressure::{Pressure, Stall};

use super::super::cpu::Cpu;
use super::super::inputs::{Inputs, Tid};
use super::super::load::{Composition, Load, LoadPoint, StateShare};
use super::super::method::load::{self as method, Context, Sample};
use super::super::method::num::{from_i64, from_len, from_u64, len, ratio};
use super::super::plan::{Packed, Reading, Sampled};
use super::Book;
use super::book::too_few;
use super::window::{Window, seconds};

/// Points that a chart shows.
const MAX_POINTS: usize = 600;

pub(super) fn build(inputs: &Inputs, window: &Window, cpu: &Cpu, book: &mut Book) -> Load {
    let mut load = Load::default();
    let kernel = book.last("load", &inputs.cpu.loadavg).map(|l| (l.one, l.five, l.fifteen));
    let averages = book
        .or_first("load", kernel, &inputs.host.uptime_text, |u| Some((u.one, u.five, u.fifteen)));
    if let Some((one, five, fifteen)) = averages {
        let per_cpu = |x: f64| ratio(x, from_i64(cpu.online?));
        load.one = Some(one);
        load.five = Some(five);
        load.fifteen = Some(fifteen);
        load.one_per_cpu = per_cpu(one);
        load.five_per_cpu = per_cpu(five);
        load.fifteen_per_cpu = per_cpu(fifteen);
        for (fact, known) in [
            ("load.one_per_cpu", load.one_per_cpu.is_some()),
            ("load.five_per_cpu", load.five_per_cpu.is_some()),
            ("load.fifteen_per_cpu", load.fifteen_per_cpu.is_some()),
        ] {
            if known {
                let base = fact.trim_end_matches("_per_cpu");
                book.source(fact, Locator::facts([base, "cpu.online"]));
            } else {
                book.absent(fact, Absence::new(Reason::NotCollected, "CPUs online not known"));
            }
        }
    }
    let states = States::of(inputs, window);
    let samples = samples(inputs, window, &states);
    load.series = series(inputs, window, &samples);
    load.composition = composition(inputs, window, cpu, load.one, &samples, &states, book);
    load
}

/// Which tasks were in R and in D in each sample, the collector's own left out.
struct States {
    running: BTreeMap<u32, BTreeSet<u32>>,
    uninterruptible: BTreeMap<u32, BTreeSet<Tid>>,
    /// Own tasks in R by pass.
    own_running: BTreeMap<u32, usize>,
    /// Samples in which each process that once ran was seen at all.
    seen: BTreeMap<u32, usize>,
}

impl States {
    fn of(inputs: &Inputs, window: &Window) -> Self {
        let own = own(inputs);
        let mut states = Self {
            running: BTreeMap::new(),
            uninterruptible: BTreeMap::new(),
            own_running: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        for (reading, pack) in window.readings(&inputs.process.tasks) {
            let running = states.running.entry(reading.pass).or_default();
            let stuck = states.uninterruptible.entry(reading.pass).or_default();
            let own_running = states.own_running.entry(reading.pass).or_default();
            for (pid, task) in &pack.rows {
                let is_own = own.contains(pid);
                *own_running += usize::from(is_own && task.state == b'R');
                if is_own {
                    continue;
                }
                match task.state {
                    b'R' => _ = running.insert(*pid),
                    b'D' => _ = stuck.insert((*pid, *pid)),
                    _ => {}
                }
            }
        }
        for (reading, pack) in window.readings(&inputs.process.active_threads) {
            let stuck = states.uninterruptible.entry(reading.pass).or_default();
            let running = states.running.entry(reading.pass).or_default();
            for (tid, thread) in pack.rows.iter().filter(|(tid, _)| !own.contains(&tid.0)) {
                if thread.in_d {
                    stuck.insert(*tid);
                } else {
                    running.insert(tid.0);
                }
            }
        }
        states.seen = states.times_seen(inputs, window);
        states
    }

    fn times_seen(&self, inputs: &Inputs, window: &Window) -> BTreeMap<u32, usize> {
        let tasks = window.readings(&inputs.process.tasks);
        let times = |pid: &u32| tasks.iter().filter(|(_, pack)| pack.get(pid).is_some()).count();
        let running: BTreeSet<u32> = self.running.values().flatten().copied().collect();
        running.into_iter().map(|pid| (pid, times(&pid))).collect()
    }
}

/// Process ids of the collector's own tree, over all samples.
pub(super) fn own(inputs: &Inputs) -> BTreeSet<u32> {
    inputs.process.own_pids.good().flat_map(|(_, pids)| pids.iter().copied()).collect()
}

fn samples(inputs: &Inputs, window: &Window, states: &States) -> Vec<(u32, u64, Sample)> {
    window
        .readings(&inputs.cpu.stat)
        .into_iter()
        .filter_map(|(reading, stat)| {
            // The task that reads /proc/stat runs, whatever else is known of our own tasks.
            let own = states.own_running.get(&reading.pass).copied().unwrap_or(0).max(1);
            let running = from_u64(stat.running?) - from_len(own);
            let stuck = states.uninterruptible.get(&reading.pass);
            let sample = Sample {
                running: running.max(0.0),
                blocked: from_u64(stat.blocked?),
                uninterruptible: stuck.map(|tasks| from_len(tasks.len())),
            };
            Some((reading.pass, reading.mono_us, sample))
        })
        .collect()
}

fn series(inputs: &Inputs, window: &Window, samples: &[(u32, u64, Sample)]) -> Vec<LoadPoint> {
    let averages: BTreeMap<u32, f64> =
        inputs.cpu.loadavg.good().map(|(r, l)| (r.pass, l.one)).collect();
    let step = samples.len().div_ceil(MAX_POINTS).max(1);
    let point = |(pass, mono_us, s): &(u32, u64, Sample)| LoadPoint {
        at_s: window.at_s(*mono_us),
        one: averages.get(pass).copied(),
        running: Some(s.running),
        blocked: Some(s.blocked),
        uninterruptible: s.uninterruptible,
    };
    samples.iter().step_by(step).map(point).collect()
}

const FACT: &str = "load.composition";

/// Why parts of the composition are absent.
fn say_absences(l: &method::Load, context: &Context, inputs: &Inputs, book: &mut Book) {
    if l.uninterruptible.is_none() {
        for field in ["uninterruptible_mean", "uninterruptible_other_mean", "verdict"] {
            book.absent(format!("{FACT}.{field}"), inputs.process.tasks.absence());
        }
    }
    if l.shares.is_none() {
        for field in ["cpu_share_ratio", "io_share_ratio", "other_share_ratio"] {
            let absence = Absence::new(Reason::NotApplicable, "no task ran or waited");
            book.absent(format!("{FACT}.{field}"), absence);
        }
    }
    if context.system_of_busy.is_none() {
        let absence = Absence::new(Reason::NotApplicable, "the CPUs were idle all the time");
        book.absent(format!("{FACT}.system_of_busy_ratio"), absence);
    }
}

/// Why no kernel function stands beside some of the tasks.
fn say_waits(
    top_running: &[StateShare],
    top_uninterruptible: &[StateShare],
    inputs: &Inputs,
    book: &mut Book,
) {
    for i in 0..top_running.len() {
        let absence = Absence::new(Reason::NotApplicable, "it was running, not waiting");
        book.absent(format!("{FACT}.top_running.{i}.wchan"), absence);
    }
    for (i, _) in top_uninterruptible.iter().enumerate().filter(|(_, t)| t.wchan.is_none()) {
        let why = inputs.process.wchan.first().err().unwrap_or_else(|| {
            Absence::of(Reason::Missing, &inputs.process.wchan.path, "it was not looked at")
        });
        book.absent(format!("{FACT}.top_uninterruptible.{i}.wchan"), why);
    }
}

fn composition(
    inputs: &Inputs,
    window: &Window,
    cpu: &Cpu,
    load_one: Option<f64>,
    samples: &[(u32, u64, Sample)],
    states: &States,
    book: &mut Book,
) -> Option<Composition> {
    let bare: Vec<Sample> = samples.iter().map(|(_, _, s)| *s).collect();
    let time = cpu.time.as_ref();
    let some = |p: &Pressure| p.some;
    let psi_cpu =
        psi(window, &inputs.cpu.psi_cpu, some, "load.composition.psi_cpu_some_ratio", book);
    let psi_io = psi(window, &inputs.cpu.psi_io, some, "load.composition.psi_io_some_ratio", book);
    let context = Context {
        load_one,
        idle_iowait: time.map(|t| t.idle_ratio + t.iowait_ratio),
        iowait: time.map(|t| t.iowait_ratio),
        system_of_busy: time.and_then(super::super::cpu::CpuTime::system_of_busy),
        psi_cpu_some: psi_cpu,
        psi_io_some: psi_io,
        busiest: super::processes::busiest(inputs, window),
    };
    let composed = if bare.len() < 2 {
        let absence = too_few(&inputs.cpu.stat.path, bare.len(), 2);
        book.known(
            FACT,
            inputs
                .cpu
                .stat
                .first()
                .map_or_else(|_| Err(inputs.cpu.stat.absence()), |_| Err(absence)),
        )
    } else {
        method::compose(&bare, &context)
    };
    let l: method::Load = composed?;
    book.sources(
        FACT,
        [&inputs.cpu.stat.path, &inputs.process.tasks.path, &inputs.process.active_threads.path]
            .map(|p| Locator::entry(p.as_str()))
            .to_vec(),
    );
    say_absences(&l, &context, inputs, book);
    let top_running = top_running(inputs, window, states, book);
    let top_uninterruptible = top_uninterruptible(inputs, states);
    say_waits(&top_running, &top_uninterruptible, inputs, book);
    Some(Composition {
        running_mean: l.running,
        running_p95: l.running_p95,
        blocked_mean: l.blocked,
        uninterruptible_mean: l.uninterruptible,
        uninterruptible_other_mean: l.uninterruptible_other,
        cpu_share_ratio: l.shares.map(|s| s.cpu),
        io_share_ratio: l.shares.map(|s| s.io),
        other_share_ratio: l.shares.map(|s| s.other),
        verdict: l.verdict.map(Into::into),
        system_of_busy_ratio: context.system_of_busy,
        psi_cpu_some_ratio: psi_cpu,
        psi_io_some_ratio: psi_io,
        top_running,
        top_uninterruptible,
    })
}

/// Share of the window in which some task waited, or all did, by the growth of the total.
pub(super) fn psi(
    window: &Window,
    source: &Sampled<Pressure>,
    kind: impl Fn(&Pressure) -> Option<Stall>,
    fact: &str,
    book: &mut Book,
) -> Option<f64> {
    let Some(ends) = window.ends(source) else {
        let good = source.good().count();
        let absence = if good == 0 { source.absence() } else { too_few(&source.path, good, 2) };
        return book.known(fact, Err(absence));
    };
    let stall = |r: (&Reading<_>, &Pressure)| kind(r.1).map(|s| s.stall_us);
    let grown = stall(ends.last).zip(stall(ends.first)).and_then(|(b, a)| b.checked_sub(a));
    let Some(grown) = grown else {
        let detail = "this kernel does not count it";
        return book.known(fact, Err(Absence::of(Reason::Missing, &source.path, detail)));
    };
    book.source(fact, Locator::entry(source.entry(ends.last.0.pass)));
    ratio(seconds(grown), ends.span_s).map(|r| r.min(1.0))
}

/// Processes of which some thread was seen running. The state of a process is that of its first
/// thread alone, which sleeps while the others work: without the threads the list would name
/// bystanders.
fn top_running(
    inputs: &Inputs,
    window: &Window,
    states: &States,
    book: &mut Book,
) -> Vec<StateShare> {
    if window.readings(&inputs.process.active_threads).is_empty() {
        let detail =
            "the states of threads were not sampled; processes.top tells who used the CPUs";
        let absence =
            Absence::of(Reason::NotCollected, &inputs.process.active_threads.path, detail);
        book.absent(format!("{FACT}.top_running"), absence);
        return Vec::new();
    }
    let seen = states.running.values().flatten().copied();
    let share = |(pid, samples): (u32, usize)| StateShare {
        pid: pid.into(),
        comm: comm(inputs, pid),
        samples: len(samples),
        ratio: method::share_of(samples, states.seen.get(&pid).copied().unwrap_or(samples)),
        wchan: None,
    };
    method::most_often(seen).into_iter().map(share).collect()
}

fn top_uninterruptible(inputs: &Inputs, states: &States) -> Vec<StateShare> {
    let seen = states.uninterruptible.values().flatten().copied();
    let all = states.uninterruptible.len();
    let waits_in = |tid| {
        let at = |functions: &Packed<Tid, Box<str>>| -> Option<Box<str>> {
            functions.good().find_map(|(_, p)| p.get(&tid)).cloned()
        };
        at(&inputs.process.wchan).or_else(|| at(&inputs.process.top_frames))
    };
    let share = |(tid, samples): (Tid, usize)| StateShare {
        pid: tid.0.into(),
        comm: comm(inputs, tid.0),
        samples: len(samples),
        ratio: method::share_of(samples, all),
        wchan: waits_in(tid).map(Into::into),
    };
    method::most_often(seen).into_iter().map(share).collect()
}

/// Command name of a process in R or D.
fn comm(inputs: &Inputs, pid: u32) -> String {
    let named = inputs.process.active.good().find_map(|(_, p)| p.get(&pid)).map(|c| &**c);
    let whole = || inputs.process.processes.good().find_map(|(_, p)| p.get(&pid)).map(|p| &*p.comm);
    let thread = || {
        let packs = inputs.process.active_threads.good();
        packs.flat_map(|(_, p)| &p.rows).find(|(tid, _)| tid.0 == pid).map(|(_, t)| &*t.comm)
    };
    named.or_else(whole).or_else(thread).unwrap_or("?").to_owned()
}
