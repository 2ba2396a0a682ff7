//! Chapter: network namespaces, each with its own parameters and sockets.

use std::borrow::Cow;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::netns::Namespace;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::inputs::{Inputs, NetnsFile};
use super::super::method::num::len;
use super::super::method::ports::Range;
use super::super::method::role::Listeners;
use super::super::method::socket::Socket;
use super::super::netns::Netns;
use super::super::plan::Sampled;
use super::super::site::Site;
use super::super::{List, Seen};
use super::window::Window;
use super::{Book, Lists};

mod absences;
mod buffers;
mod close_wait;
mod connections;
mod conntrack;
mod counters;
mod flows;
mod gained;
mod greatest;
mod handshakes;
mod neighbourhood;
mod owners;
mod parameters;
mod ports;
mod retransmission;
mod retries;
mod routes;
mod sockets;
mod time_wait;
mod udp;

use owners::Owners;
use sockets::Later;

const FACT: &str = "netns";
/// Facts that are made of sockets.
const OF_SOCKETS: [&str; 7] =
    ["tcp", "port_keys", "port_sources", "time_wait", "close_wait", "connecting", "listeners"];
/// Destinations and groups of sockets that are listed.
const MAX_KEYS: usize = 50;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    site: &Site,
    kernel_number: Option<i64>,
    book: &mut Book,
    lists: &mut Lists,
) -> List<Netns> {
    let namespaces = namespaces(inputs, book);
    let owners = Owners::of(inputs);
    let host_sysctl = host_sysctl(inputs, &namespaces);
    let mut gaps = Vec::new();
    let mut items = Vec::new();
    for (i, namespace) in namespaces.iter().enumerate() {
        let one = One {
            inputs,
            window,
            site,
            owners: &owners,
            namespace,
            host_sysctl,
            kernel_number,
            fact: format!("{FACT}.{i}"),
        };
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
    if let Some(why) = unseen(&items, hidden, book) {
        book.absent(format!("collection.lists.{FACT}"), why);
    }
    // How many namespaces the unread processes are in cannot be told: at least one is assumed.
    let expected = expected.saturating_add(u64::from(hidden > 0));
    let what = "network namespaces seen".to_owned();
    lists.insert(FACT.to_owned(), Seen { what, seen, expected, gaps, others: None });
    List { items }
}

/// The one who could say what is in the way, the operator, has not.
fn idle_timeout_not_told() -> Absence {
    let key = "site.l4_idle_timeout_s";
    Absence::of(Reason::NotTold, key, format!("--set {key}=… tells it"))
}

/// Parameters of the host's namespace, by the probe or from the listing of all.
fn host_sysctl<'a>(inputs: &'a Inputs, namespaces: &[Namespace]) -> Option<&'a Runtime> {
    let host = namespaces.iter().find(|n| n.is_host == Some(true))?;
    let file = inputs.net.netns.get(&format!("{}/sysctl", host.inode));
    match file.map(Sampled::first) {
        Some(Ok(NetnsFile::Sysctl(s))) => Some(s),
        _ => inputs.parameters.sysctl.first().ok(),
    }
}

/// Why not all namespaces were seen: what only permission would have shown goes first, since that
/// can be mended.
fn unseen(items: &[Netns], hidden: u64, book: &Book) -> Option<Absence> {
    let path = |i: usize| format!("{FACT}.{i}.tcp");
    let whys: Vec<&Absence> =
        (0..items.len()).filter_map(|i| book.absences.exact(&path(i))).collect();
    let denied = whys.iter().find(|why| why.reason == Reason::Denied);
    let of_processes =
        || Absence::of(Reason::Denied, "packs/proc-pid/ns", "namespaces of processes");
    match denied {
        Some(why) => Some((*why).clone()),
        None if hidden > 0 => Some(of_processes()),
        None => whys.first().map(|why| (*why).clone()),
    }
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

/// The sockets of a namespace and what is needed to read them.
struct Found<'a> {
    sockets: Cow<'a, [Socket]>,
    range: Option<&'a Range>,
    sysctl: &'a Result<(Runtime, String), Absence>,
    paths: Vec<String>,
}

/// One namespace while it is read.
struct One<'a> {
    inputs: &'a Inputs,
    window: &'a Window,
    site: &'a Site,
    kernel_number: Option<i64>,
    owners: &'a Owners,
    namespace: &'a Namespace,
    /// Parameters of the host's namespace, to compare with.
    host_sysctl: Option<&'a Runtime>,
    fact: String,
}

impl One<'_> {
    fn build(&self, book: &mut Book) -> Netns {
        let is_host = self.namespace.is_host == Some(true);
        let inode = self.namespace.inode;
        // A pod on the host's network says nothing of the host's namespace.
        let pod = self.owners.pod(inode).filter(|_| !is_host).map(str::to_owned);
        let unnamed = || if is_host { "host".to_owned() } else { format!("netns:{inode}") };
        let mut ns = Netns {
            name: pod.or_else(|| self.namespace.name.clone()).unwrap_or_else(unnamed),
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
        self.processes(&mut ns, book);
        let sysctl = self.sysctl(is_host);
        self.parameters(&mut ns, &sysctl, book);
        ns.counters = self.counters(is_host, book);
        self.neighbourhood(&mut ns, book);
        ns.udp_drops = self.udp_drops(book);
        ns.conntrack = self.conntrack(is_host, &sysctl, book);
        self.paths(&mut ns, &sysctl, book);
        let range = sysctl.as_ref().ok().and_then(|(s, _)| ports::range(s));
        match self.sockets(is_host) {
            Ok((sockets, paths)) => {
                let found = Found { sockets, range: range.as_ref(), sysctl: &sysctl, paths };
                self.of_sockets(&mut ns, &found, book);
                ns.ports = range.as_ref().map(|r| self.ports(r, Some(&found.sockets), &sysctl));
            }
            Err(absence) => {
                for field in OF_SOCKETS.into_iter().chain(["ports.widened_reserved"]) {
                    book.absent(format!("{}.{field}", self.fact), absence.clone());
                }
                ns.ports = range.map(|r| self.ports(&r, None, &sysctl));
                self.no_flows(&mut ns, book);
            }
        }
        self.row_absences(&ns, book);
        ns
    }

    /// What the sockets tell: who they are beside how they fare, since there may be 100,000.
    fn of_sockets(&self, ns: &mut Netns, found: &Found<'_>, book: &mut Book) {
        let sockets = &*found.sockets;
        let (low, high) = found.range.map_or((32768, 60999), |r| (r.low, r.high));
        let listeners = Listeners::of(sockets, low..=high);
        let later = self.later();
        let parameters = flows::Parameters::of(ns);
        let ((), flows) = rayon::join(
            || self.count(ns, found, (&listeners, later.as_ref()), book),
            || self.compare(sockets, later.as_ref(), &listeners, &parameters),
        );
        self.flows(ns, flows, later.as_ref(), book);
    }

    /// Sockets by state, by peer, by port, by what they wait for.
    fn count(
        &self,
        ns: &mut Netns,
        found: &Found<'_>,
        (listeners, later): (&Listeners, Option<&Later<'_>>),
        book: &mut Book,
    ) {
        let Found { sockets, range, sysctl, paths } = found;
        let locators: Vec<Locator> = paths.iter().map(|p| Locator::entry(p.as_str())).collect();
        for field in OF_SOCKETS {
            book.sources(format!("{}.{field}", self.fact), locators.clone());
        }
        ns.tcp = Some(self.tcp(sockets, listeners, ns.counters.as_ref(), book));
        if let Some(range) = range {
            ns.port_keys = self.port_keys(sockets, listeners, range, book);
            ns.port_sources = self.port_sources(sockets, listeners, range, book);
        } else {
            for field in ["port_keys", "port_sources"] {
                let absence = Absence::of(Reason::NotCollected, "net.ipv4.ip_local_port_range", "");
                book.absent(format!("{}.{field}", self.fact), absence);
            }
        }
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        // Closes of the last seconds of the window: what is accepted is counted over the window.
        if let Some(later) = later {
            let locators = later.paths.iter().map(|p| Locator::entry(p.as_str())).collect();
            book.sources(format!("{}.time_wait", self.fact), locators);
        }
        let sources = time_wait::Sources {
            sockets: later.map_or(&**sockets, |later| &later.sockets),
            listeners,
            keys: &ns.port_keys,
            counters: ns.counters.as_ref(),
            sysctl: runtime,
        };
        ns.time_wait = Some(self.time_wait(ns.is_host, &sources, book));
        ns.close_wait = self.close_wait(sockets, later, listeners, book);
        let schedule = runtime.and_then(parameters::syn_schedule);
        ns.connecting = self.connecting(sockets, later, schedule.as_ref(), book);
        ns.listeners = self.listeners(sockets, later, ns.handshake.as_ref(), book);
    }

    /// Processes in the namespace.
    fn processes(&self, ns: &mut Netns, book: &mut Book) {
        if let Some((count, commands)) = self.owners.members(self.namespace.inode) {
            (ns.processes, ns.commands) = (Some(len(count)), commands);
            let source = Locator::entry("packs/proc-pid/ns");
            book.source(format!("{}.processes", self.fact), source.clone());
            book.source(format!("{}.commands", self.fact), source);
        } else {
            let absence = inputs_absence(&self.inputs.net.namespaces);
            book.absent(format!("{}.processes", self.fact), absence.clone());
            book.absent(format!("{}.commands", self.fact), absence);
        }
    }

    /// What the parameters of the namespace tell.
    fn parameters(
        &self,
        ns: &mut Netns,
        sysctl: &Result<(Runtime, String), Absence>,
        book: &mut Book,
    ) {
        for field in ["keepalive", "ports", "handshake", "differing"] {
            let fact = format!("{}.{field}", self.fact);
            match sysctl {
                Ok((_, path)) => book.source(fact, Locator::entry(path.as_str())),
                Err(absence) => book.absent(fact, absence.clone()),
            }
        }
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        ns.keepalive = runtime.and_then(parameters::keepalive_of);
        ns.handshake = runtime.map(parameters::handshake_of);
        ns.differing = self.differing(ns.is_host, runtime, book);
    }

    /// Why something of this namespace is not there: that it could not be entered goes first.
    pub(super) fn why(&self, absence: Option<Absence>) -> Absence {
        if let Some(error) = &self.namespace.error {
            const DENIED: [&str; 4] = ["os error 1)", "os error 13)", "EPERM", "EACCES"];
            let is_denied = DENIED.iter().any(|e| error.contains(e));
            let reason = if is_denied { Reason::Denied } else { Reason::Failed };
            return Absence::of(reason, &self.inputs.net.netns_list.path, error.as_str());
        }
        absence.unwrap_or_else(|| {
            Absence::of(Reason::NotCollected, format!("probes/netns/{}", self.namespace.inode), "")
        })
    }
}

/// What `pick` takes of each good reading that has it, and the path of that reading.
fn readings_of<'f, T: ?Sized + 'f>(
    file: &'f Sampled<NetnsFile>,
    pick: impl Fn(&'f NetnsFile) -> Option<&'f T>,
) -> impl DoubleEndedIterator<Item = (String, &'f T)> {
    file.good().filter_map(move |(r, f)| Some((file.entry(r.pass), pick(f)?)))
}

fn inputs_absence<T>(sampled: &Sampled<T>) -> Absence {
    sampled.first().err().unwrap_or_else(|| Absence::new(Reason::NotCollected, ""))
}
