//! Counters of interfaces as ip(8) prints them: `ip -s link`, as text and as JSON (`-j`).
//!
//! <https://man7.org/linux/man-pages/man8/ip-link.8.html>
//!
//! ```text
//!     RX:  bytes packets errors dropped  missed   mcast
//!         287759    5153      0       0       0       0
//! ```
//!
//! `/proc/net/dev` tells the same counters: [`LinkCounters::of`] makes this record of its rows, so
//! that either source may stand for the other. Its `drop` column is `dropped` and `missed` added.

use serde_json::Value;

use super::ip_link;
use super::net_dev::Interface;
use super::{ParseError, Rows, lines, number};

/// Counters that both `ip -s link` and `/proc/net/dev` have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Name of the interface.
    pub name: String,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets received with an error.
    pub rx_errors: u64,
    /// Received and dropped, by the kernel or missed by the card.
    pub rx_dropped: u64,
    /// Multicast packets received.
    pub rx_multicast: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Packets not sent for an error.
    pub tx_errors: u64,
    /// Packets dropped before they were sent.
    pub tx_dropped: u64,
    /// Losses of the carrier.
    pub tx_carrier_errors: u64,
    /// Collisions.
    pub tx_collisions: u64,
}

impl LinkCounters {
    /// The same from a row of `/proc/net/dev`.
    #[must_use]
    pub fn of(row: &Interface) -> Self {
        Self {
            name: row.name.clone(),
            rx_bytes: row.rx_bytes,
            rx_packets: row.rx_packets,
            rx_errors: row.rx_errors,
            rx_dropped: row.rx_dropped,
            rx_multicast: row.rx_multicast,
            tx_bytes: row.tx_bytes,
            tx_packets: row.tx_packets,
            tx_errors: row.tx_errors,
            tx_dropped: row.tx_dropped,
            tx_carrier_errors: row.tx_carrier_errors,
            tx_collisions: row.tx_collisions,
        }
    }

    /// Sets a counter by direction and the heading of the tool (its text or its JSON).
    fn set(&mut self, direction: &str, column: &str, value: u64) {
        let place = match (direction, column) {
            ("RX", "bytes") => &mut self.rx_bytes,
            ("RX", "packets") => &mut self.rx_packets,
            ("RX", "errors") => &mut self.rx_errors,
            ("RX", "dropped" | "missed" | "missed_errors") => {
                self.rx_dropped = self.rx_dropped.saturating_add(value);
                return;
            }
            ("RX", "mcast" | "multicast") => &mut self.rx_multicast,
            ("TX", "bytes") => &mut self.tx_bytes,
            ("TX", "packets") => &mut self.tx_packets,
            ("TX", "errors") => &mut self.tx_errors,
            ("TX", "dropped") => &mut self.tx_dropped,
            ("TX", "carrier" | "carrier_errors") => &mut self.tx_carrier_errors,
            ("TX", "collsns" | "collisions") => &mut self.tx_collisions,
            _ => return,
        };
        *place = value;
    }
}

/// Reads the text form; interfaces without counters are left out.
///
/// # Errors
/// Not one interface with counters, or a counter that is no number.
pub fn parse(text: &str) -> Result<Rows<LinkCounters>, ParseError> {
    let mut rows: Rows<LinkCounters> = Rows::default();
    let mut name = "";
    // Direction and headings of the line above.
    let mut heading: Option<(&str, Vec<&str>)> = None;
    for (line, text) in lines(text) {
        let words = text.trim_ascii();
        if let Some((direction, columns)) = heading.take() {
            let Some(row) = rows.rows.last_mut() else { continue };
            for (column, word) in columns.into_iter().zip(words.split_ascii_whitespace()) {
                row.set(direction, column, number(line, word, "counter")?);
            }
        } else if let Some((direction @ ("RX" | "TX"), columns)) = words.split_once(':') {
            heading = Some((direction, columns.split_ascii_whitespace().collect()));
            if direction == "RX" {
                rows.rows.push(LinkCounters { name: name.to_owned(), ..LinkCounters::default() });
            }
        } else if text.starts_with(|c: char| c.is_ascii_digit()) {
            let full = words.split(": ").nth(1).unwrap_or_default();
            name = full.split('@').next().unwrap_or_default();
        }
    }
    if rows.rows.is_empty() {
        return Err(ParseError::new(
            None,
            text,
            "interfaces with counters, as `ip -s link` prints",
        ));
    }
    Ok(rows)
}

/// Reads the JSON form.
///
/// # Errors
/// Not JSON, not a list of interfaces, or none of them has counters.
pub fn json(text: &str) -> Result<Rows<LinkCounters>, ParseError> {
    let mut rows = Rows::default();
    for value in ip_link::objects(text)? {
        let Some(stats) = value.get("stats64").or_else(|| value.get("stats")) else { continue };
        let name = value.get("ifname").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut row = LinkCounters { name, ..LinkCounters::default() };
        for (direction, key) in [("RX", "rx"), ("TX", "tx")] {
            for (column, value) in stats.get(key).and_then(Value::as_object).into_iter().flatten() {
                if let Some(value) = value.as_u64() {
                    row.set(direction, column, value);
                }
            }
        }
        rows.rows.push(row);
    }
    if rows.rows.is_empty() {
        return Err(ParseError::new(None, text, "interfaces with `stats64`"));
    }
    Ok(rows)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    RX:  bytes packets errors dropped  missed   mcast           \n        \
    287759    5153      1       2       3       4 \n    \
    TX:  bytes packets errors dropped carrier collsns           \n        \
    287760    5154      5       6       7       8 \n\
3: flannel.1@ens3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 8908 qdisc noqueue state UNKNOWN
    RX: bytes  packets  errors  dropped overrun mcast
    190756     639      0       9       0       0
    TX: bytes  packets  errors  dropped carrier collsns
    1          2        0       0       0       0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_heading_since_versions_differ_in_one_column() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [lo, flannel] = &rows[..] else { panic!("two") };
        assert_eq!((lo.name.as_str(), lo.rx_bytes, lo.tx_packets), ("lo", 287_759, 5154));
        assert_eq!((lo.rx_errors, lo.rx_dropped, lo.rx_multicast), (1, 5, 4), "missed is dropped");
        assert_eq!((lo.tx_errors, lo.tx_dropped), (5, 6));
        assert_eq!((lo.tx_carrier_errors, lo.tx_collisions), (7, 8));
        assert_eq!((flannel.name.as_str(), flannel.rx_dropped), ("flannel.1", 9));
        assert_eq!((flannel.rx_bytes, flannel.tx_bytes), (190_756, 1));
    }

    #[test]
    fn json_form() {
        let text = r#"[{"ifname":"eth0","stats64":{"rx":{"bytes":7,"packets":2,"errors":0,
            "dropped":1,"over_errors":0,"multicast":3},"tx":{"bytes":9,"packets":4,"errors":0,
            "dropped":0,"carrier_errors":1,"collisions":0}}},{"ifname":"x"}]"#;
        let rows = json(text).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].rx_bytes, rows[0].rx_dropped, rows[0].rx_multicast), (7, 1, 3));
        assert_eq!((rows[0].tx_bytes, rows[0].tx_carrier_errors), (9, 1));
        assert!(json("[]").is_err() && json("{").is_err());
    }

    #[test]
    fn what_is_lacking_is_told() {
        assert!(parse("1: lo: <UP> mtu 1\n").is_err());
        let cut = SAMPLE.replace("287759", "many");
        assert!(parse(&cut).unwrap_err().to_string().contains("`many`"));
    }
}
