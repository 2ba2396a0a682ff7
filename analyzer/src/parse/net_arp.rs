//! `/proc/net/arp`: IPv4 neighbours of the host's namespace.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_net.5.html>, `arp_format_neigh_entry` of
//! `net/ipv4/arp.c`
//!
//! ```text
//! IP address       HW type     Flags       HW address            Mask     Device
//! 192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
//! ```
//!
//! Entries without an answer yet, or without one any more, are listed with the flags 0x0.

use super::{ParseError, Rows};

/// `ATF_COM`: the hardware address is known.
const COMPLETE: u64 = 2;
/// `ATF_PERM`: set by hand.
const PERMANENT: u64 = 4;

/// One neighbour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArpEntry {
    /// Its address.
    pub address: String,
    /// `complete`, `incomplete` or `permanent`.
    pub state: &'static str,
    /// Interface.
    pub dev: String,
    /// Line.
    pub line: u32,
}

/// Reads all neighbours; a damaged row is a problem beside the others.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<ArpEntry>, ParseError> {
    if !text.trim_ascii_start().starts_with("IP address") {
        return Err(ParseError::new(1, text, "the heading `IP address  HW type …`"));
    }
    Rows::of(text, |mut f| {
        let address = f.word("address")?.to_owned();
        if address == "IP" {
            return Ok(None);
        }
        let flags = f.pass(1).word("flags")?;
        let flags = u64::from_str_radix(flags.trim_start_matches("0x"), 16)
            .map_err(|e| f.error(format!("flags in hexadecimal ({e})")))?;
        let state = match flags {
            n if n & PERMANENT != 0 => "permanent",
            n if n & COMPLETE != 0 => "complete",
            _ => "incomplete",
        };
        let dev = f.pass(2).word("device")?.to_owned();
        Ok(Some(ArpEntry { address, state, dev, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answered() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[0].address.as_str(), rows[0].state), ("192.0.2.1", "complete"));
        assert_eq!((rows[1].state, rows[1].dev.as_str(), rows[1].line), ("incomplete", "eth0", 3));
        assert_eq!(parse(&SAMPLE.replace("0x2 ", "0x6 ")).unwrap().rows[0].state, "permanent");
        assert!(parse("").is_err());
        assert_eq!(parse(&format!("{SAMPLE}x 0x1\n")).unwrap().damaged, 1);
    }
}
