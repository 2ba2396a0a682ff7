//! Output of netstat(8): `netstat -W -neopa` and lesser forms.
//!
//! <https://man7.org/linux/man-pages/man8/netstat.8.html>
//!
//! ```text
//! Proto Recv-Q Send-Q Local Address     Foreign Address   State       User Inode PID/Program name Timer
//! tcp        0      0 10.0.0.121:38602  10.0.0.217:17070  ESTABLISHED 0    85685 310/jujud        keepalive (9.55/0/0)
//! ```
//!
//! Program names are cut at 20 characters and hold blanks; UDP rows mostly have no state.

use super::socket::{Owner, Protocol, Socket, State, Timer, TimerKind};
use super::ss::endpoint;
use super::{Fields, ParseError, Rows, lines};

/// Columns that a heading announces.
#[derive(Clone, Copy, Default)]
struct Columns {
    user: bool,
    program: bool,
    timer: bool,
}

/// Reads the TCP and UDP sockets; a damaged row is a problem beside the others.
///
/// # Errors
/// No heading, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Socket>, ParseError> {
    let mut rows = Rows::default();
    let mut columns = None;
    for (line, text) in lines(text) {
        if text.starts_with("Proto ") {
            columns = text.contains("Foreign Address").then(|| Columns {
                user: text.contains(" User "),
                program: text.contains("PID/Program"),
                timer: text.contains("Timer"),
            });
        } else if let Some(columns) = columns {
            let protocol = match text.split(' ').next() {
                Some("tcp" | "tcp6") => Protocol::Tcp,
                Some("udp" | "udp6") => Protocol::Udp,
                _ => continue,
            };
            rows.take(row(Fields::new(line, text), protocol, columns).map(Some));
        } else if text.starts_with("tcp") || text.starts_with("udp") {
            rows.problem(ParseError::new(line, text, "the heading `Proto Recv-Q …` before rows"));
        }
    }
    if rows.rows.is_empty()
        && rows.problems.is_empty()
        && columns.is_none()
        && !text.contains("Proto ")
    {
        return Err(ParseError::new(None, text, "the heading `Proto Recv-Q …`"));
    }
    rows.finish()
}

fn row(mut f: Fields<'_>, protocol: Protocol, columns: Columns) -> Result<Socket, ParseError> {
    let is_v6 = f.word("protocol")?.ends_with('6');
    let (recv, send) = (f.num("Recv-Q")?, f.num("Send-Q")?);
    let local = f.word("local address")?;
    let remote = f.word("foreign address")?;
    let (Some((local, interface)), Some((remote, _))) = (endpoint(local), endpoint(remote)) else {
        return Err(f.error("numeric addresses with ports"));
    };
    let state = f.clone().next().and_then(State::from_word);
    if state.is_some() {
        f.pass(1);
    } else if protocol == Protocol::Tcp {
        return Err(f.error("a TCP state"));
    }
    let mut socket = Socket::new(protocol, state.unwrap_or(State::Close), local, remote);
    socket.line = Some(f.line);
    socket.is_v6 = is_v6;
    socket.interface_name = interface.map(Into::into);
    (socket.recv_queue, socket.send_queue) = (Some(recv), Some(send));
    if columns.user {
        let (uid, inode): (u32, u64) = (f.num("user")?, f.num("inode")?);
        if inode != 0 {
            (socket.uid, socket.inode) = (Some(uid), Some(inode));
        }
    }
    let mut rest = f.rest();
    if columns.timer {
        let (before, timer) = timer(rest).ok_or_else(|| f.error("a timer: off (0.00/0/0)"))?;
        rest = before;
        socket.timer = timer.filter(|_| protocol == Protocol::Tcp);
    }
    if columns.program {
        socket.owners.extend(owner(rest));
    }
    Ok(socket)
}

/// `310/jujud`; `-` when unknown or nobody.
fn owner(text: &str) -> Option<Owner> {
    let (pid, name) = text.trim_ascii().split_once('/')?;
    Some(Owner { name: name.into(), pid: Some(pid.parse().ok()?), fd: None })
}

/// What stands before the timer, and the timer: `kind (seconds/retransmits/probes)`. A kind that
/// is not known gives none.
fn timer(text: &str) -> Option<(&str, Option<Timer>)> {
    let (before, values) = text.rsplit_once(" (")?;
    let (before, kind) = before.rsplit_once(' ').unwrap_or(("", before));
    let mut values = values.trim_end_matches(')').split('/');
    let (seconds, retransmits, probes) = (values.next()?, values.next()?, values.next()?);
    let seconds: f64 = seconds.parse().ok()?;
    let ms = (seconds * 1000.0).round().max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    let expires_ms = if ms < 1e15 { ms as u64 } else { return None };
    let (retransmits, probes) = (retransmits.parse().ok()?, probes.parse().ok()?);
    let (kind, retrans) = match kind {
        "off" => (TimerKind::Off, 0),
        "on" => (TimerKind::Retransmit, retransmits),
        "keepalive" => (TimerKind::Keepalive, probes),
        "timewait" => (TimerKind::TimeWait, 0),
        "probe" => (TimerKind::Probe, probes),
        _ => return Some((before, None)),
    };
    Some((before, Some(Timer { kind, expires_ms, retrans })))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      0          80701      328/sshd: /usr/sbin  off (0.00/0/0)
tcp        0      0 10.0.0.121:38602        10.0.0.217:17070        ESTABLISHED 1000       85685      310/jujud            keepalive (9.55/0/3)
tcp        0      9 10.0.0.121:38604        10.0.0.217:17070        ESTABLISHED 1000       85689      310/jujud            on (0.20/2/0)
tcp        0      0 10.0.0.121:35100        10.0.0.119:3306         TIME_WAIT   0          0          -                    timewait (10.04/0/0)
tcp6       0      0 :::8200                 :::*                    LISTEN      0          353329     8589/vault           off (0.00/0/0)
udp        0      0 127.0.0.53:53           0.0.0.0:*                           101        62669      187/systemd-resolve  off (0.00/0/0)
Active UNIX domain sockets (servers and established)
Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path
unix  2      [ ACC ]     STREAM     LISTENING     82075    256/corosync         @quorum@@
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_columns() {
        let rows = parse(SAMPLE).unwrap();
        assert_eq!(rows.problems, []);
        let [listen, estab, sending, tw, v6, udp] = &rows.rows[..] else { panic!("six sockets") };
        assert_eq!(&*listen.owners[0].name, "sshd: /usr/sbin");
        assert_eq!((listen.uid, listen.inode), (Some(0), Some(80701)));
        let timer = Timer { kind: TimerKind::Keepalive, expires_ms: 9550, retrans: 3 };
        assert_eq!(
            (estab.timer, estab.owners[0].pid, estab.line),
            (Some(timer), Some(310), Some(4))
        );
        let timer = Timer { kind: TimerKind::Retransmit, expires_ms: 200, retrans: 2 };
        assert_eq!((sending.timer, sending.send_queue), (Some(timer), Some(9)));
        assert_eq!((tw.state, tw.uid, tw.owners.len()), (State::TimeWait, None, 0));
        assert!(v6.is_v6 && v6.local.addr.is_unspecified());
        assert_eq!((udp.protocol, udp.state, udp.timer), (Protocol::Udp, State::Close, None));
        assert_eq!((udp.uid, udp.owners[0].pid), (Some(101), Some(187)));
    }

    #[test]
    fn fewer_columns() {
        let text = "Proto Recv-Q Send-Q Local Address  Foreign Address  State\ntcp 0 0 10.0.0.1:1 10.0.0.2:2 ESTABLISHED\n";
        let s = parse(text).unwrap().rows.remove(0);
        assert_eq!((s.timer, s.uid, s.owners.len()), (None, None, 0));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        let rows = parse(&SAMPLE.replace("10.0.0.121:38602", "host:38602")).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (5, Some(4)));
    }
}
