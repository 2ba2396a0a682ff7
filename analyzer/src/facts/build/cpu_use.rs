//! Chapter: each CPU in the window, and work that queues on some while others idle.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::cpulist;
use crate::parse::stat::{CpuTicks, Stat};

use super::super::cpu::{Cpu, CpuTime, CpuUse, CrowdedTask, Imbalance};
use super::super::inputs::Inputs;
use super::super::method::load::{most_often, share_of};
use super::super::method::num::{from_len, from_u64, len, ratio};
use super::super::plan::Reading;
use super::book::too_few;
use super::cpu::shares;
use super::window::{Window, seconds};
use super::{Book, load};

const MAX_CPUS: usize = 1024;
/// A CPU without a moment to spare.
const FULL: f64 = 0.95;
/// A CPU that could have helped.
const IDLE: f64 = 0.7;
/// Threads on one CPU from which somebody waits noticeably.
const CROWD: usize = 3;
/// Share of the other CPUs that must idle.
const HELPERS: f64 = 0.25;
const MAX_NAMED: usize = 8;

type Readings<'i> = Vec<(&'i Reading<Stat>, &'i Stat)>;

pub(super) fn build(inputs: &Inputs, window: &Window, cpu: &mut Cpu, book: &mut Book) {
    cpu.isolated = listed(inputs, "isolated");
    cpu.nohz_full = listed(inputs, "nohz_full");
    let readings = window.readings(&inputs.cpu.stat);
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return absent(inputs, book);
    };
    if readings.len() < 2 {
        return absent(inputs, book);
    }
    let time = shares(&first.1.all, &last.1.all);
    cpu.busy_ratio = time.as_ref().map(busy);
    let intervals = || readings.windows(2);
    let full = intervals().filter(|w| interval(w, |s| Some(s.all)).is_some_and(|b| b >= FULL));
    cpu.full_samples_ratio = Some(share_of(full.count(), readings.len().saturating_sub(1)));
    let source = || {
        let ends = [first.0.pass, last.0.pass].map(|p| Locator::line(inputs.cpu.stat.entry(p), 1));
        ends.to_vec()
    };
    for fact in ["cpu.busy_ratio", "cpu.full_samples_ratio"] {
        book.sources(fact, source());
    }
    steal(inputs, last.1, time.as_ref(), cpu, book);
    let span_s = seconds(last.0.mono_us.saturating_sub(first.0.mono_us));
    let switches = last.1.context_switches.zip(first.1.context_switches);
    let grown = switches.and_then(|(b, a)| b.checked_sub(a)).map(from_u64);
    let by_s = grown.and_then(|g| ratio(g, span_s));
    cpu.switches_per_s_per_cpu = by_s.and_then(|s| ratio(s, from_len(last.1.cpus.len())));
    if cpu.switches_per_s_per_cpu.is_none() {
        let absence = Absence::of(Reason::Missing, &inputs.cpu.stat.path, "no line ctxt");
        book.absent("cpu.switches_per_s_per_cpu", absence);
    }
    let queue = queue(inputs);
    cpu.each = each(first.1, last.1, &queue);
    for one in &mut cpu.each {
        one.interval_busy_ratio = series(&readings, one.cpu);
    }
    cpu.interval_end_s = readings.iter().skip(1).map(|(r, _)| window.at_s(r.mono_us)).collect();
    for fact in ["cpu.each", "cpu.interval_end_s"] {
        book.source(fact, Locator::entry(inputs.cpu.stat.entry(last.0.pass)));
    }
    if queue.is_empty() {
        let absence = inputs.sched.running.absence();
        book.absent("cpu.imbalance", absence.clone());
        for i in 0..cpu.each.len() {
            book.absent(format!("cpu.each.{i}.running_mean"), absence.clone());
        }
    } else {
        cpu.imbalance = Some(imbalance(inputs, &readings, &queue, cpu));
        book.sources(
            "cpu.imbalance",
            [&inputs.cpu.stat.path, &inputs.sched.running.path]
                .map(|p| Locator::entry(p.as_str()))
                .to_vec(),
        );
        let absence = Absence::new(Reason::NotCollected, "its status was not read");
        book.absent("cpu.imbalance.tasks", absence);
    }
}

fn absent(inputs: &Inputs, book: &mut Book) {
    let good = inputs.cpu.stat.good().count();
    let why =
        if good == 0 { inputs.cpu.stat.absence() } else { too_few(&inputs.cpu.stat.path, good, 2) };
    for fact in [
        "busy_ratio",
        "full_samples_ratio",
        "steal_ratio",
        "switches_per_s_per_cpu",
        "each",
        "interval_end_s",
        "imbalance",
    ] {
        book.absent(format!("cpu.{fact}"), why.clone());
    }
}

/// Hypervisors whose guests see steal time.
const TELLS: [&str; 8] =
    ["kvm", "xen", "firecracker", "amazon", "hyperv", "microsoft", "powervm", "zvm"];

/// A hypervisor that does not tell shows 0 for ever; where some was ever seen, it tells.
fn steal(inputs: &Inputs, last: &Stat, time: Option<&CpuTime>, cpu: &mut Cpu, book: &mut Book) {
    let ever = last.all.steal.is_some_and(|s| s > 0);
    let dmi = inputs.host.sys_dmi.first().ok();
    let maker = dmi.and_then(|p| p.get("class/dmi/id/sys_vendor")).map_or("", String::as_str);
    let silent = ["VMware", "innotek", "Oracle Corporation", "Parallels"];
    let mute = silent.iter().any(|s| maker.contains(s)) && !TELLS.contains(&maker);
    if mute && !ever {
        let absence = Absence::new(Reason::Missing, format!("{maker} does not report steal time"));
        book.absent("cpu.steal_ratio", absence);
    } else {
        cpu.steal_ratio = time.map(|t| t.steal_ratio);
        book.source("cpu.steal_ratio", Locator::facts(["cpu.time.steal_ratio"]));
    }
}

/// CPUs of a list of sysfs; that of none may be `(null)`.
fn listed(inputs: &Inputs, file: &str) -> Vec<i64> {
    let sys = inputs.cpu.sys_cpu.first().ok();
    let text = sys.and_then(|p| p.get(format!("devices/system/cpu/{file}").as_str()));
    let list = text.and_then(|t| cpulist::parse(t).ok()).unwrap_or_default();
    list.iter().take(MAX_CPUS).map(i64::from).collect()
}

fn busy(t: &CpuTime) -> f64 {
    (1.0 - t.idle_ratio - t.iowait_ratio).max(0.0)
}

/// Busy share between two readings.
fn interval(
    pair: &[(&Reading<Stat>, &Stat)],
    of: impl Fn(&Stat) -> Option<CpuTicks>,
) -> Option<f64> {
    let [a, b] = pair else { return None };
    shares(&of(a.1)?, &of(b.1)?).as_ref().map(busy)
}

fn ticks(stat: &Stat, cpu: u32) -> Option<CpuTicks> {
    let at = stat.cpus.binary_search_by_key(&cpu, |(n, _)| *n).ok()?;
    stat.cpus.get(at).map(|(_, t)| *t)
}

/// Busy shares of a CPU between each two readings, in thousandths; none where one lacks.
fn series(readings: &Readings<'_>, cpu: i64) -> Vec<f64> {
    let Ok(cpu) = u32::try_from(cpu) else { return Vec::new() };
    let share = |pair| interval(pair, |s| ticks(s, cpu)).map(|b| (b * 1000.0).round() / 1000.0);
    readings.windows(2).map(share).collect::<Option<_>>().unwrap_or_default()
}

/// Threads in R by pass and CPU, as (process, thread) with the collector left out.
fn queue(inputs: &Inputs) -> BTreeMap<u32, BTreeMap<u32, Vec<u32>>> {
    let own = load::own(inputs);
    let mut queue: BTreeMap<u32, BTreeMap<u32, Vec<u32>>> = BTreeMap::new();
    for (reading, pack) in inputs.sched.running.good().filter(|(r, _)| r.pass > 0) {
        let by_cpu = queue.entry(reading.pass).or_default();
        for ((pid, _), cpu) in pack.rows.iter().filter(|((pid, _), _)| !own.contains(pid)) {
            by_cpu.entry(*cpu).or_default().push(*pid);
        }
    }
    queue
}

fn each(first: &Stat, last: &Stat, queue: &BTreeMap<u32, BTreeMap<u32, Vec<u32>>>) -> Vec<CpuUse> {
    let row = |(cpu, now): &(u32, CpuTicks)| {
        let t = shares(&ticks(first, *cpu)?, now)?;
        let waiting = queue.values().filter_map(|by_cpu| by_cpu.get(cpu)).map(Vec::len).sum();
        Some(CpuUse {
            cpu: (*cpu).into(),
            busy_ratio: busy(&t),
            user_ratio: t.user_ratio + t.nice_ratio,
            system_ratio: t.system_ratio,
            irq_ratio: t.irq_ratio,
            softirq_ratio: t.softirq_ratio,
            steal_ratio: t.steal_ratio,
            interval_busy_ratio: Vec::new(),
            running_mean: ratio(from_len(waiting), from_len(queue.len())),
        })
    };
    last.cpus.iter().take(MAX_CPUS).filter_map(row).collect()
}

fn imbalance(
    inputs: &Inputs,
    readings: &Readings<'_>,
    queue: &BTreeMap<u32, BTreeMap<u32, Vec<u32>>>,
    cpu: &Cpu,
) -> Imbalance {
    let (mut uneven, mut samples) = (0_usize, 0_usize);
    let mut crowded: Vec<u32> = Vec::new();
    let mut pids: Vec<u32> = Vec::new();
    for pair in readings.windows(2) {
        let Some(by_cpu) = pair.get(1).and_then(|(r, _)| queue.get(&r.pass)) else { continue };
        samples += 1;
        let cpus = pair.get(1).map_or(&[][..], |(_, s)| &s.cpus[..]);
        let use_of = |n: u32| interval(pair, |s| ticks(s, n)).unwrap_or(0.0);
        let full: Vec<u32> = by_cpu
            .iter()
            .filter(|(n, waiting)| waiting.len() >= CROWD && use_of(**n) >= FULL)
            .map(|(n, _)| *n)
            .collect();
        let others = cpus
            .iter()
            .filter(|(n, _)| !full.contains(n) && !cpu.isolated.contains(&i64::from(*n)));
        let (idle, all) = others.fold((0_usize, 0_usize), |(idle, all), (n, _)| {
            (idle + usize::from(1.0 - use_of(*n) >= IDLE), all + 1)
        });
        if !full.is_empty() && all > 0 && share_of(idle, all) >= HELPERS {
            uneven += 1;
            let there = full.iter().filter_map(|n| by_cpu.get(n)).flatten();
            pids.extend(there.copied().collect::<BTreeSet<u32>>());
            crowded.extend(full);
        }
    }
    let tasks = crowded_tasks(inputs, pids);
    let online = readings.last().map_or(0, |(_, s)| s.cpus.len());
    Imbalance {
        ratio: share_of(uneven, samples),
        crowded: most_often(crowded).into_iter().take(MAX_NAMED).map(|(n, _)| n.into()).collect(),
        pinned: !tasks.is_empty() && tasks.iter().all(|t| is_pinned(t, online)),
        tasks,
        idle_cpus: len(cpu.each.iter().filter(|c| 1.0 - c.busy_ratio >= IDLE).count()),
    }
}

/// It may not run on half of the CPUs.
fn is_pinned(task: &CrowdedTask, online: usize) -> bool {
    let allowed = task.allowed.as_deref().and_then(|a| cpulist::parse(a).ok());
    allowed.is_some_and(|a| usize::try_from(a.len()).is_ok_and(|n| n.saturating_mul(2) <= online))
}

fn crowded_tasks(inputs: &Inputs, pids: Vec<u32>) -> Vec<CrowdedTask> {
    let comm = |pid: u32| {
        let named = inputs.process.processes.good().find_map(|(_, p)| p.get(&pid));
        named.map_or_else(|| "?".to_owned(), |p| p.comm.to_string())
    };
    let traits = inputs.sched.traits.first().ok();
    let row = |(pid, samples): (u32, usize)| CrowdedTask {
        pid: pid.into(),
        comm: comm(pid),
        samples: len(samples),
        allowed: traits
            .and_then(|t| t.get(&pid))
            .map(|t| t.cpus_allowed.to_string())
            .filter(|a| !a.is_empty()),
    };
    most_often(pids).into_iter().take(MAX_NAMED).map(row).collect()
}
