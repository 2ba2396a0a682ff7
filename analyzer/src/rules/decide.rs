//! One rule, one subject: guards, outcomes in order, caps, texts, actions.

use minijinja::value::Value as TextValue;
use serde_json::Value;

use super::outcome::{
    Action, Capped, Finding, Missing, Raised, Reading, Status, SubjectResult, Undecided,
};
use super::rule::{Confidence, Guard, Outcome, Rule};
use super::trace::{Tracer, Truth, merge};
use super::words::{Evidence, Level};
use crate::severity::Severity;

/// Judges one subject.
pub(crate) fn decide(rule: &Rule, mut tracer: Tracer<'_>, texts: &TextValue) -> Judged {
    let mut undecided = Vec::new();
    let mut judge = Judge { rule, tracer: &mut tracer, texts, guard: None };
    let status = judge.status(&mut undecided);
    let guard = judge.guard;
    Judged { status, undecided, guard, reasoning: tracer.readings }
}

/// The verdict without its subject.
pub(crate) struct Judged {
    status: Status,
    undecided: Vec<Undecided>,
    reasoning: Vec<Reading>,
    /// The guard that decided, by its place in the file.
    pub(crate) guard: Option<usize>,
}

impl Judged {
    pub(crate) fn on(self, subject: String, fingerprint: String) -> SubjectResult {
        SubjectResult {
            subject,
            fingerprint,
            status: self.status,
            reasoning: self.reasoning,
            undecided: self.undecided,
        }
    }
}

struct Judge<'a, 'w> {
    rule: &'a Rule,
    tracer: &'a mut Tracer<'w>,
    texts: &'a TextValue,
    guard: Option<usize>,
}

impl Judge<'_, '_> {
    fn status(&mut self, undecided: &mut Vec<Undecided>) -> Status {
        if let Some(applies) = &self.rule.applies {
            match self.tracer.truth(applies, "applies") {
                Truth::True => {}
                Truth::False => return self.not_applicable(&applies.text),
                Truth::Unknown(missing) => return lacking(missing),
            }
        }
        let guards: Vec<(&Guard, Truth)> =
            self.rule.guards.iter().map(|g| (g, self.tracer.truth(&g.when, "guard"))).collect();
        let held = |i: &usize| guards.get(*i).is_some_and(|g| g.1 == Truth::True);
        let general = |i: &usize| guards.get(*i).is_some_and(|g| g.0.outcomes.is_empty());
        if let Some(i) = (0..guards.len()).filter(held).find(general) {
            return self.cleared(i);
        }
        for outcome in &self.rule.outcomes {
            match self.tracer.truth(&outcome.when, &format!("outcome {}", outcome.name)) {
                Truth::False => {}
                Truth::True => {
                    let stops = |i: &usize| {
                        guards.get(*i).is_some_and(|g| g.0.outcomes.contains(&outcome.name))
                    };
                    match (0..guards.len()).filter(held).find(stops) {
                        Some(i) => self.guard = self.guard.or(Some(i)),
                        None => return Status::Fired(Box::new(self.finding(outcome, &guards))),
                    }
                }
                Truth::Unknown(missing) => undecided.push(Undecided {
                    outcome: outcome.name.clone(),
                    severity: outcome.severity,
                    missing,
                }),
            }
        }
        if undecided.is_empty() {
            return match self.guard {
                Some(i) => self.cleared(i),
                None => Status::Clear { because: None },
            };
        }
        let mut missing = Vec::new();
        for u in undecided.iter() {
            merge(&mut missing, u.missing.clone());
        }
        match lacking(missing) {
            // The other outcomes were judged, and did not come true.
            Status::NotApplicable { because } if undecided.len() < self.rule.outcomes.len() => {
                Status::Clear { because: Some(because) }
            }
            status => status,
        }
    }

    fn cleared(&mut self, guard: usize) -> Status {
        self.guard = Some(guard);
        let because = self.rule.guards.get(guard).map(|g| g.says.render(self.texts));
        Status::Clear { because }
    }

    fn not_applicable(&self, condition: &str) -> Status {
        let because = self.rule.not_applicable.as_ref().map(|t| t.render(self.texts));
        let condition = || condition.split_whitespace().collect::<Vec<_>>().join(" ");
        Status::NotApplicable {
            because: because.unwrap_or_else(|| format!("`{}` is false here", condition())),
        }
    }

    fn finding(&mut self, outcome: &Outcome, guards: &[(&Guard, Truth)]) -> Finding {
        let (level, because) = self.confidence(outcome, guards);
        let (severity, capped) = cap(outcome, level, self.cited_rank(outcome));
        let raised = self.raised(outcome, level, severity);
        let severity = raised.as_ref().map_or(severity, |_| next(severity));
        let actions = self.actions(outcome);
        let rule = self.rule;
        Finding {
            outcome: outcome.name.clone(),
            severity,
            capped,
            raised,
            accepted: None,
            title: outcome.title.as_ref().unwrap_or(&rule.title).render(self.texts),
            says: outcome.says.render(self.texts),
            evidence: outcome.evidence.as_str().to_owned(),
            confidence: level.as_str().to_owned(),
            confidence_because: because,
            why: rule.why.render(self.texts),
            verify: rule.verify.render(self.texts),
            wrong_if: rule.wrong_if.render(self.texts),
            actions,
            references: rule.file.explain.references.iter().map(|r| r.get_ref().clone()).collect(),
        }
    }

    /// The lowest level that holds, and why. A guard that could not be checked leaves a doubt.
    fn confidence(&mut self, o: &Outcome, guards: &[(&Guard, Truth)]) -> (Level, Vec<String>) {
        let mut level = Level::High;
        let mut because = Vec::new();
        let concerns = |outcomes: &[String]| outcomes.is_empty() || outcomes.contains(&o.name);
        for (guard, truth) in guards.iter().filter(|(g, _)| concerns(&g.outcomes)) {
            if let Truth::Unknown(missing) = truth {
                // What has no meaning on this host (a heap that no command line limits, ZFS where
                // there is none) excuses nothing, and nobody need check it.
                if missing.iter().all(Missing::is_meaningless) {
                    continue;
                }
                level = level.min(Level::Medium);
                let says = guard.says.render(self.texts);
                because.push(format!("not checked whether {says} ({} lacks)", paths(missing)));
            }
        }
        let lower: Vec<&Confidence> =
            self.rule.confidence.iter().filter(|c| concerns(&c.outcomes)).collect();
        for c in lower {
            let role = format!("confidence {}", c.level.as_str());
            if self.tracer.truth(&c.when, &role) == Truth::True {
                level = level.min(c.level);
                because.push(c.because.render(self.texts));
            }
        }
        (level, because)
    }

    /// What raises it, if anything does. What is doubtful stays where it is.
    fn raised(&mut self, o: &Outcome, level: Level, from: Severity) -> Option<Raised> {
        if level == Level::Low || from == Severity::Critical {
            return None;
        }
        let rule = self.rule;
        let raise = rule
            .raise
            .iter()
            .filter(|r| r.outcomes.is_empty() || r.outcomes.contains(&o.name))
            .find(|r| self.tracer.truth(&r.when, "raise") == Truth::True)?;
        Some(Raised { from, because: raise.because.render(self.texts) })
    }

    /// The highest rank among the findings that the condition cites.
    fn cited_rank(&self, outcome: &Outcome) -> Option<i64> {
        let ranks = self.tracer.readings.iter().filter(|r| {
            let id = r.path.strip_prefix("findings.").and_then(|p| p.strip_suffix(".rank"));
            id.is_some_and(|id| outcome.cites.contains(id))
        });
        ranks.filter_map(|r| r.value.as_ref().and_then(Value::as_i64)).max()
    }

    fn actions(&mut self, outcome: &Outcome) -> Vec<Action> {
        let mut out = Vec::new();
        for (number, action) in self.rule.actions.iter().enumerate() {
            if !action.outcomes.is_empty() && !action.outcomes.contains(&outcome.name) {
                continue;
            }
            if let Some(when) = &action.when
                && self.tracer.truth(when, "action") != Truth::True
            {
                continue;
            }
            let command = action.command.as_ref().map(|t| t.command(self.texts));
            let undo = action.undo.as_ref().map(|t| match command {
                Some(_) => t.command(self.texts),
                None => Some(t.render(self.texts)),
            });
            // A command with a gap, or one that could not be undone, is no advice.
            if command == Some(None) || undo == Some(None) {
                continue;
            }
            out.push(Action {
                number,
                says: action.says.render(self.texts),
                command: command.flatten(),
                risk: action.risk.clone(),
                risk_because: action.risk_because.as_ref().map(|t| t.render(self.texts)),
                undo: undo.flatten(),
                persist: action.persist.as_ref().map(|t| t.render(self.texts)),
            });
        }
        out
    }
}

/// What has no meaning on this host is not lacking: a rule all of whose inputs are of that kind has
/// nothing to judge here, and one that lacks others lacks only those.
pub(crate) fn lacking(mut missing: Vec<Missing>) -> Status {
    if !missing.iter().all(Missing::is_meaningless) {
        missing.retain(|m| !m.is_meaningless());
    }
    match missing.first() {
        Some(first) if first.is_meaningless() => Status::NotApplicable {
            because: match first.absence.detail.as_str() {
                "" => format!("{} has no meaning here", first.path),
                detail => detail.to_owned(),
            },
        },
        _ => Status::NotAssessable { missing },
    }
}

/// One level higher.
const fn next(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Warning,
        Severity::Warning | Severity::Critical => Severity::Critical,
    }
}

fn paths(missing: &[Missing]) -> String {
    missing.iter().map(|m| m.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// Severity after the caps of evidence and confidence.
fn cap(o: &Outcome, level: Level, cited: Option<i64>) -> (Severity, Option<Capped>) {
    let evidence = match (o.evidence, cited) {
        (Evidence::Window, _) | (Evidence::Config, Some(3..)) => None,
        (Evidence::Day, _) => {
            Some((Severity::Warning, "the event is hours old, not seen in the window"))
        }
        (Evidence::SinceBoot, _) => {
            Some((Severity::Info, "counted since boot, not seen in the window"))
        }
        (Evidence::Config, Some(2)) => {
            Some((Severity::Warning, "a setting counts as much as the finding it is tied to"))
        }
        (Evidence::Config, _) => Some((Severity::Info, "a setting without a symptom")),
    };
    let confidence = (level == Level::Low).then_some((Severity::Info, "the confidence is low"));
    let caps = [evidence, confidence].into_iter().flatten().filter(|(c, _)| *c < o.severity);
    match caps.min_by_key(|(c, _)| *c) {
        Some((severity, because)) => {
            (severity, Some(Capped { from: o.severity, because: because.to_owned() }))
        }
        None => (o.severity, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::absence::{Absence, Reason};

    #[test]
    fn what_has_no_meaning_here_is_not_lacking() {
        let missing = |reason, detail: &str| Missing {
            path: "netns.0.time_wait.recycle".to_owned(),
            absence: Absence::new(reason, detail),
        };
        let removed = || missing(Reason::NotApplicable, "removed in 4.12");
        let word = |missing| super::super::state::word(&lacking(missing));
        assert_eq!(word(vec![removed()]), "not_applicable");
        let mixed = vec![removed(), missing(Reason::Denied, "")];
        let Status::NotAssessable { missing } = lacking(mixed) else { panic!("it lacks one") };
        assert_eq!(missing.iter().map(|m| m.absence.reason).collect::<Vec<_>>(), [Reason::Denied]);
        assert_eq!(word(Vec::new()), "not_assessable");
    }
}
