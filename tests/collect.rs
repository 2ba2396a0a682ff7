//! The collector as a user runs it: what it writes, how it ends, and what it survives.

#![cfg(test)]
#![allow(
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "waits for what it starts; modules of one test"
)]

mod collect {
    pub mod bare;
    pub mod endings;
    pub mod gentle;
    pub mod obstacles;
    pub mod support;
    pub mod unchanged;
}

use std::collections::BTreeSet;
use std::process::Command;

use collect::support::{self, Ends, collect, collector, has, is_root, stream, wait};
use linsight_archive::Outcome;

#[test]
fn an_archive_holds_start_set_samples_and_end_set() {
    let (status, archive) =
        collect(&["--duration", "1s", "--interval", "300ms", "--note", "k=v=w"]);
    assert_eq!(status.code(), Some(0));
    assert_eq!(archive.header.notes["k"], "v=w");
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
    let end = archive.end();
    assert_eq!(end.ended_early, None);
    assert!((1..=4).contains(&end.samples), "{}", end.samples);
    assert!(archive.text("samples/1/proc/stat").starts_with("cpu "));
    assert!(end.cpu_us > 0 && end.peak_rss_bytes > 0 && end.peak_child_rss_bytes > 0);
    assert!(!end.slowest.is_empty() && end.abandoned.is_empty());

    // The collector finds itself among the processes, and says that it is one of its own.
    let own = archive.header.pid.to_string();
    let stat = archive.record("packs/proc-pid/stat", &own).unwrap();
    assert!(stat.content.starts_with(own.as_bytes()));
    assert!(archive.text("samples/1/probes/own_pids").lines().any(|pid| pid == own));
    assert!(archive.record("packs/proc-task/stat", &format!("{own}/{own}")).is_some());

    // The end set stands behind the last sample.
    let last = format!("samples/{}", end.samples + 1);
    assert!(archive.entries.contains_key(&format!("{last}/proc/interrupts")));
    assert!(!archive.entries.contains_key(&format!("{last}/proc/meminfo")));
    let first = archive.line("proc/stat").mono_us;
    assert!(archive.line("samples/1/proc/stat").mono_us > first);
}

#[test]
fn a_process_that_runs_is_load_in_the_samples_and_one_that_sleeps_is_not() {
    let start = |script: &str| Ends(Command::new("sh").args(["-c", script]).spawn().unwrap());
    let (runs, sleeps) = (start("while :; do :; done"), start("exec sleep 100"));
    let words = ["--duration", "800ms", "--interval", "100ms", "--only", "process"];
    let (_, archive) = collect(&words);
    let counted = |child: &Ends| {
        let key = format!("{0}/{0}", child.0.id());
        let paths =
            (1..=archive.end().samples).map(|n| format!("samples/{n}/packs/proc-task/stat"));
        let there = paths.filter(|path| archive.entries.contains_key(path));
        there.filter_map(|path| archive.record(&path, &key).map(|r| r.content.to_vec())).collect()
    };
    let (running, sleeping): (Vec<_>, Vec<_>) = (counted(&runs), counted(&sleeps));
    assert!(running.len() >= 3 && sleeping.is_empty(), "{} {}", running.len(), sleeping.len());
    assert!(running.iter().all(|stat| String::from_utf8_lossy(stat).contains(") R ")));
    // The start set has both.
    for child in [&runs, &sleeps] {
        let pid = child.0.id();
        assert!(archive.record("packs/proc-task/stat", &format!("{pid}/{pid}")).is_some());
    }
}

#[test]
fn kernel_parameters_are_as_sysctl_prints_them() {
    let (_, archive) = collect(&["--duration", "0", "--only", "sysctl"]);
    let text = archive.text("commands/sysctl_-a");
    let pid_max = std::fs::read_to_string("/proc/sys/kernel/pid_max").unwrap();
    assert!(text.contains(&format!("\nkernel.pid_max = {}", pid_max.trim_end())));
    assert!(!text.contains("stat_refresh") && !text.contains("random.uuid"));
    assert!(text.lines().count() > 200, "{} parameters", text.lines().count());
}

#[test]
fn every_row_of_the_plan_has_an_outcome() {
    let list = collector().arg("--list").stdout(std::process::Stdio::piped()).spawn().unwrap();
    let list = String::from_utf8(list.wait_with_output().unwrap().stdout).unwrap();
    let rows: Vec<Vec<&str>> = list.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    let (_, archive) = collect(&["--duration", "300ms", "--interval", "100ms"]);
    let bare: BTreeSet<&str> =
        archive.journal.keys().map(|path| linsight_archive::names::split_sample(path).1).collect();
    let mut checked = 0;
    for row in rows.iter().filter(|row| !row[0].is_empty()) {
        let (path, group, when) = (row[0], row[1], row[2]);
        // Threads that hang and tools that are absent have nothing to tell.
        if (path.starts_with("packs/proc-task/") && when == "target") || group == "commands" {
            continue;
        }
        let fixed = path.split(['*', '{']).next().unwrap();
        let journaled =
            bare.contains(path) || bare.iter().any(|p| p.starts_with(fixed) && *p != fixed);
        assert!(journaled, "{path} has no outcome");
        checked += 1;
    }
    assert!(checked > 100, "{checked} rows");
}

#[test]
fn a_group_that_is_skipped_says_so() {
    let (_, archive) = collect(&["--duration", "0", "--only", "memory"]);
    assert_eq!(archive.line("proc/meminfo").outcome, Outcome::Collected);
    assert_eq!(archive.line("proc/loadavg").outcome, Outcome::Skipped);
    assert!(archive.line("proc/loadavg").reason.as_ref().unwrap().contains("--only"));
}

#[test]
fn the_stream_holds_what_the_file_does() {
    let (_, file) = collect(&["--duration", "0"]);
    let mut command = collector();
    command.args(["-o", "-", "--duration", "0"]);
    let (status, streamed, said) = stream(command);
    assert_eq!(status.code(), Some(0));
    assert!(said.contains("Streamed the archive"), "{said}");
    // What comes and goes between two runs on a living host is left out: threads in D, other tests'
    // network namespaces.
    let comes_and_goes =
        |path: &str| path.starts_with("packs/proc-task/") || path.starts_with("probes/");
    let outcomes = |archive: &support::Archive| -> Vec<(String, Outcome)> {
        let lines = archive.journal.iter().filter(|(path, _)| !comes_and_goes(path));
        lines.map(|(path, line)| (path.clone(), line.outcome)).collect()
    };
    assert_eq!(outcomes(&file), outcomes(&streamed));
}

#[test]
fn the_usual_tools_read_the_archive() {
    let test = "the_usual_tools_read_the_archive";
    if !has(test, "zstd") || !has(test, "tar") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.tar.zst");
    let child = collector().arg("-q").arg("-o").arg(&file).args(["--duration", "0"]).spawn();
    assert!(wait(child.unwrap()).success());
    let zstd = Command::new("zstd").arg("-tq").arg(&file).spawn().unwrap();
    assert!(wait(zstd).success());
    let script = format!("tar --zstd -tf {} | grep -qx proc/meminfo", file.display());
    assert!(wait(Command::new("sh").args(["-c", &script]).spawn().unwrap()).success());
}

#[test]
fn the_archive_is_new_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let run = |file: &str| {
        let path = dir.path().join(file);
        wait(collector().args(["-q", "--duration", "0", "-o"]).arg(path).spawn().unwrap()).code()
    };
    assert_eq!(run("new"), Some(0));
    let mode = std::fs::metadata(dir.path().join("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(run("new"), Some(2), "an existing file is overwritten");
    std::os::unix::fs::symlink(dir.path().join("target"), dir.path().join("link")).unwrap();
    assert_eq!(run("link"), Some(2), "a link is followed");
    assert!(!dir.path().join("target").exists());
}

#[test]
fn secrets_of_command_lines_do_not_reach_the_archive() {
    let secret = "kF7pXw2qLm9z";
    let script = "sleep 60; : --password";
    let child =
        Command::new("sh").args(["-c", script, "x", &format!("--password={secret}")]).spawn();
    let child = Ends(child.unwrap());
    let (_, archive) = collect(&["--duration", "0", "--only", "process"]);
    let pid = child.0.id().to_string();
    let record = archive.record("packs/proc-pid/cmdline", &pid).unwrap();
    let line = String::from_utf8_lossy(record.content);
    assert!(line.contains("--password=") && line.contains("sleep 60"), "{line}");
    assert!(!archive.holds(secret));
    assert!(archive.line("packs/proc-pid/cmdline").masked > 0 && archive.end().masked > 0);

    let (_, archive) = collect(&["--duration", "0", "--only", "process", "--cmdline", "none"]);
    assert_eq!(archive.line("packs/proc-pid/cmdline").outcome, Outcome::Skipped);
}

#[test]
fn a_dry_run_writes_nothing_and_names_what_it_would_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = collector();
    command.arg("--dry-run").current_dir(dir.path()).stdout(std::process::Stdio::piped());
    let out = command.spawn().unwrap().wait_with_output().unwrap();
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("would read\tsample\tproc/meminfo\n"), "{text}");
    assert!(text.contains("would read\tonce\tproc/sys/kernel/pid_max\n"));
    assert!(!text.contains("stat_refresh"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_ordinary_user_gets_an_archive_that_says_what_is_missing() {
    let test = "an_ordinary_user_gets_an_archive_that_says_what_is_missing";
    if !is_root(test) || !has(test, "setpriv") {
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(env!("CARGO_BIN_EXE_linsight-collect")).args(["-o", "-", "--duration", "0"]);
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(archive.header.euid, 65534);
    assert_eq!(archive.line("proc/slabinfo").outcome, Outcome::Denied);
    assert!(
        said.contains("/proc/slabinfo") && said.contains("permission denied; run as root"),
        "{said}"
    );
    // Process 1 belongs to root: its public files are there, its private ones were not opened.
    assert_eq!(archive.record("packs/proc-pid/stat", "1").unwrap().outcome, Outcome::Collected);
    assert_eq!(archive.record("packs/proc-pid/io", "1").unwrap().outcome, Outcome::Denied);
    assert!(archive.line("packs/proc-pid/fd").records[&Outcome::Denied] > 0);
}
