//! Processes that once needed far more memory than now: by the kernel's high-water mark since they
//! started, or by a spike inside the window.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::inputs::Inputs;
use super::super::memory::Memory;
use super::super::method::growth::Class;
use super::super::method::num::{from_i64, ratio, signed};
use super::super::processes::{Peak, Processes};
use super::{Book, load, naming, processes};

const FACT: &str = "processes.peaks";
/// Rows of the list.
const MAX_ROWS: usize = 20;
/// A peak is worth a word from this difference on, or from [`MIN_TOTAL_RATIO`] of the memory.
const MIN_BYTES: i64 = 256 << 20;
const MIN_TOTAL_RATIO: f64 = 0.02;

pub(super) fn build(inputs: &Inputs, memory: &Memory, into: &mut Processes, book: &mut Book) {
    if let Err(absence) = inputs.process.status.first() {
        book.absent(FACT, absence);
        return;
    }
    book.source(FACT, Locator::entry(&inputs.process.status.path));
    let mut latest = inputs.process.status.latest().rows;
    let own = load::own(inputs);
    latest.retain(|(pid, _)| !own.contains(pid));
    let total = memory.total_bytes.unwrap_or(0);
    let worth = MIN_BYTES.max(super::super::method::num::to_i64(MIN_TOTAL_RATIO * from_i64(total)));
    let mut rows: Vec<(u32, i64, i64, bool)> = latest
        .iter()
        .filter_map(|(pid, s)| {
            let (peak, now) = (signed(s.peak_bytes?), signed(s.resident_bytes?));
            let far = peak.saturating_mul(2) >= now.saturating_mul(3) && peak - now >= worth;
            far.then_some((*pid, peak, now, false))
        })
        .collect();
    for (pid, peak, now) in spikes(into, worth) {
        rows.retain(|row| row.0 != pid);
        rows.push((pid, peak, now, true));
    }
    rows.sort_by_key(|(pid, peak, now, _)| (std::cmp::Reverse(peak.saturating_sub(*now)), *pid));
    rows.truncate(MAX_ROWS);
    let pids: Vec<u32> = rows.iter().map(|r| r.0).collect();
    let used = memory.total_bytes.zip(memory.available_bytes).map(|(t, a)| t.saturating_sub(a));
    let peaks = naming::of_pids(inputs, &pids).into_iter().zip(rows);
    into.peaks = peaks
        .map(|(name, (pid, peak, now, in_window))| {
            let demand = used.map(|used| used.saturating_add(peak.saturating_sub(now)));
            Peak {
                name,
                pid: pid.into(),
                peak_bytes: peak,
                resident_bytes: now,
                in_window,
                age_s: processes::age_of(inputs, pid),
                demand_bytes: demand,
                demand_ratio: demand.and_then(|d| ratio(from_i64(d), from_i64(total))),
            }
        })
        .collect();
    for i in 0..into.peaks.len() {
        let absence = Absence::new(Reason::NotCollected, "no MemAvailable, or it ended too soon");
        book.absent(format!("{FACT}.{i}"), absence);
    }
}

/// Process, peak and present size of what came and went in the window. The series holds private
/// memory and swap; a spike of a few megabytes is no peak.
fn spikes(of: &Processes, worth: i64) -> Vec<(u32, i64, i64)> {
    let spike = |row: &super::super::processes::Growth| {
        let series = row.resident.as_ref().filter(|s| s.class == Class::Spike.as_str())?;
        let peak = series.points.iter().copied().max()?;
        let pid = u32::try_from(row.pid).ok()?;
        (peak.saturating_sub(series.last_bytes) >= worth).then_some((pid, peak, series.last_bytes))
    };
    of.growth.iter().filter_map(spike).collect()
}
