//! Every TCP and UDP socket of the present network namespace, by `NETLINK_SOCK_DIAG`
//! (`sock_diag(7)`): what `ss -tuanoiem` asks, with milliseconds and without a tool.
//!
//! The payloads are stored as received (`probes/inet_diag/<inode>/<family>`): messages of type
//! `SOCK_DIAG_BY_FAMILY` back to back, each an `nlmsghdr`, an `inet_diag_msg` and attributes, in
//! the byte order of the host. What a kernel appends that we do not know today is kept, too.
//!
//! A request for a family whose handler is a module makes the kernel load that module, even for a
//! user without rights. So nothing is asked before [`usable`] has seen that the handler is there.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use linsight_archive::Outcome;
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

use super::{Answer, Context, Emit, PIECE_BYTES, Progress, file, outcome_of};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_REQUEST_DUMP: u16 = 0x1 | 0x300;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
/// All states of `enum tcp_state` up to `TCP_CLOSING`: with `SYN-RECV` come the request sockets.
const ALL_STATES: u32 = 0xfff;
/// One bit for each of `INET_DIAG_MEMINFO` (1) to `INET_DIAG_SHUTDOWN` (8).
const ALL_EXTENSIONS: u8 = 0xff;
/// The kernel fills at most 32 KiB a message whatever the buffer.
const BUFFER_BYTES: usize = 64 << 10;
const SEQUENCE: u32 = 1;

/// One dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Last part of its path in the archive.
    pub name: &'static str,
    domain: u8,
    protocol: u8,
}

/// The dumps of a network namespace.
pub(super) const FAMILIES: [Family; 4] = [
    Family { name: "tcp4", domain: 2, protocol: IPPROTO_TCP },
    Family { name: "tcp6", domain: 10, protocol: IPPROTO_TCP },
    Family { name: "udp4", domain: 2, protocol: IPPROTO_UDP },
    Family { name: "udp6", domain: 10, protocol: IPPROTO_UDP },
];

/// Whether dumps of a protocol can be asked for without making the kernel load a module; else why
/// not.
///
/// # Errors
///
/// The reason in words.
pub(crate) fn is_safe(context: &Context, handler: &str) -> Result<(), String> {
    let modules = file::read(&context.path("/proc/modules"), 1 << 20);
    let locked = file::line(&context.path("/proc/sys/kernel/modules_disabled"));
    let release = file::line(&context.path("/proc/sys/kernel/osrelease")).unwrap_or_default();
    let builtin = context.path(&format!("/lib/modules/{release}/modules.builtin"));
    let builtin = file::read(&builtin, 1 << 20).map(|(bytes, _)| bytes).unwrap_or_default();
    let safe = match modules {
        Ok((loaded, _)) => locked.as_deref() == Some("1") || present(handler, &loaded, &builtin),
        // A kernel without /proc/modules was built without modules: it has nothing to load.
        Err(errno) => errno == Errno::NOENT && context.path("/proc/version").exists(),
    };
    if safe { Ok(()) } else { Err(format!("{handler} is not loaded, and asking would load it")) }
}

/// Whether a dump works here: it is safe, and the kernel knows the request.
pub(super) fn usable(context: &Context, family: Family) -> Result<(), String> {
    is_safe(context, if family.protocol == IPPROTO_TCP { "tcp_diag" } else { "udp_diag" })?;
    // The trial asks for no state at all.
    match dump_with(family, 0, &mut |_| Ok(true)) {
        Ok(_) => Ok(()),
        Err(Failure::Kernel(errno)) => {
            Err(format!("the kernel refuses sock_diag: {}", io::Error::from(errno)))
        }
        Err(Failure::Emit(error)) => Err(error.to_string()),
    }
}

/// Whether both modules that a dump needs are loaded or built in.
fn present(handler: &str, loaded: &[u8], builtin: &[u8]) -> bool {
    let loaded = String::from_utf8_lossy(loaded);
    let builtin = String::from_utf8_lossy(builtin);
    ["inet_diag", handler].into_iter().all(|module| {
        loaded.lines().any(|line| line.split_whitespace().next() == Some(module))
            || builtin.lines().any(|line| {
                line.rsplit('/').next().and_then(|file| file.split('.').next()) == Some(module)
            })
    })
}

/// Dumps one family of the present namespace into one path.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn dump(
    path: &str,
    family: Family,
    max_bytes: u64,
    emit: &mut Emit<'_>,
) -> io::Result<()> {
    let mut held = Vec::with_capacity(PIECE_BYTES);
    let mut total = 0_u64;
    let result = dump_with(family, ALL_STATES, &mut |message| {
        total += message.len() as u64;
        if total > max_bytes {
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
enum Failure {
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
struct Notes {
    /// The kernel ended it; not our limit.
    complete: bool,
    /// `NLM_F_DUMP_INTR`.
    disturbed: bool,
    /// `ENOBUFS` or a cut message.
    lost: bool,
}

impl Notes {
    const fn text(self) -> Option<&'static str> {
        match (self.lost, self.disturbed, self.complete) {
            (true, _, _) => Some("the kernel dropped messages (ENOBUFS)"),
            (_, true, _) => Some("the tables changed during the dump: sockets may be doubled"),
            (_, _, false) => Some("byte limit: hash order, so a fair sample"),
            _ => None,
        }
    }
}

/// Runs one dump and gives each message of a socket to `take`, which says whether to go on.
fn dump_with(
    family: Family,
    states: u32,
    take: &mut dyn FnMut(&[u8]) -> io::Result<bool>,
) -> Result<Notes, Failure> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(SOCK_DIAG),
    )?;
    // The answer is made by our own recv: it comes at once. The limit is for the unforeseen.
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(2)))?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &request(family, states), SendFlags::empty(), &kernel)?;
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
                SOCK_DIAG_BY_FAMILY => {
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

/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
fn request(family: Family, states: u32) -> [u8; 72] {
    let mut bytes = [0; 72];
    let fields: [(usize, &[u8]); 8] = [
        (0, &72_u32.to_ne_bytes()),
        (4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes()),
        (6, &NLM_F_REQUEST_DUMP.to_ne_bytes()),
        (8, &SEQUENCE.to_ne_bytes()),
        (16, &[family.domain]),
        (17, &[family.protocol]),
        (18, &[ALL_EXTENSIONS]),
        (20, &states.to_ne_bytes()),
    ];
    for (at, field) in fields {
        for (to, from) in bytes.iter_mut().skip(at).zip(field) {
            *to = *from;
        }
    }
    bytes
}

struct Message<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    /// The whole message with its header, without padding.
    bytes: &'a [u8],
}

impl Message<'_> {
    /// The error number in the payload of `NLMSG_ERROR` and `NLMSG_DONE`: positive, 0 for none.
    fn errno(&self) -> i32 {
        u32_at(self.bytes, 16).map_or(0, |n| n.cast_signed().wrapping_neg().clamp(0, 4095))
    }
}

/// Splits the first message off; `None` at the end, and at anything that is no message.
fn next_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
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

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn here() -> Context {
        Context { root: "/".into(), network_fs: false, max_dump_bytes: 64 << 20 }
    }

    fn collect(family: Family, max: u64) -> (Vec<u8>, Outcome, Option<String>) {
        let (mut bytes, mut end) = (Vec::new(), None);
        dump("p", family, max, &mut |answer| {
            bytes.extend_from_slice(answer.content);
            end = Some((answer.outcome, answer.reason.map(str::to_owned)));
            Ok(())
        })
        .unwrap();
        let (outcome, reason) = end.unwrap();
        (bytes, outcome, reason)
    }

    /// State and ports of each message.
    fn sockets(mut bytes: &[u8]) -> Vec<(u8, u16, u16)> {
        let mut all = Vec::new();
        while let Some((message, rest)) = next_message(bytes) {
            let b = message.bytes;
            all.push((
                b[17],
                u16::from_be_bytes([b[20], b[21]]),
                u16::from_be_bytes([b[22], b[23]]),
            ));
            bytes = rest;
        }
        assert!(bytes.is_empty(), "what is stored is whole messages and nothing else");
        all
    }

    #[test]
    fn our_own_sockets_are_in_the_dump_once_and_a_limit_cuts_between_messages() {
        let tcp4 = FAMILIES[0];
        if let Err(why) = usable(&here(), tcp4) {
            eprintln!("SKIPPED: {why}");
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clients: Vec<TcpStream> =
            (0..50).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        let (bytes, outcome, _) = collect(tcp4, u64::MAX);
        assert_eq!(outcome, Outcome::Collected);
        let all = sockets(&bytes);
        assert_eq!(all.iter().filter(|(s, l, _)| (*s, *l) == (10, port)).count(), 1);
        for client in &clients {
            let local = client.local_addr().unwrap().port();
            let found: Vec<_> = all.iter().filter(|(_, l, r)| (*l, *r) == (local, port)).collect();
            assert_eq!(found, [&(1, local, port)]);
        }
        let (bytes, outcome, reason) = collect(tcp4, 5000);
        assert_eq!(outcome, Outcome::Truncated);
        assert!(reason.unwrap().contains("byte limit"));
        assert!(!sockets(&bytes).is_empty() && bytes.len() <= 5000);
    }

    #[test]
    fn hostile_bytes_are_no_message() {
        assert!(next_message(&[]).is_none());
        assert!(next_message(&[255; 64]).is_none());
        assert!(next_message(&[0; 64]).is_none());
        let request = request(FAMILIES[1], ALL_STATES);
        for cut in 0..request.len() {
            assert!(next_message(&request[..cut]).is_none());
        }
        let (message, rest) = next_message(&request).unwrap();
        assert_eq!((message.kind, message.flags), (SOCK_DIAG_BY_FAMILY, 0x301));
        assert_eq!(message.bytes[16..20], [10, 6, 0xff, 0]);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_handler_is_present_when_loaded_or_built_in() {
        let loaded = b"tcp_diag 16384 0 - Live 0x0\ninet_diag 24576 1 tcp_diag, Live 0x0\n";
        assert!(present("tcp_diag", loaded, b""));
        assert!(!present("udp_diag", loaded, b""));
        assert!(!present("tcp_diag", b"tcp_diag_x 1 0 - Live 0x0\n", b""));
        let builtin = b"kernel/net/ipv4/inet_diag.ko\nkernel/net/ipv4/udp_diag.ko\n";
        assert!(present("udp_diag", b"", builtin));
        assert!(!present("tcp_diag", b"", builtin));
    }
}
