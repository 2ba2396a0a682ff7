//! Chapter: limits on counts.

use std::collections::{BTreeMap, HashMap};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::inputs::Inputs;
use super::super::limits::{Descriptors, Kind, Limits, Mappings, Threads, Use, UserUse};
use super::super::method::growth::{self, Class, MIN_SAMPLES};
use super::super::method::load::share_of;
use super::super::method::num::{from_i64, from_u64, ratio, signed, to_i64};
use super::super::method::trend::Point;
use super::super::sysctl::Sysctl;
use super::Book;
use super::tasks::Who;
use super::window::Window;

mod origin;
mod sysv;

pub(super) use origin::Limit;

const MAX_PROCESSES: usize = 50;
const MAX_OTHERS: usize = 20;
/// A share of a limit from which a count is worth a row.
const NEAR: f64 = 0.5;
/// Processes open and close a few files all the time.
const FLOOR: f64 = 20.0;
/// Threads come in pools of a few.
const THREAD_FLOOR: f64 = 8.0;
/// Below this many bits readers of /dev/random waited, before 5.6.
const LOW_ENTROPY: u64 = 200;

pub(super) fn build(inputs: &Inputs, window: &Window, sysctl: &Sysctl, book: &mut Book) -> Limits {
    let who = Who::of(inputs);
    let value = |key: &str| sysctl.runtime.get(key).and_then(|v| v.parse::<i64>().ok());
    book.absent("limits", Absence::new(Reason::NotApplicable, "no limit, or not read"));
    let files = book.last("limits.files", &inputs.sched.file_nr);
    let of = |used: i64, limit: i64| {
        Some(Use { used, limit, used_ratio: ratio(from_i64(used), from_i64(limit))? })
    };
    let aio = value("fs.aio-nr").zip(value("fs.aio-max-nr"));
    if aio.is_some() {
        book.source("limits.aio", Locator::facts(["sysctl.runtime.fs.aio-nr"]));
    }
    let mut limits = Limits {
        files: files.and_then(|[used, _, limit]| of(signed(*used), signed(*limit))),
        aio: aio.and_then(|(used, limit)| of(used, limit)),
        threads: threads(inputs, window, &who, book),
        mappings: mappings(inputs, &who, value("vm.max_map_count"), book),
        ..Limits::default()
    };
    limits.descriptors = descriptors(inputs, window, &who, book);
    limits.sysv = sysv::build(inputs, sysctl, book);
    limits.inotify = inotify(inputs, &who, value("fs.inotify.max_user_instances"), book);
    entropy(inputs, &mut limits, book);
    limits
}

/// Descriptors by process: the last count, and the samples of it.
fn counted(inputs: &Inputs, window: &Window) -> BTreeMap<u32, (i64, Vec<Point>)> {
    let mut counts: BTreeMap<u32, (i64, Vec<Point>)> = BTreeMap::new();
    if let Ok(links) = inputs.sched.fds.first() {
        for ((pid, _), _) in &links.rows {
            counts.entry(*pid).or_default().0 += 1;
        }
    }
    for (reading, pack) in inputs.sched.fd_counts.good() {
        for (pid, n) in &pack.rows {
            let (used, points) = counts.entry(*pid).or_default();
            *used = signed(*n);
            if window.passes.contains(&reading.pass) {
                let at_s = window.at_s(reading.mono_us);
                points.push(Point { at_s, value: from_u64(*n) });
            }
        }
    }
    counts
}

fn descriptors(
    inputs: &Inputs,
    window: &Window,
    who: &Who<'_>,
    book: &mut Book,
) -> Vec<Descriptors> {
    let counts = counted(inputs, window);
    if counts.is_empty() {
        book.absent("limits.descriptors", inputs.sched.fds.absence());
        return Vec::new();
    }
    book.sources(
        "limits.descriptors",
        [&inputs.sched.fds.path, &inputs.sched.fd_counts.path, &inputs.process.limits.path]
            .map(|p| Locator::entry(p.as_str()))
            .to_vec(),
    );
    let soft = inputs.process.limits.first().ok();
    let row = |(pid, (used, points)): (u32, (i64, Vec<Point>))| {
        let limit = soft.and_then(|p| p.get(&pid)).and_then(|l| l.open_files).map(signed);
        let used_ratio = limit.and_then(|l| ratio(from_i64(used), from_i64(l)));
        let quiet = growth::is_quiet(points.iter().map(|p| p.value), FLOOR);
        if used_ratio.is_none_or(|r| r < NEAR) && quiet || who.own.contains(&pid) {
            return None;
        }
        let growth = growth::classify(&points, FLOOR, None);
        let steady = growth.as_ref().filter(|g| g.class == Class::Steady);
        let per_s = steady.map(|g| g.trend.slope);
        let room = limit.map(|l| from_i64(l.saturating_sub(used)).max(0.0));
        Some(Descriptors {
            name: who.comm(pid),
            pid: pid.into(),
            comm: who.comm(pid),
            used,
            limit,
            used_ratio,
            class: growth.as_ref().map(|g| g.class.as_str().to_owned()),
            delta: growth.as_ref().map(|g| to_i64(g.last - g.first)),
            per_s,
            eta_s: per_s.zip(room).and_then(|(rate, room)| ratio(room, rate)),
            kinds: Vec::new(),
            listens: who.listens(pid),
            cgroup: who.cgroup(pid),
            suggested: limit.map(|l| {
                // Above the hard limit the kernel refuses.
                let hard = soft.and_then(|p| p.get(&pid)).and_then(|l| l.open_files_hard);
                l.saturating_mul(2).max(65536).min(hard.map_or(i64::MAX, signed))
            }),
            limit_from: None,
        })
    };
    let mut rows: Vec<Descriptors> = counts.into_iter().filter_map(row).collect();
    let near = |d: &Descriptors| (d.per_s.is_some(), d.used_ratio.unwrap_or(0.0));
    rows.sort_by(|a, b| {
        let (a_near, b_near) = (near(a), near(b));
        b_near.0.cmp(&a_near.0).then(b_near.1.total_cmp(&a_near.1)).then(a.pid.cmp(&b.pid))
    });
    rows.truncate(MAX_PROCESSES);
    name_apart(&mut rows);
    for (i, row) in rows.iter_mut().enumerate() {
        row.kinds = kinds(inputs, row.pid);
        let (group, limit) = (row.cgroup.as_deref(), row.limit.and_then(|l| l.try_into().ok()));
        let fact = format!("limits.descriptors.{i}.limit_from");
        row.limit_from = Limit::FILES.set_by(inputs, group, limit, &fact, book);
    }
    rows
}

/// Several of one name are told apart by their process ids.
fn name_apart(rows: &mut [Descriptors]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter() {
        *seen.entry(row.comm.clone()).or_default() += 1;
    }
    for row in rows.iter_mut().filter(|r| seen.get(&r.comm).is_some_and(|n| *n > 1)) {
        row.name = format!("{} {}", row.comm, row.pid);
    }
}

fn kinds(inputs: &Inputs, pid: i64) -> Vec<Kind> {
    let Ok(links) = inputs.sched.fds.first() else { return Vec::new() };
    let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
    for (_, kind) in links.rows.iter().filter(|((p, _), _)| i64::from(*p) == pid) {
        *counts.entry(kind.as_str()).or_default() += 1;
    }
    let mut kinds: Vec<Kind> =
        counts.into_iter().map(|(name, count)| Kind { name: name.to_owned(), count }).collect();
    kinds.sort_by_key(|k| std::cmp::Reverse(k.count));
    kinds
}

/// Processes whose number of threads grows, from the samples of all processes.
fn threads(inputs: &Inputs, window: &Window, who: &Who<'_>, book: &mut Book) -> Vec<Threads> {
    let mut series: HashMap<(u32, u64), Vec<Point>> = HashMap::new();
    let tasks = &inputs.process.tasks;
    let readings = window.readings(tasks);
    if readings.len() < MIN_SAMPLES {
        book.absent(
            "limits.threads",
            super::book::too_few(&tasks.path, readings.len(), MIN_SAMPLES),
        );
        return Vec::new();
    }
    book.source("limits.threads", Locator::entry(&tasks.path));
    for (reading, pack) in readings {
        let several = pack.rows.iter().filter(|(_, task)| task.threads > 1);
        for (pid, task) in several.filter(|(pid, _)| !who.own.contains(pid)) {
            let point = Point { at_s: window.at_s(reading.mono_us), value: task.threads.into() };
            series.entry((*pid, task.start_ticks)).or_default().push(point);
        }
    }
    let row = |((pid, _), points): ((u32, u64), Vec<Point>)| {
        if growth::is_quiet(points.iter().map(|p| p.value), THREAD_FLOOR) {
            return None;
        }
        let g = growth::classify(&points, THREAD_FLOOR, None)?;
        (g.class == Class::Steady).then(|| Threads {
            pid: pid.into(),
            comm: who.comm(pid),
            used: to_i64(g.last),
            delta: to_i64(g.last - g.first),
            per_s: g.trend.slope,
        })
    };
    let mut rows: Vec<Threads> = series.into_iter().filter_map(row).collect();
    rows.sort_by_key(|r| (std::cmp::Reverse(r.delta), r.pid));
    rows.truncate(MAX_OTHERS);
    rows
}

fn mappings(inputs: &Inputs, who: &Who<'_>, limit: Option<i64>, book: &mut Book) -> Vec<Mappings> {
    let (Some((reading, last)), Some(limit)) = (inputs.sched.maps_counts.good().last(), limit)
    else {
        book.absent("limits.mappings", inputs.sched.maps_counts.absence());
        return Vec::new();
    };
    book.source("limits.mappings", Locator::entry(inputs.sched.maps_counts.entry(reading.pass)));
    let row = |(pid, n): &(u32, u64)| {
        let used = signed(*n);
        let used_ratio = ratio(from_i64(used), from_i64(limit)).filter(|r| *r >= NEAR)?;
        Some(Mappings { pid: (*pid).into(), comm: who.comm(*pid), used, limit, used_ratio })
    };
    let mut rows: Vec<Mappings> = last.rows.iter().filter_map(row).collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.used));
    rows.truncate(MAX_OTHERS);
    rows
}

/// Inotify instances are descriptors, and are limited by user.
fn inotify(inputs: &Inputs, who: &Who<'_>, limit: Option<i64>, book: &mut Book) -> Vec<UserUse> {
    let (Ok(links), Ok(traits), Some(limit)) =
        (inputs.sched.fds.first(), inputs.sched.traits.first(), limit)
    else {
        book.absent("limits.inotify", inputs.sched.fds.absence());
        return Vec::new();
    };
    let mut by_user: BTreeMap<u32, i64> = BTreeMap::new();
    let instances = links.rows.iter().filter(|(_, k)| *k == super::super::inputs::FdKind::Inotify);
    for ((pid, _), _) in instances.filter(|((pid, _), _)| !who.own.contains(pid)) {
        if let Some(uid) = traits.get(pid).and_then(|t| t.uid) {
            *by_user.entry(uid).or_default() += 1;
        }
    }
    book.source("limits.inotify", Locator::entry(&inputs.sched.fds.path));
    let row = |(uid, used): (u32, i64)| {
        let used_ratio = ratio(from_i64(used), from_i64(limit)).filter(|r| *r >= NEAR)?;
        Some(UserUse { uid: uid.into(), used, limit, used_ratio })
    };
    let mut rows: Vec<UserUse> = by_user.into_iter().filter_map(row).collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.used));
    rows.truncate(10);
    rows
}

fn entropy(inputs: &Inputs, limits: &mut Limits, book: &mut Book) {
    let values: Vec<u64> = inputs.sched.entropy.good().map(|(_, v)| *v).collect();
    if values.is_empty() {
        for fact in ["limits.entropy_min", "limits.entropy_low_ratio"] {
            book.absent(fact, inputs.sched.entropy.absence());
        }
    } else {
        let low = values.iter().filter(|v| **v < LOW_ENTROPY).count();
        limits.entropy_min = values.iter().min().map(|v| signed(*v));
        limits.entropy_low_ratio = Some(share_of(low, values.len()));
        for fact in ["limits.entropy_min", "limits.entropy_low_ratio"] {
            book.source(fact, Locator::entry(&inputs.sched.entropy.path));
        }
    }
    let waits = ["random_read", "_random_read", "wait_for_random_bytes"];
    let wchan = &inputs.process.wchan;
    let waiting = wchan
        .good()
        .map(|(_, p)| p.rows.iter().filter(|(_, w)| waits.iter().any(|f| w.contains(f))).count());
    limits.entropy_waiters = waiting.max().map(super::super::method::num::len);
}
