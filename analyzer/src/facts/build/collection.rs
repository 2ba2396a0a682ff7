//! Chapter: how the archive was taken, and how much of the host it shows.

use std::collections::BTreeSet;

use linsight_archive::{Outcome, names};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::collection::{Collection, Gap};
use super::super::inputs::Inputs;
use super::super::method::num::{len, signed};
use super::super::plan::absence_of;
use super::window::{Window, seconds};
use super::{Archive, Book};

/// Capabilities without which parts of a host stay hidden: `CAP_DAC_READ_SEARCH`,
/// `CAP_NET_ADMIN`, `CAP_SYS_PTRACE`, `CAP_SYS_ADMIN`, `CAP_SYSLOG` (bits of capability.h).
const NEEDED_CAPABILITIES: [u32; 5] = [2, 12, 19, 21, 34];

pub(super) fn build(
    inputs: &Inputs,
    archive: &Archive<'_>,
    window: &Window,
    book: &mut Book,
) -> Collection {
    let mut c = Collection {
        format: Some(archive.format.to_owned()),
        problems: archive.problems.to_vec(),
        samples: Some(len(window.samples())),
        window_s: Some(window.span_s()),
        sources_not_understood: Some(len(inputs.not_understood.len())),
        gaps: gaps(inputs, archive),
        ..Collection::default()
    };
    book.source("collection", Locator::entry(names::HEADER));
    book.source("collection.samples", Locator::entry(&inputs.cpu.stat.path));
    if let Some(header) = archive.header {
        let has = |bit: &u32| header.capabilities.checked_shr(*bit).unwrap_or(0) & 1 == 1;
        c.collector_version = Some(header.collector_version.clone());
        c.euid = Some(header.euid.into());
        c.privileged = Some(NEEDED_CAPABILITIES.iter().all(has));
        c.interval_s = Some(header.interval_s);
        c.jitter_s = jitter(inputs, window, header.interval_s);
        if c.jitter_s.is_none() {
            let absence = super::book::too_few(&inputs.cpu.stat.path, window.samples(), 2);
            book.absent("collection.jitter_s", absence);
        }
        let began = window.start_us().checked_sub(header.started_mono_us);
        c.window_unix_s = began.map(|us| header.started_unix_s + seconds(us));
        c.complete = Some(archive.end.is_some() && c.problems.is_empty());
    } else {
        let absence = Absence::of(Reason::NotCollected, names::HEADER, "another collector");
        book.absent("collection", absence);
    }
    if let Some(end) = archive.end {
        c.masked = Some(signed(end.masked));
        c.cost_cpu_s = Some(seconds(end.cpu_us));
        book.source("collection.cost_cpu_s", Locator::entry(names::END));
        book.source("collection.masked", Locator::entry(names::END));
    } else {
        let absence = Absence::of(Reason::NotCollected, names::END, "no end entry");
        book.absent("collection.masked", absence.clone());
        book.absent("collection.cost_cpu_s", absence);
    }
    count(archive, &c.gaps.iter().map(|g| g.reason.as_str()).collect::<Vec<_>>()).store(&mut c);
    c
}

/// Largest distance of two samples minus the one asked for, either way.
fn jitter(inputs: &Inputs, window: &Window, interval_s: f64) -> Option<f64> {
    let times: Vec<f64> =
        window.readings(&inputs.cpu.stat).iter().map(|(r, _)| seconds(r.mono_us)).collect();
    let steps = times.iter().zip(times.iter().skip(1)).map(|(a, b)| (b - a - interval_s).abs());
    steps.max_by(f64::total_cmp)
}

/// Sources without whole content: one for a path, whatever the number of passes.
fn gaps(inputs: &Inputs, archive: &Archive<'_>) -> Vec<Gap> {
    let not_understood = inputs.not_understood.iter();
    let mut gaps: Vec<Gap> = not_understood
        .map(|(path, message)| gap(path, Reason::ParseError, message.clone()))
        .collect();
    let mut told = BTreeSet::new();
    for ((path, _), line) in archive.journal {
        if !line.outcome.has_content() || line.outcome == Outcome::Truncated {
            let absence = absence_of(path, line);
            // A process that ends while it is read is no gap.
            if line.outcome != Outcome::Vanished && told.insert((path, line.outcome)) {
                gaps.push(gap(path, absence.reason, absence.detail));
            }
        }
        let all: u64 = line.records.values().sum();
        for (outcome, count) in &line.records {
            let reason = Absence::reason_of(*outcome).filter(|_| !is_ordinary(*outcome));
            if let Some(reason) = reason
                && told.insert((path, *outcome))
            {
                gaps.push(gap(path, reason, format!("{count} of {all} records")));
            }
        }
    }
    gaps
}

/// Records that lack in every pack: files that this device does not have, processes that ended.
fn is_ordinary(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Missing | Outcome::Vanished)
}

fn gap(path: &str, reason: Reason, detail: String) -> Gap {
    Gap { path: path.to_owned(), reason: word(reason), detail }
}

/// The reason as rules and JSON write it: `denied`.
fn word(reason: Reason) -> String {
    serde_json::to_value(reason)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Numbers of sources.
struct Count {
    total: usize,
    collected: usize,
    denied: usize,
    timed_out: usize,
}

fn count(archive: &Archive<'_>, gaps: &[&str]) -> Count {
    let paths: BTreeSet<&str> = archive.journal.keys().map(|(path, _)| path.as_str()).collect();
    let with_content: BTreeSet<&str> = archive
        .journal
        .iter()
        .filter(|(_, line)| line.outcome.has_content())
        .map(|((path, _), _)| path.as_str())
        .collect();
    let of = |reason| gaps.iter().filter(|g| **g == word(reason)).count();
    Count {
        total: paths.len(),
        collected: with_content.len(),
        denied: of(Reason::Denied),
        timed_out: of(Reason::TimedOut),
    }
}

impl Count {
    fn store(&self, c: &mut Collection) {
        c.sources_total = Some(len(self.total));
        c.sources_collected = Some(len(self.collected));
        c.sources_denied = Some(len(self.denied));
        c.sources_timed_out = Some(len(self.timed_out));
    }
}
