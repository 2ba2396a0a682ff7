//! Truth of a condition on one subject, and everything that was read to find it.

use cel::{ExecutionError, Value as Cel};
use serde_json::Value;

use super::condition::{self, Condition, Logic};
use super::inputs::Inputs;
use super::node::{self, Log, Read};
use super::outcome::{Missing, Reading, Test};
use super::state::State;
use super::subjects::Binding;
use crate::absence::{Absence, Reason};

/// The three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// Not to be known, and the facts that would have told.
    Unknown(Vec<Missing>),
}

impl Truth {
    const fn word(&self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown(_) => "unknown",
        }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

/// What a rule sees while it judges one subject.
#[derive(Clone, Copy)]
pub(crate) struct World<'w> {
    pub(crate) inputs: &'w Inputs,
    pub(crate) state: &'w State,
    pub(crate) params: &'w Value,
    pub(crate) bindings: &'w [Binding<'w>],
}

/// Evaluates conditions and keeps the record.
pub(crate) struct Tracer<'w> {
    world: World<'w>,
    log: &'w Log,
    context: cel::Context<'w, 'w>,
    /// Every fact that was read, in order.
    pub(crate) readings: Vec<Reading>,
}

impl<'w> Tracer<'w> {
    pub(crate) fn new(world: World<'w>, log: &'w Log) -> Self {
        let mut context = condition::context();
        let roots = world.inputs.tree.as_object().into_iter().flatten();
        let roots = roots.map(|(name, value)| (name.as_str(), name.clone(), value));
        let bound = world.bindings.iter().map(|b| (b.variable, b.path.clone(), b.value));
        let own = [
            ("params", "params".to_owned(), world.params),
            ("findings", "findings".to_owned(), &world.state.findings),
            ("coverage", "coverage".to_owned(), &world.state.coverage),
        ];
        for (name, path, value) in roots.chain(own).chain(bound) {
            let value = node::value(value, path, name.to_owned(), log);
            context.add_variable_as_val(name, value);
        }
        Self { world, log, context, readings: Vec::new() }
    }

    /// The truth of a condition; `role` names it in the record.
    ///
    /// A part that has no meaning on this host decides nothing: of `a || b` without a meaning of
    /// `b`, `a` remains. What is denied turns the connectives round.
    pub(crate) fn truth(&mut self, condition: &Condition, role: &str) -> Truth {
        self.decide(condition.logic(), role, Meaningless::YieldsToFalse)
    }

    fn decide(&mut self, logic: &Logic, role: &str, meaningless: Meaningless) -> Truth {
        match logic {
            Logic::And(a, b) => match self.decide(a, role, meaningless) {
                Truth::False => Truth::False,
                left => {
                    let right = self.decide(b, role, meaningless);
                    meaningless.both(left, right, &Truth::False)
                }
            },
            Logic::Or(a, b) => match self.decide(a, role, meaningless) {
                Truth::True => Truth::True,
                left => {
                    let right = self.decide(b, role, meaningless);
                    meaningless.both(left, right, &Truth::True)
                }
            },
            Logic::Not(a) => self.decide(a, role, meaningless.denied()).not(),
            // Whether the first holds is asked both ways.
            Logic::If(c, a, b) => match self.decide(c, role, Meaningless::Yields) {
                Truth::True => self.decide(a, role, meaningless),
                Truth::False => self.decide(b, role, meaningless),
                unknown @ Truth::Unknown(_) => unknown,
            },
            Logic::Test(test) => self.test(test, role),
        }
    }

    fn test(&mut self, test: &condition::Test, role: &str) -> Truth {
        let result = test.evaluate(&self.context);
        if matches!(result, Err(ExecutionError::NoSuchKey(_))) {
            test.read_all(&self.context);
        }
        let reads = complete(self.log.take(), test);
        let truth = match result {
            Ok(Cel::Bool(true)) => Truth::True,
            Ok(Cel::Bool(false)) => Truth::False,
            Ok(_) => self.failed(test, "the result is no truth value"),
            Err(ExecutionError::NoSuchKey(_)) if reads.iter().any(|r| r.value.is_none()) => {
                let lacking = reads.iter().filter(|r| r.value.is_none());
                Truth::Unknown(lacking.map(|r| self.missing(&r.path)).collect())
            }
            Err(ExecutionError::UndeclaredReference(name)) => {
                Truth::Unknown(vec![self.missing(&name)])
            }
            Err(error) => self.failed(test, &error.to_string()),
        };
        for read in reads {
            self.record(read, role, &test.text, &truth);
        }
        truth
    }

    fn failed(&self, test: &condition::Test, why: &str) -> Truth {
        let detail = format!("`{}` cannot be evaluated: {why}", test.text);
        let path = self.world.bindings.last().map_or_else(String::new, |b| b.path.clone());
        Truth::Unknown(vec![Missing { path, absence: Absence::new(Reason::Failed, detail) }])
    }

    fn missing(&self, path: &str) -> Missing {
        Missing { path: path.to_owned(), absence: self.absence(path) }
    }

    fn absence(&self, path: &str) -> Absence {
        match path.strip_prefix("findings.") {
            Some(finding) => self.world.state.absence(finding),
            None => self.world.inputs.absence(path),
        }
    }

    fn record(&mut self, read: Read, role: &str, condition: &str, truth: &Truth) {
        let test = Test {
            role: role.to_owned(),
            condition: condition.to_owned(),
            result: truth.word().to_owned(),
        };
        if let Some(reading) = self.readings.iter_mut().find(|r| r.path == read.path) {
            if !reading.tests.contains(&test) {
                reading.tests.push(test);
            }
            return;
        }
        let absence = read.value.is_none().then(|| self.absence(&read.path));
        self.readings.push(Reading {
            sources: self.world.inputs.sources(&read.path),
            path: read.path,
            name: read.name,
            value: read.value,
            absence,
            tests: vec![test],
        });
    }
}

/// Names a fact in full that lacks because what holds it lacks.
fn complete(reads: Vec<Read>, test: &condition::Test) -> Vec<Read> {
    let mut out = Vec::with_capacity(reads.len());
    for read in reads {
        let beyond = if read.value.is_none() { test.beyond(&read.name) } else { Vec::new() };
        if beyond.is_empty() {
            out.push(read);
            continue;
        }
        for rest in beyond {
            let mut read = read.clone();
            read.path.push_str(rest);
            read.name.push_str(rest);
            out.push(read);
        }
    }
    out
}

/// What becomes of a part without a meaning on this host beside one that has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaningless {
    /// In what is to hold: the other part of an `||` remains, even if it is false.
    YieldsToFalse,
    /// In what is denied: the other part of an `&&` remains, even if it is true.
    YieldsToTrue,
    /// In what is asked both ways: only an absorbing value decides.
    Yields,
}

impl Meaningless {
    const fn denied(self) -> Self {
        match self {
            Self::YieldsToFalse => Self::YieldsToTrue,
            Self::YieldsToTrue => Self::YieldsToFalse,
            Self::Yields => Self::Yields,
        }
    }

    /// Two values under a connective that `absorbing` decides.
    fn both(self, left: Truth, right: Truth, absorbing: &Truth) -> Truth {
        if right == *absorbing {
            return right;
        }
        let remains = match self {
            Self::YieldsToFalse => *absorbing == Truth::True,
            Self::YieldsToTrue => *absorbing == Truth::False,
            Self::Yields => false,
        };
        match (left, right) {
            (Truth::Unknown(mut a), Truth::Unknown(b)) => {
                merge(&mut a, b);
                Truth::Unknown(a)
            }
            (Truth::Unknown(a), known) | (known, Truth::Unknown(a)) => {
                if remains && a.iter().all(Missing::is_meaningless) {
                    known
                } else {
                    Truth::Unknown(a)
                }
            }
            (_, right) => right,
        }
    }
}

/// Adds what is not yet there.
pub(crate) fn merge(into: &mut Vec<Missing>, more: Vec<Missing>) {
    for m in more {
        if !into.contains(&m) {
            into.push(m);
        }
    }
}
