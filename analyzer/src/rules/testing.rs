//! The tests that stand in rule files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use toml::Spanned;

use super::diagnostics::Diagnostic;
use super::evaluate::judge;
use super::file::{self, Expect, StatedSubject};
use super::inputs::Inputs;
use super::load::RuleSet;
use super::outcome::{Finding, RuleResult, Status, SubjectResult};
use super::params::Params;
use super::rule::Rule;
use super::schema;
use super::source::Source;
use super::state::{State, word};
use crate::facts::Table;

/// One inline test and how it went.
#[derive(Debug)]
pub struct Tested {
    /// Rule.
    pub rule: String,
    /// Name of the test, or what no test of the rule shows.
    pub name: String,
    /// What went wrong.
    pub failure: Option<Diagnostic>,
    /// What the rule found in it: with its texts and commands as a report prints them.
    pub findings: Vec<Finding>,
}

/// Runs all inline tests. For each rule, an outcome that no test fires and a guard that holds in
/// no test is a failure, too, unless `no_test` gives a reason.
#[must_use]
pub fn run(set: &RuleSet) -> Vec<Tested> {
    set.rules().iter().flat_map(run_rule).collect()
}

fn run_rule(rule: &Rule) -> Vec<Tested> {
    let mut seen = Seen::default();
    let mut out: Vec<Tested> = rule
        .file
        .test
        .iter()
        .map(|test| {
            let mut findings = Vec::new();
            let failure = run_test(rule, test, &mut seen, &mut findings).err();
            let name = test.get_ref().name.get_ref().clone();
            Tested { rule: rule.id.clone(), name, failure, findings }
        })
        .collect();
    out.extend(unseen(rule, &seen));
    out
}

/// What the tests of a rule have shown.
#[derive(Default)]
struct Seen {
    outcomes: BTreeSet<String>,
    guards: BTreeSet<usize>,
}

fn unseen(rule: &Rule, seen: &Seen) -> Vec<Tested> {
    let outcomes = rule.file.outcome.iter().filter_map(|o| {
        let name = o.get_ref().name.get_ref();
        let message = format!("no test fires the outcome `{name}`");
        (!seen.outcomes.contains(name)).then(|| (name.clone(), o.get_ref().name.span(), message))
    });
    let guards = rule.file.guard.iter().enumerate().filter_map(|(i, g)| {
        let name = format!("guard {}", i + 1);
        let message = format!("{name} holds in no test");
        (!seen.guards.contains(&i)).then(|| (name, g.get_ref().when.span(), message))
    });
    let excused = |name: &str| rule.file.no_test.keys().any(|k| k.get_ref() == name);
    outcomes
        .chain(guards)
        .filter(|(name, ..)| !excused(name))
        .map(|(name, span, message)| Tested {
            rule: rule.id.clone(),
            failure: Some(
                Diagnostic::new(&rule.source, span, message)
                    .help(format!("add a test, or `\"{name}\" = \"reason\"` to [no_test]")),
            ),
            name,
            findings: Vec::new(),
        })
        .collect()
}

fn run_test(
    rule: &Rule,
    test: &Spanned<file::Test>,
    seen: &mut Seen,
    findings: &mut Vec<Finding>,
) -> Result<(), Diagnostic> {
    let written = test.get_ref();
    let inputs = inputs(rule, written)?;
    let mut state = State::new();
    for (id, stated) in &written.findings {
        state.state(id, stated_finding(stated.get_ref()));
    }
    let mut params = Params::default();
    for (name, value) in &written.set {
        let value = rule.param(name, value).map_err(|why| {
            Diagnostic::new(&rule.source, key_span(&rule.source, &test.span(), name), why)
        })?;
        params.set(&rule.id, name, value);
    }
    state.cover(&super::outcome::Coverage::default());
    let (result, guards) = judge(rule, &inputs, &state, &params);
    seen.guards.extend(guards);
    seen.outcomes.extend(fired(&result).map(|(_, f)| f.outcome.clone()));
    findings.extend(fired(&result).map(|(_, f)| f.clone()));
    compare(&result, written.expect.get_ref()).map_err(|why| {
        let message = format!("{}: {}", rule.id, written.name.get_ref());
        let expect = written.expect.span();
        let d = Diagnostic::new(&rule.source, expect.start..expect.start + 1, message);
        d.help(format!("{why}\n{}", account(&result)))
    })
}

/// The facts of a test: from its files through the parsers, then its own facts over them.
fn inputs(rule: &Rule, test: &file::Test) -> Result<Inputs, Diagnostic> {
    let facts = match &test.facts {
        Some(table) => conform(&rule.source, table)?,
        None => json!({}),
    };
    if test.files.is_empty() {
        return Ok(Inputs::new(facts, Table::default(), Table::default()));
    }
    Inputs::of_files(&test.files, &test.notes)
        .map(|inputs| inputs.with(facts))
        .map_err(|why| Diagnostic::new(&rule.source, test.name.span(), why.to_string()))
}

/// The facts of a test, brought to the schema.
pub(crate) fn conform(
    source: &Arc<Source>,
    table: &Spanned<toml::Table>,
) -> Result<Value, Diagnostic> {
    let value = toml::Value::Table(table.get_ref().clone());
    schema::facts().conform(&value, "").map_err(|unfit| {
        let span = key_span(source, &table.span(), &unfit.key);
        let d = Diagnostic::new(source, span, unfit.message);
        d.did_you_mean(&unfit.key, unfit.known.iter().map(String::as_str))
    })
}

/// Where a key stands within a part of the file; the whole part if it cannot be told.
pub(crate) fn key_span(source: &Source, within: &Range<usize>, key: &str) -> Range<usize> {
    let mut within = within.clone();
    let rest = source.text.get(within.start..).unwrap_or_default();
    if rest.starts_with("[[") {
        // The place of a table is its header: take in what stands below it.
        within.end = within.start + rest.find("\n[").unwrap_or(rest.len());
    }
    let text = source.text.get(within.clone()).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let found = text.match_indices(key).map(|(i, _)| i).find(|i| {
        let before = text.get(..*i).unwrap_or_default();
        let after = text.get(i + key.len()..).unwrap_or_default();
        !before.ends_with(is_word)
            && !after.starts_with(is_word)
            && after.trim_start_matches(['"', '\'']).trim_start().starts_with(['=', '.'])
    });
    match found {
        Some(i) => within.start + i..within.start + i + key.len(),
        None => within,
    }
}

fn stated_finding(stated: &file::Stated) -> Value {
    let mut entry = Map::new();
    let status = stated.status.clone().unwrap_or_else(|| by_rank(stated.rank).to_owned());
    entry.insert("status".to_owned(), status.into());
    if let Some(rank) = stated.rank {
        entry.insert("rank".to_owned(), rank.into());
    }
    let subjects = stated.subjects.iter().map(|s| {
        let (name, rank, outcome) = match s {
            StatedSubject::Name(name) => (name, stated.rank, None),
            StatedSubject::Full(s) => (&s.name, s.rank, s.outcome.clone()),
        };
        let mut entry = Map::new();
        entry.insert("name".to_owned(), name.clone().into());
        entry.insert("status".to_owned(), by_rank(rank).into());
        entry.extend(rank.map(|r| ("rank".to_owned(), r.into())));
        entry.extend(outcome.map(|o| ("outcome".to_owned(), o.into())));
        Value::Object(entry)
    });
    entry.insert("subjects".to_owned(), subjects.collect());
    Value::Object(entry)
}

const fn by_rank(rank: Option<i64>) -> &'static str {
    match rank {
        Some(1..) => "fired",
        Some(_) => "clear",
        None => "not_assessable",
    }
}

fn fired(result: &RuleResult) -> impl Iterator<Item = (&SubjectResult, &Finding)> {
    result.subjects.iter().filter_map(|s| match &s.status {
        Status::Fired(finding) => Some((s, &**finding)),
        _ => None,
    })
}

/// What differs from the expectation, if anything does.
fn compare(result: &RuleResult, expect: &Expect) -> Result<(), String> {
    let meant: Vec<&SubjectResult> = result
        .subjects
        .iter()
        .filter(|s| expect.subject.as_ref().is_none_or(|name| *name == s.subject))
        .collect();
    if meant.is_empty() {
        let names: Vec<&str> = result.subjects.iter().map(|s| s.subject.as_str()).collect();
        return Err(format!("no such subject; there is {}", names.join(", ")));
    }
    let Some(outcome) = &expect.outcome else { return compare_status(&meant, expect) };
    let mut why = format!("came out {}", statuses(&meant));
    for subject in &meant {
        if let Status::Fired(f) = &subject.status
            && f.outcome == *outcome.get_ref()
        {
            match compare_finding(f, expect) {
                Ok(()) => return Ok(()),
                Err(e) => why = e,
            }
        }
    }
    Err(why)
}

fn statuses(meant: &[&SubjectResult]) -> String {
    let one = |s: &&SubjectResult| match &s.status {
        Status::Fired(f) => format!("outcome `{}`", f.outcome),
        Status::NotAssessable { missing } => {
            let lacks: Vec<String> =
                missing.iter().take(3).map(|m| format!("{} {}", m.path, m.absence)).collect();
            format!("not_assessable ({})", lacks.join("; "))
        }
        other => word(other).to_owned(),
    };
    meant.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn compare_finding(f: &Finding, expect: &Expect) -> Result<(), String> {
    if let Some(severity) = &expect.severity
        && severity.get_ref() != f.severity.as_str()
    {
        let capped = f.capped.as_ref().map_or_else(String::new, |c| format!(" ({})", c.because));
        return Err(format!("the severity is {}{capped}", f.severity.as_str()));
    }
    if let Some(confidence) = &expect.confidence
        && *confidence.get_ref() != f.confidence
    {
        let because = f.confidence_because.join("; ");
        return Err(format!("the confidence is {} ({because})", f.confidence));
    }
    let said = format!("{}\n{}", f.title, f.says);
    if let Some(lacking) = expect.says.iter().find(|part| !said.contains(*part)) {
        return Err(format!("`{lacking}` is not said, but: {said}"));
    }
    let actions: Vec<String> = f
        .actions
        .iter()
        .map(|a| format!("{}\n{}", a.says, a.command.clone().unwrap_or_default()))
        .collect();
    match &expect.actions {
        Some(none) if none.is_empty() && !actions.is_empty() => {
            Err(format!("actions are printed: {}", actions.join("; ")))
        }
        Some(parts) => match parts.iter().find(|p| !actions.iter().any(|a| a.contains(*p))) {
            Some(p) => Err(format!("no action has `{p}`, but: {}", actions.join("; "))),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

fn compare_status(meant: &[&SubjectResult], expect: &Expect) -> Result<(), String> {
    let wanted = expect.status.as_ref().map(|s| s.get_ref().as_str()).unwrap_or_default();
    let any_fired = meant.iter().any(|s| word(&s.status) == "fired");
    let fits = match wanted {
        "not_assessable" => !any_fired && meant.iter().any(|s| word(&s.status) == wanted),
        wanted => meant.iter().all(|s| word(&s.status) == wanted),
    };
    if !fits {
        return Err(format!("came out {}", statuses(meant)));
    }
    let reasons: Vec<String> = meant
        .iter()
        .map(|s| match &s.status {
            Status::Clear { because } => because.clone().unwrap_or_default(),
            Status::NotApplicable { because } => because.clone(),
            Status::NotAssessable { missing } => {
                let lacks = missing.iter().map(|m| format!("{}: {}", m.path, m.absence));
                lacks.collect::<Vec<_>>().join("; ")
            }
            Status::Fired(_) => String::new(),
        })
        .collect();
    let lacks = |part: &&String| !reasons.iter().any(|r| r.contains(*part));
    if let Some(part) = expect.says.iter().find(lacks) {
        return Err(format!("the reason does not say `{part}`, but: {}", reasons.join("; ")));
    }
    match expect.missing.iter().find(|path| {
        !reasons.iter().any(|r| r.split("; ").any(|m| m.starts_with(&format!("{path}:"))))
    }) {
        Some(path) => Err(format!("`{path}` does not lack, but: {}", reasons.join("; "))),
        None => Ok(()),
    }
}

/// How the rule decided, for its author.
fn account(result: &RuleResult) -> String {
    const SHOWN: usize = 16;
    let mut out = "the rule read".to_owned();
    for subject in &result.subjects {
        if !subject.subject.is_empty() {
            let _: Result<(), _> = write!(out, "\n{}:", subject.subject);
        }
        for r in subject.reasoning.iter().take(SHOWN) {
            let value = r.value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
            let tests =
                r.tests.iter().map(|t| format!("{} `{}` {}", t.role, t.condition, t.result));
            let tests: Vec<String> = tests.collect();
            let _: Result<(), _> = write!(out, "\n  {} = {value}: {}", r.name, tests.join("; "));
        }
    }
    out
}
