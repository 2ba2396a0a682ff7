//! How the rule decided: every fact that it read, beside the test that it took part in.

use super::cell::Cell;
use super::table::{Row, Table};
use crate::locator::Locator;
use crate::report::evidence::shown_path;
use crate::report::units::{self, Unit};
use crate::report::visible::clip;
use crate::rules::outcome::{Reading, Test};
use crate::severity::Severity;

/// Rows at most.
const MAX_ROWS: usize = 40;

/// fact | value | source | test | result.
///
/// Of an info only what held is shown: what a graver finding would have needed is in the JSON.
pub(super) fn table(readings: &[Reading], severity: Severity) -> Table {
    let brief = severity == Severity::Info;
    let counts = |t: &&Test| t.role != "action" && !(brief && t.result == "false");
    let mut table =
        Table::new("How the rule decided", &["Fact", "#Value", "Source", "Test", "Result"]);
    let mut told: Vec<(&str, &str)> = Vec::new();
    for reading in readings {
        // Which actions are offered is no part of the decision.
        let decisive = reading.tests.iter().filter(counts).collect::<Vec<_>>();
        if decisive.is_empty() && !reading.tests.is_empty() {
            continue;
        }
        // A test of several facts stands in full with the first of them.
        let mut tests = Vec::new();
        for test in &decisive {
            let name = (test.condition.as_str(), test.role.as_str());
            if !told.contains(&name) {
                told.push(name);
                tests.push([
                    Cell::code(clip(test.condition.trim(), 300)).with_note(&test.role),
                    Cell::text(&test.result),
                ]);
            }
        }
        if tests.is_empty() {
            let part = if decisive.is_empty() { "in its text" } else { "in a test above" };
            tests.push([Cell::text(part), Cell::default()]);
        }
        for (i, test) in tests.into_iter().enumerate() {
            let mut cells = if i == 0 {
                let source = Cell::text(source(&reading.sources));
                vec![Cell::code(&reading.name), value(reading), source]
            } else {
                vec![Cell::text("″"), Cell::default(), Cell::default()]
            };
            cells.extend(test);
            table.push(Row::new(cells));
        }
    }
    table.limit(MAX_ROWS, "");
    if brief && !table.rows.is_empty() {
        table.note = Some("Tests that were false are left out; --format json has them.".to_owned());
    }
    table
}

fn value(reading: &Reading) -> Cell {
    let fact = Some(reading.path.clone());
    match &reading.value {
        Some(v) => Cell {
            text: clip(&units::value(v, Unit::of(&reading.path)), 120).into_owned(),
            number: true,
            fact,
            ..Cell::default()
        },
        None => Cell {
            text: "?".to_owned(),
            absent: Some(
                reading.absence.as_ref().map_or("not known".to_owned(), ToString::to_string),
            ),
            fact,
            ..Cell::default()
        },
    }
}

/// The first source, and how many more.
fn source(sources: &[Locator]) -> String {
    let Some(first) = sources.first() else { return String::new() };
    let text = match first {
        Locator::Lines { path, record, first, last } => {
            let path = shown_path(path, record.as_deref());
            match (first, last) {
                (0, _) => path,
                (a, b) if a == b => format!("{path}:{a}"),
                (a, b) => format!("{path}:{a}-{b}"),
            }
        }
        Locator::Facts { paths } => {
            let names: Vec<&str> = paths.iter().take(3).map(String::as_str).collect();
            let rest = paths.len().saturating_sub(names.len());
            let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            format!("from {}{rest}", names.join(", "))
        }
        Locator::Operator { how } => format!("told by the operator ({how})"),
    };
    match sources.len() {
        1 => text,
        n => format!("{text} and {}", units::counted(n - 1, "more source")),
    }
}
