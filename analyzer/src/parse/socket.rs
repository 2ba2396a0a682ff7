//! The one record of a socket, whoever told of it: netlink, `ss`, `netstat` or `/proc/net/tcp`.
//!
//! The sources differ in what they tell, so that nearly everything is an `Option`. Best is
//! netlink ([`super::inet_diag`]): it alone tells timers in milliseconds and idle times.

use std::net::IpAddr;

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// State of a socket: the numbers of `include/net/tcp_states.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// `ESTAB`.
    Established,
    /// `SYN-SENT`.
    SynSent,
    /// `SYN-RECV`.
    SynRecv,
    /// `FIN-WAIT-1`.
    FinWait1,
    /// `FIN-WAIT-2`.
    FinWait2,
    /// `TIME-WAIT`.
    TimeWait,
    /// `UNCONN`: closed, or a UDP socket without a peer.
    Close,
    /// `CLOSE-WAIT`.
    CloseWait,
    /// `LAST-ACK`.
    LastAck,
    /// `LISTEN`.
    Listen,
    /// `CLOSING`.
    Closing,
    /// Bound and not yet connected or listening (6.7).
    BoundInactive,
}

/// States by kernel number (from 1), `ss` word and `netstat` word.
const STATES: [(u8, State, &str, &str); 13] = [
    (1, State::Established, "ESTAB", "ESTABLISHED"),
    (2, State::SynSent, "SYN-SENT", "SYN_SENT"),
    (3, State::SynRecv, "SYN-RECV", "SYN_RECV"),
    (4, State::FinWait1, "FIN-WAIT-1", "FIN_WAIT1"),
    (5, State::FinWait2, "FIN-WAIT-2", "FIN_WAIT2"),
    (6, State::TimeWait, "TIME-WAIT", "TIME_WAIT"),
    (7, State::Close, "UNCONN", "CLOSE"),
    (8, State::CloseWait, "CLOSE-WAIT", "CLOSE_WAIT"),
    (9, State::LastAck, "LAST-ACK", "LAST_ACK"),
    (10, State::Listen, "LISTEN", "LISTEN"),
    (11, State::Closing, "CLOSING", "CLOSING"),
    (13, State::BoundInactive, "BOUND-INACTIVE", "BOUND_INACTIVE"),
    (12, State::SynRecv, "NEW-SYN-RECV", "NEW_SYN_RECV"),
];

impl State {
    /// From the kernel's number; 12, a request socket, is SYN-RECV.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        STATES.iter().find(|s| s.0 == n).map(|s| s.1)
    }

    /// From the word of `ss` or `netstat`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        STATES.iter().find(|s| s.2 == word || s.3 == word).map(|s| s.1)
    }

    /// The word of `ss`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        STATES.iter().find(|s| s.1 == self).map_or("", |s| s.2)
    }
}

/// Address and port. IPv4 addresses mapped into IPv6 are IPv4 here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Address; unspecified (`0.0.0.0`, `::`) for any.
    pub addr: IpAddr,
    /// Port; 0 for any.
    pub port: u16,
}

impl Endpoint {
    /// With a mapped IPv4 address unwrapped.
    #[must_use]
    pub fn new(addr: IpAddr, port: u16) -> Self {
        Self { addr: addr.to_canonical(), port }
    }
}

/// Which timer of a socket runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// None. On an established connection without data in flight: `SO_KEEPALIVE` is off.
    Off,
    /// Retransmission; of a SYN-ACK in SYN-RECV.
    Retransmit,
    /// Keepalive (or the FIN-WAIT-2 timeout of an orphan).
    Keepalive,
    /// End of TIME-WAIT.
    TimeWait,
    /// Zero-window probe.
    Probe,
}

impl TimerKind {
    /// From the number of `inet_diag` and `/proc/net/tcp`.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        let all = [Self::Off, Self::Retransmit, Self::Keepalive, Self::TimeWait, Self::Probe];
        all.get(usize::from(n)).copied()
    }
}

/// The timer of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Which.
    pub kind: TimerKind,
    /// Time until it fires. From text, rounded as the tool rounds.
    pub expires_ms: u64,
    /// Retransmissions without answer; for keepalive and probe timers, probes without answer.
    pub retrans: u64,
}

/// What a file descriptor of a socket belongs to, as `ss -p` and `netstat -p` tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Command name.
    pub name: Box<str>,
    /// Process.
    pub pid: Option<u32>,
    /// File descriptor.
    pub fd: Option<u32>,
}

/// Name of a congestion control algorithm, at most 15 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Congestion([u8; 16]);

impl Congestion {
    /// From its bytes, which end at the first zero.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut out = [0; 16];
        let printable = name.iter().take_while(|b| **b != 0).filter(|b| b.is_ascii_graphic());
        for (to, from) in out.iter_mut().zip(printable) {
            *to = *from;
        }
        (out != [0; 16]).then_some(Self(out))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('\0')
    }
}

/// Memory of a socket (`skmem`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketMemory {
    /// Received and not yet read.
    pub receive_bytes: u64,
    /// Receive buffer.
    pub receive_buffer_bytes: u64,
    /// Handed to the device, not yet freed.
    pub transmit_bytes: u64,
    /// Send buffer.
    pub send_buffer_bytes: u64,
    /// Allocated ahead.
    pub forward_bytes: u64,
    /// Queued for sending.
    pub queued_bytes: u64,
    /// Options and filters.
    pub option_bytes: u64,
    /// In the backlog.
    pub backlog_bytes: Option<u64>,
    /// Packets dropped (4.7).
    pub drops: Option<u64>,
}

/// What `struct tcp_info` tells. Fields that came with later kernels are `None` on older ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Retransmissions of the oldest segment so far.
    pub retransmits: u32,
    /// Unanswered probes.
    pub probes: u32,
    /// Doublings of the timeout.
    pub backoff: u32,
    /// Both ends use timestamps.
    pub timestamps: bool,
    /// Retransmission timeout.
    pub rto_us: Option<u32>,
    /// Smoothed round-trip time; `None` before the first measurement.
    pub rtt_us: Option<u32>,
    /// Its mean deviation.
    pub rttvar_us: Option<u32>,
    /// Smallest round-trip time (4.6).
    pub min_rtt_us: Option<u32>,
    /// Segment size for sending.
    pub mss_bytes: Option<u32>,
    /// Congestion window in segments.
    pub cwnd: Option<u32>,
    /// Slow-start threshold in segments; `None` while it is unlimited.
    pub ssthresh: Option<u32>,
    /// Segments in flight; for LISTEN the length of the accept queue.
    pub unacked: u32,
    /// Segments acknowledged selectively; for LISTEN the limit of the accept queue.
    pub sacked: u32,
    /// Segments taken for lost.
    pub lost: u32,
    /// Retransmitted segments in flight.
    pub retrans: u32,
    /// Retransmissions of the connection's life.
    pub total_retrans: u32,
    /// Since data was sent.
    pub last_data_sent_ms: u32,
    /// Since data was received.
    pub last_data_recv_ms: u32,
    /// Since an acknowledgement was received.
    pub last_ack_recv_ms: u32,
    /// Acknowledged by the peer (4.1).
    pub acked_bytes: Option<u64>,
    /// Received (4.1).
    pub received_bytes: Option<u64>,
    /// Segments sent (4.2).
    pub segs_out: Option<u32>,
    /// Segments received (4.2).
    pub segs_in: Option<u32>,
    /// Queued and not yet sent (4.6).
    pub not_sent_bytes: Option<u32>,
    /// Segments with data sent (4.6).
    pub data_segs_out: Option<u32>,
    /// Rate at which data arrived at the peer (4.9).
    pub delivery_bytes_per_s: Option<u64>,
    /// Time with data in flight or queued (4.9).
    pub busy_us: Option<u64>,
    /// Part of it limited by the peer's window (4.9).
    pub receive_window_limited_us: Option<u64>,
    /// Part of it limited by the send buffer (4.9).
    pub send_buffer_limited_us: Option<u64>,
    /// Sent, retransmissions included (4.19).
    pub sent_bytes: Option<u64>,
    /// Retransmitted (4.19).
    pub retrans_bytes: Option<u64>,
    /// Retransmission timeouts (6.7).
    pub total_rto: Option<u32>,
}

impl TcpInfo {
    /// Time since the last packet that a box in the path surely saw: data or acknowledgement, in
    /// or out (`idle_l4`).
    #[must_use]
    pub fn idle_ms(&self) -> u32 {
        self.last_data_sent_ms.min(self.last_data_recv_ms).min(self.last_ack_recv_ms)
    }
}

/// One socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// Protocol.
    pub protocol: Protocol,
    /// State.
    pub state: State,
    /// An IPv6 socket, even if it speaks IPv4.
    pub is_v6: bool,
    /// Local end.
    pub local: Endpoint,
    /// Remote end.
    pub remote: Endpoint,
    /// Index of the interface it is bound to.
    pub interface: Option<u32>,
    /// Name of that interface, from text sources.
    pub interface_name: Option<Box<str>>,
    /// Timer; `None` where the source does not tell timers.
    pub timer: Option<Timer>,
    /// Bytes to be read; for LISTEN the length of the accept queue.
    pub recv_queue: Option<u64>,
    /// Bytes not acknowledged; for LISTEN the limit of the accept queue.
    pub send_queue: Option<u64>,
    /// Owner; `None` for mini sockets (TIME-WAIT, some FIN-WAIT-2, SYN-RECV) and orphans.
    pub uid: Option<u32>,
    /// Inode, which `/proc/PID/fd` names; `None` as for `uid`.
    pub inode: Option<u64>,
    /// Identity of the socket as long as it lives.
    pub cookie: Option<u64>,
    /// Owning processes, where the tool tells them.
    pub owners: Vec<Owner>,
    /// TCP's own account.
    pub info: Option<TcpInfo>,
    /// Memory.
    pub memory: Option<SocketMemory>,
    /// Congestion control.
    pub congestion: Option<Congestion>,
    /// Packets dropped for want of room (UDP).
    pub drops: Option<u64>,
    /// Line, in text sources.
    pub line: Option<u32>,
}

impl Socket {
    /// A socket of which only the ends and the state are known.
    #[must_use]
    pub fn new(protocol: Protocol, state: State, local: Endpoint, remote: Endpoint) -> Self {
        Self {
            protocol,
            state,
            is_v6: local.addr.is_ipv6(),
            local,
            remote,
            interface: None,
            interface_name: None,
            timer: None,
            recv_queue: None,
            send_queue: None,
            uid: None,
            inode: None,
            cookie: None,
            owners: Vec::new(),
            info: None,
            memory: None,
            congestion: None,
            drops: None,
            line: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_number_and_word() {
        assert_eq!(State::from_number(6), Some(State::TimeWait));
        assert_eq!(State::from_number(12), Some(State::SynRecv));
        assert_eq!(State::from_word("FIN_WAIT2"), Some(State::FinWait2));
        assert_eq!(State::from_word("UNCONN"), Some(State::Close));
        assert_eq!((State::SynRecv.as_str(), State::from_number(0)), ("SYN-RECV", None));
    }

    #[test]
    fn mapped_addresses_are_v4() {
        let mapped = Endpoint::new("::ffff:10.0.0.1".parse().unwrap(), 80);
        assert_eq!(mapped.addr, "10.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(Congestion::new(b"cubic\0xx").unwrap().as_str(), "cubic");
        assert_eq!(Congestion::new(b"\0"), None);
    }
}
