//! Packs: one walk over their records for all who are interested.
//!
//! A pack of a host with ten thousand processes has ten thousand records in every sample, and
//! several chapters read the same ones. So the records are found, and their text is checked, once.
//! And it comes part by part, on whichever thread: each part is read where it lies, and what was
//! read is put together.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use linsight_archive::Outcome;
use linsight_archive::pack::{PackError, Record, records};

use super::{Piece, Sampled, Slot, complain, text};
use crate::absence::{Absence, Reason};
use crate::parse::{ParseEnv, ParseError};

/// A pack of one pass.
#[derive(Clone, Debug)]
pub(crate) struct Pack<K, T> {
    /// Records that were understood, by key.
    pub(crate) rows: Vec<(K, T)>,
    /// Records without content or that were not understood: how many for each reason, and the
    /// first of them.
    pub(crate) lost: BTreeMap<Reason, (u64, String)>,
}

impl<K, T> Default for Pack<K, T> {
    fn default() -> Self {
        Self { rows: Vec::new(), lost: BTreeMap::new() }
    }
}

impl<K: Ord, T> Pack<K, T> {
    /// The record of a key. Rows are sorted.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&T>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.rows.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        self.rows.get(at).map(|(_, value)| value)
    }

    /// The records of keys that are asked for in order: to go through two packs side by side.
    pub(crate) fn in_order<'p>(&'p self) -> impl FnMut(&K) -> Option<&'p T> {
        let mut rest = self.rows.as_slice();
        move |key| {
            while let Some(((k, value), after)) = rest.split_first() {
                match k.cmp(key) {
                    Ordering::Less => rest = after,
                    Ordering::Equal => return Some(value),
                    Ordering::Greater => break,
                }
            }
            None
        }
    }

    /// Puts parts together, in their order.
    fn of_parts(parts: Parts<K, T>) -> Self {
        let rows = parts.values().map(|part| part.rows.len()).sum();
        let mut all = Self { rows: Vec::with_capacity(rows), lost: BTreeMap::new() };
        for part in parts.into_values() {
            all.rows.extend(part.rows);
            for (reason, (count, first)) in part.lost {
                all.lost.entry(reason).or_insert((0, first)).0 += count;
            }
        }
        all
    }
}

impl<K: Ord + Copy, T> Sampled<Pack<K, T>> {
    /// Of each key its last record.
    pub(crate) fn latest(&self) -> Pack<K, &T> {
        let readings: Vec<&Pack<K, T>> = self.good().map(|(_, pack)| pack).collect();
        let newest_first = readings.into_iter().rev().flat_map(|pack| &pack.rows);
        let mut rows: Vec<(K, &T)> = newest_first.map(|(key, value)| (*key, value)).collect();
        rows.sort_by_key(|(key, _)| *key);
        rows.dedup_by_key(|(key, _)| *key);
        Pack { rows, lost: BTreeMap::new() }
    }
}

/// Somebody who is interested in a pack.
pub(super) trait PackSink: Send + Sync {
    /// Begins a pass, if it is wanted.
    fn begin<'s>(&'s self, piece: &Piece<'_>) -> Option<Box<dyn Filing + 's>>;
}

/// One pass of a pack on its way into a slot.
pub(super) trait Filing {
    /// Takes a record and its content as text.
    fn record(&mut self, record: &Record<'_>, text: &str, env: &ParseEnv);
    /// Notes that the pack is damaged from here on.
    fn damaged(&mut self, error: PackError);
    /// Files the pass.
    fn end(self: Box<Self>, piece: &Piece<'_>);
}

/// Hands the records of a pack to all who want its pass.
pub(super) fn offer(sinks: &[Box<dyn PackSink>], piece: &Piece<'_>, env: &ParseEnv) {
    let mut filings: Vec<_> = sinks.iter().filter_map(|sink| sink.begin(piece)).collect();
    if filings.is_empty() {
        return;
    }
    // Whole parts are checked faster than thousands of small texts; one that is no UTF-8 is rare.
    let whole = std::str::from_utf8(piece.content).ok();
    for record in records(piece.content) {
        match record {
            Ok(record) => {
                let (start, end) = (record.offset, record.offset + record.content.len());
                let known = whole.and_then(|whole| whole.get(start..end)).map(Cow::Borrowed);
                let text = known.unwrap_or_else(|| text(record.content));
                for filing in &mut filings {
                    filing.record(&record, &text, env);
                }
            }
            // It is the last of the part: where the next one begins is not known.
            Err(error) => {
                let error = PackError { offset: piece.part.start + error.offset, ..error };
                for filing in &mut filings {
                    filing.damaged(error);
                }
            }
        }
    }
    for filing in filings {
        filing.end(piece);
    }
}

/// Parts of one pass by their place.
type Parts<K, T> = BTreeMap<usize, Pack<K, T>>;

/// A slot, and how the keys and contents of its records are read.
pub(super) struct PackReader<K, T, FK, FT> {
    slot: Arc<Slot<Pack<K, T>>>,
    key: FK,
    parse: FT,
    /// Parts of passes of which not all have come by.
    joining: Mutex<BTreeMap<u32, Parts<K, T>>>,
}

impl<K: Ord, T, FK, FT> PackReader<K, T, FK, FT> {
    pub(super) fn new(slot: Arc<Slot<Pack<K, T>>>, key: FK, parse: FT) -> Self {
        Self { slot, key, parse, joining: Mutex::default() }
    }

    /// All of a pass, if this was the last part that was lacking.
    fn joined(&self, piece: &Piece<'_>, pack: Pack<K, T>) -> Option<Pack<K, T>> {
        if piece.part.of == 1 {
            return Some(pack);
        }
        let mut joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = joining.entry(piece.pass).or_default();
        parts.insert(piece.part.index, pack);
        if parts.len() < piece.part.of {
            return None;
        }
        joining.remove(&piece.pass).map(Pack::of_parts)
    }
}

impl<K, T, FK, FT> PackSink for PackReader<K, T, FK, FT>
where
    K: Ord + Send,
    T: Send,
    FK: Fn(&str) -> Option<K> + Send + Sync,
    FT: Fn(&str, &ParseEnv) -> Result<Option<T>, ParseError> + Send + Sync,
{
    fn begin<'s>(&'s self, piece: &Piece<'_>) -> Option<Box<dyn Filing + 's>> {
        let filing = PassOf { reader: self, pack: Pack::default() };
        self.slot.wants(piece).then(|| Box::new(filing) as Box<dyn Filing>)
    }
}

struct PassOf<'s, K, T, FK, FT> {
    reader: &'s PackReader<K, T, FK, FT>,
    pack: Pack<K, T>,
}

impl<K, T, FK, FT> PassOf<'_, K, T, FK, FT> {
    fn lose(&mut self, reason: Reason, what: impl Into<String>) {
        match self.pack.lost.get_mut(&reason) {
            Some((count, _)) => *count += 1,
            None => drop(self.pack.lost.insert(reason, (1, what.into()))),
        }
    }
}

impl<K, T, FK, FT> Filing for PassOf<'_, K, T, FK, FT>
where
    K: Ord + Send,
    T: Send,
    FK: Fn(&str) -> Option<K> + Send + Sync,
    FT: Fn(&str, &ParseEnv) -> Result<Option<T>, ParseError> + Send + Sync,
{
    fn record(&mut self, record: &Record<'_>, text: &str, env: &ParseEnv) {
        if !record.outcome.has_content() {
            let reason = Absence::reason_of(record.outcome).unwrap_or(Reason::Failed);
            return self.lose(reason, &*record.key);
        }
        let Some(key) = (self.reader.key)(&record.key) else { return };
        match (self.reader.parse)(text, env) {
            Ok(Some(value)) => self.pack.rows.push((key, value)),
            Ok(None) => {}
            // An empty file of a process that is just ending is no riddle.
            Err(_) if record.content.is_empty() => self.lose(Reason::Vanished, &*record.key),
            Err(_) if record.outcome == Outcome::Truncated => {
                self.lose(Reason::Truncated, &*record.key);
            }
            Err(e) => self.lose(Reason::ParseError, format!("{}: {e}", record.key)),
        }
    }

    fn damaged(&mut self, error: PackError) {
        self.lose(Reason::ParseError, error.to_string());
    }

    fn end(mut self: Box<Self>, piece: &Piece<'_>) {
        self.pack.rows.shrink_to_fit();
        let Some(mut pack) = self.reader.joined(piece, self.pack) else { return };
        if let Some((_, first)) = pack.lost.get(&Reason::ParseError) {
            complain(&self.reader.slot.complaints, piece.path, first.clone());
        }
        pack.rows.sort_by(|a, b| a.0.cmp(&b.0));
        self.reader.slot.file(piece, Ok(pack));
    }
}
