//! Output of `ethtool -m DEV`: the pluggable module of a port (SFP, QSFP), what it is and what it
//! measures. A fibre that loses light shows here before it damages frames.
//!
//! <https://man7.org/linux/man-pages/man8/ethtool.8.html>; the names are those of SFF-8472, SFF-8636
//! and CMIS.
//!
//! ```text
//! Vendor PN                                 : SFP-GE-BX
//! Receiver signal average optical power     : 0.2740 mW / -5.62 dBm
//! Laser rx power low alarm                  : Off
//! Laser rx power low alarm threshold        : 0.0028 mW / -25.53 dBm
//! ```
//!
//! Modules of several lanes say `Rcvr signal avg optical power(Channel 1)`.

use std::collections::BTreeMap;

use super::super::ParseError;
use super::super::ethtool::{Answer, Refusal};
use super::{answer, entries};

/// Something measured, in the unit of its kind (mA, mW, °C, V).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The number.
    pub value: f64,
    /// The same in dBm, for powers. No light at all (`-inf`) has none.
    pub dbm: Option<f64>,
}

/// One lane of light.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Current of the laser, in mA.
    pub bias: Option<Measured>,
    /// Light sent, in mW.
    pub tx_power: Option<Measured>,
    /// Light received, in mW.
    pub rx_power: Option<Measured>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// `SFP`, `QSFP28`.
    pub identifier: Option<String>,
    /// Maker.
    pub vendor: Option<String>,
    /// Part number.
    pub part_number: Option<String>,
    /// Serial number.
    pub serial_number: Option<String>,
    /// What it can: `10G Ethernet: 10G Base-LR`.
    pub types: Vec<String>,
    /// Temperature, in °C.
    pub temperature: Option<Measured>,
    /// Supply voltage, in V.
    pub voltage: Option<Measured>,
    /// Lanes by their number; the only one of an SFP is 1.
    pub lanes: BTreeMap<u8, Lane>,
    /// Alarms and warnings that are on, as the tool names them.
    pub alarms: Vec<String>,
    /// Where alarms and warnings begin, by the alarm in small letters: `laser rx power low alarm`.
    /// What the module does not set (0) is not here.
    pub thresholds: BTreeMap<String, Measured>,
}

impl Module {
    /// The fastest Ethernet of its types: 10000 of `10G Base-LR`.
    #[must_use]
    pub fn max_mbit_per_s(&self) -> Option<i64> {
        self.types.iter().flat_map(|t| speeds(&t.to_ascii_lowercase())).max()
    }
}

/// Speeds before each `base`: `100g base-sr4 or 25gbase-sr`.
fn speeds(kind: &str) -> Vec<i64> {
    let before = kind.split("base").collect::<Vec<_>>();
    let all = before.split_last().map(|(_, before)| before).unwrap_or_default();
    let speed = |before: &&str| {
        let word = before.trim_ascii_end().rsplit([' ', '/', ':']).next()?;
        match word.strip_suffix('g') {
            // 2.5G is a speed, too.
            Some(giga) => match giga.split_once('.') {
                Some((whole, "5")) => Some(whole.parse::<u16>().ok().map(i64::from)? * 1000 + 500),
                Some(_) => None,
                None => giga.parse::<u16>().ok().map(|g| i64::from(g) * 1000),
            },
            None => word.parse::<u16>().ok().map(i64::from),
        }
    };
    all.iter().filter_map(speed).collect()
}

/// `ethtool -m`.
///
/// # Errors
/// Neither a module nor a complaint of the tool.
pub fn parse(text: &str) -> Result<Answer<Module>, ParseError> {
    let mut module = Module::default();
    for (_, key, value) in entries(text) {
        set(&mut module, key, value);
    }
    // A copper cable measures nothing, and says 0 V, 0 °C and no light.
    if module.voltage.is_some_and(|v| v.value <= 0.0) {
        (module.voltage, module.temperature) = (None, None);
        module.lanes.clear();
        module.alarms.clear();
    }
    // A kind of module that the tool does not know comes as bytes.
    if module.identifier.is_none() && text.starts_with("Offset") {
        return Ok(Answer::Refused(Refusal::Other(
            "a module that this ethtool cannot read".into(),
        )));
    }
    let told = module.identifier.is_some().then_some(module);
    answer(text, told, "`Identifier : …` of a module")
}

fn set(module: &mut Module, key: &str, value: &str) {
    let word = || (!value.is_empty()).then(|| value.to_owned());
    let lower = key.to_ascii_lowercase();
    let (name, lane) = match lower.split_once('(') {
        Some((name, lane)) => (name.trim_ascii_end(), number_of(lane)),
        None => (lower.as_str(), 1),
    };
    if let Some(alarm) = name.strip_suffix(" threshold") {
        let set = measured(value).filter(|m| m.value != 0.0);
        module.thresholds.extend(set.map(|m| (alarm.to_owned(), m)));
    } else if name.ends_with(" alarm") || name.ends_with(" warning") {
        module.alarms.extend(value.eq_ignore_ascii_case("on").then(|| key.to_owned()));
    } else if name == "rx loss of signal" || name == "tx fault" {
        module.alarms.extend(value.contains("Yes").then(|| key.to_owned()));
    } else {
        match name {
            "identifier" => {
                // `0x03 (SFP)`
                let inside = value.split_once('(').and_then(|(_, s)| Some(s.rsplit_once(')')?.0));
                module.identifier = Some(inside.unwrap_or(value).to_owned());
            }
            "vendor name" => module.vendor = word(),
            "vendor pn" => module.part_number = word(),
            "vendor sn" => module.serial_number = word(),
            "transceiver type" => module.types.extend(word()),
            "module temperature" => module.temperature = measured(value),
            "module voltage" => module.voltage = measured(value),
            "laser bias current" | "laser tx bias current" => {
                module.lanes.entry(lane).or_default().bias = measured(value);
            }
            "laser output power" | "transmit avg optical power" => {
                module.lanes.entry(lane).or_default().tx_power = measured(value);
            }
            _ if name.starts_with("rcvr signal") || name.starts_with("receiver signal") => {
                module.lanes.entry(lane).or_default().rx_power = measured(value);
            }
            _ => {}
        }
    }
}

/// 3 of `channel 3)`.
fn number_of(lane: &str) -> u8 {
    let digits = lane.trim_end_matches(')').rsplit(' ').next();
    digits.and_then(|d| d.parse().ok()).unwrap_or(1)
}

/// `0.2740 mW / -5.62 dBm`, `47.30 degrees C / 117.13 degrees F`, `17.650 mA`.
fn measured(value: &str) -> Option<Measured> {
    let finite = |n: &str| n.parse::<f64>().ok().filter(|n| n.is_finite());
    let (first, second) = value.split_once('/').unwrap_or((value, ""));
    let dbm = second.trim_ascii().strip_suffix("dBm").and_then(|n| finite(n.trim_ascii()));
    Some(Measured { value: finite(first.split_ascii_whitespace().next()?)?, dbm })
}

#[cfg(test)]
pub(crate) const SAMPLE: &str = "\
\tIdentifier                                : 0x03 (SFP)
\tTransceiver type                          : 10G Ethernet: 10G Base-LR
\tVendor name                               : FS
\tVendor PN                                 : SFP-GE-BX
\tVendor rev                                :
\tOption                                    : RX_LOS implemented
\tVendor SN                                 : S2202359108
\tOptical diagnostics support               : Yes
\tLaser bias current                        : 17.650 mA
\tLaser output power                        : 0.2132 mW / -6.71 dBm
\tReceiver signal average optical power     : 0.0030 mW / -25.23 dBm
\tModule temperature                        : 47.30 degrees C / 117.13 degrees F
\tModule voltage                            : 3.2576 V
\tAlarm/warning flags implemented           : Yes
\tLaser bias current high alarm             : Off
\tLaser rx power low alarm                  : Off
\tLaser rx power low warning                : On
\tModule temperature high alarm threshold   : 90.00 degrees C / 194.00 degrees F
\tLaser rx power low alarm threshold        : 0.0028 mW / -25.53 dBm
\tLaser rx power low warning threshold      : 0.0032 mW / -24.95 dBm
";

#[cfg(test)]
mod tests;
