//! `/proc/loadavg`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_loadavg.5.html>
//!
//! ```text
//! 0.73 0.55 0.33 2/93 13305
//! ```

use super::{Fields, ParseError, number};

/// Load averages; the kernel renews them every 5 s.
#[derive(Clone, Debug, PartialEq)]
pub struct Loadavg {
    /// Over 1 minute.
    pub one: f64,
    /// Over 5 minutes.
    pub five: f64,
    /// Over 15 minutes.
    pub fifteen: f64,
    /// Tasks that run or are ready to run, the reader included.
    pub running: u64,
    /// Tasks (threads) that exist.
    pub tasks: u64,
    /// The last PID that was given.
    pub last_pid: u64,
}

/// Reads the line.
///
/// # Errors
/// Any of the five fields lacking or not a number.
pub fn parse(text: &str) -> Result<Loadavg, ParseError> {
    let mut fields = Fields::new(1, text);
    let (one, five) = (fields.measure("1 minute")?, fields.measure("5 minutes")?);
    let fifteen = fields.measure("15 minutes")?;
    let tasks = fields.word("running/tasks")?;
    let (running, tasks) =
        tasks.split_once('/').ok_or_else(|| ParseError::new(1, tasks, "running/tasks"))?;
    Ok(Loadavg {
        one,
        five,
        fifteen,
        running: number(1, running, "running")?,
        tasks: number(1, tasks, "tasks")?,
        last_pid: fields.num("last PID")?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "0.83 0.73 0.76 2/193 13305\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields() {
        let expected = Loadavg {
            one: 0.83,
            five: 0.73,
            fifteen: 0.76,
            running: 2,
            tasks: 193,
            last_pid: 13305,
        };
        assert_eq!(parse(SAMPLE), Ok(expected));
    }

    #[test]
    fn damaged() {
        for text in ["", "0.83 0.73", "0.83 0.73 0.76 2 13305", "nan inf 0.76 2/193 13305"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
