//! Moments as a reader needs them: in UTC, so that two hosts can be compared, and as the clock on
//! the wall of the host showed them, since that is what its logs and its people tell.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::report::units::float;

/// `2026-03-01 12:00:00 UTC` and `21:00:00 +09:00 on the host`; the second only where it is known
/// and another.
pub(super) fn both(unix_s: f64, offset_s: Option<i64>) -> Option<(String, Option<String>)> {
    if unix_s.is_nan() || unix_s.abs() >= 1e11 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let time = Timestamp::from_second(unix_s.floor() as i64).ok()?;
    let utc = time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let local = offset_s
        .filter(|o| float(*o).abs() < 93_599.0 && *o != 0)
        .and_then(|o| Offset::from_seconds(i32::try_from(o).ok()?).ok())
        .map(|o| time.to_zoned(TimeZone::fixed(o)));
    let day = |format: &str, other: &str| format.replace("%F ", other);
    let local = local.map(|zoned| {
        // Another day on the host is the one thing that a time of day cannot tell.
        let same = zoned.strftime("%F").to_string() == time.strftime("%F").to_string();
        let format = day("%F %H:%M:%S %:z on the host", if same { "" } else { "%F " });
        zoned.strftime(&format).to_string()
    });
    Some((utc, local))
}

/// Both in one line.
pub(super) fn line(unix_s: f64, offset_s: Option<i64>) -> Option<String> {
    both(unix_s, offset_s).map(|(utc, local)| match local {
        Some(local) => format!("{utc} ({local})"),
        None => utc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks() {
        let line = |s, o| line(s, o).unwrap();
        assert_eq!(
            line(1_772_366_400.5, Some(32_400)),
            "2026-03-01 12:00:00 UTC (21:00:00 +09:00 on the host)"
        );
        assert_eq!(
            line(1_772_366_400.0, Some(-50_400)),
            "2026-03-01 12:00:00 UTC (2026-02-28 22:00:00 -14:00 on the host)"
        );
        assert_eq!(line(1_772_366_400.0, Some(0)), "2026-03-01 12:00:00 UTC");
        assert_eq!(line(0.0, Some(i64::MAX)), "1970-01-01 00:00:00 UTC");
    }

    #[test]
    fn no_moment_is_none() {
        assert_eq!(both(1e300, None), None);
        assert_eq!(both(f64::NAN, None), None);
    }
}
