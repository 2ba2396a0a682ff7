//! Block devices: what they are, what stands on what, and their I/O in the window.

use schemars::JsonSchema;
use serde::Serialize;

/// One whole block device: a disk, or what is built of disks. Loop, RAM and zram devices without
/// content are left out.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Disk {
    /// Kernel name: `sda`, `nvme0n1`, `dm-3`.
    pub name: String,
    /// Kind, by its name: `scsi` (SATA, SAS, FC, iSCSI, USB and the virtual SCSI adapters), `nvme`,
    /// `virtio`, `xen`, `ide`, `mmc`, `pmem`, `dasd`, `dm`, `md`, `bcache`, `drbd`, `rbd`, `nbd`,
    /// `loop`, `zram`, `ram`, `optical`, `floppy` or `other`.
    pub kind: Option<String>,
    /// Name of a mapped device (LVM, encryption, multipath): `vg0-root`.
    pub dm_name: Option<String>,
    /// What maps it: `LVM`, `CRYPT`, `mpath`.
    pub dm_kind: Option<String>,
    /// Driver of its adapter: `ahci`, `megaraid_sas`, `nvme`, `virtio_blk`.
    pub driver: Option<String>,
    /// Maker.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Its name in the world, by which a storage system knows it too: `naa.5000c500…`, `eui.…`.
    pub wwn: Option<String>,
    /// Firmware revision.
    pub firmware: Option<String>,
    /// State of a SCSI device: `running`, `offline`, `blocked`.
    pub state: Option<String>,
    /// Size.
    pub size_bytes: Option<i64>,
    /// Spinning, as the kernel was told; virtual disks often say so without reason.
    pub rotational: Option<bool>,
    /// Removable.
    pub removable: Option<bool>,
    /// Write-protected.
    pub read_only: Option<bool>,
    /// Scheduler in use.
    pub scheduler: Option<String>,
    /// Requests that its queue holds.
    pub nr_requests: Option<i64>,
    /// Read-ahead.
    pub read_ahead_bytes: Option<i64>,
    /// `write back` or `write through`.
    pub write_cache: Option<String>,
    /// Its disk is made by a hypervisor or a cloud.
    pub is_virtual: Option<bool>,
    /// Flash, as far as is known: it does not spin, and no hypervisor stands between.
    pub is_flash: bool,
    /// A physical disk, or what the kernel takes for one: nothing below it, and no memory.
    pub is_leaf: bool,
    /// Devices that it is made of.
    pub made_of: Vec<String>,
    /// Devices that are made of it or of its partitions.
    pub used_by: Vec<String>,
    /// Partitions.
    pub partitions: Vec<String>,
    /// Where it, its partitions, or what is made of them is mounted.
    pub mount_points: Vec<String>,
    /// It is a volume of a RAID controller: the disks behind it are not seen. Absent for others.
    pub raid_volume: Option<RaidVolume>,
    /// I/O in the window.
    pub io: Option<DiskIo>,
    /// Health as the disk tells it, the worst of the disks behind a RAID volume.
    pub smart: Vec<DiskHealth>,
}

/// A volume of a RAID controller.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct RaidVolume {
    /// Driver of the controller.
    pub driver: Option<String>,
    /// The controller, by its place on the PCI bus, name where `lspci` told it, and ids:
    /// `0000:03:00.0 [1000:005d]`; those of the same driver where there are several.
    pub controller: Option<String>,
    /// Device type by which smartctl reaches the disks behind it, `N` being the slot
    /// (`megaraid,N`); absent where there is no way.
    pub smartctl: Option<String>,
    /// Tool of the maker.
    pub tool: Option<String>,
    /// Disks behind it whose health is in the archive.
    pub disks_seen: i64,
}

/// I/O of a device in the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct DiskIo {
    /// Requests a second, reads and writes.
    pub requests_per_s: f64,
    /// Reads a second.
    pub reads_per_s: f64,
    /// Writes a second.
    pub writes_per_s: f64,
    /// Bytes read a second.
    pub read_bytes_per_s: f64,
    /// Bytes written a second.
    pub write_bytes_per_s: f64,
    /// Mean time of a request, queue and device.
    pub await_ms: Option<f64>,
    /// Of a read.
    pub read_await_ms: Option<f64>,
    /// Of a write.
    pub write_await_ms: Option<f64>,
    /// Requests under way, on average.
    pub queue_mean: f64,
    /// Share of the time in which at least one was under way. Says little of devices that serve
    /// many at once.
    pub busy_ratio: f64,
    /// Median over the intervals of the mean time of a request; an idle interval counts as 0.
    pub await_median_ms: f64,
    /// Median over the intervals of the requests under way.
    pub queue_median: f64,
    /// Intervals measured.
    pub intervals: i64,
}

/// Health of one physical disk.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct DiskHealth {
    /// The disk, or the slot behind a controller: `sda`, `megaraid,3 /dev/sda`.
    pub disk: String,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Firmware.
    pub firmware: Option<String>,
    /// Disks of the same model with another firmware: `sdb (A5)`; at most 10.
    pub other_firmware: Vec<String>,
    /// The disk's own verdict.
    pub passed: Option<bool>,
    /// Why nothing is known of it: it slept, it has no SMART, the tool was refused.
    pub unknown: Option<String>,
    /// Temperature.
    pub temperature_c: Option<i64>,
    /// Time powered on.
    pub power_on_h: Option<i64>,
    /// Sectors that were replaced (attribute 5).
    pub reallocated: Option<i64>,
    /// Sectors that cannot be read now (attribute 197).
    pub pending: Option<i64>,
    /// Sectors that could not be read in a self-test (attribute 198).
    pub uncorrectable: Option<i64>,
    /// Errors reported to the host (attribute 187).
    pub reported_uncorrectable: Option<i64>,
    /// Errors on the cable (attribute 199).
    pub crc_errors: Option<i64>,
    /// NVMe: critical warning, a mask; 0 is good.
    pub critical_warning: Option<i64>,
    /// NVMe: share of the rated life that is used; may exceed 1.
    pub life_used_ratio: Option<f64>,
    /// NVMe: spare left.
    pub spare_ratio: Option<f64>,
    /// NVMe: spare at which the disk warns.
    pub spare_threshold_ratio: Option<f64>,
    /// NVMe: errors of the medium.
    pub media_errors: Option<i64>,
    /// SAS: defects that came after manufacture.
    pub grown_defects: Option<i64>,
    /// SAS: errors that could not be corrected, of reading, writing and verifying.
    pub sas_uncorrected: Option<i64>,
    /// The last self-test failed.
    pub self_test_failed: Option<bool>,
}

/// I/O of the host as a whole, and who causes it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Io {
    /// PSI: share of the window in which every task that was not idle waited for I/O.
    pub psi_full_ratio: Option<f64>,
    /// Processes with the most bytes read from and written to storage in the window; at most 10.
    pub top: Vec<ProcessIo>,
    /// Control groups with the most bytes read from and written to a device, without those of the
    /// groups below them; at most 20.
    pub groups: Vec<GroupIo>,
}

/// I/O of one control group on one device, between both ends of the collection.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct GroupIo {
    /// Path of the group.
    pub group: String,
    /// Name of the device, or its number where that has none.
    pub device: String,
    /// Bytes read, a second.
    pub read_bytes_per_s: f64,
    /// Bytes written, a second.
    pub write_bytes_per_s: f64,
    /// Requests, a second.
    pub requests_per_s: Option<f64>,
}

/// I/O of one process in the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct ProcessIo {
    /// Process.
    pub pid: i64,
    /// Its command name.
    pub comm: String,
    /// Bytes read from storage, a second.
    pub read_bytes_per_s: f64,
    /// Bytes written to storage, a second.
    pub write_bytes_per_s: f64,
}

/// A device, server or file system about which something tells errors.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct StorageError {
    /// Kernel name of the device, or the server.
    pub subject: String,
    /// Where it is mounted, or what is made of it.
    pub mount_points: Vec<String>,
    /// Type of the file system that is mounted from it; absent for a disk with partitions.
    pub fs_type: Option<String>,
    /// A medium that comes and goes: CD, floppy, USB, an image that nobody has mounted.
    pub is_removable: bool,
    /// A file system on it cannot be written now, though it should.
    pub read_only_now: bool,
    /// The device is offline now.
    pub offline_now: bool,
    /// Failed requests and damaged file systems in the kernel's log, within the window.
    pub errors_in_window: Option<i64>,
    /// The same in the last 24 hours.
    pub errors_in_day: Option<i64>,
    /// The same in the whole log.
    pub errors_in_log: Option<i64>,
    /// Devices and servers that did not answer in time, failed paths: within the window.
    pub stalls_in_window: Option<i64>,
    /// The same in the last 24 hours.
    pub stalls_in_day: Option<i64>,
    /// The same in the whole log.
    pub stalls_in_log: Option<i64>,
    /// How long ago the last of all these was.
    pub last_age_s: Option<f64>,
    /// The last message about it.
    pub latest: Option<String>,
    /// Errors that the file system has counted in itself.
    pub errors_counted: Option<i64>,
    /// How long ago the file system met the last of them.
    pub last_error_age_s: Option<f64>,
    /// Function of the kernel that met it.
    pub last_error_in: Option<String>,
    /// How long ago the file system met the first of them.
    pub first_error_age_s: Option<f64>,
    /// Devices that the file system was made of and does not find.
    pub devices_missing: Option<i64>,
}
