//! The order of evaluation: a rule comes after those whose findings it reads.

use std::collections::BTreeMap;

use super::diagnostics::Diagnostic;
use super::rule::Rule;

/// Indices into `rules`, each after all that it reads; readers of `coverage` last.
///
/// # Errors
///
/// One diagnostic for each cycle.
pub(crate) fn order(rules: &[Rule]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let index: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect();
    let reads: Vec<Vec<usize>> = rules
        .iter()
        .map(|r| r.reads_findings.iter().filter_map(|id| index.get(id.as_str()).copied()).collect())
        .collect();
    let mut walk =
        Walk { rules, reads: &reads, state: vec![State::New; rules.len()], ..Walk::new() };
    for coverage in [false, true] {
        for (i, rule) in rules.iter().enumerate() {
            if rule.reads_coverage == coverage {
                walk.visit(i);
            }
        }
    }
    if walk.cycles.is_empty() { Ok(walk.done) } else { Err(walk.cycles) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk<'a> {
    rules: &'a [Rule],
    reads: &'a [Vec<usize>],
    state: Vec<State>,
    path: Vec<usize>,
    done: Vec<usize>,
    cycles: Vec<Diagnostic>,
}

impl Walk<'_> {
    const fn new() -> Self {
        Self {
            rules: &[],
            reads: &[],
            state: Vec::new(),
            path: Vec::new(),
            done: Vec::new(),
            cycles: Vec::new(),
        }
    }

    fn visit(&mut self, i: usize) {
        match self.state.get(i).copied().unwrap_or(State::Done) {
            State::Done => {}
            State::Open => self.cycle(i),
            State::New => {
                self.set(i, State::Open);
                self.path.push(i);
                for read in self.reads.get(i).cloned().unwrap_or_default() {
                    self.visit(read);
                }
                self.path.pop();
                self.set(i, State::Done);
                self.done.push(i);
            }
        }
    }

    fn set(&mut self, i: usize, state: State) {
        if let Some(s) = self.state.get_mut(i) {
            *s = state;
        }
    }

    fn cycle(&mut self, i: usize) {
        let (Some(from), Some(rule)) = (self.path.iter().position(|p| *p == i), self.rules.get(i))
        else {
            return;
        };
        let ids: Vec<&str> = self
            .path
            .iter()
            .skip(from)
            .chain([&i])
            .filter_map(|p| self.rules.get(*p).map(|r| r.id.as_str()))
            .collect();
        let text = &rule.source.text;
        let at = text.find("findings[").unwrap_or_default();
        let end = text.get(at..).and_then(|t| t.find(']')).map_or(at, |n| at + n + 1);
        self.cycles.push(
            Diagnostic::new(&rule.source, at..end, "these rules wait for each other's findings")
                .label(ids.join(" reads "))
                .help("let one of them read facts instead"),
        );
    }
}
