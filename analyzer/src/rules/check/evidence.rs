//! An outcome above info rests on something that was seen.

use crate::rules::condition::Condition;
use crate::rules::diagnostics::Diagnostic;
use crate::rules::rule::{Outcome, Rule};
use crate::rules::words::Evidence;
use crate::severity::Severity;

/// Facts that are settings or identity, and no symptom.
const CONFIGURATION: &[&str] = &[
    "sysctl",
    "site",
    "params",
    "host",
    "env",
    "netns.*.keepalive",
    "netns.*.ports",
    "netns.*.handshake",
    "netns.*.differing",
    "netns.*.name",
    "netns.*.inode",
    "netns.*.is_host",
    "nics.*.ring",
    "nics.*.expected_mbit_per_s",
    "nics.*.product",
    "nics.*.name",
    "nics.*.is_virtual",
];

/// Checks an outcome by the schema paths that its condition reads.
pub(super) fn check(rule: &Rule, outcome: &Outcome, reads: &[String], out: &mut Vec<Diagnostic>) {
    if outcome.severity == Severity::Info {
        return;
    }
    let severity = outcome.severity.as_str();
    let wrong =
        |message: String| Diagnostic::new(&rule.source, whole(rule, &outcome.when), message);
    match outcome.evidence {
        Evidence::Config if outcome.cites.is_empty() => {
            let d = wrong(format!("a setting without a symptom is info, not {severity}"));
            out.push(d.help("cite the finding it is tied to: `findings[\"id\"].rank >= 2`"));
        }
        Evidence::Config => {}
        Evidence::SinceBoot => {
            let d = wrong(format!("a counter since boot is info, not {severity}"));
            out.push(d.help("say `severity = \"info\"`, or read what was seen in the window"));
        }
        Evidence::Day if outcome.severity == Severity::Critical => {
            let d = wrong("an event of the last day is at most a warning".to_owned());
            out.push(d.help("critical needs `evidence = \"window\"`: the effect is there now"));
        }
        Evidence::Window | Evidence::Day => {
            let reads = leaves(reads);
            if !reads.is_empty() && reads.iter().all(|r| is_configuration(r)) {
                let d = wrong(format!("this {severity} reads only settings: {}", reads.join(", ")));
                out.push(d.help("say `evidence = \"config\"`, or read what the setting does here"));
            }
        }
    }
}

fn whole(rule: &Rule, condition: &Condition) -> std::ops::Range<usize> {
    rule.source.span_in(&condition.literal, 0..condition.text.trim_end().len())
}

/// Without the paths that only lead to another.
pub(super) fn leaves(reads: &[String]) -> Vec<&str> {
    let leads = |r: &String| {
        reads.iter().any(|o| o.strip_prefix(r.as_str()).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut all: Vec<&str> =
        reads.iter().filter(|r| !r.is_empty() && !leads(r)).map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn is_configuration(path: &str) -> bool {
    CONFIGURATION.iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
