//! What is available on kernels that do not say it, and what `MemAvailable` does not count.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::method::num::signed;
use crate::locator::Locator;
use crate::parse::meminfo::Meminfo;

pub(super) fn build(inputs: &Inputs, info: &Meminfo, memory: &mut Memory, book: &mut Book) {
    memory.low_watermark_bytes = low_watermark(inputs, book);
    if memory.available_bytes.is_none() {
        let low = memory.low_watermark_bytes.unwrap_or(0);
        memory.available_bytes = estimate(info, low);
        if memory.available_bytes.is_some() {
            let zones = Locator::entry(&inputs.memory.zoneinfo.path);
            let meminfo = Locator::entry(&inputs.memory.meminfo.path);
            book.sources("memory.available_bytes", vec![meminfo, zones]);
        }
    }
    memory.zfs_reclaimable_bytes = book
        .first("memory.zfs_reclaimable_bytes", &inputs.memory.arc)
        .map(|arc| signed(arc.size_bytes.saturating_sub(arc.min_bytes)));
}

/// Sum of the low watermarks of all zones.
fn low_watermark(inputs: &Inputs, book: &mut Book) -> Option<i64> {
    const FACT: &str = "memory.low_watermark_bytes";
    let zones = book.first(FACT, &inputs.memory.zoneinfo)?;
    let pages: Vec<u64> = zones.rows.iter().filter_map(|z| z.low_pages).collect();
    if pages.is_empty() {
        let path = &inputs.memory.zoneinfo.path;
        book.absent(FACT, Absence::of(Reason::Missing, path, "no zone tells its low watermark"));
        return None;
    }
    let pages = pages.into_iter().fold(0, u64::saturating_add);
    Some(signed(pages.saturating_mul(inputs.env.page_size_bytes)))
}

/// `MemAvailable` as Linux 3.14 began to compute it (`si_mem_available`): free memory, and of page
/// cache and reclaimable slab what is above half of them or above the low watermark.
fn estimate(info: &Meminfo, low: i64) -> Option<i64> {
    let cache = signed(info.active_file_bytes?.saturating_add(info.inactive_file_bytes?));
    let slab = signed(info.slab_reclaimable_bytes?);
    let above = |bytes: i64| bytes.saturating_sub(low.min(bytes / 2));
    let free = signed(info.free_bytes?).saturating_sub(low);
    Some(free.saturating_add(above(cache)).saturating_add(above(slab)).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::meminfo;

    /// Red Hat Enterprise Linux 6.4 (2.6.32-358) does not print `MemAvailable`.
    #[test]
    fn an_old_kernel_has_an_estimate() {
        let text = "MemTotal: 8000000 kB\nMemFree: 200000 kB\nActive(file): 1000000 kB\n\
             Inactive(file): 3000000 kB\nSReclaimable: 100000 kB\n";
        let info = meminfo::parse(text).unwrap();
        let kb = 1024;
        assert_eq!(estimate(&info, 60_000 * kb), Some((140_000 + 3_940_000 + 50_000) * kb));
        let without = meminfo::parse("MemTotal: 8000000 kB\nMemFree: 200000 kB\n").unwrap();
        assert_eq!(estimate(&without, 0), None);
    }
}
