//! Transparent huge pages by size, and the thread that makes them in the background.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::huge::{Khugepaged, ThpSize};
use crate::facts::method::num::{from_i64, ratio};
use crate::parse::chosen;

const BASE: &str = "kernel/mm/transparent_hugepage";
const FACT: &str = "memory.huge.sizes";

pub(super) fn sizes(inputs: &Inputs, book: &mut Book) -> Vec<ThpSize> {
    let source = &inputs.memory.sys_mm;
    let Some(pack) = book.first(FACT, source) else { return Vec::new() };
    let kib = |key: &str| {
        let rest = key.strip_prefix(BASE)?.strip_prefix("/hugepages-")?;
        rest.split_once("kB/")?.0.parse::<u32>().ok()
    };
    let all: BTreeSet<u32> = pack.rows.iter().filter_map(|(key, _)| kib(key)).collect();
    let mut sizes = Vec::new();
    for kib in all {
        let of = |file: &str| pack.get(format!("{BASE}/hugepages-{kib}kB/{file}").as_str());
        let count = |file: &str| of(&format!("stats/{file}"))?.parse::<i64>().ok();
        let (faults, fallbacks) = (count("anon_fault_alloc"), count("anon_fault_fallback"));
        let tried = faults.zip(fallbacks).map(|(a, b)| a.saturating_add(b));
        let Some(mode) = of("enabled").and_then(|t| chosen(t)).map(str::to_owned) else { continue };
        let size = ThpSize {
            page_bytes: i64::from(kib) * 1024,
            mode,
            shmem_mode: of("shmem_enabled").and_then(|t| chosen(t)).map(str::to_owned),
            pages: count("nr_anon"),
            faults,
            fallbacks,
            fallback_ratio: fallbacks
                .zip(tried)
                .and_then(|(n, all)| ratio(from_i64(n), from_i64(all))),
        };
        let off = |mode: &str| mode == "never";
        let is_off = off(&size.mode) && size.shmem_mode.as_deref().is_none_or(off);
        if is_off && size.pages.unwrap_or(0) == 0 && size.faults.unwrap_or(0) == 0 {
            continue;
        }
        let none = Absence::of(
            Reason::Missing,
            &source.path,
            "not counted by this kernel, or never tried",
        );
        book.absent(format!("{FACT}.{}", sizes.len()), none);
        sizes.push(size);
    }
    sizes
}

/// `None` where the kernel has none, or its settings were not read.
pub(super) fn khugepaged(inputs: &Inputs) -> Option<Khugepaged> {
    let pack = inputs.memory.sys_mm.first().ok()?;
    let of =
        |file: &str| pack.get(format!("{BASE}/khugepaged/{file}").as_str())?.parse::<i64>().ok();
    let all = Khugepaged {
        defrag: of("defrag").map(|n| n != 0),
        scan_pages: of("pages_to_scan"),
        sleep_s: of("scan_sleep_millisecs").map(|ms| from_i64(ms) / 1000.0),
        empty_pages_allowed: of("max_ptes_none"),
        collapsed_since_boot: of("pages_collapsed"),
    };
    all.scan_pages.is_some().then_some(all)
}

#[cfg(test)]
mod tests {
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;

    #[test]
    fn sizes_that_are_off_and_empty_are_left_out() {
        let files = [
            ("hugepages-16kB/enabled", "always inherit madvise [never]"),
            ("hugepages-16kB/shmem_enabled", "always inherit within_size advise [never]"),
            ("hugepages-16kB/stats/nr_anon", "0"),
            ("hugepages-64kB/enabled", "[always] inherit madvise never"),
            ("hugepages-64kB/stats/anon_fault_alloc", "30"),
            ("hugepages-64kB/stats/anon_fault_fallback", "10"),
            ("hugepages-64kB/stats/nr_anon", "12"),
            ("shmem_enabled", "always within_size advise [never] deny force"),
            ("khugepaged/pages_to_scan", "4096"),
            ("khugepaged/scan_sleep_millisecs", "10000"),
            ("khugepaged/max_ptes_none", "511"),
        ];
        let record = |(key, text): &(&str, &str)| {
            format!("kernel/mm/transparent_hugepage/{key} {} collected 5\n{text}", text.len())
        };
        let pack: String = files.iter().map(record).collect();
        let f = crate::facts::build(
            &Snapshot::of_files([("packs/sys/mm", pack)]),
            &SiteInputs::default(),
        );
        let huge = f.tree.memory.huge.unwrap();
        let [size] = huge.sizes.as_slice() else { panic!() };
        assert_eq!((size.page_bytes, size.mode.as_str(), size.pages), (65536, "always", Some(12)));
        assert_eq!((size.fallback_ratio, size.shmem_mode.as_ref()), (Some(0.25), None));
        assert_eq!(huge.transparent_shmem.as_deref(), Some("never"));
        let thread = huge.khugepaged.unwrap();
        assert_eq!((thread.sleep_s, thread.empty_pages_allowed), (Some(10.0), Some(511)));
        assert_eq!(thread.collapsed_since_boot, None);
    }
}
