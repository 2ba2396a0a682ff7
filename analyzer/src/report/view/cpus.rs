//! The CPUs one by one: an average over all of them hides the one that is full, and interrupts
//! that all land on one.

use serde::Serialize;

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::facts::cpu::CpuUse;
use crate::report::chart::{CpuBars, CpuMap, CpuParts};
use crate::report::units::Unit;

/// Rows of the table at most: the busiest.
const MAX_ROWS: usize = 64;
/// Rows that stand open.
const FEW: usize = 16;

/// Each CPU in the window.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cpus {
    /// A bar for each.
    pub bars: Option<CpuBars>,
    /// How busy each was when.
    pub map: Option<CpuMap>,
    /// What the colours of the bars mean.
    pub legend: Vec<Cell>,
    /// The numbers.
    pub table: Table,
    /// The table is long: it stands closed.
    pub long: bool,
    /// Interrupts by the CPU that takes most of them.
    pub interrupts: Table,
    /// The lines of cards and disks.
    pub lines: Table,
    /// Who spreads them.
    pub spreading: Vec<Pair>,
}

/// Name of a part, its field, its colour.
const PARTS: [(&str, &str); 5] = [
    ("user", "p1"),
    ("system", "p2"),
    ("interrupts", "p6"),
    ("soft interrupts", "p4"),
    ("stolen", "p7"),
];

/// Lines shown.
const MAX_LINES: usize = 32;
const LINES: [(&str, &str); 7] = [
    ("`IRQ", "irq"),
    ("`Device", "device"),
    ("#A second", "per_s"),
    ("#CPU", "cpu"),
    ("#~Its share", "ratio"),
    ("`CPUs that may", "allowed"),
    ("`Sent to", "effective"),
];

const COLUMNS: [&str; 9] = [
    "#CPU",
    "#Busy",
    "Over the window",
    "#User",
    "#System",
    "#Interrupts",
    "#Soft interrupts",
    "#Stolen",
    "#Threads to run, mean",
];

impl Cpus {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let cpu = &cx.facts.tree.cpu;
        let parts = |c: &CpuUse| {
            let shares =
                [c.user_ratio, c.system_ratio, c.irq_ratio, c.softirq_ratio, c.steal_ratio];
            PARTS.iter().zip(shares).map(|((name, class), share)| (*name, share, *class)).collect()
        };
        let bars: Vec<CpuParts<'_>> =
            cpu.each.iter().map(|c| CpuParts { cpu: c.cpu, parts: parts(c) }).collect();
        let rows: Vec<(i64, &[f64])> =
            cpu.each.iter().map(|c| (c.cpu, c.interval_busy_ratio.as_slice())).collect();
        let legend = PARTS
            .iter()
            .map(|(name, class)| Cell { swatch: Some(class), ..Cell::text(*name) })
            .collect();
        let table = table(cx, &cpu.each);
        Self {
            bars: CpuBars::new(&bars),
            map: CpuMap::new(&cpu.interval_end_s, &rows),
            legend,
            long: table.rows.len() > FEW,
            table,
            interrupts: interrupts(cx),
            lines: cx.rows("irq.lines", "Interrupt lines of cards and disks", &LINES, MAX_LINES),
            spreading: cx.pairs(
                "irq",
                &[
                    ("irqbalance runs", "irqbalance"),
                    ("It is told", "irqbalance_settings"),
                    ("Interrupt lines of network cards", "nic_lines"),
                    ("bound to some CPUs", "nic_lines_bound"),
                    ("sent to so many CPUs", "nic_cpus_effective"),
                    ("Queues with CPUs of their own to send", "xps_queues"),
                    ("Receive packet steering", "rps"),
                ],
            ),
        }
    }
}

fn table(cx: &Cx<'_>, each: &[CpuUse]) -> Table {
    let mut table = Table::new("Each CPU in the window", &COLUMNS).sortable();
    let mut order: Vec<usize> = (0..each.len()).collect();
    let busy = |i: &usize| each.get(*i).map_or(0.0, |c| c.busy_ratio);
    if each.len() > MAX_ROWS {
        order.sort_by(|a, b| busy(b).total_cmp(&busy(a)));
    }
    for i in order {
        let at = format!("cpu.each.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let heat = |f: &str| of(f).with_heat(cx.number(&format!("{at}.{f}")));
        let spark = cx.spark(&format!("{at}.interval_busy_ratio"), Unit::Ratio);
        table.push(Row::of(
            &at,
            vec![
                cx.cell_in(&format!("{at}.cpu"), Unit::Name),
                cx.share(&format!("{at}.busy_ratio")),
                Cell { spark, ..Cell::default() },
                of("user_ratio"),
                of("system_ratio"),
                heat("irq_ratio"),
                heat("softirq_ratio"),
                heat("steal_ratio"),
                of("running_mean"),
            ],
        ));
    }
    table.limit(MAX_ROWS, ", the busiest");
    table.keep_known_columns();
    table
}

fn interrupts(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Interrupts, and the CPU that takes most of them",
        &["What", "#A second", "#CPU", "#Its share", "#CPUs that take 1 % and more"],
    );
    for (name, field) in [
        ("network cards", "nic"),
        ("NVMe disks", "nvme"),
        ("packets received (soft interrupts)", "net_rx"),
    ] {
        let at = format!("irq.{field}");
        if cx.value(&at).is_none() {
            continue;
        }
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(
            &at,
            vec![
                Cell::text(name),
                of("per_s"),
                cx.cell_in(&format!("{at}.cpu"), Unit::Name),
                cx.share(&format!("{at}.ratio")),
                of("cpus"),
            ],
        ));
    }
    table
}
