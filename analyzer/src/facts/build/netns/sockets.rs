//! Sockets of a namespace: states, peers, silences.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;

use crate::absence::{Absence, Reason};

use super::super::super::inputs::NetnsFile;
use super::super::super::method::keepalive;
use super::super::super::method::num::{from_i64, len, to_i64};
use super::super::super::method::quantile;
use super::super::super::method::role::{Listeners, Role};
use super::super::super::method::socket::{Socket, State, Timer};
use super::super::super::netns::{Counters, Peer, Tcp};
use super::super::window::seconds;
use super::greatest::greatest;
use super::{Book, One, readings_of};

/// Values of a histogram.
const MAX_VALUES: usize = 2000;
/// Sockets of a peer whose owners are looked up: more add no new name.
const MAX_INODES: usize = 100;
/// Silent for so long is idle.
const IDLE_S: f64 = 60.0;

/// What connections of one kind have in common: the listener here, or the remote end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum At {
    Listener(u16),
    Remote(SocketAddr),
}

impl At {
    pub(super) fn of(s: &Socket, role: Role) -> Self {
        match role {
            Role::Server => Self::Listener(s.local.port()),
            Role::Client | Role::Unknown => Self::Remote(s.remote),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(port) => write!(f, "listener :{port}"),
            Self::Remote(end) => end.fmt(f),
        }
    }
}

/// The last look at the sockets, and how long after the first it was.
pub(super) struct Later<'a> {
    pub(super) sockets: Cow<'a, [Socket]>,
    /// Where it was read.
    pub(super) paths: Vec<String>,
    pub(super) span_s: f64,
}

/// Sockets of both families together. Most namespaces have many of one only: those stay where they
/// are.
fn joined(mut parts: Vec<&[Socket]>) -> Cow<'_, [Socket]> {
    parts.retain(|part| !part.is_empty());
    match parts.as_slice() {
        [one] => Cow::Borrowed(*one),
        several => Cow::Owned(several.concat()),
    }
}

impl<'a> One<'a> {
    /// The sockets of the last look, where there was more than one.
    pub(super) fn later(&self) -> Option<Later<'a>> {
        let (mut sockets, mut paths, mut span_s) = (Vec::new(), Vec::new(), 0.0);
        for family in ["tcp4", "tcp6"] {
            let key = format!("{}/{family}", self.namespace.inode);
            let Some(dump) = self.inputs.net.inet_diag.get(&key) else { continue };
            let (Some(first), Some(last)) = (dump.good().next(), dump.good().last()) else {
                continue;
            };
            if last.0.mono_us > first.0.mono_us {
                sockets.push(last.1.as_slice());
                paths.push(dump.entry(last.0.pass));
                span_s = seconds(last.0.mono_us.saturating_sub(first.0.mono_us)).max(span_s);
            }
        }
        (!paths.is_empty()).then(|| Later { sockets: joined(sockets), paths, span_s })
    }

    /// All TCP sockets of the first look, and where they were read.
    pub(super) fn sockets(
        &self,
        is_host: bool,
    ) -> Result<(Cow<'a, [Socket]>, Vec<String>), Absence> {
        let mut sockets = Vec::new();
        let mut paths = Vec::new();
        let mut why = None;
        for family in ["tcp4", "tcp6"] {
            let key = format!("{}/{family}", self.namespace.inode);
            let Some(dump) = self.inputs.net.inet_diag.get(&key) else { continue };
            match dump.good().next() {
                Some((reading, found)) => {
                    sockets.push(found.as_slice());
                    paths.push(dump.entry(reading.pass));
                }
                // IPv6 may be switched off; IPv4 alone is then all there is.
                None if family == "tcp4" || paths.is_empty() => why = Some(dump.absence()),
                None => {}
            }
        }
        if paths.is_empty() {
            for name in ["tcp", "tcp6"] {
                let tcp = |f: &'a NetnsFile| match f {
                    NetnsFile::Tcp(found) => Some(found.as_slice()),
                    _ => None,
                };
                let table = self.file(name).and_then(|file| readings_of(file, tcp).next());
                if let Some((path, found)) = table {
                    sockets.push(found);
                    paths.push(path);
                }
            }
        }
        if paths.is_empty() && is_host {
            for file in self.inputs.net.own_tcp() {
                if let Some((_, found)) = file.good().next() {
                    sockets.push(found.as_slice());
                    paths.push(file.path.clone());
                }
            }
        }
        if paths.is_empty() { Err(self.why(why)) } else { Ok((joined(sockets), paths)) }
    }
}

impl One<'_> {
    pub(super) fn tcp(
        &self,
        sockets: &[Socket],
        listeners: &Listeners,
        counters: Option<&Counters>,
        book: &mut Book,
    ) -> Tcp {
        let mut states: BTreeMap<State, i64> = BTreeMap::new();
        for s in sockets {
            *states.entry(s.state).or_default() += 1;
        }
        let of = |state: State| states.get(&state).copied().unwrap_or(0);
        let remote: Vec<&Socket> =
            sockets.iter().filter(|s| s.state == State::Established && s.is_remote()).collect();
        let silences = self.silences(&remote, listeners);
        let on: Vec<Option<bool>> = remote.iter().map(|s| keepalive::is_on(s)).collect();
        let timers = remote.iter().all(|s| s.timer.is_some());
        let count =
            |what: Option<bool>| timers.then(|| len(on.iter().filter(|o| **o == what).count()));
        let idle = |over_s: f64| len(silences.iter().filter(|s| **s >= over_s).count());
        let told = silences.len() == remote.len();
        let effective = sockets.iter().filter_map(keepalive::time_at_least_ms).max();
        let waits = sockets
            .iter()
            .filter(|s| s.state == State::TimeWait && s.timer == Some(Timer::TimeWait))
            .map(|s| (60.0 - f64::from(s.expires_ms) / 1000.0).max(0.0));
        let tcp = Tcp {
            established: of(State::Established),
            established_remote: len(remote.len()),
            time_wait: of(State::TimeWait),
            listen: of(State::Listen),
            keepalive_on: count(Some(true)),
            keepalive_off: count(Some(false)),
            keepalive_unknown: count(None),
            keepalive_timers: sockets
                .iter()
                .all(|s| s.timer.is_some())
                .then(|| len(sockets.iter().filter(|s| s.timer == Some(Timer::Keepalive)).count())),
            retrans_ratio_since_boot: self.retrans_ratio(counters, book),
            idle_established: told.then(|| idle(IDLE_S)),
            idle_max_s: told.then(|| silences.last().copied().unwrap_or(0.0)),
            idle_over_l4_timeout: self.forgotten(&remote, listeners).filter(|_| told),
            keepalive_time_effective_s: effective.map(|ms| seconds(ms.saturating_mul(1000))),
            estab_resets: counters.and_then(|c| c.estab_resets?.delta),
            idle_s: thin(silences),
            time_wait_age_s: thin(sorted(waits.collect())),
            peers: self.peers(sockets, listeners),
            states: states.iter().map(|(s, n)| (s.as_str().to_owned(), *n)).collect(),
        };
        self.tcp_absences(&tcp, book);
        tcp
    }

    /// Silences of established connections in seconds, ascending.
    pub(super) fn silences(&self, remote: &[&Socket], listeners: &Listeners) -> Vec<f64> {
        sorted(remote.iter().filter_map(|s| self.silence(s, listeners).0).collect())
    }

    /// Connections that are silent for longer than the device in their path remembers.
    fn forgotten(&self, remote: &[&Socket], listeners: &Listeners) -> Option<i64> {
        let over = |s: &&&Socket| {
            let (idle, timeout) = self.silence(s, listeners);
            idle.zip(timeout).is_some_and(|(idle, timeout)| idle >= timeout)
        };
        self.site.knows_l4().then(|| len(remote.iter().filter(over).count()))
    }

    pub(super) fn peers(&self, sockets: &[Socket], listeners: &Listeners) -> Vec<Peer> {
        let connections = || {
            let is_one = |s: &&Socket| !matches!(s.state, State::Listen | State::Close);
            sockets.iter().filter(is_one).map(|s| {
                let role = listeners.role(s);
                ((s.state, At::of(s, role), role), s.inode)
            })
        };
        let mut counts: HashMap<(State, At, Role), usize> = HashMap::new();
        for (key, _) in connections() {
            *counts.entry(key).or_default() += 1;
        }
        let shown: Vec<_> = greatest(counts.into_iter().map(|(key, n)| (n, key, n))).collect();
        let mut inodes: HashMap<(State, At, Role), Vec<u64>> =
            shown.iter().map(|(key, _)| (*key, Vec::new())).collect();
        for (key, inode) in connections().filter(|(_, inode)| *inode != 0) {
            if let Some(of) = inodes.get_mut(&key).filter(|of| of.len() < MAX_INODES) {
                of.push(inode);
            }
        }
        let peer = |(key @ (state, at, role), count)| Peer {
            state: State::as_str(state).to_owned(),
            peer: At::to_string(&at),
            role: Role::as_str(role).to_owned(),
            count: len(count),
            owners: self.owners.names(inodes.remove(&key).unwrap_or_default()),
        };
        shown.into_iter().map(peer).collect()
    }

    pub(super) fn tcp_absences(&self, tcp: &Tcp, book: &mut Book) {
        let fact = format!("{}.tcp", self.fact);
        self.owners.say_absences(&format!("{fact}.peers"), &tcp.peers, |p| &p.owners, book);
        let mut absent = |known: bool, field: &str, absence: Absence| {
            if !known {
                book.absent(format!("{fact}.{field}"), absence);
            }
        };
        let without_timers = || Absence::new(Reason::NotCollected, "the source tells no timers");
        let idle_unknown = || Absence::new(Reason::NotCollected, "the source tells no idle times");
        absent(tcp.keepalive_on.is_some(), "keepalive_on", without_timers());
        absent(tcp.keepalive_off.is_some(), "keepalive_off", without_timers());
        absent(tcp.keepalive_unknown.is_some(), "keepalive_unknown", without_timers());
        absent(tcp.keepalive_timers.is_some(), "keepalive_timers", without_timers());
        absent(tcp.idle_established.is_some(), "idle_established", idle_unknown());
        absent(tcp.idle_max_s.is_some(), "idle_max_s", idle_unknown());
        let told = self.site.knows_l4();
        let over = if told { idle_unknown() } else { super::idle_timeout_not_told() };
        absent(tcp.idle_over_l4_timeout.is_some(), "idle_over_l4_timeout", over);
        absent(
            tcp.keepalive_time_effective_s.is_some(),
            "keepalive_time_effective_s",
            Absence::new(Reason::NotApplicable, "no socket has a keepalive timer that tells it"),
        );
        absent(
            tcp.estab_resets.is_some(),
            "estab_resets",
            Absence::of(
                Reason::TooFewSamples,
                &self.inputs.net.snmp.path,
                "counters were not read twice",
            ),
        );
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    quantile::sort(&mut values);
    values
}

/// At most so many of sorted values, evenly taken: quantiles stay. Rounded to milliseconds.
fn thin(sorted: Vec<f64>) -> Vec<f64> {
    let step = sorted.len().div_ceil(MAX_VALUES).max(1);
    sorted.into_iter().step_by(step).map(|v| from_i64(to_i64(v * 1000.0)) / 1000.0).collect()
}
