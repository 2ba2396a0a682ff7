//! The controller behind RAID volumes, by its place on the PCI bus.

use crate::facts::build::{Book, devices};
use crate::facts::disks::Disk;
use crate::facts::inputs::Inputs;
use crate::locator::Locator;

const PCI: &str = "bus/pci/devices/";
/// Controllers that are named.
const MAX: usize = 4;

/// Names the controllers of the volumes' drivers. Which volume stands on which of several of one
/// driver is not told.
pub(super) fn name(inputs: &Inputs, disks: &mut [Disk], book: &mut Book) {
    let pci = &inputs.hardware.sys_pci;
    let Ok(pack) = pci.first() else { return };
    for (i, disk) in disks.iter_mut().enumerate() {
        let Some(volume) = &mut disk.raid_volume else { continue };
        let Some(wanted) = volume.driver.as_deref() else { continue };
        let slot = |(key, target): &(String, String)| {
            let slot = key.strip_prefix(PCI)?.strip_suffix("/driver")?;
            (target.rsplit('/').next() == Some(wanted)).then(|| slot.to_owned())
        };
        let slots: Vec<String> = pack.rows.iter().filter_map(slot).take(MAX).collect();
        if slots.is_empty() {
            continue;
        }
        let one = |slot: &String| match devices::pci_device(inputs, slot) {
            Some(name) => format!("{slot} {name}"),
            None => slot.clone(),
        };
        volume.controller = Some(slots.iter().map(one).collect::<Vec<_>>().join(", "));
        let records = slots.iter().map(|s| Locator::record(&pci.path, format!("{PCI}{s}/driver")));
        book.sources(format!("disks.{i}.raid_volume.controller"), records.collect());
    }
}
