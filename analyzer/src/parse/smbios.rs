//! `/sys/firmware/dmi/tables/DMI`: the raw SMBIOS table.
//!
//! <https://www.dmtf.org/standards/smbios> (DSP0134, sections 6 and 7)
//!
//! A structure is its type, its length, a handle, fields at fixed places, and then its strings,
//! which fields name by number; two zero bytes end it. All numbers are little-endian:
//!
//! ```text
//! 11 28 00 11  00 10 fe ff ff ff ff ff 00 10 09 00 01 00 07 …  "DIMM 0\0QEMU\0\0"
//! type length handle                  size
//! ```

use super::ParseError;
use super::binary::Binary;
use super::dmi::{Chassis, Dmi, MemoryArray, MemoryDevice, ProcessorSocket, SlotSize};

/// Structures that are read; real tables have some hundred.
const MAX_STRUCTURES: usize = 10_000;

/// Reads the structures that the analyzer knows, up to the end marker or to damage.
///
/// # Errors
/// Not one whole structure.
pub fn parse(bytes: &[u8]) -> Result<Dmi, ParseError> {
    let mut dmi = Dmi::default();
    let mut rest = bytes;
    let mut any = false;
    for _ in 0..MAX_STRUCTURES {
        let Some((structure, tail)) = Structure::split(rest) else { break };
        any = true;
        if structure.kind() == Some(127) {
            break;
        }
        structure.read(&mut dmi);
        rest = tail;
    }
    if any { Ok(dmi) } else { Err(ParseError::new(None, "", "SMBIOS structures")) }
}

/// One structure: its fields and its strings.
struct Structure<'a> {
    fields: Binary<'a>,
    strings: &'a [u8],
}

impl<'a> Structure<'a> {
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = usize::from(*bytes.get(1)?);
        let (fields, tail) = bytes.split_at_checked(length).filter(|_| length >= 4)?;
        let end = tail.windows(2).position(|w| w == [0, 0])?;
        let (strings, tail) = tail.split_at_checked(end + 2)?;
        Some((Self { fields: Binary { bytes: fields, little_endian: true }, strings }, tail))
    }

    fn kind(&self) -> Option<u8> {
        self.fields.u8(0)
    }

    /// The string that the byte at `at` names; blanks and "Not Specified" are none.
    fn text(&self, at: usize) -> Option<String> {
        let number = usize::from(self.fields.u8(at)?).checked_sub(1)?;
        let text = self.strings.split(|b| *b == 0).nth(number)?;
        let text = String::from_utf8_lossy(text).trim().to_owned();
        (!text.is_empty() && text != "Not Specified").then_some(text)
    }

    /// A number where 0 is "unknown".
    fn number(&self, at: usize) -> Option<u32> {
        self.fields.u16(at).map(u32::from).filter(|n| *n != 0)
    }

    fn read(&self, dmi: &mut Dmi) {
        match self.kind() {
            Some(0) => {
                (dmi.bios_vendor, dmi.bios_version) = (self.text(4), self.text(5));
                dmi.bios_date = self.text(8);
            }
            Some(1) => {
                (dmi.system_manufacturer, dmi.system_product) = (self.text(4), self.text(5));
                dmi.system_serial = self.text(7);
            }
            // A blade or a riser may have more boards: the first is the main one.
            Some(2) if dmi.board_product.is_none() => {
                (dmi.board_manufacturer, dmi.board_product) = (self.text(4), self.text(5));
                dmi.board_serial = self.text(7);
            }
            Some(3) if dmi.chassis.is_none() => dmi.chassis = Some(self.chassis()),
            Some(4) => dmi.processors.push(self.processor()),
            Some(16) => dmi.arrays.push(self.array()),
            Some(17) => dmi.memory.push(self.memory()),
            Some(38) => {
                let bmc = dmi.bmc.get_or_insert_default();
                bmc.interface = self.fields.u8(4).and_then(|n| name(&IPMI, n));
                let version = self.fields.u8(5).filter(|n| *n != 0);
                bmc.version = version.map(|n| format!("{}.{}", n >> 4, n & 15));
            }
            Some(42) => {
                let bmc = dmi.bmc.get_or_insert_default();
                bmc.host_interface = self.fields.u8(4).and_then(|n| name(&HOST_INTERFACES, n));
            }
            _ => {}
        }
    }

    fn processor(&self) -> ProcessorSocket {
        // One byte, of which 255 says that the number stands in two bytes further on (3.0).
        let count = |byte, word| match self.fields.u8(byte)? {
            0 => None,
            255 => self.number(word).or(Some(255)),
            n => Some(u32::from(n)),
        };
        ProcessorSocket {
            designation: self.text(0x04),
            manufacturer: self.text(0x07),
            version: self.text(0x10),
            populated: self.fields.u8(0x18).map(|status| status & 0x40 != 0),
            cores: count(0x23, 0x2a),
            cores_enabled: count(0x24, 0x2c),
            threads: count(0x25, 0x2e),
            max_mhz: self.number(0x14),
            current_mhz: self.number(0x16),
        }
    }

    fn chassis(&self) -> Chassis {
        let state = |at| self.fields.u8(at).and_then(|n| name(&STATES, n));
        Chassis {
            manufacturer: self.text(0x04),
            // The upper bit tells that there is a lock.
            kind: self.fields.u8(0x05).and_then(|n| name(&CHASSIS, n & 0x7f)),
            serial: self.text(0x07),
            asset_tag: self.text(0x08),
            boot_state: state(0x09),
            power_state: state(0x0a),
            thermal_state: state(0x0b),
        }
    }

    fn array(&self) -> MemoryArray {
        const EXTENDED: u32 = 0x8000_0000;
        let maximum_bytes = match self.fields.u32(0x07) {
            Some(EXTENDED) => self.fields.u64(0x0f),
            Some(kib) => Some(u64::from(kib) << 10),
            None => None,
        };
        let correction = self.fields.u8(0x06).and_then(|n| name(&ERROR_CORRECTION, n));
        let purpose = self.fields.u8(0x05).and_then(|n| name(&PURPOSES, n));
        let slots = self.fields.u16(0x0d).map(u32::from);
        MemoryArray { purpose, error_correction: correction, maximum_bytes, slots }
    }

    fn memory(&self) -> MemoryDevice {
        let width = |at| self.number(at).filter(|n| *n != 0xffff);
        // 0xffff: the speed is above 65,534 and stands further on; 0: unknown.
        let speed = |at, extended| match self.number(at) {
            Some(0xffff) => self.fields.u32(extended),
            n => n,
        };
        let size = match self.fields.u16(0x0c) {
            Some(0) => SlotSize::Empty,
            Some(0xffff) | None => SlotSize::Unknown,
            // The extended size, in MiB.
            Some(0x7fff) => self.fields.u32(0x1c).map_or(SlotSize::Unknown, |mib| {
                SlotSize::Bytes(u64::from(mib & 0x7fff_ffff) << 20)
            }),
            Some(n) if n & 0x8000 != 0 => SlotSize::Bytes(u64::from(n & 0x7fff) << 10),
            Some(n) => SlotSize::Bytes(u64::from(n) << 20),
        };
        MemoryDevice {
            size,
            form_factor: self.fields.u8(0x0e).and_then(|n| name(&FORM_FACTORS, n)),
            locator: self.text(0x10),
            bank_locator: self.text(0x11),
            kind: self.fields.u8(0x12).and_then(|n| name(&KINDS, n)),
            speed_mt_per_s: speed(0x15, 0x54),
            configured_speed_mt_per_s: speed(0x20, 0x58),
            manufacturer: self.text(0x17),
            part_number: self.text(0x1a),
            serial: self.text(0x18),
            rank: self.fields.u8(0x1b).map(|n| u32::from(n & 0x0f)).filter(|n| *n != 0),
            total_width_bits: width(0x08),
            data_width_bits: width(0x0a),
            line: None,
        }
    }
}

fn name(table: &[(u8, &str)], number: u8) -> Option<String> {
    table.iter().find(|(n, _)| *n == number).map(|(_, name)| (*name).to_owned())
}

const CHASSIS: [(u8, &str); 34] = [
    (3, "Desktop"),
    (4, "Low Profile Desktop"),
    (5, "Pizza Box"),
    (6, "Mini Tower"),
    (7, "Tower"),
    (8, "Portable"),
    (9, "Laptop"),
    (10, "Notebook"),
    (11, "Hand Held"),
    (12, "Docking Station"),
    (13, "All In One"),
    (14, "Sub Notebook"),
    (15, "Space-saving"),
    (16, "Lunch Box"),
    (17, "Main Server Chassis"),
    (18, "Expansion Chassis"),
    (19, "Sub Chassis"),
    (20, "Bus Expansion Chassis"),
    (21, "Peripheral Chassis"),
    (22, "RAID Chassis"),
    (23, "Rack Mount Chassis"),
    (24, "Sealed-case PC"),
    (25, "Multi-system"),
    (26, "CompactPCI"),
    (27, "AdvancedTCA"),
    (28, "Blade"),
    (29, "Blade Enclosing"),
    (30, "Tablet"),
    (31, "Convertible"),
    (32, "Detachable"),
    (33, "IoT Gateway"),
    (34, "Embedded PC"),
    (35, "Mini PC"),
    (36, "Stick PC"),
];

const STATES: [(u8, &str); 4] =
    [(3, "Safe"), (4, "Warning"), (5, "Critical"), (6, "Non-recoverable")];

const IPMI: [(u8, &str); 4] = [(1, "KCS"), (2, "SMIC"), (3, "BT"), (4, "SSIF")];

const HOST_INTERFACES: [(u8, &str); 8] = [
    (0x02, "KCS"),
    (0x03, "8250 UART"),
    (0x04, "16450 UART"),
    (0x05, "16550 UART"),
    (0x06, "16650 UART"),
    (0x07, "16750 UART"),
    (0x40, "Network"),
    (0xf0, "OEM"),
];

const PURPOSES: [(u8, &str); 5] = [
    (3, "System Memory"),
    (4, "Video Memory"),
    (5, "Flash Memory"),
    (6, "Non-volatile RAM"),
    (7, "Cache Memory"),
];

const ERROR_CORRECTION: [(u8, &str); 5] =
    [(3, "None"), (4, "Parity"), (5, "Single-bit ECC"), (6, "Multi-bit ECC"), (7, "CRC")];

const FORM_FACTORS: [(u8, &str); 8] = [
    (3, "SIMM"),
    (5, "Chip"),
    (9, "DIMM"),
    (0x0b, "Row Of Chips"),
    (0x0c, "RIMM"),
    (0x0d, "SODIMM"),
    (0x0f, "FB-DIMM"),
    (0x10, "Die"),
];

const KINDS: [(u8, &str); 17] = [
    (3, "DRAM"),
    (7, "RAM"),
    (9, "Flash"),
    (0x0f, "SDRAM"),
    (0x12, "DDR"),
    (0x13, "DDR2"),
    (0x14, "DDR2 FB-DIMM"),
    (0x18, "DDR3"),
    (0x1a, "DDR4"),
    (0x1b, "LPDDR"),
    (0x1c, "LPDDR2"),
    (0x1d, "LPDDR3"),
    (0x1e, "LPDDR4"),
    (0x1f, "Logical non-volatile device"),
    (0x20, "HBM"),
    (0x22, "DDR5"),
    (0x23, "LPDDR5"),
];

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::SAMPLE;
