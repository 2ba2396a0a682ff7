//! Finding zstd frames without decompressing them, by frame and block headers (RFC 8878, 3.1.1).
//!
//! Stricter than a decompressor: a frame of ours always has a checksum, a content size and no
//! dictionary. So a flipped bit in a header is seen, and compressed data is rarely taken for one.

use std::ops::Range;

use crate::damage::DamageKind;

/// First bytes of every frame.
pub(crate) const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Largest block (RFC 8878, 3.1.1.2.4).
const MAX_BLOCK_BYTES: usize = 128 << 10;

/// Cost of a block in units of decompressed bytes, so that one budget bounds a whole scan.
const BLOCK_COST: u64 = 64;

/// A frame by its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where it stands.
    pub(crate) range: Range<usize>,
    /// Bytes of its content.
    pub(crate) content: usize,
}

/// What is left to spend on one archive: hostile bytes may look like ever more frames.
#[derive(Debug)]
pub(crate) struct Fuel(pub(crate) u64);

impl Fuel {
    pub(crate) fn burn(&mut self, cost: u64) -> Result<(), DamageKind> {
        self.0 =
            self.0.checked_sub(cost).ok_or(DamageKind::Abandoned("too much of it is damaged"))?;
        Ok(())
    }
}

/// The frame that begins at `at`.
pub(crate) fn span(
    bytes: &[u8],
    at: usize,
    limit: usize,
    fuel: &mut Fuel,
) -> Result<Span, DamageKind> {
    let mut cursor = Cursor { rest: bytes.get(at..).unwrap_or_default() };
    if cursor.take::<4>()? != MAGIC {
        return Err(DamageKind::NoFrame("no frame begins here"));
    }
    let [flags] = cursor.take::<1>()?;
    let (single_segment, reserved, checksum) = (flags & 0x20, flags & 0x18, flags & 0x04);
    if reserved != 0 || checksum == 0 || flags & 0x03 != 0 {
        return Err(DamageKind::NoFrame("a frame header that the collector does not write"));
    }
    if single_segment == 0 {
        cursor.take::<1>()?;
    }
    let content = match (flags >> 6, single_segment) {
        (0, 0) => return Err(DamageKind::NoFrame("a frame header without content size")),
        (0, _) => u64::from(u8::from_le_bytes(cursor.take()?)),
        (1, _) => u64::from(u16::from_le_bytes(cursor.take()?)) + 256,
        (2, _) => u64::from(u32::from_le_bytes(cursor.take()?)),
        _ => u64::from_le_bytes(cursor.take()?),
    };
    let too_large = DamageKind::TooLarge { content, limit: limit as u64 };
    let content = usize::try_from(content).ok().filter(|n| *n <= limit).ok_or(too_large)?;
    loop {
        fuel.burn(BLOCK_COST)?;
        let [a, b, c] = cursor.take::<3>()?;
        let head = u32::from_le_bytes([a, b, c, 0]);
        let size = (head >> 3) as usize;
        if size > MAX_BLOCK_BYTES {
            return Err(DamageKind::NoFrame("a block header is damaged"));
        }
        match head >> 1 & 3 {
            0 | 2 => cursor.skip(size)?,
            1 => cursor.skip(1)?,
            _ => return Err(DamageKind::NoFrame("a block header is damaged")),
        }
        if head & 1 == 1 {
            break;
        }
    }
    cursor.skip(4)?;
    Ok(Span { range: at..bytes.len() - cursor.rest.len(), content })
}

/// Where the next magic number stands, from `from` on.
pub(crate) fn next_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(MAGIC.len()).position(|four| four == MAGIC).map(|at| from + at)
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DamageKind> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DamageKind::Cut)?;
        self.rest = rest;
        Ok(*head)
    }

    fn skip(&mut self, n: usize) -> Result<(), DamageKind> {
        self.rest = self.rest.get(n..).ok_or(DamageKind::Cut)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(content: &[u8], checksum: bool) -> Vec<u8> {
        let mut c = zstd::bulk::Compressor::new(1).unwrap();
        c.include_checksum(checksum).unwrap();
        c.compress(content).unwrap()
    }

    fn of(bytes: &[u8]) -> Result<Span, DamageKind> {
        span(bytes, 0, 1 << 20, &mut Fuel(1 << 20))
    }

    #[test]
    fn frames_of_every_size_field_are_measured() {
        for size in [0, 1, 255, 256, 65_791, 65_792, 900_000] {
            let content: Vec<u8> =
                (0..size).map(|i: u32| i.wrapping_mul(i).to_le_bytes()[1]).collect();
            let mut bytes = compress(&content, true);
            let end = bytes.len();
            bytes.extend(b"what follows");
            assert_eq!(of(&bytes), Ok(Span { range: 0..end, content: content.len() }), "{size}");
            assert_eq!(of(&bytes[..end - 1]), Err(DamageKind::Cut), "{size}");
        }
    }

    #[test]
    fn frames_of_others_are_not_ours() {
        assert!(matches!(of(&compress(b"x", false)), Err(DamageKind::NoFrame(_))));
        let large = compress(&vec![0; 2 << 20], true);
        assert!(matches!(of(&large), Err(DamageKind::TooLarge { content: 2_097_152, .. })));
    }

    #[test]
    fn the_budget_ends_a_walk() {
        let bytes = compress(&vec![0; 1 << 20], true);
        assert_eq!(
            span(&bytes, 0, 1 << 20, &mut Fuel(128)),
            Err(DamageKind::Abandoned("too much of it is damaged"))
        );
    }
}
