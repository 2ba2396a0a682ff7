//! To whom shared memory belongs: mapped by processes, files in tmpfs, System V segments.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::memory::shared::{Segment, Shared, Tmpfs};
use crate::facts::method::num::{from_i64, ratio, signed};
use crate::locator::Locator;

mod elsewhere;

const FACT: &str = "memory.shared";
/// Rows of each list.
const MAX_ROWS: usize = 10;

pub(super) fn build(inputs: &Inputs, memory: &Memory, book: &mut Book) -> Option<Shared> {
    let Some(shmem) = memory.shmem_bytes else {
        let detail = "this kernel prints no Shmem (2.6.32)";
        book.absent(FACT, Absence::of(Reason::Missing, &inputs.memory.meminfo.path, detail));
        return None;
    };
    book.source(FACT, Locator::facts(["memory.shmem_bytes"]));
    book.absent(FACT, Absence::new(Reason::NotCollected, "its source lacks, or tells nothing"));
    let mut shared = Shared::default();
    let of = |whole: Option<i64>, bytes: i64| ratio(from_i64(bytes), from_i64(whole?));
    shared.ratio = of(memory.total_bytes, shmem);
    shared.of_cache_ratio = of(memory.cached_bytes, shmem);
    tmpfs(inputs, &mut shared, book);
    elsewhere::find(inputs, &mut shared, book);
    segments(inputs, &mut shared, book);
    shared.mapped_bytes = mapped(inputs, book);
    shared.unmapped_bytes = shared.mapped_bytes.map(|mapped| shmem.saturating_sub(mapped).max(0));
    shared.unmapped_ratio = shared.unmapped_bytes.and_then(|bytes| of(memory.total_bytes, bytes));
    shared.rest_bytes = shared
        .tmpfs_bytes
        .zip(shared.segments_bytes)
        .map(|(tmpfs, segments)| shmem.saturating_sub(tmpfs).saturating_sub(segments).max(0));
    Some(shared)
}

/// Every tmpfs once, however often it is mounted.
fn tmpfs(inputs: &Inputs, shared: &mut Shared, book: &mut Book) {
    const FACT: &str = "memory.shared.tmpfs";
    let mounts = match inputs.host.own_mounts.first() {
        Ok(mounts) => mounts,
        Err(absence) => {
            book.absent(FACT, absence.clone());
            book.absent("memory.shared.tmpfs_bytes", absence);
            return;
        }
    };
    let Some(sizes) = book.first(FACT, &inputs.memory.statfs) else {
        book.absent("memory.shared.tmpfs_bytes", inputs.memory.statfs.absence());
        return;
    };
    let mut seen = BTreeSet::new();
    let mut rows: Vec<Tmpfs> = mounts
        .rows
        .iter()
        .filter(|m| matches!(m.fs_type.as_str(), "tmpfs" | "devtmpfs" | "ramfs"))
        .filter_map(|mount| {
            let row = sizes.rows.iter().find(|s| s.mount_point == mount.mount_point)?;
            let size = row.size_bytes?;
            seen.insert(mount.device).then(|| Tmpfs {
                mount_point: mount.mount_point.clone(),
                used_bytes: signed(size.saturating_sub(row.free_bytes.unwrap_or(size))),
                size_bytes: signed(size),
            })
        })
        .collect();
    shared.tmpfs_bytes = Some(rows.iter().fold(0, |sum, t| sum.saturating_add(t.used_bytes)));
    rows.retain(|t| t.used_bytes > 0);
    rows.sort_by(|a, b| {
        b.used_bytes.cmp(&a.used_bytes).then_with(|| a.mount_point.cmp(&b.mount_point))
    });
    rows.truncate(MAX_ROWS);
    shared.largest_tmpfs = rows.first().cloned();
    shared.tmpfs = rows;
}

fn segments(inputs: &Inputs, shared: &mut Shared, book: &mut Book) {
    const FACT: &str = "memory.shared.segments";
    let Some(table) = book.first(FACT, &inputs.memory.segments) else { return };
    let creator = |pid: u32| {
        let seen = inputs.process.processes.good().find_map(|(_, p)| p.get(&pid));
        seen.map(|p| p.comm.to_string())
    };
    let resident = |wanted: fn(&Segment) -> bool, rows: &[Segment]| {
        let known = rows.iter().filter(|s| wanted(s)).filter_map(|s| s.resident_bytes);
        known.fold(0, i64::saturating_add)
    };
    let mut rows: Vec<Segment> = table
        .rows
        .iter()
        .map(|s| Segment {
            id: s.id,
            size_bytes: signed(s.size_bytes),
            resident_bytes: s.resident_bytes.map(signed),
            swap_bytes: s.swap_bytes.map(signed),
            attached: signed(s.attached),
            creator: creator(s.creator_pid),
        })
        .collect();
    shared.segments_bytes = Some(resident(|_| true, &rows));
    shared.unattached_bytes = Some(resident(|s| s.attached == 0, &rows));
    let source = Locator::entry(&inputs.memory.segments.path);
    book.source("memory.shared.segments_bytes", source.clone());
    book.source("memory.shared.unattached_bytes", source);
    rows.sort_by(|a, b| b.resident_bytes.cmp(&a.resident_bytes).then(a.id.cmp(&b.id)));
    rows.truncate(MAX_ROWS);
    shared.segments = rows;
}

/// Shared memory that processes map, each page once. Unknown unless almost every process was
/// walked: what lacks would look like files that nobody maps.
fn mapped(inputs: &Inputs, book: &mut Book) -> Option<i64> {
    const FACT: &str = "memory.shared.mapped_bytes";
    let source = &inputs.process.rollups;
    let walked = source.good().last().map(|(_, pack)| pack);
    let mut absence = source.absence();
    let present = inputs.process.processes.last().ok();
    if let (Some(walked), Some(present)) = (walked, present) {
        let expected = present
            .rows
            .iter()
            .filter(|(_, p)| !p.is_kernel_thread && p.resident_bytes > 0)
            .count();
        let known: Vec<u64> = walked.rows.iter().filter_map(|(_, r)| r.pss_shmem_bytes).collect();
        if known.len().saturating_mul(20) >= expected.saturating_mul(19) && !known.is_empty() {
            book.source(FACT, Locator::entry(&source.path));
            return Some(signed(known.into_iter().fold(0, u64::saturating_add)));
        }
        let detail = format!("{} of {expected} processes were walked", known.len());
        absence = Absence::of(Reason::NotCollected, &source.path, detail);
    }
    for fact in [FACT, "memory.shared.unmapped_bytes", "memory.shared.unmapped_ratio"] {
        book.absent(fact, absence.clone());
    }
    None
}
