//! `/proc/net/{tcp,tcp6,udp,udp6}`: sockets where netlink could not be asked.
//!
//! <https://docs.kernel.org/networking/proc_net_tcp.html>
//!
//! ```text
//!   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//! 128: 7900000A:8BC6 7700000A:0CEA 06 00000000:00000000 03:00001539 00000000     0        0 0 3 0000
//! ```
//!
//! Addresses are 32-bit words in host byte order, numbers hexadecimal, timers in ticks.

use std::net::IpAddr;

use super::socket::{Endpoint, Protocol, Socket, State, Timer, TimerKind};
use super::{Fields, ParseEnv, ParseError, Rows, hex};

/// Reads all sockets; a damaged row is a problem beside them.
///
/// # Errors
/// No heading and not one row.
pub fn parse(text: &str, protocol: Protocol, env: &ParseEnv) -> Result<Rows<Socket>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "the heading `sl local_address …`"));
    }
    Rows::of(text, |mut fields| {
        let heading = fields.clone().next() == Some("sl");
        if heading { Ok(None) } else { socket(&mut fields, protocol, env).map(Some) }
    })
}

fn socket(f: &mut Fields<'_>, protocol: Protocol, env: &ParseEnv) -> Result<Socket, ParseError> {
    let line = f.line;
    let ends = "two addresses in hexadecimal";
    let (local, is_v6) =
        f.pass(1).next().and_then(|w| endpoint(w, env)).ok_or_else(|| f.error(ends))?;
    let (remote, _) = f.next().and_then(|w| endpoint(w, env)).ok_or_else(|| f.error(ends))?;
    let state = u8::try_from(f.hex("state")?).ok().and_then(State::from_number);
    let state = state.ok_or_else(|| f.error("a TCP state"))?;
    let (send, recv) = pair(f, "tx_queue:rx_queue")?;
    let (kind, ticks) = pair(f, "timer:when")?;
    let (retransmits, uid, probes) = (f.hex("retrnsmt")?, f.num("uid")?, f.num("timeout")?);
    let inode: u64 = f.num("inode")?;
    let mut socket = Socket::new(protocol, state, local, remote);
    socket.is_v6 = is_v6;
    socket.line = Some(line);
    socket.recv_queue = Some(recv);
    // Listening sockets show 0 here, not the limit of the accept queue.
    socket.send_queue = (state != State::Listen).then_some(send);
    socket.timer = timer(kind, ticks, env).map(|(kind, expires_ms)| {
        let probing = matches!(kind, TimerKind::Keepalive | TimerKind::Probe);
        Timer { kind, expires_ms, retrans: if probing { probes } else { retransmits } }
    });
    if inode != 0 {
        (socket.uid, socket.inode) = (Some(uid), Some(inode));
    }
    if protocol == Protocol::Udp {
        socket.timer = None;
        socket.drops = f.pass(2).next().and_then(|n| n.parse().ok());
    }
    Ok(socket)
}

fn timer(kind: u64, ticks: u64, env: &ParseEnv) -> Option<(TimerKind, u64)> {
    let kind = u8::try_from(kind).ok().and_then(TimerKind::from_number)?;
    // A timer that is overdue shows the unsigned form of a negative number of ticks.
    let ticks = u32::try_from(ticks).map_or(0, |t| t.cast_signed().max(0).unsigned_abs());
    Some((kind, u64::from(ticks).saturating_mul(1000).checked_div(env.ticks_per_s)?))
}

fn pair(f: &mut Fields<'_>, what: &'static str) -> Result<(u64, u64), ParseError> {
    let word = f.word(what)?;
    let (a, b) = word.split_once(':').ok_or_else(|| f.error(what))?;
    Ok((hex(f.line, a, what)?, hex(f.line, b, what)?))
}

/// `0100007F:0CEA`; true for an IPv6 address.
fn endpoint(word: &str, env: &ParseEnv) -> Option<(Endpoint, bool)> {
    let (addr, port) = word.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |n: usize| {
        let digits = addr.get(8 * n..8 * n + 8)?;
        let word = u32::from_str_radix(digits, 16).ok()?;
        Some(if env.little_endian { word.to_le_bytes() } else { word.to_be_bytes() })
    };
    let addr: IpAddr = match addr.len() {
        8 => group(0)?.into(),
        32 => {
            let mut bytes = [0; 16];
            for (n, to) in bytes.chunks_exact_mut(4).enumerate() {
                to.copy_from_slice(&group(n)?);
            }
            bytes.into()
        }
        _ => return None,
    };
    Some((Endpoint::new(addr, port), addr.is_ipv6()))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000001 00:00000000 00000000   997        0 337245 1 0000000000000000 100 0 0 10 0
 128: 7900000A:8BC6 7700000A:0CEA 06 00000000:00000000 03:00001539 00000000     0        0 0 3 0000000000000000
   9: 7900000A:8BC7 7700000A:0016 01 00000010:00000000 02:00000136 00000007  1000        2 4711 2 0000000000000000 20 4 18 5 4
";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn item_17_hexadecimal_host_order_and_ticks() {
        let s = parse(SAMPLE, Protocol::Tcp, &ENV).unwrap().rows;
        let [listen, tw, estab] = &s[..] else { panic!("three sockets") };
        assert_eq!(listen.local, Endpoint::new("127.0.0.1".parse().unwrap(), 3306));
        assert_eq!(
            (listen.state, listen.uid, listen.inode),
            (State::Listen, Some(997), Some(337_245))
        );
        assert_eq!((listen.recv_queue, listen.send_queue), (Some(1), None));
        assert_eq!(tw.remote, Endpoint::new("10.0.0.119".parse().unwrap(), 3306));
        let timer = Timer { kind: TimerKind::TimeWait, expires_ms: 54330, retrans: 0 };
        assert_eq!((tw.state, tw.timer), (State::TimeWait, Some(timer)));
        assert_eq!((tw.uid, tw.inode, tw.line), (None, None, Some(3)));
        let timer = Timer { kind: TimerKind::Keepalive, expires_ms: 3100, retrans: 2 };
        assert_eq!((estab.timer, estab.send_queue), (Some(timer), Some(16)));
    }

    #[test]
    fn mapped_v6_and_big_endian() {
        let row = "3: 0000000000000000FFFF00007900000A:2009 0000000000000000FFFF00007000000A:CBC2 01 \
                   00000000:00000000 02:00000136 00000000     0        0 353654 2 0 20 4 18 5 4\n";
        let s = parse(row, Protocol::Tcp, &ENV).unwrap().rows;
        assert!(s[0].is_v6);
        assert_eq!(s[0].local, Endpoint::new("10.0.0.121".parse().unwrap(), 8201));
        let big = ParseEnv { little_endian: false, ..ENV };
        let row = SAMPLE.replace("0100007F", "7F000001");
        assert!(parse(&row, Protocol::Tcp, &big).unwrap().rows[0].local.addr.is_loopback());
    }

    #[test]
    fn udp_has_drops() {
        let row = "  781: 7900000A:9C11 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 82076 2 0000000000000000 13\n";
        let s = parse(row, Protocol::Udp, &ENV).unwrap().rows;
        assert_eq!((s[0].state, s[0].drops, s[0].timer), (State::Close, Some(13), None));
    }

    #[test]
    fn a_damaged_row_keeps_the_others() {
        let s = parse(&SAMPLE.replace("7900000A:8BC6", "7900000A"), Protocol::Tcp, &ENV).unwrap();
        assert_eq!((s.rows.len(), s.problems[0].line), (2, Some(3)));
        assert!(parse("", Protocol::Tcp, &ENV).is_err());
    }
}
