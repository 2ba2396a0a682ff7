//! `/proc/meminfo`, and its kin of one NUMA node `/sys/devices/system/node/node*/meminfo`.
//!
//! <https://docs.kernel.org/filesystems/proc.html#meminfo>
//!
//! ```text
//! MemAvailable:   24219296 kB
//! HugePages_Total:       0
//! ```

use super::{Fields, ParseError, kb, lines, number};

/// Declares the record and the mapping of the kernel's names to its fields.
macro_rules! meminfo {
    (bytes: { $($bytes:ident = $key:literal, $doc:literal;)* }
     pages: { $($pages:ident = $pages_key:literal, $pages_doc:literal;)* }) => {
        /// Memory of the host or of a node. A field that the kernel does not print is `None`.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Meminfo {
            $(#[doc = concat!("`", $key, "`: ", $doc)] pub $bytes: Option<u64>,)*
            $(#[doc = concat!("`", $pages_key, "`: ", $pages_doc)] pub $pages: Option<u64>,)*
        }

        impl Meminfo {
            fn set(&mut self, line: u32, key: &str, value: &str) -> Result<(), ParseError> {
                match key {
                    $($key => self.$bytes = Some(kb(line, value)?),)*
                    $($pages_key => self.$pages = Some(number(line, value, $pages_key)?),)*
                    _ => {}
                }
                Ok(())
            }
        }

        /// The kernel's name of a field of [`Meminfo`]: `free_bytes` is `MemFree`.
        #[must_use]
        pub fn key_of(field: &str) -> Option<&'static str> {
            match field {
                $(stringify!($bytes) => Some($key),)*
                $(stringify!($pages) => Some($pages_key),)*
                _ => None,
            }
        }
    };
}

meminfo! {
    bytes: {
        total_bytes = "MemTotal", "pages managed by the buddy allocator.";
        free_bytes = "MemFree", "free pages, those on per-CPU lists excluded.";
        available_bytes = "MemAvailable", "estimate of what a new process can get (Linux 3.14).";
        buffers_bytes = "Buffers", "page cache of block devices.";
        cached_bytes = "Cached", "page cache, shared memory included.";
        swap_cached_bytes = "SwapCached", "pages in memory that have a swap slot, too.";
        active_bytes = "Active", "active LRU lists.";
        inactive_bytes = "Inactive", "inactive LRU lists.";
        active_anon_bytes = "Active(anon)", "anonymous part of `Active`.";
        inactive_anon_bytes = "Inactive(anon)", "anonymous part of `Inactive`.";
        active_file_bytes = "Active(file)", "file part of `Active`.";
        inactive_file_bytes = "Inactive(file)", "file part of `Inactive`.";
        unevictable_bytes = "Unevictable", "unevictable LRU list.";
        mlocked_bytes = "Mlocked", "locked by mlock(2).";
        swap_total_bytes = "SwapTotal", "swap space.";
        swap_free_bytes = "SwapFree", "unused swap space.";
        zswap_bytes = "Zswap", "compressed pool of zswap (5.19).";
        zswapped_bytes = "Zswapped", "what the pool of zswap holds, uncompressed (5.19).";
        dirty_bytes = "Dirty", "to be written back.";
        writeback_bytes = "Writeback", "being written back.";
        anon_bytes = "AnonPages", "mapped anonymous pages.";
        mapped_bytes = "Mapped", "mapped page cache; part of `Cached`.";
        shmem_bytes = "Shmem", "tmpfs, shared and memfd memory; part of `Cached`.";
        reclaimable_kernel_bytes = "KReclaimable", "`SReclaimable` and other reclaimable kernel pages (4.20).";
        slab_bytes = "Slab", "slab caches.";
        slab_reclaimable_bytes = "SReclaimable", "part of `Slab` that may be freed.";
        slab_unreclaimable_bytes = "SUnreclaim", "part of `Slab` that cannot be freed.";
        kernel_stack_bytes = "KernelStack", "stacks of threads in the kernel.";
        page_tables_bytes = "PageTables", "page tables of processes.";
        secondary_page_tables_bytes = "SecPageTables", "page tables of KVM and IOMMU (6.1).";
        nfs_unstable_bytes = "NFS_Unstable", "sent to the server, not committed; 0 since 5.8.";
        bounce_bytes = "Bounce", "bounce buffers of block devices.";
        writeback_tmp_bytes = "WritebackTmp", "temporary buffers of FUSE.";
        commit_limit_bytes = "CommitLimit", "limit of `Committed_AS` under strict overcommit.";
        committed_bytes = "Committed_AS", "address space promised to processes.";
        vmalloc_total_bytes = "VmallocTotal", "size of the vmalloc area.";
        vmalloc_used_bytes = "VmallocUsed", "pages of vmalloc areas since 5.3; useless before.";
        percpu_bytes = "Percpu", "per-CPU allocator (4.20).";
        hardware_corrupted_bytes = "HardwareCorrupted", "poisoned pages.";
        anon_huge_bytes = "AnonHugePages", "transparent huge pages; part of `AnonPages`.";
        shmem_huge_bytes = "ShmemHugePages", "transparent huge pages; part of `Shmem`.";
        file_huge_bytes = "FileHugePages", "transparent huge pages; part of `Cached`.";
        cma_total_bytes = "CmaTotal", "contiguous memory area.";
        cma_free_bytes = "CmaFree", "free part of it; inside `MemFree`.";
        unaccepted_bytes = "Unaccepted", "not yet accepted by a confidential guest (6.5); inside `MemFree`.";
        balloon_bytes = "Balloon", "held by a balloon driver (6.16).";
        gpu_active_bytes = "GPUActive", "in use by GPU drivers (newer than 6.18).";
        gpu_reclaim_bytes = "GPUReclaim", "kept by GPU drivers, reclaimable (newer than 6.18).";
        huge_page_bytes = "Hugepagesize", "default size of huge pages.";
        hugetlb_bytes = "Hugetlb", "huge pages of all sizes, used or not (4.19).";
        direct_map_4k_bytes = "DirectMap4k", "kernel mapping in 4 KiB pages.";
        direct_map_2m_bytes = "DirectMap2M", "kernel mapping in 2 MiB pages.";
        direct_map_1g_bytes = "DirectMap1G", "kernel mapping in 1 GiB pages.";
    }
    pages: {
        huge_pages_total = "HugePages_Total", "huge pages of the default size in the pool.";
        huge_pages_free = "HugePages_Free", "those not in use.";
        huge_pages_reserved = "HugePages_Rsvd", "those promised, not yet in use.";
        huge_pages_surplus = "HugePages_Surp", "those above the configured number.";
    }
}

/// Reads the host's or a node's file; the `Node 0` in front of a node's lines is left out.
///
/// # Errors
/// A known field without a number or unit, or no `MemTotal` at all.
pub fn parse(text: &str) -> Result<Meminfo, ParseError> {
    let mut info = Meminfo::default();
    for (line, text) in lines(text) {
        let mut fields = Fields::new(line, text);
        let entry = if fields.next() == Some("Node") { fields.pass(1).rest() } else { text };
        if let Some((key, value)) = entry.split_once(':') {
            info.set(line, key.trim_ascii(), value.trim_ascii())?;
        }
    }
    if info.total_bytes.is_none() {
        return Err(ParseError::new(None, text, "a line `MemTotal: … kB`"));
    }
    Ok(info)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
MemTotal:       24684084 kB
MemFree:        22391392 kB
MemAvailable:   24219296 kB
Active(anon):       1560 kB
Zswap:                 0 kB
AnonPages:         21848 kB
SecPageTables:         0 kB
Committed_AS:      69880 kB
VmallocTotal:   34359738367 kB
Balloon:               0 kB
HugePages_Total:       7
Hugepagesize:       2048 kB
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_19_huge_pages_have_no_unit_and_absent_is_not_zero() {
        let m = parse(SAMPLE).unwrap();
        assert_eq!(m.total_bytes, Some(24_684_084 * 1024));
        assert_eq!(m.active_anon_bytes, Some(1560 * 1024));
        assert_eq!(m.zswap_bytes, Some(0));
        assert_eq!(m.huge_pages_total, Some(7));
        assert_eq!(m.huge_page_bytes, Some(2 << 20));
        assert_eq!(m.balloon_bytes, Some(0));
        assert_eq!((m.percpu_bytes, m.hugetlb_bytes), (None, None));
        assert_eq!(key_of("anon_bytes"), Some("AnonPages"));
    }

    /// RHEL 6 (2.6.32): neither `MemAvailable` nor `Percpu`.
    #[test]
    fn old_kernel() {
        let m = parse("MemTotal:        3924688 kB\nMemFree:          229928 kB\n").unwrap();
        assert_eq!((m.free_bytes, m.available_bytes), (Some(229_928 * 1024), None));
    }

    #[test]
    fn of_one_node() {
        let m =
            parse("Node 0 MemTotal:       133684084 kB\nNode 0 HugePages_Free:     4\n").unwrap();
        assert_eq!((m.total_bytes, m.huge_pages_free), (Some(133_684_084 * 1024), Some(4)));
    }

    #[test]
    fn damaged() {
        let e = parse("MemTotal: 1 kB\nMemFree:          x kB\n").unwrap_err();
        assert_eq!(
            e.in_source("proc/meminfo"),
            "parse proc/meminfo line 2: `x kB`: expected a size in kB"
        );
        assert!(parse("").is_err());
        assert!(parse("MemTotal:       2468").is_err());
    }
}
