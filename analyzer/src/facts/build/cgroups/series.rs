//! What groups do from sample to sample: anonymous memory that grows (M2), how much CPU they use at
//! their busiest, and tasks that become more.
//!
//! The mean of a window hides bursts, and two looks cannot tell a leak from a step. The collector
//! follows groups with limits and the largest; the others have no series, and say so.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::growth::facts_of;
use crate::facts::build::window::Window;
use crate::facts::cgroups::{Cgroup, CgroupMemory, CgroupPids};
use crate::facts::inputs::Inputs;
use crate::facts::method::growth::{self, Class, FLOOR_RESIDENT_BYTES, MIN_SAMPLES};
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};
use crate::facts::method::quantile;
use crate::facts::method::trend::Point;
use crate::facts::plan::Packed;
use crate::locator::Locator;
use crate::parse::cgroup::MemoryParts;

use super::Rooms;

/// A service starts and ends a few tasks all the time.
const TASKS_FLOOR: f64 = 20.0;
/// Intervals from which the busiest twentieth means something.
const MIN_INTERVALS: usize = 20;

/// Values with the seconds since the first sample.
type History<T> = Vec<(f64, T)>;

/// The histories of the rows, by their place.
fn histories<T: Copy>(
    source: &Packed<Box<str>, T>,
    window: &Window,
    at: &BTreeMap<&str, usize>,
) -> Vec<History<T>> {
    let mut all: Vec<History<T>> = at.iter().map(|_| Vec::new()).collect();
    for (reading, pack) in window.readings(source) {
        let at_s = window.at_s(reading.mono_us);
        for (group, value) in &pack.rows {
            let row = at.get(&**group).and_then(|i| all.get_mut(*i));
            if let Some(row) = row {
                row.push((at_s, *value));
            }
        }
    }
    all
}

pub(super) fn tell(
    inputs: &Inputs,
    window: &Window,
    rooms: &Rooms<'_>,
    rows: &mut [Cgroup],
    book: &mut Book,
) {
    let sched = &inputs.sched;
    let paths: Vec<String> = rows.iter().map(|row| row.path.clone()).collect();
    let at = paths.iter().enumerate().map(|(i, path)| (path.as_str(), i)).collect();
    let memory = histories(&sched.group_memory, window, &at);
    let cpu = histories(&sched.group_cpu, window, &at);
    let tasks = histories(&sched.group_tasks, window, &at);
    for (i, (row, memory)) in rows.iter_mut().zip(&memory).enumerate() {
        let path = row.path.clone();
        if let Some(facts) = &mut row.memory {
            facts.left_bytes = rooms.room(&path).map(|room| signed(room.left_bytes));
            grown(facts, memory, row.age_s);
            let fact = format!("cgroups.{i}.memory.anon_series");
            told(facts.anon_series.is_some(), &fact, &sched.group_memory, memory.len(), book);
        }
        if let Some(facts) = &mut row.cpu {
            facts.used_p95_cpus = cpu.get(i).and_then(busiest);
            let n = cpu.get(i).map_or(0, Vec::len);
            let fact = format!("cgroups.{i}.cpu.used_p95_cpus");
            told(facts.used_p95_cpus.is_some(), &fact, &sched.group_cpu, n, book);
        }
        if let (Some(facts), Some(tasks)) = (&mut row.pids, tasks.get(i)) {
            more(facts, tasks);
            let fact = format!("cgroups.{i}.pids.class");
            told(facts.class.is_some(), &fact, &sched.group_tasks, tasks.len(), book);
        }
    }
}

/// Where a series came from, or why there is none.
fn told<T>(is: bool, fact: &str, source: &Packed<Box<str>, T>, samples: usize, book: &mut Book) {
    if is {
        book.source(fact, Locator::entry(&source.path));
    } else if samples == 0 {
        let why = "the group is not among those that are followed in the samples";
        book.absent(fact, Absence::new(Reason::NotCollected, why));
    } else {
        book.absent(fact, too_few(&source.path, samples, MIN_SAMPLES));
    }
}

fn grown(facts: &mut CgroupMemory, history: &History<MemoryParts>, age_s: Option<f64>) {
    let points: Vec<Point> = history.iter().map(|(at_s, m)| point(*at_s, m.anon_bytes)).collect();
    let Some(growth) = growth::classify(&points, FLOOR_RESIDENT_BYTES, age_s) else { return };
    let left = facts.left_bytes.map(from_i64);
    facts.limit_eta_s = left.and_then(|left| match growth.class {
        Class::RisingFloor => ratio(left, growth.floor_slope),
        class if class.grows() => ratio(left, growth.trend.slope),
        _ => None,
    });
    let delta = |of: fn(&MemoryParts) -> u64| {
        let (first, last) = (history.first()?, history.last()?);
        Some(signed(of(&last.1)).saturating_sub(signed(of(&first.1))))
    };
    facts.cache_delta_bytes = delta(|m| m.file_bytes.saturating_sub(m.shmem_bytes));
    facts.shmem_delta_bytes = delta(|m| m.shmem_bytes);
    facts.anon_series = Some(facts_of(&growth, &points));
}

fn point(at_s: f64, value: u64) -> Point {
    Point { at_s, value: from_u64(value) }
}

/// The CPUs used in all but a twentieth of the intervals. One in which the counter began anew is
/// left out.
fn busiest(history: &History<u64>) -> Option<f64> {
    let pairs = history.iter().zip(history.get(1..)?);
    let used = |((from_s, from), (to_s, to)): (&(f64, u64), &(f64, u64))| {
        ratio(from_u64(to.checked_sub(*from)?) / 1e6, to_s - from_s)
    };
    let rates: Vec<f64> = pairs.filter_map(used).collect();
    if rates.len() < MIN_INTERVALS { None } else { quantile::p95(&rates) }
}

fn more(facts: &mut CgroupPids, history: &History<u64>) {
    let points: Vec<Point> = history.iter().map(|(at_s, n)| point(*at_s, *n)).collect();
    let Some(growth) = growth::classify(&points, TASKS_FLOOR, None) else { return };
    facts.class = Some(growth.class.as_str().to_owned());
    facts.per_s = (growth.class == Class::Steady).then_some(growth.trend.slope);
    let room = facts.max.zip(facts.current).map(|(max, n)| from_i64((max - n).max(0)));
    facts.eta_s = facts.per_s.zip(room).and_then(|(rate, room)| ratio(room, rate));
}
