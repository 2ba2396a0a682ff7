//! Reading an archive: any bytes, bounded, frame by frame.
//!
//! Frames are found by their headers; nothing is decompressed that nobody asked for, and frames
//! can be asked for in parallel. Where the headers do not lead on, the next place that looks like
//! a frame, decompresses with the right checksum and holds tar entries with a journal is taken as
//! the next frame: damage costs the frames that it touched and no more.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::damage::{Damage, DamageKind};
use crate::frame::{Fuel, MAGIC, Span, next_magic, span};
use crate::tarball::{Bounds, Kind, walk_bytes};
use crate::{Journal, Limits, names};

/// Why bytes are no archive of ours at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No frame was found.
    #[error("not an archive of linsight-collect: {bytes} bytes without a whole frame")]
    NoFrame {
        /// Bytes looked at.
        bytes: usize,
    },
    /// The archive is larger than the limit.
    #[error("the archive has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
}

/// An archive in memory, its frames found.
#[derive(Debug)]
pub struct Reader {
    bytes: Vec<u8>,
    limits: Limits,
    spans: Vec<Span>,
    damage: Vec<Damage>,
}

/// One frame, decompressed: whole tar entries and the journal of what became of their sources.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The tar bytes.
    pub data: Vec<u8>,
    /// Paths and places of the entries, in order, the journal included.
    pub entries: Vec<(String, Range<usize>)>,
    /// The frame's journal. A frame of ours always has one.
    pub journal: Option<Journal>,
}

impl Frame {
    /// Content of an entry by its place.
    #[must_use]
    pub fn bytes(&self, at: &Range<usize>) -> &[u8] {
        self.data.get(at.clone()).unwrap_or_default()
    }

    /// Content of the first entry of this name.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.entries.iter().find(|(name, _)| name == path).map(|(_, at)| self.bytes(at))
    }
}

impl Reader {
    /// Finds the frames of an archive.
    ///
    /// # Errors
    /// When there is not one whole frame, or the archive is larger than its limit.
    pub fn new(bytes: Vec<u8>, limits: Limits) -> Result<Self, ReadError> {
        Self::try_new(bytes, limits).map_err(|(error, _)| error)
    }

    /// As [`Reader::new`], but gives bytes that are no archive of ours back: they may be another.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn try_new(bytes: Vec<u8>, limits: Limits) -> Result<Self, (ReadError, Vec<u8>)> {
        if bytes.len() as u64 > limits.archive_bytes {
            let error =
                ReadError::TooLarge { bytes: bytes.len() as u64, limit: limits.archive_bytes };
            return Err((error, bytes));
        }
        let mut scan = Scan {
            bytes: &bytes,
            limits: &limits,
            fuel: Fuel(limits.total_bytes),
            content: 0,
            spans: Vec::new(),
            damage: Vec::new(),
        };
        scan.run();
        let (spans, damage) = (scan.spans, scan.damage);
        if spans.is_empty() {
            return Err((ReadError::NoFrame { bytes: bytes.len() }, bytes));
        }
        Ok(Self { bytes, limits, spans, damage })
    }

    /// Number of frames found.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.spans.len()
    }

    /// Damage found by the headers alone. A frame may turn out damaged when it is asked for, and
    /// lost ones show in the numbers of the journals ([`crate::damage::lost_frames`]).
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The archive as it is stored.
    #[must_use]
    pub fn stored(&self) -> &[u8] {
        &self.bytes
    }

    /// The archive as it is stored, for another reader.
    #[must_use]
    pub fn into_stored(self) -> Vec<u8> {
        self.bytes
    }

    /// Frame `i` in the order of the archive: decompressed, its checksum verified.
    ///
    /// # Errors
    /// When it is damaged, or there is no such frame.
    pub fn frame(&self, i: usize) -> Result<Frame, Damage> {
        self.frame_in(i, Vec::new())
    }

    /// As [`Reader::frame`], into a buffer that is used again and again: fresh memory for each
    /// frame costs more than its decompression. The caller takes it back from [`Frame::data`].
    ///
    /// # Errors
    /// As [`Reader::frame`].
    pub fn frame_in(&self, i: usize, buffer: Vec<u8>) -> Result<Frame, Damage> {
        open(&self.bytes, self.span(i)?, &self.limits, buffer)
    }

    /// The tar bytes of frame `i` alone, for a caller who knows its entries from before.
    ///
    /// # Errors
    /// As [`Reader::frame`].
    pub fn content_in(&self, i: usize, buffer: &mut Vec<u8>) -> Result<(), Damage> {
        unpack(&self.bytes, self.span(i)?, buffer)
    }

    fn span(&self, i: usize) -> Result<&Span, Damage> {
        let none = || Damage::new(self.bytes.len(), 0, DamageKind::NoFrame("no such frame"));
        self.spans.get(i).ok_or_else(none)
    }

    /// Where each frame ends.
    #[cfg(test)]
    pub(crate) fn ends(&self) -> Vec<usize> {
        self.spans.iter().map(|span| span.range.end).collect()
    }

    /// Reads every frame once and tells everything that is wrong: for tools that want the verdict
    /// and not the content.
    #[must_use]
    pub fn verify(&self) -> Vec<Damage> {
        let mut all = self.damage.clone();
        let (mut seen, mut told) = (BTreeSet::new(), None);
        for i in 0..self.frames() {
            match self.frame(i) {
                Ok(frame) => {
                    seen.extend(frame.journal.as_ref().map(|j| j.head.frame));
                    let end = frame.get(names::END).map(serde_json::from_slice::<crate::End>);
                    told = told.or_else(|| end?.ok().map(|end| end.frames));
                }
                Err(damage) => all.push(damage),
            }
        }
        all.extend(crate::damage::lost_frames(&seen, told));
        all
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    fuel: Fuel,
    content: u64,
    spans: Vec<Span>,
    damage: Vec<Damage>,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.bytes.len() {
            let found = span(self.bytes, at, self.limits.frame_bytes, &mut self.fuel)
                .and_then(|span| self.trusted(span));
            let kind = match found.and_then(|span| self.keep(span)) {
                Ok(end) => {
                    at = end;
                    continue;
                }
                Err(kind) => kind,
            };
            let end = match kind {
                DamageKind::Abandoned(_) => self.bytes.len(),
                _ => self.resync(at + 1),
            };
            // "Cut" is only true of the end; elsewhere a damaged length pointed beyond it.
            let kind = match kind {
                DamageKind::Cut if end < self.bytes.len() => {
                    DamageKind::NoFrame("a block length is damaged")
                }
                kind => kind,
            };
            self.damage.push(Damage::new(at, end - at, kind));
            at = end;
        }
    }

    /// A frame that leads to the next one or to the end is trusted until it is read. If something
    /// else follows, either it or what follows is damaged: its checksum decides.
    fn trusted(&mut self, span: Span) -> Result<Span, DamageKind> {
        let rest = self.bytes.get(span.range.end..).unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with(&MAGIC) {
            self.fuel.burn(span.content as u64)?;
            open(self.bytes, &span, self.limits, Vec::new()).map_err(|damage| damage.kind)?;
        }
        Ok(span)
    }

    fn keep(&mut self, span: Span) -> Result<usize, DamageKind> {
        self.content += span.content as u64;
        if self.content > self.limits.total_bytes {
            return Err(DamageKind::Abandoned("its content exceeds the limit in total"));
        }
        if self.spans.len() >= self.limits.frames {
            return Err(DamageKind::Abandoned("it has too many frames"));
        }
        let end = span.range.end;
        self.spans.push(span);
        Ok(end)
    }

    /// The next place where a frame of ours begins, proven by its content; else the end.
    fn resync(&mut self, from: usize) -> usize {
        let mut from = from;
        while let Some(at) = next_magic(self.bytes, from) {
            let found = span(self.bytes, at, self.limits.frame_bytes, &mut self.fuel);
            let proven = found.and_then(|span| {
                self.fuel.burn(span.content as u64)?;
                open(self.bytes, &span, self.limits, Vec::new()).map_err(|damage| damage.kind)
            });
            match proven {
                Ok(frame) if frame.journal.is_some() => return at,
                Err(DamageKind::Abandoned(_)) => break,
                _ => from = at + 1,
            }
        }
        self.bytes.len()
    }
}

fn unpack(bytes: &[u8], span: &Span, to: &mut Vec<u8>) -> Result<(), Damage> {
    let damage = |what| Damage::new(span.range.start, span.range.len(), DamageKind::Content(what));
    let packed = bytes.get(span.range.clone()).unwrap_or_default();
    to.clear();
    // The span's content is within its limit.
    to.reserve_exact(span.content);
    let mut unpacker = zstd::bulk::Decompressor::new().map_err(|e| damage(e.to_string()))?;
    unpacker.decompress_to_buffer(packed, to).map_err(|e| damage(e.to_string()))?;
    if to.len() != span.content {
        return Err(damage(format!("{} bytes instead of {}", to.len(), span.content)));
    }
    Ok(())
}

fn open(bytes: &[u8], span: &Span, limits: &Limits, mut data: Vec<u8>) -> Result<Frame, Damage> {
    let damage = |kind| Damage::new(span.range.start, span.range.len(), kind);
    unpack(bytes, span, &mut data)?;
    let mut entries = Vec::new();
    let mut broken = None;
    let bounds = Bounds { members: limits.entries_per_frame as u64, path_bytes: limits.path_bytes };
    walk_bytes(&data, bounds, |member, _| {
        if member.kind == Kind::File {
            match place(&data, member.offset, member.size) {
                Some(at) => entries.push((member.path, at)),
                None => broken = Some(member.path),
            }
        }
        Ok(())
    })
    .map_err(|e| damage(DamageKind::Tar(e.to_string())))?;
    if let Some(path) = broken {
        return Err(damage(DamageKind::Tar(format!("{path} is cut short"))));
    }
    let journal = entries.iter().rev().find(|(path, _)| names::is_journal(path));
    let journal = journal.and_then(|(_, at)| Journal::parse(data.get(at.clone())?));
    Ok(Frame { data, entries, journal })
}

fn place(data: &[u8], offset: u64, size: u64) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    (end <= data.len()).then_some(start..end)
}
