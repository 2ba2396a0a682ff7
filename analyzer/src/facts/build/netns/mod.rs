//! Chapter: network namespaces, each with its own parameters and sockets.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::netns::Namespace;

use super::super::inputs::Inputs;
use super::super::method::ports::Range;
use super::super::method::role::Listeners;
use super::super::netns::Netns;
use super::super::plan::Sampled;
use super::super::site::Site;
use super::super::{List, Seen};
use super::window::Window;
use super::{Book, Lists};

mod counters;
mod owners;
mod parameters;
mod ports;
mod sockets;

use owners::Owners;

const FACT: &str = "netns";
/// Destinations and groups of sockets that are listed.
const MAX_KEYS: usize = 50;

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
    if let Some(why) = unseen(&items, hidden, book) {
        book.absent(format!("collection.lists.{FACT}"), why);
    }
    // How many namespaces the unread processes are in cannot be told: at least one is assumed.
    let expected = expected.saturating_add(u64::from(hidden > 0));
    let what = "network namespaces seen".to_owned();
    lists.insert(FACT.to_owned(), Seen { what, seen, expected, gaps, others: None });
    List { items }
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
        let range = sysctl.as_ref().ok().and_then(|(s, _)| ports::range(s));
        ns.keepalive = sysctl.as_ref().ok().and_then(|(s, _)| parameters::keepalive_of(s));
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

    /// Why something of this namespace is not there: that it could not be entered goes first.
    fn why(&self, absence: Option<Absence>) -> Absence {
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
