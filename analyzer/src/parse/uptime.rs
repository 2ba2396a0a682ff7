//! `/proc/uptime`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_uptime.5.html>
//!
//! ```text
//! 1629.09 2720.23
//! ```

use super::{Fields, ParseError};

/// Time since boot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uptime {
    /// Time since boot, suspend included.
    pub uptime_s: f64,
    /// Idle time of all CPUs together.
    pub idle_s: Option<f64>,
}

/// Reads the line.
///
/// # Errors
/// No number.
pub fn parse(text: &str) -> Result<Uptime, ParseError> {
    let mut fields = Fields::new(1, text);
    let uptime_s = fields.measure("uptime in seconds")?;
    let idle_s = fields.rest();
    let idle_s = if idle_s.is_empty() { None } else { Some(fields.measure("idle seconds")?) };
    Ok(Uptime { uptime_s, idle_s })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "1629.09 2720.23\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers() {
        assert_eq!(parse(SAMPLE), Ok(Uptime { uptime_s: 1629.09, idle_s: Some(2720.23) }));
        assert_eq!(parse("5.00").map(|u| u.idle_s), Ok(None));
        assert!(parse("").is_err());
        assert!(parse("inf 1").is_err());
    }
}
