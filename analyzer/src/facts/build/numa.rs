//! Chapter: memory nodes, where memory was allocated, and which processes run far from theirs (M7).

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::counters::Growth;
use crate::facts::build::window::Window;
use crate::facts::cpu::Cpu;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::method::num::{from_u64, len, ratio, signed};
use crate::facts::numa::{Balancing, Node, Numa};
use crate::facts::sysctl::Sysctl;
use crate::locator::Locator;

mod nodes;
mod processes;

/// What the parts of the chapter share.
struct Context<'i> {
    inputs: &'i Inputs,
    window: &'i Window,
    memory: &'i Memory,
}

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    memory: &Memory,
    cpu: &Cpu,
    sysctl: &Sysctl,
    book: &mut Book,
) -> Numa {
    let number = |key: &str| sysctl.runtime.get(key)?.parse::<i64>().ok();
    let mut numa = Numa {
        zone_reclaim_mode: number("vm.zone_reclaim_mode"),
        counting: number("vm.numa_stat").map(|on| on != 0),
        ..Numa::default()
    };
    let detail = "the archive does not tell";
    book.absent("numa", Absence::of(Reason::NotCollected, &inputs.memory.sys_node.path, detail));
    for (fact, key, known) in [
        ("numa.zone_reclaim_mode", "vm.zone_reclaim_mode", numa.zone_reclaim_mode.is_some()),
        ("numa.counting", "vm.numa_stat", numa.counting.is_some()),
    ] {
        let path = &inputs.parameters.sysctl.path;
        if known {
            book.source(fact, Locator::facts([format!("sysctl.runtime.{key}").as_str()]));
        } else {
            let detail = format!("no {key}: older, or built without NUMA");
            book.absent(fact, Absence::of(Reason::Missing, path, detail));
        }
    }
    if book.first("numa.nodes", &inputs.memory.sys_node).is_some() {
        numa.nodes = nodes::build(inputs, numa.counting, book);
        let with_memory = numa.nodes.iter().filter(|n| n.total_bytes.is_some_and(|b| b > 0));
        numa.memory_nodes = Some(len(with_memory.count()));
        book.source("numa.memory_nodes", Locator::facts(["numa.nodes"]));
        numa.max_distance = numa.nodes.iter().flat_map(|n| n.distances.iter().copied()).max();
    } else if let Some(nodes) = cpu.numa_nodes {
        numa.memory_nodes = Some(nodes);
        if nodes == 1 {
            let only = Node { name: "node 0".to_owned(), ..Node::default() };
            numa.nodes = vec![only];
            book.source("numa.nodes", Locator::facts(["cpu.numa_nodes"]));
        }
        book.source("numa.memory_nodes", Locator::facts(["cpu.numa_nodes"]));
    }
    if numa.memory_nodes == Some(1) {
        let absence = Absence::new(Reason::NotApplicable, "there is one memory node");
        book.absent("numa.processes", absence);
    } else {
        let context = Context { inputs, window, memory };
        numa.processes = processes::build(&context, &numa.nodes, book);
        top_processes(&mut numa, inputs, book);
    }
    numa.balancing = Some(balancing(inputs, window, number("kernel.numa_balancing"), book));
    numa
}

/// The process with most memory on each node.
fn top_processes(numa: &mut Numa, inputs: &Inputs, book: &mut Book) {
    let Ok(maps) = inputs.process.numa_maps.last() else { return };
    let processes = &numa.processes;
    for (i, node) in numa.nodes.iter_mut().enumerate() {
        let on_node = |p: &crate::facts::numa::NumaProcess| {
            let id = u32::try_from(node.id).ok()?;
            maps.get(&u32::try_from(p.pid).ok()?)?.node_bytes.get(&id).copied()
        };
        let most = processes.iter().filter_map(|p| Some((on_node(p)?, p))).max_by_key(|(b, _)| *b);
        node.top_process = most.and_then(|(bytes, p)| {
            Some(crate::facts::numa::NodeShare {
                name: p.name.clone(),
                pid: p.pid,
                bytes: signed(bytes),
                ratio: ratio(
                    from_u64(bytes),
                    node.total_bytes.map(crate::facts::method::num::from_i64)?,
                )?,
            })
        });
        if node.top_process.is_some() {
            let of = Locator::entry(&inputs.process.numa_maps.path);
            book.source(format!("numa.nodes.{i}.top_process"), of);
        }
    }
}

fn balancing(inputs: &Inputs, window: &Window, mode: Option<i64>, book: &mut Book) -> Balancing {
    const FACT: &str = "numa.balancing";
    let source = &inputs.memory.vmstat;
    let growth = Growth::of(window, source);
    let detail = "not counted by this kernel (3.8, CONFIG_NUMA_BALANCING), or no such fault";
    let absence = match (&growth, source.good().count()) {
        (Some(_), _) => Absence::of(Reason::Missing, &source.path, detail),
        (None, 0) => source.absence(),
        (None, good) => too_few(&source.path, good, 2),
    };
    book.source(FACT, Locator::entry(&source.path));
    book.absent(FACT, absence);
    let present = inputs.process.processes.last().ok();
    let total = |name: &str| growth.as_ref()?.total(&[name]);
    let page = from_u64(inputs.env.page_size_bytes);
    let (faults, local) = (total("numa_hint_faults"), total("numa_hint_faults_local"));
    Balancing {
        mode,
        numad: present.map(|p| p.rows.iter().any(|(_, p)| &*p.comm == "numad")),
        hint_faults: faults.map(signed),
        hint_faults_per_s: growth.as_ref().and_then(|g| g.per_s(&["numa_hint_faults"])),
        local_ratio: local.zip(faults).and_then(|(l, f)| ratio(from_u64(l), from_u64(f))),
        migrated_bytes_per_s: growth
            .as_ref()
            .and_then(|g| g.per_s(&["numa_pages_migrated"]))
            .map(|pages| pages * page),
    }
}

/// Node of each CPU.
fn node_of_cpu(nodes: &[Node]) -> BTreeMap<u16, i64> {
    let cpus = |node: &Node| {
        let list = crate::parse::cpulist::parse(node.cpus.as_deref()?).ok()?;
        Some(list.iter().filter_map(|c| u16::try_from(c).ok()).take(8192).collect::<Vec<_>>())
    };
    nodes
        .iter()
        .flat_map(|n| cpus(n).unwrap_or_default().into_iter().map(move |cpu| (cpu, n.id)))
        .collect()
}
