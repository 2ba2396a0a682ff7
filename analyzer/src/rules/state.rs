//! What the rules evaluated so far have found, as later rules read it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::outcome::{Coverage, Missing, RuleResult, Status};
use super::words::rank;
use crate::absence::{Absence, Reason};

/// `findings` and `coverage`.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) findings: Value,
    pub(crate) coverage: Value,
    gaps: BTreeMap<String, Absence>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { findings: json!({}), coverage: json!({}), gaps: BTreeMap::new() }
    }

    /// Takes in the result of a rule.
    pub(crate) fn add(&mut self, result: &RuleResult) {
        let subjects: Vec<Value> = result
            .subjects
            .iter()
            .map(|s| {
                let mut entry = Map::new();
                entry.insert("name".to_owned(), s.subject.clone().into());
                entry.insert("status".to_owned(), word(&s.status).into());
                if let Some(rank) = rank_of(&s.status) {
                    entry.insert("rank".to_owned(), rank.into());
                }
                if let Status::Fired(finding) = &s.status {
                    entry.insert("outcome".to_owned(), finding.outcome.clone().into());
                }
                Value::Object(entry)
            })
            .collect();
        let (status, rank) = summary(result);
        let mut entry = Map::new();
        entry.insert("status".to_owned(), status.into());
        entry.insert("subjects".to_owned(), subjects.into());
        match rank {
            Some(rank) => drop(entry.insert("rank".to_owned(), rank.into())),
            None => drop(self.gaps.insert(result.id.clone(), gap(result))),
        }
        self.state(&result.id, Value::Object(entry));
    }

    /// Sets `findings[id]`.
    pub(crate) fn state(&mut self, id: &str, entry: Value) {
        if let Some(findings) = self.findings.as_object_mut() {
            findings.insert(id.to_owned(), entry);
        }
    }

    /// Why `findings.<id>...` lacks.
    pub(crate) fn absence(&self, path: &str) -> Absence {
        let found = self.gaps.iter().rev().find(|(id, _)| {
            path.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.'))
        });
        found.map_or_else(
            || Absence::new(Reason::NotCollected, "the rule was not assessable"),
            |(_, absence)| absence.clone(),
        )
    }

    /// Sets `coverage`.
    pub(crate) fn cover(&mut self, c: &Coverage) {
        self.coverage = json!({
            "rules": c.rules,
            "applicable": c.applicable,
            "assessable": c.assessable,
            "not_applicable": c.not_applicable,
            "not_assessable": c.not_assessable,
        });
    }
}

pub(crate) const fn word(status: &Status) -> &'static str {
    match status {
        Status::Fired(_) => "fired",
        Status::Clear { .. } => "clear",
        Status::NotApplicable { .. } => "not_applicable",
        Status::NotAssessable { .. } => "not_assessable",
    }
}

fn rank_of(status: &Status) -> Option<i64> {
    match status {
        Status::Fired(finding) => Some(rank(finding.severity)),
        Status::Clear { .. } | Status::NotApplicable { .. } => Some(0),
        Status::NotAssessable { .. } => None,
    }
}

/// The worst of the subjects; unknown when none fired and one could not be judged.
fn summary(result: &RuleResult) -> (&'static str, Option<i64>) {
    let worst = result.subjects.iter().filter_map(|s| rank_of(&s.status)).max();
    let any = |w: &str| result.subjects.iter().any(|s| word(&s.status) == w);
    if any("fired") {
        ("fired", worst)
    } else if any("not_assessable") {
        ("not_assessable", None)
    } else if any("clear") {
        ("clear", Some(0))
    } else {
        ("not_applicable", Some(0))
    }
}

fn gap(result: &RuleResult) -> Absence {
    let lacking = result.subjects.iter().find_map(|s| match &s.status {
        Status::NotAssessable { missing } => missing.first(),
        _ => None,
    });
    let first = lacking.map(|Missing { path, absence }| (path, absence));
    match first {
        Some((path, absence)) => {
            Absence { detail: format!("{} not assessable: {path}", result.id), ..absence.clone() }
        }
        None => Absence::new(Reason::NotCollected, format!("{} not assessable", result.id)),
    }
}

/// Counts over results.
pub(crate) fn coverage<'a>(results: impl IntoIterator<Item = &'a RuleResult>) -> Coverage {
    let mut c = Coverage::default();
    for result in results {
        c.rules += 1;
        let any = |w: &[&str]| result.subjects.iter().any(|s| w.contains(&word(&s.status)));
        if any(&["fired", "clear"]) {
            c.assessable += 1;
        } else if any(&["not_assessable"]) {
            c.not_assessable += 1;
        } else {
            c.not_applicable += 1;
        }
    }
    c.applicable = c.assessable + c.not_assessable;
    c
}
