//! Does something of the host's memory grow? The growth classifier (M2) on totals.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::growth::facts_of;
use crate::facts::build::window::Window;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::method::growth::{self, Class, MIN_SAMPLES};
use crate::facts::method::num::{from_i64, from_u64, ratio};
use crate::facts::method::trend::Point;
use crate::facts::processes::Series;
use crate::locator::Locator;
use crate::parse::meminfo::Meminfo;

/// A smaller change of a total is noise on any host: per-CPU lists and caches are that large.
const FLOOR_BYTES: f64 = 16.0 * 1024.0 * 1024.0;
/// The same as a share of the memory.
const FLOOR_RATIO: f64 = 0.001;
/// Unreclaimable slab is quieter than all the rest.
const SLAB_FLOOR_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

pub(super) fn build(inputs: &Inputs, window: &Window, memory: &mut Memory, book: &mut Book) {
    let total = memory.total_bytes.map_or(0.0, from_i64);
    let floor = FLOOR_BYTES.max(FLOOR_RATIO * total);
    let host = Host { inputs, window };
    let used = |i: &Meminfo| i.total_bytes?.checked_sub(i.available_bytes?);
    memory.used_series = host.series("memory.used_series", floor, used, book);
    memory.shmem_series = host.series("memory.shmem_series", floor, |i| i.shmem_bytes, book);
    let slab = |i: &Meminfo| i.slab_unreclaimable_bytes;
    memory.slab_unreclaimable_series =
        host.series("memory.slab_unreclaimable_series", SLAB_FLOOR_BYTES, slab, book);
    let available = memory.available_bytes.map(from_i64);
    memory.used_up_eta_s = eta(memory.used_series.as_ref(), available);
    memory.slab_unreclaimable_eta_s = eta(memory.slab_unreclaimable_series.as_ref(), available);
    memory.negative_dentries = negative_dentries(inputs, book);
    for (fact, series, value) in [
        ("memory.used_up_eta_s", "memory.used_series", memory.used_up_eta_s),
        (
            "memory.slab_unreclaimable_eta_s",
            "memory.slab_unreclaimable_series",
            memory.slab_unreclaimable_eta_s,
        ),
    ] {
        if value.is_some() {
            book.source(fact, Locator::facts([series, "memory.available_bytes"]));
        } else if let Some(absence) = book.absences.exact(series).cloned() {
            book.absent(fact, absence);
        } else {
            book.absent(fact, Absence::new(Reason::NotApplicable, "it does not grow steadily"));
        }
    }
}

/// Time until `room` is used up at the slope of a steady series.
fn eta(series: Option<&Series>, room: Option<f64>) -> Option<f64> {
    let steady = series.filter(|s| s.class == Class::Steady.as_str())?;
    ratio(room?, steady.slope_bytes_per_s)
}

struct Host<'i> {
    inputs: &'i Inputs,
    window: &'i Window,
}

impl Host<'_> {
    /// What is counted since boot is as old as that.
    fn uptime_s(&self) -> Option<f64> {
        self.inputs.host.uptime.last().ok().map(|u| u.uptime_s)
    }

    fn series(
        &self,
        fact: &str,
        floor: f64,
        value: impl Fn(&Meminfo) -> Option<u64>,
        book: &mut Book,
    ) -> Option<Series> {
        let source = &self.inputs.memory.meminfo;
        let points: Vec<Point> = self
            .window
            .readings(source)
            .into_iter()
            .filter_map(|(r, (info, _))| {
                Some(Point { at_s: self.window.at_s(r.mono_us), value: from_u64(value(info)?) })
            })
            .collect();
        let Some(g) = growth::classify(&points, floor, self.uptime_s()) else {
            book.absent(fact, too_few(&source.path, points.len(), MIN_SAMPLES));
            return None;
        };
        book.source(fact, Locator::entry(&source.path));
        let never = Absence::new(Reason::NotApplicable, "no uptime, or it never rose");
        book.absent(format!("{fact}.give_back_ratio"), never.clone());
        book.absent(format!("{fact}.lifetime_linearity"), never);
        Some(facts_of(&g, &points))
    }
}

/// The fifth number of dentry-state, since Linux 5.0; before it was a dummy.
fn negative_dentries(inputs: &Inputs, book: &mut Book) -> Option<i64> {
    const FACT: &str = "memory.negative_dentries";
    let state = book.last(FACT, &inputs.memory.dentry_state)?;
    let count = state.get(4).copied();
    if count.is_none() {
        let path = &inputs.memory.dentry_state.path;
        book.absent(FACT, Absence::of(Reason::Missing, path, "not counted before Linux 5.0"));
    }
    count
}
