//! How large the memory is by each source that tells, and how `free` would print it.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::memory::totals::Totals;
use crate::facts::method::num::{from_i64, ratio, signed};
use crate::facts::numa::Numa;
use crate::locator::Locator;

const FACT: &str = "memory.totals";

pub(in super::super) fn build(
    inputs: &Inputs,
    memory: &Memory,
    numa: &Numa,
    book: &mut Book,
) -> Option<Totals> {
    let Ok((info, _)) = inputs.memory.meminfo.first() else {
        book.absent(FACT, inputs.memory.meminfo.absence());
        return None;
    };
    let total = memory.total_bytes?;
    let detail = "its source lacks, or this kernel does not tell";
    book.absent(FACT, Absence::new(Reason::NotCollected, detail));
    let paths = [
        &inputs.memory.meminfo.path,
        &inputs.memory.sys_node.path,
        &inputs.memory.zoneinfo.path,
        &inputs.memory.vmstat.path,
        &inputs.host.own_mounts.path,
    ];
    book.sources(FACT, paths.map(|p| Locator::entry(p.as_str())).to_vec());
    book.absent(FACT, Absence::new(Reason::NotCollected, detail));
    let nodes = numa.nodes.iter().map(|n| n.total_bytes).sum::<Option<i64>>();
    let nodes = nodes.filter(|bytes| *bytes > 0);
    let less_one = |bytes: i64| ratio(from_i64(total) - from_i64(bytes), from_i64(bytes));
    let totals = || inputs.memory.meminfo.good().filter_map(|(_, (i, _))| i.total_bytes);
    let change = totals().next_back().zip(totals().next()).map(|(b, a)| signed(b) - signed(a));
    let balloon = info.balloon_bytes.map(signed).or_else(|| inflated(inputs));
    let with = |bytes: i64| from_i64(total.saturating_add(bytes));
    let used = |rest: Option<i64>| rest.map(|rest| total.saturating_sub(rest));
    let cache = memory.cached_bytes.zip(memory.slab_reclaimable_bytes).zip(memory.buffers_bytes);
    let buff_cache = cache.map(|((cached, slab), buffers)| cached + slab + buffers);
    Some(Totals {
        nodes_bytes: nodes,
        nodes_difference_ratio: nodes.and_then(less_one),
        managed_bytes: zones(inputs, |z| z.managed_pages),
        present_bytes: zones(inputs, |z| z.present_pages),
        change_bytes: change,
        change_ratio: change.and_then(|c| ratio(from_i64(c), from_i64(total))),
        balloon_bytes: balloon,
        balloon_ratio: balloon.and_then(|b| ratio(from_i64(b), with(b))),
        meminfo_is_mounted: inputs
            .host
            .own_mounts
            .first()
            .ok()
            .map(|m| m.rows.iter().any(|m| m.mount_point == "/proc/meminfo")),
        used_procps3_bytes: used(
            memory.free_bytes.zip(buff_cache).map(|(free, cache)| free + cache),
        ),
        used_procps4_bytes: used(memory.available_bytes),
        used_procps2_bytes: used(memory.free_bytes),
        buff_cache_bytes: buff_cache,
    })
}

fn zones(
    inputs: &Inputs,
    of: impl Fn(&crate::parse::zoneinfo::Zone) -> Option<u64>,
) -> Option<i64> {
    let zones = inputs.memory.zoneinfo.first().ok()?;
    let pages: Vec<u64> = zones.rows.iter().filter_map(of).collect();
    let sum = pages.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    (!pages.is_empty()).then(|| signed(sum.saturating_mul(inputs.env.page_size_bytes)))
}

/// What a balloon took by the counters, on kernels that do not print its size. Only a driver that
/// lowers `MemTotal` counts there, so this is a lower bound.
fn inflated(inputs: &Inputs) -> Option<i64> {
    let counters = inputs.memory.vmstat.last().ok()?;
    let pages = counters.get("balloon_inflate")?.checked_sub(counters.get("balloon_deflate")?)?;
    (pages >= 0).then(|| pages.saturating_mul(signed(inputs.env.page_size_bytes)))
}
