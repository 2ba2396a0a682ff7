//! Processes whose memory changed in the window, as the growth classifier sees them.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};
use crate::report::units::Unit;

/// Rows at most.
const MAX_ROWS: usize = 16;

/// One row a process: resident and address space, each with class, slope and curve.
pub(super) fn table(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Processes whose memory changed in the window",
        &["Process", "#PID", "What", "Verdict", "#From", "#To", "#Per second", "Curve"],
    );
    for (i, g) in cx.facts.tree.processes.growth.iter().enumerate() {
        for (name, field, series) in [
            ("resident", "resident", &g.resident),
            ("address space", "virtual_space", &g.virtual_space),
        ] {
            let Some(series) = series else { continue };
            let at = format!("processes.growth.{i}");
            let of = |f: &str| cx.cell(&format!("{at}.{field}.{f}"));
            let mapping = g.mapping.as_ref().filter(|_| field == "virtual_space");
            let grows = mapping.map_or_else(String::new, |m| {
                let range = m.start_hex.as_deref().zip(m.end_hex.as_deref());
                let range = range.map_or_else(String::new, |(a, b)| format!(" {a}-{b}"));
                format!("{}{range}", m.name)
            });
            table.push(Row::of(
                &at,
                vec![
                    Cell::code(&g.name).with_note(grows),
                    cx.cell(&format!("{at}.pid")),
                    Cell::text(name),
                    Cell::text(&series.class)
                        .with_note(format!("{} confidence", series.confidence)),
                    of("first_bytes"),
                    of("last_bytes"),
                    of("slope_bytes_per_s").with_note(format!(
                        "{} to {}",
                        Unit::Bytes.format(series.slope_low_bytes_per_s),
                        Unit::BytesPerS.format(series.slope_high_bytes_per_s)
                    )),
                    Cell {
                        spark: cx.spark(&format!("{at}.{field}.points"), Unit::Bytes),
                        ..Cell::default()
                    },
                ],
            ));
        }
    }
    table.limit(MAX_ROWS, ", those that grow first");
    if !table.rows.is_empty() {
        let by_hand = "By hand: pmap -X PID, twice with a minute between, shows the mapping that \
                       grows; it holds the process's mmap lock while it reads, some 10 ms a GiB";
        let cut = table.note.take();
        table.note =
            Some(cut.into_iter().chain([by_hand.to_owned()]).collect::<Vec<_>>().join("; "));
    }
    table
}
