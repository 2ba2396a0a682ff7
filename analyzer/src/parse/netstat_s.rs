//! Output of `netstat -s`: protocol counters in English.
//!
//! <https://man7.org/linux/man-pages/man8/netstat.8.html>
//!
//! ```text
//! Tcp:
//!     136 segments retransmitted
//! TcpExt:
//!     Quick ack mode was activated 4 times
//!     TCPTimeouts: 214
//! ```
//!
//! Counters end under the kernel's names, as [`super::net_snmp`] has them: `Tcp.RetransSegs`. A
//! sentence that the table does not know is left out; a counter that the tool does not print is
//! absent, which for many of `TcpExt` means that it is zero: `netstat` leaves zeros out there.

use super::{Counters, ParseError, lines};

/// Sentences without their number, and the kernel's name. Spellings of all versions.
const SENTENCES: &[(&str, &str)] = &[
    ("total packets received", "Ip.InReceives"),
    ("with invalid headers", "Ip.InHdrErrors"),
    ("with invalid addresses", "Ip.InAddrErrors"),
    ("forwarded", "Ip.ForwDatagrams"),
    ("incoming packets discarded", "Ip.InDiscards"),
    ("incoming packets delivered", "Ip.InDelivers"),
    ("requests sent out", "Ip.OutRequests"),
    ("outgoing packets dropped", "Ip.OutDiscards"),
    ("dropped because of missing route", "Ip.OutNoRoutes"),
    ("fragments dropped after timeout", "Ip.ReasmTimeout"),
    ("packet reassembles failed", "Ip.ReasmFails"),
    ("packet reassemblies failed", "Ip.ReasmFails"),
    ("fragments failed", "Ip.FragFails"),
    ("active connection openings", "Tcp.ActiveOpens"),
    ("active connections openings", "Tcp.ActiveOpens"),
    ("passive connection openings", "Tcp.PassiveOpens"),
    ("failed connection attempts", "Tcp.AttemptFails"),
    ("connection resets received", "Tcp.EstabResets"),
    ("connections established", "Tcp.CurrEstab"),
    ("segments received", "Tcp.InSegs"),
    ("segments sent out", "Tcp.OutSegs"),
    ("segments send out", "Tcp.OutSegs"),
    ("segments retransmitted", "Tcp.RetransSegs"),
    ("segments retransmited", "Tcp.RetransSegs"),
    ("bad segments received", "Tcp.InErrs"),
    ("bad segments received.", "Tcp.InErrs"),
    ("resets sent", "Tcp.OutRsts"),
    ("packets received", "Udp.InDatagrams"),
    ("packets to unknown port received", "Udp.NoPorts"),
    ("packets to unknown port received.", "Udp.NoPorts"),
    ("packet receive errors", "Udp.InErrors"),
    ("packets sent", "Udp.OutDatagrams"),
    ("receive buffer errors", "Udp.RcvbufErrors"),
    ("send buffer errors", "Udp.SndbufErrors"),
    ("SYN cookies sent", "TcpExt.SyncookiesSent"),
    ("SYN cookies received", "TcpExt.SyncookiesRecv"),
    ("invalid SYN cookies received", "TcpExt.SyncookiesFailed"),
    ("resets received for embryonic SYN_RECV sockets", "TcpExt.EmbryonicRsts"),
    ("packets pruned from receive queue because of socket buffer overrun", "TcpExt.PruneCalled"),
    ("packets pruned from receive queue", "TcpExt.RcvPruned"),
    ("packets collapsed in receive queue due to low socket buffer", "TcpExt.TCPRcvCollapsed"),
    ("TCP sockets finished time wait in fast timer", "TcpExt.TW"),
    ("time wait sockets recycled by time stamp", "TcpExt.TWRecycled"),
    ("TCP sockets finished time wait in slow timer", "TcpExt.TWKilled"),
    ("passive connections rejected because of time stamp", "TcpExt.PAWSPassive"),
    ("active connections rejected because of time stamp", "TcpExt.PAWSActive"),
    ("packets rejected in established connections because of timestamp", "TcpExt.PAWSEstab"),
    ("packets rejects in established connections because of timestamp", "TcpExt.PAWSEstab"),
    ("delayed acks sent", "TcpExt.DelayedACKs"),
    ("Quick ack mode was activated times", "TcpExt.DelayedACKLost"),
    ("times the listen queue of a socket overflowed", "TcpExt.ListenOverflows"),
    ("SYNs to LISTEN sockets dropped", "TcpExt.ListenDrops"),
    ("SYNs to LISTEN sockets ignored", "TcpExt.ListenDrops"),
    ("times recovered from packet loss by selective acknowledgements", "TcpExt.TCPSackRecovery"),
    ("times recovered from packet loss due to SACK data", "TcpExt.TCPSackRecovery"),
    ("timeouts after SACK recovery", "TcpExt.TCPSackFailures"),
    ("timeouts in loss state", "TcpExt.TCPLossFailures"),
    ("fast retransmits", "TcpExt.TCPFastRetrans"),
    ("forward retransmits", "TcpExt.TCPForwardRetrans"),
    ("retransmits in slow start", "TcpExt.TCPSlowStartRetrans"),
    ("other TCP timeouts", "TcpExt.TCPTimeouts"),
    ("DSACKs sent for old packets", "TcpExt.TCPDSACKOldSent"),
    ("DSACKs received", "TcpExt.TCPDSACKRecv"),
    ("connections reset due to unexpected data", "TcpExt.TCPAbortOnData"),
    ("connections reset due to early user close", "TcpExt.TCPAbortOnClose"),
    ("connections aborted due to memory pressure", "TcpExt.TCPAbortOnMemory"),
    ("connections aborted due to timeout", "TcpExt.TCPAbortOnTimeout"),
    ("connections aborted after user close in linger timeout", "TcpExt.TCPAbortOnLinger"),
    ("times unable to send RST due to no memory", "TcpExt.TCPAbortFailed"),
    ("TCP ran low on memory times", "TcpExt.TCPMemoryPressures"),
];

/// Reads all counters that have a kernel's name. A message above ("error parsing
/// /proc/net/netstat") and nested histograms are left out.
///
/// # Errors
/// No section, or no known counter.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    let mut counters = Counters::default();
    let mut section = "";
    let mut depth = usize::MAX;
    for (_, text) in lines(text) {
        let indent = text.bytes().take_while(u8::is_ascii_whitespace).count();
        let entry = text.trim_ascii();
        if indent == 0 {
            section = entry.strip_suffix(':').unwrap_or("");
            depth = usize::MAX;
            continue;
        }
        // The first entry of a section sets its depth; what is deeper belongs to a histogram.
        depth = depth.min(indent);
        if section.is_empty() || indent > depth {
            continue;
        }
        if let Some((name, value)) = entry.split_once(": ") {
            if let (false, Ok(value)) = (name.contains(' '), value.parse()) {
                counters.set(&format!("{section}.{name}"), value);
            }
        } else if let Some((sentence, value)) = sentence(entry) {
            let of_section = |name: &str| name.split('.').next() == Some(section);
            let known = SENTENCES.iter().find(|(s, name)| *s == sentence && of_section(name));
            if let Some((_, name)) = known {
                counters.set(name, value);
            }
        }
    }
    if counters.is_empty() {
        return Err(ParseError::new(None, text, "sections of counters: Tcp:, TcpExt:"));
    }
    Ok(counters)
}

/// A sentence without its first number.
fn sentence(entry: &str) -> Option<(String, i64)> {
    let mut value = None;
    let mut words = Vec::new();
    for word in entry.split_ascii_whitespace() {
        match word.parse::<i64>() {
            Ok(n) if value.is_none() => value = Some(n),
            _ => words.push(word),
        }
    }
    Some((words.join(" "), value?))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
error parsing /proc/net/netstat: Success
Ip:
    Forwarding: 1
    3345722 total packets received
Icmp:
    1454 ICMP messages received
    ICMP input histogram:
        destination unreachable: 1454
IcmpMsg:
        InType3: 1454
Tcp:
    90002 active connection openings
    1 connection resets received
    3220344 segments sent out
    136 segments retransmitted
Udp:
    319252 packets received
    IgnoredMulti: 278
TcpExt:
    Quick ack mode was activated 4 times
    8 fast retransmits
    TCPTimeouts: 214
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_14_values_first_middle_and_last() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!((c.get("Tcp.RetransSegs"), c.get("Tcp.OutSegs")), (Some(136), Some(3_220_344)));
        assert_eq!(
            (c.get("TcpExt.DelayedACKLost"), c.get("TcpExt.TCPTimeouts")),
            (Some(4), Some(214))
        );
        assert_eq!(
            (c.get("Udp.InDatagrams"), c.get("Udp.IgnoredMulti")),
            (Some(319_252), Some(278))
        );
        assert_eq!(
            (c.get("Ip.InReceives"), c.get("IcmpMsg.InType3")),
            (Some(3_345_722), Some(1454))
        );
    }

    #[test]
    fn item_14_histograms_and_the_leading_error_are_left_out() {
        let c = parse(SAMPLE).unwrap();
        assert!(c.iter().all(|(name, _)| !name.contains("destination") && !name.contains("error")));
        let old = parse("Tcp:\n    7 segments retransmited\n    5 segments send out\n").unwrap();
        assert_eq!((old.get("Tcp.RetransSegs"), old.get("Tcp.OutSegs")), (Some(7), Some(5)));
        assert!(parse("").is_err());
        assert!(parse("Tcp:\n").is_err());
    }
}
