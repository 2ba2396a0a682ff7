//! Connections on their way in and out: listeners with their queues, and attempts without answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::absence::{Absence, Reason};

use super::super::super::method::num::{from_i64, from_len, len, ratio};
use super::super::super::method::retransmit::Syn;
use super::super::super::method::socket::{Socket, State};
use super::super::super::netns::{Connecting, Handshake, Listener};
use super::sockets::Later;
use super::{Book, MAX_KEYS, One};

/// A SYN-ACK that was sent so often again is answered by nobody.
const RETRIED: u8 = 2;

#[derive(Default)]
struct Waiting {
    queue: Option<u32>,
    limit: Option<u32>,
    listens: bool,
    half_open: usize,
    half_open_retried: usize,
    abandoned: usize,
    inodes: Vec<u64>,
}

impl One<'_> {
    pub(super) fn listeners(
        &self,
        sockets: &[Socket],
        later: Option<&Later<'_>>,
        handshake: Option<&Handshake>,
        book: &mut Book,
    ) -> Vec<Listener> {
        let groups = waiting(sockets);
        let after = later.map(|l| waiting(&l.sockets));
        let backlog = handshake.and_then(|h| h.max_syn_backlog);
        let mut out: Vec<Listener> = groups
            .into_iter()
            .map(|(at, w)| {
                let later = after.as_ref().and_then(|a| a.get(&at));
                self.listener(at, &w, later, backlog)
            })
            .collect();
        let full = |l: &Listener| (l.queue_ratio.unwrap_or(0.0), l.half_open, l.queue);
        out.sort_by(|a, b| {
            let ((a_ratio, a_half, a_queue), (b_ratio, b_half, b_queue)) = (full(a), full(b));
            let order = b_ratio.total_cmp(&a_ratio).then(b_half.cmp(&a_half));
            order.then(b_queue.cmp(&a_queue)).then_with(|| a.name.cmp(&b.name))
        });
        out.truncate(MAX_KEYS);
        let list = format!("{}.listeners", self.fact);
        self.owners.say_absences(&list, &out, |l| &l.owners, book);
        for (i, l) in out.iter().enumerate() {
            let rows = [
                ("queue", l.queue.is_some(), "the source tells no queues"),
                ("limit", l.limit.is_some(), "the source tells no limits of queues"),
                ("queue_ratio", l.queue_ratio.is_some(), "the limit of the queue is not known"),
                ("half_open_ratio", l.half_open_ratio.is_some(), "no limit is known"),
            ];
            for (field, _, detail) in rows.iter().filter(|r| !r.1) {
                let fact = format!("{}.listeners.{i}.{field}", self.fact);
                book.absent(fact, Absence::new(Reason::NotCollected, *detail));
            }
            if l.half_open_both.is_none() {
                let absence = Absence::new(Reason::TooFewSamples, "sockets were listed once");
                book.absent(format!("{}.listeners.{i}.half_open_both", self.fact), absence);
            }
        }
        out
    }

    fn listener(
        &self,
        at: SocketAddr,
        w: &Waiting,
        later: Option<&Waiting>,
        backlog: Option<i64>,
    ) -> Listener {
        // A listener that was gone at the last look is judged by the first.
        let after = later.filter(|l| l.listens);
        let fuller = after.filter(|l| l.queue > w.queue).unwrap_or(w);
        let limit = fuller.limit.map(i64::from);
        // A limit of 0 lets one connection wait; the kernel refuses above the limit.
        let queue_ratio = fuller
            .queue
            .zip(limit)
            .and_then(|(queue, limit)| ratio(f64::from(queue), from_i64(limit.max(1))));
        let half_open = w.half_open.max(after.map_or(0, |l| l.half_open));
        let bound = match (limit.filter(|l| *l > 0), backlog) {
            (Some(limit), Some(backlog)) => Some(limit.min(backlog)),
            (limit, backlog) => limit.or(backlog),
        };
        Listener {
            name: at.to_string(),
            port: at.port().into(),
            is_loopback: at.ip().is_loopback(),
            queue: fuller.queue.map(i64::from),
            limit,
            queue_ratio,
            half_open: len(half_open),
            half_open_retried: len(w
                .half_open_retried
                .max(after.map_or(0, |l| l.half_open_retried))),
            half_open_both: after.map(|l| len(l.half_open.min(w.half_open))),
            half_open_ratio: bound.and_then(|b| ratio(from_len(half_open), from_i64(b))),
            abandoned: len(w.abandoned),
            owners: self.owners.names(w.inodes.iter().copied()),
        }
    }

    /// Connections being opened, by peer.
    pub(super) fn connecting(
        &self,
        sockets: &[Socket],
        later: Option<&Later<'_>>,
        schedule: Option<&Syn>,
        book: &mut Book,
    ) -> Vec<Connecting> {
        let (before, after) = (attempts(sockets), later.map(|l| attempts(&l.sockets)));
        let peers = before.keys().chain(after.iter().flat_map(BTreeMap::keys));
        let peers: std::collections::BTreeSet<SocketAddr> = peers.copied().collect();
        let none: Vec<&Socket> = Vec::new();
        let mut out: Vec<Connecting> = peers
            .into_iter()
            .map(|peer| {
                let first = before.get(&peer).unwrap_or(&none);
                let last = after.as_ref().map(|a| a.get(&peer).unwrap_or(&none));
                let retried = |s: &[&Socket]| s.iter().filter(|s| s.retries > 0).count();
                let (a, b) = (retried(first), last.map(|l| retried(l)));
                let fuller = last.filter(|l| retried(l) > a || l.len() > first.len());
                let worst = fuller.unwrap_or(first);
                let most = first.iter().chain(last.into_iter().flatten()).map(|s| s.retries).max();
                let sent = |n: u8| schedule?.sent_s.get(usize::from(n)).copied();
                Connecting {
                    peer: peer.to_string(),
                    count: len(worst.len()),
                    retried: len(retried(worst)),
                    retried_both: b.map(|b| len(a.min(b))),
                    oldest_s: most.and_then(sent).unwrap_or(0.0),
                    owners: self.owners.names(worst.iter().map(|s| s.inode).take(100)),
                }
            })
            .collect();
        out.sort_by(|a, b| {
            let order = b.retried.cmp(&a.retried).then(b.count.cmp(&a.count));
            order.then_with(|| a.peer.cmp(&b.peer))
        });
        out.truncate(MAX_KEYS);
        let list = format!("{}.connecting", self.fact);
        self.owners.say_absences(&list, &out, |c| &c.owners, book);
        for i in (0..out.len()).filter(|_| later.is_none()) {
            let absence = Absence::new(Reason::TooFewSamples, "sockets were listed once");
            book.absent(format!("{}.connecting.{i}.retried_both", self.fact), absence);
        }
        out
    }
}

/// SYN-SENT by peer.
fn attempts(sockets: &[Socket]) -> BTreeMap<SocketAddr, Vec<&Socket>> {
    let mut out: BTreeMap<SocketAddr, Vec<&Socket>> = BTreeMap::new();
    for s in sockets.iter().filter(|s| s.state == State::SynSent) {
        out.entry(s.remote).or_default().push(s);
    }
    out
}

/// What waits at each listening address.
fn waiting(sockets: &[Socket]) -> BTreeMap<SocketAddr, Waiting> {
    let mut out: BTreeMap<SocketAddr, Waiting> = BTreeMap::new();
    for s in sockets.iter().filter(|s| s.state == State::Listen) {
        let w = out.entry(s.local).or_default();
        w.listens = true;
        if w.queue.is_none() || s.receive_queue > w.queue {
            (w.queue, w.limit) = (s.receive_queue, s.send_queue);
        }
        w.inodes.push(s.inode);
    }
    let any = |s: &Socket| {
        let port = s.local.port();
        let v4: SocketAddr = (std::net::Ipv4Addr::UNSPECIFIED, port).into();
        let v6: SocketAddr = (std::net::Ipv6Addr::UNSPECIFIED, port).into();
        if s.local.is_ipv4() { [s.local, v4, v6] } else { [s.local, v6, v4] }
    };
    for s in sockets {
        let half_open = s.state == State::SynRecv;
        let abandoned = s.state == State::CloseWait && s.inode == 0;
        if !half_open && !abandoned {
            continue;
        }
        if let Some(at) = any(s).into_iter().find(|at| out.contains_key(at))
            && let Some(w) = out.get_mut(&at)
        {
            w.half_open += usize::from(half_open);
            w.half_open_retried += usize::from(half_open && s.retries >= RETRIED);
            w.abandoned += usize::from(abandoned);
        }
    }
    out
}
