//! What the parent asks a worker for, and what comes back.

use linsight_archive::Outcome;
use rustix::io::Errno;

use crate::class::Class;
use crate::clock;
use crate::stop::Flow;
use crate::wire::{Asked, Head};

/// What the parent wants read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The request itself.
    pub(crate) asked: Asked,
    /// How it may hang.
    pub(crate) class: Class,
    /// The process whose locks it may wait for.
    pub(crate) pid: Option<u32>,
}

/// What came of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// Position of the request in its batch.
    pub(crate) index: usize,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Error number, if there was one.
    pub(crate) errno: Option<i32>,
    /// Why, where outcome and error number do not tell.
    pub(crate) reason: Option<&'a str>,
    /// How long it took.
    pub(crate) us: u64,
    /// When it began.
    pub(crate) mono_us: u64,
    /// The content.
    pub(crate) content: &'a [u8],
}

/// Where answers go.
pub(crate) type Take<'a> = dyn FnMut(&Answer<'_>) -> Flow + 'a;

impl<'a> Answer<'a> {
    /// An answer as it came from a worker.
    pub(crate) fn received(index: usize, head: &Head, body: &'a [u8]) -> Self {
        let (reason, content) = body.split_at_checked(head.reason as usize).unwrap_or((b"", body));
        let reason = str::from_utf8(reason).ok().filter(|reason| !reason.is_empty());
        let errno = (head.errno != 0).then_some(head.errno);
        Self {
            index,
            outcome: head.outcome.unwrap_or_else(|| errno.map_or(Outcome::Collected, outcome_of)),
            errno,
            reason,
            us: head.us,
            mono_us: head.mono_us,
            content,
        }
    }

    /// An absence that no worker tells of; an empty reason is none.
    pub(crate) fn absent(index: usize, outcome: Outcome, reason: &'a str) -> Self {
        let reason = (!reason.is_empty()).then_some(reason);
        Self { index, outcome, errno: None, reason, us: 0, mono_us: clock::mono_us(), content: &[] }
    }
}

/// What a failed system call says about a source.
#[must_use]
pub(crate) fn outcome_of(errno: i32) -> Outcome {
    match Errno::from_raw_os_error(errno) {
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::NODEV
        | Errno::NXIO
        | Errno::NOSYS
        | Errno::OPNOTSUPP => Outcome::Missing,
        Errno::ACCESS | Errno::PERM => Outcome::Denied,
        Errno::SRCH => Outcome::Vanished,
        _ => Outcome::Failed,
    }
}
