//! Tests of the format as a whole: what the writer wrote, the reader and the usual tools read,
//! whole or damaged.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use crate::damage::DamageKind;
use crate::pack::{PackWriter, records};
use crate::reader::ReadError;
use crate::stream::Stream;
use crate::writer::Cut;
use crate::{
    Damage, End, FRAME_TARGET_BYTES, Header, JournalLine, Limits, MAX_ENTRY_BYTES, Outcome, Reader,
    Writer, names,
};

fn header() -> Header {
    Header {
        linsight: crate::FORMAT_VERSION,
        collector_version: "0.1.0".into(),
        plan_sha256: "00".into(),
        argv: vec!["linsight-collect".into()],
        euid: 0,
        capabilities: 0,
        host_name: "<script>alert(1)</script>".into(),
        kernel_release: "6.1.0".into(),
        machine: "x86_64".into(),
        started_unix_s: 1_700_000_000.5,
        started_mono_us: 1,
        started_boottime_us: 1,
        utc_offset_s: None,
        page_size_bytes: 4096,
        ticks_per_s: 100,
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
        ended_early: None,
        sources_collected: 1,
        sources_total: 1,
        samples: 0,
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

fn line(path: &str) -> JournalLine {
    JournalLine::new(path, Outcome::Collected, 7)
}

/// An archive with one source in each frame.
fn archive(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    for (i, content) in contents.iter().enumerate() {
        w.put(line(&format!("proc/{i}")), content, Cut::Line).unwrap();
        w.close_frame().unwrap();
    }
    w.finish(end()).unwrap()
}

fn open(bytes: Vec<u8>) -> Reader {
    Reader::new(bytes, Limits::default()).unwrap()
}

/// All entries of all frames that can be read.
fn contents(reader: &Reader) -> BTreeMap<String, Vec<u8>> {
    let frames = (0..reader.frames()).filter_map(|i| reader.frame(i).ok());
    frames
        .flat_map(|frame| {
            let own = |(path, at)| (path, frame.bytes(&at).to_vec());
            frame.entries.iter().cloned().map(own).collect::<Vec<_>>()
        })
        .collect()
}

fn text(damage: &[Damage]) -> String {
    damage.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_header_stands_alone_and_the_end_is_last() {
    let reader = open(archive(&[b"MemTotal: 1 kB\n".to_vec(), vec![]]));
    assert_eq!(reader.frames(), 4);
    assert_eq!(reader.verify(), []);
    let paths = |i: usize| {
        let frame = reader.frame(i).unwrap();
        frame.entries.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(0), ["linsight.json", "journal/000000.jsonl"]);
    assert_eq!(paths(1), ["proc/0", "journal/000001.jsonl"]);
    assert_eq!(paths(3), ["journal/000003.jsonl", "linsight.end.json"]);
    let first = reader.frame(0).unwrap();
    let read: Header = serde_json::from_slice(first.get(names::HEADER).unwrap()).unwrap();
    assert_eq!(read, header());
    let last = reader.frame(3).unwrap();
    let read: End = serde_json::from_slice(last.get(names::END).unwrap()).unwrap();
    assert_eq!(read.frames, 4);
    let journal = reader.frame(1).unwrap().journal.unwrap();
    assert_eq!((journal.head.frame, journal.head.page_size_bytes), (1, 4096));
    assert_eq!((journal.lines[0].path.as_str(), journal.lines[0].bytes), ("proc/0", 15));
}

#[test]
fn an_empty_frame_is_not_written() {
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    w.close_frame().unwrap();
    w.close_frame().unwrap();
    w.note(JournalLine::new("proc/pressure/memory", Outcome::Missing, 3)).unwrap();
    w.close_frame().unwrap();
    let reader = open(w.finish(end()).unwrap());
    assert_eq!(reader.frames(), 3);
    let journal = reader.frame(1).unwrap().journal.unwrap();
    assert_eq!(journal.lines[0].outcome, Outcome::Missing);
}

#[test]
fn frames_and_entries_keep_their_size_and_parts_join_to_the_source() {
    let row = b"cpu0 1 2 3\n";
    let large: Vec<u8> = row.repeat((9 << 20) / row.len());
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    w.put(line("proc/large"), &large, Cut::Line).unwrap();
    let mut pack = PackWriter::new("packs/proc-pid/stat", 9);
    for pid in 0..40_000 {
        pack.push(&mut w, &pid.to_string(), Outcome::Collected, 2, &row.repeat(3)).unwrap();
    }
    pack.push(&mut w, "x y", Outcome::Collected, 1, &vec![b'x'; MAX_ENTRY_BYTES]).unwrap();
    pack.finish(&mut w).unwrap();
    let before = w.tar_bytes();
    let reader = open(w.finish(end()).unwrap());
    assert!(before > 10 << 20);
    assert_eq!(reader.verify(), []);
    let (mut joined, mut pack, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..reader.frames() {
        let frame = reader.frame(i).unwrap();
        assert!(frame.data.len() < FRAME_TARGET_BYTES + (64 << 10), "{}", frame.data.len());
        for (path, at) in &frame.entries {
            assert!(at.len() <= MAX_ENTRY_BYTES);
            match names::split_part(path) {
                Some(("proc/large", _)) => {
                    assert!(frame.bytes(at).ends_with(b"\n"));
                    joined.extend_from_slice(frame.bytes(at));
                }
                Some(("packs/proc-pid/stat", _)) => pack.extend_from_slice(frame.bytes(at)),
                _ => {}
            }
        }
        lines.extend(frame.journal.unwrap().lines);
    }
    assert!(joined == large);
    let all: Vec<_> = records(&pack).map(Result::unwrap).collect();
    assert_eq!(all.len(), 40_001);
    assert_eq!(all[39_999].key, "39999");
    assert_eq!((all[40_000].key.as_ref(), all[40_000].outcome), ("x y", Outcome::Truncated));
    assert_eq!((lines[0].parts, lines[0].bytes), (Some(3), large.len() as u64));
    assert_eq!(lines[1].records[&Outcome::Collected], 40_000);
    assert_eq!(lines[1].records[&Outcome::Truncated], 1);
    assert_eq!((lines[1].us, lines[1].bytes), (80_001, pack.len() as u64));
}

#[test]
fn what_is_no_archive_is_refused() {
    let not = |bytes: &[u8]| Reader::new(bytes.to_vec(), Limits::default()).unwrap_err();
    assert_eq!(not(b""), ReadError::NoFrame { bytes: 0 });
    assert_eq!(not(b"\x1f\x8b\x08 gzip"), ReadError::NoFrame { bytes: 8 });
    let small = Limits { archive_bytes: 10, ..Limits::default() };
    assert!(matches!(Reader::new(archive(&[]), small), Err(ReadError::TooLarge { limit: 10, .. })));
}

#[test]
fn limits_end_the_reading_with_a_statement() {
    let bytes = archive(&[vec![b'a'; 5000], vec![b'b'; 5000], vec![b'c'; 5000]]);
    let read = |limits| Reader::new(bytes.clone(), limits).unwrap();
    let total = read(Limits { total_bytes: 12_000, ..Limits::default() });
    assert!(text(total.damage()).contains("exceeds the limit in total"), "{:?}", total.damage());
    let frames = read(Limits { frames: 2, ..Limits::default() });
    assert_eq!(frames.frames(), 2);
    assert!(text(frames.damage()).contains("too many frames"));
    let large = read(Limits { frame_bytes: 6000, ..Limits::default() });
    assert!(text(&large.verify()).contains("at most 6000 are read"), "{}", text(&large.verify()));
    let entries = read(Limits { entries_per_frame: 1, ..Limits::default() });
    assert!(matches!(entries.frame(1), Err(Damage { kind: DamageKind::Tar(_), .. })));
}

#[test]
fn a_cut_is_told_with_its_place() {
    let bytes = archive(&[vec![b'a'; 50], vec![b'b'; 50]]);
    let at = bytes.len() - 3;
    let reader = open(bytes[..at].to_vec());
    let told = text(&reader.verify());
    assert!(told.contains("breaks off"), "{told}");
    assert!(told.contains("the end entry is not there"), "{told}");
    assert_eq!(contents(&reader).get("proc/1"), Some(&vec![b'b'; 50]));
}

#[test]
fn a_lost_frame_is_told_by_its_number() {
    let bytes = archive(&[vec![b'a'; 500], vec![b'b'; 500], vec![b'c'; 500]]);
    let starts: Vec<usize> =
        (0..bytes.len()).filter(|i| bytes[*i..].starts_with(&crate::frame::MAGIC)).collect();
    let mut gone = bytes[..starts[2]].to_vec();
    gone.extend(&bytes[starts[3]..]);
    assert_eq!(text(&open(gone).verify()), "frame 2 is lost");
    let mut zeroed = bytes.clone();
    zeroed[starts[1]..starts[2] + 9].fill(0);
    let told = text(&open(zeroed).verify());
    assert!(told.contains(&format!("at byte {} are damaged", starts[1])), "{told}");
    assert!(told.ends_with("frames 1 to 2 are lost"), "{told}");
}

fn tool(program: &str, args: &[&str], input: &[u8]) -> Option<(bool, String)> {
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("SKIPPED: {program} is not installed, its view of our archives is not tested");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let out = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    Some((out.status.success(), text + &String::from_utf8_lossy(&out.stderr)))
}

#[test]
fn tar_and_zstd_accept_what_we_write() {
    let hostile = ["a b", "etc/new\nline", "etc/\x1b[31m", "../up", "/abs", "-rf", "ü", "e\\n"];
    let long = format!("etc/{}", "long/".repeat(100));
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    for name in hostile.into_iter().chain([long.as_str()]) {
        w.put(line(name), b"content", Cut::Bytes).unwrap();
    }
    w.put(line("large"), &vec![7; 5 << 20], Cut::Bytes).unwrap();
    let bytes = w.finish(end()).unwrap();
    if let Some((ok, said)) = tool("zstd", &["-t", "-"], &bytes) {
        assert!(ok, "{said}");
    }
    let args = ["--zstd", "--quoting-style=literal", "-tf", "-"];
    if let Some((ok, said)) = tool("tar", &args, &bytes) {
        assert!(ok, "{said}");
        for name in ["a b", "etc/new\nline", "%2E%2E/up", "abs", "-rf", "ü", "e\\n"] {
            assert!(said.contains(&format!("{name}\n")), "{name} in {said}");
        }
        assert!(said.contains(long.trim_end_matches('/')) && said.contains("large.part00001\n"));
        assert!(said.ends_with("linsight.end.json\n"), "{said}");
    }
}

fn sources() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..3000);
    let even = (any::<u8>(), 0_usize..200_000).prop_map(|(b, n)| vec![b; n]);
    proptest::collection::vec(prop_oneof![noise, even], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_cut_anywhere_loses_the_cut_frame_and_what_follows(
        sources in sources(), cut in any::<prop::sample::Index>(),
    ) {
        let bytes = archive(&sources);
        let whole = open(bytes.clone());
        let cut = cut.index(bytes.len());
        let Ok(reader) = Reader::new(bytes[..cut].to_vec(), Limits::default()) else {
            prop_assert!(cut < whole.ends()[0]);
            return Ok(());
        };
        prop_assert_eq!(reader.frames(), whole.ends().iter().filter(|end| **end <= cut).count());
        let got = contents(&reader);
        let all = contents(&whole);
        for (path, content) in &got {
            prop_assert_eq!(Some(content), all.get(path));
        }
        prop_assert!(reader.verify().iter().any(|d| d.kind == DamageKind::NoEnd));
    }

    #[test]
    fn flips_cost_the_frames_they_touch_and_are_told(
        sources in sources(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 1..4),
    ) {
        let good = archive(&sources);
        let whole = open(good.clone());
        let mut bytes = good.clone();
        for (at, mask) in &flips {
            bytes[at.index(good.len())] ^= mask;
        }
        let read = Reader::new(bytes.clone(), Limits::default());
        let got = read.as_ref().map(contents).unwrap_or_default();
        let mut start = 0;
        for (i, end) in whole.ends().into_iter().enumerate() {
            if good[start..end] == bytes[start..end] {
                let frame = whole.frame(i).unwrap();
                for (path, at) in &frame.entries {
                    prop_assert_eq!(got.get(path).map(Vec::as_slice), Some(frame.bytes(at)));
                }
            }
            start = end;
        }
        let told = read.map_or(1, |reader| reader.verify().len());
        prop_assert!(told > 0 || got == contents(&whole));
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..400,
    ) {
        let mut bytes = bytes;
        let at = at.min(bytes.len());
        bytes.splice(at..at, crate::frame::MAGIC);
        if let Ok(reader) = Reader::new(bytes, Limits::default()) {
            prop_assert!(!reader.verify().is_empty());
        }
    }
}

#[test]
fn a_source_that_comes_in_pieces_is_stored_in_parts_or_as_one() {
    let mut w = Writer::new(Vec::new(), &header()).unwrap();
    let piece = vec![b'm'; 700 << 10];
    let (mut long, mut short, mut hung) = (Stream::default(), Stream::default(), Stream::default());
    for _ in 0..4 {
        long.push(&mut w, "probes/long", &piece).unwrap();
    }
    short.push(&mut w, "probes/short", b"abc").unwrap();
    hung.push(&mut w, "probes/hung", b"half").unwrap();
    assert!(!short.is_empty() && Stream::default().is_empty());
    long.finish(&mut w, line("probes/long")).unwrap();
    short.finish(&mut w, line("probes/short")).unwrap();
    hung.finish(&mut w, JournalLine::new("probes/hung", Outcome::TimedOut, 7)).unwrap();
    let reader = open(w.finish(end()).unwrap());
    let (mut sizes, mut lines) = (BTreeMap::new(), Vec::new());
    for i in 0..reader.frames() {
        let frame = reader.frame(i).unwrap();
        sizes.extend(frame.entries.iter().map(|(name, at)| (name.clone(), at.len())));
        lines.extend(frame.journal.unwrap().lines);
    }
    let stored = |name: &str| sizes.get(name).copied();
    assert_eq!(stored("probes/long"), None);
    assert_eq!(stored(&names::part("probes/long", 3)), Some(piece.len()));
    assert_eq!(stored("probes/short"), Some(3));
    assert_eq!(stored("probes/hung"), None);
    let told: Vec<_> = lines.iter().map(|l| (l.bytes, l.parts)).collect();
    assert_eq!(told, [(4 * piece.len() as u64, Some(4)), (3, None), (0, None)]);
}
