//! Chapter: pressure stall information.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::pressure::{Pressure as Parsed, Stall as ParsedStall};

use super::super::inputs::Inputs;
use super::super::method::num::ratio;
use super::super::plan::Sampled;
use super::super::pressure::{HostPressure, Resource, Stall};
use super::Book;
use super::window::{Window, seconds};

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> HostPressure {
    let mut of = |name: &str, source: &Sampled<Parsed>| {
        let fact = format!("pressure.{name}");
        let Some((reading, last)) = source.good().last() else {
            return book.known(&fact, Err(why_not(inputs, source)));
        };
        book.source(&fact, Locator::entry(source.entry(reading.pass)));
        let ends = window.ends(source).map(|e| (*e.first.1, *e.last.1, e.span_s));
        let absence = Absence::new(Reason::NotApplicable, "the kernel reports no such line");
        book.absent(&fact, absence);
        if ends.is_none() {
            let absence = Absence::of(Reason::TooFewSamples, &source.path, "it was read once");
            book.absent(format!("{fact}.some.window_ratio"), absence.clone());
            book.absent(format!("{fact}.full.window_ratio"), absence);
        }
        Some(resource(last, ends))
    };
    HostPressure {
        cpu: of("cpu", &inputs.cpu.psi_cpu),
        memory: of("memory", &inputs.sched.psi_memory),
        io: of("io", &inputs.cpu.psi_io),
        irq: of("irq", &inputs.sched.psi_irq),
    }
}

/// A kernel that tells the others but has no such file does not account it: the time of interrupts
/// came with 6.1, and only where `CONFIG_IRQ_TIME_ACCOUNTING` is set.
fn why_not(inputs: &Inputs, source: &Sampled<Parsed>) -> Absence {
    let absence = source.absence();
    let is_lost = !matches!(absence.reason, Reason::Missing | Reason::NotCollected)
        || !absence.detail.is_empty() && absence.reason == Reason::NotCollected;
    if inputs.cpu.psi_cpu.good().next().is_some() && !is_lost {
        let detail = "this kernel does not account it";
        return Absence::of(Reason::NotApplicable, &source.path, detail);
    }
    absence
}

/// One resource, from its last reading and from both ends with the time between them.
pub(super) fn resource(last: &Parsed, ends: Option<(Parsed, Parsed, f64)>) -> Resource {
    let stall = |of: fn(&Parsed) -> Option<ParsedStall>| {
        let now = of(last)?;
        let window = ends.as_ref().and_then(|(first, last, span_s)| {
            let grown = of(last)?.stall_us.checked_sub(of(first)?.stall_us)?;
            Some(ratio(seconds(grown), *span_s)?.min(1.0))
        });
        Some(Stall {
            window_ratio: window,
            avg10_ratio: now.avg10_ratio,
            avg60_ratio: now.avg60_ratio,
            avg300_ratio: now.avg300_ratio,
        })
    };
    Resource { some: stall(|p| p.some), full: stall(|p| p.full) }
}
