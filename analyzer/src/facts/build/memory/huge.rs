//! Huge pages: the pools, who uses them, and the free blocks of which the kernel makes large ones.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::naming;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::memory::huge::{FreeBlocks, Huge, HugeUser, Pool};
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};
use crate::locator::Locator;
use crate::parse::meminfo::Meminfo;

mod transparent;

const FACT: &str = "memory.huge";
/// Users that are listed.
const MAX_USERS: usize = 5;
/// Blocks of 2^4 pages: 64 KiB with pages of 4 KiB.
const LARGE_ORDER: usize = 4;

pub(super) fn build(
    inputs: &Inputs,
    memory: &Memory,
    info: Option<&Meminfo>,
    book: &mut Book,
) -> Huge {
    let detail = "its source lacks, or tells nothing";
    book.absent(FACT, Absence::of(Reason::NotCollected, &inputs.memory.sys_mm.path, detail));
    let pools = pools(inputs, info, book);
    let of_total = |bytes: Option<i64>| ratio(from_i64(bytes?), from_i64(memory.total_bytes?));
    let sum = |of: fn(&Pool) -> i64| pools.as_ref().map(|p| p.iter().map(of).sum::<i64>());
    let pool_bytes = memory.hugetlb_bytes.or_else(|| sum(|p| p.total.saturating_mul(p.page_bytes)));
    let idle_bytes = sum(|p| p.free.saturating_sub(p.reserved).max(0).saturating_mul(p.page_bytes));
    let anon = info.and_then(|i| i.anon_huge_bytes).map(signed);
    let zones = zones(inputs, book);
    let normal = zones.iter().filter(|z| z.zone == "Normal");
    let fragmented = normal.clone().any(|z| !z.blocks.iter().skip(LARGE_ORDER).any(|n| *n > 0));
    Huge {
        pool_bytes,
        pool_ratio: of_total(pool_bytes),
        idle_bytes,
        idle_ratio: of_total(idle_bytes),
        surplus_pages: sum(|p| p.surplus),
        users: users(inputs, book),
        transparent: mode(inputs, "enabled"),
        transparent_defrag: mode(inputs, "defrag"),
        transparent_shmem: mode(inputs, "shmem_enabled"),
        sizes: transparent::sizes(inputs, book),
        khugepaged: transparent::khugepaged(inputs),
        anon_bytes: anon,
        anon_ratio: anon
            .zip(memory.anon_bytes)
            .and_then(|(huge, all)| ratio(from_i64(huge), from_i64(all))),
        page_tables_ratio: of_total(memory.page_tables_bytes),
        normal_zone_fragmented: normal.count().gt(&0).then_some(fragmented),
        zones,
        only_pool: pools.as_ref().and_then(|p| only(p)),
        pools: pools.unwrap_or_default(),
    }
}

fn mode(inputs: &Inputs, file: &str) -> Option<String> {
    let pack = inputs.memory.sys_mm.first().ok()?;
    let key = format!("kernel/mm/transparent_hugepage/{file}");
    crate::parse::chosen(pack.get(key.as_str())?).map(str::to_owned)
}

/// Pools of all sizes by sysfs, or the default size by meminfo.
fn pools(inputs: &Inputs, info: Option<&Meminfo>, book: &mut Book) -> Option<Vec<Pool>> {
    let pools = sysfs(inputs).or_else(|| default_size(info?));
    let fact = format!("{FACT}.pools");
    if pools.is_some() {
        let paths = [&inputs.memory.sys_mm.path, &inputs.memory.meminfo.path];
        let places = paths.map(|p| Locator::entry(p.as_str())).to_vec();
        book.sources(fact, places);
    } else {
        book.absent(fact, inputs.memory.sys_mm.absence());
    }
    pools
}

/// The one pool with pages.
fn only(pools: &[Pool]) -> Option<Pool> {
    let mut filled = pools.iter().filter(|p| p.total > 0);
    filled.next().filter(|_| filled.next().is_none()).cloned()
}

fn sysfs(inputs: &Inputs) -> Option<Vec<Pool>> {
    let pack = inputs.memory.sys_mm.first().ok()?;
    let mut pools: BTreeMap<String, Pool> = BTreeMap::new();
    for (key, value) in &pack.rows {
        let Some(rest) = key.strip_prefix("kernel/mm/hugepages/hugepages-") else { continue };
        let Some((size, file)) = rest.split_once('/') else { continue };
        let kib = size.strip_suffix("kB").and_then(|kib| kib.parse::<i64>().ok());
        let (Some(kib), Ok(n)) = (kib, value.parse::<i64>()) else { continue };
        let pool = pools.entry(size.to_owned()).or_default();
        pool.page_bytes = kib.saturating_mul(1024);
        size.clone_into(&mut pool.size_name);
        match file {
            "nr_hugepages" => pool.total = n,
            "free_hugepages" => pool.free = n,
            "resv_hugepages" => pool.reserved = n,
            "surplus_hugepages" => pool.surplus = n,
            _ => {}
        }
    }
    for (size, pool) in &mut pools {
        pool.by_node = by_node(inputs, size);
    }
    (!pools.is_empty()).then(|| pools.into_values().collect())
}

/// Pages of a size on each node, in the order of the nodes.
fn by_node(inputs: &Inputs, size: &str) -> Vec<i64> {
    let Ok(pack) = inputs.memory.sys_node.last() else { return Vec::new() };
    let suffix = format!("/hugepages/hugepages-{size}/nr_hugepages");
    let of = |key: &str| {
        key.strip_prefix("devices/system/node/node")?.strip_suffix(&suffix)?.parse::<u32>().ok()
    };
    let nodes: BTreeMap<u32, i64> =
        pack.rows.iter().filter_map(|(key, value)| Some((of(key)?, value.parse().ok()?))).collect();
    nodes.into_values().collect()
}

fn default_size(info: &Meminfo) -> Option<Vec<Pool>> {
    let page_bytes = info.huge_page_bytes?;
    Some(vec![Pool {
        page_bytes: signed(page_bytes),
        size_name: format!("{}kB", page_bytes / 1024),
        total: signed(info.huge_pages_total?),
        free: signed(info.huge_pages_free?),
        reserved: signed(info.huge_pages_reserved.unwrap_or(0)),
        surplus: signed(info.huge_pages_surplus.unwrap_or(0)),
        by_node: Vec::new(),
    }])
}

fn users(inputs: &Inputs, book: &mut Book) -> Vec<HugeUser> {
    let fact = format!("{FACT}.users");
    if book.first(&fact, &inputs.process.status).is_none() {
        return Vec::new();
    }
    let mut found: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, pack) in inputs.process.status.good() {
        let rows = pack.rows.iter().filter_map(|(pid, s)| Some((*pid, s.hugetlb_bytes?)));
        found.extend(rows.filter(|(_, bytes)| *bytes > 0));
    }
    let mut rows: Vec<(u32, u64)> = found.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    rows.truncate(MAX_USERS);
    let pids: Vec<u32> = rows.iter().map(|(pid, _)| *pid).collect();
    let named = naming::of_pids(inputs, &pids).into_iter().zip(rows);
    named.map(|(name, (pid, b))| HugeUser { name, pid: pid.into(), bytes: signed(b) }).collect()
}

fn zones(inputs: &Inputs, book: &mut Book) -> Vec<FreeBlocks> {
    let fact = format!("{FACT}.zones");
    let Some(buddies) = book.first(&fact, &inputs.memory.buddyinfo) else { return Vec::new() };
    let detail = "no free page, or no Normal zone";
    let nothing = Absence::of(Reason::NotApplicable, &inputs.memory.buddyinfo.path, detail);
    let pages = |blocks: &[u64], from: usize| {
        (0_u32..)
            .zip(blocks)
            .skip(from)
            .fold(0_u64, |sum, (order, n)| sum.saturating_add(n.saturating_mul(1 << order.min(40))))
    };
    let mut zones = Vec::new();
    for (i, zone) in buddies.rows.iter().enumerate() {
        let all = from_u64(pages(&zone.free_blocks, 0));
        let large_ratio = ratio(from_u64(pages(&zone.free_blocks, LARGE_ORDER)), all);
        if large_ratio.is_none() {
            book.absent(format!("{fact}.{i}.large_ratio"), nothing.clone());
        }
        let unmovable = unmovable(inputs, zone.node, &zone.zone);
        if unmovable.is_none() {
            let absence = inputs.memory.page_types.absence();
            book.absent(format!("{fact}.{i}.unmovable_ratio"), absence);
        } else {
            let source = Locator::entry(&inputs.memory.page_types.path);
            book.source(format!("{fact}.{i}.unmovable_ratio"), source);
        }
        zones.push(FreeBlocks {
            node: zone.node.into(),
            zone: zone.zone.clone(),
            blocks: zone.free_blocks.iter().map(|n| signed(*n)).collect(),
            large_ratio,
            unmovable_ratio: unmovable,
        });
    }
    zones
}

/// Share of the blocks of a zone that cannot be emptied by moving what is in them.
fn unmovable(inputs: &Inputs, node: u32, zone: &str) -> Option<f64> {
    let types = inputs.memory.page_types.first().ok()?;
    let zone = types.blocks.iter().find(|z| z.node == node && z.zone == zone)?;
    let all = zone.by_type.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    let (_, fixed) = zone.by_type.iter().find(|(kind, _)| kind == "Unmovable")?;
    ratio(from_u64(*fixed), from_u64(all))
}
