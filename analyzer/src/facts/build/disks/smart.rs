//! Health of physical disks, from smartctl and from the raw pages, and the device it belongs to.

use std::collections::BTreeMap;

use crate::absence::Absence;
use crate::facts::build::Book;
use crate::facts::disks::{Disk, DiskHealth};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::signed;
use crate::locator::Locator;
use crate::parse::smart::{ExitStatus, Smart};
use crate::parse::{smart_ata, smart_nvme};

/// Attributes of ATA disks.
const REALLOCATED: u8 = 5;
const REPORTED: u8 = 187;
const PENDING: u8 = 197;
const UNCORRECTABLE: u8 = 198;
const CRC: u8 = 199;

/// Disks that are named beside one of another firmware.
const MAX_OTHERS: usize = 10;

/// One disk's health, the device it was asked through, and where it stands.
struct Answer {
    device: String,
    health: DiskHealth,
    source: String,
}

pub(super) fn attribute(inputs: &Inputs, disks: &mut [Disk], book: &mut Book) {
    let mut answers = of_tool(inputs);
    // What the tool could not tell, the raw pages may.
    for page in of_pages(inputs) {
        match answers.iter_mut().find(|a| a.health.disk == page.health.disk) {
            Some(told) if told.health.unknown.is_some() && page.health.unknown.is_none() => {
                *told = page;
            }
            Some(told) => {
                // The name is the same, whoever read it.
                let (known, more) = (&mut told.health, page.health);
                known.model = known.model.take().or(more.model);
                known.serial = known.serial.take().or(more.serial);
                known.firmware = known.firmware.take().or(more.firmware);
            }
            None => answers.push(page),
        }
    }
    let mut sources: BTreeMap<usize, Vec<Locator>> = BTreeMap::new();
    for answer in answers {
        let Some(i) = home(disks, &answer) else { continue };
        let Some(disk) = disks.get_mut(i) else { continue };
        if let Some(volume) = &mut disk.raid_volume
            && answer.health.disk != disk.name
        {
            volume.disks_seen += i64::from(answer.health.unknown.is_none());
        }
        sources.entry(i).or_default().push(Locator::entry(answer.source));
        disk.smart.push(answer.health);
    }
    compare_firmware(disks);
    for (i, disk) in disks.iter().enumerate() {
        let fact = format!("disks.{i}.smart");
        match sources.remove(&i) {
            Some(read) => book.sources(fact, read),
            // What is no disk has no health that could be lacking.
            None if is_physical(disk) => book.absent(fact, absence(inputs)),
            None => {}
        }
    }
}

/// Disks of one model that run different firmware: an update, or a mended fault, that reached only
/// some of them.
fn compare_firmware(disks: &mut [Disk]) {
    let mut revisions: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for health in disks.iter().flat_map(|d| &d.smart) {
        if let (Some(model), Some(firmware)) = (&health.model, &health.firmware) {
            let of_model = revisions.entry(model.clone()).or_default();
            of_model.push((firmware.clone(), health.disk.clone()));
        }
    }
    for health in disks.iter_mut().flat_map(|d| &mut d.smart) {
        let of_model = health.model.as_ref().and_then(|model| revisions.get(model));
        let (Some(of_model), Some(own)) = (of_model, &health.firmware) else { continue };
        let others = of_model.iter().filter(|(firmware, _)| firmware != own);
        health.other_firmware =
            others.take(MAX_OTHERS).map(|(fw, disk)| format!("{disk} ({fw})")).collect();
    }
}

fn is_physical(disk: &Disk) -> bool {
    let kind = matches!(disk.kind.as_deref(), Some("scsi" | "nvme" | "ide"));
    kind && disk.is_leaf && disk.is_virtual == Some(false) && disk.removable != Some(true)
}

/// Why no disk told its health.
fn absence(inputs: &Inputs) -> Absence {
    let tool = inputs.storage.smartctl.values().find_map(|s| s.first().err());
    let probe = inputs.storage.smart_pages.values().find_map(|s| s.first().err());
    let none = || {
        Absence::of(crate::absence::Reason::NotCollected, "probes/smart", "no disk told its health")
    };
    tool.or(probe).unwrap_or_else(none)
}

/// The device that an answer belongs to: the one it was asked through; a controller asked through
/// its own node answers for its first volume.
fn home(disks: &[Disk], answer: &Answer) -> Option<usize> {
    let name = answer.device.as_str();
    let exact = disks.iter().position(|d| d.name == name);
    // `nvme0` answers for its first name space.
    let of_controller = || {
        let space = |d: &&Disk| d.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('n'));
        disks.iter().position(|d| name.starts_with("nvme") && space(&d))
    };
    exact.or_else(of_controller).or_else(|| disks.iter().position(|d| d.raid_volume.is_some()))
}

/// Answers of `smartctl`: the file is named after the call, `…_-d_megaraid_3_.dev.sda`.
fn of_tool(inputs: &Inputs) -> Vec<Answer> {
    let mut all = Vec::new();
    for (rest, readings) in &inputs.storage.smartctl {
        let Ok(smart) = readings.first() else { continue };
        let Some((options, device)) = rest.rsplit_once(".dev.") else { continue };
        let behind = options.split_once("-d_").map(|(_, way)| way.trim_matches('_'));
        let way = behind.filter(|w| w.chars().any(|c| c.is_ascii_digit()));
        let disk = match way {
            Some(way) => format!("{} /dev/{device}", way.replacen('_', ",", 1)),
            None => device.to_owned(),
        };
        // An empty slot is no disk.
        if way.is_some() && smart.exit.is_some_and(ExitStatus::no_answer) && smart.model.is_none() {
            continue;
        }
        let source = readings.entry(0);
        all.push(Answer { device: device.to_owned(), health: health(disk, smart), source });
    }
    all
}

fn of_pages(inputs: &Inputs) -> Vec<Answer> {
    let pages = &inputs.storage.smart_pages;
    let page = |name: &str, page: &str| pages.get(&format!("{name}/{page}"))?.first().ok();
    let mut names: Vec<&str> = pages.keys().filter_map(|k| Some(k.split_once('/')?.0)).collect();
    names.dedup();
    names.into_iter().filter_map(|name| of_page(name, &page)).collect()
}

/// What the pages of one disk tell: who it is, and how it is.
fn of_page<'p>(name: &str, page: &impl Fn(&str, &str) -> Option<&'p Vec<u8>>) -> Option<Answer> {
    let is_nvme = name.starts_with("nvme");
    let told = if let Some(log) = page(name, "health") {
        Some(("health", smart_nvme::parse(log)))
    } else {
        page(name, "attributes").map(|a| {
            let thresholds = page(name, "thresholds").map(Vec::as_slice);
            ("attributes", smart_ata::parse(a, thresholds))
        })
    };
    let identity = page(name, "identify").and_then(|i| {
        if is_nvme { smart_nvme::identify(i).ok() } else { smart_ata::identify(i).ok() }
    });
    let (which, mut smart) = match (told, &identity) {
        (Some((which, Ok(smart))), _) => (which, smart),
        // It answered, and has nothing to say of its health.
        (_, Some(i)) => ("identify", Smart { supported: i.has_smart, ..Smart::default() }),
        (_, None) => return None,
    };
    let verdict = page(name, "status").map(|s| s.starts_with(b"passed"));
    smart.passed = smart.passed.or(verdict);
    if let Some(i) = identity {
        (smart.model, smart.serial, smart.firmware) = (i.model, i.serial, i.firmware);
    }
    let source = format!("probes/smart/{name}/{which}");
    let health = health(name.to_owned(), &smart);
    Some(Answer { device: name.to_owned(), health, source })
}

fn health(disk: String, smart: &Smart) -> DiskHealth {
    let raw = |id| smart.attribute(id).and_then(|a| a.raw).map(signed);
    let nvme = smart.nvme.as_ref();
    let sas = [smart.sas_errors.read, smart.sas_errors.write, smart.sas_errors.verify];
    let sas_told = sas.iter().any(Option::is_some);
    let sum = sas.into_iter().flatten().fold(0, u64::saturating_add);
    let exit = smart.exit;
    let failing = exit.filter(|e| !e.no_answer()).map(ExitStatus::failing);
    let silent =
        smart.passed.is_none() && nvme.is_none() && smart.attributes.is_empty() && !sas_told;
    let unknown = if smart.standby {
        Some("it slept and was left alone")
    } else if smart.logical_volume || smart.supported == Some(false) {
        Some("it has no SMART")
    } else if silent {
        Some("it did not answer")
    } else {
        None
    };
    DiskHealth {
        disk,
        model: smart.model.clone(),
        serial: smart.serial.clone(),
        firmware: smart.firmware.clone(),
        other_firmware: Vec::new(),
        passed: smart.passed.or_else(|| failing.filter(|f| *f).map(|f| !f)),
        unknown: unknown.map(str::to_owned),
        temperature_c: smart.temperature_c,
        power_on_h: smart.power_on_h.map(signed),
        reallocated: raw(REALLOCATED),
        pending: raw(PENDING),
        uncorrectable: raw(UNCORRECTABLE),
        reported_uncorrectable: raw(REPORTED),
        crc_errors: raw(CRC),
        critical_warning: nvme.map(|n| i64::from(n.critical_warning)),
        life_used_ratio: nvme.map(|n| n.used_ratio),
        spare_ratio: nvme.map(|n| n.available_spare_ratio),
        spare_threshold_ratio: nvme.map(|n| n.spare_threshold_ratio),
        media_errors: nvme.map(|n| signed(n.media_errors)),
        grown_defects: smart.grown_defects.map(signed),
        sas_uncorrected: sas_told.then(|| signed(sum)),
        self_test_failed: exit.filter(|e| !e.no_answer()).map(ExitStatus::self_test_failed),
    }
}
