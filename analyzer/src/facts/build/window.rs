//! The window: which passes are its samples, and when each was taken.
//!
//! The start set is pass 0 and the end set follows the last sample; both are read while the
//! collector is busy with much else, so they stay outside wherever there are samples.

use std::collections::BTreeSet;

use super::super::inputs::Inputs;
use super::super::method::num::from_u64;
use super::super::plan::{Reading, Sampled};

/// Passes of the window and its first instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    /// Passes that are samples, in order.
    pub(crate) passes: BTreeSet<u32>,
    start_us: u64,
    end_us: u64,
}

impl Window {
    /// The window by the passes in which the run queue was read.
    pub(crate) fn of(inputs: &Inputs) -> Self {
        let readings = || inputs.cpu.stat.readings.iter().map(|r| (r.pass, r.mono_us));
        let sampled: Vec<(u32, u64)> = readings().filter(|(pass, _)| *pass > 0).collect();
        let chosen = if sampled.len() < 2 { readings().collect() } else { sampled };
        Self {
            passes: chosen.iter().map(|(pass, _)| *pass).collect(),
            start_us: chosen.iter().map(|(_, us)| *us).min().unwrap_or(0),
            end_us: chosen.iter().map(|(_, us)| *us).max().unwrap_or(0),
        }
    }

    /// When its first sample was taken.
    pub(crate) const fn start_us(&self) -> u64 {
        self.start_us
    }

    /// Number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.passes.len()
    }

    /// Length by measured time.
    pub(crate) fn span_s(&self) -> f64 {
        seconds(self.end_us.saturating_sub(self.start_us))
    }

    /// Seconds since the first sample; 0 for what was read before it.
    pub(crate) fn at_s(&self, mono_us: u64) -> f64 {
        seconds(mono_us.saturating_sub(self.start_us))
    }

    /// Good readings inside the window.
    pub(crate) fn readings<'s, T>(&self, sampled: &'s Sampled<T>) -> Vec<(&'s Reading<T>, &'s T)> {
        sampled.good().filter(|(r, _)| self.passes.contains(&r.pass)).collect()
    }

    /// The first and the last good reading inside the window and the time between them; of all
    /// passes when the source is not sampled. `None` when fewer than two are there.
    pub(crate) fn ends<'s, T>(&self, sampled: &'s Sampled<T>) -> Option<Ends<'s, T>> {
        let mut readings = self.readings(sampled);
        if readings.len() < 2 {
            readings = sampled.good().collect();
        }
        let (first, last) = (readings.first()?, readings.last()?);
        let span_s = seconds(last.0.mono_us.checked_sub(first.0.mono_us)?);
        (span_s > 0.0).then_some(Ends { first: *first, last: *last, span_s })
    }
}

/// Two readings of one source.
pub(crate) struct Ends<'s, T> {
    pub(crate) first: (&'s Reading<T>, &'s T),
    pub(crate) last: (&'s Reading<T>, &'s T),
    /// Measured time between them.
    pub(crate) span_s: f64,
}

/// Microseconds as seconds.
pub(crate) fn seconds(us: u64) -> f64 {
    from_u64(us) / 1e6
}
