//! The moment of a collection as date(1) and timedatectl(1) print it.
//!
//! <https://man7.org/linux/man-pages/man1/date.1.html>,
//! <https://man7.org/linux/man-pages/man1/timedatectl.1.html>
//!
//! ```text
//! Thu Feb 10 09:51:32 UTC 2022
//!            Universal time: Thu 2022-02-10 09:52:10 UTC
//!                 Time zone: Europe/Berlin (CET, +0100)
//! ```
//!
//! Words come in any order: locales differ. Abbreviated zones other than UTC are ambiguous (`IST`
//! is three of them), so only UTC is a moment.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{ParseError, lines};

pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What timedatectl tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Seconds since 1970 UTC.
    pub unix_s: Option<i64>,
    /// Offset of local time from UTC.
    pub utc_offset_s: Option<i64>,
}

/// Reads the first line of `date --utc`, or of `date` on a host that lives in UTC: seconds since
/// 1970.
///
/// # Errors
/// Not a day and a time in UTC.
pub fn parse(text: &str) -> Result<i64, ParseError> {
    let line = text.lines().find(|l| !l.trim_ascii().is_empty()).unwrap_or_default();
    moment(line).ok_or_else(|| ParseError::new(1, line, "a day and a time in UTC"))
}

/// Reads the first line of `date` in whatever zone: the clock on the wall, as if it were UTC. Its
/// difference from `date --utc` of the same moment is the zone.
///
/// # Errors
/// Not a day and a time.
pub fn wall(text: &str) -> Result<i64, ParseError> {
    let line = text.lines().find(|l| !l.trim_ascii().is_empty()).unwrap_or_default();
    words(line).map(|(at, _)| at).ok_or_else(|| ParseError::new(1, line, "a day and a time"))
}

/// Reads what `timedatectl` prints.
///
/// # Errors
/// Neither a universal time nor a time zone.
pub fn timedatectl(text: &str) -> Result<Clock, ParseError> {
    let mut clock = Clock::default();
    for (_, line) in lines(text) {
        match line.split_once(':').map(|(key, value)| (key.trim_ascii(), value)) {
            Some(("Universal time", value)) => clock.unix_s = moment(value),
            Some(("Time zone", value)) => clock.utc_offset_s = offset(value),
            _ => {}
        }
    }
    if clock == Clock::default() {
        return Err(ParseError::new(None, text, "`Universal time: …` or `Time zone: …`"));
    }
    Ok(clock)
}

fn moment(line: &str) -> Option<i64> {
    words(line).filter(|(_, utc)| *utc).map(|(at, _)| at)
}

/// The day and time that stand in a line, as if in UTC, and whether it says that they are.
fn words(line: &str) -> Option<(i64, bool)> {
    let (mut year, mut month, mut day, mut time) = (None, None, None, None);
    let (mut afternoon, mut utc) = (None, false);
    for word in line.split_ascii_whitespace().map(|w| w.trim_end_matches(',')) {
        if let Ok(date) = word.parse::<Date>() {
            (year, month, day) = (Some(date.year()), Some(date.month()), Some(date.day()));
        } else if word.contains(':') {
            time = Some(clock(word)?);
        } else if let Some(at) = MONTHS.iter().position(|m| *m == word) {
            month = Some(i8::try_from(at + 1).ok()?);
        } else if let Ok(number) = word.parse::<i16>() {
            match i8::try_from(number) {
                Ok(number) => day = Some(number),
                Err(_) => year = Some(number),
            }
        } else {
            match word {
                "AM" => afternoon = Some(false),
                "PM" => afternoon = Some(true),
                "UTC" | "GMT" => utc = true,
                _ => {}
            }
        }
    }
    let (hour, minute, second) = time?;
    let hour = match afternoon {
        Some(false) => hour % 12,
        Some(true) => hour % 12 + 12,
        None => hour,
    };
    let date = Date::new(year?, month?, day?).ok()?;
    // A leap second is the one before it here.
    let time = Time::new(hour, minute, second.min(59), 0).ok()?;
    let at = DateTime::from_parts(date, time).to_zoned(TimeZone::UTC).ok()?;
    Some((at.timestamp().as_second(), utc))
}

/// `09:51:32`.
fn clock(word: &str) -> Option<(i8, i8, i8)> {
    let mut parts = word.split(':').map(|p| p.parse::<i8>().ok().filter(|n| *n >= 0));
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// `Europe/Berlin (CET, +0100)`.
fn offset(zone: &str) -> Option<i64> {
    let (_, offset) = zone.rsplit_once(", ")?;
    let offset = offset.trim_ascii().strip_suffix(')')?;
    let digits = offset.trim_start_matches(['+', '-']);
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    Some(if offset.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "Thu Feb 10 09:51:32 UTC 2022\n";

#[cfg(test)]
pub(super) const TIMEDATECTL: &str = "\
               Local time: Thu 2022-02-10 09:52:10 UTC
           Universal time: Thu 2022-02-10 09:52:10 UTC
                 RTC time: n/a
                Time zone: Etc/UTC (UTC, +0000)
System clock synchronized: yes
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_utc() {
        assert_eq!(parse(SAMPLE).unwrap(), 1_644_486_692);
        assert_eq!(parse("Thu 10 Feb 2022 09:51:32 PM UTC\n").unwrap(), 1_644_529_892);
        for not in ["", "Thu Feb 10 09:51:32 CET 2022", "Thu Feb 30 09:51:32 UTC 2022", "9:5 UTC"] {
            assert!(parse(not).is_err(), "{not}");
        }
    }

    #[test]
    fn the_wall_shows_another_time() {
        assert_eq!(wall("Thu Feb 10 10:51:32 CET 2022\n").unwrap(), 1_644_486_692 + 3600);
        assert_eq!(wall(SAMPLE), parse(SAMPLE));
        assert!(wall("Thu Feb 10\n").is_err());
    }

    #[test]
    fn timedatectl_knows_the_zone() {
        let clock = timedatectl(TIMEDATECTL).unwrap();
        assert_eq!((clock.unix_s, clock.utc_offset_s), (Some(1_644_486_730), Some(0)));
        let west = timedatectl("Time zone: America/St_Johns (NST, -0330)\n").unwrap();
        assert_eq!((west.unix_s, west.utc_offset_s), (None, Some(-12_600)));
        assert!(timedatectl("Failed to connect to bus\n").is_err());
    }
}
