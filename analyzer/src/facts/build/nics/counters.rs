//! Errors, drops and allowances: growth of counters over the window.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::window::seconds;
use crate::facts::method::num::{from_i64, ratio, signed};
use crate::facts::nics::{Counter, Nic, NicErrors};
use crate::locator::Locator;
use crate::parse::Rows;
use crate::parse::ip_stats::LinkCounters;
use crate::parse::net_dev::Interface;

use super::One;

/// Statistics of drivers that count wrong checksums.
const CRC: [&str; 5] =
    ["rx_crc_errors", "rx_crc_errors_phy", "rx_fcs_errors", "port.rx_crc_errors", "rx_crc_err"];
/// Drivers whose cloud counts what it took away.
const SHAPED: [&str; 3] = ["ena", "gve", "mana"];

impl One<'_> {
    pub(super) fn errors(&self, nic: &mut Nic, book: &mut Book) {
        let fact = format!("{}.errors", self.fact);
        let source = &self.inputs.net.net_dev;
        let row = source.first().ok().and_then(|r| r.rows.iter().find(|i| i.name == self.name));
        nic.errors_since_boot = row.map(|i| signed(i.rx_errors.saturating_add(i.tx_errors)));
        let of_ip = |rows: &Rows<LinkCounters>| {
            let link = rows.rows.iter().find(|l| l.name == self.name)?;
            Some(signed(link.rx_errors.saturating_add(link.tx_errors)))
        };
        let told = nic.errors_since_boot;
        nic.errors_since_boot =
            book.or_first(&format!("{fact}_since_boot"), told, &self.inputs.net.ip_stats, of_ip);
        if nic.errors_since_boot.is_none() {
            book.absent(format!("{fact}_since_boot"), source.absence());
        }
        let (Some((first, last)), Some(ends)) = (self.counters(), self.window.ends(source)) else {
            let absence = source.first().err().unwrap_or_else(|| too_few(&source.path, 1, 2));
            for field in ["errors", "traffic_mbit_per_s"] {
                book.absent(format!("{}.{field}", self.fact), absence.clone());
            }
            return;
        };
        let passes = [ends.first.0.pass, ends.last.0.pass];
        book.sources(fact, passes.map(|p| Locator::entry(source.entry(p))).into());
        let grown = |of: fn(&Interface) -> u64| of(last).checked_sub(of(first)).map(signed);
        let bytes = grown(|i| i.rx_bytes).zip(grown(|i| i.tx_bytes));
        nic.traffic_mbit_per_s =
            bytes.and_then(|(r, t)| ratio(from_i64(r.saturating_add(t)) * 8.0 / 1e6, ends.span_s));
        let Some(received) = grown(|i| i.rx_packets) else { return };
        let of = |of: fn(&Interface) -> u64| grown(of).unwrap_or(0);
        let (rx_errors, tx_errors) = (of(|i| i.rx_errors), of(|i| i.tx_errors));
        let (rx_dropped, tx_dropped) = (of(|i| i.rx_dropped), of(|i| i.tx_dropped));
        let sent = of(|i| i.tx_packets);
        let both = received.saturating_add(sent);
        let share =
            |part: i64, rest: i64| ratio(from_i64(part), from_i64(rest.saturating_add(part)));
        nic.errors = Some(NicErrors {
            rx_errors,
            tx_errors,
            rx_crc: self.crc(),
            rx_dropped,
            tx_dropped,
            collisions: of(|i| i.tx_collisions),
            carrier: of(|i| i.tx_carrier_errors),
            packets: both,
            error_ratio: share(rx_errors.saturating_add(tx_errors), both),
            tx_drop_ratio: share(tx_dropped, sent),
            rx_drop_ratio: share(rx_dropped, received),
            rx_dropped_per_s: from_i64(rx_dropped) / ends.span_s,
        });
    }

    /// Wrong checksums, as the driver counts them, or the kernel for all drivers.
    fn crc(&self) -> Option<i64> {
        let of_driver = self.driver_stats().and_then(|(first, last)| {
            let grown = |name: &str| Some(last.get(name)?.saturating_sub(first.get(name)?).max(0));
            CRC.iter().filter_map(|name| grown(name)).max()
        });
        of_driver.or_else(|| {
            let (first, last) = self.standard_of(&["rx_crc_errors"])?;
            let of = |statistics: BTreeMap<_, i64>| statistics.into_values().next();
            Some(of(last)?.saturating_sub(of(first)?).max(0))
        })
    }

    /// What the cloud took away because the instance is too small for it.
    pub(super) fn allowances(&self, nic: &mut Nic, book: &mut Book) {
        let fact = format!("{}.allowance_exceeded_per_s", self.fact);
        let path = format!("probes/ethtool/{}.json", self.name);
        if !nic.driver.as_deref().is_some_and(|d| SHAPED.contains(&d)) {
            let none = Absence::new(Reason::NotApplicable, "no card of a cloud that counts");
            book.absent(fact, none);
            return;
        }
        let Some((first, last)) = self.driver_stats() else {
            book.absent(fact, too_few(&path, 1, 2));
            return;
        };
        let counted = last.iter().filter(|(name, _)| name.ends_with("_allowance_exceeded"));
        let grown: Vec<Counter> = counted
            .filter_map(|(name, after)| {
                let delta = after.saturating_sub(first.get(name)?).max(0);
                Some(Counter { name: name.to_owned(), delta })
            })
            .collect();
        if grown.is_empty() {
            let none = Absence::of(Reason::NotApplicable, path, "the driver has no such counters");
            book.absent(fact, none);
            return;
        }
        let sum = grown.iter().map(|c| c.delta).fold(0, i64::saturating_add);
        nic.allowance_exceeded_per_s = ratio(from_i64(sum), self.stats_span_s());
        nic.allowance_counters = grown.into_iter().filter(|c| c.delta > 0).collect();
        book.source(fact, Locator::entry(path));
    }

    /// Time between the first and the last statistics of the driver.
    fn stats_span_s(&self) -> f64 {
        let readings = self.inputs.net.ethtool.get(&format!("{}.json", self.name));
        let times: Vec<u64> =
            readings.into_iter().flat_map(|r| r.good().map(|(r, _)| r.mono_us)).collect();
        let ends = times.first().zip(times.last());
        ends.map_or(0.0, |(a, b)| seconds(b.saturating_sub(*a)))
    }
}
