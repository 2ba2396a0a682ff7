//! Our own archive: frames decompressed in parallel, visited and dropped.

use std::collections::btree_map::{BTreeMap, Entry as Entries};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linsight_archive::{End, Header, JournalHead, Reader, damage, names};

use super::index::{Builder, Index, Stored};
use super::outline::Outlines;
use super::snapshot::{Entry, Part, Pieces};
use super::{Limits, Need};

/// Frames kept decompressed for random access: evidence of one finding lies close together.
const CACHED_FRAMES: usize = 6;

/// Where a piece is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    frame: usize,
    at: Range<usize>,
    /// Whether it is still to be visited, after what was read early.
    need: Need,
}

/// An archive of ours and the places of its sources.
#[derive(Debug)]
pub(super) struct Frames {
    reader: Reader,
    /// For each frame: source, position of the piece in it.
    by_frame: Vec<Vec<(usize, usize)>>,
    cache: Mutex<VecDeque<(usize, Arc<Vec<u8>>)>>,
    /// Frames that stay decompressed from the index to the first visit, as far as there is room.
    /// Most archives are visited from here alone, if at all: nothing is decompressed twice.
    kept: Mutex<BTreeMap<usize, Vec<u8>>>,
    pending_bytes: usize,
}

/// What stands in the archive beside its sources.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) header: Option<Header>,
    pub(super) end: Option<End>,
    pub(super) head: Option<JournalHead>,
}

/// A source in several parts, of which not all have come by.
struct Joining {
    content: Vec<u8>,
    missing: usize,
}

/// Sources whose parts wait for each other.
#[derive(Default)]
struct Waiting {
    joining: BTreeMap<usize, Joining>,
    bytes: usize,
    /// Sources for which there was no room: read again one by one.
    later: BTreeSet<usize>,
    /// Buffers of sources that were visited, to be used again.
    spare: Vec<Vec<u8>>,
}

impl Frames {
    /// Indexes an archive by the outlines of its frames.
    pub(super) fn index(
        reader: Reader,
        outlines: Outlines,
        limits: &Limits,
    ) -> (Self, Index<Place>, About) {
        let Outlines { frames: outlines, kept } = outlines;
        let mut builder = Builder::new();
        let mut about = About::default();
        let mut numbers = BTreeSet::new();
        let mut damages = reader.damage().to_vec();
        for (i, outline) in outlines.into_iter().enumerate() {
            let outline = match outline {
                Ok(outline) => outline,
                Err(damage) => {
                    damages.push(damage);
                    continue;
                }
            };
            about.header = about.header.or(outline.header);
            about.end = about.end.or(outline.end);
            if let Some(journal) = outline.journal {
                about.head.get_or_insert_with(|| journal.head.clone());
                if !numbers.insert(journal.head.frame) {
                    builder.problem(format!("frame {} stands twice", journal.head.frame));
                }
                builder.journal(journal);
            } else {
                builder.problem(format!("frame {i} has no journal"));
            }
            for (name, at, need) in outline.entries {
                builder.entry(&name, at.len(), Place { frame: i, at, need });
            }
        }
        let told = about.end.as_ref().map(|end| end.frames);
        damages.extend(damage::lost_frames(&numbers, told));
        for damage in &damages {
            builder.problem(damage.to_string());
        }
        let mut index = builder.finish(limits);
        index.problems.extend(index.stored.iter().filter_map(mixed));
        let mut by_frame = vec![Vec::new(); reader.frames()];
        for (source, stored) in index.stored.iter().enumerate() {
            for (i, piece) in stored.pieces.iter().enumerate() {
                if let Some(frame) = by_frame.get_mut(piece.at.frame) {
                    frame.push((source, i));
                }
            }
        }
        let cache = Mutex::new(VecDeque::new());
        let kept = Mutex::new(kept.into_frames());
        let pending_bytes = limits.pending_bytes;
        (Self { reader, by_frame, cache, kept, pending_bytes }, index, about)
    }

    /// Calls `f` for every source, in parallel. Frames are taken in their order by whichever
    /// thread is free, so that parts in neighbouring frames meet soon.
    pub(super) fn visit(&self, index: &Index<Place>, f: &(impl Fn(&Entry<'_>) + Sync)) {
        self.visit_those(index, |_, _| true, f);
    }

    /// Calls `f` for every source that nobody could take early, and for those that may be needed
    /// again if they are wanted, by path and pass.
    pub(super) fn visit_rest(
        &self,
        index: &Index<Place>,
        wanted: impl Fn(&str, u32) -> bool + Sync,
        f: &(impl Fn(&Entry<'_>) + Sync),
    ) {
        let is_left = |stored: &Stored<Place>, need| match need {
            Need::Yes => true,
            Need::Perhaps => wanted(&stored.path, stored.pass),
            Need::No => false,
        };
        self.visit_those(index, is_left, f);
    }

    fn visit_those(
        &self,
        index: &Index<Place>,
        is_meant: impl Fn(&Stored<Place>, Need) -> bool + Sync,
        f: &(impl Fn(&Entry<'_>) + Sync),
    ) {
        let is_meant = |(source, i): &&(usize, usize)| {
            let stored = index.stored.get(*source);
            stored.is_some_and(|s| s.pieces.get(*i).is_some_and(|p| is_meant(s, p.at.need)))
        };
        let next = AtomicUsize::new(0);
        let waiting = Mutex::new(Waiting::default());
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| {
                    let mut buffer = Vec::new();
                    loop {
                        let frame = next.fetch_add(1, Ordering::Relaxed);
                        let Some(pieces) = self.by_frame.get(frame) else { break };
                        let pieces: Vec<_> = pieces.iter().filter(is_meant).copied().collect();
                        if pieces.is_empty() {
                            continue;
                        }
                        let kept = lock(&self.kept).remove(&frame);
                        let is_kept = kept.is_some();
                        buffer = kept.unwrap_or(buffer);
                        // The index was made from these very frames, so this cannot fail.
                        if is_kept || self.reader.content_in(frame, &mut buffer).is_ok() {
                            self.visit_frame(&buffer, &pieces, index, &waiting, f);
                        }
                    }
                });
            }
        });
        let later = waiting.into_inner().unwrap_or_else(PoisonError::into_inner).later;
        for stored in later.iter().filter_map(|i| index.stored.get(*i)) {
            f(&Entry::of(stored, &self.join(stored)));
        }
    }

    fn visit_frame(
        &self,
        data: &[u8],
        pieces: &[(usize, usize)],
        index: &Index<Place>,
        waiting: &Mutex<Waiting>,
        f: &(impl Fn(&Entry<'_>) + Sync),
    ) {
        for (source, i) in pieces {
            let Some(stored) = index.stored.get(*source) else { continue };
            let Some(piece) = stored.pieces.get(*i) else { continue };
            let bytes = data.get(piece.at.at.clone()).unwrap_or_default();
            if stored.pieces.len() == 1 {
                f(&Entry::of(stored, bytes));
                continue;
            }
            if names::is_pack(&stored.path) {
                let part = Part { index: *i, of: stored.pieces.len(), start: piece.start };
                f(&Entry::part_of(stored, part, bytes));
                continue;
            }
            let joined = self.wait(*source, *i, bytes, stored, &mut lock(waiting));
            if let Some(joined) = joined {
                f(&Entry::of(stored, &joined));
                lock(waiting).spare.push(joined);
            }
        }
    }

    /// Puts a part in its place; returns the whole source if it was the last one.
    fn wait(
        &self,
        source: usize,
        i: usize,
        bytes: &[u8],
        stored: &Stored<Place>,
        waiting: &mut Waiting,
    ) -> Option<Vec<u8>> {
        let Waiting { joining, bytes: used, later, spare } = waiting;
        if later.contains(&source) {
            return None;
        }
        let total = stored.pieces.iter().map(|piece| piece.len).sum::<usize>();
        let joined = match joining.entry(source) {
            Entries::Occupied(joined) => joined.into_mut(),
            Entries::Vacant(_) if *used + total > self.pending_bytes => {
                later.insert(source);
                return None;
            }
            Entries::Vacant(place) => {
                *used += total;
                let mut content = spare.pop().unwrap_or_default();
                if content.capacity() < total {
                    // Fresh memory is zero already, and is touched for the first time by its part.
                    content = vec![0; total];
                }
                // What is left of an earlier source is overwritten: the parts cover all of it.
                content.resize(total, 0);
                place.insert(Joining { content, missing: stored.pieces.len() })
            }
        };
        let start = stored.pieces.get(i).map_or(0, |piece| piece.start);
        if let Some(place) = joined.content.get_mut(start..start + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        joined.missing -= 1;
        if joined.missing > 0 {
            return None;
        }
        *used -= total;
        joining.remove(&source).map(|joined| joined.content)
    }

    fn cached(&self, frame: usize) -> Option<Arc<Vec<u8>>> {
        if let Some((_, data)) = lock(&self.cache).iter().find(|(i, _)| *i == frame) {
            return Some(Arc::clone(data));
        }
        let data = if let Some(data) = lock(&self.kept).remove(&frame) {
            data
        } else {
            let mut data = Vec::new();
            self.reader.content_in(frame, &mut data).ok()?;
            data
        };
        let data = Arc::new(data);
        let mut cache = lock(&self.cache);
        cache.push_front((frame, Arc::clone(&data)));
        cache.truncate(CACHED_FRAMES);
        Some(data)
    }
}

/// What is wrong with a source that stands under its own name and in parts: the former would have
/// been taken for the whole of it.
fn mixed(stored: &Stored<Place>) -> Option<String> {
    let is_mixed = stored.pieces.len() > 1
        && !names::is_pack(&stored.path)
        && stored.pieces.iter().any(|piece| piece.at.need != Need::Yes);
    let name = || names::sample(stored.pass, &stored.path);
    is_mixed.then(|| format!("{}: it stands there whole and in parts", name()))
}

/// For random access.
impl Pieces<Place> for Frames {
    fn find<T>(&self, stored: &Stored<Place>, mut f: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        stored.pieces.iter().find_map(|piece| {
            let data = self.cached(piece.at.frame)?;
            f(data.get(piece.at.at.clone())?)
        })
    }
}

/// A visitor that panics poisons the lock; the data behind it is sound.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
