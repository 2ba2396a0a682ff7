//! Where address space that grows ends: at a limit in bytes, or at the number of mappings.
//!
//! Many small mappings reach `vm.max_map_count` long before any limit in bytes, and mmap then fails
//! as if memory had run out. Their number is counted at each walk of a process that grows.

use crate::facts::build::window::seconds;
use crate::facts::method::growth as method;
use crate::facts::method::num::{from_i64, from_u64, len, ratio};

use super::{Both, Host};

/// Fewer new mappings are the coming and going of buffers.
const MIN_ADDED: i64 = 16;

/// Mappings of a process at its first and its last walk.
pub(super) struct MappingCount {
    first: i64,
    pub(super) last: i64,
    span_s: f64,
}

impl MappingCount {
    /// How many became more; unknown from one walk.
    pub(super) fn added(&self) -> Option<i64> {
        (self.span_s > 0.0).then_some(self.last - self.first)
    }

    /// Time until there are `limit` of them.
    fn eta_s(&self, limit: i64) -> Option<f64> {
        let added = self.added().filter(|added| *added >= MIN_ADDED)?;
        let left = limit.saturating_sub(self.last).max(0);
        ratio(from_i64(left), from_i64(added) / self.span_s)
    }
}

impl Host<'_> {
    /// When the address space of a process reaches its nearest real limit at this slope, and which
    /// limit that is.
    pub(super) fn virtual_end(
        &self,
        pid: u32,
        both: &Both,
        space: &method::Growth,
    ) -> Option<(f64, String)> {
        if !space.class.grows() || space.trend.slope <= 0.0 {
            return None;
        }
        let bytes = self.room(pid, both).map(|(room, name)| (room / space.trend.slope, name));
        let limit = self.sysctl.runtime.get("vm.max_map_count").and_then(|n| n.parse().ok());
        let mappings = self.mapping_count(pid).zip(limit);
        let mappings =
            mappings.and_then(|(count, limit)| Some((count.eta_s(limit)?, "vm.max_map_count")));
        let nearest = bytes.into_iter().chain(mappings).min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map(|(eta_s, name)| (eta_s, name.to_owned()))
    }

    pub(super) fn mapping_count(&self, pid: u32) -> Option<MappingCount> {
        let walks = self.inputs.process.mappings.good();
        let mut walks = walks.filter_map(|(r, p)| Some((r.mono_us, len(p.get(&pid)?.len()))));
        let (from_us, first) = walks.next()?;
        let (to_us, last) = walks.next_back().unwrap_or((from_us, first));
        Some(MappingCount { first, last, span_s: seconds(to_us.saturating_sub(from_us)) })
    }

    /// The nearest real limit of the address space: bytes left, and its name.
    fn room(&self, pid: u32, both: &Both) -> Option<(f64, &'static str)> {
        let limits = self.inputs.process.limits.first().ok().and_then(|p| p.get(&pid));
        let named =
            self.inputs.process.processes.good().filter_map(|(_, p)| p.get(&pid)).next_back();
        let left = |limit: Option<u64>, used: f64| limit.map(|l| from_u64(l) - used);
        let data = both.virtual_space().last()?.value;
        let strict = self.sysctl.runtime.get("vm.overcommit_memory").is_some_and(|m| m == "2");
        let commit = self.memory.commit_limit_bytes.zip(self.memory.committed_bytes);
        let rooms = [
            (
                left(
                    limits.and_then(|l| l.address_space_bytes),
                    named.map_or(data, |p| from_u64(p.virtual_bytes)),
                ),
                "RLIMIT_AS",
            ),
            (left(limits.and_then(|l| l.data_bytes), data), "RLIMIT_DATA"),
            (
                commit.filter(|_| strict).map(|(limit, used)| from_i64(limit) - from_i64(used)),
                "CommitLimit",
            ),
        ];
        let known = rooms.into_iter().filter_map(|(room, name)| Some((room?.max(0.0), name)));
        known.min_by(|a, b| a.0.total_cmp(&b.0))
    }
}
