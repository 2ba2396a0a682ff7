//! Checks that looked and found nothing.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};
use crate::report::units::counted;
use crate::rules::Status;

/// One row a rule that fired nowhere and was clear somewhere.
pub(super) fn table(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Checks that passed", &["Check", "Clear", "Because"]);
    for rule in &cx.assessment.rules {
        let mut because = None;
        let mut clear = 0;
        let mut fired = false;
        for s in &rule.subjects {
            match &s.status {
                Status::Clear { because: b } => {
                    clear += 1;
                    because = because.or(b.as_deref());
                }
                Status::Fired(_) => fired = true,
                _ => {}
            }
        }
        if fired || clear == 0 {
            continue;
        }
        let scope = if rule.subjects.len() > 1 {
            format!("{clear} of {}", counted(rule.subjects.len(), "subject"))
        } else {
            "yes".to_owned()
        };
        table.push(Row::new(vec![
            Cell::text(&rule.summary).with_note(&rule.id),
            Cell::text(scope),
            Cell::text(because.unwrap_or_default()),
        ]));
    }
    table
}
