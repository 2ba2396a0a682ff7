//! TIME-WAIT: who closes first (method M8), how fast, and how near the limit is.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::absence::{Absence, Reason};
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{from_i64, from_len, len, ratio};
use super::super::super::method::role::{Listeners, Role};
use super::super::super::method::socket::{Socket, State, Timer};
use super::super::super::netns::{Counters, PortKey, TimeWait, TimeWaitGroup};
use super::super::book::no_parameter;
use super::greatest::greatest;
use super::sockets::At;
use super::{Book, One};

/// `TCP_TIMEWAIT_LEN` less ten seconds: what has more left closed within the last ten.
const FRESH_MS: u32 = 50_000;
const FRESH_S: f64 = 10.0;

/// What the facts of TIME-WAIT are made of.
pub(super) struct Sources<'a> {
    pub(super) sockets: &'a [Socket],
    pub(super) listeners: &'a Listeners,
    pub(super) keys: &'a [PortKey],
    pub(super) counters: Option<&'a Counters>,
    pub(super) sysctl: Option<&'a Runtime>,
}

#[derive(Default)]
struct Group {
    port: u16,
    is_loopback: bool,
    count: usize,
    fresh: usize,
    untimed: bool,
}

impl One<'_> {
    pub(super) fn time_wait(&self, is_host: bool, s: &Sources<'_>, book: &mut Book) -> TimeWait {
        let fact = format!("{}.time_wait", self.fact);
        let number = |key: &str| s.sysctl.and_then(|c| c.number(key));
        let waiting = || s.sockets.iter().filter(|s| s.state == State::TimeWait);
        let of_role = |role| waiting().filter(|w| s.listeners.role(w) == role).count();
        let count = waiting().count();
        let buckets = self.sockstat(is_host, "TCP.tw");
        let max = number("net.ipv4.tcp_max_tw_buckets");
        // A negative number means that the table is shared with the host's namespace.
        let table = number("net.ipv4.tcp_ehash_entries").map(i64::saturating_abs);
        let used = from_i64(buckets.unwrap_or(len(count)));
        let found = TimeWait {
            count: len(count),
            buckets,
            max,
            max_default: table.map(|t| t / 2).filter(|d| *d > 0),
            used_ratio: max.and_then(|max| ratio(used, from_i64(max))),
            client: len(of_role(Role::Client)),
            server: len(of_role(Role::Server)),
            recycle: number("net.ipv4.tcp_tw_recycle"),
            groups: self.time_wait_groups(s, max),
        };
        let mut absent = |known: bool, field: &str, absence: Absence| {
            if !known {
                book.absent(format!("{fact}.{field}"), absence);
            }
        };
        let unread = || match s.sysctl {
            Some(_) => no_parameter(),
            None => self.why(None),
        };
        let removed = || match s.sysctl {
            Some(_) => Absence::new(
                Reason::NotApplicable,
                "this kernel has no net.ipv4.tcp_tw_recycle (removed in 4.12)",
            ),
            None => self.why(None),
        };
        absent(found.recycle.is_some(), "recycle", removed());
        absent(found.max.is_some(), "max", unread());
        absent(found.max.is_some(), "used_ratio", unread());
        absent(found.max_default.is_some(), "max_default", unread());
        absent(buckets.is_some(), "buckets", Absence::new(Reason::NotCollected, "no sockstat"));
        self.group_absences(&found, book);
        found
    }

    fn group_absences(&self, found: &TimeWait, book: &mut Book) {
        let list = format!("{}.time_wait.groups", self.fact);
        self.owners.say_absences(&list, &found.groups, |g| &g.owners, book);
        for (i, g) in found.groups.iter().enumerate() {
            let is = |role: &str, detail: &str| {
                if g.role == role {
                    Absence::new(Reason::NotCollected, detail)
                } else {
                    Absence::new(Reason::NotApplicable, format!("the role is {}", g.role))
                }
            };
            let rows = [
                (
                    "closes_per_s",
                    g.closes_per_s.is_some(),
                    Absence::new(Reason::NotCollected, "the source tells no timers"),
                ),
                (
                    "of_port_rate_ratio",
                    g.of_port_rate_ratio.is_some(),
                    is("client", "the closes or the port range are not known"),
                ),
                (
                    "reuse_possible",
                    g.reuse_possible.is_some(),
                    is("client", "tcp_tw_reuse or tcp_timestamps is not known"),
                ),
                (
                    "of_accepts_ratio",
                    g.of_accepts_ratio.is_some(),
                    is("server", "nothing was accepted, or counters were not read twice"),
                ),
            ];
            for (field, known, absence) in rows {
                if !known {
                    book.absent(format!("{}.time_wait.groups.{i}.{field}", self.fact), absence);
                }
            }
        }
    }

    fn time_wait_groups(&self, s: &Sources<'_>, max: Option<i64>) -> Vec<TimeWaitGroup> {
        let mut groups: HashMap<(Role, At), Group> = HashMap::new();
        for w in s.sockets.iter().filter(|w| w.state == State::TimeWait) {
            let role = s.listeners.role(w);
            let at = At::of(w, role);
            let group = groups.entry((role, at)).or_default();
            group.port = match at {
                At::Listener(port) => port,
                At::Remote(end) => end.port(),
            };
            group.is_loopback = !w.is_remote();
            group.count += 1;
            group.untimed |= w.timer != Some(Timer::TimeWait);
            group.fresh += usize::from(w.expires_ms > FRESH_MS);
        }
        greatest(groups.into_iter().map(|(key, g)| (g.count, key, g)))
            .map(|((role, at), g)| self.time_wait_group(s, (role, at), at.to_string(), &g, max))
            .collect()
    }

    fn time_wait_group(
        &self,
        s: &Sources<'_>,
        (role, at): (Role, At),
        name: String,
        g: &Group,
        max: Option<i64>,
    ) -> TimeWaitGroup {
        let closes_per_s = (!g.untimed).then(|| from_len(g.fresh) / FRESH_S);
        let to_peer = |k: &&PortKey| {
            k.remote_port == i64::from(g.port)
                && k.remote_addr
                    .parse::<IpAddr>()
                    .is_ok_and(|ip| std::net::SocketAddr::new(ip, g.port).to_string() == name)
        };
        let keys: Vec<&PortKey> =
            s.keys.iter().filter(|_| role == Role::Client).filter(to_peer).collect();
        let worst = keys
            .iter()
            .filter_map(|k| ratio(k.closes_per_s?, k.max_rate_per_s))
            .max_by(f64::total_cmp);
        let accepts = s.counters.and_then(|c| c.passive_opens?.per_s);
        let server = (role == Role::Server).then_some(()).and(closes_per_s);
        let holders = s.sockets.iter().filter(|o| match at {
            At::Listener(port) => o.state == State::Listen && o.local.port() == port,
            At::Remote(end) => o.remote == end,
        });
        TimeWaitGroup {
            role: role.as_str().to_owned(),
            port: g.port.into(),
            is_loopback: g.is_loopback,
            count: len(g.count),
            closes_per_s,
            of_max_ratio: max.and_then(|m| ratio(from_len(g.count), from_i64(m))),
            of_port_rate_ratio: worst,
            reuse_possible: keys.iter().find_map(|k| k.reuse_possible),
            of_accepts_ratio: server.zip(accepts).and_then(|(c, a)| ratio(c, a)),
            owners: self.owners.names(holders.map(|o| o.inode).take(100)),
            name,
        }
    }

    /// A value of `sockstat`, the most of all readings.
    pub(super) fn sockstat(&self, is_host: bool, key: &str) -> Option<i64> {
        let own = &self.inputs.net.sockstat;
        if is_host && own.first().is_ok() {
            return own.good().filter_map(|(_, c)| c.get(key)).max();
        }
        let of = |f: &NetnsFile| match f {
            NetnsFile::Counters(c) => c.get(key),
            _ => None,
        };
        self.file("sockstat")?.good().filter_map(|(_, f)| of(f)).max()
    }
}
