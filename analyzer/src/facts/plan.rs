//! How sources reach their parsers: one walk over the archive fills all readings at once.
//!
//! The archive is visited once, in parallel, and every entry is dropped after it was parsed. So
//! the interest in each source is declared first ([`Plan::sampled`], [`Plan::packed`],
//! [`Plan::many`]), then the walk happens, then the handles give what was read. A reading that is
//! not there has a typed reason, taken from the journal.
//!
//! What can be parsed without the journal is parsed while the archive is opened ([`Early`]):
//! everything of which all passes are wanted, and the first pass of the rest. When the journal is
//! known ([`Plan::settle`]) that stands, or all of it is forgotten and the walk begins anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use linsight_archive::JournalLine;
use rayon::prelude::*;

use crate::input::{Early, EarlyEntry, HostEnv, Need, Part, Snapshot};
use crate::parse::{ParseEnv, ParseError, text};

mod packs;
mod reading;
mod slot;
#[cfg(test)]
mod tests;

pub(crate) use packs::Pack;
use packs::PackSink;
use reading::in_order;
pub(crate) use reading::{Reading, Sampled, absence_of};
pub(crate) use slot::{Below, Slot, Take};
use slot::{Reader, Sink, Stage, complain};

/// What became of every source: path without sample prefix, and pass.
pub(crate) type Journal = BTreeMap<(String, u32), JournalLine>;

/// An entry of the archive as the plan sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// Path without sample prefix.
    pub(crate) path: &'a str,
    /// Pass.
    pub(crate) pass: u32,
    /// When reading began.
    pub(crate) mono_us: u64,
    /// Which part of a pack; every other source comes whole.
    pub(crate) part: Part,
    /// Its bytes.
    pub(crate) content: &'a [u8],
}

/// Readings of a pack.
pub(crate) type Packed<K, T> = Sampled<Pack<K, T>>;

/// Readings of all paths below a prefix: by the rest of the path.
pub(crate) type Many<T> = BTreeMap<String, Sampled<T>>;

/// Which passes of a source are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    /// All.
    All,
    /// The first that has content.
    First,
    /// The first and the last that have content.
    Ends,
}

/// Sources that the parsers did not understand: the first message of each.
pub(crate) type NotUnderstood = BTreeMap<String, String>;

/// The same while the walk goes on.
type Complaints = Arc<Mutex<NotUnderstood>>;

/// What is wanted from the archive.
#[derive(Default)]
pub(crate) struct Plan {
    env: OnceLock<ParseEnv>,
    journal: Arc<Journal>,
    stage: Arc<Stage>,
    /// Something about the archive is odd: what was read early does not stand.
    odd: AtomicBool,
    complaints: Complaints,
    exact: BTreeMap<String, Vec<Arc<dyn Sink>>>,
    packs: BTreeMap<String, Vec<Box<dyn PackSink>>>,
    prefixes: Vec<(String, Arc<dyn Sink>)>,
}

impl Early for Plan {
    fn offer(&self, entry: &EarlyEntry<'_>) -> Need {
        let env = ParseEnv::from(entry.env);
        if *self.env.get_or_init(|| env) != env {
            self.odd.store(true, Ordering::Relaxed);
        }
        let EarlyEntry { path, pass, part, content, .. } = *entry;
        // How many parts there are, and when each was read, the journal tells.
        let part = Part { index: part as usize, of: usize::MAX, start: 0 };
        let piece = Piece { path, pass, mono_us: 0, part, content };
        if !self.hand(&piece, &env) {
            self.odd.store(true, Ordering::Relaxed);
        }
        let packs = self.packs.get(path).into_iter().flatten();
        packs.map(|sink| sink.need(pass)).max().unwrap_or(Need::No)
    }
}

impl From<HostEnv> for ParseEnv {
    fn from(env: HostEnv) -> Self {
        let HostEnv { page_size_bytes, ticks_per_s, little_endian } = env;
        Self { page_size_bytes, ticks_per_s, little_endian }
    }
}

impl Plan {
    /// Walks over a snapshot: over what was not read early, if that stands.
    pub(crate) fn walk(&mut self, snapshot: &Snapshot) {
        let regular = snapshot.is_regular();
        let rest = self.settle(snapshot.env().into(), snapshot.journal(), regular);
        let offer = |entry: &crate::input::Entry<'_>| {
            let crate::input::Entry { path, pass, mono_us, part, content, .. } = *entry;
            self.offer(&Piece { path, pass, mono_us, part, content });
        };
        if rest {
            let wanted = |path: &str, pass| {
                self.packs.get(path).into_iter().flatten().any(|sink| sink.wants(pass))
            };
            snapshot.visit_rest(wanted, offer);
        } else {
            snapshot.visit(offer);
        }
        self.finish();
    }

    /// Learns what became of every source. Tells whether what was read early stands; else it is
    /// forgotten.
    fn settle(&mut self, env: ParseEnv, journal: &Arc<Journal>, regular: bool) -> bool {
        self.journal = Arc::clone(journal);
        for (path, sinks) in &self.packs {
            let passes = with_content(journal, path);
            for sink in sinks {
                sink.settle(&passes);
            }
        }
        let was_early = self.env.get().is_some();
        let stands = was_early
            && regular
            && !*self.odd.get_mut()
            && self.env.get() == Some(&env)
            && self.packs.values().flatten().all(|sink| sink.stands());
        if was_early && !stands {
            self.packs.values().flatten().for_each(|sink| sink.forget());
            let sinks = self.exact.values().flatten().chain(self.prefixes.iter().map(|(_, s)| s));
            sinks.for_each(|sink| sink.forget());
            self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.env = OnceLock::from(env);
        self.stage.settled(stands);
        stands
    }

    /// Puts together what came in parts, once the walk is over.
    fn finish(&self) {
        self.packs.par_iter().for_each(|(path, sinks)| {
            sinks.par_iter().for_each(|sink| sink.finish(path));
        });
    }

    /// What parsing knows of the host.
    pub(crate) fn env(&self) -> ParseEnv {
        *self.env.get_or_init(|| HostEnv::USUAL.into())
    }

    /// Interest in all readings of a text.
    pub(crate) fn sampled<T: Send + 'static>(
        &mut self,
        path: &str,
        parse: impl Fn(&str, &ParseEnv) -> Result<T, ParseError> + Send + Sync + 'static,
    ) -> Arc<Slot<T>> {
        let slot = self.slot(path, "");
        let parse = Box::new(move |_: &str, b: &[u8], env: &ParseEnv| parse(&text(b), env));
        let reader = Reader { slot: slot.clone(), parse };
        self.exact.entry(path.to_owned()).or_default().push(Arc::new(reader));
        slot
    }

    /// Interest in a pack. `key` reads the key of a record; a record is left out when it, or
    /// `parse`, gives `None`.
    pub(crate) fn packed<K: Ord + Send + 'static, T: Send + 'static>(
        &mut self,
        path: &str,
        passes: Passes,
        key: impl Fn(&str) -> Option<K> + Send + Sync + 'static,
        parse: impl Fn(&str, &ParseEnv) -> Result<Option<T>, ParseError> + Send + Sync + 'static,
    ) -> Arc<Slot<Pack<K, T>>> {
        let slot = self.slot(path, "");
        let reader = packs::PackReader::new(slot.clone(), passes, key, parse);
        self.packs.entry(path.to_owned()).or_default().push(Box::new(reader));
        slot
    }

    /// Interest in every path below a prefix that ends with `suffix`; the parser gets the path
    /// and bytes.
    pub(crate) fn many<T: Send + 'static>(
        &mut self,
        prefix: &str,
        suffix: &'static str,
        parse: impl Fn(&str, &[u8], &ParseEnv) -> Result<T, ParseError> + Send + Sync + 'static,
    ) -> Below<T> {
        let slot = self.slot(prefix, suffix);
        let reader = Reader { slot: slot.clone(), parse: Box::new(parse) };
        self.prefixes.push((prefix.to_owned(), Arc::new(reader)));
        Below(slot)
    }

    fn slot<T>(&self, path: &str, suffix: &'static str) -> Arc<Slot<T>> {
        let (path, complaints) = (path.to_owned(), self.complaints.clone());
        let (wanted, stage) = (OnceLock::new(), Arc::clone(&self.stage));
        Arc::new(Slot { path, suffix, stage, wanted, complaints, found: Mutex::default() })
    }

    /// What the parsers did not understand, once the walk is over.
    pub(crate) fn not_understood(&self) -> NotUnderstood {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands an entry to all who are interested. May be called from many threads.
    pub(crate) fn offer(&self, piece: &Piece<'_>) {
        self.hand(piece, &self.env());
    }

    /// As [`Self::offer`]; tells whether it was sound.
    fn hand(&self, piece: &Piece<'_>, env: &ParseEnv) -> bool {
        for sink in self.exact.get(piece.path).into_iter().flatten() {
            sink.offer(piece, env);
        }
        for (prefix, sink) in &self.prefixes {
            if piece.path.starts_with(prefix.as_str()) {
                sink.offer(piece, env);
            }
        }
        self.packs.get(piece.path).is_none_or(|sinks| packs::offer(sinks, piece, env))
    }

    fn complete<T>(
        &self,
        path: &str,
        wanted: Option<&BTreeSet<u32>>,
        mut readings: Vec<Reading<T>>,
    ) -> Sampled<T> {
        let mut lines: BTreeMap<u32, &JournalLine> = lines_of(&self.journal, path).collect();
        for reading in &mut readings {
            // What was read early did not know when it was taken.
            let line = lines.remove(&reading.pass);
            reading.mono_us = line.map_or(reading.mono_us, |line| line.mono_us);
        }
        // A pass that was not asked for is no gap, unless nothing is there at all.
        lines.retain(|pass, line| {
            wanted.is_none_or(|w| w.contains(pass) || !line.outcome.has_content())
        });
        readings.extend(lines.into_iter().map(|(pass, line)| Reading {
            pass,
            mono_us: line.mono_us,
            value: Err(absence_of(path, line)),
        }));
        in_order(&mut readings);
        Sampled { path: path.to_owned(), readings }
    }
}

/// The passes of a source that have content.
fn with_content(journal: &Journal, path: &str) -> BTreeSet<u32> {
    let lines = lines_of(journal, path).filter(|(_, line)| line.outcome.has_content());
    lines.map(|(pass, _)| pass).collect()
}

fn lines_of<'j>(
    journal: &'j Journal,
    path: &str,
) -> impl Iterator<Item = (u32, &'j JournalLine)> + use<'j> {
    let range = (path.to_owned(), 0)..=(path.to_owned(), u32::MAX);
    journal.range(range).map(|((_, pass), line)| (*pass, line))
}
