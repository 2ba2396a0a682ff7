//! Chapter: processes. The "top" view; growth stands in its own file.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::inputs::{Inputs, ProcessStat as Parsed};
use super::super::memory::Memory;
use super::super::method::num::{from_i64, from_u64, len, ratio, signed};
use super::super::plan::Pack;
use super::super::processes::{Outdated, Process, Processes};
use super::super::sysctl::Sysctl;
use super::window::{Window, seconds};
use super::{Book, Lists, growth, load, ps};

/// Rows by CPU, and rows by memory.
pub(super) const MAX_ROWS: usize = 200;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    memory: &Memory,
    sysctl: &Sysctl,
    book: &mut Book,
    lists: &mut Lists,
) -> Processes {
    let mut processes = Processes::default();
    let Some(first) = book.first("processes", &inputs.process.processes) else {
        book.absent("processes.states", inputs.process.processes.absence());
        book.absent("processes.top", inputs.process.processes.absence());
        book.absent("processes.growth", inputs.process.processes.absence());
        ps::build(inputs, memory, &mut processes, book);
        return processes;
    };
    let own = load::own(inputs);
    let others = || first.rows.iter().filter(|(pid, _)| !own.contains(pid));
    processes.count = Some(len(others().count()));
    let threads = others().map(|(_, p)| p.threads).fold(0, u64::saturating_add);
    processes.threads = Some(signed(threads));
    for (_, process) in others() {
        let letter = char::from(process.task.state).to_string();
        *processes.states.entry(letter).or_insert(0) += 1;
    }
    let host = Host {
        inputs,
        used: cpu_use(inputs, window),
        waited: cpu_wait(inputs),
        total: memory.total_bytes,
    };
    processes.top = top(&host, &present(inputs, &own));
    for (i, row) in processes.top.iter().enumerate() {
        let absence = if row.virtual_bytes.is_none() {
            Absence::new(Reason::NotApplicable, "a kernel thread has no memory of its own")
        } else {
            Absence::new(Reason::NotCollected, "not read of this process, or it has none")
        };
        book.absent(format!("processes.top.{i}"), absence);
    }
    book.sources(
        "processes.top",
        [
            &inputs.process.processes.path,
            &inputs.process.status.path,
            &inputs.process.sizes.path,
            &inputs.process.cmdlines.path,
            &inputs.sched.waits.path,
            &inputs.sched.sched.path,
            &inputs.process.oom_score_adj.path,
        ]
        .map(|p| Locator::entry(p.as_str()))
        .to_vec(),
    );
    processes.outdated = outdated(inputs, &own, book);
    growth::build(inputs, window, memory, sysctl, &mut processes, book, lists);
    processes
}

/// What rows need of the host.
struct Host<'i> {
    inputs: &'i Inputs,
    used: BTreeMap<u32, f64>,
    waited: BTreeMap<u32, f64>,
    total: Option<i64>,
}

/// Processes at the end of the collection; with those of the start where the last reading holds
/// only a part (on hosts with thousands of processes).
fn present<'i>(inputs: &'i Inputs, own: &BTreeSet<u32>) -> BTreeMap<u32, &'i Parsed> {
    let packs: Vec<&Pack<u32, Parsed>> = inputs.process.processes.good().map(|(_, p)| p).collect();
    let rows = |p: &&'i Pack<u32, Parsed>| p.rows.iter().map(|(pid, row)| (*pid, row));
    let (Some(first), Some(last)) = (packs.first(), packs.last()) else { return BTreeMap::new() };
    let whole = last.rows.len().saturating_mul(5) >= first.rows.len().saturating_mul(4);
    let mut present: BTreeMap<u32, &Parsed> = BTreeMap::new();
    if !whole {
        present.extend(rows(first));
    }
    present.extend(rows(last));
    present.retain(|pid, _| !own.contains(pid));
    present
}

/// CPU time in the window by its length, for each process that was there at both ends.
pub(super) fn cpu_use(inputs: &Inputs, window: &Window) -> BTreeMap<u32, f64> {
    let Some(ends) = window.ends(&inputs.process.tasks) else { return BTreeMap::new() };
    let per_s = from_u64(inputs.env.ticks_per_s.max(1));
    let before = ends.first.1;
    let used = ends.last.1.rows.iter().filter_map(|(pid, now)| {
        let then = before.get(pid).filter(|then| then.start_ticks == now.start_ticks)?;
        let ticks = now.cpu_ticks.checked_sub(then.cpu_ticks)?;
        Some((*pid, from_u64(ticks) / per_s / ends.span_s))
    });
    used.collect()
}

/// Time that the first thread of each process waited for a CPU between both readings, by the time
/// between them. A counter that fell belongs to a new process; one that stands at 0 is that of a
/// kernel that does not count (built without `sched_info`): whoever has started has run.
pub(super) fn cpu_wait(inputs: &Inputs) -> BTreeMap<u32, f64> {
    let packs: Vec<_> = inputs.sched.waits.good().collect();
    let [(a, before), .., (b, after)] = packs.as_slice() else { return BTreeMap::new() };
    let span_s = seconds(b.mono_us.saturating_sub(a.mono_us));
    let waited = after.rows.iter().filter_map(|(pid, now)| {
        let then = before.get(pid).filter(|then| now.ran_ns > 0 && then.ran_ns <= now.ran_ns)?;
        let ns = now.waited_ns.checked_sub(then.waited_ns)?;
        Some((*pid, ratio(from_u64(ns) / 1e9, span_s)?.min(1.0)))
    });
    waited.collect()
}

/// Processes whose program or a library of theirs was deleted, as an update does. Files of their own
/// making (a program that unpacks itself below /tmp) are none.
fn outdated(inputs: &Inputs, own: &BTreeSet<u32>, book: &mut Book) -> Vec<Outdated> {
    const FACT: &str = "processes.outdated";
    const TREES: [&str; 6] = ["/usr/", "/lib", "/bin/", "/sbin/", "/opt/", "/snap/"];
    let programs = &inputs.process.deleted_programs;
    let maps = &inputs.storage.deleted_maps;
    let Some(exe) = book.first(FACT, programs) else { return Vec::new() };
    let installed = |path: &str| TREES.iter().any(|tree| path.starts_with(tree));
    let mut found: BTreeMap<u32, Outdated> = BTreeMap::new();
    for (pid, path) in exe.rows.iter().filter(|(_, path)| installed(path)) {
        let row = found.entry(*pid).or_default();
        row.is_program = true;
        row.files.push(path.to_string());
    }
    for (pid, maps) in maps.first().map(|p| p.rows.as_slice()).unwrap_or_default() {
        for map in maps.iter().filter(|m| m.is_executable && installed(&m.path)) {
            let row = found.entry(*pid).or_default();
            if !row.files.contains(&map.path) {
                row.files.push(map.path.clone());
            }
        }
    }
    found.retain(|pid, _| !own.contains(pid));
    let stats = |pid: u32| inputs.process.processes.good().find_map(|(_, p)| p.get(&pid));
    let mut rows: Vec<Outdated> = found
        .into_iter()
        .map(|(pid, mut row)| {
            row.pid = pid.into();
            row.comm = stats(pid).map_or_else(|| "?".to_owned(), |p| p.comm.to_string());
            row.age_s = age_of(inputs, pid);
            row.files.truncate(5);
            row
        })
        .collect();
    rows.sort_by_key(|r| (!r.is_program, r.pid));
    rows.truncate(50);
    let read = [(true, &programs.path), (maps.first().is_ok(), &maps.path)];
    let read = read.into_iter().filter(|(is, _)| *is).map(|(_, path)| Locator::entry(path));
    book.sources(FACT, read.collect());
    if !rows.is_empty() {
        book.absent(FACT, Absence::new(Reason::NotCollected, "its start was not read"));
    }
    rows
}

/// The same over all readings, for chapters that have no window of their own.
pub(super) fn cpu_use_all(inputs: &Inputs) -> BTreeMap<u32, f64> {
    cpu_use(inputs, &Window::default())
}

/// The largest share of one CPU that a process used, the collector's own left out.
pub(super) fn busiest(inputs: &Inputs, window: &Window) -> Option<f64> {
    let own = load::own(inputs);
    let used = cpu_use(inputs, window);
    used.into_iter().filter(|(pid, _)| !own.contains(pid)).map(|(_, r)| r).max_by(f64::total_cmp)
}

/// The largest by CPU, then the largest by memory that are not among them.
fn top(host: &Host<'_>, present: &BTreeMap<u32, &Parsed>) -> Vec<Process> {
    let cpu = |pid: u32| host.used.get(&pid).copied().unwrap_or(0.0);
    let memory = |p: &Parsed| p.resident_bytes;
    let mut order: Vec<(u32, &Parsed)> = present.iter().map(|(pid, p)| (*pid, *p)).collect();
    order.sort_by(|a, b| {
        cpu(b.0).total_cmp(&cpu(a.0)).then(memory(b.1).cmp(&memory(a.1))).then(a.0.cmp(&b.0))
    });
    let rest = order.split_off(order.len().min(MAX_ROWS));
    let mut largest: Vec<(u32, &Parsed)> =
        rest.into_iter().filter(|(_, p)| memory(p) > 0).collect();
    largest.sort_by(|a, b| memory(b.1).cmp(&memory(a.1)).then(a.0.cmp(&b.0)));
    largest.truncate(MAX_ROWS);
    order.into_iter().chain(largest).map(|(pid, p)| row(host, pid, p)).collect()
}

fn row(host: &Host<'_>, pid: u32, p: &Parsed) -> Process {
    let inputs = host.inputs;
    let status = inputs.process.status.good().rev_find(|pack| pack.get(&pid));
    let sizes = inputs.process.sizes.good().rev_find(|pack| pack.get(&pid));
    let sched = inputs.sched.sched.first().ok().and_then(|pack| pack.get(&pid));
    let resident = signed(p.resident_bytes);
    let user_space = !p.is_kernel_thread;
    Process {
        pid: pid.into(),
        ppid: Some(p.ppid.into()),
        uid: status.and_then(|s| s.uid).map(i64::from),
        user: None,
        comm: p.comm.to_string(),
        cmdline: cmdline(inputs, pid),
        state: char::from(p.task.state).to_string(),
        priority: Some(p.priority),
        nice: Some(p.nice),
        threads: Some(signed(p.threads)),
        virtual_bytes: user_space.then(|| signed(p.virtual_bytes)),
        resident_bytes: user_space.then_some(resident),
        shared_bytes: sizes.filter(|_| user_space).map(|s| signed(s.shared_bytes)),
        anon_bytes: status.and_then(|s| s.rss_anon_bytes).map(signed),
        swap_bytes: status.and_then(|s| s.swap_bytes).map(signed),
        cpu_ratio: host.used.get(&pid).copied(),
        memory_ratio: host
            .total
            .filter(|_| user_space)
            .and_then(|total| ratio(from_i64(resident), from_i64(total))),
        cpu_time_s: ticks_s(inputs, p.task.cpu_ticks),
        age_s: age_s(inputs, p.task.start_ticks),
        cpu_wait_ratio: host.waited.get(&pid).copied(),
        involuntary_switches: sched.and_then(|s| s.involuntary_switches).map(signed),
        migrations: sched.and_then(|s| s.migrations).map(signed),
        oom_score_adj: inputs.process.oom_score_adj.first().ok().and_then(|p| p.get(&pid)).copied(),
    }
}

/// Command line of a process.
pub(super) fn cmdline(inputs: &Inputs, pid: u32) -> Option<String> {
    inputs.process.cmdlines.good().find_map(|(_, p)| p.get(&pid)).map(ToString::to_string)
}

fn ticks_s(inputs: &Inputs, ticks: u64) -> Option<f64> {
    ratio(from_u64(ticks), from_u64(inputs.env.ticks_per_s))
}

/// Age of a process that was seen at an end of the collection.
pub(super) fn age_of(inputs: &Inputs, pid: u32) -> Option<f64> {
    let seen = inputs.process.processes.good().filter_map(|(_, p)| p.get(&pid)).next_back()?;
    age_s(inputs, seen.task.start_ticks)
}

/// Age at the end of the collection.
pub(super) fn age_s(inputs: &Inputs, start_ticks: u64) -> Option<f64> {
    let (reading, uptime) = inputs.host.uptime.good().next()?;
    let last = inputs.process.tasks.good().last().map_or(reading.mono_us, |(r, _)| r.mono_us);
    let since = seconds(last.saturating_sub(reading.mono_us));
    Some((uptime.uptime_s + since - ticks_s(inputs, start_ticks)?).max(0.0))
}

/// The last of a few readings that has something.
trait RevFind<'i, T: 'i> {
    fn rev_find<V>(self, find: impl Fn(&'i T) -> Option<V>) -> Option<V>;
}

impl<'i, R: 'i, T: 'i, I: DoubleEndedIterator<Item = (&'i R, &'i T)>> RevFind<'i, T> for I {
    fn rev_find<V>(self, find: impl Fn(&'i T) -> Option<V>) -> Option<V> {
        self.rev().find_map(|(_, value)| find(value))
    }
}
