//! Wall-clock stamps of log lines, which lack the year, the zone, or both.
//!
//! <https://www.rfc-editor.org/rfc/rfc3164> (section 4.1.2), journalctl(1) (`-o short-iso`)
//!
//! ```text
//! Feb 11 19:20:59                  syslog: local time, no year
//! 2022-02-11T19:20:59+0000         journalctl -o short-iso
//! 2022-02-11T19:20:59.123456+09:00 rsyslog
//! Fri Feb 11 19:20:59 2022         dmesg -T: local time
//! ```

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::date::MONTHS;

/// A moment as far as its text tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Year, where the text has one.
    year: Option<i16>,
    month: i8,
    day: i8,
    time: Time,
    /// Offset from UTC, where the text has one.
    offset_s: Option<i32>,
}

impl Stamp {
    /// Seconds since 1970, for a log that was taken at `taken_unix_s` on a host `host_offset_s`
    /// east of UTC. A stamp without a year is of the last twelve months.
    #[must_use]
    pub fn unix_s(&self, taken_unix_s: i64, host_offset_s: Option<i32>) -> Option<i64> {
        let offset = Offset::from_seconds(self.offset_s.or(host_offset_s)?).ok()?;
        let zone = TimeZone::fixed(offset);
        let of_year = |year: i16| -> Option<i64> {
            let date = Date::new(year, self.month, self.day).ok()?;
            let moment = DateTime::from_parts(date, self.time).to_zoned(zone.clone()).ok()?;
            Some(moment.timestamp().as_second())
        };
        if let Some(year) = self.year {
            return of_year(year);
        }
        let taken = jiff::Timestamp::from_second(taken_unix_s).ok()?.to_zoned(zone.clone());
        // A clock may run a little ahead of the log that was just taken.
        let known = |unix: i64| unix <= taken_unix_s.saturating_add(3600);
        of_year(taken.year())
            .filter(|unix| known(*unix))
            .or_else(|| of_year(taken.year().checked_sub(1)?))
    }
}

/// Reads a stamp; `None` for any other text.
#[must_use]
pub fn parse(text: &str) -> Option<Stamp> {
    iso(text.trim_ascii()).or_else(|| words(text))
}

/// `2022-02-11T19:20:59+0000`.
fn iso(text: &str) -> Option<Stamp> {
    let (date, rest) = text.split_once('T')?;
    let date: Date = date.parse().ok()?;
    let at = rest.find(['+', '-', 'Z']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(at)?;
    let offset_s = match zone {
        "" => None,
        "Z" => Some(0),
        zone => Some(offset(zone)?),
    };
    Some(Stamp {
        year: Some(date.year()),
        month: date.month(),
        day: date.day(),
        time: time.parse().ok()?,
        offset_s,
    })
}

/// `+0900` or `+09:00` in seconds.
fn offset(zone: &str) -> Option<i32> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i32 = hours.parse().ok()?;
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_mul(sign)
}

/// `[Fri] Feb 11 19:20:59 [2022]`.
fn words(text: &str) -> Option<Stamp> {
    let (mut year, mut month, mut day, mut time) = (None, None, None, None);
    for word in text.split_ascii_whitespace() {
        if word.contains(':') {
            time = Some(word.parse::<Time>().ok()?);
        } else if let Some(at) = MONTHS.iter().position(|m| *m == word) {
            month = i8::try_from(at + 1).ok();
        } else if let Ok(number) = word.parse::<i16>() {
            match i8::try_from(number) {
                Ok(number) => day = Some(number),
                Err(_) => year = Some(number),
            }
        }
    }
    Some(Stamp { year, month: month?, day: day?, time: time?, offset_s: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2022-02-11 19:20:59 UTC.
    const MOMENT: i64 = 1_644_607_259;

    fn unix(text: &str, taken: i64, offset: Option<i32>) -> Option<i64> {
        parse(text)?.unix_s(taken, offset)
    }

    #[test]
    fn zones() {
        assert_eq!(unix("2022-02-11T19:20:59+0000", 0, None), Some(MOMENT));
        assert_eq!(unix("2022-02-12T04:20:59.25+09:00", 0, Some(0)), Some(MOMENT));
        assert_eq!(unix("Fri Feb 11 19:20:59 2022", 0, Some(0)), Some(MOMENT));
        assert_eq!(unix("Feb 12 04:20:59", MOMENT + 60, Some(9 * 3600)), Some(MOMENT));
        assert_eq!(unix("Feb 11 19:20:59", MOMENT, None), None, "no zone, no moment");
    }

    #[test]
    fn a_year_that_lacks_is_the_last_one_possible() {
        // Taken on 1 January 2023: the line is of December 2022.
        let taken = 1_672_531_200;
        assert_eq!(unix("Dec 31 23:00:00", taken, Some(0)), Some(taken - 3600));
        // A clock that is a minute ahead is still this year.
        assert_eq!(unix("Jan  1 00:01:00", taken, Some(0)), Some(taken + 60));
    }

    #[test]
    fn other_texts() {
        for text in ["", "Feb", "Feb 30 19:20:59", "99:99:99", "x 11 19:20:59", "T", "2022-02-11T"]
        {
            assert_eq!(unix(text, MOMENT, Some(0)), None, "{text}");
        }
    }
}
