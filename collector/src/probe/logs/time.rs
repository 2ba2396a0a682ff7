//! When a log line was written. Each program has a form of its own:
//!
//! ```text
//! Nov 23 04:48:01 host haproxy[7]: …              syslog: local time, no year
//! 2026-11-23T04:48:01.123456+09:00 host app: …    RFC 5424, journald, MySQL
//! 2026-11-23 04:48:01.123 UTC [77] ERROR: …       PostgreSQL, RabbitMQ, Java
//! 2026/11/23 04:48:01 [error] 7#7: …              nginx
//! [Mon Nov 23 04:48:01.123456 2026] [core:err] …  Apache
//! 7:M 23 Nov 2026 04:48:01.123 # …                Redis
//! [23-Nov-2026 04:48:01] WARNING: …               PHP-FPM; 23/Nov/2026:04:48:01 +0900 access logs
//! ```
//!
//! All have a time `HH:MM:SS` with the date right before it; what stands around tells the rest.

use crate::clock::{civil_of, days_of};

/// Bytes of a line in which its time must stand.
const HEAD_BYTES: usize = 96;
const DAY_S: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a time without a year or a zone is told by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Wall clock.
    pub unix_s: i64,
    /// East of UTC.
    pub utc_offset_s: i64,
}

/// Seconds since 1970 of a line, if it tells a date and a time at its beginning.
pub(super) fn unix_s(line: &[u8], now: Now) -> Option<i64> {
    let head = line.get(..HEAD_BYTES.min(line.len()))?;
    let digit = |k: Option<usize>| k.and_then(|k| head.get(k)).is_some_and(u8::is_ascii_digit);
    let mut times = head.windows(8).enumerate().filter(|(_, w)| is_time(w));
    let (at, _) = times.find(|(k, _)| !digit(k.checked_sub(1)) && !digit(Some(k + 8)))?;
    let head: String = head.iter().map(|b| char::from(*b)).filter(char::is_ascii).collect();
    // Bytes that are no ASCII stand behind the time, or the line is of no known form.
    let (before, rest) = head.split_at_checked(at)?;
    let (time, after) = rest.split_at_checked(8)?;
    let mut clock = time.split(':').map(|n| n.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let after = after.trim_start_matches(|c: char| matches!(c, '.' | ',') || c.is_ascii_digit());
    let offset = zone(after).unwrap_or(now.utc_offset_s);
    let of_day = hour * 3600 + minute * 60 + second - offset;
    let words: Vec<&str> = before
        .trim_end_matches(['T', ' ', ':'])
        .split([' ', '-', '/', '[', ':', '<', '>', '"'])
        .filter(|word| !word.is_empty())
        .collect();
    let days = match *words.as_slice() {
        [.., year, month, day] if is_year(year) => date(year, month, day)?,
        [.., day, month, year] if is_year(year) => date(year, month, day)?,
        [.., weekday, month, day] if is_weekday(weekday) && is_year(word(after)) => {
            date(word(after), month, day)?
        }
        [.., month, day] => {
            let (year, ..) = civil_of(now.unix_s + now.utc_offset_s);
            let this = date(&year.to_string(), month, day)?;
            // A date that is still to come is of last year: the log of a new year's eve.
            if this * DAY_S + of_day > now.unix_s + DAY_S {
                date(&(year - 1).to_string(), month, day)?
            } else {
                this
            }
        }
        _ => return None,
    };
    Some(days * DAY_S + of_day)
}

fn is_time(w: &[u8]) -> bool {
    w.iter().enumerate().all(|(k, b)| if k % 3 == 2 { *b == b':' } else { b.is_ascii_digit() })
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u16>().is_ok_and(|year| (1970..2200).contains(&year))
}

fn is_weekday(text: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&text)
}

fn word(text: &str) -> &str {
    text.trim_start().split([' ', ']']).next().unwrap_or_default()
}

fn date(year: &str, month: &str, day: &str) -> Option<i64> {
    let month = match MONTHS.iter().position(|name| *name == month) {
        Some(k) => i64::try_from(k).ok()? + 1,
        None => month.parse().ok()?,
    };
    let day: i64 = day.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(days_of(year.parse().ok()?, month, day))
}

/// `Z`, `UTC`, `GMT`, `+09:00`, `+0900`; nothing of these: local time.
fn zone(after: &str) -> Option<i64> {
    let text = after.trim_start();
    if text.starts_with('Z') || text.starts_with("UTC") || text.starts_with("GMT") {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').take(4).collect();
    let digits: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (digits / 100 * 3600 + digits % 100 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_all_programs_tell_the_same_moment() {
        // 2026-11-23 04:48:01 in Seoul.
        let now = Now { unix_s: 1_795_380_000, utc_offset_s: 32_400 };
        let moment = 1_795_376_881;
        for line in [
            "Nov 23 04:48:01 host haproxy[7]: backend down",
            "<3>Nov 23 04:48:01 host haproxy[7]: backend down",
            "2026-11-23T04:48:01.123456+09:00 host app: x",
            "2026-11-22T19:48:01Z 0 [ERROR] x",
            "2026-11-22 19:48:01.123 UTC [77] ERROR: x",
            "2026-11-23 04:48:01,123 ERROR [main] x",
            "2026-11-23 04:48:01.123 [error] <0.7.0> x",
            "2026/11/23 04:48:01 [error] 7#7: *1 connect() failed",
            "[Mon Nov 23 04:48:01.123456 2026] [core:error] [pid 7] x",
            "7:M 23 Nov 2026 04:48:01.123 # x",
            "[23-Nov-2026 04:48:01] WARNING: x",
            "10.0.0.1 - - [23/Nov/2026:04:48:01 +0900] \"GET / HTTP/1.1\" 502",
        ] {
            assert_eq!(unix_s(line.as_bytes(), now), Some(moment), "{line}");
        }
        for line in [
            "",
            "04:48:01 x",
            "no time at all",
            "Foo 23 04:48:01 x",
            "Nov 99 04:48:01 x",
            "é 04:48",
        ] {
            assert_eq!(unix_s(line.as_bytes(), now), None, "{line}");
        }
    }

    #[test]
    fn december_read_in_january_is_of_last_year() {
        let now = Now { unix_s: 1_767_225_700, utc_offset_s: 0 };
        assert_eq!(unix_s(b"Dec 31 23:59:59 h x", now), Some(1_767_225_599));
        assert_eq!(unix_s(b"Jan  1 00:00:01 h x", now), Some(1_767_225_601));
    }
}
