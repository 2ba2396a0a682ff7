//! Tables and lists of label and value: the two forms in which facts are printed.

use serde::Serialize;

use super::cell::Cell;
use crate::report::units::{Unit, float_len};

/// How an absence that is no gap begins or goes on.
pub(super) const NOT_APPLICABLE: &str = "not applicable";

/// A table. What it leaves out is said in `note`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    /// What it shows; also its name for screen readers.
    pub caption: String,
    /// Heads.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Row>,
    /// "200 of 5,132 by CPU; the full list is in the archive".
    pub note: Option<String>,
    /// Worth sorting and filtering when scripts run.
    pub sortable: bool,
    /// Why nothing is known of what it would show. An empty table without this is an empty list.
    pub absent: Option<String>,
}

/// The head of a column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Title.
    pub title: &'static str,
    /// Numbers stand to the right.
    pub number: bool,
    /// What the facts of its cells have in common behind the path of their row: `.used_bytes`. A
    /// cell of the same fact need not say it again, which keeps long tables small.
    pub fact: Option<String>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Path that the facts of its cells have in common; theirs then begin with a dot.
    pub fact: Option<String>,
    /// Cells, as many as columns.
    pub cells: Vec<Cell>,
}

impl Row {
    /// A row whose cells carry whole paths.
    #[must_use]
    pub const fn new(cells: Vec<Cell>) -> Self {
        Self { fact: None, cells }
    }

    /// A row of one element of a list: its path stands at the row, which keeps long tables small.
    #[must_use]
    pub fn of(prefix: &str, mut cells: Vec<Cell>) -> Self {
        for cell in &mut cells {
            for fact in
                std::iter::once(&mut cell.fact).chain(cell.spark.as_mut().map(|s| &mut s.fact))
            {
                if let Some(rest) = fact.as_deref().and_then(|f| f.strip_prefix(prefix)) {
                    *fact = Some(rest.to_owned());
                }
            }
        }
        Self { fact: Some(prefix.to_owned()), cells }
    }
}

/// A name at its depth in a tree.
pub(super) fn below(name: Cell, depth: usize) -> Cell {
    let indent =
        if depth == 0 { String::new() } else { format!("{}└ ", "\u{a0}".repeat(depth * 2)) };
    Cell { text: format!("{indent}{}", name.text), ..name }
}

impl Table {
    /// An empty table. A title that begins with `#` heads a column of numbers, with `#~` one of
    /// numbers whose ground tells their size, with a backtick one of names.
    #[must_use]
    pub fn new(caption: impl Into<String>, titles: &[&'static str]) -> Self {
        let columns = titles
            .iter()
            .map(|t| Column {
                title: t.trim_start_matches(['#', '~', '`']),
                number: t.starts_with('#'),
                fact: None,
            })
            .collect();
        Self { caption: caption.into(), columns, ..Self::default() }
    }

    /// The same, sortable.
    #[must_use]
    pub const fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        if row.fact.is_some() {
            for (column, cell) in self.columns.iter_mut().zip(&row.cells) {
                let fact = cell.fact.as_ref().filter(|f| f.starts_with('.'));
                column.fact = column.fact.take().or_else(|| fact.cloned());
            }
        }
        self.rows.push(row);
    }

    /// Leaves out the columns of which not one value is known, and says which and why.
    pub fn keep_known_columns(&mut self) {
        let mut gone: Vec<(String, Vec<&'static str>)> = Vec::new();
        for i in (0..self.columns.len()).rev() {
            let mut column = self.rows.iter().filter_map(|r| r.cells.get(i));
            let why = match column.clone().next() {
                Some(first) if column.all(|c| c.absent.is_some()) => first.absent.clone(),
                _ => None,
            };
            let Some(why) = why else { continue };
            let title = self.columns.remove(i).title;
            for row in &mut self.rows {
                row.cells.remove(i);
            }
            match gone.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, titles)) => titles.insert(0, title),
                None => gone.insert(0, (why, vec![title])),
            }
        }
        // What cannot be there is no gap.
        gone.retain(|(why, _)| !why.contains(NOT_APPLICABLE));
        let lines = gone.iter().map(|(why, titles)| format!("{}: {why}", titles.join(", ")));
        let note: Vec<String> = self.note.take().into_iter().chain(lines).collect();
        self.note = Some(note.join("; ")).filter(|n| !n.is_empty());
    }

    /// Puts the values of a column small below those of another, where both are there: a table of
    /// many columns then fits a page.
    pub fn fold(&mut self, title: &str, below: &str) {
        let at = |title: &str| self.columns.iter().position(|c| c.title == title);
        let (Some(from), Some(to)) = (at(title), at(below)) else { return };
        self.columns.remove(from);
        for row in &mut self.rows {
            let cell = row.cells.remove(from);
            let to = if from < to { to - 1 } else { to };
            if let Some(above) = row.cells.get_mut(to).filter(|_| cell.absent.is_none()) {
                above.note = Some(cell.text);
            }
        }
    }

    /// Leaves out a column in which every row says the same of nothing.
    pub fn drop_column_of(&mut self, title: &str, text: &str) {
        let Some(at) = self.columns.iter().position(|c| c.title == title) else { return };
        if self.rows.iter().all(|r| r.cells.get(at).is_some_and(|c| c.text == text)) {
            self.columns.remove(at);
            self.rows.iter_mut().for_each(|r| drop(r.cells.remove(at)));
        }
    }

    /// Leaves out the columns in which no row has anything to say.
    pub fn keep_filled_columns(&mut self) {
        for i in (0..self.columns.len()).rev() {
            if self.rows.iter().all(|r| r.cells.get(i).is_some_and(|c| c.text.is_empty())) {
                self.columns.remove(i);
                self.rows.iter_mut().for_each(|r| drop(r.cells.remove(i)));
            }
        }
    }

    /// Keeps the first `max` rows and says how many there were, and by what they were chosen.
    pub fn limit(&mut self, max: usize, by: &str) {
        let all = self.rows.len();
        if all > max {
            self.rows.truncate(max);
            self.note = Some(format!(
                "{} of {}{by}; the full list is in the archive",
                max,
                Unit::Plain.format(float_len(all))
            ));
        }
    }
}

/// A label and a value.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// Label.
    pub label: &'static str,
    /// Value.
    pub cell: Cell,
}

impl Pair {
    /// Puts them together.
    #[must_use]
    pub const fn new(label: &'static str, cell: Cell) -> Self {
        Self { label, cell }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_column_stands_small_below_another() {
        let mut t = Table::new("t", &["A", "B", "#C"]);
        let unknown = Cell { absent: Some("denied".to_owned()), ..Cell::text("?") };
        t.push(Row::new(vec![Cell::text("a"), Cell::text("b"), Cell::text("c")]));
        t.push(Row::new(vec![Cell::text("a"), unknown, Cell::text("c")]));
        t.fold("B", "C");
        t.fold("nothing", "C");
        let notes: Vec<_> = t.rows.iter().map(|r| r.cells[1].note.as_deref()).collect();
        assert_eq!((t.columns.len(), notes), (2, vec![Some("b"), None]));
    }

    #[test]
    fn a_column_without_a_word_is_left_out() {
        let mut t = Table::new("t", &["A", "B"]);
        t.push(Row::new(vec![Cell::text("a"), Cell::text("")]));
        t.keep_filled_columns();
        assert_eq!((t.columns.len(), t.rows[0].cells.len()), (1, 1));
    }
}
