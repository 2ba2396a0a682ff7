//! Sources that are too large to be held: a dump of 100,000 sockets comes piece by piece, and the
//! collector's memory must not grow with it.

use std::io::Write;

use crate::writer::{WriteError, Writer};
use crate::{JournalLine, MAX_ENTRY_BYTES, names};

/// Bytes after which a part is written.
const PART_BYTES: usize = MAX_ENTRY_BYTES / 4;

/// Writes one source from pieces that end at a line or a message.
#[derive(Debug, Default)]
pub struct Stream {
    held: Vec<u8>,
    parts: u32,
    bytes: u64,
}

impl Stream {
    /// Adds a piece of the source at `path`.
    ///
    /// # Errors
    /// When a full part cannot be written.
    pub fn push<W: Write>(
        &mut self,
        to: &mut Writer<W>,
        path: &str,
        piece: &[u8],
    ) -> Result<(), WriteError> {
        if !self.held.is_empty() && self.held.len() + piece.len() > PART_BYTES {
            self.flush(to, path)?;
        }
        self.held.extend_from_slice(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// Whether anything has been added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Writes what is left, and the journal line, whose `bytes` and `parts` are set here. An
    /// outcome without content drops what is held; parts that are written already stay.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish<W: Write>(
        mut self,
        to: &mut Writer<W>,
        mut line: JournalLine,
    ) -> Result<(), WriteError> {
        let path = names::clean(&line.path);
        line.bytes = self.bytes;
        if self.parts > 0 {
            self.flush(to, &path)?;
            line.parts = Some(self.parts);
        } else if line.outcome.has_content() {
            to.entry(&path, &self.held)?;
        } else {
            line.bytes = 0;
        }
        to.note(line)
    }

    fn flush<W: Write>(&mut self, to: &mut Writer<W>, path: &str) -> Result<(), WriteError> {
        to.entry(&names::part(&names::clean(path), self.parts), &self.held)?;
        self.parts += 1;
        self.held.clear();
        Ok(())
    }
}
