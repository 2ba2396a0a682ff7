//! Memory of TCP sockets: readers that are too slow here, and at the other end.
//!
//! A process that does not read fills its receive buffer; then the window closes, and the sender
//! waits. Both are seen: the first in what a socket holds, the second in the time for which a
//! connection had data and was held up by its peer's window.

use crate::absence::{Absence, Reason};

use super::super::super::method::num::{from_i64, ratio};
use super::super::super::method::socket::{Buffers, HeldUp, Socket, State};
use super::super::super::netns::{BufferedSocket, SocketBuffers};
use super::connections::{Looks, Pair};
use super::greatest::greatest;
use super::{Book, One};

/// Sockets listed at most.
const MAX_ROWS: usize = 20;
/// Part of a receive buffer from which it counts as full: a window is closed before what is
/// accounted reaches the whole of it.
const FULL: f64 = 0.8;
/// Part of its busy time for which a connection is held up, from which it is worth a word.
const HELD_UP: f64 = 0.5;
/// Busy for less says nothing of what holds a connection up.
const BUSY_MS: u32 = 1000;

/// One socket while it is judged.
struct Judged<'a> {
    socket: &'a Socket,
    buffers: Buffers,
    is_slow_reader: bool,
    /// Between the looks, or of the connection's life.
    held_up: Option<HeldUp>,
    drops: Option<i64>,
}

/// What the sockets hold; `None` where none of them tells.
pub(super) fn buffers(looks: &Looks<'_>) -> Option<(SocketBuffers, Vec<u64>)> {
    let mut out = SocketBuffers::default();
    let (mut by_peer, mut by_buffer, mut untold) = (0, 0, 0);
    let judged = looks.all.iter().filter_map(|pair| judged(pair, looks.span_s.is_some()));
    let judged = judged.filter_map(|j| {
        out.sockets += 1;
        let held = held(&j.buffers);
        out.held_bytes = out.held_bytes.saturating_add(held);
        out.slow_readers += i64::from(j.is_slow_reader);
        untold += i64::from(j.socket.flow.is_none_or(|f| f.held_up.is_none()));
        let (peer, buffer) = (j.is_held_up(|h| h.by_peer_ms), j.is_held_up(|h| h.by_buffer_ms));
        by_peer += i64::from(peer);
        by_buffer += i64::from(buffer);
        let rank = (j.is_slow_reader || peer || buffer, held);
        // Most of very many hold nothing.
        (held > 0).then_some((rank, (j.socket.local, j.socket.remote), j))
    });
    let shown: Vec<Judged<'_>> = greatest(judged).take(MAX_ROWS).map(|(_, j)| j).collect();
    let inodes = shown.iter().map(|j| j.socket.inode).collect();
    out.largest = shown.iter().map(Judged::fact).collect();
    let tells = out.sockets == 0 || untold < out.sockets;
    (out.held_up_by_peer, out.held_up_by_buffer) =
        (tells.then_some(by_peer), tells.then_some(by_buffer));
    // Without a connection there is nothing to tell, and nothing held.
    let none = !looks.all.iter().any(|pair| has_buffers(pair.now.state));
    (out.sockets > 0 || none).then_some((out, inodes))
}

/// Whether a socket of this state has buffers of its own: half of one, before and after, has none.
fn has_buffers(state: State) -> bool {
    !matches!(state, State::Listen | State::SynRecv | State::TimeWait)
}

fn judged<'a>(pair: &Pair<'a>, two: bool) -> Option<Judged<'a>> {
    let socket = pair.now;
    let buffers = socket.buffers.filter(|_| has_buffers(socket.state))?;
    let is_slow_reader = is_full(socket)
        && if two { pair.before.is_some_and(is_full) } else { socket.receive_queue > Some(0) };
    let of = |s: &Socket| s.flow.and_then(|f| f.held_up);
    // One that was opened between the looks has lived there alone.
    let before = pair.before.and_then(of).unwrap_or_default();
    let held_up = of(socket).map(|now| HeldUp {
        busy_ms: now.busy_ms.saturating_sub(before.busy_ms),
        by_peer_ms: now.by_peer_ms.saturating_sub(before.by_peer_ms),
        by_buffer_ms: now.by_buffer_ms.saturating_sub(before.by_buffer_ms),
    });
    let dropped = |s: &Socket| s.buffers.and_then(|b| b.drops).map(i64::from);
    let before = pair.before.map_or(Some(0), dropped);
    let drops = dropped(socket).filter(|_| two).zip(before).map(|(now, before)| now - before);
    Some(Judged { socket, buffers, is_slow_reader, held_up, drops: drops.filter(|n| *n >= 0) })
}

fn is_full(s: &Socket) -> bool {
    let full = |b: Buffers| receive_ratio(&b).is_some_and(|r| r >= FULL);
    s.receive_queue > Some(0) && s.buffers.is_some_and(full)
}

fn receive_ratio(b: &Buffers) -> Option<f64> {
    ratio(b.received_bytes.into(), b.receive_buffer_bytes.into())
}

fn held(b: &Buffers) -> i64 {
    i64::from(b.received_bytes) + i64::from(b.queued_bytes)
}

impl Judged<'_> {
    fn part(&self, of: impl Fn(&HeldUp) -> u32) -> Option<f64> {
        let held_up = self.held_up.filter(|h| h.busy_ms >= BUSY_MS)?;
        ratio(from_i64(of(&held_up).into()), from_i64(held_up.busy_ms.into()))
    }

    /// It still has something to send, and stood still for most of the time.
    fn is_held_up(&self, of: impl Fn(&HeldUp) -> u32) -> bool {
        self.socket.send_queue_bytes > 0 && self.part(of).is_some_and(|part| part >= HELD_UP)
    }

    fn fact(&self) -> BufferedSocket {
        let (s, b) = (self.socket, &self.buffers);
        BufferedSocket {
            name: format!("{} - {}", s.local, s.remote),
            state: s.state.as_str().to_owned(),
            process: None,
            held_bytes: held(b),
            received_bytes: b.received_bytes.into(),
            receive_ratio: receive_ratio(b),
            receive_buffer_bytes: b.receive_buffer_bytes.into(),
            queued_bytes: b.queued_bytes.into(),
            send_buffer_bytes: b.send_buffer_bytes.into(),
            is_slow_reader: self.is_slow_reader,
            held_up_by_peer_ratio: self.part(|h| h.by_peer_ms),
            held_up_by_buffer_ratio: self.part(|h| h.by_buffer_ms),
            drops: self.drops,
        }
    }
}

impl One<'_> {
    /// Names of processes, and why what lacks does.
    pub(super) fn buffers_named(
        &self,
        found: Option<(SocketBuffers, Vec<u64>)>,
        book: &mut Book,
    ) -> Option<SocketBuffers> {
        let fact = format!("{}.buffers", self.fact);
        let Some((mut buffers, inodes)) = found else {
            let why = "the source tells no memory of sockets";
            book.absent(fact, Absence::new(Reason::NotCollected, why));
            return None;
        };
        for (row, inode) in buffers.largest.iter_mut().zip(inodes) {
            row.process = self.owners.name(inode).map(str::to_owned);
        }
        let untold = || Absence::new(Reason::Missing, "the kernel does not tell it (4.9)");
        for (field, value) in [
            ("held_up_by_peer", buffers.held_up_by_peer),
            ("held_up_by_buffer", buffers.held_up_by_buffer),
        ] {
            if value.is_none() {
                book.absent(format!("{fact}.{field}"), untold());
            }
        }
        let idle = || Absence::new(Reason::NotApplicable, "busy for less than a second");
        for (i, row) in buffers.largest.iter().enumerate() {
            let busy = if buffers.held_up_by_peer.is_some() { idle() } else { untold() };
            let drops = "not read twice, or the kernel does not tell it (4.7)";
            for (field, known, why) in [
                ("process", row.process.is_some(), self.owners.why().clone()),
                (
                    "receive_ratio",
                    row.receive_ratio.is_some(),
                    Absence::new(Reason::Missing, "the source tells no buffer"),
                ),
                ("held_up_by_peer_ratio", row.held_up_by_peer_ratio.is_some(), busy.clone()),
                ("held_up_by_buffer_ratio", row.held_up_by_buffer_ratio.is_some(), busy),
                ("drops", row.drops.is_some(), Absence::new(Reason::TooFewSamples, drops)),
            ] {
                if !known {
                    book.absent(format!("{fact}.largest.{i}.{field}"), why);
                }
            }
        }
        Some(buffers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::method::socket::{Flow, example};
    use super::*;

    fn socket(port: u16, received: u32, queued: u32, held_up: HeldUp) -> Socket {
        let flow = Flow { held_up: Some(held_up), ..Flow::default() };
        Socket {
            receive_queue: Some(received / 2),
            send_queue_bytes: queued,
            flow: Some(flow),
            buffers: Some(Buffers {
                received_bytes: received,
                receive_buffer_bytes: 1000,
                queued_bytes: queued,
                send_buffer_bytes: 5000,
                drops: Some(received / 100),
            }),
            ..example(State::Established, &format!("10.0.0.1:{port}"), "10.0.0.9:80")
        }
    }

    fn times(busy_ms: u32, by_peer_ms: u32, by_buffer_ms: u32) -> HeldUp {
        HeldUp { busy_ms, by_peer_ms, by_buffer_ms }
    }

    fn of(now: &[Socket], before: Option<&[Socket]>) -> SocketBuffers {
        buffers(&Looks::of(now, before.map(|b| (b, 60.0)))).unwrap().0
    }

    #[test]
    fn a_reader_is_slow_when_its_buffer_is_full_at_both_looks() {
        let idle = HeldUp::default();
        let now = [socket(1, 900, 0, idle), socket(2, 900, 0, idle), socket(3, 0, 0, idle)];
        let before = [socket(1, 800, 0, idle), socket(2, 799, 0, idle), socket(3, 900, 0, idle)];
        let two = of(&now, Some(&before));
        assert_eq!((two.sockets, two.slow_readers, two.held_bytes), (3, 1, 1800));
        let names: Vec<(&str, bool)> =
            two.largest.iter().map(|s| (s.name.as_str(), s.is_slow_reader)).collect();
        assert_eq!(
            names,
            [("10.0.0.1:1 - 10.0.0.9:80", true), ("10.0.0.1:2 - 10.0.0.9:80", false)]
        );
        assert_eq!((two.largest[0].receive_ratio, two.largest[0].drops), (Some(0.9), Some(1)));
        assert_eq!((of(&now, None).slow_readers, of(&now, None).largest[0].drops), (2, None));
    }

    #[test]
    fn what_holds_a_connection_up_is_counted_between_the_looks() {
        let before = [socket(1, 0, 0, times(9000, 9000, 0)), socket(2, 0, 50, times(0, 0, 0))];
        let now = [
            // Held up long ago, not now.
            socket(1, 0, 10, times(11_000, 9900, 0)),
            socket(2, 0, 50, times(2000, 1000, 0)),
            // Opened since.
            socket(3, 0, 90, times(2000, 0, 1500)),
            // Not busy for long enough to say.
            socket(4, 0, 90, times(900, 900, 0)),
            // Nothing left to send.
            socket(5, 0, 0, times(5000, 5000, 0)),
        ];
        let found = of(&now, Some(&before));
        assert_eq!((found.held_up_by_peer, found.held_up_by_buffer), (Some(1), Some(1)));
        let ratios: Vec<_> = found.largest.iter().map(|s| s.held_up_by_peer_ratio).collect();
        assert_eq!(ratios, [Some(0.0), Some(0.5), None, Some(0.45)]);
        assert_eq!(of(&now, None).held_up_by_peer, Some(2), "in their lives");
    }

    #[test]
    fn a_host_without_connections_has_sockets_that_hold_nothing() {
        let listener = [example(State::Listen, "0.0.0.0:80", "0.0.0.0:0")];
        for sockets in [&listener[..], &[]] {
            let found = of(sockets, None);
            assert_eq!((found.sockets, found.held_bytes), (0, 0));
            assert_eq!(found.held_up_by_peer, Some(0));
        }
    }

    #[test]
    fn what_the_source_does_not_tell_is_not_zero() {
        let bare = [example(State::Established, "10.0.0.1:1", "10.0.0.9:80")];
        assert!(buffers(&Looks::of(&bare, None)).is_none());
        let old = [Socket { flow: Some(Flow::default()), ..socket(1, 5, 5, HeldUp::default()) }];
        assert_eq!(of(&old, None).held_up_by_peer, None);
    }
}
