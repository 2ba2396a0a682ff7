//! Who is in the groups: how many processes, which commands, and who serves others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::build::pods::Pods;
use crate::facts::build::processes::age_s;
use crate::facts::build::ps;
use crate::facts::build::tasks::Who;
use crate::facts::cgroups::{Cgroup, CgroupPids};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::signed;
use crate::facts::plan::Pack;
use crate::facts::tasks::Owner;

use super::tree::{self, upwards};

const MAX_COMMS: usize = 3;
const MAX_OWNERS: usize = 5;
/// Tasks by limit from which the processes with most threads are named.
const NAMED: f64 = 0.7;

/// Who is in the groups.
pub(super) struct People<'i> {
    who: Who<'i>,
    pods: Pods,
    /// Processes with their groups: by their own files, or by the lists of the groups.
    members: Vec<(u32, Vec<Cow<'i, str>>)>,
}

impl<'i> People<'i> {
    pub(super) fn of(inputs: &'i Inputs, pack: &Pack<String, String>) -> Self {
        let who = Who::of(inputs);
        let mut members: Vec<(u32, Vec<Cow<'i, str>>)> = who
            .cgroups()
            .map(|(pid, groups)| (pid, groups.iter().map(|g| Cow::Borrowed(&**g)).collect()))
            .collect();
        if members.is_empty() {
            let owned = |groups: Vec<String>| groups.into_iter().map(Cow::Owned).collect();
            let lists = tree::members(pack);
            members = lists.into_iter().map(|(pid, groups)| (pid, owned(groups))).collect();
        }
        members.retain(|(pid, _)| !who.own.contains(pid));
        Self { who, pods: Pods::of(inputs), members }
    }

    /// Command names by process: the kernel's, or those of `ps`.
    fn comms(&self, inputs: &Inputs) -> BTreeMap<u32, String> {
        if inputs.process.processes.first().is_err() {
            return ps::names(inputs);
        }
        self.members.iter().map(|(pid, _)| (*pid, self.who.comm(*pid))).collect()
    }

    pub(super) fn tell(&self, inputs: &Inputs, rows: &mut [Cgroup]) {
        let names = self.comms(inputs);
        let at: BTreeMap<String, usize> =
            rows.iter().enumerate().map(|(i, g)| (g.path.clone(), i)).collect();
        let mut comms: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); rows.len()];
        let mut counts = vec![0_i64; rows.len()];
        let started = started(inputs);
        let mut first = vec![u64::MAX; rows.len()];
        for (pid, groups) in &self.members {
            let all: BTreeSet<&str> = groups.iter().flat_map(|g| upwards(g)).chain(["/"]).collect();
            for above in all {
                let Some(i) = at.get(above) else { continue };
                let row = (rows.get_mut(*i), comms.get_mut(*i), counts.get_mut(*i));
                if let (Some(row), Some(comms), Some(count)) = row {
                    *count += 1;
                    if let (Some(first), Some(start)) = (first.get_mut(*i), started.get(pid)) {
                        *first = (*first).min(*start);
                    }
                    row.listens |= self.who.listens(*pid);
                    if let Some(name) = names.get(pid) {
                        *comms.entry(name).or_default() += 1;
                    }
                }
            }
        }
        for (((row, comms), count), first) in rows.iter_mut().zip(comms).zip(counts).zip(first) {
            row.age_s = (first < u64::MAX).then(|| age_s(inputs, first)).flatten();
            let mut sorted: Vec<(&str, usize)> = comms.into_iter().collect();
            sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            row.comms = sorted.into_iter().take(MAX_COMMS).map(|(c, _)| c.to_owned()).collect();
            row.processes = (!self.members.is_empty()).then_some(count);
            row.pod = self.pods.of_group(&row.path).map(str::to_owned);
            let near = |p: &&mut CgroupPids| p.used_ratio.is_some_and(|r| r >= NAMED);
            if let Some(pids) = row.pids.as_mut().filter(near) {
                pids.owners = self.owners(inputs, &row.path);
            }
        }
    }

    /// The processes of a group, and of the groups below it, with most threads.
    fn owners(&self, inputs: &Inputs, group: &str) -> Vec<Owner> {
        let Some((_, last)) = inputs.process.processes.good().last() else { return Vec::new() };
        let is_within = |groups: &[Cow<'_, str>]| {
            groups.iter().any(|g| group == "/" || upwards(g).any(|above| above == group))
        };
        let within = self.members.iter().filter(|(_, groups)| is_within(groups));
        let owner = |(pid, _): &(u32, Vec<Cow<'_, str>>)| {
            let threads = signed(last.get(pid)?.threads);
            Some(Owner { pid: (*pid).into(), comm: self.who.comm(*pid), threads })
        };
        let mut owners: Vec<Owner> = within.filter_map(owner).collect();
        owners.sort_by(|a, b| b.threads.cmp(&a.threads).then(a.pid.cmp(&b.pid)));
        owners.truncate(MAX_OWNERS);
        owners
    }
}

/// When processes of the last look began, in ticks since boot.
fn started(inputs: &Inputs) -> BTreeMap<u32, u64> {
    let last = inputs.process.processes.good().last().into_iter();
    last.flat_map(|(_, p)| &p.rows).map(|(pid, p)| (*pid, p.task.start_ticks)).collect()
}
