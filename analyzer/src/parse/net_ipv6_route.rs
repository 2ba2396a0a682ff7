//! `/proc/net/ipv6_route`: IPv6 routes of all tables.
//!
//! `rt6_info_route` / `ipv6_route_native_seq_show` of `net/ipv6/route.c`, flags of
//! `include/uapi/linux/ipv6_route.h`
//!
//! ```text
//! destination                      len source                           len next hop … metric refs use flags device
//! fd000000000000000000000000000000 40 00000000000000000000000000000000 00 000…0 00000100 00000001 00000000 00000001     eth0
//! ```
//!
//! Stands in for `ip route` where that was not run. Everything is hexadecimal.

use std::net::Ipv6Addr;

use super::ip_route::Route;
use super::{ParseError, Rows};

const GATEWAY: u64 = 2;
const REJECT: u64 = 0x200;
/// What the kernel made for its own addresses (`RTF_LOCAL`), or for one packet (`RTF_CACHE`,
/// `RTF_ANYCAST`).
const NOT_OF_A_TABLE: u64 = 0x8000_0000 | 0x0100_0000 | 0x0010_0000;

/// Reads all routes as records of `ip route`, those of the kernel's own addresses and of multicast as
/// ones of the table `local`; a damaged row is a problem beside the others.
///
/// # Errors
/// Rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Route>, ParseError> {
    Rows::of(text, |mut f| {
        let destination = address(f.word("destination")?);
        let bits = f.hex("prefix length")?;
        let via = address(f.pass(2).word("next hop")?);
        let metric = f.hex("metric")?;
        let flags = f.pass(2).hex("flags")?;
        let dev = f.word("device")?.to_owned();
        let (Some(destination), Some(via), 0..=128) = (destination, via, bits) else {
            return Err(f.error("two addresses of 32 digits and a prefix length"));
        };
        let own = flags & NOT_OF_A_TABLE != 0 || destination.is_multicast();
        let rejects = flags & REJECT != 0;
        let mut route = Route {
            kind: if rejects { "unreachable" } else { "unicast" }.to_owned(),
            destination: match bits {
                0 => "default".to_owned(),
                128 => destination.to_string(),
                bits => format!("{destination}/{bits}"),
            },
            via: (flags & GATEWAY != 0).then(|| via.to_string()),
            dev: Some(dev),
            table: own.then(|| "local".to_owned()),
            line: f.line,
            ..Route::default()
        };
        route.text = route.as_ip_prints(Some(metric));
        Ok(Some(route))
    })
}

fn address(digits: &str) -> Option<Ipv6Addr> {
    let bits = (digits.len() == 32).then(|| u128::from_str_radix(digits, 16).ok())?;
    bits.map(Ipv6Addr::from_bits)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
fd000000000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_tables_and_the_kernels_own() {
        let rows = parse(SAMPLE).unwrap().rows;
        let lines: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(lines[0], "fd00::/64 dev eth0 metric 256");
        assert_eq!(lines[1], "default via fe80::1 dev eth0 metric 1024");
        assert_eq!((rows[2].table.as_deref(), rows[1].table.as_deref()), (Some("local"), None));
        assert_eq!(rows[3].kind, "unreachable");
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("fd00 40\n").is_err());
    }
}
