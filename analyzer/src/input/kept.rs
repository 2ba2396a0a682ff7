//! The frames that wait, decompressed, for what is only known when all were seen.

use std::collections::BTreeMap;

use super::Need;

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
