//! Files of control groups, v2 and v1.
//!
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>,
//! <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
//!
//! ```text
//! max                                   memory.max
//! 50000 100000                          cpu.max
//! usage_usec 88000                      cpu.stat, memory.stat, memory.events: flat keyed
//! ```

use super::pid_limits::Bound;
use super::{Counters, ParseError, number, vmstat};

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

/// What the memory of a group and of those below it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryParts {
    /// Anonymous.
    pub anon_bytes: u64,
    /// Page cache, shared memory included.
    pub file_bytes: u64,
    /// Shared memory and tmpfs.
    pub shmem_bytes: u64,
}

/// The parts of `memory.stat` that a series needs, without the other sixty lines: v2 `anon`, v1
/// `total_rss`.
///
/// # Errors
/// One of the three is not there.
pub fn memory_parts(text: &str) -> Result<MemoryParts, ParseError> {
    let (mut anon, mut file, mut shmem) = (None, None, None);
    for line in text.lines() {
        let Some((key, value)) = line.split_once(' ') else { continue };
        match key {
            "anon" | "total_rss" => anon = value.trim_ascii().parse().ok(),
            "file" | "total_cache" => file = value.trim_ascii().parse().ok(),
            "shmem" | "total_shmem" => shmem = value.trim_ascii().parse().ok(),
            _ => {}
        }
    }
    let all = anon.zip(file).zip(shmem).map(|((anon_bytes, file_bytes), shmem_bytes)| {
        MemoryParts { anon_bytes, file_bytes, shmem_bytes }
    });
    all.ok_or_else(|| ParseError::new(None, text, "anon, file and shmem"))
}

/// CPU time that a group has used: `usage_usec` of `cpu.stat`, or the nanoseconds of v1's
/// `cpuacct.usage`. `None` for a `cpu.stat` of v1, which does not tell.
///
/// # Errors
/// Not a number.
pub fn cpu_us(text: &str) -> Result<Option<u64>, ParseError> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return number::<u64>(1, text, "nanoseconds").map(|ns| Some(ns / 1000));
    }
    let told = text.lines().enumerate().find_map(|(i, line)| {
        let line_number = u32::try_from(i).unwrap_or(u32::MAX).saturating_add(1);
        Some((line_number, line.strip_prefix("usage_usec ")?))
    });
    told.map(|(line, us)| number(line, us, "microseconds")).transpose()
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
    }

    #[test]
    fn parts_of_memory_in_both_versions() {
        let v2 = "anon 4096\nfile 8192\nkernel 7\nshmem 12\nanon_thp 0\n";
        let parts = MemoryParts { anon_bytes: 4096, file_bytes: 8192, shmem_bytes: 12 };
        assert_eq!(memory_parts(v2), Ok(parts));
        // Of the group alone, then of those below it too.
        let v1 = "cache 1\nrss 1\nshmem 1\ntotal_cache 8192\ntotal_rss 4096\ntotal_shmem 12\n";
        assert_eq!(memory_parts(v1), Ok(parts));
        assert!(memory_parts("anon 1\nfile 2\n").is_err(), "cut off");
        assert!(memory_parts("").is_err());
    }

    #[test]
    fn cpu_time_in_both_versions() {
        assert_eq!(cpu_us(SAMPLE), Ok(Some(88_000)));
        assert_eq!(cpu_us("88000123\n"), Ok(Some(88_000)));
        assert_eq!(cpu_us("nr_periods 0\nnr_throttled 0\nthrottled_time 0\n"), Ok(None));
        assert!(cpu_us("usage_usec x\n").is_err());
        assert_eq!(cpu_us(""), Ok(None));
    }
}
