//! `probes/ethtool/<dev>.json`: what ethtool(8) would show, asked of the kernel by ioctl.
//!
//! <https://docs.kernel.org/networking/ethtool-netlink.html>
//!
//! ```json
//! {"dev":"eth0","ring":{"rx":256,"rx_max":4096,"tx":256,"tx_max":4096},"channels":{"errno":95}}
//! ```
//!
//! The text of the tool ends in the same records: [`super::ethtool_text`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Counters, ParseError};

/// Why a driver did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no such thing (`EOPNOTSUPP`): not applicable, not a fault.
    NotSupported,
    /// The collector may not ask (`EPERM`).
    NotPermitted,
    /// The device is gone (`ENODEV`).
    NoDevice,
    /// Anything else, in words.
    Other(String),
}

/// An answer, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// The driver answered.
    Told(T),
    /// It did not.
    Refused(Refusal),
}

impl<T> Answer<T> {
    /// The answer, if there is one.
    pub fn told(&self) -> Option<&T> {
        match self {
            Self::Told(value) => Some(value),
            Self::Refused(_) => None,
        }
    }
}

/// Sizes of the rings in descriptors (`ethtool -g`). What the driver lacks is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ring {
    /// Receive ring now.
    pub rx: Option<u64>,
    /// Largest receive ring.
    pub rx_max: Option<u64>,
    /// Transmit ring now.
    pub tx: Option<u64>,
    /// Largest transmit ring.
    pub tx_max: Option<u64>,
}

/// Numbers of queues (`ethtool -l`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Channels {
    /// Receive only.
    pub rx: Option<u64>,
    /// Its maximum.
    pub rx_max: Option<u64>,
    /// Transmit only.
    pub tx: Option<u64>,
    /// Its maximum.
    pub tx_max: Option<u64>,
    /// Both.
    pub combined: Option<u64>,
    /// Its maximum.
    pub combined_max: Option<u64>,
}

/// The driver (`ethtool -i`). Empty values are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// Name.
    pub driver: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
    /// `0000:00:03.0`.
    pub bus_info: Option<String>,
}

/// Interrupt coalescing (`ethtool -c`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coalesce {
    /// Adapts to the receive rate.
    pub adaptive_rx: Option<bool>,
    /// Adapts to the transmit rate.
    pub adaptive_tx: Option<bool>,
    /// Numbers by name: `rx-usecs`, `rx-frames`.
    pub values: Counters,
}

/// Pause frames (`ethtool -a`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pause {
    /// Negotiated.
    pub autoneg: Option<bool>,
    /// Obeyed.
    pub rx: Option<bool>,
    /// Sent.
    pub tx: Option<bool>,
}

/// The link (`ethtool DEV`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Speed; `None` when unknown (`Unknown!`, 65535, -1).
    pub speed_mbit_per_s: Option<u64>,
    /// Full duplex; `None` when unknown (255).
    pub full_duplex: Option<bool>,
    /// Autonegotiation.
    pub autoneg: Option<bool>,
    /// `Twisted Pair`, `FIBRE`.
    pub port: Option<String>,
    /// A link is there.
    pub detected: Option<bool>,
    /// Modes of the port (`1000baseT/Full`); `None` when not reported.
    pub supported: Option<Vec<String>>,
    /// Modes offered to the partner.
    pub advertised: Option<Vec<String>>,
    /// Modes the partner offers.
    pub partner: Option<Vec<String>>,
}

/// One offload (`ethtool -k`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feature {
    /// On.
    pub active: bool,
    /// Cannot be changed.
    pub fixed: bool,
    /// What was asked for, where it differs.
    pub requested: Option<bool>,
}

/// Offloads by name.
pub type Features = BTreeMap<String, Feature>;

/// Everything of one device. A group that is not in the file is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// Name.
    pub dev: String,
    /// Driver.
    pub driver: Option<Answer<Driver>>,
    /// Rings.
    pub ring: Option<Answer<Ring>>,
    /// Queues.
    pub channels: Option<Answer<Channels>>,
    /// Coalescing.
    pub coalesce: Option<Answer<Coalesce>>,
    /// Pause frames.
    pub pause: Option<Answer<Pause>>,
    /// Link.
    pub link: Option<Answer<Link>>,
    /// Offloads.
    pub features: Option<Answer<Features>>,
    /// Statistics of the driver.
    pub stats: Option<Answer<Counters>>,
}

/// Reads one device.
///
/// # Errors
/// Not a JSON object with `dev`, or a group of another shape.
pub fn parse(text: &str) -> Result<Device, ParseError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ParseError::new(u32::try_from(e.line()).ok(), text, format!("JSON ({e})")))?;
    let dev = value.get("dev").and_then(Value::as_str);
    let dev = dev.ok_or_else(|| ParseError::new(None, text, "an object with `dev`"))?.to_owned();
    Ok(Device {
        driver: group(&value, "driver", record::<Driver>)?.map(|d| d.map(clean)),
        ring: group(&value, "ring", record)?,
        channels: group(&value, "channels", record)?,
        coalesce: group(&value, "coalesce", coalesce)?,
        pause: group(&value, "pause", record)?,
        link: group(&value, "link", link)?,
        features: group(&value, "features", features)?,
        stats: group(&value, "stats", counters)?,
        dev,
    })
}

impl<T> Answer<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Told(value) => Answer::Told(f(value)),
            Self::Refused(why) => Answer::Refused(why),
        }
    }
}

fn group<T>(
    device: &Value,
    name: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Answer<T>>, ParseError> {
    let Some(value) = device.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
    if let Some(errno) = value.get("errno").and_then(Value::as_i64) {
        return Ok(Some(Answer::Refused(match errno {
            1 | 13 => Refusal::NotPermitted,
            19 => Refusal::NoDevice,
            // ENOSYS, ENOTTY and EINVAL of old drivers mean the same as EOPNOTSUPP.
            22 | 25 | 38 | 95 => Refusal::NotSupported,
            n => Refusal::Other(format!("errno {n}")),
        })));
    }
    let shape = || ParseError::new(None, &value.to_string(), format!("the group `{name}`"));
    read(value).map(|v| Some(Answer::Told(v))).ok_or_else(shape)
}

fn record<T: for<'a> Deserialize<'a>>(value: &Value) -> Option<T> {
    value.as_object()?;
    T::deserialize(value).ok()
}

fn clean(driver: Driver) -> Driver {
    let full = |s: Option<String>| s.filter(|s| !s.is_empty());
    Driver {
        driver: full(driver.driver),
        version: full(driver.version),
        firmware: full(driver.firmware),
        bus_info: full(driver.bus_info),
    }
}

fn counters(value: &Value) -> Option<Counters> {
    let mut counters = Counters::default();
    for (name, value) in value.as_object()? {
        counters.set(name, value.as_i64().or_else(|| value.as_u64().map(u64::cast_signed))?);
    }
    Some(counters)
}

fn coalesce(value: &Value) -> Option<Coalesce> {
    let mut coalesce = Coalesce::default();
    for (name, value) in value.as_object()? {
        let on = value.as_bool().or_else(|| value.as_i64().map(|n| n != 0));
        match name.replace('_', "-").as_str() {
            "adaptive-rx" | "use-adaptive-rx" => coalesce.adaptive_rx = on,
            "adaptive-tx" | "use-adaptive-tx" => coalesce.adaptive_tx = on,
            name => coalesce.values.set(name, value.as_i64()?),
        }
    }
    Some(coalesce)
}

fn link(value: &Value) -> Option<Link> {
    value.as_object()?;
    let modes = |key| {
        let modes = value.get(key)?.as_array()?.iter().filter_map(Value::as_str);
        Some(modes.map(Into::into).collect())
    };
    Some(Link {
        speed_mbit_per_s: value.get("speed").and_then(Value::as_i64).and_then(known_speed),
        full_duplex: value.get("duplex").and_then(Value::as_str).and_then(duplex),
        autoneg: value.get("autoneg").and_then(Value::as_bool),
        port: value.get("port").and_then(Value::as_str).map(Into::into),
        detected: value.get("link").and_then(Value::as_bool),
        supported: modes("supported"),
        advertised: modes("advertised"),
        partner: modes("partner"),
    })
}

fn features(value: &Value) -> Option<Features> {
    let feature = |value: &Value| {
        let active = value.as_bool().or_else(|| value.get("active")?.as_bool())?;
        let fixed = value.get("fixed").and_then(Value::as_bool).unwrap_or(false);
        let requested = value.get("requested").and_then(Value::as_bool).filter(|r| *r != active);
        Some(Feature { active, fixed, requested })
    };
    value.as_object()?.iter().map(|(name, v)| Some((name.clone(), feature(v)?))).collect()
}

/// The driver's "unknown" is -1, as 16, 32 or 64 bits, or 0 without a link.
pub(super) fn known_speed(speed: i64) -> Option<u64> {
    let speed = u64::try_from(speed).ok()?;
    (!matches!(speed, 0 | 65535 | 4_294_967_295)).then_some(speed)
}

pub(super) fn duplex(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "full" => Some(true),
        "half" => Some(false),
        _ => None,
    }
}

/// Speed of a link mode: 1000 for `1000baseT/Full`; `None` for `Autoneg` and other non-speeds.
#[must_use]
pub fn mode_speed(mode: &str) -> Option<u64> {
    mode.split_once("base")?.0.parse().ok()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"dev":"eth0",
"driver":{"driver":"e1000e","version":"","firmware":"0.5-4","bus_info":"0000:00:1f.6"},
"ring":{"rx":256,"rx_max":4096,"tx":256,"tx_max":4096},"channels":{"errno":95},
"coalesce":{"adaptive_rx":true,"rx_usecs":3},"pause":{"autoneg":true,"rx":false,"tx":false},
"link":{"speed":1000,"duplex":"full","autoneg":true,"port":"tp","link":true,
"supported":["100baseT/Full","1000baseT/Full"],"advertised":["1000baseT/Full"],"partner":[]},
"features":{"tx-scatter-gather":{"active":true,"fixed":true,"requested":false},"rx-gro":true},
"stats":{"rx_missed":401,"rxq0: rx_pkts":5}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_groups() {
        let d = parse(SAMPLE).unwrap();
        let driver = d.driver.as_ref().and_then(Answer::told).unwrap();
        assert_eq!((driver.driver.as_deref(), driver.version.as_deref()), (Some("e1000e"), None));
        let ring = Ring { rx: Some(256), rx_max: Some(4096), tx: Some(256), tx_max: Some(4096) };
        assert_eq!(d.ring, Some(Answer::Told(ring)));
        assert_eq!(d.channels, Some(Answer::Refused(Refusal::NotSupported)));
        let coalesce = d.coalesce.as_ref().and_then(Answer::told).unwrap();
        assert_eq!((coalesce.adaptive_rx, coalesce.values.get("rx-usecs")), (Some(true), Some(3)));
        let link = d.link.as_ref().and_then(Answer::told).unwrap();
        assert_eq!((link.speed_mbit_per_s, link.full_duplex), (Some(1000), Some(true)));
        assert_eq!(link.supported.iter().flatten().filter_map(|m| mode_speed(m)).max(), Some(1000));
        let features = d.features.as_ref().and_then(Answer::told).unwrap();
        let sg = Feature { active: true, fixed: true, requested: Some(false) };
        assert_eq!((features["tx-scatter-gather"], features["rx-gro"].active), (sg, true));
        assert_eq!(d.stats.as_ref().and_then(Answer::told).unwrap().get("rxq0: rx_pkts"), Some(5));
    }

    #[test]
    fn unknown_speed_and_damaged_groups() {
        for speed in ["-1", "65535", "4294967295", "null"] {
            let text = format!(r#"{{"dev":"e","link":{{"speed":{speed},"duplex":"unknown"}}}}"#);
            let link = parse(&text).unwrap().link.unwrap();
            assert_eq!(link.told(), Some(&Link::default()), "{speed}");
        }
        assert!(parse(r#"{"dev":"e","ring":[1]}"#).is_err());
        assert!(parse("{}").is_err());
        assert!(parse("").is_err());
    }
}
