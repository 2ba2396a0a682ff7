//! The engine on small rules: verdicts, three-valued logic, order, caps.

mod bad;

use serde_json::{Value, json};

use super::*;
use crate::absence::{Absence, Reason};
use crate::facts::Table;
use crate::rules::source::Source;
use crate::severity::Severity;

const KEEPALIVE: &str = include_str!("keepalive.toml");

pub(super) fn set(files: &[(&str, &str)]) -> Result<RuleSet, String> {
    let named = |(path, text): &(&str, &str)| {
        ((*path).to_owned(), Source::new(format!("rules/{path}"), *text))
    };
    RuleSet::of(files.iter().map(named).collect())
        .map_err(|d| d.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))
}

/// A rule with one outcome on host-wide facts.
fn small(when: &str, more: &str) -> String {
    format!(
        "title = 't'\nsummary = 's'\nchapter = 1\nsince = '0.1.0'\n{more}\n\
         [[outcome]]\nname = 'o'\nseverity = 'critical'\nevidence = 'window'\nwhen = '''{when}'''\n\
         says = 'x'\n[explain]\nwhy = 'w'\nverify = 'v'\nwrong_if = 'i'\nreferences = []\n"
    )
}

fn assess(set: &RuleSet, tree: Value) -> Assessment {
    let mut absences = Table::default();
    absences.set("memory", Absence::of(Reason::Denied, "proc/meminfo", "EACCES"));
    set.assess(&Inputs::new(tree, Table::default(), absences), &Params::default())
}

fn status(when: &str, tree: Value) -> Status {
    let set = set(&[("a/b.toml", &small(when, ""))]).unwrap();
    assess(&set, tree).rules.remove(0).subjects.remove(0).status
}

#[test]
fn logs_raise_a_finding_by_one_level_and_make_none() {
    let raise = "[[raise]]\nwhen = 'load.five > 9.0'\nbecause = 'the log says so'\n";
    let text = small("load.one > 1.0", "").replace("'critical'", "'warning'") + raise;
    let set = set(&[("a/b.toml", &text)]).unwrap();
    let of = |tree| assess(&set, tree).rules.remove(0).subjects.remove(0).status;
    let finding = |tree| match of(tree) {
        Status::Fired(f) => (f.severity, f.raised.map(|r| (r.from, r.because))),
        other => panic!("{other:?}"),
    };
    let because = Some((Severity::Warning, "the log says so".to_owned()));
    assert_eq!(finding(json!({"load": {"one": 2.0, "five": 9.5}})), (Severity::Critical, because));
    assert_eq!(finding(json!({"load": {"one": 2.0, "five": 1.0}})), (Severity::Warning, None));
    assert_eq!(finding(json!({"load": {"one": 2.0}})), (Severity::Warning, None), "unknown");
    let clear = of(json!({"load": {"one": 0.5, "five": 9.5}}));
    assert!(matches!(clear, Status::Clear { .. }), "{clear:?}");
}

#[test]
fn what_has_no_meaning_here_leaves_the_rest_of_a_condition() {
    let of = |when: &str| {
        let set = set(&[("a/b.toml", &small(when, ""))]).unwrap();
        let mut absences = Table::default();
        absences.set("load.five", Absence::new(Reason::NotApplicable, "not here"));
        absences.set("load.fifteen", Absence::new(Reason::Denied, "EACCES"));
        let inputs = Inputs::new(json!({"load": {"one": 2.0}}), Table::default(), absences);
        let result = set.assess(&inputs, &Params::default()).rules.remove(0).subjects.remove(0);
        let missing = match &result.status {
            Status::NotAssessable { missing } => missing.iter().map(|m| m.path.clone()).collect(),
            _ => Vec::new(),
        };
        (state::word(&result.status), missing.join(" "))
    };
    let (clear, not_applicable) = ("clear", "not_applicable");
    let word = |when| of(when).0;
    assert_eq!(word("load.one > 9.0 || load.five > 1.0"), clear, "the first was judged");
    assert_eq!(word("load.five > 1.0 || load.one > 9.0"), clear, "in either order");
    assert_eq!(word("load.one > 1.0 && load.five > 1.0"), not_applicable, "both were asked");
    assert_eq!(word("load.five > 1.0"), not_applicable);
    assert_eq!(word("!(load.one < 9.0 && load.five < 9.0)"), clear, "the same, denied");
    assert_eq!(word("!(load.one > 9.0 || load.five > 9.0)"), not_applicable, "both were asked");
    assert_eq!(word("!(load.one > 9.0 || load.five > 9.0) || load.one > 9.0"), clear);
    assert_eq!(word("(load.one > 9.0 || load.five > 9.0) ? true : false"), not_applicable);
    assert_eq!(word("load.one > 1.0 || load.five > 1.0"), "fired");
    let lacks = ("not_assessable", "load.fifteen".to_owned());
    assert_eq!(of("load.one > 9.0 || load.five > 1.0 || load.fifteen > 1.0"), lacks);
    assert_eq!(of("load.five > 1.0 || load.fifteen > 1.0"), lacks, "what would tell, alone");
}

#[test]
fn a_guard_without_a_meaning_here_leaves_no_doubt() {
    let of = |reason| {
        let guard = "[[guard]]\nwhen = 'load.five > 1.0'\nsays = 'g'\n";
        let set = set(&[("a/b.toml", &small("load.one > 1.0", guard))]).unwrap();
        let mut absences = Table::default();
        absences.set("load.five", Absence::new(reason, "why"));
        let inputs = Inputs::new(json!({"load": {"one": 2.0}}), Table::default(), absences);
        match set.assess(&inputs, &Params::default()).rules.remove(0).subjects.remove(0).status {
            Status::Fired(f) => (f.confidence, f.confidence_because.len()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(Reason::Denied), ("medium".to_owned(), 1));
    assert_eq!(of(Reason::NotApplicable), ("high".to_owned(), 0));
}

#[test]
fn the_tests_of_a_rule_file_run() {
    let set = set(&[("tcp/keepalive.toml", KEEPALIVE)]).unwrap();
    let tested = testing::run(&set);
    let failed: Vec<String> =
        tested.iter().filter_map(|t| t.failure.as_ref()).map(ToString::to_string).collect();
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(tested.len(), 5);
}

#[test]
fn a_failing_test_shows_how_the_rule_decided() {
    let text = KEEPALIVE.replace("idle_max_s = 30", "idle_max_s = 130");
    let set = set(&[("tcp/keepalive.toml", &text)]).unwrap();
    let tested = testing::run(&set);
    let failed: Vec<String> =
        tested.iter().filter_map(|t| t.failure.as_ref()).map(ToString::to_string).collect();
    insta::assert_snapshot!(failed.join("\n\n"));
}

#[test]
fn truth_has_three_values() {
    let tree = || json!({"cpu": {"online": 4}, "load": {"one": 9.5}, "nics": []});
    let fired = |when| matches!(status(when, tree()), Status::Fired(_));
    let clear = |when| matches!(status(when, tree()), Status::Clear { .. });
    assert!(fired("load.one > cpu.online"));
    assert!(fired("memory.total_bytes > 1 || load.one > 1.0"));
    assert!(fired("load.one > 1.0 || memory.total_bytes > 1"));
    assert!(clear("memory.total_bytes > 1 && load.one > 100"));
    for undecided in [
        "memory.total_bytes > 1 && load.one > 1.0",
        "load.one > 1.0 && memory.total_bytes > 1",
        "memory.total_bytes > 1 || load.one > 100.0",
        "load.one > 100.0 || memory.total_bytes > 1",
        "!(memory.total_bytes > 1)",
        "memory.total_bytes > 1 ? true : true",
    ] {
        assert!(matches!(status(undecided, tree()), Status::NotAssessable { .. }), "{undecided}");
    }
    assert!(clear("has(memory.identity.gap_bytes)"));
    assert!(clear("nics.exists(n, n.name == 'eth0')"));
    assert!(fired("has(load.five) ? load.five > 1.0 : load.one > 1.0"));
    let Status::NotAssessable { missing } =
        status("(memory.free_bytes > 1 && load.one > 100.0) || memory.total_bytes > 1", tree())
    else {
        panic!("unknown is not assessable")
    };
    let paths: Vec<&str> = missing.iter().map(|m| m.path.as_str()).collect();
    assert_eq!(paths, ["memory.total_bytes"], "only what would have decided");
    assert_eq!(missing[0].absence.reason, Reason::Denied);
    let Status::NotAssessable { missing } = status("memory.identity.gap_ratio > 0.1", tree())
    else {
        panic!("unknown is not assessable")
    };
    assert_eq!(missing[0].path, "memory.identity.gap_ratio", "named in full");
}

#[test]
fn an_evaluation_error_is_not_assessable_with_its_message() {
    let Status::NotAssessable { missing } =
        status("cpu.online / cpu.present > 1", json!({"cpu": {"online": 4, "present": 0}}))
    else {
        panic!("an error is not assessable")
    };
    assert_eq!(missing[0].absence.reason, Reason::Failed);
    assert!(missing[0].absence.detail.contains("cannot be evaluated"), "{missing:?}");
}

#[test]
fn every_read_is_in_the_record() {
    let set = set(&[("a/b.toml", &small("load.one > 2.0 && load.five > 3.0", ""))]).unwrap();
    let result = assess(&set, json!({"load": {"one": 1.0, "five": 9.0}}));
    let reasoning = &result.rules[0].subjects[0].reasoning;
    assert_eq!(reasoning.len(), 1, "the second was never read: {reasoning:?}");
    assert_eq!(reasoning[0].path, "load.one");
    assert_eq!(reasoning[0].value, Some(json!(1.0)));
    assert_eq!(reasoning[0].tests[0].condition, "load.one > 2.0");
    assert_eq!(reasoning[0].tests[0].role, "outcome o");
    assert_eq!(reasoning[0].tests[0].result, "false");
}

#[test]
fn subjects_are_distinct_and_missing_lists_are_not_assessable() {
    let each = "each = ['ns in netns', 'key in ns.port_keys']\nsubject = '{{ key.name }}'";
    let set = set(&[("a/b.toml", &small("key.used > 1", each))]).unwrap();
    let result = assess(
        &set,
        json!({"netns": [
            {"name": "host", "port_keys": [{"name": "a", "used": 1}, {"name": "a", "used": 2}]},
            {"name": "pod"},
            {"name": "empty", "port_keys": []},
        ]}),
    );
    let rule = &result.rules[0];
    let names: Vec<&str> = rule.subjects.iter().map(|s| s.subject.as_str()).collect();
    assert_eq!(names, ["a", "a #2", "pod"]);
    assert!(matches!(rule.subjects[0].status, Status::Clear { .. }));
    assert!(matches!(rule.subjects[1].status, Status::Fired(_)));
    assert!(matches!(rule.subjects[2].status, Status::NotAssessable { .. }));
    assert_eq!(rule.subjects[1].reasoning[0].path, "netns.0.port_keys.1.used");
    assert_eq!(rule.subjects[1].reasoning[0].name, "key.used");
    assert_ne!(rule.subjects[0].fingerprint, rule.subjects[1].fingerprint);
    let none = assess(&set, json!({"netns": []}));
    assert!(matches!(none.rules[0].subjects[0].status, Status::NotApplicable { .. }));
    let unseen = assess(
        &set,
        json!({"netns": [], "collection": {"lists": {"netns":
        {"seen": 0, "expected": 2, "gaps": ["4026 (setns: EPERM)"]}}}}),
    );
    assert!(matches!(unseen.rules[0].subjects[0].status, Status::NotAssessable { .. }));
    assert_eq!(
        unseen.rules[0].incomplete.as_deref(),
        Some("0 of 2 netns seen; not: 4026 (setns: EPERM)")
    );
}

#[test]
fn what_was_seen_is_judged_and_its_gaps_stand_beside_the_verdict() {
    let each = "each = ['ns in netns', 'key in ns.port_keys']\nsubject = '{{ key.name }}'";
    let set = set(&[("a/b.toml", &small("key.used > 1", each))]).unwrap();
    let lists = json!({"netns": {"seen": 1, "expected": 2, "gaps": ["4026 (setns: EPERM)"]}});
    let one = json!([{"name": "host", "port_keys": []}]);
    let result = assess(&set, json!({"netns": one, "collection": {"lists": lists}}));
    let rule = &result.rules[0];
    assert!(matches!(rule.subjects[0].status, Status::NotApplicable { .. }));
    assert!(rule.incomplete.as_deref().unwrap().starts_with("1 of 2"));
}

#[test]
fn one_process_that_began_too_late_does_not_take_the_verdict_on_all_others() {
    let each = "each = ['g in processes.growth']\nsubject = '{{ g.name }}'";
    let set = set(&[("a/b.toml", &small("g.resident.slope_bytes_per_s > 1.0", each))]).unwrap();
    let with = |seen: u32| {
        let lists = json!({"processes.growth": {"seen": seen, "expected": 67}});
        assess(&set, json!({"processes": {"growth": []}, "collection": {"lists": lists}}))
    };
    let most = with(66);
    assert!(matches!(most.rules[0].subjects[0].status, Status::NotApplicable { .. }));
    assert_eq!(most.rules[0].incomplete.as_deref(), Some("66 of 67 processes.growth seen"));
    assert!(matches!(with(33).rules[0].subjects[0].status, Status::NotAssessable { .. }));
}

#[test]
fn findings_of_other_rules_are_read_in_order_and_coverage_last() {
    let set = set(&[
        ("a/first.toml", &small("findings['z.last'].rank >= 3 && findings['z.last'].subjects.exists(s, s.rank == 3)", "")),
        ("a/gap.toml", &small("findings['z.lacking'].rank >= 1", "")),
        ("m/coverage.toml", &small("coverage.not_assessable == 2 && coverage.rules == 5", "")),
        ("z/lacking.toml", &small("memory.total_bytes > 1", "")),
        ("z/last.toml", &small("load.one > 1.0", "")),
    ])
    .unwrap();
    let result = assess(&set, json!({"load": {"one": 2.0}}));
    let status = |i: usize| &result.rules[i].subjects[0].status;
    assert!(matches!(status(0), Status::Fired(_)));
    let Status::NotAssessable { missing } = status(1) else { panic!("{:?}", status(1)) };
    assert_eq!(missing[0].path, "findings.z.lacking.rank");
    assert_eq!(missing[0].absence.reason, Reason::Denied);
    assert!(matches!(status(2), Status::Fired(_)), "{:?}", result.rules[2]);
    assert_eq!(result.coverage.assessable, 3);
    assert_eq!(result.coverage.not_assessable, 2);
}

#[test]
fn evidence_and_confidence_cap_the_severity() {
    let severity = |text: &str, tree: Value| {
        let z = small("load.one > 1.0", "").replace("'critical'", "'warning'");
        let set = set(&[("a/b.toml", text), ("z/z.toml", &z)]).unwrap();
        match &assess(&set, tree).rules[0].subjects[0].status {
            Status::Fired(f) => (f.severity, f.capped.as_ref().map(|c| c.from)),
            other => panic!("{other:?}"),
        }
    };
    let tree = || json!({"load": {"one": 2.0}});
    let base = small("load.one > 1.0", "");
    let with = |evidence: &str| base.replace("'window'", evidence);
    assert_eq!(severity(&base, tree()), (Severity::Critical, None));
    assert_eq!(severity(&with("'24h'"), tree()), (Severity::Warning, Some(Severity::Critical)));
    assert_eq!(severity(&with("'since_boot'"), tree()), (Severity::Info, Some(Severity::Critical)));
    assert_eq!(severity(&with("'config'"), tree()), (Severity::Info, Some(Severity::Critical)));
    let cites = small("load.one > 1.0 && findings['z.z'].rank > 0", "");
    let cites = cites.replace("'window'", "'config'");
    assert_eq!(severity(&cites, tree()), (Severity::Warning, Some(Severity::Critical)));
    let low = format!("{base}[[confidence]]\nlevel = 'low'\nwhen = 'true'\nbecause = 'b'\n");
    assert_eq!(severity(&low, tree()), (Severity::Info, Some(Severity::Critical)));
}

#[test]
fn the_rules_of_the_repository_load_and_pass_their_tests() {
    let set = RuleSet::embedded().unwrap();
    let tested = testing::run(&set);
    let failed = tested.iter().filter_map(|t| t.failure.as_ref());
    let failed: Vec<String> = failed.map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
