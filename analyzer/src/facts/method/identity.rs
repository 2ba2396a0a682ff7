//! M1: every page of `MemTotal` belongs to one term; what is left over has no counter.
//!
//! The pageable memory enters by its LRU lists, because a mapped page of the swap cache is counted
//! in both `SwapCached` and `AnonPages`. Pages parked on per-CPU free lists are in no field of
//! `/proc/meminfo` and amount to hundreds of MiB on hosts with many CPUs; they come from
//! `/proc/zoneinfo`. `KernelStack` lies inside `VmallocUsed` (virtually mapped stacks, 4.9).

use crate::facts::memory::{Identity, Term};

use super::num::{from_i64, ratio};

/// What the identity needs, in bytes; `None` where the kernel does not report it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input {
    /// Pass of the sample.
    pub pass: u32,
    /// `MemTotal`.
    pub total: i64,
    /// `MemFree`.
    pub free: i64,
    /// `Active`.
    pub active: i64,
    /// `Inactive`.
    pub inactive: i64,
    /// `Unevictable`.
    pub unevictable: i64,
    /// `AnonPages`.
    pub anon: i64,
    /// `Buffers`.
    pub buffers: i64,
    /// `Cached`.
    pub cached: i64,
    /// `SwapTotal`.
    pub swap_total: Option<i64>,
    /// `Shmem` (2.6.32).
    pub shmem: Option<i64>,
    /// `SReclaimable`.
    pub slab_reclaimable: i64,
    /// `SUnreclaim`.
    pub slab_unreclaimable: i64,
    /// `KReclaimable` (4.20).
    pub kernel_reclaimable: Option<i64>,
    /// `KernelStack`.
    pub kernel_stack: Option<i64>,
    /// `PageTables`.
    pub page_tables: Option<i64>,
    /// `SecPageTables` (6.1).
    pub secondary_page_tables: Option<i64>,
    /// `Percpu` (4.20).
    pub percpu: Option<i64>,
    /// `VmallocUsed`, only where it counts pages: see [`vmalloc_counts_pages`].
    pub vmalloc_used: Option<i64>,
    /// `Hugetlb`, or the sum over all sizes.
    pub hugetlb: Option<i64>,
    /// `nr_zspages` of vmstat.
    pub zs: Option<i64>,
    /// `Bounce`.
    pub bounce: Option<i64>,
    /// `HardwareCorrupted`.
    pub corrupted: Option<i64>,
    /// `Balloon` (6.16).
    pub balloon: Option<i64>,
    /// `GPUActive` plus `GPUReclaim`.
    pub gpu: Option<i64>,
    /// Pages on per-CPU free lists (zoneinfo).
    pub pcp: Option<i64>,
    /// ZFS adaptive replacement cache.
    pub arc: Option<i64>,
}

/// Whether `VmallocUsed` counts pages: since 5.3. From 4.4 to 5.2 it is a constant 0, before that
/// it is address space. `KReclaimable` betrays a kernel with backports.
#[must_use]
pub fn vmalloc_counts_pages(kernel: Option<i64>, used: i64, has_kreclaimable: bool) -> bool {
    kernel.is_some_and(|k| k >= 5003) || (has_kreclaimable && used > 0)
}

/// A negative residual beyond this means that a total disagrees with its parts.
const INCONSISTENT_RATIO: f64 = -0.01;

/// Terms that every host has, so that a kernel that does not report them leaves them in the
/// residual. The others are nothing on most hosts.
const EXPECTED: [&str; 5] = ["kernel_stack", "page_tables", "percpu", "vmalloc", "pcp"];

/// One term before it becomes a fact.
struct Part {
    key: &'static str,
    name: &'static str,
    note: &'static str,
    bytes: Option<i64>,
    /// Part of the memory that no process owns and no cache gives back.
    gap: bool,
}

/// Sum of all terms but the residual.
fn accounted(parts: &[Part]) -> i64 {
    parts.iter().filter_map(|p| p.bytes).fold(0, i64::saturating_add)
}

/// `MemTotal` minus all terms.
#[must_use]
pub fn residual(input: &Input) -> i64 {
    input.total.saturating_sub(accounted(&parts(input)))
}

/// The identity of the sample that closes best. `hidden` is what M1 calls so: `AnonPages` minus
/// what the readable processes own. `None` without a sample or with a total of nothing.
#[must_use]
pub fn identity(samples: &[Input], hidden: Option<i64>) -> Option<Identity> {
    let best = samples.iter().filter(|s| s.total > 0).min_by_key(|s| residual(s).unsigned_abs())?;
    let parts = parts(best);
    let residual = residual(best);
    let share = |bytes: i64| ratio(from_i64(bytes), from_i64(best.total)).unwrap_or(0.0);
    let term = |key: &str, name: &str, note: &str, bytes: i64| Term {
        key: key.to_owned(),
        name: name.to_owned(),
        bytes,
        ratio: share(bytes),
        note: note.to_owned(),
    };
    let of = |p: &Part| p.bytes.filter(|&b| b != 0).map(|b| term(p.key, p.name, p.note, b));
    let mut gap_terms: Vec<Term> = parts.iter().filter(|p| p.gap).filter_map(of).collect();
    let rest = term("residual", "No counter", RESIDUAL_NOTE, residual);
    gap_terms.push(rest);
    gap_terms.sort_by_key(|t| std::cmp::Reverse(t.bytes));
    let gap = gap_terms.iter().fold(0_i64, |sum, t| sum.saturating_add(t.bytes));
    let owned = ["slab_unreclaimable", "hugetlb", "zs"];
    let suspect = gap_terms.iter().find(|t| !owned.contains(&t.key.as_str()) && t.bytes > 0);
    Some(Identity {
        pass: i64::from(best.pass),
        terms: parts.iter().filter_map(of).collect(),
        residual_bytes: residual,
        residual_ratio: share(residual),
        unreported: parts
            .iter()
            .filter(|p| p.bytes.is_none() && EXPECTED.contains(&p.key))
            .map(|p| p.name.to_owned())
            .collect(),
        inconsistent: (share(residual) < INCONSISTENT_RATIO).then(|| {
            format!(
                "MemTotal is {} kB, but its parts add up to {} kB",
                best.total / 1024,
                accounted(&parts) / 1024
            )
        }),
        gap_bytes: Some(gap),
        gap_ratio: Some(share(gap)),
        suspect: suspect.cloned(),
        gap_terms,
        hidden_bytes: hidden,
        hidden_ratio: hidden.map(share),
        ..Identity::default()
    })
}

const RESIDUAL_NOTE: &str = "allocated page by page without a counter: network receive rings and \
     page pools, rings of packet sockets (a sniffer), TCP buffers, GPU pools, trace buffers, file \
     system caches of their own, a driver that leaks";

/// All terms in the order of the identity.
fn parts(i: &Input) -> Vec<Part> {
    let part = |key, name, note, bytes, gap| Part { key, name, note, bytes, gap };
    let lru = i.active.saturating_add(i.inactive).saturating_add(i.unevictable);
    let in_lists = i.anon.saturating_add(i.cached).saturating_add(i.buffers);
    let shmem = i.shmem.unwrap_or(0);
    let misc = i.kernel_reclaimable.map(|k| k.saturating_sub(i.slab_reclaimable).max(0));
    let stack = i.kernel_stack.unwrap_or(0);
    let vmalloc = i.vmalloc_used.map(|v| v.saturating_sub(stack).max(0));
    let mut parts = vec![
        part("free", "Free", "", Some(i.free), false),
        part("anon", "Processes (anonymous)", "memory of processes", Some(i.anon), false),
        part(
            "file_cache",
            "File cache",
            "cached files; given back when needed",
            Some(i.cached.saturating_sub(shmem)),
            false,
        ),
        part(
            "shmem",
            "Shared memory and tmpfs",
            "counted as cache, but cannot be given back without swap",
            i.shmem,
            false,
        ),
        part(
            "buffers",
            "Buffers",
            "cache of block devices and file system metadata",
            Some(i.buffers),
            false,
        ),
        part(
            "lru_other",
            "Swap cache not mapped",
            "pages read back from swap that no process maps; below zero by pages on their way to a list",
            // Without swap there is no swap cache: what is left over has no counter.
            Some(lru.saturating_sub(in_lists)).filter(|_| i.swap_total != Some(0)),
            true,
        ),
        part(
            "slab_reclaimable",
            "Slab, reclaimable",
            "mostly dentries and inodes; pinned objects are not given back",
            Some(i.slab_reclaimable),
            false,
        ),
    ];
    parts.extend(kernel_parts(i, misc, vmalloc));
    let residual = i.total.saturating_sub(accounted(&parts));
    // Part of the cache lies in slab: no more than what is unexplained can be outside of it.
    let arc = i.arc.filter(|_| residual > 0).map(|arc| arc.min(residual));
    if arc.is_some() {
        parts.push(part(
            "zfs_arc",
            "ZFS ARC",
            "file cache of ZFS; shrinks under pressure",
            arc,
            true,
        ));
    }
    parts
}

/// The terms that belong to the kernel alone.
fn kernel_parts(i: &Input, misc: Option<i64>, vmalloc: Option<i64>) -> [Part; 14] {
    let part = |key, name, note, bytes| Part { key, name, note, bytes, gap: true };
    [
        part(
            "slab_unreclaimable",
            "Slab, unreclaimable",
            "kernel objects in use: see the slab caches",
            Some(i.slab_unreclaimable),
        ),
        part("kernel_misc", "Kernel, other reclaimable", "reclaimable pages outside slab", misc),
        part("kernel_stack", "Kernel stacks", "16 KiB for every thread", i.kernel_stack),
        part(
            "page_tables",
            "Page tables",
            "many processes that map the same large memory without huge pages",
            i.page_tables,
        ),
        part(
            "secondary_page_tables",
            "Page tables of KVM and IOMMU",
            "second-level tables of guests",
            i.secondary_page_tables,
        ),
        part(
            "percpu",
            "Per-CPU memory",
            "thousands of cgroups, BPF maps or counters times the number of CPUs",
            i.percpu,
        ),
        part(
            "vmalloc",
            "Vmalloc",
            "modules, large kernel tables, BPF; /proc/vmallocinfo names the callers",
            vmalloc,
        ),
        part(
            "hugetlb",
            "Huge pages pool",
            "reserved huge pages, used or not; in no process's resident size",
            i.hugetlb,
        ),
        part("zs", "Compressed pool (zram, zswap)", "swapped pages, compressed, in memory", i.zs),
        part("bounce", "Bounce buffers", "buffers for devices with short addresses", i.bounce),
        part(
            "hardware_corrupted",
            "Taken out of use",
            "pages in which the hardware reported an error that could not be corrected",
            i.corrupted,
        ),
        part("balloon", "Balloon", "taken back by the hypervisor", i.balloon),
        part("gpu", "GPU memory", "system memory that the GPU driver holds", i.gpu),
        part(
            "pcp",
            "Per-CPU free lists",
            "free pages parked for each CPU; grows with the number of CPUs",
            i.pcp,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: i64 = 1024;

    /// The fields of a 24 GiB virtual machine on 6.18, in kB.
    fn host() -> Input {
        let kb = |n: i64| n * KIB;
        Input {
            total: kb(24_000_000),
            free: kb(20_000_000),
            active: kb(1_000_000),
            inactive: kb(2_000_000),
            unevictable: kb(10_000),
            anon: kb(590_000),
            buffers: kb(20_000),
            cached: kb(2_400_000),
            shmem: Some(kb(8_000)),
            slab_reclaimable: kb(200_000),
            slab_unreclaimable: kb(100_000),
            kernel_reclaimable: Some(kb(200_000)),
            kernel_stack: Some(kb(5_000)),
            page_tables: Some(kb(10_000)),
            secondary_page_tables: Some(0),
            percpu: Some(kb(3_000)),
            vmalloc_used: Some(kb(25_000)),
            hugetlb: Some(0),
            zs: Some(0),
            bounce: Some(0),
            pcp: Some(kb(640_000)),
            ..Input::default()
        }
    }

    fn bytes(id: &Identity, key: &str) -> Option<i64> {
        id.terms.iter().find(|t| t.key == key).map(|t| t.bytes / KIB)
    }

    #[test]
    fn terms_and_residual_are_the_total() {
        let id = identity(&[host()], None).unwrap();
        let sum: i64 = id.terms.iter().map(|t| t.bytes).sum();
        assert_eq!(sum + id.residual_bytes, host().total);
        assert_eq!(id.residual_bytes / KIB, 12_000);
        assert!((id.residual_ratio - 0.0005).abs() < 1e-9);
        assert_eq!(bytes(&id, "vmalloc"), Some(20_000), "stacks lie inside VmallocUsed");
        assert_eq!(bytes(&id, "file_cache"), Some(2_392_000), "shared memory is no file cache");
        assert!(id.unreported.is_empty(), "{:?}", id.unreported);
        assert_eq!(id.inconsistent, None);
    }

    #[test]
    fn a_host_without_swap_has_no_swap_cache() {
        let with = Input { active: host().active + 64 * KIB, ..host() };
        let without = Input { swap_total: Some(0), ..with };
        let (with, without) =
            (identity(&[with], None).unwrap(), identity(&[without], None).unwrap());
        assert_eq!(bytes(&with, "lru_other").zip(bytes(&without, "lru_other")), None);
        assert!(bytes(&with, "lru_other").is_some());
        assert_eq!(with.gap_bytes, without.gap_bytes);
    }

    /// Gap is used memory in the sense of procps 3 minus `AnonPages`.
    #[test]
    fn the_gap_is_what_free_calls_used_and_no_process_owns() {
        let i = host();
        let id = identity(&[i], Some(30 * 1024 * KIB)).unwrap();
        let used = i.total - i.free - i.buffers - i.cached - i.slab_reclaimable;
        assert_eq!(id.gap_bytes, Some(used - i.anon));
        assert_eq!(id.gap_terms[0].key, "pcp");
        assert_eq!(id.suspect.as_ref().map(|t| t.key.as_str()), Some("pcp"));
        assert_eq!(id.hidden_bytes, Some(30 * 1024 * KIB));
    }

    #[test]
    fn huge_pages_and_slab_are_no_suspects() {
        let gib = 1 << 30;
        let i = Input { hugetlb: Some(8 * gib), free: host().free - 8 * gib, pcp: None, ..host() };
        let id = identity(&[i], None).unwrap();
        assert_eq!(id.gap_terms[0].key, "hugetlb");
        assert_eq!(id.suspect.unwrap().key, "residual");
        assert!(id.unreported.contains(&"Per-CPU free lists".to_owned()));
    }

    #[test]
    fn the_sample_that_closes_best_is_taken() {
        let raced = Input { pass: 0, free: host().free - (500 << 20), ..host() };
        let good = Input { pass: 1, ..host() };
        assert_eq!(identity(&[raced, good], None).unwrap().pass, 1);
        assert!(identity(&[], None).is_none() && identity(&[Input::default()], None).is_none());
    }

    /// A container's view: its own `MemTotal` against the host's lists.
    #[test]
    fn parts_above_the_total_are_said() {
        let id = identity(&[Input { total: 2_000_000 * KIB, ..host() }], None).unwrap();
        assert_eq!(
            id.inconsistent.unwrap(),
            "MemTotal is 2000000 kB, but its parts add up to 23988000 kB"
        );
        assert!(id.residual_ratio < -10.0);
    }

    #[test]
    fn the_cache_of_zfs_explains_the_residual_and_no_more() {
        let arc = |bytes| identity(&[Input { arc: Some(bytes), ..host() }], None).unwrap();
        let id = arc(5000 * KIB);
        assert_eq!((bytes(&id, "zfs_arc"), id.residual_bytes / KIB), (Some(5000), 7000));
        assert_eq!(arc(900_000 * KIB).residual_bytes, 0);
    }

    #[test]
    fn poisoned_pages_are_a_term() {
        let id = identity(&[Input { corrupted: Some(8 * KIB), ..host() }], None).unwrap();
        assert_eq!((bytes(&id, "hardware_corrupted"), id.residual_bytes / KIB), (Some(8), 11_992));
    }

    #[test]
    fn vmalloc_by_kernel() {
        assert!(vmalloc_counts_pages(Some(6018), 0, true));
        assert!(!vmalloc_counts_pages(Some(3010), 387_000, false), "address space");
        assert!(!vmalloc_counts_pages(Some(4015), 0, false));
        assert!(vmalloc_counts_pages(Some(4018), 30_000, true), "backport");
        assert!(!vmalloc_counts_pages(None, 30_000, false));
    }
}
