//! What was checked only in part.

use std::collections::BTreeSet;

use super::not_assessable;
use crate::report::units::counted;
use crate::report::view::cell::Cell;
use crate::report::view::cx::Cx;
use crate::report::view::table::{Row, Table};
use crate::report::visible::clip;
use crate::rules::outcome::{Missing, Undecided};
use crate::rules::{RuleResult, Status};
use crate::severity::Severity;

/// Characters of what was left open, in the banner.
const MAX_OPEN: usize = 110;

/// By what was left open: one namespace that could not be entered concerns twenty checks, and is
/// one gap.
pub(super) fn partial(cx: &Cx<'_>) -> (Table, Option<String>) {
    let mut table = Table::new("Checked only in part", &["What was left open", "Of which checks"]);
    let mut gaps: Vec<(String, Vec<&RuleResult>)> = Vec::new();
    for rule in &cx.assessment.rules {
        if not_assessable(rule).is_some() {
            continue;
        }
        let open = left_open(rule);
        if open.is_empty() {
            continue;
        }
        match gaps.iter_mut().find(|(text, _)| *text == open) {
            Some((_, rules)) => rules.push(rule),
            None => gaps.push((open, vec![rule])),
        }
    }
    gaps.sort_by_key(|(_, rules)| std::cmp::Reverse(rules.len()));
    let checks = counted(gaps.iter().map(|(_, rules)| rules.len()).sum(), "check");
    let in_part = gaps.first().map(|(open, _)| {
        let others = if gaps.len() > 1 { "; and more" } else { "" };
        format!("{checks} saw only a part: {}{others}", clip(open, MAX_OPEN))
    });
    for (open, rules) in gaps {
        let checks = match rules.as_slice() {
            [one] => Cell::text(&one.summary).with_note(&one.id),
            several => {
                let ids: Vec<&str> = several.iter().map(|r| r.id.as_str()).collect();
                Cell::text(counted(ids.len(), "check")).with_note(ids.join(", "))
            }
        };
        table.push(Row::new(vec![Cell::text(open), checks]));
    }
    (table, in_part)
}

/// What a rule that judged something left open; empty where nothing.
fn left_open(rule: &RuleResult) -> String {
    let mut open: Vec<String> = rule.incomplete.iter().cloned().collect();
    for s in &rule.subjects {
        let name = if s.subject.is_empty() { String::new() } else { format!("{}: ", s.subject) };
        if let Status::NotAssessable { missing } = &s.status {
            let lacks: Vec<String> =
                missing.iter().take(2).map(|m| format!("{} ({})", m.path, m.absence)).collect();
            open.push(format!("{name}{}", lacks.join("; ")));
        }
        let undecided = || s.undecided.iter().filter(|u| is_lacking(u));
        let missing = undecided().flat_map(|u| &u.missing).filter(|m| !m.is_meaningless());
        let lacks = named(&missing.map(|m| m.path.as_str()).collect());
        let mut severities: Vec<Severity> = undecided().map(|u| u.severity).collect();
        severities.sort_by_key(|s| std::cmp::Reverse(*s));
        severities.dedup();
        let severities: Vec<&str> = severities.iter().map(|s| s.as_str()).collect();
        if !severities.is_empty() {
            let which = severities.join(" or ");
            open.push(format!("{name}whether it is {which} is open without {lacks}"));
        }
    }
    let rest = open.len().saturating_sub(6);
    open.truncate(6);
    if rest > 0 {
        open.push(format!("and {rest} more"));
    }
    open.join(" · ")
}

/// Facts by their paths, a few of them. What another check found is a fact too; its path is no name
/// for a reader.
fn named(paths: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 3;
    let check_of = |path: &&str| {
        let rest = path.strip_prefix("findings.")?;
        let end = rest.find(".subjects").or_else(|| rest.find(".rank"));
        Some(end.and_then(|i| rest.get(..i)).unwrap_or(rest).to_owned())
    };
    let checks: BTreeSet<String> = paths.iter().filter_map(check_of).collect();
    let mut names: Vec<String> =
        paths.iter().filter(|p| check_of(p).is_none()).map(ToString::to_string).collect();
    match checks.into_iter().collect::<Vec<_>>().as_slice() {
        [] => {}
        [one] => names.push(format!("what {one} says")),
        [first, rest @ ..] => {
            names.push(format!("what {first} and {} say", counted(rest.len(), "other check")));
        }
    }
    names.truncate(SHOWN);
    names.join(", ")
}

/// Something lacks that this host could have told: what has no meaning on it is no gap.
pub(in crate::report) fn is_lacking(undecided: &Undecided) -> bool {
    !undecided.missing.iter().all(Missing::is_meaningless)
}
