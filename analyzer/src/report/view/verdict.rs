//! The first screen: one sentence, the counts, what to do first, and what was not seen.

use serde::Serialize;

use super::card::Card;
use super::cell::Badge;
use super::coverage::Coverage;
use super::cx::Cx;
use crate::report::units::counted;
use crate::report::visible::clip;
use crate::rules::Status;
use crate::severity::Severity;

/// The verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// One sentence.
    pub sentence: String,
    /// Class of its colour: that of the worst finding, or of unknown.
    pub class: &'static str,
    /// Findings and checks by result, worst first.
    pub counts: Vec<Count>,
    /// Findings, worst first.
    pub rows: Vec<VerdictRow>,
}

/// A count with its badge.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// Badge.
    pub badge: Badge,
    /// How many.
    pub n: usize,
    /// Where they stand.
    pub href: &'static str,
}

/// A finding in one row.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictRow {
    /// Severity.
    pub badge: Badge,
    /// Title.
    pub title: String,
    /// Anchor of its card.
    pub anchor: String,
    /// Rule id.
    pub rule: String,
    /// Name of the subject; empty for the host.
    pub subject: String,
    /// "7 of 8".
    pub scope: Option<String>,
    /// What was seen, one line.
    pub says: String,
    /// `high`, `medium`, `low`.
    pub confidence: String,
    /// What to do first.
    pub first_action: Option<String>,
    /// It is explained by the row above.
    pub symptom: bool,
}

impl Verdict {
    pub(super) fn new(cx: &Cx<'_>, findings: &[Card], infos: usize, coverage: &Coverage) -> Self {
        let mut rows = Vec::new();
        for card in findings {
            rows.extend(row(card, false));
            rows.extend(card.symptoms.iter().filter_map(|s| row(s, true)));
        }
        let of = |s: Severity| rows.iter().filter(|r| r.badge == s.into()).count();
        let (critical, warning) = (of(Severity::Critical), of(Severity::Warning));
        let clear = cx
            .assessment
            .rules
            .iter()
            .filter(|r| {
                r.subjects.iter().any(|s| matches!(s.status, Status::Clear { .. }))
                    && !r.subjects.iter().any(|s| matches!(s.status, Status::Fired(_)))
            })
            .count();
        let count = |badge, n, href| Count { badge, n, href };
        let counts = vec![
            count(Severity::Critical.into(), critical, "#findings"),
            count(Severity::Warning.into(), warning, "#findings"),
            count(Severity::Info.into(), infos, "#infos"),
            count(Badge::UNKNOWN, coverage.missed(), "#coverage"),
            count(Badge::CLEAR, clear, "#passed"),
        ];
        let sentence = sentence(critical, warning, &rows, coverage);
        let class = match (critical, warning) {
            (0, 0) if coverage.missed() > 0 || coverage.assessable == 0 => "unknown",
            (0, 0) => "clear",
            (0, _) => "warning",
            _ => "critical",
        };
        Self { sentence, class, counts, rows }
    }
}

/// Never "healthy": what was not seen is said in the same breath.
fn sentence(critical: usize, warning: usize, rows: &[VerdictRow], c: &Coverage) -> String {
    let first = rows.first().map(|r| r.title.as_str()).unwrap_or_default();
    let found = match (critical, warning) {
        (0, 0) if c.assessable == 0 => return "No check could run on this archive.".to_owned(),
        (0, 0) if c.missed() == 0 => {
            return format!(
                "No problem found; all {} that apply to this host could run.",
                counted(c.applicable, "check")
            );
        }
        (0, 0) => {
            return format!(
                "No problem found in the {} of {} checks that could run.",
                c.assessable, c.applicable
            );
        }
        (0, 1) => format!("One warning: {first}."),
        (0, n) => format!("Nothing critical, {n} warnings. First: {first}."),
        (1, 0) => format!("One critical problem: {first}."),
        (1, w) => format!("One critical problem and {}. First: {first}.", counted(w, "warning")),
        (n, 0) => format!("{n} critical problems. First: {first}."),
        (n, w) => format!("{n} critical problems and {}. First: {first}.", counted(w, "warning")),
    };
    found.replace("?.", "?").replace("..", ".")
}

fn row(card: &Card, symptom: bool) -> Option<VerdictRow> {
    let subject = card.first_subject()?;
    Some(VerdictRow {
        badge: card.badge,
        title: clip(&card.title, 160).into_owned(),
        anchor: card.anchor.clone(),
        rule: card.rule.clone(),
        subject: if card.subjects.len() > 1 { String::new() } else { subject.name.clone() },
        scope: card.scope.clone(),
        says: subject.says.one_line(),
        confidence: subject.confidence.clone(),
        first_action: subject.actions.first().map(|a| a.says.one_line()),
        symptom,
    })
}
