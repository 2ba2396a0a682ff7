//! Chapter: processors and where their time went in the window.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::cpuinfo::Processor;
use crate::parse::cpulist::{self, CpuList};
use crate::parse::lscpu::Lscpu;
use crate::parse::stat::CpuTicks;

use super::super::cpu::{Cpu, CpuKind, CpuTime};
use super::super::inputs::Inputs;
use super::super::method::num::{from_u64, len, ratio, signed};
use super::super::plan::{Pack, Packed};
use super::Book;
use super::book::too_few;
use super::host::pack_absence;
use super::window::Window;

const CPU: &str = "devices/system/cpu";

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> Cpu {
    let sys = inputs.cpu.sys_cpu.first().ok();
    let online = list(&inputs.cpu.sys_cpu, &format!("{CPU}/online"));
    let mut cpu = Cpu { online, ..Cpu::default() };
    if cpu.online.is_some() {
        book.source(
            "cpu.online",
            Locator::record(&inputs.cpu.sys_cpu.path, format!("{CPU}/online")),
        );
    } else {
        let stat = book.first("cpu.online", &inputs.cpu.stat);
        let of_stat = stat.map(|s| len(s.cpus.len())).filter(|n| *n > 0);
        let of_tool = |l: &Lscpu| l.online.as_ref().map(|o| signed(o.len())).or(l.cpus.map(signed));
        cpu.online = book.or_first("cpu.online", of_stat, &inputs.cpu.lscpu, of_tool);
    }
    cpu.present = list(&inputs.cpu.sys_cpu, &format!("{CPU}/present"));
    let text = |file: &str| {
        let value = sys?.get(format!("{CPU}/{file}").as_str())?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    cpu.offline = text("offline");
    cpu.smt = text("smt/control");
    cpu.microcode = inputs.cpu.cpuinfo.first().ok().and_then(|c| c.microcode.clone());
    for (fact, known) in [
        ("cpu.offline", cpu.offline.is_some()),
        ("cpu.smt", cpu.smt.is_some()),
        ("cpu.microcode", cpu.microcode.is_some()),
    ] {
        if !known {
            book.absent(fact, pack_absence(&inputs.cpu.sys_cpu, "not told"));
        }
    }
    kinds(inputs, &mut cpu, book);
    (cpu.sockets, cpu.cores) = sys.map(topology).unwrap_or_default();
    cpu.model = book.first("cpu.model", &inputs.cpu.cpuinfo).and_then(|c| c.model.clone());
    cpu.numa_nodes = list(&inputs.memory.sys_node, "devices/system/node/has_memory")
        .or_else(|| list(&inputs.memory.sys_node, "devices/system/node/online"));
    let sysfs = [
        ("cpu.present", cpu.present.is_some()),
        ("cpu.sockets", cpu.sockets.is_some()),
        ("cpu.cores", cpu.cores.is_some()),
    ];
    for (fact, known) in sysfs {
        if known {
            book.source(fact, Locator::entry(&inputs.cpu.sys_cpu.path));
        } else {
            book.absent(fact, pack_absence(&inputs.cpu.sys_cpu, ""));
        }
    }
    if cpu.numa_nodes.is_some() {
        book.source("cpu.numa_nodes", Locator::entry(&inputs.memory.sys_node.path));
    } else {
        book.absent("cpu.numa_nodes", pack_absence(&inputs.memory.sys_node, ""));
    }
    of_tool(inputs, &mut cpu, book);
    if cpu.model.is_none() && book.absences.exact("cpu.model").is_none() {
        let absence = Absence::of(Reason::Missing, &inputs.cpu.cpuinfo.path, "no model name");
        book.absent("cpu.model", absence);
    }
    cpu.time = time(inputs, window, book);
    super::cpu_use::build(inputs, window, &mut cpu, book);
    cpu
}

/// What differs between the CPUs. Of one kind alone no list is made.
fn kinds(inputs: &Inputs, cpu: &mut Cpu, book: &mut Book) {
    let Some(info) = book.first("cpu.microcodes", &inputs.cpu.cpuinfo) else {
        book.absent("cpu.core_kinds", inputs.cpu.cpuinfo.absence());
        return;
    };
    let sys = inputs.cpu.sys_cpu.first().ok();
    let first_level = |cpu: u32| {
        let of = |file: &str| sys?.get(format!("{CPU}/cpu{cpu}/cache/index0/{file}").as_str());
        of("type").filter(|t| *t == "Data").and_then(|_| of("size")).map(String::as_str)
    };
    let by = |of: &dyn Fn(&Processor) -> Option<String>| -> Vec<CpuKind> {
        let mut kinds: BTreeMap<String, CpuList> = BTreeMap::new();
        for p in &info.processors {
            let Some(name) = of(p) else { continue };
            let list = kinds.entry(name).or_default();
            *list = list.iter().chain([p.cpu]).collect();
        }
        let mut kinds: Vec<(String, CpuList)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, cpus)| std::cmp::Reverse(cpus.len()));
        let kind = |(name, cpus): (String, CpuList)| CpuKind { name, cpus: cpus.to_string() };
        if kinds.len() > 1 { kinds.into_iter().map(kind).collect() } else { Vec::new() }
    };
    cpu.microcodes = by(&|p| p.microcode.as_deref().map(str::to_owned));
    cpu.core_kinds = by(&|p| match (p.model.as_deref(), first_level(p.cpu)) {
        (Some(model), Some(size)) => Some(format!("{model}, {size}")),
        (model, size) => model.or(size).map(str::to_owned),
    });
    let paths = [&inputs.cpu.cpuinfo.path, &inputs.cpu.sys_cpu.path];
    book.sources("cpu.core_kinds", paths.map(|p| Locator::entry(p.as_str())).to_vec());
}

/// Topology as lscpu tells it, where sysfs was not read.
fn of_tool(inputs: &Inputs, cpu: &mut Cpu, book: &mut Book) {
    let lscpu = &inputs.cpu.lscpu;
    let cores = |l: &Lscpu| Some(signed(l.cores_per_socket?.saturating_mul(l.sockets?)));
    cpu.sockets = book.or_first("cpu.sockets", cpu.sockets, lscpu, |l| l.sockets.map(signed));
    cpu.cores = book.or_first("cpu.cores", cpu.cores, lscpu, cores);
    let nodes = cpu.numa_nodes;
    cpu.numa_nodes = book.or_first("cpu.numa_nodes", nodes, lscpu, |l| l.numa_nodes.map(signed));
    let model = cpu.model.take();
    cpu.model = book.or_first("cpu.model", model, lscpu, |l| l.model.clone());
}

/// Number of members of a list file.
fn list(pack: &Packed<String, String>, key: &str) -> Option<i64> {
    let text = pack.first().ok()?.get(key)?;
    cpulist::parse(text).ok().map(|l| signed(l.len()))
}

/// Sockets and physical cores, from the topology of the CPUs online.
fn topology(sys: &Pack<String, String>) -> (Option<i64>, Option<i64>) {
    let mut sockets = BTreeSet::new();
    let mut cores = BTreeSet::new();
    for (key, socket) in &sys.rows {
        let Some(cpu) = key.strip_suffix("/topology/physical_package_id") else { continue };
        sockets.insert(socket);
        let of = |file: &str| sys.get(format!("{cpu}/topology/{file}").as_str());
        if let Some(core) = of("core_id") {
            // Core numbers start anew in each die on some processors.
            cores.insert((socket, of("die_id"), core));
        }
    }
    let count = |n: usize| (n > 0).then(|| len(n));
    (count(sockets.len()), count(cores.len()))
}

fn time(inputs: &Inputs, window: &Window, book: &mut Book) -> Option<CpuTime> {
    let Some(ends) = window.ends(&inputs.cpu.stat) else {
        let good = inputs.cpu.stat.good().count();
        let absence = if good == 0 {
            inputs.cpu.stat.absence()
        } else {
            too_few(&inputs.cpu.stat.path, good, 2)
        };
        return book.known("cpu.time", Err(absence));
    };
    book.sources(
        "cpu.time",
        vec![
            Locator::line(inputs.cpu.stat.entry(ends.first.0.pass), 1),
            Locator::line(inputs.cpu.stat.entry(ends.last.0.pass), 1),
        ],
    );
    let shares = shares(&ends.first.1.all, &ends.last.1.all);
    if shares.is_none() {
        let absence = Absence::of(Reason::NotApplicable, &inputs.cpu.stat.path, "no time passed");
        book.absent("cpu.time", absence);
    }
    shares
}

/// Shares of the time between two readings. A counter that went back (iowait does) adds nothing.
pub(super) fn shares(first: &CpuTicks, last: &CpuTicks) -> Option<CpuTime> {
    let delta = |a: u64, b: u64| from_u64(b.saturating_sub(a));
    let optional = |a: Option<u64>, b: Option<u64>| delta(a.unwrap_or(0), b.unwrap_or(0));
    let user = delta(first.user, last.user);
    let nice = delta(first.nice, last.nice);
    let system = delta(first.system, last.system);
    let idle = delta(first.idle, last.idle);
    let iowait = optional(first.iowait, last.iowait);
    let irq = optional(first.irq, last.irq);
    let softirq = optional(first.softirq, last.softirq);
    let steal = optional(first.steal, last.steal);
    let all = user + nice + system + idle + iowait + irq + softirq + steal;
    Some(CpuTime {
        user_ratio: ratio(user, all)?,
        nice_ratio: ratio(nice, all)?,
        system_ratio: ratio(system, all)?,
        idle_ratio: ratio(idle, all)?,
        iowait_ratio: ratio(iowait, all)?,
        irq_ratio: ratio(irq, all)?,
        softirq_ratio: ratio(softirq, all)?,
        steal_ratio: ratio(steal, all)?,
    })
}

impl CpuTime {
    /// Share of system time in the time that was not idle.
    pub(super) fn system_of_busy(&self) -> Option<f64> {
        ratio(self.system_ratio, 1.0 - self.idle_ratio - self.iowait_ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_one_and_iowait_may_go_back() {
        let first = CpuTicks { user: 100, idle: 1000, iowait: Some(50), ..CpuTicks::default() };
        let last = CpuTicks { user: 150, idle: 1150, iowait: Some(40), ..CpuTicks::default() };
        let s = shares(&first, &last).unwrap();
        assert_eq!((s.user_ratio, s.idle_ratio, s.iowait_ratio), (0.25, 0.75, 0.0));
        assert!(shares(&first, &first).is_none());
    }

    #[test]
    fn what_all_cpus_have_in_common_is_no_list() {
        use crate::facts::{SiteInputs, build};
        let kinds = |second: &str| {
            let text = format!(
                "processor: 0\nmodel name: X\nmicrocode: 0x1\n\nprocessor: 1\nmodel name: X\n\
                 microcode: {second}\n"
            );
            let files = vec![("proc/cpuinfo".to_owned(), text.into_bytes())];
            let f = build(&crate::input::Snapshot::of_files(files), &SiteInputs::default());
            let names = |kinds: &[CpuKind]| -> Vec<String> {
                kinds.iter().map(|k| format!("{} {}", k.name, k.cpus)).collect()
            };
            (names(&f.tree.cpu.microcodes), names(&f.tree.cpu.core_kinds))
        };
        assert_eq!(kinds("0x1"), (vec![], vec![]));
        assert_eq!(kinds("0x2").0, ["0x1 0", "0x2 1"]);
    }
}
