//! The header line: which host, which moment, how long, with which rights, under which load.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;

use super::cx::Cx;
use super::table::Pair;
use crate::report::units::float;

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
        let taken = taken(tree.host.taken_unix_s, tree.host.utc_offset_s);
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

/// The moment in UTC, and as the clock on the host's wall showed it.
fn taken(unix_s: Option<f64>, offset_s: Option<i64>) -> String {
    let time = unix_s.filter(|s| s.abs() < 1e11).and_then(|s| {
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        Timestamp::from_second(s.floor() as i64).ok()
    });
    let Some(time) = time else { return "at an unknown time".to_owned() };
    let utc = time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let local = offset_s
        .filter(|o| float(*o).abs() < 93_599.0 && *o != 0)
        .and_then(|o| Offset::from_seconds(i32::try_from(o).ok()?).ok())
        .map(|o| time.to_zoned(TimeZone::fixed(o)).strftime("%H:%M:%S %:z").to_string());
    match local {
        Some(local) => format!("{utc} ({local} on the host)"),
        None => utc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks() {
        assert_eq!(
            taken(Some(1_772_366_400.5), Some(32400)),
            "2026-03-01 12:00:00 UTC (21:00:00 +09:00 on the host)"
        );
        assert_eq!(taken(Some(1_772_366_400.0), Some(0)), "2026-03-01 12:00:00 UTC");
        assert_eq!(taken(Some(1e300), None), "at an unknown time");
        assert_eq!(taken(Some(f64::NAN), None), "at an unknown time");
        assert_eq!(taken(Some(0.0), Some(i64::MAX)), "1970-01-01 00:00:00 UTC");
        assert_eq!(taken(None, None), "at an unknown time");
    }
}
