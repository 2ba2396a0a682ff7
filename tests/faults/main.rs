//! Faults on the live kernel: a program of `samples/` provokes one, the collector collects, and the
//! analyzer must name the rule, the severity and the culprit, and nothing else that the fault does
//! not explain.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts a program of `samples/`; cargo builds them as examples of the analyzer.
fn sample(name: &str) -> Program {
    let path = Path::new(env!("CARGO_BIN_EXE_linsight")).with_file_name("examples").join(name);
    Program(Command::new(&path).spawn().unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the program it tests")]
fn run(command: &mut Command) -> Output {
    let done = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

/// Collects this host and returns the analysis as JSON, with the archive's path.
fn collect_and_analyze(dir: &Path, duration: &str) -> (String, Value) {
    let linsight = Path::new(env!("CARGO_BIN_EXE_linsight"));
    let archive = dir.join("a.tar.zst").display().to_string();
    let collector = linsight.with_file_name("linsight-collect");
    run(Command::new(collector).args(["-o", &archive, "--quiet", "--duration", duration]));
    let done =
        run(Command::new(linsight).args(["analyze", &archive, "--format", "json", "-o", "-"]));
    let json = serde_json::from_slice(&done.stdout).expect("the report is JSON");
    (archive, json)
}

/// `(rule, subject, severity, whole finding)` of every finding above info. The load of the machine
/// that runs the tests is left out: other tests and compilers may keep it busy, and a finding that
/// says so is right.
fn findings(report: &Value) -> Vec<(String, String, String, &Value)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .expect("a list of findings")
        .iter()
        .filter(|f| f["severity"] != "info" && f["rule"] != "load.composition")
        .map(|f| (text(&f["rule"]), text(&f["subject"]), text(&f["severity"]), f))
        .collect()
}

#[test]
fn the_books_leak_is_named_with_its_mapping_and_a_way_to_dump_it() {
    let dir = tempfile::tempdir().unwrap();
    let leak = sample("book-leak");
    let (archive, report) = collect_and_analyze(dir.path(), "60s");
    let found = findings(&report);
    let [(rule, subject, severity, finding)] = found.as_slice() else {
        panic!("{archive}: one finding expected: {found:#?}");
    };
    assert_eq!((rule.as_str(), severity.as_str()), ("leak.virtual-growth", "warning"));
    assert!(subject.starts_with("book-leak"), "{subject}");
    let told = finding.to_string();
    assert!(told.contains(&format!("gdb -p {} ", leak.0.id())), "{told}");
    assert!(told.contains("dump memory"), "{told}");
}
