//! Runs faults together, collects once, and compares what the analyzer says with what each fault
//! should have brought: every expected finding, and nothing above info that no fault explains.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::others::{Meanwhile, Others};
use crate::place::{Guard, is_v2};

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
    /// What of it may name a program: subject, title and sentence.
    words: String,
    /// It tells of the last day: `24h`.
    of_the_day: bool,
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

/// Collects this host.
fn collect(name: &str, look: &Look<'_>) -> String {
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
    archive
}

/// What the analysis finds in an archive, info included.
fn analyze(archive: &str, look: &Look<'_>) -> Vec<Found> {
    let mut analyze = Command::new(program("linsight"));
    let done =
        run(analyze.args(["analyze", archive, "--format", "json", "-o", "-"]).args(look.told));
    let report: Value = serde_json::from_slice(&done.stdout).expect("the report is JSON");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().expect("a list of findings").iter();
    found
        .map(|f| Found {
            rule: text(&f["rule"]),
            subject: text(&f["subject"]),
            severity: text(&f["severity"]),
            told: f.to_string(),
            of_the_day: f["evidence"] == "24h",
            words: [text(&f["subject"]), text(&f["title"]), text(&f["says"])].join(" "),
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
/// own, and they are right. What its kernel logged in the last day is among them as info, too: it
/// weighs more once newer messages push half of it out of the ring.
fn of_the_host() -> &'static BTreeSet<(String, String)> {
    static OWN: OnceLock<BTreeSet<(String, String)>> = OnceLock::new();
    OWN.get_or_init(|| {
        let look = Look { seconds: 20, told: &[] };
        let found = analyze(&collect("host", &look), &look);
        let own = found.into_iter().filter(|f| f.severity != "info" || f.of_the_day);
        own.map(|f| (f.rule, f.subject)).collect()
    })
}

/// Rules of faults that have run: what the kernel logged of them is told for a day.
static EARLIER: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// What is said of all processors together: on a machine where other programs compute, by them too.
const OF_ALL_CPUS: [&str; 5] =
    ["load.composition", "load.per-core", "cpu.saturated", "psi.pressure", "cpu.steal"];

/// What of it looks back for a quarter of an hour.
const OF_LOAD: [&str; 2] = ["load.composition", "load.per-core"];

/// Runs faults together and compares. One batch at a time: they share the machine.
///
/// # Errors
/// What went otherwise than expected, with the table.
pub fn judge(batch: &str, faults: &[Fault], how: &Look<'_>) -> Result<(), String> {
    static ALONE: Mutex<()> = Mutex::new(());
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "faults need root");
        println!("SKIPPED: {batch}: namespaces and control groups of its own need root");
        return Ok(());
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let own = of_the_host();
    let begin = Others::now(&[]);
    let running: Vec<Guard> = faults.iter().flat_map(|f| (f.start)()).collect();
    let groups: Vec<u32> = running.iter().map(Guard::group).collect();
    let before = Others::now(&groups).with_loads_of(&begin);
    let archive = collect(batch, how);
    let meanwhile = Others::now(&groups).since(&before);
    drop(running);
    let found = analyze(&archive, how);
    let mut table = Table::of(faults, &found);
    let mut earlier = EARLIER.lock().unwrap_or_else(PoisonError::into_inner);
    table.unexplained(
        faults,
        &found,
        &|f| {
            own.contains(&(f.rule.clone(), f.subject.clone()))
                || f.of_the_day && earlier.contains(f.rule.as_str())
        },
        &meanwhile,
    );
    earlier.extend(faults.iter().flat_map(|f| f.expects.iter().map(|e| e.rule)));
    drop(earlier);
    for fault in faults {
        for told in fault.tells {
            let (path, value) = told.split_once('=').expect("a fact and its value");
            table.fact(fault, path, value, &fact(batch, path));
        }
    }
    let text = table.print(batch, &meanwhile);
    println!("{text}");
    if table.wrong.is_empty() {
        return Ok(());
    }
    let note = if meanwhile.disturb() { "run it again on a quiet machine: " } else { "" };
    Err(format!("{text}{note}{}", table.wrong.join("\n")))
}

/// Groups of version 2 tell how long their tasks waited for a CPU: there a quota is known to be felt.
fn severity_here(e: &Expected) -> &'static str {
    let is_told = is_v2() && Path::new("/proc/pressure/cpu").exists();
    if e.rule == "cgroup.cpu-throttled" && is_told { "warning" } else { e.severity }
}

/// The table fault x expected x got, and what is wrong.
#[derive(Default)]
struct Table {
    rows: String,
    wrong: Vec<String>,
    expected: usize,
    met: usize,
    unexplained: usize,
    of_others: usize,
}

impl Table {
    fn of(faults: &[Fault], found: &[Found]) -> Self {
        let mut table = Self::default();
        for fault in faults {
            for e in fault.expects {
                table.expectation(fault, e, found);
            }
            if fault.expects.is_empty() && fault.tells.is_empty() {
                table.row(fault.name, "", "nothing", "", "");
            }
        }
        table
    }

    fn row(&mut self, fault: &str, what: &str, expected: &str, got: &str, verdict: &str) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.rows, "{fault:34} {what:38} {expected:9} {got:9} {verdict}");
    }

    fn count(&mut self, right: bool, wrong: impl FnOnce() -> String) -> &'static str {
        self.expected += 1;
        if right {
            self.met += 1;
            return "ok";
        }
        self.wrong.push(wrong());
        "WRONG"
    }

    fn expectation(&mut self, fault: &Fault, e: &Expected, found: &[Found]) {
        let of_rule: Vec<&Found> =
            found.iter().filter(|f| f.rule == e.rule && f.subject.contains(e.culprit)).collect();
        let got = of_rule.iter().map(|f| f.severity.as_str()).collect::<Vec<_>>().join(", ");
        let tells = |f: &Found| e.says.iter().all(|s| f.told.contains(s));
        let severity = severity_here(e);
        let right = of_rule.iter().any(|f| f.severity == severity && tells(f));
        let verdict = self.count(right, || {
            let (name, rule) = (fault.name, e.rule);
            format!(
                "{name}: {rule} {severity} of {:?} that says {:?} expected, got {of_rule:?}",
                e.culprit, e.says
            )
        });
        let got = if got.is_empty() { "-" } else { &got };
        self.row(fault.name, e.rule, severity, got, verdict);
    }

    fn fact(&mut self, fault: &Fault, path: &str, value: &str, got: &str) {
        let verdict =
            self.count(got == value, || format!("{}: {path} is {got}, not {value}", fault.name));
        self.row(fault.name, path, value, got, verdict);
    }

    /// What is above info and nobody expects: false, unless other programs have caused it.
    fn unexplained(
        &mut self,
        faults: &[Fault],
        found: &[Found],
        known: &dyn Fn(&Found) -> bool,
        meanwhile: &Meanwhile,
    ) {
        for f in found.iter().filter(|f| f.severity != "info") {
            let expected = |fault: &Fault| {
                fault.explains.contains(&f.rule.as_str())
                    || fault
                        .expects
                        .iter()
                        .any(|e| e.rule == f.rule && f.subject.contains(e.culprit))
            };
            if known(f) || faults.iter().any(expected) {
                continue;
            }
            let rule = f.rule.as_str();
            let of_all = OF_ALL_CPUS.contains(&rule) && meanwhile.disturb()
                || OF_LOAD.contains(&rule) && meanwhile.left_load();
            let named = meanwhile.named_in(&f.words);
            if of_all || named.is_some() {
                let verdict = format!("OTHER {}: {}", named.unwrap_or("programs"), f.subject);
                self.of_others += 1;
                self.row("", &f.rule, "-", &f.severity, &verdict);
            } else {
                self.unexplained += 1;
                self.row("", &f.rule, "-", &f.severity, &format!("FALSE {}", f.subject));
                self.wrong.push(format!("nobody caused {}: {}", f.rule, f.words));
            }
        }
    }

    fn print(&self, batch: &str, meanwhile: &Meanwhile) -> String {
        let (rows, met, expected) = (&self.rows, self.met, self.expected);
        let head = format!("{:34} {:38} {:9} {:9}", "fault", "rule or fact", "expected", "got");
        format!(
            "batch {batch}\n{head}\n{rows}recall {met} of {expected}; false findings {}; of other programs {}; {meanwhile}\n",
            self.unexplained, self.of_others
        )
    }
}
