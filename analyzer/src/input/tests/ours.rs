//! Our own archive: whole, damaged, unpacked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use linsight_archive::pack::PackWriter;
use linsight_archive::writer::Cut;
use linsight_archive::{End, Header, JournalLine, Outcome, Writer};

use super::super::{Format, HostEnv, InputError, Limits, Snapshot, Source};
use super::{read_early, visited};
use crate::absence::Reason;

fn header() -> Header {
    Header {
        linsight: linsight_archive::FORMAT_VERSION,
        collector_version: "0.1.0".into(),
        plan_sha256: String::new(),
        argv: vec![],
        euid: 0,
        capabilities: 0,
        host_name: "db1".into(),
        kernel_release: "6.1.0".into(),
        machine: "aarch64".into(),
        started_unix_s: 1.7e9,
        started_mono_us: 1,
        started_boottime_us: 1,
        utc_offset_s: None,
        page_size_bytes: 65536,
        ticks_per_s: 250,
        little_endian: true,
        duration_s: 60.0,
        interval_s: 1.0,
        root: "/".into(),
        pid: 1,
        notes: BTreeMap::new(),
    }
}

fn end() -> End {
    End {
        frames: 0,
        ended_early: Some("interrupted by SIGINT".into()),
        sources_collected: 1,
        sources_total: 1,
        samples: 1,
        ended_mono_us: 2,
        wall_us: 1,
        cpu_us: 1,
        peak_rss_bytes: 1,
        peak_child_rss_bytes: 1,
        tar_bytes: 0,
        masked: 0,
        slowest: vec![],
        abandoned: vec![],
    }
}

fn line(path: &str, mono_us: u64) -> JournalLine {
    JournalLine::new(path, Outcome::Collected, mono_us)
}

/// A source of text that is larger than one entry.
fn large() -> Vec<u8> {
    (0..900_000).flat_map(|i: u32| format!("row {i}\n").into_bytes()).collect()
}

fn archive() -> Vec<u8> {
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    w.put(line("proc/meminfo", 10), b"MemTotal: 1 kB\n", Cut::Line).unwrap();
    w.put(line("samples/3/proc/meminfo", 30), b"MemTotal: 3 kB\n", Cut::Line).unwrap();
    let denied = JournalLine { errno: Some(13), ..line("proc/slabinfo", 11) };
    w.note(JournalLine { outcome: Outcome::Denied, ..denied }).unwrap();
    let mut status = PackWriter::new("packs/proc-pid/status", 12);
    let mut sys = PackWriter::new("packs/sys/net", 13);
    for pid in 0..9000 {
        let text = format!("Name:\tp{pid}\nState:\tS (sleeping)\n").repeat(9);
        status.push(&mut w, &pid.to_string(), Outcome::Collected, 4, text.as_bytes()).unwrap();
        if pid == 4000 {
            // Its parts lie in many frames, and those of the pack between them.
            w.put(line("proc/net/tcp", 14), &large(), Cut::Line).unwrap();
        }
    }
    status.push(&mut w, "9001", Outcome::Vanished, 4, b"").unwrap();
    status.finish(&mut w).unwrap();
    sys.push(&mut w, "class/net/eth0/speed", Outcome::Collected, 4, b"1000\n").unwrap();
    sys.finish(&mut w).unwrap();
    w.finish(end()).unwrap()
}

fn read(bytes: &[u8], limits: &Limits) -> Snapshot {
    Snapshot::read_from(bytes, "test", limits).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn check_content(snapshot: &Snapshot) {
    let all = visited(snapshot);
    assert_eq!(all.len(), 5);
    assert_eq!(all[&("proc/meminfo".into(), 0)], b"MemTotal: 1 kB\n");
    assert_eq!(all[&("proc/meminfo".into(), 3)], b"MemTotal: 3 kB\n");
    assert!(all[&("proc/net/tcp".into(), 0)] == large());
    let status = &all[&("packs/proc-pid/status".to_owned(), 0)];
    assert_eq!(linsight_archive::pack::records(status).map(Result::unwrap).count(), 9001);
    let read = |path| snapshot.read(path).map(|bytes| text(&bytes).to_owned());
    assert_eq!(read("proc/meminfo").unwrap(), "MemTotal: 1 kB\n");
    assert_eq!(read("samples/3/proc/meminfo").unwrap(), "MemTotal: 3 kB\n");
    assert!(read("proc/8999/status").unwrap().starts_with("Name:\tp8999\n"));
    assert_eq!(read("packs/proc-pid/status/7"), read("proc/7/status"));
    assert_eq!(read("sys/class/net/eth0/speed").unwrap(), "1000\n");
    assert_eq!(
        snapshot.read_record("packs/sys/net", Some("class/net/eth0/speed")).unwrap(),
        b"1000\n"
    );
    let why = |path| snapshot.read(path).unwrap_err();
    assert_eq!(why("proc/slabinfo").reason, Reason::Denied);
    assert!(why("proc/slabinfo").detail.contains("Permission denied"));
    assert_eq!(why("proc/9001/status").reason, Reason::Vanished);
    assert_eq!(why("proc/9002/status").reason, Reason::NotCollected);
    assert_eq!(why("proc/9002/status").detail, "no such record in packs/proc-pid/status");
    assert_eq!(why("samples/4/proc/meminfo").reason, Reason::NotCollected);
    assert_eq!(
        snapshot.env(),
        HostEnv { page_size_bytes: 65536, ticks_per_s: 250, little_endian: true }
    );
    assert_eq!(snapshot.header().unwrap().host_name, "db1");
    assert_eq!(snapshot.journal()[&("proc/meminfo".into(), 3)].mono_us, 30);
}

#[test]
fn an_archive_is_visited_and_read() {
    let bytes = archive();
    let snapshot = read(&bytes, &Limits::default());
    assert_eq!(snapshot.format(), Format::Linsight);
    assert_eq!(snapshot.problems(), ["the collection ended early: interrupted by SIGINT"]);
    assert_eq!(snapshot.sha256().unwrap().len(), 64);
    check_content(&snapshot);
    let rows = snapshot.sources();
    assert_eq!(rows.len(), 6);
    let denied = rows.iter().find(|row| row.path == "proc/slabinfo").unwrap();
    assert_eq!(denied.why, "Permission denied (os error 13)");
}

#[test]
fn early_readings_of_a_sound_archive_stand_though_the_collection_ended_early() {
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    w.put(line("proc/meminfo", 10), b"MemTotal: 1 kB\n", Cut::Line).unwrap();
    w.put(line("proc/net/tcp", 14), &large(), Cut::Line).unwrap();
    let snapshot = read_early(&w.finish(end()).unwrap());
    assert!(snapshot.end().unwrap().ended_early.is_some());
    assert!(snapshot.is_regular(), "{:?}", snapshot.problems());
    let left = Mutex::new(Vec::new());
    snapshot.visit_rest(|_, _| false, |entry| left.lock().unwrap().push(entry.path.to_owned()));
    assert_eq!(left.into_inner().unwrap(), ["proc/net/tcp"], "it came in parts");
}

#[test]
fn without_memory_for_waiting_parts_they_are_read_again() {
    let snapshot = read(&archive(), &Limits { pending_bytes: 1 << 20, ..Limits::default() });
    check_content(&snapshot);
}

#[test]
fn the_same_archive_repacked_or_unpacked_is_the_same() {
    let bytes = archive();
    let tar = zstd::decode_all(bytes.as_slice()).unwrap();
    let whole = zstd::encode_all(tar.as_slice(), 1).unwrap();
    for packed in [&tar, &whole] {
        let snapshot = read(packed, &Limits::default());
        assert_eq!(snapshot.format(), Format::Linsight);
        check_content(&snapshot);
    }
    let dir = tempfile::tempdir().unwrap();
    tar::Archive::new(tar.as_slice()).unpack(dir.path()).unwrap();
    let source = Source::Path(dir.path().to_owned());
    let snapshot = Snapshot::open(&source, &Limits::default()).unwrap();
    assert_eq!(snapshot.format(), Format::Linsight);
    assert_eq!(snapshot.sha256(), None);
    check_content(&snapshot);
}

#[test]
fn a_damaged_archive_says_what_is_lost_and_shows_the_rest() {
    let mut bytes = archive();
    bytes[10] ^= 1;
    let cut = bytes.len() - 20;
    let snapshot = read(&bytes[..cut], &Limits::default());
    let told = snapshot.problems().join("\n");
    for what in
        ["damaged", "breaks off", "frame 0 is lost", "end entry is not there", "the header is lost"]
    {
        assert!(told.contains(what), "{what} in {told}");
    }
    assert_eq!(snapshot.header(), None);
    assert_eq!(snapshot.env().page_size_bytes, 65536, "from a journal");
    assert_eq!(snapshot.read("proc/meminfo").unwrap(), b"MemTotal: 1 kB\n");
}

#[test]
fn a_later_format_is_refused() {
    let header = Header { linsight: 2, ..header() };
    let bytes = Writer::new(Vec::new(), &header).unwrap().finish(end()).unwrap();
    let error = Snapshot::read_from(bytes.as_slice(), "x.tar.zst", &Limits::default()).unwrap_err();
    assert!(matches!(error, InputError::Version { found: 2, known: 1, .. }), "{error}");
}
