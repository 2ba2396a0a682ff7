//! Which file systems are mounted: each once, whoever told.

use std::collections::BTreeMap;

use crate::facts::inputs::Inputs;
use crate::parse::Rows;
use crate::parse::mountinfo::Mount;

/// Types whose files lie on a block device of this host.
const DISK: [&str; 20] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "f2fs",
    "jfs", "reiserfs", "zfs", "bcachefs", "gfs2", "ocfs2", "nilfs2", "vxfs", "msdos",
];
/// Images: always full, always read-only.
const IMAGE: [&str; 8] =
    ["squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs", "fuse.snapfuse", "fuse.squashfuse"];
const NETWORK: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ceph",
    "lustre",
    "9p",
    "virtiofs",
    "beegfs",
    "afs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
];

/// One file system.
pub(super) struct Mounted<'i> {
    pub(super) mount_point: &'i str,
    pub(super) others: Vec<&'i str>,
    pub(super) source: Option<&'i str>,
    pub(super) fs_type: Option<&'i str>,
    pub(super) device: Option<(u32, u32)>,
    pub(super) kind: &'static str,
    pub(super) options: Option<String>,
    pub(super) read_only: Option<bool>,
    pub(super) turned_read_only: Option<bool>,
}

/// The file systems, by mount point, and the source that told.
pub(super) fn of(inputs: &Inputs) -> (Vec<Mounted<'_>>, String) {
    let storage = &inputs.storage;
    for source in [&storage.mounts, &inputs.host.own_mounts] {
        if let Ok(Rows { rows, .. }) = source.first()
            && !rows.is_empty()
        {
            return (of_mountinfo(rows), source.path.clone());
        }
    }
    if let Ok(Rows { rows, .. }) = storage.mount_table.first() {
        let each = rows.iter().map(|e| {
            let read_only = Some(e.has_option("ro"));
            one(
                &e.mount_point,
                Some(&e.source),
                Some(&e.fs_type),
                Some(e.options.clone()),
                read_only,
            )
        });
        return (by_source(each.flatten()), storage.mount_table.path.clone());
    }
    let rows = storage.df.first().map(|r| r.rows.as_slice()).unwrap_or_default();
    let each = rows
        .iter()
        .filter(|r| r.size_bytes.is_some_and(|s| s > 0))
        .filter_map(|r| one(&r.mount_point, Some(&r.source), r.fs_type.as_deref(), None, None));
    (by_source(each), storage.df.path.clone())
}

fn of_mountinfo(rows: &[Mount]) -> Vec<Mounted<'_>> {
    // What is mounted over something hides it: the last mount of a place counts.
    let mut visible: BTreeMap<&str, &Mount> = BTreeMap::new();
    for mount in rows {
        visible.insert(&mount.mount_point, mount);
    }
    let mut by_device: BTreeMap<(u32, u32), Mounted<'_>> = BTreeMap::new();
    let mut places: Vec<&&Mount> = visible.values().collect();
    // Of several places the whole file system comes before a part of it, then the shortest name.
    places.sort_by_key(|m| (m.root != "/", m.mount_point.len()));
    for mount in places {
        if let Some(known) = by_device.get_mut(&mount.device) {
            known.others.push(&mount.mount_point);
            continue;
        }
        let read_only = Some(mount.has_option("ro"));
        let options = Some(format!("{},{}", mount.options, mount.super_options));
        let (source, fs_type) = (Some(mount.source.as_str()), Some(mount.fs_type.as_str()));
        if let Some(mut m) = one(&mount.mount_point, source, fs_type, options, read_only) {
            let has = |options: &str, option: &str| options.split(',').any(|o| o == option);
            // Since 6.17 ext4 leaves the mount as it was and says what it does instead.
            let stopped = ["ro", "emergency_ro", "shutdown"];
            let turned = has(&mount.options, "rw")
                && stopped.iter().any(|option| has(&mount.super_options, option));
            m.device = Some(mount.device);
            m.turned_read_only = Some(turned && m.kind == "disk");
            by_device.insert(mount.device, m);
        }
    }
    let mut all: Vec<Mounted<'_>> = by_device.into_values().collect();
    all.sort_by_key(|m| m.mount_point);
    all
}

/// Without device numbers the same device is the same file system.
fn by_source<'i>(each: impl Iterator<Item = Mounted<'i>>) -> Vec<Mounted<'i>> {
    let mut all: Vec<Mounted<'i>> = each.collect();
    all.sort_by_key(|m| m.mount_point.len());
    let mut kept: Vec<Mounted<'i>> = Vec::new();
    for m in all {
        let same = kept.iter_mut().find(|k| {
            k.mount_point == m.mount_point
                || k.source == m.source && m.source.is_some_and(|s| s.starts_with("/dev/"))
        });
        match same {
            Some(known) if known.mount_point != m.mount_point => known.others.push(m.mount_point),
            Some(_) => {}
            None => kept.push(m),
        }
    }
    kept.sort_by_key(|m| m.mount_point);
    kept
}

/// A file system worth listing; `None` for the kernel's own and for layers of containers.
fn one<'i>(
    mount_point: &'i str,
    source: Option<&'i str>,
    fs_type: Option<&'i str>,
    options: Option<String>,
    read_only: Option<bool>,
) -> Option<Mounted<'i>> {
    let kind = kind(mount_point, source, fs_type)?;
    Some(Mounted {
        mount_point,
        others: Vec::new(),
        source,
        fs_type,
        device: None,
        kind,
        options,
        read_only,
        turned_read_only: None,
    })
}

fn kind(mount_point: &str, source: Option<&str>, fs_type: Option<&str>) -> Option<&'static str> {
    let Some(fs_type) = fs_type else {
        // df without types: the source tells.
        return match source? {
            "tmpfs" | "udev" | "devtmpfs" => Some("memory"),
            s if s.starts_with("/dev/loop") => Some("image"),
            s if s.starts_with("/dev/") => Some("disk"),
            s if s.contains(":/") || s.starts_with("//") => Some("network"),
            _ if mount_point == "/" => Some("disk"),
            _ => None,
        };
    };
    let below_kernel = ["/proc", "/sys"]
        .iter()
        .any(|d| mount_point.strip_prefix(d).is_some_and(|r| r.is_empty() || r.starts_with('/')));
    match fs_type {
        _ if mount_point == "/" && matches!(fs_type, "overlay" | "aufs") => Some("disk"),
        t if DISK.contains(&t) => Some("disk"),
        t if IMAGE.contains(&t) => Some("image"),
        t if NETWORK.contains(&t) => Some("network"),
        "tmpfs" | "devtmpfs" if !below_kernel => Some("memory"),
        _ => None,
    }
}
