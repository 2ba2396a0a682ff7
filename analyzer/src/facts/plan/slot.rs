//! Where readings gather during the walk, and the handles that give them afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{Complaints, Many, Piece, Plan, Reading, Sampled};
use crate::absence::{Absence, Reason};
use crate::parse::{ParseEnv, ParseError};

/// Somebody who is interested in a path.
pub(super) trait Sink: Send + Sync {
    fn offer(&self, piece: &Piece<'_>, env: &ParseEnv);
    /// Forgets what was read early.
    fn forget(&self);
}

/// How far the walk is.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// The journal is known, and whether what was read early stands.
    settled: OnceLock<bool>,
}

impl Stage {
    /// The journal is known.
    pub(super) fn settled(&self, early_stands: bool) {
        // A plan settles once.
        self.settled.get_or_init(|| early_stands);
    }

    pub(super) fn is_early(&self) -> bool {
        self.settled.get().is_none()
    }

    /// Only what could not be read early is left.
    pub(super) fn is_rest(&self) -> bool {
        self.settled.get() == Some(&true)
    }
}

/// The place where readings of one interest gather during the walk.
pub(crate) struct Slot<T> {
    pub(super) path: String,
    /// How the path of a file below a prefix must end.
    pub(super) suffix: &'static str,
    pub(super) stage: Arc<Stage>,
    /// The passes wanted, once the journal is known; all, where it is never set.
    pub(super) wanted: OnceLock<BTreeSet<u32>>,
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

    /// Forgets what was read early.
    pub(super) fn forget(&self) {
        self.found().clear();
    }

    pub(super) fn file(&self, path: &str, pass: u32, mono_us: u64, value: Result<T, Absence>) {
        self.found().push((path.to_owned(), Reading { pass, mono_us, value }));
    }
}

impl<T: Send> Sink for Reader<T> {
    fn offer(&self, piece: &Piece<'_>, env: &ParseEnv) {
        if !piece.path.ends_with(self.slot.suffix) {
            return;
        }
        let not_understood = |e: ParseError| {
            complain(&self.slot.complaints, piece.path, e.to_string());
            Absence::of(Reason::ParseError, piece.path, e.to_string())
        };
        let value = (self.parse)(piece.path, piece.content, env).map_err(not_understood);
        self.slot.file(piece.path, piece.pass, piece.mono_us, value);
    }

    fn forget(&self) {
        self.slot.forget();
    }
}

/// A handle of the plan that gives what was read, once the walk is over.
pub(crate) trait Take {
    /// What it gives.
    type Output;
    /// What was read, with the reasons of the journal for what was not.
    fn take(&self, plan: &Plan) -> Self::Output;
}

impl<T> Take for Arc<Slot<T>> {
    type Output = Sampled<T>;

    fn take(&self, plan: &Plan) -> Sampled<T> {
        let readings = std::mem::take(&mut *self.found()).into_iter().map(|(_, r)| r).collect();
        plan.complete(&self.path, self.wanted.get(), readings)
    }
}

impl<T: Take, const N: usize> Take for [T; N] {
    type Output = [T::Output; N];

    fn take(&self, plan: &Plan) -> Self::Output {
        self.each_ref().map(|handle| handle.take(plan))
    }
}

/// The handle of all paths below a prefix.
pub(crate) struct Below<T>(pub(super) Arc<Slot<T>>);

impl<T> Take for Below<T> {
    type Output = Many<T>;

    fn take(&self, plan: &Plan) -> Many<T> {
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
