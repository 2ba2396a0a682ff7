//! The nodes: their memory in the last look, and where memory was allocated between two looks.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};
use crate::facts::method::numa::Delta;
use crate::facts::numa::Node;
use crate::facts::plan::Pack;
use crate::locator::Locator;
use crate::parse::meminfo::{self, Meminfo};
use crate::parse::{cpulist, numastat, vmstat};

type Files = Pack<String, String>;

pub(super) fn build(inputs: &Inputs, counting: Option<bool>, book: &mut Book) -> Vec<Node> {
    let source = &inputs.memory.sys_node;
    // A sample has the memory alone: where the archive was cut, the last look may be one.
    let whole = |pack: &&Files| pack.rows.iter().any(|(key, _)| key.ends_with("/numastat"));
    let all: Vec<&Files> = source.good().map(|(_, pack)| pack).collect();
    let mut looks: Vec<&Files> = all.iter().copied().filter(whole).collect();
    if looks.is_empty() {
        looks = all;
    }
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return Vec::new() };
    let twice = looks.len() > 1;
    // Switched off, the counters stand at zero, which is no measurement.
    let off = counting == Some(false);
    let mut nodes: BTreeMap<u32, Node> = BTreeMap::new();
    for (key, _) in &last.rows {
        let id = key.strip_prefix("devices/system/node/node").and_then(|k| k.split('/').next());
        if let Some(id) = id.and_then(|id| id.parse::<u32>().ok()) {
            nodes.entry(id).or_insert_with(|| Node {
                id: id.into(),
                name: format!("node {id}"),
                ..Node::default()
            });
        }
    }
    let page = from_u64(inputs.env.page_size_bytes);
    let mut nodes: Vec<Node> = nodes
        .into_iter()
        .map(|(id, mut node)| {
            sizes(&mut node, id, last);
            pressure(&mut node, id, [first, last], twice, page);
            node.givable_min_ratio = lowest(inputs, id, huge_pages(last, id));
            if !off {
                counters(&mut node, id, first, last, twice, page);
            }
            node
        })
        .collect();
    others(&mut nodes);
    for (i, node) in nodes.iter().enumerate() {
        let records = ["meminfo", "numastat", "vmstat"].map(|file| {
            Locator::record(&source.path, format!("devices/system/node/node{}/{file}", node.id))
        });
        book.sources(format!("numa.nodes.{i}"), records.to_vec());
        let detail = if off {
            "vm.numa_stat is 0: the kernel does not count where memory is allocated"
        } else if twice {
            "not told by this kernel, or nothing was allocated on the node"
        } else {
            "the counters were read once only"
        };
        let reason = if twice || off { Reason::Missing } else { Reason::TooFewSamples };
        book.absent(format!("numa.nodes.{i}"), Absence::of(reason, &source.path, detail));
    }
    nodes
}

fn text<'f>(files: &'f Files, id: u32, file: &str) -> Option<&'f str> {
    files.get(format!("devices/system/node/node{id}/{file}").as_str()).map(String::as_str)
}

fn sizes(node: &mut Node, id: u32, files: &Files) {
    if let Some(list) = text(files, id, "cpulist") {
        node.cpu_count = cpulist::parse(list).ok().map(|l| signed(l.len()));
        node.cpus = Some(list.to_owned()).filter(|l| !l.is_empty());
        if list.is_empty() {
            node.cpu_count = Some(0);
        }
    }
    node.distances = text(files, id, "distance")
        .map(|t| t.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect())
        .unwrap_or_default();
    let info: Meminfo =
        text(files, id, "meminfo").and_then(|t| meminfo::parse(t).ok()).unwrap_or_default();
    node.total_bytes = info.total_bytes.map(signed);
    node.free_bytes = info.free_bytes.map(signed);
    node.anon_bytes = info.anon_bytes.map(signed);
    node.shmem_bytes = info.shmem_bytes.map(signed);
    // A node prints no Cached: its file pages are those of the LRU lists.
    let lists = info.active_file_bytes.zip(info.inactive_file_bytes);
    node.file_bytes = lists.map(|(a, i)| signed(a.saturating_add(i)));
    let of = |bytes: Option<i64>, pools: i64| {
        ratio(from_i64(bytes?), from_i64(node.total_bytes?.saturating_sub(pools)))
    };
    node.free_ratio = of(node.free_bytes, 0);
    let givable = node.free_bytes.zip(node.file_bytes).map(|(a, b)| a.saturating_add(b));
    node.givable_ratio = of(givable, signed(huge_pages(files, id)));
}

/// The pools of huge pages of a node: set aside, nothing else can use them, and a node that is full of
/// them is not short.
fn huge_pages(files: &Files, id: u32) -> u64 {
    let prefix = format!("devices/system/node/node{id}/hugepages/hugepages-");
    let pools = files.rows.iter().filter_map(|(key, count)| {
        let kib = key.strip_prefix(&*prefix)?.strip_suffix("kB/nr_hugepages")?;
        let bytes = kib.parse::<u64>().ok()?.saturating_mul(1024);
        Some(bytes.saturating_mul(count.trim_ascii().parse().ok()?))
    });
    pools.fold(0, u64::saturating_add)
}

/// What reclaim did to the node between both looks.
fn pressure(node: &mut Node, id: u32, ends: [&Files; 2], twice: bool, page: f64) {
    let [Some(then), Some(now)] = ends.map(|f| vmstat::parse(text(f, id, "vmstat")?).ok()) else {
        return;
    };
    let pages = |n: i64| from_i64(n) * page;
    node.swap_cached_bytes = now.get("nr_swapcached").map(|n| signed_pages(n, page));
    if !twice {
        return;
    }
    let grown = |key: &str| now.get(key)?.checked_sub(then.get(key)?).filter(|n| *n >= 0);
    node.reclaim_written_bytes = grown("nr_vmscan_write").map(pages);
    let split = grown("workingset_refault_anon").zip(grown("workingset_refault_file"));
    let refaults = split.map(|(a, f)| a.saturating_add(f));
    node.refault_bytes = refaults.or_else(|| grown("workingset_refault")).map(pages);
}

#[expect(clippy::cast_possible_truncation, reason = "far below 2^63: pages of one host")]
fn signed_pages(pages: i64, page: f64) -> i64 {
    pages.saturating_mul(page as i64)
}

/// The lowest share that the node could give, in all looks.
fn lowest(inputs: &Inputs, id: u32, pools: u64) -> Option<f64> {
    let looks = inputs.memory.node_memory.good().filter_map(|(_, pack)| pack.get(&id));
    let shares = looks.filter_map(|m| {
        ratio(from_u64(m.givable_bytes), from_u64(m.total_bytes.saturating_sub(pools)))
    });
    shares.min_by(f64::total_cmp)
}

/// Growth of the counters between both looks, and their state since boot.
fn counters(node: &mut Node, id: u32, first: &Files, last: &Files, twice: bool, page: f64) {
    let read = |files: &Files| numastat::parse(text(files, id, "numastat")?).ok();
    let Some(now) = read(last) else { return };
    let boot = Delta {
        hit: now.hit_pages,
        miss: now.miss_pages,
        local: now.local_pages,
        other: now.other_pages,
    };
    node.miss_since_boot_ratio = boot.missed();
    node.remote_since_boot_ratio = boot.remote();
    let Some(then) = read(first).filter(|_| twice) else { return };
    let grown = |of: fn(&numastat::NodeCounters) -> u64| of(&now).checked_sub(of(&then));
    let (Some(hit), Some(miss)) = (grown(|n| n.hit_pages), grown(|n| n.miss_pages)) else { return };
    let (Some(local), Some(other)) = (grown(|n| n.local_pages), grown(|n| n.other_pages)) else {
        return;
    };
    let delta = Delta { hit, miss, local, other };
    let all = from_u64(hit) + from_u64(miss);
    node.allocated_bytes = Some(all * page);
    node.miss_ratio = delta.missed();
    node.remote_ratio = delta.remote();
    node.foreign_bytes = grown(|n| n.foreign_pages).map(|n| from_u64(n) * page);
    node.interleaved_ratio = grown(|n| n.interleave_pages).and_then(|n| ratio(from_u64(n), all));
}

/// What the other nodes with CPUs still have: memory-only tiers are meant to be unequal.
fn others(nodes: &mut [Node]) {
    let free: Vec<(i64, Option<f64>, Option<f64>)> = nodes
        .iter()
        .filter(|n| n.cpu_count != Some(0))
        .map(|n| (n.id, n.free_ratio, n.givable_ratio))
        .collect();
    for node in nodes {
        let rest = || free.iter().filter(|(id, ..)| *id != node.id);
        node.others_free_ratio = rest().filter_map(|(_, f, _)| *f).max_by(f64::total_cmp);
        node.others_givable_ratio = rest().filter_map(|(.., g)| *g).max_by(f64::total_cmp);
    }
}
