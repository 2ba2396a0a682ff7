//! The backlog of writing: dirty pages against the limits in force, and who makes them.

use std::collections::BTreeMap;

use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::counters::Growth;
use crate::facts::build::load::{self, psi};
use crate::facts::build::naming;
use crate::facts::build::window::Window;
use crate::facts::inputs::Inputs;
use crate::facts::memory::activity::{Activity, Dirty, Writer};
use crate::facts::method::num::{from_i64, from_len, from_u64, len, ratio, signed, to_i64};
use crate::facts::method::quantile;
use crate::locator::Locator;

const FACT: &str = "memory.dirty";
/// Writers that are listed.
const MAX_WRITERS: usize = 5;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    activity: Option<&Activity>,
    book: &mut Book,
) -> Option<Dirty> {
    let source = &inputs.memory.vmstat;
    let lacks = "this kernel does not count it (2.6.37), or nothing was written";
    let growth = Growth::known(window, source, FACT, lacks, book)?;
    let io_full =
        psi(window, &inputs.cpu.psi_io, |p| p.full, &format!("{FACT}.io_full_ratio"), book);
    let page = signed(inputs.env.page_size_bytes);
    let pages = |name: &str| growth.latest(name).map(|n| n.saturating_mul(page));
    let limit = pages("nr_dirty_threshold").filter(|limit| *limit > 0);
    let under_way: Vec<i64> = growth.values().filter_map(|c| c.get("nr_writeback")).collect();
    let pending: Vec<f64> = growth
        .values()
        .filter_map(|c| Some(c.get("nr_dirty")?.saturating_add(c.get("nr_writeback")?)))
        .map(|n| from_i64(n.saturating_mul(page)))
        .collect();
    let largest = pending.iter().copied().max_by(f64::total_cmp);
    let median = quantile::median(&mut pending.clone());
    let of_limit = |bytes: Option<f64>| ratio(bytes?, from_i64(limit?));
    let written = activity.and_then(|a| a.written_bytes_per_s);
    Some(Dirty {
        limit_bytes: limit,
        background_limit_bytes: pages("nr_dirty_background_threshold"),
        pending_median_bytes: median.map(to_i64),
        limit_median_ratio: of_limit(median),
        limit_max_ratio: of_limit(largest),
        drain_s: median.zip(written).and_then(|(bytes, rate)| ratio(bytes, rate)),
        writing_ratio: ratio(
            from_len(under_way.iter().filter(|n| **n > 0).count()),
            from_len(under_way.len()),
        ),
        stuck: written.map(|rate| rate <= 0.0 && under_way.iter().all(|n| *n > 0)),
        io_full_ratio: io_full,
        rotating_disks: rotating_disks(inputs, book),
        writers: writers(inputs, book),
    })
}

fn rotating_disks(inputs: &Inputs, book: &mut Book) -> Option<i64> {
    let pack = book.first("memory.dirty.rotating_disks", &inputs.memory.sys_disks)?;
    let disk = |key: &str| {
        !["loop", "ram", "zram", "dm-", "md"]
            .iter()
            .any(|virt| key.strip_prefix("block/").is_some_and(|name| name.starts_with(virt)))
    };
    let rotates = pack
        .rows
        .iter()
        .filter(|(key, value)| key.ends_with("/rotational") && value == "1" && disk(key));
    Some(len(rotates.count()))
}

/// Processes by what they wrote between the two readings, the collector's own left out.
fn writers(inputs: &Inputs, book: &mut Book) -> Vec<Writer> {
    const FACT: &str = "memory.dirty.writers";
    let source = &inputs.process.written;
    let readings: Vec<_> = source.good().collect();
    let ends = readings.first().zip(readings.last());
    let span = ends.map_or(0, |((a, _), (b, _))| b.mono_us.saturating_sub(a.mono_us));
    let Some(((_, before), (_, after))) = ends.filter(|_| span > 0) else {
        let absence = if readings.is_empty() {
            source.absence()
        } else {
            too_few(&source.path, readings.len(), 2)
        };
        book.absent(FACT, absence);
        return Vec::new();
    };
    book.source(FACT, Locator::entry(&source.path));
    let own = load::own(inputs);
    let then: BTreeMap<u32, u64> = before.rows.iter().copied().collect();
    let mut rows: Vec<(u32, u64)> = after
        .rows
        .iter()
        .filter(|(pid, _)| !own.contains(pid))
        .filter_map(|(pid, now)| Some((*pid, now.checked_sub(*then.get(pid)?)?)))
        .filter(|(_, bytes)| *bytes > 0)
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    rows.truncate(MAX_WRITERS);
    let pids: Vec<u32> = rows.iter().map(|(pid, _)| *pid).collect();
    let seconds = from_u64(span) / 1e6;
    naming::of_pids(inputs, &pids)
        .into_iter()
        .zip(rows)
        .map(|(name, (pid, bytes))| Writer {
            name,
            pid: pid.into(),
            bytes_per_s: from_u64(bytes) / seconds,
        })
        .collect()
}
