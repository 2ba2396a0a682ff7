//! Who inside the kernel holds memory.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::memory::kernel::{Allocation, GraphicsUser, VmallocCaller};
use crate::facts::method::num::signed;
use crate::locator::Locator;
use crate::parse::fdinfo::FdInfo;

/// Rows of each list.
const MAX_ROWS: usize = 10;
/// Files whose allocations are memory of processes, shared memory, or page cache.
const OF_USERS: [&str; 9] = [
    "fs/hugetlbfs/inode.c",
    "mm/filemap.c",
    "mm/huge_memory.c",
    "mm/khugepaged.c",
    "mm/memory.c",
    "mm/migrate.c",
    "mm/readahead.c",
    "mm/shmem.c",
    "mm/swap_state.c",
];

pub(super) fn build(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    let callers = book.first("memory.vmalloc_callers", &inputs.memory.vmalloc);
    let held = callers.into_iter().flat_map(|c| &c.rows).filter(|c| c.page_bytes > 0);
    memory.vmalloc_callers = held
        .take(MAX_ROWS)
        .map(|c| VmallocCaller {
            name: c.name.clone(),
            areas: signed(c.areas),
            bytes: signed(c.page_bytes),
        })
        .collect();
    allocations(inputs, memory, book);
    memory.graphics = graphics(inputs, book);
}

/// Bytes by region of a graphics device.
type Regions<'i> = BTreeMap<&'i str, u64>;

/// Memory of graphics by process. A process has several descriptors of one client of the driver.
fn graphics(inputs: &Inputs, book: &mut Book) -> Vec<GraphicsUser> {
    const FACT: &str = "memory.graphics";
    let Some(pack) = book.first(FACT, &inputs.storage.fdinfo) else { return Vec::new() };
    let mut clients: BTreeMap<(u32, &str), (&FdInfo, Regions<'_>)> = BTreeMap::new();
    for ((pid, _), info) in pack.rows.iter().filter(|(_, info)| !info.drm.is_empty()) {
        let of = |key: &str| info.drm.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v);
        clients.entry((*pid, of("drm-client-id"))).or_insert_with(|| (info, regions(&info.drm)));
    }
    let mut users: BTreeMap<u32, (Option<String>, Regions<'_>)> = BTreeMap::new();
    for ((pid, _), (info, held)) in clients {
        let user = users.entry(pid).or_default();
        let driver = info.drm.iter().find(|(k, _)| k == "drm-driver").map(|(_, v)| v.clone());
        user.0 = user.0.take().or(driver);
        for (region, bytes) in held {
            let sum = user.1.entry(region).or_default();
            *sum = sum.saturating_add(bytes);
        }
    }
    let name = |pid: u32| inputs.process.processes.good().find_map(|(_, p)| p.get(&pid));
    let user = |(pid, (driver, held)): (u32, (Option<String>, Regions<'_>))| {
        let bytes = signed(held.values().copied().fold(0, u64::saturating_add));
        let mut held: Vec<(&str, u64)> = held.into_iter().filter(|(_, n)| *n > 0).collect();
        held.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        GraphicsUser {
            pid: pid.into(),
            comm: name(pid).map_or_else(|| "?".to_owned(), |p| p.comm.to_string()),
            driver,
            regions: held.into_iter().map(|(r, n)| format!("{r} {} KiB", n >> 10)).collect(),
            bytes,
        }
    };
    let mut rows: Vec<GraphicsUser> = users.into_iter().map(user).collect();
    rows.sort_by_key(|u| (std::cmp::Reverse(u.bytes), u.pid));
    rows.truncate(MAX_ROWS);
    if !rows.is_empty() {
        book.absent(FACT, Absence::new(Reason::NotApplicable, "the driver does not tell"));
    }
    rows
}

/// Resident memory by region: `drm-resident-vram0: 4096 KiB`, on older kernels `drm-memory-vram`.
fn regions(drm: &[(String, String)]) -> Regions<'_> {
    let of = |prefix: &str| -> Regions<'_> {
        let known = drm.iter().filter_map(|(key, value)| {
            let region = key.strip_prefix("drm-")?.strip_prefix(prefix)?;
            let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
            let unit = match unit {
                "KiB" => 10,
                "MiB" => 20,
                _ => 0,
            };
            Some((region, number.parse::<u64>().ok()?.saturating_mul(1 << unit)))
        });
        known.collect()
    };
    let resident = of("resident-");
    if resident.is_empty() { of("memory-") } else { resident }
}

fn allocations(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    const FACT: &str = "memory.allocations";
    let Some(all) = book.first(FACT, &inputs.memory.allocations) else { return };
    let mut largest: Vec<_> = all.rows.iter().collect();
    largest.sort_by_key(|a| (std::cmp::Reverse(a.bytes), a.line));
    largest.truncate(MAX_ROWS);
    for (i, a) in largest.iter().enumerate() {
        let at = format!("{FACT}.{i}");
        book.source(at.as_str(), Locator::line(&inputs.memory.allocations.path, a.line));
        let none = Absence::new(Reason::NotApplicable, "built in, or not told");
        book.absent(at, none);
    }
    let file = |place: &str| place.split(':').next().is_some_and(|f| OF_USERS.contains(&f));
    let row = |a: &crate::parse::allocinfo::Allocation| Allocation {
        place: a.place.clone(),
        function: a.function.clone(),
        module: a.module.clone(),
        bytes: signed(a.bytes),
        calls: signed(a.calls),
        is_of_users: file(&a.place),
    };
    memory.allocations = largest.into_iter().map(row).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_graphics_by_region() {
        let drm = |lines: &[(&str, &str)]| {
            lines.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let new = drm(&[
            ("drm-driver", "amdgpu"),
            ("drm-total-vram0", "9 MiB"),
            ("drm-resident-vram0", "8 MiB"),
            ("drm-memory-vram0", "7 MiB"),
            ("drm-resident-gtt", "512 KiB"),
        ]);
        assert_eq!(regions(&new), BTreeMap::from([("vram0", 8 << 20), ("gtt", 512 << 10)]));
        assert_eq!(regions(&drm(&[("drm-memory-vram", "4096")])), BTreeMap::from([("vram", 4096)]));
        assert_eq!(regions(&drm(&[("drm-resident-x", "lots")])), BTreeMap::new());
    }
}
