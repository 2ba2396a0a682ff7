//! Where swapped pages really are: zram and zswap keep them in memory, compressed.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{from_i64, ratio, signed};
use crate::facts::plan::Sampled;
use crate::facts::swap::{Swap, Zram, Zswap};
use crate::locator::Locator;
use crate::parse::zram;

/// Devices that are listed.
const MAX_DEVICES: usize = 64;

pub(super) fn build(inputs: &Inputs, swap: &mut Swap, book: &mut Book) {
    let (zram, hidden) = devices(inputs, swap, book);
    swap.zram = zram;
    swap.zswap = zswap(inputs, book);
    let info = inputs.memory.meminfo.last().ok().map(|(info, _)| info);
    swap.cached_bytes = info.and_then(|i| i.swap_cached_bytes).map(signed);
    swap.sysv_bytes = inputs.memory.segments.first().ok().and_then(|rows| {
        let all: Option<Vec<u64>> = rows.rows.iter().map(|s| s.swap_bytes).collect();
        all.map(|all| signed(all.into_iter().fold(0, u64::saturating_add)))
    });
    of_file("swap.cached_bytes", swap.cached_bytes, &inputs.memory.meminfo, book);
    of_file("swap.sysv_bytes", swap.sysv_bytes, &inputs.memory.segments, book);
    let why = in_memory(inputs, swap, hidden).err();
    let of = ["swap.zram", "swap.zswap", "swap.devices"];
    for (fact, is_known) in [
        ("in_memory_bytes", swap.in_memory_bytes.is_some()),
        ("compressed_bytes", swap.compressed_bytes.is_some()),
        ("compression_factor", swap.compression_factor.is_some()),
        ("on_disk_bytes", swap.on_disk_bytes.is_some()),
    ] {
        let fact = format!("swap.{fact}");
        if is_known {
            book.source(fact, Locator::facts(of));
        } else {
            let of_parts = || book.why("swap.used_bytes");
            let why = why.clone().unwrap_or_else(of_parts);
            book.absent(fact, why);
        }
    }
    if swap.in_memory_bytes == Some(0) {
        let none = Absence::new(Reason::NotApplicable, "nothing in swap is kept in memory");
        book.absent("swap.compression_factor", none);
    }
}

/// Where a number of a file came from, or why it lacks.
fn of_file<T>(fact: &str, value: Option<i64>, file: &Sampled<T>, book: &mut Book) {
    if value.is_some() {
        book.source(fact, Locator::entry(&file.path));
        return;
    }
    let none = || Absence::of(Reason::Missing, &file.path, "this kernel does not tell it");
    book.absent(fact, file.last().err().unwrap_or_else(none));
}

/// # Errors
/// Why it is not known what is in memory.
fn in_memory(inputs: &Inputs, swap: &mut Swap, hidden: Option<Absence>) -> Result<(), Absence> {
    // An unreadable table of devices may hide a zram.
    inputs.memory.swaps.last()?;
    if let Some(hidden) = hidden {
        return Err(hidden);
    }
    let compressed = swap.devices.iter().filter(|d| d.zram).count();
    let zram: Vec<&Zram> = swap.zram.iter().filter(|z| z.is_swap).collect();
    let in_zram = (zram.len() == compressed).then(|| {
        // Without a disk behind it all of it is in memory.
        let kept = |z: &&Zram| z.original_bytes.saturating_sub(z.on_disk_bytes.unwrap_or(0)).max(0);
        let (kept, used) = (zram.iter().map(kept), zram.iter().map(|z| z.used_bytes));
        (kept.fold(0, i64::saturating_add), used.fold(0, i64::saturating_add))
    });
    let in_zswap = match &swap.zswap {
        Some(z) => z.original_bytes.zip(z.used_bytes),
        // Known to be absent, or the kernel's parameters were not read.
        None => inputs.memory.sys_mm.first().ok().map(|_| (0, 0)),
    };
    let (a, used_a) = in_zram.ok_or_else(|| {
        let path = &inputs.memory.sys_zram.path;
        Absence::of(Reason::Missing, path, "a zram of swap does not tell what it holds")
    })?;
    let (b, used_b) = in_zswap.ok_or_else(|| match inputs.memory.sys_mm.first() {
        Err(why) => why,
        Ok(_) => Absence::of(Reason::Missing, &inputs.memory.sys_mm.path, "what zswap holds"),
    })?;
    let (kept, used) = (a.saturating_add(b), used_a.saturating_add(used_b));
    swap.in_memory_bytes = Some(kept);
    swap.compressed_bytes = Some(used);
    swap.compression_factor =
        Some(kept).filter(|n| *n > 0).and_then(|n| ratio(from_i64(n), from_i64(used)));
    swap.on_disk_bytes = swap.used_bytes.map(|all| all.saturating_sub(kept).max(0));
    Ok(())
}

/// The devices; and why it is not known how much one of swap has on the disk behind it.
fn devices(inputs: &Inputs, swap: &Swap, book: &mut Book) -> (Vec<Zram>, Option<Absence>) {
    let (own, others) = (&inputs.memory.sys_zram, &inputs.memory.sys_disks);
    let packs = [own.last().ok(), others.first().ok()];
    let keys = packs.into_iter().flatten().flat_map(|p| &p.rows);
    let name = |key: &str| key.strip_prefix("block/")?.strip_suffix("/mm_stat").map(str::to_owned);
    let names: BTreeSet<String> = keys.filter_map(|(key, _)| name(key)).collect();
    if names.is_empty() && packs.iter().all(Option::is_none) {
        book.absent("swap.zram", own.absence());
        return (Vec::new(), None);
    }
    book.source("swap.zram", Locator::entry(&own.path));
    let none = Absence::of(Reason::Missing, &own.path, "not told, or there is none");
    let (mut all, mut hidden) = (Vec::new(), None);
    for name in names.iter().take(MAX_DEVICES) {
        let of = |file: &str| {
            let key = format!("block/{name}/{file}");
            packs.into_iter().flatten().find_map(|p| p.get(key.as_str())).map(String::as_str)
        };
        let Some(stat) = of("mm_stat").and_then(|t| zram::parse(t).ok()) else { continue };
        // Made by the module when it is loaded, and never set up.
        if of("disksize").is_some_and(|size| size == "0") {
            continue;
        }
        let path = format!("/dev/{name}");
        let algorithm =
            of("comp_algorithm").and_then(|t| crate::parse::chosen(t)).map(str::to_owned);
        let behind = of("backing_dev").is_some_and(|d| d != "none");
        let on_disk = of("bd_stat").filter(|_| behind).and_then(|t| zram::on_disk_bytes(t).ok());
        book.absent(format!("swap.zram.{}", all.len()), none.clone());
        let is_swap = swap.devices.iter().any(|d| d.path == path);
        if behind && on_disk.is_none() {
            let why = format!("bd_stat of {name}, which has a disk behind it, was not read");
            let why = Absence::of(Reason::Failed, &own.path, why);
            book.absent(format!("swap.zram.{}.on_disk_bytes", all.len()), why.clone());
            hidden = hidden.or_else(|| is_swap.then_some(why));
        }
        all.push(Zram {
            name: name.clone(),
            is_swap,
            size_bytes: of("disksize").and_then(|t| t.parse().ok()),
            original_bytes: signed(stat.original_bytes),
            used_bytes: signed(stat.used_bytes),
            compression_factor: Some(signed(stat.original_bytes))
                .filter(|n| *n > 0)
                .and_then(|n| ratio(from_i64(n), from_i64(signed(stat.used_bytes)))),
            limit_bytes: stat.limit_bytes.map(signed),
            incompressible_pages: stat.incompressible_pages.map(signed),
            on_disk_bytes: on_disk.map(signed),
            algorithm,
        });
    }
    (all, hidden)
}

fn zswap(inputs: &Inputs, book: &mut Book) -> Option<Zswap> {
    const FACT: &str = "swap.zswap";
    let pack = book.first(FACT, &inputs.memory.sys_mm)?;
    let of = |file: &str| pack.get(format!("module/zswap/parameters/{file}").as_str());
    let path = &inputs.memory.sys_mm.path;
    let Some(enabled) = of("enabled") else {
        book.absent(FACT, Absence::of(Reason::NotApplicable, path, "a kernel without zswap"));
        return None;
    };
    let debug = |file: &str| {
        let pack = inputs.memory.sys_debug.first().ok()?;
        pack.get(format!("kernel/debug/zswap/{file}").as_str())?.parse::<u64>().ok()
    };
    let info = inputs.memory.meminfo.last().ok().map(|(info, _)| info);
    let vmstat = |key: &str| inputs.memory.vmstat.last().ok()?.get(key);
    let pages = |n: u64| n.saturating_mul(inputs.env.page_size_bytes);
    let kept = info.and_then(|i| i.zswapped_bytes).or_else(|| debug("stored_pages").map(pages));
    let used = info.and_then(|i| i.zswap_bytes).or_else(|| debug("pool_total_size"));
    let limit = of("max_pool_percent").and_then(|t| t.parse::<u32>().ok());
    let enabled = enabled == "Y" || enabled == "1";
    let none = Absence::of(Reason::Missing, path, "not told by this kernel without a debugfs");
    book.absent(FACT, none);
    Some(Zswap {
        enabled,
        original_bytes: kept.map(signed),
        used_bytes: used.map(signed),
        limit_ratio: limit.map(|percent| f64::from(percent) / 100.0),
        algorithm: of("compressor").cloned(),
        written_back_pages: vmstat("zswpwb").or_else(|| debug("written_back_pages").map(signed)),
        limit_hits: debug("pool_limit_hit").map(signed),
    })
}

#[cfg(test)]
mod tests {
    use crate::absence::Reason;
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;

    const SWAPS: &str = "Filename\tType\tSize\tUsed\tPriority\n\
        /dev/zram0 partition 4194300 1048576 100\n/dev/sda2 partition 4194300 2097152 -2\n";

    fn record(key: &str, text: &str) -> String {
        format!("{key} {} collected 5\n{text}", text.len())
    }

    #[test]
    fn what_is_in_memory_and_what_is_on_disk() {
        let zram =
            record("block/zram0/mm_stat", "1073741824 268435456 300000000 0 300000000 7 0 9 0")
                + &record("block/zram0/comp_algorithm", "lzo lzo-rle lz4 [zstd]")
                + &record("block/zram1/mm_stat", "4096 74 12288 0 12288 0 0 0 0")
                + &record("block/zram2/mm_stat", "0 0 0 0 0 0 0 0 0")
                + &record("block/zram2/disksize", "0");
        let mm = record("module/zswap/parameters/enabled", "Y")
            + &record("module/zswap/parameters/max_pool_percent", "20")
            + &record("module/zswap/parameters/compressor", "lz4");
        let meminfo = "MemTotal: 8000000 kB\nMemFree: 1000000 kB\nSwapCached: 1024 kB\n\
            SwapTotal: 8388600 kB\nSwapFree: 5242872 kB\nZswap: 262144 kB\nZswapped: 524288 kB\n";
        let files = [
            ("proc/swaps", SWAPS),
            ("proc/meminfo", meminfo),
            ("packs/sys/zram", zram.as_str()),
            ("packs/sys/mm", mm.as_str()),
        ];
        let swap =
            crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default()).tree.swap;
        let [first, other] = swap.zram.as_slice() else { panic!() };
        assert_eq!((first.is_swap, other.is_swap), (true, false));
        assert_eq!(
            (first.algorithm.as_deref(), first.incompressible_pages),
            (Some("zstd"), Some(9))
        );
        assert_eq!(swap.in_memory_bytes, Some((1 << 30) + (512 << 20)));
        assert_eq!(swap.compressed_bytes, Some(300_000_000 + (256 << 20)));
        assert_eq!(swap.on_disk_bytes, Some((3 << 30) - (1 << 30) - (512 << 20)));
        assert_eq!(swap.cached_bytes, Some(1 << 20));
        let zswap = swap.zswap.unwrap();
        assert_eq!((zswap.limit_ratio, zswap.algorithm.as_deref()), (Some(0.2), Some("lz4")));
    }

    #[test]
    fn a_zram_that_tells_nothing_leaves_it_open() {
        let mm = record("module/zswap/parameters/enabled", "N");
        let files = [("proc/swaps", SWAPS), ("packs/sys/mm", mm.as_str())];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        assert_eq!((f.tree.swap.in_memory_bytes, f.tree.swap.on_disk_bytes), (None, None));
        let lacks = |fact: &str| f.absences.exact(fact).map(|why| why.reason);
        assert_eq!(lacks("swap.in_memory_bytes"), Some(Reason::Missing));
        assert_eq!(lacks("swap.cached_bytes"), Some(Reason::NotCollected));
        for fact in ["in_memory_bytes", "on_disk_bytes", "cached_bytes", "sysv_bytes"] {
            assert!(f.sources.get(&format!("swap.{fact}")).is_none(), "{fact} came from nowhere");
        }
    }

    #[test]
    fn what_lies_behind_a_zram_and_was_not_read_is_not_nothing() {
        let mm = record("kernel/mm/ksm/run", "0");
        let zram =
            record("block/zram0/mm_stat", "1073741824 268435456 300000000 0 300000000 7 0 9")
                + &record("block/zram0/backing_dev", "/dev/sdb");
        let built = |zram: &str| {
            let files =
                [("proc/swaps", SWAPS), ("packs/sys/mm", mm.as_str()), ("packs/sys/zram", zram)];
            crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default())
        };
        let f = built(&zram);
        assert_eq!(f.tree.swap.in_memory_bytes, None);
        let why = f.absences.get("swap.in_memory_bytes").unwrap().to_string();
        assert!(why.contains("bd_stat"), "{why}");
        let f = built(&(zram + &record("block/zram0/bd_stat", "1024 0 0")));
        assert_eq!(f.tree.swap.in_memory_bytes, Some((1 << 30) - (4 << 20)));
    }
}
