//! The "top" view.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::report::units::{Unit, counted};
use crate::report::visible::clip;

/// Rows at most.
const MAX_ROWS: usize = 200;
/// Command lines are cut here; the archive has all of them.
const MAX_COMMAND: usize = 120;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Processes {
    /// Counts by state.
    pub pairs: Vec<Pair>,
    /// The table.
    pub table: Table,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// What a state letter of `top` means.
const STATES: [(&str, &str); 9] = [
    ("R", "R running or runnable"),
    ("S", "S sleeping, can be interrupted"),
    ("D", "D uninterruptible sleep"),
    ("I", "I idle kernel thread"),
    ("T", "T stopped"),
    ("t", "t stopped by a tracer"),
    ("Z", "Z zombie"),
    ("X", "X dead"),
    ("P", "P parked"),
];

impl Processes {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let mut pairs = vec![
            Pair::new("Processes", cx.cell("processes.count")),
            Pair::new("Threads", cx.cell("processes.threads")),
            Pair::new("Judged for growth", cx.cell("processes.judged")),
        ];
        for (letter, meaning) in STATES {
            if cx.facts.tree.processes.states.contains_key(letter) {
                pairs.push(Pair::new(meaning, cx.cell(&format!("processes.states.{letter}"))));
            }
        }
        Self { pairs, table: table(cx), notes }
    }
}

fn table(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Processes by CPU, then by resident memory",
        &[
            "#PID", "#UID", "#PR", "#NI", "#VIRT", "#RES", "#SHR", "#SWAP", "S", "#%CPU", "#%MEM",
            "#TIME", "#Threads", "Command",
        ],
    )
    .sortable();
    for (i, p) in cx.facts.tree.processes.top.iter().enumerate().take(MAX_ROWS) {
        let at = format!("processes.top.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let command = match &p.cmdline {
            Some(line) => Cell::code(clip(line, MAX_COMMAND)),
            None => Cell::code(format!("[{}]", p.comm)),
        };
        table.push(Row::of(
            &at,
            vec![
                of("pid"),
                of("uid"),
                of("priority"),
                of("nice"),
                of("virtual_bytes"),
                of("resident_bytes"),
                of("shared_bytes"),
                of("swap_bytes"),
                Cell::code(&p.state),
                of("cpu_ratio"),
                of("memory_ratio"),
                of("cpu_time_s"),
                of("threads"),
                command,
            ],
        ));
    }
    let listed = table.rows.len();
    let all = cx.number("processes.count").unwrap_or_default();
    if crate::report::units::float_len(listed) < all {
        table.note = Some(format!(
            "{} of {} by CPU and resident memory; the full list is in the archive",
            listed,
            Unit::Plain.format(all)
        ));
    } else if listed > 0 {
        table.note = Some(counted(listed, "row"));
    }
    table
}
