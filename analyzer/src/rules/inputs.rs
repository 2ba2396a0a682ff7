//! Facts as the engine takes them: a tree without nulls, with sources and absences beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use minijinja::value::{Serde, Value as TextValue};
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::absence::{Absence, Reason};
use crate::facts::{self, Facts, SiteError, Table};
use crate::locator::Locator;

/// The parts of the tree that are objects, as its schema says: making that for each analysis would
/// take longer than judging most rules.
const OBJECTS: [&str; 24] = [
    "apps",
    "clock",
    "collection",
    "cpu",
    "env",
    "frequency",
    "hardware",
    "host",
    "io",
    "irq",
    "kernel",
    "kernel_log",
    "limits",
    "load",
    "logs",
    "memory",
    "net",
    "numa",
    "pressure",
    "processes",
    "site",
    "swap",
    "sysctl",
    "tasks",
];

/// The facts of one snapshot, ready for rules.
#[derive(Debug)]
pub struct Inputs {
    pub(crate) tree: Value,
    sources: Table<Vec<Locator>>,
    absences: Table<Absence>,
    pub(crate) texts: TextValue,
}

impl Inputs {
    /// From the facts of a snapshot.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        Self::new(facts.value(), facts.sources.clone(), facts.absences.clone())
    }

    /// From files in memory, by their paths in an archive, through the real parsers; with what the
    /// operator told by name.
    ///
    /// # Errors
    /// A note that cannot be: an unknown name, or a value that it cannot have.
    pub fn of_files(
        files: &BTreeMap<String, String>,
        notes: &BTreeMap<String, String>,
    ) -> Result<Self, SiteError> {
        facts::of_files(files, notes).map(|facts| Self::of(&facts))
    }

    /// From a tree. Nulls are dropped; so are empty lists that stand for an absence, since a list
    /// that could not be read is not a list of nothing.
    #[must_use]
    pub fn new(mut tree: Value, sources: Table<Vec<Locator>>, absences: Table<Absence>) -> Self {
        // Of a large host this is much work, so each part of the tree is made beside the others.
        let mut texts: Vec<(String, TextValue)> = Vec::new();
        if let Some(map) = tree.as_object_mut() {
            let parts: Vec<(&String, &mut Value)> = map.iter_mut().collect();
            let prune = |(name, part): (&String, _)| prune(part, &mut name.clone(), &absences);
            parts.into_par_iter().for_each(prune);
            map.retain(|name, part| !stands_for_absence(part, name, &absences));
            // Then a fact of a part that lacks is missed by its own name.
            for root in OBJECTS {
                map.entry(root).or_insert_with(|| Value::Object(Map::new()));
            }
            let text =
                |(name, part): (&String, &Value)| (name.clone(), TextValue::from(Serde(part)));
            texts.par_extend(map.iter().collect::<Vec<_>>().into_par_iter().map(text));
        }
        let texts = TextValue::from_pairs(texts);
        Self { tree, sources, absences, texts }
    }

    /// The same with `over` laid over the tree.
    #[must_use]
    pub fn with(self, over: Value) -> Self {
        let Self { mut tree, sources, absences, .. } = self;
        lay(&mut tree, over);
        Self::new(tree, sources, absences)
    }

    /// Where a fact came from.
    pub(crate) fn sources(&self, path: &str) -> Vec<Locator> {
        self.sources.get(path).cloned().unwrap_or_default()
    }

    /// Why a fact lacks.
    pub(crate) fn absence(&self, path: &str) -> Absence {
        if let Some(absence) = self.absences.get(path) {
            return absence.clone();
        }
        let reason = match path.split('.').next() {
            Some("site") => Reason::NotTold,
            Some("sysctl") => Reason::Missing,
            _ => Reason::NotCollected,
        };
        Absence::new(reason, "")
    }

    /// A fact is there.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.value(path).is_some()
    }

    /// Something of a list was seen.
    pub(crate) fn has_elements(&self, list: &str) -> bool {
        self.value(list).and_then(Value::as_array).is_some_and(|elements| !elements.is_empty())
    }

    fn value(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.tree, |value, name| value.get(name))
    }

    /// Why elements of a list were not seen, where the chapter told.
    pub(crate) fn unseen(&self, list: &str) -> Absence {
        let told = self.absences.exact(&format!("collection.lists.{list}"));
        told.cloned().unwrap_or_else(|| Absence::new(Reason::NotCollected, ""))
    }

    /// How much of a list was seen, when not all of it was: seen, expected, gaps.
    pub(crate) fn incomplete(&self) -> Vec<Incomplete> {
        let lists = self.tree.pointer("/collection/lists").and_then(Value::as_object);
        let count = |v: &Value, key: &str| v.get(key).and_then(Value::as_u64).unwrap_or_default();
        let Some(lists) = lists else { return Vec::new() };
        lists
            .iter()
            .map(|(list, v)| Incomplete {
                list: list.clone(),
                others: v.get("others").and_then(Value::as_str).map(str::to_owned),
                what: v.get("what").and_then(Value::as_str).map(str::to_owned),
                seen: count(v, "seen"),
                expected: count(v, "expected"),
                gaps: v.get("gaps").and_then(Value::as_array).map_or_else(Vec::new, |gaps| {
                    gaps.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }),
            })
            .filter(|i| i.seen < i.expected)
            .collect()
    }
}

/// Objects are merged, anything else is replaced.
fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// A list that was not wholly seen.
#[derive(Debug)]
pub(crate) struct Incomplete {
    pub(crate) list: String,
    what: Option<String>,
    seen: u64,
    expected: u64,
    gaps: Vec<String>,
    others: Option<String>,
}

impl Incomplete {
    /// Less than half was seen.
    pub(crate) const fn is_mostly_unseen(&self) -> bool {
        self.seen.saturating_mul(2) < self.expected
    }

    /// In words: `3 of 5 network namespaces seen; not: 4026532201 (setns: EPERM)`.
    pub(crate) fn words(&self) -> String {
        const SHOWN: usize = 3;
        let named = || format!("{} seen", self.list);
        let what = self.what.clone().unwrap_or_else(named);
        let mut words = format!("{} of {} {what}", self.seen, self.expected);
        if !self.gaps.is_empty() {
            let shown: Vec<&str> = self.gaps.iter().take(SHOWN).map(String::as_str).collect();
            words = format!("{words}; not: {}", shown.join(", "));
            if self.gaps.len() > SHOWN {
                words = format!("{words} and {} more", self.gaps.len() - SHOWN);
            }
        }
        if let Some(others) = &self.others {
            words = format!("{words}; {others}");
        }
        words
    }
}

/// Prunes what is below `value`, which stands at `path`; the path is built up and taken back.
fn prune(value: &mut Value, path: &mut String, absences: &Table<Absence>) {
    let len = path.len();
    match value {
        Value::Object(map) => map.retain(|key, child| {
            path.push('.');
            path.push_str(key);
            prune(child, path, absences);
            let stays = !stands_for_absence(child, path, absences);
            path.truncate(len);
            stays
        }),
        Value::Array(list) => {
            for (i, child) in list.iter_mut().enumerate() {
                write!(path, ".{i}").ok();
                prune(child, path, absences);
                path.truncate(len);
            }
        }
        _ => {}
    }
}

/// A null, or something empty of which it is known why it lacks.
fn stands_for_absence(value: &Value, path: &str, absences: &Table<Absence>) -> bool {
    value.is_null() || is_empty(value, path) && absences.exact(path).is_some()
}

/// An empty list, or an empty map below the top level.
fn is_empty(value: &Value, path: &str) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && path.contains('.'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_objects_of_the_tree_are_known() {
        use crate::rules::schema::{Ty, facts};
        let Ty::Object(parts) = facts() else { panic!("the tree is an object") };
        let objects = parts.iter().filter(|(_, ty)| matches!(ty, Ty::Object(_)));
        assert_eq!(objects.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), OBJECTS);
    }

    #[test]
    fn an_empty_list_that_could_not_be_read_is_absent() {
        let mut absences = Table::default();
        absences.set("processes.growth", Absence::new(Reason::TooFewSamples, ""));
        absences.set("netns", Absence::new(Reason::Denied, ""));
        let tree = json!({
            "processes": {"growth": [], "count": 3, "gone": null},
            "netns": [{"port_keys": [], "name": "host"}],
            "nics": [],
        });
        let inputs = Inputs::new(tree, Table::default(), absences);
        assert_eq!(inputs.tree["processes"], json!({"count": 3}));
        assert_eq!(inputs.tree["netns"], json!([{"port_keys": [], "name": "host"}]));
        assert_eq!(inputs.tree["nics"], json!([]));
        assert_eq!(inputs.tree["site"], json!({}), "an object always is");
        assert_eq!(inputs.absence("processes.growth").reason, Reason::TooFewSamples);
        assert_eq!(inputs.absence("site.l4_idle_timeout_s").reason, Reason::NotTold);
    }
}
