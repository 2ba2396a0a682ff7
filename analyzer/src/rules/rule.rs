//! A rule ready to run: words understood, conditions and templates compiled.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use toml::Spanned;

use super::condition::Condition;
use super::diagnostics::Diagnostic;
use super::file::{self, RuleFile, Text};
use super::source::Source;
use super::text::Template;
use super::words::{self, Evidence, Level};
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

/// Whether conditions and texts are known to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Built in, and checked when this program was: what decides is compiled now, the rest (most
    /// of it speaks of findings that few hosts have) when it is first used; tests are not read.
    BuiltIn,
    /// Everything is compiled, so that every mistake is told.
    None,
}

/// Compiles one rule file.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(
    id: &str,
    source: &Arc<Source>,
    trust: Trust,
) -> Result<Rule, Vec<Diagnostic>> {
    let text = match trust {
        Trust::BuiltIn => without_tests(&source.text),
        Trust::None => &source.text,
    };
    let file: RuleFile = toml::from_str(text).map_err(|error| vec![toml_error(source, &error)])?;
    let mut out = Vec::new();
    let rule = Compiler { source, trust, out: &mut out }.rule(id, file);
    rule.filter(|_| out.is_empty()).ok_or(out)
}

/// A rule file up to its tests, which stand at its end and are nearly half of it.
fn without_tests(text: &str) -> &str {
    let begins = ["\n[[test]]", "\n[no_test]"].into_iter().filter_map(|mark| text.find(mark));
    begins.min().and_then(|end| text.get(..=end)).unwrap_or(text)
}

fn toml_error(source: &Arc<Source>, error: &toml::de::Error) -> Diagnostic {
    let message = error.message();
    let d = Diagnostic::new(source, error.span().unwrap_or(0..0), message);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((word, known)) if message.starts_with("unknown field") => {
            d.did_you_mean(word, known.iter().copied())
        }
        _ => d,
    }
}

struct Compiler<'a> {
    source: &'a Arc<Source>,
    trust: Trust,
    out: &'a mut Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn rule(&mut self, id: &str, file: RuleFile) -> Option<Rule> {
        let each: Vec<_> = file.each.iter().filter_map(|e| self.each(e)).collect();
        let guards = file.guard.iter().filter_map(|g| self.guard(g.get_ref())).collect();
        let outcomes: Vec<_> =
            file.outcome.iter().filter_map(|o| self.outcome(o.get_ref())).collect();
        let confidence =
            file.confidence.iter().filter_map(|c| self.confidence(c.get_ref())).collect();
        let raise = file.raise.iter().filter_map(|r| self.raise(r.get_ref())).collect();
        let actions = file.action.iter().filter_map(|a| self.action(a)).collect();
        if let Some(empty) = &file.empty {
            let known = |w: &str| words::EMPTY.contains(&w).then_some(());
            self.word("status", &empty.get_ref().status, known, &words::EMPTY);
        }
        let title = self.text(&file.title);
        let subject = file.subject.as_ref().and_then(|t| self.text(t));
        let applies = file.applies.as_ref().and_then(|t| self.condition(t));
        let not_applicable = file.not_applicable.as_ref().and_then(|t| self.text(t));
        let why = self.text(&file.explain.why);
        let verify = self.text(&file.explain.verify);
        let wrong_if = self.text(&file.explain.wrong_if);
        let mut rule = Rule {
            id: id.to_owned(),
            source: Arc::clone(self.source),
            title: title?,
            subject,
            each,
            applies,
            not_applicable,
            guards,
            outcomes,
            confidence,
            raise,
            why: why?,
            verify: verify?,
            wrong_if: wrong_if?,
            actions,
            reads_findings: BTreeSet::new(),
            reads_coverage: false,
            reads_facts_only: false,
            file,
        };
        rule.link();
        for condition in rule.deciding() {
            condition.logic();
        }
        Some(rule)
    }

    fn each(&mut self, text: &Text) -> Option<Each> {
        let words: Vec<&str> = text.get_ref().split_whitespace().collect();
        let is_name = |w: &str| {
            w.starts_with(|c: char| c.is_ascii_lowercase())
                && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if let [variable, "in", list] = words.as_slice()
            && is_name(variable)
            && list.split('.').all(is_name)
        {
            return Some(Each {
                variable: (*variable).to_owned(),
                list: list.split('.').map(str::to_owned).collect(),
                span: self.source.inner(text),
            });
        }
        self.out.push(
            Diagnostic::new(self.source, self.source.inner(text), "this is not a loop")
                .help("write `each = [\"variable in list\"]`, such as \"ns in netns\""),
        );
        None
    }

    fn guard(&mut self, g: &file::Guard) -> Option<Guard> {
        let (when, says) = (self.condition(&g.when), self.text(&g.says));
        Some(Guard { when: when?, says: says?, outcomes: names(&g.outcomes) })
    }

    fn outcome(&mut self, o: &file::Outcome) -> Option<Outcome> {
        let severity = self.word("severity", &o.severity, words::severity, &words::SEVERITIES);
        let evidence = self.word("evidence", &o.evidence, Evidence::parse, &Evidence::WORDS);
        let (when, says) = (self.condition(&o.when), self.text(&o.says));
        let when = when?;
        let title = match &o.title {
            Some(title) => Some(self.text(title)?),
            None => None,
        };
        Some(Outcome {
            name: o.name.get_ref().clone(),
            severity: severity?,
            evidence: evidence?,
            cites: cited(&when),
            when,
            title,
            says: says?,
        })
    }

    fn confidence(&mut self, c: &file::Confidence) -> Option<Confidence> {
        let level = self.word("level", &c.level, Level::parse, &Level::WORDS);
        let (when, because) = (self.condition(&c.when), self.text(&c.because));
        Some(Confidence {
            level: level?,
            when: when?,
            because: because?,
            outcomes: names(&c.outcomes),
        })
    }

    fn raise(&mut self, r: &file::Raise) -> Option<Raise> {
        let (when, because) = (self.condition(&r.when), self.text(&r.because));
        Some(Raise { when: when?, because: because?, outcomes: names(&r.outcomes) })
    }

    fn action(&mut self, spanned: &Spanned<file::Action>) -> Option<Action> {
        let a = spanned.get_ref();
        let Some(risk) = &a.risk else {
            self.out.push(
                Diagnostic::new(self.source, spanned.span(), "this action does not state its risk")
                    .help(
                        "add `risk = \"none\"`, or `brief`, `outage`, `data` with `risk_because`",
                    ),
            );
            return None;
        };
        let known = |w: &str| words::RISKS.contains(&w).then(|| w.to_owned());
        let risk = self.word("risk", risk, known, &words::RISKS);
        let text = |c: &mut Self, t: &Option<Text>| t.as_ref().map(|t| c.text(t));
        let (command, undo) = (text(self, &a.command), text(self, &a.undo));
        let (persist, risk_because) = (text(self, &a.persist), text(self, &a.risk_because));
        let when = a.when.as_ref().map(|t| self.condition(t));
        Some(Action {
            says: self.text(&a.says)?,
            command: command.flatten(),
            risk: risk?,
            risk_because: risk_because.flatten(),
            when: when.flatten(),
            undo: undo.flatten(),
            persist: persist.flatten(),
            outcomes: names(&a.outcomes),
        })
    }

    fn text(&mut self, text: &Text) -> Option<Template> {
        if self.trust == Trust::BuiltIn {
            return Some(Template::trusted(text.get_ref()));
        }
        match Template::compile(text.get_ref()) {
            Ok(template) => Some(template),
            Err(e) => {
                let span = self.source.span_in(&text.span(), e.span);
                let d = Diagnostic::new(self.source, span, "this text is not a template");
                self.out.push(d.label(e.message));
                None
            }
        }
    }

    fn condition(&mut self, text: &Text) -> Option<Condition> {
        if self.trust == Trust::BuiltIn {
            return Some(Condition::trusted(text));
        }
        Condition::compile(self.source, text).map_err(|d| self.out.push(d)).ok()
    }

    fn word<T>(
        &mut self,
        what: &str,
        text: &Text,
        parse: impl Fn(&str) -> Option<T>,
        known: &[&'static str],
    ) -> Option<T> {
        let word = text.get_ref();
        let parsed = parse(word);
        if parsed.is_none() {
            let span = self.source.inner(text);
            let d = Diagnostic::new(self.source, span, format!("unknown {what} `{word}`"));
            self.out.push(d.did_you_mean(word, known.iter().copied()));
        }
        parsed
    }
}

fn names(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|t| t.get_ref().clone()).collect()
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
    fn deciding(&self) -> impl Iterator<Item = &Condition> {
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

    fn link(&mut self) {
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

fn cited(condition: &Condition) -> BTreeSet<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_tests_stands_behind_the_first() {
        for rule in &crate::rules::RuleSet::embedded().unwrap().rules {
            let read = |text: &str| {
                let mut file: RuleFile = toml::from_str(text).unwrap();
                file.test.clear();
                file.no_test.clear();
                format!("{file:?}")
            };
            let short = without_tests(&rule.source.text);
            assert!(short.len() < rule.source.text.len(), "{} has no tests", rule.id);
            assert_eq!(read(short), read(&rule.source.text), "{}", rule.id);
        }
    }
}
