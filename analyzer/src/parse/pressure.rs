//! `/proc/pressure/{cpu,memory,io,irq}` and `*.pressure` of cgroups (4.20).
//!
//! <https://docs.kernel.org/accounting/psi.html>
//!
//! ```text
//! some avg10=0.16 avg60=1.12 avg300=1.42 total=25101282
//! full avg10=0.00 avg60=0.00 avg300=0.00 total=0
//! ```

use super::{Fields, ParseError, lines, measure, number};

/// Stall of one resource: time in which tasks waited for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stall {
    /// Share of the last 10 s.
    pub avg10_ratio: f64,
    /// Share of the last 60 s.
    pub avg60_ratio: f64,
    /// Share of the last 300 s.
    pub avg300_ratio: f64,
    /// Time stalled since boot.
    pub stall_us: u64,
}

/// Pressure of one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// At least one task waited; `irq` has none.
    pub some: Option<Stall>,
    /// All tasks waited at once; `cpu` has it since 5.13, and host-wide it is always 0.
    pub full: Option<Stall>,
}

/// Reads one file.
///
/// # Errors
/// A line other than `some …` and `full …`, a field lacking, or nothing at all.
pub fn parse(text: &str) -> Result<Pressure, ParseError> {
    let mut pressure = Pressure::default();
    for (line, text) in lines(text) {
        let mut fields = Fields::new(line, text);
        match fields.next() {
            Some("some") => pressure.some = Some(stall(fields)?),
            Some("full") => pressure.full = Some(stall(fields)?),
            Some(_) => return Err(fields.error("`some avg10=…` or `full avg10=…`")),
            None => {}
        }
    }
    if pressure == Pressure::default() {
        return Err(ParseError::new(None, text, "`some avg10=… total=…`"));
    }
    Ok(pressure)
}

fn stall(mut fields: Fields<'_>) -> Result<Stall, ParseError> {
    let (mut avg10, mut avg60, mut avg300, mut total) = (None, None, None, None);
    let line = fields.line;
    for field in fields.by_ref() {
        let percent = |v| measure(line, v, "percent").map(|p| Some(p / 100.0));
        match field.split_once('=') {
            Some(("avg10", v)) => avg10 = percent(v)?,
            Some(("avg60", v)) => avg60 = percent(v)?,
            Some(("avg300", v)) => avg300 = percent(v)?,
            Some(("total", v)) => total = Some(number(line, v, "microseconds")?),
            _ => {}
        }
    }
    match (avg10, avg60, avg300, total) {
        (Some(avg10_ratio), Some(avg60_ratio), Some(avg300_ratio), Some(stall_us)) => {
            Ok(Stall { avg10_ratio, avg60_ratio, avg300_ratio, stall_us })
        }
        _ => Err(fields.error("avg10=, avg60=, avg300= and total=")),
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
some avg10=0.16 avg60=1.12 avg300=1.42 total=25101282
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lines() {
        let p = parse(SAMPLE).unwrap();
        let some = p.some.unwrap();
        assert_eq!(some.stall_us, 25_101_282);
        assert!((some.avg60_ratio - 0.0112).abs() < 1e-12);
        assert_eq!(p.full.unwrap().stall_us, 0);
        let irq = parse("full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n").unwrap();
        assert!(irq.some.is_none());
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert!(parse("some avg10=0.16 avg60=1.12\n").is_err());
        assert!(parse("some avg10=x avg60=1.12 avg300=1.42 total=1\n").is_err());
    }
}
