//! Where the report comes from, and how to read it.

use serde::Serialize;

use super::cell::Cell;
use super::cx::Cx;
use super::table::Pair;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    /// Archive, versions, hashes, commands.
    pub pairs: Vec<Pair>,
    /// What the operator told.
    pub told: Vec<String>,
}

impl About {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let o = cx.origin;
        let or = |text: &str, none: &str| Cell::code(if text.is_empty() { none } else { text });
        let pairs = vec![
            Pair::new("Archive", Cell::code(&o.archive)),
            Pair::new("SHA-256", Cell::code(o.sha256.as_deref().unwrap_or("– (a directory)"))),
            Pair::new("Taken", cx.moment("host.taken_unix_s")),
            Pair::new("First sample", cx.moment("collection.window_unix_s")),
            Pair::new("Format", cx.cell("collection.format")),
            Pair::new("Collector", cx.cell("collection.collector_version")),
            Pair::new("Collected by", or(&o.collector_command.join(" "), "?")),
            Pair::new("Analyzer", Cell::text(&o.analyzer_version)),
            Pair::new("Analyzed by", or(&o.command.join(" "), "?")),
            Pair::new("Rule set", Cell::code(&cx.assessment.ruleset_sha256)),
            Pair::new("Rules", Cell::text(cx.assessment.coverage.rules.to_string())),
            Pair::new("Sources with content", cx.cell("collection.sources_collected")),
            Pair::new("Sources in all", cx.cell("collection.sources_total")),
            Pair::new("Secrets masked before writing", cx.cell("collection.masked")),
            Pair::new("CPU time that collecting cost", cx.cell("collection.cost_cpu_s")),
            Pair::new("Interval asked for", cx.cell("collection.interval_s")),
            Pair::new("Largest deviation from it", cx.cell("collection.jitter_s")),
        ];
        let told = o.notes.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        Self { pairs, told }
    }
}
