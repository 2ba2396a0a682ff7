//! Output of uptime(1).
//!
//! <https://man7.org/linux/man-pages/man1/uptime.1.html>
//!
//! ```text
//!  19:23:40 up 40 days,  3 min,  1 user,  load average: 0.83, 0.73, 0.76
//! ```

use super::{ParseError, measure, number};

/// Time since boot to the minute, and load averages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UptimeText {
    /// Time since boot.
    pub uptime_s: u64,
    /// Users logged in.
    pub users: Option<u64>,
    /// Load average over 1 minute.
    pub one: f64,
    /// Over 5 minutes.
    pub five: f64,
    /// Over 15 minutes.
    pub fifteen: f64,
}

/// Reads the line.
///
/// # Errors
/// Not `… up …, load average: a, b, c`.
pub fn parse(text: &str) -> Result<UptimeText, ParseError> {
    let expected = || ParseError::new(1, text.trim_ascii(), "`up …, load average: a, b, c`");
    let (_, rest) = text.split_once(" up ").ok_or_else(expected)?;
    let (up, load) = rest.split_once("load average:").ok_or_else(expected)?;
    let mut users = None;
    let mut uptime_s = 0u64;
    for part in up.split(',').map(str::trim_ascii).filter(|p| !p.is_empty()) {
        let seconds = match part.split_once(' ') {
            Some((n, "day" | "days")) => number::<u64>(1, n, "days")?.checked_mul(86400),
            Some((n, "min")) => number::<u64>(1, n, "minutes")?.checked_mul(60),
            Some((n, "sec")) => Some(number(1, n, "seconds")?),
            Some((n, "user" | "users")) => {
                users = Some(number(1, n, "users")?);
                continue;
            }
            _ => {
                let (h, m) = part.split_once(':').ok_or_else(expected)?;
                let (h, m): (u64, u64) = (number(1, h, "hours")?, number(1, m, "minutes")?);
                h.checked_mul(3600).and_then(|s| s.checked_add(m.checked_mul(60)?))
            }
        };
        uptime_s = seconds.and_then(|s| uptime_s.checked_add(s)).ok_or_else(expected)?;
    }
    let mut loads = load.split(',');
    let mut load = || measure(1, loads.next().unwrap_or_default(), "load average");
    Ok(UptimeText { uptime_s, users, one: load()?, five: load()?, fifteen: load()? })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = " 19:23:40 up 25 min,  1 user,  load average: 0.83, 0.73, 0.76\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_21_all_spellings() {
        let up = |words: &str| {
            let text = format!(" 19:23:40 up {words},  2 users,  load average: 0.83, 0.73, 0.76\n");
            parse(&text).unwrap().uptime_s
        };
        assert_eq!((up("30 min"), up("5:55"), up("11:18")), (1800, 21300, 40680));
        assert_eq!(up("40 days, 3 min"), 40 * 86400 + 180);
        assert_eq!((up("1 day,  5:55"), up("40 days")), (107_700, 40 * 86400));
        let u = parse(SAMPLE).unwrap();
        assert_eq!((u.users, u.one, u.fifteen), (Some(1), 0.83, 0.76));
        assert!(parse("").is_err());
        assert!(parse("x up a:b, load average: 1, 2, 3").is_err());
        assert!(parse("x up 1:00, load average: 1, 2").is_err());
    }
}
