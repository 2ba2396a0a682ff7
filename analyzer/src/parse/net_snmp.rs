//! `/proc/net/snmp` and `/proc/net/netstat`: protocol counters as pairs of lines.
//!
//! <https://docs.kernel.org/networking/snmp_counter.html>
//!
//! ```text
//! Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens
//! Tcp: 1 200 120000 -1 90001
//! ```
//!
//! Columns differ by kernel, so that values are found by name: `Tcp.ActiveOpens`,
//! `TcpExt.ListenOverflows`. A pair of unequal length is an error, never a guess.

use super::{Counters, ParseError, counter, lines};

/// Reads all pairs.
///
/// # Errors
/// A line without its partner, names and values of unequal number, a value that is no number, or
/// nothing at all.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    let mut counters = Counters::default();
    let mut all = lines(text).filter(|(_, text)| !text.trim_ascii().is_empty());
    while let Some((line, names)) = all.next() {
        let pair = all.next().and_then(|(value_line, values)| {
            let (prefix, names) = names.split_once(':')?;
            let (same, values) = values.split_once(':')?;
            (prefix == same).then_some((prefix, names, value_line, values))
        });
        let Some((prefix, names, value_line, values)) = pair else {
            return Err(ParseError::new(line, names, "a line of names and one of values"));
        };
        let mut values = values.split_ascii_whitespace();
        for name in names.split_ascii_whitespace() {
            let Some(value) = values.next() else {
                return Err(ParseError::new(value_line, name, "a value for each name"));
            };
            counters.set(&format!("{prefix}.{name}"), counter(value_line, value, "counter")?);
        }
        if let Some(value) = values.next() {
            return Err(ParseError::new(value_line, value, "a name for each value"));
        }
    }
    if counters.is_empty() {
        return Err(ParseError::new(None, text, "pairs of lines: names, values"));
    }
    Ok(counters)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
IcmpMsg: InType3 OutType3
IcmpMsg: 1454 1430
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 90001 2472 201 1 20 3023156 3220300 136 0 4759 0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_15_by_name() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!(c.get("Tcp.RetransSegs"), Some(136));
        assert_eq!((c.get("Tcp.MaxConn"), c.get("IcmpMsg.OutType3")), (Some(-1), Some(1430)));
        assert_eq!(c.get("TcpExt.TCPTimeouts"), None);
    }

    #[test]
    fn item_15_unequal_lengths_are_errors() {
        assert_eq!(parse("Tcp: A B\nTcp: 1\n").unwrap_err().line, Some(2));
        assert_eq!(parse("Tcp: A\nTcp: 1 2\n").unwrap_err().line, Some(2));
        assert!(parse("Tcp: A\nUdp: 1\n").is_err());
        assert!(parse("Tcp: A\n").is_err());
        assert!(parse("Tcp: A\nTcp: x\n").is_err());
        assert!(parse("").is_err());
    }
}
