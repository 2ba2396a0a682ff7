//! What the socket methods (M3, M4, M8) need to know about a TCP socket, whatever told it:
//! `inet_diag`, `ss`, `netstat` or `/proc/net/tcp`.

use std::net::SocketAddr;

/// State of a TCP socket (`net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Established.
    Established,
    /// SYN sent, no answer yet.
    SynSent,
    /// SYN received, handshake under way (request sockets too).
    SynReceived,
    /// Closed by us, our FIN not acknowledged.
    FinWait1,
    /// Closed by us and acknowledged; the peer has not closed.
    FinWait2,
    /// Closed by us first; the port is kept for 60 s.
    TimeWait,
    /// No connection.
    Close,
    /// Closed by the peer; the application has not closed.
    CloseWait,
    /// Closed by both; our FIN not acknowledged.
    LastAck,
    /// Waiting for connections.
    Listen,
    /// Both closed at once.
    Closing,
}

impl State {
    /// The state by its number in the kernel.
    #[must_use]
    pub const fn from_number(n: u8) -> Option<Self> {
        Some(match n {
            1 => Self::Established,
            2 => Self::SynSent,
            // 12 is TCP_NEW_SYN_RECV: a request socket.
            3 | 12 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Close,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ => return None,
        })
    }

    /// The word that `ss` prints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Established => "ESTAB",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECV",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::Close => "UNCONN",
            Self::CloseWait => "CLOSE-WAIT",
            Self::LastAck => "LAST-ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
        }
    }
}

/// The timer that runs on a socket; a socket has one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// None: nothing in flight, and no keepalive wanted.
    Off,
    /// Retransmission (also loss probes); hides whether keepalive is on.
    Retransmit,
    /// Keepalive.
    Keepalive,
    /// End of TIME-WAIT (also of FIN-WAIT-2 without a process).
    TimeWait,
    /// Zero window probe; hides whether keepalive is on.
    Persist,
}

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

/// One TCP socket. Addresses are canonical: IPv4 inside IPv6 is IPv4.
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
    fn numbers_are_the_kernels() {
        let words: Vec<&str> = (1..=12).map(|n| State::from_number(n).unwrap().as_str()).collect();
        assert_eq!(words[0], "ESTAB");
        assert_eq!(words[5], "TIME-WAIT");
        assert_eq!(words[9], "LISTEN");
        assert_eq!(words[11], "SYN-RECV");
        assert_eq!(State::from_number(0), None);
        assert_eq!(State::from_number(13), None);
    }

    #[test]
    fn remote_is_another_host() {
        assert!(example(State::Established, "10.0.0.1:5", "10.0.0.2:80").is_remote());
        assert!(!example(State::Established, "10.0.0.1:5", "10.0.0.1:80").is_remote());
        assert!(!example(State::Established, "[::1]:5", "[::1]:80").is_remote());
    }
}
