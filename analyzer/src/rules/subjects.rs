//! The subjects of a rule: one for each turn of its loops.

use std::collections::BTreeMap;

use minijinja::value::Value as TextValue;
use serde_json::Value;

use super::inputs::Inputs;
use super::rule::{Each, Rule};

/// A loop variable and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Binding<'a> {
    pub(crate) variable: &'a str,
    pub(crate) path: String,
    pub(crate) value: &'a Value,
}

/// What the loops of a rule came to.
#[derive(Debug)]
pub(crate) enum Subject<'a> {
    /// Something to judge.
    Bound(Vec<Binding<'a>>),
    /// A list that lacks, under the loops outside of it.
    Missing(Vec<Binding<'a>>, String),
}

/// All subjects; none when every list is there and empty.
pub(crate) fn subjects<'a>(rule: &'a Rule, inputs: &'a Inputs) -> Vec<Subject<'a>> {
    let mut out = Vec::new();
    expand(&rule.each, Vec::new(), &inputs.tree, &mut out);
    out
}

fn expand<'a>(
    loops: &'a [Each],
    bound: Vec<Binding<'a>>,
    tree: &'a Value,
    out: &mut Vec<Subject<'a>>,
) {
    let Some((each, rest)) = loops.split_first() else {
        out.push(Subject::Bound(bound));
        return;
    };
    match list(each, &bound, tree) {
        Ok((path, elements)) => {
            for (i, value) in elements.iter().enumerate() {
                let mut bound = bound.clone();
                let path = format!("{path}.{i}");
                bound.push(Binding { variable: &each.variable, path, value });
                expand(rest, bound, tree, out);
            }
        }
        Err(path) => out.push(Subject::Missing(bound, path)),
    }
}

/// The list of a loop, or the path of what lacks.
fn list<'a>(
    each: &Each,
    bound: &[Binding<'a>],
    tree: &'a Value,
) -> Result<(String, &'a [Value]), String> {
    let mut names = each.list.iter();
    let first = names.next().map(String::as_str).unwrap_or_default();
    let (mut path, mut value) = match bound.iter().find(|b| b.variable == first) {
        Some(b) => (b.path.clone(), b.value),
        None => (first.to_owned(), tree.get(first).ok_or_else(|| first.to_owned())?),
    };
    for name in names {
        path = format!("{path}.{name}");
        value = value.get(name).ok_or_else(|| path.clone())?;
    }
    match value.as_array() {
        Some(elements) => Ok((path, elements)),
        None => Err(path),
    }
}

/// What the texts of a rule see.
pub(crate) fn texts(
    inputs: &Inputs,
    bindings: &[Binding<'_>],
    extra: &[(&str, TextValue)],
) -> TextValue {
    let mut all: BTreeMap<String, TextValue> = BTreeMap::new();
    for root in inputs.tree.as_object().into_iter().flat_map(|o| o.keys()) {
        all.insert(root.clone(), at(&inputs.texts, root));
    }
    for (name, value) in extra {
        all.insert((*name).to_owned(), value.clone());
    }
    for b in bindings {
        all.insert(b.variable.to_owned(), at(&inputs.texts, &b.path));
    }
    TextValue::from_pairs(all)
}

/// The part of the tree at a path of names and indices.
fn at(tree: &TextValue, path: &str) -> TextValue {
    path.split('.').fold(tree.clone(), |value, part| {
        let found = match part.parse::<usize>() {
            Ok(i) => value.get_item_by_index(i),
            Err(_) => value.get_attr(part),
        };
        found.unwrap_or(TextValue::UNDEFINED)
    })
}

/// Distinct names in stable order: the second `eth0` is `eth0 #2`.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, usize>);

impl Names {
    pub(crate) fn distinct(&mut self, name: String) -> String {
        let n = self.0.entry(name.clone()).or_default();
        *n += 1;
        if *n == 1 { name } else { format!("{name} #{n}") }
    }
}
