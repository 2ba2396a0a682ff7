//! Chapter: network namespaces, each with its own parameters and sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::netns::Namespace;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::inputs::{Inputs, NetnsFile};
use super::super::method::keepalive::{self, Topology};
use super::super::method::num::{from_i64, from_len, len, ratio, to_i64};
use super::super::method::ports::{self, Range};
use super::super::method::quantile;
use super::super::method::role::{Listeners, Role};
use super::super::method::socket::{Socket, State, Timer};
use super::super::netns::{Keepalive, Netns, Peer, PortKey, Ports, Tcp};
use super::super::plan::Sampled;
use super::super::site::Site;
use super::super::{List, Seen};
use super::window::{Window, seconds};
use super::{Book, Lists, load};

const FACT: &str = "netns";
/// Destinations and groups of sockets that are listed.
const MAX_KEYS: usize = 50;
/// Values of a histogram.
const MAX_VALUES: usize = 2000;
/// Silent for so long is idle.
const IDLE_S: f64 = 60.0;
/// The range that the usual advice widens to.
const WIDENED: (u16, u16) = (10240, 65535);
/// Ports of Kubernetes services of type `NodePort`.
const NODE_PORTS: (u16, u16) = (30000, 32767);

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    site: &Site,
    book: &mut Book,
    lists: &mut Lists,
) -> List<Netns> {
    let namespaces = namespaces(inputs, book);
    let owners = Owners::of(inputs);
    let mut gaps = Vec::new();
    let mut items = Vec::new();
    for (i, namespace) in namespaces.iter().enumerate() {
        let one =
            One { inputs, window, site, owners: &owners, namespace, fact: format!("{FACT}.{i}") };
        let ns = one.build(book);
        if let Some(why) = book.absences.exact(&format!("{FACT}.{i}.tcp")) {
            gaps.push(format!(
                "{} ({})",
                ns.name,
                namespace.error.as_deref().unwrap_or(&why.to_string())
            ));
        }
        items.push(ns);
    }
    let expected = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let seen = expected.saturating_sub(u64::try_from(gaps.len()).unwrap_or(0));
    let hidden = inputs.net.ns_denied();
    if hidden > 0 {
        gaps.push(format!("the namespaces of {hidden} processes (permission denied)"));
    }
    // How many namespaces the unread processes are in cannot be told: at least one is assumed.
    let expected = expected.saturating_add(u64::from(hidden > 0));
    let what = "network namespaces seen".to_owned();
    lists.insert(FACT.to_owned(), Seen { what, seen, expected, gaps, others: None });
    List { items }
}

/// The namespaces of the archive; where none were listed, the host's own.
fn namespaces(inputs: &Inputs, book: &mut Book) -> Vec<Namespace> {
    if let Some(rows) = book.first(FACT, &inputs.net.netns_list) {
        return rows.rows.clone();
    }
    let host =
        Namespace { is_host: Some(true), name: Some("host".to_owned()), ..Namespace::default() };
    if inputs.parameters.sysctl.first().is_ok() || !inputs.net.own_tcp().is_empty() {
        vec![host]
    } else {
        Vec::new()
    }
}

/// Names of the processes that hold sockets.
struct Owners {
    by_inode: BTreeMap<u64, u32>,
    names: BTreeMap<u32, String>,
    has_kubernetes: bool,
}

impl Owners {
    fn of(inputs: &Inputs) -> Self {
        let own = load::own(inputs);
        let mut by_inode = BTreeMap::new();
        for (_, pack) in inputs.process.socket_inodes.good() {
            for ((pid, _), inode) in pack.rows.iter().filter(|(tid, _)| !own.contains(&tid.0)) {
                by_inode.entry(*inode).or_insert(*pid);
            }
        }
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        for (_, pack) in inputs.process.processes.good() {
            names.extend(pack.rows.iter().map(|(pid, p)| (*pid, p.comm.to_string())));
        }
        let has_kubernetes =
            names.values().any(|n| ["kubelet", "kube-proxy", "k3s-server"].contains(&n.as_str()));
        Self { by_inode, names, has_kubernetes }
    }

    fn name(&self, inode: u64) -> Option<&str> {
        self.names.get(self.by_inode.get(&inode)?).map(String::as_str)
    }

    fn names(&self, inodes: impl IntoIterator<Item = u64>) -> Vec<String> {
        let names: BTreeSet<&str> = inodes.into_iter().filter_map(|i| self.name(i)).collect();
        names.into_iter().take(5).map(str::to_owned).collect()
    }
}

/// One namespace while it is read.
struct One<'a> {
    inputs: &'a Inputs,
    window: &'a Window,
    site: &'a Site,
    owners: &'a Owners,
    namespace: &'a Namespace,
    fact: String,
}

impl One<'_> {
    fn build(&self, book: &mut Book) -> Netns {
        let is_host = self.namespace.is_host == Some(true);
        let inode = self.namespace.inode;
        let unnamed = || if is_host { "host".to_owned() } else { format!("netns:{inode}") };
        let mut ns = Netns {
            name: self.namespace.name.clone().unwrap_or_else(unnamed),
            inode: (inode > 0).then(|| i64::try_from(inode).unwrap_or(i64::MAX)),
            is_host,
            pid: self.namespace.pid.map(i64::from),
            ..Netns::default()
        };
        if ns.pid.is_none() {
            let absence = Absence::new(Reason::NotApplicable, "no process is known in it");
            book.absent(format!("{}.pid", self.fact), absence);
        }
        if ns.inode.is_none() {
            let absence = inputs_absence(&self.inputs.net.netns_list);
            book.absent(format!("{}.inode", self.fact), absence);
        }
        let sysctl = self.sysctl(is_host);
        for (field, known) in ["keepalive", "ports"].map(|f| (f, sysctl.as_ref().is_ok())) {
            let fact = format!("{}.{field}", self.fact);
            match &sysctl {
                Ok((_, path)) => book.source(fact, Locator::entry(path.as_str())),
                Err(absence) if !known => book.absent(fact, absence.clone()),
                Err(_) => {}
            }
        }
        let range = sysctl.as_ref().ok().and_then(|(s, _)| range(s));
        ns.keepalive = sysctl.as_ref().ok().and_then(|(s, _)| keepalive_of(s));
        match self.sockets(is_host) {
            Ok((sockets, paths)) => {
                let range_or_default =
                    range.clone().unwrap_or(Range { low: 32768, high: 60999, ..Range::default() });
                let listeners =
                    Listeners::of(&sockets, range_or_default.low..=range_or_default.high);
                let locators: Vec<Locator> = paths.into_iter().map(Locator::entry).collect();
                book.sources(format!("{}.tcp", self.fact), locators.clone());
                book.sources(format!("{}.port_keys", self.fact), locators);
                ns.tcp = Some(self.tcp(&sockets, &listeners, is_host, book));
                if let Some(range) = &range {
                    ns.port_keys = self.port_keys(&sockets, &listeners, range);
                } else {
                    let absence =
                        Absence::of(Reason::NotCollected, "net.ipv4.ip_local_port_range", "");
                    book.absent(format!("{}.port_keys", self.fact), absence);
                }
                ns.ports = range.map(|r| self.ports(&r, Some(&sockets), &sysctl));
            }
            Err(absence) => {
                book.absent(format!("{}.tcp", self.fact), absence.clone());
                book.absent(format!("{}.port_keys", self.fact), absence.clone());
                book.absent(format!("{}.ports.widened_reserved", self.fact), absence);
                ns.ports = range.map(|r| self.ports(&r, None, &sysctl));
            }
        }
        self.row_absences(&ns, book);
        ns
    }

    /// Parameters of the namespace; the host's also from the listing of all parameters.
    fn sysctl(&self, is_host: bool) -> Result<(Runtime, String), Absence> {
        let file = self.inputs.net.netns.get(&format!("{}/sysctl", self.namespace.inode));
        let own = file.map(|f| (f, f.first()));
        if let Some((file, Ok(NetnsFile::Sysctl(s)))) = own {
            return Ok((s.clone(), file.path.clone()));
        }
        if is_host && let Ok(s) = self.inputs.parameters.sysctl.first() {
            return Ok((s.clone(), self.inputs.parameters.sysctl.path.clone()));
        }
        Err(self.why(file.map(Sampled::absence)))
    }

    /// Why something of this namespace is not there: that it could not be entered goes first.
    fn why(&self, absence: Option<Absence>) -> Absence {
        if let Some(error) = &self.namespace.error {
            let reason = if error.contains("os error 1)") || error.contains("EPERM") {
                Reason::Denied
            } else {
                Reason::Failed
            };
            return Absence::of(reason, &self.inputs.net.netns_list.path, error.as_str());
        }
        absence.unwrap_or_else(|| {
            Absence::of(Reason::NotCollected, format!("probes/netns/{}", self.namespace.inode), "")
        })
    }

    /// All TCP sockets of the first look, and where they were read.
    fn sockets(&self, is_host: bool) -> Result<(Vec<Socket>, Vec<String>), Absence> {
        let mut sockets = Vec::new();
        let mut paths = Vec::new();
        let mut why = None;
        for family in ["tcp4", "tcp6"] {
            let key = format!("{}/{family}", self.namespace.inode);
            let Some(dump) = self.inputs.net.inet_diag.get(&key) else { continue };
            match dump.good().next() {
                Some((reading, found)) => {
                    sockets.extend_from_slice(found);
                    paths.push(dump.entry(reading.pass));
                }
                // IPv6 may be switched off; IPv4 alone is then all there is.
                None if family == "tcp4" || paths.is_empty() => why = Some(dump.absence()),
                None => {}
            }
        }
        if paths.is_empty() {
            for name in ["tcp", "tcp6"] {
                let key = format!("{}/{name}", self.namespace.inode);
                let table = self.inputs.net.netns.get(&key).filter(|t| t.first().is_ok());
                if let Some((file, Ok(NetnsFile::Tcp(found)))) = table.map(|t| (t, t.first())) {
                    sockets.extend_from_slice(found);
                    paths.push(file.path.clone());
                }
            }
        }
        if paths.is_empty() && is_host {
            for file in self.inputs.net.own_tcp() {
                if let Ok(found) = file.first() {
                    sockets.extend_from_slice(found);
                    paths.push(file.path.clone());
                }
            }
        }
        if paths.is_empty() { Err(self.why(why)) } else { Ok((sockets, paths)) }
    }

    fn tcp(
        &self,
        sockets: &[Socket],
        listeners: &Listeners,
        is_host: bool,
        book: &mut Book,
    ) -> Tcp {
        let mut states: BTreeMap<String, i64> = BTreeMap::new();
        for s in sockets {
            *states.entry(s.state.as_str().to_owned()).or_default() += 1;
        }
        let of = |state: State| states.get(state.as_str()).copied().unwrap_or(0);
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
            retrans_ratio_since_boot: self.retrans_ratio(is_host, book),
            idle_established: told.then(|| idle(IDLE_S)),
            idle_max_s: told.then(|| silences.last().copied().unwrap_or(0.0)),
            idle_over_l4_timeout: self.site.l4_idle_timeout_s.filter(|_| told).map(idle),
            keepalive_time_effective_s: effective.map(|ms| seconds(ms.saturating_mul(1000))),
            estab_resets: self.estab_resets(is_host),
            idle_s: thin(silences),
            time_wait_age_s: thin(sorted(waits.collect())),
            peers: self.peers(sockets, listeners),
            states,
        };
        self.tcp_absences(&tcp, book);
        tcp
    }

    /// Silences of established connections in seconds, ascending.
    fn silences(&self, remote: &[&Socket], listeners: &Listeners) -> Vec<f64> {
        let dsr = self.site.topology.as_deref() == Some("dsr");
        let seen = |s: &&Socket| {
            let topology = match (dsr, listeners.role(s)) {
                (false, _) => Topology::Inline,
                (true, Role::Server) => Topology::DsrServer,
                (true, Role::Client | Role::Unknown) => Topology::DsrClient,
            };
            Some(f64::from(keepalive::silence_ms(s.silence?, topology)) / 1000.0)
        };
        sorted(remote.iter().filter_map(seen).collect())
    }

    /// Connections reset while established, between the first and the last look.
    fn estab_resets(&self, is_host: bool) -> Option<i64> {
        const KEY: &str = "Tcp.EstabResets";
        let delta = |first: i64, last: i64| last.checked_sub(first).filter(|d| *d >= 0);
        if is_host && let Some(ends) = self.window.ends(&self.inputs.net.snmp) {
            return delta(ends.first.1.get(KEY)?, ends.last.1.get(KEY)?);
        }
        let file = self.inputs.net.netns.get(&format!("{}/snmp", self.namespace.inode))?;
        let values: Vec<i64> = file
            .good()
            .filter_map(|(_, f)| match f {
                NetnsFile::Snmp(counters) => counters.get(KEY),
                _ => None,
            })
            .collect();
        delta(*values.first()?, *values.get(1..)?.last()?)
    }

    /// Segments sent again by segments sent, since boot.
    fn retrans_ratio(&self, is_host: bool, book: &mut Book) -> Option<f64> {
        let fact = format!("{}.tcp.retrans_ratio_since_boot", self.fact);
        let share = |c: &crate::parse::Counters| {
            let (again, sent) = (c.get("Tcp.RetransSegs")?, c.get("Tcp.OutSegs")?);
            ratio(from_i64(again), from_i64(sent))
        };
        let own = self.inputs.net.netns.get(&format!("{}/snmp", self.namespace.inode));
        let of_own = own.and_then(|file| match file.first() {
            Ok(NetnsFile::Snmp(counters)) => share(counters).map(|s| (s, file.path.as_str())),
            _ => None,
        });
        let of_host = || {
            let counters = self.inputs.net.snmp.first().ok().filter(|_| is_host)?;
            share(counters).map(|s| (s, self.inputs.net.snmp.path.as_str()))
        };
        let Some((share, path)) = of_own.or_else(of_host) else {
            let detail = "no counters, or nothing was sent";
            let why = Absence::of(Reason::NotCollected, &self.inputs.net.snmp.path, detail);
            book.absent(fact, own.and_then(|file| file.first().err()).unwrap_or(why));
            return None;
        };
        book.source(fact, Locator::entry(path));
        Some(share)
    }

    fn peers(&self, sockets: &[Socket], listeners: &Listeners) -> Vec<Peer> {
        let mut groups: BTreeMap<(State, String, Role), (usize, Vec<u64>)> = BTreeMap::new();
        for s in sockets.iter().filter(|s| !matches!(s.state, State::Listen | State::Close)) {
            let role = listeners.role(s);
            let peer = match role {
                Role::Server => format!("listener :{}", s.local.port()),
                Role::Client | Role::Unknown => s.remote.to_string(),
            };
            let group = groups.entry((s.state, peer, role)).or_default();
            group.0 += 1;
            if s.inode != 0 && group.1.len() < 100 {
                group.1.push(s.inode);
            }
        }
        let mut peers: Vec<Peer> = groups
            .into_iter()
            .map(|((state, peer, role), (count, inodes))| Peer {
                state: state.as_str().to_owned(),
                peer,
                role: role.as_str().to_owned(),
                count: len(count),
                owners: self.owners.names(inodes),
            })
            .collect();
        peers.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.peer.cmp(&b.peer)));
        peers.truncate(MAX_KEYS);
        peers
    }

    fn port_keys(&self, sockets: &[Socket], listeners: &Listeners, range: &Range) -> Vec<PortKey> {
        let usable = from_len(range.usable());
        let fact = |k: ports::Key| PortKey {
            name: format!("{} -> {}", k.local, SocketAddr::new(k.remote, k.remote_port)),
            local_addr: k.local.to_string(),
            remote_addr: k.remote.to_string(),
            remote_port: k.remote_port.into(),
            is_loopback: k.loopback || k.local == k.remote,
            used: len(k.used),
            time_wait: len(k.time_wait),
            not_time_wait: len(k.not_time_wait),
            reusable: k.reusable.map(len),
            utilization_ratio: k.utilization,
            closes_per_s: k.closes_per_s,
            steady: k.steady,
            steady_ratio: k.steady.and_then(|s| ratio(s, usable)),
            max_rate_per_s: k.max_rate_per_s,
            reuse_possible: range.reuse_possible(k.loopback),
            owners: self.owners.names(k.inodes),
        };
        ports::keys(sockets, listeners, range).into_iter().take(MAX_KEYS).map(fact).collect()
    }

    fn ports(
        &self,
        range: &Range,
        sockets: Option<&[Socket]>,
        sysctl: &Result<(Runtime, String), Absence>,
    ) -> Ports {
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        let text = runtime.and_then(|s| s.get("net.ipv4.ip_local_reserved_ports")).unwrap_or("");
        Ports {
            low: range.low.into(),
            high: range.high.into(),
            reserved: len(range.reserved.len()),
            usable: len(range.usable()),
            tw_reuse: range.tw_reuse,
            timestamps: range.timestamps,
            reserved_text: text.to_owned(),
            widened_reserved: sockets.and_then(|s| self.widened(text, s)),
        }
    }

    /// What has to be reserved before the range grows.
    fn widened(&self, reserved: &str, sockets: &[Socket]) -> Option<String> {
        let mut ports = ports::parse_list(reserved, 1, u16::MAX)?;
        let listening = sockets.iter().filter(|s| s.state == State::Listen).map(|s| s.local.port());
        ports.extend(listening.filter(|p| (WIDENED.0..=WIDENED.1).contains(p)));
        if self.owners.has_kubernetes {
            ports.extend(NODE_PORTS.0..=NODE_PORTS.1);
        }
        Some(ports::format_list(&ports))
    }

    fn tcp_absences(&self, tcp: &Tcp, book: &mut Book) {
        let fact = format!("{}.tcp", self.fact);
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
        let told = self.site.l4_idle_timeout_s.is_some();
        let timeout = Absence::new(Reason::NotTold, "--set site.l4_idle_timeout_s=… tells it");
        let over = if told { idle_unknown() } else { timeout };
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

    fn row_absences(&self, ns: &Netns, book: &mut Book) {
        let ports = ns.ports.as_ref();
        for (field, known) in [
            ("tw_reuse", ports.is_none_or(|p| p.tw_reuse.is_some())),
            ("timestamps", ports.is_none_or(|p| p.timestamps.is_some())),
            ("widened_reserved", ports.is_none_or(|p| p.widened_reserved.is_some())),
        ] {
            let fact = format!("{}.ports.{field}", self.fact);
            if !known && book.absences.exact(&fact).is_none() {
                book.absent(
                    fact,
                    Absence::new(Reason::Missing, "the kernel has no such parameter"),
                );
            }
        }
        for (i, key) in ns.port_keys.iter().enumerate() {
            for (field, known) in [
                ("reusable", key.reusable.is_some()),
                ("closes_per_s", key.closes_per_s.is_some()),
                ("steady", key.steady.is_some()),
                ("steady_ratio", key.steady_ratio.is_some()),
                ("reuse_possible", key.reuse_possible.is_some()),
            ] {
                if !known {
                    let detail = "TIME-WAIT timers or tcp_tw_reuse are not known";
                    let absence = Absence::new(Reason::NotCollected, detail);
                    book.absent(format!("{}.port_keys.{i}.{field}", self.fact), absence);
                }
            }
        }
    }
}

fn inputs_absence<T>(sampled: &Sampled<T>) -> Absence {
    sampled.first().err().unwrap_or_else(|| Absence::new(Reason::NotCollected, ""))
}

fn keepalive_of(s: &Runtime) -> Option<Keepalive> {
    let time_s = from_i64(s.number("net.ipv4.tcp_keepalive_time")?);
    let interval_s = from_i64(s.number("net.ipv4.tcp_keepalive_intvl")?);
    let probes = s.number("net.ipv4.tcp_keepalive_probes")?;
    Some(Keepalive {
        time_s,
        interval_s,
        probes,
        longest_gap_s: time_s.max(interval_s),
        dead_peer_s: keepalive::dead_peer_s(time_s, interval_s, from_i64(probes)),
    })
}

fn range(s: &Runtime) -> Option<Range> {
    let mut bounds = s.get("net.ipv4.ip_local_port_range")?.split_whitespace();
    let (low, high) = (bounds.next()?.parse().ok()?, bounds.next()?.parse().ok()?);
    let reserved = s.get("net.ipv4.ip_local_reserved_ports").unwrap_or("");
    let delay = s.number("net.ipv4.tcp_tw_reuse_delay");
    Some(Range {
        low,
        high,
        reserved: ports::parse_list(reserved, low, high)?,
        tw_reuse: s.number("net.ipv4.tcp_tw_reuse"),
        timestamps: s.number("net.ipv4.tcp_timestamps"),
        tw_reuse_delay_ms: delay.and_then(|d| u32::try_from(d).ok()),
    })
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
