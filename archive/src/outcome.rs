//! What became of one source, typed: absence is never a zero and never an empty file.

use serde::{Deserialize, Serialize};

/// The result of trying to collect one source.
///
/// It travels from the journal of the archive up to the verdict of a rule ("not assessable:
/// `proc/slabinfo` denied"), so that no stage has to guess why a value is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Read to its end.
    Collected,
    /// The host does not provide it (ENOENT and the like): an old kernel, an absent module.
    Missing,
    /// The host provides it, but not to this user (EACCES, EPERM).
    Denied,
    /// It did not answer within its deadline.
    TimedOut,
    /// Read up to its size limit; what is stored is a prefix.
    Truncated,
    /// It was there and went away while it was read (ESRCH: the process ended).
    Vanished,
    /// Any other error; the errno stands beside it.
    Failed,
    /// Left alone on purpose; the reason stands beside it.
    Skipped,
}

impl Outcome {
    /// Whether content is stored for it (possibly a prefix).
    #[must_use]
    pub const fn has_content(self) -> bool {
        matches!(self, Self::Collected | Self::Truncated)
    }

    /// The word that stands in journals, packs and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Missing => "missing",
            Self::Denied => "denied",
            Self::TimedOut => "timed_out",
            Self::Truncated => "truncated",
            Self::Vanished => "vanished",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The inverse of [`Outcome::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::from_bytes(word.as_bytes())
    }

    /// As [`Outcome::from_word`], of bytes that nobody has looked at.
    pub(crate) const fn from_bytes(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"collected" => Self::Collected,
            b"missing" => Self::Missing,
            b"denied" => Self::Denied,
            b"timed_out" => Self::TimedOut,
            b"truncated" => Self::Truncated,
            b"vanished" => Self::Vanished,
            b"failed" => Self::Failed,
            b"skipped" => Self::Skipped,
            _ => return None,
        })
    }
}
