use linsight_archive::{Outcome, pack};

use crate::facts::{Facts, SiteInputs};
use crate::input::Snapshot;

fn facts(files: Vec<(String, Vec<u8>)>) -> Facts {
    crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default())
}

fn pack_of(records: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, content) in records {
        pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
    }
    bytes
}

const SYS: &[(&str, &str)] = &[
    ("block/dm-0/dm/name", "vg0-data"),
    ("block/dm-0/dm/uuid", "LVM-abc"),
    ("block/dm-0/size", "1000"),
    ("block/dm-0/slaves/sda2", "../../sda/sda2"),
    ("block/loop0/size", "0"),
    ("block/sda/device", "../../../2:0:0:0"),
    ("block/sda/device/model", "PERC H730P Mini "),
    ("block/sda/device/vendor", "DELL"),
    ("block/sda/queue/rotational", "1"),
    ("block/sda/queue/scheduler", "none [mq-deadline]"),
    ("block/sda/sda1/partition", "1"),
    ("block/sda/sda2/partition", "2"),
    ("block/sda/size", "2048"),
    ("class/scsi_host/host2/proc_name", "megaraid_sas"),
];

#[test]
fn a_volume_with_what_stands_on_it_and_the_disks_behind_it() {
    let smart = |passed: bool| {
        format!(r#"{{"smartctl":{{"exit_status":0}},"model_name":"X","smart_status":{{"passed":{passed}}},"scsi_grown_defect_list":3}}"#).into_bytes()
    };
    let stats = |n: u64| {
        let row = |minor: u32, name: &str| {
            format!(
                " 8 {minor} {name} {} 0 {} {} 0 0 0 0 0 {} {}\n",
                100 + n * 10,
                n * 80,
                50 + n * 200,
                n * 500,
                n * 200
            )
        };
        format!("{}{} 253 0 dm-0 0 0 0 0 0 0 0 0 0 0 0\n", row(0, "sda"), row(2, "sda2"))
            .into_bytes()
    };
    let f = facts(vec![
        ("packs/sys/block".into(), pack_of(SYS)),
        ("samples/1/proc/diskstats".into(), stats(0)),
        ("samples/2/proc/diskstats".into(), stats(1)),
        ("samples/3/proc/diskstats".into(), stats(3)),
        ("samples/1/proc/stat".into(), b"cpu 1 0 0 1\ncpu0 1 0 0 1\nprocs_running 1\n".to_vec()),
        ("samples/2/proc/stat".into(), b"cpu 2 0 0 2\ncpu0 2 0 0 2\nprocs_running 1\n".to_vec()),
        ("samples/3/proc/stat".into(), b"cpu 3 0 0 3\ncpu0 3 0 0 3\nprocs_running 1\n".to_vec()),
        (
            "proc/1/mountinfo".into(),
            b"27 1 253:0 / /data rw - ext4 /dev/mapper/vg0-data rw\n".to_vec(),
        ),
        ("commands/smartctl_-n_standby_-x_-j_-d_megaraid_3_.dev.sda".into(), smart(false)),
    ]);
    let names: Vec<&str> = f.tree.disks.items.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["dm-0", "sda"], "an empty loop device is none");
    let [dm, sda] = f.tree.disks.items.as_slice() else { panic!() };
    assert_eq!(
        (dm.is_leaf, dm.dm_kind.as_deref(), dm.made_of.as_slice()),
        (false, Some("LVM"), &["sda2".to_owned()][..])
    );
    assert_eq!((sda.is_leaf, sda.driver.as_deref()), (true, Some("megaraid_sas")));
    assert_eq!(
        (sda.used_by.as_slice(), sda.mount_points.as_slice()),
        (&["dm-0".to_owned()][..], &["/data".to_owned()][..])
    );
    assert_eq!((sda.scheduler.as_deref(), sda.size_bytes), (Some("mq-deadline"), Some(1 << 20)));
    let volume = sda.raid_volume.as_ref().unwrap();
    assert_eq!((volume.smartctl.as_deref(), volume.disks_seen), (Some("megaraid,N"), 1));
    let health = &sda.smart[0];
    assert_eq!(
        (health.disk.as_str(), health.passed, health.grown_defects),
        ("megaraid,3 /dev/sda", Some(false), Some(3))
    );
    let io = sda.io.as_ref().unwrap();
    assert_eq!((io.reads_per_s, io.await_ms, io.write_await_ms), (15.0, Some(20.0), None));
    assert_eq!((io.busy_ratio, io.queue_mean, io.intervals), (0.75, 0.3, 2));
    assert!(dm.io.as_ref().unwrap().requests_per_s.abs() < 1e-9);
}

#[test]
fn a_counter_that_falls_is_dropped() {
    let row = |reads: u32| format!(" 8 0 sda {reads} 0 0 0 0 0 0 0 0 0 0\n").into_bytes();
    let f = facts(vec![
        ("proc/diskstats".into(), row(100)),
        ("samples/1/proc/diskstats".into(), row(5)),
    ]);
    assert!(f.tree.disks.items[0].io.is_none());
    let f = facts(vec![("proc/diskstats".into(), row(100))]);
    assert!(f.absences.get("disks.0.io").unwrap().detail.contains("1 sample"));
}

#[test]
fn item_28_disks_are_found_in_the_names_that_sosreports_give() {
    let text = |verdict: &str| {
        format!(
            "smartctl 7.2 2020-12-30 r5155 [x86_64-linux-5.15.0] (local build)\n\n\
             === START OF READ SMART DATA SECTION ===\n\
             SMART overall-health self-assessment test result: {verdict}\n"
        )
        .into_bytes()
    };
    let sys = [("block/nvme0n1/size", "2048"), ("block/sda/size", "2048")];
    let f = facts(vec![
        ("packs/sys/block".into(), pack_of(&sys)),
        ("commands/smartctl_-a_.dev.sda".into(), text("FAILED!")),
        ("commands/smartctl_--all_.dev.nvme0n1".into(), text("PASSED")),
    ]);
    let told: Vec<_> =
        f.tree.disks.items.iter().map(|d| (d.name.as_str(), d.smart[0].passed)).collect();
    assert_eq!(told, [("nvme0n1", Some(true)), ("sda", Some(false))]);
}

#[test]
fn raw_pages_tell_who_a_disk_is_and_how_it_is() {
    let mut identity = vec![0; 4];
    identity.extend(format!("{:<20}{:<40}{:<8}", "S4EWNX0N", "SSD 970", "2B2QEXE7").bytes());
    identity.resize(4096, 0);
    let sys = [("block/nvme0n1/size", "2048"), ("block/nvme1n1/size", "2048")];
    let f = facts(vec![
        ("packs/sys/block".into(), pack_of(&sys)),
        ("probes/smart/nvme0/identify".into(), identity.clone()),
        ("probes/smart/nvme0/health".into(), crate::parse::smart_nvme::SAMPLE.to_vec()),
        ("probes/smart/nvme1/identify".into(), identity),
    ]);
    let [whole] = &f.tree.disks.items[0].smart[..] else { panic!("one answer") };
    assert_eq!(
        (whole.model.as_deref(), whole.serial.as_deref()),
        (Some("SSD 970"), Some("S4EWNX0N"))
    );
    assert_eq!((whole.firmware.as_deref(), whole.temperature_c), (Some("2B2QEXE7"), Some(38)));
    assert_eq!(whole.passed, Some(false));
    let [named] = &f.tree.disks.items[1].smart[..] else { panic!("one answer") };
    assert_eq!(named.model.as_deref(), Some("SSD 970"), "its health log was not to be had");
    assert_eq!((named.passed, named.unknown.as_deref()), (None, Some("it did not answer")));
}
