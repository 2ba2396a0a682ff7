//! What keeps the collection from hurting anybody, by its causes: how long it hurts is measured by
//! `benches/hurts-nobody`, since a test has no business with a stopwatch.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use linsight_archive::Outcome;

use crate::collect::support::{Archive, Ends, collect, has, wait};

/// Starts a load of `benches/load.c` and waits until it is there; it ends with the value.
fn load(test: &str, dir: &Path, kind: &str, n: u32) -> Option<Ends> {
    if !has(test, "cc") {
        return None;
    }
    let program = dir.join("load");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/load.c");
    let cc = Command::new("cc").arg("-O1").arg("-o").arg(&program).arg(source).spawn();
    assert!(wait(cc.unwrap()).success());
    let mut command = Command::new(program);
    command.args([kind, &n.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Ends(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line == "ready\n" {
        return Some(child);
    }
    eprintln!("SKIPPED {test}: no load of {n} {kind} here: {line:?}");
    None
}

/// Peak resident memory of the collector and of its largest child together.
fn peak_mib(archive: &Archive) -> u64 {
    (archive.end().peak_rss_bytes + archive.end().peak_child_rss_bytes) >> 20
}

#[test]
fn a_process_too_large_to_be_walked_gently_is_not_walked() {
    let test = "a_process_too_large_to_be_walked_gently_is_not_walked";
    let dir = tempfile::tempdir().unwrap();
    let Some(large) = load(test, dir.path(), "resident", 4096) else { return };
    let pid = large.0.id().to_string();
    let words = ["--duration", "0", "--only", "process,mm"];
    let (_, gentle) = collect(&words);
    let (_, deep) = collect(&[&words[..], &["--deep"]].concat());
    let outcome = |archive: &Archive, kind: &str, pid: &str| {
        archive.record(&format!("packs/proc-pid/{kind}"), pid).unwrap().outcome
    };
    let line = gentle.line("packs/proc-pid/smaps_rollup");
    let reason = line.reason.clone().unwrap_or_default();
    assert!(reason.contains("--deep") && reason.contains("stall"), "{reason}");
    assert!(line.records[&Outcome::Skipped] >= 1, "{line:?}");
    assert_eq!(outcome(&gentle, "smaps_rollup", &pid), Outcome::Skipped);
    assert_eq!(outcome(&deep, "smaps_rollup", &pid), Outcome::Collected);
    // What costs it nothing is there, and so is what others have.
    assert_eq!(outcome(&gentle, "status", &pid), Outcome::Collected);
    let own = std::process::id().to_string();
    assert_eq!(outcome(&gentle, "smaps_rollup", &own), Outcome::Collected);
}

#[test]
fn thousands_of_processes_cost_little_memory_and_each_has_its_record() {
    let test = "thousands_of_processes_cost_little_memory_and_each_has_its_record";
    let dir = tempfile::tempdir().unwrap();
    let Some(many) = load(test, dir.path(), "processes", 2500) else { return };
    // Above 2,000 processes a sample holds the largest only, and all of them every 5 s.
    let (status, archive) = collect(&["--duration", "6s", "--interval", "1s"]);
    drop(many);
    assert_eq!(status.code(), Some(0));
    assert!(peak_mib(&archive) <= 32, "{} MiB", peak_mib(&archive));
    let records = |path: &str| archive.records(path).len();
    for path in ["packs/proc-pid/stat", "packs/proc-pid/statm", "packs/proc-pid/cmdline"] {
        assert!(records(path) > 2500, "{path}: {}", records(path));
    }
    assert!(records("samples/2/packs/proc-pid/statm") <= 500);
    let all = (1..=archive.end().samples)
        .filter(|n| records(&format!("samples/{n}/packs/proc-pid/statm")) > 2500);
    assert_eq!(all.count(), 1);
}
