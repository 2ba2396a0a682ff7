//! Input: whatever the engineer was sent, as paths with bytes and outcomes.
//!
//! Our own archive, a sosreport, a directory, any tar of a host's files: the stages behind see one
//! [`Snapshot`] with the paths of our own archive. Nothing is extracted to disk, links are
//! resolved inside the archive only, and every size is bounded ([`Limits`]), because an archive is
//! untrusted.
//!
//! | module | does |
//! |---|---|
//! | `source` | opens an input and tells by its content what it is |
//! | `frames` | our own archive: frames in parallel, visited and dropped |
//! | `stream`, `directory` | archives of others, read once into a `tree` |
//! | `tree`, `blobs` | files of a host in memory, links resolved |
//! | `sections` | takes the files of a supportconfig apart |
//! | `layout`, `packs`, `files` | shows them under the paths of our own archive |
//! | `index` | sources, their parts, their journal lines |
//! | `snapshot` | what the other stages see |

mod blobs;
mod directory;
mod early;
mod error;
mod files;
mod frames;
mod index;
mod kept;
mod layout;
mod limits;
mod outline;
mod packs;
mod sections;
mod snapshot;
mod source;
mod stream;
#[cfg(test)]
mod tests;
mod tree;

pub use early::{Early, EarlyEntry, Need};
pub use error::InputError;
pub use limits::Limits;
pub use snapshot::{Entry, HostEnv, Part, Snapshot, SourceLine};
pub use source::Source;

/// Kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Ours.
    Linsight,
    /// A sosreport.
    Sosreport,
    /// A supportconfig.
    Supportconfig,
    /// Files of a host, collected by whatever means.
    Other,
}

impl Format {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linsight => "linsight",
            Self::Sosreport => "sosreport",
            Self::Supportconfig => "supportconfig",
            Self::Other => "other",
        }
    }
}
