//! CPU and load: what the load average is made of.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::report::chart::{Part, StackedBar};
use crate::report::units::Unit;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Load {
    /// Load averages, absolute and by CPU.
    pub averages: Table,
    /// Tasks behind the load.
    pub composition: Vec<Pair>,
    /// Where CPU time went.
    pub time_bar: Option<StackedBar>,
    /// The same as numbers.
    pub time: Table,
    /// The CPUs one by one.
    pub cpus: super::cpus::Cpus,
    /// Who was seen running, who in D, what was waited for, run queues; memory nodes, on hosts with several.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

impl Load {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let (time_bar, time) = time(cx);
        let mut tables = vec![
            super::pressure::table(cx),
            states(cx, "Seen running", "load.composition.top_running"),
            states(cx, "Seen in uninterruptible sleep", "load.composition.top_uninterruptible"),
            queues(cx),
        ];
        tables.extend(super::numa::tables(cx));
        Self {
            averages: averages(cx),
            composition: composition(cx),
            time_bar,
            time,
            cpus: super::cpus::Cpus::new(cx),
            tables,
            notes,
        }
    }
}

fn averages(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Load average", &["", "#1 min", "#5 min", "#15 min"]);
    let row = |label: &str, suffix: &str| {
        let cell = |n: &str| rounded(cx, &format!("load.{n}{suffix}"));
        Row::new(vec![Cell::text(label), cell("one"), cell("five"), cell("fifteen")])
    };
    table.push(row("Host", ""));
    table.push(row("Per CPU", "_per_cpu"));
    table
}

/// Numbers of tasks with the two digits that the kernel gives a load: more would be noise.
fn rounded(cx: &Cx<'_>, path: &str) -> Cell {
    let cell = cx.cell(path);
    match cx.number(path).filter(|_| !path.ends_with("_ratio")) {
        Some(tasks) => Cell { text: format!("{tasks:.2}"), ..cell },
        None => cell,
    }
}

fn composition(cx: &Cx<'_>) -> Vec<Pair> {
    [
        ("Verdict", "verdict"),
        ("Running (R), mean", "running_mean"),
        ("Running, p95", "running_p95"),
        ("In block I/O (b), mean", "blocked_mean"),
        ("Uninterruptible (D), mean", "uninterruptible_mean"),
        ("D but not in block I/O", "uninterruptible_other_mean"),
        ("CPU share of the load", "cpu_share_ratio"),
        ("I/O share", "io_share_ratio"),
        ("Other D share", "other_share_ratio"),
        ("Kernel share of busy time", "system_of_busy_ratio"),
    ]
    .into_iter()
    .map(|(label, field)| Pair::new(label, rounded(cx, &format!("load.composition.{field}"))))
    .collect()
}

const TIMES: [(&str, &str, &str); 8] = [
    ("user", "cpu.time.user_ratio", "p1"),
    ("nice", "cpu.time.nice_ratio", "p5"),
    ("system", "cpu.time.system_ratio", "p2"),
    ("interrupts", "cpu.time.irq_ratio", "p6"),
    ("soft interrupts", "cpu.time.softirq_ratio", "p4"),
    ("steal", "cpu.time.steal_ratio", "p7"),
    ("I/O wait", "cpu.time.iowait_ratio", "p3"),
    ("idle", "cpu.time.idle_ratio", "free"),
];

fn time(cx: &Cx<'_>) -> (Option<StackedBar>, Table) {
    let mut table = Table::new("CPU time in the window", &["State", "#Share of all CPUs"]);
    let mut parts = Vec::new();
    for (label, path, class) in TIMES {
        table
            .push(Row::new(vec![Cell { swatch: Some(class), ..Cell::text(label) }, cx.cell(path)]));
        parts.extend(cx.number(path).map(|value| Part { label, value, class }));
    }
    if parts.is_empty() {
        table.rows.clear();
    }
    (StackedBar::new(&parts, 1.0, Unit::Ratio), table)
}

fn states(cx: &Cx<'_>, caption: &str, list: &str) -> Table {
    let mut table =
        Table::new(caption, &["Command", "#PID", "#Samples", "#Share of its samples", "Waits in"]);
    for i in 0..cx.len(list) {
        let at = format!("{list}.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(
            &at,
            vec![
                cx.code(&format!("{at}.comm")),
                of("pid"),
                of("samples"),
                of("ratio"),
                cx.value(&format!("{at}.wchan"))
                    .map_or_else(Cell::default, |_| cx.code(&format!("{at}.wchan"))),
            ],
        ));
    }
    table.keep_filled_columns();
    table
}

fn queues(cx: &Cx<'_>) -> Table {
    const MAX_CPUS: usize = 32;
    let mut table = Table::new(
        "Run queues",
        &["#CPU", "#Tasks that waited, mean", "#Runnable at one moment", "Of these"],
    );
    let queues = &cx.facts.tree.cpu.run_queues;
    let mut order: Vec<usize> = (0..queues.len()).collect();
    let waits = |i: usize| {
        let queue = queues.get(i);
        let mean = queue.and_then(|q| q.waiting_mean).unwrap_or(0.0);
        (mean, queue.and_then(|q| q.runnable).unwrap_or(0))
    };
    order.sort_by(|a, b| {
        let (a, b) = (waits(*a), waits(*b));
        b.0.total_cmp(&a.0).then(b.1.cmp(&a.1))
    });
    for i in order {
        let at = format!("cpu.run_queues.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(&at, vec![of("cpu"), of("waiting_mean"), of("runnable"), of("tasks")]));
    }
    table.limit(MAX_CPUS, " by tasks that waited");
    table.keep_known_columns();
    table
}
