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

use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;

use super::netlink::{self, Failure, Notes};
use super::{Context, Emit, file};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
/// All states of `enum tcp_state` up to `TCP_CLOSING`: with `SYN-RECV` come the request sockets.
const ALL_STATES: u32 = 0xfff;
/// One bit for each of `INET_DIAG_MEMINFO` (1) to `INET_DIAG_SHUTDOWN` (8).
const ALL_EXTENSIONS: u8 = 0xff;

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
    let request = request(family, ALL_STATES);
    let table = netlink::Table { wanted: SOCK_DIAG_BY_FAMILY, keep: |_| true, max_bytes };
    netlink::emit_dump(path, Some(SOCK_DIAG), &request, &table, emit)
}

/// The kernel's request for sockets, `struct inet_diag_req_v2`, in its message.
fn request(family: Family, states: u32) -> Vec<u8> {
    let mut asked = vec![family.domain, family.protocol, ALL_EXTENSIONS, 0];
    asked.extend_from_slice(&states.to_ne_bytes());
    // A socket's own identity: none.
    asked.extend_from_slice(&[0; 48]);
    netlink::request(SOCK_DIAG_BY_FAMILY, &asked)
}

/// Runs one dump and gives each message of a socket to `take`, which says whether to go on.
fn dump_with(
    family: Family,
    states: u32,
    take: &mut dyn FnMut(&[u8]) -> io::Result<bool>,
) -> Result<Notes, Failure> {
    netlink::dump(Some(SOCK_DIAG), &request(family, states), SOCK_DIAG_BY_FAMILY, take)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use linsight_archive::Outcome;

    use super::super::netlink::next_message;
    use super::*;

    fn here() -> Context {
        Context::of_root("/")
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
    fn the_request_is_as_the_kernel_has_it() {
        let request = request(FAMILIES[1], ALL_STATES);
        assert_eq!(request.len(), 72);
        let (message, rest) = next_message(&request).unwrap();
        assert_eq!((message.kind, message.flags), (SOCK_DIAG_BY_FAMILY, 0x301));
        assert_eq!(message.bytes[16..24], [10, 6, 0xff, 0, 0xff, 0xf, 0, 0]);
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
