//! The first look at every frame of an archive: what is in it, and what can be read then and there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use linsight_archive::{Damage, End, Frame, Header, Journal, Reader, names};

use super::frames::lock;
use super::kept::Kept;
use super::{Early, EarlyEntry, HostEnv, Limits, Need};

/// One frame, content dropped.
pub(super) struct Outline {
    /// Names and places of its sources, and whether each is still to be visited.
    pub(super) entries: Vec<(String, Range<usize>, Need)>,
    pub(super) journal: Option<Journal>,
    pub(super) header: Option<Header>,
    pub(super) end: Option<End>,
}

impl Outline {
    /// Of frame `i`; the buffer goes from frame to frame.
    fn of(
        reader: &Reader,
        i: usize,
        buffer: &mut Vec<u8>,
        early: Option<&dyn Early>,
    ) -> Result<Self, Damage> {
        let frame: Frame = reader.frame_in(i, std::mem::take(buffer))?;
        let env = frame.journal.as_ref().map(|journal| HostEnv::told_by(&journal.head));
        let early = early.zip(env);
        let need = |name: &str, at: &Range<usize>| match early {
            Some((early, env)) => offer(early, env, name, frame.bytes(at)),
            None => Need::Yes,
        };
        let outline = Self {
            header: frame.get(names::HEADER).and_then(|json| serde_json::from_slice(json).ok()),
            end: frame.get(names::END).and_then(|json| serde_json::from_slice(json).ok()),
            entries: frame
                .entries
                .iter()
                .filter(|(name, _)| is_source(name))
                .map(|(name, at)| (name.clone(), at.clone(), need(name, at)))
                .collect(),
            journal: frame.journal,
        };
        *buffer = frame.data;
        Ok(outline)
    }

    /// Whether the frame is one of ours.
    pub(super) const fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    fn need(&self) -> Need {
        self.entries.iter().map(|(_, _, need)| *need).max().unwrap_or(Need::No)
    }
}

fn is_source(name: &str) -> bool {
    !names::is_journal(name) && name != names::HEADER && name != names::END
}

/// Offers what can be read by itself: a whole source, or a part of a pack.
fn offer(early: &dyn Early, env: HostEnv, name: &str, content: &[u8]) -> Need {
    let split = names::split_part(name);
    let (pass, path) = names::split_sample(split.map_or(name, |(name, _)| name));
    if split.is_some() && !names::is_pack(path) {
        return Need::Yes;
    }
    let part = split.map_or(0, |(_, part)| part);
    early.offer(&EarlyEntry { path, pass, part, env, content })
}

/// All frames of an archive, and those that stay decompressed.
pub(super) struct Outlines {
    pub(super) frames: Vec<Result<Outline, Damage>>,
    pub(super) kept: Kept,
}

impl Outlines {
    /// Decompresses each frame once; its content is offered early, then kept for the visit if it
    /// is needed and there is room, else dropped.
    pub(super) fn of(reader: &Reader, limits: &Limits, early: Option<&dyn Early>) -> Self {
        let next = AtomicUsize::new(0);
        let kept = Mutex::new(Kept::default());
        let found = Mutex::new(BTreeMap::new());
        // Other tools write frames, too; those are read as a stream, and not in full before.
        let foreign = AtomicBool::new(false);
        // In order, by whichever thread is free: what comes last is what may be needed again.
        let work = || {
            let mut buffer = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= reader.frames() || foreign.load(Ordering::Relaxed) {
                    break;
                }
                let outline = Outline::of(reader, i, &mut buffer, early);
                if let Ok(outline) = &outline {
                    foreign.fetch_or(i == 0 && !outline.has_journal(), Ordering::Relaxed);
                    let data = std::mem::take(&mut buffer);
                    let max = limits.kept_frames_bytes;
                    buffer = lock(&kept).keep(i, data, outline.need(), max);
                }
                lock(&found).insert(i, outline);
            }
        };
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| work());
            }
        });
        let frames = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        Self { frames: frames.into_values().collect(), kept }
    }

    /// The first frame that could be read.
    pub(super) fn first(&self) -> Option<&Outline> {
        self.frames.iter().find_map(|frame| frame.as_ref().ok())
    }
}
