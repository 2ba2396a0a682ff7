//! Slab caches: the largest, what they hold, and how they changed between two looks.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::window::seconds;
use crate::facts::inputs::Inputs;
use crate::facts::memory::SlabCache;
use crate::facts::method::num::{from_i64, from_u64, ratio, signed};

/// Slab caches that are listed.
const MAX_CACHES: usize = 20;
const FACT: &str = "memory.slab_caches";

/// Beginning of the name, whether its objects are freed under pressure, what they are.
const KNOWN: &[(&str, Option<bool>, &str)] = &[
    ("dentry", Some(true), "names of files and directories, also of those that do not exist"),
    ("inode_cache", Some(true), "inodes of pseudo file systems"),
    ("ext4_inode_cache", Some(true), "inodes of ext4"),
    ("xfs_inode", Some(true), "inodes of XFS"),
    ("btrfs_inode", Some(true), "inodes of Btrfs"),
    ("nfs_inode_cache", Some(true), "inodes of NFS"),
    ("shmem_inode_cache", None, "files of tmpfs: live as long as the files"),
    ("proc_inode_cache", Some(true), "inodes of /proc: something reads many process files"),
    ("sock_inode_cache", Some(false), "sockets in use"),
    ("buffer_head", Some(true), "blocks of cached files and devices"),
    ("radix_tree_node", Some(true), "index of the page cache"),
    ("xfs_buf", Some(true), "metadata of XFS"),
    ("ext4_extent", Some(true), "extents of ext4"),
    ("zfs_znode", Some(true), "inodes of ZFS"),
    ("dnode_t", Some(true), "metadata of ZFS"),
    ("dmu_buf_impl_t", Some(true), "cache of ZFS"),
    ("kmalloc-rcl", Some(true), "kernel data that is freed with what it belongs to"),
    ("kmalloc", Some(false), "kernel data of any kind: names of drivers do not show here"),
    ("task_struct", Some(false), "threads"),
    ("mm_struct", Some(false), "address spaces of processes"),
    ("vm_area_struct", Some(false), "mappings of processes"),
    ("vma_lock", Some(false), "mappings of processes"),
    ("maple_node", Some(false), "mappings of processes"),
    ("anon_vma", Some(false), "mappings of processes"),
    ("filp", Some(false), "open files and sockets"),
    ("signal_cache", Some(false), "processes"),
    ("sighand_cache", Some(false), "processes"),
    ("pid", Some(false), "process ids in use"),
    ("cred_jar", Some(false), "credentials of processes"),
    ("TCP", Some(false), "TCP sockets"),
    ("TCPv6", Some(false), "TCP sockets"),
    ("UDP", Some(false), "UDP sockets"),
    ("UDPv6", Some(false), "UDP sockets"),
    ("tw_sock_TCP", Some(false), "sockets in TIME-WAIT"),
    ("request_sock_TCP", Some(false), "connections being opened"),
    ("nf_conntrack", Some(false), "tracked connections"),
    ("skbuff", Some(false), "network packets"),
    ("kernfs_node", Some(false), "files of /sys and of control groups"),
    ("cgroup", Some(false), "control groups"),
    ("mnt_cache", Some(false), "mounts"),
    ("bio", Some(false), "I/O under way"),
    ("biovec", Some(false), "I/O under way"),
    ("fuse_inode", Some(true), "inodes of FUSE"),
    ("ovl_inode", Some(true), "inodes of overlay file systems: containers"),
];

/// The largest caches.
pub(super) fn caches(inputs: &Inputs, book: &mut Book) -> Vec<SlabCache> {
    let source = &inputs.memory.slabinfo;
    let Some(first) = book.first(FACT, source) else { return Vec::new() };
    let began = source.good().next().map(|(r, _)| r.mono_us);
    let later = source.good().skip(1).last();
    let minutes = later.zip(began).map(|((r, _), us)| seconds(r.mono_us.saturating_sub(us)) / 60.0);
    let after: BTreeMap<&str, u64> = later
        .map(|(_, rows)| rows.rows.iter().map(|c| (c.name.as_str(), c.bytes)).collect())
        .unwrap_or_default();
    let mut caches: Vec<SlabCache> = first
        .rows
        .iter()
        .map(|c| {
            let delta = after.get(c.name.as_str()).map(|b| signed(*b) - signed(c.bytes));
            let known = about(&c.name);
            SlabCache {
                name: c.name.clone(),
                bytes: signed(c.bytes),
                active_ratio: ratio(from_u64(c.active_objects), from_u64(c.objects)),
                delta_bytes: delta,
                growth_bytes_per_min: delta
                    .zip(minutes)
                    .and_then(|(delta, minutes)| ratio(from_i64(delta), minutes)),
                reclaimable: known.and_then(|(reclaimable, _)| reclaimable),
                about: known.map(|(_, about)| about.to_owned()),
            }
        })
        .collect();
    caches.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    caches.truncate(MAX_CACHES);
    absences(inputs, &caches, book);
    caches
}

fn absences(inputs: &Inputs, caches: &[SlabCache], book: &mut Book) {
    for (i, cache) in caches.iter().enumerate() {
        if cache.delta_bytes.is_none() {
            let absence = too_few(&inputs.memory.slabinfo.path, 1, 2);
            book.absent(format!("{FACT}.{i}.delta_bytes"), absence.clone());
        }
        if cache.growth_bytes_per_min.is_none() {
            let absence = too_few(&inputs.memory.slabinfo.path, 1, 2);
            book.absent(format!("{FACT}.{i}.growth_bytes_per_min"), absence);
        }
        if cache.active_ratio.is_none() {
            let absence = Absence::new(Reason::NotApplicable, "the cache has no objects");
            book.absent(format!("{FACT}.{i}.active_ratio"), absence);
        }
        for (field, known) in
            [("reclaimable", cache.reclaimable.is_some()), ("about", cache.about.is_some())]
        {
            if !known {
                let absence = Absence::new(Reason::NotApplicable, "its name does not tell");
                book.absent(format!("{FACT}.{i}.{field}"), absence);
            }
        }
    }
}

/// What is known of a cache by its name. Merged caches bear one name for all.
fn about(name: &str) -> Option<(Option<bool>, &'static str)> {
    let exact = KNOWN.iter().find(|(known, ..)| *known == name);
    let begins = || {
        let next = |known: &str| name.strip_prefix(known).and_then(|rest| rest.chars().next());
        KNOWN.iter().find(|(known, ..)| next(known).is_some_and(|c| !c.is_ascii_lowercase()))
    };
    exact.or_else(begins).map(|(_, reclaimable, about)| (*reclaimable, *about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_cache_holds() {
        assert_eq!(about("dentry").unwrap().0, Some(true));
        assert_eq!(about("kmalloc-rcl-64").unwrap().0, Some(true));
        assert_eq!(about("kmalloc-8k").unwrap().0, Some(false));
        assert_eq!(about("kmalloc-cg-1k").unwrap().0, Some(false));
        assert_eq!(about("ext4_inode_cache").unwrap().1, "inodes of ext4");
        assert_eq!(about("skbuff_head_cache").unwrap().1, "network packets");
        assert_eq!(about("TCPv6").unwrap().1, "TCP sockets");
        assert_eq!(about("nf_conntrack_expect").unwrap().1, "tracked connections");
        assert_eq!(about("pidfd"), None);
        assert_eq!(about("my_driver"), None);
    }
}
