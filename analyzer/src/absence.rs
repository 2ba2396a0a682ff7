//! Why something is not known: typed, from the archive entry up to the verdict.

use linsight_archive::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a fact is absent. A reader decides by it what to do next: run as root, sample longer, or
/// accept that this kernel does not tell.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This host does not provide the source (old kernel, no such device, module not loaded).
    Missing,
    /// The collector was not allowed to read it.
    Denied,
    /// The source did not answer in time.
    TimedOut,
    /// Only a prefix of the source is stored, and the value would need the rest.
    Truncated,
    /// The process or device ended while it was read.
    Vanished,
    /// Another error at collection.
    Failed,
    /// The collector left it alone on purpose.
    Skipped,
    /// The archive does not mention the source: another collector, an older plan, a lost frame.
    NotCollected,
    /// The source is there but its text is not what the parser expects.
    ParseError,
    /// The value needs more samples, or a longer window, than the archive has.
    TooFewSamples,
    /// An operator input that was not told (`--set`, `--site`, `--note`).
    NotTold,
    /// The value has no meaning on this host (a ratio of nothing, an idle interface).
    NotApplicable,
}

impl Reason {
    /// The reason as a reader sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "not provided by this host",
            Self::Denied => "permission denied",
            Self::TimedOut => "timed out",
            Self::Truncated => "truncated",
            Self::Vanished => "vanished while read",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotCollected => "not in the archive",
            Self::ParseError => "not understood",
            Self::TooFewSamples => "too few samples",
            Self::NotTold => "not told by the operator",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// One absence: the reason, the source that is lacking, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Absence {
    /// The class of reason.
    pub reason: Reason,
    /// What would have told, if there is one thing: the archive path of a source, or the name of an
    /// operator input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// More, for people: an errno's name, a parse error, "3 samples, 15 needed".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Absence {
    /// An absence without a source.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, source: None, detail: detail.into() }
    }

    /// An absence of a source.
    #[must_use]
    pub fn of(reason: Reason, source: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason, source: Some(source.into()), detail: detail.into() }
    }

    /// The reason that an outcome of the journal stands for; `None` for one with whole content.
    #[must_use]
    pub const fn reason_of(outcome: Outcome) -> Option<Reason> {
        Some(match outcome {
            Outcome::Collected => return None,
            Outcome::Missing => Reason::Missing,
            Outcome::Denied => Reason::Denied,
            Outcome::TimedOut => Reason::TimedOut,
            Outcome::Truncated => Reason::Truncated,
            Outcome::Vanished => Reason::Vanished,
            Outcome::Failed => Reason::Failed,
            Outcome::Skipped => Reason::Skipped,
        })
    }
}

impl std::fmt::Display for Absence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}: ")?;
        }
        f.write_str(self.reason.as_str())?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}
