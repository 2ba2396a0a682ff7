//! Where an interface stands: its addresses, what it is made of, how it sits on its bus, and what it
//! does when packets come faster than they are taken.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::nics::{Nic, PcieLink};
use crate::facts::site::Cidr;
use crate::locator::Locator;
use crate::parse::ip_route::Route;

use super::One;

impl One<'_> {
    pub(super) fn place(&self, nic: &mut Nic, book: &mut Book) {
        self.addresses(nic, book);
        let lists = self.inputs.net.ip_lists().filter_map(|l| l.first().ok());
        let same: Vec<_> = lists.flat_map(|l| &l.rows).filter(|l| l.name == self.name).collect();
        nic.kind = same.iter().find_map(|l| l.kind.clone());
        let prefix = format!("class/net/{}/lower_", self.name);
        let keys = self.sys.into_iter().flat_map(|p| &p.rows).map(|(key, _)| key);
        let below: BTreeSet<String> =
            keys.filter_map(|k| k.strip_prefix(&prefix)).map(str::to_owned).collect();
        // `if7` is the other end of a pair, in another namespace.
        let parent = same.iter().find_map(|l| l.parent.clone().filter(|p| !p.starts_with("if")));
        nic.stands_on = if below.is_empty() {
            parent.into_iter().collect()
        } else {
            below.into_iter().collect()
        };
        let pause = self.device.and_then(|d| d.pause.as_ref()?.told());
        nic.pause_rx = pause.and_then(|p| p.rx);
        nic.pause_tx = pause.and_then(|p| p.tx);
        let coalesce = self.device.and_then(|d| d.coalesce.as_ref()?.told());
        nic.interrupts_adapt = coalesce.and_then(|c| c.adaptive_rx);
        nic.interrupt_delay_us = coalesce.and_then(|c| c.values.get("rx-usecs"));
        nic.interrupt_packets = coalesce.and_then(|c| c.values.get("rx-frames"));
        nic.interrupt_delay_tx_us = coalesce.and_then(|c| c.values.get("tx-usecs"));
        nic.pcie = self.pcie();
        self.no_place(nic, book);
    }

    fn addresses(&self, nic: &mut Nic, book: &mut Book) {
        let fact = format!("{}.addresses", self.fact);
        let net = &self.inputs.net;
        for list in [&net.ip_addr_json, &net.ip_addr] {
            let Some((reading, rows)) = list.good().next() else { continue };
            let link = rows.rows.iter().find(|l| l.name == self.name);
            let told = link.map_or(&[][..], |l| &l.addresses);
            nic.addresses = told.iter().map(|(ip, bits)| format!("{ip}/{bits}")).collect();
            let entry = list.entry(reading.pass);
            return book.source(
                fact,
                link.and_then(|l| l.line).map_or_else(
                    || Locator::entry(entry.as_str()),
                    |line| Locator::line(entry.as_str(), line),
                ),
            );
        }
        let mut sources = Vec::new();
        if let (Some((a, own)), Some((b, routes))) =
            (net.own_ipv4.good().next(), net.proc_route.good().next())
        {
            sources.push(Locator::entry(net.own_ipv4.entry(a.pass)));
            sources.push(Locator::entry(net.proc_route.entry(b.pass)));
            nic.addresses.extend(on_link(own, &routes.rows, self.name));
        }
        if let Some((reading, rows)) = net.own_ipv6.good().next() {
            sources.push(Locator::entry(net.own_ipv6.entry(reading.pass)));
            let here = rows.rows.iter().filter(|a| a.dev == self.name);
            nic.addresses.extend(here.map(|a| format!("{}/{}", a.address, a.bits)));
        }
        if sources.is_empty() {
            return book.absent(fact, net.ip_addr_json.absence());
        }
        book.sources(fact, sources);
    }

    /// The link that the card has got, and the best that it could have.
    fn pcie(&self) -> Option<PcieLink> {
        let transfers = |file: &str| {
            let word = self.sys(file)?.split_ascii_whitespace().next()?;
            word.parse::<f64>().ok().filter(|n| *n > 0.0)
        };
        // 0 and 255 stand for a width that nobody knows.
        let lanes = |file: &str| self.sys(file)?.parse().ok().filter(|n| (1..=32).contains(n));
        let speed_gt_per_s = transfers("device/current_link_speed")?;
        let best_gt_per_s = transfers("device/max_link_speed")?;
        let (lanes, best_lanes) =
            (lanes("device/current_link_width")?, lanes("device/max_link_width")?);
        let is_slower = speed_gt_per_s < best_gt_per_s || lanes < best_lanes;
        Some(PcieLink { speed_gt_per_s, best_gt_per_s, lanes, best_lanes, is_slower })
    }

    fn no_place(&self, nic: &Nic, book: &mut Book) {
        let path = format!("probes/ethtool/{}.json", self.name);
        let asked = self.device.is_some() || nic.is_virtual == Some(true);
        for (field, known) in [
            ("pause_rx", nic.pause_rx.is_some()),
            ("pause_tx", nic.pause_tx.is_some()),
            ("interrupts_adapt", nic.interrupts_adapt.is_some()),
            ("interrupt_delay_us", nic.interrupt_delay_us.is_some()),
            ("interrupt_packets", nic.interrupt_packets.is_some()),
            ("interrupt_delay_tx_us", nic.interrupt_delay_tx_us.is_some()),
        ] {
            if !known {
                let absence = if asked {
                    Absence::of(Reason::NotApplicable, &path, "the driver does not have it")
                } else {
                    Absence::of(Reason::NotCollected, &path, "")
                };
                book.absent(format!("{}.{field}", self.fact), absence);
            }
        }
        if nic.pcie.is_none() {
            let sys = &self.inputs.net.sys_net;
            let none = Absence::of(Reason::NotApplicable, &sys.path, "no link of PCI Express");
            book.absent(format!("{}.pcie", self.fact), sys.first().err().unwrap_or(none));
        }
        if nic.kind.is_none() {
            let told = self.inputs.net.ip_lists().any(|l| l.first().is_ok());
            let none =
                Absence::new(Reason::NotApplicable, "hardware, or a kind that ip does not name");
            let not = self.inputs.net.ip_link_json.absence();
            book.absent(format!("{}.kind", self.fact), if told { none } else { not });
        }
    }
}

/// Own addresses on the links of an interface: those that a route without a gateway covers, which
/// also tells the length of the network.
fn on_link(own: &BTreeSet<Ipv4Addr>, routes: &[Route], name: &str) -> Vec<String> {
    let links: Vec<(&Route, Cidr)> = routes
        .iter()
        .filter(|r| r.via.is_none() && r.destination != "default")
        .filter_map(|r| Some((r, Cidr::parse(&r.destination)?)))
        .collect();
    let of = |ip: &Ipv4Addr| {
        if name == "lo" && ip.is_loopback() {
            return Some(format!("{ip}/8"));
        }
        let holds = links.iter().filter(|(_, cidr)| cidr.holds(IpAddr::V4(*ip)));
        let (route, cidr) = holds.max_by_key(|(_, cidr)| cidr.bits)?;
        (route.dev.as_deref() == Some(name)).then(|| format!("{ip}/{}", cidr.bits))
    };
    own.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_where_a_route_of_the_link_covers_them() {
        let route = |destination: &str, dev: &str, via: Option<&str>| Route {
            destination: destination.to_owned(),
            dev: Some(dev.to_owned()),
            via: via.map(str::to_owned),
            ..Route::default()
        };
        let routes = [
            route("default", "eth0", Some("10.0.0.1")),
            route("10.0.0.0/16", "eth0", None),
            route("10.0.7.0/24", "eth1", None),
            route("192.168.0.0/16", "eth1", Some("10.0.7.1")),
        ];
        let own = ["10.0.0.5", "10.0.7.5", "127.0.0.1", "192.168.1.1"];
        let own = own.iter().map(|a| a.parse().unwrap()).collect();
        assert_eq!(on_link(&own, &routes, "eth0"), ["10.0.0.5/16"]);
        assert_eq!(on_link(&own, &routes, "eth1"), ["10.0.7.5/24"]);
        assert_eq!(on_link(&own, &routes, "lo"), ["127.0.0.1/8"]);
    }
}
