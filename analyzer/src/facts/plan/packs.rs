//! Packs: one walk over their records for all who are interested.
//!
//! A pack of a host with ten thousand processes has ten thousand records in every sample, and
//! several chapters read the same ones. So the records are found, and their text is checked, once.
//! And it comes part by part, on whichever thread: each part is read where it lies, and what was
//! read is put together.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linsight_archive::Outcome;
use linsight_archive::pack::{PackError, Record, records};
use rayon::prelude::*;

use super::{Passes, Piece, Sampled, Slot, complain, text};
use crate::absence::{Absence, Reason};
use crate::input::Need;
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
    fn of_parts(mut parts: BTreeMap<usize, Self>) -> Self {
        if parts.len() == 1
            && let Some((_, only)) = parts.pop_first()
        {
            return only;
        }
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
    /// Begins a part, if its pass is wanted now.
    fn begin<'s>(&'s self, piece: &Piece<'_>) -> Option<Box<dyn Filing + 's>>;
    /// Whether a pass that came by early must come again.
    fn need(&self, pass: u32) -> Need;
    /// Learns which passes have content.
    fn settle(&self, with_content: &BTreeSet<u32>);
    /// Whether what was read early, and what was not, is what is wanted.
    fn stands(&self) -> bool;
    /// Forgets what was read early.
    fn forget(&self);
    /// Whether a pass is wanted now.
    fn wants(&self, pass: u32) -> bool;
    /// Puts together and files what came in parts.
    fn finish(&self, path: &str);
}

/// One pass of a pack on its way into a slot.
pub(super) trait Filing {
    /// Takes a record and its content as text.
    fn record(&mut self, record: &Record<'_>, text: &str, env: &ParseEnv);
    /// Notes that the pack is damaged from here on.
    fn damaged(&mut self, error: PackError);
    /// Files the part.
    fn end(self: Box<Self>, piece: &Piece<'_>);
}

/// Hands the records of a pack to all who want its pass; tells whether it was sound.
pub(super) fn offer(sinks: &[Box<dyn PackSink>], piece: &Piece<'_>, env: &ParseEnv) -> bool {
    let mut filings: Vec<_> = sinks.iter().filter_map(|sink| sink.begin(piece)).collect();
    if filings.is_empty() {
        return true;
    }
    let mut sound = true;
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
                sound = false;
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
    sound
}

/// A pass that is being gathered: when it was read, and its parts by their place.
type Gathered<K, T> = (u64, BTreeMap<usize, Pack<K, T>>);

/// A slot, and how the keys and contents of its records are read.
pub(super) struct PackReader<K, T, FK, FT> {
    slot: Arc<Slot<Pack<K, T>>>,
    passes: Passes,
    key: FK,
    parse: FT,
    gathering: Mutex<BTreeMap<u32, Gathered<K, T>>>,
}

impl<K: Ord, T, FK, FT> PackReader<K, T, FK, FT> {
    pub(super) fn new(slot: Arc<Slot<Pack<K, T>>>, passes: Passes, key: FK, parse: FT) -> Self {
        Self { slot, passes, key, parse, gathering: Mutex::default() }
    }

    fn gathering(&self) -> MutexGuard<'_, BTreeMap<u32, Gathered<K, T>>> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.wants(piece.pass).then(|| Box::new(filing) as Box<dyn Filing>)
    }

    fn need(&self, pass: u32) -> Need {
        if self.passes == Passes::Ends && pass > 0 { Need::Perhaps } else { Need::No }
    }

    fn settle(&self, with_content: &BTreeSet<u32>) {
        let ends = with_content.first().into_iter().chain(match self.passes {
            Passes::Ends => with_content.last(),
            Passes::First | Passes::All => None,
        });
        if self.passes != Passes::All {
            self.slot.wanted.get_or_init(|| ends.copied().collect());
        }
    }

    fn stands(&self) -> bool {
        let wanted = self.slot.wanted.get();
        let read = self.gathering();
        let was_read = |pass: &u32| read.contains_key(pass) || self.need(*pass) != Need::No;
        wanted.is_none_or(|w| w.iter().all(was_read) && read.keys().all(|pass| w.contains(pass)))
    }

    fn forget(&self) {
        self.gathering().clear();
    }

    fn wants(&self, pass: u32) -> bool {
        let stage = &self.slot.stage;
        let is_wanted = self.slot.wanted.get().is_none_or(|wanted| wanted.contains(&pass));
        match self.passes {
            Passes::First | Passes::Ends if stage.is_early() => pass == 0,
            Passes::All | Passes::First | Passes::Ends if stage.is_rest() => {
                is_wanted && self.need(pass) != Need::No
            }
            _ => is_wanted,
        }
    }

    fn finish(&self, path: &str) {
        let gathered = std::mem::take(&mut *self.gathering());
        let whole = |(pass, (mono_us, parts))| {
            let mut pack = Pack::of_parts(parts);
            if let Some((_, first)) = pack.lost.get(&Reason::ParseError) {
                complain(&self.slot.complaints, path, first.clone());
            }
            pack.rows.sort_by(|a: &(K, T), b| a.0.cmp(&b.0));
            self.slot.file(path, pass, mono_us, Ok(pack));
        };
        gathered.into_par_iter().for_each(whole);
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
        let mut gathering = self.reader.gathering();
        let (_, parts) = gathering.entry(piece.pass).or_insert((piece.mono_us, BTreeMap::new()));
        parts.insert(piece.part.index, self.pack);
    }
}
