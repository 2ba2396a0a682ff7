//! The report for programs. Its shape is versioned: fields are added within a version, never
//! changed.

use schemars::JsonSchema;
use serde::Serialize;

use super::View;
use super::view::origin::Origin;
use crate::facts::Facts;
use crate::rules::outcome::{Coverage, Reading, Undecided};
use crate::rules::{Assessment, Finding, RuleResult, Status};

/// Version of the shape.
pub const VERSION: u32 = 1;

/// A report of linsight on one archive.
#[derive(Serialize, JsonSchema)]
struct Root<'a> {
    /// Version of this shape.
    linsight_report: u32,
    /// Version of the program that made it.
    analyzer_version: &'a str,
    /// SHA-256 of the rules that were used.
    ruleset_sha256: &'a str,
    /// The archive.
    archive: Archive<'a>,
    /// The host.
    host: Host<'a>,
    /// The verdict in one sentence.
    verdict: &'a str,
    /// How many checks could run.
    coverage: &'a Coverage,
    /// What is wrong with the archive as a whole.
    problems: &'a [String],
    /// Everything that fired, worst first, infos included.
    findings: Vec<Row<'a>>,
    /// Every rule with its verdict on every subject.
    checks: Vec<Check<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Archive<'a> {
    name: &'a str,
    sha256: Option<&'a str>,
    format: Option<&'a str>,
    collector_version: Option<&'a str>,
    complete: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Host<'a> {
    name: Option<&'a str>,
    kernel_release: Option<&'a str>,
    os_name: Option<&'a str>,
    taken_unix_s: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Row<'a> {
    rule: &'a str,
    subject: &'a str,
    /// Stable over archives: rule and subject.
    fingerprint: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
    undecided: &'a [Undecided],
    reasoning: &'a [Reading],
}

#[derive(Serialize, JsonSchema)]
struct Check<'a> {
    rule: &'a str,
    summary: &'a str,
    chapter: u8,
    incomplete: Option<&'a str>,
    subjects: Vec<Verdict<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Verdict<'a> {
    subject: &'a str,
    fingerprint: &'a str,
    /// `fired`, `clear`, `not_applicable` or `not_assessable`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [crate::rules::outcome::Missing],
}

/// JSON Schema of the report: what a program may rely on.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Root<'_>).to_value()
}

/// Renders the report as JSON.
///
/// # Errors
/// When a value cannot be written as JSON; always a defect.
pub fn json(
    view: &View,
    facts: &Facts,
    assessment: &Assessment,
    origin: &Origin,
) -> Result<String, serde_json::Error> {
    let tree = &facts.tree;
    let report = Root {
        linsight_report: VERSION,
        analyzer_version: &origin.analyzer_version,
        ruleset_sha256: &assessment.ruleset_sha256,
        archive: Archive {
            name: &origin.archive,
            sha256: origin.sha256.as_deref(),
            format: tree.collection.format.as_deref(),
            collector_version: tree.collection.collector_version.as_deref(),
            complete: tree.collection.complete,
        },
        host: Host {
            name: tree.host.name.as_deref(),
            kernel_release: tree.host.kernel_release.as_deref(),
            os_name: tree.host.os_name.as_deref(),
            taken_unix_s: tree.host.taken_unix_s,
        },
        verdict: &view.verdict.sentence,
        coverage: &assessment.coverage,
        problems: &view.coverage.problems,
        findings: assessment
            .findings()
            .into_iter()
            .map(|(rule, subject, finding)| Row {
                rule: &rule.id,
                subject: &subject.subject,
                fingerprint: &subject.fingerprint,
                finding,
                undecided: &subject.undecided,
                reasoning: &subject.reasoning,
            })
            .collect(),
        checks: assessment.rules.iter().map(check).collect(),
    };
    let mut text = serde_json::to_string_pretty(&report)?;
    text.push('\n');
    Ok(text)
}

fn check(rule: &RuleResult) -> Check<'_> {
    let subjects = rule
        .subjects
        .iter()
        .map(|s| {
            let (status, because, missing) = match &s.status {
                Status::Fired(_) => ("fired", None, [].as_slice()),
                Status::Clear { because } => ("clear", because.as_deref(), [].as_slice()),
                Status::NotApplicable { because } => {
                    ("not_applicable", Some(because.as_str()), [].as_slice())
                }
                Status::NotAssessable { missing } => ("not_assessable", None, missing.as_slice()),
            };
            Verdict { subject: &s.subject, fingerprint: &s.fingerprint, status, because, missing }
        })
        .collect();
    Check {
        rule: &rule.id,
        summary: &rule.summary,
        chapter: rule.chapter,
        incomplete: rule.incomplete.as_deref(),
        subjects,
    }
}
