//! What the socket methods (M3, M4, M8) need to know about a TCP socket, whatever told it:
//! `inet_diag`, `ss`, `netstat` or `/proc/net/tcp`.

use std::net::SocketAddr;

use crate::parse::socket as parsed;
pub use parsed::{State, TimerKind as Timer};

/// Times since the last packets of a connection, as `tcp_info` tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Since data was sent.
    pub sent_ms: u32,
    /// Since data was received.
    pub received_ms: u32,
    /// Since an acknowledgement was received.
    pub ack_ms: u32,
}

/// What a connection knows of its path, as `tcp_info` tells it. Compact: there are many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Smoothed round-trip time; 0 before the first measurement.
    pub rtt_us: u32,
    /// Retransmission timeout as it stands, backoff included; 0 where the source does not tell.
    pub rto_us: u32,
    /// Segments in flight.
    pub unacked: u32,
    /// Segments sent again in the connection's life.
    pub total_retrans: u32,
    /// Segments sent in its life (4.2); 0 where the kernel does not tell.
    pub segs_out: u32,
    /// Congestion window in segments; 0 where the source does not tell.
    pub cwnd: u32,
    /// Doublings of the timeout.
    pub backoff: u8,
    /// Smallest round-trip time (4.6); 0 where the kernel does not tell.
    pub rtt_min_us: u32,
    /// Bytes that the peer has acknowledged (4.1); 0 where the kernel does not tell.
    pub acked_bytes: u64,
    /// Bytes sent in its life, those sent again included (4.19); 0 where the kernel does not tell.
    pub sent_bytes: u64,
    /// Of these sent again.
    pub again_bytes: u64,
    /// What held it up; `None` before 4.9.
    pub held_up: Option<HeldUp>,
}

/// For how long a connection had something to send in its life, and what stopped it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldUp {
    /// Data was in flight or queued.
    pub busy_ms: u32,
    /// Of this, the peer's window was full: it reads too slowly.
    pub by_peer_ms: u32,
    /// Of this, the own send buffer was full, and nothing else in the way.
    pub by_buffer_ms: u32,
}

/// What a socket holds in its buffers, as the kernel accounts it (`skmem`): with the overhead of
/// packets, so that a queue of small ones fills a buffer before its bytes do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Received and not read.
    pub received_bytes: u32,
    /// Most of it.
    pub receive_buffer_bytes: u32,
    /// Queued for sending, or sent and not acknowledged.
    pub queued_bytes: u32,
    /// Most of it.
    pub send_buffer_bytes: u32,
    /// Segments dropped since the socket was made (4.7).
    pub drops: Option<u32>,
}

/// One TCP socket, without what only reports show: a busy host has 100,000 of them. Addresses are
/// canonical: IPv4 inside IPv6 is IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// State.
    pub state: State,
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port.
    pub remote: SocketAddr,
    /// Timer; `None` when the source does not tell.
    pub timer: Option<Timer>,
    /// Time left on the timer.
    pub expires_ms: u32,
    /// Retransmissions; for keepalive and persist timers: probes without an answer.
    pub retries: u8,
    /// Silence; `None` when the source does not tell.
    pub silence: Option<Silence>,
    /// Its path; `None` when the source does not tell.
    pub flow: Option<Flow>,
    /// Bytes sent and not acknowledged, or queued; saturates.
    pub send_queue_bytes: u32,
    /// Inode; 0 for sockets that no process owns any more.
    pub inode: u64,
    /// Bytes to be read; for LISTEN the length of the accept queue.
    pub receive_queue: Option<u32>,
    /// Bytes not acknowledged; for LISTEN the limit of the accept queue.
    pub send_queue: Option<u32>,
    /// Smoothed round-trip time.
    pub rtt_us: Option<u32>,
    /// Both ends use timestamps; `None` when the source does not tell.
    pub timestamps: Option<bool>,
    /// Its buffers; `None` when the source does not tell.
    pub buffers: Option<Buffers>,
}

impl Socket {
    /// The part of a parsed socket that the methods need.
    #[must_use]
    pub fn of(s: &parsed::Socket) -> Self {
        let timer = s.timer.as_ref();
        Self {
            state: s.state,
            local: SocketAddr::new(s.local.addr, s.local.port),
            remote: SocketAddr::new(s.remote.addr, s.remote.port),
            timer: timer.map(|t| t.kind),
            expires_ms: timer.map_or(0, |t| narrow(t.expires_ms)),
            retries: retries(s),
            silence: s.info.as_ref().map(|i| Silence {
                sent_ms: i.last_data_sent_ms,
                received_ms: i.last_data_recv_ms,
                ack_ms: i.last_ack_recv_ms,
            }),
            flow: s.info.as_ref().map(flow),
            send_queue_bytes: narrow(s.send_queue.unwrap_or(0)),
            inode: s.inode.unwrap_or(0),
            receive_queue: s.recv_queue.map(narrow),
            send_queue: s.send_queue.map(narrow),
            rtt_us: s.info.as_ref().and_then(|i| i.rtt_us),
            timestamps: s.info.as_ref().map(|i| i.timestamps),
            buffers: s.memory.as_ref().map(buffers),
        }
    }

    /// Another host is at the other end, as far as addresses tell.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        let (local, remote) = (self.local.ip(), self.remote.ip());
        !local.is_loopback() && !remote.is_loopback() && local != remote
    }
}

fn flow(i: &parsed::TcpInfo) -> Flow {
    Flow {
        rtt_us: i.rtt_us.unwrap_or(0),
        rto_us: i.rto_us.unwrap_or(0),
        unacked: i.unacked,
        total_retrans: i.total_retrans,
        segs_out: i.segs_out.unwrap_or(0),
        cwnd: i.cwnd.unwrap_or(0),
        backoff: u8::try_from(i.backoff).unwrap_or(u8::MAX),
        rtt_min_us: i.min_rtt_us.unwrap_or(0),
        acked_bytes: i.acked_bytes.unwrap_or(0),
        sent_bytes: i.sent_bytes.unwrap_or(0),
        again_bytes: i.retrans_bytes.unwrap_or(0),
        // ss leaves out what is 0, also where the kernel tells it.
        held_up: i.busy_us.or(i.sent_bytes.map(|_| 0)).map(|busy_us| HeldUp {
            busy_ms: narrow(busy_us / 1000),
            by_peer_ms: narrow(i.receive_window_limited_us.unwrap_or(0) / 1000),
            by_buffer_ms: narrow(i.send_buffer_limited_us.unwrap_or(0) / 1000),
        }),
    }
}

fn buffers(m: &parsed::SocketMemory) -> Buffers {
    Buffers {
        received_bytes: narrow(m.receive_bytes),
        receive_buffer_bytes: narrow(m.receive_buffer_bytes),
        queued_bytes: narrow(m.queued_bytes),
        send_buffer_bytes: narrow(m.send_buffer_bytes),
        drops: m.drops.map(narrow),
    }
}

/// Saturates: what is counted in 32 bits is far below.
fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Retransmissions or probes without an answer. Between the expiry of its timer and the next
/// arming a connection shows no timer; its own account still tells.
fn retries(s: &parsed::Socket) -> u8 {
    let of_timer = s.timer.as_ref().map_or(0, |t| t.retrans);
    let own = s.info.as_ref().filter(|_| s.state == State::SynSent);
    let most = of_timer.max(own.map_or(0, |i| i.retransmits.into()));
    u8::try_from(most).unwrap_or(u8::MAX)
}

#[cfg(test)]
pub(in crate::facts) fn example(state: State, local: &str, remote: &str) -> Socket {
    Socket {
        state,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        timer: Some(Timer::Off),
        expires_ms: 0,
        retries: 0,
        silence: None,
        flow: None,
        send_queue_bytes: 0,
        inode: 0,
        receive_queue: Some(0),
        send_queue: Some(0),
        rtt_us: None,
        timestamps: None,
        buffers: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_is_another_host() {
        assert!(example(State::Established, "10.0.0.1:5", "10.0.0.2:80").is_remote());
        assert!(!example(State::Established, "10.0.0.1:5", "10.0.0.1:80").is_remote());
        assert!(!example(State::Established, "[::1]:5", "[::1]:80").is_remote());
    }
}
