//! Names that tell processes of one command apart without a process id, so that a finding keeps
//! its subject over a restart: the last part of the control group, then the first argument, then a
//! number by age.

use std::collections::BTreeMap;

use super::super::inputs::Inputs;
use super::processes;

/// What a name is made of.
pub(super) struct Unnamed<'a> {
    pub(super) pid: i64,
    pub(super) comm: &'a str,
    pub(super) cmdline: Option<&'a str>,
    pub(super) age_s: Option<f64>,
}

/// One name for each, in their order.
pub(super) fn names(inputs: &Inputs, rows: &[Unnamed<'_>]) -> Vec<String> {
    let mut commands: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, process) in
        inputs.process.processes.first().map(|p| p.rows.as_slice()).unwrap_or_default()
    {
        *commands.entry(&process.comm).or_default() += 1;
    }
    let more = |row: &Unnamed<'_>| {
        let argument = || row.cmdline?.split(' ').nth(1).map(str::to_owned);
        group(inputs, row.pid).or_else(argument)
    };
    let mut names: Vec<String> = rows
        .iter()
        .map(|row| match commands.get(row.comm).filter(|n| **n > 1).and_then(|_| more(row)) {
            Some(more) => format!("{} {more}", row.comm),
            None => row.comm.to_owned(),
        })
        .collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let age = |i: &usize| rows.get(*i).and_then(|r| r.age_s).unwrap_or(0.0);
    order.sort_by(|a, b| age(b).total_cmp(&age(a)));
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for i in order {
        if let Some(name) = names.get_mut(i) {
            let n = used.entry(name.clone()).or_default();
            *n += 1;
            if *n > 1 {
                *name = format!("{name} #{n}");
            }
        }
    }
    names
}

/// The same by process id; processes that ended before they could be named are `pid 123`.
pub(super) fn of_pids(inputs: &Inputs, pids: &[u32]) -> Vec<String> {
    let command = |pid: &u32| {
        let seen = inputs.process.processes.good().filter_map(|(_, p)| p.get(pid)).next_back();
        seen.map_or_else(|| format!("pid {pid}"), |p| p.comm.to_string())
    };
    let comms: Vec<String> = pids.iter().map(command).collect();
    let cmdlines: Vec<Option<String>> =
        pids.iter().map(|pid| processes::cmdline(inputs, *pid)).collect();
    let rows: Vec<Unnamed<'_>> = pids
        .iter()
        .zip(&comms)
        .zip(&cmdlines)
        .map(|((pid, comm), cmdline)| Unnamed {
            pid: (*pid).into(),
            comm,
            cmdline: cmdline.as_deref(),
            age_s: processes::age_of(inputs, *pid),
        })
        .collect();
    names(inputs, &rows)
}

/// The last part of the control group of a process that says anything.
fn group(inputs: &Inputs, pid: i64) -> Option<String> {
    let groups = inputs.process.cgroups.first().ok()?;
    let path = groups.get(&u32::try_from(pid).ok()?)?;
    path.rsplit('/').find(|part| !part.is_empty() && *part != "init.scope").map(str::to_owned)
}
