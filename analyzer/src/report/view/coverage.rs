//! What could not be checked, why, and what would help: silence is not health.

mod partial;

use std::collections::BTreeMap;

use serde::Serialize;

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};
use crate::absence::Reason;
use crate::facts::site::QUESTIONS;
use crate::report::units::{counted, float_len};
use crate::rules::outcome::Missing;
use crate::rules::{RuleResult, Status};

pub(super) use partial::is_lacking;
use partial::partial;

/// Sources without content listed at most.
const MAX_GAPS: usize = 200;
/// Sources named at most that lack for the same reason.
const MAX_PATHS: usize = 100;

/// The section and the banner.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// Rules that could judge.
    pub assessable: usize,
    /// Rules that have something to judge on this host.
    pub applicable: usize,
    /// All rules.
    pub rules: usize,
    /// Assessable by applicable.
    pub ratio: f64,
    /// "41 of 96 checks could run".
    pub sentence: String,
    /// What is wrong with the archive as a whole.
    pub problems: Vec<String>,
    /// What the rule on coverage says.
    pub says: Vec<String>,
    /// Checks that could not run, by cause, largest group first.
    pub causes: Vec<Cause>,
    /// Checks that ran on part of their subjects, or could not judge a worse outcome.
    pub partial: Table,
    /// The same in a sentence for the banner: "25 checks saw only a part: ...".
    pub in_part: Option<String>,
    /// Checks without a subject on this host.
    pub not_applicable: Table,
    /// Sources without content.
    pub gaps: Table,
    /// What only the operator knows and did not tell, and what it would decide.
    pub not_told: Table,
}

/// Checks that lack something for the same reason.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// "9 checks: permission denied".
    pub title: String,
    /// What would help.
    pub remedy: String,
    /// The checks.
    pub table: Table,
}

impl Coverage {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let c = &cx.assessment.coverage;
        let ratio =
            if c.applicable == 0 { 0.0 } else { float_len(c.assessable) / float_len(c.applicable) };
        let (partial, in_part) = partial(cx);
        let mut out = Self {
            assessable: c.assessable,
            applicable: c.applicable,
            rules: c.rules,
            ratio,
            sentence: format!("{} of {} could run", c.assessable, counted(c.applicable, "check")),
            problems: cx.facts.tree.collection.problems.clone(),
            says: says(cx),
            causes: causes(cx),
            partial,
            in_part,
            not_applicable: not_applicable(cx),
            gaps: gaps(cx),
            not_told: not_told(cx),
        };
        let collection = &cx.facts.tree.collection;
        if let (Some(false), Some(uid), Some(denied)) =
            (collection.privileged, collection.euid, collection.sources_denied)
        {
            let sources = counted(usize::try_from(denied).unwrap_or(0), "source");
            out.problems.push(format!("collected as uid {uid}, who could not read {sources}"));
        }
        if cx.facts.tree.collection.complete == Some(false) && out.problems.is_empty() {
            out.problems.push("the archive is incomplete".to_owned());
        }
        out
    }

    /// Checks that could not run.
    #[must_use]
    pub const fn missed(&self) -> usize {
        self.applicable.saturating_sub(self.assessable)
    }
}

/// The lacking facts of a rule that could not judge any subject; `None` for every other rule.
pub(in crate::report) fn not_assessable(rule: &RuleResult) -> Option<Vec<&Missing>> {
    let mut out: Vec<&Missing> = Vec::new();
    for s in &rule.subjects {
        match &s.status {
            Status::Fired(_) | Status::Clear { .. } => return None,
            Status::NotAssessable { missing } => {
                out.extend(missing.iter().filter(|m| !out.contains(m)).collect::<Vec<_>>());
            }
            Status::NotApplicable { .. } => {}
        }
    }
    let unknown = |s: &Status| matches!(s, Status::NotAssessable { .. });
    rule.subjects.iter().any(|s| unknown(&s.status)).then_some(out)
}

/// A rule that could not judge, and what it lacks.
type Lacking<'a> = (&'a RuleResult, Vec<&'a Missing>);

/// The key of causes that lie in a network namespace.
const NAMESPACE: &str = "netns";

fn is_namespace(path: &str) -> bool {
    path == NAMESPACE || path.starts_with("netns.")
}

fn causes(cx: &Cx<'_>) -> Vec<Cause> {
    let mut groups: BTreeMap<(Option<Reason>, String), Vec<Lacking<'_>>> = BTreeMap::new();
    for rule in &cx.assessment.rules {
        let Some(missing) = not_assessable(rule) else { continue };
        let first = missing.first();
        let reason = first.map(|m| m.absence.reason);
        // What the operator did not tell differs from rule to rule; other reasons share a remedy.
        let key = match first {
            Some(m) if m.absence.reason == Reason::NotTold => {
                m.absence.source.clone().unwrap_or_else(|| m.path.clone())
            }
            Some(m) if m.absence.reason == Reason::Denied && is_namespace(&m.path) => {
                NAMESPACE.to_owned()
            }
            _ => String::new(),
        };
        groups.entry((reason, key)).or_default().push((rule, missing));
    }
    let mut out: Vec<Cause> = groups
        .into_iter()
        .map(|((reason, key), rules)| {
            let (why, remedy) = remedy(cx, reason, &key);
            let title = format!("{}: {why}", counted(rules.len(), "check"));
            let mut table =
                Table::new(title.clone(), &["Check", "Missing fact", "Source", "Reason"]);
            for (rule, missing) in rules {
                table.push(row(rule, &missing));
            }
            Cause { title, remedy, table }
        })
        .collect();
    out.sort_by_key(|c| std::cmp::Reverse(c.table.rows.len()));
    out
}

fn row(rule: &RuleResult, missing: &[&Missing]) -> Row {
    let first = missing.first();
    let more = match missing.len() {
        0 | 1 => String::new(),
        n => format!("and {}", counted(n - 1, "more fact")),
    };
    let source = first.and_then(|m| m.absence.source.clone()).unwrap_or_default();
    let reason = first.map_or("not known".to_owned(), |m| match m.absence.detail.as_str() {
        "" => m.absence.reason.as_str().to_owned(),
        detail => format!("{}: {detail}", m.absence.reason.as_str()),
    });
    Row::new(vec![
        Cell::text(&rule.summary).with_note(&rule.id),
        Cell::code(first.map_or("", |m| m.path.as_str())).with_note(more),
        Cell::code(source),
        Cell::text(reason),
    ])
}

/// Why, and what would help, in words.
fn remedy(cx: &Cx<'_>, reason: Option<Reason>, key: &str) -> (String, String) {
    let euid = cx.facts.tree.collection.euid;
    let s = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    match reason {
        Some(Reason::Denied) if key == NAMESPACE => (
            "network namespaces could not be entered".to_owned(),
            match euid {
                Some(0) => {
                    "Entering one needs CAP_SYS_ADMIN in the host's user namespace: run the \
                    collector as root of the host, not of a container. One that refuses even then \
                    (a security module) cannot be seen."
                }
                _ => "Run the collector with sudo: only root enters other namespaces.",
            }
            .to_owned(),
        ),
        Some(Reason::Denied) if euid != Some(0) => (
            match euid {
                Some(uid) => format!("permission denied, collected as uid {uid}"),
                None => "permission denied".to_owned(),
            },
            "Run the collector with sudo.".to_owned(),
        ),
        Some(Reason::Denied) => s(
            "denied even to root",
            "Run the collector on the host itself, not in a container; lockdown mode and hidepid mounts also hide these.",
        ),
        Some(Reason::Missing) => s(
            "this host does not provide it",
            "Nothing to do: an older kernel, an absent device, or a module that is not loaded.",
        ),
        Some(Reason::TimedOut) => s(
            "the source did not answer in time",
            "The stall is evidence in itself: see processes in uninterruptible sleep, then collect again.",
        ),
        Some(Reason::Truncated) => {
            s("only the beginning was stored", "Collect again with a larger --max-size.")
        }
        Some(Reason::Vanished) => s("it ended while it was read", "Collect again."),
        Some(Reason::Failed) => {
            s("reading failed", "The error is in the last column; then collect again.")
        }
        Some(Reason::Skipped) => s(
            "left alone on purpose",
            "The reason is in the last column; --deep lifts the limits on large processes.",
        ),
        Some(Reason::NotCollected)
            if cx.facts.tree.collection.format.as_deref() == Some("linsight") =>
        {
            s("the archive does not hold it", "Collect again with a current linsight-collect.")
        }
        Some(Reason::NotCollected) => s(
            "an archive of this kind does not hold it",
            "Collect with linsight-collect: it reads what other collectors leave out.",
        ),
        Some(Reason::ParseError) => s(
            "the text of the source was not understood",
            "This is a defect of linsight: please report it with the line in the last column.",
        ),
        Some(Reason::TooFewSamples) => s(
            "too few samples, or too short a window",
            "Collect with linsight-collect --duration 60s or longer.",
        ),
        Some(Reason::NotTold) => (
            format!("nobody told {key}"),
            format!("Tell it: linsight analyze … --set {key}=VALUE, or collect with --note."),
        ),
        Some(Reason::NotApplicable) => s("it has no meaning on this host", "Nothing to do."),
        None => s("reason not recorded", "Collect again."),
    }
}

/// What no host knows about itself.
fn not_told(cx: &Cx<'_>) -> Table {
    let mut table =
        Table::new("What nobody told", &["Input", "What it would decide", "How to tell it"]);
    for q in QUESTIONS.iter().filter(|q| !cx.facts.tree.site.knows(q.fact)) {
        table.push(Row::new(vec![
            Cell::code(format!("site.{}", q.fact)),
            Cell::text(q.decides),
            Cell::code(q.way),
        ]));
    }
    table
}

fn not_applicable(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Checks that have no subject on this host", &["Check", "Because"]);
    for rule in &cx.assessment.rules {
        let because: Vec<&str> = rule
            .subjects
            .iter()
            .filter_map(|s| match &s.status {
                Status::NotApplicable { because } => Some(because.as_str()),
                _ => None,
            })
            .collect();
        if because.len() == rule.subjects.len() && !because.is_empty() {
            table.push(Row::new(vec![
                Cell::text(&rule.summary).with_note(&rule.id),
                Cell::text(because.first().copied().unwrap_or_default()),
            ]));
        }
    }
    table
}

fn gaps(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Sources without whole content", &["Reason", "Detail", "Sources"]);
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for gap in &cx.facts.tree.collection.gaps {
        groups.entry((&gap.reason, &gap.detail)).or_default().push(&gap.path);
    }
    for ((reason, detail), paths) in groups {
        let more = paths.len().saturating_sub(MAX_PATHS);
        let mut names = paths.iter().take(MAX_PATHS).copied().collect::<Vec<_>>().join("  ");
        if more > 0 {
            names.extend(["  and ", &more.to_string(), " more"]);
        }
        table.push(Row::new(vec![
            Cell::text(reason.replace('_', " ")),
            Cell::text(detail),
            Cell::code(names),
        ]));
    }
    table.limit(MAX_GAPS, "");
    table
}

/// Findings of rules on coverage are sentences of the banner.
fn says(cx: &Cx<'_>) -> Vec<String> {
    cx.assessment
        .findings()
        .into_iter()
        .filter(|(rule, ..)| rule.id.starts_with("meta."))
        .map(|(_, _, f)| f.says.trim().to_owned())
        .collect()
}
