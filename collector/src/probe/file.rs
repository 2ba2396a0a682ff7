//! Bounded reading of single files, inside a worker.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use linsight_archive::Outcome;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Answer, Emit, Progress};
use crate::capped;

/// Large reads make few seams: a file of the kernel restarts its walk at each.
const READ_BYTES: usize = super::PIECE_BYTES / 2;

/// Content of a file, at most `max` bytes of it, and whether there was more.
///
/// # Errors
///
/// The error number of open or read.
pub(super) fn read(path: &Path, max: u64) -> Result<(Vec<u8>, bool), Errno> {
    let mut bytes = Vec::new();
    let most = usize::try_from(max).unwrap_or(usize::MAX);
    let cut = capped::read(open(path)?.as_fd(), most, &mut bytes)?;
    Ok((bytes, cut))
}

/// Content of a small text file of the kernel, without the newline at its end.
pub(crate) fn line(path: &Path) -> Option<String> {
    let (bytes, _) = read(path, 4096).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Hands a file on in pieces of whole lines, at most `max` bytes of it.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn emit_lines(
    path: &str,
    file: &Path,
    max: u64,
    emit: &mut Emit<'_>,
) -> std::io::Result<()> {
    let mut file = match open(file) {
        Ok(file) => file.take(max.saturating_add(1)),
        Err(errno) => return emit(Answer::failed(path, errno)),
    };
    let mut held = Vec::with_capacity(64 << 10);
    let mut total = 0;
    loop {
        let before = held.len();
        let read = file.by_ref().take(READ_BYTES as u64).read_to_end(&mut held);
        total += (held.len() - before) as u64;
        let ended = match read {
            Ok(n) if n < READ_BYTES && total <= max => Some(Answer::whole(path, &held)),
            Ok(_) if total > max => {
                let keep = last_line_end(&held);
                held.truncate(keep);
                let mut answer = Answer::whole(path, &held);
                answer.outcome = Outcome::Truncated;
                answer.reason = Some("byte limit");
                Some(answer)
            }
            Ok(_) => None,
            Err(error) => {
                let mut answer = Answer::failed(path, errno(&error));
                if total > 0 {
                    answer.outcome = Outcome::Truncated;
                    answer.content = &held;
                }
                Some(answer)
            }
        };
        if let Some(answer) = ended {
            return emit(answer);
        }
        let whole = last_line_end(&held);
        if whole > 0 {
            let content = held.get(..whole).unwrap_or_default();
            emit(Answer { progress: Progress::Piece, ..Answer::whole(path, content) })?;
            held.drain(..whole);
        }
    }
}

fn last_line_end(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&b| b == b'\n').map_or(bytes.len(), |at| at + 1)
}

/// Opens for reading; a FIFO or a terminal in the place of the file does not hold us.
pub(super) fn open(path: &Path) -> Result<File, Errno> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| errno(&e))
}

/// The number behind an error of std.
pub(super) fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_comes_in_pieces_of_whole_lines_and_is_cut_at_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        let line = "0123456789abcdef\n";
        std::fs::write(&file, line.repeat(100_000)).unwrap();
        for (max, want) in [(u64::MAX - 1, Outcome::Collected), (1_000_000, Outcome::Truncated)] {
            let (mut pieces, mut bytes, mut last) = (0, Vec::new(), None);
            emit_lines("p", &file, max, &mut |answer| {
                assert!(answer.content.is_empty() || answer.content.ends_with(b"\n"));
                assert!(answer.content.len() <= super::super::PIECE_BYTES);
                pieces += 1;
                bytes.extend_from_slice(answer.content);
                last = Some((answer.outcome, answer.progress));
                Ok(())
            })
            .unwrap();
            assert_eq!(last, Some((want, Progress::Last)));
            assert!(pieces > 1);
            let lines = if want == Outcome::Collected { 100_000 } else { 1_000_000 / line.len() };
            assert_eq!(bytes, line.repeat(lines).into_bytes());
        }
    }

    #[test]
    fn a_missing_file_is_an_answer() {
        let mut seen = None;
        emit_lines("p", Path::new("/nowhere/at/all"), 10, &mut |answer| {
            seen = Some((answer.outcome, answer.errno));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, Some((Outcome::Missing, Some(2))));
    }
}
