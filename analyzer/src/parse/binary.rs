//! Numbers at fixed places of binary payloads, in the byte order of the archive's host.

/// A view of a payload. Every read is checked: a field beyond the end is `None`, which is also how
/// older kernels with shorter structures are told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) little_endian: bool,
}

impl<'a> Binary<'a> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(crate) fn u8(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    pub(crate) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    pub(crate) fn u64(&self, at: usize) -> Option<u64> {
        let bytes = self.array(at)?;
        Some(if self.little_endian { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    /// Two bytes in network order, whatever the host.
    pub(crate) fn net_u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// `N` bytes as they are.
    pub(crate) fn raw<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.array(at)
    }

    /// A part of the payload.
    pub(crate) fn part(&self, from: usize, to: usize) -> Option<Self> {
        let bytes: &'a [u8] = self.bytes.get(from..to)?;
        Some(Self { bytes, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_the_end() {
        let le = Binary { bytes: &[1, 2, 3, 4], little_endian: true };
        let be = Binary { little_endian: false, ..le };
        assert_eq!(
            (le.u16(0), be.u16(0), le.net_u16(0)),
            (Some(0x0201), Some(0x0102), Some(0x0102))
        );
        assert_eq!((le.u32(0), le.u32(1), le.u8(4)), (Some(0x0403_0201), None, None));
        assert_eq!(le.u64(usize::MAX), None);
    }
}
