//! How many tasks there are, and how many there may be.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::super::inputs::Inputs;
use super::super::super::method::growth::{self, Class, Confidence};
use super::super::super::method::num::{from_i64, from_u64, ratio, signed};
use super::super::super::method::trend::Point;
use super::super::super::sysctl::Sysctl;
use super::super::super::tasks::{Numbers, Owner, UserTasks};
use super::super::Book;
use super::super::limits::Limit;
use super::super::window::Window;
use super::who::Who;

const FACT: &str = "tasks.numbers";
const MAX_OWNERS: usize = 5;
const MAX_USERS: usize = 10;
/// A host starts and ends a few tasks all the time.
const FLOOR: f64 = 20.0;
const NEAR: f64 = 0.5;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    who: &Who<'_>,
    sysctl: &Sysctl,
    book: &mut Book,
) -> Option<Numbers> {
    let loadavg = book.last(FACT, &inputs.cpu.loadavg)?;
    let total = signed(loadavg.tasks);
    let value = |key: &str| sysctl.runtime.get(key).and_then(|v| v.parse::<i64>().ok());
    let (pid_max, threads_max) = (value("kernel.pid_max"), value("kernel.threads-max"));
    let known = [("kernel.pid_max", pid_max), ("kernel.threads-max", threads_max)];
    let lowest = known.iter().filter_map(|(n, v)| Some((*n, (*v)?))).min_by_key(|(_, v)| *v);
    let limit = lowest.filter(|_| pid_max.is_some());
    book.absent(FACT, Absence::new(Reason::NotCollected, "the kernel's parameters were not read"));
    book.absent(format!("{FACT}.per_s"), Absence::new(Reason::NotApplicable, "it does not grow"));
    let why = "it does not grow, or too few samples tell so";
    book.absent(format!("{FACT}.eta_s"), Absence::new(Reason::NotApplicable, why));
    if limit.is_some() {
        book.sources(
            format!("{FACT}.used_ratio"),
            vec![
                Locator::entry(&inputs.cpu.loadavg.path),
                Locator::facts([
                    "sysctl.runtime.kernel.pid_max",
                    "sysctl.runtime.kernel.threads-max",
                ]),
            ],
        );
    }
    let points: Vec<Point> = window
        .readings(&inputs.cpu.loadavg)
        .iter()
        .map(|(r, l)| Point { at_s: window.at_s(r.mono_us), value: from_u64(l.tasks) })
        .collect();
    let growth = growth::classify(&points, FLOOR, None);
    let steady = growth.as_ref().filter(|g| g.class == Class::Steady);
    let per_s = steady.map(|g| g.trend.slope);
    let lasting = steady.filter(|g| g.confidence != Confidence::Low).map(|g| g.trend.slope);
    let room = limit.map(|(_, limit)| from_i64(limit.saturating_sub(total)).max(0.0));
    Some(Numbers {
        total,
        pid_max,
        threads_max,
        limit: limit.map(|(_, l)| l),
        used_ratio: limit.and_then(|(_, l)| ratio(from_i64(total), from_i64(l))),
        limit_name: limit.map(|(n, _)| n.to_owned()),
        class: growth.map(|g| g.class.as_str().to_owned()),
        per_s,
        eta_s: lasting.zip(room).and_then(|(rate, room)| ratio(room, rate)),
        owners: owners(inputs, who),
        users: users(inputs, who, book),
    })
}

fn owners(inputs: &Inputs, who: &Who<'_>) -> Vec<Owner> {
    let Some((_, last)) = inputs.process.processes.good().last() else { return Vec::new() };
    let others = last.rows.iter().filter(|(pid, _)| !who.own.contains(pid));
    let mut owners: Vec<Owner> = others
        .map(|(pid, p)| Owner {
            pid: (*pid).into(),
            comm: p.comm.to_string(),
            threads: signed(p.threads),
        })
        .collect();
    owners.sort_by(|a, b| b.threads.cmp(&a.threads).then(a.pid.cmp(&b.pid)));
    owners.truncate(MAX_OWNERS);
    owners
}

/// Threads by user against `RLIMIT_NPROC`; root is not bound by it.
fn users(inputs: &Inputs, who: &Who<'_>, book: &mut Book) -> Vec<UserTasks> {
    let (Ok(traits), Ok(limits), Ok(processes)) = (
        inputs.sched.traits.first(),
        inputs.process.limits.first(),
        inputs.process.processes.first(),
    ) else {
        return Vec::new();
    };
    let mut by_user: BTreeMap<u32, (i64, Option<(u64, u32)>)> = BTreeMap::new();
    for (pid, p) in &processes.rows {
        let Some(uid) = traits.get(pid).and_then(|t| t.uid).filter(|uid| *uid > 0) else {
            continue;
        };
        let (threads, limit) = by_user.entry(uid).or_default();
        *threads = threads.saturating_add(signed(p.threads));
        let own = limits.get(pid).and_then(|l| Some((l.processes?, *pid)));
        *limit = match (*limit, own) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let row = |(uid, (threads, limit)): (u32, (i64, Option<(u64, u32)>))| {
        let (limit, pid) = limit?;
        let limit = signed(limit);
        let used_ratio = ratio(from_i64(threads), from_i64(limit)).filter(|r| *r >= NEAR)?;
        Some((UserTasks { uid: uid.into(), threads, limit, used_ratio, limit_from: None }, pid))
    };
    let mut rows: Vec<(UserTasks, u32)> = by_user.into_iter().filter_map(row).collect();
    rows.sort_by(|(a, _), (b, _)| b.used_ratio.total_cmp(&a.used_ratio));
    rows.truncate(MAX_USERS);
    let told = |(i, (mut row, pid)): (usize, (UserTasks, u32))| {
        let (group, limit) = (who.cgroup(pid), row.limit.try_into().ok());
        let fact = format!("{FACT}.users.{i}.limit_from");
        row.limit_from = Limit::PROCESSES.set_by(inputs, group.as_deref(), limit, &fact, book);
        row
    };
    rows.into_iter().enumerate().map(told).collect()
}
