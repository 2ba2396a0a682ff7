use linsight_archive::{Outcome, pack};

use crate::facts::{Facts, SiteInputs};
use crate::input::Snapshot;

const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
28 27 254:1 / /data rw,relatime - ext4 /dev/vdb ro,errors=remount-ro
29 27 7:0 / /snap/core/1 ro,nodev - squashfs /dev/loop0 ro
30 27 254:0 /etc/x /run/bind ro - ext4 /dev/vda rw
31 27 0:40 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw
32 27 0:41 / /run rw - tmpfs tmpfs rw
33 27 0:42 / /mnt/nas rw - nfs4 nas:/x rw
";

fn facts(files: Vec<(&str, Vec<u8>)>) -> Facts {
    crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default())
}

#[test]
fn ext4_tells_in_its_own_options_that_it_stopped_writing() {
    // Linux 6.18 after an error with errors=remount-ro.
    let text =
        "26 1 7:44 / /data rw,relatime - ext4 /dev/loop44 rw,errors=remount-ro,emergency_ro\n";
    let f = facts(vec![("proc/1/mountinfo", text.into())]);
    let fs = &f.tree.filesystems.items[0];
    assert_eq!((fs.mount_point.as_str(), fs.turned_read_only), ("/data", Some(true)));
}

#[test]
fn each_once_with_its_size_and_its_faults() {
    let statfs = |avail: u32| {
        format!(
            "{{\"mount_point\":\"/\",\"bsize\":4096,\"blocks\":1000,\"bfree\":{},\"bavail\":{avail},\
             \"files\":0,\"ffree\":0}}\n{{\"mount_point\":\"/mnt/nas\",\"error\":\"nfs4\"}}\n",
            avail + 50
        )
        .into_bytes()
    };
    let mut fd = Vec::new();
    for (key, target) in
        [("7/3", "/var/log/x.log (deleted)"), ("8/3", "/var/log/y (deleted)"), ("7/4", "/etc/z")]
    {
        pack::append(&mut fd, key, Outcome::Collected, 1, target.as_bytes());
    }
    let mut ns = Vec::new();
    for (key, target) in [("1/mnt", "mnt:[1]"), ("7/mnt", "mnt:[1]"), ("8/mnt", "mnt:[2]")] {
        pack::append(&mut ns, key, Outcome::Collected, 1, target.as_bytes());
    }
    let f = facts(vec![
        ("proc/1/mountinfo", MOUNTS.into()),
        ("etc/fstab", b"/dev/vda / ext4 defaults 0 1\n/dev/vdb /data ext4 rw 0 2\n".to_vec()),
        ("probes/statfs.jsonl", statfs(300)),
        ("samples/10/probes/statfs.jsonl", statfs(200)),
        ("packs/proc-pid/fd", fd),
        ("packs/proc-pid/ns", ns),
    ]);
    let all = &f.tree.filesystems.items;
    let points: Vec<&str> = all.iter().map(|x| x.mount_point.as_str()).collect();
    assert_eq!(points, ["/", "/data", "/mnt/nas", "/run", "/snap/core/1"]);
    let kinds: Vec<&str> = all.iter().map(|x| x.kind.as_str()).collect();
    assert_eq!(kinds, ["disk", "disk", "network", "memory", "image"]);
    let root = &all[0];
    assert_eq!((root.size_bytes, root.available_bytes), (Some(4_096_000), Some(819_200)));
    assert_eq!((root.available_ratio, root.reserved_bytes), (Some(0.2), Some(204_800)));
    assert_eq!((root.fill_bytes_per_s, root.full_in_s), (Some(40960.0), Some(20.0)));
    assert_eq!(
        (root.inodes_free_ratio, root.also_mounted.clone()),
        (None, vec!["/run/bind".into()])
    );
    assert_eq!((root.read_only, root.read_only_against_fstab), (Some(false), Some(false)));
    assert_eq!(root.deleted_open_count, Some(1), "one is inside a container");
    assert_eq!(root.deleted_open[0].path, "/var/log/x.log");
    assert_eq!((all[1].turned_read_only, all[1].read_only_against_fstab), (Some(true), Some(true)));
    assert_eq!(
        (all[4].turned_read_only, all[4].read_only_against_fstab),
        (Some(false), Some(false))
    );
    let seen = &f.tree.collection.lists["filesystems"];
    assert_eq!((seen.seen, seen.expected), (1, 5));
    assert!(seen.gaps.contains(&"/mnt/nas (nfs4)".to_owned()), "{:?}", seen.gaps);
}

#[test]
fn ext4_counts_its_errors_beyond_the_log() {
    let mut sys = Vec::new();
    for (key, value) in [
        ("fs/ext4/vdb/errors_count", "3"),
        ("fs/ext4/vdb/last_error_time", "1700000000"),
        ("fs/ext4/vdb/last_error_func", "ext4_lookup"),
    ] {
        pack::append(&mut sys, key, Outcome::Collected, 1, value.as_bytes());
    }
    let f = facts(vec![
        ("proc/1/mountinfo", MOUNTS.into()),
        ("proc/diskstats", b" 254 1 vdb 0 0 0 0 0 0 0 0 0 0 0\n".to_vec()),
        ("packs/sys/fs", sys),
        ("commands/date", b"Tue Nov 14 22:15:00 UTC 2023\n".to_vec()),
    ]);
    let data = &f.tree.filesystems.items[1];
    assert_eq!((data.errors_counted, data.last_error_age_s), (Some(3), Some(100.0)));
    assert_eq!(data.last_error_in.as_deref(), Some("ext4_lookup"));
    assert_eq!(f.tree.filesystems.items[3].errors_counted, None);
}

#[test]
fn each_btrfs_has_the_errors_of_its_own_devices() {
    // Linux 6.18: raid1 on two devices of unequal size with a subvolume mounted, and a single one.
    let mounts = "\
46 27 0:39 / /m1 rw,relatime - btrfs /dev/loop0 rw,space_cache=v2,subvolid=5,subvol=/
47 27 0:39 /sub /m3 rw,relatime - btrfs /dev/loop0 rw,space_cache=v2,subvolid=256,subvol=/sub
48 27 0:42 / /m2 rw,relatime - btrfs /dev/mapper/vg0-data rw,space_cache=v2,subvolid=5,subvol=/
";
    let statfs = "\
{\"mount_point\":\"/m1\",\"bsize\":4096,\"blocks\":268800,\"bfree\":241724,\"bavail\":98816,\"files\":0,\"ffree\":0}
{\"mount_point\":\"/m2\",\"bsize\":4096,\"blocks\":102400,\"bfree\":88088,\"bavail\":68864,\"files\":0,\"ffree\":0}
";
    let (mut sys, mut block) = (Vec::new(), Vec::new());
    let (one, two) = ("118252c5-ed9d", "297af772-d1bb");
    let errors = |n: u32| format!("write_errs 0\nread_errs {n}\nflush_errs 0\ncorruption_errs 1\n");
    for (key, value) in [
        (format!("fs/btrfs/{one}/devices/loop0"), "../loop0".to_owned()),
        (format!("fs/btrfs/{one}/devices/loop1"), "../loop1".to_owned()),
        (format!("fs/btrfs/{two}/devices/dm-3"), "../dm-3".to_owned()),
        (format!("fs/btrfs/{one}/devinfo/1/error_stats"), errors(0)),
        (format!("fs/btrfs/{one}/devinfo/2/error_stats"), errors(4)),
        (format!("fs/btrfs/{two}/devinfo/1/error_stats"), errors(9)),
    ] {
        pack::append(&mut sys, &key, Outcome::Collected, 1, value.as_bytes());
    }
    pack::append(&mut block, "block/dm-3/dm/name", Outcome::Collected, 1, b"vg0-data\n");
    let f = facts(vec![
        ("proc/1/mountinfo", mounts.into()),
        ("probes/statfs.jsonl", statfs.into()),
        ("packs/sys/fs", sys),
        ("packs/sys/block", block),
    ]);
    let all = &f.tree.filesystems.items;
    let seen: Vec<_> = all.iter().map(|x| (x.mount_point.as_str(), x.errors_counted)).collect();
    assert_eq!(seen, [("/m1", Some(6)), ("/m2", Some(10))]);
    assert_eq!(all[0].also_mounted, ["/m3"]);
    // Half of it is neither used nor available, and nothing of that is kept for root.
    assert_eq!((all[0].size_bytes, all[0].reserved_bytes), (Some(1_101_004_800), None));
}

#[test]
fn tables_of_tools_stand_in() {
    let f = facts(vec![
        ("proc/mounts", b"/dev/vda1 / ext4 rw,relatime 0 0\n/dev/vda1 /b ext4 rw 0 0\n".to_vec()),
        (
            "commands/df",
            b"Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/vda1 1000 700 250 74% /\n"
                .to_vec(),
        ),
        (
            "commands/df_inodes",
            b"Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/vda1 100 98 2 98% /\n".to_vec(),
        ),
    ]);
    let root = &f.tree.filesystems.items[0];
    assert_eq!((root.available_ratio, root.inodes_free_ratio), (Some(0.25), Some(0.02)));
    assert_eq!((root.reserved_bytes, root.turned_read_only), (Some(51_200), None));
    assert_eq!((f.tree.filesystems.items.len(), root.also_mounted.len()), (1, 1));
}
