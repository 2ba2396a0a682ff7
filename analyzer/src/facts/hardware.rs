//! The machine as its firmware tells it, its memory errors, its clock, and the kernel's trust in
//! itself.

use schemars::JsonSchema;
use serde::Serialize;

/// What SMBIOS tells, and how it compares with what the kernel uses.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Hardware {
    /// BIOS: maker, version, date.
    pub bios: Option<String>,
    /// Maker and product of the system.
    pub system: Option<String>,
    /// Serial number of the system.
    pub system_serial: Option<String>,
    /// Maker and product of the board.
    pub board: Option<String>,
    /// Serial number of the board.
    pub board_serial: Option<String>,
    /// Maker and kind of the case: `Dell Inc. Rack Mount Chassis`.
    pub chassis: Option<String>,
    /// Serial number of the case.
    pub chassis_serial: Option<String>,
    /// Asset tag of the case.
    pub asset_tag: Option<String>,
    /// What the firmware thought of the power supplies at the last boot: `Safe`, `Warning`,
    /// `Critical`, `Non-recoverable`.
    pub power_state: Option<String>,
    /// The same of the temperature.
    pub thermal_state: Option<String>,
    /// The management controller: `IPMI 2.0 (KCS), host interface: Network`. Absent where the
    /// firmware tells of none.
    pub bmc: Option<String>,
    /// Kind of chassis, by number (SMBIOS type 3): 17 is a main server chassis, 23 a rack mount.
    pub chassis_type: Option<i64>,
    /// Processor sockets.
    pub sockets: Vec<CpuSocket>,
    /// Sockets with a processor.
    pub sockets_populated: Option<i64>,
    /// Cores of all sockets, those that are switched off left out; absent where the firmware does
    /// not count.
    pub cores: Option<i64>,
    /// Threads of all enabled cores; absent where the firmware does not count.
    pub threads: Option<i64>,
    /// Cores that the firmware has switched off.
    pub cores_disabled: Option<i64>,
    /// Memory slots.
    pub memory_slots: Vec<MemorySlot>,
    /// Slots without a module.
    pub memory_slots_empty: Option<i64>,
    /// Largest memory that the board takes.
    pub memory_maximum_bytes: Option<i64>,
    /// Error correction as the firmware names it: `Multi-bit ECC`, `None`.
    pub memory_error_correction: Option<String>,
    /// Memory has error correction.
    pub memory_has_ecc: Option<bool>,
    /// Sum of the installed modules; what the operator told, if told.
    pub memory_installed_bytes: Option<i64>,
    /// The smallest module.
    pub memory_smallest_bytes: Option<i64>,
    /// Memory that the firmware gives to the kernel (`System RAM` of `/proc/iomem`).
    pub memory_mapped_bytes: Option<i64>,
    /// Ranges that the firmware keeps for itself.
    pub memory_reserved_bytes: Option<i64>,
    /// Installed, but neither usable nor kept for a known reason.
    pub memory_missing_bytes: Option<i64>,
    /// The same by installed.
    pub memory_missing_ratio: Option<f64>,
    /// The address map was readable: what is kept is known, not estimated.
    pub memory_map_known: bool,
    /// Modules differ in size.
    pub memory_sizes_differ: Option<bool>,
    /// Modules run slower than they could.
    pub memory_below_rated: Option<bool>,
    /// Memory errors as the controllers count them.
    pub edac: Option<Edac>,
    /// Errors of PCI Express links; absent where no device counts them (before 4.19, virtual
    /// machines).
    pub aer: Option<Aer>,
}

/// A processor socket.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuSocket {
    /// Its name on the board.
    pub name: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// It holds a processor.
    pub populated: Option<bool>,
    /// Cores.
    pub cores: Option<i64>,
    /// Cores that the firmware has enabled.
    pub cores_enabled: Option<i64>,
    /// Threads.
    pub threads: Option<i64>,
    /// Highest clock.
    pub max_mhz: Option<i64>,
}

/// A memory slot.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct MemorySlot {
    /// Its name on the board.
    pub name: Option<String>,
    /// Its bank.
    pub bank: Option<String>,
    /// Size of the module; 0 for an empty slot.
    pub size_bytes: Option<i64>,
    /// Kind: `DDR4`.
    pub kind: Option<String>,
    /// Form: `DIMM`.
    pub form: Option<String>,
    /// Speed that the module is made for.
    pub speed_mt_per_s: Option<i64>,
    /// Speed at which it runs.
    pub configured_mt_per_s: Option<i64>,
    /// Maker.
    pub maker: Option<String>,
    /// Part number.
    pub part: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Ranks.
    pub ranks: Option<i64>,
}

/// Memory errors since the driver was loaded.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Edac {
    /// Memory controllers.
    pub controllers: i64,
    /// Corrected errors.
    pub corrected: i64,
    /// Uncorrected errors.
    pub uncorrected: i64,
    /// Corrected errors in the window.
    pub corrected_in_window: Option<i64>,
    /// Uncorrected errors in the window.
    pub uncorrected_in_window: Option<i64>,
    /// Modules with errors, the worst first; at most 20.
    pub modules: Vec<EdacModule>,
}

/// Errors that PCI Express links have counted since their devices were found.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Aer {
    /// Devices that count.
    pub counting: i64,
    /// Errors that the link corrected by sending again; notices of what was no error
    /// (`NonFatalErr`, a device that was asked for what it does not have) are left out.
    pub corrected: i64,
    /// Errors that lost a request or more.
    pub uncorrected: i64,
    /// Corrected errors between both looks, of the devices whose counters went on.
    pub corrected_in_window: Option<i64>,
    /// Lost requests between both looks, likewise.
    pub nonfatal_in_window: Option<i64>,
    /// Errors between both looks after which a link was not to be trusted, likewise.
    pub fatal_in_window: Option<i64>,
    /// Devices with errors, those of the window first; at most 20.
    pub devices: Vec<AerDevice>,
}

/// A device whose link has errors.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct AerDevice {
    /// Its place on the bus: `0000:00:1c.0`.
    pub slot: String,
    /// Maker and product, or their ids.
    pub name: String,
    /// Its driver, empty without one.
    pub driver: String,
    /// Corrected errors.
    pub corrected: i64,
    /// Requests lost.
    pub nonfatal: i64,
    /// Errors after which the link was not to be trusted.
    pub fatal: i64,
    /// Corrected ones between both looks; absent where the counters did not go on.
    pub corrected_in_window: Option<i64>,
    /// The same by time.
    pub corrected_per_hour: Option<f64>,
    /// Requests lost between both looks.
    pub nonfatal_in_window: Option<i64>,
    /// Errors between both looks after which the link was not to be trusted.
    pub fatal_in_window: Option<i64>,
    /// The kind of corrected errors that was met most, in the window where there were any, else
    /// since the device was found: `RxErr` is the wire, `BadTLP` and `BadDLLP` damaged packets,
    /// `Timeout` and `Rollover` packets that nobody acknowledged.
    pub corrected_kind: Option<String>,
    /// The same of those that were not corrected: `CmpltTO` is a request without an answer.
    pub uncorrected_kind: Option<String>,
}

/// A module with errors.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct EdacModule {
    /// Its label, or its place in the controller.
    pub label: String,
    /// Corrected errors.
    pub corrected: i64,
    /// Uncorrected errors.
    pub uncorrected: i64,
}

/// The clock.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Clock {
    /// Clock source in use.
    pub source: Option<String>,
    /// Clock sources that could be used.
    pub available: Vec<String>,
    /// The kernel takes the clock for synchronised.
    pub synchronised: Option<bool>,
    /// Offset that is being corrected.
    pub offset_s: Option<f64>,
    /// Largest error, as the kernel reckons.
    pub max_error_s: Option<f64>,
    /// Correction of the frequency.
    pub frequency_ppm: Option<f64>,
    /// Programs that set the clock and are running.
    pub daemons: Vec<String>,
}

/// The kernel's trust in itself, and what a reboot would change.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Kernel {
    /// The mask; 0 is clean.
    pub taint: Option<i64>,
    /// Its bits.
    pub taints: Vec<Taint>,
    /// A bit is set that tells of damage: machine check, bad page, oops, warning, lockup.
    pub tainted_by_damage: Option<bool>,
    /// Branch of a kernel that was built from the sources of kernel.org (`6.1` of 6.1.55). Absent
    /// where the release names a distribution's own build, which its vendor maintains.
    pub upstream_branch: Option<String>,
    /// The newest installed kernel, by its number.
    pub newest_installed: Option<String>,
    /// It is not the running one.
    pub newer_installed: Option<bool>,
    /// The distribution says that an update waits for a reboot.
    pub reboot_required: Option<bool>,
}

/// One bit of the mask.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Taint {
    /// Its number.
    pub bit: i64,
    /// Its letter; absent for bits that this program does not know.
    pub letter: Option<String>,
    /// What it means.
    pub meaning: String,
    /// Loaded modules that carry the letter.
    pub modules: Vec<String>,
}

/// Clock rate of the processors, and what limits it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Frequency {
    /// Driver: `intel_pstate`, `amd-pstate-epp`, `acpi-cpufreq`.
    pub driver: Option<String>,
    /// Governors in use.
    pub governors: Vec<String>,
    /// Preferences between power and speed in use.
    pub preferences: Vec<String>,
    /// Highest rate that is allowed now, of the slowest policy.
    pub allowed_mhz: Option<f64>,
    /// Highest rate of the hardware, of the same policy.
    pub hardware_mhz: Option<f64>,
    /// Rate that the hardware holds without boost.
    pub base_mhz: Option<f64>,
    /// Mean rate of the CPUs at the start of the collection.
    pub now_mhz: Option<f64>,
    /// Mean rate of the CPUs that were at least 80 % busy in the window, by themselves at its ends,
    /// of each the higher one (`scaling_cur_freq`); those that run without a tick are not asked.
    pub busy_mhz: Option<f64>,
    /// How many these are.
    pub busy_cpus: Option<i64>,
    /// Boost is switched off.
    pub no_turbo: Option<bool>,
    /// The driver chooses the rate by itself whatever the governor is called.
    pub is_active_mode: Option<bool>,
    /// Times that heat or power slowed CPUs down in the window, by counters or the kernel's log.
    pub throttled_in_window: Option<i64>,
    /// The same since boot, of the worst CPU.
    pub throttled_since_boot: Option<i64>,
}
