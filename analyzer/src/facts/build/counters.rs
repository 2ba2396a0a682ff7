//! Growth of counters over the window, interval by interval, by measured time.
//!
//! A counter that fell was reset (a driver loaded again, 32 bits): that interval is left out.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::Counters;

use super::super::method::num::from_u64;
use super::super::plan::Sampled;
use super::book::{Book, too_few};
use super::window::{Window, seconds};

/// Readings of one file of counters.
pub(super) struct Growth<'s> {
    readings: Vec<(u64, &'s Counters)>,
}

impl<'s> Growth<'s> {
    /// The same as the source of a fact, whose parts lack for `lacks` where nothing else is said; or
    /// the reason why the whole fact does.
    pub(super) fn known(
        window: &Window,
        source: &'s Sampled<Counters>,
        fact: &str,
        lacks: &str,
        book: &mut Book,
    ) -> Option<Self> {
        let growth = Self::of(window, source);
        let absence = if growth.is_some() {
            book.source(fact, Locator::entry(&source.path));
            Absence::of(Reason::Missing, &source.path, lacks)
        } else {
            match source.good().count() {
                0 => source.absence(),
                good => too_few(&source.path, good, 2),
            }
        };
        book.absent(fact, absence);
        growth
    }

    /// The readings of the window, or those of all passes when the source is not sampled; `None`
    /// when fewer than two are there.
    pub(super) fn of(window: &Window, source: &'s Sampled<Counters>) -> Option<Self> {
        let of =
            |(r, counters): (&crate::facts::plan::Reading<_>, &'s Counters)| (r.mono_us, counters);
        let mut readings: Vec<_> = window.readings(source).into_iter().map(of).collect();
        if readings.len() < 2 {
            readings = source.good().map(of).collect();
        }
        let span = readings.last()?.0.checked_sub(readings.first()?.0)?;
        (span > 0).then_some(Self { readings })
    }

    /// Measured time from the first to the last reading.
    pub(super) fn span_s(&self) -> f64 {
        let ends = self.readings.last().zip(self.readings.first());
        ends.map_or(0.0, |(last, first)| seconds(last.0.saturating_sub(first.0)))
    }

    /// Seconds and growth of each interval, the counters added; `None` when the kernel has none of
    /// them.
    pub(super) fn each(&self, names: &[&str]) -> Option<Vec<(f64, u64)>> {
        let known: Vec<&str> = names.iter().copied().filter(|n| self.latest(n).is_some()).collect();
        (!known.is_empty()).then(|| self.intervals(&known))
    }

    fn intervals(&self, names: &[&str]) -> Vec<(f64, u64)> {
        let pairs = self.readings.windows(2).filter_map(|pair| {
            let [(from_us, before), (to_us, after)] = pair else { return None };
            let grown = names.iter().map(|n| {
                let delta = after.get(n)?.checked_sub(before.get(n)?)?;
                u64::try_from(delta).ok()
            });
            let sum = grown.sum::<Option<u64>>()?;
            Some((seconds(to_us.checked_sub(*from_us)?), sum))
        });
        pairs.collect()
    }

    /// Growth over all intervals.
    pub(super) fn total(&self, names: &[&str]) -> Option<u64> {
        self.each(names).map(|each| each.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n)))
    }

    /// Growth by time.
    pub(super) fn per_s(&self, names: &[&str]) -> Option<f64> {
        rate(&self.each(names)?)
    }

    /// A counter that older or newer kernels keep by zone: `allocstall`, or the sum of
    /// `allocstall_normal` and its like.
    pub(super) fn family(&self, name: &str) -> Option<Vec<(f64, u64)>> {
        if let Some(each) = self.each(&[name]) {
            return Some(each);
        }
        let (_, last) = self.readings.last()?;
        let part = |n: &str| {
            let zone = n.strip_prefix(name).and_then(|rest| rest.strip_prefix('_'));
            zone.is_some_and(|zone| zone != "throttle")
        };
        let names: Vec<&str> = last.iter().map(|(n, _)| n).filter(|n| part(n)).collect();
        self.each(&names)
    }

    /// The last value.
    pub(super) fn latest(&self, name: &str) -> Option<i64> {
        self.readings.last()?.1.get(name)
    }

    /// Values of all readings.
    pub(super) fn values(&self) -> impl Iterator<Item = &'s Counters> + '_ {
        self.readings.iter().map(|(_, counters)| *counters)
    }
}

/// Growth of intervals by their time.
pub(super) fn rate(each: &[(f64, u64)]) -> Option<f64> {
    let time: f64 = each.iter().map(|(s, _)| s).sum();
    let grown = each.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    (time > 0.0).then(|| from_u64(grown) / time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::vmstat;

    fn growth(texts: &[&'static Counters]) -> Growth<'static> {
        let readings = (0_u64..).zip(texts).map(|(n, c)| (n * 2_000_000, *c)).collect();
        Growth { readings }
    }

    fn counters(text: &str) -> &'static Counters {
        Box::leak(Box::new(vmstat::parse(text).unwrap()))
    }

    #[test]
    fn a_counter_that_fell_leaves_its_interval_out() {
        let all = ["a 1\nb 0\n", "a 11\nb 2\n", "a 3\nb 4\n", "a 9\nb 4\n"].map(counters);
        let g = growth(&all);
        assert!((g.span_s() - 6.0).abs() < 1e-9);
        assert_eq!(g.each(&["a"]).unwrap(), [(2.0, 10), (2.0, 6)]);
        assert_eq!((g.total(&["a", "b"]), g.per_s(&["a"])), (Some(18), Some(4.0)));
        assert_eq!((g.total(&["lacking"]), g.latest("b")), (None, Some(4)));
    }

    #[test]
    fn zones_are_added_where_the_kernel_counts_by_zone() {
        let old = ["allocstall 5\n", "allocstall 8\n"].map(counters);
        assert_eq!(growth(&old).family("allocstall").unwrap(), [(2.0, 3)]);
        let new = [
            "allocstall_dma 1\nallocstall_normal 2\npgscan_direct_throttle 7\n",
            "allocstall_dma 1\nallocstall_normal 9\npgscan_direct_throttle 9\n",
        ]
        .map(counters);
        assert_eq!(growth(&new).family("allocstall").unwrap(), [(2.0, 7)]);
        assert_eq!(growth(&new).family("pgscan_direct"), None);
    }
}
