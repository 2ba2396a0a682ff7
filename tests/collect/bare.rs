//! Hosts that lack something: process numbers, files that younger kernels have, commands that
//! behave.

use std::path::{Path, PathBuf};
use std::process::Command;

use linsight_archive::Outcome;

use crate::collect::support::{collect, has, is_root, stream};

/// A control group in which one process may live, on hosts with version 1 or 2.
struct Lonely(PathBuf);

impl Lonely {
    fn new() -> Option<Self> {
        for root in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
            let dir = Path::new(root).join("linsight-lonely");
            std::fs::create_dir_all(&dir).ok();
            if std::fs::write(dir.join("pids.max"), "1").is_ok() {
                return Some(Self(dir));
            }
            std::fs::remove_dir(&dir).ok();
        }
        None
    }
}

impl Drop for Lonely {
    fn drop(&mut self) {
        std::fs::remove_dir(&self.0).ok();
    }
}

#[test]
fn in_a_control_group_that_is_full_the_harmless_files_are_read_all_the_same() {
    if !is_root("in_a_control_group_that_is_full_the_harmless_files_are_read_all_the_same") {
        return;
    }
    let Some(group) = Lonely::new() else {
        assert!(std::env::var_os("CI").is_none(), "no control group limits processes here");
        eprintln!("SKIPPED: no control group limits processes here");
        return;
    };
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo $$ > \"$1\"/cgroup.procs && exec \"$2\" -o - --duration 0", "sh"])
        .arg(&group.0)
        .arg(env!("CARGO_BIN_EXE_linsight-collect"));
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
    let fstab = archive.line("etc/fstab");
    assert_eq!(fstab.outcome, Outcome::Failed);
    assert!(fstab.reason.as_ref().unwrap().contains("no process could be started"));
}

#[test]
fn what_an_old_kernel_does_not_have_is_missing_and_no_more() {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("proc/version", "Linux version 2.6.32-754.el6.x86_64 (mock) #1 SMP\n"),
        ("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 500 kB\n"),
        ("proc/stat", "cpu 1 2 3 4 5 6 7 8 9\ncpu0 1 2 3 4 5 6 7 8 9\n"),
        ("proc/self/stat", "1 (init) S 0 1 1 0 -1 0 0\n"),
        ("proc/1/stat", "1 (init) S 0 1 1 0 -1 0 0\n"),
        ("sys/fs/.keep", ""),
    ] {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let (status, archive) = collect(&["--duration", "0", "--root", root.path().to_str().unwrap()]);
    assert_eq!(status.code(), Some(0));
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
    for path in ["proc/pressure/cpu", "packs/proc-pid/smaps_rollup", "proc/zoneinfo"] {
        assert_eq!(archive.line(path).outcome, Outcome::Missing, "{path}");
    }
    let journal = archive.end.as_ref().map(|end| end.ended_early.is_none());
    assert_eq!(journal, Some(true), "the run ends as any other");
}

#[test]
fn a_command_that_leaves_a_child_does_not_keep_the_stream_open() {
    let test = "a_command_that_leaves_a_child_does_not_keep_the_stream_open";
    if !is_root(test) || !has(test, "unshare") || !has(test, "lsblk") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let fake = dir.path().join("lsblk");
    // It ignores the friendly signal, and its child holds whatever it was given.
    let script_of_fake = "#!/bin/sh\ntrap '' TERM\nsleep 97 &\necho '{}'\n";
    std::fs::write(&fake, script_of_fake).unwrap();
    let script = "chmod 755 \"$1\"; at=$(readlink -f \"$(command -v lsblk)\")
        mount --bind \"$1\" \"$at\" && timeout 60 sh -c '\"$0\" -o - --duration 0 | cat' \"$2\"";
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&fake)
        .arg(env!("CARGO_BIN_EXE_linsight-collect"));
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "the pipe stays open: {said}");
    let of_lsblk = |path: &&String| path.starts_with("commands/lsblk");
    assert_eq!(archive.entries.keys().filter(of_lsblk).count(), 1);
    // What it has left behind ends by itself, and nobody waits for it here.
    Command::new("pkill").args(["-f", "^sleep 97$"]).status().ok();
}
