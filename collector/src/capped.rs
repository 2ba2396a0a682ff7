//! Reading a file to its end, but no further than a cap, at the price that the kernel asks.
//!
//! Files below `/proc/sys` give in one read what they have and nothing at the second, and for each
//! read the kernel clears memory of the size that was asked for, and one byte: a generous buffer
//! makes a thousand parameters four times as expensive. Others grow a buffer of their own and start
//! over for each read, so large ones are read in large pieces.

use std::mem::MaybeUninit;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// Size of the first read; with its one byte more four pages of the kernel. No parameter is longer.
const FIRST: usize = (16 << 10) - 1;
/// Size of the one behind it, where the first brought little: nothing is expected any more. With its
/// one byte one page of the kernel.
const LAST: usize = (4 << 10) - 1;
/// What is little.
const LITTLE: usize = 1 << 10;
/// Size of all others, from a read on that brought much. It has memory of its own: to map and unmap
/// that for each of thousands of small files costs more than reading them.
const LATER: usize = 128 << 10;

/// Appends at most `cap` bytes to `to`; `true` if there was more.
///
/// # Errors
/// That of the read.
pub(crate) fn read(file: BorrowedFd<'_>, cap: usize, to: &mut Vec<u8>) -> Result<bool, Errno> {
    let end = to.len().saturating_add(cap);
    let mut small = [MaybeUninit::<u8>::uninit(); FIRST];
    // Most files end within the first piece and need no other.
    let mut large = Vec::<u8>::new();
    let mut ask = FIRST;
    loop {
        let room = end.saturating_sub(to.len());
        let piece: &mut [MaybeUninit<u8>] =
            if large.capacity() == 0 { &mut small } else { large.spare_capacity_mut() };
        let most = room.min(ask).min(piece.len());
        if most == 0 {
            // One byte more tells whether the cap was met or exceeded.
            return rustix::io::read(file, &mut [0_u8; 1]).map(|n| n > 0);
        }
        match rustix::io::read(file, piece.get_mut(..most).unwrap_or_default()) {
            Ok(([], _)) => return Ok(false),
            Ok((read, _)) => {
                let got = read.len();
                to.extend_from_slice(read);
                if got > FIRST / 2 {
                    ask = LATER;
                    large.reserve(LATER);
                } else if large.capacity() == 0 {
                    ask = if got < LITTLE { LAST } else { FIRST };
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn what_is_longer_than_the_cap_is_cut_there_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &text).unwrap();
        for cap in [0, 1, FIRST, FIRST + 1, FIRST + LATER, text.len() - 1, text.len(), usize::MAX] {
            let file = std::fs::File::open(&path).unwrap();
            let mut to = b"before".to_vec();
            let cut = read(file.as_fd(), cap, &mut to);
            assert_eq!(cut, Ok(cap < text.len()), "{cap}");
            assert_eq!(to, [b"before", &text[..cap.min(text.len())]].concat(), "{cap}");
        }
    }
}
