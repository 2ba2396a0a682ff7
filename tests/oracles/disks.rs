//! Disks and file systems: lsblk(8), df(1), vmstat(8), findmnt(8).

use std::collections::{BTreeMap, BTreeSet};

use linsight::parse::lsblk::BlockDevice;
use linsight::parse::statfs::Statfs;
use linsight::parse::{Rows, df, diskstats, lsblk, mountinfo, statfs};

use crate::{collect, kernel, near, oracle, rises};

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

#[test]
fn file_systems_are_as_df_shows_them() {
    // What a test beside this one writes between the two readings.
    const SLACK_BYTES: u64 = 512 << 20;
    const SLACK_INODES: u64 = 20_000;
    let Some(blocks) = oracle("df -k -a") else { return };
    let Some(inodes) = oracle("df -i -a") else { return };
    let ours = collect("block").read("probes/statfs.jsonl").unwrap();
    let ours = statfs::parse(str::from_utf8(&ours).unwrap()).unwrap();
    // A later mount hides an earlier one at the same place from both.
    let ours: BTreeMap<String, Statfs> =
        ours.rows.into_iter().map(|fs| (fs.mount_point.clone(), fs)).collect();
    let mut compared = BTreeSet::new();
    for tool in df::parse(&blocks).unwrap().rows {
        let Some(fs) = ours.get(&tool.mount_point).filter(|fs| fs.error.is_none()) else {
            continue;
        };
        // File systems without a size are `-` there and zero here.
        let (Some(size), Some(available)) = (tool.size_bytes, tool.available_bytes) else {
            continue;
        };
        let name = &tool.mount_point;
        assert_eq!(fs.size_bytes.unwrap() >> 10, size >> 10, "{name}");
        let ours = fs.available_bytes.unwrap();
        near(name, ours, available, ours, SLACK_BYTES);
        let used = fs.size_bytes.unwrap() - fs.free_bytes.unwrap();
        near(name, used, tool.used_bytes.unwrap(), used, SLACK_BYTES);
        compared.insert(name.clone());
    }
    assert!(compared.contains("/"), "{compared:?} {blocks}");
    for tool in df::parse(&inodes).unwrap().rows {
        let Some(fs) = ours.get(&tool.mount_point) else { continue };
        let (Some(all), Some(free)) = (fs.inodes, fs.inodes_free) else { continue };
        assert_eq!(tool.inodes, Some(all), "{}", tool.mount_point);
        near(&tool.mount_point, free, tool.inodes_free.unwrap(), free, SLACK_INODES);
        compared.remove(&tool.mount_point);
    }
    assert!(!compared.contains("/"), "{inodes}");
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
