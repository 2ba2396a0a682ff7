//! Output of ethtool(8): `ethtool DEV` and its options `-g -l -S -k -i -c -a`, and `-m` and `-x`
//! below.
//!
//! <https://man7.org/linux/man-pages/man8/ethtool.8.html>
//!
//! ```text
//! Ring parameters for ens3:
//! Pre-set maximums:
//! RX:             256
//! Current hardware settings:
//! RX:             256
//! ```
//!
//! Errors of the tool stand before the heading, or alone; [`Answer::Refused`] says which.

use super::ethtool::{
    Answer, Channels, Coalesce, Driver, Feature, Features, Link, Pause, Refusal, Ring, duplex,
    known_speed,
};
use super::{Counters, ParseError, counter, lines};

pub mod indirection;
pub mod module;

/// `key: value` with blanks trimmed; the value may be empty.
fn entries(text: &str) -> impl Iterator<Item = (u32, &str, &str)> {
    lines(text).filter_map(|(line, text)| {
        let (key, value) = text.split_once(':')?;
        Some((line, key.trim_ascii(), value.trim_ascii()))
    })
}

/// An answer with content, or the refusal that the tool printed instead.
fn answer<T>(text: &str, told: Option<T>, expected: &'static str) -> Result<Answer<T>, ParseError> {
    match (told, refusal(text)) {
        (Some(told), _) => Ok(Answer::Told(told)),
        (None, Some(why)) => Ok(Answer::Refused(why)),
        (None, None) => Err(ParseError::new(None, text, expected)),
    }
}

fn refusal(text: &str) -> Option<Refusal> {
    let said = |what| text.contains(what);
    if said("Operation not supported") || said("no stats available") {
        Some(Refusal::NotSupported)
    } else if said("Operation not permitted") || said("Permission denied") {
        Some(Refusal::NotPermitted)
    } else if said("No such device") {
        Some(Refusal::NoDevice)
    } else {
        let mut complaints = lines(text).map(|(_, text)| text.trim_ascii());
        let complaint = complaints.find(|text| {
            ["ethtool: ", "Cannot ", "netlink error", "No data available"]
                .iter()
                .any(|s| text.starts_with(s))
        })?;
        Some(Refusal::Other(complaint.to_owned()))
    }
}

/// Sections of `-g` and `-l`: which maximum or present value a line sets. `n/a` sets nothing.
fn sections(text: &str, mut set: impl FnMut(bool, &str, Option<u64>)) -> Option<()> {
    let mut maximum = None;
    for (_, key, value) in entries(text) {
        match key {
            "Pre-set maximums" => maximum = Some(true),
            "Current hardware settings" => maximum = Some(false),
            key => set(maximum?, key, value.parse().ok()),
        }
        if key.starts_with("Ring parameters") || key.starts_with("Channel parameters") {
            maximum = None;
        }
    }
    maximum.map(drop)
}

/// The part of a text from its heading on: complaints stand before it.
fn behind<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    text.split_once(heading)?.1.split_once('\n').map(|(_, rest)| rest)
}

/// `ethtool -g`.
///
/// # Errors
/// Neither rings nor a complaint of the tool.
pub fn ring(text: &str) -> Result<Answer<Ring>, ParseError> {
    let mut ring = Ring::default();
    let told = behind(text, "Ring parameters for").and_then(|text| {
        sections(text, |maximum, key, value| match (key, maximum) {
            ("RX", true) => ring.rx_max = value,
            ("RX", false) => ring.rx = value,
            ("TX", true) => ring.tx_max = value,
            ("TX", false) => ring.tx = value,
            _ => {}
        })
    });
    let told = told.filter(|()| ring != Ring::default());
    let empty = text.contains("Ring parameters for").then_some(Refusal::NotSupported);
    match (answer(text, told, "`Ring parameters for …`"), empty) {
        (Ok(answer), _) => Ok(match answer {
            Answer::Told(()) => Answer::Told(ring),
            Answer::Refused(why) => Answer::Refused(why),
        }),
        (Err(_), Some(why)) => Ok(Answer::Refused(why)),
        (Err(e), None) => Err(e),
    }
}

/// `ethtool -l`.
///
/// # Errors
/// Neither channels nor a complaint of the tool.
pub fn channels(text: &str) -> Result<Answer<Channels>, ParseError> {
    let mut c = Channels::default();
    let told = behind(text, "Channel parameters for").and_then(|text| {
        sections(text, |maximum, key, value| match (key, maximum) {
            ("RX", true) => c.rx_max = value,
            ("RX", false) => c.rx = value,
            ("TX", true) => c.tx_max = value,
            ("TX", false) => c.tx = value,
            ("Combined", true) => c.combined_max = value,
            ("Combined", false) => c.combined = value,
            _ => {}
        })
    });
    answer(text, told.map(|()| c), "`Channel parameters for …`")
}

/// `ethtool -S`. A name may hold colons, so that the last one counts.
///
/// # Errors
/// A name without a number, or neither statistics nor a complaint of the tool.
pub fn stats(text: &str) -> Result<Answer<Counters>, ParseError> {
    let mut counters = Counters::default();
    let body = behind(text, "NIC statistics:");
    let first = u32::try_from(text.lines().count() - body.map_or(0, |b| b.lines().count()));
    for (line, text) in lines(body.unwrap_or_default()) {
        let line = line.saturating_add(first.unwrap_or(0));
        if let Some((name, value)) = text.rsplit_once(':') {
            counters.set(name.trim_ascii(), counter(line, value, "statistic")?);
        }
    }
    answer(text, body.map(|_| counters), "`NIC statistics:`")
}

/// `ethtool -k`.
///
/// # Errors
/// Neither features nor a complaint of the tool.
pub fn features(text: &str) -> Result<Answer<Features>, ParseError> {
    let mut features = Features::new();
    for (_, key, value) in entries(text) {
        let (state, note) = value.split_once(' ').unwrap_or((value, ""));
        if let Some(active) = on(state) {
            let asked = note.trim_matches(['[', ']']);
            let requested = asked.strip_prefix("requested ").and_then(on);
            features.insert(key.into(), Feature { active, fixed: asked == "fixed", requested });
        }
    }
    let told = (!features.is_empty()).then_some(features);
    answer(text, told, "`Features for …` with `name: on` or `off`")
}

fn on(word: &str) -> Option<bool> {
    match word {
        "on" | "Yes" | "yes" => Some(true),
        "off" | "No" | "no" => Some(false),
        _ => None,
    }
}

/// `ethtool -i`.
///
/// # Errors
/// Neither a driver nor a complaint of the tool.
pub fn driver(text: &str) -> Result<Answer<Driver>, ParseError> {
    let mut driver = Driver::default();
    for (_, key, value) in entries(text).filter(|(_, _, value)| !value.is_empty()) {
        let field = match key {
            "driver" => &mut driver.driver,
            "version" => &mut driver.version,
            "firmware-version" => &mut driver.firmware,
            "bus-info" => &mut driver.bus_info,
            _ => continue,
        };
        *field = Some(value.to_owned());
    }
    let told = driver.driver.is_some().then_some(driver);
    answer(text, told, "`driver: …`")
}

/// `ethtool -c`.
///
/// # Errors
/// Neither settings nor a complaint of the tool.
pub fn coalesce(text: &str) -> Result<Answer<Coalesce>, ParseError> {
    let mut coalesce = Coalesce::default();
    let body = behind(text, "Coalesce parameters for");
    for (_, key, value) in entries(body.unwrap_or_default()) {
        if key == "Adaptive RX" {
            let (rx, tx) = value.split_once("TX:").unwrap_or((value, ""));
            (coalesce.adaptive_rx, coalesce.adaptive_tx) =
                (on(rx.trim_ascii()), on(tx.trim_ascii()));
        } else if let Ok(value) = value.parse() {
            coalesce.values.set(key, value);
        }
    }
    answer(text, body.map(|_| coalesce), "`Coalesce parameters for …`")
}

/// `ethtool -a`.
///
/// # Errors
/// Neither settings nor a complaint of the tool.
pub fn pause(text: &str) -> Result<Answer<Pause>, ParseError> {
    let mut pause = Pause::default();
    let body = behind(text, "Pause parameters for");
    for (_, key, value) in entries(body.unwrap_or_default()) {
        match key {
            "Autonegotiate" => pause.autoneg = on(value),
            "RX" => pause.rx = on(value),
            "TX" => pause.tx = on(value),
            _ => {}
        }
    }
    answer(text, body.map(|_| pause), "`Pause parameters for …`")
}

/// `ethtool DEV`: errors before the heading and netlink errors in between are left out; lists of
/// link modes go on over further lines.
///
/// # Errors
/// Neither settings nor a complaint of the tool.
pub fn parse(text: &str) -> Result<Answer<Link>, ParseError> {
    let mut link = Link::default();
    let body = behind(text, "Settings for");
    let mut list = "";
    for (_, text) in lines(body.unwrap_or_default()) {
        let (key, value) = match text.split_once(':') {
            Some((key, value)) => (key.trim_ascii(), value.trim_ascii()),
            None if text.starts_with(char::is_whitespace) => (list, text.trim_ascii()),
            None => continue,
        };
        list = if key.ends_with("link modes") { key } else { "" };
        match key {
            "Speed" => {
                let speed = value.split_once("Mb/s").and_then(|(n, _)| n.parse().ok());
                link.speed_mbit_per_s = speed.and_then(known_speed);
            }
            "Duplex" => link.full_duplex = duplex(value),
            "Auto-negotiation" => link.autoneg = on(value),
            "Port" => link.port = Some(value.to_owned()),
            "Link detected" => link.detected = on(value.split(' ').next().unwrap_or_default()),
            "Supported link modes" => modes(&mut link.supported, value),
            "Advertised link modes" => modes(&mut link.advertised, value),
            "Link partner advertised link modes" => modes(&mut link.partner, value),
            _ => {}
        }
    }
    answer(text, body.map(|_| link), "`Settings for …`")
}

fn modes(list: &mut Option<Vec<String>>, value: &str) {
    if value != "Not reported" {
        let modes = value.split_ascii_whitespace().map(Into::into);
        list.get_or_insert_default().extend(modes);
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Cannot get wake-on-lan settings: Operation not permitted
Settings for eth0:
\tSupported ports: [ TP\t MII ]
\tSupported link modes:   10baseT/Half 10baseT/Full
\t                        100baseT/Half 100baseT/Full
\t                        1000baseT/Full 10000baseT/Full
\tSupported pause frame use: Symmetric
\tAdvertised link modes:  10baseT/Half 10baseT/Full
\t                        1000baseT/Full
\tLink partner advertised link modes:  Not reported
\tSpeed: 1000Mb/s
\tDuplex: Full
\tAuto-negotiation: on
\tPort: Twisted Pair
\tMDI-X: off (auto)
netlink error: Operation not permitted
        Current message level: 0x00000007 (7)
                               drv probe link
\tLink detected: yes
";

#[cfg(test)]
mod tests;
