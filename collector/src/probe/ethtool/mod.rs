//! What drivers of network devices know: link, rings, queues, offloads, statistics.
//!
//! Asked by `SIOCETHTOOL`, which kernels from 2.6 on understand, so that a host without ethtool(8)
//! is diagnosed as well. One step and one file a device, `probes/ethtool/<dev>.json`:
//!
//! ```json
//! {"dev":"eth0","driver":{"driver":"e1000e","version":"","firmware":"0.5-4","bus_info":"…"},
//!  "ring":{"rx":256,"rx_max":4096,"tx":256,"tx_max":4096},"channels":{"errno":95},
//!  "link":{"speed":1000,"duplex":"full","autoneg":true,"port":"tp","link":true,"supported":[…]},
//!  "features":{"rx-gro":{"active":true,"fixed":false,"requested":true}},"stats":{"rx_missed":4}}
//! ```
//!
//! A group that the driver refuses is `{"errno":n}`: 95 (`EOPNOTSUPP`) means that it has no such
//! thing, which is an answer and not a gap.

use std::fs;
use std::io;

use linsight_archive::Outcome;
use rustix::io::Errno;
use serde_json::{Map, Value, json};

use super::{Answer, Context, Emit, Resume, Turn, file, netns};

mod ioctl;
mod modes;

use ioctl::Device;

const GSET: u32 = 0x01;
const GDRVINFO: u32 = 0x03;
const GLINK: u32 = 0x0a;
const GCOALESCE: u32 = 0x0e;
const GRINGPARAM: u32 = 0x10;
const GPAUSEPARAM: u32 = 0x12;
const GSTRINGS: u32 = 0x1b;
const GSTATS: u32 = 0x1d;
const GSSET_INFO: u32 = 0x37;
const GFEATURES: u32 = 0x3a;
const GCHANNELS: u32 = 0x3c;
const GLINKSETTINGS: u32 = 0x4c;
const STATS: u32 = 1;
const FEATURES: u32 = 4;

/// Room behind every structure: a driver may have grown since it announced its size.
const SLACK: usize = 64 << 10;
/// Most strings of a set; drivers with many queues have some thousands.
const MAX_STRINGS: u32 = 1 << 15;
/// Most devices: a node full of containers has a veth for each.
const MAX_DEVICES: usize = 256;

/// Asks all devices of the host, hardware first.
pub(super) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    if !context.is_live_root()
        && let Err(why) = netns::enter_host(context)
    {
        let path = "probes/ethtool";
        return match resume.turn(0) {
            Turn::Done => Ok(()),
            _ => emit(Answer::absent(path, Outcome::Skipped, Some(&why))),
        };
    }
    for (step, name) in devices(context).iter().enumerate() {
        let path = format!("probes/ethtool/{name}.json");
        match resume.turn(step) {
            Turn::Done => {}
            Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, None))?,
            Turn::Now => match Device::open(name) {
                Ok(device) => {
                    let mut json = serde_json::to_vec(&describe(name, &device))?;
                    json.push(b'\n');
                    emit(Answer::whole(&path, &json))?;
                }
                Err(errno) => emit(Answer::failed(&path, errno))?,
            },
        }
    }
    Ok(())
}

/// Names of the devices in `/proc/net/dev`: those of the namespace that the ioctls ask, which
/// `/sys/class/net` is not for a mounted root.
fn devices(context: &Context) -> Vec<String> {
    let bytes = file::read(&context.path("/proc/self/net/dev"), 1 << 20).unwrap_or_default().0;
    let text = String::from_utf8_lossy(&bytes);
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| {
            Some(line.rsplit_once(':').or(line.split_once(':'))?.0.trim().to_owned())
        })
        .filter(|name| !name.is_empty() && !name.contains(['/', '|', ' ', ':']))
        .collect();
    let is_hardware =
        |name: &str| fs::metadata(context.path(&format!("/sys/class/net/{name}/device"))).is_ok();
    names.sort_by_cached_key(|name| (!is_hardware(name), name.clone()));
    names.truncate(MAX_DEVICES);
    names
}

fn describe(name: &str, device: &Device) -> Value {
    let group = |answer: Result<Value, Errno>| {
        answer.unwrap_or_else(|errno| json!({ "errno": errno.raw_os_error() }))
    };
    json!({
        "dev": name,
        "driver": group(driver(device)),
        "ring": group(ring(device)),
        "channels": group(channels(device)),
        "coalesce": group(coalesce(device)),
        "pause": group(pause(device)),
        "link": group(link(device)),
        "features": group(features(device)),
        "stats": group(stats(device)),
    })
}

/// A structure of the kernel: numbers of 32 bits at known places, the command first.
struct Structure(Vec<u8>);

impl Structure {
    fn new(command: u32, bytes: usize) -> Self {
        let mut structure = Self(vec![0; bytes + SLACK]);
        structure.set(0, command);
        structure
    }

    fn set(&mut self, at: usize, value: u32) {
        for (to, from) in self.0.iter_mut().skip(at).zip(value.to_ne_bytes()) {
            *to = from;
        }
    }

    fn u8(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn u32(&self, at: usize) -> u32 {
        let field = self.0.get(at..at + 4).and_then(|field| field.try_into().ok());
        field.map_or(0, u32::from_ne_bytes)
    }

    fn u64(&self, at: usize) -> u64 {
        let field = self.0.get(at..at + 8).and_then(|field| field.try_into().ok());
        field.map_or(0, u64::from_ne_bytes)
    }

    /// A string of 32 bytes, up to its NUL.
    fn text(&self, at: usize) -> String {
        let field = self.0.get(at..at + 32).unwrap_or_default();
        let text = field.split(|&b| b == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    fn asked(mut self, device: &Device) -> Result<Self, Errno> {
        device.ask(&mut self.0)?;
        Ok(self)
    }
}

fn driver(device: &Device) -> Result<Value, Errno> {
    let info = Structure::new(GDRVINFO, 196).asked(device)?;
    Ok(json!({
        "driver": info.text(4),
        "version": info.text(36),
        "firmware": info.text(68),
        "bus_info": info.text(100),
    }))
}

fn ring(device: &Device) -> Result<Value, Errno> {
    let ring = Structure::new(GRINGPARAM, 36).asked(device)?;
    Ok(json!({
        "rx_max": ring.u32(4), "rx": ring.u32(20), "tx_max": ring.u32(16), "tx": ring.u32(32),
    }))
}

fn channels(device: &Device) -> Result<Value, Errno> {
    let channels = Structure::new(GCHANNELS, 36).asked(device)?;
    let names = ["rx_max", "tx_max", "other_max", "combined_max", "rx", "tx", "other", "combined"];
    Ok(numbers(&channels, &names))
}

fn coalesce(device: &Device) -> Result<Value, Errno> {
    let coalesce = Structure::new(GCOALESCE, 92).asked(device)?;
    let names = [
        "rx_usecs",
        "rx_frames",
        "rx_usecs_irq",
        "rx_frames_irq",
        "tx_usecs",
        "tx_frames",
        "tx_usecs_irq",
        "tx_frames_irq",
        "stats_block_usecs",
        "adaptive_rx",
        "adaptive_tx",
        "pkt_rate_low",
        "rx_usecs_low",
        "rx_frames_low",
        "tx_usecs_low",
        "tx_frames_low",
        "pkt_rate_high",
        "rx_usecs_high",
        "rx_frames_high",
        "tx_usecs_high",
        "tx_frames_high",
        "sample_interval",
    ];
    Ok(numbers(&coalesce, &names))
}

/// Numbers that stand one behind the other, after the command.
fn numbers(structure: &Structure, names: &[&str]) -> Value {
    let number = |(i, name): (usize, &&str)| ((*name).to_owned(), structure.u32(4 + i * 4).into());
    Value::Object(names.iter().enumerate().map(number).collect())
}

fn pause(device: &Device) -> Result<Value, Errno> {
    let pause = Structure::new(GPAUSEPARAM, 16).asked(device)?;
    let is = |at| pause.u32(at) != 0;
    Ok(json!({ "autoneg": is(4), "rx": is(8), "tx": is(12) }))
}

fn link(device: &Device) -> Result<Value, Errno> {
    let mut link = match link_settings(device) {
        // Before Linux 4.6, and for drivers that were never moved on.
        Err(Errno::OPNOTSUPP) => old_link_settings(device)?,
        settings => settings?,
    };
    if let (Some(link), Ok(state)) = (link.as_object_mut(), Structure::new(GLINK, 8).asked(device))
    {
        link.insert("link".to_owned(), (state.u32(4) != 0).into());
    }
    Ok(link)
}

/// `struct ethtool_link_settings`: the first call tells how long the masks are.
fn link_settings(device: &Device) -> Result<Value, Errno> {
    const MASKS: usize = 48;
    const WORDS: usize = 15;
    let asked = Structure::new(GLINKSETTINGS, MASKS).asked(device)?;
    let words = asked.u8(WORDS).cast_signed().wrapping_neg();
    let count = usize::try_from(words).ok().filter(|n| *n > 0).ok_or(Errno::OPNOTSUPP)?;
    let mut settings = Structure::new(GLINKSETTINGS, MASKS + count * 12);
    if let Some(byte) = settings.0.get_mut(WORDS) {
        *byte = words.cast_unsigned();
    }
    let settings = settings.asked(device)?;
    let mask = |k: usize| -> Vec<u32> {
        (0..count).map(|i| settings.u32(MASKS + (k * count + i) * 4)).collect()
    };
    Ok(json!({
        "speed": speed(settings.u32(4)),
        "duplex": duplex(settings.u8(8)),
        "port": port(settings.u8(9)),
        "autoneg": settings.u8(11) == 1,
        "supported": modes::names(&mask(0)),
        "advertised": modes::names(&mask(1)),
        "partner": modes::names(&mask(2)),
    }))
}

/// `struct ethtool_cmd`: masks of 32 bits, the speed in two halves.
fn old_link_settings(device: &Device) -> Result<Value, Errno> {
    let settings = Structure::new(GSET, 44).asked(device)?;
    let half = |at| u32::from(u16::from_ne_bytes([settings.u8(at), settings.u8(at + 1)]));
    Ok(json!({
        "speed": speed(half(28) << 16 | half(12)),
        "duplex": duplex(settings.u8(14)),
        "port": port(settings.u8(15)),
        "autoneg": settings.u8(18) == 1,
        "supported": modes::names(&[settings.u32(4)]),
        "advertised": modes::names(&[settings.u32(8)]),
        "partner": modes::names(&[settings.u32(32)]),
    }))
}

/// Mbit/s; -1 for unknown, as the driver says it.
fn speed(raw: u32) -> i64 {
    if raw == u32::MAX { -1 } else { raw.into() }
}

const fn duplex(raw: u8) -> &'static str {
    match raw {
        0 => "half",
        1 => "full",
        _ => "unknown",
    }
}

const fn port(raw: u8) -> &'static str {
    match raw {
        0 => "tp",
        1 => "aui",
        2 => "mii",
        3 => "fibre",
        4 => "bnc",
        5 => "da",
        0xef => "none",
        _ => "other",
    }
}

/// The strings of a set.
fn strings(device: &Device, set: u32) -> Result<Vec<String>, Errno> {
    let mut info = Structure::new(GSSET_INFO, 20);
    // `sset_mask` has 64 bits; the sets that we ask lie in the lower half.
    let half = if cfg!(target_endian = "little") { 8 } else { 12 };
    info.set(half, 1 << set);
    let info = info.asked(device)?;
    let count = if info.u32(half) == 0 { 0 } else { info.u32(16) };
    if count == 0 || count > MAX_STRINGS {
        return Err(if count == 0 { Errno::OPNOTSUPP } else { Errno::TOOBIG });
    }
    let mut names = Structure::new(GSTRINGS, 12 + count as usize * 32);
    names.set(4, set);
    names.set(8, count);
    let names = names.asked(device)?;
    let count = names.u32(8).min(count) as usize;
    Ok((0..count).map(|i| names.text(12 + i * 32)).collect())
}

fn features(device: &Device) -> Result<Value, Errno> {
    let names = strings(device, FEATURES)?;
    let blocks = names.len().div_ceil(32);
    let mut features = Structure::new(GFEATURES, 8 + blocks * 16);
    features.set(4, u32::try_from(blocks).unwrap_or(0));
    let features = features.asked(device)?;
    let mut all = Map::new();
    for (i, name) in names.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let bit = |field: usize| features.u32(8 + i / 32 * 16 + field * 4) >> (i % 32) & 1 == 1;
        let (available, requested, active, never_changed) = (bit(0), bit(1), bit(2), bit(3));
        // What cannot be changed cannot be asked for either; its bit there means nothing.
        let feature = if !available || never_changed {
            json!({ "active": active, "fixed": true })
        } else {
            json!({ "active": active, "fixed": false, "requested": requested })
        };
        all.insert(name, feature);
    }
    Ok(Value::Object(all))
}

fn stats(device: &Device) -> Result<Value, Errno> {
    let names = strings(device, STATS)?;
    let mut stats = Structure::new(GSTATS, 8 + names.len() * 8);
    stats.set(4, u32::try_from(names.len()).unwrap_or(0));
    let stats = stats.asked(device)?;
    // A driver whose queues changed in between would give values under the wrong names.
    if stats.u32(4) as usize != names.len() {
        return Err(Errno::AGAIN);
    }
    let value = |(i, name): (usize, String)| (name, stats.u64(8 + i * 8).into());
    let all = names.into_iter().enumerate().filter(|(_, name)| !name.is_empty());
    Ok(Value::Object(all.map(value).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Context {
        Context::of_root("/")
    }

    #[test]
    fn every_device_answers_and_loopback_has_no_ring() {
        let mut seen = Vec::new();
        probe(&here(), Resume::default(), &mut |answer| {
            assert_eq!(answer.outcome, Outcome::Collected, "{}", answer.path);
            seen.push(serde_json::from_slice::<Value>(answer.content).unwrap());
            Ok(())
        })
        .unwrap();
        let lo = seen.iter().find(|device| device["dev"] == "lo").unwrap();
        assert_eq!(lo["ring"]["errno"], Errno::OPNOTSUPP.raw_os_error());
        // Loopback has every offload, and its loopback is fixed.
        assert_eq!(lo["features"]["loopback"], json!({ "active": true, "fixed": true }));
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error_in_each_group() {
        let device = Device::open("nosuch0").unwrap();
        let told = describe("nosuch0", &device);
        for group in ["driver", "ring", "channels", "link", "features", "stats"] {
            assert_eq!(told[group]["errno"], Errno::NODEV.raw_os_error(), "{group}");
        }
        assert!(Device::open("a_name_that_is_too_long").is_err());
    }
}
