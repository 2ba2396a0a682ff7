//! What the window looked like: one small chart per question, all on the same time axis.

use serde::Serialize;

use serde_json::Value;

use super::cell::Cell;
use super::cx::Cx;
use super::moment;
use super::table::{Row, Table};
use crate::facts::kernel_log::MEANINGS;
use crate::report::chart::{Curve, TimeSeries};
use crate::report::units::{Unit, float};
use crate::report::visible::clip;

/// Rows about the log at most.
const MAX_KILLS: usize = 20;
/// Longest message at a mark.
const MARK_CHARS: usize = 200;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timeline {
    /// Charts.
    pub charts: Vec<TimeSeries>,
    /// When the axes begin, on both clocks.
    pub begins: Option<String>,
    /// What the kernel logged by kind, whom it killed for memory, what services logged.
    pub tables: Vec<Table>,
    /// Why there are none, if there are none.
    pub note: Option<String>,
}

impl Timeline {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let load = &cx.facts.tree.load.series;
        let memory = &cx.facts.tree.memory.series;
        let of_load =
            |label, field: &str, get: fn(&crate::facts::load::LoadPoint) -> Option<f64>| Curve {
                label,
                points: load.iter().map(|p| (p.at_s, get(p))).collect(),
                fact: format!("load.series.*.{field}"),
            };
        let of_memory =
            |label, field: &str, get: fn(&crate::facts::memory::MemoryPoint) -> Option<i64>| {
                Curve {
                    label,
                    points: memory.iter().map(|p| (p.at_s, get(p).map(float))).collect(),
                    fact: format!("memory.series.*.{field}"),
                }
            };
        let marks = marks(cx);
        let charts: Vec<TimeSeries> = [
            TimeSeries::new(
                "Tasks running, and waiting uninterruptibly (D)",
                Unit::Plain,
                vec![
                    of_load("running", "running", |p| p.running),
                    of_load("in D", "uninterruptible", |p| p.uninterruptible),
                ],
            ),
            TimeSeries::new(
                "Load average over 1 minute, and tasks in block I/O",
                Unit::Plain,
                vec![
                    of_load("load", "one", |p| p.one),
                    of_load("block I/O", "blocked", |p| p.blocked),
                ],
            ),
            TimeSeries::new(
                "Memory: available, and anonymous",
                Unit::Bytes,
                vec![
                    of_memory("available", "available_bytes", |p| p.available_bytes),
                    of_memory("anonymous", "anon_bytes", |p| p.anon_bytes),
                ],
            ),
            swap(memory)
                .then(|| {
                    TimeSeries::new(
                        "Swap in use",
                        Unit::Bytes,
                        vec![of_memory("swap", "swap_used_bytes", |p| p.swap_used_bytes)],
                    )
                })
                .flatten(),
        ]
        .into_iter()
        .flatten()
        .map(|chart| chart.with_marks(&marks))
        .collect();
        let note = charts.is_empty().then(|| {
            let why = cx.facts.absences.get("load.series").map(ToString::to_string);
            format!(
                "No series: {}.",
                why.unwrap_or_else(|| "the archive holds fewer than two samples".to_owned())
            )
        });
        let begins = cx.number("collection.window_unix_s").filter(|_| !charts.is_empty());
        Self {
            charts,
            begins: begins.and_then(|s| moment::line(s, cx.offset_s())),
            tables: vec![events(cx), kills(cx), logs(cx)],
            note,
        }
    }
}

fn kills(cx: &Cx<'_>) -> Table {
    cx.rows(
        "kernel_log.oom_kills",
        "Processes killed for want of memory",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("What ran out", "scope"),
            ("`Group at its limit", "cgroup"),
            ("#Anonymous", "anon_bytes"),
            ("#Shared", "shmem_bytes"),
            ("#oom_score_adj", "oom_score_adj"),
            ("#Ago", "age_s"),
        ],
        MAX_KILLS,
    )
}

fn logs(cx: &Cx<'_>) -> Table {
    cx.rows(
        "logs.matches",
        "What services logged when ports, files or processes ran out",
        &[
            ("Pattern", "pattern"),
            ("`File", "file"),
            ("#Lines", "count"),
            ("#Last, ago", "last_age_s"),
            ("`One of them", "sample"),
        ],
        MAX_KILLS,
    )
}

/// What the kernel logged within the window, by seconds since the first sample.
fn marks(cx: &Cx<'_>) -> Vec<(f64, String)> {
    let mut marks = Vec::new();
    for (name, _) in MEANINGS {
        let Some(latest) = cx.list(&format!("kernel_log.{name}.latest")) else { continue };
        for message in latest {
            let (at, text) = (message.get("at_s"), message.get("text"));
            if let (Some(at), Some(text)) =
                (at.and_then(Value::as_f64), text.and_then(Value::as_str))
            {
                marks.push((at, clip(text, MARK_CHARS).into_owned()));
            }
        }
    }
    marks
}

/// The kernel's log by kind of event; what did not happen is left out.
fn events(cx: &Cx<'_>) -> Table {
    // Without samples there is no window: the facts count the last minute instead.
    let now = match cx.number("collection.samples") {
        Some(samples) if samples >= 2.0 => "#In the window",
        _ => "#In the last minute",
    };
    let mut table = Table::new(
        "What the kernel logged",
        &["Event", now, "#In 24 h", "#In all", "#First, ago", "#Last"],
    );
    for (name, meaning) in MEANINGS {
        let at = format!("kernel_log.{name}");
        if cx.number(&format!("{at}.count")).unwrap_or(0.0) == 0.0 {
            continue;
        }
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let latest = format!("{at}.latest.0.text");
        table.push(Row::of(
            &at,
            vec![
                Cell::text(words(meaning)).with_note(cx.cell(&latest).text),
                of("in_window"),
                of("in_day"),
                of("count"),
                of("first_age_s"),
                last(cx, &at),
            ],
        ));
    }
    table
}

/// The meaning of an event without the part that tells by what its subjects are named.
fn words(meaning: &str) -> String {
    let (words, _) = meaning.split_once(';').unwrap_or((meaning, ""));
    words.trim().trim_end_matches('.').replace('`', "")
}

/// How long ago, and when; where the clock is not known, the first alone.
fn last(cx: &Cx<'_>, at: &str) -> Cell {
    let ago = cx.cell(&format!("{at}.last_age_s"));
    let when = cx.number(&format!("{at}.last_unix_s"));
    let when = when.and_then(|s| moment::line(s, cx.offset_s()));
    if ago.absent.is_some() {
        return ago;
    }
    Cell { text: format!("{} ago", ago.text), ..ago }.with_note(when.unwrap_or_default())
}

/// Whether swap was used at all: a flat zero needs no chart.
fn swap(points: &[crate::facts::memory::MemoryPoint]) -> bool {
    points.iter().any(|p| p.swap_used_bytes.is_some_and(|b| b > 0))
}
