//! Protocol counters of a namespace.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::Counters as Parsed;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{from_i64, ratio};
use super::super::super::netns::{Counter, Counters};
use super::super::super::plan::{Reading, Sampled};
use super::super::book::too_few;
use super::super::window::seconds;
use super::{Book, One};

/// A file of counters at both ends of the window.
struct Look<'a> {
    first: &'a Parsed,
    last: Option<(&'a Parsed, f64)>,
    paths: Vec<String>,
}

impl Look<'_> {
    /// The sum of those of `keys` that the file has; `None` when it has none.
    fn counter(&self, keys: &[&str]) -> Option<Counter> {
        let sum = |of: &Parsed| {
            let found: Vec<i64> = keys.iter().filter_map(|k| of.get(k)).collect();
            (!found.is_empty()).then(|| found.iter().fold(0i64, |a, b| a.saturating_add(*b)))
        };
        let before = sum(self.first)?;
        let Some((last, span_s)) = self.last else {
            return Some(Counter { total: before, ..Counter::default() });
        };
        let total = sum(last)?;
        // A counter that fell was reset: the interval tells nothing.
        let delta = total.checked_sub(before).filter(|d| *d >= 0);
        Some(Counter { total, delta, per_s: delta.and_then(|d| ratio(from_i64(d), span_s)) })
    }
}

impl<'a> One<'a> {
    pub(super) fn counters(&self, is_host: bool, book: &mut Book) -> Option<Counters> {
        let fact = format!("{}.counters", self.fact);
        let net = &self.inputs.net;
        let files = [("snmp", &net.snmp), ("netstat", &net.tcp_ext), ("snmp6", &net.snmp6)];
        let mut looks: Vec<Look<'_>> =
            files.iter().filter_map(|(name, own)| self.look(is_host, name, own)).collect();
        if looks.is_empty() && is_host {
            // The same in English, where a collector took no file of the kernel.
            looks.extend(self.look(true, "netstat_-s", &net.netstat_s));
        }
        if looks.is_empty() {
            book.absent(fact, self.why(Some(net.snmp.absence())));
            return None;
        }
        let paths = looks.iter().flat_map(|l| &l.paths).map(|p| Locator::entry(p.as_str()));
        book.sources(fact.as_str(), paths.collect());
        let span_s = looks.iter().find_map(|l| l.last.map(|(_, span_s)| span_s));
        Some(Counters::fill(span_s, |field, keys| {
            let found: Vec<Counter> = looks.iter().filter_map(|l| l.counter(keys)).collect();
            let sum = sum(&found);
            if sum.is_none() {
                let detail = format!("the kernel has no counter {}", keys.join(", "));
                book.absent(format!("{fact}.{field}"), Absence::new(Reason::Missing, detail));
            } else if sum.is_some_and(|c| c.delta.is_none()) {
                let name = keys.first().copied().unwrap_or_default();
                book.absent(format!("{fact}.{field}"), too_few(name, 1, 2));
            }
            sum
        }))
    }

    /// The host's own file, sampled; of other namespaces the one that the probe read.
    fn look(&self, is_host: bool, name: &str, own: &'a Sampled<Parsed>) -> Option<Look<'a>> {
        if is_host && let Ok(first) = own.first() {
            return Some(match self.window.ends(own) {
                Some(ends) => Look {
                    first: ends.first.1,
                    last: Some((ends.last.1, ends.span_s)),
                    paths: vec![own.entry(ends.first.0.pass), own.entry(ends.last.0.pass)],
                },
                None => Look { first, last: None, paths: vec![own.path.clone()] },
            });
        }
        let file = self.file(name)?;
        let readings: Vec<(&Reading<NetnsFile>, &Parsed)> = file
            .good()
            .filter_map(|(r, f)| match f {
                NetnsFile::Counters(c) => Some((r, c)),
                _ => None,
            })
            .collect();
        let first = readings.first()?;
        let last = readings.last().filter(|last| last.0.mono_us > first.0.mono_us);
        let span_s = |last: &Reading<_>| seconds(last.mono_us.saturating_sub(first.0.mono_us));
        let both = std::iter::once(first).chain(last);
        Some(Look {
            first: first.1,
            last: last.map(|(r, c)| (*c, span_s(r))),
            paths: both.map(|(r, _)| file.entry(r.pass)).collect(),
        })
    }

    /// A file of this namespace that the probe read.
    pub(super) fn file(&self, name: &str) -> Option<&'a Sampled<NetnsFile>> {
        self.inputs.net.netns.get(&format!("{}/{name}", self.namespace.inode))
    }

    /// Segments sent again by segments sent, since boot.
    pub(super) fn retrans_ratio(
        &self,
        counters: Option<&Counters>,
        book: &mut Book,
    ) -> Option<f64> {
        let fact = format!("{}.tcp.retrans_ratio_since_boot", self.fact);
        let share = counters.and_then(|c| {
            let (again, sent) = (c.retrans_segments?.total, c.out_segments?.total);
            ratio(from_i64(again), from_i64(sent))
        });
        let of_counters = format!("{}.counters", self.fact);
        if share.is_some() {
            let sources = book.sources.get(&of_counters).cloned().unwrap_or_default();
            book.sources(fact, sources);
        } else {
            let detail = "no counters, or nothing was sent";
            let why = Absence::of(Reason::NotCollected, &self.inputs.net.snmp.path, detail);
            let told = book.absences.exact(&of_counters).cloned();
            book.absent(fact, told.unwrap_or(why));
        }
        share
    }
}

/// IPv4 and IPv6 together; a delta only when each part has one.
fn sum(parts: &[Counter]) -> Option<Counter> {
    let add = |a: Counter, b: &Counter| Counter {
        total: a.total.saturating_add(b.total),
        delta: a.delta.zip(b.delta).map(|(a, b)| a.saturating_add(b)),
        per_s: a.per_s.zip(b.per_s).map(|(a, b)| a + b),
    };
    let (first, rest) = parts.split_first()?;
    Some(rest.iter().fold(*first, add))
}
