//! `/proc/net/dev`: counters of network interfaces.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_net.5.html>
//!
//! ```text
//!     lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
//! ```

use super::{Fields, ParseError, Rows};

/// One interface. Errors and drops are sums over kinds: sysfs statistics tell more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Line.
    pub line: u32,
    /// Received.
    pub rx_bytes: u64,
    /// Received.
    pub rx_packets: u64,
    /// Received with an error.
    pub rx_errors: u64,
    /// Dropped, missed ones included.
    pub rx_dropped: u64,
    /// FIFO errors.
    pub rx_fifo_errors: u64,
    /// Length, overrun, CRC and frame errors.
    pub rx_frame_errors: u64,
    /// Multicast.
    pub rx_multicast: u64,
    /// Sent.
    pub tx_bytes: u64,
    /// Sent.
    pub tx_packets: u64,
    /// Not sent for an error.
    pub tx_errors: u64,
    /// Dropped before sending.
    pub tx_dropped: u64,
    /// FIFO errors.
    pub tx_fifo_errors: u64,
    /// Collisions.
    pub tx_collisions: u64,
    /// Carrier and other errors.
    pub tx_carrier_errors: u64,
}

/// Reads the table; a damaged row is a problem beside the others.
///
/// # Errors
/// No heading, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Interface>, ParseError> {
    if !text.contains("|bytes") {
        return Err(ParseError::new(1, text, "the heading `Inter-| Receive …`"));
    }
    Rows::of(text, |fields| {
        if fields.text.contains('|') {
            return Ok(None);
        }
        let (name, counters) =
            fields.text.rsplit_once(':').ok_or_else(|| fields.error("`name: counters`"))?;
        interface(name.trim_ascii(), Fields::new(fields.line, counters)).map(Some)
    })
}

fn interface(name: &str, mut f: Fields<'_>) -> Result<Interface, ParseError> {
    Ok(Interface {
        name: name.to_owned(),
        line: f.line,
        rx_bytes: f.num("rx bytes")?,
        rx_packets: f.num("rx packets")?,
        rx_errors: f.num("rx errs")?,
        rx_dropped: f.num("rx drop")?,
        rx_fifo_errors: f.num("rx fifo")?,
        rx_frame_errors: f.num("rx frame")?,
        rx_multicast: f.pass(1).num("rx multicast")?,
        tx_bytes: f.num("tx bytes")?,
        tx_packets: f.num("tx packets")?,
        tx_errors: f.num("tx errs")?,
        tx_dropped: f.num("tx drop")?,
        tx_fifo_errors: f.num("tx fifo")?,
        tx_collisions: f.num("tx colls")?,
        tx_carrier_errors: f.num("tx carrier")?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
eth0:1234567890  1000    1    2    3     4          0         5 999 998    6    7    8     9       10          0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_counter_touches_the_name() {
        let rows = parse(SAMPLE).unwrap().rows;
        let e = &rows[1];
        assert_eq!((e.name.as_str(), e.rx_bytes, e.rx_packets), ("eth0", 1_234_567_890, 1000));
        assert_eq!((e.rx_errors, e.rx_dropped, e.rx_fifo_errors, e.rx_frame_errors), (1, 2, 3, 4));
        assert_eq!((e.rx_multicast, e.tx_bytes, e.tx_packets), (5, 999, 998));
        assert_eq!((e.tx_errors, e.tx_dropped, e.tx_fifo_errors), (6, 7, 8));
        assert_eq!((e.tx_collisions, e.tx_carrier_errors, rows.len()), (9, 10, 2));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        let rows = parse(&SAMPLE.replace("999 998", "x")).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (1, Some(4)));
    }
}
