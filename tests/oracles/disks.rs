//! Disks and file systems: lsblk(8), df(1), vmstat(8), findmnt(8).

use std::collections::{BTreeMap, BTreeSet};

use linsight::parse::lsblk::BlockDevice;
use linsight::parse::statfs::Statfs;
use linsight::parse::{Rows, df, diskstats, lsblk, mountinfo, statfs};

use crate::{collect, kernel, oracle, rises};

fn devices(rows: Rows<BlockDevice>) -> BTreeMap<String, BlockDevice> {
    assert_eq!(rows.problems, []);
    rows.rows.into_iter().map(|device| (device.name.clone(), device)).collect()
}

#[test]
fn disks_are_as_lsblk_shows_them() {
    const COLUMNS: &str = "-b -o NAME,TYPE,SIZE,RO,RM,ROTA,SCHED,MODEL,PKNAME,MOUNTPOINT";
    let Some(json) = oracle(&format!("lsblk -J {COLUMNS}")) else { return };
    let Some(pairs) = oracle(&format!("lsblk -P {COLUMNS}")) else { return };
    let Some(tree) = oracle("lsblk -b") else { return };
    let (json, pairs) =
        (devices(lsblk::parse(&json).unwrap()), devices(lsblk::pairs(&pairs).unwrap()));
    let tree = devices(lsblk::tree(&tree).unwrap());
    assert!(!json.is_empty());
    for (name, disk) in &json {
        // The kernel counts in sectors of 512 bytes, whatever the disk's own.
        let file =
            |what: &str| kernel(&format!("/sys/class/block/{name}/{what}")).trim().to_owned();
        let sectors: u64 = file("size").parse().unwrap();
        assert_eq!(disk.size_bytes, Some(sectors * 512), "{name}");
        assert_eq!(disk.read_only, Some(file("ro") == "1"), "{name}");
        if disk.kind.as_deref() == Some("disk") {
            assert_eq!(disk.removable, Some(file("removable") == "1"), "{name}");
            assert_eq!(disk.rotational, Some(file("queue/rotational") == "1"), "{name}");
            // `none [mq-deadline]`
            let scheduler = file("queue/scheduler");
            let active = scheduler.split(['[', ']']).nth(1).map(str::to_owned);
            assert_eq!(disk.scheduler, active, "{name}");
        }
        let same = |d: &BlockDevice| (d.kind.clone(), d.size_bytes, d.read_only, d.removable);
        assert_eq!(same(disk), same(&pairs[name]), "{name}");
        assert_eq!(same(disk), same(&tree[name]), "{name}");
        assert_eq!(disk.scheduler, pairs[name].scheduler, "{name}");
        assert_eq!(disk.mount_points, pairs[name].mount_points, "{name}");
    }
    assert_eq!(json.keys().collect::<Vec<_>>(), pairs.keys().collect::<Vec<_>>());
}

/// Size, used and available KiB, inodes and free inodes of every mount point, by `df`.
fn df_shows() -> Option<BTreeMap<String, [Option<u64>; 5]>> {
    let (blocks, inodes) = (oracle("df -k -a")?, oracle("df -i -a")?);
    let kib = |bytes: Option<u64>| bytes.map(|b| b >> 10);
    let mut all: BTreeMap<String, [Option<u64>; 5]> = BTreeMap::new();
    for fs in df::parse(&blocks).unwrap().rows {
        let [size, used] = [kib(fs.size_bytes), kib(fs.used_bytes)];
        all.insert(fs.mount_point, [size, used, kib(fs.available_bytes), None, None]);
    }
    for fs in df::parse(&inodes).unwrap().rows {
        let row = all.entry(fs.mount_point).or_default();
        (row[3], row[4]) = (fs.inodes, fs.inodes_free);
    }
    Some(all)
}

/// The same by the collector.
fn we_show() -> BTreeMap<String, [Option<u64>; 5]> {
    let text = collect("block").read("probes/statfs.jsonl").unwrap();
    let rows = statfs::parse(str::from_utf8(&text).unwrap()).unwrap().rows;
    // A later mount hides an earlier one at the same place from both.
    let seen = rows.into_iter().filter(|fs| fs.error.is_none());
    let row = |fs: Statfs| {
        let kib = |bytes: Option<u64>| bytes.map(|b| b >> 10);
        let used = fs.size_bytes.zip(fs.free_bytes).map(|(size, free)| size - free);
        let sizes = [kib(fs.size_bytes), kib(used), kib(fs.available_bytes)];
        (fs.mount_point, [sizes[0], sizes[1], sizes[2], fs.inodes, fs.inodes_free])
    };
    seen.map(row).collect()
}

#[test]
fn file_systems_are_as_df_shows_them() {
    // The archive that the collector writes, and its directory.
    const COST: [u64; 5] = [0, 8 << 10, 8 << 10, 0, 16];
    for _ in 0..20 {
        let Some(before) = df_shows() else { return };
        let ours = we_show();
        let Some(after) = df_shows() else { return };
        let mut moved = Vec::new();
        let mut compared = BTreeSet::new();
        for (name, ours) in &ours {
            let (Some(before), Some(after)) = (before.get(name), after.get(name)) else { continue };
            for i in 0..COST.len() {
                // File systems without a size are `-` there and zero here.
                let (Some(b), Some(a), Some(n)) = (before[i], after[i], ours[i]) else { continue };
                let range = b.min(a).saturating_sub(COST[i])..=b.max(a) + COST[i];
                if range.contains(&n) {
                    compared.insert((name.clone(), i));
                } else {
                    moved.push(format!("{name} figure {i}: {n} is not in {range:?}"));
                }
            }
        }
        assert!(moved.iter().all(|m| !m.contains("figure 0")), "{moved:?}");
        // What rose and fell in between proves nothing: it is looked at again.
        if moved.is_empty() {
            assert!((0..5).all(|i| compared.contains(&("/".to_owned(), i))), "{compared:?}");
            return;
        }
        eprintln!("again: {moved:?}");
    }
    panic!("file systems moved in each of twenty looks");
}

#[test]
fn disk_counters_are_as_vmstat_shows_them() {
    let read = || -> BTreeMap<String, diskstats::Disk> {
        let rows = diskstats::parse(&kernel("/proc/diskstats")).unwrap();
        rows.rows.into_iter().map(|disk| (disk.name.clone(), disk)).collect()
    };
    let before = read();
    let Some(text) = oracle("vmstat -d") else { return };
    let after = read();
    let mut compared = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((name, figures)) = words.split_first() else { continue };
        let (Some(b), Some(a)) = (before.get(*name), after.get(*name)) else { continue };
        let figures: Vec<u64> = figures.iter().map(|word| word.parse().unwrap()).collect();
        rises("reads", b.reads, figures[0], a.reads);
        rises("reads merged", b.reads_merged, figures[1], a.reads_merged);
        rises("read", b.read_bytes, figures[2] * 512, a.read_bytes);
        rises("read ms", b.read_ms, figures[3], a.read_ms);
        rises("writes", b.writes, figures[4], a.writes);
        rises("writes merged", b.writes_merged, figures[5], a.writes_merged);
        rises("written", b.write_bytes, figures[6] * 512, a.write_bytes);
        rises("write ms", b.write_ms, figures[7], a.write_ms);
        rises("busy", b.busy_ms / 1000, figures[9], a.busy_ms / 1000);
        compared += 1;
    }
    assert!(compared > 0, "{text}");
}

#[test]
fn mounts_are_as_findmnt_shows_them() {
    let Some(text) = oracle("findmnt -P -o TARGET,FSTYPE,OPTIONS,MAJ:MIN") else { return };
    let value = |line: &str, key: &str| {
        let (_, rest) = line.split_once(&format!("{key}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let tool: Vec<(String, String, String)> = text
        .lines()
        .map(|line| {
            let of = |key| value(line, key).unwrap_or_else(|| panic!("{key} in {line}"));
            // Newer versions write the name without the colon in pairs.
            let device = value(line, "MAJ:MIN").or_else(|| value(line, "MAJ_MIN"));
            (of("TARGET"), of("FSTYPE"), device.unwrap_or_default())
        })
        .collect();
    let ours = mountinfo::parse(&kernel("/proc/self/mountinfo")).unwrap();
    assert_eq!(ours.problems, []);
    let ours: Vec<(String, String, String)> = ours
        .rows
        .iter()
        .map(|m| {
            let (major, minor) = m.device;
            (m.mount_point.clone(), m.fs_type.clone(), format!("{major}:{minor}"))
        })
        .collect();
    let sorted = |mut all: Vec<(String, String, String)>| {
        all.sort();
        all
    };
    assert_eq!(sorted(ours), sorted(tool));
}
