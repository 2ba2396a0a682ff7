//! From answers to the archive: names, journal, and the sums that the last entry tells.

use std::collections::BTreeMap;
use std::rc::Rc;

use linsight_archive::end::Slow;
use linsight_archive::pack::PackWriter;
use linsight_archive::stream::Stream;
use linsight_archive::writer::{Cut, WriteError};
use linsight_archive::{End, Header, JournalLine, Outcome, Writer, names};

use crate::answer::Answer;
use crate::clock;
use crate::output::{Output, Shared};
use crate::stop::{Ended, Flow};

/// Sources listed as the slowest.
const SLOWEST: usize = 20;
/// Paths named for one kind of failure.
const NAMED: usize = 5;

/// Sources that failed in the same way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    /// How many.
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) paths: Vec<String>,
}

/// What became of the sources of the plan, each counted once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Sources with content.
    pub(crate) collected: u64,
    /// All of them.
    pub(crate) total: u64,
    /// Those that this host does not have.
    pub(crate) missing: u64,
    /// Those that were left alone on purpose.
    pub(crate) skipped: u64,
    /// Denied, timed out, failed: by outcome and reason.
    pub(crate) failures: BTreeMap<(Outcome, String), Failures>,
    /// Secrets masked.
    pub(crate) masked: u64,
}

/// The archive that is being written.
#[derive(Debug)]
pub(crate) struct Sink {
    writer: Writer<Output>,
    shared: Rc<Shared>,
    max_tar_bytes: u64,
    pass: u32,
    tally: Tally,
    slowest: Vec<Slow>,
}

/// A pack that is being filled.
#[derive(Debug)]
pub(crate) struct Pack {
    writer: PackWriter,
    path: String,
    begun_us: u64,
    us: u64,
    any: bool,
}

impl Sink {
    /// Begins the archive with its header.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn new(
        output: Output,
        shared: Rc<Shared>,
        header: &Header,
        max_tar_bytes: u64,
    ) -> Result<Self, WriteError> {
        let writer = Writer::new(output, header)?;
        Ok(Self {
            writer,
            shared,
            max_tar_bytes,
            pass: 0,
            tally: Tally::default(),
            slowest: Vec::new(),
        })
    }

    /// From now on sources are stored as samples of this pass; 0 is the start set.
    pub(crate) const fn set_pass(&mut self, pass: u32) {
        self.pass = pass;
    }

    /// What has become of the sources so far.
    #[must_use]
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Stores an answer under its path, or journals its absence.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn put(&mut self, path: &str, answer: &Answer<'_>, masked: u64, cut: Cut) -> Flow {
        let mut line =
            JournalLine::new(names::sample(self.pass, path), answer.outcome, answer.mono_us);
        line.errno = answer.errno;
        line.reason = answer.reason.map(str::to_owned);
        line.us = answer.us;
        line.masked = masked;
        self.put_line(path, line, answer.content, cut)
    }

    /// As [`Sink::put`], with a journal line that the caller has made; its path is set here.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn put_line(
        &mut self,
        path: &str,
        mut line: JournalLine,
        content: &[u8],
        cut: Cut,
    ) -> Flow {
        line.path = names::sample(self.pass, path);
        self.count(path, &line);
        let written = if line.outcome.has_content() {
            self.check_size(content.len())?;
            self.writer.put(line, content, cut)
        } else {
            self.writer.note(line)
        };
        self.after(written)
    }

    /// Stores what the collector itself has to say.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn put_own(&mut self, path: &str, content: &[u8]) -> Flow {
        let line = JournalLine::new(path, Outcome::Collected, clock::mono_us());
        self.put_line(path, line, content, Cut::Line)
    }

    /// Journals an absence that no worker was asked about.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn note(&mut self, path: &str, outcome: Outcome, reason: &str) -> Flow {
        let mut line = JournalLine::new(path, outcome, clock::mono_us());
        line.reason = (!reason.is_empty()).then(|| reason.to_owned());
        self.put_line(path, line, b"", Cut::Line)
    }

    /// Begins a pack.
    #[must_use]
    pub(crate) fn pack(&self, path: &str) -> Pack {
        let begun_us = clock::mono_us();
        let writer = PackWriter::new(&names::sample(self.pass, path), begun_us);
        Pack { writer, path: path.to_owned(), begun_us, us: 0, any: false }
    }

    /// Adds a record to a pack.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn record(
        &mut self,
        pack: &mut Pack,
        key: &str,
        outcome: Outcome,
        us: u64,
        content: &[u8],
    ) -> Flow {
        self.check_size(content.len())?;
        pack.us = pack.us.saturating_add(us);
        pack.any = true;
        let content = if outcome.has_content() { content } else { b"" };
        let written = pack.writer.push(&mut self.writer, key, outcome, us, content);
        self.after(written)
    }

    /// Counts masked secrets of a pack.
    pub(crate) fn add_masked(&mut self, pack: &mut Pack, masked: u64) {
        pack.writer.add_masked(masked);
        self.tally.masked += masked;
    }

    /// Says that a pack lacks records because a limit was met.
    pub(crate) fn cut(pack: &mut Pack, reason: &str) {
        Self::explain(pack, Outcome::Truncated, reason);
    }

    /// Says why a pack is as it is.
    pub(crate) fn explain(pack: &mut Pack, outcome: Outcome, reason: &str) {
        pack.writer.explain(outcome, reason);
    }

    /// Ends a pack.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn end_pack(&mut self, pack: Pack) -> Flow {
        if !pack.any {
            return self.note(&pack.path, Outcome::Missing, "nothing matches");
        }
        let mut line = JournalLine::new(pack.path.as_str(), Outcome::Collected, pack.begun_us);
        line.us = pack.us;
        self.count(&pack.path, &line);
        let written = pack.writer.finish(&mut self.writer);
        self.after(written)
    }

    /// Adds a piece of a source that is too large to be held.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn stream(&mut self, path: &str, stream: &mut Stream, piece: &[u8]) -> Flow {
        self.check_size(piece.len())?;
        let written = stream.push(&mut self.writer, &names::sample(self.pass, path), piece);
        self.after(written)
    }

    /// Ends such a source.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn end_stream(&mut self, path: &str, stream: Stream, mut line: JournalLine) -> Flow {
        line.path = names::sample(self.pass, path);
        self.count(path, &line);
        let written = stream.finish(&mut self.writer, line);
        self.after(written)
    }

    /// Hands the open frame to the output, so that it survives whatever comes.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn close_frame(&mut self) -> Flow {
        let written = self.writer.close_frame();
        self.after(written)
    }

    /// Ends the archive; `end` is completed with the sums that are known here.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn finish(self, mut end: End) -> Result<(u64, String, Option<String>), WriteError> {
        end.sources_collected = self.tally.collected;
        end.sources_total = self.tally.total;
        end.masked = self.tally.masked;
        end.slowest = self.slowest;
        if let Some(why) = self.shared.refused.get() {
            end.ended_early.get_or_insert_with(|| why.to_owned());
        }
        self.shared.last.set(true);
        let why = end.ended_early.clone();
        let (bytes, sha256) = self.writer.finish(end)?.sum();
        Ok((bytes, sha256, why))
    }

    fn check_size(&self, more: usize) -> Flow {
        if self.writer.tar_bytes().saturating_add(more as u64) > self.max_tar_bytes {
            return Err(Ended(format!(
                "size limit of {} KiB reached (--max-size)",
                self.max_tar_bytes >> 10
            )));
        }
        Ok(())
    }

    fn after(&self, written: Result<(), WriteError>) -> Flow {
        written.map_err(|error| Ended(error.to_string()))?;
        self.shared.refused.get().map_or(Ok(()), |why| Err(Ended(why.to_owned())))
    }

    fn count(&mut self, path: &str, line: &JournalLine) {
        self.slow(path, line.us);
        self.tally.masked += line.masked;
        if self.pass != 0 {
            return;
        }
        self.tally.total += 1;
        match line.outcome {
            Outcome::Collected | Outcome::Truncated => self.tally.collected += 1,
            Outcome::Missing => self.tally.missing += 1,
            Outcome::Skipped => self.tally.skipped += 1,
            outcome => {
                let reason = line.reason.clone().unwrap_or_default();
                let group = self.tally.failures.entry((outcome, reason)).or_default();
                group.count += 1;
                if group.paths.len() < NAMED {
                    group.paths.push(path.to_owned());
                }
            }
        }
    }

    fn slow(&mut self, path: &str, us: u64) {
        let at = self.slowest.partition_point(|slow| slow.us >= us);
        if at < SLOWEST {
            self.slowest.insert(at, Slow { path: names::sample(self.pass, path), us });
            self.slowest.truncate(SLOWEST);
        }
    }
}
