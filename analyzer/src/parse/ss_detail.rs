//! The details of a socket as ss(8) prints them behind its addresses: `-p -o -e -m -i`.
//!
//! <https://man7.org/linux/man-pages/man8/ss.8.html>, section "STANDARD OUTPUT"
//!
//! ```text
//! users:(("sshd",pid=1231,fd=3)) timer:(on,204ms,0) uid:101 ino:62669 sk:3 cubic rto:204 rtt:0.5/0.2
//! ```

use super::socket::{Congestion, Owner, Protocol, Socket, SocketMemory, TcpInfo, Timer, TimerKind};

/// Words of a line, where a parenthesised group is part of its word: `users:(("a b",pid=1,fd=2))`.
pub(super) struct Words<'a>(pub(super) &'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_ascii_start();
        let end = if text.starts_with("users:((") {
            text.find("))").map(|at| at + 2)
        } else {
            text.bytes().position(|b| b.is_ascii_whitespace())
        };
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

/// Reads what is known of `text` into the socket.
pub(super) fn read(socket: &mut Socket, text: &str) {
    let mut words = Words(text);
    let mut uid = None;
    while let Some(word) = words.next() {
        match word.split_once(':') {
            Some(("users", owners)) => socket.owners = self::owners(owners),
            Some(("timer", timer)) => socket.timer = self::timer(timer).or(socket.timer),
            Some(("uid", n)) => uid = n.parse().ok(),
            Some(("ino", n)) => {
                // `ss` leaves out `uid:` for root; mini sockets and orphans have inode 0.
                socket.inode = n.parse().ok().filter(|n| *n != 0);
                socket.uid = socket.inode.map(|_| uid.unwrap_or(0));
            }
            Some(("sk", n)) => socket.cookie = u64::from_str_radix(n, 16).ok(),
            Some(("skmem", m)) => memory(socket, m),
            Some((key, value)) if socket.protocol == Protocol::Tcp => tcp(socket, key, value),
            Some(_) => {}
            None => bare(socket, word, &mut words),
        }
    }
}

/// A word without a colon: a flag, a rate with its value behind it, or the congestion control.
fn bare(socket: &mut Socket, word: &str, words: &mut Words<'_>) {
    match word {
        "ts" => socket.info.get_or_insert_default().timestamps = true,
        "sack" | "ecn" | "ecnseen" | "fastopen" | "app_limited" | "<->" | "-->" | "<--" | "---" => {
        }
        "send" | "pacing_rate" => drop(words.next()),
        "delivery_rate" => {
            let rate = words.next().and_then(bits_per_s);
            socket.info.get_or_insert_default().delivery_bytes_per_s = rate;
        }
        name if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
            socket.congestion = socket.congestion.or(Congestion::new(name.as_bytes()));
        }
        _ => {}
    }
}

/// `(("sshd",pid=1231,fd=3),("x",pid=1,fd=4))`, of old `(("sshd",1231,3))`. Names may hold
/// anything, so that a name ends at the `",` before a number.
fn owners(text: &str) -> Vec<Owner> {
    let mut owners = Vec::new();
    let parts = text.trim_start_matches("((").trim_end_matches("))").split("),(\"");
    for part in parts {
        let part = part.trim_start_matches('"');
        let Some((name, ids)) = part.rsplit_once("\",") else { continue };
        let mut ids = ids.split(',').filter_map(|id| {
            let number = id.rsplit_once('=').map_or(id, |(_, n)| n);
            let wanted = !id.contains('=') || id.starts_with("pid=") || id.starts_with("fd=");
            wanted.then(|| number.parse().ok())
        });
        let (pid, fd) = (ids.next().flatten(), ids.next().flatten());
        owners.push(Owner { name: name.into(), pid, fd });
    }
    owners
}

/// `(keepalive,4.996ms,0)`.
fn timer(text: &str) -> Option<Timer> {
    let mut parts = text.trim_matches(['(', ')']).split(',');
    let kind = match parts.next()? {
        "on" => TimerKind::Retransmit,
        "keepalive" => TimerKind::Keepalive,
        "timewait" => TimerKind::TimeWait,
        "persist" => TimerKind::Probe,
        "off" => TimerKind::Off,
        _ => return None,
    };
    let expires_ms = duration_ms(parts.next()?)?;
    Some(Timer { kind, expires_ms, retrans: parts.next()?.parse().ok()? })
}

/// `ss` prints 4996 ms as `4.996ms`, meaning seconds before the point; also `996ms`, `19sec`,
/// `1min13sec`, `119min`, and nothing for 0.
fn duration_ms(text: &str) -> Option<u64> {
    let (minutes, rest) = match text.split_once("min") {
        Some((minutes, rest)) => (minutes.parse().ok()?, rest),
        None => (0u64, text),
    };
    let ms = if let Some(seconds) = rest.strip_suffix("sec") {
        let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
        whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths(part)?)?
    } else if let Some(ms) = rest.strip_suffix("ms") {
        let (whole, part) = ms.split_once('.').unwrap_or(("0", ms));
        let part = if ms.contains('.') { thousandths(part)? } else { part.parse().ok()? };
        whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)?
    } else if rest.is_empty() {
        0
    } else {
        return None;
    };
    minutes.checked_mul(60_000)?.checked_add(ms)
}

/// Digits behind a decimal point, as thousandths.
fn thousandths(digits: &str) -> Option<u64> {
    let padded: String = digits.chars().chain("000".chars()).take(3).collect();
    padded.parse().ok()
}

/// `(r0,rb131072,t0,tb3939840,f0,w0,o0,bl0,d0)`.
fn memory(socket: &mut Socket, text: &str) {
    let mut m = SocketMemory::default();
    for part in text.trim_matches(['(', ')']).split(',') {
        let at = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
        let Some((key, Ok(n))) = part.split_at_checked(at).map(|(k, n)| (k, n.parse())) else {
            continue;
        };
        match key {
            "r" => m.receive_bytes = n,
            "rb" => m.receive_buffer_bytes = n,
            "t" => m.transmit_bytes = n,
            "tb" => m.send_buffer_bytes = n,
            "f" => m.forward_bytes = n,
            "w" => m.queued_bytes = n,
            "o" => m.option_bytes = n,
            "bl" => m.backlog_bytes = Some(n),
            "d" => m.drops = Some(n),
            _ => {}
        }
    }
    if socket.protocol == Protocol::Udp {
        socket.drops = m.drops;
    }
    socket.memory = Some(m);
}

/// One `key:value` of `-i`.
fn tcp(socket: &mut Socket, key: &str, value: &str) {
    let n = || value.parse().ok();
    let mut info = socket.info.unwrap_or_default();
    match key {
        "rto" => info.rto_us = us(value),
        "backoff" => info.backoff = n().unwrap_or(0),
        "rtt" => {
            let (rtt, var) = value.split_once('/').unwrap_or((value, ""));
            (info.rtt_us, info.rttvar_us) = (us(rtt), us(var));
        }
        "minrtt" => info.min_rtt_us = us(value),
        "mss" => info.mss_bytes = n(),
        "cwnd" => info.cwnd = n(),
        "ssthresh" => info.ssthresh = n(),
        "unacked" => info.unacked = n().unwrap_or(0),
        "sacked" => info.sacked = n().unwrap_or(0),
        "lost" => info.lost = n().unwrap_or(0),
        "retrans" => {
            let (now, total) = value.split_once('/').unwrap_or((value, ""));
            info.retrans = now.parse().unwrap_or(0);
            info.total_retrans = total.parse().unwrap_or(0);
        }
        "lastsnd" => info.last_data_sent_ms = n().unwrap_or(0),
        "lastrcv" => info.last_data_recv_ms = n().unwrap_or(0),
        "lastack" => info.last_ack_recv_ms = n().unwrap_or(0),
        "bytes_sent" => info.sent_bytes = value.parse().ok(),
        "bytes_retrans" => info.retrans_bytes = value.parse().ok(),
        "bytes_acked" => info.acked_bytes = value.parse().ok(),
        "bytes_received" => info.received_bytes = value.parse().ok(),
        "segs_out" => info.segs_out = n(),
        "segs_in" => info.segs_in = n(),
        "data_segs_out" => info.data_segs_out = n(),
        "notsent" => info.not_sent_bytes = n(),
        "busy" => info.busy_us = busy_us(value),
        "rwnd_limited" => info.receive_window_limited_us = busy_us(value),
        "sndbuf_limited" => info.send_buffer_limited_us = busy_us(value),
        _ => return,
    }
    socket.info = Some::<TcpInfo>(info);
}

/// Milliseconds with a fraction as microseconds.
fn us(text: &str) -> Option<u32> {
    let us = (text.parse::<f64>().ok()? * 1000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    (0.0..4e9).contains(&us).then_some(us as u32)
}

/// `12ms(3.4%)`.
fn busy_us(text: &str) -> Option<u64> {
    text.split_once("ms")?.0.parse::<u64>().ok()?.checked_mul(1000)
}

/// `32768000000bps`, `1.2Mbps`: bits a second, as bytes a second.
fn bits_per_s(text: &str) -> Option<u64> {
    let rate = text.strip_suffix("bps")?;
    let (digits, factor) = [('K', 1e3), ('M', 1e6), ('G', 1e9), ('T', 1e12)]
        .iter()
        .find_map(|(unit, factor)| Some((rate.strip_suffix(*unit)?, *factor)))
        .unwrap_or((rate, 1.0));
    let bytes = digits.parse::<f64>().ok()? * factor / 8.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::super::ss;
    use super::*;

    fn one(details: &str) -> Socket {
        let row = format!("tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 {details}");
        ss::parse(&row).unwrap().rows.remove(0)
    }

    #[test]
    fn tcp_details() {
        let s = one(
            "skmem:(r0,rb131072,t0,tb87040,f4096,w0,o0,bl0,d3) ts sack cubic wscale:7,7 rto:1234.5 \
            backoff:2 rtt:0.026/0.014 ato:40 mss:1448 cwnd:10 ssthresh:7 bytes_sent:5 bytes_acked:6 \
            send 1.2Mbps lastsnd:472 lastack:3 pacing_rate 1bps/2bps delivery_rate 1.6Mbps busy:12ms \
            rwnd_limited:4ms(33.3%) unacked:1 retrans:1/5 lost:1 minrtt:0.008 new_field:7",
        );
        let i = s.info.unwrap();
        assert_eq!((i.rto_us, i.rtt_us, i.rttvar_us), (Some(1_234_500), Some(26), Some(14)));
        assert_eq!((i.min_rtt_us, i.mss_bytes, i.ssthresh), (Some(8), Some(1448), Some(7)));
        assert_eq!((i.retrans, i.total_retrans, i.backoff), (1, 5, 2));
        assert_eq!((i.last_data_sent_ms, i.last_data_recv_ms, i.last_ack_recv_ms), (472, 0, 3));
        assert_eq!((i.busy_us, i.receive_window_limited_us), (Some(12000), Some(4000)));
        assert_eq!((i.delivery_bytes_per_s, i.segs_out), (Some(200_000), None));
        assert_eq!(s.congestion.unwrap().as_str(), "cubic");
        assert_eq!(s.memory.unwrap().drops, Some(3));
        assert!(i.timestamps);
    }

    #[test]
    fn identity() {
        let s = one("uid:1000 ino:5 sk:ff cgroup:/system.slice/x v6only:0 -->");
        assert_eq!((s.uid, s.inode, s.cookie), (Some(1000), Some(5), Some(255)));
        assert_eq!((one("ino:5 sk:1").uid, one("uid:7 ino:0 sk:1").uid), (Some(0), None));
        assert_eq!((s.info, s.protocol), (None, Protocol::Tcp));
    }
}
