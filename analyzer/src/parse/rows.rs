//! Tables whose damaged rows do not spoil the others, and counters by name.

use std::collections::BTreeMap;

use super::{Fields, ParseError, lines};

/// The rows of a table, and the rows that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// Rows in the order of the source.
    pub rows: Vec<T>,
    /// The first of the damaged rows.
    pub problems: Vec<ParseError>,
    /// How many rows were damaged in all.
    pub damaged: u64,
}

/// Damaged rows that are described; the others are only counted.
const MAX_PROBLEMS: usize = 20;

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), problems: Vec::new(), damaged: 0 }
    }
}

impl<T> Rows<T> {
    /// Files a row, or the reason why there is none (`Ok(None)`: a line that is no row).
    pub(crate) fn take(&mut self, row: Result<Option<T>, ParseError>) {
        match row {
            Ok(Some(row)) => self.rows.push(row),
            Ok(None) => {}
            Err(problem) => self.problem(problem),
        }
    }

    /// Files a problem.
    pub(crate) fn problem(&mut self, problem: ParseError) {
        self.damaged = self.damaged.saturating_add(1);
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// The table, or the first problem when not one row was good.
    pub(crate) fn finish(self) -> Result<Self, ParseError> {
        match self.problems.first() {
            Some(first) if self.rows.is_empty() => Err(first.clone()),
            _ => Ok(self),
        }
    }

    /// A table of every line that `row` takes for one.
    pub(crate) fn of(
        text: &str,
        mut row: impl FnMut(Fields<'_>) -> Result<Option<T>, ParseError>,
    ) -> Result<Self, ParseError> {
        let mut rows = Self::default();
        for (line, text) in lines(text) {
            if !text.trim_ascii().is_empty() {
                rows.take(row(Fields::new(line, text)));
            }
        }
        rows.finish()
    }
}

/// Counters by the name the source gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<Box<str>, i64>);

impl Counters {
    /// The counter, if the source has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<i64> {
        self.0.get(name).copied()
    }

    /// All counters by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one; a name that comes again keeps its last value.
    pub(crate) fn set(&mut self, name: &str, value: i64) {
        self.0.insert(name.into(), value);
    }
}
