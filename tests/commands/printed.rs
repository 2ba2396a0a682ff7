//! What findings print for a shell, with the values of the rules' own tests.

use std::collections::{BTreeMap, BTreeSet};

use linsight::rules::{RuleSet, testing};

/// A command as a finding prints it.
#[derive(Clone, Debug)]
pub struct Printed {
    pub rule: String,
    pub command: String,
    pub undo: Option<String>,
}

/// All of them.
pub struct All {
    /// The first print of each action that has a command.
    pub commands: Vec<Printed>,
    /// Every print.
    pub every: Vec<Printed>,
    /// Commands in what a finding tells to look at afterwards.
    pub verify: BTreeSet<String>,
    /// Actions that no inline test prints.
    pub never: Vec<String>,
}

pub fn printed() -> All {
    let set = RuleSet::embedded().unwrap();
    let mut first: BTreeMap<(String, usize), Printed> = BTreeMap::new();
    let mut every = Vec::new();
    let mut verify = BTreeSet::new();
    for tested in testing::run(&set) {
        for finding in tested.findings {
            verify.extend(commands(&finding.verify));
            for action in finding.actions {
                let Some(command) = action.command else { continue };
                let printed = Printed { rule: tested.rule.clone(), command, undo: action.undo };
                every.push(printed.clone());
                first.entry((tested.rule.clone(), action.number)).or_insert(printed);
            }
        }
    }
    let never = set.rules().iter().flat_map(|rule| {
        let actions = rule.file.action.iter().enumerate();
        let silent = actions.filter(|(i, a)| {
            a.get_ref().command.is_some() && !first.contains_key(&(rule.id.clone(), *i))
        });
        silent.map(|(_, a)| format!("{}: {}", rule.id, a.get_ref().says.get_ref()))
    });
    let never = never.collect();
    All { commands: first.into_values().collect(), every, verify, never }
}

/// The commands between backticks: what begins with the name of a program and has a word more.
fn commands(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let program = |s: &&str| {
        s.split_whitespace().count() > 1
            && s.starts_with(|c: char| c.is_ascii_lowercase())
            && !s.split_whitespace().next().unwrap().contains([':', '=', '_', '.'])
    };
    spans.filter(program).map(str::to_owned).collect()
}
