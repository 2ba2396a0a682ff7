//! What the window looked like: one small chart per question, all on the same time axis.

use serde::Serialize;

use super::cx::Cx;
use crate::report::chart::{Curve, TimeSeries};
use crate::report::units::{Unit, float};

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timeline {
    /// Charts.
    pub charts: Vec<TimeSeries>,
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
        .collect();
        let note = charts.is_empty().then(|| {
            let why = cx.facts.absences.get("load.series").map(ToString::to_string);
            format!(
                "No series: {}.",
                why.unwrap_or_else(|| "the archive holds fewer than two samples".to_owned())
            )
        });
        Self { charts, note }
    }
}

/// Whether swap was used at all: a flat zero needs no chart.
fn swap(points: &[crate::facts::memory::MemoryPoint]) -> bool {
    points.iter().any(|p| p.swap_used_bytes.is_some_and(|b| b > 0))
}
