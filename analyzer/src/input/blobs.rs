//! Contents of single-stream archives, kept once each: thousands of control groups have the same
//! few files.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Small contents share chunks of this size.
const CHUNK_BYTES: usize = 4 << 20;

/// Where a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    chunk: u32,
    start: u32,
    pub(super) len: u32,
}

/// All contents.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    chunks: Vec<Vec<u8>>,
    /// By hash of the content, keyed at random so that no archive can aim for collisions.
    known: HashMap<u64, Blob>,
    hasher: RandomState,
    bytes: u64,
}

impl Blobs {
    /// Bytes kept.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Keeps a content; `None` when it does not fit the 32 bits of its place.
    pub(super) fn keep(&mut self, content: &[u8]) -> Option<Blob> {
        let hash = self.hasher.hash_one(content);
        if let Some(blob) = self.known.get(&hash).filter(|blob| self.get(**blob) == content) {
            return Some(*blob);
        }
        let fits = |chunk: &Vec<u8>| chunk.len() + content.len() <= CHUNK_BYTES;
        if !self.chunks.last().is_some_and(fits) {
            self.chunks.push(Vec::new());
        }
        let chunk = u32::try_from(self.chunks.len().checked_sub(1)?).ok()?;
        let last = self.chunks.last_mut()?;
        let start = u32::try_from(last.len()).ok()?;
        let blob = Blob { chunk, start, len: u32::try_from(content.len()).ok()? };
        last.extend_from_slice(content);
        self.bytes += content.len() as u64;
        self.known.insert(hash, blob);
        Some(blob)
    }

    /// The content.
    pub(super) fn get(&self, blob: Blob) -> &[u8] {
        let start = blob.start as usize;
        let chunk = self.chunks.get(blob.chunk as usize);
        chunk.and_then(|chunk| chunk.get(start..start + blob.len as usize)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_are_kept_once() {
        let mut blobs = Blobs::default();
        let a = blobs.keep(b"max\n").unwrap();
        let b = blobs.keep(b"0\n").unwrap();
        assert_eq!(blobs.keep(b"max\n"), Some(a));
        assert_eq!((blobs.get(a), blobs.get(b)), (&b"max\n"[..], &b"0\n"[..]));
        assert_eq!(blobs.bytes(), 6);
        let large = vec![7; CHUNK_BYTES + 1];
        let large = (blobs.keep(&large).unwrap(), large);
        let after = blobs.keep(b"after").unwrap();
        assert!(blobs.get(large.0) == large.1);
        assert_eq!(blobs.get(after), b"after");
        let empty = blobs.keep(b"").unwrap();
        assert_eq!(blobs.get(empty), b"");
    }
}
