//! Running the probes: each in a worker of its own, taken up again behind whatever hangs.
//!
//! A probe's worker is used for nothing else: it may enter other network namespaces. Its answers
//! come in pieces and are handed on as they come, so that a dump of 100,000 sockets costs no
//! memory here.

use linsight_archive::stream::Stream;
use linsight_archive::{JournalLine, Outcome};

use crate::class::Class;
use crate::link::{Event, Link};
use crate::plan::{How, Source};
use crate::probe::{Progress, Request};
use crate::run::Run;
use crate::sink::Sink;
use crate::stop::Flow;
use crate::wire::Head;
use crate::workers::Fate;

/// Stalls of one probe before the rest of it is left alone.
const MAX_STALLS: u32 = 5;

/// Answers of one path that are on their way.
#[derive(Debug, Default)]
struct Pending {
    path: String,
    stream: Stream,
    begun_us: u64,
    us: u64,
}

/// How far a probe has come.
#[derive(Debug, Default)]
struct State {
    pending: Pending,
    done: usize,
    any: bool,
}

impl Run {
    /// Runs the probes of the chosen rows.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn probes(&mut self, chosen: impl Fn(&Source) -> bool) -> Flow {
        let rows: Vec<&'static Source> = self.plan.iter().copied().filter(|s| chosen(s)).collect();
        for row in rows {
            if let How::Probe(request) = row.how {
                self.progress.step(row.path);
                self.probe(row, request)?;
            }
        }
        Ok(())
    }

    fn probe(&mut self, row: &Source, request: Request) -> Flow {
        let mut state = State::default();
        let mut stalled = false;
        for _ in 0..=MAX_STALLS {
            let done = state.done.to_string();
            let hung = if stalled { "hung" } else { "next" };
            let reach = if self.options.network_fs { "all" } else { "local" };
            let root = self.workers.root().to_owned();
            let read = self.namespace_read.to_string();
            let words = [&root, "probe", request.word(), &done, hung, reach, &read];
            let mut link = match Link::spawn(&words) {
                Ok(link) => link,
                Err(error) => {
                    let reason = format!("no process could be started for it: {error}");
                    return self.sink.note(row.path, Outcome::Failed, &reason);
                }
            };
            let fate = self.listen(&mut link, row.class, &mut state);
            let reading =
                if state.pending.path.is_empty() { row.path } else { &state.pending.path };
            let fate_of_worker = self.workers.bury(link, row.class, reading, fate.is_err());
            fate?;
            match fate_of_worker {
                Fate::Ended if state.any => return Ok(()),
                Fate::Ended => {
                    return self.sink.note(row.path, Outcome::Missing, "nothing to tell");
                }
                Fate::Killed => stalled = true,
                Fate::GivenUp => break,
            }
        }
        let rest = if state.any { state.pending.path.as_str() } else { row.path };
        let rest = if rest.is_empty() { format!("{}/rest", row.path) } else { rest.to_owned() };
        self.sink.note(&rest, Outcome::TimedOut, "hung several times; the rest is left out")
    }

    /// Takes answers until the worker has ended or hangs.
    fn listen(&mut self, link: &mut Link, class: Class, state: &mut State) -> Flow {
        let Self { sink, workers, .. } = self;
        loop {
            match link.exchange(1, class.deadline_us(), workers.stop())? {
                Event::Progress => link.deliver(|head, body| take(sink, state, head, body))?,
                Event::Stalled | Event::Died => return Ok(()),
            }
        }
    }
}

fn take(sink: &mut Sink, state: &mut State, head: &Head, body: &[u8]) -> Flow {
    let (path, rest) = body.split_at_checked(head.path as usize).unwrap_or((b"", body));
    let (reason, content) = rest.split_at_checked(head.reason as usize).unwrap_or((b"", rest));
    let path = String::from_utf8_lossy(path);
    state.any = true;
    if state.pending.path != path {
        state.pending =
            Pending { path: path.into_owned(), begun_us: head.mono_us, ..Pending::default() };
    }
    state.pending.us += head.us;
    sink.stream(&state.pending.path, &mut state.pending.stream, content)?;
    if head.progress != Progress::Piece as u8 {
        state.done += 1;
    }
    if head.progress != Progress::Last as u8 {
        return Ok(());
    }
    let Pending { path, stream, begun_us, us } = std::mem::take(&mut state.pending);
    let mut line =
        JournalLine::new(path.as_str(), head.outcome.unwrap_or(Outcome::Failed), begun_us);
    line.errno = (head.errno != 0).then_some(head.errno);
    line.reason = (!reason.is_empty()).then(|| String::from_utf8_lossy(reason).into_owned());
    line.us = us;
    line.masked = head.masked;
    sink.end_stream(&path, stream, line)
}
