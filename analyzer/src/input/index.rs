//! Which sources an input holds, where their parts are, and what the journals say about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use linsight_archive::{Journal, JournalLine, Outcome, names};

use super::Limits;

/// A source: bare path and pass.
pub(super) type Key = (String, u32);

/// One source with content. `L` says where a piece is.
#[derive(Debug)]
pub(super) struct Stored<L> {
    pub(super) path: String,
    pub(super) pass: u32,
    pub(super) outcome: Outcome,
    pub(super) mono_us: u64,
    pub(super) bytes: u64,
    /// In order of the parts; a source in one piece has part 0.
    pub(super) pieces: Vec<Piece<L>>,
}

/// An entry: a whole source or a part.
#[derive(Debug)]
pub(super) struct Piece<L> {
    pub(super) part: u32,
    /// Where it begins in the source; known when all pieces are.
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) at: L,
}

/// All sources.
#[derive(Debug)]
pub(super) struct Index<L> {
    pub(super) stored: Vec<Stored<L>>,
    pub(super) journal: Arc<BTreeMap<Key, JournalLine>>,
    pub(super) problems: Vec<String>,
    by_key: BTreeMap<Key, usize>,
}

impl<L> Index<L> {
    /// The source of this path and pass.
    pub(super) fn find(&self, path: &str, pass: u32) -> Option<&Stored<L>> {
        self.stored.get(*self.by_key.get(&(path.to_owned(), pass))?)
    }

    /// Packs of a pass below a prefix (`packs/sys/`).
    pub(super) fn below<'a>(
        &'a self,
        prefix: &'a str,
        pass: u32,
    ) -> impl Iterator<Item = &'a Stored<L>> {
        self.by_key
            .range((prefix.to_owned(), 0)..)
            .take_while(move |((path, _), _)| path.starts_with(prefix))
            .filter(move |((_, of), _)| *of == pass)
            .filter_map(|(_, i)| self.stored.get(*i))
    }
}

/// Gathers entries and journals in the order of the archive.
#[derive(Debug)]
pub(super) struct Builder<L> {
    index: Index<L>,
    last_mono_us: u64,
    repeated: u64,
    unreadable: u64,
}

impl<L> Builder<L> {
    pub(super) fn new() -> Self {
        let index = Index {
            stored: Vec::new(),
            journal: Arc::default(),
            problems: Vec::new(),
            by_key: BTreeMap::new(),
        };
        Self { index, last_mono_us: 0, repeated: 0, unreadable: 0 }
    }

    /// Adds an entry under its name in the archive.
    pub(super) fn entry(&mut self, name: &str, len: usize, at: L) {
        let (name, part) = names::split_part(name).unwrap_or((name, 0));
        let (pass, path) = names::split_sample(name);
        let stored = &mut self.index.stored;
        let i = *self.index.by_key.entry((path.to_owned(), pass)).or_insert_with(|| {
            stored.push(Stored {
                path: path.to_owned(),
                pass,
                outcome: Outcome::Truncated,
                mono_us: self.last_mono_us,
                bytes: 0,
                pieces: Vec::new(),
            });
            stored.len() - 1
        });
        let Some(source) = stored.get_mut(i) else { return };
        let piece = Piece { part, start: 0, len, at };
        match source.pieces.iter_mut().find(|p| p.part == part) {
            // As tar does when it unpacks: the last one stays.
            Some(old) => {
                *old = piece;
                self.repeated += 1;
            }
            None => source.pieces.push(piece),
        }
    }

    /// Adds a journal; before the entries of its frame, whose time it may have to tell.
    pub(super) fn journal(&mut self, journal: Journal) {
        self.unreadable += u64::from(journal.unreadable);
        for line in journal.lines {
            self.last_mono_us = self.last_mono_us.max(line.mono_us);
            self.line(line);
        }
    }

    /// Adds one journal line. Of two about one source the one with content stays.
    pub(super) fn line(&mut self, line: JournalLine) {
        let (pass, path) = names::split_sample(&line.path);
        let key = (path.to_owned(), pass);
        let old = self.index.journal.get(&key);
        if old.is_none_or(|old| line.outcome.has_content() || !old.outcome.has_content()) {
            Arc::make_mut(&mut self.index.journal).insert(key, line);
        }
    }

    /// Adds a problem.
    pub(super) fn problem(&mut self, text: impl Into<String>) {
        self.index.problems.push(text.into());
    }

    /// Joins entries with their journal lines, checks parts, bounds sizes.
    pub(super) fn finish(self, limits: &Limits) -> Index<L> {
        let Self { mut index, repeated, unreadable, .. } = self;
        let Index { stored, journal, problems, by_key } = &mut index;
        for source in stored {
            let line = journal.get(&(source.path.clone(), source.pass));
            finish_source(source, line, limits, problems);
        }
        for (key, line) in journal.iter() {
            if line.outcome.has_content() && !by_key.contains_key(key) {
                problems.push(format!("{}: its content is lost", line.path));
            }
        }
        if repeated > 0 {
            problems.push(format!("{repeated} entries stand twice: the last of each is used"));
        }
        if unreadable > 0 {
            problems.push(format!("{unreadable} journal lines were not understood"));
        }
        index
    }
}

fn finish_source<L>(
    source: &mut Stored<L>,
    line: Option<&JournalLine>,
    limits: &Limits,
    problems: &mut Vec<String>,
) {
    let name = names::sample(source.pass, &source.path);
    source.pieces.sort_by_key(|piece| piece.part);
    let mut whole = true;
    if let Some(line) = line {
        source.outcome = line.outcome;
        source.mono_us = line.mono_us;
    } else {
        problems.push(format!("{name}: its journal line is lost, so its outcome is not known"));
    }
    let expected = line.and_then(|line| line.parts).unwrap_or(1) as usize;
    let in_order = source.pieces.iter().zip(0..).all(|(piece, k)| piece.part == k);
    if line.is_some() && (source.pieces.len() != expected || !in_order) {
        let lost = expected.saturating_sub(source.pieces.len());
        problems.push(format!("{name}: {lost} of its {expected} parts are lost"));
        whole = false;
    }
    let mut room = limits.source_bytes;
    let fitting = source.pieces.iter().take_while(|piece| {
        let fits = piece.len as u64 <= room;
        room = room.saturating_sub(piece.len as u64);
        fits
    });
    let fitting = fitting.count();
    if fitting < source.pieces.len() {
        problems.push(format!("{name}: only its first {} bytes are read", limits.source_bytes));
        source.pieces.truncate(fitting);
        whole = false;
    }
    if !whole && source.outcome == Outcome::Collected {
        source.outcome = Outcome::Truncated;
    }
    let mut bytes = 0;
    for piece in &mut source.pieces {
        piece.start = bytes;
        bytes += piece.len;
    }
    source.bytes = bytes as u64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use linsight_archive::JournalHead;

    fn journal(lines: Vec<JournalLine>) -> Journal {
        let head = JournalHead {
            linsight: 1,
            frame: 0,
            page_size_bytes: 4096,
            ticks_per_s: 100,
            little_endian: true,
        };
        Journal { head, lines, unreadable: 0 }
    }

    fn line(path: &str, parts: Option<u32>) -> JournalLine {
        JournalLine { parts, ..JournalLine::new(path, Outcome::Collected, 5) }
    }

    #[test]
    fn parts_come_in_any_order_and_a_lost_one_is_told() {
        let mut b = Builder::new();
        b.entry("samples/2/a.part00001", 3, 'y');
        b.entry("samples/2/a.part00000", 4, 'x');
        b.entry("b.part00001", 3, 'z');
        b.journal(journal(vec![line("samples/2/a", Some(2)), line("b", Some(2)), line("c", None)]));
        let index = b.finish(&Limits::default());
        let a = index.find("a", 2).unwrap();
        assert_eq!(a.pieces.iter().map(|p| p.at).collect::<String>(), "xy");
        assert_eq!(a.pieces.iter().map(|p| p.start).collect::<Vec<_>>(), [0, 4]);
        assert_eq!((a.outcome, a.bytes, a.mono_us), (Outcome::Collected, 7, 5));
        assert_eq!(index.find("b", 0).unwrap().outcome, Outcome::Truncated);
        assert_eq!(index.problems, ["b: 1 of its 2 parts are lost", "c: its content is lost"]);
    }

    #[test]
    fn an_entry_without_its_journal_line_is_no_whole_source() {
        let mut b = Builder::new();
        b.journal(journal(vec![line("x", None)]));
        b.entry("a", 3, ());
        b.entry("x", 3, ());
        b.entry("x", 4, ());
        let index = b.finish(&Limits { source_bytes: 3, ..Limits::default() });
        let a = index.find("a", 0).unwrap();
        assert_eq!((a.outcome, a.mono_us), (Outcome::Truncated, 5));
        assert!(index.problems[0].contains("journal line is lost"), "{:?}", index.problems);
        assert!(index.problems[1].contains("only its first 3 bytes"), "{:?}", index.problems);
        assert!(index.problems[2].contains("stand twice"), "{:?}", index.problems);
        assert_eq!(index.find("x", 0).unwrap().outcome, Outcome::Truncated);
    }

    #[test]
    fn packs_below_a_prefix_are_found_by_pass() {
        let mut b = Builder::new();
        for name in ["packs/sys/net", "samples/1/packs/sys/net", "packs/sysx/y", "packs/sys/cpu"] {
            b.entry(name, 0, ());
        }
        let index = b.finish(&Limits::default());
        let paths =
            |pass| index.below("packs/sys/", pass).map(|s| s.path.as_str()).collect::<Vec<_>>();
        assert_eq!(paths(0), ["packs/sys/cpu", "packs/sys/net"]);
        assert_eq!(paths(1), ["packs/sys/net"]);
    }
}
