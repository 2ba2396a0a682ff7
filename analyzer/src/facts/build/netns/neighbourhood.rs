//! Neighbours and remembered paths of a namespace.

use std::collections::{BTreeMap, HashMap};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::tcp_metrics::Metrics;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{len, signed};
use super::super::super::netns::{NeighbourState, Netns, RememberedPeer};
use super::super::super::plan::Sampled;
use super::{Book, One, readings_of};

/// Rows of each list.
pub(super) const MAX_ROWS: usize = 50;
/// Addresses named of neighbours in one state.
const NAMED: usize = 5;
/// The shortest retransmission timeout (`TCP_RTO_MIN`).
const RTO_MIN_MS: f64 = 200.0;

/// Interfaces of a namespace by their numbers.
pub(super) struct Devices<'a>(HashMap<u32, &'a str>);

impl Devices<'_> {
    pub(super) fn name(&self, ifindex: u32) -> String {
        self.0.get(&ifindex).map_or_else(|| format!("#{ifindex}"), |name| (*name).to_owned())
    }
}

impl<'a> One<'a> {
    pub(super) fn neighbourhood(&self, ns: &mut Netns, book: &mut Book) {
        ns.route_table = self.route_table(ns.is_host, book);
        ns.neighbours = self.neighbours(ns.is_host, book);
        ns.remembered = self.remembered(book);
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
            let devices = self.devices(is_host);
            rows.extend(states.iter().map(|n| NeighbourState {
                family: n.family.clone(),
                dev: devices.name(n.ifindex),
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

    /// Names of interfaces by their numbers, by the probe or of the host by sysfs.
    pub(super) fn devices(&self, is_host: bool) -> Devices<'a> {
        let mut names = HashMap::new();
        if is_host && let Ok(pack) = self.inputs.net.sys_net.first() {
            let of = |(key, number): &'a (String, String)| {
                let of = key.strip_suffix("/ifindex")?;
                Some((number.trim().parse().ok()?, of.split('/').nth(2)?))
            };
            names.extend(pack.rows.iter().filter_map(of));
        }
        if let Some(file) = self.file("links.jsonl") {
            let links = readings_of(file, |f| match f {
                NetnsFile::Links(links) => Some(links),
                _ => None,
            });
            // The later look goes before the earlier, and both before sysfs.
            let links = links.flat_map(|(_, links)| links);
            names.extend(links.map(|link| (link.ifindex, link.name.as_str())));
        }
        Devices(names)
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
pub(super) fn not_applicable(book: &mut Book, fact: String, has_rows: bool, why: &str) {
    if has_rows {
        book.absent(fact, Absence::new(Reason::NotApplicable, why));
    }
}

fn is_silent(state: &str) -> bool {
    matches!(state, "failed" | "incomplete")
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
