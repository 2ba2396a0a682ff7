//! Native probes: what no file of /proc or /sys tells, asked of the kernel directly, so that a
//! host without a single tool is diagnosed as well as one with all of them.
//!
//! A probe runs inside a worker process, because nearly everything it calls may hang: `statfs` on
//! a dead mount, an ethtool request on a stuck driver. It hands each result to the worker's
//! [`Emit`] at once, in pieces of at most [`PIECE_BYTES`]; it never holds a whole dump.
//!
//! A probe is a fixed sequence of *steps* (a device, a mount, a source of one network namespace).
//! The parent counts the finished ones ([`Progress::Step`], [`Progress::Last`]). When the worker
//! does not answer in time, the parent kills it and starts another with [`Resume`]: the probe
//! leaves the finished steps out, answers for the one that hung without touching it again, and
//! goes on with the next.
//!
//! What goes wrong is an answer, never an error: the only error of a probe is that of [`Emit`]
//! (nobody listens any more).

use std::io;
use std::path::{Path, PathBuf};

use linsight_archive::Outcome;

mod clock;
mod ethtool;
mod file;
mod generic;
mod logs;
mod netlink;
mod netns;
mod rtnetlink;
mod smart;
mod sockets;
mod statfs;
pub(crate) mod sysctl;

pub(crate) use file::line as file_line;
pub(crate) use sockets::is_safe as diag_is_safe;

/// Largest piece of content in one [`Answer`].
pub(crate) const PIECE_BYTES: usize = 1 << 20;

/// Where an answer stands in its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More content of this step follows.
    Piece,
    /// A step is done; more content of the same path follows.
    Step,
    /// A step is done, and its path is complete.
    Last,
}

/// One result, or a piece of it.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Path in the archive (`probes/clock.json`); pieces of one path follow each other.
    pub path: &'a str,
    /// What became of it; counts in the last answer of a path ([`Progress::Last`]).
    pub outcome: Outcome,
    /// The error number behind the outcome.
    pub errno: Option<i32>,
    /// Why, where the outcome alone does not say it.
    pub reason: Option<&'a str>,
    /// Content: whole lines or whole messages, at most [`PIECE_BYTES`] but for a single message.
    pub content: &'a [u8],
    /// Secrets masked in the content.
    pub masked: u64,
    /// Whether more follows.
    pub progress: Progress,
}

impl<'a> Answer<'a> {
    /// A result that is complete with this one answer.
    pub(crate) const fn whole(path: &'a str, content: &'a [u8]) -> Self {
        Self {
            path,
            outcome: Outcome::Collected,
            errno: None,
            reason: None,
            content,
            masked: 0,
            progress: Progress::Last,
        }
    }

    /// An absence.
    pub(crate) const fn absent(path: &'a str, outcome: Outcome, reason: Option<&'a str>) -> Self {
        Self { outcome, reason, ..Self::whole(path, &[]) }
    }

    /// An absence because of a failed system call.
    pub(crate) const fn failed(path: &'a str, errno: rustix::io::Errno) -> Self {
        let (outcome, errno) = (outcome_of(errno), Some(errno.raw_os_error()));
        Self { outcome, errno, ..Self::whole(path, &[]) }
    }
}

/// Where a probe's answers go. Its error ends the probe.
pub(crate) type Emit<'a> = dyn FnMut(Answer<'_>) -> io::Result<()> + 'a;

/// What became of a source whose system call failed so.
pub(crate) const fn outcome_of(errno: rustix::io::Errno) -> Outcome {
    use rustix::io::Errno;
    match errno {
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::NODEV
        | Errno::NXIO
        | Errno::NOSYS
        | Errno::NOTTY
        | Errno::OPNOTSUPP
        | Errno::PROTONOSUPPORT
        | Errno::AFNOSUPPORT => Outcome::Missing,
        Errno::ACCESS | Errno::PERM => Outcome::Denied,
        Errno::SRCH => Outcome::Vanished,
        Errno::TIMEDOUT => Outcome::TimedOut,
        _ => Outcome::Failed,
    }
}

/// The probes. The words of [`Request::word`] name them on a worker's command line and in
/// `--only` and `--skip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `probes/clock.json`: see [`clock`].
    Clock,
    /// `probes/netns.jsonl`, `probes/netns/*`, `probes/inet_diag/*`: see [`netns`].
    Netns,
    /// `probes/ethtool/<device>.json`: see [`ethtool`].
    Ethtool,
    /// `probes/statfs.jsonl`: see [`statfs`].
    Statfs,
    /// `probes/smart/*`: see [`smart`].
    Smart,
    /// `probes/logs.jsonl`, `probes/kernel_log/*`: see [`logs`].
    Logs,
    /// `commands/*`: see [`crate::commands`].
    Commands,
}

/// All probes, in the order in which they should run.
pub(crate) const ALL: &[Request] = &[
    Request::Clock,
    Request::Netns,
    Request::Ethtool,
    Request::Statfs,
    Request::Smart,
    Request::Logs,
    Request::Commands,
];

impl Request {
    /// Its name.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Netns => "netns",
            Self::Ethtool => "ethtool",
            Self::Statfs => "statfs",
            Self::Smart => "smart",
            Self::Logs => "logs",
            Self::Commands => "commands",
        }
    }

    /// The inverse of [`Request::word`].
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        ALL.iter().copied().find(|probe| probe.word() == word)
    }
}

/// Where a probe takes up again after a stall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resume {
    /// Steps already answered: left out.
    pub done: usize,
    /// The step after them hung: it is answered with `timed_out`, untouched.
    pub stalled: bool,
}

/// What to do with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Answered before.
    Done,
    /// It hung: say so.
    Hung,
    /// Do it.
    Now,
}

impl Resume {
    /// What to do with step `n` (from 0).
    pub(crate) const fn turn(self, n: usize) -> Turn {
        if n < self.done {
            Turn::Done
        } else if self.stalled && n == self.done {
            Turn::Hung
        } else {
            Turn::Now
        }
    }
}

/// What the probes need to know about the run.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The host's root: `/`, or what `--root` says.
    pub root: PathBuf,
    /// Ask network file systems, too (`--network-fs`).
    pub network_fs: bool,
    /// Most bytes of one socket dump (a family of a namespace); what is above is cut and said.
    pub max_dump_bytes: u64,
    /// Inode of a network namespace whose parameters are in the archive already; 0 for none.
    pub namespace_read: u64,
}

impl Context {
    /// What tests ask with.
    #[cfg(test)]
    pub(crate) fn of_root(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), network_fs: false, max_dump_bytes: 64 << 20, namespace_read: 0 }
    }

    /// A path of the host, given absolutely.
    pub(crate) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.strip_prefix('/').unwrap_or(absolute))
    }

    /// Whether the host is the one we run on, and not a directory that holds another's files.
    pub(crate) fn is_live_root(&self) -> bool {
        self.root == Path::new("/")
    }
}

/// Runs a probe from where it stopped.
///
/// # Errors
///
/// Only those of `emit`.
pub(crate) fn run(
    probe: Request,
    context: &Context,
    resume: Resume,
    emit: &mut Emit<'_>,
) -> io::Result<()> {
    match probe {
        Request::Clock => clock::probe(resume, emit),
        Request::Netns => netns::probe(context, resume, emit),
        Request::Ethtool => ethtool::probe(context, resume, emit),
        Request::Statfs => statfs::probe(context, resume, emit),
        Request::Smart => smart::probe(context, resume, emit),
        Request::Logs => logs::probe(context, resume, emit),
        Request::Commands => crate::commands::probe(context, resume, emit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_resumes_behind_the_step_that_hung() {
        let resume = Resume { done: 2, stalled: true };
        let turns: Vec<Turn> = (0..4).map(|n| resume.turn(n)).collect();
        assert_eq!(turns, [Turn::Done, Turn::Done, Turn::Hung, Turn::Now]);
        assert_eq!(Resume::default().turn(0), Turn::Now);
    }

    #[test]
    fn names_of_probes_go_back_and_forth() {
        for &probe in ALL {
            assert_eq!(Request::from_word(probe.word()), Some(probe));
        }
        assert_eq!(Request::from_word("nothing"), None);
    }

    #[test]
    fn paths_stay_below_the_root_that_was_asked_for() {
        let context = Context::of_root("/host");
        assert_eq!(context.path("/proc/1/ns/net"), Path::new("/host/proc/1/ns/net"));
        assert!(!context.is_live_root());
    }
}
