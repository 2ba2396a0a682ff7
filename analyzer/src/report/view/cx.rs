//! What every section is built from, and the one way from a fact path to a cell: the path decides
//! the value, its unit and, where it lacks, the reason. So a cell cannot show another fact than
//! the one it names.

use serde_json::Value;

use super::cell::Cell;
use super::moment;
use super::origin::Origin;
use super::table::{NOT_APPLICABLE, Pair, Row, Table};
use crate::facts::Facts;
use crate::report::chart::Sparkline;
use crate::report::evidence::Evidence;
use crate::report::units::{self, Unit};
use crate::report::visible::clip;
use crate::rules::Assessment;

/// Longest text of a cell.
const CELL_CHARS: usize = 240;

/// Inputs of the view model.
pub(super) struct Cx<'a> {
    pub(super) facts: &'a Facts,
    pub(super) assessment: &'a Assessment,
    pub(super) evidence: &'a dyn Evidence,
    pub(super) origin: &'a Origin,
    tree: Value,
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        assessment: &'a Assessment,
        evidence: &'a dyn Evidence,
        origin: &'a Origin,
    ) -> Self {
        let tree = facts.value();
        Self { facts, assessment, evidence, origin, tree }
    }

    /// The value at a path; `None` where it is absent.
    pub(super) fn value(&self, path: &str) -> Option<&Value> {
        lookup(&self.tree, path)
    }

    /// A number.
    pub(super) fn number(&self, path: &str) -> Option<f64> {
        self.value(path)?.as_f64()
    }

    /// The elements of a list; `None` where it is absent.
    pub(super) fn list(&self, path: &str) -> Option<&Vec<Value>> {
        self.value(path)?.as_array()
    }

    /// Elements of a list; 0 where it is absent.
    pub(super) fn len(&self, path: &str) -> usize {
        self.list(path).map_or(0, Vec::len)
    }

    /// The cell of a fact, in the unit of its name.
    pub(super) fn cell(&self, path: &str) -> Cell {
        self.cell_in(path, Unit::of(path))
    }

    /// The cell of a fact in another unit: an MTU is bytes, but nobody reads 1.46 KiB.
    pub(super) fn cell_in(&self, path: &str, unit: Unit) -> Cell {
        match self.value(path) {
            None => self.unknown(path),
            Some(v) => Cell {
                text: clip(&units::value(v, unit), CELL_CHARS).into_owned(),
                number: v.is_number(),
                fact: Some(path.to_owned()),
                ..Cell::default()
            },
        }
    }

    /// A name or another text, in the monospaced face.
    pub(super) fn code(&self, path: &str) -> Cell {
        Cell { code: true, ..self.cell(path) }
    }

    /// A share, with a bar.
    pub(super) fn share(&self, path: &str) -> Cell {
        self.cell(path).with_meter(self.number(path))
    }

    /// A moment: in UTC, and as the clock on the wall of the host showed it.
    pub(super) fn moment(&self, path: &str) -> Cell {
        let both = self.number(path).and_then(|s| moment::both(s, self.offset_s()));
        match both {
            Some((utc, local)) => Cell { fact: Some(path.to_owned()), ..Cell::text(utc) }
                .with_note(local.unwrap_or_default()),
            None => self.unknown(path),
        }
    }

    /// The host's distance from UTC.
    pub(super) const fn offset_s(&self) -> Option<i64> {
        self.facts.tree.host.utc_offset_s
    }

    /// Labels with the facts below `at`.
    pub(super) fn pairs(&self, at: &str, fields: &[(&'static str, &str)]) -> Vec<Pair> {
        let below = |field: &str| match at {
            "" => field.to_owned(),
            at => format!("{at}.{field}"),
        };
        fields.iter().map(|(label, field)| Pair::new(label, self.cell(&below(field)))).collect()
    }

    /// The elements of a list, `max` of them at most. A list that could not be seen leaves the
    /// table empty and its reason in it. The marks of the heads are those of [`Table::new`].
    pub(super) fn rows(
        &self,
        at: &str,
        caption: &str,
        fields: &[(&'static str, &str)],
        max: usize,
    ) -> Table {
        let heads: Vec<&'static str> = fields.iter().map(|(head, _)| *head).collect();
        let mut table = Table::new(caption, &heads).sortable();
        let Some(list) = self.list(at) else {
            table.absent = self.unknown(at).absent.filter(|why| !why.contains(NOT_APPLICABLE));
            return table;
        };
        for i in 0..list.len().min(max) {
            let row = format!("{at}.{i}");
            let cells = fields.iter().map(|(head, field)| {
                let path = format!("{row}.{field}");
                let cell = if head.starts_with('`') { self.code(&path) } else { self.cell(&path) };
                // The bar and the ground are for shares alone.
                if path.ends_with("_ratio") && head.starts_with("#~") {
                    cell.with_heat(self.number(&path))
                } else {
                    cell
                }
            });
            table.push(Row::of(&row, cells.collect()));
        }
        if list.len() > max {
            let all = units::counted(list.len(), "row");
            table.note = Some(format!("{max} of {all}; the full list is among the facts"));
        }
        table.keep_known_columns();
        table
    }

    /// A series as a sparkline.
    pub(super) fn spark(&self, path: &str, unit: Unit) -> Option<Sparkline> {
        let values: Vec<f64> =
            self.value(path)?.as_array()?.iter().filter_map(Value::as_f64).collect();
        Sparkline::new(&values, unit).map(|s| Sparkline { fact: Some(path.to_owned()), ..s })
    }

    fn unknown(&self, path: &str) -> Cell {
        let why = self.facts.absences.get(path);
        let why = why.map_or("the source does not tell it".to_owned(), ToString::to_string);
        Cell {
            text: "?".to_owned(),
            fact: Some(path.to_owned()),
            absent: Some(clip(&why, CELL_CHARS).into_owned()),
            ..Cell::default()
        }
    }
}

/// Follows a path. Keys of maps may contain dots (`sysctl.runtime.vm.swappiness`), so a key is
/// tried with as few parts as possible first.
fn lookup<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return (!value.is_null()).then_some(value);
    }
    match value {
        Value::Array(items) => {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            lookup(items.get(index.parse::<usize>().ok()?)?, rest)
        }
        Value::Object(fields) => {
            let ends = path.match_indices('.').map(|(i, _)| i).chain([path.len()]);
            ends.filter_map(|i| path.split_at_checked(i))
                .filter_map(|(key, rest)| Some((fields.get(key)?, rest.trim_start_matches('.'))))
                .find_map(|(v, rest)| lookup(v, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_go_through_lists_and_dotted_keys() {
        let tree = json!({
            "netns": [{"tcp": {"states": {"TIME-WAIT": 76}}}],
            "sysctl": {"runtime": {"vm.swappiness": "60", "vm": "no"}},
            "host": {"name": null},
        });
        assert_eq!(lookup(&tree, "netns.0.tcp.states.TIME-WAIT"), Some(&json!(76)));
        assert_eq!(lookup(&tree, "sysctl.runtime.vm.swappiness"), Some(&json!("60")));
        assert_eq!(lookup(&tree, "sysctl.runtime.vm"), Some(&json!("no")));
        assert_eq!(lookup(&tree, "host.name"), None);
        assert_eq!(lookup(&tree, "netns.1"), None);
        assert_eq!(lookup(&tree, "netns.x"), None);
        assert_eq!(lookup(&tree, ""), Some(&tree));
    }
}
