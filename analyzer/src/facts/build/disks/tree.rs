//! What stands on what: disks, partitions, arrays, mapped devices, file systems.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::disks::Disk;
use crate::facts::filesystems::FileSystem;
use crate::facts::inputs::Inputs;

/// Levels of devices above each other that are followed.
const MAX_DEPTH: usize = 12;

/// The tree of devices, by name.
#[derive(Default)]
pub(super) struct Tree<'i> {
    /// Partitions of each whole device.
    partitions: BTreeMap<&'i str, Vec<&'i str>>,
    /// What each device is made of.
    made_of: BTreeMap<&'i str, Vec<&'i str>>,
    /// Name by device number: `8:1`.
    by_number: BTreeMap<String, &'i str>,
    /// Name of mapped devices: `vg0-root` is `dm-3`.
    mapped: BTreeMap<&'i str, &'i str>,
}

impl<'i> Tree<'i> {
    pub(super) fn of(inputs: &'i Inputs) -> Self {
        let mut tree = Self::default();
        for (key, value) in
            inputs.storage.sys_block.first().map(|p| p.rows.as_slice()).unwrap_or_default()
        {
            let mut parts = key.split('/').skip(1);
            match (parts.next(), parts.next(), parts.next()) {
                (Some(disk), Some("slaves"), Some(below)) => {
                    tree.made_of.entry(disk).or_default().push(below);
                }
                (Some(disk), Some("dm"), Some("name")) => {
                    tree.mapped.insert(value.trim(), disk);
                }
                (Some(disk), Some(part), Some("partition")) => {
                    tree.partitions.entry(disk).or_default().push(part);
                }
                _ => {}
            }
        }
        let stats = inputs.storage.diskstats.first();
        for disk in stats.map(|r| r.rows.as_slice()).unwrap_or_default() {
            tree.by_number.insert(format!("{}:{}", disk.major, disk.minor), &disk.name);
        }
        if tree.partitions.is_empty() && tree.made_of.is_empty() {
            tree.of_lists(inputs);
        }
        tree
    }

    /// The same from lsblk and the names of the counters.
    fn of_lists(&mut self, inputs: &'i Inputs) {
        for d in inputs.storage.lsblk.first().map(|r| r.rows.as_slice()).unwrap_or_default() {
            let Some(parent) = d.parent.as_deref() else { continue };
            if d.kind.as_deref() == Some("part") {
                self.partitions.entry(parent).or_default().push(&d.name);
            } else {
                self.made_of.entry(&d.name).or_default().push(parent);
            }
        }
        if self.partitions.is_empty() {
            let all: BTreeSet<&str> = self.by_number.values().copied().collect();
            for name in &all {
                if let Some(whole) = whole_of(name, &all) {
                    self.partitions.entry(whole).or_default().push(name);
                }
            }
        }
    }

    /// Fills in the places of a device in the tree.
    pub(super) fn place(&self, disk: &mut Disk, filesystems: &[FileSystem]) {
        let name = disk.name.clone();
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        disk.partitions = self.partitions.get(name.as_str()).map(|p| owned(p)).unwrap_or_default();
        disk.made_of = self.made_of.get(name.as_str()).map(|m| owned(m)).unwrap_or_default();
        let memory = matches!(
            disk.kind.as_deref(),
            Some("loop" | "ram" | "zram" | "optical" | "floppy" | "dm" | "md" | "bcache" | "drbd")
        );
        disk.is_leaf = disk.made_of.is_empty() && !memory;
        let above = self.above(&name);
        disk.used_by = above
            .iter()
            .filter(|n| **n != name && !disk.partitions.iter().any(|p| p == *n))
            .map(|n| (*n).to_owned())
            .collect();
        disk.mount_points = filesystems
            .iter()
            .filter(|fs| self.device_of(fs).is_some_and(|d| above.contains(d)))
            .map(|fs| fs.mount_point.clone())
            .collect();
    }

    /// A device, its partitions, and everything made of them.
    fn above<'a>(&'a self, name: &'a str) -> BTreeSet<&'a str> {
        let mut all = BTreeSet::from([name]);
        let mut edge = vec![name];
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for below in edge {
                next.extend(self.partitions.get(below).into_iter().flatten().copied());
                let made = self.made_of.iter().filter(|(_, of)| of.contains(&below));
                next.extend(made.map(|(name, _)| *name));
            }
            edge = next.into_iter().filter(|n| all.insert(n)).collect();
            if edge.is_empty() {
                break;
            }
        }
        all
    }

    /// The block device of a file system.
    fn device_of<'a>(&'a self, fs: &'a FileSystem) -> Option<&'a str> {
        let numbered = fs.device.as_ref().and_then(|d| self.by_number.get(d).copied());
        numbered.or_else(|| {
            let name = fs.source.as_deref()?.strip_prefix("/dev/")?;
            let mapped = name.strip_prefix("mapper/").and_then(|m| self.mapped.get(m).copied());
            Some(mapped.unwrap_or(name))
        })
    }
}

/// The device of which `name` is a partition, by names alone: `sda1` of `sda`, `nvme0n1p2` of
/// `nvme0n1`.
pub(in super::super) fn whole_of<'n>(name: &str, all: &BTreeSet<&'n str>) -> Option<&'n str> {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() == name.len() {
        return None;
    }
    let parent = bare.strip_suffix('p').filter(|p| p.ends_with(|c: char| c.is_ascii_digit()));
    all.get(parent.unwrap_or(bare)).copied()
}
