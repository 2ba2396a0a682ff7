//! Archives made to harm: nothing is written, nothing hangs, memory is bounded, and what is good
//! is still read.

use std::io::Write as _;

use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::super::{InputError, Limits, Snapshot};
use super::{read_early, visited};

struct Tar(Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header
    }

    fn file(mut self, name: &str, content: &[u8]) -> Self {
        let mut header = Self::header(name.as_bytes(), EntryType::Regular, content.len() as u64);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn link(mut self, kind: EntryType, name: &str, target: &str) -> Self {
        let mut header = Self::header(name.as_bytes(), kind, 0);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        self.0.append(&header, &[][..]).unwrap();
        self
    }

    fn end(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn read(bytes: &[u8]) -> Result<Snapshot, InputError> {
    Snapshot::read_from(bytes, "test", &Limits::default())
}

#[test]
fn paths_and_links_stay_inside() {
    let tar = Tar::new()
        .file("/etc/passwd", b"absolute")
        .file("../../etc/shadow", b"outside")
        .file("proc/../../x", b"outside")
        .file("proc/meminfo", b"MemTotal: 1 kB\n")
        .link(EntryType::Symlink, "proc/out", "../../../../../../etc/hostname")
        .link(EntryType::Symlink, "proc/abs", "/etc/hostname")
        .link(EntryType::Symlink, "proc/loop", "loop")
        .link(EntryType::Symlink, "proc/a", "b")
        .link(EntryType::Symlink, "proc/b", "a/../b")
        .link(EntryType::Link, "proc/hard", "proc/meminfo")
        .link(EntryType::Link, "proc/hard-out", "../../etc/hostname")
        .link(EntryType::Char, "proc/device", "")
        .link(EntryType::Fifo, "proc/fifo", "")
        .end();
    let snapshot = read(&tar).unwrap();
    assert_eq!(snapshot.read("etc/passwd").unwrap(), b"absolute");
    assert_eq!(snapshot.read("proc/hard").unwrap(), b"MemTotal: 1 kB\n");
    for path in ["proc/out", "proc/abs", "proc/loop", "proc/a", "proc/hard-out", "proc/device", "x"]
    {
        assert!(snapshot.read(path).is_err(), "{path}");
    }
    assert!(snapshot.problems().iter().any(|p| p.starts_with("2 paths lead out")));
    assert_eq!(visited(&snapshot).len(), 3);
}

#[test]
fn of_two_members_the_last_one_is_used_and_it_is_told() {
    let tar = Tar::new().file("proc/stat", b"first").file("./proc//stat", b"second").end();
    let snapshot = read(&tar).unwrap();
    assert_eq!(snapshot.read("proc/stat").unwrap(), b"second");
    assert!(snapshot.problems().iter().any(|p| p.contains("twice")), "{:?}", snapshot.problems());
}

#[test]
fn a_wrong_size_costs_the_rest_and_is_told() {
    let good = Tar::new().file("proc/stat", b"good").end();
    let mut lying = Tar::header(b"proc/large", EntryType::Regular, 1 << 40);
    lying.set_cksum();
    let mut bytes = good[..1024].to_vec();
    bytes.extend(lying.as_bytes());
    bytes.extend([b'x'; 600]);
    let snapshot = read(&bytes).unwrap();
    assert_eq!(snapshot.read("proc/stat").unwrap(), b"good");
    let mut lying = Tar::header(b"proc/short", EntryType::Regular, 5000);
    lying.set_cksum();
    bytes.truncate(1024);
    bytes.extend(lying.as_bytes());
    bytes.extend([b'x'; 600]);
    let snapshot = read(&bytes).unwrap();
    assert!(
        snapshot.problems()[0].contains("breaks off after 600 of 5000"),
        "{:?}",
        snapshot.problems()
    );
}

#[test]
fn a_name_of_a_gigabyte_is_not_read() {
    let mut long = Tar::header(b"././@LongLink", EntryType::GNULongName, 1 << 30);
    long.set_cksum();
    let mut bytes = Tar::new().file("proc/stat", b"good").end()[..1024].to_vec();
    bytes.extend(long.as_bytes());
    bytes.extend(vec![b'a'; 1 << 20]);
    let snapshot = read(&bytes).unwrap();
    assert!(
        snapshot.problems()[0].contains("its name has 1073741824 bytes"),
        "{:?}",
        snapshot.problems()
    );
}

#[test]
fn bombs_are_bounded() {
    let limits = Limits {
        stream_bytes: 8 << 20,
        kept_bytes: 3 << 20,
        small_bytes: 1 << 20,
        members: 50,
        ..Limits::default()
    };
    let mut tar = Tar::new().file("proc/stat", b"good");
    for i in 0_u8..6 {
        tar = tar.file(&format!("proc/{i}"), &vec![i; 1 << 20]);
    }
    let zeros = vec![0; 100 << 20];
    let bytes = tar.file("etc/zeros", &zeros).end();
    for packed in [gzip(&bytes), xz(&bytes), zstd::encode_all(bytes.as_slice(), 1).unwrap(), bytes]
    {
        let snapshot = Snapshot::read_from(packed.as_slice(), "bomb", &limits).unwrap();
        let told = snapshot.problems().join("\n");
        assert!(told.contains("expands to more than 8388608 bytes"), "{told}");
        assert!(told.contains("4 files are not kept"), "{told}");
        assert_eq!(snapshot.read("proc/stat").unwrap(), b"good");
    }
    let mut many = Tar::new();
    for i in 0..60 {
        many = many.file(&format!("proc/{i}x"), b"x");
    }
    let snapshot = Snapshot::read_from(many.end().as_slice(), "many", &limits).unwrap();
    assert!(
        snapshot.problems()[0].contains("more than 50 tar members"),
        "{:?}",
        snapshot.problems()
    );
    assert_eq!(visited(&snapshot).len(), 50);
}

/// A frame as the collector writes it, with whatever tar bytes.
fn frame(tar: &[u8]) -> Vec<u8> {
    let mut packer = zstd::bulk::Compressor::new(1).unwrap();
    packer.include_checksum(true).unwrap();
    packer.include_contentsize(true).unwrap();
    packer.compress(tar).unwrap()
}

/// Tar bytes with a journal behind them, as each frame of ours has, and no end.
fn journaled(tar: Tar, number: u32) -> Vec<u8> {
    let head = format!(
        "{{\"linsight\":1,\"frame\":{number},\"page_size_bytes\":4096,\"ticks_per_s\":100,\
         \"little_endian\":true}}\n"
    );
    let mut bytes = tar.file(&format!("journal/{number:06}.jsonl"), head.as_bytes()).end();
    bytes.truncate(bytes.len() - 1024);
    bytes
}

#[test]
fn our_own_form_is_bounded_and_its_names_are_only_names() {
    let good = frame(&journaled(Tar::new().file("proc/stat", b"good"), 0));
    let names = Tar::new()
        .file("../../etc/shadow", b"outside")
        .file("/etc/passwd", b"absolute")
        .file("proc/meminfo", b"first")
        .file("proc/meminfo", b"second")
        .link(EntryType::Symlink, "proc/link", "/etc/passwd")
        .link(EntryType::Link, "proc/hard", "proc/stat");
    let names = frame(&journaled(names, 1));
    let mut many = Tar::new();
    for i in 0..300 {
        many = many.file(&format!("proc/{i}x"), b"x");
    }
    let many = frame(&journaled(many, 2));
    let bomb = frame(&journaled(Tar::new().file("proc/zeros", &vec![0; 20 << 20]), 3));
    let last = frame(&journaled(Tar::new().file("proc/vmstat", b"also good"), 4));
    let archive = linsight_archive::Limits { entries_per_frame: 200, ..Default::default() };
    let limits = Limits { archive, ..Limits::default() };
    let bytes = [good, names, many, bomb, last].concat();
    let snapshot = Snapshot::read_from(bytes.as_slice(), "ours", &limits).unwrap();
    let told = snapshot.problems().join("\n");
    assert!(told.contains("1 entries stand twice"), "{told}");
    assert!(told.contains("more than 200 tar members"), "{told}");
    assert!(told.contains("at most 16777216 are read"), "{told}");
    assert!(told.contains("frames 2 to 3 are lost"), "{told}");
    for (path, content) in
        [("proc/stat", "good"), ("proc/meminfo", "second"), ("proc/vmstat", "also good")]
    {
        assert_eq!(snapshot.read(path).unwrap(), content.as_bytes(), "{path}");
    }
    let paths: Vec<String> = visited(&snapshot).into_keys().map(|(path, _)| path).collect();
    assert_eq!(paths.len(), 5, "links are no sources: {paths:?}");
}

#[test]
fn what_is_odd_about_frames_is_told_and_nothing_read_early_stands() {
    let whole = || Tar::new().file("proc/meminfo", b"MemTotal: 1 kB\n");
    let bare = frame(&whole().end());
    let first = frame(&journaled(Tar::new().file("proc/stat", b"cpu"), 0));
    let mixed = whole().file("proc/meminfo.part00001", b"MemFree: 1 kB\n");
    let mixed = frame(&journaled(mixed, 0));
    for (bytes, told) in
        [([first.clone(), bare.clone()].concat(), "frame 1 has no journal"), (mixed, "in parts")]
    {
        let snapshot = read_early(&bytes);
        let problems = snapshot.problems().join("\n");
        assert!(problems.contains(told), "{problems}");
        assert!(!snapshot.is_regular());
    }
    let foreign = read_early(&[bare, first].concat());
    assert!(foreign.header().is_none() && !foreign.is_regular());
    assert_eq!(foreign.read("proc/meminfo").unwrap(), b"MemTotal: 1 kB\n", "read as a stream");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 0);
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn every_packing_is_recognised_by_content_and_a_cut_is_told() {
    let tar = Tar::new().file("host/proc/stat", b"cpu 1\n").file("host/proc/x", &[7; 9000]).end();
    for packed in [gzip(&tar), xz(&tar), zstd::encode_all(tar.as_slice(), 1).unwrap(), tar] {
        let snapshot = read(&packed).unwrap();
        assert_eq!(snapshot.read("proc/stat").unwrap(), b"cpu 1\n");
        assert_eq!(snapshot.problems(), [""; 0]);
        let told = match read(&packed[..packed.len() * 2 / 3]) {
            Ok(snapshot) => snapshot.problems().join("\n"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains("cannot be read to its end"), "{told}");
    }
}

#[test]
fn what_is_no_archive_is_named() {
    let error = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(error(b"").contains("it is empty; expected an archive of linsight-collect"));
    assert!(error(b"BZh91AY&SY").contains("bzip2 is not read"));
    assert!(error(b"hello world").contains("begins with 68 65 6c 6c 6f 20 77 6f"));
    let nothing = Tar::new().file("music/a.mp3", b"x").end();
    assert!(error(&nothing).contains("no file of a host in it"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_damage_to_a_tar_is_read_without_panic(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Tar::new()
            .file("sos/proc/1/status", b"Name:\tinit\n")
            .link(EntryType::Symlink, "sos/proc/self", "1")
            .link(EntryType::Symlink, "sos/sys/class/net/eth0", "../../devices/eth0")
            .file("sos/sys/devices/eth0/mtu", b"1500\n")
            .file("sos/sos_commands/memory/free", b"Mem: 1\n")
            .end();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(600 + cut.index(bytes.len() - 600));
        if let Ok(snapshot) = read(&bytes) {
            visited(&snapshot);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000), kind in 0..4,
    ) {
        let packed = match kind {
            0 => gzip(&bytes),
            1 => xz(&bytes),
            2 => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
            _ => bytes,
        };
        read(&packed).ok();
    }
}
