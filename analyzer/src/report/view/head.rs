//! The header line: which host, which moment, how long, with which rights, under which load.

use serde::Serialize;

use super::cx::Cx;
use super::moment;
use super::table::Pair;

/// Header of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    /// Host name; `?` when unknown.
    pub host: String,
    /// "2026-03-01 12:00:00 UTC (21:00:00 +09:00 on the host)".
    pub taken: String,
    /// The line below the name.
    pub pairs: Vec<Pair>,
    /// Said once, since it lowers the confidence of whole chapters.
    pub environment: Option<String>,
}

impl Head {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let tree = &cx.facts.tree;
        let taken = tree.host.taken_unix_s.and_then(|s| moment::line(s, cx.offset_s()));
        let taken = taken.unwrap_or_else(|| "at an unknown time".to_owned());
        let pairs = vec![
            Pair::new("Kernel", cx.cell("host.kernel_release")),
            Pair::new("System", cx.cell("host.os_name")),
            Pair::new("Up", cx.cell("host.uptime_s")),
            Pair::new("Window", cx.cell("collection.window_s")),
            Pair::new("Samples", cx.cell("collection.samples")),
            Pair::new("Collected as uid", cx.cell("collection.euid")),
            Pair::new("CPUs", cx.cell("cpu.online")),
            Pair::new("Memory", cx.cell("memory.total_bytes")),
            Pair::new("Load 1 min", cx.cell("load.one")),
            Pair::new("5 min", cx.cell("load.five")),
            Pair::new("15 min", cx.cell("load.fifteen")),
        ];
        let environment = (tree.env.container_view == Some(true)).then(|| {
            "Taken inside a container: memory, CPU and load may be the container's, not the host's. \
             Confidence is lower throughout."
                .to_owned()
        });
        Self {
            host: tree.host.name.clone().unwrap_or_else(|| "?".to_owned()),
            taken,
            pairs,
            environment,
        }
    }
}
