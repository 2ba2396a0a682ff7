//! What is wrong with rules that compile: each mistake with its place and what to do about it.
//!
//! A rule that passes can still be wrong about hosts. But it reads only facts that exist, compares
//! like with like, prints its texts, states risk and undo of what it advises, claims no more than
//! its evidence carries, and shows itself firing, clear and not assessable.

mod evidence;
mod operators;
mod scope;
mod structure;
mod tests;
mod texts;
mod types;

use std::collections::BTreeSet;

use super::diagnostics::Diagnostic;
use super::load::RuleSet;
use super::rule::Rule;
use scope::Scope;

/// All that is wrong with a rule set, file by file, in order of place.
#[must_use]
pub fn check(set: &RuleSet) -> Vec<Diagnostic> {
    let ids = set.ids();
    set.rules().iter().flat_map(|rule| check_rule(rule, &ids)).collect()
}

/// The facts that the conditions of a rule read, by schema path (`netns.*.tcp.established`).
#[must_use]
pub fn facts_of(rule: &Rule) -> Vec<String> {
    let mut out = Vec::new();
    let scope = Scope::of(rule, &mut out);
    let reads: Vec<String> =
        rule.conditions().flat_map(|c| types::condition(rule, c, &scope, &[], &mut out)).collect();
    let own = |path: &&str| {
        !["params", "findings", "coverage"].contains(&path.split('.').next().unwrap_or_default())
    };
    evidence::leaves(&reads).into_iter().filter(own).map(str::to_owned).collect()
}

fn check_rule(rule: &Rule, ids: &[&str]) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let scope = Scope::of(rule, &mut out);
    if !out.is_empty() {
        // Everything else reads the loop variables: one message is enough.
        return out;
    }
    let mut reads: Vec<String> = Vec::new();
    for condition in rule.conditions() {
        let found = types::condition(rule, condition, &scope, ids, &mut out);
        if let Some(outcome) = rule.outcomes.iter().find(|o| o.when.literal == condition.literal) {
            evidence::check(rule, outcome, &found, &mut out);
        }
        reads.extend(found);
    }
    let in_texts = texts::check(rule, &scope, &mut out);
    let params = reads.iter().filter_map(|r| r.strip_prefix("params."));
    let used: BTreeSet<String> = params.map(str::to_owned).chain(in_texts).collect();
    structure::check(rule, ids, &used, &mut out);
    tests::check(rule, ids, &mut out);
    out.sort_by_key(|d| d.span.start);
    out
}
