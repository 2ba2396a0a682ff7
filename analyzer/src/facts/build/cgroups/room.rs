//! What the limits of its control groups leave to a process (M2, `room`).
//!
//! A process that grows in a container ends at the container's limit, however much memory the
//! host has. Page cache gives way before that, so the room is counted from what cannot be dropped.

use std::collections::BTreeMap;

use crate::parse::cgroup;
use crate::parse::pid_limits::Bound;

use super::super::super::inputs::Inputs;
use super::super::super::memory::Memory;
use super::memory::{own_limit, working};
use super::number;
use super::tree::{Files, groups, upwards};

/// Groups at the end of the collection.
pub(in crate::facts::build) struct Rooms<'i> {
    groups: BTreeMap<String, Files<'i>>,
    page_size_bytes: u64,
    memory_bytes: Option<u64>,
    swap_free_bytes: u64,
}

/// What is left below the nearest limit.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::facts::build) struct Room {
    /// Until the limit, with the swap that the group may still use.
    pub(in crate::facts::build) left_bytes: u64,
    /// Of that swap.
    pub(in crate::facts::build) swap_bytes: u64,
    /// The limit.
    pub(in crate::facts::build) limit_bytes: u64,
    /// The group that sets it.
    pub(in crate::facts::build) group: String,
}

impl<'i> Rooms<'i> {
    /// `None` when no group was read.
    pub(in crate::facts::build) fn of(inputs: &'i Inputs, memory: &Memory) -> Option<Self> {
        let (_, pack) = inputs.sched.groups.good().last()?;
        Some(Self::below(groups(pack), inputs, memory))
    }

    /// Below the limits of these groups.
    pub(super) fn below(
        groups: BTreeMap<String, Files<'i>>,
        inputs: &Inputs,
        memory: &Memory,
    ) -> Self {
        let bytes = |b: Option<i64>| b.and_then(|b| u64::try_from(b).ok());
        Self {
            groups,
            page_size_bytes: inputs.env.page_size_bytes,
            memory_bytes: bytes(memory.total_bytes),
            swap_free_bytes: bytes(memory.swap_free_bytes).unwrap_or(0),
        }
    }

    /// The least room of a group and of those above it; `None` without a limit that binds.
    pub(in crate::facts::build) fn room(&self, path: &str) -> Option<Room> {
        upwards(path).filter_map(|group| self.under(group)).min_by_key(|room| room.left_bytes)
    }

    fn under(&self, group: &str) -> Option<Room> {
        let files = self.groups.get(group)?;
        let (limit_bytes, _) = own_limit(files, self.page_size_bytes)?;
        if self.memory_bytes.is_some_and(|all| limit_bytes >= all) {
            return None;
        }
        let stat = cgroup::parse(files.get("memory.stat")?).ok()?;
        let free = limit_bytes.saturating_sub(working(&stat, files));
        let swaps = upwards(group).filter_map(|above| self.swap(self.groups.get(above)?));
        let swap_bytes = swaps.fold(self.swap_free_bytes, u64::min);
        let left_bytes = free.saturating_add(swap_bytes);
        Some(Room { left_bytes, swap_bytes, limit_bytes, group: group.to_owned() })
    }

    /// Swap that the group's own limit still lets it use; `None` without one. Version 1 limits
    /// memory and swap together, so that what its limit allows beyond that of memory is swap.
    fn swap(&self, files: &Files<'_>) -> Option<u64> {
        if let Some(text) = files.get("memory.swap.max") {
            let Ok(Bound::At(max)) = cgroup::limit(text) else { return None };
            let used = number(files, "memory.swap.current").unwrap_or(0);
            return Some(max.saturating_sub(used));
        }
        let text = files.get("memory.memsw.limit_in_bytes")?;
        let Ok(Bound::At(both)) = cgroup::limit_v1(text, self.page_size_bytes) else {
            return None;
        };
        let (memory, _) = own_limit(files, self.page_size_bytes)?;
        let used = |file| number(files, file).unwrap_or(0);
        let swapped =
            used("memory.memsw.usage_in_bytes").saturating_sub(used("memory.usage_in_bytes"));
        Some(both.saturating_sub(memory).saturating_sub(swapped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "anon 400000000\nfile 500000000\nshmem 0\nkernel 0\nslab_reclaimable 0\n";

    fn rooms<'i>(groups: &[(&str, Files<'i>)], swap_free_bytes: u64) -> Rooms<'i> {
        let groups = groups.iter().map(|(path, files)| ((*path).to_owned(), files.clone()));
        Rooms {
            groups: groups.collect(),
            page_size_bytes: 4096,
            memory_bytes: Some(16 << 30),
            swap_free_bytes,
        }
    }

    fn group(max: &'static str) -> Files<'static> {
        Files::from([("memory.max", max), ("memory.stat", STAT)])
    }

    #[test]
    fn page_cache_is_room_and_the_nearest_limit_counts() {
        let rooms = rooms(&[("/pod", group("1000000000\n")), ("/pod/app", group("max\n"))], 0);
        let room = rooms.room("/pod/app").unwrap();
        assert_eq!((room.left_bytes, room.limit_bytes), (600_000_000, 1_000_000_000));
        assert_eq!(room.group, "/pod");
    }

    #[test]
    fn swap_that_the_group_may_use_is_room_too() {
        let mut limited = group("1000000000\n");
        limited.insert("memory.swap.max", "300\n");
        limited.insert("memory.swap.current", "100\n");
        let mut generous = group("1000000000\n");
        generous.insert("memory.swap.max", "99999\n");
        let groups = [("/a", group("1000000000\n")), ("/b", limited), ("/c", generous)];
        let rooms = rooms(&groups, 5000);
        assert_eq!(rooms.room("/a").unwrap().left_bytes, 600_005_000);
        assert_eq!(rooms.room("/b").unwrap().left_bytes, 600_000_200);
        assert_eq!(rooms.room("/c").unwrap().left_bytes, 600_005_000, "no more than there is");
    }

    #[test]
    fn a_group_above_limits_swap_too() {
        let mut above = group("max\n");
        above.insert("memory.swap.max", "70\n");
        let rooms = rooms(&[("/pod", above), ("/pod/app", group("1000000000\n"))], 5000);
        let room = rooms.room("/pod/app").unwrap();
        assert_eq!((room.left_bytes, room.swap_bytes), (600_000_070, 70));
    }

    #[test]
    fn version_1_limits_memory_and_swap_together() {
        let v1 = |both, used| {
            Files::from([
                ("memory.limit_in_bytes", "1000000000\n"),
                ("memory.usage_in_bytes", "900000000\n"),
                ("memory.memsw.limit_in_bytes", both),
                ("memory.memsw.usage_in_bytes", used),
                ("memory.stat", "total_rss 400000000\ntotal_cache 500000000\n"),
            ])
        };
        let groups = [
            ("/none", v1("1000000000\n", "900000000\n")),
            ("/some", v1("1000003000\n", "900001000\n")),
            ("/all", v1("9223372036854771712\n", "900000000\n")),
        ];
        let rooms = rooms(&groups, 5000);
        let swap = |path| rooms.room(path).unwrap().swap_bytes;
        assert_eq!((swap("/none"), swap("/some"), swap("/all")), (0, 2000, 5000));
    }

    #[test]
    fn no_limit_or_one_of_the_whole_machine_is_no_room() {
        let rooms = rooms(&[("/a", group("max\n")), ("/b", group("99999999999999\n"))], 0);
        assert_eq!(rooms.room("/a"), None);
        assert_eq!(rooms.room("/b"), None);
        assert_eq!(rooms.room("/gone"), None);
    }
}
