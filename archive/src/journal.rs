//! The journal: one line for every source of the plan, whatever became of it.
//!
//! Each frame ends with its own journal (`journal/<n>.jsonl`), so a cut archive still knows what
//! its surviving frames hold and why other sources are absent. The first line is a
//! [`JournalHead`] that repeats what parsing needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// First line of every journal: what a parser needs to know about the host, again in each frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHead {
    /// Format version ([`crate::FORMAT_VERSION`]).
    pub linsight: u32,
    /// Number of the frame, from 0; a gap in the numbers is a lost frame.
    pub frame: u32,
    /// Page size of the host.
    pub page_size_bytes: u32,
    /// `sysconf(_SC_CLK_TCK)`: unit of the times in `/proc/PID/stat` and `/proc/stat`.
    pub ticks_per_s: u32,
    /// Whether raw payloads (netlink, `/proc/net/tcp`) are in little-endian byte order.
    pub little_endian: bool,
}

/// One source, or one pack with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Path in the archive, parts merged: `proc/meminfo`, `samples/3/packs/proc-pid/stat`.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Error number behind `missing`, `denied`, `vanished` or `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// Why: for `skipped` always, for the others where it helps ("exit status 1").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bytes stored.
    pub bytes: u64,
    /// How long reading took.
    pub us: u64,
    /// `CLOCK_MONOTONIC` of the host when reading began.
    pub mono_us: u64,
    /// For a pack: how many of its records had which outcome.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<Outcome, u64>,
    /// Number of parts, when the source was larger than one entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Secrets masked in it before it was written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl JournalLine {
    /// A line with nothing but its path, outcome and time.
    #[must_use]
    pub fn new(path: impl Into<String>, outcome: Outcome, mono_us: u64) -> Self {
        Self {
            path: path.into(),
            outcome,
            errno: None,
            reason: None,
            bytes: 0,
            us: 0,
            mono_us,
            records: BTreeMap::new(),
            parts: None,
            masked: 0,
        }
    }
}

/// A parsed journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Its first line.
    pub head: JournalHead,
    /// The other lines, in order of collection.
    pub lines: Vec<JournalLine>,
    /// Lines that were not understood: written by a later version, or not by us.
    pub unreadable: u32,
}

impl Journal {
    /// Reads a journal entry; `None` when its first line is no [`JournalHead`].
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rows = bytes.split(|b| *b == b'\n').filter(|row| !row.is_empty());
        let head = serde_json::from_slice(rows.next()?).ok()?;
        let mut journal = Self { head, lines: Vec::new(), unreadable: 0 };
        for row in rows {
            match serde_json::from_slice(row) {
                Ok(line) => journal.lines.push(line),
                Err(_) => journal.unreadable = journal.unreadable.saturating_add(1),
            }
        }
        Some(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_later_version_costs_itself_only() {
        let text = concat!(
            r#"{"linsight":1,"frame":3,"page_size_bytes":4096,"ticks_per_s":100,"little_endian":true}"#,
            "\n",
            r#"{"path":"a","outcome":"collected","bytes":1,"us":2,"mono_us":3}"#,
            "\n",
            r#"{"path":"b","outcome":"teleported","bytes":1,"us":2,"mono_us":3}"#,
            "\n",
        );
        let journal = Journal::parse(text.as_bytes()).unwrap();
        assert_eq!((journal.head.frame, journal.lines.len(), journal.unreadable), (3, 1, 1));
        assert_eq!(journal.lines[0].path, "a");
        assert!(Journal::parse(b"").is_none());
        assert!(Journal::parse(b"{}\n").is_none());
    }
}
