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
    let end = window.iter().position(|b| *b == b'\n');
    let head = end.and_then(|end| window.get(..end)).ok_or(err("a header line"))?;
    // Words of a few bytes: a loop over them is faster than a search.
    let mut words = head.splitn(4, |b| *b == b' ');
    let mut word = || words.next().ok_or(err("`key bytes outcome microseconds`"));
    let (key, size, outcome, us) = (word()?, word()?, word()?, word()?);
    let key = std::str::from_utf8(key).ok().and_then(decode).ok_or(err("a percent-encoded key"))?;
    let size = number(size).and_then(|n| usize::try_from(n).ok()).ok_or(err("a size in bytes"))?;
    let outcome = Outcome::from_bytes(outcome).ok_or(err("an outcome"))?;
    let us = number(us).ok_or(err("microseconds"))?;
    let start = offset + head.len() + 1;
    let content = start.checked_add(size).and_then(|end| bytes.get(start..end));
    let content = content.ok_or(err("as many bytes as the record says"))?;
    Ok(Record { key, outcome, us, content, offset: start })
}

/// Decimal digits, and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    let add = |sum: u64, digit: &u8| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 { None } else { sum.checked_mul(10)?.checked_add(digit.into()) }
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
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
