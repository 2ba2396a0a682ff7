//! Large processes: on which nodes they run and on which their memory lies.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::facts::build::processes as chapter;
use crate::facts::build::{Book, naming};
use crate::facts::inputs::NumaMaps;
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};
use crate::facts::numa::{Node, NodeRatio, NumaProcess};
use crate::locator::Locator;
use crate::parse::cpulist;

use super::{Context, node_of_cpu};

const FACT: &str = "numa.processes";
/// A node on which a process ran less than this share of its samples is not its own.
const HARDLY: f64 = 0.2;

pub(super) fn build(context: &Context<'_>, nodes: &[Node], book: &mut Book) -> Vec<NumaProcess> {
    let source = &context.inputs.process.numa_maps;
    let Some(maps) = book.last(FACT, source) else { return Vec::new() };
    let ran = ran(context, nodes);
    let used = chapter::cpu_use(context.inputs, context.window);
    let pids: Vec<u32> = maps.rows.iter().map(|(pid, _)| *pid).collect();
    let rows = naming::of_pids(context.inputs, &pids).into_iter().zip(&maps.rows);
    let mut rows: Vec<NumaProcess> = rows
        .map(|(name, (pid, maps))| {
            let mut row = NumaProcess {
                name,
                pid: (*pid).into(),
                cpu_ratio: used.get(pid).copied(),
                age_s: chapter::age_of(context.inputs, *pid),
                cpu_shares: ran.get(pid).map(shares).unwrap_or_default(),
                ..NumaProcess::default()
            };
            if let Some(s) = context.inputs.sched.sched.first().ok().and_then(|p| p.get(pid)) {
                row.pages_migrated = s.numa_pages_migrated.map(signed);
                row.hinting_faults = s.numa_faults.map(signed);
                row.preferred_node = s.numa_preferred_node.map(i64::from);
            }
            memory(&mut row, maps, context);
            compare(&mut row, nodes);
            bound(&mut row, *pid, maps, nodes, context);
            row
        })
        .collect();
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.pid.cmp(&b.pid)));
    let detail = "not read of this process, it was idle, or it has no anonymous memory";
    for (i, row) in rows.iter().enumerate() {
        book.source(format!("{FACT}.{i}"), Locator::record(&source.path, row.pid.to_string()));
        book.absent(format!("{FACT}.{i}"), Absence::new(Reason::NotCollected, detail));
    }
    rows
}

/// Samples of each process by node: of its running threads, or of its first thread at both ends of
/// the collection where none was caught running.
fn ran(context: &Context<'_>, nodes: &[Node]) -> BTreeMap<u32, BTreeMap<i64, u64>> {
    let of_cpu = node_of_cpu(nodes);
    let mut running: BTreeMap<u32, BTreeMap<i64, u64>> = BTreeMap::new();
    let mut first: BTreeMap<u32, BTreeMap<i64, u64>> = BTreeMap::new();
    let count = |to: &mut BTreeMap<u32, BTreeMap<i64, u64>>, pid: u32, cpu: u16| {
        if let Some(node) = of_cpu.get(&cpu) {
            *to.entry(pid).or_default().entry(*node).or_default() += 1;
        }
    };
    for (_, pack) in context.window.readings(&context.inputs.process.active_threads) {
        for ((pid, _), thread) in pack.rows.iter().filter(|(_, t)| !t.in_d) {
            count(&mut running, *pid, thread.processor);
        }
    }
    for (_, pack) in context.inputs.process.processes.good() {
        for (pid, process) in &pack.rows {
            count(&mut first, *pid, process.processor);
        }
    }
    first.extend(running);
    first
}

fn shares(by_node: &BTreeMap<i64, u64>) -> Vec<NodeRatio> {
    let all = by_node.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let share = |(node, n): (&i64, &u64)| {
        Some(NodeRatio { node: *node, ratio: ratio(from_u64(*n), from_u64(all))? })
    };
    by_node.iter().filter_map(share).collect()
}

fn memory(row: &mut NumaProcess, maps: &NumaMaps, context: &Context<'_>) {
    let sum = |by_node: &BTreeMap<u32, u64>| {
        signed(by_node.values().fold(0_u64, |sum, n| sum.saturating_add(*n)))
    };
    row.bytes = sum(&maps.node_bytes);
    row.anon_bytes = sum(&maps.anon_node_bytes);
    let total = context.memory.total_bytes;
    row.memory_ratio = total.and_then(|total| ratio(from_i64(row.bytes), from_i64(total)));
    let anon: BTreeMap<i64, u64> =
        maps.anon_node_bytes.iter().map(|(node, bytes)| (i64::from(*node), *bytes)).collect();
    row.memory_shares = shares(&anon);
}

/// How much of the memory lies where the process hardly ran.
fn compare(row: &mut NumaProcess, nodes: &[Node]) {
    let most = |shares: &[NodeRatio]| {
        shares.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio)).map(|s| s.node)
    };
    row.memory_node = most(&row.memory_shares);
    row.cpu_node = most(&row.cpu_shares);
    let on = |id: i64| nodes.iter().find(|n| n.id == id);
    row.cpu_node_givable_bytes =
        row.cpu_node.and_then(on).and_then(|n| Some(n.free_bytes?.saturating_add(n.file_bytes?)));
    let largest = nodes.iter().filter_map(|n| n.total_bytes).max();
    row.exceeds_node = largest.map(|largest| row.bytes > largest);
    if row.cpu_shares.is_empty() || row.memory_shares.is_empty() {
        return;
    }
    let share = |shares: &[NodeRatio], node: i64| {
        shares.iter().find(|s| s.node == node).map_or(0.0, |s| s.ratio)
    };
    let ids: BTreeSet<i64> =
        row.memory_shares.iter().chain(&row.cpu_shares).map(|s| s.node).collect();
    let pairs: Vec<(f64, f64)> = ids
        .into_iter()
        .map(|id| (share(&row.memory_shares, id), share(&row.cpu_shares, id)))
        .collect();
    row.mismatch_ratio = Some(pairs.iter().map(|(m, c)| (m - c).abs()).sum::<f64>() / 2.0);
    row.remote_ratio = Some(pairs.iter().filter(|(_, c)| *c < HARDLY).map(|(m, _)| m).sum());
}

/// The policy of most of the memory, and the nodes it may not leave.
fn bound(row: &mut NumaProcess, pid: u32, maps: &NumaMaps, nodes: &[Node], context: &Context<'_>) {
    let most = maps.policy_bytes.iter().max_by_key(|(_, bytes)| **bytes).map(|(p, _)| &**p);
    let traits = &context.inputs.sched.traits;
    let allowed = traits.good().find_map(|(_, p)| p.get(&pid)?.mems_allowed.as_deref());
    let list = |text: &str| -> Vec<i64> {
        let parsed = cpulist::parse(text.trim()).ok();
        parsed.map(|l| l.iter().take(1024).map(i64::from).collect()).unwrap_or_default()
    };
    let (name, of) = most.map_or((None, Vec::new()), |policy| {
        let (word, of) = policy.rsplit_once(':').unwrap_or((policy, ""));
        let word = word.split('=').next().unwrap_or(word);
        (Some(word.to_owned()), list(of))
    });
    let strict = name.as_deref() == Some("bind");
    row.policy = name;
    let with_memory: Vec<i64> =
        nodes.iter().filter(|n| n.total_bytes.is_some_and(|b| b > 0)).map(|n| n.id).collect();
    let cpuset = allowed.map(list).unwrap_or_default();
    let bound = if strict { of } else { cpuset };
    let all = with_memory.iter().all(|id| bound.contains(id));
    if bound.is_empty() || all {
        return;
    }
    let of_bound = || nodes.iter().filter(|n| bound.contains(&n.id));
    row.bound_total_bytes = of_bound().map(|n| n.total_bytes).sum();
    let givable =
        of_bound().map(|n| Some(n.free_bytes?.saturating_add(n.file_bytes?))).sum::<Option<i64>>();
    row.bound_givable_ratio = givable
        .zip(row.bound_total_bytes)
        .and_then(|(g, total)| ratio(from_i64(g), from_i64(total)));
    row.bound_nodes = bound;
}
