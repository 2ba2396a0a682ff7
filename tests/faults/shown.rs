//! `docs/shown.md`: where each rule was seen to fire. It is made from what the tests expect, so it
//! cannot claim more: the faults of this folder, the virtual machines of `tests/vm`, the recorded
//! archives, and the tests in the rule files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use linsight::rules::{Rule, RuleSet};

use crate::BATCHES;
use crate::judged::JUDGED;

/// Why neither the live kernel nor a virtual machine shows a rule.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("cpu.frequency", "needs cpufreq: no hypervisor of ours hands it to its guests"),
    ("cpu.steal", "comes from a hypervisor that is short of CPUs; a guest cannot provoke it"),
    ("hw.mce-edac", "needs real memory that fails; applies to hardware only"),
    ("hw.mem.dimm-sum-mismatch", "applies to hardware only: a guest's DIMMs are made up"),
    ("hw.nic.errors", "needs a network card that loses frames; emulated ones do not"),
    ("irq.imbalance", "needs a card with several queues, four CPUs and 5000 interrupts a second"),
    ("kernel.entropy", "kernels before 5.6 only; the oldest that Debian still hands out is 5.10"),
    (
        "tcp.tw-recycle-enabled",
        "kernels before 4.12 only; the oldest that Debian still hands out is 5.10",
    ),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What was shown of a rule, by severity: where.
type Shown = BTreeMap<(String, &'static str), Vec<String>>;

/// A severity as the table has it, the worst first.
const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];

fn severity(word: &str) -> &'static str {
    SEVERITIES.into_iter().find(|s| *s == word).unwrap_or_else(|| panic!("severity {word}"))
}

/// The faults of the live kernel.
fn live() -> Shown {
    let mut shown = Shown::new();
    for (test, batch) in BATCHES {
        for fault in batch.faults() {
            for e in fault.expects {
                let key = (e.rule.to_owned(), severity(e.severity));
                let places = shown.entry(key).or_default();
                let place = format!("{} (`{test}`)", fault.name);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    shown
}

/// Lines `finding SEVERITY RULE` of the virtual machines' scenarios.
fn machines() -> Shown {
    let mut shown = Shown::new();
    let dir = std::fs::read_dir(root().join("tests/vm/scenarios")).expect("scenarios");
    let mut files: Vec<_> = dir.map(|e| e.expect("a scenario").path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a scenario");
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["finding", level, rule, ..] = words.as_slice() {
                let key = ((*rule).to_owned(), severity(level));
                shown.entry(key).or_default().push(format!("`{name}`"));
            }
        }
    }
    shown
}

/// Findings on recorded archives, each judged by hand.
fn recorded() -> Shown {
    let mut shown = Shown::new();
    for (archive, findings) in JUDGED {
        let archive = archive.split('.').next().unwrap_or(archive);
        for (finding, _) in findings {
            let words: Vec<&str> = finding.split_whitespace().collect();
            let [level, rule, ..] = words.as_slice() else { panic!("{finding}") };
            let places = shown.entry(((*rule).to_owned(), severity(level))).or_default();
            if !places.iter().any(|p| p == archive) {
                places.push(archive.to_owned());
            }
        }
    }
    shown
}

/// How tests in the file of a rule make it fire. Not how many: the document need not change with
/// every test.
fn built(rule: &Rule) -> String {
    let fires = rule.file.test.iter().filter(|t| t.get_ref().expect.get_ref().outcome.is_some());
    let (read, stated): (Vec<_>, Vec<_>) = fires.partition(|t| !t.get_ref().files.is_empty());
    let ways = [("files", !read.is_empty()), ("facts", !stated.is_empty())];
    ways.into_iter().filter(|(_, is)| *is).map(|(way, _)| way).collect::<Vec<_>>().join(", ")
}

/// One cell: what was shown of a rule.
fn cell(shown: &Shown, id: &str) -> String {
    let of = |level: &'static str| {
        let places = shown.get(&(id.to_owned(), level))?;
        Some(format!("{level}: {}", places.join(", ")))
    };
    SEVERITIES.into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

fn document(set: &RuleSet) -> String {
    let (live, machines, recorded) = (live(), machines(), recorded());
    let mut out = String::from(
        "# Where each rule was seen to fire\n\nMade from what the tests expect; do not edit \
         (`UPDATE_DOCS=1 cargo test -p linsight --test faults shown`).\n\n\
         - **live**: a fault on a real kernel, by its name, and the test of `tests/faults` that \
         provokes it;\n- **machine**: a scenario of `tests/vm`, with emulated hardware;\n\
         - **recorded**: archives of other hosts, each finding judged by hand;\n\
         - **built**: tests in the rule file that fire, from files through the real parsers, or \
         from stated facts. Every outcome and every guard of every rule has one.\n\n",
    );
    let on = |shown: &Shown, rule: &Rule| shown.keys().any(|(id, _)| *id == rule.id);
    let count = |shown: &Shown| set.rules().iter().filter(|r| on(shown, r)).count();
    let either = set.rules().iter().filter(|r| on(&live, r) || on(&machines, r)).count();
    // Writing into a string cannot fail.
    let _ = writeln!(
        out,
        "Of {} rules {} are shown live, {} in a machine, {either} in one of both, {} on recorded \
         archives.\n\n| rule | may say | live | machine | recorded | built |\n|---|---|---|---|---|---|",
        set.rules().len(),
        count(&live),
        count(&machines),
        count(&recorded),
    );
    let mut rules: Vec<&Rule> = set.rules().iter().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    for rule in &rules {
        let mut levels: Vec<&str> = rule.severities().iter().map(|s| s.as_str()).collect();
        levels.reverse();
        let cells = [&live, &machines, &recorded].map(|shown| cell(shown, &rule.id));
        let [live, machines, recorded] = cells;
        let _ = writeln!(
            out,
            "| `{}` | {} | {live} | {machines} | {recorded} | {} |",
            rule.id,
            levels.join(", "),
            built(rule),
        );
    }
    out.push_str(
        "\n## What is shown neither live nor in a machine, and why\n\n| rule | why |\n|---|---|\n",
    );
    for (rule, why) in NOT_SHOWN {
        let _ = writeln!(out, "| `{rule}` | {why} |");
    }
    out
}

#[test]
fn what_is_shown_of_each_rule_is_told() {
    let set = RuleSet::embedded().expect("the rules");
    let (live, machines, recorded) = (live(), machines(), recorded());
    let ids = set.ids();
    let keys = [&live, &machines, &recorded].into_iter().flat_map(BTreeMap::keys);
    for (rule, level) in keys {
        let rule = set.get(rule).unwrap_or_else(|| panic!("{rule} is no rule"));
        assert!(
            rule.severities().iter().any(|s| s.as_str() == *level),
            "{} never says {level}",
            rule.id
        );
    }
    let shown = |id: &str| live.keys().chain(machines.keys()).any(|(rule, _)| rule == id);
    let told = |id: &str| NOT_SHOWN.iter().any(|(rule, _)| *rule == id);
    let untold: Vec<&&str> = ids.iter().filter(|id| !shown(id) && !told(id)).collect();
    assert!(
        untold.is_empty(),
        "shown neither live nor in a machine, and nobody says why: {untold:?}"
    );
    let both: Vec<&&str> = ids.iter().filter(|id| shown(id) && told(id)).collect();
    assert!(both.is_empty(), "shown, though they are said not to be: {both:?}");
    for (rule, _) in NOT_SHOWN {
        assert!(ids.contains(rule), "{rule} is no rule");
    }
    for rule in set.rules() {
        assert!(!built(rule).is_empty(), "{}: no test of the rule fires", rule.id);
    }
    let (path, now) = (root().join("docs/shown.md"), document(&set));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &now).expect("the document");
    }
    let stands = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stands == now, "docs/shown.md: renew it: UPDATE_DOCS=1 cargo test --test faults shown");
}
