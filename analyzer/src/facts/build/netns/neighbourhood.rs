//! Routes, neighbours and remembered paths of a namespace.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::ip_route::Route;
use crate::parse::tcp_metrics::Metrics;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{len, signed};
use super::super::super::netns::{NeighbourState, Netns, RememberedPeer, TableRoute};
use super::super::super::plan::Sampled;
use super::{Book, One, readings_of};

/// Rows of each list.
const MAX_ROWS: usize = 50;
/// Addresses named of neighbours in one state.
const NAMED: usize = 5;
/// The shortest retransmission timeout (`TCP_RTO_MIN`).
const RTO_MIN_MS: f64 = 200.0;

impl<'a> One<'a> {
    pub(super) fn neighbourhood(&self, ns: &mut Netns, book: &mut Book) {
        ns.route_table = self.route_table(ns.is_host, book);
        ns.neighbours = self.neighbours(ns.is_host, book);
        ns.remembered = self.remembered(book);
    }

    fn route_table(&self, is_host: bool, book: &mut Book) -> Vec<TableRoute> {
        let fact = format!("{}.route_table", self.fact);
        let (routes, paths) = match self.routes_of_files(is_host) {
            Ok(found) => found,
            Err(why) => {
                book.absent(fact, why);
                return Vec::new();
            }
        };
        let mut rows: Vec<TableRoute> =
            routes.into_iter().filter(|r| r.leads_out()).map(table_route).collect();
        rows.sort_by_key(|r| r.destination != "default");
        rows.truncate(MAX_ROWS);
        // The lists of /proc/net leave out what a route sets.
        if paths.iter().any(|path| path.contains("/net/") || path.starts_with("probes/")) {
            let why = "this list of routes does not tell it";
            for i in 0..rows.len() {
                let absence = Absence::new(Reason::NotCollected, why);
                book.absent(format!("{fact}.{i}.rto_min_ms"), absence);
            }
        }
        book.sources(fact.as_str(), paths.into_iter().map(Locator::entry).collect());
        not_applicable(book, fact, !rows.is_empty(), "the route does not have it");
        rows
    }

    /// Of the host as `ip` prints them; else, and of others, as the kernel lists them.
    fn routes_of_files(&self, is_host: bool) -> Result<(Vec<&'a Route>, Vec<String>), Absence> {
        let net = &self.inputs.net;
        let mut found = (Vec::new(), Vec::new());
        let mut why = None;
        if is_host {
            for text in [&net.routes, &net.routes_text] {
                if let Some((reading, rows)) = text.good().next() {
                    return Ok((rows.rows.iter().collect(), vec![text.entry(reading.pass)]));
                }
            }
            for (file, name) in [(&net.proc_route, "route"), (&net.proc_route6, "ipv6_route")] {
                match file.good().next() {
                    Some((reading, rows)) => {
                        found.0.extend(&rows.rows);
                        found.1.push(file.entry(reading.pass));
                    }
                    None if self.of_probe(name, &mut found).is_none() => {
                        why = why.or(Some(file.absence()));
                    }
                    None => {}
                }
            }
        } else {
            for name in ["route", "ipv6_route"] {
                if self.of_probe(name, &mut found).is_none() {
                    why = why.or_else(|| Some(self.why(self.file(name).map(Sampled::absence))));
                }
            }
        }
        if found.1.is_empty() { Err(why.unwrap_or_else(|| self.why(None))) } else { Ok(found) }
    }

    fn of_probe(&self, name: &str, found: &mut (Vec<&'a Route>, Vec<String>)) -> Option<()> {
        let file = self.file(name)?;
        let (reading, routes) = file.good().find_map(|(reading, file)| match file {
            NetnsFile::Routes(routes) => Some((reading, routes)),
            _ => None,
        })?;
        found.0.extend(routes);
        found.1.push(file.entry(reading.pass));
        Some(())
    }

    /// By the probe; of the host in archives of others, by the table of ARP.
    fn neighbours(&self, is_host: bool, book: &mut Book) -> Vec<NeighbourState> {
        let fact = format!("{}.neighbours", self.fact);
        let file = self.file("neigh.jsonl");
        let counted = file.and_then(|file| {
            readings_of(file, |f| match f {
                NetnsFile::Neighbours(rows) => Some(rows),
                _ => None,
            })
            .next_back()
        });
        let arp = &self.inputs.net.arp;
        let listed = arp.good().last().filter(|_| is_host);
        let mut rows: Vec<NeighbourState> = Vec::new();
        let mut sources = Vec::new();
        if let Some((path, states)) = counted {
            sources.push(Locator::entry(path));
            rows.extend(states.iter().map(|n| NeighbourState {
                family: n.family.clone(),
                dev: self.device(is_host, n.ifindex),
                is_silent: is_silent(&n.state),
                state: n.state.clone(),
                count: signed(n.count),
                addresses: None,
            }));
        }
        if let Some((reading, entries)) = listed {
            let mut groups: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
            for entry in &entries.rows {
                groups.entry((&entry.dev, entry.state)).or_default().push(entry.address.clone());
            }
            // The probe knows the states, the table the addresses of those that do not answer.
            let alone = sources.is_empty();
            sources.push(Locator::entry(arp.entry(reading.pass)));
            for ((dev, state), mut addresses) in groups {
                let count = len(addresses.len());
                addresses.truncate(NAMED);
                let same = |r: &&mut NeighbourState| {
                    r.family == "ipv4" && r.dev == dev && r.is_silent && is_silent(state)
                };
                match rows.iter_mut().find(same) {
                    Some(row) => row.addresses = Some(addresses),
                    None if alone => rows.push(NeighbourState {
                        family: "ipv4".to_owned(),
                        dev: dev.to_owned(),
                        state: state.to_owned(),
                        count,
                        is_silent: is_silent(state),
                        addresses: Some(addresses),
                    }),
                    None => {}
                }
            }
        }
        if sources.is_empty() {
            let why = file.map(Sampled::absence).or_else(|| is_host.then(|| arp.absence()));
            book.absent(fact, self.why(why));
            return Vec::new();
        }
        rows.sort_by_key(|r| std::cmp::Reverse((r.is_silent, r.count)));
        rows.truncate(MAX_ROWS);
        book.sources(fact.as_str(), sources);
        not_applicable(book, fact, !rows.is_empty(), "the source counts and names nobody");
        rows
    }

    /// Name of an interface by its number; those of other namespaces have none here.
    fn device(&self, is_host: bool, ifindex: u32) -> String {
        let of_sysfs = || {
            let pack = self.inputs.net.sys_net.first().ok().filter(|_| is_host)?;
            let number = ifindex.to_string();
            let (key, _) =
                pack.rows.iter().find(|(k, v)| k.ends_with("/ifindex") && *v == number)?;
            key.split('/').nth(2).map(str::to_owned)
        };
        of_sysfs().unwrap_or_else(|| format!("#{ifindex}"))
    }

    fn remembered(&self, book: &mut Book) -> Vec<RememberedPeer> {
        let fact = format!("{}.remembered", self.fact);
        let file = self.file("tcp_metrics");
        let found = file.and_then(|file| {
            readings_of(file, |f| match f {
                NetnsFile::Metrics(rows) => Some(rows),
                _ => None,
            })
            .next_back()
        });
        let Some((path, metrics)) = found else {
            book.absent(fact, self.why(file.map(Sampled::absence)));
            return Vec::new();
        };
        let mut rows: Vec<RememberedPeer> = metrics.iter().map(remembered_peer).collect();
        let rank = |r: &RememberedPeer| (r.slow_start_threshold.is_some(), r.rtt_ms.unwrap_or(0.0));
        rows.sort_by(|a, b| {
            let ((a_lost, a_rtt), (b_lost, b_rtt)) = (rank(a), rank(b));
            b_lost.cmp(&a_lost).then(b_rtt.total_cmp(&a_rtt))
        });
        rows.truncate(MAX_ROWS);
        book.source(fact.as_str(), Locator::entry(path));
        not_applicable(book, fact, !rows.is_empty(), "the kernel remembers none of it");
        rows
    }
}

/// Why a row lacks a field. An empty list is an answer, not an absence.
fn not_applicable(book: &mut Book, fact: String, has_rows: bool, why: &str) {
    if has_rows {
        book.absent(fact, Absence::new(Reason::NotApplicable, why));
    }
}

fn is_silent(state: &str) -> bool {
    matches!(state, "failed" | "incomplete")
}

fn table_route(r: &Route) -> TableRoute {
    TableRoute {
        destination: r.destination.clone(),
        kind: r.kind.clone(),
        via: r.via.clone(),
        dev: r.dev.clone(),
        table: r.table.clone().filter(|t| t != "main"),
        rto_min_ms: r.rto_min_ms,
        line: r.text.clone(),
    }
}

fn remembered_peer(m: &Metrics) -> RememberedPeer {
    // `tcp_init_metrics`.
    let rto = |rtt: f64| rtt + (2.0 * rtt).max(RTO_MIN_MS);
    RememberedPeer {
        address: m.address.map(|a| a.to_string()).unwrap_or_default(),
        source: m.source.map(|a| a.to_string()),
        age_s: m.age_ms.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64()),
        rtt_ms: m.rtt_ms,
        rtt_var_ms: m.rtt_var_ms,
        first_rto_ms: m.rtt_ms.map(rto),
        slow_start_threshold: m.slow_start_threshold.map(i64::from),
        congestion_window: m.congestion_window.map(i64::from),
    }
}
