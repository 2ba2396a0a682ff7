//! Clock rate of the processors, and what limits it.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::hardware::Frequency;
use crate::facts::inputs::Inputs;
use crate::facts::kernel_log::KernelLog;
use crate::facts::method::num::{from_u64, signed};
use crate::facts::method::quantile;
use crate::facts::plan::Pack;
use crate::locator::Locator;

const POLICY: &str = "devices/system/cpu/cpufreq/policy";
const FACT: &str = "frequency";

pub(in crate::facts::build) fn build(
    inputs: &Inputs,
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
        ("no_turbo", f.no_turbo.is_some()),
        ("is_active_mode", f.is_active_mode.is_some()),
        ("throttled_in_window", f.throttled_in_window.is_some()),
        ("throttled_since_boot", f.throttled_since_boot.is_some()),
    ];
    for (field, _) in known.into_iter().filter(|(_, known)| !known) {
        let absence = Absence::of(Reason::NotApplicable, "packs/sys/cpu", "not on this machine");
        book.absent(format!("{FACT}.{field}"), absence);
    }
    if f.now_mhz.is_none() {
        let absence = Absence::of(Reason::Missing, "proc/cpuinfo", "no rate is told");
        book.absent(format!("{FACT}.now_mhz"), absence);
    }
}
