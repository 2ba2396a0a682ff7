//! Where a value came from, precisely enough to read it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in the archive, or the facts that a derived fact was computed from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Locator {
    /// Lines of an entry: `proc/meminfo` lines 3 to 3 (from 1). `record` is the key inside a pack.
    Lines {
        /// Path in the archive, sample prefix included (`samples/4/proc/meminfo`).
        path: String,
        /// Key of the record, when `path` is a pack.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
        /// First line, from 1; 0 when the whole entry is meant (binary payloads too).
        first: u32,
        /// Last line.
        last: u32,
    },
    /// Computed from other facts, by path.
    Facts {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Told by the operator: `--set`, `--site FILE` or a note in the archive.
    Operator {
        /// Which of the three.
        how: String,
    },
}

impl Locator {
    /// A whole entry.
    #[must_use]
    pub fn entry(path: impl Into<String>) -> Self {
        Self::Lines { path: path.into(), record: None, first: 0, last: 0 }
    }

    /// One line of an entry.
    #[must_use]
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self::Lines { path: path.into(), record: None, first: line, last: line }
    }

    /// A record of a pack.
    #[must_use]
    pub fn record(path: impl Into<String>, key: impl Into<String>) -> Self {
        Self::Lines { path: path.into(), record: Some(key.into()), first: 0, last: 0 }
    }

    /// Other facts.
    pub fn facts<I: IntoIterator<Item = S>, S: Into<String>>(paths: I) -> Self {
        Self::Facts { paths: paths.into_iter().map(Into::into).collect() }
    }
}
