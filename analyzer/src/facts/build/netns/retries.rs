//! Retry parameters as seconds (method M5), and orphans.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::method::num::{from_i64, ratio};
use super::super::super::method::retransmit::{self, RTO_MAX_S, RTO_MIN_S};
use super::super::super::netns::{Orphans, Retries};
use super::{Book, One};

/// From this kernel on the first timeout of a SYN is 1 s.
const SHORT_SYN: i64 = 3001;
/// What 0 means for orphans, as long as their timeout is below the largest.
const ORPHAN_RETRIES: i64 = 8;

/// Seconds of all retry parameters. `kernel` is `host.kernel_number`.
pub(super) fn retries(s: &Runtime, kernel: Option<i64>) -> Option<Retries> {
    let number = |name: &str| s.number(&format!("net.ipv4.tcp_{name}"));
    let count = |n: i64| u32::try_from(n).unwrap_or(0);
    let rto_max_s = number("rto_max_ms").map(|ms| from_i64(ms) / 1000.0);
    let rto_min_s = number("rto_min_us").map(|us| from_i64(us) / 1e6);
    let (max_s, min_s) = (rto_max_s.unwrap_or(RTO_MAX_S), rto_min_s.unwrap_or(RTO_MIN_S));
    let initial_s = if kernel.is_some_and(|k| k < SHORT_SYN) { 3.0 } else { 1.0 };
    let (syn, synack, orphan) =
        (number("syn_retries")?, number("synack_retries")?, number("orphan_retries")?);
    let syn_linear = number("syn_linear_timeouts");
    let (retries1, retries2) = (number("retries1")?, number("retries2")?);
    let orphan_effective = if orphan == 0 { ORPHAN_RETRIES } else { orphan };
    let linear = count(syn_linear.unwrap_or(0));
    Some(Retries {
        syn,
        syn_linear,
        syn_gives_up_s: retransmit::syn(count(syn), linear, initial_s, max_s).gives_up_s,
        synack,
        synack_gives_up_s: retransmit::syn(count(synack), 0, initial_s, max_s).gives_up_s,
        retries1,
        route_doubted_s: retransmit::data_s(count(retries1), min_s, max_s),
        retries2,
        data_gives_up_s: retransmit::data_s(count(retries2), min_s, max_s),
        orphan,
        orphan_effective,
        orphan_gives_up_s: retransmit::data_s(count(orphan_effective), min_s, max_s),
        rto_max_s,
        rto_min_ms: rto_min_s.map(|s| s * 1000.0),
        fin_timeout_s: number("fin_timeout").map(from_i64),
    })
}

impl One<'_> {
    pub(super) fn retry_absences(&self, r: &Retries, book: &mut Book) {
        for (field, known, since) in [
            ("syn_linear", r.syn_linear.is_some(), "6.5"),
            ("rto_max_s", r.rto_max_s.is_some(), "6.15"),
            ("rto_min_ms", r.rto_min_ms.is_some(), "6.11"),
            ("fin_timeout_s", r.fin_timeout_s.is_some(), "2.2"),
        ] {
            if !known {
                let why = format!("the kernel has no such parameter (since {since})");
                let fact = format!("{}.retries.{field}", self.fact);
                book.absent(fact, Absence::new(Reason::Missing, why));
            }
        }
    }

    /// Sockets without owner. The kernel counts them for all namespaces together.
    pub(super) fn orphans(
        &self,
        is_host: bool,
        sysctl: Option<&Runtime>,
        book: &mut Book,
    ) -> Option<Orphans> {
        let fact = format!("{}.orphans", self.fact);
        let sockstat = &self.inputs.net.sockstat;
        if !is_host {
            let why = "the kernel counts them for all namespaces together";
            book.absent(fact, Absence::new(Reason::NotApplicable, why));
            return None;
        }
        let counts = sockstat.good().filter_map(|(r, c)| Some((c.get("TCP.orphan")?, r.pass)));
        let most = counts.max_by_key(|(n, _)| *n);
        let max = sysctl.and_then(|s| s.number("net.ipv4.tcp_max_orphans"));
        let (Some((count, pass)), Some(max)) = (most, max.filter(|m| *m > 0)) else {
            book.absent(fact, sockstat.absence());
            return None;
        };
        book.source(fact, Locator::entry(sockstat.entry(pass)));
        Some(Orphans { count, max, ratio: ratio(from_i64(count), from_i64(max)).unwrap_or(0.0) })
    }
}
