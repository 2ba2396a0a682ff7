//! Output of `ethtool -x DEV`: which receive ring each entry of the hash's table leads to.
//!
//! <https://docs.kernel.org/networking/scaling.html>, <https://man7.org/linux/man-pages/man8/ethtool.8.html>
//!
//! ```text
//! RX flow hash indirection table for eth0 with 4 RX ring(s):
//!     0:      0     1     2     3     0     1     2     3
//! RSS hash key:
//! Operation not supported
//! ```
//!
//! The key and the function of the hash are not kept: they do not tell how much a ring gets.

use std::collections::BTreeMap;

use super::super::ethtool::Answer;
use super::super::{ParseError, lines};
use super::answer;

/// Rings by the entries that lead to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indirection {
    /// Receive rings of the device.
    pub rings: u64,
    /// Entries of the table by ring; a ring without one is not here.
    pub entries: BTreeMap<u32, u64>,
}

/// `ethtool -x`.
///
/// # Errors
/// Neither a table nor a complaint of the tool, or an entry that is no number.
pub fn parse(text: &str) -> Result<Answer<Indirection>, ParseError> {
    let mut table = None;
    for (line, row) in lines(text) {
        if row.starts_with("RX flow hash indirection table for") {
            let rings = row.rsplit_once(" with ").and_then(|(_, n)| n.split_once(" RX ring"));
            let rings = rings.and_then(|(n, _)| n.parse().ok());
            let bad = || ParseError::new(Some(line), row, "`with N RX ring(s)`");
            table = Some(Indirection { rings: rings.ok_or_else(bad)?, ..Indirection::default() });
        } else if row.starts_with("RSS hash key") {
            break;
        } else if let (Some(table), Some((first, rings))) = (&mut table, row.split_once(':'))
            && first.trim_ascii().parse::<u32>().is_ok()
        {
            for ring in rings.split_ascii_whitespace() {
                let bad = |_| ParseError::new(Some(line), row, "numbers of rings");
                let entries = table.entries.entry(ring.parse().map_err(bad)?).or_default();
                *entries = entries.saturating_add(1);
            }
        }
    }
    // A driver without a table has the heading, and the refusal below it.
    let told = table.filter(|t| !t.entries.is_empty());
    answer(text, told, "`RX flow hash indirection table for …`")
}

#[cfg(test)]
pub(in super::super) const SAMPLE: &str = "\
RX flow hash indirection table for eth0 with 34 RX ring(s):
    0:      0     1     2     3     4     5     6     7
    8:      8     9    10    11    12    13    14    15
   16:     16    17    18    19    20    21    22    23
   24:     24    25    26    27    28    29    30    31
   32:     32    33     0     1     2     3     4     5
RSS hash key:
84:50:f4:00:a8:15:d1:a7:e9:7f:1d:60:35:c7:47:25:42:97:74:ca:56:bb:b6:a1
RSS hash function:
    toeplitz: on
    xor: off
    crc32: off
";

#[cfg(test)]
mod tests {
    use super::super::super::ethtool::Refusal;
    use super::*;

    #[test]
    fn rings_and_their_entries() {
        let Ok(Answer::Told(t)) = parse(SAMPLE) else { panic!("no table") };
        assert_eq!((t.rings, t.entries.len()), (34, 34));
        assert_eq!((t.entries[&5], t.entries[&6], t.entries.values().sum::<u64>()), (2, 1, 40));
    }

    #[test]
    fn a_driver_without_a_key_has_a_table_all_the_same() {
        let text = "RX flow hash indirection table for eth0 with 2 RX ring(s):\n    0:      0     1\n\
            RSS hash key:\nOperation not supported\n";
        let Ok(Answer::Told(t)) = parse(text) else { panic!("no table") };
        assert_eq!(t.entries, BTreeMap::from([(0, 1), (1, 1)]));
    }

    #[test]
    fn without_a_table() {
        let virtio = "RX flow hash indirection table for eth0 with 1 RX ring(s):\n\
            Operation not supported\nRSS hash key:\nOperation not supported\n\
            RSS hash function:\n    toeplitz: on\n";
        let old = "Cannot get RX flow hash indirection table size: Operation not supported\n";
        for text in [virtio, old, "netlink error: Operation not supported\n"] {
            assert_eq!(parse(text), Ok(Answer::Refused(Refusal::NotSupported)), "{text}");
        }
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let cut = "RX flow hash indirection table for eth0 with 2 RX ring(s):\n    0:   0  x\n";
        assert_eq!(parse(cut).unwrap_err().line, Some(2));
        assert!(parse("RX flow hash indirection table for eth0 with\n").is_err());
        assert!(parse("").is_err());
    }
}
