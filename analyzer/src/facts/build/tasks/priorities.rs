//! Real-time and niced tasks, and the busiest threads.

use std::collections::BTreeMap;

use super::super::super::cpu::Cpu;
use super::super::super::inputs::{Inputs, ThreadStat, Tid};
use super::super::super::method::load::share_of;
use super::super::super::method::num::from_u64;
use super::super::super::plan::Reading;
use super::super::super::tasks::{Busy, Niced, RealTime, Tasks};
use super::super::book::too_few;
use super::super::window::seconds;
use super::super::{Book, processes};
use super::contention::serves;
use super::who::Who;

const MAX_ROWS: usize = 50;
const MAX_BUSY: usize = 30;
/// Programs that use real-time or negative nice values on purpose.
const KNOWN: [&str; 24] = [
    "corosync",
    "multipathd",
    "pipewire",
    "pipewire-pulse",
    "wireplumber",
    "pulseaudio",
    "rtkit",
    "rtkit-daemon",
    "dpdk",
    "ovs-vswitchd",
    "chronyd",
    "ptp4l",
    "phc2sys",
    "systemd-udevd",
    "auditd",
    "dbus-broker",
    "irqbalance",
    "ctdbd",
    "gdm",
    "Xorg",
    "jackd",
    "watchdog",
    "sanlock",
    "atopacctd",
];

pub(super) fn build(inputs: &Inputs, who: &Who<'_>, cpu: &Cpu, tasks: &mut Tasks, book: &mut Book) {
    tasks.niced = niced(inputs, who);
    let threads: Vec<_> = inputs.sched.threads.good().collect();
    let (Some(first), Some(last)) = (threads.first(), threads.last()) else {
        for fact in ["tasks.real_time", "tasks.busiest"] {
            book.absent(fact, inputs.sched.threads.absence());
        }
        return;
    };
    let used = used(inputs, *first, *last);
    tasks.real_time = real_time(last.1.rows.iter(), who, cpu, &used);
    if first.0.pass == last.0.pass {
        book.absent("tasks.busiest", too_few(&inputs.sched.threads.path, 1, 2));
        return;
    }
    tasks.busiest = busiest(inputs, who, last.1.rows.iter(), &used);
}

type Pack = super::super::super::plan::Pack<Tid, ThreadStat>;
type At<'i> = (&'i Reading<Pack>, &'i Pack);

/// CPU time by elapsed time of the threads that were there at both ends.
fn used(inputs: &Inputs, first: At<'_>, last: At<'_>) -> BTreeMap<Tid, f64> {
    let span_s = seconds(last.0.mono_us.saturating_sub(first.0.mono_us));
    let per_s = from_u64(inputs.env.ticks_per_s.max(1));
    let use_of = |(tid, now): &(Tid, ThreadStat)| {
        let then = first.1.get(tid).filter(|then| then.start_ticks == now.start_ticks)?;
        let ticks = now.cpu_ticks.checked_sub(then.cpu_ticks)?;
        Some((*tid, from_u64(ticks) / per_s / span_s))
    };
    if span_s > 0.0 { last.1.rows.iter().filter_map(use_of).collect() } else { BTreeMap::new() }
}

fn real_time<'i>(
    threads: impl Iterator<Item = &'i (Tid, ThreadStat)>,
    who: &Who<'_>,
    cpu: &Cpu,
    used: &BTreeMap<Tid, f64>,
) -> Vec<RealTime> {
    let row = |(tid, t): &(Tid, ThreadStat)| {
        let (policy, chrt) = match t.policy {
            1 => ("FIFO", "-f"),
            2 => ("RR", "-r"),
            6 => ("DEADLINE", "-d"),
            _ => return None,
        };
        (!t.is_kernel_thread && !who.own.contains(&tid.0)).then(|| RealTime {
            pid: tid.0.into(),
            tid: tid.1.into(),
            comm: t.comm.to_string(),
            policy: policy.to_owned(),
            chrt: chrt.to_owned(),
            priority: t.rt_priority.into(),
            cpu_ratio: used.get(tid).copied(),
            cpu: t.processor.into(),
            deliberate: cpu.isolated.contains(&i64::from(t.processor))
                || KNOWN.contains(&&*t.comm)
                || KNOWN.contains(&who.comm(tid.0).as_str()),
        })
    };
    let mut rows: Vec<RealTime> = threads.filter_map(row).collect();
    let by_use = |r: &RealTime| r.cpu_ratio.unwrap_or(0.0);
    rows.sort_by(|a, b| by_use(b).total_cmp(&by_use(a)).then(a.tid.cmp(&b.tid)));
    rows.truncate(MAX_ROWS);
    rows
}

fn niced(inputs: &Inputs, who: &Who<'_>) -> Vec<Niced> {
    let used = processes::cpu_use_all(inputs);
    let Some((_, last)) = inputs.process.processes.good().last() else { return Vec::new() };
    let row = |(pid, p): &(u32, super::super::super::inputs::ProcessStat)| {
        let wanted = p.nice != 0 && !p.is_kernel_thread && !who.own.contains(pid);
        // Real-time tasks keep a nice value that does nothing.
        (wanted && p.priority >= 0).then(|| Niced {
            pid: (*pid).into(),
            comm: p.comm.to_string(),
            nice: p.nice,
            cpu_ratio: used.get(pid).copied().unwrap_or(0.0),
            listens: who.listens(*pid),
            deliberate: KNOWN.contains(&&*p.comm),
            cgroup: who.cgroup(*pid),
        })
    };
    let mut rows: Vec<Niced> = last.rows.iter().filter_map(row).collect();
    rows.sort_by(|a, b| b.cpu_ratio.total_cmp(&a.cpu_ratio).then(a.pid.cmp(&b.pid)));
    rows.truncate(MAX_ROWS);
    rows
}

fn busiest<'i>(
    inputs: &Inputs,
    who: &Who<'_>,
    threads: impl Iterator<Item = &'i (Tid, ThreadStat)>,
    used: &BTreeMap<Tid, f64>,
) -> Vec<Busy> {
    let mut running: BTreeMap<Tid, usize> = BTreeMap::new();
    let mut samples = 0_usize;
    for (_, pack) in inputs.sched.running.good() {
        samples += 1;
        for (tid, _) in &pack.rows {
            *running.entry(*tid).or_default() += 1;
        }
    }
    let row = |(tid, t): &(Tid, ThreadStat)| {
        let cpu_ratio = used.get(tid).copied().filter(|r| *r >= 0.01)?;
        let ran = running.get(tid).copied().unwrap_or(0);
        (!who.own.contains(&tid.0)).then(|| Busy {
            pid: tid.0.into(),
            tid: tid.1.into(),
            comm: t.comm.to_string(),
            cpu_ratio,
            running_ratio: (samples > 2).then(|| share_of(ran, samples)),
            is_kernel: t.is_kernel_thread,
            serves: serves(who, tid.0),
            cpu: t.processor.into(),
        })
    };
    let mut rows: Vec<Busy> = threads.filter_map(row).collect();
    rows.sort_by(|a, b| b.cpu_ratio.total_cmp(&a.cpu_ratio).then(a.tid.cmp(&b.tid)));
    rows.truncate(MAX_BUSY);
    rows
}
