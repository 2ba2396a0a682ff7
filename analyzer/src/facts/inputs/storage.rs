//! Disks, arrays, file systems.

use crate::facts::plan::{Many, Packed, Passes, Sampled};
use crate::parse::{
    Rows, df, diskstats, fdinfo, fstab, lsblk, maps, mdstat, mountinfo, pid_io, smart, smartctl,
    smartctl_json, statfs, zpool_status,
};

use super::{line, number, pair, sys};

/// A descriptor of a file that has no name any more: what it was called.
pub(crate) type Deleted = Box<str>;

/// What a deleted file holds, and which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeletedStat {
    /// What it takes on its file system.
    pub(crate) allocated_bytes: u64,
    /// Device number: `8:1`.
    pub(crate) device: Box<str>,
    pub(crate) inode: u64,
}

inputs! {
    /// Disks, arrays, file systems.
    Storage
    /// Mounts of the first process: the host's.
    mounts: Sampled<Rows<mountinfo::Mount>> =
        |p| p.sampled("proc/1/mountinfo", |t, _| mountinfo::parse(t));
    /// The same as a table, in archives of others.
    mount_table: Sampled<Rows<fstab::Entry>> =
        |p| p.sampled("proc/mounts", |t, _| fstab::parse(t));
    /// What should be mounted.
    fstab: Sampled<Rows<fstab::Entry>> = |p| p.sampled("etc/fstab", |t, _| fstab::parse(t));
    /// How full file systems are, at both ends.
    statfs: Sampled<Rows<statfs::Statfs>> =
        |p| p.sampled("probes/statfs.jsonl", |t, _| statfs::parse(t));
    /// The same as a tool prints it, in archives of others.
    df: Sampled<Rows<df::FileSystem>> = |p| p.sampled("commands/df", |t, _| df::parse(t));
    /// Inodes, likewise.
    df_inodes: Sampled<Rows<df::FileSystem>> =
        |p| p.sampled("commands/df_inodes", |t, _| df::parse(t));
    /// Errors that file systems have counted.
    sys_fs: Packed<String, String> = |p| sys(p, "packs/sys/fs", Passes::First);
    /// Block devices: queues, models, arrays, what stands on what.
    sys_block: Packed<String, String> = |p| sys(p, "packs/sys/block", Passes::Ends);
    /// Stable names of disks: `by-id/ata-…`, with the device each leads to.
    disk_names: Packed<String, String> = |p| sys(p, "packs/dev/disk", Passes::First);
    /// Block devices as a tool prints them, in archives of others.
    lsblk: Sampled<Rows<lsblk::BlockDevice>> =
        |p| p.sampled("commands/lsblk", |t, _| lsblk::parse(t));
    /// I/O of block devices.
    diskstats: Sampled<Rows<diskstats::Disk>> =
        |p| p.sampled("proc/diskstats", |t, _| diskstats::parse(t));
    /// Software RAID.
    mdstat: Sampled<Rows<mdstat::Array>> = |p| p.sampled("proc/mdstat", |t, _| mdstat::parse(t));
    /// State of ZFS pools, by `<pool>/state`.
    zfs: Many<String> = |p| p.many("proc/spl/kstat/zfs/", "/state", |_, b, _| {
        Ok(line(&String::from_utf8_lossy(b)))
    });
    /// Devices and errors of ZFS pools.
    zpool: Sampled<Rows<zpool_status::Pool>> =
        |p| p.sampled("commands/zpool_status", |t, _| zpool_status::parse(t));
    /// Health of disks by smartctl, by the rest of the call.
    smartctl: Many<smart::Smart> = |p| p.many("commands/smartctl_", "", |_, b, _| {
        let text = String::from_utf8_lossy(b);
        let json = text.trim_start().starts_with('{');
        if json { smartctl_json::parse(&text) } else { smartctl::parse(&text) }
    });
    /// Health of disks as they tell it, by `<disk>/<page>`.
    smart_pages: Many<Vec<u8>> = |p| p.many("probes/smart/", "", |_, b, _| Ok(b.to_vec()));
    /// I/O of processes at both ends.
    io: Packed<u32, pid_io::PidIo> =
        |p| p.packed("packs/proc-pid/io", Passes::Ends, number, |t, _| {
            pid_io::parse(t).map(Some)
        });
    /// Descriptors of deleted files, by process and descriptor.
    deleted: Packed<(u32, u32), Deleted> =
        |p| p.packed("packs/proc-pid/fd", Passes::First, pair, |t, _| Ok(deleted(t)));
    /// Size and place of these files.
    deleted_stat: Packed<(u32, u32), DeletedStat> =
        |p| p.packed("packs/proc-pid/fd_stat", Passes::First, pair, |t, _| Ok(deleted_stat(t)));
    /// How deleted files, and graphics devices, are open.
    fdinfo: Packed<(u32, u32), fdinfo::FdInfo> =
        |p| p.packed("packs/proc-pid/fdinfo", Passes::First, pair, |t, _| fdinfo::parse(t).map(Some));
    /// Mappings of deleted files.
    deleted_maps: Packed<u32, Vec<maps::Mapping>> =
        |p| p.packed("packs/proc-pid/maps_deleted", Passes::First, number, |t, _| {
            Ok(Some(maps::parse(t)?.rows.into_iter().filter(|m| m.is_deleted).collect()))
        });
    /// File systems in memory as one process of each mount namespace sees them.
    tmpfs_elsewhere: Packed<u32, Vec<mountinfo::Mount>> =
        |p| p.packed("packs/proc-pid/mountinfo", Passes::First, number, |t, _| {
            let mounts = mountinfo::parse(t)?.rows.into_iter();
            Ok(Some(mounts.filter(|m| matches!(m.fs_type.as_str(), "tmpfs" | "ramfs")).collect()))
        });
    /// Mount namespace of each process.
    mount_namespaces: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/ns", Passes::First, of_mounts, |t, _| Ok(Some(t.into())));
}

/// `1234/mnt`: the process.
fn of_mounts(key: &str) -> Option<u32> {
    number(key.strip_suffix("/mnt")?)
}

/// `/var/log/x.log (deleted)`: the path. Memory files have a name in no directory, and System V
/// segments and shared memory are no files that a reader could look for.
fn deleted(target: &str) -> Option<Deleted> {
    let path = target.trim_end().strip_suffix(" (deleted)")?;
    let no_file = ["/memfd:", "/SYSV", "/dev/", "/anon_hugepage", "/[", "/drm mm object", "/i915"];
    (path.starts_with('/') && !no_file.iter().any(|p| path.starts_with(p))).then(|| path.into())
}

/// `size_bytes=4096 allocated_bytes=8192 links=0 mode=100644 dev=8:1 inode=42`; only of regular
/// files.
fn deleted_stat(text: &str) -> Option<DeletedStat> {
    let of = |key: &str| {
        let mut words = text.split_ascii_whitespace();
        words.find_map(|w| w.strip_prefix(key)?.strip_prefix('='))
    };
    of("mode").filter(|m| m.starts_with("10"))?;
    let (allocated_bytes, inode) =
        (of("allocated_bytes")?.parse().ok()?, of("inode")?.parse().ok()?);
    Some(DeletedStat { allocated_bytes, device: of("dev")?.into(), inode })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_files_are_those_that_had_a_place_on_a_disk() {
        assert_eq!(deleted("/var/log/a b.log (deleted)\n").as_deref(), Some("/var/log/a b.log"));
        for other in ["/var/log/a.log", "/memfd:x (deleted)", "/dev/shm/x (deleted)", "socket:[1]"]
        {
            assert_eq!(deleted(other), None, "{other}");
        }
        let stat = |mode: &str| {
            deleted_stat(&format!(
                "size_bytes=4096 allocated_bytes=8192 links=0 mode={mode} dev=8:1 inode=42"
            ))
        };
        let device = "8:1".into();
        assert_eq!(stat("100644"), Some(DeletedStat { allocated_bytes: 8192, device, inode: 42 }));
        assert_eq!(stat("40755"), None, "a directory");
    }
}
