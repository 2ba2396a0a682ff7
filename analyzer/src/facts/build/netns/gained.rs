//! What protocol counters gained between two looks, by their kernel names.

use std::collections::BTreeMap;

use crate::parse::Counters;

use super::super::super::inputs::NetnsFile;
use super::super::super::plan::{Reading, Sampled};
use super::super::window::seconds;
use super::One;

/// What counters gained between two looks.
pub(super) struct Gained {
    /// Measured time between them.
    pub(super) span_s: f64,
    /// Where they were read.
    pub(super) paths: Vec<String>,
    deltas: BTreeMap<String, i64>,
}

impl Gained {
    /// The gain of one, by its kernel name; `None` where the kernel does not have it.
    pub(super) fn of(&self, name: &str) -> Option<i64> {
        self.deltas.get(name).copied()
    }
}

impl One<'_> {
    /// Readings of a file of counters, with the time of each: the host's own in the window, or
    /// those of the namespace.
    fn readings<'s>(
        &'s self,
        is_host: bool,
        host: &'s Sampled<Counters>,
        name: &str,
    ) -> Vec<(u64, String, &'s Counters)> {
        if is_host && let Some(ends) = self.window.ends(host) {
            let end = |(reading, counters): (&Reading<Counters>, &'s Counters)| {
                (reading.mono_us, host.entry(reading.pass), counters)
            };
            return vec![end(ends.first), end(ends.last)];
        }
        let file = self.inputs.net.netns.get(&format!("{}/{name}", self.namespace.inode));
        let all = file.into_iter().flat_map(|file| {
            file.good().filter_map(move |(reading, content)| match content {
                NetnsFile::Counters(c) => Some((reading.mono_us, file.entry(reading.pass), c)),
                _ => None,
            })
        });
        all.collect()
    }

    /// What counters gained between the first and the last look; `None` without two looks.
    pub(super) fn gained(&self, is_host: bool) -> Option<Gained> {
        let snmp = self.readings(is_host, &self.inputs.net.snmp, "snmp");
        let ext = self.readings(is_host, &self.inputs.net.tcp_ext, "netstat");
        let (first, last) = (snmp.first()?, snmp.last()?);
        let span_s = seconds(last.0.checked_sub(first.0).filter(|us| *us > 0)?);
        let paths = snmp.iter().chain(&ext).map(|(_, path, _)| path.clone()).collect();
        let mut deltas = BTreeMap::new();
        for readings in [&snmp, &ext] {
            let (Some((_, _, first)), Some((_, _, last))) =
                (readings.first(), readings.get(1..).and_then(<[_]>::last))
            else {
                continue;
            };
            for (name, end) in last.iter() {
                // A counter that fell was reset: what it gained is not known.
                let gain = first.get(name).and_then(|start| end.checked_sub(start));
                if let Some(gain) = gain.filter(|g| *g >= 0) {
                    deltas.insert(name.to_owned(), gain);
                }
            }
        }
        Some(Gained { span_s, paths, deltas })
    }
}
