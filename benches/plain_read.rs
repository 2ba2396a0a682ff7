//! The yardstick of `benches/collect`: reads the files that an archive says were read, as plainly as
//! a program can. One thread, `open`, `read` into one buffer until nothing comes, `close`, or
//! `readlink`; nothing is kept. A program that collects these files cannot be quicker than this by
//! much, and if it is much slower the rest is its own doing.
//!
//! `plain-read ARCHIVE [ROUNDS]` prints one line a round: files and links read, bytes, microseconds.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for the bench: it stops where something is wrong, and prints"
)]

use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use linsight_archive::{Limits, Outcome, Reader, names, pack};

/// What is read of one path.
enum Plain {
    /// At most so many bytes: what the collector had cut is not read to its end either.
    File(PathBuf, u64),
    Link(PathBuf),
}

fn main() {
    let mut words = std::env::args().skip(1);
    let archive = words.next().expect("usage: plain-read ARCHIVE [ROUNDS]");
    let rounds: u32 = words.next().map_or(1, |n| n.parse().expect("a number of rounds"));
    let list = list(&std::fs::read(archive).expect("read the archive"));
    for _ in 0..rounds {
        let begun = Instant::now();
        let (read, bytes) = read_all(&list);
        println!("{read} {bytes} {}", begun.elapsed().as_micros());
    }
}

fn read_all(list: &[Plain]) -> (u64, u64) {
    let (mut read, mut bytes) = (0, 0);
    let mut buffer = vec![0; 256 << 10];
    for plain in list {
        match plain {
            // Processes have ended since; what cannot be opened is not counted.
            Plain::Link(path) => read += u64::from(std::fs::read_link(path).is_ok()),
            Plain::File(path, most) => {
                // The kernel's log would wait for its next line.
                let how = std::fs::OpenOptions::new()
                    .read(true)
                    .custom_flags(libc::O_NONBLOCK)
                    .open(path);
                let Ok(mut file) = how else { continue };
                let mut of_file = 0;
                while of_file < *most {
                    match file.read(&mut buffer) {
                        Ok(n) if n > 0 => of_file += n as u64,
                        _ => break,
                    }
                }
                read += 1;
                bytes += of_file;
            }
        }
    }
    (read, bytes)
}

/// What was collected, in the order of the archive; each path once.
fn list(archive: &[u8]) -> Vec<Plain> {
    let reader = Reader::new(archive.to_vec(), Limits::default()).expect("a readable archive");
    let mut list = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |path: &str, outcome: Outcome, bytes: u64| {
        if !outcome.has_content() || !seen.insert(path.to_owned()) {
            return;
        }
        let path = Path::new("/").join(path);
        let Ok(meta) = path.symlink_metadata() else { return };
        list.push(match outcome {
            _ if meta.is_symlink() && !path.starts_with("/proc/net") => Plain::Link(path),
            Outcome::Truncated => Plain::File(path, bytes),
            _ => Plain::File(path, u64::MAX),
        });
    };
    for i in 0..reader.frames() {
        let frame = reader.frame(i).expect("a sound frame");
        for (name, at) in &frame.entries {
            let path = names::split_part(name).map_or(name.as_str(), |(path, _)| path);
            let content = frame.bytes(at);
            if path == "commands/sysctl_-a" {
                for line in String::from_utf8_lossy(content).lines() {
                    let key = line.split(" = ").next().unwrap_or_default();
                    add(&format!("proc/sys/{}", key.replace('.', "/")), Outcome::Collected, 0);
                }
            }
            let Some(family) = path.strip_prefix("packs/") else { continue };
            for record in pack::records(content).map(|record| record.expect("a sound record")) {
                let bytes = record.content.len() as u64;
                add(&path_of(family, &record.key), record.outcome, bytes);
            }
        }
        for line in frame.journal.expect("a journal").lines {
            let made = ["packs/", "probes/", "commands/", "names/", "samples/"];
            if !made.iter().any(|start| line.path.starts_with(start)) {
                add(&line.path, line.outcome, line.bytes);
            }
        }
    }
    list
}

/// The file that a record of a pack was read from.
fn path_of(family: &str, key: &str) -> String {
    match (family.split_once('/'), key.split_once('/')) {
        (Some(("proc-pid", kind)), Some((pid, name))) => format!("proc/{pid}/{kind}/{name}"),
        (Some(("proc-pid", kind)), None) => format!("proc/{key}/{kind}"),
        (Some(("proc-task", kind)), Some((pid, tid))) => format!("proc/{pid}/task/{tid}/{kind}"),
        (Some((top, _)), _) => format!("{top}/{key}"),
        (None, _) => panic!("an unknown pack: {family}"),
    }
}
