//! Chapter: run queues of the CPUs, as the scheduler itself tells them.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sched_debug::RunQueue as Debug;
use crate::parse::{Rows, schedstat};

use super::super::cpu::{Cpu, RunQueue};
use super::super::inputs::Inputs;
use super::super::method::num::{from_u64, len, ratio, signed};
use super::super::plan::Sampled;
use super::book::too_few;
use super::window::Window;
use super::{Book, load};

const FACT: &str = "cpu.run_queues";
const MAX_CPUS: usize = 1024;
const MAX_NAMED: usize = 8;

pub(super) fn build(inputs: &Inputs, window: &Window, cpu: &mut Cpu, book: &mut Book) {
    let mut rows: BTreeMap<u32, RunQueue> = BTreeMap::new();
    let mut sources = Vec::new();
    waits(inputs, window, &mut rows, &mut sources);
    let debug = debug(inputs);
    if let Some(source) = debug {
        moment(inputs, source, &mut rows);
        sources.push(Locator::entry(&source.path));
    }
    let statistics = &inputs.cpu.schedstat;
    let no_wait = statistics.first().err().unwrap_or_else(|| too_few(&statistics.path, 1, 2));
    if rows.is_empty() {
        book.absent(FACT, no_wait);
        return;
    }
    let no_moment = inputs.cpu.sched_debug_new.absence();
    cpu.run_queues = rows.into_values().take(MAX_CPUS).collect();
    for (i, row) in cpu.run_queues.iter().enumerate() {
        let at = format!("{FACT}.{i}");
        if row.waiting_mean.is_none() {
            book.absent(format!("{at}.waiting_mean"), no_wait.clone());
        }
        if row.runnable.is_none() {
            let unsaid = Absence::new(Reason::Missing, "not told for this CPU");
            let why = if debug.is_some() { unsaid } else { no_moment.clone() };
            book.absent(format!("{at}.runnable"), why.clone());
            book.absent(format!("{at}.tasks"), why);
        }
    }
    book.sources(FACT, sources);
}

/// Time that tasks waited, by the time that passed.
fn waits(
    inputs: &Inputs,
    window: &Window,
    rows: &mut BTreeMap<u32, RunQueue>,
    sources: &mut Vec<Locator>,
) {
    let source = &inputs.cpu.schedstat;
    let Some(ends) = window.ends(source) else { return };
    let before: BTreeMap<u32, &schedstat::CpuSchedule> =
        ends.first.1.rows.iter().map(|c| (c.cpu, c)).collect();
    for now in &ends.last.1.rows {
        // A CPU that went off line in between begins anew.
        let waited = before.get(&now.cpu).and_then(|b| now.wait_ns.checked_sub(b.wait_ns));
        let waiting_mean = waited.and_then(|ns| ratio(from_u64(ns) / 1e9, ends.span_s));
        rows.insert(now.cpu, RunQueue { cpu: now.cpu.into(), waiting_mean, ..RunQueue::default() });
    }
    sources.extend([ends.first.0.pass, ends.last.0.pass].map(|p| Locator::entry(source.entry(p))));
}

/// The listing of this kernel: it moved in 5.13.
fn debug(inputs: &Inputs) -> Option<&Sampled<Rows<Debug>>> {
    let both = [&inputs.cpu.sched_debug_new, &inputs.cpu.sched_debug];
    both.into_iter().find(|s| s.first().is_ok())
}

/// What the listing shows at its moment.
fn moment(inputs: &Inputs, source: &Sampled<Rows<Debug>>, rows: &mut BTreeMap<u32, RunQueue>) {
    let own = load::own(inputs);
    for queue in source.first().map(|r| r.rows.as_slice()).unwrap_or_default() {
        let row = rows.entry(queue.cpu).or_default();
        row.cpu = queue.cpu.into();
        let ours = queue.runnable.iter().filter(|(pid, _)| own.contains(pid)).count();
        row.runnable = queue.running.map(|n| signed(n).saturating_sub(len(ours)).max(0));
        let others = queue.runnable.iter().filter(|(pid, _)| !own.contains(pid));
        row.tasks = others.map(|(_, comm)| comm.clone()).take(MAX_NAMED).collect();
    }
}
