//! What a device is, by its name, its driver and what it says of itself.

use crate::facts::disks::{Disk, RaidVolume};

/// Beginnings of names, and the kind.
const NAMES: [(&str, &str); 21] = [
    ("nvme", "nvme"),
    ("mmcblk", "mmc"),
    ("pmem", "pmem"),
    ("dasd", "dasd"),
    ("dm-", "dm"),
    ("md", "md"),
    ("bcache", "bcache"),
    ("drbd", "drbd"),
    ("rbd", "rbd"),
    ("nbd", "nbd"),
    ("loop", "loop"),
    ("zram", "zram"),
    ("ram", "ram"),
    ("sr", "optical"),
    ("fd", "floppy"),
    ("xvd", "xen"),
    ("vd", "virtio"),
    ("hd", "ide"),
    ("sd", "scsi"),
    ("cciss!", "scsi"),
    ("ubd", "other"),
];

pub(super) fn of_name(name: &str) -> &'static str {
    NAMES.iter().find(|(start, _)| name.starts_with(start)).map_or("other", |(_, kind)| kind)
}

/// What hypervisors and clouds write into vendor and model.
const VIRTUAL: [&str; 10] = [
    "QEMU",
    "VMware",
    "Virtual disk",
    "Virtual Disk",
    "VBOX",
    "PersistentDisk",
    "EphemeralDisk",
    "Amazon Elastic",
    "Amazon EC2",
    "Microsoft NVMe Direct",
];

pub(super) fn is_virtual(disk: &Disk) -> bool {
    let text = said(disk);
    matches!(disk.kind.as_deref(), Some("virtio" | "xen"))
        || VIRTUAL.iter().any(|word| text.contains(word))
        || matches!(
            disk.driver.as_deref(),
            Some("virtio_scsi" | "vmw_pvscsi" | "storvsc" | "hv_storvsc")
        )
}

fn said(disk: &Disk) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{} {}", part(&disk.vendor), part(&disk.model))
}

/// Words in vendor and model of volumes.
const VOLUMES: [&str; 12] = [
    "LOGICAL VOLUME",
    "PERC",
    "MegaRAID",
    "MR9",
    "AVAGO",
    "RAID",
    "ServeRAID",
    "VIRTUAL DISK",
    "VIRTUALDISK",
    "ARC-",
    "Smart Array",
    "SmartArray",
];

/// Drivers of RAID controllers: how smartctl reaches the disks, and the maker's tool.
const CONTROLLERS: [(&str, Option<&str>, &str); 16] = [
    ("hpsa", Some("cciss,N"), "ssacli"),
    ("smartpqi", Some("cciss,N"), "ssacli or arcconf"),
    ("cciss", Some("cciss,N"), "ssacli"),
    ("megaraid_sas", Some("megaraid,N"), "storcli or perccli"),
    ("megaraid", Some("megaraid,N"), "storcli"),
    ("aacraid", Some("aacraid,H,L,N"), "arcconf"),
    ("arcmsr", Some("areca,N"), "cli64"),
    ("3w-xxxx", Some("3ware,N"), "tw_cli"),
    ("3w-9xxx", Some("3ware,N"), "tw_cli"),
    ("3w-sas", Some("3ware,N"), "tw_cli"),
    ("hptiop", Some("hpt,1/N"), "hptraidconf"),
    ("rr62x", Some("hpt,1/N"), "hptraidconf"),
    ("rr64x", Some("hpt,1/N"), "hptraidconf"),
    ("sssraid", Some("sssraid,E,N"), "the maker's tool"),
    ("ips", None, "ipssend"),
    ("mptspi", None, "mpt-status"),
];

/// A volume, where driver or words say so; disks that a controller passes through say their own
/// model, and a hypervisor's disks are no RAID.
pub(super) fn raid_volume(disk: &Disk) -> Option<RaidVolume> {
    if disk.is_virtual == Some(true) || disk.kind.as_deref() != Some("scsi") {
        return None;
    }
    let driver = disk.driver.as_deref();
    let known = CONTROLLERS.iter().find(|(name, ..)| Some(*name) == driver);
    let text = said(disk);
    if known.is_none() && !VOLUMES.iter().any(|word| text.contains(word)) {
        return None;
    }
    // A disk in pass-through: its vendor is the bus, as libata and SAS disks say.
    let passed_through = matches!(
        disk.vendor.as_deref(),
        Some("ATA" | "SEAGATE" | "HGST" | "TOSHIBA" | "WDC" | "SAMSUNG")
    );
    if passed_through && !VOLUMES.iter().any(|word| text.contains(word)) {
        return None;
    }
    Some(RaidVolume {
        driver: driver.map(str::to_owned),
        controller: None,
        smartctl: known.and_then(|(_, way, _)| *way).map(str::to_owned),
        tool: known.map(|(.., tool)| (*tool).to_owned()),
        disks_seen: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(kind: &str, driver: &str, vendor: &str, model: &str) -> Disk {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        let mut disk = Disk {
            kind: text(kind),
            driver: text(driver),
            vendor: text(vendor),
            model: text(model),
            ..Disk::default()
        };
        disk.is_virtual = Some(is_virtual(&disk));
        disk
    }

    #[test]
    fn volumes_are_told_from_disks_and_from_virtual_disks() {
        let volume = |kind, driver, vendor, model| raid_volume(&disk(kind, driver, vendor, model));
        let perc = volume("scsi", "megaraid_sas", "DELL", "PERC H730P Mini").unwrap();
        assert_eq!(perc.smartctl.as_deref(), Some("megaraid,N"));
        assert!(volume("scsi", "hpsa", "HP", "LOGICAL VOLUME").is_some());
        assert!(volume("scsi", "", "LSI", "MR9271-8i").is_some(), "by its words alone");
        assert!(volume("scsi", "megaraid_sas", "ATA", "INTEL SSDSC2BB48").is_none(), "JBOD");
        assert!(volume("scsi", "ahci", "ATA", "WDC WD40EFRX").is_none());
        assert!(volume("scsi", "mptspi", "VMware", "Virtual disk").is_none());
        assert!(volume("virtio", "virtio_blk", "", "").is_none());
    }

    #[test]
    fn names_tell_the_kind() {
        for (name, kind) in [
            ("sda", "scsi"),
            ("nvme0n1", "nvme"),
            ("vdb", "virtio"),
            ("md127", "md"),
            ("dm-3", "dm"),
            ("cciss!c0d0", "scsi"),
            ("xvda", "xen"),
            ("sr0", "optical"),
            ("x", "other"),
        ] {
            assert_eq!(of_name(name), kind, "{name}");
        }
    }
}
