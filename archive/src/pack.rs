//! Packs: families of small files in one entry.
//!
//! A tar header costs 1 KiB and a name costs a read, so `/proc/PID/stat` of 10,000 processes is
//! one entry of 10,000 records. A record is a header line, `key bytes outcome microseconds\n`,
//! and then exactly `bytes` bytes. Nothing is found by searching for a separator, because content
//! is hostile (a process may be named `a) R 1\n999 (x`). Keys are percent-encoded: no space, no
//! control character, no `%` stands in them bare.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;

use crate::decimal::{digits, leading};
use crate::writer::{WriteError, Writer};
use crate::{JournalLine, MAX_ENTRY_BYTES, Outcome, names};

/// Pack bytes after which a part is written. Several packs grow at once while the collector goes
/// through the processes, so parts are much smaller than a frame: a dozen packs hold 6 MiB.
pub const PART_BYTES: usize = 512 << 10;

/// The largest content of one record; a longer one is cut and marked truncated.
pub const MAX_RECORD_BYTES: usize = MAX_ENTRY_BYTES - (64 << 10);

/// The longest header line: a key of `PATH_MAX` with every byte encoded, and three numbers.
const MAX_HEAD_BYTES: usize = 3 * 4096 + 64;

/// Writes one pack, part by part, so that memory does not grow with the number of processes.
#[derive(Debug)]
pub struct PackWriter {
    line: JournalLine,
    part: Vec<u8>,
    parts: u32,
}

impl PackWriter {
    /// A pack at `path` (`packs/proc-pid/stat`, sample prefix included) begun at `mono_us`.
    #[must_use]
    pub fn new(path: &str, mono_us: u64) -> Self {
        let line = JournalLine::new(names::clean(path), Outcome::Collected, mono_us);
        Self { line, part: Vec::new(), parts: 0 }
    }

    /// Adds a record: `us` microseconds of reading gave `outcome` and `content`.
    ///
    /// # Errors
    /// When a full part cannot be written.
    pub fn push<W: Write>(
        &mut self,
        to: &mut Writer<W>,
        key: &str,
        outcome: Outcome,
        us: u64,
        content: &[u8],
    ) -> Result<(), WriteError> {
        let (content, outcome) = match content.get(..MAX_RECORD_BYTES) {
            Some(cut) if cut.len() < content.len() => (cut, Outcome::Truncated),
            _ => (content, outcome),
        };
        let head = head(key, content.len(), outcome, us);
        let record = head.len() + content.len();
        if !self.part.is_empty() && self.part.len() + record > PART_BYTES {
            self.flush(to)?;
        }
        self.part.extend_from_slice(head.as_bytes());
        self.part.extend_from_slice(content);
        self.line.us = self.line.us.saturating_add(us);
        self.line.bytes += record as u64;
        *self.line.records.entry(outcome).or_default() += 1;
        Ok(())
    }

    /// Counts secrets that were masked in the records.
    pub fn add_masked(&mut self, secrets: u64) {
        self.line.masked += secrets;
    }

    /// Says that records are lacking, and why: a limit was met, some were left out on purpose.
    pub fn explain(&mut self, outcome: Outcome, reason: &str) {
        self.line.outcome = outcome;
        self.line.reason = Some(reason.to_owned());
    }

    /// Writes what is left, and the pack's journal line with its counts.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish<W: Write>(mut self, to: &mut Writer<W>) -> Result<(), WriteError> {
        if self.parts == 0 {
            to.entry(&self.line.path, &self.part)?;
        } else {
            self.flush(to)?;
            self.line.parts = Some(self.parts);
        }
        to.note(self.line)
    }

    fn flush<W: Write>(&mut self, to: &mut Writer<W>) -> Result<(), WriteError> {
        to.entry(&names::part(&self.line.path, self.parts), &self.part)?;
        self.parts += 1;
        self.part.clear();
        Ok(())
    }
}

/// Appends a record to the bytes of a pack: for archives of others, whose small files are shown as
/// the packs that ours would hold.
pub fn append(to: &mut Vec<u8>, key: &str, outcome: Outcome, us: u64, content: &[u8]) {
    to.extend_from_slice(head(key, content.len(), outcome, us).as_bytes());
    to.extend_from_slice(content);
}

fn head(key: &str, bytes: usize, outcome: Outcome, us: u64) -> String {
    format!("{} {bytes} {} {us}\n", encode(key), outcome.as_str())
}

fn encode(key: &str) -> Cow<'_, str> {
    let bad = |c: char| c <= ' ' || c == '\x7f' || c == '%';
    if !key.contains(bad) {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len() + 8);
    for c in key.chars() {
        if bad(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn decode(key: &str) -> Option<Cow<'_, str>> {
    if !key.contains('%') {
        return Some(Cow::Borrowed(key));
    }
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((b, tail)) = rest.split_first() {
        rest = tail;
        if *b == b'%' {
            let (hex, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*b);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// One file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What tells it from the others: a pid, `pid/tid`, a path below `/sys`.
    pub key: Cow<'a, str>,
    /// What became of it.
    pub outcome: Outcome,
    /// How long reading took.
    pub us: u64,
    /// Its bytes.
    pub content: &'a [u8],
    /// Where the content begins in the pack.
    pub offset: usize,
}

/// A pack that cannot be read on; the records before it are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pack record at byte {offset}: expected {expected}")]
pub struct PackError {
    /// Where the record begins.
    pub offset: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// The records of a pack, parts joined. Ends after the first error.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, PackError>> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        let offset = at.take().filter(|at| *at < bytes.len())?;
        let record = record(bytes, offset);
        if let Ok(record) = &record {
            at = Some(record.offset + record.content.len());
        }
        Some(record)
    })
}

fn record(bytes: &[u8], offset: usize) -> Result<Record<'_>, PackError> {
    let err = |expected| PackError { offset, expected };
    let rest = bytes.get(offset..).unwrap_or_default();
    let window = rest.get(..MAX_HEAD_BYTES).unwrap_or(rest);
    let head = Head::read(window).ok_or_else(|| err(why_no_head(window)))?;
    let key = std::str::from_utf8(head.key).ok().and_then(decode);
    let key = key.ok_or(err("a percent-encoded key"))?;
    let outcome = Outcome::from_bytes(head.outcome).ok_or(err("an outcome"))?;
    let start = offset + head.length;
    let size = usize::try_from(head.size).ok();
    let end = size.and_then(|size| start.checked_add(size));
    let content = end.and_then(|end| bytes.get(start..end));
    let content = content.ok_or(err("as many bytes as the record says"))?;
    Ok(Record { key, outcome, us: head.us, content, offset: start })
}

/// The words of a header line.
struct Head<'a> {
    key: &'a [u8],
    size: u64,
    outcome: &'a [u8],
    us: u64,
    /// Bytes of the line with its end.
    length: usize,
}

impl<'a> Head<'a> {
    /// Reads a line in one pass: a large host has a million of them.
    fn read(window: &'a [u8]) -> Option<Self> {
        let (key, rest) = word(window)?;
        let (size, rest) = leading(rest)?;
        let (outcome, rest) = word(rest.strip_prefix(b" ")?)?;
        let (us, rest) = leading(rest)?;
        let rest = rest.strip_prefix(b"\n")?;
        Some(Self { key, size, outcome, us, length: window.len() - rest.len() })
    }
}

/// What stands before the next blank of a line, and what behind it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| matches!(*b, b' ' | b'\n'))?;
    let (word, rest) = bytes.split_at_checked(end)?;
    Some((word, rest.strip_prefix(b" ")?))
}

/// What a header line that cannot be read lacks.
fn why_no_head(window: &[u8]) -> &'static str {
    let Some(line) = window.split(|b| *b == b'\n').next().filter(|l| l.len() < window.len()) else {
        return "a header line";
    };
    let words: Vec<&[u8]> = line.splitn(4, |b| *b == b' ').collect();
    let is_number = |word: &[u8]| digits(word).is_some();
    match words.as_slice() {
        [_, size, _, _] if !is_number(size) => "a size in bytes",
        [_, _, _, us] if !is_number(us) => "microseconds",
        _ => "`key bytes outcome microseconds`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hostile_process_name_stays_inside_its_record() {
        let bytes = b"7 20 collected 4\n7 (a) R 1\n999 (x) S\n8 0 vanished 2\n";
        let all: Vec<_> = records(bytes).map(Result::unwrap).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].content, b"7 (a) R 1\n999 (x) S\n");
        assert_eq!(all[0].offset, 17);
        assert_eq!((all[1].key.as_ref(), all[1].outcome), ("8", Outcome::Vanished));
    }

    #[test]
    fn a_cut_record_is_an_error_and_ends_the_pack() {
        let all: Vec<_> = records(b"7 2 collected 4\nab8 9 collected 1\nabc").collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].as_ref().unwrap_err().offset, 18);
        assert!(all[1].as_ref().unwrap_err().to_string().contains("as many bytes"));
    }

    #[test]
    fn a_header_line_that_is_wrong_is_told_by_what_it_lacks() {
        for (pack, lacks) in [
            ("7 2 collected 4", "a header line"),
            ("7 2 collected\nab", "`key bytes outcome microseconds`"),
            ("7 x collected 4\nab", "a size in bytes"),
            ("7 2 collected 4us\nab", "microseconds"),
            ("7 2 collected \nab", "microseconds"),
            ("7 2 eaten 4\nab", "an outcome"),
            ("%Z 2 collected 4\nab", "a percent-encoded key"),
            ("7 99999999999999999999 collected 4\nab", "a size in bytes"),
        ] {
            let error = records(pack.as_bytes()).next().unwrap().unwrap_err();
            assert_eq!((error.offset, error.expected), (0, lacks), "{pack}");
        }
    }

    #[test]
    fn numbers_at_the_edge_do_not_overflow() {
        let head = format!("7 {} collected 0\n", usize::MAX);
        assert!(records(head.as_bytes()).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn keys_go_back_and_forth(key in any::<String>()) {
            let coded = encode(&key).into_owned();
            prop_assert!(!coded.contains(|c: char| c <= ' ' || c == '\x7f'));
            prop_assert_eq!(decode(&coded).unwrap(), key);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for record in records(&bytes).flatten() {
                prop_assert_eq!(&bytes[record.offset..][..record.content.len()], record.content);
            }
        }
    }
}
