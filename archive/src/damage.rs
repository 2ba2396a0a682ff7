//! What is wrong with an archive, in words that tell a support engineer what is lost.

use std::collections::BTreeSet;
use std::fmt;

/// One damage: where, how much, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Byte offset in the archive as it is stored.
    pub offset: u64,
    /// Stored bytes that are lost; 0 where no bytes are there to be lost.
    pub bytes: u64,
    /// What it is.
    pub kind: DamageKind,
}

/// Kinds of damage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageKind {
    /// The archive ends inside a frame: an upload or a collection that was cut short.
    Cut,
    /// What stands there is no frame of an archive: overwritten or flipped bytes.
    NoFrame(&'static str),
    /// The frame does not decompress, or its checksum does not fit.
    Content(String),
    /// The frame's content is no tar as the collector writes it.
    Tar(String),
    /// The frame says it holds more than is read.
    TooLarge {
        /// Bytes of content by the frame's own header.
        content: u64,
        /// The bound that it exceeds.
        limit: u64,
    },
    /// The limits of reading are reached; what follows is not looked at.
    Abandoned(&'static str),
    /// Frames whose numbers occur in no journal.
    Lost {
        /// First lost number.
        first: u32,
        /// Last lost number.
        last: u32,
    },
    /// The end entry is not there: the collection was killed, or its end is lost.
    NoEnd,
}

impl Damage {
    pub(crate) fn new(offset: usize, bytes: usize, kind: DamageKind) -> Self {
        Self { offset: offset as u64, bytes: bytes as u64, kind }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, bytes, kind } = self;
        match kind {
            DamageKind::Cut => {
                write!(
                    f,
                    "the archive breaks off: its last {bytes} bytes, from byte {offset} on, are an unfinished frame"
                )
            }
            DamageKind::NoFrame(what) => {
                write!(f, "{bytes} bytes at byte {offset} are damaged ({what})")
            }
            DamageKind::Content(what) => {
                write!(f, "the frame of {bytes} bytes at byte {offset} is damaged ({what})")
            }
            DamageKind::Tar(what) => {
                write!(f, "the frame at byte {offset} does not hold whole tar entries ({what})")
            }
            DamageKind::TooLarge { content, limit } => {
                write!(
                    f,
                    "the frame at byte {offset} would hold {content} bytes; at most {limit} are read"
                )
            }
            DamageKind::Abandoned(what) => {
                write!(f, "the {bytes} bytes from byte {offset} on are not read: {what}")
            }
            DamageKind::Lost { first, last } if first == last => write!(f, "frame {first} is lost"),
            DamageKind::Lost { first, last } => write!(f, "frames {first} to {last} are lost"),
            DamageKind::NoEnd => f.write_str(
                "the end entry is not there: the collection did not finish, or the archive is cut",
            ),
        }
    }
}

impl std::error::Error for Damage {}

/// Frames lost by the numbers that survive (from the journals) and the number of frames that the
/// end entry tells. Without it, only gaps before the last number are known, and
/// [`DamageKind::NoEnd`] is among the damages.
#[must_use]
pub fn lost_frames(seen: &BTreeSet<u32>, told: Option<u32>) -> Vec<Damage> {
    let mut out = Vec::new();
    let mut next = 0_u32;
    let mut gap = |first: u32, end: u32| {
        if let Some(last) = end.checked_sub(1).filter(|last| *last >= first) {
            out.push(Damage::new(0, 0, DamageKind::Lost { first, last }));
        }
    };
    for n in seen {
        gap(next, *n);
        next = n.saturating_add(1);
    }
    gap(next, told.unwrap_or(next));
    if told.is_none() {
        out.push(Damage::new(0, 0, DamageKind::NoEnd));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(seen: &[u32], told: Option<u32>) -> Vec<String> {
        lost_frames(&seen.iter().copied().collect(), told).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn gaps_in_the_numbers_are_lost_frames() {
        assert!(texts(&[0, 1, 2], Some(3)).is_empty());
        assert_eq!(
            texts(&[1, 4, 5], Some(8)),
            ["frame 0 is lost", "frames 2 to 3 are lost", "frames 6 to 7 are lost",]
        );
        let no_end = texts(&[0, 2], None);
        assert_eq!(no_end[0], "frame 1 is lost");
        assert!(no_end[1].starts_with("the end entry is not there"));
        assert_eq!(texts(&[], Some(u32::MAX)).len(), 1);
    }
}
