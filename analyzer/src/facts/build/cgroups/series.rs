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
use crate::facts::method::growth::{self, Class, Confidence, FLOOR_RESIDENT_BYTES, MIN_SAMPLES};
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};
use crate::facts::method::quantile;
use crate::facts::method::trend::Point;
use crate::facts::plan::Packed;
use crate::locator::Locator;
use crate::parse::cgroup::MemoryParts;

use super::tree::upwards;
use super::{Room, Rooms};

/// A service starts and ends a few tasks all the time.
const TASKS_FLOOR: f64 = 20.0;
/// Intervals from which the busiest twentieth means something.
const MIN_INTERVALS: usize = 20;

/// Services fill their heaps and start their threads when they begin.
const STARTING_S: f64 = 120.0;

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
            ends(facts, rooms.room(&path));
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
            more(facts, tasks, row.age_s);
            let fact = format!("cgroups.{i}.pids.class");
            told(facts.class.is_some(), &fact, &sched.group_tasks, tasks.len(), book);
        }
    }
    young(&at, &memory, rows);
}

/// The limit at which growth ends.
fn ends(facts: &mut CgroupMemory, room: Option<Room>) {
    let Some(room) = room else { return };
    facts.left_bytes = Some(signed(room.left_bytes));
    facts.left_swap_bytes = Some(signed(room.swap_bytes));
    facts.left_limit_bytes = Some(signed(room.limit_bytes));
    facts.left_group = Some(room.group);
}

fn is_young(row: &Cgroup) -> bool {
    row.age_s.is_some_and(|age_s| age_s < STARTING_S)
}

/// Tells groups what of their growth belongs to groups below that are still starting. One that
/// began in the window grew by all it has.
fn young(at: &BTreeMap<&str, usize>, memory: &[History<MemoryParts>], rows: &mut [Cgroup]) {
    let begin_s = memory.iter().filter_map(|h| Some(h.first()?.0)).fold(f64::INFINITY, f64::min);
    let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
    for (row, history) in rows.iter().zip(memory).filter(|(row, _)| is_young(row)) {
        let (Some((from_s, first)), Some((_, last))) = (history.first(), history.last()) else {
            continue;
        };
        let before = if *from_s > begin_s { 0 } else { signed(first.anon_bytes) };
        let delta = signed(last.anon_bytes).saturating_sub(before);
        for above in upwards(&row.path).skip(1).filter_map(|path| at.get(path)) {
            let sum = sums.entry(*above).or_default();
            *sum = sum.saturating_add(delta);
            // Those above that hear of it from this one.
            if rows.get(*above).is_some_and(is_young) {
                break;
            }
        }
    }
    for (i, sum) in sums {
        if let Some(facts) = rows.get_mut(i).and_then(|row| row.memory.as_mut()) {
            facts.young_delta_bytes = Some(sum);
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

/// No time is told from too few samples, nor of a service that still starts its threads.
fn more(facts: &mut CgroupPids, history: &History<u64>, age_s: Option<f64>) {
    let points: Vec<Point> = history.iter().map(|(at_s, n)| point(*at_s, *n)).collect();
    let Some(growth) = growth::classify(&points, TASKS_FLOOR, age_s) else { return };
    facts.class = Some(growth.class.as_str().to_owned());
    facts.per_s = (growth.class == Class::Steady).then_some(growth.trend.slope);
    if growth.confidence == Confidence::Low || age_s.is_some_and(|age_s| age_s < STARTING_S) {
        return;
    }
    let room = facts.max.zip(facts.current).map(|(max, n)| from_i64((max - n).max(0)));
    facts.eta_s = facts.per_s.zip(room).and_then(|(rate, room)| ratio(room, rate));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(anon_bytes: u64) -> MemoryParts {
        MemoryParts { anon_bytes, file_bytes: 0, shmem_bytes: 0 }
    }

    fn row(path: &str, age_s: f64) -> Cgroup {
        Cgroup {
            path: path.to_owned(),
            age_s: Some(age_s),
            memory: Some(CgroupMemory::default()),
            ..Cgroup::default()
        }
    }

    #[test]
    fn growth_of_groups_that_start_is_told_to_those_above_once() {
        let mut rows =
            [row("/pods", 9e3), row("/pods/new", 60.0), row("/pods/new/app", 50.0), row("/x", 9.0)];
        let at = BTreeMap::from([("/pods", 0), ("/pods/new", 1), ("/pods/new/app", 2), ("/x", 3)]);
        let histories = [
            vec![(0.0, parts(1000)), (60.0, parts(1900))],
            // It began in the window.
            vec![(10.0, parts(100)), (60.0, parts(800))],
            vec![(10.0, parts(100)), (60.0, parts(700))],
            vec![(0.0, parts(100)), (60.0, parts(150))],
        ];
        young(&at, &histories, &mut rows);
        let told = rows.map(|row| row.memory.unwrap().young_delta_bytes);
        assert_eq!(told, [Some(800), Some(700), None, None]);
    }

    fn tasks(samples: u32, age_s: Option<f64>) -> CgroupPids {
        let history = (0..samples).map(|n| (f64::from(n), 100 + 10 * u64::from(n))).collect();
        let mut facts = CgroupPids { current: Some(700), max: Some(1000), ..CgroupPids::default() };
        more(&mut facts, &history, age_s);
        facts
    }

    #[test]
    fn no_time_is_told_of_a_service_that_starts_or_from_few_samples() {
        for (samples, age_s) in [(61, Some(60.0)), (12, Some(9e3)), (12, None)] {
            let facts = tasks(samples, age_s);
            assert_eq!(facts.class.as_deref(), Some("steady"));
            assert!(facts.per_s.is_some() && facts.eta_s.is_none(), "{samples} {age_s:?}");
        }
        for age_s in [Some(9e3), None] {
            assert!((tasks(61, age_s).eta_s.unwrap() - 30.0).abs() < 0.1);
        }
    }
}
