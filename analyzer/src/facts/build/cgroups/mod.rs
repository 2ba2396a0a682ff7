//! Chapter: control groups that have a limit, an event or pressure.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::pid_limits::Bound;
use crate::parse::{cgroup, pressure};

use super::super::cgroups::{Cgroup, CgroupPids};
use super::super::inputs::Inputs;
use super::super::memory::Memory;
use super::super::method::num::{from_i64, from_u64, ratio, signed};
use super::super::pressure::Resource;
use super::super::{List, Seen};
use super::book::too_few;
use super::pressure::resource;
use super::window::{Window, seconds};
use super::{Book, Lists};

mod cpu;
mod memory;
mod people;
mod room;
mod series;
mod tree;
mod units;

use people::People;
pub(super) use room::{Room, Rooms};
use tree::{Files, groups};

const MAX_ROWS: usize = 200;
/// Tasks by limit from which a group is worth a row.
const MANY: f64 = 0.5;
/// Pressure from which a group without limits is worth a row.
const PRESSED: f64 = 0.1;

/// Both readings of the tree.
struct Trees<'i> {
    first: BTreeMap<String, Files<'i>>,
    last: BTreeMap<String, Files<'i>>,
    span_s: Option<f64>,
    page_size_bytes: u64,
    memory_bytes: Option<u64>,
}

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    memory: &Memory,
    book: &mut Book,
    lists: &mut Lists,
) -> List<Cgroup> {
    let source = &inputs.sched.groups;
    let readings: Vec<_> = source.good().collect();
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return of_units(inputs, memory, book).unwrap_or_else(|| {
            book.absent("cgroups", source.absence());
            List::default()
        });
    };
    let span_us = last.0.mono_us.saturating_sub(first.0.mono_us);
    let trees = Trees {
        first: groups(first.1),
        last: groups(last.1),
        span_s: (first.0.pass != last.0.pass && span_us > 0).then(|| seconds(span_us)),
        page_size_bytes: inputs.env.page_size_bytes,
        memory_bytes: memory.total_bytes.and_then(|b| u64::try_from(b).ok()),
    };
    let mut rows = trees.rows();
    People::of(inputs, last.1).tell(inputs, &mut rows);
    let rooms = Rooms::below(trees.last, inputs, memory);
    book.source("cgroups", Locator::entry(source.entry(last.0.pass)));
    if trees.span_s.is_none() {
        book.absent("cgroups", too_few(&source.path, 1, 2));
    } else if !rows.is_empty() {
        // Of their fields. None worth a row is an answer.
        let why = "no limit, or a controller or file that is not there";
        book.absent("cgroups", Absence::new(Reason::NotApplicable, why));
    }
    series::tell(inputs, window, &rooms, &mut rows, book);
    let denied = last.1.lost.get(&Reason::Denied);
    lists.insert(
        "cgroups".to_owned(),
        Seen {
            what: "control groups with limits or events".to_owned(),
            seen: u64::try_from(rows.len()).unwrap_or(0),
            expected: u64::try_from(rows.len()).unwrap_or(0),
            gaps: denied.map(|(n, key)| format!("{n} files denied ({key})")).into_iter().collect(),
            others: None,
        },
    );
    List { items: rows }
}

/// Groups as systemd tells them: limits and use at one time, without the files that say so.
fn of_units(inputs: &Inputs, memory: &Memory, book: &mut Book) -> Option<List<Cgroup>> {
    let (pack, paths) = units::groups(inputs)?;
    let trees = Trees {
        first: groups(&pack),
        last: groups(&pack),
        span_s: None,
        page_size_bytes: inputs.env.page_size_bytes,
        memory_bytes: memory.total_bytes.and_then(|b| u64::try_from(b).ok()),
    };
    let mut rows = trees.rows();
    for row in &mut rows {
        if let Some(memory) = &mut row.memory {
            memory.limit_path = None;
        }
        if let Some(cpu) = &mut row.cpu {
            cpu.quota_path = None;
        }
    }
    book.sources("cgroups", paths.into_iter().map(Locator::entry).collect());
    let why = "systemd tells limits and use at one time, no events and no pressure";
    if !rows.is_empty() {
        book.absent("cgroups", Absence::new(Reason::NotCollected, why));
    }
    Some(List { items: rows })
}

/// All control groups at the end of the collection; nothing when they were not read.
pub(super) fn paths(inputs: &Inputs) -> Option<BTreeSet<String>> {
    let (_, pack) = inputs.sched.groups.good().last()?;
    let paths: BTreeSet<String> = groups(pack).into_keys().collect();
    (!paths.is_empty()).then_some(paths)
}

/// Something in it can be a finding.
fn is_worth(g: &Cgroup) -> bool {
    let pressed = |r: Option<f64>| r.is_some_and(|r| r >= PRESSED);
    let happened = |n: Option<i64>| n.is_some_and(|n| n > 0);
    g.memory.as_ref().is_some_and(|m| {
        m.limit_bytes.is_some()
            || happened(m.oom_kills)
            || happened(m.high_events_in_window)
            || pressed(m.pressure_some_ratio)
    }) || g.cpu.as_ref().is_some_and(|c| c.quota_cpus.is_some() || pressed(c.pressure_some_ratio))
        || g.pids
            .as_ref()
            .is_some_and(|p| p.used_ratio.is_some_and(|r| r >= MANY) || happened(p.refused))
        || pressed(g.io_pressure_some_ratio)
        || g.cpu.as_ref().is_some_and(|c| c.cpuset.is_some())
}

/// The nearest to trouble first.
fn weight(g: &Cgroup) -> f64 {
    let memory = g.memory.as_ref();
    let working = memory.and_then(|m| m.working_ratio).unwrap_or(0.0);
    let killed = memory.and_then(|m| m.oom_kills_in_window).map_or(0.0, from_i64);
    let throttled = g.cpu.as_ref().and_then(|c| c.lost_ratio).unwrap_or(0.0);
    let tasks = g.pids.as_ref().and_then(|p| p.used_ratio).unwrap_or(0.0);
    killed + working.max(throttled).max(tasks)
}

fn number(files: &Files<'_>, file: &str) -> Option<u64> {
    files.get(file)?.trim().parse().ok()
}

fn keyed(files: Option<&Files<'_>>, file: &str, key: &str) -> Option<u64> {
    u64::try_from(cgroup::parse(files?.get(file)?).ok()?.get(key)?).ok()
}

impl Trees<'_> {
    /// Groups worth a row, those nearest to trouble first.
    fn rows(&self) -> Vec<Cgroup> {
        let groups = self.last.iter().map(|(path, files)| self.group(path, files));
        let mut rows: Vec<Cgroup> = groups.filter(is_worth).collect();
        rows.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.path.cmp(&b.path)));
        rows.truncate(MAX_ROWS);
        rows
    }

    fn group(&self, path: &str, files: &Files<'_>) -> Cgroup {
        let name = path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("/");
        Cgroup {
            path: path.to_owned(),
            name: name.to_owned(),
            memory: self.memory(path, files),
            cpu: self.cpu(path, files),
            pids: self.pids(path, files),
            io_pressure_some_ratio: self
                .pressure(path, "io.pressure")
                .and_then(|p| p.some?.window_ratio),
            ..Cgroup::default()
        }
    }

    /// How much a counter grew; `None` without two readings, or when it began anew.
    fn delta(&self, path: &str, file: &str, key: &str) -> Option<u64> {
        self.span_s?;
        let now = keyed(self.last.get(path), file, key)?;
        now.checked_sub(keyed(self.first.get(path), file, key)?)
    }

    fn pressure(&self, path: &str, file: &str) -> Option<Resource> {
        let read =
            |tree: &BTreeMap<String, Files<'_>>| pressure::parse(tree.get(path)?.get(file)?).ok();
        let (first, last) = (read(&self.first)?, read(&self.last)?);
        Some(resource(&last, self.span_s.map(|s| (first, last, s))))
    }

    fn pids(&self, path: &str, files: &Files<'_>) -> Option<CgroupPids> {
        let current = number(files, "pids.current")?;
        let max = match files.get("pids.max").and_then(|t| cgroup::limit(t).ok()) {
            Some(Bound::At(n)) => Some(n),
            _ => None,
        };
        Some(CgroupPids {
            current: Some(signed(current)),
            max: max.map(signed),
            used_ratio: max.and_then(|m| ratio(from_u64(current), from_u64(m))),
            class: None,
            per_s: None,
            eta_s: None,
            refused: keyed(self.last.get(path), "pids.events", "max").map(signed),
            refused_in_window: self.delta(path, "pids.events", "max").map(signed),
            owners: Vec::new(),
        })
    }
}
