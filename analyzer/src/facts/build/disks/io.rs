//! I/O of devices and processes in the window, from counters at measured times.

use std::collections::BTreeMap;

use crate::absence::Absence;
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::window::{Window, seconds};
use crate::facts::disks::{DiskIo, Io, ProcessIo};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{from_u64, len, ratio};
use crate::facts::method::quantile;
use crate::locator::Locator;
use crate::parse::diskstats::Disk as Counters;

mod groups;

/// Counters of all devices, by name, in every reading of the window.
pub(super) struct Series<'i> {
    by_name: BTreeMap<&'i str, Vec<(u64, &'i Counters)>>,
    ends: Option<(String, String)>,
    absence: Absence,
}

impl<'i> Series<'i> {
    pub(super) fn of(inputs: &'i Inputs, window: &Window) -> Self {
        let source = &inputs.storage.diskstats;
        let mut readings = window.readings(source);
        if readings.len() < 2 {
            readings = source.good().collect();
        }
        let mut by_name: BTreeMap<&str, Vec<(u64, &Counters)>> = BTreeMap::new();
        for (reading, rows) in &readings {
            for row in &rows.rows {
                by_name.entry(&row.name).or_default().push((reading.mono_us, row));
            }
        }
        let good = readings.len();
        let absence = if good == 0 { source.absence() } else { too_few(&source.path, good, 2) };
        let ends = readings.first().zip(readings.last());
        let ends = ends.map(|((a, _), (b, _))| (source.entry(a.pass), source.entry(b.pass)));
        Self { by_name, ends, absence }
    }

    pub(super) fn of_disk(&self, name: &str, fact: &str, book: &mut Book) -> Option<DiskIo> {
        let fact = format!("{fact}.io");
        let all = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let Some(io) = measured(all) else {
            book.absent(fact, self.absence.clone());
            return None;
        };
        let lines = all.first().zip(all.last()).zip(self.ends.as_ref());
        let located = lines.map(|(((_, a), (_, b)), (first, last))| {
            vec![Locator::line(first, a.line), Locator::line(last, b.line)]
        });
        book.sources(fact.clone(), located.unwrap_or_default());
        for (field, known) in [
            ("await_ms", io.await_ms.is_some()),
            ("read_await_ms", io.read_await_ms.is_some()),
            ("write_await_ms", io.write_await_ms.is_some()),
        ] {
            if !known {
                let none = crate::absence::Reason::NotApplicable;
                book.absent(format!("{fact}.{field}"), Absence::new(none, "no such request"));
            }
        }
        Some(io)
    }
}

/// What one device did between two readings; `None` when a counter fell (it was removed and came
/// back).
#[derive(Clone, Copy, Default)]
struct Step {
    span_s: f64,
    reads: f64,
    writes: f64,
    read_bytes: f64,
    write_bytes: f64,
    read_ms: f64,
    write_ms: f64,
    busy_ms: f64,
    queue_ms: f64,
}

impl Step {
    fn between(a: (u64, &Counters), b: (u64, &Counters)) -> Option<Self> {
        let span_s = seconds(b.0.checked_sub(a.0)?);
        let (a, b) = (a.1, b.1);
        let grown = |of: fn(&Counters) -> u64| Some(from_u64(of(b).checked_sub(of(a))?));
        (span_s > 0.0).then_some(())?;
        Some(Self {
            span_s,
            reads: grown(|c| c.reads)?,
            writes: grown(|c| c.writes)?,
            read_bytes: grown(|c| c.read_bytes)?,
            write_bytes: grown(|c| c.write_bytes)?,
            read_ms: grown(|c| c.read_ms)?,
            write_ms: grown(|c| c.write_ms)?,
            busy_ms: grown(|c| c.busy_ms)?,
            queue_ms: grown(|c| c.queue_ms)?,
        })
    }

    fn and(self, o: Self) -> Self {
        Self {
            span_s: self.span_s + o.span_s,
            reads: self.reads + o.reads,
            writes: self.writes + o.writes,
            read_bytes: self.read_bytes + o.read_bytes,
            write_bytes: self.write_bytes + o.write_bytes,
            read_ms: self.read_ms + o.read_ms,
            write_ms: self.write_ms + o.write_ms,
            busy_ms: self.busy_ms + o.busy_ms,
            queue_ms: self.queue_ms + o.queue_ms,
        }
    }

    fn await_ms(&self) -> Option<f64> {
        ratio(self.read_ms + self.write_ms, self.reads + self.writes)
    }

    /// Requests under way, on average.
    fn queue(&self) -> f64 {
        self.queue_ms / 1000.0 / self.span_s
    }
}

fn measured(all: &[(u64, &Counters)]) -> Option<DiskIo> {
    let pairs = all.iter().zip(all.get(1..)?);
    let steps: Vec<Step> = pairs.filter_map(|(a, b)| Step::between(*a, *b)).collect();
    let sum = steps.iter().copied().reduce(Step::and)?;
    let mut awaits: Vec<f64> = steps.iter().map(|s| s.await_ms().unwrap_or(0.0)).collect();
    let mut queues: Vec<f64> = steps.iter().map(Step::queue).collect();
    let per_s = |n: f64| n / sum.span_s;
    Some(DiskIo {
        requests_per_s: per_s(sum.reads + sum.writes),
        reads_per_s: per_s(sum.reads),
        writes_per_s: per_s(sum.writes),
        read_bytes_per_s: per_s(sum.read_bytes),
        write_bytes_per_s: per_s(sum.write_bytes),
        await_ms: sum.await_ms(),
        read_await_ms: ratio(sum.read_ms, sum.reads),
        write_await_ms: ratio(sum.write_ms, sum.writes),
        queue_mean: sum.queue(),
        busy_ratio: (sum.busy_ms / 1000.0 / sum.span_s).min(1.0),
        await_median_ms: quantile::median(&mut awaits)?,
        queue_median: quantile::median(&mut queues)?,
        intervals: len(steps.len()),
    })
}

/// Pressure of I/O, and the processes that cause the most.
pub(super) fn host(inputs: &Inputs, window: &Window, book: &mut Book) -> Io {
    Io {
        psi_full_ratio: full(inputs, window, book),
        top: top(inputs, book),
        groups: groups::build(inputs, book),
    }
}

fn full(inputs: &Inputs, window: &Window, book: &mut Book) -> Option<f64> {
    let (fact, source) = ("io.psi_full_ratio", &inputs.cpu.psi_io);
    let Some(ends) = window.ends(source) else {
        let good = source.good().count();
        let absence = if good == 0 { source.absence() } else { too_few(&source.path, good, 2) };
        return book.known(fact, Err(absence));
    };
    let stall = |p: &crate::parse::pressure::Pressure| p.full.map(|s| s.stall_us);
    let grown = stall(ends.last.1)?.checked_sub(stall(ends.first.1)?)?;
    book.source(fact, Locator::entry(source.entry(ends.last.0.pass)));
    ratio(seconds(grown), ends.span_s).map(|r| r.min(1.0))
}

/// Processes by bytes between both readings of their counters.
fn top(inputs: &Inputs, book: &mut Book) -> Vec<ProcessIo> {
    let source = &inputs.storage.io;
    let readings: Vec<_> = source.good().collect();
    let (Some((from, first)), Some((to, last))) =
        (readings.first(), readings.get(1..).and_then(<[_]>::last))
    else {
        let absence =
            source.first().err().unwrap_or_else(|| too_few(&source.path, readings.len(), 2));
        book.absent("io.top", absence);
        return Vec::new();
    };
    let span_s = seconds(to.mono_us.saturating_sub(from.mono_us)).max(1e-3);
    book.sources("io.top", [from.pass, to.pass].map(|p| Locator::entry(source.entry(p))).into());
    let own = super::super::load::own(inputs);
    let names: BTreeMap<u32, &str> = inputs
        .process
        .processes
        .good()
        .flat_map(|(_, p)| p.rows.iter().map(|(pid, s)| (*pid, &*s.comm)))
        .collect();
    let mut all: Vec<ProcessIo> = last
        .rows
        .iter()
        .filter(|(pid, _)| !own.contains(pid))
        .filter_map(|(pid, after)| {
            let before = first.get(pid)?;
            let per_s = |a: u64, b: u64| Some(from_u64(b.checked_sub(a)?) / span_s);
            Some(ProcessIo {
                pid: i64::from(*pid),
                comm: names.get(pid).map_or("?", |n| n).to_owned(),
                read_bytes_per_s: per_s(before.read_bytes, after.read_bytes)?,
                write_bytes_per_s: per_s(before.write_bytes, after.write_bytes)?,
            })
        })
        .filter(|p| p.read_bytes_per_s + p.write_bytes_per_s > 0.0)
        .collect();
    let sum = |p: &ProcessIo| p.read_bytes_per_s + p.write_bytes_per_s;
    all.sort_by(|a, b| sum(b).total_cmp(&sum(a)));
    all.truncate(10);
    all
}
