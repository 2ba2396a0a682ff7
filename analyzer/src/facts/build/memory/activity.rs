//! What the kernel did about memory in the window: growth of the counters of `/proc/vmstat`.

use crate::facts::build::Book;
use crate::facts::build::counters::{Growth, rate};
use crate::facts::build::window::Window;
use crate::facts::inputs::Inputs;
use crate::facts::memory::activity::Activity;
use crate::facts::method::num::{from_u64, len, ratio, signed};
use crate::facts::method::quantile;

const FACT: &str = "memory.activity";

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> Option<Activity> {
    let source = &inputs.memory.vmstat;
    let lacks = "this kernel does not count it, or there was nothing to count";
    let growth = Growth::known(window, source, FACT, lacks, book)?;
    let page = from_u64(inputs.env.page_size_bytes);
    let bytes = |pages_per_s: Option<f64>| pages_per_s.map(|n| n * page);
    let count = |names: &[&str]| growth.total(names).map(signed);
    let family = |name: &str| growth.family(name);
    let traffic = Traffic::of(&growth, page);
    let compactions = growth.total(&["compact_fail", "compact_success"]);
    let failed = growth.total(&["compact_fail"]);
    let file = growth.per_s(&["workingset_refault_file"]);
    Some(Activity {
        span_s: growth.span_s(),
        intervals: len(growth.values().count().saturating_sub(1)),
        swap_in_bytes_per_s: bytes(growth.per_s(&["pswpin"])),
        swap_out_bytes_per_s: bytes(growth.per_s(&["pswpout"])),
        swap_median_bytes_per_s: traffic.as_ref().and_then(|t| t.median),
        swap_both_p70_bytes_per_s: traffic.as_ref().and_then(|t| t.both_p70),
        major_faults_per_s: growth.per_s(&["pgmajfault"]),
        refault_anon_bytes_per_s: bytes(growth.per_s(&["workingset_refault_anon"])),
        refault_file_bytes_per_s: bytes(file.or_else(|| growth.per_s(&["workingset_refault"]))),
        direct_reclaims: family("allocstall")
            .map(|each| signed(each.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n)))),
        direct_scan_bytes_per_s: bytes(family("pgscan_direct").and_then(|e| rate(&e))),
        kswapd_scan_bytes_per_s: bytes(family("pgscan_kswapd").and_then(|e| rate(&e))),
        compaction_stalls_per_s: growth.per_s(&["compact_stall"]),
        compaction_failed_ratio: failed
            .zip(compactions)
            .and_then(|(failed, all)| ratio(from_u64(failed), from_u64(all))),
        compactions: compactions.map(signed),
        thp_faults: count(&["thp_fault_alloc"]),
        thp_collapses: count(&["thp_collapse_alloc"]),
        thp_fallbacks: count(&["thp_fault_fallback"]),
        oom_kills: count(&["oom_kill"]),
        oom_kills_since_boot: growth.latest("oom_kill"),
        cache_drops_since_boot: growth
            .latest("drop_pagecache")
            .zip(growth.latest("drop_slab"))
            .map(|(pages, slab)| pages.saturating_add(slab)),
        inode_steals: count(&["pginodesteal", "kswapd_inodesteal"]),
        node_reclaims: count(&["zone_reclaim_success", "zone_reclaim_failed"]),
        written_bytes_per_s: bytes(growth.per_s(&["nr_written"])),
        dirtied_bytes_per_s: bytes(growth.per_s(&["nr_dirtied"])),
    })
}

/// Swap traffic by interval.
struct Traffic {
    median: Option<f64>,
    both_p70: Option<f64>,
}

impl Traffic {
    fn of(growth: &Growth<'_>, page: f64) -> Option<Self> {
        let (read, written) = (growth.each(&["pswpin"])?, growth.each(&["pswpout"])?);
        let per_s = |pages: u64, s: f64| ratio(from_u64(pages) * page, s);
        let each: Vec<(f64, bool)> = read
            .iter()
            .zip(&written)
            .filter_map(|((s, i), (_, o))| {
                Some((per_s(i.saturating_add(*o), *s)?, *i > 0 && *o > 0))
            })
            .collect();
        let mut sums: Vec<f64> = each.iter().map(|(sum, _)| *sum).collect();
        let mut both: Vec<f64> =
            each.iter().map(|(sum, both)| if *both { *sum } else { 0.0 }).collect();
        quantile::sort(&mut both);
        Some(Self {
            median: quantile::median(&mut sums),
            both_p70: quantile::of_sorted(&both, 0.7),
        })
    }
}
