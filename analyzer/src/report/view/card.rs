//! One finding as the reader sees it: what was seen, why it matters, what to do, how sure, what
//! would make it wrong, and the proof.

use std::collections::BTreeSet;

use serde::Serialize;

use super::cell::Badge;
use super::cx::Cx;
use super::excerpts::{self, ExcerptView};
use super::prose::Prose;
use super::reasoning;
use super::table::Table;
use crate::facts::Accepted;
use crate::report::chart::Sparkline;
use crate::report::units::{Unit, counted};
use crate::rules::outcome::{Action, Capped, Reading};
use crate::rules::reference;
use crate::rules::{Finding, RuleResult, Status, SubjectResult};
use crate::severity::Severity;

/// Subjects of one card that are shown with evidence and reasoning; the others with one line.
const FULL_SUBJECTS: usize = 3;
/// Subjects of one card that are shown at all.
const ALL_SUBJECTS: usize = 40;

/// All findings of one rule: one card, however many network cards it is about.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Anchor: `f-<rule>-<subject>`.
    pub anchor: String,
    /// Rule id.
    pub rule: String,
    /// Worst severity of its subjects.
    pub badge: Badge,
    /// Names the subject, or what the rule checks where there are several.
    pub title: String,
    /// "7 of 8 seen".
    pub scope: Option<String>,
    /// Why it matters.
    pub why: Prose,
    /// How to see whether it is gone.
    pub verify: Prose,
    /// What would make it wrong.
    pub wrong_if: Prose,
    /// Man pages, kernel documents, links.
    pub references: Vec<Reference>,
    /// Subjects in full.
    pub subjects: Vec<Subject>,
    /// Further subjects, one line each.
    pub more: Option<Table>,
    /// Findings that this one explains.
    pub symptoms: Vec<Card>,
}

/// The finding on one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// Anchor.
    pub anchor: String,
    /// Stable name; empty for the host.
    pub name: String,
    /// Severity.
    pub badge: Badge,
    /// Title naming it.
    pub title: String,
    /// What was seen.
    pub says: Prose,
    /// The series behind it.
    pub spark: Option<Sparkline>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// Why not higher.
    pub confidence_because: Vec<String>,
    /// What kind of evidence it rests on, in words.
    pub evidence_kind: &'static str,
    /// Why its severity was lowered.
    pub capped: Option<String>,
    /// Why its severity was raised.
    pub raised: Option<String>,
    /// What the operator says of it.
    pub accepted: Option<String>,
    /// Worse outcomes that could not be judged.
    pub undecided: Vec<String>,
    /// What to do.
    pub actions: Vec<ActionView>,
    /// Archived text.
    pub evidence: Vec<ExcerptView>,
    /// How the rule decided.
    pub reasoning: Table,
    /// Stable over archives: rule and subject.
    pub fingerprint: String,
}

/// Something to do.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// What.
    pub says: Prose,
    /// Command to paste.
    pub command: Option<String>,
    /// The risk in words: "disruptive for a moment".
    pub risk: String,
    /// Class of the risk, for its colour.
    pub risk_class: &'static str,
    /// How to undo it: a command, or words.
    pub undo: Option<String>,
    /// How to keep it over a reboot.
    pub persist: Option<Prose>,
}

/// A reference; only what a rule names, and has a sure `https:` address, becomes a link.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// As the rule has it.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
}

/// A subject with its finding, as the assessment has them.
pub(super) type Fired<'a> = (&'a SubjectResult, &'a Finding);

/// The anchors of a card and of its subjects: no two of a report are the same.
pub(super) struct Anchors {
    card: String,
    subjects: Vec<String>,
}

impl Anchors {
    /// Those of a card with the findings of one rule; `None` without a finding.
    pub(super) fn take(
        rule: &RuleResult,
        fired: &[Fired<'_>],
        taken: &mut BTreeSet<String>,
    ) -> Option<Self> {
        let (first, _) = fired.first()?;
        let alone = fired.len() == 1;
        let card = anchor(&rule.id, if alone { &first.subject } else { "" }, taken);
        let subjects = if alone {
            vec![card.clone()]
        } else {
            let shown = fired.iter().take(FULL_SUBJECTS);
            shown.map(|(s, _)| anchor(&rule.id, &s.subject, taken)).collect()
        };
        Some(Self { card, subjects })
    }
}

impl Card {
    /// Puts the findings of one rule, worst first, on one card.
    pub(super) fn new(
        cx: &Cx<'_>,
        rule: &RuleResult,
        fired: &[Fired<'_>],
        anchors: Anchors,
    ) -> Option<Self> {
        let (_, first) = *fired.first()?;
        let title = if fired.len() == 1 { first.title.clone() } else { group_title(fired) };
        let subjects = anchors.subjects.into_iter().zip(fired);
        // Of an info one proof is enough: the others were decided by the same tests.
        let proofs = if first.severity == Severity::Info { 1 } else { FULL_SUBJECTS };
        let subjects = subjects
            .enumerate()
            .map(|(i, (id, (s, f)))| Subject::new(cx, id, s, f, i < proofs))
            .collect();
        Some(Self {
            anchor: anchors.card,
            rule: rule.id.clone(),
            badge: first.severity.into(),
            title,
            scope: scope(rule, fired.len()),
            why: Prose::parse(&first.why),
            verify: Prose::parse(&first.verify),
            wrong_if: Prose::parse(&first.wrong_if),
            references: first.references.iter().map(|r| Reference::new(r)).collect(),
            subjects,
            more: more(fired),
            symptoms: vec![],
        })
    }

    /// Its subjects and those of its symptoms.
    #[must_use]
    pub fn first_subject(&self) -> Option<&Subject> {
        self.subjects.first()
    }
}

impl Subject {
    fn new(
        cx: &Cx<'_>,
        anchor: String,
        result: &SubjectResult,
        f: &Finding,
        with_proof: bool,
    ) -> Self {
        let reasoning: &[Reading] = if with_proof { &result.reasoning } else { &[] };
        Self {
            anchor,
            name: result.subject.clone(),
            badge: f.severity.into(),
            title: f.title.clone(),
            says: Prose::parse(&f.says),
            spark: spark(cx, result),
            confidence: f.confidence.clone(),
            confidence_because: f.confidence_because.clone(),
            evidence_kind: evidence_kind(&f.evidence),
            capped: f.capped.as_ref().map(|Capped { from, because }| {
                format!("{}, lowered from {}: {because}", f.severity.as_str(), from.as_str())
            }),
            raised: f.raised.as_ref().map(|r| {
                format!("{}, raised from {}: {}", f.severity.as_str(), r.from.as_str(), r.because)
            }),
            accepted: f.accepted.as_ref().map(accepted),
            undecided: result
                .undecided
                .iter()
                .filter(|u| super::coverage::is_lacking(u))
                .map(|u| {
                    let lacks: Vec<String> = u
                        .missing
                        .iter()
                        .take(3)
                        .map(|m| format!("{} ({})", m.path, m.absence))
                        .collect();
                    format!("{} could not be judged: {}", u.severity.as_str(), lacks.join("; "))
                })
                .collect(),
            actions: f.actions.iter().map(ActionView::new).collect(),
            evidence: excerpts::of(cx, reasoning),
            reasoning: reasoning::table(reasoning, f.severity),
            fingerprint: result.fingerprint.clone(),
        }
    }
}

impl ActionView {
    fn new(a: &Action) -> Self {
        let (risk, risk_class) = match a.risk.as_str() {
            "none" => ("no risk", "none"),
            "brief" => ("disturbs for a moment", "brief"),
            "outage" => ("interrupts a service", "outage"),
            "data" => ("data may be lost", "data"),
            _ => ("risk not stated", "data"),
        };
        let risk = match &a.risk_because {
            Some(why) => format!("{risk}: {why}"),
            None => risk.to_owned(),
        };
        Self {
            says: Prose::parse(&a.says),
            command: a.command.clone(),
            risk,
            risk_class,
            undo: a.undo.clone(),
            persist: a.persist.as_deref().map(Prose::parse),
        }
    }
}

impl Reference {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), href: reference::link(text) }
    }
}

/// What the operator says of a finding.
fn accepted(a: &Accepted) -> String {
    match (&a.until, a.has_expired) {
        (Some(until), true) => {
            format!("was accepted until {until}, which is over: {}", a.reason)
        }
        (Some(until), false) => format!("accepted until {until}: {}", a.reason),
        (None, _) => format!("accepted: {}", a.reason),
    }
}

/// What the evidence is, as a reader needs to know it.
const fn evidence_kind(kind: &str) -> &'static str {
    match kind.as_bytes() {
        b"window" => "seen now, in this window",
        b"24h" => "an event of the last 24 hours",
        b"since_boot" => "since boot: it may be long over",
        b"config" => "a setting; no effect seen",
        _ => "evidence of unknown age",
    }
}

/// What is wrong with the first, in its own words, and who else is concerned.
fn group_title(fired: &[Fired<'_>]) -> String {
    let title = fired.first().map_or("", |(_, f)| f.title.as_str());
    let others: Vec<&str> = fired.iter().skip(1).map(|(s, _)| s.subject.as_str()).collect();
    let named = others.get(..2).unwrap_or(&others).join(", ");
    match others.len().saturating_sub(2) {
        0 => format!("{title}; also {named}"),
        rest => format!("{title}; also {named} and {rest} more"),
    }
}

/// "7 of 8 seen" for rules with several subjects.
fn scope(rule: &RuleResult, fired: usize) -> Option<String> {
    let judged = rule
        .subjects
        .iter()
        .filter(|s| matches!(s.status, Status::Fired(_) | Status::Clear { .. }))
        .count();
    let unseen =
        rule.subjects.iter().filter(|s| matches!(s.status, Status::NotAssessable { .. })).count();
    let mut parts = vec![];
    if judged > 1 {
        parts.push(format!("{fired} of {judged} affected"));
    }
    if unseen > 0 {
        parts.push(format!("{} could not be checked", counted(unseen, "subject")));
    }
    parts.extend(rule.incomplete.clone());
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn more(fired: &[Fired<'_>]) -> Option<Table> {
    use super::cell::Cell;
    use super::table::Row;
    if fired.len() <= FULL_SUBJECTS {
        return None;
    }
    let mut table = Table::new("Further subjects", &["Severity", "Subject", "What we saw"]);
    for (s, f) in fired.iter().skip(FULL_SUBJECTS) {
        table.push(Row::new(vec![
            Cell::badge(f.severity.into()),
            Cell::code(&s.subject),
            Cell::text(Prose::parse(&f.says).one_line()),
        ]));
    }
    table.limit(ALL_SUBJECTS, "");
    Some(table)
}

/// A finding on a growing process has that process's series beside it.
fn spark(cx: &Cx<'_>, result: &SubjectResult) -> Option<Sparkline> {
    let mut prefixes: Vec<String> = result
        .reasoning
        .iter()
        .filter(|r| r.tests.iter().any(|t| t.role.starts_with("outcome") && t.result == "true"))
        .filter_map(|r| Some(r.path.rsplit_once('.')?.0.to_owned()))
        .filter(|p| p.starts_with("processes.growth."))
        .collect();
    prefixes.dedup();
    prefixes.iter().find_map(|p| cx.spark(&format!("{p}.points"), Unit::Bytes))
}

/// An anchor that no other card of the page has; letters, digits, dots and hyphens only.
fn anchor(rule: &str, subject: &str, taken: &mut BTreeSet<String>) -> String {
    let slug = |s: &str| -> String {
        s.chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
            .take(48)
            .collect()
    };
    let base = if subject.is_empty() {
        format!("f-{}", slug(rule))
    } else {
        format!("f-{}-{}", slug(rule), slug(subject))
    };
    let mut name = base.clone();
    let mut n = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{n}");
        n += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_plain_and_unique() {
        let mut taken = BTreeSet::new();
        assert_eq!(anchor("hw.nic.ring", "eth0", &mut taken), "f-hw.nic.ring-eth0");
        assert_eq!(anchor("hw.nic.ring", "eth0", &mut taken), "f-hw.nic.ring-eth0-2");
        assert_eq!(anchor("a", "\"><script>", &mut taken), "f-a----script-");
    }

    #[test]
    fn only_https_addresses_are_links() {
        assert_eq!(
            Reference::new("tcp(7)").href.as_deref(),
            Some("https://man7.org/linux/man-pages/man7/tcp.7.html")
        );
        assert_eq!(Reference::new("javascript:alert(1)").href, None);
        assert_eq!(Reference::new("https://x/\" onclick=").href, None);
    }
}
