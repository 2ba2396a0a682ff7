//! From what a command did to what is said of it.

use std::io;

use linsight_archive::{Outcome, names};
use rustix::io::Errno;

use super::run::{End, Ran, run};
use super::{Answer, Emit, Planned, Progress, Series};
use crate::probe::{PIECE_BYTES, outcome_of};
use crate::redact;

/// Commands left behind before the rest is left alone: each waits in the kernel for something that
/// the next would wait for, too.
const MAX_ABANDONED: u32 = 3;

/// What earlier commands mean for later ones.
#[derive(Debug, Default)]
pub(super) struct State {
    abandoned: u32,
    /// Empty slots in a row, and of which series.
    empty: (Option<Series>, u32),
}

impl State {
    /// Why a command is not run.
    pub(super) fn skip(&self, planned: &Planned) -> Option<String> {
        if self.abandoned >= MAX_ABANDONED {
            return Some("three commands before it could not be ended".to_owned());
        }
        let (series, empty) = self.empty;
        if planned.series.is_some_and(|own| series == Some(own) && empty >= own.patience) {
            return Some("the slots before it are empty".to_owned());
        }
        planned.skip.clone()
    }

    /// Runs a command and answers for it.
    pub(super) fn run(&mut self, planned: &Planned, emit: &mut Emit<'_>) -> io::Result<()> {
        let mut line = &planned.line;
        let mut ran = run(line);
        if let (Some(older), true) = (&planned.older, ran.is_usage_error()) {
            line = older;
            ran = run(older);
        }
        self.abandoned += u32::from(ran.end == End::Abandoned);
        let path = names::command(line);
        if planned.series.is_some() {
            // Bit 1 of smartctl's exit status: the device did not open.
            let is_empty = matches!(ran.end, End::Exited(status) if status & 2 != 0);
            let before = if self.empty.0 == planned.series { self.empty.1 } else { 0 };
            self.empty = (planned.series, if is_empty { before + 1 } else { 0 });
            if is_empty {
                let why = Some("no disk in this slot");
                return emit(Answer::absent(&path, Outcome::Missing, why));
            }
        }
        answer(&path, &ran, emit)
    }
}

fn answer(path: &str, ran: &Ran, emit: &mut Emit<'_>) -> io::Result<()> {
    if let End::NotStarted(errno) = ran.end {
        let mut answer = Answer::failed(path, errno);
        if errno == Errno::NOENT {
            answer.reason = Some("not installed");
        } else if outcome_of(errno) == Outcome::Failed {
            answer.reason = Some("could not be started");
        }
        return emit(answer);
    }
    let output = redact::text(&ran.output);
    let reason = reason(ran);
    let outcome = match ran.end {
        End::Exited(_) | End::Signal(_) if ran.cut => Outcome::Truncated,
        End::Exited(0) => Outcome::Collected,
        // What an unhappy command says is evidence, too.
        _ if output.bytes.is_empty() && ran.is_overdue() => Outcome::TimedOut,
        _ if output.bytes.is_empty() => Outcome::Failed,
        _ if ran.is_overdue() => Outcome::Truncated,
        _ => Outcome::Collected,
    };
    let mut rest = output.bytes.as_slice();
    while rest.len() > PIECE_BYTES {
        let (piece, after) = rest.split_at(line_end(rest));
        emit(Answer { progress: Progress::Piece, ..Answer::whole(path, piece) })?;
        rest = after;
    }
    let mut answer = Answer::whole(path, rest);
    answer.outcome = outcome;
    answer.masked = output.masked;
    answer.reason = reason.as_deref();
    emit(answer)
}

/// The end of the last line that fits into a piece.
fn line_end(bytes: &[u8]) -> usize {
    let piece = bytes.get(..PIECE_BYTES).unwrap_or(bytes);
    piece.iter().rposition(|&b| b == b'\n').map_or(piece.len(), |at| at + 1)
}

fn reason(ran: &Ran) -> Option<String> {
    let how = match ran.end {
        End::Exited(_) | End::Signal(_) if ran.cut => "output limit".to_owned(),
        End::Exited(0) | End::NotStarted(_) => return None,
        End::Exited(status) => format!("exit status {status}"),
        End::Signal(signal) => format!("ended by signal {signal}"),
        End::Overdue => "did not end in time".to_owned(),
        End::Abandoned => "could not be ended and was left behind".to_owned(),
    };
    Some(how)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(host: u32) -> Planned {
        let series = Some(Series { host, patience: 2 });
        Planned { line: String::new(), older: None, skip: None, series }
    }

    #[test]
    fn a_controller_is_given_up_after_its_empty_slots_and_the_next_is_tried() {
        let empty = |n| State { empty: (slot(0).series, n), ..State::default() };
        assert_eq!(empty(1).skip(&slot(0)), None);
        assert!(empty(2).skip(&slot(0)).is_some());
        assert_eq!(empty(2).skip(&slot(1)), None);
    }

    #[test]
    fn what_a_command_did_becomes_an_outcome() {
        let told = |end, output: &[u8], cut| {
            let mut told = None;
            let ran = Ran { end, output: output.to_vec(), cut };
            answer("p", &ran, &mut |a| {
                told = Some((a.outcome, a.reason.unwrap_or_default().to_owned(), a.masked));
                Ok(())
            })
            .unwrap();
            told.unwrap()
        };
        let of = |outcome, reason: &str, masked| (outcome, reason.to_owned(), masked);
        assert_eq!(told(End::Exited(0), b"x", false), of(Outcome::Collected, "", 0));
        assert_eq!(told(End::Exited(0), b"", false), of(Outcome::Collected, "", 0));
        assert_eq!(
            told(End::Exited(4), b"token=abcd", false),
            of(Outcome::Collected, "exit status 4", 1)
        );
        assert_eq!(told(End::Exited(1), b"", false), of(Outcome::Failed, "exit status 1", 0));
        assert_eq!(told(End::Signal(15), b"x", true), of(Outcome::Truncated, "output limit", 0));
        assert_eq!(
            told(End::Overdue, b"x", false),
            of(Outcome::Truncated, "did not end in time", 0)
        );
        assert_eq!(
            told(End::Abandoned, b"", false),
            of(Outcome::TimedOut, "could not be ended and was left behind", 0)
        );
        assert_eq!(
            told(End::NotStarted(Errno::NOENT), b"", false),
            of(Outcome::Missing, "not installed", 0)
        );
    }

    #[test]
    fn a_large_output_comes_in_pieces_of_whole_lines() {
        let output = b"0123456789abcdef\n".repeat(100_000);
        let ran = Ran { end: End::Exited(0), output: output.clone(), cut: false };
        let mut whole = Vec::new();
        answer("p", &ran, &mut |piece| {
            assert!(piece.content.len() <= PIECE_BYTES && piece.content.ends_with(b"\n"));
            whole.extend_from_slice(piece.content);
            Ok(())
        })
        .unwrap();
        assert_eq!(whole, output);
    }
}
