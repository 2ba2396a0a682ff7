//! Disks and file systems: what stands on what, how fast it answers, how full and how healthy.

use std::collections::BTreeSet;

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table, below};
use crate::facts::arrays::Array;
use crate::facts::disks::{Disk, RaidVolume};
use crate::report::units::counted;
use crate::report::visible::clip;

/// Most rows of a table.
const MAX_ROWS: usize = 200;
/// A chain of devices longer than this is not drawn further.
const MAX_DEPTH: usize = 8;
/// Options of a mount shown.
const OPTION_CHARS: usize = 60;
/// Kind of a file system that is full by its nature: squashfs, iso9660.
const IMAGE: &str = "image";
/// Images named.
const MAX_IMAGES: usize = 12;
/// Longest path in a cell.
const PATH_CHARS: usize = 120;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Disks {
    /// Block devices, each below what it stands on.
    pub devices: Table,
    /// Their I/O in the window.
    pub io: Table,
    /// Health as the disks tell it.
    pub health: Table,
    /// File systems.
    pub file_systems: Table,
    /// What should be mounted and is not.
    pub not_mounted: Table,
    /// Deleted files that are still open.
    pub deleted: Table,
    /// Software RAID and pools.
    pub arrays: Table,
    /// Who reads and writes.
    pub processes: Table,
    /// Control groups that do.
    pub groups: Table,
    /// Nothing is known of them.
    pub empty: bool,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

impl Disks {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let tree = &cx.facts.tree;
        Self {
            empty: notes.is_empty()
                && tree.disks.items.is_empty()
                && tree.filesystems.items.is_empty(),
            devices: devices(cx),
            io: io(cx),
            health: health(cx),
            file_systems: file_systems(cx),
            not_mounted: not_mounted(cx),
            deleted: deleted(cx),
            arrays: arrays(cx),
            processes: processes(cx),
            groups: groups(cx),
            notes,
        }
    }
}

/// Indices of the devices in the order of the tree, each with its depth: what stands on something
/// follows it. A device on several others is shown below the first.
fn tree(disks: &[Disk]) -> Vec<(usize, usize)> {
    let index = |name: &str| disks.iter().position(|d| d.name == name);
    let is_root = |d: &Disk| !d.made_of.iter().any(|n| index(n).is_some());
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    let roots = disks.iter().enumerate().filter(|(_, d)| is_root(d)).map(|(i, _)| i);
    // What is part of a circle has no root: it comes last, rather than not at all.
    for start in roots.chain(0..disks.len()) {
        let mut stack = vec![(start, 0)];
        while let Some((i, depth)) = stack.pop() {
            if !seen.insert(i) {
                continue;
            }
            order.push((i, depth));
            let Some(disk) = disks.get(i).filter(|_| depth < MAX_DEPTH) else { continue };
            stack
                .extend(disk.used_by.iter().rev().filter_map(|n| index(n)).map(|n| (n, depth + 1)));
        }
    }
    order
}

fn devices(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Block devices, each below what it stands on",
        &[
            "Device",
            "Kind",
            "Driver",
            "Model",
            "#Size",
            "Spins",
            "Scheduler",
            "Serial",
            "World wide name",
            "Firmware",
            "Mounted at",
        ],
    );
    let disks = &cx.facts.tree.disks.items;
    for (i, depth) in tree(disks) {
        let (Some(disk), at) = (disks.get(i), format!("disks.{i}")) else { continue };
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let name = disk.dm_name.as_ref().map_or_else(
            || disk.name.clone(),
            |mapped| format!("{} ({})", disk.name, clip(mapped, PATH_CHARS)),
        );
        let raid = disk.raid_volume.as_ref().map(|r| raid(&disk.name, r)).unwrap_or_default();
        table.push(Row::of(
            &at,
            vec![
                below(Cell::code(name), depth).with_note(raid),
                of("kind"),
                of("driver"),
                of("model"),
                of("size_bytes"),
                of("rotational"),
                of("scheduler"),
                of("serial"),
                cx.code(&format!("{at}.wwn")),
                of("firmware"),
                Cell::code(clip(&disk.mount_points.join(" "), PATH_CHARS)),
            ],
        ));
    }
    table.limit(MAX_ROWS, "");
    table.keep_known_columns();
    table
}

/// What stands behind a RAID volume, and how to ask it.
fn raid(name: &str, volume: &RaidVolume) -> String {
    let seen = match volume.disks_seen {
        0 => "a RAID volume: its disks are not seen".to_owned(),
        n => format!("a RAID volume: the health of {n} of its disks is known"),
    };
    match (&volume.smartctl, &volume.tool) {
        (Some(way), _) => format!("{seen}; each answers to: smartctl -a -d {way} /dev/{name}"),
        (None, Some(tool)) => format!("{seen}; its tool is {tool}"),
        (None, None) => seen,
    }
}

fn io(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "I/O in the window",
        &[
            "Device",
            "#Reads/s",
            "#Writes/s",
            "#Read/s",
            "#Written/s",
            "#Time of a read",
            "#Time of a write",
            "#Under way",
            "#Busy",
        ],
    )
    .sortable();
    for (i, disk) in cx.facts.tree.disks.items.iter().enumerate() {
        if disk.io.is_none() {
            continue;
        }
        let at = format!("disks.{i}.io");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(
            &at,
            vec![
                Cell::code(&disk.name),
                of("reads_per_s"),
                of("writes_per_s"),
                of("read_bytes_per_s"),
                of("write_bytes_per_s"),
                of("read_await_ms"),
                of("write_await_ms"),
                of("queue_mean"),
                of("busy_ratio"),
            ],
        ));
    }
    table.limit(MAX_ROWS, "");
    table
}

fn health(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Health, as the disks tell it",
        &[
            "Disk",
            "Model",
            "Own verdict",
            "#°C",
            "#Hours on",
            "#Reallocated",
            "#Pending",
            "#Uncorrectable",
            "#Media errors",
            "#Life used",
            "#Spare",
            "Not known because",
        ],
    );
    for (i, disk) in cx.facts.tree.disks.items.iter().enumerate() {
        for (j, health) in disk.smart.iter().enumerate() {
            let at = format!("disks.{i}.smart.{j}");
            let of = |f: &str| cx.cell(&format!("{at}.{f}"));
            let verdict = match health.passed {
                Some(true) => Cell::text("passed"),
                Some(false) => Cell::text("FAILED"),
                None => of("passed"),
            };
            table.push(Row::of(
                &at,
                vec![
                    Cell::code(&health.disk),
                    of("model"),
                    verdict,
                    of("temperature_c"),
                    of("power_on_h"),
                    of("reallocated"),
                    of("pending"),
                    of("uncorrectable"),
                    of("media_errors"),
                    of("life_used_ratio"),
                    of("spare_ratio"),
                    Cell::text(health.unknown.as_deref().unwrap_or_default()),
                ],
            ));
        }
    }
    table.limit(MAX_ROWS, "");
    table.keep_known_columns();
    table
}

fn file_systems(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "File systems",
        &[
            "Mounted at",
            "Device",
            "Type",
            "#Size",
            "#Used",
            "#Free",
            "#Free share",
            "#Free inodes",
            "#Growth",
            "#Deleted, open",
        ],
    )
    .sortable();
    let list = &cx.facts.tree.filesystems.items;
    for (i, fs) in list.iter().enumerate().filter(|(_, fs)| fs.kind != IMAGE) {
        let at = format!("filesystems.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        // Those of memory say nothing that its size does not.
        let options = fs.options.as_deref().filter(|_| fs.kind != "memory").unwrap_or_default();
        let options = clip(options, OPTION_CHARS);
        table.push(Row::of(
            &at,
            vec![
                Cell::code(clip(&fs.mount_point, PATH_CHARS)).with_note(options),
                cx.code(&format!("{at}.source")),
                of("fs_type"),
                of("size_bytes"),
                of("used_bytes"),
                of("available_bytes"),
                cx.share(&format!("{at}.available_ratio")),
                of("inodes_free_ratio"),
                of("fill_bytes_per_s"),
                of("deleted_open_bytes"),
            ],
        ));
    }
    table.limit(MAX_ROWS, "");
    table.keep_known_columns();
    let images: Vec<&str> =
        list.iter().filter(|fs| fs.kind == IMAGE).map(|fs| fs.mount_point.as_str()).collect();
    if !images.is_empty() {
        let named: Vec<&str> = images.iter().copied().take(MAX_IMAGES).collect();
        let more = if images.len() > named.len() { ", …" } else { "" };
        let line = format!(
            "{} (always full): {}{more}",
            counted(images.len(), "image"),
            clip(&named.join(", "), 600)
        );
        table.note = Some(table.note.map_or(line.clone(), |note| format!("{line}; {note}")));
    }
    table
}

fn deleted(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Deleted files that are still open or mapped",
        &["File", "#Size", "Process", "#PID", "#Descriptor", "Appends", "Mapped"],
    );
    for (i, fs) in cx.facts.tree.filesystems.items.iter().enumerate() {
        if fs.kind == "memory" {
            continue;
        }
        for (j, file) in fs.deleted_open.iter().enumerate() {
            let at = format!("filesystems.{i}.deleted_open.{j}");
            let of = |f: &str| cx.cell(&format!("{at}.{f}"));
            table.push(Row::of(
                &at,
                vec![
                    Cell::code(clip(&file.path, PATH_CHARS)),
                    of("size_bytes"),
                    Cell::code(&file.comm),
                    of("pid"),
                    of("fd"),
                    of("is_append"),
                    of("is_mapped"),
                ],
            ));
        }
        for (j, file) in fs.deleted_mapped.iter().enumerate() {
            let at = format!("filesystems.{i}.deleted_mapped.{j}");
            let of = |f: &str| cx.cell(&format!("{at}.{f}"));
            let mut cells = vec![
                Cell::code(clip(&file.path, PATH_CHARS)),
                of("mapped_bytes"),
                Cell::code(&file.comm),
                of("pid"),
            ];
            cells.extend([Cell::default(), Cell::default(), Cell::text("yes")]);
            table.push(Row::of(&at, cells));
        }
    }
    table.limit(20, ", the largest of each file system");
    table.keep_known_columns();
    table
}

fn arrays(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Arrays and pools",
        &[
            "Name",
            "Kind",
            "Level",
            "State",
            "#Working",
            "#Wanted",
            "Picture",
            "Doing",
            "#Done",
            "#Left",
            "#Device errors",
            "#Data errors",
            "Bad devices",
            "Last scan",
        ],
    );
    for (i, array) in cx.facts.tree.arrays.items.iter().enumerate() {
        let at = format!("arrays.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let state = match (array.pool_state.as_deref(), array.degraded) {
            (Some(state), _) => Cell::code(state),
            (None, Some(true)) => Cell::text("degraded"),
            (None, Some(false)) => Cell::text("whole"),
            (None, None) => of("degraded"),
        };
        table.push(Row::of(
            &at,
            vec![
                Cell::code(&array.name),
                of("kind"),
                of("level"),
                state,
                of("working"),
                of("wanted"),
                cx.code(&format!("{at}.picture")),
                of("action"),
                of("action_ratio"),
                of("action_left_s"),
                of("device_errors"),
                of("data_errors"),
                bad_devices(array),
                of("last_scan"),
            ],
        ));
    }
    table.keep_known_columns();
    table
}

fn not_mounted(cx: &Cx<'_>) -> Table {
    let mut table = cx.rows(
        "not_mounted",
        "In /etc/fstab, and not mounted",
        &[
            ("`Place", "mount_point"),
            ("`Device", "source"),
            ("Type", "fs_type"),
            ("`Options", "options"),
            ("May lack", "may_lack"),
        ],
        MAX_ROWS,
    );
    table.absent = None;
    table
}

/// `sdb FAULTED 2/292/0 too many errors`: reads, writes and checksums that failed.
fn bad_devices(array: &Array) -> Cell {
    let all: Vec<String> = array
        .bad_devices
        .iter()
        .map(|d| {
            let counts = format!("{}/{}/{}", d.read_errors, d.write_errors, d.checksum_errors);
            let words = [d.name.as_str(), d.state.as_str(), counts.as_str(), d.note.as_str()];
            words.join(" ").trim_end().to_owned()
        })
        .collect();
    Cell::text(clip(&all.join(", "), PATH_CHARS))
}

fn processes(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Processes by bytes read from and written to storage",
        &["Command", "#PID", "#Read/s", "#Written/s"],
    );
    for (i, process) in cx.facts.tree.io.top.iter().enumerate() {
        let at = format!("io.top.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let cells = vec![
            Cell::code(&process.comm),
            of("pid"),
            of("read_bytes_per_s"),
            of("write_bytes_per_s"),
        ];
        table.push(Row::of(&at, cells));
    }
    table
}

fn groups(cx: &Cx<'_>) -> Table {
    let mut table = cx.rows(
        "io.groups",
        "Control groups by bytes read from and written to a device, without the groups below them",
        &[
            ("`Group", "group"),
            ("`Device", "device"),
            ("#Read/s", "read_bytes_per_s"),
            ("#Written/s", "write_bytes_per_s"),
            ("#Requests/s", "requests_per_s"),
        ],
        20,
    );
    if !table.rows.is_empty() {
        let cut = table.note.take().map(|note| format!("{note}. ")).unwrap_or_default();
        table.note = Some(format!(
            "{cut}What a group did that was removed in the window counts for the one above it; on \
             version 1 buffered writes appear at /."
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(name: &str, made_of: &[&str], used_by: &[&str]) -> Disk {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect();
        Disk {
            name: name.to_owned(),
            made_of: names(made_of),
            used_by: names(used_by),
            ..Disk::default()
        }
    }

    #[test]
    fn what_stands_on_something_follows_it_once() {
        let disks = [
            disk("dm-0", &["md0"], &[]),
            disk("md0", &["sda", "sdb"], &["dm-0"]),
            disk("sda", &[], &["md0"]),
            disk("sdb", &[], &["md0"]),
        ];
        assert_eq!(tree(&disks), [(2, 0), (1, 1), (0, 2), (3, 0)]);
    }

    #[test]
    fn a_circle_is_shown_and_ends() {
        let disks = [disk("dm-0", &["dm-1"], &["dm-1"]), disk("dm-1", &["dm-0"], &["dm-0"])];
        assert_eq!(tree(&disks), [(0, 0), (1, 1)]);
    }
}
