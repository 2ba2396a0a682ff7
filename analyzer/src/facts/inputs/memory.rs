//! Memory of the host.

use crate::facts::plan::{Packed, Passes, Sampled};
use crate::parse::{Counters, ParseError, Rows, free, meminfo, slabinfo, vmstat, zoneinfo};

use super::sys;

/// Lines of the keys of a `Key: value` file, for citations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<(Box<str>, u32)>);

inputs! {
    /// Memory of the host.
    Memory
    /// Memory and swap as their tool prints them: in KiB.
    free: Sampled<free::Free> = |p| p.sampled("commands/free", |t, _| free::parse(t, 1024));
    /// NUMA nodes.
    sys_node: Packed<String, String> = |p| sys(p, "packs/sys/node", Passes::First);
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
    /// Size of the ZFS cache.
    arc: Sampled<u64> = |p| p.sampled("proc/spl/kstat/zfs/arcstats", |t, _| arc(t));
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
fn arc(text: &str) -> Result<u64, ParseError> {
    let size = text.lines().find_map(|l| {
        let mut words = l.split_ascii_whitespace();
        (words.next()? == "size").then(|| words.nth(1)?.parse().ok()).flatten()
    });
    size.ok_or_else(|| ParseError::new(None, text, "a line `size 4 …`"))
}
