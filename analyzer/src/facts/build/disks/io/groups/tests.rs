//! Groups of both versions, with what a look lost.

use crate::facts::SiteInputs;
use crate::input::Snapshot;
use linsight_archive::{Outcome, pack};

fn files(looks: [&[(&str, &str)]; 2]) -> Vec<(String, Vec<u8>)> {
    let diskstats = b" 254 0 vda 100 0 800 50 0 0 0 0 0 50 50\n".to_vec();
    let mut files = vec![("proc/diskstats".to_owned(), diskstats)];
    for (pass, records) in [0, 10].into_iter().zip(looks) {
        let mut bytes = Vec::new();
        for (key, content) in records {
            pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
        }
        files.push((linsight_archive::names::sample(pass, "packs/sys/cgroup"), bytes));
    }
    files
}

fn rows(looks: [&[(&str, &str)]; 2]) -> Vec<(String, String, f64, f64, Option<f64>)> {
    let f = crate::facts::build(&Snapshot::of_files(files(looks)), &SiteInputs::default());
    let row = |g: &crate::facts::disks::GroupIo| {
        let (read, write) = (g.read_bytes_per_s, g.write_bytes_per_s);
        (g.group.clone(), g.device.clone(), read.round(), write.round(), g.requests_per_s)
    };
    f.tree.io.groups.iter().map(row).collect()
}

#[test]
fn what_the_groups_below_did_is_not_counted_twice() {
    let first = [
        ("fs/cgroup/io.stat", "254:0 rbytes=0 wbytes=0 rios=0 wios=0\n"),
        ("fs/cgroup/a/io.stat", "254:0 rbytes=0 wbytes=0 rios=0 wios=0\n"),
        ("fs/cgroup/a/b/io.stat", ""),
    ];
    let last = [
        ("fs/cgroup/io.stat", "254:0 rbytes=900000 wbytes=80000 rios=90 wios=8\n"),
        ("fs/cgroup/a/io.stat", "254:0 rbytes=900000 wbytes=80000 rios=90 wios=8\n"),
        (
            "fs/cgroup/a/b/io.stat",
            "254:0 rbytes=900000 wbytes=0 rios=90 wios=0\n9:9 rbytes=50000 wbytes=0\n",
        ),
    ];
    let expected = [
        ("/a/b".to_owned(), "vda".to_owned(), 90_000.0, 0.0, Some(9.0)),
        ("/a".to_owned(), "vda".to_owned(), 0.0, 8000.0, Some(0.8)),
        ("/a/b".to_owned(), "9:9".to_owned(), 5000.0, 0.0, None),
    ];
    assert_eq!(rows([&first, &last]), expected, "and the root did nothing itself");
}

#[test]
fn version_1_counts_each_group_alone() {
    let bytes = "fs/cgroup/blkio/a/blkio.throttle.io_service_bytes";
    let requests = "fs/cgroup/blkio/a/blkio.throttle.io_serviced";
    let above = "fs/cgroup/blkio/blkio.throttle.io_service_bytes";
    let first = [
        (bytes, "254:0 Read 0\n254:0 Write 5\nTotal 5\n"),
        (requests, "254:0 Read 0\n254:0 Write 0\nTotal 0\n"),
    ];
    let last = [
        (bytes, "254:0 Read 900000\n254:0 Write 5\n254:0 Total 900005\nTotal 900005\n"),
        (requests, "254:0 Read 90\n254:0 Write 1\nTotal 91\n"),
        (above, "254:0 Read 80000\n254:0 Write 0\nTotal 80000\n"),
    ];
    let expected = [
        ("/a".to_owned(), "vda".to_owned(), 90_000.0, 0.0, Some(9.1)),
        ("/".to_owned(), "vda".to_owned(), 8000.0, 0.0, None),
    ];
    assert_eq!(rows([&first, &last]), expected);
}

#[test]
fn version_1_that_stands_still_is_no_rest() {
    let bytes = "fs/cgroup/blkio/a/blkio.throttle.io_service_bytes";
    let look: [(&str, &str); 1] = [(bytes, "254:0 Read 5\n254:0 Write 5\nTotal 10\n")];
    let files = files([&look, &look]);
    let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
    assert!(f.absences.get("io.groups").unwrap().to_string().contains("version 1"));
}

#[test]
fn without_the_controller_nothing_is_known() {
    let look: [(&str, &str); 1] = [("fs/cgroup/a/memory.max", "max\n")];
    let files = files([&look, &look]);
    let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
    assert!(f.absences.get("io.groups").unwrap().to_string().contains("controller"));
}

const ROW: &str = "254:0 rbytes=900000 wbytes=80000 rios=90 wios=8\n";
const NONE: &str = "254:0 rbytes=0 wbytes=0 rios=0 wios=0\n";

/// Groups that are listed, where `gone` has no content in the first look; and what lacks.
fn listed(
    gone: Option<&str>,
    first: &[(&str, &str)],
    last: &[(&str, &str)],
) -> (Vec<String>, bool) {
    let mut files = files([first, last]);
    if let (Some(gone), Some((_, bytes))) = (gone, files.get_mut(1)) {
        pack::append(bytes, gone, Outcome::Failed, 5, b"");
    }
    let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
    let groups = f.tree.io.groups.iter().map(|g| g.group.clone()).collect();
    (groups, f.absences.exact("io.groups").is_some())
}

#[test]
fn a_counter_that_was_not_read_did_not_begin_at_zero() {
    let (a, b) = ("fs/cgroup/a/io.stat", "fs/cgroup/b/io.stat");
    let last = [(a, ROW), (b, ROW)];
    let all = vec!["/a".to_owned(), "/b".to_owned()];
    assert_eq!(listed(None, &[(a, NONE), (b, NONE)], &last), (all.clone(), false));
    assert_eq!(listed(None, &[(a, NONE)], &last), (all.clone(), false), "made in the window");
    assert_eq!(listed(None, &[(a, NONE), (b, "")], &last), (all, false), "it had no row");
    let only = (vec!["/a".to_owned()], true);
    assert_eq!(listed(Some(b), &[(a, NONE)], &last), only, "its reading is lost");
    assert_eq!(listed(None, &[(a, NONE), (b, "x\n")], &last), only, "its row is damaged");
    assert_eq!(listed(None, &[(a, NONE), (b, "254:0 rbytes=0\n")], &last), only);
}

#[test]
fn what_a_child_did_that_is_not_known_is_not_charged_to_its_parent() {
    let (a, b) = ("fs/cgroup/a/io.stat", "fs/cgroup/a/b/io.stat");
    let first = [(a, NONE), (b, NONE)];
    assert_eq!(listed(None, &first, &[(a, ROW), (b, "x\n")]), (Vec::new(), true));
    assert_eq!(listed(Some(b), &[(a, NONE)], &[(a, ROW), (b, ROW)]), (Vec::new(), true));
}

#[test]
fn requests_that_are_not_known_have_their_reason() {
    let bytes = "fs/cgroup/blkio/a/blkio.throttle.io_service_bytes";
    let requests = "fs/cgroup/blkio/a/blkio.throttle.io_serviced";
    let first = [(bytes, "254:0 Read 0\n254:0 Write 5\nTotal 5\n")];
    let last = [
        (bytes, "254:0 Read 900000\n254:0 Write 5\nTotal 900005\n"),
        (requests, "254:0 Read 90\n254:0 Write 1\nTotal 91\n"),
    ];
    let f =
        crate::facts::build(&Snapshot::of_files(files([&first, &last])), &SiteInputs::default());
    assert_eq!(f.tree.io.groups[0].requests_per_s, None, "90 is no growth");
    assert!(f.absences.exact("io.groups.0.requests_per_s").is_some());
}
