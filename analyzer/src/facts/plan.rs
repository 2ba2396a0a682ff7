//! How sources reach their parsers: one walk over the archive fills all readings at once.
//!
//! The archive is visited once, in parallel, and every entry is dropped after it was parsed. So
//! the interest in each source is declared first ([`Plan::sampled`], [`Plan::packed`],
//! [`Plan::many`]), then the walk happens, then the handles give what was read. A reading that is
//! not there has a typed reason, taken from the journal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linsight_archive::{JournalLine, names};

use crate::absence::{Absence, Reason};
use crate::facts::errno;
use crate::parse::{ParseEnv, ParseError};

mod packs;

pub(crate) use packs::Pack;
use packs::PackSink;

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
    /// Its bytes.
    pub(crate) content: &'a [u8],
}

/// One reading of a source.
#[derive(Clone, Debug)]
pub(crate) struct Reading<T> {
    /// Pass.
    pub(crate) pass: u32,
    /// When reading began; 0 where the archive does not tell.
    pub(crate) mono_us: u64,
    /// What the parser made of it, or why there is nothing.
    pub(crate) value: Result<T, Absence>,
}

/// All readings of one path, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct Sampled<T> {
    /// Path without sample prefix.
    pub(crate) path: String,
    /// Readings, good and bad.
    pub(crate) readings: Vec<Reading<T>>,
}

impl<T> Sampled<T> {
    /// The good readings.
    pub(crate) fn good(&self) -> impl Iterator<Item = (&Reading<T>, &T)> + Clone {
        self.readings.iter().filter_map(|r| Some((r, r.value.as_ref().ok()?)))
    }

    /// The first good reading.
    ///
    /// # Errors
    /// Why there is none: the reason of the first reading.
    pub(crate) fn first(&self) -> Result<&T, Absence> {
        self.good().next().map(|(_, value)| value).ok_or_else(|| self.absence())
    }

    /// The last good reading.
    ///
    /// # Errors
    /// As [`Self::first`].
    pub(crate) fn last(&self) -> Result<&T, Absence> {
        self.good().last().map(|(_, value)| value).ok_or_else(|| self.absence())
    }

    /// Why there is no good reading.
    pub(crate) fn absence(&self) -> Absence {
        let first = self.readings.iter().find_map(|r| r.value.as_ref().err().cloned());
        first.unwrap_or_else(|| Absence::of(Reason::NotCollected, &self.path, ""))
    }

    /// Path of a pass in the archive.
    pub(crate) fn entry(&self, pass: u32) -> String {
        names::sample(pass, &self.path)
    }
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

trait Sink: Send + Sync {
    fn offer(&self, piece: &Piece<'_>, env: &ParseEnv);
}

/// The place where readings of one interest gather during the walk.
pub(crate) struct Slot<T> {
    path: String,
    /// How the path of a file below a prefix must end.
    suffix: &'static str,
    wanted: Option<BTreeSet<u32>>,
    complaints: Complaints,
    found: Mutex<Vec<(String, Reading<T>)>>,
}

/// A slot and the parser that fills it.
struct Reader<T> {
    slot: Arc<Slot<T>>,
    parse: Parse<T>,
}

fn complain(complaints: &Complaints, path: &str, message: String) {
    let mut all = complaints.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(path.to_owned()).or_insert(message);
}

type Parse<T> = Box<dyn Fn(&str, &[u8], &ParseEnv) -> Result<T, ParseError> + Send + Sync>;

impl<T> Slot<T> {
    fn found(&self) -> MutexGuard<'_, Vec<(String, Reading<T>)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants(&self, piece: &Piece<'_>) -> bool {
        piece.path.ends_with(self.suffix)
            && self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&piece.pass))
    }

    fn file(&self, piece: &Piece<'_>, value: Result<T, Absence>) {
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
        let reader = packs::PackReader { slot: slot.clone(), key, parse };
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

/// Readings in order of time. The number of the pass is no time: what is read once, as pass 0, may
/// be read after the whole window (`smaps` of all processes). Only archives that tell no times go
/// by it.
fn in_order<T>(readings: &mut [Reading<T>]) {
    readings.sort_by_key(|r| (r.mono_us, r.pass));
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
pub(crate) struct Below<T>(Arc<Slot<T>>);

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

fn lines_of<'j>(
    journal: &'j Journal,
    path: &str,
) -> impl Iterator<Item = (u32, &'j JournalLine)> + use<'j> {
    let range = (path.to_owned(), 0)..=(path.to_owned(), u32::MAX);
    journal.range(range).map(|((_, pass), line)| (*pass, line))
}

/// The absence that a journal line without usable content stands for.
pub(crate) fn absence_of(path: &str, line: &JournalLine) -> Absence {
    let Some(reason) = Absence::reason_of(line.outcome) else {
        return Absence::of(Reason::NotCollected, path, "its part of the archive is lost");
    };
    let mut detail = line.reason.clone().unwrap_or_default();
    if let (true, Some(errno)) = (detail.is_empty(), line.errno) {
        detail = errno::name(errno);
    }
    Absence::of(reason, path, detail)
}

/// Bytes as text. Nearly all are UTF-8, which is checked much faster than it is mended.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use linsight_archive::Outcome;

    use super::*;

    const ENV: ParseEnv = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };

    fn number(text: &str, _: &ParseEnv) -> Result<u64, ParseError> {
        crate::parse::loadavg::parse(&format!("{text} 0 0 1/2 3")).map(|l| l.last_pid)
    }

    fn journal(lines: &[(&str, u32, Outcome)]) -> Journal {
        let line = |&(path, pass, outcome): &(&str, u32, Outcome)| {
            let mut line = JournalLine::new(path, outcome, 0);
            line.errno = Some(13);
            ((path.to_owned(), pass), line)
        };
        lines.iter().map(line).collect()
    }

    fn piece<'a>(path: &'a str, pass: u32, content: &'a str) -> Piece<'a> {
        Piece { path, pass, mono_us: u64::from(pass) * 10, content: content.as_bytes() }
    }

    #[test]
    fn readings_are_ordered_by_pass_whatever_the_order_of_the_walk() {
        let journal = Journal::new();
        let mut plan = Plan::new(ENV, &journal);
        let slot = plan.sampled("a", |text, _| Ok::<_, ParseError>(text.to_owned()));
        plan.offer(&piece("a", 2, "late"));
        plan.offer(&piece("b", 0, "other"));
        plan.offer(&piece("a", 0, "early"));
        let a = slot.take(&plan);
        assert_eq!((a.first().unwrap().as_str(), a.last().unwrap().as_str()), ("early", "late"));
        assert_eq!(a.good().map(|(r, _)| r.mono_us).collect::<Vec<_>>(), [0, 20]);
    }

    #[test]
    fn what_is_absent_says_why() {
        use Outcome::{Collected, Denied, Missing};
        let journal = journal(&[("denied", 0, Denied), ("m", 0, Missing), ("lost", 0, Collected)]);
        let mut plan = Plan::new(ENV, &journal);
        let reason = |plan: &mut Plan<'_>, path: &str, content: Option<&str>| {
            let slot = plan.sampled(path, number);
            if let Some(content) = content {
                plan.offer(&piece(path, 0, content));
            }
            slot.take(plan).first().unwrap_err()
        };
        let denied = reason(&mut plan, "denied", None);
        assert_eq!((denied.reason, denied.detail.as_str()), (Reason::Denied, "EACCES"));
        assert_eq!(reason(&mut plan, "m", None).reason, Reason::Missing);
        assert_eq!(reason(&mut plan, "lost", None).reason, Reason::NotCollected);
        assert_eq!(reason(&mut plan, "never", None).reason, Reason::NotCollected);
        let bad = reason(&mut plan, "bad", Some("x"));
        assert_eq!(bad.reason, Reason::ParseError);
        assert!(bad.detail.contains("`x`"), "{}", bad.detail);
    }

    #[test]
    fn packs_give_rows_and_count_what_was_lost() {
        use Outcome::Collected;
        let journal = journal(&[("p", 0, Collected), ("p", 1, Collected), ("p", 2, Collected)]);
        let mut plan = Plan::new(ENV, &journal);
        let key = |k: &str| k.parse::<u32>().ok();
        let all = plan.packed("p", Passes::All, key, |t, _| Ok(Some(t.len())));
        let ends = plan.packed("p", Passes::Ends, key, |t, _| Ok(Some(t.len())));
        for pass in 0..3 {
            let text = "12 3 collected 5\nabc7 0 denied 9\nx 1 collected 1\ny9 2 collected 4\nhi";
            plan.offer(&piece("p", pass, text));
        }
        let all = all.take(&plan);
        assert_eq!(all.good().count(), 3);
        let pack = all.first().unwrap();
        assert_eq!((pack.get(&9), pack.get(&12), pack.get(&7)), (Some(&2), Some(&3), None));
        assert_eq!(pack.lost[&Reason::Denied], (1, "7".to_owned()));
        let ends = ends.take(&plan);
        let passes: Vec<u32> = ends.good().map(|(r, _)| r.pass).collect();
        assert_eq!(
            (passes, ends.readings.len()),
            (vec![0, 2], 2),
            "a pass not asked for is no gap"
        );
    }

    #[test]
    fn a_prefix_gathers_by_path_and_knows_what_is_denied() {
        let journal = journal(&[("d/1/tcp4", 0, Outcome::Denied), ("e", 0, Outcome::Denied)]);
        let mut plan = Plan::new(ENV, &journal);
        let slot = plan.many("d/", "4", |_, b, _| Ok::<_, ParseError>(b.len()));
        plan.offer(&piece("d/2/tcp4", 0, "abc"));
        plan.offer(&piece("d/2/tcp6", 0, "not wanted"));
        let many = slot.take(&plan);
        assert_eq!(many["2/tcp4"].first(), Ok(&3));
        assert_eq!(many["1/tcp4"].first().unwrap_err().reason, Reason::Denied);
        assert_eq!(many.len(), 2);
    }

    #[test]
    fn what_is_read_once_after_the_window_is_the_last_look() {
        let reading = |pass, mono_us| Reading { pass, mono_us, value: Ok(()) };
        let passes = |mut readings: Vec<Reading<()>>| {
            in_order(&mut readings);
            readings.iter().map(|r| r.pass).collect::<Vec<_>>()
        };
        assert_eq!(passes(vec![reading(0, 63), reading(40, 42), reading(20, 22)]), [20, 40, 0]);
        assert_eq!(passes(vec![reading(2, 0), reading(0, 0), reading(1, 0)]), [0, 1, 2]);
    }
}
