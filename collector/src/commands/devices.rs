//! Which devices commands and probes are run on, told by sysfs alone: no device is opened.

use std::fs;
use std::path::PathBuf;

use crate::probe::Context;

/// Most devices of one kind; the rest is in sysfs.
const MAX_DEVICES: usize = 64;

/// Network devices with hardware behind them.
pub(super) fn nics(context: &Context) -> Vec<String> {
    let mut nics = names(context, "/sys/class/net");
    nics.retain(|nic| {
        let device = format!("/sys/class/net/{nic}/device");
        // A name goes into a command line: none may look like an option or like two words.
        is_plain(nic) && fs::metadata(context.path(&device)).is_ok()
    });
    nics.truncate(MAX_DEVICES);
    nics
}

/// A SCSI disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    /// `sda`.
    pub name: String,
    /// Number of its SCSI host.
    pub host: u32,
    /// Driver of that host (`ahci`, `megaraid_sas`).
    pub driver: String,
    /// Not suspended by runtime power management: opening it spins nothing up.
    pub is_awake: bool,
    /// An ATA disk on a port of its own, spoken to by libata.
    pub is_libata: bool,
}

/// SCSI disks, by name.
pub(crate) fn disks(context: &Context) -> Vec<Disk> {
    let mut disks: Vec<Disk> = names(context, "/sys/block")
        .into_iter()
        .filter(|name| name.starts_with("sd") && is_plain(name))
        .filter_map(|name| disk(context, name))
        .collect();
    disks.truncate(MAX_DEVICES);
    disks
}

fn disk(context: &Context, name: String) -> Option<Disk> {
    let device = fs::canonicalize(context.path(&format!("/sys/block/{name}/device"))).ok()?;
    let host = host_of(&device)?;
    let driver = line(context, &format!("/sys/class/scsi_host/host{host}/proc_name"));
    let status = line(context, &format!("/sys/block/{name}/device/power/runtime_status"));
    let is_awake = !matches!(status.as_deref(), Some("suspended" | "suspending" | "resuming"));
    let vendor = line(context, &format!("/sys/block/{name}/device/vendor"));
    let is_port = |part: &str| part.strip_prefix("ata").is_some_and(|n| n.parse::<u32>().is_ok());
    let on_port = device.components().filter_map(|c| c.as_os_str().to_str()).any(is_port);
    let is_libata = on_port && vendor.as_deref() == Some("ATA");
    Some(Disk { name, host, driver: driver.unwrap_or_default(), is_awake, is_libata })
}

/// The number in the `host<N>` of a device's path.
fn host_of(device: &std::path::Path) -> Option<u32> {
    let parts = device.components().filter_map(|part| part.as_os_str().to_str());
    parts.filter_map(|part| part.strip_prefix("host")?.parse().ok()).next_back()
}

/// `NVMe` controllers that are awake.
pub(crate) fn nvmes(context: &Context) -> Vec<String> {
    let mut all = names(context, "/sys/class/nvme");
    all.retain(|name| {
        let status = line(context, &format!("/sys/class/nvme/{name}/device/power/runtime_status"));
        let transport = line(context, &format!("/sys/class/nvme/{name}/transport"));
        // A controller across the network is somebody else's hardware and may not answer.
        is_plain(name)
            && status.as_deref() != Some("suspended")
            && matches!(transport.as_deref(), None | Some("pcie"))
    });
    all.truncate(MAX_DEVICES);
    all
}

/// The generic node of a host's processor or enclosure device (type 3): areca is asked there.
pub(super) fn sg_of(context: &Context, host: u32) -> Option<String> {
    names(context, "/sys/class/scsi_generic").into_iter().find(|sg| {
        let device = format!("/sys/class/scsi_generic/{sg}/device");
        let path: Option<PathBuf> = fs::canonicalize(context.path(&device)).ok();
        line(context, &format!("{device}/type")).as_deref() == Some("3")
            && path.is_some_and(|path| host_of(&path) == Some(host))
    })
}

fn names(context: &Context, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(context.path(directory)).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

fn line(context: &Context, path: &str) -> Option<String> {
    crate::probe::file_line(&context.path(path))
}

fn is_plain(name: &str) -> bool {
    !name.starts_with('-') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_by_the_path_of_the_device() {
        let path = "/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0";
        assert_eq!(host_of(path.as_ref()), Some(0));
        assert_eq!(host_of("/sys/devices/virtual/block/loop0".as_ref()), None);
    }

    #[test]
    fn a_name_that_would_be_an_option_is_no_device() {
        assert!(is_plain("eth0.100") && is_plain("enp3s0f0np0"));
        assert!(!is_plain("-x") && !is_plain("a b") && !is_plain("a/b"));
    }
}
