//! The link: what it could be, what it is, who relies on it; bonds.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::absence::{Absence, Reason};
use crate::facts::build::{Book, devices};
use crate::facts::kernel_log::{Events, Subject};
use crate::facts::method::num::{len, signed, to_i64};
use crate::facts::nics::{Bond, BondMember, Nic};
use crate::facts::plan::Sampled;
use crate::locator::Locator;
use crate::parse::bonding::Slave;
use crate::parse::ethtool::mode_speed;

use super::One;

/// Drivers made for virtual machines: what they call speed is no speed of a wire.
const PARAVIRTUAL: [&str; 9] = [
    "virtio_net",
    "virtio-pci",
    "vmxnet3",
    "ena",
    "gve",
    "mana",
    "hv_netvsc",
    "xen_netfront",
    "vif",
];
/// Drivers of old hardware that hypervisors play.
const EMULATED: [&str; 7] =
    ["e1000", "e1000e", "8139cp", "8139too", "pcnet32", "ne2k-pci", "tulip"];

impl One<'_> {
    /// What the port, the partner and the interface itself tell.
    pub(super) fn link(&self, nic: &mut Nic) {
        let driver = self.device.and_then(|d| d.driver.as_ref()?.told());
        let link = self.device.and_then(|d| d.link.as_ref()?.told());
        nic.driver_version = driver.and_then(|d| d.version.clone());
        nic.firmware = driver.and_then(|d| d.firmware.clone());
        nic.bus = driver.and_then(|d| d.bus_info.clone());
        nic.product = nic.bus.as_deref().and_then(|bus| devices::pci_device(self.inputs, bus));
        nic.mac = self.sys("address").map(str::to_owned);
        let named = nic.driver.as_deref();
        nic.is_paravirtual = named.map(|d| PARAVIRTUAL.contains(&d));
        let in_vm = self.env.kind.as_deref().map(|k| k == "vm");
        nic.is_emulated = named.zip(in_vm).map(|(d, vm)| vm && EMULATED.contains(&d));
        nic.is_wireless = self.name.starts_with("wl");
        nic.link = match self.sys("carrier") {
            Some(carrier) => Some(carrier == "1"),
            None => link.and_then(|l| l.detected),
        };
        let master = self.sys("master").and_then(|to| to.rsplit('/').next()).map(str::to_owned);
        let ip = devices::link(self.inputs, self.name);
        nic.master = master.or_else(|| ip?.master.clone());
        nic.in_bridge = self.sys.map(|_| self.sys("brport/state").is_some());
        nic.is_used = self.is_used(nic.master.as_deref());
        nic.autoneg = link.and_then(|l| l.autoneg);
        nic.port = link.and_then(|l| l.port.clone());
        let fastest = |modes: Option<&Vec<String>>| {
            modes?.iter().filter_map(|m| mode_speed(m)).max().map(signed)
        };
        nic.supported_mbit_per_s = fastest(link.and_then(|l| l.supported.as_ref()));
        nic.advertised_mbit_per_s = fastest(link.and_then(|l| l.advertised.as_ref()));
        nic.partner_mbit_per_s = fastest(link.and_then(|l| l.partner.as_ref()));
        nic.carrier_changes = self.sys("carrier_changes").and_then(|n| n.parse().ok());
        let of = |events: Option<&Events>, count: fn(&Subject) -> i64| {
            let subject = events?.subjects.iter().find(|s| s.name == self.name);
            Some(subject.map_or(0, count))
        };
        nic.link_downs_in_window = of(self.log.link_down.as_ref(), |s| s.in_window);
        nic.tx_timeouts_in_day = of(self.log.tx_timeout.as_ref(), |s| s.in_day);
    }

    /// The speed that the operator told for it.
    pub(super) fn expected(&self, nic: &mut Nic, book: &mut Book) {
        let told = self.site.nics.iter().position(|n| n.name == self.name);
        nic.expected_mbit_per_s =
            told.and_then(|i| self.site.nics.get(i)).map(|n| to_i64(n.speed_mbit_per_s));
        let fact = format!("{}.expected_mbit_per_s", self.fact);
        match told {
            Some(i) => book.source(fact, Locator::facts([format!("site.nics.{i}")])),
            None => book.absent(
                fact,
                Absence::new(Reason::NotTold, "[[nic]] in a file of --site tells it"),
            ),
        }
    }

    /// Whether something relies on it: an address, a route, a bond.
    fn is_used(&self, master: Option<&str>) -> Option<bool> {
        let net = &self.inputs.net;
        if master.is_some_and(|m| net.bonding.contains_key(m)) {
            return Some(true);
        }
        let named = |s: &Sampled<BTreeSet<String>>| Some(s.first().ok()?.contains(self.name));
        match (named(&net.route_names), named(&net.inet6_names)) {
            (None, None) => {
                let ip = devices::link(self.inputs, self.name)?;
                net.ip_addr.first().ok()?;
                Some(ip.addresses.iter().any(|(a, _)| !is_local(a)))
            }
            (a, b) => Some(a == Some(true) || b == Some(true)),
        }
    }

    pub(super) fn bond(&self, book: &mut Book) -> Option<Bond> {
        let fact = format!("{}.bond", self.fact);
        let Some(readings) = self.inputs.net.bonding.get(self.name) else {
            book.absent(fact, Absence::new(Reason::NotApplicable, "no bond"));
            return None;
        };
        let bond = book.known(&fact, readings.first())?;
        book.source(fact, Locator::entry(&readings.path));
        let member = |s: &Slave| BondMember {
            name: s.name.clone(),
            up: s.up,
            speed_mbit_per_s: s.speed_mbit_per_s.map(signed),
            failures: s.failures.map(signed),
            in_active_aggregator: s.aggregator.zip(bond.active_aggregator).map(|(a, b)| a == b),
        };
        let members: Vec<BondMember> = bond.slaves.iter().map(member).collect();
        let works = |m: &&BondMember| m.up == Some(true) && m.in_active_aggregator != Some(false);
        let speeds: BTreeSet<i64> = members.iter().filter_map(|m| m.speed_mbit_per_s).collect();
        let partner = self.sys("bonding/ad_partner_mac").map(|mac| mac == "00:00:00:00:00:00");
        let lost = self.log.bond_member_down.as_ref().map(|events| {
            let ours = |name: &str| members.iter().any(|m| m.name == name) || name == self.name;
            let each = events.subjects.iter().filter(|s| ours(&s.name));
            each.map(|s| s.in_window).fold(0, i64::saturating_add)
        });
        Some(Bond {
            mode: bond.mode.clone(),
            working: len(members.iter().filter(works).count()),
            wanted: len(members.len()),
            partner_missing: partner.filter(|_| bond.mode.contains("802.3ad")),
            speeds_differ: (!speeds.is_empty()).then_some(speeds.len() > 1),
            is_watched: bond.polling_ms.map(|ms| ms > 0),
            losses_in_window: lost,
            members,
        })
    }

    /// What an interface of this kind does not have.
    pub(super) fn not_here(&self, nic: &Nic, book: &mut Book) {
        let known = [
            ("supported_mbit_per_s", nic.supported_mbit_per_s.is_some()),
            ("advertised_mbit_per_s", nic.advertised_mbit_per_s.is_some()),
            ("partner_mbit_per_s", nic.partner_mbit_per_s.is_some()),
            ("autoneg", nic.autoneg.is_some()),
            ("port", nic.port.is_some()),
            ("firmware", nic.firmware.is_some()),
            ("driver_version", nic.driver_version.is_some()),
            ("bus", nic.bus.is_some()),
            ("master", nic.master.is_some()),
            ("mac", nic.mac.is_some()),
            ("product", nic.product.is_some()),
            ("is_paravirtual", nic.is_paravirtual.is_some()),
            ("is_emulated", nic.is_emulated.is_some()),
            ("lro", nic.lro.is_some()),
        ];
        let path = format!("probes/ethtool/{}.json", self.name);
        for (field, _) in known.into_iter().filter(|(_, known)| !known) {
            let absence = if self.device.is_some() || nic.is_virtual == Some(true) {
                Absence::of(Reason::NotApplicable, &path, "the device does not have it")
            } else {
                Absence::of(Reason::NotCollected, &path, "")
            };
            book.absent(format!("{}.{field}", self.fact), absence);
        }
        if nic.tx_timeouts_in_day.is_none() {
            for field in ["link_downs_in_window", "tx_timeouts_in_day"] {
                book.absent(format!("{}.{field}", self.fact), book.why("kernel_log"));
            }
        }
    }
}

/// An address that no other host can use.
fn is_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V6(a) => a.segments().first().is_some_and(|s| s & 0xffc0 == 0xfe80),
        IpAddr::V4(a) => a.is_link_local(),
    }
}
