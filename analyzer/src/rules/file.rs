//! The rule file as it is written: TOML, every part with its place in the file.
//!
//! Nothing is interpreted here. Words (severity, evidence, risk) and conditions stay text until
//! they are compiled, so that each mistake can be shown where it stands.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Text with its place.
pub type Text = Spanned<String>;

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Title of a finding, naming the subject (template).
    pub title: Text,
    /// What the rule checks, one sentence without a subject.
    pub summary: Text,
    /// Chapter of the catalogue.
    pub chapter: Spanned<u8>,
    /// Version of linsight that first had the rule.
    pub since: Text,
    /// Loops that make subjects: `ns in netns`, `key in ns.port_keys`.
    #[serde(default)]
    pub each: Vec<Text>,
    /// Stable name of the subject (template).
    pub subject: Option<Text>,
    /// What it means when the loops find nothing; not applicable unless told.
    pub empty: Option<Spanned<Empty>>,
    /// Condition: whether the rule has anything to look at.
    pub applies: Option<Text>,
    /// Why it has not, in words (template), when `applies` is false.
    pub not_applicable: Option<Text>,
    /// Rules whose findings this one explains.
    #[serde(default)]
    pub explains: Vec<Text>,
    /// Named thresholds.
    #[serde(default)]
    pub params: BTreeMap<String, Spanned<Param>>,
    /// Conditions that make the answer clear.
    #[serde(default)]
    pub guard: Vec<Spanned<Guard>>,
    /// What can be found, in order of trial.
    pub outcome: Vec<Spanned<Outcome>>,
    /// Conditions that lower the confidence.
    #[serde(default)]
    pub confidence: Vec<Spanned<Confidence>>,
    /// Conditions that raise the severity by one level: what logs say of a finding. They never make
    /// one.
    #[serde(default)]
    pub raise: Vec<Spanned<Raise>>,
    /// Prose for the report and for `linsight explain`.
    pub explain: Explain,
    /// What to do.
    #[serde(default)]
    pub action: Vec<Spanned<Action>>,
    /// Kinds of test that the rule lacks, each with the reason.
    #[serde(default)]
    pub no_test: BTreeMap<Text, Text>,
    /// Inline tests.
    #[serde(default)]
    pub test: Vec<Spanned<Test>>,
}

/// What an empty list means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {
    /// `clear` or `not_applicable`.
    pub status: Text,
    /// Why, in words.
    pub because: Text,
    /// Fact that has to be known for it: without it the answer is not assessable.
    pub needs: Option<Text>,
}

/// A named threshold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Value unless `--set rule.id.name=value` says another.
    pub default: toml::Value,
    /// What it decides.
    pub help: String,
    /// Why this value.
    pub source: String,
}

/// A condition that, when true, turns the outcome into clear.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Condition.
    pub when: Text,
    /// Why that is no finding (template).
    pub says: Text,
    /// Names of the outcomes it holds back; all when empty.
    #[serde(default)]
    pub outcomes: Vec<Text>,
}

/// One thing that can be found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Name, unique in the rule.
    pub name: Text,
    /// `info`, `warning` or `critical`.
    pub severity: Text,
    /// What holds when it fires, if the title of the rule does not (template).
    pub title: Option<Text>,
    /// `window`, `24h`, `since_boot` or `config`.
    pub evidence: Text,
    /// Condition.
    pub when: Text,
    /// What was seen (template).
    pub says: Text,
}

/// A condition that lowers the confidence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// `medium` or `low`.
    pub level: Text,
    /// Condition.
    pub when: Text,
    /// Why (template).
    pub because: Text,
    /// Names of the outcomes it concerns; all when empty.
    #[serde(default)]
    pub outcomes: Vec<Text>,
}

/// A condition that raises the severity of a finding by one level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// Condition.
    pub when: Text,
    /// Why (template).
    pub because: Text,
    /// Names of the outcomes it concerns; all when empty.
    #[serde(default)]
    pub outcomes: Vec<Text>,
}

/// Prose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// What it is about, for a reader who does not know the subject.
    pub what: Option<Text>,
    /// Why it matters (template).
    pub why: Text,
    /// How to see whether it is gone (template).
    pub verify: Text,
    /// What would make the finding wrong (template).
    pub wrong_if: Text,
    /// How kernels differ.
    pub kernel: Option<Text>,
    /// Man pages, kernel documents, `https:` links.
    pub references: Vec<Text>,
}

/// Something to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What, in words (template).
    pub says: Text,
    /// Command (template; values are quoted for the shell).
    pub command: Option<Text>,
    /// `none`, `brief`, `outage` or `data`.
    pub risk: Option<Text>,
    /// What the risk is (template).
    pub risk_because: Option<Text>,
    /// Precondition: printed only when true.
    pub when: Option<Text>,
    /// How to undo it (template; values are quoted for the shell, if there is a command).
    pub undo: Option<Text>,
    /// How to keep it over a reboot, in words (template).
    pub persist: Option<Text>,
    /// False for a command that only reads: it needs no undo.
    #[serde(default = "yes")]
    pub changes: bool,
    /// Names of the outcomes it belongs to; all when empty.
    #[serde(default)]
    pub outcomes: Vec<Text>,
}

const fn yes() -> bool {
    true
}

/// An inline test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What it shows.
    pub name: Text,
    /// Part of the facts tree.
    pub facts: Option<Spanned<toml::Table>>,
    /// Archive files by path, read by the real parsers.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Operator notes of the archive that holds `files`.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// Results of other rules, by id.
    #[serde(default)]
    pub findings: BTreeMap<String, Spanned<Stated>>,
    /// Values of params.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
    /// What must come out.
    pub expect: Spanned<Expect>,
}

/// A stated result of another rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// 0 none, 1 info, 2 warning, 3 critical; absent: not assessable.
    pub rank: Option<i64>,
    /// `fired`, `clear`, `not_applicable`, `not_assessable`; told by the rank when absent.
    pub status: Option<String>,
    /// Subjects.
    #[serde(default)]
    pub subjects: Vec<StatedSubject>,
}

/// A subject by name alone, or with its own rank and outcome.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum StatedSubject {
    /// Has the rank of the finding.
    Name(String),
    /// Has its own.
    Full(StatedResult),
}

/// A stated result on one subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedResult {
    /// Name of the subject.
    pub name: String,
    /// As [`Stated::rank`].
    pub rank: Option<i64>,
    /// Outcome, when it fired.
    pub outcome: Option<String>,
}

/// What must come out of a test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Name of the outcome.
    pub outcome: Option<Text>,
    /// Severity after the caps.
    pub severity: Option<Text>,
    /// `clear`, `not_applicable` or `not_assessable`.
    pub status: Option<Text>,
    /// Parts of what is said: the title and sentence of a finding, the reason of another status.
    #[serde(default)]
    pub says: Vec<String>,
    /// Subject that is meant; else the rule's only one, or any that fits.
    pub subject: Option<String>,
    /// Parts of the printed actions, in any order; `[]`: none may be printed.
    pub actions: Option<Vec<String>>,
    /// Fact paths that must be named as lacking.
    #[serde(default)]
    pub missing: Vec<String>,
    /// `high`, `medium` or `low`.
    pub confidence: Option<Text>,
}
