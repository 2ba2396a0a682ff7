//! Network interfaces.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{NOT_APPLICABLE, Row, Table};
use crate::report::units::Unit;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Nics {
    /// One row an interface, hardware first.
    pub table: Table,
    /// Hardware and link, errors, bonds.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

impl Nics {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let mut table = Table::new(
            "Network interfaces",
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
        let mut order: Vec<usize> = (0..cx.facts.tree.nics.items.len()).collect();
        order.sort_by_key(|i| {
            cx.facts.tree.nics.items.get(*i).and_then(|n| n.is_virtual) == Some(true)
        });
        for i in order {
            let at = format!("nics.{i}");
            let of = |f: &str| cx.cell(&format!("{at}.{f}"));
            let version = of("driver_version");
            let version = if version.absent.is_none() { version.text } else { String::new() };
            table.push(Row::of(
                &at,
                vec![
                    cx.code(&format!("{at}.name")),
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
        if let Some(hardware) = more.first_mut() {
            hardware.fold("MAC", "Name");
            hardware.fold("Bus", "Device");
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

type Fields<'a> = &'a [(&'static str, &'a str)];

const TABLES: [(&str, Fields<'_>); 2] = [
    (
        "Hardware and link",
        &[
            ("`Name", "name"),
            ("Device", "product"),
            ("`Bus", "bus"),
            ("`MAC", "mac"),
            ("`Addresses", "addresses"),
            ("`Firmware", "firmware"),
            ("Port", "port"),
            ("Autoneg", "autoneg"),
            ("#Supported", "supported_mbit_per_s"),
            ("#Partner", "partner_mbit_per_s"),
            ("#Link changes", "carrier_changes"),
            ("#Receive queues", "rx_queues"),
            ("Adaptive", "interrupts_adapt"),
            ("#Waits", "interrupt_delay_us"),
            ("Obeys pauses", "pause_rx"),
            ("Sends pauses", "pause_tx"),
            ("#PCIe GT/s", "pcie.speed_gt_per_s"),
            ("#GT/s possible", "pcie.best_gt_per_s"),
            ("#Lanes", "pcie.lanes"),
            ("#Lanes possible", "pcie.best_lanes"),
            ("Offloads off", "offloads_off"),
            ("Kind", "kind"),
            ("`Stands on", "stands_on"),
            ("`Member of", "master"),
            ("`Bond", "bond.mode"),
            ("#Members up", "bond.working"),
            ("#Members", "bond.wanted"),
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
