//! What the collector and its worker say to each other over two pipes.
//!
//! A worker can be killed at any moment, so the answer to each request is framed by its length and
//! carries the number of its request: a half-sent answer is dropped and never taken for the next
//! one. Both ends are the same binary on the same machine, so the byte order is the machine's.

use linsight_archive::Outcome;

/// What a worker is asked to do with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// Content of a file.
    Read = 1,
    /// Target of a symbolic link.
    Link = 2,
    /// Names in a directory, one a line.
    List = 3,
    /// Paths that match a pattern, one a line.
    Glob = 4,
    /// All readable files below a directory, one a line.
    Walk = 5,
    /// Targets of all links in a directory, as [`sub`] records.
    Links = 6,
    /// Files of certain names below a directory (`DIR//NAME,NAME`), one path a line.
    Find = 8,
    /// One file in each numeric subdirectory (`DIR//FILE`), as [`sub`] records.
    Each = 7,
    /// What a descriptor's link leads to, as one line of `key=value`.
    Stat = 9,
    /// The number of entries of a directory.
    Count = 10,
    /// The number of lines of `/proc/PID/maps`, and those of files that are deleted.
    Lines = 11,
}

impl Op {
    const ALL: [Self; 11] = [
        Self::Read,
        Self::Link,
        Self::List,
        Self::Glob,
        Self::Walk,
        Self::Find,
        Self::Links,
        Self::Each,
        Self::Stat,
        Self::Count,
        Self::Lines,
    ];
}

/// A request as the worker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What to do.
    pub(crate) op: Op,
    /// The kernel lets only the process's owner or `CAP_SYS_PTRACE` read it.
    pub(crate) ptrace: bool,
    /// Most bytes to answer with.
    pub(crate) cap: u32,
    /// The path, relative to the root.
    pub(crate) path: String,
}

const ASKED_HEAD: usize = 10;

/// Appends a request; whether its answer may wait for those behind it.
pub(crate) fn ask(to: &mut Vec<u8>, asked: &Asked, gathers: bool) {
    let len = u32::try_from(asked.path.len()).unwrap_or(0);
    to.extend_from_slice(&len.to_ne_bytes());
    to.push(asked.op as u8);
    to.push(u8::from(asked.ptrace) | u8::from(gathers) << 1);
    to.extend_from_slice(&asked.cap.to_ne_bytes());
    to.extend_from_slice(asked.path.as_bytes());
}

/// Takes the first complete request from `bytes`, with whether its answer may wait, and its length.
#[must_use]
pub(crate) fn asked(bytes: &[u8]) -> Option<(Asked, bool, usize)> {
    let mut at = Cursor(bytes);
    let len = at.u32()? as usize;
    let (op, flags, cap) = (at.u8()?, at.u8()?, at.u32()?);
    let path = String::from_utf8(at.take(len)?.to_vec()).ok()?;
    let op = Op::ALL.into_iter().find(|o| *o as u8 == op)?;
    let asked = Asked { op, ptrace: flags & 1 != 0, cap, path };
    Some((asked, flags & 2 != 0, ASKED_HEAD + len))
}

/// Head of an answer; path, reason and content follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of the request, counted from the worker's start.
    pub(crate) index: u32,
    /// Whether this is the last answer to that request.
    pub(crate) last: bool,
    /// An outcome that the worker knows better than the error number does.
    pub(crate) outcome: Option<Outcome>,
    /// Error number, or 0.
    pub(crate) errno: i32,
    /// How far a task has come with this answer.
    pub(crate) progress: u8,
    /// Length of the path, 0 unless the answer names its own.
    pub(crate) path: u32,
    /// Length of the reason.
    pub(crate) reason: u32,
    /// Length of the content.
    pub(crate) bytes: u32,
    /// Secrets masked in it.
    pub(crate) masked: u64,
    /// How long it took.
    pub(crate) us: u64,
    /// When it began.
    pub(crate) mono_us: u64,
}

/// Length of an encoded [`Head`].
pub(crate) const HEAD: usize = 47;

const OUTCOMES: [Outcome; 8] = [
    Outcome::Collected,
    Outcome::Missing,
    Outcome::Denied,
    Outcome::TimedOut,
    Outcome::Truncated,
    Outcome::Vanished,
    Outcome::Failed,
    Outcome::Skipped,
];

impl Head {
    /// The head as it travels.
    #[must_use]
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(HEAD);
        let outcome = self.outcome.and_then(|o| OUTCOMES.iter().position(|k| *k == o));
        to.extend_from_slice(&self.index.to_ne_bytes());
        to.push(u8::from(self.last));
        to.push(outcome.and_then(|k| u8::try_from(k + 1).ok()).unwrap_or(0));
        to.extend_from_slice(&self.errno.to_ne_bytes());
        to.push(self.progress);
        for n in [self.path, self.reason, self.bytes] {
            to.extend_from_slice(&n.to_ne_bytes());
        }
        for n in [self.masked, self.us, self.mono_us] {
            to.extend_from_slice(&n.to_ne_bytes());
        }
        to
    }

    /// The head of the first answer in `bytes`, if it is there.
    #[must_use]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut at = Cursor(bytes);
        Some(Self {
            index: at.u32()?,
            last: at.u8()? != 0,
            outcome: usize::from(at.u8()?).checked_sub(1).and_then(|k| OUTCOMES.get(k)).copied(),
            errno: i32::from_ne_bytes(at.array()?),
            progress: at.u8()?,
            path: at.u32()?,
            reason: at.u32()?,
            bytes: at.u32()?,
            masked: at.u64()?,
            us: at.u64()?,
            mono_us: at.u64()?,
        })
    }

    /// Length of the whole answer, this head included.
    #[must_use]
    pub(crate) fn whole(&self) -> usize {
        HEAD + self.path as usize + self.reason as usize + self.bytes as usize
    }
}

/// Records inside one answer: many links or small files of one directory.
pub(crate) mod sub {
    use super::Cursor;

    /// Appends a record; one that is larger than its length field can say is cut.
    pub(crate) fn push(to: &mut Vec<u8>, name: &[u8], errno: i32, content: &[u8]) {
        let Ok(name_len) = u16::try_from(name.len()) else { return };
        let Ok(len) = u32::try_from(content.len()) else { return };
        to.extend_from_slice(&name_len.to_ne_bytes());
        to.extend_from_slice(&errno.to_ne_bytes());
        to.extend_from_slice(&len.to_ne_bytes());
        to.extend_from_slice(name);
        to.extend_from_slice(content);
    }

    /// Name, error number and content of each record.
    pub(crate) fn records(bytes: &[u8]) -> impl Iterator<Item = (&[u8], i32, &[u8])> {
        let mut at = Cursor(bytes);
        std::iter::from_fn(move || {
            let name_len = u16::from_ne_bytes(at.array()?);
            let errno = i32::from_ne_bytes(at.array()?);
            let len = at.u32()? as usize;
            Some((at.take(usize::from(name_len))?, errno, at.take(len)?))
        })
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }
    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_back_and_forth_and_a_cut_one_waits() {
        let one = Asked { op: Op::Links, ptrace: true, cap: 7, path: "proc/1/fd".into() };
        let mut bytes = Vec::new();
        ask(&mut bytes, &one, true);
        let len = bytes.len();
        let other = Asked { path: "x".into(), ptrace: false, ..one.clone() };
        ask(&mut bytes, &other, false);
        assert_eq!(asked(&bytes), Some((one, true, len)));
        assert_eq!(asked(&bytes[len..]), Some((other, false, bytes.len() - len)));
        for cut in 0..len {
            assert_eq!(asked(&bytes[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn heads_go_back_and_forth() {
        let head = Head {
            index: 7,
            last: true,
            outcome: Some(Outcome::Skipped),
            errno: -3,
            progress: 2,
            path: 1,
            reason: 2,
            bytes: 3,
            masked: 4,
            us: 5,
            mono_us: u64::MAX,
        };
        let bytes = head.encode();
        assert_eq!(bytes.len(), HEAD);
        assert_eq!(Head::decode(&bytes), Some(head.clone()));
        assert_eq!(Head::decode(&bytes[..HEAD - 1]), None);
        assert_eq!(head.whole(), HEAD + 6);
        assert_eq!(Head::decode(&Head::default().encode()), Some(Head::default()));
    }

    #[test]
    fn sub_records_hold_any_bytes() {
        let mut bytes = Vec::new();
        sub::push(&mut bytes, b"7", 0, b"a) R\n");
        sub::push(&mut bytes, b"", 13, b"");
        let all: Vec<_> = sub::records(&bytes).collect();
        assert_eq!(all, [(&b"7"[..], 0, &b"a) R\n"[..]), (b"", 13, b"")]);
        assert_eq!(sub::records(&bytes[..bytes.len() - 1]).count(), 1);
    }
}
