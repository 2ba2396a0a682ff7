//! `/proc/net/protocols`: memory and state of each protocol.
//!
//! `proto_seq_printf` of `net/core/sock.c`
//!
//! ```text
//! protocol  size sockets  memory press maxhdr  slab module     cl co di ac io …
//! TCP       2208     91       7   no     320   yes  kernel      y  y  y  y  y …
//! ```
//!
//! `memory` is in pages, -1 where the protocol does not account it, and `press` then `NI`. The last
//! columns, what a protocol implements, differ by kernel and are not read.

use super::{ParseError, Rows};

/// One protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtocolMemory {
    /// `TCP`, `UDPv6`, `SCTP`.
    pub name: String,
    /// Sockets of the namespace.
    pub sockets: i64,
    /// Memory of the sockets of the whole host in pages.
    pub pages: Option<i64>,
    /// The protocol restrains itself now, since its memory is above its mark.
    pub is_in_pressure: Option<bool>,
}

/// Reads the table; a damaged row is a problem beside the others.
///
/// # Errors
/// Not one row could be read.
pub fn parse(text: &str) -> Result<Rows<ProtocolMemory>, ParseError> {
    Rows::of(text, |mut f| {
        let name = f.word("protocol")?;
        if name == "protocol" {
            return Ok(None);
        }
        let mut number = |what: &'static str| -> Result<i64, ParseError> {
            let word = f.word(what)?;
            word.parse().ok().ok_or_else(|| f.error(what))
        };
        number("size")?;
        let (sockets, pages) = (number("sockets")?, number("memory in pages")?);
        let is_in_pressure = match f.word("press")? {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let pages = (pages >= 0).then_some(pages);
        Ok(Some(ProtocolMemory { name: name.to_owned(), sockets, pages, is_in_pressure }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re sp bi br ha uh gp em
PACKET    1472      1      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
UDPv6     1344      0       1   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  n  y  y  y  n
TCP       2208     91       7   no     320   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        let rows = parse(SAMPLE).unwrap().rows;
        let told: Vec<_> =
            rows.iter().map(|p| (&*p.name, p.sockets, p.pages, p.is_in_pressure)).collect();
        assert_eq!(
            told,
            [
                ("PACKET", 1, None, None),
                ("UDPv6", 0, Some(1), None),
                ("TCP", 91, Some(7), Some(false)),
            ]
        );
        let pressed = parse(&SAMPLE.replace("   no     320", "  yes     320")).unwrap();
        assert_eq!(pressed.rows[2].is_in_pressure, Some(true));
        assert!(parse("TCP 2208\n").is_err());
        assert_eq!(parse("").unwrap().rows, []);
    }
}
