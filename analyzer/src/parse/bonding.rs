//! `/proc/net/bonding/<bond>`.
//!
//! <https://docs.kernel.org/networking/bonding.html>
//!
//! ```text
//! Bonding Mode: IEEE 802.3ad Dynamic link aggregation
//! MII Status: up
//!
//! Slave Interface: eth1
//! MII Status: down
//! ```

use super::{ParseError, lines, number};

/// A member of a bond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slave {
    /// Name.
    pub name: String,
    /// `MII Status: up`.
    pub up: Option<bool>,
    /// Speed; `None` when unknown.
    pub speed_mbit_per_s: Option<u64>,
    /// Full duplex.
    pub full_duplex: Option<bool>,
    /// Times the link failed since it joined.
    pub failures: Option<u64>,
    /// Aggregator (802.3ad): one that differs from the active one carries nothing.
    pub aggregator: Option<u64>,
    /// Line.
    pub line: u32,
}

/// One bond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bond {
    /// `fault-tolerance (active-backup)`, `IEEE 802.3ad Dynamic link aggregation`.
    pub mode: String,
    /// `MII Status: up`.
    pub up: Option<bool>,
    /// Interval of link monitoring; 0 means that a dead link is not noticed.
    pub polling_ms: Option<u64>,
    /// Active member, for active-backup.
    pub active: Option<String>,
    /// Active aggregator, for 802.3ad.
    pub active_aggregator: Option<u64>,
    /// Members.
    pub slaves: Vec<Slave>,
}

/// Reads the file.
///
/// # Errors
/// No mode, or a known number that is none.
pub fn parse(text: &str) -> Result<Bond, ParseError> {
    let mut bond = Bond::default();
    let mut mode = None;
    for (line, text) in lines(text) {
        let Some((key, value)) = text.split_once(':') else { continue };
        let (key, value) = (key.trim_ascii(), value.trim_ascii());
        if key == "Slave Interface" {
            bond.slaves.push(Slave { name: value.to_owned(), line, ..Slave::default() });
        } else if let Some(slave) = bond.slaves.last_mut() {
            slave.set(line, key, value)?;
        } else {
            match key {
                "Bonding Mode" => mode = Some(value.to_owned()),
                "MII Status" => bond.up = Some(value == "up"),
                "MII Polling Interval (ms)" => {
                    bond.polling_ms = Some(number(line, value, "milliseconds")?);
                }
                "Currently Active Slave" => {
                    bond.active = Some(value.to_owned()).filter(|v| v != "None");
                }
                "Aggregator ID" => {
                    bond.active_aggregator = Some(number(line, value, "aggregator")?);
                }
                _ => {}
            }
        }
    }
    bond.mode = mode.ok_or_else(|| ParseError::new(None, text, "`Bonding Mode: …`"))?;
    Ok(bond)
}

impl Slave {
    fn set(&mut self, line: u32, key: &str, value: &str) -> Result<(), ParseError> {
        match key {
            "MII Status" => self.up = Some(value == "up"),
            "Speed" => {
                self.speed_mbit_per_s = value.strip_suffix(" Mbps").and_then(|n| n.parse().ok());
            }
            "Duplex" => self.full_duplex = super::ethtool::duplex(value),
            "Link Failure Count" => self.failures = Some(number(line, value, "failures")?),
            "Aggregator ID" => self.aggregator = value.parse().ok(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Ethernet Channel Bonding Driver: v3.7.1 (April 27, 2011)

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer3+4 (1)
MII Status: up
MII Polling Interval (ms): 100

802.3ad info
LACP rate: fast
Active Aggregator Info:
\tAggregator ID: 1
\tNumber of ports: 1

Slave Interface: eth0
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 0
Aggregator ID: 1

Slave Interface: eth1
MII Status: down
Speed: Unknown
Duplex: Unknown
Link Failure Count: 3
Aggregator ID: 2
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lacp() {
        let b = parse(SAMPLE).unwrap();
        assert_eq!((b.up, b.polling_ms, b.active_aggregator), (Some(true), Some(100), Some(1)));
        let [eth0, eth1] = &b.slaves[..] else { panic!("two members") };
        assert_eq!(
            (eth0.up, eth0.speed_mbit_per_s, eth0.full_duplex),
            (Some(true), Some(10000), Some(true))
        );
        assert_eq!((eth1.up, eth1.speed_mbit_per_s, eth1.failures), (Some(false), None, Some(3)));
        assert_eq!((eth1.aggregator, eth1.line), (Some(2), 21));
        assert!(parse("").is_err());
    }
}
