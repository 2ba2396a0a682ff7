//! Memory of the host.

use crate::facts::plan::{Packed, Passes, Sampled};
use crate::parse::{
    Counters, ParseError, Rows, allocinfo, buddyinfo, free, meminfo, pagetypeinfo, pressure,
    slabinfo, statfs, swaps, sysvipc_msg, sysvipc_sem, sysvipc_shm, vmallocinfo, vmstat, zoneinfo,
};

use super::sys;

/// Lines of the keys of a `Key: value` file, for citations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<(Box<str>, u32)>);

/// The cache of ZFS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    /// What it holds now.
    pub(crate) size_bytes: u64,
    /// What it keeps under pressure; 0 where the kernel module does not tell.
    pub(crate) min_bytes: u64,
}

inputs! {
    /// Memory of the host.
    Memory
    /// Memory and swap as their tool prints them: in KiB.
    free: Sampled<free::Free> = |p| p.sampled("commands/free", |t, _| free::parse(t, 1024));
    /// NUMA nodes, at both ends: their counters tell by growth.
    sys_node: Packed<String, String> = |p| sys(p, "packs/sys/node", Passes::Ends);
    /// Memory of the nodes in every sample, by node.
    node_memory: Packed<u32, NodeMemory> =
        |p| p.packed("packs/sys/node", Passes::All, node, |t, _| NodeMemory::of(t));
    /// Compressed swap devices, at both ends.
    sys_zram: Packed<String, String> = |p| sys(p, "packs/sys/zram", Passes::Ends);
    /// What a debugfs tells of compressed swap.
    sys_debug: Packed<String, String> = |p| sys(p, "packs/sys/debug", Passes::First);
    /// Huge pages and the like.
    sys_mm: Packed<String, String> = |p| sys(p, "packs/sys/mm", Passes::First);
    /// Memory, with the line of every key.
    meminfo: Sampled<(meminfo::Meminfo, Keys)> =
        |p| p.sampled("proc/meminfo", |t, _| Ok((meminfo::parse(t)?, Keys::of(t))));
    /// Memory counters.
    vmstat: Sampled<Counters> = |p| p.sampled("proc/vmstat", |t, _| vmstat::parse(t));
    /// Zones.
    zoneinfo: Sampled<Rows<zoneinfo::Zone>> =
        |p| p.sampled("proc/zoneinfo", |t, _| zoneinfo::parse(t));
    /// Slab caches.
    slabinfo: Sampled<Rows<slabinfo::SlabCache>> =
        |p| p.sampled("proc/slabinfo", slabinfo::parse);
    /// The ZFS cache.
    arc: Sampled<Arc> = |p| p.sampled("proc/spl/kstat/zfs/arcstats", |t, _| arc(t));
    /// Time lost waiting for memory.
    psi: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/memory", |t, _| pressure::parse(t));
    /// Free blocks by size.
    buddyinfo: Sampled<Rows<buddyinfo::Buddy>> =
        |p| p.sampled("proc/buddyinfo", |t, _| buddyinfo::parse(t));
    /// Swap devices.
    swaps: Sampled<Rows<swaps::Swap>> = |p| p.sampled("proc/swaps", |t, _| swaps::parse(t));
    /// Areas of vmalloc, by caller.
    vmalloc: Sampled<Rows<vmallocinfo::Caller>> =
        |p| p.sampled("proc/vmallocinfo", vmallocinfo::parse);
    /// Memory by the line of the kernel that allocated it.
    allocations: Sampled<Rows<allocinfo::Allocation>> =
        |p| p.sampled("proc/allocinfo", |t, _| allocinfo::parse(t));
    /// Sets of System V semaphores.
    semaphores: Sampled<Rows<sysvipc_sem::SemaphoreSet>> =
        |p| p.sampled("proc/sysvipc/sem", |t, _| sysvipc_sem::parse(t));
    /// Message queues of System V.
    queues: Sampled<Rows<sysvipc_msg::MessageQueue>> =
        |p| p.sampled("proc/sysvipc/msg", |t, _| sysvipc_msg::parse(t));
    /// Free blocks by who may use them, and whose the blocks of a huge page's size are.
    page_types: Sampled<pagetypeinfo::PageTypes> =
        |p| p.sampled("proc/pagetypeinfo", |t, _| pagetypeinfo::parse(t));
    /// Segments of System V shared memory.
    segments: Sampled<Rows<sysvipc_shm::Segment>> =
        |p| p.sampled("proc/sysvipc/shm", |t, _| sysvipc_shm::parse(t));
    /// Directory entries: total, unused, age limit, wanted pages, negative (5.0), dummy.
    dentry_state: Sampled<Vec<i64>> = |p| p.sampled("proc/sys/fs/dentry-state", |t, _| {
        Ok(t.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect())
    });
    /// How full file systems are; of these, tmpfs is memory.
    statfs: Sampled<Rows<statfs::Statfs>> =
        |p| p.sampled("probes/statfs.jsonl", |t, _| statfs::parse(t));
    /// What disks are that swap or hold dirty pages: whether they rotate, and zram.
    sys_disks: Packed<String, String> = |p| {
        let wanted = |k: &str| {
            (k.ends_with("/queue/rotational") || k.starts_with("block/zram")).then(|| k.to_owned())
        };
        p.packed("packs/sys/block", Passes::First, wanted, |t, _| Ok(Some(t.trim().to_owned())))
    };
}

/// What a node has and can give.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeMemory {
    pub(crate) total_bytes: u64,
    /// Free, and page cache that can be given back.
    pub(crate) givable_bytes: u64,
}

impl NodeMemory {
    /// `None` where the kernel does not tell all of it.
    fn of(text: &str) -> Result<Option<Self>, ParseError> {
        let info = meminfo::parse(text)?;
        // A node prints no Cached: its file pages are those of the LRU lists.
        let file = info.active_file_bytes.zip(info.inactive_file_bytes);
        Ok(info.total_bytes.zip(info.free_bytes).zip(file).map(|((total_bytes, free), (a, i))| {
            Self { total_bytes, givable_bytes: free.saturating_add(a).saturating_add(i) }
        }))
    }
}

/// `devices/system/node/node3/meminfo`: 3.
fn node(key: &str) -> Option<u32> {
    key.strip_prefix("devices/system/node/node")?.strip_suffix("/meminfo")?.parse().ok()
}

impl Keys {
    fn of(text: &str) -> Self {
        let key = |(n, line): (u32, &str)| Some((line.split_once(':')?.0.trim().into(), n));
        Self((1..).zip(text.lines()).filter_map(key).collect())
    }

    /// Line of a key, from 1.
    pub(crate) fn line(&self, key: &str) -> Option<u32> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, line)| *line)
    }
}

/// `size 4 1234567`: name, type and value of the kstat.
fn arc(text: &str) -> Result<Arc, ParseError> {
    let value = |name: &str| {
        text.lines().find_map(|l| {
            let mut words = l.split_ascii_whitespace();
            (words.next()? == name).then(|| words.nth(1)?.parse().ok()).flatten()
        })
    };
    let size_bytes = value("size");
    let arc =
        size_bytes.map(|size_bytes| Arc { size_bytes, min_bytes: value("c_min").unwrap_or(0) });
    arc.ok_or_else(|| ParseError::new(None, text, "a line `size 4 …`"))
}
