//! A rule file made a [`Rule`]: words understood, conditions and templates compiled, or told what
//! is wrong with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;

use super::condition::Condition;
use super::diagnostics::Diagnostic;
use super::file::{self, RuleFile, Text};
use super::rule::{Action, Confidence, Each, Guard, Outcome, Raise, Rule, cited};
use super::source::Source;
use super::text::Template;
use super::words::{self, Evidence, Level};

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
