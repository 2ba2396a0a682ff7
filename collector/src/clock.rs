//! The clocks of the host: the one place of the collector that asks for the time.
//!
//! Every read is stamped with `CLOCK_MONOTONIC`, because all rates in the report divide by the
//! distance of two such stamps and the wall clock of a troubled host may jump.

use rustix::time::{ClockId, Timespec, clock_gettime};

fn micros(t: Timespec) -> u64 {
    let s = u64::try_from(t.tv_sec).unwrap_or(0);
    let us = u64::try_from(t.tv_nsec).unwrap_or(0) / 1000;
    s.saturating_mul(1_000_000).saturating_add(us)
}

/// `CLOCK_MONOTONIC` in microseconds.
#[must_use]
pub(crate) fn mono_us() -> u64 {
    micros(clock_gettime(ClockId::Monotonic))
}

/// `CLOCK_BOOTTIME` in microseconds: time since boot, sleep included.
#[must_use]
pub(crate) fn boottime_us() -> u64 {
    micros(clock_gettime(ClockId::Boottime))
}

/// CPU time of this process, user and system, in microseconds.
#[must_use]
pub(crate) fn own_cpu_us() -> u64 {
    micros(clock_gettime(ClockId::ProcessCPUTime))
}

/// Wall clock in seconds since 1970 UTC.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 fit f64 exactly")]
pub(crate) fn unix_s() -> f64 {
    micros(clock_gettime(ClockId::Realtime)) as f64 / 1e6
}

/// A wall-clock time as `YYYYmmddTHHMMSSZ`, for the name of the archive.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "seconds of a wall clock, clamped at zero")]
pub(crate) fn utc_stamp(unix_s: f64) -> String {
    let s = unix_s.max(0.0) as i64;
    let (year, month, day) = civil_of(s);
    let rest = s % 86_400;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// A moment as year, month, day of the proleptic Gregorian calendar (UTC), counted in years that
/// begin in March so that the leap day comes last.
#[must_use]
pub(crate) fn civil_of(unix_s: i64) -> (i64, i64, i64) {
    let z = unix_s.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse: days since 1970-01-01.
#[must_use]
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_agree_with_date() {
        assert_eq!(utc_stamp(0.0), "19700101T000000Z");
        assert_eq!(utc_stamp(951_782_399.9), "20000228T235959Z");
        assert_eq!(utc_stamp(951_782_400.0), "20000229T000000Z");
        assert_eq!(utc_stamp(1_735_689_599.0), "20241231T235959Z");
    }

    #[test]
    fn dates_go_back_and_forth() {
        for days in [-1, 0, 59, 60, 11_016, 20_514, 47_540] {
            let (year, month, day) = civil_of(days * 86_400 + 5);
            assert_eq!(days_of(year, month, day), days);
        }
        assert_eq!(days_of(2026, 11, 23), 20_780);
    }

    #[test]
    fn the_monotonic_clock_moves_forward() {
        let a = mono_us();
        assert!(mono_us() >= a && a > 0);
    }
}
