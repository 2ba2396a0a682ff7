//! Output of dmidecode(8).
//!
//! <https://man7.org/linux/man-pages/man8/dmidecode.8.html>
//!
//! ```text
//! Handle 0x1100, DMI type 17, 40 bytes
//! Memory Device
//!         Size: 16384 MB
//!         Form Factor: DIMM
//! ```
//!
//! Old versions put type, title and fields on lines of their own, each one step further in.

use super::dmi::{Bmc, Chassis, Dmi, MemoryArray, MemoryDevice, ProcessorSocket, SlotSize};
use super::ethtool::{Answer, Refusal};
use super::{ParseError, lines, size};

/// Reads all sections that the analyzer knows.
///
/// # Errors
/// Neither sections nor a message why there are none.
pub fn parse(text: &str) -> Result<Answer<Dmi>, ParseError> {
    let mut dmi = Dmi::default();
    let mut section = Section::default();
    let mut any = false;
    for (line, text) in lines(text) {
        if let Some(kind) = text.split_once("DMI type ").and_then(|(_, rest)| leading(rest)) {
            section = Section { kind, line, depth: None };
            section.open(&mut dmi);
            any = true;
        } else if let Some((key, value)) = section.field(text) {
            section.set(&mut dmi, key, value);
        }
    }
    if any {
        return Ok(Answer::Told(dmi));
    }
    let refusal = if text.contains("Permission denied") || text.contains("Operation not permitted")
    {
        Refusal::NotPermitted
    } else if text.contains("No SMBIOS nor DMI entry point found")
        || text.contains("/dev/mem: No such file")
    {
        Refusal::NotSupported
    } else {
        return Err(ParseError::new(None, text, "sections `Handle …, DMI type …`"));
    };
    Ok(Answer::Refused(refusal))
}

/// The section being read: its type, its line, and how far in its fields stand.
#[derive(Default)]
struct Section {
    kind: u32,
    line: u32,
    depth: Option<usize>,
}

impl Section {
    fn open(&mut self, dmi: &mut Dmi) {
        match self.kind {
            // Enclosures around the first case, and boards beside the main one.
            2 if dmi.board_product.is_some() => self.kind = u32::MAX,
            3 if dmi.chassis.is_some() => self.kind = u32::MAX,
            3 => dmi.chassis = Some(Chassis::default()),
            38 | 42 => drop(dmi.bmc.get_or_insert_default()),
            4 => dmi.processors.push(ProcessorSocket::default()),
            16 => dmi.arrays.push(MemoryArray::default()),
            17 => {
                let line = Some(self.line);
                dmi.memory.push(MemoryDevice { line, ..MemoryDevice::default() });
            }
            _ => {}
        }
    }

    /// `key: value` at the depth of the first field; items of lists stand deeper.
    fn field<'a>(&mut self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let depth = text.bytes().take_while(u8::is_ascii_whitespace).count();
        let (key, value) = text.split_once(':').filter(|_| depth > 0)?;
        let field = *self.depth.get_or_insert(depth) == depth;
        field.then(|| (key.trim_ascii(), value.trim_ascii()))
    }

    fn set(&self, dmi: &mut Dmi, key: &str, value: &str) {
        let known =
            !matches!(value, "" | "Unknown" | "Not Specified" | "Not Provided" | "<BAD INDEX>");
        let text = || known.then(|| value.to_owned());
        let number = || leading(value);
        match (self.kind, key) {
            (0, "Vendor") => dmi.bios_vendor = text(),
            (0, "Version") => dmi.bios_version = text(),
            (0, "Release Date") => dmi.bios_date = text(),
            (1, "Manufacturer") => dmi.system_manufacturer = text(),
            (1, "Product Name") => dmi.system_product = text(),
            (1, "Serial Number") => dmi.system_serial = text(),
            (2, "Manufacturer") => dmi.board_manufacturer = text(),
            (2, "Product Name") => dmi.board_product = text(),
            (2, "Serial Number") => dmi.board_serial = text(),
            (3, _) => {
                if let Some(c) = &mut dmi.chassis {
                    chassis(c, key, text);
                }
            }
            (38 | 42, _) => {
                if let Some(b) = &mut dmi.bmc {
                    controller(b, key, text);
                }
            }
            (4, _) => {
                if let Some(p) = dmi.processors.last_mut() {
                    processor(p, key, value, text, number);
                }
            }
            (16, _) => {
                if let Some(a) = dmi.arrays.last_mut() {
                    match key {
                        "Use" => a.purpose = text(),
                        "Error Correction Type" => a.error_correction = text(),
                        "Maximum Capacity" => a.maximum_bytes = size(value),
                        "Number Of Devices" => a.slots = number(),
                        _ => {}
                    }
                }
            }
            (17, _) => {
                if let Some(m) = dmi.memory.last_mut() {
                    memory(m, key, value, text, number);
                }
            }
            _ => {}
        }
    }
}

fn chassis(c: &mut Chassis, key: &str, text: impl Fn() -> Option<String>) {
    // A virtual machine says that its case is of an other kind than all that have a name.
    let kind = || text().filter(|kind| kind != "Other");
    match key {
        "Manufacturer" => c.manufacturer = text(),
        "Type" => c.kind = kind(),
        "Serial Number" => c.serial = text(),
        "Asset Tag" => c.asset_tag = text(),
        "Boot-up State" => c.boot_state = kind(),
        "Power Supply State" => c.power_state = kind(),
        "Thermal State" => c.thermal_state = kind(),
        _ => {}
    }
}

/// `Interface Type: KCS (Keyboard Control Style)`, `Host Interface Type: Network`.
fn controller(b: &mut Bmc, key: &str, text: impl Fn() -> Option<String>) {
    let short = || text().and_then(|t| t.split([' ', ':']).next().map(str::to_owned));
    match key {
        "Interface Type" => b.interface = short(),
        "Specification Version" => b.version = text(),
        "Host Interface Type" => b.host_interface = short(),
        _ => {}
    }
}

fn processor(
    p: &mut ProcessorSocket,
    key: &str,
    value: &str,
    text: impl Fn() -> Option<String>,
    number: impl Fn() -> Option<u32>,
) {
    match key {
        "Socket Designation" => p.designation = text(),
        "Manufacturer" => p.manufacturer = text(),
        "Version" => p.version = text(),
        "Status" => p.populated = Some(value.starts_with("Populated")),
        "Core Count" => p.cores = number(),
        "Core Enabled" => p.cores_enabled = number(),
        "Thread Count" => p.threads = number(),
        "Max Speed" => p.max_mhz = number(),
        "Current Speed" => p.current_mhz = number(),
        _ => {}
    }
}

fn memory(
    m: &mut MemoryDevice,
    key: &str,
    value: &str,
    text: impl Fn() -> Option<String>,
    number: impl Fn() -> Option<u32>,
) {
    match key {
        "Size" if value == "No Module Installed" => m.size = SlotSize::Empty,
        "Size" => m.size = size(value).map_or(SlotSize::Unknown, SlotSize::Bytes),
        "Form Factor" => m.form_factor = text(),
        "Locator" => m.locator = text(),
        "Bank Locator" => m.bank_locator = text(),
        "Type" => m.kind = text(),
        "Speed" => m.speed_mt_per_s = number(),
        "Configured Memory Speed" | "Configured Clock Speed" => {
            m.configured_speed_mt_per_s = number();
        }
        "Manufacturer" => m.manufacturer = text(),
        "Part Number" => m.part_number = text(),
        "Serial Number" => m.serial = text(),
        "Rank" => m.rank = number(),
        "Total Width" => m.total_width_bits = number(),
        "Data Width" => m.data_width_bits = number(),
        _ => {}
    }
}

/// `2666 MT/s`, `72 bits`, `17, 40 bytes`: the number in front.
fn leading(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
# dmidecode 3.2
Getting SMBIOS data from sysfs.
SMBIOS 2.8 present.

Handle 0x0000, DMI type 0, 24 bytes
BIOS Information
\tVendor: SeaBIOS
\tVersion: 1.10.2-1ubuntu1
\tRelease Date: 04/01/2014
\tCharacteristics:
\t\tVersion: not this
\t\tTargeted content distribution is supported

Handle 0x0100, DMI type 1, 27 bytes
System Information
\tManufacturer: OpenStack Foundation
\tProduct Name: OpenStack Nova
\tSerial Number: Not Specified

Handle 0x0400, DMI type 4, 42 bytes
Processor Information
\tSocket Designation: CPU 0
\tManufacturer: QEMU
\tVersion: pc-i440fx-disco
\tMax Speed: 2000 MHz
\tCurrent Speed: 2000 MHz
\tStatus: Populated, Enabled
\tCore Count: 1
\tCore Enabled: 1
\tThread Count: 1
\tCharacteristics: None

Handle 0x1000, DMI type 16, 23 bytes
Physical Memory Array
\tUse: System Memory
\tError Correction Type: Multi-bit ECC
\tMaximum Capacity: 4 GB
\tNumber Of Devices: 1

Handle 0x1100, DMI type 17, 40 bytes
Memory Device
\tTotal Width: Unknown
\tData Width: Unknown
\tSize: 4096 MB
\tForm Factor: DIMM
\tLocator: DIMM 0
\tBank Locator: Not Specified
\tType: RAM
\tSpeed: Unknown
\tManufacturer: QEMU
\tSerial Number: Not Specified
\tPart Number: Not Specified
\tRank: Unknown
\tConfigured Memory Speed: Unknown
";

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Dmi {
        parse(text).unwrap().told().unwrap().clone()
    }

    #[test]
    fn virtual_machine() {
        let d = told(SAMPLE);
        assert_eq!(
            (d.bios_vendor.as_deref(), d.bios_version.as_deref()),
            (Some("SeaBIOS"), Some("1.10.2-1ubuntu1"))
        );
        assert_eq!(
            (d.system_product.as_deref(), d.system_serial.as_deref()),
            (Some("OpenStack Nova"), None)
        );
        let p = &d.processors[0];
        assert_eq!((p.populated, p.cores, p.max_mhz), (Some(true), Some(1), Some(2000)));
        assert_eq!((d.arrays[0].maximum_bytes, d.arrays[0].slots), (Some(4 << 30), Some(1)));
        let m = &d.memory[0];
        assert_eq!(
            (m.size, m.kind.as_deref(), m.speed_mt_per_s),
            (SlotSize::Bytes(4 << 30), Some("RAM"), None)
        );
        assert_eq!((d.installed_bytes(), m.line), (Some(4 << 30), Some(40)));
    }

    #[test]
    fn item_24_old_double_indented_form_and_refusals() {
        let old = "Handle 0x1100\n\tDMI type 17, 27 bytes.\n\tMemory Device\n\t\tTotal Width: 72 bits\n\t\tData Width: 64 bits\n\t\tSize: 2048 MB\n\t\tLocator: DIMM_1A\n\t\tSpeed: 667 MHz (1.5 ns)\n";
        let m = &told(old).memory[0];
        assert_eq!(
            (m.size, m.total_width_bits, m.data_width_bits),
            (SlotSize::Bytes(2 << 30), Some(72), Some(64))
        );
        assert_eq!((m.locator.as_deref(), m.speed_mt_per_s), (Some("DIMM_1A"), Some(667)));
        let refused = |text| parse(text).unwrap();
        assert_eq!(
            refused("# dmidecode 3.2\n# No SMBIOS nor DMI entry point found, sorry.\n"),
            Answer::Refused(Refusal::NotSupported)
        );
        let denied = "# dmidecode 3.2\n/sys/firmware/dmi/tables/smbios_entry_point: Permission denied\nScanning /dev/mem for entry point.\n/dev/mem: No such file or directory\n";
        assert_eq!(refused(denied), Answer::Refused(Refusal::NotPermitted));
        assert!(parse("").is_err());
    }

    #[test]
    fn the_case_and_its_management_controller() {
        let d = told(
            "Handle 0x0300, DMI type 3, 22 bytes\nChassis Information\n\tManufacturer: Dell Inc.\n\
             \tType: Rack Mount Chassis\n\tLock: Present\n\tSerial Number: 8XK1X23\n\
             \tAsset Tag: Not Specified\n\tBoot-up State: Safe\n\tPower Supply State: Critical\n\
             \tThermal State: Safe\n\n\
             Handle 0x0301, DMI type 3, 22 bytes\nChassis Information\n\tType: Blade\n\n\
             Handle 0x2600, DMI type 38, 18 bytes\nIPMI Device Information\n\
             \tInterface Type: KCS (Keyboard Control Style)\n\tSpecification Version: 2.0\n\n\
             Handle 0x2A00, DMI type 42, 16 bytes\nManagement Controller Host Interface\n\
             \tHost Interface Type: Network\n",
        );
        let c = d.chassis.unwrap();
        assert_eq!(
            (c.kind.as_deref(), c.serial.as_deref()),
            (Some("Rack Mount Chassis"), Some("8XK1X23"))
        );
        assert_eq!((c.power_state.as_deref(), c.asset_tag), (Some("Critical"), None));
        let b = d.bmc.unwrap();
        assert_eq!((b.interface.as_deref(), b.version.as_deref()), (Some("KCS"), Some("2.0")));
        assert_eq!(b.host_interface.as_deref(), Some("Network"));
        let guest = "Handle 0x0300, DMI type 3, 22 bytes\nChassis Information\n\
                     \tManufacturer: QEMU\n\tType: Other\n\tThermal State: Safe\n";
        let c = told(guest).chassis.unwrap();
        assert_eq!((c.manufacturer.as_deref(), c.kind), (Some("QEMU"), None));
        assert_eq!(c.thermal_state.as_deref(), Some("Safe"));
    }

    #[test]
    fn item_25_sizes_and_other_size_lines() {
        let with = |size: &str| {
            told(&format!("Handle 0x1100, DMI type 17, 84 bytes\nMemory Device\n\tSize: {size}\n\tNon-Volatile Size: None\n\tVolatile Size: 32 GB\n\tCache Size: None\n\tLogical Size: None\n")).memory[0].size
        };
        assert_eq!(
            (with("No Module Installed"), with("Unknown")),
            (SlotSize::Empty, SlotSize::Unknown)
        );
        assert_eq!(
            (with("16384 MB"), with("16 GB")),
            (SlotSize::Bytes(16 << 30), SlotSize::Bytes(16 << 30))
        );
        assert_eq!(
            (with("1 TB"), with("512 kB")),
            (SlotSize::Bytes(1 << 40), SlotSize::Bytes(512 << 10))
        );
    }
}
