//! A rule ready to run: words understood, conditions and templates compiled.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use toml::Spanned;

use super::condition::Condition;
use super::file::{RuleFile, Text};
use super::source::Source;
use super::text::Template;
use super::words::{Evidence, Level};
use crate::severity::Severity;

/// A rule ready to run.
#[derive(Debug)]
pub struct Rule {
    /// Id, from the path of the file.
    pub id: String,
    /// As written.
    pub file: RuleFile,
    /// The file.
    pub source: Arc<Source>,
    pub(crate) title: Template,
    pub(crate) subject: Option<Template>,
    pub(crate) each: Vec<Each>,
    pub(crate) applies: Option<Condition>,
    pub(crate) not_applicable: Option<Template>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) confidence: Vec<Confidence>,
    pub(crate) raise: Vec<Raise>,
    pub(crate) why: Template,
    pub(crate) verify: Template,
    pub(crate) wrong_if: Template,
    pub(crate) actions: Vec<Action>,
    /// Ids of the rules whose findings it reads.
    pub(crate) reads_findings: BTreeSet<String>,
    /// It reads `coverage`, so it comes last.
    pub(crate) reads_coverage: bool,
    /// It reads facts only, so it may be judged at any time.
    pub(crate) reads_facts_only: bool,
}

/// One loop of `each`.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) variable: String,
    /// Names from the root variable on.
    pub(crate) list: Vec<String>,
    /// Place of the entry in the file.
    pub(crate) span: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) when: Condition,
    pub(crate) says: Template,
    pub(crate) outcomes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) evidence: Evidence,
    pub(crate) when: Condition,
    pub(crate) title: Option<Template>,
    pub(crate) says: Template,
    /// Ids of the findings that its condition cites.
    pub(crate) cites: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Confidence {
    pub(crate) level: Level,
    pub(crate) when: Condition,
    pub(crate) because: Template,
    pub(crate) outcomes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Raise {
    pub(crate) when: Condition,
    pub(crate) because: Template,
    pub(crate) outcomes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) says: Template,
    pub(crate) command: Option<Template>,
    pub(crate) risk: String,
    pub(crate) risk_because: Option<Template>,
    pub(crate) when: Option<Condition>,
    pub(crate) undo: Option<Template>,
    pub(crate) persist: Option<Template>,
    pub(crate) outcomes: Vec<String>,
}

impl Rule {
    /// Severities of its outcomes, each once, the worst last.
    #[must_use]
    pub fn severities(&self) -> Vec<Severity> {
        let mut all: Vec<Severity> = self.outcomes.iter().map(|o| o.severity).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The conditions that decide whether it fires.
    pub(super) fn deciding(&self) -> impl Iterator<Item = &Condition> {
        self.applies
            .iter()
            .chain(self.guards.iter().map(|g| &g.when))
            .chain(self.outcomes.iter().map(|o| &o.when))
    }

    /// Every condition of the rule.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.deciding()
            .chain(self.confidence.iter().map(|c| &c.when))
            .chain(self.raise.iter().map(|r| &r.when))
            .chain(self.actions.iter().filter_map(|a| a.when.as_ref()))
    }

    /// Every template of the rule as written, with its place.
    pub(crate) fn texts(&self) -> Vec<(&Text, &Template, TextKind)> {
        use TextKind::{Command, Prose};
        let f = &self.file;
        let mut all: Vec<(Option<&Text>, Option<&Template>, TextKind)> = vec![
            (Some(&f.title), Some(&self.title), Prose),
            (f.subject.as_ref(), self.subject.as_ref(), Prose),
            (f.not_applicable.as_ref(), self.not_applicable.as_ref(), Prose),
            (Some(&f.explain.why), Some(&self.why), Prose),
            (Some(&f.explain.verify), Some(&self.verify), Prose),
            (Some(&f.explain.wrong_if), Some(&self.wrong_if), Prose),
        ];
        for (w, c) in f.guard.iter().map(Spanned::get_ref).zip(&self.guards) {
            all.push((Some(&w.says), Some(&c.says), Prose));
        }
        for (w, c) in f.outcome.iter().map(Spanned::get_ref).zip(&self.outcomes) {
            all.push((w.title.as_ref(), c.title.as_ref(), Prose));
            all.push((Some(&w.says), Some(&c.says), Prose));
        }
        for (w, c) in f.confidence.iter().map(Spanned::get_ref).zip(&self.confidence) {
            all.push((Some(&w.because), Some(&c.because), Prose));
        }
        for (w, c) in f.raise.iter().map(Spanned::get_ref).zip(&self.raise) {
            all.push((Some(&w.because), Some(&c.because), Prose));
        }
        for (w, c) in f.action.iter().map(Spanned::get_ref).zip(&self.actions) {
            all.push((Some(&w.says), Some(&c.says), Prose));
            all.push((w.risk_because.as_ref(), c.risk_because.as_ref(), Prose));
            all.push((w.command.as_ref(), c.command.as_ref(), Command));
            // Without a command, an undo is words, too.
            let kind = if c.command.is_some() { Command } else { Prose };
            all.push((w.undo.as_ref(), c.undo.as_ref(), kind));
            all.push((w.persist.as_ref(), c.persist.as_ref(), Prose));
        }
        all.into_iter().filter_map(|(w, c, kind)| Some((w?, c?, kind))).collect()
    }

    /// Notes what it reads of other findings and of the coverage.
    pub(super) fn link(&mut self) {
        let mut findings = BTreeSet::new();
        let mut coverage = false;
        // Only what has the words can name the variables, and parsing is dear.
        let may_name = |text: &str| text.contains("findings") || text.contains("coverage");
        let mut facts_only = true;
        for condition in self.conditions().filter(|c| may_name(&c.text)) {
            facts_only = false;
            findings.append(&mut cited(condition));
            condition.visit(&mut |e| {
                coverage |= matches!(&e.expr, Expr::Ident(name) if name == "coverage");
            });
        }
        for (text, template, _) in self.texts() {
            if !may_name(text.get_ref()) {
                continue;
            }
            facts_only = false;
            let variables = template.variables();
            coverage |= variables.iter().any(|v| v == "coverage" || v.starts_with("coverage."));
            if variables.iter().any(|v| v == "findings") {
                findings.extend(named_in_text(text.get_ref()));
            }
        }
        self.reads_findings = findings;
        self.reads_coverage = coverage;
        self.reads_facts_only = facts_only;
    }
}

/// What a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Shown to people.
    Prose,
    /// Pasted into a shell.
    Command,
}

/// The rule id of `findings["id"]`, if this is such an expression.
pub(crate) fn finding_id(expr: &IdedExpr) -> Option<&str> {
    let Expr::Call(CallExpr { func_name, args, .. }) = &expr.expr else { return None };
    let [list, key] = args.as_slice() else { return None };
    match (&list.expr, &key.expr) {
        (Expr::Ident(name), Expr::Literal(LiteralValue::String(id)))
            if func_name == operators::INDEX && name == "findings" =>
        {
            Some(id.inner())
        }
        _ => None,
    }
}

/// The rules whose findings a condition reads.
pub(super) fn cited(condition: &Condition) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    if condition.text.contains("findings") {
        condition.visit(&mut |e| ids.extend(finding_id(e).map(str::to_owned)));
    }
    ids
}

/// Ids in `findings["id"]` of a template.
fn named_in_text(text: &str) -> Vec<String> {
    text.split("findings[")
        .skip(1)
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|c| "'\"".contains(*c))?;
            rest.get(1..)?.split(quote).next().map(str::to_owned)
        })
        .collect()
}
