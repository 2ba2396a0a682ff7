//! M3: are the local ports to one destination running out?
//!
//! The limit is per (local address, remote address, remote port), never per host: each such key
//! has the whole port range for itself. So TIME-WAIT sockets are counted by key, and listening
//! ports are not outgoing connections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::num::{from_len, from_u64, ratio};
use super::quantile;
use super::role::Listeners;
use super::socket::{Socket, State, Timer};

/// `TCP_TIMEWAIT_LEN`, a constant of the kernel. `tcp_fin_timeout` does not change it.
const TIME_WAIT_MS: u32 = 60_000;
/// Closes are counted over the last ten seconds.
const RATE_WINDOW_MS: u32 = 10_000;

/// Local port parameters of one network namespace.
#[derive(Clone, Debug, Default)]
pub struct Range {
    /// First port of `ip_local_port_range`.
    pub low: u16,
    /// Last port.
    pub high: u16,
    /// Ports of `ip_local_reserved_ports` within the range.
    pub reserved: BTreeSet<u16>,
    /// `tcp_tw_reuse`: 0 off, 1 on, 2 for loopback (the default since 4.19).
    pub tw_reuse: Option<i64>,
    /// `tcp_timestamps`: without them nothing is reused.
    pub timestamps: Option<i64>,
    /// `tcp_tw_reuse_delay` (6.14); 1 s before.
    pub tw_reuse_delay_ms: Option<u32>,
}

impl Range {
    /// R: ports that one destination can use.
    #[must_use]
    pub fn usable(&self) -> usize {
        let all =
            usize::from(self.high.saturating_sub(self.low)) + usize::from(self.high >= self.low);
        all.saturating_sub(self.reserved.len())
    }

    /// Whether a new connection may take over a port in TIME-WAIT.
    #[must_use]
    pub fn reuse_possible(&self, loopback: bool) -> Option<bool> {
        let wanted = match self.tw_reuse? {
            1 => true,
            2 => loopback,
            _ => false,
        };
        if wanted { Some(self.timestamps? != 0) } else { Some(false) }
    }
}

/// Ports of a list such as `8080,9000-9100` that lie in `low..=high`; `None` if it is no list.
#[must_use]
pub fn parse_list(text: &str, low: u16, high: u16) -> Option<BTreeSet<u16>> {
    let mut ports = BTreeSet::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (u16, u16) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        ports.extend(from.max(low)..=to.min(high));
    }
    Some(ports)
}

/// Ports as the kernel writes such a list: `8080,9000-9100`.
#[must_use]
pub fn format_list(ports: &BTreeSet<u16>) -> String {
    let sorted: Vec<u16> = ports.iter().copied().collect();
    let runs = sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let text = |run: &[u16]| match run {
        [] => String::new(),
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
    };
    runs.map(text).collect::<Vec<_>>().join(",")
}

/// What the port space of one destination looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Local address.
    pub local: IpAddr,
    /// Remote address.
    pub remote: IpAddr,
    /// Remote port.
    pub remote_port: u16,
    /// Loopback addresses: `tcp_tw_reuse` 2 covers them.
    pub loopback: bool,
    /// Distinct local ports in use.
    pub used: usize,
    /// Of these only in TIME-WAIT.
    pub time_wait: usize,
    /// Of these in any other state.
    pub not_time_wait: usize,
    /// TIME-WAIT ports that a new connection may take over.
    pub reusable: Option<usize>,
    /// `(used - reusable) / R`, between 0 and 1.
    pub utilization: f64,
    /// Closes per second over the last ten seconds; absent without timers.
    pub closes_per_s: Option<f64>,
    /// Ports needed in the long run at this rate without reuse.
    pub steady: Option<f64>,
    /// New connections per second that the destination takes without reuse.
    pub max_rate_per_s: f64,
    /// Share of the ports with the parity of the first port of the range: plain `connect()` takes
    /// these first (4.2), an explicit `bind()` the others.
    pub same_parity: f64,
    /// Inodes of the sockets that still have a process.
    pub inodes: Vec<u64>,
    /// How long a connection lives on average: open ones by closes per second.
    pub lifetime_s: Option<f64>,
    /// Median round-trip time of the open connections.
    pub rtt_s: Option<f64>,
    /// Median of the bytes acknowledged on open connections.
    pub acked_bytes: Option<f64>,
    /// An open connection uses timestamps; `None` without one that tells.
    pub timestamps: Option<bool>,
}

/// All destinations of outgoing connections, most used first.
#[must_use]
pub fn keys(sockets: &[Socket], listeners: &Listeners, range: &Range) -> Vec<Key> {
    let mut groups: BTreeMap<(IpAddr, IpAddr, u16), Group> = BTreeMap::new();
    for s in sockets.iter().filter(|s| is_outgoing(s, listeners, range)) {
        let key = (s.local.ip(), s.remote.ip(), s.remote.port());
        groups.entry(key).or_default().add(s, range);
    }
    let mut keys: Vec<Key> = groups.into_iter().map(|(key, g)| g.finish(key, range)).collect();
    keys.sort_by(|a, b| b.utilization.total_cmp(&a.utilization).then(b.used.cmp(&a.used)));
    keys
}

/// A connection that takes a port of the range.
pub(super) fn is_outgoing(s: &Socket, listeners: &Listeners, range: &Range) -> bool {
    let port = s.local.port();
    (range.low..=range.high).contains(&port)
        && !matches!(s.state, State::Listen | State::Close | State::BoundInactive)
        && !listeners.has_port(port)
}

/// The sockets of one key while they are counted.
#[derive(Default)]
struct Group {
    time_wait: BTreeSet<u16>,
    others: BTreeSet<u16>,
    /// TIME-WAIT ports old enough to be taken over.
    ripe: usize,
    /// TIME-WAIT sockets of the last ten seconds.
    fresh: usize,
    timed: bool,
    inodes: Vec<u64>,
    rtts_us: Vec<f64>,
    acked_bytes: Vec<f64>,
    timestamps: Option<bool>,
}

impl Group {
    fn add(&mut self, s: &Socket, range: &Range) {
        if s.inode != 0 {
            self.inodes.push(s.inode);
        }
        if s.state != State::TimeWait {
            self.others.insert(s.local.port());
            self.rtts_us.extend(s.rtt_us.map(f64::from));
            let acked = s.flow.map(|f| f.acked_bytes).filter(|n| *n > 0);
            self.acked_bytes.extend(acked.map(from_u64));
            if s.state == State::Established {
                self.timestamps = s.timestamps.or(self.timestamps);
            }
            return;
        }
        if !self.time_wait.insert(s.local.port()) || s.timer != Some(Timer::TimeWait) {
            return;
        }
        self.timed = true;
        let age_ms = TIME_WAIT_MS.saturating_sub(s.expires_ms);
        self.ripe += usize::from(age_ms > range.tw_reuse_delay_ms.unwrap_or(1000));
        self.fresh += usize::from(age_ms < RATE_WINDOW_MS);
    }

    fn finish(mut self, (local, remote, remote_port): (IpAddr, IpAddr, u16), range: &Range) -> Key {
        let loopback = local.is_loopback() || remote.is_loopback();
        let used = self.time_wait.union(&self.others).count();
        let not_time_wait = self.others.len();
        let time_wait = used - not_time_wait;
        // Without timers in a key without TIME-WAIT there is nothing to time either.
        let timed = self.timed || self.time_wait.is_empty();
        let reusable = match range.reuse_possible(loopback) {
            Some(false) => Some(0),
            Some(true) if timed => Some(self.ripe.min(time_wait)),
            _ => None,
        };
        let usable = from_len(range.usable());
        let closes_per_s = timed.then(|| from_len(self.fresh) * 1000.0 / f64::from(RATE_WINDOW_MS));
        let life_s = f64::from(TIME_WAIT_MS) / 1000.0;
        let parity = |p: &&u16| **p % 2 == range.low % 2;
        let same = self.time_wait.union(&self.others).filter(parity).count();
        quantile::sort(&mut self.rtts_us);
        Key {
            local,
            remote,
            remote_port,
            loopback,
            used,
            time_wait,
            not_time_wait,
            reusable,
            utilization: ratio(from_len(used - reusable.unwrap_or(0)), usable).unwrap_or(1.0),
            closes_per_s,
            steady: closes_per_s.map(|rate| from_len(not_time_wait) + life_s * rate),
            max_rate_per_s: (usable - from_len(not_time_wait)).max(0.0) / life_s,
            same_parity: ratio(from_len(same), from_len(used)).unwrap_or(0.0),
            lifetime_s: closes_per_s.and_then(|rate| ratio(from_len(not_time_wait), rate)),
            rtt_s: quantile::of_sorted(&self.rtts_us, 0.5).map(|us| us / 1e6),
            acked_bytes: quantile::median(&mut self.acked_bytes),
            timestamps: self.timestamps,
            inodes: self.inodes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::socket::example;
    use super::*;

    fn range(low: u16, high: u16, tw_reuse: i64) -> Range {
        Range { low, high, tw_reuse: Some(tw_reuse), timestamps: Some(1), ..Range::default() }
    }

    fn time_wait(port: u16, remote: &str, left_ms: u32) -> Socket {
        Socket {
            timer: Some(Timer::TimeWait),
            expires_ms: left_ms,
            ..example(State::TimeWait, &format!("10.0.0.1:{port}"), remote)
        }
    }

    fn of(sockets: &[Socket], range: &Range) -> Vec<Key> {
        keys(sockets, &Listeners::of(sockets, range.low..=range.high), range)
    }

    /// The laboratory case: a range of 100 ports, 100 connections closed, the next one fails; a
    /// second remote port has 100 of its own.
    #[test]
    fn the_limit_is_per_destination() {
        let r = range(40000, 40099, 0);
        let mut sockets: Vec<Socket> =
            (40000..40100).map(|p| time_wait(p, "10.0.0.5:8080", 55_000)).collect();
        sockets.push(time_wait(40000, "10.0.0.5:8081", 30_000));
        let keys = of(&sockets, &r);
        assert_eq!((keys[0].used, keys[0].time_wait, keys[0].reusable), (100, 100, Some(0)));
        assert_eq!((keys[0].utilization, keys[0].closes_per_s), (1.0, Some(10.0)));
        assert_eq!(keys[0].steady, Some(600.0));
        assert_eq!((keys[1].used, keys[1].utilization, keys[1].closes_per_s), (1, 0.01, Some(0.0)));
    }

    #[test]
    fn reuse_needs_the_setting_the_timestamps_and_a_second_of_age() {
        let old: Vec<Socket> =
            (40000..40100).map(|p| time_wait(p, "10.0.0.5:80", 58_000)).collect();
        assert_eq!(of(&old, &range(40000, 40099, 1))[0].reusable, Some(100));
        assert_eq!((of(&old, &range(40000, 40099, 1))[0].utilization,), (0.0,));
        assert_eq!(of(&old, &range(40000, 40099, 2))[0].reusable, Some(0), "not loopback");
        let no_stamps = Range { timestamps: Some(0), ..range(40000, 40099, 1) };
        assert_eq!(of(&old, &no_stamps)[0].reusable, Some(0));
        let unknown = Range { timestamps: None, ..range(40000, 40099, 1) };
        assert_eq!(of(&old, &unknown)[0].reusable, None);
        let young = [time_wait(40000, "10.0.0.5:80", 59_500)];
        assert_eq!(of(&young, &range(40000, 40099, 1))[0].reusable, Some(0));
    }

    #[test]
    fn only_outgoing_connections_count() {
        let sockets = [
            example(State::Listen, "0.0.0.0:40001", "0.0.0.0:0"),
            example(State::Established, "10.0.0.1:40001", "10.0.0.9:1234"),
            example(State::Established, "10.0.0.1:22", "10.0.0.9:1234"),
            example(State::Established, "10.0.0.1:40002", "10.0.0.9:5432"),
            example(State::CloseWait, "10.0.0.1:40003", "10.0.0.9:5432"),
        ];
        let keys = of(&sockets, &range(40000, 40099, 2));
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].used, keys[0].not_time_wait, keys[0].remote_port), (2, 2, 5432));
        assert_eq!(keys[0].steady, Some(2.0), "no TIME-WAIT, no need of its timers");
    }

    #[test]
    fn sources_without_timers_tell_no_rates() {
        let bare = Socket { timer: None, ..time_wait(40000, "10.0.0.5:80", 0) };
        let key = &of(&[bare], &range(40000, 40099, 1))[0];
        assert_eq!((key.reusable, key.closes_per_s, key.steady), (None, None, None));
    }

    #[test]
    fn the_default_range_takes_470_connections_a_second() {
        let mut r = range(32768, 60999, 2);
        assert_eq!(r.usable(), 28_232);
        let s = [example(State::Established, "10.0.0.1:40000", "10.0.0.9:80")];
        assert!((of(&s, &r)[0].max_rate_per_s - 470.5).abs() < 0.1);
        r.reserved = parse_list("40000-40009, 8080,60999-65535", r.low, r.high).unwrap();
        assert_eq!(r.usable(), 28_232 - 11);
        assert_eq!(
            format_list(&parse_list("9002,80,9000-9001,65535", 1, 65535).unwrap()),
            "80,9000-9002,65535"
        );
        assert_eq!(parse_list("", 1, 2).unwrap().len(), 0);
        assert_eq!(parse_list("a-b", 1, 2), None);
        assert_eq!(Range { low: 5, high: 4, ..Range::default() }.usable(), 0);
    }
}
