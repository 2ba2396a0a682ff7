//! Mounted file systems: how full they are, and whether they are mounted as they should be.

use schemars::JsonSchema;
use serde::Serialize;

/// One file system, however often it is mounted. Those of the kernel itself (proc, sysfs, control
/// groups) and the layers of containers, which show the space of the file system below, are left
/// out.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct FileSystem {
    /// Where it is mounted; the shortest place when there are several.
    pub mount_point: String,
    /// Other places where it is mounted; at most 20.
    pub also_mounted: Vec<String>,
    /// Device, or what stands for it.
    pub source: Option<String>,
    /// Device number: `8:1`; absent in tables of tools.
    pub device: Option<String>,
    /// Type: `ext4`.
    pub fs_type: Option<String>,
    /// `disk`, `memory` (tmpfs), `image` (squashfs, CD: always full, always read-only) or
    /// `network`.
    pub kind: String,
    /// Options of the mount and of the file system.
    pub options: Option<String>,
    /// It cannot be written now.
    pub read_only: Option<bool>,
    /// The mount is for writing but its file system is read-only, which is what an ext4 or xfs
    /// does to itself after an error.
    pub turned_read_only: Option<bool>,
    /// `/etc/fstab` has it for writing, and it is mounted read-only.
    pub read_only_against_fstab: Option<bool>,
    /// Its options in `/etc/fstab`; absent when it does not stand there.
    pub fstab_options: Option<String>,
    /// Errors that it has counted in itself (ext4, since its last check; btrfs, on all its devices);
    /// absent for other types.
    pub errors_counted: Option<i64>,
    /// How long ago ext4 met the last of them.
    pub last_error_age_s: Option<f64>,
    /// Function of the kernel that met it.
    pub last_error_in: Option<String>,
    /// How long ago ext4 met the first of them.
    pub first_error_age_s: Option<f64>,
    /// btrfs: devices that it was made of and does not find.
    pub devices_missing: Option<i64>,
    /// Size.
    pub size_bytes: Option<i64>,
    /// Used.
    pub used_bytes: Option<i64>,
    /// Free for ordinary users (`f_bavail`).
    pub available_bytes: Option<i64>,
    /// The same by size.
    pub available_ratio: Option<f64>,
    /// Free, but kept for root; absent for btrfs, where the difference is what its profiles and
    /// unequal devices leave no use for.
    pub reserved_bytes: Option<i64>,
    /// The same by size.
    pub reserved_ratio: Option<f64>,
    /// Inodes; absent where the file system makes them as needed.
    pub inodes: Option<i64>,
    /// Free inodes.
    pub inodes_free: Option<i64>,
    /// The same by all inodes.
    pub inodes_free_ratio: Option<f64>,
    /// Growth of what is used, between both ends of the collection; negative when it shrank.
    pub fill_bytes_per_s: Option<f64>,
    /// Time until nothing is free if that went on; absent when it does not grow.
    pub full_in_s: Option<f64>,
    /// Descriptors of files that are deleted and still open, of processes that see the host's
    /// mounts.
    pub deleted_open_count: Option<i64>,
    /// What these files hold, each counted once.
    pub deleted_open_bytes: Option<i64>,
    /// These files, the largest first; at most 20.
    pub deleted_open: Vec<DeletedOpen>,
    /// Deleted files that processes map without a descriptor of them, the largest mapping first; at
    /// most 20. Of the processes whose mappings were read: those with most of them.
    pub deleted_mapped: Vec<DeletedMapped>,
}

/// A line of `/etc/fstab` whose file system is not mounted.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NotMounted {
    /// Where it should be.
    pub mount_point: String,
    /// Device, `UUID=…` or `server:/path`.
    pub source: String,
    /// Type.
    pub fs_type: String,
    /// Options.
    pub options: String,
    /// It may be absent at boot (`nofail`).
    pub may_lack: bool,
}

/// A deleted file that a process still holds open.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct DeletedOpen {
    /// Process.
    pub pid: i64,
    /// Its command name.
    pub comm: String,
    /// Descriptor.
    pub fd: i64,
    /// Path that the file had.
    pub path: String,
    /// Its size.
    pub size_bytes: Option<i64>,
    /// The process may write into it.
    pub is_writable: Option<bool>,
    /// What it writes goes to the end: then truncating it (`: > /proc/PID/fd/N`) gives the space
    /// back for good. Otherwise the next write makes a hole of the old length.
    pub is_append: Option<bool>,
    /// It is mapped, too: closing the descriptor alone gives nothing back.
    pub is_mapped: Option<bool>,
}

/// A deleted file that a process maps and does not hold open.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct DeletedMapped {
    /// Process.
    pub pid: i64,
    /// Its command name.
    pub comm: String,
    /// Path that the file had.
    pub path: String,
    /// Address space that its mappings take.
    pub mapped_bytes: i64,
    /// Code of it is executed: an update has replaced a program or library that still runs.
    pub is_program: bool,
}
