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
    /// Inode; 0 for sockets that no process owns any more.
    pub inode: u64,
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
            expires_ms: timer.map_or(0, |t| u32::try_from(t.expires_ms).unwrap_or(u32::MAX)),
            retries: timer.map_or(0, |t| u8::try_from(t.retrans).unwrap_or(u8::MAX)),
            silence: s.info.as_ref().map(|i| Silence {
                sent_ms: i.last_data_sent_ms,
                received_ms: i.last_data_recv_ms,
                ack_ms: i.last_ack_recv_ms,
            }),
            inode: s.inode.unwrap_or(0),
        }
    }

    /// Another host is at the other end, as far as addresses tell.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        let (local, remote) = (self.local.ip(), self.remote.ip());
        !local.is_loopback() && !remote.is_loopback() && local != remote
    }
}

#[cfg(test)]
pub(super) fn example(state: State, local: &str, remote: &str) -> Socket {
    Socket {
        state,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        timer: Some(Timer::Off),
        expires_ms: 0,
        retries: 0,
        silence: None,
        inode: 0,
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
