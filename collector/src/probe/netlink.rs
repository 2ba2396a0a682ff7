//! Dumps of the kernel's tables by netlink(7): one request, many messages, an end.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use linsight_archive::Outcome;
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto,
    socket_with,
};

use super::{Answer, Emit, PIECE_BYTES, Progress, outcome_of};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_REQUEST_DUMP: u16 = 0x1 | 0x300;
/// The kernel fills at most 32 KiB a message whatever the buffer.
const BUFFER_BYTES: usize = 64 << 10;
const SEQUENCE: u32 = 1;

/// A request for a dump: `struct nlmsghdr` and what the table wants to know.
pub(super) fn request(kind: u16, asked: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + asked.len()).unwrap_or(16);
    let mut bytes = Vec::with_capacity(16 + asked.len());
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&NLM_F_REQUEST_DUMP.to_ne_bytes());
    bytes.extend_from_slice(&SEQUENCE.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(asked);
    bytes
}

/// What of a table is kept.
pub(super) struct Table {
    /// The kind of its messages.
    pub wanted: u16,
    /// Which of them; the others count for nothing.
    pub keep: fn(&[u8]) -> bool,
    /// Bytes of them.
    pub max_bytes: u64,
}

/// Dumps a table into one path: the messages that are kept back to back, as received.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn emit_dump(
    path: &str,
    protocol: Option<Protocol>,
    request: &[u8],
    table: &Table,
    emit: &mut Emit<'_>,
) -> io::Result<()> {
    let mut held = Vec::with_capacity(PIECE_BYTES);
    let mut total = 0_u64;
    let result = dump(protocol, request, table.wanted, &mut |message| {
        if !(table.keep)(message) {
            return Ok(true);
        }
        total += message.len() as u64;
        if total > table.max_bytes {
            return Ok(false);
        }
        if held.len() + message.len() > PIECE_BYTES {
            let answer = Answer::whole(path, &held);
            emit(Answer { progress: Progress::Piece, ..answer })?;
            held.clear();
        }
        held.extend_from_slice(message);
        Ok(true)
    });
    let mut answer = Answer::whole(path, &held);
    match result {
        Ok(notes) => {
            if !notes.complete {
                answer.outcome = Outcome::Truncated;
            }
            answer.reason = notes.text();
            emit(answer)
        }
        Err(Failure::Kernel(errno)) => {
            // What came before the error is a prefix, not nothing.
            answer.outcome = if total > 0 { Outcome::Truncated } else { outcome_of(errno) };
            answer.errno = Some(errno.raw_os_error());
            emit(answer)
        }
        Err(Failure::Emit(error)) => Err(error),
    }
}

/// Why a dump did not end by itself.
pub(super) enum Failure {
    Kernel(Errno),
    Emit(io::Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Kernel(errno)
    }
}

/// What a reader of the dump must know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// The kernel ended it; not our limit.
    complete: bool,
    /// `NLM_F_DUMP_INTR`.
    disturbed: bool,
    /// `ENOBUFS` or a cut message.
    lost: bool,
}

impl Notes {
    /// What a reader must know, in words.
    pub(super) const fn text(self) -> Option<&'static str> {
        match (self.lost, self.disturbed, self.complete) {
            (true, _, _) => Some("the kernel dropped messages (ENOBUFS)"),
            (_, true, _) => Some("the tables changed during the dump: rows may be doubled"),
            (_, _, false) => Some("byte limit: hash order, so a fair sample"),
            _ => None,
        }
    }
}

/// Runs one dump and gives each wanted message to `take`, which says whether to go on.
///
/// # Errors
///
/// The kernel's refusal, or the error of `take`.
pub(super) fn dump(
    protocol: Option<Protocol>,
    request: &[u8],
    wanted: u16,
    take: &mut dyn FnMut(&[u8]) -> io::Result<bool>,
) -> Result<Notes, Failure> {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, protocol)?;
    // The answer is made by our own recv: it comes at once. The limit is for the unforeseen.
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(2)))?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, request, SendFlags::empty(), &kernel)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut notes = Notes::default();
    loop {
        let Some(length) = receive(&socket, &mut buffer, &mut notes)? else { continue };
        let mut rest = buffer.get(..length).unwrap_or_default();
        while let Some((message, after)) = next_message(rest) {
            rest = after;
            notes.disturbed |= message.flags & NLM_F_DUMP_INTR != 0;
            match message.kind {
                _ if message.sequence != SEQUENCE => {}
                kind if kind == wanted => {
                    let go_on = take(message.bytes).map_err(Failure::Emit)?;
                    if !go_on {
                        return Ok(notes);
                    }
                }
                NLMSG_DONE | NLMSG_ERROR => {
                    let errno = message.errno();
                    if errno != 0 {
                        return Err(Failure::Kernel(Errno::from_raw_os_error(errno)));
                    }
                    if message.kind == NLMSG_DONE {
                        notes.complete = true;
                        return Ok(notes);
                    }
                }
                _ => {}
            }
        }
    }
}

/// One datagram; `None` when it has to be tried again.
fn receive(
    socket: &OwnedFd,
    buffer: &mut [u8],
    notes: &mut Notes,
) -> Result<Option<usize>, Failure> {
    match recv(socket, buffer, RecvFlags::TRUNC) {
        Ok((stored, length)) => {
            notes.lost |= length > stored;
            // A datagram of no bytes would be the end of a socket that has none.
            if stored == 0 { Err(Failure::Kernel(Errno::PROTO)) } else { Ok(Some(stored)) }
        }
        Err(Errno::INTR) => Ok(None),
        Err(Errno::NOBUFS) => {
            notes.lost = true;
            Ok(None)
        }
        Err(Errno::AGAIN) => Err(Failure::Kernel(Errno::TIMEDOUT)),
        Err(errno) => Err(Failure::Kernel(errno)),
    }
}

/// One message.
pub(super) struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    sequence: u32,
    /// The whole message with its header, without padding.
    pub bytes: &'a [u8],
}

impl Message<'_> {
    /// The error number in the payload of `NLMSG_ERROR` and `NLMSG_DONE`: positive, 0 for none.
    fn errno(&self) -> i32 {
        u32_at(self.bytes, 16).map_or(0, |n| n.cast_signed().wrapping_neg().clamp(0, 4095))
    }
}

/// Splits the first message off; `None` at the end, and at anything that is no message.
pub(super) fn next_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let message = bytes.get(..length).filter(|message| message.len() >= 16)?;
    let kinds = u32_at(message, 4)?.to_ne_bytes();
    let message = Message {
        kind: u16::from_ne_bytes([kinds[0], kinds[1]]),
        flags: u16::from_ne_bytes([kinds[2], kinds[3]]),
        sequence: u32_at(message, 8)?,
        bytes: message,
    };
    Some((message, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_are_no_message() {
        assert!(next_message(&[]).is_none());
        assert!(next_message(&[255; 64]).is_none());
        assert!(next_message(&[0; 64]).is_none());
        let request = request(20, &[1, 2, 3, 4]);
        for cut in 0..request.len() {
            assert!(next_message(&request[..cut]).is_none());
        }
        let (message, rest) = next_message(&request).unwrap();
        assert_eq!((message.kind, message.flags), (20, 0x301));
        assert_eq!((message.bytes.len(), rest.len()), (20, 0));
    }
}
