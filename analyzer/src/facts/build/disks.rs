//! Chapter: block devices.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::lsblk::BlockDevice;

use super::super::disks::{Disk, Io};
use super::super::filesystems::FileSystem;
use super::super::inputs::Inputs;
use super::super::method::num::signed;
use super::super::plan::Pack;
use super::super::{List, Seen};
use super::window::Window;
use super::{Book, Lists};

mod controller;
mod io;
mod kind;
mod names;
mod smart;
mod tree;

use tree::Tree;
pub(super) use tree::whole_of;

const FACT: &str = "disks";
/// A sector in `/sys/block/*/size`, whatever the device's own.
const SECTOR_BYTES: i64 = 512;
/// Devices that are listed.
const MAX: usize = 2000;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    filesystems: &[FileSystem],
    book: &mut Book,
    lists: &mut Lists,
) -> List<Disk> {
    let names = names(inputs);
    if names.is_empty() {
        book.absent(FACT, inputs.storage.sys_block.absence());
        return List::default();
    }
    let storage = &inputs.storage;
    let read = [
        (storage.sys_block.first().is_ok(), &storage.sys_block.path),
        (storage.diskstats.first().is_ok(), &storage.diskstats.path),
        (storage.lsblk.first().is_ok(), &storage.lsblk.path),
    ];
    let read = read.into_iter().filter(|(is, _)| *is).map(|(_, p)| Locator::entry(p));
    book.sources(FACT, read.collect());
    let tree = Tree::of(inputs);
    let series = io::Series::of(inputs, window);
    let mut items = Vec::new();
    for name in &names {
        let fact = format!("{FACT}.{}", items.len());
        let Some(mut disk) = One { inputs, name, sys: storage.sys_block.first().ok() }.disk()
        else {
            continue;
        };
        tree.place(&mut disk, filesystems);
        disk.io = series.of_disk(name, &fact, book);
        say_absences(&disk, &fact, inputs, book);
        items.push(disk);
        if items.len() == MAX {
            break;
        }
    }
    smart::attribute(inputs, &mut items, book);
    controller::name(inputs, &mut items, book);
    let seen = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let what = "block devices seen".to_owned();
    lists.insert(
        FACT.to_owned(),
        Seen { what, seen, expected: seen, gaps: Vec::new(), others: None },
    );
    List { items }
}

/// Kind of a device, by its name.
pub(super) fn kind_of_name(name: &str) -> &'static str {
    kind::of_name(name)
}

/// I/O of the host as a whole.
pub(super) fn io_of_host(inputs: &Inputs, window: &Window, book: &mut Book) -> Io {
    io::host(inputs, window, book)
}

/// Whole devices: by sysfs, else by lsblk, else by the counters without partitions.
fn names(inputs: &Inputs) -> Vec<String> {
    let storage = &inputs.storage;
    let mut names: BTreeSet<&str> = BTreeSet::new();
    if let Ok(pack) = storage.sys_block.first() {
        let of = |key: &'_ str| Some(key.strip_prefix("block/")?.split_once('/')?.0.len());
        for (key, _) in &pack.rows {
            let name = of(key).and_then(|n| key.get("block/".len().."block/".len() + n));
            names.extend(name);
        }
    } else if let Ok(rows) = storage.lsblk.first() {
        let whole = |d: &&BlockDevice| d.kind.as_deref() != Some("part");
        names.extend(rows.rows.iter().filter(whole).map(|d| d.name.as_str()));
    } else if let Ok(rows) = storage.diskstats.first() {
        let all: BTreeSet<&str> = rows.rows.iter().map(|d| d.name.as_str()).collect();
        names.extend(all.iter().filter(|n| whole_of(n, &all).is_none()));
    }
    names.into_iter().map(str::to_owned).collect()
}

/// One device while it is read.
struct One<'a> {
    inputs: &'a Inputs,
    name: &'a str,
    sys: Option<&'a Pack<String, String>>,
}

impl One<'_> {
    /// The device; `None` for one without content.
    fn disk(&self) -> Option<Disk> {
        let kind = kind::of_name(self.name);
        let listed = self.listed();
        let sectors = self.number("size");
        let size_bytes = sectors
            .map(|n| n.saturating_mul(SECTOR_BYTES))
            .or_else(|| listed?.size_bytes.map(signed));
        if matches!(kind, "loop" | "ram" | "zram" | "nbd" | "floppy")
            && size_bytes.unwrap_or(0) == 0
        {
            return None;
        }
        let yes = |file: &str| self.number(file).map(|n| n != 0);
        let of_list = |of: fn(&BlockDevice) -> Option<&String>| listed.and_then(of).cloned();
        let mut disk = Disk {
            name: self.name.to_owned(),
            kind: Some(kind.to_owned()),
            dm_name: self.text("dm/name"),
            dm_kind: self.text("dm/uuid").and_then(|uuid| Some(uuid.split_once('-')?.0.to_owned())),
            driver: self.driver(kind),
            vendor: self.text("device/vendor").filter(|v| !v.starts_with("0x")),
            model: self.text("device/model").or_else(|| of_list(|d| d.model.as_ref())),
            serial: self
                .text("device/serial")
                .or_else(|| of_list(|d| d.serial.as_ref()))
                .or_else(|| names::serial(self.inputs, self.name)),
            wwn: self.text("device/wwid").or_else(|| names::wwn(self.inputs, self.name)),
            firmware: self.text("device/firmware_rev").or_else(|| self.text("device/rev")),
            state: self.text("device/state"),
            size_bytes,
            rotational: yes("queue/rotational").or_else(|| listed?.rotational),
            removable: yes("removable").or_else(|| listed?.removable),
            read_only: yes("ro").or_else(|| listed?.read_only),
            scheduler: self.scheduler().or_else(|| of_list(|d| d.scheduler.as_ref())),
            nr_requests: self.number("queue/nr_requests"),
            read_ahead_bytes: self.number("queue/read_ahead_kb").map(|n| n.saturating_mul(1024)),
            write_cache: self.text("queue/write_cache"),
            ..Disk::default()
        };
        disk.is_virtual = Some(kind::is_virtual(&disk));
        // What the kernel says of a virtual disk is a default, whatever it is stored on.
        disk.rotational = disk.rotational.filter(|_| {
            disk.is_virtual == Some(false) && !matches!(disk.kind.as_deref(), Some("loop" | "ram"))
        });
        disk.is_flash = disk.rotational == Some(false);
        disk.raid_volume = kind::raid_volume(&disk);
        Some(disk)
    }

    fn text(&self, file: &str) -> Option<String> {
        let key = format!("block/{}/{file}", self.name);
        let value = self.sys?.get(key.as_str())?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn number(&self, file: &str) -> Option<i64> {
        self.text(file)?.parse().ok()
    }

    fn listed(&self) -> Option<&BlockDevice> {
        self.inputs.storage.lsblk.first().ok()?.rows.iter().find(|d| d.name == self.name)
    }

    /// `[none] mq-deadline kyber`: the one in brackets.
    fn scheduler(&self) -> Option<String> {
        let text = self.text("queue/scheduler")?;
        Some(crate::parse::chosen(&text).unwrap_or(&text).to_owned())
    }

    /// The adapter's driver: of the SCSI host, else of the device.
    fn driver(&self, kind: &str) -> Option<String> {
        let linked = self.text("device/driver");
        let linked = linked.as_deref().and_then(|to| to.rsplit('/').next()).map(str::to_owned);
        match kind {
            "scsi" | "optical" => {
                // `../../../2:0:0:0`: host, channel, target, unit.
                let address = self.text("device")?;
                let host = address.rsplit('/').next()?.split(':').next()?.to_owned();
                let key = format!("class/scsi_host/host{host}/proc_name");
                self.sys?.get(key.as_str()).map(|d| d.trim().to_owned())
            }
            "nvme" => linked.or_else(|| Some("nvme".to_owned())),
            _ => linked,
        }
    }
}

/// Why the rest is absent.
fn say_absences(disk: &Disk, fact: &str, inputs: &Inputs, book: &mut Book) {
    let path = &inputs.storage.sys_block.path;
    let physical = disk.is_leaf && disk.is_virtual != Some(true);
    let reason = if physical { Reason::Missing } else { Reason::NotApplicable };
    let why = if physical { "the device does not tell" } else { "no physical disk" };
    let known: BTreeMap<&str, bool> = [
        ("dm_name", disk.dm_name.is_some()),
        ("dm_kind", disk.dm_kind.is_some()),
        ("driver", disk.driver.is_some()),
        ("vendor", disk.vendor.is_some()),
        ("model", disk.model.is_some()),
        ("serial", disk.serial.is_some()),
        ("wwn", disk.wwn.is_some()),
        ("firmware", disk.firmware.is_some()),
        ("state", disk.state.is_some()),
        ("scheduler", disk.scheduler.is_some()),
        ("nr_requests", disk.nr_requests.is_some()),
        ("read_ahead_bytes", disk.read_ahead_bytes.is_some()),
        ("write_cache", disk.write_cache.is_some()),
        ("rotational", disk.rotational.is_some()),
    ]
    .into();
    for (field, _) in known.into_iter().filter(|(_, known)| !known) {
        let absence = match inputs.storage.sys_block.first() {
            Ok(_) => Absence::of(reason, path, why),
            Err(absence) => absence,
        };
        book.absent(format!("{fact}.{field}"), absence);
    }
    if disk.raid_volume.is_none() {
        let none = Absence::new(Reason::NotApplicable, "no volume of a RAID controller");
        book.absent(format!("{fact}.raid_volume"), none);
    }
}

#[cfg(test)]
mod tests;
