//! Reading sources while their frame lies decompressed for the index.
//!
//! The index needs every frame of an archive decompressed once, and most of what the analyzer reads
//! of a frame needs nothing of the others: whoever takes it then and there saves the second
//! decompression, the memory in which frames would wait for it, and reads bytes that the processor
//! has still at hand. What becomes of a source stands in the journals, which are complete only
//! when all frames were seen; so what is read early is provisional, and an archive with anything
//! odd about it is read again as a whole.

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
