//! `probes/clock.json`: the kernel's idea of its own clock, from adjtimex(2).
//!
//! <https://man7.org/linux/man-pages/man2/adjtimex.2.html>
//!
//! ```json
//! {"state":0,"status":8193,"offset":-1234,"freq":-655360,"maxerror":16000,"esterror":200}
//! ```

use serde::Deserialize;

use super::ParseError;

/// State of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// The kernel takes the clock for synchronised.
    pub synchronised: bool,
    /// Remaining correction.
    pub offset_s: f64,
    /// Frequency correction.
    pub frequency_ppm: f64,
    /// Largest error that is possible.
    pub max_error_s: f64,
    /// Error that is likely.
    pub estimated_error_s: f64,
}

#[derive(Deserialize)]
struct Timex {
    state: i32,
    status: i64,
    offset: i64,
    freq: i64,
    maxerror: i64,
    esterror: i64,
}

/// `TIME_ERROR`.
const ERROR: i32 = 5;
/// `STA_UNSYNC`.
const UNSYNCHRONISED: i64 = 0x40;
/// `STA_NANO`: the offset is in nanoseconds.
const NANO: i64 = 0x2000;

/// Reads the object.
///
/// # Errors
/// Not JSON, or a field lacking.
#[expect(clippy::cast_precision_loss, reason = "times of a clock are far below 2^53 units")]
pub fn parse(text: &str) -> Result<Clock, ParseError> {
    let t: Timex = serde_json::from_str(text).map_err(|e| {
        ParseError::new(u32::try_from(e.line()).ok(), text, format!("struct timex ({e})"))
    })?;
    let per_second = if t.status & NANO == 0 { 1e6 } else { 1e9 };
    Ok(Clock {
        synchronised: t.state != ERROR && t.status & UNSYNCHRONISED == 0,
        offset_s: t.offset as f64 / per_second,
        frequency_ppm: t.freq as f64 / 65536.0,
        max_error_s: t.maxerror as f64 / 1e6,
        estimated_error_s: t.esterror as f64 / 1e6,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"state":0,"status":8193,"offset":-1234000,"freq":-655360,"maxerror":16000,"esterror":200,"tai":0}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_by_status() {
        let c = parse(SAMPLE).unwrap();
        assert!(c.synchronised);
        assert!((c.offset_s + 0.001_234).abs() < 1e-12);
        assert!((c.frequency_ppm + 10.0).abs() < 1e-12);
        assert!((c.max_error_s - 0.016).abs() < 1e-12);
        let micro = parse(&SAMPLE.replace("8193", "64")).unwrap();
        assert!(!micro.synchronised && (micro.offset_s + 1.234).abs() < 1e-12);
        assert!(parse("{}").is_err());
    }
}
