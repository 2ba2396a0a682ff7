//! What the firmware tells, memory errors, clock, modules and installed kernels.

use crate::facts::plan::{Many, Packed, Passes, Sampled};
use crate::parse::ethtool::Answer;
use crate::parse::{Rows, aer, clock, dmi, dmidecode, iomem, modules, smbios};

use super::{line, sys};

inputs! {
    /// What the firmware tells, memory errors, clock, modules and installed kernels.
    Hardware
    /// The raw SMBIOS table.
    smbios: Many<dmi::Dmi> =
        |p| p.many("sys/firmware/dmi/tables/", "DMI", |_, b, _| smbios::parse(b));
    /// The same as the tool prints it.
    dmidecode: Sampled<Answer<dmi::Dmi>> =
        |p| p.sampled("commands/dmidecode", |t, _| dmidecode::parse(t));
    /// The physical address map.
    iomem: Sampled<Rows<iomem::Range>> = |p| p.sampled("proc/iomem", |t, _| iomem::parse(t));
    /// Memory errors, at both ends.
    sys_edac: Packed<String, String> = |p| sys(p, "packs/sys/edac", Passes::Ends);
    /// Heat counters of processors, at both ends.
    sys_cpu: Packed<String, String> = |p| sys(p, "packs/sys/cpu", Passes::Ends);
    /// Devices of the PCI bus: ids, class, driver.
    sys_pci: Packed<String, String> = |p| sys(p, "packs/sys/pci", Passes::First);
    /// Errors of PCI Express links, by device and severity; of others' archives once.
    aer: [Packed<(Box<str>, Severity), aer::Aer>; 2] = |p| {
        [("packs/sys/aer", Passes::Ends), ("packs/sys/pci", Passes::First)].map(|(path, passes)| {
            p.packed(path, passes, link_errors, |t, _| aer::parse(t).map(Some))
        })
    };
    /// The kernel's idea of its own clock.
    clock: Sampled<clock::Clock> = |p| p.sampled("probes/clock.json", |t, _| clock::parse(t));
    /// Why the kernel's state cannot be trusted: a mask.
    tainted: Sampled<String> = |p| p.sampled("proc/sys/kernel/tainted", |t, _| Ok(line(t)));
    /// Loaded modules.
    modules: Sampled<Rows<modules::Module>> =
        |p| p.sampled("proc/modules", |t, _| modules::parse(t));
    /// Installed kernels, by name.
    kernels: Sampled<Vec<String>> = |p| p.sampled("names/lib/modules", |t, _| {
        Ok(t.lines().map(line).filter(|l| !l.is_empty()).collect())
    });
    /// An update waits for a reboot.
    reboot_required: Sampled<String> = |p| p.sampled("run/reboot-required", |t, _| Ok(line(t)));
}

/// How bad an error of a PCI Express link was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The link sent it again.
    Corrected,
    /// A request was lost.
    NonFatal,
    /// The link cannot be trusted any more.
    Fatal,
}

/// `bus/pci/devices/0000:00:1c.0/aer_dev_fatal`: the device and the severity.
fn link_errors(key: &str) -> Option<(Box<str>, Severity)> {
    let (device, file) = key.strip_prefix("bus/pci/devices/")?.split_once('/')?;
    let severity = match file {
        "aer_dev_correctable" => Severity::Corrected,
        "aer_dev_nonfatal" => Severity::NonFatal,
        "aer_dev_fatal" => Severity::Fatal,
        _ => return None,
    };
    Some((device.into(), severity))
}
