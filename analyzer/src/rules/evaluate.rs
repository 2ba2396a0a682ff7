//! The whole rule set on one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::{Serde, Value as TextValue};
use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::decide::{decide, lacking};
use super::inputs::{Incomplete, Inputs};
use super::load::{RuleSet, hex};
use super::node::Log;
use super::outcome::{Assessment, Missing, RuleResult, Status, SubjectResult};
use super::params::Params;
use super::rule::Rule;
use super::state::{self, State};
use super::subjects::{Binding, Names, Subject, subjects, texts};
use super::trace::{Tracer, World};
use crate::absence::Absence;
use crate::facts::Facts;

impl RuleSet {
    /// Judges the facts of a snapshot.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts, params: &Params) -> Assessment {
        self.assess(&Inputs::of(facts), params)
    }

    /// Judges prepared facts.
    #[must_use]
    pub fn assess(&self, inputs: &Inputs, params: &Params) -> Assessment {
        let mut state = State::new();
        let mut results: Vec<RuleResult> = Vec::with_capacity(self.rules.len());
        // Most rules read facts only, and wait for no other.
        let mut judged: BTreeMap<&str, RuleResult> = self
            .rules
            .par_iter()
            .filter(|rule| rule.reads_facts_only)
            .map(|rule| (rule.id.as_str(), judge(rule, inputs, &state, params).0))
            .collect();
        for rule in self.order.iter().filter_map(|i| self.rules.get(*i)) {
            if rule.reads_coverage {
                let mut coverage = state::coverage(&results);
                // Readers of the coverage judge it, so they count as able to judge: then they
                // and the report tell the same numbers.
                let own = self.rules.len() - results.len();
                coverage.rules += own;
                coverage.applicable += own;
                coverage.assessable += own;
                state.cover(&coverage);
            }
            let result = judged.remove(rule.id.as_str());
            let result = result.unwrap_or_else(|| judge(rule, inputs, &state, params).0);
            state.add(&result);
            results.push(result);
        }
        results.sort_by(|a, b| a.id.cmp(&b.id));
        Assessment {
            coverage: state::coverage(&results),
            rules: results,
            ruleset_sha256: self.sha256.clone(),
        }
    }
}

/// Judges all subjects of one rule; tells also which of its guards held for one.
pub(crate) fn judge(
    rule: &Rule,
    inputs: &Inputs,
    state: &State,
    params: &Params,
) -> (RuleResult, BTreeSet<usize>) {
    let params = params.of(rule);
    let mut bench = Bench {
        rule,
        inputs,
        state,
        params: &params,
        names: Names::default(),
        guards: BTreeSet::new(),
    };
    let extra = [
        ("params", TextValue::from(Serde(&params))),
        ("findings", TextValue::from(Serde(&state.findings))),
        ("coverage", TextValue::from(Serde(&state.coverage))),
    ];
    let found = subjects(rule, inputs);
    let mut results: Vec<SubjectResult> =
        found.into_iter().map(|s| bench.subject(s, &extra)).collect();
    if results.is_empty() {
        results.push(empty(rule, inputs));
    }
    let incomplete: Vec<String> = inputs
        .incomplete()
        .into_iter()
        .filter(|i| concerns(rule, &results, &i.list))
        .map(|i| i.words())
        .collect();
    let result = RuleResult {
        id: rule.id.clone(),
        summary: rule.file.summary.get_ref().clone(),
        chapter: *rule.file.chapter.get_ref(),
        explains: rule.file.explains.iter().map(|e| e.get_ref().clone()).collect(),
        incomplete: (!incomplete.is_empty()).then(|| incomplete.join("; ")),
        subjects: results,
    };
    (result, bench.guards)
}

/// What all subjects of a rule share.
struct Bench<'a> {
    rule: &'a Rule,
    inputs: &'a Inputs,
    state: &'a State,
    params: &'a Value,
    names: Names,
    guards: BTreeSet<usize>,
}

impl Bench<'_> {
    fn subject(&mut self, subject: Subject<'_>, extra: &[(&str, TextValue)]) -> SubjectResult {
        let Self { rule, inputs, state, params, .. } = *self;
        let bindings = match subject {
            Subject::Bound(bindings) => bindings,
            Subject::Missing(bindings, path) => {
                let name = bindings.last().map_or_else(String::new, outer_name);
                let absence = inputs.absence(&path);
                let name = self.names.distinct(name);
                return without_facts(rule, name, Missing { path, absence });
            }
        };
        let texts = texts(inputs, &bindings, extra);
        let name = rule.subject.as_ref().map_or_else(String::new, |t| t.render(&texts));
        let name = self.names.distinct(name);
        let log = Log::default();
        let world = World { inputs, state, params, bindings: &bindings };
        let fingerprint = fingerprint(&rule.id, &name);
        let judged = decide(rule, Tracer::new(world, &log), &texts);
        self.guards.extend(judged.guard);
        judged.on(name, fingerprint)
    }
}

/// The name of the element whose inner list lacks.
fn outer_name(binding: &Binding<'_>) -> String {
    let name = binding.value.get("name").and_then(Value::as_str);
    name.map_or_else(|| binding.path.clone(), str::to_owned)
}

/// A rule whose lists are all empty: nothing to judge, or nothing seen.
fn empty(rule: &Rule, inputs: &Inputs) -> SubjectResult {
    let lists: Vec<String> = rule.each.iter().map(|e| e.list.join(".")).collect();
    // Where most were seen and had nothing to judge, that is the verdict, and the gaps stand beside
    // it (one process of a hundred began too late); where few were seen there is no verdict.
    let blind = |i: &Incomplete| {
        i.is_mostly_unseen() && lists.contains(&i.list) && !inputs.has_elements(&i.list)
    };
    let unseen = inputs.incomplete().into_iter().find(blind);
    if let Some(unseen) = unseen {
        let absence = Absence { detail: unseen.words(), ..inputs.unseen(&unseen.list) };
        return without_facts(rule, String::new(), Missing { path: unseen.list, absence });
    }
    let needs = rule.file.empty.as_ref().and_then(|e| e.get_ref().needs.as_ref());
    if let Some(path) = needs.map(|n| n.get_ref().clone()).filter(|path| !inputs.knows(path)) {
        let absence = inputs.absence(&path);
        return without_facts(rule, String::new(), Missing { path, absence });
    }
    let status = match &rule.file.empty {
        Some(empty) if empty.get_ref().status.get_ref() == "clear" => {
            Status::Clear { because: Some(empty.get_ref().because.get_ref().clone()) }
        }
        Some(empty) => Status::NotApplicable { because: empty.get_ref().because.get_ref().clone() },
        None => Status::NotApplicable {
            because: format!("this host has none of: {}", lists.join(", ")),
        },
    };
    SubjectResult {
        subject: String::new(),
        fingerprint: fingerprint(&rule.id, ""),
        status,
        reasoning: Vec::new(),
        undecided: Vec::new(),
    }
}

fn without_facts(rule: &Rule, subject: String, missing: Missing) -> SubjectResult {
    SubjectResult {
        fingerprint: fingerprint(&rule.id, &subject),
        subject,
        status: lacking(vec![missing]),
        reasoning: Vec::new(),
        undecided: Vec::new(),
    }
}

/// Whether a rule walks over a list, in its loops or in a condition.
fn concerns(rule: &Rule, results: &[SubjectResult], list: &str) -> bool {
    let below = |path: &str| {
        path.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    rule.each.iter().any(|e| e.list.join(".") == list)
        || results.iter().flat_map(|s| &s.reasoning).any(|r| below(&r.path))
}

/// Stable over archives: of rule and subject alone.
fn fingerprint(id: &str, subject: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update([0]);
    hash.update(subject.as_bytes());
    hex(hash.finalize().get(..8).unwrap_or_default())
}
