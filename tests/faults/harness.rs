//! Runs faults together, collects once, and compares what the analyzer says with what each fault
//! should have brought: every expected finding, and nothing above info that no fault explains.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::place::Guard;

/// A finding that a fault must bring.
#[derive(Clone, Copy)]
pub struct Expected {
    pub rule: &'static str,
    pub severity: &'static str,
    /// What its subject must contain: the culprit.
    pub culprit: &'static str,
    /// What it must tell.
    pub says: &'static [&'static str],
}

/// One fault.
pub struct Fault {
    pub name: &'static str,
    /// Sets it up; what it returns ends with the collection.
    pub start: fn() -> Vec<Guard>,
    pub expects: &'static [Expected],
    /// Rules that the fault may bring as well, because it explains them.
    pub explains: &'static [&'static str],
    /// Facts that it must bring: `load.composition.verdict=cpu`.
    pub tells: &'static [&'static str],
}

/// A finding as the report tells it.
#[derive(Debug)]
pub struct Found {
    pub rule: String,
    pub subject: String,
    pub severity: String,
    pub told: String,
}

/// How a batch of faults is looked at.
pub struct Look<'a> {
    pub seconds: u32,
    /// Arguments of the analyzer: what the operator tells.
    pub told: &'a [&'a str],
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the program it tests")]
pub fn run(command: &mut Command) -> Output {
    let done = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

/// Programs of this workspace, beside the analyzer's test build.
pub fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_linsight")).with_file_name(name)
}

/// Where archives are left when a test fails.
pub fn kept() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    std::fs::create_dir_all(&dir).expect("a directory for archives");
    dir
}

/// Collects this host and gives what the analysis found, info included.
pub fn look(name: &str, look: &Look<'_>) -> Vec<Found> {
    let archive = kept().join(format!("{name}.tar.zst")).display().to_string();
    let duration = format!("{}s", look.seconds);
    std::fs::remove_file(&archive).ok();
    run(Command::new(program("linsight-collect")).args([
        "-o",
        &archive,
        "--quiet",
        "--duration",
        &duration,
    ]));
    let mut analyze = Command::new(program("linsight"));
    let done =
        run(analyze.args(["analyze", &archive, "--format", "json", "-o", "-"]).args(look.told));
    let report: Value = serde_json::from_slice(&done.stdout).expect("the report is JSON");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().expect("a list of findings").iter();
    found
        .map(|f| Found {
            rule: text(&f["rule"]),
            subject: text(&f["subject"]),
            severity: text(&f["severity"]),
            told: f.to_string(),
        })
        .collect()
}

/// A fact of a batch's archive.
fn fact(batch: &str, path: &str) -> String {
    let archive = kept().join(format!("{batch}.tar.zst"));
    let done = run(Command::new(program("linsight")).arg("facts").arg(archive).arg(path));
    String::from_utf8_lossy(&done.stdout).trim().trim_matches('"').to_owned()
}

/// What the host shows without any fault: the machine that runs the tests may have findings of its
/// own, and they are right.
fn of_the_host() -> &'static BTreeSet<(String, String)> {
    static OWN: OnceLock<BTreeSet<(String, String)>> = OnceLock::new();
    OWN.get_or_init(|| {
        let found = look("host", &Look { seconds: 20, told: &[] });
        let own = found.into_iter().filter(|f| f.severity != "info");
        own.map(|f| (f.rule, f.subject)).collect()
    })
}

/// The host's load is shared by whatever else runs on the machine during the tests; a finding that
/// says so is right, and none of the faults is judged by it unless it expects it.
const SHARED: [&str; 5] =
    ["load.composition", "load.per-core", "cpu.saturated", "psi.pressure", "cpu.steal"];

/// Runs faults together and compares. One batch at a time: they share the machine.
pub fn judge(batch: &str, faults: &[Fault], how: &Look<'_>) {
    static ALONE: Mutex<()> = Mutex::new(());
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "faults need root");
        println!("SKIPPED: {batch}: namespaces and control groups of its own need root");
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let own = of_the_host();
    let running: Vec<Guard> = faults.iter().flat_map(|f| (f.start)()).collect();
    let found = look(batch, how);
    drop(running);
    let (mut table, mut wrong) = compare(faults, &found, own);
    for fault in faults {
        for told in fault.tells {
            let (path, value) = told.split_once('=').expect("a fact and its value");
            let got = fact(batch, path);
            let right = got == value;
            let word = if right { "ok" } else { "WRONG" };
            let _ = writeln!(table, "{:30} {path} {value} {got} {word}", fault.name);
            if !right {
                wrong.push(format!("{}: {path} is {got}, not {value}", fault.name));
            }
        }
    }
    println!("{batch}\n{table}");
    assert!(wrong.is_empty(), "{batch}: {}\n{table}", wrong.join("\n"));
}

/// The table fault x expected x got, and what is wrong.
fn compare(
    faults: &[Fault],
    found: &[Found],
    own: &BTreeSet<(String, String)>,
) -> (String, Vec<String>) {
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for fault in faults {
        for e in fault.expects {
            let of_rule: Vec<&Found> = found
                .iter()
                .filter(|f| f.rule == e.rule && f.subject.contains(e.culprit))
                .collect();
            let got = of_rule.iter().map(|f| f.severity.as_str()).collect::<Vec<_>>().join(", ");
            let tells = |f: &Found| e.says.iter().all(|s| f.told.contains(s));
            let right = of_rule.iter().any(|f| f.severity == e.severity && tells(f));
            let _ = writeln!(
                table,
                "{:30} {:38} {:9} {:9} {}",
                fault.name,
                e.rule,
                e.severity,
                if got.is_empty() { "-" } else { &got },
                if right { "ok" } else { "WRONG" }
            );
            if !right {
                wrong.push(format!(
                    "{}: {} {} of {:?} that says {:?} expected, got {:?}",
                    fault.name, e.rule, e.severity, e.culprit, e.says, of_rule
                ));
            }
        }
        if fault.expects.is_empty() {
            let _ = writeln!(table, "{:30} nothing above info", fault.name);
        }
    }
    for f in found.iter().filter(|f| f.severity != "info") {
        let expected = |fault: &Fault| {
            fault.explains.contains(&f.rule.as_str())
                || fault.expects.iter().any(|e| e.rule == f.rule && f.subject.contains(e.culprit))
        };
        let known = own.contains(&(f.rule.clone(), f.subject.clone()))
            || SHARED.contains(&f.rule.as_str())
            || faults.iter().any(expected);
        if !known {
            let _ = writeln!(table, "{:30} {:38} {:9} FALSE {}", "", f.rule, f.severity, f.subject);
            wrong.push(format!("nobody caused {} ({}): {}", f.rule, f.subject, f.told));
        }
    }
    (table, wrong)
}
