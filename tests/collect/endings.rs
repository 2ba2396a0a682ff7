//! Whatever ends a run early, the archive is readable, says why, and the exit status is 3.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::collect::support::{Archive, Ends, collect, collect_in, collector, is_root, wait};

fn pid_of(child: &std::process::Child) -> Pid {
    Pid::from_child(child)
}

#[test]
fn a_signal_ends_the_run_and_not_the_archive() {
    for (signal, name) in
        [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP")]
    {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.tar.zst");
        let child = collector()
            .arg("-o")
            .arg(&file)
            .args(["--duration", "10min"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Within the window, which is when an operator loses patience.
        while std::fs::metadata(&file).map_or(0, |m| m.len()) < 10_000 {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_process(pid_of(&child), signal).unwrap();
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{said}");
        assert!(said.contains(&format!("ended early: interrupted by {name}")), "{said}");
        let archive = Archive::open(&std::fs::read(&file).unwrap());
        assert_eq!(archive.end().ended_early.as_deref(), Some(&*format!("interrupted by {name}")));
        // Of the first frame: on a host with many processes the start set has several.
        assert!(archive.entries.contains_key("proc/version"));
    }
}

#[test]
fn the_size_limit_ends_the_run() {
    let (status, archive) = collect(&["--duration", "0", "--max-size", "300K"]);
    assert_eq!(status.code(), Some(3));
    assert!(archive.end().ended_early.as_ref().unwrap().contains("--max-size"));
    assert!(archive.end().tar_bytes < 600 << 10);
    assert!(archive.entries.contains_key("proc/version"));
}

#[test]
fn a_full_disk_ends_the_run_and_the_archive_is_whole() {
    if !is_root("a_full_disk_ends_the_run_and_the_archive_is_whole") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = |words: &[&str]| Command::new(words[0]).args(&words[1..]).arg(dir.path()).spawn();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=640k", "none"]).unwrap();
    if !wait(mounted).success() {
        eprintln!("SKIPPED a_full_disk_ends_the_run_and_the_archive_is_whole: no tmpfs");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        collect_in(dir.path(), &["--duration", "6s", "--interval", "20ms"])
    });
    assert!(wait(mount(&["umount"]).unwrap()).success());
    let (status, archive) = result.unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(archive.end().ended_early.as_ref().unwrap().contains("no space left"));
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let mut child = Ends(
        collector()
            .args(["-q", "-o", "-", "--duration", "10min"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    drop(child.0.stdout.take());
    let begun = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it goes on for nobody");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(3));
}

#[test]
fn mistakes_on_the_command_line_are_errors() {
    for words in [&["--duration", "soon"][..], &["--only", "everything"], &["-o", "/nonexistent/x"]]
    {
        let child = collector().args(words).stderr(Stdio::null()).spawn().unwrap();
        assert_eq!(wait(child).code(), Some(2), "{words:?}");
    }
}
