//! Zombies: children that ended and that nobody waited for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::super::method::growth::{self, Class};
use super::super::super::method::num::{from_len, len};
use super::super::super::method::trend::{self, Point};
use super::super::super::tasks::{ZombieParent, Zombies};
use super::super::processes::age_s;
use super::super::window::Window;
use super::who::Who;

const MAX_PARENTS: usize = 10;
/// A zombie in fewer samples waits only for its parent's next turn.
const PERSISTENT: usize = 3;
/// Counts do not have the noise of memory.
const FLOOR: f64 = 2.0;

type Identity = (u32, u64);

pub(super) fn build(inputs: &Inputs, window: &Window, who: &Who<'_>) -> Option<Zombies> {
    let alive = alive(inputs);
    let readings = window.readings(&inputs.process.tasks);
    let mut points = Vec::new();
    let mut run: BTreeMap<Identity, usize> = BTreeMap::new();
    for (reading, pack) in &readings {
        let now: BTreeSet<Identity> = pack
            .rows
            .iter()
            .filter(|(pid, t)| t.state == b'Z' && !who.own.contains(pid) && !alive.contains(pid))
            .map(|(pid, t)| (*pid, t.start_ticks))
            .collect();
        points.push(Point { at_s: window.at_s(reading.mono_us), value: from_len(now.len()) });
        run.retain(|id, _| now.contains(id));
        for id in now {
            *run.entry(id).or_default() += 1;
        }
    }
    let (first, last) = (points.first()?, points.last()?);
    let growth = growth::classify(&points, FLOOR, None);
    let grows = growth.as_ref().is_some_and(|g| g.class == Class::Steady);
    let persistent: Vec<Identity> =
        run.iter().filter(|(_, n)| **n >= PERSISTENT).map(|(id, _)| *id).collect();
    let trend = trend::trend(&points);
    Some(Zombies {
        count: super::super::super::method::num::to_i64(last.value),
        persistent: len(persistent.len()),
        class: growth.as_ref().map(|g| g.class.as_str().to_owned()),
        per_min: growth.filter(|_| grows).map(|g| g.trend.slope * 60.0),
        delta: Some(super::super::super::method::num::to_i64(last.value - first.value)),
        tau: trend.map(|t| t.tau).filter(|t| t.is_finite()),
        parents: parents(inputs, who, &persistent),
    })
}

/// Processes whose first thread has ended while others run: no zombies, though the letter says Z.
fn alive(inputs: &Inputs) -> BTreeSet<u32> {
    let threads = inputs.sched.threads.good().flat_map(|(_, p)| &p.rows);
    threads
        .filter(|((pid, tid), t)| pid != tid && t.state != b'Z')
        .map(|((pid, _), _)| *pid)
        .collect()
}

fn parents(inputs: &Inputs, who: &Who<'_>, zombies: &[Identity]) -> Vec<ZombieParent> {
    let mut by_parent: BTreeMap<u32, ZombieParent> = BTreeMap::new();
    for (pid, start) in zombies {
        let stat = inputs.process.processes.good().filter_map(|(_, p)| p.get(pid)).next_back();
        let Some(stat) = stat else { continue };
        let parent = by_parent.entry(stat.ppid).or_insert_with(|| ZombieParent {
            pid: stat.ppid.into(),
            comm: who.comm(stat.ppid),
            cgroup: who.cgroup(stat.ppid),
            is_container_init: is_container_init(inputs, who, stat.ppid),
            example: stat.comm.to_string(),
            ..ZombieParent::default()
        });
        parent.zombies += 1;
        let age = age_s(inputs, *start);
        parent.oldest_age_s = match (parent.oldest_age_s, age) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
    let mut parents: Vec<ZombieParent> = by_parent.into_values().collect();
    parents.sort_by_key(|p| std::cmp::Reverse(p.zombies));
    parents.truncate(MAX_PARENTS);
    parents
}

/// In a container, and its own parent is not.
fn is_container_init(inputs: &Inputs, who: &Who<'_>, pid: u32) -> bool {
    let group = who.cgroup(pid);
    let above = inputs.process.processes.good().find_map(|(_, p)| p.get(&pid)).map(|p| p.ppid);
    who.is_service(pid)
        && group.as_deref().is_some_and(|g| !g.ends_with(".service"))
        && above.is_some_and(|p| who.cgroup(p) != group)
}
