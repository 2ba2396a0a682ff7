//! Processes that do not run because somebody stopped or traces them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::super::method::load::share_of;
use super::super::super::tasks::{Stopped, Tasks};
use super::super::window::Window;
use super::who::Who;

const MAX_ROWS: usize = 50;
const OFTEN: f64 = 0.8;

pub(super) fn build(inputs: &Inputs, window: &Window, who: &Who<'_>, tasks: &mut Tasks) {
    let mut seen: BTreeMap<(u32, u64), (usize, usize, bool)> = BTreeMap::new();
    let traits = inputs.sched.traits.first().map(|p| p.rows.as_slice()).unwrap_or_default();
    let traced: BTreeSet<u32> =
        traits.iter().filter(|(_, t)| t.tracer_pid > 0).map(|(pid, _)| *pid).collect();
    for (_, pack) in window.readings(&inputs.process.tasks) {
        for (pid, task) in pack.rows.iter().filter(|(pid, _)| !who.own.contains(pid)) {
            let halted = matches!(task.state, b'T' | b't');
            let known = seen.contains_key(&(*pid, task.start_ticks));
            if !halted && !known && !traced.contains(pid) {
                continue;
            }
            let (samples, halts, traced) = seen.entry((*pid, task.start_ticks)).or_default();
            *samples += 1;
            *halts += usize::from(halted);
            *traced |= task.state == b't';
        }
    }
    let row = |((pid, _), (samples, halts, was_traced)): ((u32, u64), (usize, usize, bool))| {
        let ratio = share_of(halts, samples);
        let by = tracer(inputs, pid);
        (ratio >= OFTEN || by.is_some()).then(|| Stopped {
            pid: pid.into(),
            comm: who.comm(pid),
            kind: if by.is_some() || was_traced { "traced" } else { "stopped" }.to_owned(),
            ratio,
            tracer: by.map(|t| format!("{} (pid {t})", who.comm(t))),
            listens: who.listens(pid),
            is_service: who.is_service(pid),
            frozen: frozen(inputs, who, pid),
            cgroup: who.cgroup(pid),
        })
    };
    let mut stopped: Vec<Stopped> = seen.into_iter().filter_map(row).collect();
    let weight = |s: &Stopped| (s.listens, s.is_service);
    stopped.sort_by(|a, b| weight(b).cmp(&weight(a)).then(a.pid.cmp(&b.pid)));
    stopped.truncate(MAX_ROWS);
    tasks.stopped = stopped;
}

fn tracer(inputs: &Inputs, pid: u32) -> Option<u32> {
    let traits = inputs.sched.traits.first().ok()?.get(&pid)?;
    (traits.tracer_pid > 0).then_some(traits.tracer_pid)
}

/// Its control group, or one above it, is frozen (`cgroup.events` of v2).
fn frozen(inputs: &Inputs, who: &Who<'_>, pid: u32) -> bool {
    let Some(group) = who.cgroup(pid) else { return false };
    let events = inputs
        .sched
        .groups
        .last()
        .ok()
        .and_then(|pack| pack.get(format!("fs/cgroup{group}/cgroup.events").as_str()));
    events.is_some_and(|e| e.lines().any(|l| l == "frozen 1"))
}
