//! A network: an address and how many of its first bits count.

use std::net::IpAddr;

/// `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    addr: IpAddr,
    /// Bits that count.
    pub bits: u8,
}

/// All bits of an address, left-aligned, and how many it has.
fn bits_of(addr: IpAddr) -> (u128, u8) {
    match addr {
        IpAddr::V4(a) => (u128::from(a.to_bits()) << 96, 32),
        IpAddr::V6(a) => (a.to_bits(), 128),
    }
}

impl Cidr {
    /// Reads one; an address alone is a network of one host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (addr, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let addr: IpAddr = addr.trim().parse().ok()?;
        let all = bits_of(addr).1;
        let bits = bits.map_or(Some(all), |b| b.trim().parse().ok())?;
        (bits <= all).then_some(Self { addr, bits })
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn holds(self, addr: IpAddr) -> bool {
        let ((own, all), (other, length)) = (bits_of(self.addr), bits_of(addr));
        let differ = own ^ other;
        all == length && (self.bits == 0 || differ >> (128 - u32::from(self.bits)) == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |net: &str, ip: &str| Cidr::parse(net).unwrap().holds(ip.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        for bad in ["", "10.0.0.0/33", "10.0/8", "x", "10.0.0.0/-1", "::/129"] {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
    }
}
