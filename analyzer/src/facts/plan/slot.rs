//! Where readings gather during the walk, and the handles that give them afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Complaints, Many, Piece, Plan, Reading, Sampled};
use crate::absence::{Absence, Reason};
use crate::parse::{ParseEnv, ParseError};

/// Somebody who is interested in a path.
pub(super) trait Sink: Send + Sync {
    fn offer(&self, piece: &Piece<'_>, env: &ParseEnv);
}

/// The place where readings of one interest gather during the walk.
pub(crate) struct Slot<T> {
    pub(super) path: String,
    /// How the path of a file below a prefix must end.
    pub(super) suffix: &'static str,
    pub(super) wanted: Option<BTreeSet<u32>>,
    pub(super) complaints: Complaints,
    pub(super) found: Mutex<Vec<(String, Reading<T>)>>,
}

/// A slot and the parser that fills it.
pub(super) struct Reader<T> {
    pub(super) slot: Arc<Slot<T>>,
    pub(super) parse: Parse<T>,
}

pub(super) fn complain(complaints: &Complaints, path: &str, message: String) {
    let mut all = complaints.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(path.to_owned()).or_insert(message);
}

pub(super) type Parse<T> =
    Box<dyn Fn(&str, &[u8], &ParseEnv) -> Result<T, ParseError> + Send + Sync>;

impl<T> Slot<T> {
    fn found(&self) -> MutexGuard<'_, Vec<(String, Reading<T>)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wants(&self, piece: &Piece<'_>) -> bool {
        piece.path.ends_with(self.suffix)
            && self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&piece.pass))
    }

    pub(super) fn file(&self, piece: &Piece<'_>, value: Result<T, Absence>) {
        let reading = Reading { pass: piece.pass, mono_us: piece.mono_us, value };
        self.found().push((piece.path.to_owned(), reading));
    }
}

impl<T: Send> Sink for Reader<T> {
    fn offer(&self, piece: &Piece<'_>, env: &ParseEnv) {
        if !self.slot.wants(piece) {
            return;
        }
        let not_understood = |e: ParseError| {
            complain(&self.slot.complaints, piece.path, e.to_string());
            Absence::of(Reason::ParseError, piece.path, e.to_string())
        };
        let value = (self.parse)(piece.path, piece.content, env).map_err(not_understood);
        self.slot.file(piece, value);
    }
}

/// A handle of the plan that gives what was read, once the walk is over.
pub(crate) trait Take {
    /// What it gives.
    type Output;
    /// What was read, with the reasons of the journal for what was not.
    fn take(&self, plan: &Plan<'_>) -> Self::Output;
}

impl<T> Take for Arc<Slot<T>> {
    type Output = Sampled<T>;

    fn take(&self, plan: &Plan<'_>) -> Sampled<T> {
        let readings = std::mem::take(&mut *self.found()).into_iter().map(|(_, r)| r).collect();
        plan.complete(&self.path, self.wanted.as_ref(), readings)
    }
}

impl<T: Take, const N: usize> Take for [T; N] {
    type Output = [T::Output; N];

    fn take(&self, plan: &Plan<'_>) -> Self::Output {
        self.each_ref().map(|handle| handle.take(plan))
    }
}

/// The handle of all paths below a prefix.
pub(crate) struct Below<T>(pub(super) Arc<Slot<T>>);

impl<T> Take for Below<T> {
    type Output = Many<T>;

    fn take(&self, plan: &Plan<'_>) -> Many<T> {
        let prefix = &self.0.path;
        let mut by_path: BTreeMap<String, Vec<Reading<T>>> = BTreeMap::new();
        for (path, reading) in std::mem::take(&mut *self.0.found()) {
            by_path.entry(path).or_default().push(reading);
        }
        let known = plan.journal.range((prefix.clone(), 0)..).map(|((path, _), _)| path);
        for path in known.take_while(|path| path.starts_with(prefix)) {
            if path.ends_with(self.0.suffix) {
                by_path.entry(path.clone()).or_default();
            }
        }
        let complete = |(path, readings): (String, Vec<Reading<T>>)| {
            let rest = path.strip_prefix(prefix)?.to_owned();
            Some((rest, plan.complete(&path, None, readings)))
        };
        by_path.into_iter().filter_map(complete).collect()
    }
}
