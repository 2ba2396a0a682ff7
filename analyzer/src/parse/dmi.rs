//! What SMBIOS tells of the hardware, whoever told it: the raw table or dmidecode(8).
//!
//! <https://www.dmtf.org/standards/smbios> (DSP0134)
//!
//! The readers are [`super::smbios`] and [`super::dmidecode`]; firmware fills the table by hand,
//! so that any text may be nonsense ("To Be Filled By O.E.M.").

/// Size of a memory slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlotSize {
    /// `No Module Installed`.
    Empty,
    /// A module whose size the firmware does not know.
    #[default]
    Unknown,
    /// A module of this size.
    Bytes(u64),
}

/// One memory slot (type 17).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryDevice {
    /// Size.
    pub size: SlotSize,
    /// `DIMM`, `SODIMM`.
    pub form_factor: Option<String>,
    /// Name of the slot: `DIMM_A1`.
    pub locator: Option<String>,
    /// Bank: `NODE 1`.
    pub bank_locator: Option<String>,
    /// `DDR4`, `DDR5`, `RAM`.
    pub kind: Option<String>,
    /// What the module can do, in million transfers a second.
    pub speed_mt_per_s: Option<u32>,
    /// What it is set to.
    pub configured_speed_mt_per_s: Option<u32>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Part number.
    pub part_number: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Ranks.
    pub rank: Option<u32>,
    /// Bits with those for error correction.
    pub total_width_bits: Option<u32>,
    /// Bits without.
    pub data_width_bits: Option<u32>,
    /// Line, in the text form.
    pub line: Option<u32>,
}

/// One memory array (type 16).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryArray {
    /// `System Memory`, `Video Memory`.
    pub purpose: Option<String>,
    /// `Multi-bit ECC`, `None`.
    pub error_correction: Option<String>,
    /// Largest capacity.
    pub maximum_bytes: Option<u64>,
    /// Slots.
    pub slots: Option<u32>,
}

/// One processor socket (type 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessorSocket {
    /// Name of the socket.
    pub designation: Option<String>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Name of the processor.
    pub version: Option<String>,
    /// A processor is in it.
    pub populated: Option<bool>,
    /// Cores of the processor.
    pub cores: Option<u32>,
    /// Cores that firmware has enabled.
    pub cores_enabled: Option<u32>,
    /// Threads.
    pub threads: Option<u32>,
    /// Highest clock.
    pub max_mhz: Option<u32>,
    /// Clock at boot.
    pub current_mhz: Option<u32>,
}

/// The case (type 3), and what its firmware thought of it at the last boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chassis {
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// `Rack Mount Chassis`, `Blade`, `Main Server Chassis`.
    pub kind: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Asset tag.
    pub asset_tag: Option<String>,
    /// `Safe`, `Warning`, `Critical`, `Non-recoverable`.
    pub boot_state: Option<String>,
    /// The same, of the power supplies.
    pub power_state: Option<String>,
    /// The same, of the temperature.
    pub thermal_state: Option<String>,
}

/// The management controller: its IPMI device (type 38), and the way over which the host may speak
/// Redfish with it (type 42).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bmc {
    /// Its interface: `KCS`, `SMIC`, `BT`, `SSIF`.
    pub interface: Option<String>,
    /// Version of IPMI: `2.0`.
    pub version: Option<String>,
    /// `Network`, `KCS: Keyboard Controller Style`.
    pub host_interface: Option<String>,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmi {
    /// BIOS vendor (type 0).
    pub bios_vendor: Option<String>,
    /// BIOS version.
    pub bios_version: Option<String>,
    /// BIOS date.
    pub bios_date: Option<String>,
    /// Manufacturer of the system (type 1).
    pub system_manufacturer: Option<String>,
    /// Product.
    pub system_product: Option<String>,
    /// Serial number.
    pub system_serial: Option<String>,
    /// Manufacturer of the board (type 2).
    pub board_manufacturer: Option<String>,
    /// Product name of the board.
    pub board_product: Option<String>,
    /// Serial number of the board.
    pub board_serial: Option<String>,
    /// The first case; further ones are enclosures around it.
    pub chassis: Option<Chassis>,
    /// The management controller.
    pub bmc: Option<Bmc>,
    /// Processor sockets.
    pub processors: Vec<ProcessorSocket>,
    /// Memory arrays.
    pub arrays: Vec<MemoryArray>,
    /// Memory slots.
    pub memory: Vec<MemoryDevice>,
}

impl Dmi {
    /// Sum of the installed modules; `None` when a module's size is unknown or there is no slot.
    #[must_use]
    pub fn installed_bytes(&self) -> Option<u64> {
        let sizes = self.memory.iter().map(|m| match m.size {
            SlotSize::Empty => Some(0),
            SlotSize::Unknown => None,
            SlotSize::Bytes(n) => Some(n),
        });
        let sum = sizes.sum::<Option<u64>>()?;
        (!self.memory.is_empty()).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_module_makes_the_sum_unknown() {
        let slot = |size| MemoryDevice { size, ..MemoryDevice::default() };
        let mut dmi =
            Dmi { memory: vec![slot(SlotSize::Empty), slot(SlotSize::Bytes(5))], ..Dmi::default() };
        assert_eq!(dmi.installed_bytes(), Some(5));
        dmi.memory.push(slot(SlotSize::Unknown));
        assert_eq!((dmi.installed_bytes(), Dmi::default().installed_bytes()), (None, None));
    }
}
