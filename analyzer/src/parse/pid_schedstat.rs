//! `/proc/PID/schedstat`: time on a CPU and time waiting for one, of the first thread of a process.
//!
//! <https://docs.kernel.org/scheduler/sched-stats.html>
//!
//! ```text
//! 218779854 41230417 1041
//! ```

use super::{Fields, ParseError};

/// Times of one thread since it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidSchedstat {
    /// On a CPU.
    pub ran_ns: u64,
    /// Runnable, on a run queue.
    pub waited_ns: u64,
    /// How often it was put on a CPU.
    pub slices: u64,
}

/// Reads the file.
///
/// # Errors
/// Not three numbers.
pub fn parse(text: &str) -> Result<PidSchedstat, ParseError> {
    let mut f = Fields::new(1, text);
    let (ran_ns, waited_ns) = (f.num("time on a CPU")?, f.num("time waiting")?);
    Ok(PidSchedstat { ran_ns, waited_ns, slices: f.num("times on a CPU")? })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "218779854 41230417 1041\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.ran_ns, s.waited_ns, s.slices), (218_779_854, 41_230_417, 1041));
        assert!(parse("7 8\n").is_err() && parse("").is_err());
    }
}
