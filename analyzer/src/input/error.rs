//! Why an input cannot be analyzed at all. What can be read in part is read, and the rest becomes
//! one of the snapshot's problems.

use std::io;

use linsight_archive::reader::ReadError;

/// An input that cannot be used. What the system or the reader said is its source, and not part of
/// its own text: whoever prints the chain would say it twice.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be opened.
    #[error("open {input}")]
    Open {
        /// Which.
        input: String,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be read.
    #[error("read {input}")]
    Read {
        /// Which.
        input: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its content is no archive of a known kind.
    #[error(
        "{input}: {found}; expected an archive of linsight-collect, a sosreport, a directory, or \
         a .tar, .tar.gz, .tar.xz or .tar.zst of a host's files"
    )]
    Unknown {
        /// Which.
        input: String,
        /// What it begins with.
        found: String,
    },
    /// It is an archive, but nothing in it could be read.
    #[error("{input}: no file of a host in it{}", because(.problems))]
    Empty {
        /// Which.
        input: String,
        /// What went wrong while reading.
        problems: Vec<String>,
    },
    /// It is damaged beyond use, or too large.
    #[error("{input}")]
    Archive {
        /// Which.
        input: String,
        /// What the reader said.
        source: ReadError,
    },
    /// It was written by a later collector.
    #[error("{input}: archive format {found}; this linsight reads formats up to {known}")]
    Version {
        /// Which.
        input: String,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
}

fn because(problems: &[String]) -> String {
    problems.first().map(|first| format!(" ({first})")).unwrap_or_default()
}
