//! Our parsers and probes against the tools that everybody trusts, on live data: the tool and the
//! kernel's file (or our own probe) are read at the same moment and must say the same.
//!
//! Figures that move are read before and after the tool: what it prints lies between. Where a
//! figure may rise and fall, or the tool rounds, the tolerance stands beside the comparison with
//! its reason. A tool that is lacking is skipped, loudly; under `CI` that is a failure.

#![cfg(test)]

mod cpu;
mod disks;
mod memory;
mod network;
mod probes;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use linsight::input::{Limits, Snapshot, Source};
use linsight::parse::ParseEnv;

/// What parsing must know of this host. Its page size is asserted where it matters.
const ENV: ParseEnv = ParseEnv {
    page_size_bytes: 4096,
    ticks_per_s: 100,
    little_endian: cfg!(target_endian = "little"),
};

/// Runs a command (words parted by single blanks); `None` if there is no such program.
#[expect(clippy::disallowed_methods, reason = "a test waits for the program it runs")]
fn output(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next()?);
    command.args(words).env("LC_ALL", "C").stdin(Stdio::null());
    let done = command.output().ok()?;
    let text = [done.stdout, done.stderr].concat();
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The same for a tool that a test compares with: without it the test is skipped, and says so.
fn oracle(line: &str) -> Option<String> {
    let said = output(line);
    if said.is_none() {
        let what = format!("`{line}` cannot be run: nothing to compare with");
        assert!(std::env::var_os("CI").is_none(), "{what}");
        eprintln!("SKIPPED: {what}");
    }
    said
}

/// A file of this host's kernel; empty if there is none.
fn kernel(path: &str) -> String {
    let mut text = Vec::new();
    if let Ok(file) = File::open(path) {
        file.take(64 << 20).read_to_end(&mut text).unwrap();
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Collects a group of this host's sources, without a window.
fn collect(group: &str) -> Snapshot {
    let program = Path::new(env!("CARGO_BIN_EXE_linsight")).with_file_name("linsight-collect");
    assert!(program.exists(), "build both programs (cargo test --workspace)");
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("a.tar.zst");
    let (program, out) = (program.display(), archive.display());
    let said = output(&format!("{program} -q --only {group} --duration 0 -o {out}")).unwrap();
    assert!(archive.exists(), "{said}");
    Snapshot::open(&Source::from_arg(archive.as_os_str()), &Limits::default()).unwrap()
}

/// A counter that only rises, read before and after the tool.
#[track_caller]
fn rises(what: &str, before: u64, tool: u64, after: u64) {
    assert!((before..=after).contains(&tool), "{what}: {tool} is not in {before}..={after}");
}

/// Repeats a look (before, tool, after) until the tool's figure lies between the others, with what
/// the looking itself costs: one that rose and fell in between proves nothing, and one in another
/// unit never lies there.
#[track_caller]
fn settles(what: &str, cost: u64, mut look: impl FnMut() -> [u64; 3]) {
    let mut last = [0; 3];
    for _ in 0..50 {
        last = look();
        let [before, tool, after] = last;
        let range = before.min(after).saturating_sub(cost)..=before.max(after).saturating_add(cost);
        if range.contains(&tool) {
            return;
        }
    }
    panic!("{what}: {} is not between {} and {}, fifty times", last[1], last[0], last[2]);
}

/// A figure that rises and falls: within `slack` of what was read before and after.
#[track_caller]
fn near(what: &str, before: u64, tool: u64, after: u64, slack: u64) {
    let (low, high) = (before.min(after), before.max(after));
    let range = low.saturating_sub(slack)..=high.saturating_add(slack);
    assert!(range.contains(&tool), "{what}: {tool} is not in {range:?}");
}
