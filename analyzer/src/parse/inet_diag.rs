//! `probes/inet_diag/<netns>/<family>`: replies of the kernel's socket monitor, as they came.
//!
//! <https://man7.org/linux/man-pages/man7/sock_diag.7.html>, `include/uapi/linux/inet_diag.h`,
//! `struct tcp_info` of `include/uapi/linux/tcp.h`
//!
//! A payload is netlink messages back to back: 16 bytes of `nlmsghdr`, 72 bytes of
//! `inet_diag_msg`, then attributes of 4 bytes of header each, all aligned to 4. Integers are in
//! host order, ports and addresses in network order:
//!
//! ```text
//! 8c 01 00 00  14 00 02 00  …  02 0a 00 00  00 16 00 00  …
//! length 396   type 20         AF_INET LISTEN  port 22
//! ```
//!
//! TIME-WAIT, SYN-RECV and some FIN-WAIT-2 are mini sockets: no inode, no owner, no `tcp_info`.

use std::net::IpAddr;

use super::binary::Binary;
use super::socket::{
    Congestion, Endpoint, Protocol, Socket, SocketMemory, State, TcpInfo, Timer, TimerKind,
};
use super::{ParseEnv, ParseError, Rows};

const HEADER: usize = 16;
const MESSAGE: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// Reads all sockets; a damaged message is a problem beside them.
///
/// # Errors
/// Not one socket in a payload that is not empty.
pub fn parse(bytes: &[u8], protocol: Protocol, env: &ParseEnv) -> Result<Rows<Socket>, ParseError> {
    let mut rows = Rows::default();
    for socket in sockets(bytes, protocol, env) {
        rows.take(socket.map(Some));
    }
    rows.finish()
}

/// About how many sockets a dump holds, by the length of its first messages.
#[must_use]
pub fn about(bytes: &[u8], env: &ParseEnv) -> usize {
    let mut rest = Binary { bytes, little_endian: env.little_endian };
    let mut messages = 0;
    while messages < 64
        && let Some((_, after)) = split(rest)
    {
        (rest, messages) = (after, messages + 1);
    }
    let seen = bytes.len() - rest.bytes.len();
    // A sixteenth more: states have messages of different lengths.
    bytes.len().saturating_mul(messages).checked_div(seen).map_or(0, |n| n + n / 16)
}

/// The first netlink message, and what follows it; `None` where it is not complete.
fn split(bytes: Binary<'_>) -> Option<(Binary<'_>, Binary<'_>)> {
    let all = bytes.bytes.len();
    let end = bytes.u32(0).and_then(|n| usize::try_from(n).ok());
    let end = end.filter(|n| *n >= HEADER && *n <= all)?;
    Some((bytes.part(0, end)?, bytes.part(end.next_multiple_of(4).min(all), all)?))
}

/// The same one by one, for namespaces with very many sockets.
pub fn sockets(
    bytes: &[u8],
    protocol: Protocol,
    env: &ParseEnv,
) -> impl Iterator<Item = Result<Socket, ParseError>> {
    let mut rest = Some(Binary { bytes, little_endian: env.little_endian });
    std::iter::from_fn(move || {
        loop {
            let all = rest.take().filter(|r| !r.bytes.is_empty())?;
            let Some((message, after)) = split(all) else {
                return Some(Err(error(all, "a netlink message that is complete")));
            };
            rest = Some(after);
            if message.u16(4) == Some(SOCK_DIAG_BY_FAMILY) {
                let body = message.part(HEADER, message.bytes.len())?;
                let expected = "an inet_diag message of 72 bytes, IPv4 or IPv6, with a known state";
                return Some(socket(body, protocol).ok_or_else(|| error(body, expected)));
            }
        }
    })
}

fn error(at: Binary<'_>, expected: &'static str) -> ParseError {
    let bytes: Vec<_> = at.bytes.iter().take(20).map(|b| format!("{b:02x}")).collect();
    ParseError::new(None, &bytes.join(" "), expected)
}

fn socket(body: Binary<'_>, protocol: Protocol) -> Option<Socket> {
    let family = body.u8(0)?;
    let state = State::from_number(body.u8(1)?)?;
    let (local, remote) = (address(body, family, 8)?, address(body, family, 24)?);
    let local = Endpoint::new(local, body.net_u16(4)?);
    let mut socket = Socket::new(protocol, state, local, Endpoint::new(remote, body.net_u16(6)?));
    socket.is_v6 = family == 10;
    socket.interface = body.u32(40).filter(|i| *i != 0);
    let cookie = u64::from(body.u32(44)?) | u64::from(body.u32(48)?) << 32;
    socket.cookie = (cookie != 0 && cookie != u64::MAX).then_some(cookie);
    let expires = body.u32(52)?.cast_signed().max(0).unsigned_abs();
    socket.timer = TimerKind::from_number(body.u8(2)?).map(|kind| Timer {
        kind,
        expires_ms: expires.into(),
        retrans: body.u8(3).unwrap_or(0).into(),
    });
    socket.recv_queue = Some(body.u32(56)?.into());
    socket.send_queue = Some(body.u32(60)?.into());
    let (uid, inode) = (body.u32(64)?, body.u32(68)?);
    if inode != 0 {
        (socket.uid, socket.inode) = (Some(uid), Some(inode.into()));
    }
    let mut attributes = body.part(MESSAGE, body.bytes.len())?;
    while let Some(length) = attributes.u16(0).map(usize::from).filter(|n| *n >= 4) {
        let kind = attributes.u16(2)? & 0x3fff;
        attribute(&mut socket, kind, attributes.part(4, length)?);
        let Some(next) = attributes.part(length.next_multiple_of(4), attributes.bytes.len()) else {
            break;
        };
        attributes = next;
    }
    Some(socket)
}

fn address(body: Binary<'_>, family: u8, at: usize) -> Option<IpAddr> {
    match family {
        2 => body.raw::<4>(at).map(IpAddr::from),
        10 => body.raw::<16>(at).map(IpAddr::from),
        _ => None,
    }
}

fn attribute(socket: &mut Socket, kind: u16, value: Binary<'_>) {
    match kind {
        2 if socket.protocol == Protocol::Tcp => socket.info = tcp_info(value),
        4 => socket.congestion = Congestion::new(value.bytes),
        7 => {
            socket.memory = memory(value);
            if socket.protocol == Protocol::Udp {
                socket.drops = socket.memory.and_then(|m| m.drops);
            }
        }
        _ => {}
    }
}

fn memory(v: Binary<'_>) -> Option<SocketMemory> {
    let at = |n: usize| v.u32(4 * n).map(u64::from);
    Some(SocketMemory {
        receive_bytes: at(0)?,
        receive_buffer_bytes: at(1)?,
        transmit_bytes: at(2)?,
        send_buffer_bytes: at(3)?,
        forward_bytes: at(4)?,
        queued_bytes: at(5)?,
        option_bytes: at(6)?,
        backlog_bytes: at(7),
        drops: at(8),
    })
}

/// The kernel's structure grew at its end: what lies beyond it is `None`.
fn tcp_info(v: Binary<'_>) -> Option<TcpInfo> {
    /// "No slow-start threshold yet" (`TCP_INFINITE_SSTHRESH`).
    const INFINITE: u32 = 0x7fff_ffff;
    let measured = |at: usize| v.u32(at).filter(|n| *n != 0);
    Some(TcpInfo {
        retransmits: v.u8(2)?.into(),
        probes: v.u8(3)?.into(),
        backoff: v.u8(4)?.into(),
        timestamps: v.u8(5)? & 1 != 0,
        rto_us: measured(8),
        mss_bytes: measured(16),
        unacked: v.u32(24)?,
        sacked: v.u32(28)?,
        lost: v.u32(32)?,
        retrans: v.u32(36)?,
        last_data_sent_ms: v.u32(44)?,
        last_data_recv_ms: v.u32(52)?,
        last_ack_recv_ms: v.u32(56)?,
        rtt_us: measured(68),
        rttvar_us: measured(68).and(v.u32(72)),
        ssthresh: v.u32(76).filter(|n| *n < INFINITE),
        cwnd: v.u32(80),
        total_retrans: v.u32(100)?,
        acked_bytes: v.u64(120),
        received_bytes: v.u64(128),
        segs_out: v.u32(136),
        segs_in: v.u32(140),
        not_sent_bytes: v.u32(144),
        min_rtt_us: v.u32(148).filter(|n| *n != 0 && *n != u32::MAX),
        data_segs_out: v.u32(156),
        delivery_bytes_per_s: v.u64(160),
        busy_us: v.u64(168),
        receive_window_limited_us: v.u64(176),
        send_buffer_limited_us: v.u64(184),
        sent_bytes: v.u64(200),
        retrans_bytes: v.u64(208),
        total_rto: v.u16(240).map(u32::from),
    })
}

/// A listener with one connection waiting, both ends of four connections, one in TIME-WAIT and an
/// orphan in FIN-WAIT-2 (Linux 6.18, x86-64).
#[cfg(test)]
pub(super) const SAMPLE: &[u8] = include_bytes!("../../testdata/inet_diag_tcp4");

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    fn sample() -> Vec<Socket> {
        let rows = parse(SAMPLE, Protocol::Tcp, &ENV).unwrap();
        assert_eq!(rows.problems, []);
        rows.rows
    }

    fn with(local: u16, remote: u16) -> Socket {
        let found = sample().into_iter().find(|s| (s.local.port, s.remote.port) == (local, remote));
        found.unwrap()
    }

    #[test]
    fn room_is_made_for_what_a_dump_holds() {
        let held = sample().len();
        assert!((held..held * 2).contains(&about(SAMPLE, &ENV)), "{}", about(SAMPLE, &ENV));
        let twice = [SAMPLE, SAMPLE].concat();
        assert!((held * 2..held * 3).contains(&about(&twice, &ENV)));
        assert_eq!(about(&[], &ENV) + about(&[0xff; 40], &ENV), 0);
    }

    #[test]
    fn listener() {
        let s = with(48080, 0);
        assert_eq!((s.state, s.local.addr), (State::Listen, "127.0.0.1".parse().unwrap()));
        assert_eq!((s.recv_queue, s.send_queue), (Some(1), Some(7)), "one waits, seven may");
        let info = s.info.unwrap();
        assert_eq!((info.unacked, info.sacked, info.rtt_us), (1, 7, None));
        assert_eq!((s.uid, s.congestion.unwrap().as_str()), (Some(0), "bbr"));
    }

    #[test]
    fn established_with_keepalive() {
        let s = with(33618, 48080);
        let timer = Timer { kind: TimerKind::Keepalive, expires_ms: 59540, retrans: 0 };
        assert_eq!((s.state, s.timer), (State::Established, Some(timer)));
        let i = s.info.unwrap();
        assert_eq!((i.rto_us, i.rtt_us, i.rttvar_us), (Some(204_000), Some(26), Some(14)));
        assert_eq!((i.mss_bytes, i.cwnd, i.min_rtt_us), (Some(32768), Some(11), Some(8)));
        assert_eq!((i.sent_bytes, i.acked_bytes), (Some(5), Some(6)));
        assert_eq!((i.segs_out, i.segs_in, i.data_segs_out), (Some(3), Some(2), Some(1)));
        assert_eq!((i.total_retrans, i.ssthresh, i.total_rto), (0, None, Some(0)));
        assert!(i.timestamps && (400..500).contains(&i.idle_ms()));
        assert_eq!(s.memory.unwrap().receive_buffer_bytes, 131_072);
        assert!(s.inode.is_some() && s.cookie.is_some());
        assert_eq!(with(48080, 33618).recv_queue, Some(5));
    }

    #[test]
    fn mini_sockets_have_no_owner_and_no_account() {
        for (port, state) in [(33632, State::TimeWait), (33640, State::FinWait2)] {
            let s = with(port, 48080);
            assert_eq!((s.state, s.uid, s.inode), (state, None, None));
            assert!(s.info.is_none() && s.memory.is_none());
            let timer = s.timer.unwrap();
            assert!((59_000..60_000).contains(&timer.expires_ms), "{timer:?}");
        }
        assert_eq!(with(33632, 48080).timer.unwrap().kind, TimerKind::TimeWait);
    }

    #[test]
    fn a_short_tcp_info_of_an_old_kernel_lacks_the_new_fields() {
        let info = Binary { bytes: &[1; 104], little_endian: true };
        let info = tcp_info(info).unwrap();
        assert_eq!((info.total_retrans, info.segs_out), (0x0101_0101, None));
        assert!(tcp_info(Binary { bytes: &[1; 103], little_endian: true }).is_none());
    }

    #[test]
    fn a_cut_payload_keeps_what_came_before() {
        let rows = parse(&SAMPLE[..SAMPLE.len() - 10], Protocol::Tcp, &ENV).unwrap();
        assert_eq!((rows.rows.len(), rows.damaged), (7, 1));
        assert!(parse(b"", Protocol::Tcp, &ENV).unwrap().rows.is_empty());
        assert!(parse(&[0; 40], Protocol::Tcp, &ENV).is_err());
    }
}
