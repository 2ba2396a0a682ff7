//! Files of control groups, v2 and v1.
//!
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>,
//! <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
//!
//! ```text
//! max                                   memory.max
//! 50000 100000                          cpu.max
//! usage_usec 88000                      cpu.stat, memory.stat, memory.events: flat keyed
//! 254:0 rbytes=1 wbytes=2 rios=3        io.stat: nested keyed
//! ```

use super::pid_limits::Bound;
use super::{Counters, ParseError, Rows, number, vmstat};

/// A file of one number, where `max` is no limit.
///
/// # Errors
/// Neither `max` nor a number.
pub fn limit(text: &str) -> Result<Bound, ParseError> {
    match text.trim_ascii() {
        "max" => Ok(Bound::Unlimited),
        text => number(1, text, "a limit, or max").map(Bound::At),
    }
}

/// A memory limit of v1, where the largest multiple of a page is no limit.
///
/// # Errors
/// Not a number.
pub fn limit_v1(text: &str, page_size_bytes: u64) -> Result<Bound, ParseError> {
    let limit: u64 = number(1, text, "a limit in bytes")?;
    let none = i64::MAX.unsigned_abs().saturating_sub(page_size_bytes);
    Ok(if limit >= none { Bound::Unlimited } else { Bound::At(limit) })
}

/// CPU time that a group may use in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuMax {
    /// Time of all its tasks together.
    pub quota_us: Bound,
    /// Period.
    pub period_us: u64,
}

impl CpuMax {
    /// The quota as a number of CPUs; `None` when unlimited.
    #[must_use]
    pub fn cpus(&self) -> Option<f64> {
        let Bound::At(quota) = self.quota_us else { return None };
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a period")]
        let cpus = quota as f64 / self.period_us as f64;
        cpus.is_finite().then_some(cpus)
    }
}

/// `cpu.max`.
///
/// # Errors
/// Not `max` or a number, then a period.
pub fn cpu_max(text: &str) -> Result<CpuMax, ParseError> {
    let mut f = super::Fields::new(1, text);
    Ok(CpuMax { quota_us: limit(f.word("quota")?)?, period_us: f.num("period")? })
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us` of v1; a quota of -1 is none.
///
/// # Errors
/// Not numbers.
pub fn cpu_max_v1(quota: &str, period: &str) -> Result<CpuMax, ParseError> {
    let quota: i64 = number(1, quota, "cpu.cfs_quota_us")?;
    let quota_us = u64::try_from(quota).map_or(Bound::Unlimited, Bound::At);
    Ok(CpuMax { quota_us, period_us: number(1, period, "cpu.cfs_period_us")? })
}

/// A flat keyed file: `cpu.stat`, `memory.stat`, `memory.events`, `pids.events`, v1
/// `memory.oom_control`. Names keep their units (`usage_usec`).
///
/// # Errors
/// A name without a number, or none at all.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    vmstat::parse(text)
}

/// I/O of a group on one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIo {
    /// Device number.
    pub device: (u32, u32),
    /// Read.
    pub read_bytes: Option<u64>,
    /// Written.
    pub write_bytes: Option<u64>,
    /// Reads.
    pub reads: Option<u64>,
    /// Writes.
    pub writes: Option<u64>,
}

/// `io.stat`. A group without I/O has an empty file.
///
/// # Errors
/// Rows of which none could be read.
pub fn io_stat(text: &str) -> Result<Rows<DeviceIo>, ParseError> {
    Rows::of(text, |mut f| {
        let (major, minor) =
            f.next().and_then(|d| d.split_once(':')).ok_or_else(|| f.error("major:minor"))?;
        let device = (number(f.line, major, "major")?, number(f.line, minor, "minor")?);
        let mut io = DeviceIo { device, ..DeviceIo::default() };
        for (key, value) in f.filter_map(|w| w.split_once('=')) {
            let value = value.parse().ok();
            match key {
                "rbytes" => io.read_bytes = value,
                "wbytes" => io.write_bytes = value,
                "rios" => io.reads = value,
                "wios" => io.writes = value,
                _ => {}
            }
        }
        Ok(Some(io))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "usage_usec 88000\nuser_usec 44000\nnr_periods 10\nnr_throttled 2\nthrottled_usec 5000\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_36_max_and_numbers() {
        assert_eq!(limit("max\n"), Ok(Bound::Unlimited));
        assert_eq!(limit("536870912\n"), Ok(Bound::At(536_870_912)));
        assert!(limit("").is_err());
        assert_eq!(limit_v1("9223372036854771712\n", 4096), Ok(Bound::Unlimited));
        assert_eq!(limit_v1("9223372036854710272\n", 65536), Ok(Bound::Unlimited));
        assert_eq!(limit_v1("1048576\n", 4096), Ok(Bound::At(1 << 20)));
        let half = cpu_max("50000 100000\n").unwrap();
        assert_eq!((half.cpus(), cpu_max("max 100000\n").unwrap().cpus()), (Some(0.5), None));
        assert_eq!(cpu_max_v1("-1\n", "100000\n").unwrap().quota_us, Bound::Unlimited);
        assert_eq!(cpu_max("5 0").unwrap().cpus(), None);
        assert!(cpu_max("max").is_err());
    }

    #[test]
    fn keyed_files() {
        assert_eq!(parse(SAMPLE).unwrap().get("nr_throttled"), Some(2));
        let text = "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n253:0 \n";
        let rows = io_stat(text).unwrap().rows;
        assert_eq!(
            (rows[0].device, rows[0].write_bytes, rows[0].writes),
            ((254, 0), Some(8192), Some(2))
        );
        assert_eq!((rows[1].device, rows[1].reads), ((253, 0), None));
        assert!(io_stat("").unwrap().rows.is_empty());
        assert!(io_stat("x\n").is_err());
    }
}
