//! Output of ss(8), in all forms: with and without `-i -o -e -m -p -O`, with or without a heading.
//!
//! <https://man7.org/linux/man-pages/man8/ss.8.html>
//!
//! ```text
//! ESTAB 0 0 127.0.0.1:33618 127.0.0.1:48080 timer:(keepalive,59sec,0) ino:47258 sk:106c <->
//!      skmem:(r0,rb131072,t0,tb3939840,f0,w0,o0,bl0,d0) ts sack bbr rto:204 rtt:0.026/0.014 …
//! ```
//!
//! `ss` leaves out what is zero: on a line with TCP details an absent `lastsnd:` is 0.

use super::socket::{Endpoint, Protocol, Socket, State, Timer, TimerKind};
use super::ss_detail;
use super::{Fields, ParseError, Rows, lines};

/// Reads the TCP and UDP sockets of a listing; other families are left out. A row that cannot be
/// read is a problem beside the others.
///
/// # Errors
/// Nothing that looks like a listing of `ss`, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Socket>, ParseError> {
    let timers = text.contains("timer:(");
    let mut rows: Rows<Socket> = Rows::default();
    let mut listing = false;
    // Whether the rows belong to the socket before (details) or to nobody (unread row).
    let mut open = false;
    for (line, text) in lines(text) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        if text.starts_with([' ', '\t']) {
            if let Some(socket) = rows.rows.last_mut().filter(|_| open) {
                ss_detail::read(socket, text);
            }
            continue;
        }
        let mut words = text.split_ascii_whitespace();
        if matches!(words.next(), Some("Netid" | "State" | "Recv-Q")) {
            listing = true;
            continue;
        }
        let before = rows.rows.len();
        rows.take(row(Fields::new(line, text), timers));
        open = rows.rows.len() > before;
    }
    if !listing && rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "a listing of ss"));
    }
    rows.finish()
}

/// One row: `[Netid] [State] Recv-Q Send-Q Local Peer [details]`.
fn row(mut f: Fields<'_>, timers: bool) -> Result<Option<Socket>, ParseError> {
    let mut word = f.word("a protocol or state")?;
    let mut protocol = None;
    if State::from_word(word).is_none() && word.parse::<u64>().is_err() {
        protocol = match word {
            "tcp" | "tcp6" | "mptcp" => Some(Protocol::Tcp),
            "udp" | "udp6" => Some(Protocol::Udp),
            _ if is_netid(word) => return Ok(None),
            _ => return Err(f.error("a socket as ss prints it")),
        };
        word = f.word("a state")?;
    }
    let state = State::from_word(word);
    if state.is_some() {
        word = f.word("Recv-Q")?;
    }
    let recv = super::number(f.line, word, "Recv-Q")?;
    let send = f.num("Send-Q")?;
    let (local, interface) = endpoint(f.word("local address")?).ok_or_else(|| address(&f))?;
    let (remote, _) = endpoint(f.word("peer address")?).ok_or_else(|| address(&f))?;
    // `ss state established` leaves the column out.
    let state = state.unwrap_or(State::Established);
    let udp = state == State::Close && protocol.is_none();
    let protocol = protocol.unwrap_or(if udp { Protocol::Udp } else { Protocol::Tcp });
    let mut socket = Socket::new(protocol, state, local, remote);
    socket.line = Some(f.line);
    socket.interface_name = interface.map(Into::into);
    (socket.recv_queue, socket.send_queue) = (Some(recv), Some(send));
    if timers && protocol == Protocol::Tcp {
        socket.timer = Some(Timer { kind: TimerKind::Off, expires_ms: 0, retrans: 0 });
    }
    ss_detail::read(&mut socket, f.rest());
    Ok(Some(socket))
}

/// Families that `ss` lists beside TCP and UDP.
fn is_netid(word: &str) -> bool {
    let prefixes = ["u_", "p_", "v_"];
    let names =
        ["nl", "raw", "raw6", "icmp6", "sctp", "dccp", "tipc", "xdp", "udplite", "ti_", "???"];
    names.contains(&word) || prefixes.iter().any(|p| word.starts_with(p))
}

fn address(f: &Fields<'_>) -> ParseError {
    f.error("numeric addresses with ports: 10.0.0.1:22, [::1]:22, *:*")
}

/// `10.0.0.1:22`, `[::1]:22`, `:::111`, `0.0.0.0%virbr0:67`, `[fe80::1]%eth0:546`, `*:*`.
pub(super) fn endpoint(word: &str) -> Option<(Endpoint, Option<&str>)> {
    let (host, port) = word.rsplit_once(':')?;
    let port = if port == "*" { 0 } else { port.parse().ok()? };
    let (host, interface) = match host.split_once('%') {
        Some((host, interface)) => (host, Some(interface.trim_end_matches(']'))),
        None => (host, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addr = if host == "*" { "::" } else { host }.parse().ok()?;
    Some((Endpoint::new(addr, port), interface))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = include_str!("../../testdata/ss_-tanoiem");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::socket::Owner;

    fn one(text: &str) -> Socket {
        let rows = parse(text).unwrap();
        assert_eq!(rows.problems, []);
        rows.rows.into_iter().next().unwrap()
    }

    #[test]
    fn item_10_details_on_a_second_line_or_on_the_same() {
        let rows = parse(SAMPLE).unwrap();
        assert_eq!((rows.rows.len(), rows.problems.len()), (8, 0));
        let same = SAMPLE.replace("\n\t", " ");
        for (a, b) in rows.rows.iter().zip(parse(&same).unwrap().rows) {
            assert_eq!((&a.info, &a.memory, &a.timer), (&b.info, &b.memory, &b.timer));
        }
        let keepalive = &rows.rows[4];
        let timer = Timer { kind: TimerKind::Keepalive, expires_ms: 59000, retrans: 0 };
        assert_eq!((keepalive.state, keepalive.timer), (State::Established, Some(timer)));
        assert_eq!((keepalive.inode, keepalive.uid), (Some(47258), Some(0)));
        assert_eq!(keepalive.cookie, Some(0x106c));
        assert_eq!(rows.rows[3].timer.unwrap().kind, TimerKind::Off);
        assert_eq!((rows.rows[5].state, rows.rows[5].inode), (State::TimeWait, None));
    }

    #[test]
    fn item_11_addresses() {
        let at = |text| endpoint(text).map(|(e, i)| (e.addr.to_string(), e.port, i));
        assert_eq!(at("[::1]:22"), Some(("::1".into(), 22, None)));
        assert_eq!(at(":::111"), Some(("::".into(), 111, None)));
        assert_eq!(at("0.0.0.0%virbr0:67"), Some(("0.0.0.0".into(), 67, Some("virbr0"))));
        assert_eq!(at("[fe80::1]%eth0:546"), Some(("fe80::1".into(), 546, Some("eth0"))));
        assert_eq!(at("*:*"), Some(("::".into(), 0, None)));
        assert_eq!(at("[::ffff:10.0.0.1]:80"), Some(("10.0.0.1".into(), 80, None)));
        assert_eq!((at("10.0.0.1"), at("host:22"), at("1.2.3.4:ssh")), (None, None, None));
    }

    #[test]
    fn item_12_owners_old_new_many_and_none() {
        let owner = |name: &str, pid, fd| Owner { name: name.into(), pid: Some(pid), fd: Some(fd) };
        let new = "LISTEN 0 128 0.0.0.0:80 0.0.0.0:* users:((\"nginx: master\",pid=1,fd=3),(\"a) (b\",pid=2,fd=4)) ino:7";
        assert_eq!(one(new).owners, [owner("nginx: master", 1, 3), owner("a) (b", 2, 4)]);
        assert_eq!(one(new).inode, Some(7));
        let old = "LISTEN 0 128 *:22 *:* users:((\"sshd\",1231,3))";
        assert_eq!(one(old).owners, [owner("sshd", 1231, 3)]);
        assert!(parse(SAMPLE).unwrap().rows[5].owners.is_empty());
    }

    #[test]
    fn item_13_timers_in_ss_words() {
        let expires = |words: &str| {
            let row = format!("ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 timer:(keepalive,{words},2)");
            one(&row).timer.map(|t| (t.expires_ms, t.retrans))
        };
        assert_eq!(expires("4.996ms"), Some((4996, 2)));
        assert_eq!(expires("996ms"), Some((996, 2)));
        assert_eq!(expires("019ms"), Some((19, 2)));
        assert_eq!(expires("19sec"), Some((19_000, 2)));
        assert_eq!(expires("1min13sec"), Some((73_000, 2)));
        assert_eq!(expires("119min"), Some((7_140_000, 2)));
        assert_eq!(expires(""), Some((0, 2)));
    }

    #[test]
    fn other_families_and_forms() {
        let text = "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n\
            u_str ESTAB  0      0      /run/x 1234  * 5678\n\
            nl    UNCONN 0      0      0:1  *\n\
            udp   UNCONN 5      0      127.0.0.53%lo:53 0.0.0.0:* uid:101 ino:62669 sk:3\n\
            \t skmem:(r0,rb212992,t0,tb212992,f0,w0,o0,bl0,d17)\n\
            tcp   SYN-SENT 0    1      10.0.0.1:1 10.0.0.2:81 timer:(on,1.5sec,3)\n";
        let rows = parse(text).unwrap();
        assert_eq!((rows.rows.len(), rows.problems.len()), (2, 0));
        let udp = &rows.rows[0];
        assert_eq!((udp.protocol, udp.uid, udp.drops), (Protocol::Udp, Some(101), Some(17)));
        assert_eq!((udp.interface_name.as_deref(), udp.timer), (Some("lo"), None));
        let state =
            "Recv-Q Send-Q Local Address:Port Peer Address:Port\n0 0 10.0.0.1:1 10.0.0.2:2\n";
        assert_eq!((one(state).state, one(state).timer), (State::Established, None));
        assert!(parse("").is_err());
        assert!(parse("ss: command not found\n").is_err());
        assert!(parse("State Recv-Q\n").unwrap().rows.is_empty());
    }
}
