//! Memory: free(1), vmstat(8), slabtop(1), numastat(8).

use std::collections::BTreeMap;

use linsight::parse::meminfo::{self, Meminfo};
use linsight::parse::slabinfo::{self, SlabCache};
use linsight::parse::{free, numastat, vmstat};

use crate::{ENV, kernel, oracle, rises, settles};

type Tool = fn(&free::Free) -> Option<u64>;
type Kernel = fn(&Meminfo) -> Option<u64>;

fn meminfo() -> Meminfo {
    meminfo::parse(&kernel("/proc/meminfo")).unwrap()
}

#[test]
fn meminfo_is_as_free_shows_it() {
    for (option, unit) in [("-b", 1), ("-k", 1024), ("-m", 1 << 20)] {
        let before = meminfo();
        let Some(text) = oracle(&format!("free {option}")) else { return };
        let free = free::parse(&text, unit).unwrap();
        // Megabytes are cut.
        assert_eq!(free.total_bytes, before.total_bytes.unwrap() / unit * unit, "{option}");
        assert_eq!(free.swap_total_bytes, before.swap_total_bytes.map(|b| b / unit * unit));
        let is = |what: &str, tool: Tool, kernel: Kernel| {
            // The tool runs while it looks, and before and after it does not.
            settles(what, (16 << 20) / unit, || {
                let before = kernel(&meminfo()).unwrap() / unit;
                let text = oracle(&format!("free {option}")).unwrap();
                let told = tool(&free::parse(&text, unit).unwrap()).unwrap() / unit;
                [before, told, kernel(&meminfo()).unwrap() / unit]
            });
        };
        is("free", |f| f.free_bytes, |m| m.free_bytes);
        is("available", |f| f.available_bytes, |m| m.available_bytes);
        is("shared", |f| f.shared_bytes, |m| m.shmem_bytes);
        is(
            "buff/cache",
            |f| f.buff_cache_bytes,
            |m| Some(m.buffers_bytes? + m.cached_bytes? + m.slab_reclaimable_bytes?),
        );
        let swap = |m: &Meminfo| Some(m.swap_total_bytes? - m.swap_free_bytes?);
        is("swap used", |f| f.swap_used_bytes, swap);
    }
}

#[test]
fn counters_are_as_vmstat_shows_them() {
    let read = || vmstat::parse(&kernel("/proc/vmstat")).unwrap();
    let before = read();
    let Some(text) = oracle("vmstat -s") else { return };
    let after = read();
    let told: BTreeMap<&str, u64> = text
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .filter_map(|(n, what)| Some((what.trim_start_matches("K "), n.parse().ok()?)))
        .collect();
    // "pages paged" are KiB in both, whatever their name.
    for (tool, name) in [
        ("pages swapped in", "pswpin"),
        ("pages swapped out", "pswpout"),
        ("K paged in", "pgpgin"),
        ("paged in", "pgpgin"),
        ("pages paged in", "pgpgin"),
        ("paged out", "pgpgout"),
        ("pages paged out", "pgpgout"),
    ] {
        let value = |c: &linsight::parse::Counters| u64::try_from(c.get(name).unwrap()).unwrap();
        if let Some(tool_says) = told.get(tool) {
            rises(tool, value(&before), *tool_says, value(&after));
        }
    }
    assert!(told.contains_key("pages swapped in"), "{text}");
    assert_eq!(told["total memory"] * 1024, meminfo().total_bytes.unwrap());
}

#[test]
fn slabs_are_as_slabtop_shows_them() {
    if kernel("/proc/slabinfo").is_empty() {
        eprintln!("SKIPPED: /proc/slabinfo needs root");
        return;
    }
    // The tool's own start and end pass between our looks: a cache may change and change back. What
    // we read wrongly differs each time.
    let mut odd: Option<BTreeMap<String, String>> = None;
    for _ in 0..3 {
        let Some(now) = odd_slabs() else { return };
        odd = Some(match odd {
            None => now,
            Some(before) => now.into_iter().filter(|(name, _)| before.contains_key(name)).collect(),
        });
    }
    assert_eq!(odd, Some(BTreeMap::new()));
}

/// Caches of which slabtop says something else than we do, though they stood still.
fn odd_slabs() -> Option<BTreeMap<String, String>> {
    let by_name = || -> BTreeMap<String, SlabCache> {
        let rows = slabinfo::parse(&kernel("/proc/slabinfo"), &ENV).unwrap();
        assert_eq!(rows.problems, []);
        rows.rows.into_iter().map(|cache| (cache.name.clone(), cache)).collect()
    };
    let before = by_name();
    let said = oracle("slabtop -o")?;
    let after = by_name();
    let mut odd = BTreeMap::new();
    let mut compared = 0;
    for line in said.lines().skip_while(|line| !line.trim_start().starts_with("OBJS")).skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [objects, active, _, size, slabs, _, kib, name] = words[..] else { continue };
        let (Some(before), Some(after)) = (before.get(name), after.get(name)) else { continue };
        let still = |c: &SlabCache| (c.objects, c.active_objects, c.slabs, c.bytes);
        if still(before) != still(after) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "an object has less than 2^52 bytes")]
        let size_kib = before.object_bytes as f64 / 1024.0;
        let told = format!("{objects} {active} {slabs} {kib} {size}");
        let ours = format!(
            "{} {} {} {}K {size_kib:.2}K",
            before.objects,
            before.active_objects,
            before.slabs,
            before.bytes >> 10
        );
        if told != ours {
            odd.insert(name.to_owned(), format!("slabtop: {told}; ours: {ours}"));
        }
        compared += 1;
    }
    assert!(compared > 20, "{compared} caches stood still: {said}");
    Some(odd)
}

#[test]
fn node_counters_are_as_numastat_shows_them() {
    let read = |node: u32| {
        let text = kernel(&format!("/sys/devices/system/node/node{node}/numastat"));
        (!text.is_empty()).then(|| numastat::parse(&text).unwrap())
    };
    let Some(before) = read(0) else {
        eprintln!("SKIPPED: a kernel without NUMA");
        return;
    };
    let Some(text) = oracle("numastat") else { return };
    let told = numastat::command(&text, ENV.page_size_bytes).unwrap();
    let (node, tool) = told[0];
    let after = read(0).unwrap();
    assert_eq!(node, 0);
    rises("hit", before.hit_pages, tool.hit_pages, after.hit_pages);
    rises("miss", before.miss_pages, tool.miss_pages, after.miss_pages);
    rises("foreign", before.foreign_pages, tool.foreign_pages, after.foreign_pages);
    rises("interleave", before.interleave_pages, tool.interleave_pages, after.interleave_pages);
    rises("local", before.local_pages, tool.local_pages, after.local_pages);
    rises("other", before.other_pages, tool.other_pages, after.other_pages);
    let nodes = (0..1024).filter(|n| read(*n).is_some()).count();
    assert_eq!(told.len(), nodes);
}
