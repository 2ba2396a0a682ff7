//! M3, second half: do outgoing connections bind their address before they connect?
//!
//! `bind(address, 0)` takes a port for every destination at once, TIME-WAIT included, and
//! `tcp_tw_reuse` does not help. No socket tells that it was bound, but its port does: since 4.2
//! `connect()` takes ports of the parity of the first port of the range until they are used up,
//! per destination, while `bind()` takes the others first; and two destinations of `connect()`
//! soon share ports, those of `bind()` never do. (`inet_hash_connect`, `inet_csk_find_open_port`)

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::num::{from_len, ratio};
use super::ports::{Range, is_outgoing};
use super::role::Listeners;
use super::socket::Socket;

/// Fewer connections are no pattern.
const MIN_CONNECTIONS: usize = 50;
/// A destination that uses more of the range has used both parities whoever chose them.
const FULL_RATIO: f64 = 0.8;
/// At least so much of the expected parity: `connect()` chose.
const CONNECT_RATIO: f64 = 0.9;
/// At most so much of it: `bind()` chose.
const BIND_RATIO: f64 = 0.7;
/// So much of the ports shared by two connections: they were not bound.
const SHARED_RATIO: f64 = 0.05;

/// The outgoing connections of one local address.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Local address.
    pub local: IpAddr,
    /// Connections.
    pub connections: usize,
    /// Destinations.
    pub destinations: usize,
    /// Distinct local ports.
    pub used: usize,
    /// Ports that more than one connection has.
    pub shared: usize,
    /// `used` by the ports of the range.
    pub utilization: f64,
    /// Ports of the parity that `connect()` takes first, by what it would have taken.
    pub parity: f64,
    /// They bind first; `None` when ports do not tell.
    pub binds_first: Option<bool>,
    /// Inodes of the sockets that still have a process.
    pub inodes: Vec<u64>,
}

/// Local addresses with enough outgoing connections to judge, the fullest first.
#[must_use]
pub fn sources(sockets: &[Socket], listeners: &Listeners, range: &Range) -> Vec<Source> {
    let mut groups: BTreeMap<IpAddr, Group> = BTreeMap::new();
    for s in sockets.iter().filter(|s| is_outgoing(s, listeners, range)) {
        groups.entry(s.local.ip()).or_default().add(s);
    }
    let usable = from_len(range.usable());
    let parity = |p: &u16| *p % 2 == range.low % 2;
    let preferred =
        (range.low..=range.high).filter(|p| parity(p) && !range.reserved.contains(p)).count();
    let judged = groups.into_iter().filter(|(_, g)| g.connections >= MIN_CONNECTIONS);
    let mut out: Vec<Source> =
        judged.map(|(local, g)| g.finish(local, usable, preferred, parity)).collect();
    out.sort_by(|a, b| b.used.cmp(&a.used).then(a.local.cmp(&b.local)));
    out
}

#[derive(Default)]
struct Group {
    connections: usize,
    by_destination: BTreeMap<(IpAddr, u16), BTreeSet<u16>>,
    by_port: BTreeMap<u16, usize>,
    inodes: Vec<u64>,
}

impl Group {
    fn add(&mut self, s: &Socket) {
        self.connections += 1;
        let destination = (s.remote.ip(), s.remote.port());
        self.by_destination.entry(destination).or_default().insert(s.local.port());
        *self.by_port.entry(s.local.port()).or_default() += 1;
        if s.inode != 0 && self.inodes.len() < MIN_CONNECTIONS {
            self.inodes.push(s.inode);
        }
    }

    fn finish(
        self,
        local: IpAddr,
        usable: f64,
        preferred: usize,
        parity: impl Fn(&u16) -> bool,
    ) -> Source {
        let (mut expected, mut found) = (0, 0);
        for ports in self.by_destination.values() {
            if from_len(ports.len()) <= usable * FULL_RATIO {
                expected += ports.len().min(preferred);
                found += ports.iter().filter(|p| parity(p)).count();
            }
        }
        let used = self.by_port.len();
        let shared = self.by_port.values().filter(|n| **n > 1).count();
        let share = ratio(from_len(found), from_len(expected)).unwrap_or(1.0);
        let binds_first = if from_len(shared) > from_len(used) * SHARED_RATIO {
            Some(false)
        } else if expected < MIN_CONNECTIONS / 2 {
            None
        } else if share >= CONNECT_RATIO {
            Some(false)
        } else {
            (share <= BIND_RATIO && shared == 0).then_some(true)
        };
        Source {
            local,
            connections: self.connections,
            destinations: self.by_destination.len(),
            used,
            shared,
            utilization: ratio(from_len(used), usable).unwrap_or(1.0),
            parity: share.min(1.0),
            binds_first,
            inodes: self.inodes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::socket::{State, example};
    use super::*;

    fn of(rows: &[(u16, &str)]) -> Vec<Source> {
        let range = Range { low: 40000, high: 40099, ..Range::default() };
        let socket =
            |(port, to): &(u16, &str)| example(State::TimeWait, &format!("10.0.0.1:{port}"), to);
        let sockets: Vec<Socket> = rows.iter().map(socket).collect();
        sources(&sockets, &Listeners::of(&sockets, 40000..=40099), &range)
    }

    const A: &str = "10.0.0.5:80";
    const B: &str = "10.0.0.5:81";

    /// The laboratory case: the odd ports go first, and both destinations together get 100.
    #[test]
    fn bound_ports_are_shared_by_no_destinations() {
        let rows: Vec<_> =
            (0..100u16).map(|i| (40000 + (i * 2 + 1) % 101, if i < 50 { A } else { B })).collect();
        let s = &of(&rows)[0];
        assert_eq!((s.connections, s.used, s.shared, s.destinations), (100, 100, 0, 2));
        assert_eq!((s.utilization, s.binds_first), (1.0, Some(true)));
    }

    #[test]
    fn connect_takes_the_even_half_first_for_each_destination() {
        let rows: Vec<_> =
            (0..40u16).flat_map(|i| [(40000 + 2 * i, A), (40000 + 2 * i, B)]).collect();
        let s = &of(&rows)[0];
        assert_eq!((s.used, s.shared, s.binds_first), (40, 40, Some(false)));
        let one: Vec<_> = (0..50u16).map(|i| (40000 + 2 * i, A)).collect();
        assert_eq!((of(&one)[0].parity, of(&one)[0].binds_first), (1.0, Some(false)));
        let above: Vec<_> = (0..60u16).map(|i| (40000 + (2 * i) % 99, A)).collect();
        assert_eq!(of(&above)[0].binds_first, Some(false), "then the odd ones as well");
    }

    #[test]
    fn a_full_range_to_one_destination_tells_nothing() {
        let rows: Vec<_> = (0..100u16).map(|i| (40000 + i, A)).collect();
        assert_eq!((of(&rows)[0].utilization, of(&rows)[0].binds_first), (1.0, None));
        let few: Vec<_> = (0..40u16).map(|i| (40001 + 2 * i, A)).collect();
        assert!(of(&few).is_empty());
    }
}
