//! Chapter: the machine as its firmware tells it, compared with what the kernel uses.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::dmi::{Bmc, Dmi, MemoryDevice, SlotSize};
use crate::parse::ethtool::Answer;

use super::super::hardware::{CpuSocket, Hardware, MemorySlot};
use super::super::inputs::Inputs;
use super::super::memory::Memory;
use super::super::method::num::{from_i64, len, ratio, signed};
use super::super::site::Site;
use super::Book;
use super::host::dmi as dmi_field;

mod aer;
mod clock;
mod edac;
mod frequency;
mod kernel;

pub(super) use clock::build as clock;
pub(super) use frequency::build as frequency;
pub(super) use kernel::build as kernel;

/// Memory for the descriptors of pages: 64 bytes a page.
const PAGE_DESCRIPTOR_BYTES: i64 = 64;

/// What firmware may leave out.
const NAMES: [&str; 11] = [
    "bios",
    "system",
    "system_serial",
    "board",
    "board_serial",
    "chassis",
    "chassis_serial",
    "asset_tag",
    "power_state",
    "thermal_state",
    "bmc",
];

pub(super) fn build(inputs: &Inputs, memory: &Memory, site: &Site, book: &mut Book) -> Hardware {
    let mut hardware = Hardware::default();
    match table(inputs) {
        Ok((dmi, source)) => {
            book.source("hardware", Locator::entry(source));
            fill(&mut hardware, dmi);
            for field in NAMES {
                let none = Absence::of(Reason::NotApplicable, source, "the firmware does not tell");
                book.absent(format!("hardware.{field}"), none);
            }
            for (field, known) in [
                ("sockets_populated", hardware.sockets_populated.is_some()),
                ("cores", hardware.cores.is_some()),
                ("threads", hardware.threads.is_some()),
            ] {
                if !known {
                    let none = Absence::of(Reason::Missing, source, "the firmware does not count");
                    book.absent(format!("hardware.{field}"), none);
                }
            }
            sum(&mut hardware, inputs, memory, site, book);
        }
        Err(absence) => book.absent("hardware", absence),
    }
    hardware.chassis_type =
        dmi_field(&inputs.host.sys_dmi, "chassis_type").and_then(|t| t.parse().ok());
    hardware.edac = edac::build(inputs, book);
    hardware.aer = aer::build(inputs, book);
    hardware
}

/// The table: raw, else as the tool prints it.
fn table(inputs: &Inputs) -> Result<(&Dmi, &str), Absence> {
    let raw = inputs.hardware.smbios.get("DMI");
    if let Some((dmi, readings)) = raw.and_then(|r| Some((r.first().ok()?, r))) {
        return Ok((dmi, &readings.path));
    }
    let tool = &inputs.hardware.dmidecode;
    match tool.first() {
        Ok(Answer::Told(dmi)) => Ok((dmi, &tool.path)),
        Ok(Answer::Refused(_)) => {
            Err(Absence::of(Reason::Missing, &tool.path, "this machine has no SMBIOS"))
        }
        Err(absence) => Err(raw.and_then(|r| r.first().err()).unwrap_or(absence)),
    }
}

fn fill(hardware: &mut Hardware, dmi: &Dmi) {
    let joined = |parts: [&Option<String>; 2]| {
        let known: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
        (!known.is_empty()).then(|| known.join(" "))
    };
    hardware.bios = joined([&dmi.bios_vendor, &dmi.bios_version])
        .map(|b| dmi.bios_date.as_ref().map_or(b.clone(), |date| format!("{b} {date}")));
    hardware.system = joined([&dmi.system_manufacturer, &dmi.system_product]);
    hardware.system_serial.clone_from(&dmi.system_serial);
    hardware.board = joined([&dmi.board_manufacturer, &dmi.board_product]);
    hardware.board_serial.clone_from(&dmi.board_serial);
    if let Some(chassis) = &dmi.chassis {
        hardware.chassis = joined([&chassis.manufacturer, &chassis.kind]);
        hardware.chassis_serial.clone_from(&chassis.serial);
        hardware.asset_tag.clone_from(&chassis.asset_tag);
        hardware.power_state.clone_from(&chassis.power_state);
        hardware.thermal_state.clone_from(&chassis.thermal_state);
    }
    hardware.bmc = dmi.bmc.as_ref().map(bmc);
    for socket in &dmi.processors {
        hardware.sockets.push(CpuSocket {
            name: socket.designation.clone(),
            model: socket.version.clone(),
            populated: socket.populated,
            cores: socket.cores.map(i64::from),
            cores_enabled: socket.cores_enabled.map(i64::from),
            threads: socket.threads.map(i64::from),
            max_mhz: socket.max_mhz.map(i64::from),
        });
    }
    let full: Vec<&CpuSocket> =
        hardware.sockets.iter().filter(|s| s.populated == Some(true)).collect();
    if !full.is_empty() {
        hardware.sockets_populated = Some(len(full.len()));
        hardware.cores = full.iter().map(|s| s.cores_enabled.or(s.cores)).sum();
        hardware.threads = full.iter().map(|s| s.threads).sum();
        let off = |s: &&CpuSocket| Some(s.cores?.saturating_sub(s.cores_enabled?).max(0));
        hardware.cores_disabled = full.iter().map(off).sum();
    }
    let maximum = dmi.arrays.iter().filter_map(|a| a.maximum_bytes).max();
    hardware.memory_maximum_bytes = maximum.map(signed);
    let correction = dmi.arrays.iter().find_map(|a| a.error_correction.clone());
    hardware.memory_has_ecc = correction.as_ref().map(|c| c.contains("ECC"));
    hardware.memory_error_correction = correction;
    hardware.memory_slots = dmi.memory.iter().map(slot).collect();
}

/// `IPMI 2.0 (KCS), host interface: Network`.
fn bmc(bmc: &Bmc) -> String {
    let ipmi = (bmc.interface.is_some() || bmc.version.is_some()).then(|| {
        let version = bmc.version.as_ref().map_or_else(String::new, |v| format!(" {v}"));
        let way = bmc.interface.as_ref().map_or_else(String::new, |i| format!(" ({i})"));
        format!("IPMI{version}{way}")
    });
    let host = bmc.host_interface.as_ref().map(|i| format!("host interface: {i}"));
    let parts: Vec<String> = ipmi.into_iter().chain(host).collect();
    if parts.is_empty() { "there is one".to_owned() } else { parts.join(", ") }
}

fn slot(device: &MemoryDevice) -> MemorySlot {
    MemorySlot {
        name: device.locator.clone(),
        bank: device.bank_locator.clone(),
        size_bytes: match device.size {
            SlotSize::Empty => Some(0),
            SlotSize::Unknown => None,
            SlotSize::Bytes(n) => Some(signed(n)),
        },
        kind: device.kind.clone(),
        form: device.form_factor.clone(),
        speed_mt_per_s: device.speed_mt_per_s.map(i64::from),
        configured_mt_per_s: device.configured_speed_mt_per_s.map(i64::from),
        maker: device.manufacturer.clone(),
        part: device.part_number.clone(),
        serial: device.serial.clone(),
        ranks: device.rank.map(i64::from),
    }
}

/// Flash and memory that stays without power are no RAM.
fn is_ram(slot: &MemorySlot) -> bool {
    let kind = slot.kind.as_deref().unwrap_or_default();
    !["Flash", "ROM", "Logical non-volatile", "Intel Optane"].iter().any(|k| kind.contains(k))
}

/// What is installed against what is usable.
fn sum(hardware: &mut Hardware, inputs: &Inputs, memory: &Memory, site: &Site, book: &mut Book) {
    let ram: Vec<&MemorySlot> = hardware.memory_slots.iter().filter(|s| is_ram(s)).collect();
    let sizes: Option<Vec<i64>> = ram.iter().map(|s| s.size_bytes).collect();
    let modules: Vec<&&MemorySlot> = ram.iter().filter(|s| s.size_bytes > Some(0)).collect();
    let empty = len(ram.iter().filter(|s| s.size_bytes == Some(0)).count());
    let sizes_differ = modules.windows(2).any(|w| match w {
        [a, b] => a.size_bytes != b.size_bytes,
        _ => false,
    });
    let slow = modules.iter().any(|m| {
        m.speed_mt_per_s.zip(m.configured_mt_per_s).is_some_and(|(made, runs)| runs < made)
    });
    let installed =
        sizes.map(|s| s.iter().copied().fold(0, i64::saturating_add)).filter(|n| *n > 0);
    let smallest = modules.iter().filter_map(|m| m.size_bytes).min();
    let known = !modules.is_empty();
    hardware.memory_slots_empty = known.then_some(empty);
    hardware.memory_sizes_differ = known.then_some(sizes_differ);
    hardware.memory_below_rated = known.then_some(slow);
    hardware.memory_smallest_bytes = smallest;
    hardware.memory_installed_bytes = site.dimm_total_bytes.or(installed);
    map(hardware, inputs);
    let page = signed(inputs.env.page_size_bytes).max(1);
    let missing = hardware.memory_installed_bytes.and_then(|installed| {
        if let Some(mapped) = hardware.memory_mapped_bytes {
            let kept = hardware.memory_reserved_bytes.unwrap_or(0);
            return Some(installed.saturating_sub(mapped).saturating_sub(kept).max(0));
        }
        let descriptors = installed / page * PAGE_DESCRIPTOR_BYTES;
        Some(installed.saturating_sub(memory.total_bytes?).saturating_sub(descriptors).max(0))
    });
    hardware.memory_missing_bytes = missing;
    hardware.memory_missing_ratio = missing
        .zip(hardware.memory_installed_bytes)
        .and_then(|(m, i)| ratio(from_i64(m), from_i64(i)));
    if missing.is_none() {
        let why = Absence::new(Reason::Missing, "the firmware does not know the size of a module");
        book.absent("hardware.memory_installed_bytes", why.clone());
        book.absent("hardware.memory_missing_bytes", why.clone());
        book.absent("hardware.memory_missing_ratio", why);
    }
}

/// Sums of the address map.
fn map(hardware: &mut Hardware, inputs: &Inputs) {
    let Ok(rows) = inputs.hardware.iomem.first() else { return };
    let of = |is: fn(&str) -> bool| {
        let ranges = rows.rows.iter().filter(|r| r.depth == 0 && is(&r.name));
        ranges.map(crate::parse::iomem::Range::size_bytes).fold(0, u64::saturating_add)
    };
    let mapped = of(|name| name.starts_with("System RAM"));
    if mapped > 0 {
        hardware.memory_map_known = true;
        hardware.memory_mapped_bytes = Some(signed(mapped));
        let kept = of(|n| {
            n.eq_ignore_ascii_case("reserved") || n.starts_with("ACPI") || n == "Unusable memory"
        });
        hardware.memory_reserved_bytes = Some(signed(kept));
    }
}

#[cfg(test)]
mod tests;
