//! Established connections to other hosts by service: silences, keepalive, unanswered probes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::absence::{Absence, Reason};

use super::super::super::method::keepalive::{self, Topology};
use super::super::super::method::num::{from_i64, from_len, len, ratio, signed};
use super::super::super::method::quantile;
use super::super::super::method::role::{Listeners, Role};
use super::super::super::method::socket::{Socket, State, Timer};
use super::super::super::netns::{Connections, Keepalive, L4, Silent};
use super::{Book, MAX_KEYS, One};

/// A silence is long from here on, where no device in the path is told.
const QUIET_S: f64 = 600.0;
/// Where no device is told, a connection that is silent for less is not taken for dead.
const STALE_S: f64 = 7200.0;
/// Examples shown.
const SHOWN: usize = 5;
/// A probe that is answered is answered within this.
const ANSWERED_MS: u32 = 1000;

/// A socket at the later look, or the only one, and the same at the earlier one.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) now: &'a Socket,
    pub(super) before: Option<&'a Socket>,
}

/// The sockets of a namespace at both looks. A busy host has 100,000: they are matched once.
pub(super) struct Looks<'a> {
    /// All sockets.
    pub(super) all: Vec<Pair<'a>>,
    /// Established connections to other hosts. Where both ends are here, nothing is between them.
    pub(super) established: Vec<Pair<'a>>,
    /// Time between the looks, where there were two.
    pub(super) span_s: Option<f64>,
}

impl<'a> Looks<'a> {
    /// From the later look, and the earlier one with the time between them.
    pub(super) fn of(now: &'a [Socket], earlier: Option<(&'a [Socket], f64)>) -> Self {
        let before: HashMap<_, &'a Socket> = earlier
            .map_or(&[][..], |(sockets, _)| sockets)
            .iter()
            .map(|s| ((s.local, s.remote), s))
            .collect();
        let pair =
            |now: &'a Socket| Pair { now, before: before.get(&(now.local, now.remote)).copied() };
        let all: Vec<Pair<'a>> = now.iter().map(pair).collect();
        let is_established = |p: &&Pair<'a>| p.now.state == State::Established;
        // Only what has an address of this host at its other end can have that end here, too.
        let own: HashSet<IpAddr> =
            all.iter().filter(is_established).map(|p| p.now.local.ip()).collect();
        let ends: HashSet<(SocketAddr, SocketAddr)> = all
            .iter()
            .filter(is_established)
            .filter(|p| own.contains(&p.now.remote.ip()))
            .map(|p| (p.now.local, p.now.remote))
            .collect();
        let is_alone = |s: &Socket| !ends.contains(&(s.remote, s.local));
        let established = all
            .iter()
            .filter(is_established)
            .filter(|p| p.now.is_remote() && (ends.is_empty() || is_alone(p.now)))
            .copied()
            .collect();
        Self { all, established, span_s: earlier.map(|(_, span_s)| span_s) }
    }
}

/// Connections of one service while they are counted.
struct Group<'a> {
    sockets: Vec<Pair<'a>>,
    pid: Option<u32>,
}

/// Who, in which role, on which port.
type Key<'a> = (Role, u16, Option<&'a str>);

impl One<'_> {
    /// Silence of a connection as the device in its path sees it, and after how long that device
    /// forgets it.
    pub(super) fn silence(&self, s: &Socket, listeners: &Listeners) -> (Option<f64>, Option<f64>) {
        let l4 = self.site.l4_of([s.local.port(), s.remote.port()], s.remote.ip());
        let dsr = l4.map_or(self.site.topology.as_deref() == Some("dsr"), |l4| l4.is_dsr);
        let topology = match (dsr, listeners.role(s)) {
            (false, _) => Topology::Inline,
            (true, Role::Server) => Topology::DsrServer,
            (true, Role::Client | Role::Unknown) => Topology::DsrClient,
        };
        let silent = |silence| f64::from(keepalive::silence_ms(silence, topology)) / 1000.0;
        (s.silence.map(silent), l4.map(|l4| l4.idle_timeout_s))
    }

    /// The sessions that pass a device of which the operator told.
    pub(super) fn l4(&self, looks: &Looks<'_>, listeners: &Listeners) -> Option<L4> {
        let known: Vec<(Option<f64>, f64)> = looks
            .established
            .iter()
            .filter_map(|p| {
                let (idle, timeout) = self.silence(p.now, listeners);
                Some((idle, timeout?))
            })
            .collect();
        let timeouts: Vec<f64> = known.iter().map(|(_, t)| *t).collect();
        let idle_timeout_s = smallest(&timeouts).or(self.site.l4_idle_timeout_s)?;
        let idle: Option<Vec<f64>> = known.iter().map(|(idle, _)| *idle).collect();
        let over = |(idle, timeout): &&(Option<f64>, f64)| idle.is_some_and(|i| i >= *timeout);
        Some(L4 {
            idle_timeout_s,
            connections: len(known.len()),
            idle_max_s: idle.as_ref().map(|all| largest(all).unwrap_or(0.0)),
            forgotten: idle.is_some().then(|| len(known.iter().filter(over).count())),
        })
    }

    /// Connections by process and port.
    pub(super) fn connections(
        &self,
        looks: &Looks<'_>,
        listeners: &Listeners,
        parameters: Option<&Keepalive>,
    ) -> Vec<Connections> {
        let mut groups: BTreeMap<Key<'_>, Group<'_>> = BTreeMap::new();
        for p in &looks.established {
            let s = p.now;
            let role = listeners.role(s);
            let port = if role == Role::Server { s.local.port() } else { s.remote.port() };
            let owner = self.owners.name(s.inode);
            let empty = || Group { sockets: Vec::new(), pid: None };
            let group = groups.entry((role, port, owner)).or_insert_with(empty);
            group.sockets.push(*p);
            group.pid = group.pid.or_else(|| self.owners.pid(s.inode));
        }
        let mut all: Vec<Connections> = groups
            .into_iter()
            .map(|(key, group)| {
                let mut fact = self.service(key, &group, listeners);
                probes(&mut fact, &group.sockets, looks.span_s, parameters);
                fact
            })
            .collect();
        // Those of which a rule could speak first, whatever their number.
        let weight = |c: &Connections| {
            (c.unanswered.unwrap_or(0), c.stale.unwrap_or(0), c.quiet_off.unwrap_or(0))
        };
        all.sort_by(|a, b| {
            (weight(b), b.established)
                .cmp(&(weight(a), a.established))
                .then_with(|| a.name.cmp(&b.name))
        });
        all.truncate(MAX_KEYS);
        all
    }

    fn service(&self, key: Key<'_>, group: &Group<'_>, listeners: &Listeners) -> Connections {
        let (role, port, owner) = key;
        let sockets: Vec<&Socket> = group.sockets.iter().map(|p| p.now).collect();
        let rows: Vec<Row<'_>> = sockets
            .iter()
            .map(|s| {
                let (idle_s, timeout_s) = self.silence(s, listeners);
                Row { socket: s, idle_s, timeout_s, on: keepalive::is_on(s) }
            })
            .collect();
        let has_timers = sockets.iter().all(|s| s.timer.is_some());
        let count =
            |on: Option<bool>| has_timers.then(|| len(rows.iter().filter(|r| r.on == on).count()));
        let (on, off) = (count(Some(true)), count(Some(false)));
        let told = on.zip(off).map(|(on, off)| on + off);
        let timeouts: Vec<f64> = rows.iter().filter_map(|r| r.timeout_s).collect();
        let mut fact = Connections {
            name: name(role, port, owner),
            role: role.as_str().to_owned(),
            port: port.into(),
            owner: owner.map(str::to_owned),
            established: len(rows.len()),
            keepalive_on: on,
            keepalive_off: off,
            keepalive_unknown: count(None),
            keepalive_off_ratio: off
                .zip(told)
                .and_then(|(o, all)| ratio(from_i64(o), from_i64(all))),
            keepalive_time_s: sockets
                .iter()
                .filter_map(|s| keepalive::time_at_least_ms(s))
                .max()
                .map(|ms| from_i64(signed(ms)) / 1000.0),
            l4_idle_timeout_s: smallest(&timeouts),
            fd_limit: group.pid.and_then(|pid| self.owners.fd_limit(pid)),
            ..Connections::default()
        };
        silences(&mut fact, &rows, has_timers);
        fact.stale_fd_ratio = fact
            .stale
            .zip(fact.fd_limit)
            .and_then(|(stale, limit)| ratio(from_i64(stale), from_i64(limit)));
        fact
    }

    /// Why something about connections is not known.
    pub(super) fn connection_absences(&self, all: &[Connections], book: &mut Book) {
        let timers = || Absence::new(Reason::NotCollected, "the source tells no timers");
        let idle = || Absence::new(Reason::NotCollected, "the source tells no idle times");
        let not_told = || {
            if self.site.knows_l4() {
                let why = "no L4 device with an idle timeout is told on their way";
                Absence::new(Reason::NotApplicable, why)
            } else {
                super::idle_timeout_not_told()
            }
        };
        let either = |c: &Connections| if c.keepalive_on.is_none() { timers() } else { idle() };
        for (i, c) in all.iter().enumerate() {
            let none = || Absence::new(Reason::NotApplicable, "none of them");
            let rows: [(&str, bool, Absence); 17] = [
                (
                    "owner",
                    c.owner.is_some(),
                    Absence::new(Reason::Missing, "no process is known to hold them"),
                ),
                ("keepalive_on", c.keepalive_on.is_some(), timers()),
                ("keepalive_off", c.keepalive_off.is_some(), timers()),
                ("keepalive_unknown", c.keepalive_unknown.is_some(), timers()),
                ("keepalive_off_ratio", c.keepalive_off_ratio.is_some(), timers()),
                (
                    "keepalive_time_s",
                    c.keepalive_time_s.is_some(),
                    Absence::new(Reason::NotApplicable, "no keepalive timer tells it"),
                ),
                ("l4_idle_timeout_s", c.l4_idle_timeout_s.is_some(), not_told()),
                ("idle_median_s", c.idle_median_s.is_some(), idle()),
                ("idle_max_s", c.idle_max_s.is_some(), idle()),
                ("quiet_off", c.quiet_off.is_some(), either(c)),
                ("stale_after_s", c.stale_after_s.is_some(), idle()),
                ("stale", c.stale.is_some(), either(c)),
                ("stale_ratio", c.stale_ratio.is_some(), either(c)),
                (
                    "fd_limit",
                    c.fd_limit.is_some(),
                    Absence::new(Reason::Missing, "limits of the process were not read"),
                ),
                (
                    "stale_fd_ratio",
                    c.stale_fd_ratio.is_some(),
                    Absence::new(Reason::Missing, "limits of the process were not read"),
                ),
                ("unanswered", c.unanswered.is_some(), timers()),
                (
                    "unanswered_ratio",
                    c.unanswered_ratio.is_some(),
                    if c.keepalive_on.is_none() { timers() } else { none() },
                ),
            ];
            let rows = rows.into_iter().chain([("reset_in_s", c.reset_in_s.is_some(), none())]);
            for (field, known, why) in rows {
                if !known {
                    book.absent(format!("{}.connections.{i}.{field}", self.fact), why);
                }
            }
        }
    }
}

/// A connection with what is known of its silence.
struct Row<'a> {
    socket: &'a Socket,
    idle_s: Option<f64>,
    timeout_s: Option<f64>,
    on: Option<bool>,
}

fn silences(fact: &mut Connections, rows: &[Row<'_>], has_timers: bool) {
    let quiet_after_s = fact.l4_idle_timeout_s.unwrap_or(QUIET_S);
    fact.quiet_after_s = quiet_after_s;
    let Some(mut idle) = rows.iter().map(|r| r.idle_s).collect::<Option<Vec<f64>>>() else {
        return;
    };
    fact.idle_median_s = quantile::median(&mut idle);
    fact.idle_max_s = idle.last().copied();
    let silent = |r: &&Row<'_>, over: f64| r.on == Some(false) && r.idle_s >= Some(over);
    let general = fact.idle_median_s.map_or(STALE_S, |m| (3.0 * m).max(STALE_S));
    fact.stale_after_s = Some(fact.l4_idle_timeout_s.unwrap_or(general));
    if !has_timers {
        return;
    }
    fact.quiet_off = Some(len(rows.iter().filter(|r| silent(r, quiet_after_s)).count()));
    let mut stale: Vec<&Row<'_>> = rows
        .iter()
        .filter(|r| silent(r, r.timeout_s.unwrap_or(general)))
        .filter(|r| r.socket.send_queue_bytes == 0)
        .collect();
    fact.stale = Some(len(stale.len()));
    fact.stale_ratio = ratio(from_len(stale.len()), from_len(rows.len()));
    stale.sort_by(|a, b| f64::total_cmp(&b.idle_s.unwrap_or(0.0), &a.idle_s.unwrap_or(0.0)));
    let silent =
        |r: &Row<'_>| Silent { peer: r.socket.remote.to_string(), idle_s: r.idle_s.unwrap_or(0.0) };
    fact.oldest = stale.into_iter().take(SHOWN).map(silent).collect();
}

/// Probes without an answer: at both looks, or, of one look, sent a second ago and more.
fn probes(
    fact: &mut Connections,
    sockets: &[Pair<'_>],
    span_s: Option<f64>,
    parameters: Option<&Keepalive>,
) {
    let Some(on) = fact.keepalive_on else { return };
    let interval_ms = parameters.map(|p| p.interval_s * 1000.0);
    let waits = |s: &Socket| s.timer == Some(Timer::Keepalive) && s.retries > 0;
    let sent_long_ago = |s: &Socket| {
        s.retries > 1
            || interval_ms.is_some_and(|i| i - f64::from(s.expires_ms) >= f64::from(ANSWERED_MS))
    };
    let unanswered: Vec<&Pair<'_>> = sockets
        .iter()
        .filter(|p| waits(p.now))
        .filter(|p| match span_s {
            Some(_) => p.before.is_some_and(waits),
            None => sent_long_ago(p.now),
        })
        .collect();
    fact.unanswered = Some(len(unanswered.len()));
    fact.unanswered_ratio = ratio(from_len(unanswered.len()), from_i64(on));
    let left = |pair: &&Pair<'_>| {
        let (s, p) = (pair.now, parameters?);
        // More probes than the parameters allow in that time: the application set its own.
        let sent = span_s.and_then(|span_s| {
            let before = pair.before?.retries;
            Some((f64::from(s.retries.saturating_sub(before).saturating_sub(1)), span_s))
        });
        if sent.is_some_and(|(n, span_s)| n * p.interval_s > span_s) {
            return None;
        }
        let probes = (p.probes - i64::from(s.retries)).max(0);
        Some(f64::from(s.expires_ms) / 1000.0 + from_i64(probes) * p.interval_s)
    };
    let left: Vec<f64> = unanswered.iter().filter_map(left).collect();
    fact.reset_in_s = smallest(&left);
    let peers: BTreeSet<String> =
        unanswered.iter().map(|p| p.now.remote.ip().to_string()).collect();
    fact.unanswered_peers = peers.into_iter().take(SHOWN).collect();
}

/// `nginx :443`, `java -> port 5432`.
fn name(role: Role, port: u16, owner: Option<&str>) -> String {
    match (role, owner) {
        (Role::Server, Some(owner)) => format!("{owner} :{port}"),
        (Role::Server, None) => format!("listener :{port}"),
        (_, Some(owner)) => format!("{owner} -> port {port}"),
        (_, None) => format!("port {port} of others"),
    }
}

/// The smallest of values.
pub(super) fn smallest(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

fn largest(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}
