//! `/proc/net/if_inet6`: the own IPv6 addresses.
//!
//! `if6_seq_show` of `net/ipv6/addrconf.c`
//!
//! ```text
//! address                          index length scope flags device
//! fd000000000000000000000000000002 04    40     00    82    eth0
//! ```

use std::net::Ipv6Addr;

use super::{ParseError, Rows};

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: Ipv6Addr,
    /// Bits of its network.
    pub bits: u8,
    /// Interface.
    pub dev: String,
}

/// Reads all addresses; a damaged row is a problem beside the others.
///
/// # Errors
/// Rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Address>, ParseError> {
    Rows::of(text, |mut f| {
        let digits = f.word("address")?;
        let address = (digits.len() == 32).then(|| u128::from_str_radix(digits, 16).ok()).flatten();
        let bits = u8::try_from(f.pass(1).hex("prefix length")?).ok().filter(|n| *n <= 128);
        let dev = f.pass(2).word("device")?.to_owned();
        let (Some(address), Some(bits)) = (address, bits) else {
            return Err(f.error("an address of 32 digits and its prefix length"));
        };
        Ok(Some(Address { address: Ipv6Addr::from_bits(address), bits, dev }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
fd000000000000000000000000000002 04 40 00 82     eth0
00000000000000000000000000000001 01 80 10 80       lo
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_their_networks() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[0].address.to_string().as_str(), rows[0].bits), ("fd00::2", 64));
        assert_eq!((rows[1].dev.as_str(), rows[1].bits), ("lo", 128));
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("x 04 40 00 82 eth0\n").is_err());
    }
}
