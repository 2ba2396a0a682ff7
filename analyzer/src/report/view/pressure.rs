//! Pressure stall information: which resource tasks waited for, now and in the last minutes.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};

/// One row a resource and kind of waiting.
pub(super) fn table(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Time that tasks lost waiting (PSI)",
        &["For", "Who waited", "#In the window", "#10 s", "#60 s", "#300 s"],
    );
    for (resource, name) in
        [("cpu", "a CPU"), ("memory", "memory"), ("io", "storage"), ("irq", "interrupts")]
    {
        for (kind, who) in [("some", "at least one"), ("full", "all at once")] {
            let at = format!("pressure.{resource}.{kind}");
            // For the CPU of a whole host "all" is always 0.
            if cx.value(&at).is_none() || (resource == "cpu" && kind == "full") {
                continue;
            }
            let of = |f: &str| {
                let path = format!("{at}.{f}");
                cx.cell(&path).with_heat(cx.number(&path))
            };
            table.push(Row::of(
                &at,
                vec![
                    Cell::text(name),
                    Cell::text(who),
                    of("window_ratio"),
                    of("avg10_ratio"),
                    of("avg60_ratio"),
                    of("avg300_ratio"),
                ],
            ));
        }
    }
    if table.rows.is_empty() {
        table.absent = cx.cell("pressure.cpu").absent;
    }
    table.keep_known_columns();
    table
}
