//! How sources reach their parsers: one walk over the archive fills all readings at once.
//!
//! The archive is visited once, in parallel, and every entry is dropped after it was parsed. So
//! the interest in each source is declared first ([`Plan::sampled`], [`Plan::packed`],
//! [`Plan::many`]), then the walk happens, then the handles give what was read. A reading that is
//! not there has a typed reason, taken from the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use linsight_archive::JournalLine;

use crate::input::Part;
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
use slot::{Reader, Sink, complain};

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
pub(crate) struct Plan<'a> {
    env: ParseEnv,
    complaints: Complaints,
    journal: &'a Journal,
    exact: BTreeMap<String, Vec<Arc<dyn Sink>>>,
    packs: BTreeMap<String, Vec<Box<dyn PackSink>>>,
    prefixes: Vec<(String, Arc<dyn Sink>)>,
}

impl<'a> Plan<'a> {
    /// A plan for the host that `env` describes and the sources that `journal` knows.
    pub(crate) fn new(env: ParseEnv, journal: &'a Journal) -> Self {
        Self {
            env,
            complaints: Arc::default(),
            journal,
            exact: BTreeMap::new(),
            packs: BTreeMap::new(),
            prefixes: Vec::new(),
        }
    }

    /// Interest in all readings of a text.
    pub(crate) fn sampled<T: Send + 'static>(
        &mut self,
        path: &str,
        parse: impl Fn(&str, &ParseEnv) -> Result<T, ParseError> + Send + Sync + 'static,
    ) -> Arc<Slot<T>> {
        self.exact(path, Passes::All, move |b, env| parse(&text(b), env))
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
        let slot = self.slot(path, "", self.wanted(path, passes));
        let reader = packs::PackReader::new(slot.clone(), key, parse);
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
        let slot = self.slot(prefix, suffix, None);
        let reader = Reader { slot: slot.clone(), parse: Box::new(parse) };
        self.prefixes.push((prefix.to_owned(), Arc::new(reader)));
        Below(slot)
    }

    fn exact<T: Send + 'static>(
        &mut self,
        path: &str,
        passes: Passes,
        parse: impl Fn(&[u8], &ParseEnv) -> Result<T, ParseError> + Send + Sync + 'static,
    ) -> Arc<Slot<T>> {
        let slot = self.slot(path, "", self.wanted(path, passes));
        let parse = Box::new(move |_: &str, bytes: &[u8], env: &ParseEnv| parse(bytes, env));
        let reader = Reader { slot: slot.clone(), parse };
        self.exact.entry(path.to_owned()).or_default().push(Arc::new(reader));
        slot
    }

    fn slot<T>(
        &self,
        path: &str,
        suffix: &'static str,
        wanted: Option<BTreeSet<u32>>,
    ) -> Arc<Slot<T>> {
        let (path, complaints) = (path.to_owned(), self.complaints.clone());
        Arc::new(Slot { path, suffix, wanted, complaints, found: Mutex::default() })
    }

    /// What the parsers did not understand, once the walk is over.
    pub(crate) fn not_understood(&self) -> NotUnderstood {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The passes meant, by the journal; `None` for all.
    fn wanted(&self, path: &str, passes: Passes) -> Option<BTreeSet<u32>> {
        let mut with_content = lines_of(self.journal, path)
            .filter(|(_, line)| line.outcome.has_content())
            .map(|(pass, _)| pass);
        match passes {
            Passes::All => None,
            Passes::First => Some(with_content.next().into_iter().collect()),
            Passes::Ends => {
                let first = with_content.next();
                Some(first.into_iter().chain(with_content.last()).collect())
            }
        }
    }

    /// Hands an entry to all who are interested. May be called from many threads.
    pub(crate) fn offer(&self, piece: &Piece<'_>) {
        for sink in self.exact.get(piece.path).into_iter().flatten() {
            sink.offer(piece, &self.env);
        }
        if let Some(sinks) = self.packs.get(piece.path) {
            packs::offer(sinks, piece, &self.env);
        }
        for (prefix, sink) in &self.prefixes {
            if piece.path.starts_with(prefix.as_str()) {
                sink.offer(piece, &self.env);
            }
        }
    }

    fn complete<T>(
        &self,
        path: &str,
        wanted: Option<&BTreeSet<u32>>,
        mut readings: Vec<Reading<T>>,
    ) -> Sampled<T> {
        let seen: BTreeSet<u32> = readings.iter().map(|r| r.pass).collect();
        let lines = lines_of(self.journal, path).filter(|(pass, line)| {
            // A pass that was not asked for is no gap, unless nothing is there at all.
            !seen.contains(pass)
                && wanted.is_none_or(|w| w.contains(pass) || !line.outcome.has_content())
        });
        readings.extend(lines.map(|(pass, line)| Reading {
            pass,
            mono_us: line.mono_us,
            value: Err(absence_of(path, line)),
        }));
        in_order(&mut readings);
        Sampled { path: path.to_owned(), readings }
    }
}

fn lines_of<'j>(
    journal: &'j Journal,
    path: &str,
) -> impl Iterator<Item = (u32, &'j JournalLine)> + use<'j> {
    let range = (path.to_owned(), 0)..=(path.to_owned(), u32::MAX);
    journal.range(range).map(|((_, pass), line)| (*pass, line))
}
