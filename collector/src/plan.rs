//! The plan: one constant table of everything the collector reads.
//!
//! The run, `--list`, `--dry-run`, the plan hash in the header and the journal all come from it, so
//! what a security officer approves by `--list` is what is read. A source that the host lacks gets
//! a journal line, too: the analyzer must be able to tell "not there" from "not asked".

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::class::Class;
use crate::probe::Request;
use crate::redact;
use crate::redact::config::{Kind, keep};

mod group;
mod row;
mod sysfs;
mod table;

pub(crate) use group::Group;
pub(crate) use table::TABLE;

/// When a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the start.
    Once,
    /// At the start and after the window.
    Twice,
    /// At the start and in every sample.
    Sample,
    /// In every sample for some processes; see [`Source::why`].
    Target,
    /// After the window, as a part of the end set.
    End,
    /// After the window: it may disturb or hang.
    Last,
}

impl When {
    /// The word that `--list` prints.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Twice => "2x",
            Self::Sample => "sample",
            Self::Target => "target",
            Self::End => "end",
            Self::Last => "last",
        }
    }
}

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everyone.
    Any,
    /// The process's user; root for the processes of others.
    Owner,
    /// Root.
    Root,
}

impl Right {
    /// The word that `--list` prints.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Owner => "owner",
            Self::Root => "root",
        }
    }
}

/// How a source is read and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A file, or each file that matches, under its own path.
    File,
    /// Names in a directory, one a line.
    Names,
    /// Files that match the patterns (below this prefix), in one pack. A pattern that ends in `@`
    /// stands for links, stored with their target.
    Pack(&'static str, &'static [&'static str]),
    /// Files of these names below a directory of `/sys`, in one pack.
    Tree(&'static str, &'static str),
    /// `/proc/PID/<name>` of all processes, in one pack.
    Process(&'static str),
    /// The link `/proc/PID/<name>` of all processes.
    ProcessLink(&'static str),
    /// All links in `/proc/PID/<name>/` of all processes.
    ProcessLinks(&'static str),
    /// `/proc/PID/task/TID/<name>`.
    Thread(&'static str),
    /// How many entries `/proc/PID/<name>/` has, of all processes.
    ProcessEntries(&'static str),
    /// How many lines `/proc/PID/<name>` has, of the processes that may have most.
    ProcessLines(&'static str),
    /// Size and owner of the files that processes hold open though they are deleted.
    Deleted,
    /// `/proc/PID/fdinfo/FD` of those, and of what is open of a graphics device.
    Descriptors,
    /// `/proc/PID/mountinfo` of one process of each mount namespace.
    MountNamespaces,
    /// A file that is costly where the host is large: read only where it is small.
    Small(Bound),
    /// These directories of `/proc/sys` (none: all) in the format of `sysctl -a`.
    Sysctl(&'static [&'static str]),
    /// Made by the collector itself.
    Own,
    /// Asked of the kernel by a native probe.
    Probe(Request),
    /// Yielded by a row before.
    Yield,
}

/// Up to what a host is small enough for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// CPUs times threads: the file prints every thread for every CPU, with interrupts off.
    CpusByThreads(u64),
    /// Memory in GiB: the file counts free pages under the lock that every allocation takes.
    MemoryGib(u64),
}

/// Where secrets may stand in a source. They are masked before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mask {
    /// Nowhere: the kernel's own figures.
    Nothing,
    /// Arguments that end with NUL.
    Arguments,
    /// Anywhere in lines of text.
    Text,
    /// In a configuration file: only directives that are known to hold none are kept, if its
    /// format is known.
    Config,
}

impl Mask {
    /// Content without its secrets, and how many there were.
    pub(crate) fn apply<'a>(self, path: &str, content: &'a [u8]) -> (Cow<'a, [u8]>, u64) {
        let redacted = match self {
            Self::Nothing => return (Cow::Borrowed(content), 0),
            Self::Arguments => redact::arguments(content),
            Self::Text => redact::text(content),
            Self::Config => match Kind::of_path(&format!("/{path}")) {
                Some(kind) => keep(kind, content),
                None => redact::text(content),
            },
        };
        (Cow::Owned(redacted.bytes), redacted.masked)
    }
}

/// One row of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// Path in the archive; a pattern if it stands for several files.
    pub(crate) path: &'static str,
    /// How it is read.
    pub(crate) how: How,
    /// What it belongs to.
    pub(crate) group: Group,
    /// When it is read.
    pub(crate) when: When,
    /// How it may hang.
    pub(crate) class: Class,
    /// Most bytes of one file.
    pub(crate) cap: u32,
    /// Who may read it.
    pub(crate) right: Right,
    /// What secrets are looked for before it is written.
    pub(crate) mask: Mask,
    /// What it is needed for.
    pub(crate) why: &'static str,
}

impl Source {
    const fn new(
        path: &'static str,
        how: How,
        group: Group,
        when: When,
        why: &'static str,
    ) -> Self {
        Self {
            path,
            how,
            group,
            when,
            class: Class::Safe,
            cap: 1 << 20,
            right: Right::Any,
            mask: Mask::Nothing,
            why,
        }
    }

    const fn cap(mut self, bytes: u32) -> Self {
        self.cap = bytes;
        self
    }

    const fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    const fn right(mut self, right: Right) -> Self {
        self.right = right;
        self
    }

    const fn mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }

    /// What reading it costs, in words.
    #[must_use]
    pub(crate) const fn cost(&self) -> &'static str {
        match (self.how, self.class) {
            (_, Class::Mm) => "blocks the process's mmap while it is read, up to 28 ms per GiB",
            (How::Process(_) | How::ProcessLink(_), _) => "about 6 us a process",
            (How::ProcessLinks(_), _) => "about 2 us a link",
            (How::ProcessEntries(_) | How::Deleted | How::Descriptors, _) => "about 6 us each",
            (How::Thread(_), _) => "about 6 us a thread",
            (How::Sysctl(_), _) => "about 6 us a parameter",
            (How::Pack(..) | How::Tree(..), _) => "about 8 us a file",
            (How::Own, _) => "nothing",
            _ => "about 10 us",
        }
    }
}

/// The plan as `--list` prints it: tab-separated columns, one source a line.
#[must_use]
pub(crate) fn list() -> String {
    let mut out = String::from("path\tgroup\twhen\tclass\tright\tcap\tcost\twhy\n");
    for source in TABLE {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            source.path,
            source.group.word(),
            source.when.word(),
            source.class.word(),
            source.right.word(),
            source.cap,
            source.cost(),
            source.why,
        );
        if source.how == How::Probe(Request::Commands) {
            for command in crate::commands::TABLE {
                let _ = writeln!(out, "\t{}\t{}", command.line, command.why);
            }
        }
        if let How::Pack(prefix, patterns) = source.how {
            for pattern in patterns {
                let _ = writeln!(out, "\t{prefix}/{}", pattern.trim_end_matches('@'));
            }
        }
        if let How::Tree(dir, names) = source.how {
            let _ = writeln!(out, "\t{dir}/**/{{{names}}}");
        }
    }
    out
}

/// SHA-256 of [`list`]: two archives with one hash meant to hold the same.
#[must_use]
pub(crate) fn sha256() -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(list().as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn paths_are_unique_and_relative_and_have_a_reason() {
        let mut seen = BTreeSet::new();
        for source in TABLE {
            assert!(seen.insert(source.path), "{} twice", source.path);
            assert!(
                !source.path.starts_with('/') && !source.path.contains("//"),
                "{}",
                source.path
            );
            assert!(source.why.len() > 8, "{} has no reason", source.path);
            assert!(source.cap <= 4 << 20, "{} would not fit the memory budget", source.path);
        }
    }

    #[test]
    fn nothing_of_the_never_read_list_is_planned() {
        for source in TABLE {
            assert!(!crate::never::is_never_read(source.path), "{}", source.path);
            if let How::Pack(prefix, patterns) = source.how {
                for pattern in patterns {
                    let path = format!("{prefix}/{pattern}");
                    assert!(!crate::never::is_never_read(&path), "{path}");
                }
            }
        }
    }
}
