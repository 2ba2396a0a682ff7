//! Chapter: what the network stack shares between namespaces.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::Counters;
use crate::parse::net_softnet_stat::SoftnetCpu as Row;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::inputs::Inputs;
use super::super::method::num::{from_i64, ratio, signed};
use super::super::net::{Neighbours, Net, SocketMemory, Softnet, SoftnetCpu};
use super::super::plan::Sampled;
use super::Book;
use super::book::{no_parameter, too_few};
use super::window::Window;

mod ip_vs;

const SOFTNET: &str = "net.softnet";
const NEIGHBOURS: &str = "net.neighbours";
const MEMORY: &str = "net.memory";
/// CPUs listed at most.
const MAX_CPUS: usize = 50;
/// The columns of `softnet_stat` are 32 bits wide and wrap.
const WIDTH: i64 = 1 << 32;

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> Net {
    let sysctl = inputs.parameters.sysctl.first().ok();
    let net = Net {
        softnet: softnet(inputs, window, sysctl, book),
        neighbours: neighbours(inputs, sysctl, book),
        ip_vs: ip_vs::build(inputs, window, book),
        memory: memory(inputs, sysctl, book),
    };
    let parameter = |book: &mut Book, fact: &str, known: bool| {
        if !known {
            let why = match sysctl {
                Some(_) => no_parameter(),
                None => inputs.parameters.sysctl.absence(),
            };
            book.absent(fact, why);
        }
    };
    if let Some(s) = &net.softnet {
        parameter(book, "net.softnet.max_backlog", s.max_backlog.is_some());
        parameter(book, "net.softnet.budget", s.budget.is_some());
        parameter(book, "net.softnet.budget_us", s.budget_us.is_some());
    }
    for (i, n) in net.neighbours.iter().enumerate() {
        let known = n.threshold3.is_some();
        for field in ["threshold1", "threshold2", "threshold3", "used_ratio"] {
            parameter(book, &format!("{NEIGHBOURS}.{i}.{field}"), known);
        }
    }
    if let Some(m) = &net.memory {
        for (field, known) in [
            ("tcp_pressure_bytes", m.tcp_pressure_bytes.is_some()),
            ("tcp_max_bytes", m.tcp_max_bytes.is_some()),
            ("tcp_ratio", m.tcp_ratio.is_some()),
            ("tcp_mem", m.tcp_mem.is_some()),
            ("udp_max_bytes", m.udp_max_bytes.is_some()),
            ("udp_ratio", m.udp_ratio.is_some()),
            ("rmem_max_bytes", m.rmem_max_bytes.is_some()),
        ] {
            parameter(book, &format!("{MEMORY}.{field}"), known);
        }
    }
    net
}

fn softnet(
    inputs: &Inputs,
    window: &Window,
    sysctl: Option<&Runtime>,
    book: &mut Book,
) -> Option<Softnet> {
    let source = &inputs.net.softnet;
    let Some(ends) = window.ends(source) else {
        let why = match source.first() {
            Ok(_) => too_few(&source.path, 1, 2),
            Err(absence) => absence,
        };
        book.absent(SOFTNET, why);
        return None;
    };
    let places = [ends.first.0.pass, ends.last.0.pass].map(|p| Locator::entry(source.entry(p)));
    book.sources(SOFTNET, places.to_vec());
    let key = |(i, r): (usize, &Row)| r.cpu.map_or(signed(i as u64), i64::from);
    let rows = |rows: &'_ [Row]| -> BTreeMap<i64, Row> {
        rows.iter().enumerate().map(|(i, r)| (key((i, r)), r.clone())).collect()
    };
    let before = rows(&ends.first.1.rows);
    let number = |key: &str| sysctl.and_then(|s| s.number(key));
    let mut out = Softnet {
        max_backlog: number("net.core.netdev_max_backlog"),
        budget: number("net.core.netdev_budget"),
        budget_us: number("net.core.netdev_budget_usecs"),
        ..Softnet::default()
    };
    let per_s = |n: i64| ratio(from_i64(n), ends.span_s).unwrap_or(0.0);
    // A CPU that went on or off line in between is left out.
    for (cpu, row) in rows(&ends.last.1.rows) {
        let Some(was) = before.get(&cpu) else { continue };
        let (dropped, squeezed) =
            (wrapped(was.dropped, row.dropped), wrapped(was.squeezed, row.squeezed));
        let processed_per_s = per_s(wrapped(was.processed, row.processed));
        out.processed_per_s += processed_per_s;
        out.dropped = out.dropped.saturating_add(dropped);
        out.squeezed = out.squeezed.saturating_add(squeezed);
        out.squeezed_per_s_max = out.squeezed_per_s_max.max(per_s(squeezed));
        if dropped > 0 || squeezed > 0 {
            out.cpus.push(SoftnetCpu { cpu, processed_per_s, dropped, squeezed });
        }
    }
    out.dropped_per_s = per_s(out.dropped);
    out.cpus.sort_by_key(|c| std::cmp::Reverse((c.dropped, c.squeezed)));
    out.cpus.truncate(MAX_CPUS);
    Some(out)
}

/// What a counter of 32 bits counted.
fn wrapped(before: u64, after: u64) -> i64 {
    let delta = signed(after).saturating_sub(signed(before));
    if delta < 0 { delta.saturating_add(WIDTH).max(0) } else { delta }
}

fn neighbours(inputs: &Inputs, sysctl: Option<&Runtime>, book: &mut Book) -> Vec<Neighbours> {
    let tables =
        [("IPv4", "ipv4", &inputs.net.arp_cache), ("IPv6", "ipv6", &inputs.net.ndisc_cache)];
    let mut out = Vec::new();
    for (family, key, source) in tables {
        if let Some(found) = table(family, key, source, sysctl) {
            let fact = format!("{NEIGHBOURS}.{}", out.len());
            book.source(fact.as_str(), Locator::entry(source.path.as_str()));
            if found.table_fulls.is_none() {
                book.absent(format!("{fact}.table_fulls"), too_few(&source.path, 1, 2));
            }
            if found.table_fulls_since_boot.is_none() {
                let why = Absence::of(Reason::Missing, &source.path, "no column table_fulls");
                book.absent(format!("{fact}.table_fulls_since_boot"), why.clone());
                book.absent(format!("{fact}.table_fulls"), why);
            }
            out.push(found);
        }
    }
    if out.is_empty() {
        book.absent(NEIGHBOURS, inputs.net.arp_cache.absence());
    }
    out
}

fn table(
    family: &str,
    key: &str,
    source: &Sampled<Counters>,
    sysctl: Option<&Runtime>,
) -> Option<Neighbours> {
    let entries = source.good().filter_map(|(_, c)| c.get("entries")).max()?;
    let fulls: Vec<i64> = source.good().filter_map(|(_, c)| c.get("table_fulls")).collect();
    let delta = match fulls.as_slice() {
        [first, .., last] => last.checked_sub(*first).filter(|d| *d >= 0),
        _ => None,
    };
    let threshold =
        |n: u32| sysctl.and_then(|s| s.number(&format!("net.{key}.neigh.default.gc_thresh{n}")));
    let limit = threshold(3);
    Some(Neighbours {
        family: family.to_owned(),
        key: key.to_owned(),
        entries,
        threshold1: threshold(1),
        threshold2: threshold(2),
        threshold3: limit,
        used_ratio: limit.and_then(|l| ratio(from_i64(entries), from_i64(l))),
        table_fulls: delta,
        table_fulls_since_boot: fulls.last().copied(),
    })
}

fn memory(inputs: &Inputs, sysctl: Option<&Runtime>, book: &mut Book) -> Option<SocketMemory> {
    let source = &inputs.net.sockstat;
    book.first(MEMORY, source)?;
    let places = [&source.path, &inputs.parameters.sysctl.path];
    book.sources(MEMORY, places.map(|p| Locator::entry(p.as_str())).to_vec());
    let page = i64::try_from(inputs.env.page_size_bytes).unwrap_or(4096);
    let peak = |key: &str| source.good().filter_map(|(_, c)| c.get(key)).max();
    let pages = |key: &str, at: usize| {
        let mut values = sysctl?.get(key)?.split_ascii_whitespace();
        values.nth(at)?.parse::<i64>().ok().map(|n| n.saturating_mul(page))
    };
    let bytes = |key: &str| peak(key).map(|n| n.saturating_mul(page));
    let share = |used: Option<i64>, max: Option<i64>| ratio(from_i64(used?), from_i64(max?));
    let (tcp, tcp_max) = (bytes("TCP.mem"), pages("net.ipv4.tcp_mem", 2));
    let (udp, udp_max) = (bytes("UDP.mem"), pages("net.ipv4.udp_mem", 2));
    let known = [("tcp_bytes", tcp), ("udp_bytes", udp)];
    for (field, _) in known.iter().filter(|(_, v)| v.is_none()) {
        let why = Absence::of(Reason::Missing, &source.path, "sockstat does not tell");
        book.absent(format!("{MEMORY}.{field}"), why);
    }
    let protocols = book.first("net.memory.in_pressure", &inputs.net.protocols);
    let in_pressure = protocols.map(|p| {
        let pressed = p.rows.iter().filter(|p| p.is_in_pressure == Some(true));
        pressed.map(|p| p.name.clone()).collect()
    });
    Some(SocketMemory {
        in_pressure,
        tcp_bytes: tcp,
        tcp_pressure_bytes: pages("net.ipv4.tcp_mem", 1),
        tcp_max_bytes: tcp_max,
        tcp_ratio: share(tcp, tcp_max),
        tcp_mem: sysctl.and_then(|s| s.get("net.ipv4.tcp_mem")).map(str::to_owned),
        udp_bytes: udp,
        udp_max_bytes: udp_max,
        udp_ratio: share(udp, udp_max),
        rmem_max_bytes: sysctl.and_then(|s| s.number("net.core.rmem_max")),
    })
}
