//! CLOSE-WAIT by process: connections that the peer has closed and the application has not.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};

use super::super::super::method::num::{from_i64, from_len, len, ratio};
use super::super::super::method::role::{Listeners, Role};
use super::super::super::method::socket::{Socket, State};
use super::super::super::netns::CloseWait;
use super::sockets::Later;
use super::{Book, MAX_KEYS, One};

/// Nothing received for so long: it is not just about to be closed.
const OLD_MS: u32 = 60_000;
/// Peers named at most.
const MAX_PEERS: usize = 3;

#[derive(Default)]
struct Group<'a> {
    waiting: Vec<&'a Socket>,
    sockets: usize,
}

impl One<'_> {
    /// Sockets without an inode are not there: no process has accepted them yet, they wait at
    /// their listener.
    pub(super) fn close_wait(
        &self,
        sockets: &[Socket],
        later: Option<&Later<'_>>,
        listeners: &Listeners,
        book: &mut Book,
    ) -> Vec<CloseWait> {
        let mut groups: BTreeMap<Option<u32>, Group<'_>> = BTreeMap::new();
        for s in sockets.iter().filter(|s| s.inode != 0) {
            let group = groups.entry(self.owners.pid(s.inode)).or_default();
            group.sockets += 1;
            if s.state == State::CloseWait {
                group.waiting.push(s);
            }
        }
        let after = later.map(|l| (self.counts(&l.sockets), l.span_s));
        let mut out: Vec<CloseWait> = groups
            .into_iter()
            .filter(|(_, g)| !g.waiting.is_empty())
            .map(|(pid, g)| {
                let after = after.as_ref();
                let grown = after.map(|(n, s)| (n.get(&pid).copied().unwrap_or(0), *s));
                self.close_wait_of(pid, &g, grown, listeners)
            })
            .collect();
        out.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.pid.cmp(&b.pid)));
        out.truncate(MAX_KEYS);
        for (i, c) in out.iter().enumerate() {
            self.close_wait_absences(i, c, book);
        }
        out
    }

    /// CLOSE-WAIT sockets by process.
    fn counts(&self, sockets: &[Socket]) -> BTreeMap<Option<u32>, usize> {
        let mut counts = BTreeMap::new();
        for s in sockets.iter().filter(|s| s.state == State::CloseWait && s.inode != 0) {
            *counts.entry(self.owners.pid(s.inode)).or_default() += 1;
        }
        counts
    }

    fn close_wait_of(
        &self,
        pid: Option<u32>,
        g: &Group<'_>,
        later: Option<(usize, f64)>,
        listeners: &Listeners,
    ) -> CloseWait {
        let silent: Option<Vec<u32>> =
            g.waiting.iter().map(|s| s.silence.map(|s| s.received_ms)).collect();
        let limit = pid.and_then(|pid| self.owners.fd_limit(pid));
        // The count of the last look is the one that matters, and the one that the rate leads to.
        let count = later.map_or(g.waiting.len(), |(n, _)| n.max(g.waiting.len()));
        let grown = later.and_then(|(n, s)| ratio(from_len(n) - from_len(g.waiting.len()), s));
        let left = limit.map(|l| from_i64(l) - from_len(count));
        let eta = |rate: f64| (rate > 0.0).then_some(left?.max(0.0) / rate);
        CloseWait {
            process: pid
                .and_then(|pid| self.owners.of_pid(pid))
                .unwrap_or("unknown process")
                .to_owned(),
            pid: pid.map(i64::from),
            count: len(count),
            old: silent.as_ref().map(|s| len(s.iter().filter(|ms| **ms >= OLD_MS).count())),
            oldest_s: silent.and_then(|s| s.into_iter().max()).map(|ms| f64::from(ms) / 1000.0),
            sockets: len(g.sockets.max(count)),
            share_ratio: ratio(from_len(g.waiting.len()), from_len(g.sockets)).unwrap_or(0.0),
            fd_limit: limit,
            limit_ratio: limit.and_then(|l| ratio(from_len(count), from_i64(l))),
            growth_per_s: grown,
            eta_s: grown.and_then(eta),
            peers: peers(&g.waiting, listeners),
        }
    }

    fn close_wait_absences(&self, i: usize, c: &CloseWait, book: &mut Book) {
        let no_idle = "the source tells no idle times";
        let no_limit = "its limit of open files is not known";
        let rows = [
            ("pid", c.pid.is_some(), Reason::NotCollected, "no process was found that holds them"),
            ("old", c.old.is_some(), Reason::NotCollected, no_idle),
            ("oldest_s", c.oldest_s.is_some(), Reason::NotCollected, no_idle),
            ("fd_limit", c.fd_limit.is_some(), Reason::NotCollected, no_limit),
            ("limit_ratio", c.limit_ratio.is_some(), Reason::NotCollected, no_limit),
            (
                "growth_per_s",
                c.growth_per_s.is_some(),
                Reason::TooFewSamples,
                "sockets were listed once",
            ),
        ];
        for (field, known, reason, detail) in rows {
            if !known {
                let fact = format!("{}.close_wait.{i}.{field}", self.fact);
                book.absent(fact, Absence::new(reason, detail));
            }
        }
        if c.eta_s.is_none() {
            let absence = match (c.growth_per_s, c.fd_limit) {
                (Some(rate), _) if rate <= 0.0 => {
                    Absence::new(Reason::NotApplicable, "they do not grow")
                }
                (None, _) => Absence::new(Reason::TooFewSamples, "sockets were listed once"),
                _ => Absence::new(Reason::NotCollected, no_limit),
            };
            book.absent(format!("{}.close_wait.{i}.eta_s", self.fact), absence);
        }
    }
}

fn peers(waiting: &[&Socket], listeners: &Listeners) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for s in waiting {
        let peer = match listeners.role(s) {
            Role::Server => format!("listener :{}", s.local.port()),
            Role::Client | Role::Unknown => s.remote.to_string(),
        };
        *counts.entry(peer).or_default() += 1;
    }
    let mut order: Vec<(String, usize)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    order.into_iter().take(MAX_PEERS).map(|(peer, n)| format!("{peer} ({n})")).collect()
}
