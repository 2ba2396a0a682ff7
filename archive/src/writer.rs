//! Writing an archive: streaming, to any `Write`, with bounded memory.
//!
//! One open frame and its compressed form are held, about twice 4 MiB, whatever the host has: the
//! collector runs on machines that are short of memory.

use std::io::{self, Write};

use crate::cut::pieces;
use crate::tarball::{self, append, cost};
use crate::{
    End, FORMAT_VERSION, FRAME_TARGET_BYTES, Header, JournalHead, JournalLine, MAX_ENTRY_BYTES,
    names,
};

pub use crate::cut::Cut;

/// Compression level of the frames.
///
/// Measured in frames of 4 MiB: 60 MB of a sosreport become 8.5 % at level 1, 8.2 % at 3, 7.8 % at
/// 6, for 0.06, 0.07 and 0.23 s of CPU; samples of /proc, where one frame repeats the last, are no
/// larger at 1 than at 3. Level 1 also needs the smallest tables. The host pays the CPU and the
/// memory while it is in trouble; the upload happens once.
const LEVEL: i32 = 1;

/// Why an archive could not be written on.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output refused: disk full, pipe closed.
    #[error("write frame {frame} of the archive: {source}")]
    Output {
        /// Number of the frame.
        frame: u32,
        /// What the output said.
        source: io::Error,
    },
    /// The compressor failed, which means that memory ran out.
    #[error("compress frame {frame} of the archive: {source}")]
    Compress {
        /// Number of the frame.
        frame: u32,
        /// What the compressor said.
        source: io::Error,
    },
    /// The header, a journal line or the end entry has no JSON form (a time that is no number).
    #[error("write {entry}: {source}")]
    Json {
        /// The entry.
        entry: &'static str,
        /// What the serializer said.
        source: serde_json::Error,
    },
}

/// Writes one archive.
pub struct Writer<W: Write> {
    out: W,
    compressor: zstd::bulk::Compressor<'static>,
    /// Tar bytes of the open frame.
    pending: Vec<u8>,
    /// Lines of its journal, without the head.
    journal: Vec<u8>,
    /// Compressed form of the last frame, kept for its allocation.
    packed: Vec<u8>,
    head: JournalHead,
    mtime_s: u64,
    /// Tar bytes of the closed frames.
    closed_bytes: u64,
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("head", &self.head).finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Begins an archive: writes frame 0, which holds the header alone.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn new(out: W, header: &Header) -> Result<Self, WriteError> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)
            .and_then(|mut c| c.include_checksum(true).map(|()| c))
            .map_err(|source| WriteError::Compress { frame: 0, source })?;
        compressor
            .include_contentsize(true)
            .map_err(|source| WriteError::Compress { frame: 0, source })?;
        let mut writer = Self {
            out,
            compressor,
            pending: Vec::new(),
            journal: Vec::new(),
            packed: Vec::new(),
            head: JournalHead {
                linsight: FORMAT_VERSION,
                frame: 0,
                page_size_bytes: header.page_size_bytes,
                ticks_per_s: header.ticks_per_s,
                little_endian: header.little_endian,
            },
            mtime_s: whole_seconds(header.started_unix_s),
            closed_bytes: 0,
        };
        let json = serde_json::to_vec_pretty(header)
            .map_err(|source| WriteError::Json { entry: names::HEADER, source })?;
        append(&mut writer.pending, names::HEADER, &json, writer.mtime_s);
        writer.close_frame()?;
        Ok(writer)
    }

    /// Stores a source and its journal line; sets the line's `bytes` and `parts`. A source above
    /// [`MAX_ENTRY_BYTES`] becomes parts, cut as `cut` says.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn put(
        &mut self,
        mut line: JournalLine,
        content: &[u8],
        cut: Cut,
    ) -> Result<(), WriteError> {
        line.path = names::clean(&line.path);
        line.bytes = content.len() as u64;
        line.parts = None;
        if content.len() <= MAX_ENTRY_BYTES {
            self.entry(&line.path, content)?;
        } else {
            let mut parts = 0;
            for piece in pieces(content, cut, MAX_ENTRY_BYTES, self.head.little_endian) {
                self.entry(&names::part(&line.path, parts), piece)?;
                parts += 1;
            }
            line.parts = Some(parts);
        }
        self.note(line)
    }

    /// Journals a source without content: it is missing, denied, skipped.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn note(&mut self, mut line: JournalLine) -> Result<(), WriteError> {
        line.path = names::clean(&line.path);
        serde_json::to_writer(&mut self.journal, &line)
            .map_err(|source| WriteError::Json { entry: "journal", source })?;
        self.journal.push(b'\n');
        self.close_above(FRAME_TARGET_BYTES)
    }

    /// Closes the open frame, if it holds anything, and hands it to the output: after this call
    /// its content survives whatever happens to the collector.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn close_frame(&mut self) -> Result<(), WriteError> {
        if self.pending.is_empty() && self.journal.is_empty() {
            return Ok(());
        }
        self.append_journal()?;
        self.write_frame()
    }

    /// Tar bytes so far, the open frame included.
    #[must_use]
    pub const fn tar_bytes(&self) -> u64 {
        self.closed_bytes + (self.pending.len() + self.journal.len()) as u64
    }

    /// Ends the archive: sets `frames` and `tar_bytes` of the end entry, writes it and the tar
    /// trailer, and gives the output back, flushed.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self, mut end: End) -> Result<W, WriteError> {
        self.append_journal()?;
        end.frames = self.head.frame.saturating_add(1);
        end.tar_bytes = self.tar_bytes();
        let json = serde_json::to_vec_pretty(&end)
            .map_err(|source| WriteError::Json { entry: names::END, source })?;
        append(&mut self.pending, names::END, &json, self.mtime_s);
        // The tar trailer: two blocks of zeros.
        self.pending.resize(self.pending.len() + 2 * tarball::BLOCK, 0);
        self.write_frame()?;
        Ok(self.out)
    }

    /// Stores one tar entry without a journal line.
    pub(crate) fn entry(&mut self, path: &str, content: &[u8]) -> Result<(), WriteError> {
        self.close_above(FRAME_TARGET_BYTES.saturating_sub(cost(path, content.len())))?;
        append(&mut self.pending, path, content, self.mtime_s);
        Ok(())
    }

    fn close_above(&mut self, bytes: usize) -> Result<(), WriteError> {
        if self.pending.len() + self.journal.len() > bytes { self.close_frame() } else { Ok(()) }
    }

    fn append_journal(&mut self) -> Result<(), WriteError> {
        let mut journal = serde_json::to_vec(&self.head)
            .map_err(|source| WriteError::Json { entry: "journal", source })?;
        journal.push(b'\n');
        journal.append(&mut self.journal);
        append(&mut self.pending, &names::journal(self.head.frame), &journal, self.mtime_s);
        Ok(())
    }

    fn write_frame(&mut self) -> Result<(), WriteError> {
        let frame = self.head.frame;
        self.packed.clear();
        self.packed.reserve(zstd::compress_bound(self.pending.len()));
        self.compressor
            .compress_to_buffer(&self.pending, &mut self.packed)
            .map_err(|source| WriteError::Compress { frame, source })?;
        self.out
            .write_all(&self.packed)
            .and_then(|()| self.out.flush())
            .map_err(|source| WriteError::Output { frame, source })?;
        self.closed_bytes += self.pending.len() as u64;
        self.pending.clear();
        self.head.frame = frame.saturating_add(1);
        Ok(())
    }
}

/// Tar's mtime is whole seconds since 1970; a clock before that is written as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn whole_seconds(unix_s: f64) -> u64 {
    unix_s as u64
}
