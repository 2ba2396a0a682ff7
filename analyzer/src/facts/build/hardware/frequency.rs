//! Clock rate of the processors, and what limits it.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::cpu::Cpu;
use crate::facts::hardware::Frequency;
use crate::facts::inputs::Inputs;
use crate::facts::kernel_log::KernelLog;
use crate::facts::method::num::{from_u64, len, signed};
use crate::facts::method::quantile;
use crate::facts::plan::Pack;
use crate::locator::Locator;

const POLICY: &str = "devices/system/cpu/cpufreq/policy";
const FACT: &str = "frequency";
/// Share of its time from which a CPU needs its whole rate: idle ones run slow by design.
const BUSY: f64 = 0.8;

pub(in crate::facts::build) fn build(
    inputs: &Inputs,
    cpu: &Cpu,
    log: &KernelLog,
    book: &mut Book,
) -> Frequency {
    let source = &inputs.hardware.sys_cpu;
    let mut frequency = Frequency::default();
    let rates = inputs.cpu.cpuinfo.first().ok().map(|c| c.processors.iter());
    let rates: Vec<f64> = rates.into_iter().flatten().filter_map(|p| p.mhz).collect();
    frequency.now_mhz = quantile::mean(&rates);
    let packs: Vec<&Pack<String, String>> = source.good().map(|(_, p)| p).collect();
    let Some(sys) = packs.first() else {
        book.absent(FACT, source.absence());
        return frequency;
    };
    book.source(FACT, Locator::entry(&source.path));
    policies(&mut frequency, sys);
    frequency.base_mhz = frequency.base_mhz.or_else(|| of_model(cpu.model.as_deref()?));
    let busy = busy_rates(&packs, cpu);
    frequency.busy_cpus = busy.as_ref().map(|rates| len(rates.len()));
    frequency.busy_mhz = busy.and_then(|rates| quantile::mean(&rates));
    let of = |file: &str| sys.get(format!("devices/system/cpu/{file}").as_str());
    frequency.no_turbo = of("intel_pstate/no_turbo").map(|t| t == "1");
    frequency.is_active_mode = frequency.driver.as_deref().map(|d| {
        d == "amd-pstate-epp"
            || d == "intel_pstate" && of("intel_pstate/status").is_none_or(|s| s == "active")
    });
    let counted = throttled(sys);
    frequency.throttled_since_boot = counted;
    let grown = packs
        .get(1..)
        .and_then(<[_]>::last)
        .and_then(|last| Some(throttled(last)?.saturating_sub(counted?).max(0)));
    let logged = log.thermal.as_ref().map(|t| t.in_window);
    frequency.throttled_in_window = grown.into_iter().chain(logged).max();
    say_absences(&frequency, book);
    frequency
}

fn policies(frequency: &mut Frequency, sys: &Pack<String, String>) {
    let (mut governors, mut preferences) = (BTreeSet::new(), BTreeSet::new());
    let mut slowest: Option<(f64, f64)> = None;
    for (key, value) in sys.rows.iter().filter(|(k, _)| k.starts_with(POLICY)) {
        let Some((policy, file)) = key.rsplit_once('/') else { continue };
        let mhz = |file: &str| {
            let khz: u64 = sys.get(format!("{policy}/{file}").as_str())?.parse().ok()?;
            Some(from_u64(khz) / 1000.0)
        };
        match file {
            "scaling_governor" => drop(governors.insert(value.clone())),
            "energy_performance_preference" => drop(preferences.insert(value.clone())),
            "scaling_driver" => frequency.driver = Some(value.clone()),
            "base_frequency" => frequency.base_mhz = frequency.base_mhz.or(mhz("base_frequency")),
            "scaling_max_freq" => {
                if let Some(pair) = mhz("scaling_max_freq").zip(mhz("cpuinfo_max_freq"))
                    && slowest.is_none_or(|s| pair.0 / pair.1 < s.0 / s.1)
                {
                    slowest = Some(pair);
                }
            }
            _ => {}
        }
    }
    frequency.governors = governors.into_iter().collect();
    frequency.preferences = preferences.into_iter().collect();
    (frequency.allowed_mhz, frequency.hardware_mhz) = slowest.unzip();
}

/// `Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz`: its maker tells the rate without boost.
fn of_model(model: &str) -> Option<f64> {
    let ghz: f64 = model.rsplit_once("@ ")?.1.strip_suffix("GHz")?.trim().parse().ok()?;
    Some(ghz * 1000.0).filter(|mhz| (100.0..20_000.0).contains(mhz))
}

/// Rates of the busy CPUs, each the higher of what it told at both ends: one that has just become
/// idle tells a low one. `None` where no CPU tells.
fn busy_rates(packs: &[&Pack<String, String>], cpu: &Cpu) -> Option<Vec<f64>> {
    let mut told: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (key, khz) in packs.iter().flat_map(|pack| &pack.rows) {
        let policy = key.strip_suffix("/scaling_cur_freq");
        if let (Some(policy), Ok(khz)) = (policy, khz.parse::<u64>()) {
            told.entry(policy).or_default().push(from_u64(khz) / 1000.0);
        }
    }
    let busy: BTreeSet<i64> =
        cpu.each.iter().filter(|c| c.busy_ratio >= BUSY).map(|c| c.cpu).collect();
    let rates = told.iter().flat_map(|(policy, rates)| {
        let own = policy.strip_prefix(POLICY).and_then(|n| n.parse().ok());
        let affected =
            packs.first().and_then(|p| p.get(format!("{policy}/affected_cpus").as_str()));
        let affected = affected.map(|t| t.split_ascii_whitespace().filter_map(|n| n.parse().ok()));
        let cpus: Vec<i64> = affected.map_or_else(|| own.into_iter().collect(), Iterator::collect);
        let of_busy = cpus.into_iter().filter(|cpu| busy.contains(cpu));
        of_busy.filter_map(|_| rates.iter().copied().reduce(f64::max)).collect::<Vec<_>>()
    });
    (!told.is_empty()).then(|| rates.collect())
}

/// Events of the worst CPU: those of a package are counted by each of its CPUs.
fn throttled(sys: &Pack<String, String>) -> Option<i64> {
    let counts = sys.rows.iter().filter(|(k, _)| {
        k.ends_with("/core_throttle_count") || k.ends_with("/package_throttle_count")
    });
    counts.filter_map(|(_, n)| n.parse::<u64>().ok()).max().map(signed)
}

fn say_absences(f: &Frequency, book: &mut Book) {
    let known = [
        ("driver", f.driver.is_some()),
        ("allowed_mhz", f.allowed_mhz.is_some()),
        ("hardware_mhz", f.hardware_mhz.is_some()),
        ("base_mhz", f.base_mhz.is_some()),
        ("busy_cpus", f.busy_cpus.is_some()),
        ("no_turbo", f.no_turbo.is_some()),
        ("is_active_mode", f.is_active_mode.is_some()),
        ("throttled_in_window", f.throttled_in_window.is_some()),
        ("throttled_since_boot", f.throttled_since_boot.is_some()),
    ];
    for (field, _) in known.into_iter().filter(|(_, known)| !known) {
        let absence = Absence::of(Reason::NotApplicable, "packs/sys/cpu", "not on this machine");
        book.absent(format!("{FACT}.{field}"), absence);
    }
    if f.busy_mhz.is_none() {
        let why = match f.busy_cpus {
            Some(_) => "no CPU was busy",
            None => "no CPU tells its rate",
        };
        let absence = Absence::of(Reason::NotApplicable, "packs/sys/cpu", why);
        book.absent(format!("{FACT}.busy_mhz"), absence);
    }
    if f.now_mhz.is_none() {
        let absence = Absence::of(Reason::Missing, "proc/cpuinfo", "no rate is told");
        book.absent(format!("{FACT}.now_mhz"), absence);
    }
}
