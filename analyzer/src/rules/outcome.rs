//! What the engine says: the contract between rules and report.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::absence::{Absence, Reason};
use crate::facts::Accepted;
use crate::locator::Locator;
use crate::severity::Severity;

/// The verdicts of a whole rule set on one snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct Assessment {
    /// One result per rule, in order of id.
    pub rules: Vec<RuleResult>,
    /// How much of the rule set could judge.
    pub coverage: Coverage,
    /// SHA-256 over the rule files that were used.
    pub ruleset_sha256: String,
}

impl Assessment {
    /// All findings with their rule, worst first, then by rule id and subject.
    #[must_use]
    pub fn findings(&self) -> Vec<(&RuleResult, &SubjectResult, &Finding)> {
        let mut all: Vec<_> = self
            .rules
            .iter()
            .flat_map(|rule| rule.subjects.iter().map(move |s| (rule, s)))
            .filter_map(|(rule, s)| match &s.status {
                Status::Fired(f) => Some((rule, s, &**f)),
                _ => None,
            })
            .collect();
        all.sort_by(|a, b| {
            (b.2.severity, &a.0.id, &a.1.subject).cmp(&(a.2.severity, &b.0.id, &b.1.subject))
        });
        all
    }
}

/// Counts of rules. A rule is assessable when it fired or was clear for at least one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Coverage {
    /// All rules of the set.
    pub rules: usize,
    /// Rules that could judge.
    pub assessable: usize,
    /// Rules that have a subject on this host: assessable ones and those that lack facts.
    pub applicable: usize,
    /// Rules that have no subject here.
    pub not_applicable: usize,
    /// Rules that lack facts.
    pub not_assessable: usize,
}

/// A rule and its verdict on each subject.
#[derive(Clone, Debug, Serialize)]
pub struct RuleResult {
    /// Id, from the path of the file: `tcp.ports.exhaustion`.
    pub id: String,
    /// What the rule checks, in words without a subject; for coverage tables.
    pub summary: String,
    /// Chapter of the catalogue.
    pub chapter: u8,
    /// Ids of the rules whose findings this one explains.
    pub explains: Vec<String>,
    /// One per subject; one with an empty subject when the rule has no `each` or its list is empty.
    pub subjects: Vec<SubjectResult>,
    /// How much of its lists was seen, in words, when not all: "3 of 5 namespaces seen".
    pub incomplete: Option<String>,
}

/// The verdict on one subject.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectResult {
    /// Stable name of the subject, never a process id; empty for host-wide rules.
    pub subject: String,
    /// Stable over archives: hash of rule id and subject.
    pub fingerprint: String,
    /// The verdict.
    pub status: Status,
    /// How the rule decided: every fact that a condition read.
    pub reasoning: Vec<Reading>,
    /// Outcomes that could not be decided and were passed over ("critical not assessable: psi").
    pub undecided: Vec<Undecided>,
}

/// One of the four answers of a rule.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It found something.
    Fired(Box<Finding>),
    /// It looked and found nothing.
    Clear {
        /// Why, when a guard decided it.
        because: Option<String>,
    },
    /// There is nothing here to look at.
    NotApplicable {
        /// Why, in words.
        because: String,
    },
    /// It could not look.
    NotAssessable {
        /// Facts that lack, by path.
        missing: Vec<Missing>,
    },
}

/// A fact that lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// Fact path.
    pub path: String,
    /// Why.
    pub absence: Absence,
}

impl Missing {
    /// It has no meaning on this host: there is nothing that a better archive would tell.
    #[must_use]
    pub fn is_meaningless(&self) -> bool {
        self.absence.reason == Reason::NotApplicable
    }
}

/// An outcome of the rule that was unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Undecided {
    /// Name of the outcome.
    pub outcome: String,
    /// Its severity.
    pub severity: Severity,
    /// Facts that lack.
    pub missing: Vec<Missing>,
}

/// What was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Name of the outcome in the rule file.
    pub outcome: String,
    /// Severity after the caps of evidence and confidence.
    pub severity: Severity,
    /// Severity as the outcome states it, when a cap lowered it, and why.
    pub capped: Option<Capped>,
    /// Severity before something that logs say raised it, and what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<Raised>,
    /// The operator accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    /// Title, naming the subject.
    pub title: String,
    /// What was seen, in one or two sentences with numbers.
    pub says: String,
    /// Kind of evidence: `window`, `24h`, `since_boot`, `config`.
    pub evidence: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// Why it is lower than high.
    pub confidence_because: Vec<String>,
    /// Why it matters.
    pub why: String,
    /// How to see whether it is gone.
    pub verify: String,
    /// What would make it wrong.
    pub wrong_if: String,
    /// What to do, only actions whose precondition is true on this host.
    pub actions: Vec<Action>,
    /// References: man pages, kernel documents, `https:` links.
    pub references: Vec<String>,
}

impl Finding {
    /// The operator accepts it, and the entry has not expired.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted.as_ref().is_some_and(|a| !a.has_expired)
    }
}

/// A raised severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Raised {
    /// What it was.
    pub from: Severity,
    /// Why it was raised.
    pub because: String,
}

/// A lowered severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capped {
    /// What the outcome states.
    pub from: Severity,
    /// Why it was lowered.
    pub because: String,
}

/// Something to do, with the values of this host filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Action {
    /// Which action of its rule file it is, from 0.
    #[serde(skip)]
    pub number: usize,
    /// What, in words.
    pub says: String,
    /// Command to paste, if there is one.
    pub command: Option<String>,
    /// `none`, `brief`, `outage` or `data`.
    pub risk: String,
    /// What the risk is, in words.
    pub risk_because: Option<String>,
    /// How to undo it.
    pub undo: Option<String>,
    /// How to keep it over a reboot.
    pub persist: Option<String>,
}

/// A fact that a condition read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reading {
    /// Fact path in the tree, list indices resolved: `netns.0.tcp.idle_max_s`.
    pub path: String,
    /// Name as the rule writes it: `ns.tcp.idle_max_s`.
    pub name: String,
    /// Its value; absent when the fact is.
    pub value: Option<Value>,
    /// Why it is absent.
    pub absence: Option<Absence>,
    /// Where it came from.
    pub sources: Vec<Locator>,
    /// The tests it took part in: condition text and result (`true`, `false`, `unknown`).
    pub tests: Vec<Test>,
}

/// A condition and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Test {
    /// Which: `applies`, `guard`, `outcome forgotten`, `confidence low`.
    pub role: String,
    /// Text of the condition.
    pub condition: String,
    /// `true`, `false` or `unknown`.
    pub result: String,
}
