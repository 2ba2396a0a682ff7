//! Inputs made to harm, through the program: it ends by itself, in little memory, says what is
//! wrong, and reads what is good.

#![cfg(test)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tar::{Builder, EntryType, Header};

/// Memory that no input may take beyond. What a real sosreport of 70,000 files needs.
const MOST_MIB: f64 = 256.0;
const MEMINFO: &str = "MemTotal:        4026036 kB\nMemFree:         1000000 kB\n";

#[expect(clippy::disallowed_methods, reason = "a test waits for the program it tests")]
fn linsight(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linsight"));
    command.args(args).stdin(Stdio::null()).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The total of memory that the program read from an input, and what it said beside it.
fn total(input: &Path) -> (Option<i64>, String) {
    let done = linsight(&["facts", input.to_str().unwrap(), "memory.total_bytes"]);
    let total = text(&done.stdout).trim().parse().ok();
    assert_eq!(done.status.code(), Some(if total.is_some() { 0 } else { 2 }));
    (total, text(&done.stderr))
}

/// Asserts that what is good in an input is read, that an analysis stays small, and that the input
/// is complained about in these words.
#[track_caller]
fn good_part_is_read(input: &Path, complaint: &str) {
    let (total, said) = total(input);
    assert_eq!(total, Some(4_026_036 << 10), "{said}");
    assert!(said.contains(complaint), "{said}");
    let input = input.to_str().unwrap();
    let report = ["--format", "html", "-o", "/dev/null"];
    let done = linsight(&[&["analyze", "--quiet", "--stats", input][..], &report[..]].concat());
    let said = text(&done.stderr) + &text(&done.stdout);
    assert!(done.status.success(), "{said}");
    let peak = said.lines().filter_map(|l| {
        let words: Vec<&str> = l.split_ascii_whitespace().collect();
        let [.., number, "MiB"] = words[..] else { return None };
        number.parse::<f64>().ok()
    });
    let peak = peak.fold(0.0, f64::max);
    assert!(peak > 1.0 && peak < MOST_MIB, "{peak} MiB\n{said}");
}

/// Asserts that an input is refused in these words, and says them once.
#[track_caller]
fn is_refused(input: &Path, why: &str) {
    let (total, said) = total(input);
    assert_eq!(total, None);
    assert!(said.starts_with("error: ") && said.matches(why).count() == 1, "{said}");
}

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        File::create(&path).unwrap().write_all(content).unwrap();
        path
    }
}

fn member<W: Write>(tar: &mut Builder<W>, name: &str, size: u64, content: impl Read) {
    let mut header = Header::new_gnu();
    // As it stands: the library would refuse `..`.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

/// A tar with what is good, and what `more` adds.
fn tar(more: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    member(&mut tar, "host/proc/meminfo", MEMINFO.len() as u64, MEMINFO.as_bytes());
    more(&mut tar);
    tar.into_inner().unwrap()
}

#[test]
fn archives_that_break_off() {
    let dir = Dir::new();
    let mut noise = 1_u32;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        })
        .collect();
    let tar = tar(|t| member(t, "host/proc/noise", noise.len() as u64, noise.as_slice()));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
    xz.write_all(&tar).unwrap();
    let zst = zstd::encode_all(tar.as_slice(), 1).unwrap();
    for (name, whole) in [
        ("a.tar", tar),
        ("a.tar.gz", gz.finish().unwrap()),
        ("a.tar.xz", xz.finish().unwrap()),
        ("a.tar.zst", zst),
    ] {
        let half = dir.file(name, &whole[..whole.len() * 3 / 4]);
        good_part_is_read(&half, "cannot be read to its end");
        let head = dir.file(&format!("head-{name}"), &whole[..20]);
        is_refused(&head, "head-a.tar");
    }
}

#[test]
fn names_that_lead_out_stand_twice_or_lie() {
    let dir = Dir::new();
    let bytes = tar(|t| {
        member(t, "/host/etc/passwd", 1, &b"x"[..]);
        member(t, "host/../../../etc/shadow", 1, &b"x"[..]);
        member(t, "host/proc/stat", 1, &b"1"[..]);
        member(t, "host/proc/./stat", 1, &b"2"[..]);
        let mut fifo = Header::new_gnu();
        fifo.set_entry_type(EntryType::Fifo);
        fifo.set_size(0);
        t.append_data(&mut fifo, "host/proc/loadavg", io::empty()).unwrap();
    });
    let file = dir.file("names.tar", &bytes);
    good_part_is_read(&file, "1 paths lead out of the archive by `..`");
    good_part_is_read(&file, "1 paths stand twice");
    let mut lying = Header::new_gnu();
    lying.set_path("host/proc/large").unwrap();
    lying.set_size(1 << 40);
    lying.set_cksum();
    let cut = bytes.len() - 1024;
    let lying = [&bytes[..cut], lying.as_bytes(), &[b'x'; 600]].concat();
    good_part_is_read(&dir.file("lies.tar", &lying), "cannot be read to its end");
}

#[test]
fn a_line_of_256_mebibytes() {
    let dir = Dir::new();
    let file = dir.0.path().join("line.tar.zst");
    let packed = zstd::Encoder::new(File::create(&file).unwrap(), 1).unwrap().auto_finish();
    let mut tar = Builder::new(packed);
    member(&mut tar, "host/proc/stat", 256 << 20, io::repeat(b'x').take(256 << 20));
    member(&mut tar, "host/proc/meminfo", MEMINFO.len() as u64, MEMINFO.as_bytes());
    drop(tar.into_inner().unwrap());
    good_part_is_read(&file, "");
}

/// Each link gives every file of the directory one more name: 300 times 300, again and again.
#[test]
fn links_that_multiply() {
    let dir = Dir::new();
    let bytes = tar(|t| {
        for i in 0..300 {
            member(t, &format!("host/proc/f{i}"), 0, io::empty());
            let mut link = Header::new_gnu();
            link.set_entry_type(EntryType::Symlink);
            link.set_size(0);
            t.append_link(&mut link, format!("host/proc/l{i}"), ".").unwrap();
        }
    });
    let file = dir.file("links.tar", &bytes);
    good_part_is_read(&file, "links to directories give files more than 10000 names");
}

#[test]
fn what_does_not_end_or_is_no_file() {
    is_refused(Path::new("/dev/zero"), "it begins with 00 00 00 00");
    is_refused(Path::new("/dev/null"), "it is empty");
    is_refused(Path::new("/nowhere/a.tar"), "No such file or directory");
}

#[test]
fn a_directory_with_loops_sockets_depths_and_odd_names() {
    let dir = Dir::new();
    let root = dir.0.path();
    let proc = root.join("proc");
    std::fs::create_dir(&proc).unwrap();
    dir.file("proc/meminfo", MEMINFO.as_bytes());
    symlink(".", proc.join("loop")).unwrap();
    symlink("turn", proc.join("turn")).unwrap();
    symlink("/dev/zero", proc.join("stat")).unwrap();
    symlink("/proc", proc.join("live")).unwrap();
    let _socket = UnixListener::bind(proc.join("loadavg")).unwrap();
    std::fs::create_dir_all(root.join("sys").join("d/".repeat(200))).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    File::create(proc.join(odd)).unwrap();
    // 1 TiB that is not there.
    File::create(proc.join("interrupts")).unwrap().set_len(1 << 40).unwrap();
    good_part_is_read(root, "1 directories lie deeper than 64: they are not read");
    good_part_is_read(root, "1 pipes, sockets or devices are not read");
}
