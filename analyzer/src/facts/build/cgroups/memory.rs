//! Memory of a group: what it has, what of that cannot be dropped, and the limit that binds.

use crate::facts::cgroups::CgroupMemory;
use crate::facts::method::num::{from_u64, ratio, signed};
use crate::facts::pressure::{Resource, Stall};
use crate::parse::pid_limits::Bound;
use crate::parse::{Counters, cgroup};

use super::tree::{Files, upwards};
use super::{Trees, keyed, number};

/// Where a limit of memory is written: v1 has a tree for each controller.
fn limit_path((_, group, file): &(u64, String, &'static str)) -> String {
    let tree = if *file == "memory.max" { "" } else { "/memory" };
    format!("/sys/fs/cgroup{tree}{}/{file}", group.trim_end_matches('/'))
}

/// The limit that a group itself sets, and its file.
pub(super) fn own_limit(files: &Files<'_>, page_size_bytes: u64) -> Option<(u64, &'static str)> {
    let v2 = files.get("memory.max").and_then(|t| cgroup::limit(t).ok());
    let v1 = || cgroup::limit_v1(files.get("memory.limit_in_bytes")?, page_size_bytes).ok();
    let file = if v2.is_some() { "memory.max" } else { "memory.limit_in_bytes" };
    match v2.or_else(v1)? {
        Bound::At(bytes) => Some((bytes, file)),
        Bound::Unlimited => None,
    }
}

impl Trees<'_> {
    /// Lowest limit of a group and those above; one of the whole machine is none.
    fn memory_limit(&self, path: &str) -> Option<(u64, String, &'static str)> {
        let of = |group: &str| -> Option<(u64, String, &'static str)> {
            let files = self.last.get(group)?;
            let (bytes, file) = own_limit(files, self.page_size_bytes)?;
            Some((bytes, group.to_owned(), file))
        };
        let lowest = upwards(path).filter_map(of).min_by_key(|(bytes, ..)| *bytes);
        lowest.filter(|(bytes, ..)| self.memory_bytes.is_none_or(|all| *bytes < all))
    }

    pub(super) fn memory(&self, path: &str, files: &Files<'_>) -> Option<CgroupMemory> {
        let current =
            number(files, "memory.current").or_else(|| number(files, "memory.usage_in_bytes"))?;
        let limit = self.memory_limit(path);
        let stat = files.get("memory.stat").and_then(|t| cgroup::parse(t).ok());
        let of =
            |keys: [&str; 2]| keys.iter().find_map(|k| u64::try_from(stat.as_ref()?.get(k)?).ok());
        let working = stat.as_ref().map(|s| working(s, files));
        let events = "memory.events";
        let pressure = self.pressure(path, "memory.pressure");
        let stall = |of: fn(&Resource) -> Option<&Stall>| of(pressure.as_ref()?)?.window_ratio;
        let bytes = limit.as_ref().map(|(b, ..)| *b);
        let by_limit = |n: Option<u64>| ratio(from_u64(n?), from_u64(bytes?));
        let failcnt = || {
            self.span_s?;
            let then = number(self.first.get(path)?, "memory.failcnt")?;
            number(files, "memory.failcnt")?.checked_sub(then)
        };
        let v1 = "memory.oom_control";
        let kills =
            keyed(Some(files), events, "oom_kill").or_else(|| keyed(Some(files), v1, "oom_kill"));
        let killed =
            self.delta(path, events, "oom_kill").or_else(|| self.delta(path, v1, "oom_kill"));
        Some(CgroupMemory {
            current_bytes: Some(signed(current)),
            limit_bytes: bytes.map(signed),
            limit_path: limit.as_ref().map(limit_path),
            limit_group: limit.map(|(_, group, _)| group),
            high_bytes: number(files, "memory.high").map(signed),
            working_bytes: working.map(signed),
            working_ratio: by_limit(working),
            current_ratio: by_limit(Some(current)),
            anon_bytes: of(["anon", "total_rss"]).map(signed),
            file_bytes: of(["file", "total_cache"]).map(signed),
            shmem_bytes: of(["shmem", "total_shmem"]).map(signed),
            anon_series: None,
            cache_delta_bytes: None,
            shmem_delta_bytes: None,
            left_bytes: None,
            left_swap_bytes: None,
            left_limit_bytes: None,
            left_group: None,
            young_delta_bytes: None,
            limit_eta_s: None,
            oom_kills: kills.map(signed),
            oom_kills_in_window: killed.map(signed),
            max_events_in_window: self.delta(path, events, "max").or_else(failcnt).map(signed),
            high_events_in_window: self.delta(path, events, "high").map(signed),
            pressure_some_ratio: stall(|p| p.some.as_ref()),
            pressure_full_ratio: stall(|p| p.full.as_ref()),
        })
    }
}

/// What cannot be dropped or written back: anonymous and shared memory, and kernel memory that is
/// no reclaimable slab. Old kernels and v1 report only parts of the last.
pub(super) fn working(stat: &Counters, files: &Files<'_>) -> u64 {
    let told = |key: &str| stat.get(key).and_then(|n| u64::try_from(n).ok());
    let get = |key: &str| told(key).unwrap_or(0);
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    if stat.get("total_rss").is_some() {
        let kernel = number(files, "memory.kmem.usage_in_bytes").unwrap_or(0);
        return sum(&[get("total_rss"), get("total_shmem"), kernel]);
    }
    let parts = ["slab_unreclaimable", "kernel_stack", "pagetables", "percpu", "sock"].map(get);
    let kernel =
        told("kernel").map_or_else(|| sum(&parts), |k| k.saturating_sub(get("slab_reclaimable")));
    sum(&[get("anon"), get("shmem"), kernel])
}
