//! Reading sources while their frame lies decompressed for the index.
//!
//! The index needs every frame of an archive decompressed once, and most of what the analyzer reads
//! of a frame needs nothing of the others: whoever takes it then and there saves the second
//! decompression, the memory in which frames would wait for it, and reads bytes that the processor
//! has still at hand. What becomes of a source stands in the journals, which are complete only
//! when all frames were seen; so what is read early is provisional, and an archive with anything
//! odd about it is read again as a whole.

use std::collections::BTreeMap;

use super::HostEnv;

/// A source that came by early: whole, or a part of a pack.
#[derive(Clone, Copy, Debug)]
pub struct EarlyEntry<'a> {
    /// Path without sample prefix.
    pub path: &'a str,
    /// Pass.
    pub pass: u32,
    /// Number of the part; 0 of what is whole.
    pub part: u32,
    /// What parsing must know of the host, by the frame's own journal.
    pub env: HostEnv,
    /// The content.
    pub content: &'a [u8],
}

/// Whether what came by early will be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Not unless the archive is odd.
    No,
    /// If it is of the last pass that has it.
    Perhaps,
    /// Yes: nobody could take it yet.
    Yes,
}

/// Somebody who takes sources early, from many threads and in no order.
pub trait Early: Sync {
    /// Takes an entry, if its time has come.
    fn offer(&self, entry: &EarlyEntry<'_>) -> Need;
}

/// Frames that stay decompressed from the index to the visit, within bounds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    needed: BTreeMap<usize, Vec<u8>>,
    /// What may be of the last pass: the latest stay.
    perhaps: BTreeMap<usize, Vec<u8>>,
    needed_bytes: usize,
    perhaps_bytes: usize,
}

impl Kept {
    /// Keeps a frame as it is needed; gives back a buffer for the next one.
    pub(super) fn keep(&mut self, frame: usize, data: Vec<u8>, need: Need, max: usize) -> Vec<u8> {
        match need {
            Need::No => data,
            Need::Yes if self.needed_bytes + data.len() > max => data,
            Need::Yes => {
                let data = fitting(data);
                self.needed_bytes += data.capacity();
                self.needed.insert(frame, data);
                Vec::new()
            }
            Need::Perhaps => {
                let data = fitting(data);
                self.perhaps_bytes += data.capacity();
                self.perhaps.insert(frame, data);
                let mut spare = Vec::new();
                while self.perhaps_bytes > max / 4 {
                    let Some((_, dropped)) = self.perhaps.pop_first() else { break };
                    self.perhaps_bytes -= dropped.capacity();
                    spare = dropped;
                }
                spare
            }
        }
    }

    /// All that stayed.
    pub(super) fn into_frames(self) -> BTreeMap<usize, Vec<u8>> {
        let Self { mut needed, mut perhaps, .. } = self;
        needed.append(&mut perhaps);
        needed
    }
}

/// Buffers go from frame to frame, and may be far larger than what they hold last.
fn fitting(mut data: Vec<u8>) -> Vec<u8> {
    if data.capacity() / 2 > data.len() {
        data.shrink_to_fit();
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_kept_as_they_are_needed_and_within_bounds() {
        let mut kept = Kept::default();
        let frame = |n: usize| vec![0; n];
        let mut spare = Vec::new();
        for (i, bytes, need) in [
            (0, 3, Need::No),
            (1, 30, Need::Yes),
            (2, 10, Need::Perhaps),
            (3, 10, Need::Perhaps),
            (4, 71, Need::Yes),
            (5, 10, Need::Perhaps),
            (6, 70, Need::Yes),
        ] {
            spare.push(kept.keep(i, frame(bytes), need, 100).len());
        }
        assert_eq!(spare, [3, 0, 0, 0, 71, 10, 0], "what is not kept is used again");
        assert_eq!(kept.into_frames().into_keys().collect::<Vec<_>>(), [1, 3, 5, 6]);
    }

    #[test]
    fn a_small_frame_in_a_large_buffer_keeps_what_it_needs() {
        let mut kept = Kept::default();
        let mut large = Vec::with_capacity(1 << 20);
        large.push(0);
        assert!(kept.keep(0, large, Need::Yes, 100).is_empty());
        assert!(kept.into_frames()[&0].capacity() < 100);
    }
}
