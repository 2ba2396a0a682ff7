//! CPU time of a group: what it used, what it may use, and what it lost.

use crate::facts::cgroups::CgroupCpu;
use crate::facts::method::num::{from_u64, ratio, signed};
use crate::parse::cgroup;
use crate::parse::cpulist::{self, CpuList};
use crate::parse::pid_limits::Bound;

use super::tree::{Files, parent, upwards};
use super::{Trees, number};

/// The CPUs that a group may use: of version 2 and 1.
const CPUSET: [&str; 2] = ["cpuset.cpus.effective", "cpuset.effective_cpus"];

fn effective<'f>(files: &Files<'f>) -> Option<(&'f str, CpuList)> {
    let text = CPUSET.iter().find_map(|file| files.get(file))?;
    // The file of a group without the controller is empty.
    let cpus = cpulist::parse(text).ok().filter(|cpus| !cpus.is_empty())?;
    Some((text, cpus))
}

impl Trees<'_> {
    /// CPUs by the nearest cpuset.
    fn cpuset(&self, path: &str) -> Option<CpuList> {
        upwards(path).find_map(|group| effective(self.last.get(group)?)).map(|(_, cpus)| cpus)
    }

    /// CPUs of a group that has fewer than the group above.
    fn own_cpuset(&self, path: &str, files: &Files<'_>) -> Option<String> {
        let (text, cpus) = effective(files)?;
        let above = self.cpuset(parent(path)?)?;
        (cpus.len() < above.len()).then(|| text.trim_ascii().to_owned())
    }

    pub(super) fn cpu(&self, path: &str, files: &Files<'_>) -> Option<CgroupCpu> {
        let v2 = files.get("cpu.max").and_then(|t| cgroup::cpu_max(t).ok());
        let v1 = || {
            let (quota, period) = (files.get("cpu.cfs_quota_us")?, files.get("cpu.cfs_period_us")?);
            cgroup::cpu_max_v1(quota, period).ok()
        };
        let max = v2.or_else(v1);
        let stat = "cpu.stat";
        max.or_else(|| {
            files
                .contains_key(stat)
                .then_some(cgroup::CpuMax { quota_us: Bound::Unlimited, period_us: 100_000 })
        })?;
        let quota_cpus = max.and_then(|m| m.cpus());
        let used_us = self.delta(path, stat, "usage_usec").map(from_u64).or_else(|| {
            self.span_s?;
            let then = number(self.first.get(path)?, "cpuacct.usage")?;
            Some(from_u64(number(files, "cpuacct.usage")?.checked_sub(then)?) / 1000.0)
        });
        let used_cpus = used_us.zip(self.span_s).and_then(|(us, s)| ratio(us / 1e6, s));
        let periods = self.delta(path, stat, "nr_periods");
        let throttled = self.delta(path, stat, "nr_throttled");
        // v1 counts nanoseconds.
        let stood = self
            .delta(path, stat, "throttled_usec")
            .map(from_u64)
            .or_else(|| Some(from_u64(self.delta(path, stat, "throttled_time")?) / 1000.0));
        let cpuset = self.cpuset(path);
        let cpuset_cpus = cpuset.as_ref().map(|cpus| from_u64(cpus.len()));
        let ways = |quota: f64| quota.ceil().max(1.0).min(cpuset_cpus.unwrap_or(f64::INFINITY));
        let lost = stood
            .zip(self.span_s)
            .zip(quota_cpus)
            .and_then(|((us, s), quota)| ratio(us / 1e6, s * ways(quota)));
        let weight = number(files, "cpu.weight").or_else(|| {
            // 1024 shares are the weight of 100.
            number(files, "cpu.shares").map(|s| s.saturating_mul(100) / 1024)
        });
        let pressure = self.pressure(path, "cpu.pressure");
        Some(CgroupCpu {
            quota_cpus,
            quota_path: quota_cpus.map(|_| {
                let v2 = files.contains_key("cpu.max");
                let (tree, file) = if v2 { ("", "cpu.max") } else { ("/cpu", "cpu.cfs_quota_us") };
                format!("/sys/fs/cgroup{tree}{}/{file}", path.trim_end_matches('/'))
            }),
            period_us: max.filter(|_| quota_cpus.is_some()).map(|m| signed(m.period_us)),
            cpuset: self.own_cpuset(path, files),
            cpuset_cpus: cpuset.map(|cpus| signed(cpus.len())),
            usable_cpus: [quota_cpus, cpuset_cpus].into_iter().flatten().reduce(f64::min),
            used_cpus,
            used_p95_cpus: None,
            used_ratio: used_cpus.zip(quota_cpus).and_then(|(u, q)| ratio(u, q)),
            periods: periods.map(signed),
            throttled_ratio: throttled
                .zip(periods)
                .and_then(|(t, p)| ratio(from_u64(t), from_u64(p))),
            stood_s: stood.filter(|_| self.span_s.is_some()).map(|us| us / 1e6),
            lost_ratio: lost,
            weight: weight.map(signed),
            pressure_some_ratio: pressure.and_then(|p| p.some?.window_ratio),
        })
    }
}
