//! Inline tests name things that exist, and no kind of test is lacking.

use toml::Spanned;

use crate::rules::diagnostics::Diagnostic;
use crate::rules::file::{Expect, Test, Text};
use crate::rules::rule::Rule;
use crate::rules::testing::{conform, key_span};
use crate::rules::words;

/// Checks the tests of a rule.
pub(super) fn check(rule: &Rule, ids: &[&str], out: &mut Vec<Diagnostic>) {
    let before = out.len();
    let mut names: Vec<&str> = Vec::new();
    for test in &rule.file.test {
        let t = test.get_ref();
        if names.contains(&t.name.get_ref().as_str()) {
            out.push(at(rule, &t.name, "a second test has this name"));
        }
        names.push(t.name.get_ref());
        one(rule, test, ids, out);
        expectation(rule, &t.expect, out);
    }
    if out.len() == before {
        lacking(rule, out);
    }
    excuses(rule, out);
}

fn at(rule: &Rule, text: &Text, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&rule.source, rule.source.inner(text), message)
}

fn one(rule: &Rule, test: &Spanned<Test>, ids: &[&str], out: &mut Vec<Diagnostic>) {
    let t = test.get_ref();
    if let Some(facts) = &t.facts
        && let Err(d) = conform(&rule.source, facts)
    {
        out.push(d);
    }
    for (name, value) in &t.set {
        if let Err(why) = rule.param(name, value) {
            let span = key_span(&rule.source, &test.span(), name);
            out.push(Diagnostic::new(&rule.source, span, why));
        }
    }
    for (id, stated) in &t.findings {
        if !ids.contains(&id.as_str()) {
            let d =
                Diagnostic::new(&rule.source, stated.span(), format!("no rule has the id `{id}`"));
            out.push(d.did_you_mean(id, ids.iter().copied()));
        } else if !rule.reads_findings.contains(id) {
            let message = format!("this rule does not read the finding `{id}`");
            out.push(Diagnostic::new(&rule.source, stated.span(), message));
        }
    }
}

fn expectation(rule: &Rule, expect: &Spanned<Expect>, out: &mut Vec<Diagnostic>) {
    let e = expect.get_ref();
    let start = expect.span().start;
    let here = |message: &str| Diagnostic::new(&rule.source, start..start + 1, message);
    match (&e.outcome, &e.status) {
        (Some(_), Some(_)) | (None, None) => {
            let d = here("a test expects either an outcome or a status");
            out.push(d.help("write `outcome = \"name\"` or `status = \"clear\"`"));
        }
        (Some(outcome), None) => {
            let known: Vec<&str> = rule.outcomes.iter().map(|o| o.name.as_str()).collect();
            word(rule, "outcome", outcome, &known, out);
            if !e.missing.is_empty() {
                out.push(here("`missing` goes with `status = \"not_assessable\"`"));
            }
        }
        (None, Some(status)) => {
            word(rule, "status", status, &words::STATUSES, out);
            if e.severity.is_some() || e.actions.is_some() || e.confidence.is_some() {
                out.push(here("only a finding has severity, confidence and actions"));
            }
        }
    }
    if let Some(severity) = &e.severity {
        word(rule, "severity", severity, &words::SEVERITIES, out);
    }
    if let Some(confidence) = &e.confidence {
        word(rule, "confidence", confidence, &["high", "medium", "low"], out);
    }
}

fn word(rule: &Rule, what: &str, text: &Text, known: &[&str], out: &mut Vec<Diagnostic>) {
    let word = text.get_ref().as_str();
    if !known.contains(&word) {
        let d = at(rule, text, format!("unknown {what} `{word}`"));
        out.push(d.did_you_mean(word, known.iter().copied()));
    }
}

/// Kinds of test that every rule has: an unknown or an empty host is where rules go wrong.
fn lacking(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let expects = |status: &str| {
        rule.file.test.iter().any(|t| {
            let status_of = t.get_ref().expect.get_ref().status.as_ref();
            status_of.is_some_and(|s| s.get_ref() == status)
        })
    };
    let fires = rule.file.test.iter().any(|t| t.get_ref().expect.get_ref().outcome.is_some());
    let kinds = [
        ("fired", fires),
        ("clear", expects("clear")),
        ("not_assessable", expects("not_assessable")),
    ];
    for (kind, shown) in kinds {
        if !shown && !excused(rule, kind) {
            let d = at(rule, &rule.file.title, format!("no test shows this rule {}", say(kind)));
            out.push(d.help(format!("add a [[test]], or `{kind} = \"reason\"` to [no_test]")));
        }
    }
}

fn say(kind: &str) -> &str {
    match kind {
        "fired" => "firing",
        "not_assessable" => "not assessable",
        other => other,
    }
}

fn excused(rule: &Rule, kind: &str) -> bool {
    rule.file.no_test.keys().any(|k| k.get_ref() == kind)
}

fn excuses(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let guards = (1..=rule.guards.len()).map(|i| format!("guard {i}"));
    let known: Vec<String> = rule
        .outcomes
        .iter()
        .map(|o| o.name.clone())
        .chain(guards)
        .chain(["fired", "clear", "not_applicable", "not_assessable"].map(str::to_owned))
        .collect();
    for (kind, reason) in &rule.file.no_test {
        if !known.contains(kind.get_ref()) {
            let d = Diagnostic::new(&rule.source, kind.span(), "no test of this kind is needed");
            out.push(d.did_you_mean(kind.get_ref(), known.iter().map(String::as_str)));
        }
        if reason.get_ref().trim().is_empty() {
            out.push(Diagnostic::new(
                &rule.source,
                reason.span(),
                "a test lacks for a reason: say it",
            ));
        }
    }
}
