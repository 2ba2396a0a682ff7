//! Chapter: control groups that have a limit, an event or pressure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::cgroup;
use crate::parse::pid_limits::Bound;
use crate::parse::pressure;

use super::super::cgroups::{Cgroup, CgroupCpu, CgroupMemory, CgroupPids};
use super::super::inputs::Inputs;
use super::super::memory::Memory;
use super::super::method::num::{from_i64, from_u64, ratio, signed};
use super::super::plan::Pack;
use super::super::tasks::Owner;
use super::super::{List, Seen};
use super::book::too_few;
use super::pods::Pods;
use super::pressure::resource;
use super::tasks::Who;
use super::window::seconds;
use super::{Book, Lists, ps};

mod room;
mod tree;
mod units;

pub(super) use room::{Room, Rooms};
use tree::{Files, groups, upwards};

const MAX_ROWS: usize = 200;
const MAX_COMMS: usize = 3;
const MAX_OWNERS: usize = 5;
/// Tasks by limit from which the processes with most threads are named.
const NAMED: f64 = 0.7;
/// Tasks by limit from which a group is worth a row.
const MANY: f64 = 0.5;
/// Pressure from which a group without limits is worth a row.
const PRESSED: f64 = 0.1;

/// Both readings of the tree.
struct Trees<'i> {
    first: BTreeMap<String, Files<'i>>,
    last: BTreeMap<String, Files<'i>>,
    span_s: Option<f64>,
    page_size_bytes: u64,
    memory_bytes: Option<u64>,
}

pub(super) fn build(
    inputs: &Inputs,
    memory: &Memory,
    book: &mut Book,
    lists: &mut Lists,
) -> List<Cgroup> {
    let source = &inputs.sched.groups;
    let readings: Vec<_> = source.good().collect();
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return of_units(inputs, memory, book).unwrap_or_else(|| {
            book.absent("cgroups", source.absence());
            List::default()
        });
    };
    let span_us = last.0.mono_us.saturating_sub(first.0.mono_us);
    let trees = Trees {
        first: groups(first.1),
        last: groups(last.1),
        span_s: (first.0.pass != last.0.pass && span_us > 0).then(|| seconds(span_us)),
        page_size_bytes: inputs.env.page_size_bytes,
        memory_bytes: memory.total_bytes.and_then(|b| u64::try_from(b).ok()),
    };
    let mut rows = trees.rows();
    People::of(inputs, last.1).tell(inputs, &mut rows);
    book.source("cgroups", Locator::entry(source.entry(last.0.pass)));
    if trees.span_s.is_none() {
        book.absent("cgroups", too_few(&source.path, 1, 2));
    } else if !rows.is_empty() {
        // Of their fields. None worth a row is an answer.
        let why = "no limit, or a controller or file that is not there";
        book.absent("cgroups", Absence::new(Reason::NotApplicable, why));
    }
    let denied = last.1.lost.get(&Reason::Denied);
    lists.insert(
        "cgroups".to_owned(),
        Seen {
            what: "control groups with limits or events".to_owned(),
            seen: u64::try_from(rows.len()).unwrap_or(0),
            expected: u64::try_from(rows.len()).unwrap_or(0),
            gaps: denied.map(|(n, key)| format!("{n} files denied ({key})")).into_iter().collect(),
            others: None,
        },
    );
    List { items: rows }
}

/// Groups as systemd tells them: limits and use at one time, without the files that say so.
fn of_units(inputs: &Inputs, memory: &Memory, book: &mut Book) -> Option<List<Cgroup>> {
    let (pack, paths) = units::groups(inputs)?;
    let trees = Trees {
        first: groups(&pack),
        last: groups(&pack),
        span_s: None,
        page_size_bytes: inputs.env.page_size_bytes,
        memory_bytes: memory.total_bytes.and_then(|b| u64::try_from(b).ok()),
    };
    let mut rows = trees.rows();
    for row in &mut rows {
        if let Some(memory) = &mut row.memory {
            memory.limit_path = None;
        }
        if let Some(cpu) = &mut row.cpu {
            cpu.quota_path = None;
        }
    }
    book.sources("cgroups", paths.into_iter().map(Locator::entry).collect());
    let why = "systemd tells limits and use at one time, no events and no pressure";
    if !rows.is_empty() {
        book.absent("cgroups", Absence::new(Reason::NotCollected, why));
    }
    Some(List { items: rows })
}

/// All control groups at the end of the collection; nothing when they were not read.
pub(super) fn paths(inputs: &Inputs) -> Option<BTreeSet<String>> {
    let (_, pack) = inputs.sched.groups.good().last()?;
    let paths: BTreeSet<String> = groups(pack).into_keys().collect();
    (!paths.is_empty()).then_some(paths)
}

/// Something in it can be a finding.
fn is_worth(g: &Cgroup) -> bool {
    let pressed = |r: Option<f64>| r.is_some_and(|r| r >= PRESSED);
    let happened = |n: Option<i64>| n.is_some_and(|n| n > 0);
    g.memory.as_ref().is_some_and(|m| {
        m.limit_bytes.is_some()
            || happened(m.oom_kills)
            || happened(m.high_events_in_window)
            || pressed(m.pressure_some_ratio)
    }) || g.cpu.as_ref().is_some_and(|c| c.quota_cpus.is_some() || pressed(c.pressure_some_ratio))
        || g.pids
            .as_ref()
            .is_some_and(|p| p.used_ratio.is_some_and(|r| r >= MANY) || happened(p.refused))
        || pressed(g.io_pressure_some_ratio)
}

/// The nearest to trouble first.
fn weight(g: &Cgroup) -> f64 {
    let memory = g.memory.as_ref();
    let working = memory.and_then(|m| m.working_ratio).unwrap_or(0.0);
    let killed = memory.and_then(|m| m.oom_kills_in_window).map_or(0.0, from_i64);
    let throttled = g.cpu.as_ref().and_then(|c| c.lost_ratio).unwrap_or(0.0);
    let tasks = g.pids.as_ref().and_then(|p| p.used_ratio).unwrap_or(0.0);
    killed + working.max(throttled).max(tasks)
}

/// Who is in the groups.
struct People<'i> {
    who: Who<'i>,
    pods: Pods,
    /// Processes with their groups: by their own files, or by the lists of the groups.
    members: Vec<(u32, Vec<Cow<'i, str>>)>,
}

impl<'i> People<'i> {
    fn of(inputs: &'i Inputs, pack: &Pack<String, String>) -> Self {
        let who = Who::of(inputs);
        let mut members: Vec<(u32, Vec<Cow<'i, str>>)> = who
            .cgroups()
            .map(|(pid, groups)| (pid, groups.iter().map(|g| Cow::Borrowed(&**g)).collect()))
            .collect();
        if members.is_empty() {
            let owned = |groups: Vec<String>| groups.into_iter().map(Cow::Owned).collect();
            let lists = tree::members(pack);
            members = lists.into_iter().map(|(pid, groups)| (pid, owned(groups))).collect();
        }
        members.retain(|(pid, _)| !who.own.contains(pid));
        Self { who, pods: Pods::of(inputs), members }
    }

    /// Command names by process: the kernel's, or those of `ps`.
    fn comms(&self, inputs: &Inputs) -> BTreeMap<u32, String> {
        if inputs.process.processes.first().is_err() {
            return ps::names(inputs);
        }
        self.members.iter().map(|(pid, _)| (*pid, self.who.comm(*pid))).collect()
    }

    fn tell(&self, inputs: &Inputs, rows: &mut [Cgroup]) {
        let names = self.comms(inputs);
        let at: BTreeMap<String, usize> =
            rows.iter().enumerate().map(|(i, g)| (g.path.clone(), i)).collect();
        let mut comms: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); rows.len()];
        let mut counts = vec![0_i64; rows.len()];
        for (pid, groups) in &self.members {
            let all: BTreeSet<&str> = groups.iter().flat_map(|g| upwards(g)).chain(["/"]).collect();
            for above in all {
                let Some(i) = at.get(above) else { continue };
                let row = (rows.get_mut(*i), comms.get_mut(*i), counts.get_mut(*i));
                if let (Some(row), Some(comms), Some(count)) = row {
                    *count += 1;
                    row.listens |= self.who.listens(*pid);
                    if let Some(name) = names.get(pid) {
                        *comms.entry(name).or_default() += 1;
                    }
                }
            }
        }
        for ((row, comms), count) in rows.iter_mut().zip(comms).zip(counts) {
            let mut sorted: Vec<(&str, usize)> = comms.into_iter().collect();
            sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            row.comms = sorted.into_iter().take(MAX_COMMS).map(|(c, _)| c.to_owned()).collect();
            row.processes = (!self.members.is_empty()).then_some(count);
            row.pod = self.pods.of_group(&row.path).map(str::to_owned);
            let near = |p: &&mut CgroupPids| p.used_ratio.is_some_and(|r| r >= NAMED);
            if let Some(pids) = row.pids.as_mut().filter(near) {
                pids.owners = self.owners(inputs, &row.path);
            }
        }
    }

    /// The processes of a group, and of the groups below it, with most threads.
    fn owners(&self, inputs: &Inputs, group: &str) -> Vec<Owner> {
        let Some((_, last)) = inputs.process.processes.good().last() else { return Vec::new() };
        let is_within = |groups: &[Cow<'_, str>]| {
            groups.iter().any(|g| group == "/" || upwards(g).any(|above| above == group))
        };
        let within = self.members.iter().filter(|(_, groups)| is_within(groups));
        let owner = |(pid, _): &(u32, Vec<Cow<'_, str>>)| {
            let threads = signed(last.get(pid)?.threads);
            Some(Owner { pid: (*pid).into(), comm: self.who.comm(*pid), threads })
        };
        let mut owners: Vec<Owner> = within.filter_map(owner).collect();
        owners.sort_by(|a, b| b.threads.cmp(&a.threads).then(a.pid.cmp(&b.pid)));
        owners.truncate(MAX_OWNERS);
        owners
    }
}

/// Where a limit of memory is written: v1 has a tree for each controller.
fn limit_path((_, group, file): &(u64, String, &'static str)) -> String {
    let tree = if *file == "memory.max" { "" } else { "/memory" };
    format!("/sys/fs/cgroup{tree}{}/{file}", group.trim_end_matches('/'))
}

/// The limit that a group itself sets, and its file.
fn own_limit(files: &Files<'_>, page_size_bytes: u64) -> Option<(u64, &'static str)> {
    let v2 = files.get("memory.max").and_then(|t| cgroup::limit(t).ok());
    let v1 = || cgroup::limit_v1(files.get("memory.limit_in_bytes")?, page_size_bytes).ok();
    let file = if v2.is_some() { "memory.max" } else { "memory.limit_in_bytes" };
    match v2.or_else(v1)? {
        Bound::At(bytes) => Some((bytes, file)),
        Bound::Unlimited => None,
    }
}

fn number(files: &Files<'_>, file: &str) -> Option<u64> {
    files.get(file)?.trim().parse().ok()
}

fn keyed(files: Option<&Files<'_>>, file: &str, key: &str) -> Option<u64> {
    u64::try_from(cgroup::parse(files?.get(file)?).ok()?.get(key)?).ok()
}

impl Trees<'_> {
    /// Groups worth a row, those nearest to trouble first.
    fn rows(&self) -> Vec<Cgroup> {
        let groups = self.last.iter().map(|(path, files)| self.group(path, files));
        let mut rows: Vec<Cgroup> = groups.filter(is_worth).collect();
        rows.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.path.cmp(&b.path)));
        rows.truncate(MAX_ROWS);
        rows
    }

    fn group(&self, path: &str, files: &Files<'_>) -> Cgroup {
        let name = path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("/");
        Cgroup {
            path: path.to_owned(),
            name: name.to_owned(),
            memory: self.memory(path, files),
            cpu: self.cpu(path, files),
            pids: self.pids(path, files),
            io_pressure_some_ratio: self
                .pressure(path, "io.pressure")
                .and_then(|p| p.some?.window_ratio),
            ..Cgroup::default()
        }
    }

    /// How much a counter grew; `None` without two readings, or when it began anew.
    fn delta(&self, path: &str, file: &str, key: &str) -> Option<u64> {
        self.span_s?;
        let now = keyed(self.last.get(path), file, key)?;
        now.checked_sub(keyed(self.first.get(path), file, key)?)
    }

    fn pressure(&self, path: &str, file: &str) -> Option<super::super::pressure::Resource> {
        let read =
            |tree: &BTreeMap<String, Files<'_>>| pressure::parse(tree.get(path)?.get(file)?).ok();
        let (first, last) = (read(&self.first)?, read(&self.last)?);
        Some(resource(&last, self.span_s.map(|s| (first, last, s))))
    }

    /// Lowest limit of a group and those above; one of the whole machine is none.
    fn memory_limit(&self, path: &str) -> Option<(u64, String, &'static str)> {
        let of = |group: &str| -> Option<(u64, String, &'static str)> {
            let files = self.last.get(group)?;
            let (bytes, file) = own_limit(files, self.page_size_bytes)?;
            Some((bytes, group.to_owned(), file))
        };
        let lowest = upwards(path).filter_map(of).min_by_key(|(bytes, ..)| *bytes);
        lowest.filter(|(bytes, ..)| self.memory_bytes.is_none_or(|all| *bytes < all))
    }

    fn memory(&self, path: &str, files: &Files<'_>) -> Option<CgroupMemory> {
        let current =
            number(files, "memory.current").or_else(|| number(files, "memory.usage_in_bytes"))?;
        let limit = self.memory_limit(path);
        let stat = files.get("memory.stat").and_then(|t| cgroup::parse(t).ok());
        let of =
            |keys: [&str; 2]| keys.iter().find_map(|k| u64::try_from(stat.as_ref()?.get(k)?).ok());
        let working = stat.as_ref().map(|s| working(s, files));
        let events = "memory.events";
        let pressure = self.pressure(path, "memory.pressure");
        let stall = |of: fn(
            &super::super::pressure::Resource,
        ) -> Option<&super::super::pressure::Stall>| {
            of(pressure.as_ref()?)?.window_ratio
        };
        let bytes = limit.as_ref().map(|(b, ..)| *b);
        let by_limit = |n: Option<u64>| ratio(from_u64(n?), from_u64(bytes?));
        let failcnt = || {
            self.span_s?;
            let then = number(self.first.get(path)?, "memory.failcnt")?;
            number(files, "memory.failcnt")?.checked_sub(then)
        };
        let v1 = "memory.oom_control";
        let kills =
            keyed(Some(files), events, "oom_kill").or_else(|| keyed(Some(files), v1, "oom_kill"));
        let killed =
            self.delta(path, events, "oom_kill").or_else(|| self.delta(path, v1, "oom_kill"));
        Some(CgroupMemory {
            current_bytes: Some(signed(current)),
            limit_bytes: bytes.map(signed),
            limit_path: limit.as_ref().map(limit_path),
            limit_group: limit.map(|(_, group, _)| group),
            high_bytes: number(files, "memory.high").map(signed),
            working_bytes: working.map(signed),
            working_ratio: by_limit(working),
            current_ratio: by_limit(Some(current)),
            anon_bytes: of(["anon", "total_rss"]).map(signed),
            file_bytes: of(["file", "total_cache"]).map(signed),
            shmem_bytes: of(["shmem", "total_shmem"]).map(signed),
            oom_kills: kills.map(signed),
            oom_kills_in_window: killed.map(signed),
            max_events_in_window: self.delta(path, events, "max").or_else(failcnt).map(signed),
            high_events_in_window: self.delta(path, events, "high").map(signed),
            pressure_some_ratio: stall(|p| p.some.as_ref()),
            pressure_full_ratio: stall(|p| p.full.as_ref()),
        })
    }

    fn cpu(&self, path: &str, files: &Files<'_>) -> Option<CgroupCpu> {
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
        let lost = stood
            .zip(self.span_s)
            .zip(quota_cpus)
            .and_then(|((us, s), cpus)| ratio(us / 1e6, s * cpus.ceil().max(1.0)));
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
            used_cpus,
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

    fn pids(&self, path: &str, files: &Files<'_>) -> Option<CgroupPids> {
        let current = number(files, "pids.current")?;
        let max = match files.get("pids.max").and_then(|t| cgroup::limit(t).ok()) {
            Some(Bound::At(n)) => Some(n),
            _ => None,
        };
        Some(CgroupPids {
            current: Some(signed(current)),
            max: max.map(signed),
            used_ratio: max.and_then(|m| ratio(from_u64(current), from_u64(m))),
            refused: keyed(self.last.get(path), "pids.events", "max").map(signed),
            refused_in_window: self.delta(path, "pids.events", "max").map(signed),
            owners: Vec::new(),
        })
    }
}

/// What cannot be dropped or written back: anonymous and shared memory, and kernel memory that is
/// no reclaimable slab. Old kernels and v1 report only parts of the last.
fn working(stat: &crate::parse::Counters, files: &Files<'_>) -> u64 {
    let told = |key: &str| stat.get(key).and_then(|n| u64::try_from(n).ok());
    let get = |key: &str| told(key).unwrap_or(0);
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    if stat.get("total_rss").is_some() {
        let kernel = number(files, "memory.kmem.usage_in_bytes").unwrap_or(0);
        return sum(&[get("total_rss"), get("total_shmem"), kernel]);
    }
    let parts = ["slab_unreclaimable", "kernel_stack", "pagetables", "percpu", "sock"].map(get);
    let kernel =
        told("kernel").map_or_else(|| sum(&parts), |k| k.saturating_sub(get("slab_reclaimable")));
    sum(&[get("anon"), get("shmem"), kernel])
}
