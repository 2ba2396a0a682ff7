//! Kernel messages: `/dev/kmsg`, and the text of dmesg(1) and `journalctl -k`.
//!
//! <https://docs.kernel.org/admin-guide/abi-testing.html> (`dev-kmsg`),
//! <https://man7.org/linux/man-pages/man1/dmesg.1.html>
//!
//! ```text
//! 6,1234,1298538110,-;audit: type=1400                           /dev/kmsg
//! [ 1298.538110] audit: type=1400                                dmesg
//! [Fri Feb 11 19:20:59 2022] audit: type=1400                    dmesg -T
//! Feb 11 19:20:59 host kernel: audit: type=1400                  journalctl -k
//! ```

use super::{ParseError, Rows, lines};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelMessage {
    /// Level, 0 emergency to 7 debug; dmesg without `-x` or `-r` does not tell.
    pub level: Option<u8>,
    /// Since boot.
    pub at_us: Option<u64>,
    /// Wall clock as text, where the source has that in place of the time since boot.
    pub stamp: Option<Box<str>>,
    /// Text.
    pub text: Box<str>,
    /// Line.
    pub line: u32,
}

/// Reads all messages. Lines of another form (continuations) belong to the message before.
///
/// # Errors
/// Not one message in a text that is not empty.
pub fn parse(text: &str) -> Result<Rows<KernelMessage>, ParseError> {
    let mut rows: Rows<KernelMessage> = Rows::default();
    for (line, text) in lines(text) {
        let message = kmsg(text).or_else(|| dmesg(text)).or_else(|| journal(text));
        if let Some(message) = message {
            rows.rows.push(KernelMessage { line, ..message });
        } else if rows.rows.is_empty() && !text.is_empty() && !text.starts_with("-- ") {
            rows.problem(ParseError::new(line, text, "a kernel message"));
        }
    }
    rows.finish()
}

/// `priority,sequence,microseconds,flags[,…];text`.
fn kmsg(text: &str) -> Option<KernelMessage> {
    let (head, text) = text.split_once(';')?;
    let mut head = head.split(',');
    let priority: u32 = head.next()?.parse().ok()?;
    let _sequence: u64 = head.next()?.parse().ok()?;
    let at_us = Some(head.next()?.parse().ok()?);
    let level = u8::try_from(priority % 8).ok();
    Some(KernelMessage { level, at_us, text: text.into(), ..KernelMessage::default() })
}

/// `[seconds] text` or `[date] text`, behind `<priority>` (`-r`) or `facility:level :` (`-x`).
fn dmesg(text: &str) -> Option<KernelMessage> {
    const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
    let (before, rest) = text.split_once('[')?;
    let before = before.trim_ascii();
    let level = if before.is_empty() {
        None
    } else if let Some(priority) = before.strip_prefix('<').and_then(|p| p.strip_suffix('>')) {
        u8::try_from(priority.parse::<u32>().ok()? % 8).ok()
    } else {
        let word = before.split(':').nth(1)?.trim_ascii();
        u8::try_from(LEVELS.iter().position(|l| *l == word)?).ok()
    };
    let (time, text) = rest.split_once(']')?;
    let time = time.trim_ascii();
    let at_us = seconds(time);
    if at_us.is_none() && time.split(' ').filter(|w| !w.is_empty()).count() != 5 {
        return None;
    }
    let stamp = if at_us.is_none() { Some(time.into()) } else { None };
    let text = text.strip_prefix(' ').unwrap_or(text).into();
    Some(KernelMessage { level, at_us, stamp, text, line: 0 })
}

/// `1298.538110` as microseconds.
fn seconds(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    let micros: u64 = fraction.parse().ok().filter(|_| fraction.len() == 6)?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

/// `Feb 11 19:20:59 host kernel: text`, or an ISO date.
pub(super) fn journal(text: &str) -> Option<KernelMessage> {
    let (head, text) = text.split_once(" kernel: ")?;
    let (stamp, _host) = head.rsplit_once(' ')?;
    stamp.contains(':').then(|| KernelMessage {
        stamp: Some(stamp.into()),
        text: text.into(),
        ..KernelMessage::default()
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
6,1234,1298538110,-;audit: type=1400 apparmor=\"DENIED\"
 SUBSYSTEM=block
3,1235,1530811848,c,caller=T7;blk_update_request: I/O error, dev loop11, sector 0
";

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> KernelMessage {
        parse(text).unwrap().rows.remove(0)
    }

    #[test]
    fn device() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows.len(), rows[0].level, rows[0].at_us), (2, Some(6), Some(1_298_538_110)));
        assert_eq!((rows[1].level, rows[1].line), (Some(3), 3));
        assert!(rows[1].text.starts_with("blk_update_request"));
    }

    #[test]
    fn tools() {
        let m = one("[ 1298.538110] audit: type=1400");
        assert_eq!((m.at_us, m.level, &*m.text), (Some(1_298_538_110), None, "audit: type=1400"));
        assert_eq!(one("<4>[    0.000001] x").level, Some(4));
        assert_eq!(one("kern  :err   : [    1.000001] x").level, Some(3));
        let m = one("[Fri Feb 11 19:20:59 2022] EXT4-fs error");
        assert_eq!((m.at_us, m.stamp.as_deref()), (None, Some("Fri Feb 11 19:20:59 2022")));
        let m = one("-- Logs begin at x --\nFeb 11 19:20:59 host kernel: oom-kill: x");
        assert_eq!(
            (m.stamp.as_deref(), &*m.text, m.line),
            (Some("Feb 11 19:20:59"), "oom-kill: x", 2)
        );
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("dmesg: read kernel buffer failed: Operation not permitted\n").is_err());
    }
}
