//! `/proc/net/route`: IPv4 routes of the main table and those of others that the kernel lists.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_net.5.html>
//!
//! ```text
//! Iface  Destination  Gateway   Flags  RefCnt  Use  Metric  Mask      MTU  Window  IRTT
//! eth0   00000000     010200C0  0003   0       0    0       00000000  0    0       0
//! ```
//!
//! Stands in for `ip route` where that was not run. Addresses are in host byte order.

use std::net::Ipv4Addr;

use super::ip_route::Route;
use super::{ParseEnv, ParseError, Rows};

/// The route leads through a gateway (`RTF_GATEWAY`).
const GATEWAY: u64 = 2;
/// The route rejects (`RTF_REJECT`).
const REJECT: u64 = 0x200;

/// Reads all routes as records of `ip route`; a damaged row is a problem beside the others.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str, env: &ParseEnv) -> Result<Rows<Route>, ParseError> {
    if !text.trim_ascii_start().starts_with("Iface") {
        return Err(ParseError::new(1, text, "the heading `Iface Destination Gateway …`"));
    }
    let address = |n: u64| {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        Ipv4Addr::from(if env.little_endian { n.to_le_bytes() } else { n.to_be_bytes() })
    };
    Rows::of(text, |mut f| {
        let dev = f.word("interface")?;
        if dev == "Iface" {
            return Ok(None);
        }
        let (destination, gateway) = (f.hex("destination")?, f.hex("gateway")?);
        let flags = f.hex("flags")?;
        let metric = f.pass(2).num("metric").ok();
        let mask = f.hex("mask")?;
        let prefix = address(mask).to_bits().leading_ones();
        let destination = match (destination, mask) {
            (0, 0) => "default".to_owned(),
            (to, _) if prefix == 32 => address(to).to_string(),
            (to, _) => format!("{}/{prefix}", address(to)),
        };
        let rejects = flags & REJECT != 0;
        let mut route = Route {
            kind: if rejects { "unreachable" } else { "unicast" }.to_owned(),
            destination,
            via: (flags & GATEWAY != 0).then(|| address(gateway).to_string()),
            // A route that rejects stands with `*` for its interface.
            dev: (dev != "*").then(|| dev.to_owned()),
            line: f.line,
            ..Route::default()
        };
        route.text = route.as_ip_prints(metric);
        Ok(Some(route))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000000A\t00000000\t0200\t0\t0\t0\t000000FF\t0\t0\t0
";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn addresses_are_in_host_order() {
        let rows = parse(SAMPLE, &ENV).unwrap().rows;
        let told: Vec<_> = rows
            .iter()
            .map(|r| (r.kind.as_str(), r.destination.as_str(), r.via.as_deref(), r.dev.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("unicast", "default", Some("192.0.2.1"), Some("eth0")),
                ("unicast", "192.0.2.0/24", None, Some("eth0")),
                ("unreachable", "10.0.0.0/8", None, None),
            ]
        );
        let lines: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(
            lines,
            ["default via 192.0.2.1 dev eth0", "192.0.2.0/24 dev eth0", "unreachable 10.0.0.0/8"]
        );
        let big = SAMPLE.replace("010200C0", "C0000201");
        let env = ParseEnv { little_endian: false, ..ENV };
        assert_eq!(parse(&big, &env).unwrap().rows[0].via.as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn without_routes_and_without_heading() {
        let heading = SAMPLE.lines().next().unwrap();
        assert!(parse(heading, &ENV).unwrap().rows.is_empty());
        assert!(parse("", &ENV).is_err());
        let damaged = format!("{SAMPLE}eth0\tzz\n");
        assert_eq!(parse(&damaged, &ENV).unwrap().damaged, 1);
    }
}
