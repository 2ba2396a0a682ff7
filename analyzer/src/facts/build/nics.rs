//! Chapter: network interfaces of the host's namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::Counters;
use crate::parse::ethtool::{Answer, Device, Refusal};
use crate::parse::ip_link::IpLink;
use crate::parse::net_dev::Interface;

use super::super::env::Env;
use super::super::inputs::Inputs;
use super::super::kernel_log::KernelLog;
use super::super::method::num::{len, signed};
use super::super::nics::{Counter, Nic, Ring};
use super::super::plan::Pack;
use super::super::site::Site;
use super::super::{List, Seen};
use super::devices::{self, Devices};
use super::window::Window;
use super::{Book, Lists};

/// Memory of one descriptor's buffer; drivers take 2 to 4 KiB.
const BUFFER_BYTES: i64 = 2048;
const FACT: &str = "nics";
/// Statistics of sysfs that count frames lost for want of ring space.
const STANDARD: [&str; 2] = ["rx_missed_errors", "rx_fifo_errors"];
/// Parts of driver statistics that do, behind `rx`.
const DRIVER: [&str; 7] =
    ["no_buf", "nobuf", "no_dma", "out_of_buffer", "missed", "discards_phy", "ring_full"];

mod counters;
mod link;
mod offloads;
mod place;
mod port;
mod qdisc;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    (env, site): (&Env, &Site),
    log: &KernelLog,
    book: &mut Book,
    lists: &mut Lists,
) -> List<Nic> {
    let sys = inputs.net.sys_net.first().ok();
    let devices = devices::devices(inputs);
    let names = names(inputs, sys, &devices);
    if names.is_empty() {
        let absence = inputs.net.sys_net.first().err().unwrap_or_else(|| {
            Absence::of(Reason::Missing, &inputs.net.sys_net.path, "no interfaces")
        });
        book.absent(FACT, absence);
        return List::default();
    }
    book.sources(FACT, sources(inputs));
    let items: Vec<Nic> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let device = devices.get(name);
            One { inputs, window, env, site, log, sys, device, name, fact: format!("{FACT}.{i}") }
                .nic(book)
        })
        .collect();
    let seen = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let what = "interfaces seen".to_owned();
    lists.insert(
        FACT.to_owned(),
        Seen { what, seen, expected: seen, gaps: Vec::new(), others: None },
    );
    List { items }
}

/// Where the list was read.
fn sources(inputs: &Inputs) -> Vec<Locator> {
    let mut read = vec![(inputs.net.sys_net.first().is_ok(), &inputs.net.sys_net.path)];
    read.push((inputs.net.net_dev.first().is_ok(), &inputs.net.net_dev.path));
    read.extend(inputs.net.ip_lists().map(|l| (l.first().is_ok(), &l.path)));
    read.into_iter().filter(|(is, _)| *is).map(|(_, path)| Locator::entry(path.as_str())).collect()
}

/// Interfaces by sysfs, the counters, `ip` and ethtool: whichever were read.
fn names(inputs: &Inputs, sys: Option<&Pack<String, String>>, devices: &Devices) -> Vec<String> {
    let of_sysfs = sys.into_iter().flat_map(|p| p.rows.iter()).filter_map(|(key, _)| {
        let (name, _) = key.strip_prefix("class/net/")?.split_once('/')?;
        Some(name.to_owned())
    });
    let dev = inputs.net.net_dev.first().ok();
    let of_counters = dev.into_iter().flat_map(|r| r.rows.iter().map(|i| i.name.clone()));
    let links = inputs.net.ip_lists().filter_map(|l| l.first().ok());
    let of_ip = links.flat_map(|rows| rows.rows.iter().map(|link| link.name.clone()));
    let all = of_sysfs.chain(of_counters).chain(of_ip).chain(devices.keys().cloned());
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Statistics of sysfs by name.
type Statistics = BTreeMap<&'static str, i64>;

/// One interface while it is read.
struct One<'a> {
    inputs: &'a Inputs,
    window: &'a Window,
    env: &'a Env,
    site: &'a Site,
    log: &'a KernelLog,
    sys: Option<&'a Pack<String, String>>,
    device: Option<&'a Device>,
    name: &'a str,
    fact: String,
}

impl One<'_> {
    fn nic(&self, book: &mut Book) -> Nic {
        let device = self.device;
        let ip = devices::link(self.inputs, self.name);
        let ethtool = self.inputs.net.ethtool.get(&format!("{}.json", self.name));
        let told = device.and_then(|d| d.driver.as_ref()?.told()?.driver.clone());
        let linked = self.sys("device/driver").map(|to| to.rsplit('/').next().unwrap_or(to));
        let link = device.and_then(|d| d.link.as_ref()?.told());
        let speed = self.sys("speed").and_then(|s| s.parse::<i64>().ok()).filter(|s| *s > 0);
        let full = |full: bool| if full { "full" } else { "half" }.to_owned();
        let duplex = self.sys("duplex").filter(|d| *d != "unknown").map(str::to_owned);
        let channels = device.and_then(|d| d.channels.as_ref()?.told());
        let mut nic = Nic {
            name: self.name.to_owned(),
            driver: told.or_else(|| linked.map(str::to_owned)),
            is_virtual: device
                .and_then(of_bus)
                .or_else(|| self.sys.map(|_| self.sys("device").is_none() && linked.is_none()))
                .or_else(|| of_ip(ip?)),
            state: self
                .sys("operstate")
                .map(str::to_owned)
                .or_else(|| Some(ip?.state.as_ref()?.to_ascii_lowercase())),
            speed_mbit_per_s: speed.or_else(|| link?.speed_mbit_per_s.map(signed)),
            duplex: duplex.or_else(|| link?.full_duplex.map(full)),
            mtu_bytes: self
                .sys("mtu")
                .and_then(|m| m.parse().ok())
                .or_else(|| ip?.mtu_bytes.map(i64::from)),
            rx_queues: self.queues(device),
            queues: channels.and_then(|c| c.combined).map(signed),
            queues_max: channels.and_then(|c| c.combined_max).map(signed),
            ..Nic::default()
        };
        nic.ring = self.ring(device, &nic, book);
        if let Some(readings) = ethtool
            && let Some((reading, _)) = readings.good().next()
        {
            let entry = readings.entry(reading.pass);
            book.source(format!("{}.ring", self.fact), Locator::entry(entry));
        } else if nic.ring.is_some() {
            let text = devices::text_path(self.inputs, "-g", self.name);
            book.source(format!("{}.ring", self.fact), Locator::entry(text));
        }
        self.traffic(&mut nic, book);
        self.overflows(&mut nic, book);
        self.link(&mut nic);
        self.place(&mut nic, book);
        self.expected(&mut nic, book);
        self.errors(&mut nic, book);
        self.allowances(&mut nic, book);
        self.offloads(&mut nic, book);
        self.port(&mut nic, book);
        nic.bond = self.bond(book);
        nic.qdisc = self.qdisc(book);
        self.absences(&nic, book);
        nic
    }

    fn sys(&self, file: &str) -> Option<&str> {
        let key = format!("class/net/{}/{file}", self.name);
        self.sys?.get(key.as_str()).map(String::as_str).filter(|v| !v.is_empty())
    }

    fn queues(&self, device: Option<&Device>) -> Option<i64> {
        let channels = device.and_then(|d| d.channels.as_ref()?.told());
        let told = channels.map(|c| c.rx.unwrap_or(0).saturating_add(c.combined.unwrap_or(0)));
        let prefix = format!("class/net/{}/queues/", self.name);
        let of_sysfs = || {
            let keys = self.sys?.rows.iter().filter_map(|(key, _)| key.strip_prefix(&prefix));
            let queues: BTreeSet<&str> =
                keys.filter_map(|k| k.split('/').next()).filter(|q| q.starts_with("rx-")).collect();
            (!queues.is_empty()).then(|| len(queues.len()))
        };
        told.filter(|n| *n > 0).map(signed).or_else(of_sysfs)
    }

    fn ring(&self, device: Option<&Device>, nic: &Nic, book: &mut Book) -> Option<Ring> {
        let fact = format!("{}.ring", self.fact);
        let path = format!("probes/ethtool/{}.json", self.name);
        let absent = |reason, detail: &str| Absence::of(reason, &path, detail);
        let absence = match device.and_then(|d| d.ring.as_ref()) {
            Some(Answer::Told(ring)) => {
                let (rx, rx_max) = (ring.rx.map(signed), ring.rx_max.map(signed));
                let suggested = rx
                    .zip(rx_max)
                    .filter(|(rx, max)| *rx > 0 && rx < max)
                    .map(|(rx, max)| rx.saturating_mul(2).min(max));
                let queues = nic.rx_queues.unwrap_or(1).max(1);
                let cost = |to: i64| {
                    to.saturating_sub(rx.unwrap_or(0))
                        .saturating_mul(BUFFER_BYTES * queues.min(4096))
                };
                return Some(Ring {
                    rx,
                    rx_max,
                    tx: ring.tx.map(signed),
                    tx_max: ring.tx_max.map(signed),
                    rx_suggested: suggested,
                    rx_suggested_cost_bytes: suggested.map(cost),
                });
            }
            Some(Answer::Refused(why)) => match why {
                Refusal::NotSupported => absent(Reason::Missing, "the driver has no ring settings"),
                Refusal::NotPermitted => absent(Reason::Denied, "EPERM"),
                Refusal::NoDevice => absent(Reason::Vanished, "ENODEV"),
                Refusal::Other(detail) => absent(Reason::Failed, detail),
            },
            None if nic.is_virtual == Some(true) => {
                absent(Reason::NotApplicable, "a software device has no ring")
            }
            None => match self.inputs.net.ethtool.get(&format!("{}.json", self.name)) {
                Some(readings) if readings.first().is_err() => readings.absence(),
                _ => absent(Reason::NotCollected, ""),
            },
        };
        book.absent(fact, absence);
        None
    }

    /// Packets and bytes in the window.
    fn traffic(&self, nic: &mut Nic, book: &mut Book) {
        let Some((first, last)) = self.counters() else {
            for field in ["rx_packets", "tx_packets", "rx_bytes", "tx_bytes"] {
                let few = super::book::too_few(&self.inputs.net.net_dev.path, 1, 2);
                let absence = self.inputs.net.net_dev.first().err().unwrap_or(few);
                book.absent(format!("{}.{field}", self.fact), absence);
            }
            return;
        };
        let delta = |read: fn(&Interface) -> u64| read(last).checked_sub(read(first)).map(signed);
        nic.rx_packets = delta(|i| i.rx_packets);
        nic.tx_packets = delta(|i| i.tx_packets);
        nic.rx_bytes = delta(|i| i.rx_bytes);
        nic.tx_bytes = delta(|i| i.tx_bytes);
    }

    /// The counters of the interface at both ends of the window.
    fn counters(&self) -> Option<(&Interface, &Interface)> {
        let ends = self.window.ends(&self.inputs.net.net_dev)?;
        let of = |rows: &'_ crate::parse::Rows<Interface>| {
            rows.rows.iter().position(|i| i.name == self.name)
        };
        let (first, last) = (ends.first.1, ends.last.1);
        Some((first.rows.get(of(first)?)?, last.rows.get(of(last)?)?))
    }

    /// Frames lost because the ring was full. One lost frame can stand in several counters, so the
    /// groups of counters are not added up: the largest of them counts.
    fn overflows(&self, nic: &mut Nic, book: &mut Book) {
        let fact = format!("{}.rx_ring_overflows", self.fact);
        let mut grown: BTreeMap<String, i64> = BTreeMap::new();
        let mut looked = false;
        if let Some((first, last)) = self.standard() {
            looked = true;
            for name in STANDARD {
                let delta = |p: &Statistics| p.get(name).copied();
                if let (Some(a), Some(b)) = (delta(&first), delta(&last)) {
                    grown.insert(name.to_owned(), b.saturating_sub(a));
                }
            }
        }
        if let Some((first, last)) = self.driver_stats() {
            looked = true;
            for (name, after) in last.iter().filter(|(name, _)| is_overflow(name)) {
                let before = first.get(name).unwrap_or(0);
                grown.entry(name.to_owned()).or_insert(after.saturating_sub(before));
            }
        }
        if let Some((first, last)) = self.counters() {
            let fifo = last.rx_fifo_errors.checked_sub(first.rx_fifo_errors).map(signed);
            // Missed frames are inside the drops here: no drops, no missed frames.
            looked |= fifo.is_some() && last.rx_dropped == first.rx_dropped;
            if let Some(fifo) = fifo.filter(|n| *n > 0) {
                looked = true;
                grown.entry("rx_fifo_errors".to_owned()).or_insert(fifo);
            }
        }
        nic.rx_ring_overflows_since_boot = self.since_boot();
        if nic.rx_ring_overflows_since_boot.is_none() {
            let absence =
                Absence::of(Reason::Missing, &self.inputs.net.sys_net.path, "no statistics");
            book.absent(format!("{fact}_since_boot"), absence);
        }
        if !looked {
            let absence = super::book::too_few(&self.inputs.net.sys_net.path, 1, 2);
            book.absent(fact, absence);
            return;
        }
        let of_driver = |name: &&String| !STANDARD.contains(&name.as_str());
        let driver: i64 = grown
            .iter()
            .filter(|(n, _)| of_driver(n))
            .map(|(_, d)| *d.max(&0))
            .fold(0, i64::saturating_add);
        let standard = grown.iter().filter(|(n, _)| !of_driver(n)).map(|(_, d)| *d).max();
        nic.rx_ring_overflows = Some(driver.max(standard.unwrap_or(0)).max(0));
        nic.rx_ring_counters = grown
            .into_iter()
            .filter(|(_, delta)| *delta > 0)
            .map(|(name, delta)| Counter { name, delta })
            .collect();
    }

    /// Standard statistics of sysfs at two times, if they were read twice.
    fn standard(&self) -> Option<(Statistics, Statistics)> {
        self.standard_of(&STANDARD)
    }

    fn standard_of(&self, names: &[&'static str]) -> Option<(Statistics, Statistics)> {
        let packs: Vec<&Pack<String, String>> =
            self.inputs.net.sys_net.good().map(|(_, pack)| pack).collect();
        let (first, last) = (packs.first()?, packs.get(1..)?.last()?);
        let of = |pack: &Pack<String, String>| {
            let value = |name: &&'static str| {
                let key = format!("class/net/{}/statistics/{name}", self.name);
                Some((*name, pack.get(key.as_str())?.parse().ok()?))
            };
            names.iter().filter_map(value).collect::<Statistics>()
        };
        let (first, last) = (of(first), of(last));
        (!first.is_empty() && !last.is_empty()).then_some((first, last))
    }

    /// Statistics of the driver at two times.
    fn driver_stats(&self) -> Option<(&Counters, &Counters)> {
        let readings = self.inputs.net.ethtool.get(&format!("{}.json", self.name))?;
        let stats: Vec<&Counters> =
            readings.good().filter_map(|(_, d)| d.stats.as_ref()?.told()).collect();
        Some((*stats.first()?, *stats.get(1..)?.last()?))
    }

    fn since_boot(&self) -> Option<i64> {
        let of_sysfs = STANDARD
            .iter()
            .filter_map(|name| self.sys(&format!("statistics/{name}"))?.parse::<i64>().ok())
            .max();
        let stats = self.device.and_then(|d| d.stats.as_ref()?.told());
        let of_driver = stats.map(|s| {
            let hits = s.iter().filter(|(name, _)| is_overflow(name) && !STANDARD.contains(name));
            hits.map(|(_, n)| n.max(0)).fold(0, i64::saturating_add)
        });
        of_sysfs.max(of_driver)
    }

    /// Why the rest is absent.
    fn absences(&self, nic: &Nic, book: &mut Book) {
        let known = [
            ("driver", nic.driver.is_some()),
            ("is_virtual", nic.is_virtual.is_some()),
            ("state", nic.state.is_some()),
            ("speed_mbit_per_s", nic.speed_mbit_per_s.is_some()),
            ("duplex", nic.duplex.is_some()),
            ("mtu_bytes", nic.mtu_bytes.is_some()),
            ("rx_queues", nic.rx_queues.is_some()),
            ("queues", nic.queues.is_some()),
            ("queues_max", nic.queues_max.is_some()),
            ("link", nic.link.is_some()),
            ("is_used", nic.is_used.is_some()),
            ("carrier_changes", nic.carrier_changes.is_some()),
        ];
        self.not_here(nic, book);
        for (field, _) in known.into_iter().filter(|(_, known)| !known) {
            let absence = self.inputs.net.sys_net.first().err().unwrap_or_else(|| {
                Absence::of(
                    Reason::Missing,
                    &self.inputs.net.sys_net.path,
                    "the device does not tell",
                )
            });
            book.absent(format!("{}.{field}", self.fact), absence);
        }
    }
}

/// `ip` tells the kind of what is made by software, and the loopback; not of every kind.
fn of_ip(link: &IpLink) -> Option<bool> {
    let is = link.kind.is_some() || link.flags.iter().any(|flag| flag == "LOOPBACK");
    is.then_some(true)
}

/// Hardware has a bus. Absent where the driver did not say: some hardware hides its own.
fn of_bus(device: &Device) -> Option<bool> {
    const SOFTWARE: [&str; 8] =
        ["bonding", "bridge", "dummy", "openvswitch", "team", "tun", "veth", "vxlan"];
    let driver = device.driver.as_ref()?.told()?;
    let named = driver.driver.as_deref().is_some_and(|d| SOFTWARE.contains(&d));
    if named { Some(true) } else { driver.bus_info.as_ref().map(|_| false) }
}

/// A statistic that says "the ring was full": `rx` and behind it one of the known words.
fn is_overflow(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    STANDARD.contains(&name)
        || lower.split_once("rx").is_some_and(|(_, rest)| DRIVER.iter().any(|w| rest.contains(w)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn driver_statistics_that_mean_a_full_ring() {
        for name in [
            "rx_no_buffer_count",
            "rx_missed",
            "rx3_nobuf",
            "rx_queue_0_rx_no_dma_resources",
            "rx_out_of_buffer",
            "rx_discards_phy",
            "port.rx_ring_full",
            "rx_missed_errors",
        ] {
            assert!(is_overflow(name), "{name}");
        }
        for name in ["tx_no_buf", "rx_packets", "rx_errors", "missed_beacons"] {
            assert!(!is_overflow(name), "{name}");
        }
    }
}
