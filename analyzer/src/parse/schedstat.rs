//! `/proc/schedstat`: how long tasks ran and waited on each CPU.
//!
//! <https://docs.kernel.org/scheduler/sched-stats.html>
//!
//! ```text
//! version 15
//! timestamp 15819019232
//! cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306
//! ```

use super::{ParseError, Rows};

/// One CPU since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuSchedule {
    /// CPU.
    pub cpu: u32,
    /// Time that tasks ran on it.
    pub run_ns: u64,
    /// Time that tasks waited to run on it.
    pub wait_ns: u64,
    /// Time slices run.
    pub slices: u64,
}

/// Reads the CPU lines; domains are left out.
///
/// # Errors
/// No version line or an older version than 15, or not one CPU could be read.
pub fn parse(text: &str) -> Result<Rows<CpuSchedule>, ParseError> {
    let version = text.strip_prefix("version ").and_then(|t| t.lines().next()?.parse::<u32>().ok());
    if version.is_none_or(|v| v < 15) {
        return Err(ParseError::new(1, text, "`version 15` or later"));
    }
    Rows::of(text, |mut f| {
        let Some(cpu) = f.next().and_then(|w| w.strip_prefix("cpu")?.parse().ok()) else {
            return Ok(None);
        };
        let run_ns = f.pass(6).num("run time")?;
        Ok(Some(CpuSchedule {
            cpu,
            run_ns,
            wait_ns: f.num("wait time")?,
            slices: f.num("slices")?,
        }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
version 15
timestamp 15819019232
cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306
domain0 00000000,00000003 212499247 210112015 1861015
cpu1 518377256 0 4155211005 2778589869 10466382 2867629021 1904686152592476 364107263788241 5145567945
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus() {
        let rows = parse(SAMPLE).unwrap().rows;
        let cpu1 = CpuSchedule {
            cpu: 1,
            run_ns: 1_904_686_152_592_476,
            wait_ns: 364_107_263_788_241,
            slices: 5_145_567_945,
        };
        assert_eq!((rows.len(), rows[1]), (2, cpu1));
        assert!(parse("").is_err());
        assert!(parse("version 14\ncpu0 1\n").is_err());
        assert!(parse("version 15\ncpu0 1 2\n").is_err());
    }
}
