//! Connection tracking of a namespace.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::Counters as Parsed;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{from_i64, ratio};
use super::super::super::netns::Conntrack;
use super::{Book, One, readings_of};

impl One<'_> {
    pub(super) fn conntrack(
        &self,
        is_host: bool,
        sysctl: &Result<(Runtime, String), Absence>,
        book: &mut Book,
    ) -> Option<Conntrack> {
        let fact = format!("{}.conntrack", self.fact);
        let (s, path) = match sysctl {
            Ok(known) => known,
            Err(absence) => {
                book.absent(fact, absence.clone());
                return None;
            }
        };
        let number = |key: &str| s.number(&format!("net.netfilter.nf_conntrack_{key}"));
        let (Some(count), Some(max)) = (number("count"), number("max")) else {
            let detail = "connection tracking is not loaded, or not in use in this namespace";
            book.absent(fact, Absence::new(Reason::NotApplicable, detail));
            return None;
        };
        let series = &self.inputs.net.conntrack_count;
        let peak = series.good().map(|(_, n)| *n).max().filter(|_| is_host);
        let mut paths = vec![path.clone()];
        paths.extend(peak.map(|_| series.path.clone()));
        let ends = self.conntrack_counters(is_host);
        paths.extend(ends.iter().map(|(path, _)| path.clone()));
        book.sources(fact.as_str(), paths.into_iter().map(Locator::entry).collect());
        let delta = |key: &str| {
            let [(_, first), .., (_, last)] = ends.as_slice() else { return None };
            last.get(key)?.checked_sub(first.get(key)?).filter(|d| *d >= 0)
        };
        let count = peak.unwrap_or(count).max(count);
        let buckets = number("buckets").filter(|b| *b > 0);
        let found = Conntrack {
            count,
            max,
            used_ratio: ratio(from_i64(count), from_i64(max)),
            buckets,
            max_per_bucket: buckets.and_then(|b| ratio(from_i64(max), from_i64(b))),
            drops: delta("drop"),
            early_drops: delta("early_drop"),
            insert_failures: delta("insert_failed"),
            established_timeout_s: number("tcp_timeout_established").map(from_i64),
        };
        let missing = Reason::Missing;
        let once = (Reason::TooFewSamples, "its counters were not read twice");
        let rows = [
            ("used_ratio", found.used_ratio.is_some(), (Reason::NotApplicable, "no limit is set")),
            ("buckets", buckets.is_some(), (missing, "the kernel does not tell")),
            ("max_per_bucket", buckets.is_some(), (missing, "the kernel does not tell")),
            ("drops", found.drops.is_some(), once),
            ("early_drops", found.early_drops.is_some(), once),
            ("insert_failures", found.insert_failures.is_some(), once),
            (
                "established_timeout_s",
                found.established_timeout_s.is_some(),
                (missing, "the kernel does not tell"),
            ),
        ];
        for (field, _, (reason, detail)) in rows.into_iter().filter(|r| !r.1) {
            book.absent(format!("{fact}.{field}"), Absence::new(reason, detail));
        }
        Some(found)
    }

    /// Readings of the counters, in order, with their paths.
    fn conntrack_counters(&self, is_host: bool) -> Vec<(String, &Parsed)> {
        let own = &self.inputs.net.conntrack;
        if is_host && own.first().is_ok() {
            return own.good().map(|(r, c)| (own.entry(r.pass), c)).collect();
        }
        let Some(file) = self.file("stat/nf_conntrack") else { return Vec::new() };
        readings_of(file, |f| match f {
            NetnsFile::Counters(c) => Some(c),
            _ => None,
        })
        .collect()
    }
}
