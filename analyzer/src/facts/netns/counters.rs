//! Protocol counters of a network namespace, with what they counted in the window.

use schemars::JsonSchema;
use serde::Serialize;

/// One counter.
#[derive(Debug, Default, Clone, Copy, Serialize, JsonSchema)]
pub struct Counter {
    /// Since boot, or since the namespace was made.
    pub total: i64,
    /// In the window. Absent with one reading, or when the counter fell.
    pub delta: Option<i64>,
    /// The same by measured time.
    pub per_s: Option<f64>,
}

/// Declares the counters once: the fact, its meaning, and the names of `/proc/net/{snmp,netstat}`
/// and `snmp6` that are summed for it.
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $field:ident = [$($key:literal),+],)+) => {
        /// Counters of `/proc/net/snmp`, `netstat` and `snmp6`. A kernel that has no such counter
        /// leaves it absent.
        #[derive(Debug, Default, Clone, Serialize, JsonSchema)]
        pub struct Counters {
            /// Measured time between the two readings.
            pub span_s: Option<f64>,
            $($(#[doc = $doc])+ pub $field: Option<Counter>,)+
        }

        impl Counters {
            /// Fills every counter from the names that it sums; tells which are absent.
            pub(crate) fn fill(
                span_s: Option<f64>,
                mut of: impl FnMut(&'static str, &[&str]) -> Option<Counter>,
            ) -> Self {
                Self { span_s, $($field: of(stringify!($field), &[$($key),+]),)+ }
            }
        }
    };
}

counters! {
    /// Connections opened from here.
    active_opens = ["Tcp.ActiveOpens"],
    /// Connections accepted.
    passive_opens = ["Tcp.PassiveOpens"],
    /// Attempts that failed: refused, or given up.
    attempt_fails = ["Tcp.AttemptFails"],
    /// Connections reset while established, or in CLOSE-WAIT.
    estab_resets = ["Tcp.EstabResets"],
    /// Resets sent.
    out_resets = ["Tcp.OutRsts"],
    /// Segments received.
    in_segments = ["Tcp.InSegs"],
    /// Segments sent, without those sent again.
    out_segments = ["Tcp.OutSegs"],
    /// Segments sent again.
    retrans_segments = ["Tcp.RetransSegs"],
    /// SYN and SYN-ACK sent again (3.10).
    syn_retrans = ["TcpExt.TCPSynRetrans"],
    /// Connections dropped because the accept queue was full.
    listen_overflows = ["TcpExt.ListenOverflows"],
    /// SYN dropped by listeners for any reason, overflows included.
    listen_drops = ["TcpExt.ListenDrops"],
    /// SYN dropped because the queue of half-open connections was full.
    request_queue_full_drops = ["TcpExt.TCPReqQFullDrop"],
    /// SYN answered with a cookie because that queue was full.
    request_queue_full_cookies = ["TcpExt.TCPReqQFullDoCookies"],
    /// SYN cookies sent.
    syncookies_sent = ["TcpExt.SyncookiesSent"],
    /// Valid cookies that came back.
    syncookies_received = ["TcpExt.SyncookiesRecv"],
    /// Cookies that came back and were not valid.
    syncookies_failed = ["TcpExt.SyncookiesFailed"],
    /// Connections that ended their TIME-WAIT.
    time_waits = ["TcpExt.TW"],
    /// TIME-WAIT ports taken over by new connections.
    time_waits_reused = ["TcpExt.TWRecycled"],
    /// Connections ended without TIME-WAIT because `tcp_max_tw_buckets` was reached.
    time_wait_overflows = ["TcpExt.TCPTimeWaitOverflow"],
    /// SYN dropped for an old timestamp (`tcp_tw_recycle`).
    paws_passive_rejected = ["TcpExt.PAWSPassive"],
    /// Segments of open connections dropped for an old timestamp.
    paws_estab_rejected = ["TcpExt.PAWSEstab"],
    /// Connections dropped for want of memory.
    aborts_on_memory = ["TcpExt.TCPAbortOnMemory"],
    /// Connections given up after all retransmissions or probes.
    aborts_on_timeout = ["TcpExt.TCPAbortOnTimeout"],
    /// Connections reset because the application closed them with data unread.
    aborts_on_close = ["TcpExt.TCPAbortOnClose"],
    /// Receive queues pruned because their buffer was full.
    receive_pruned = ["TcpExt.PruneCalled"],
    /// Segments dropped from receive queues for want of buffer, after pruning did not help.
    receive_prune_drops = ["TcpExt.RcvPruned"],
    /// Segments dropped because the receive queue was full (4.16).
    receive_queue_drops = ["TcpExt.TCPRcvQDrop"],
    /// Times that TCP entered memory pressure (3.10).
    memory_pressures = ["TcpExt.TCPMemoryPressures"],
    /// UDP datagrams delivered.
    udp_in = ["Udp.InDatagrams", "Udp6InDatagrams"],
    /// UDP datagrams sent.
    udp_out = ["Udp.OutDatagrams", "Udp6OutDatagrams"],
    /// UDP datagrams dropped because the receive buffer of the socket, or UDP memory, was full.
    udp_receive_buffer_errors = ["Udp.RcvbufErrors", "Udp6RcvbufErrors"],
    /// UDP datagrams not sent because the send buffer was full.
    udp_send_buffer_errors = ["Udp.SndbufErrors", "Udp6SndbufErrors"],
}
