//! Network interfaces.

use std::collections::BTreeSet;

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{NOT_APPLICABLE, Row, Table, below};
use crate::facts::nics::Nic;
use crate::report::units::Unit;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Nics {
    /// One row an interface, in the order of the tree, hardware first.
    pub table: Table,
    /// Hardware and link, errors, bonds.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

impl Nics {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let mut table = Table::new(
            "Network interfaces, each below what it is a member of or goes through",
            &[
                "Name",
                "Driver",
                "State",
                "#Speed",
                "Duplex",
                "#MTU",
                "#RX ring",
                "#RX largest",
                "#TX ring",
                "#TX largest",
                "#Received",
                "#Sent",
                "#Lost, ring full",
                "#Lost since boot",
                "Queue",
                "#Dropped by it",
            ],
        )
        .sortable();
        for (i, depth) in tree(&cx.facts.tree.nics.items) {
            let at = format!("nics.{i}");
            let of = |f: &str| cx.cell(&format!("{at}.{f}"));
            let version = of("driver_version");
            let version = if version.absent.is_none() { version.text } else { String::new() };
            table.push(Row::of(
                &at,
                vec![
                    below(cx.code(&format!("{at}.name")), depth),
                    of("driver").with_note(version),
                    of("state"),
                    of("speed_mbit_per_s"),
                    of("duplex"),
                    cx.cell_in(&format!("{at}.mtu_bytes"), Unit::Plain),
                    of("ring.rx"),
                    of("ring.rx_max"),
                    of("ring.tx"),
                    of("ring.tx_max"),
                    of("rx_bytes"),
                    of("tx_bytes"),
                    of("rx_ring_overflows"),
                    of("rx_ring_overflows_since_boot"),
                    of("qdisc.kind"),
                    of("qdisc.drops"),
                ],
            ));
        }
        let mut more: Vec<Table> =
            TABLES.iter().map(|(c, f)| bounded(cx.rows("nics", c, f, MAX_ROWS))).collect();
        if let Some(link) = more.first_mut() {
            link.fold("MAC", "Name");
            link.drop_column_of("Stands on", "none");
        }
        if let Some(hardware) = more.get_mut(1) {
            hardware.fold("Bus", "Device");
            // Software has none of this: its rows would be dashes.
            let nics = &cx.facts.tree.nics.items;
            let of = |r: &Row| r.fact.as_deref()?.strip_prefix("nics.")?.parse::<usize>().ok();
            hardware.rows.retain(|r| {
                let nic = of(r).and_then(|i| nics.get(i));
                nic.is_none_or(|n| n.is_virtual != Some(true) || !n.offloads_off.is_empty())
            });
        }
        // An interface without a packet has no error to count.
        if let Some(errors) = more.last_mut() {
            errors.rows.retain(|r| r.cells.iter().skip(1).any(|c| c.text != "0" && c.text != "?"));
        }
        Self { table: bounded(table), tables: more, notes }
    }
}

/// Rows at most.
const MAX_ROWS: usize = 64;
/// A chain of interfaces longer than this is not drawn further.
const MAX_DEPTH: usize = 6;

/// Indices in the order of the tree, each with its depth, hardware first. A member stands below its
/// bond or bridge, a VLAN or tunnel below what it goes through.
fn tree(nics: &[Nic]) -> Vec<(usize, usize)> {
    let index = |name: &str| nics.iter().position(|n| n.name == name);
    let parent = |nic: &Nic| {
        let through = || {
            // A bond stands on its members, which stand below it.
            let lower = nic.stands_on.iter().filter_map(|n| index(n));
            lower.into_iter().find(|i| {
                nics.get(*i).is_some_and(|l| l.master.as_deref() != Some(nic.name.as_str()))
            })
        };
        nic.master.as_deref().and_then(index).or_else(through)
    };
    let parents: Vec<Option<usize>> = nics.iter().map(parent).collect();
    let mut starts: Vec<usize> = (0..nics.len()).collect();
    // What is part of a circle has no root: it comes last, rather than not at all.
    starts.sort_by_key(|i| {
        let nic = nics.get(*i);
        (parents.get(*i) != Some(&None), nic.and_then(|n| n.is_virtual) == Some(true))
    });
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for start in starts {
        let mut stack = vec![(start, 0)];
        while let Some((i, depth)) = stack.pop() {
            if !seen.insert(i) {
                continue;
            }
            order.push((i, depth));
            if depth < MAX_DEPTH {
                let of = |j: &usize| parents.get(*j) == Some(&Some(i));
                stack.extend((0..nics.len()).rev().filter(of).map(|j| (j, depth + 1)));
            }
        }
    }
    order
}

type Fields<'a> = &'a [(&'static str, &'a str)];

const TABLES: [(&str, Fields<'_>); 3] = [
    (
        "Link: what it could be, what it is, what it belongs to",
        &[
            ("`Name", "name"),
            ("`MAC", "mac"),
            ("`Addresses", "addresses"),
            ("Port", "port"),
            ("Autoneg", "autoneg"),
            ("#Supported", "supported_mbit_per_s"),
            ("#Advertised", "advertised_mbit_per_s"),
            ("#Partner", "partner_mbit_per_s"),
            ("#Now", "speed_mbit_per_s"),
            ("Duplex", "duplex"),
            ("#Link changes", "carrier_changes"),
            ("Kind", "kind"),
            ("`Stands on", "stands_on"),
            ("`Member of", "master"),
            ("`Bond", "bond.mode"),
            ("#Members up", "bond.working"),
            ("#Members", "bond.wanted"),
        ],
    ),
    (
        "Hardware: bus, firmware, queues, interrupts, pauses, offloads, module",
        &[
            ("`Name", "name"),
            ("Device", "product"),
            ("`Bus", "bus"),
            ("`Firmware", "firmware"),
            ("#Receive queues", "rx_queues"),
            ("Adaptive", "interrupts_adapt"),
            ("#Waits", "interrupt_delay_us"),
            ("#or for packets", "interrupt_packets"),
            ("#Waits, sent", "interrupt_delay_tx_us"),
            ("Obeys pauses", "pause_rx"),
            ("Sends pauses", "pause_tx"),
            ("#PCIe GT/s", "pcie.speed_gt_per_s"),
            ("#GT/s possible", "pcie.best_gt_per_s"),
            ("#Lanes", "pcie.lanes"),
            ("#Lanes possible", "pcie.best_lanes"),
            ("Offloads off", "offloads_off"),
            ("Module", "module.part_number"),
            ("#Module °C", "module.temperature_c"),
            ("#Light received, dBm", "module.rx_power_dbm"),
            ("Module alarms", "module.alarms"),
            ("#Rings spread over", "rss.rings_used"),
            ("#of", "rss.rings"),
        ],
    ),
    (
        "Errors and drops in the window",
        &[
            ("`Name", "name"),
            ("#Packets", "errors.packets"),
            ("#Received bad", "errors.rx_errors"),
            ("#checksum", "errors.rx_crc"),
            ("#dropped", "errors.rx_dropped"),
            ("#Not sent", "errors.tx_errors"),
            ("#dropped", "errors.tx_dropped"),
            ("#Collisions", "errors.collisions"),
            ("#Carrier lost", "errors.carrier"),
            ("#Errors since boot", "errors_since_boot"),
        ],
    ),
];

fn bounded(mut table: Table) -> Table {
    table.limit(200, "");
    table.keep_known_columns();
    // A software device without a ring is no gap; its cells say why in their title.
    for cell in table.rows.iter_mut().flat_map(|r| &mut r.cells) {
        if cell.absent.as_deref().is_some_and(|why| why.contains(NOT_APPLICABLE)) {
            *cell = Cell { text: "–".to_owned(), ..cell.clone() };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nic(name: &str, master: Option<&str>, stands_on: &[&str]) -> Nic {
        Nic {
            name: name.to_owned(),
            master: master.map(str::to_owned),
            stands_on: stands_on.iter().map(|n| (*n).to_owned()).collect(),
            is_virtual: Some(!name.starts_with("eth")),
            ..Nic::default()
        }
    }

    #[test]
    fn members_stand_below_their_bond_and_a_vlan_below_it_too() {
        let nics = [
            nic("bond0", None, &["eth0", "eth1"]),
            nic("bond0.7", None, &["bond0"]),
            nic("eth0", Some("bond0"), &[]),
            nic("eth1", Some("bond0"), &[]),
            nic("eth2", None, &[]),
        ];
        assert_eq!(tree(&nics), [(4, 0), (0, 0), (1, 1), (2, 1), (3, 1)]);
    }

    #[test]
    fn a_circle_is_shown_and_ends() {
        let nics = [nic("a", Some("b"), &[]), nic("b", Some("a"), &[])];
        assert_eq!(tree(&nics), [(0, 0), (1, 1)]);
    }
}
