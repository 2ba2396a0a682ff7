//! What is known of the network devices from tools and probes, whichever were there: the probe of
//! ethtool, the texts of `ethtool -x DEV`, and `ip`.

use std::collections::BTreeMap;

use crate::parse::ethtool::Device;
use crate::parse::ip_link::IpLink;

use super::super::inputs::{EthtoolText, Inputs};

/// Devices by name.
pub(super) type Devices = BTreeMap<String, Device>;

/// The settings of every device: the probe where it is there, else the texts of the tool.
pub(super) fn devices(inputs: &Inputs) -> Devices {
    let mut devices = Devices::new();
    for (rest, readings) in &inputs.net.ethtool_text {
        let Ok(part) = readings.first() else { continue };
        // `-g_eth0`; without an option the name alone.
        let name = option_of(rest).map_or(rest.as_str(), |(_, name)| name);
        let name = with_parent(inputs).find(|l| file_of(l) == name).map_or(name, |l| &l.name);
        let device = devices.entry(name.to_owned()).or_default();
        name.clone_into(&mut device.dev);
        add(device, part);
    }
    for (file, readings) in &inputs.net.ethtool {
        if let (Some(name), Ok(device)) = (file.strip_suffix(".json"), readings.first()) {
            devices.insert(name.to_owned(), device.clone());
        }
    }
    devices
}

fn add(device: &mut Device, part: &EthtoolText) {
    match part.clone() {
        EthtoolText::Link(x) => device.link = Some(x),
        EthtoolText::Ring(x) => device.ring = Some(x),
        EthtoolText::Channels(x) => device.channels = Some(x),
        EthtoolText::Stats(x) => device.stats = Some(x),
        EthtoolText::Driver(x) => device.driver = Some(x),
        EthtoolText::Features(x) => device.features = Some(x),
        // The probe has neither: they are read from the texts.
        EthtoolText::Module(_) | EthtoolText::Indirection(_) | EthtoolText::Other => {}
    }
}

/// Option and device of `-g_eth0` or `--show-eee_eth0`.
pub(in super::super) fn option_of(rest: &str) -> Option<(&str, &str)> {
    rest.strip_prefix('-')?;
    rest.split_once('_')
}

/// Path of the text with an option, as the archive has it.
pub(super) fn text_path(inputs: &Inputs, option: &str, name: &str) -> String {
    let separator = if option.is_empty() { "" } else { "_" };
    let path = |name: &str| format!("commands/ethtool_{option}{separator}{name}");
    let known = |file: &String| {
        let rest = path(file);
        inputs.net.ethtool_text.contains_key(rest.trim_start_matches("commands/ethtool_"))
    };
    let file = with_parent(inputs).find(|l| l.name == name).map(file_of).filter(known);
    path(file.as_deref().unwrap_or(name))
}

/// Interfaces on top of another: sosreports name their files `bond0.104_bond0`, after
/// `bond0.104@bond0` of `ip`.
fn with_parent(inputs: &Inputs) -> impl Iterator<Item = &IpLink> {
    let links = inputs.net.ip_lists().filter_map(|l| l.first().ok());
    links.flat_map(|rows| &rows.rows).filter(|link| link.parent.is_some())
}

fn file_of(link: &IpLink) -> String {
    format!("{}_{}", link.name, link.parent.as_deref().unwrap_or_default())
}

/// Maker and product of the PCI device at a place on the bus; where `lspci` did not run, its ids:
/// `[8086:10fb]`. `lspci` leaves the domain out where there is only one.
pub(super) fn pci_device(inputs: &Inputs, slot: &str) -> Option<String> {
    let short = slot.strip_prefix("0000:").unwrap_or(slot);
    let lists = inputs.net.pci.values().filter_map(|l| l.first().ok());
    let mut devices = lists.flat_map(|rows| &rows.rows);
    if let Some(device) = devices.find(|d| d.slot == slot || d.slot == short) {
        let name = device.name.as_str();
        // The ids behind the words: `[8086:10fb] (rev 01)`.
        return Some(name.rsplit_once(" [").map_or(name, |(words, _)| words).to_owned());
    }
    let pci = inputs.hardware.sys_pci.first().ok()?;
    let id = |file: &str| {
        let id = pci.get(format!("bus/pci/devices/{slot}/{file}").as_str())?;
        id.trim().strip_prefix("0x")
    };
    Some(format!("[{}:{}]", id("vendor")?, id("device")?))
}

/// The interface as `ip` shows it.
pub(super) fn link<'i>(inputs: &'i Inputs, name: &str) -> Option<&'i IpLink> {
    let links = inputs.net.ip_lists().filter_map(|l| l.first().ok());
    links.flat_map(|rows| &rows.rows).find(|link| link.name == name)
}
