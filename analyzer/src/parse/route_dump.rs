//! `probes/netns/<inode>/routes`: routes of all tables with what they set, replies of rtnetlink as
//! they came.
//!
//! <https://man7.org/linux/man-pages/man7/rtnetlink.7.html>, `struct rtmsg`, `RTA_*` and `RTAX_*` of
//! `include/uapi/linux/rtnetlink.h`
//!
//! A payload is netlink messages back to back: 16 bytes of `nlmsghdr`, 12 bytes of `rtmsg`, then
//! attributes. What `ip -d route show table all` prints, in namespaces where nobody runs it:
//!
//! ```text
//! unicast default via 10.7.0.1 dev d0 table main proto boot scope global metric 100 rto_min lock 20ms
//! ```

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::binary::Binary;
use super::ip_route::Route;
use super::netlink::{self, attributes};
use super::{ParseEnv, ParseError, Rows};

const MESSAGE: usize = 12;
const NEXT_HOP: usize = 8;
const RTM_NEWROUTE: u16 = 24;
/// A route that the kernel made for one destination (`RTM_F_CLONED`).
const CLONED: u32 = 0x200;
const DST: u16 = 1;
const OIF: u16 = 4;
const GATEWAY: u16 = 5;
const PRIORITY: u16 = 6;
const METRICS: u16 = 8;
const MULTIPATH: u16 = 9;
const TABLE: u16 = 15;
const VIA: u16 = 18;
/// What a route may set, by its number (`RTAX_*`), as `ip` calls it.
const NAMES: [&str; 18] = [
    "",
    "lock",
    "mtu",
    "window",
    "rtt",
    "rttvar",
    "ssthresh",
    "cwnd",
    "advmss",
    "reordering",
    "hoplimit",
    "initcwnd",
    "features",
    "rto_min",
    "initrwnd",
    "quickack",
    "congctl",
    "fastopen_no_cookie",
];
/// Kinds of routes by their number (`RTN_UNICAST` is 1).
const KINDS: [&str; 9] = [
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
];
const LOCK: u16 = 1;
const RTT: u16 = 4;
const RTTVAR: u16 = 5;
const RTO_MIN: u16 = 13;
const CONGCTL: u16 = 16;

/// One way of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Next router.
    pub via: Option<IpAddr>,
    /// The device, by its index.
    pub ifindex: Option<u32>,
    /// Its weight among several.
    pub weight: u16,
}

/// One route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DumpedRoute {
    /// `unicast`, `local`, `blackhole`.
    pub kind: &'static str,
    /// `default` or a prefix.
    pub destination: String,
    /// Number of its table; 254 is `main`, 255 `local`.
    pub table: u32,
    /// Of two routes to one destination the smaller one goes first.
    pub metric: Option<u32>,
    /// Its way; several of a multipath route.
    pub hops: Vec<Hop>,
    /// What it sets, as `ip` prints it: `mtu lock 1400 rto_min lock 20ms`.
    pub sets: String,
    /// Lower bound of the retransmission timeout on it.
    pub rto_min_ms: Option<f64>,
}

impl Hop {
    fn print(self, name: impl Fn(u32) -> String, text: &mut String) {
        text.push_str(" nexthop");
        if let Some(via) = self.via {
            let _ = write!(text, " via {via}");
        }
        if let Some(dev) = self.ifindex.map(name) {
            let _ = write!(text, " dev {dev}");
        }
        let _ = write!(text, " weight {}", self.weight);
    }
}

impl DumpedRoute {
    /// The record of `ip route`; `name` gives the name of a device.
    #[must_use]
    pub fn route(&self, name: impl Fn(u32) -> String) -> Route {
        let first = self.hops.first();
        let mut route = Route {
            kind: self.kind.to_owned(),
            destination: self.destination.clone(),
            via: first.and_then(|h| h.via).map(|via| via.to_string()),
            dev: first.and_then(|h| h.ifindex).map(&name),
            table: match self.table {
                254 => None,
                255 => Some("local".to_owned()),
                253 => Some("default".to_owned()),
                n => Some(n.to_string()),
            },
            rto_min_ms: self.rto_min_ms,
            ..Route::default()
        };
        let metric = self.metric.map(u64::from);
        route.text = if self.hops.len() > 1 {
            let mut text = Route { via: None, dev: None, ..route.clone() }.as_ip_prints(metric);
            self.hops.iter().for_each(|hop| hop.print(&name, &mut text));
            text
        } else {
            route.as_ip_prints(metric)
        };
        if let Some(table) = &route.table {
            let _ = write!(route.text, " table {table}");
        }
        if !self.sets.is_empty() {
            let _ = write!(route.text, " {}", self.sets);
        }
        route
    }
}

/// Reads all routes; a damaged message is a problem beside them.
///
/// # Errors
/// Not one route in a payload that is not empty.
pub fn parse(bytes: &[u8], env: &ParseEnv) -> Result<Rows<DumpedRoute>, ParseError> {
    netlink::messages(bytes, env.little_endian, "a route of IPv4 or IPv6", |kind, body| {
        let family = body.u8(0);
        let is_cloned = body.u32(8).is_some_and(|flags| flags & CLONED != 0);
        // Multicast routes and labels (MPLS) have families of their own.
        let is_meant =
            kind == RTM_NEWROUTE && !is_cloned && family.is_none_or(|f| f == 2 || f == 10);
        is_meant.then(|| route(body))
    })
}

fn route(body: Binary<'_>) -> Option<DumpedRoute> {
    let (family, bits) = (body.u8(0)?, body.u8(1)?);
    let kind = usize::from(body.u8(7)?).checked_sub(1).and_then(|n| KINDS.get(n));
    let mut route = DumpedRoute {
        kind: kind.copied().unwrap_or("unknown"),
        table: body.u8(4)?.into(),
        ..DumpedRoute::default()
    };
    let (mut destination, mut hop) = (None, Hop { weight: 1, ..Hop::default() });
    for (kind, value) in attributes(body.part(MESSAGE, body.bytes.len())?) {
        match kind {
            DST => destination = address(value),
            PRIORITY => route.metric = value.u32(0),
            TABLE => route.table = value.u32(0).unwrap_or(route.table),
            METRICS => metrics(&mut route, value),
            MULTIPATH => route.hops = hops(value),
            _ => way(&mut hop, kind, value),
        }
    }
    let full = if family == 2 { 32 } else { 128 };
    route.destination = match (destination, bits) {
        (_, 0) => "default".to_owned(),
        (Some(ip), bits) if bits == full => ip.to_string(),
        (Some(ip), bits) if bits < full => format!("{ip}/{bits}"),
        _ => return None,
    };
    if route.hops.is_empty() && (hop.via.is_some() || hop.ifindex.is_some()) {
        route.hops.push(hop);
    }
    Some(route)
}

fn way(hop: &mut Hop, kind: u16, value: Binary<'_>) {
    match kind {
        OIF => hop.ifindex = value.u32(0),
        GATEWAY => hop.via = address(value),
        // The router of another family: 2 bytes of family, then its address.
        VIA => hop.via = value.part(2, value.bytes.len()).and_then(address),
        _ => {}
    }
}

/// `struct rtnexthop`, each with attributes of its own.
fn hops(mut rest: Binary<'_>) -> Vec<Hop> {
    let mut hops = Vec::new();
    while let Some(length) = rest.u16(0).map(usize::from).filter(|n| *n >= NEXT_HOP) {
        let weight = rest.u8(3).map_or(1, |w| u16::from(w) + 1);
        let mut hop = Hop { ifindex: rest.u32(4), via: None, weight };
        let Some(inner) = rest.part(NEXT_HOP, length) else { break };
        attributes(inner).for_each(|(kind, value)| way(&mut hop, kind, value));
        hops.push(hop);
        let Some(after) = rest.part(length.next_multiple_of(4), rest.bytes.len()) else { break };
        rest = after;
    }
    hops
}

fn metrics(route: &mut DumpedRoute, nested: Binary<'_>) {
    let locked = attributes(nested).find(|(kind, _)| *kind == LOCK);
    let locked = locked.and_then(|(_, value)| value.u32(0)).unwrap_or(0);
    for (kind, value) in attributes(nested) {
        let name = NAMES.get(usize::from(kind)).copied().unwrap_or("").trim();
        if kind == LOCK || name.is_empty() {
            continue;
        }
        let is_locked = locked >> kind & 1 != 0;
        let lock = if is_locked { "lock " } else { "" };
        let gap = if route.sets.is_empty() { "" } else { " " };
        let text = if kind == CONGCTL {
            let end = value.bytes.split(|b| *b == 0).next().unwrap_or_default();
            String::from_utf8_lossy(end).into_owned()
        } else {
            let Some(n) = value.u32(0) else { continue };
            match kind {
                RTT => format!("{}ms", n / 8),
                RTTVAR => format!("{}ms", n / 4),
                RTO_MIN => format!("{n}ms"),
                _ => n.to_string(),
            }
        };
        // The kernel reads this one alone only where it is locked, which `ip` does unasked.
        if kind == RTO_MIN && is_locked {
            route.rto_min_ms = value.u32(0).map(f64::from);
        }
        let _ = write!(route.sets, "{gap}{name} {lock}{text}");
    }
}

fn address(value: Binary<'_>) -> Option<IpAddr> {
    match value.bytes.len() {
        4 => value.raw::<4>(0).map(|a| Ipv4Addr::from(a).into()),
        16 => value.raw::<16>(0).map(|a| Ipv6Addr::from(a).into()),
        _ => None,
    }
}

/// A namespace with routes of many kinds (Linux 6.18, x86-64).
#[cfg(test)]
pub(crate) const SAMPLE: &[u8] = include_bytes!("../../testdata/rtnetlink_routes");

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    fn lines() -> Vec<(String, Option<f64>)> {
        let rows = parse(SAMPLE, &ENV).unwrap();
        assert_eq!(rows.problems, []);
        let name =
            |i| ["lo", "d1", "d0"][[1, 7, 8].iter().position(|n| *n == i).unwrap()].to_owned();
        let routes = rows.rows.iter().map(|r| r.route(name)).filter(Route::leads_out);
        routes.map(|r| (r.text, r.rto_min_ms)).collect()
    }

    /// As `ip -d route show table all` printed it at that moment, without protocol and scope.
    #[test]
    fn routes_are_those_of_ip() {
        let lines = lines();
        let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
        let expected = [
            "198.51.100.0/24 via 10.7.0.9 dev d0 table 77",
            "default via 10.7.0.1 dev d0 metric 100 rto_min lock 20ms quickack 1",
            "10.7.0.0/16 dev d0",
            "10.9.0.0/16 nexthop via 10.7.0.3 dev d0 weight 2 nexthop via 10.7.0.4 dev d0 weight 1 \
             mtu lock 1400 initcwnd 20 rto_min lock 40ms",
            "10.9.9.9 dev d0 rtt 80ms congctl bbr",
            "blackhole 192.0.2.0/24",
            "203.0.113.0/24 via fd07::1 dev d0",
            "fd07::/64 dev d0 metric 256",
            "fd08::/48 via fd07::1 dev d0 metric 1024 rto_min lock 30ms",
        ];
        for line in expected {
            assert!(texts.contains(&line), "{line} is not among {texts:#?}");
        }
        let set: Vec<f64> = lines.iter().filter_map(|(_, ms)| *ms).collect();
        assert_eq!(set, [20.0, 40.0, 30.0]);
    }

    #[test]
    fn a_cut_payload_keeps_what_is_whole() {
        let whole = parse(SAMPLE, &ENV).unwrap().rows.len();
        let cut = parse(&SAMPLE[..SAMPLE.len() - 4], &ENV).unwrap();
        assert_eq!((cut.rows.len(), cut.damaged), (whole - 1, 1));
        assert_eq!(parse(b"", &ENV).unwrap().rows, []);
        assert!(parse(&[7; 40], &ENV).is_err());
    }
}
