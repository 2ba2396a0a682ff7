//! The clock: its source, and who keeps it right.

use std::collections::BTreeSet;

use crate::facts::build::Book;
use crate::facts::build::host::pack_absence;
use crate::facts::hardware::Clock;
use crate::facts::inputs::Inputs;
use crate::locator::Locator;

const SOURCE: &str = "devices/system/clocksource/clocksource0";
/// Programs that set the clock by a network protocol: two of them fight. (`comm` has 15 bytes.)
const DAEMONS: [&str; 6] = ["chronyd", "ntpd", "systemd-timesyn", "openntpd", "ntpsec", "ptp4l"];

pub(in crate::facts::build) fn build(inputs: &Inputs, book: &mut Book) -> Clock {
    let sys = &inputs.cpu.sys_cpu;
    let of = |file: &str| sys.first().ok()?.get(format!("{SOURCE}/{file}").as_str());
    let source = of("current_clocksource").filter(|s| !s.is_empty()).cloned();
    if source.is_some() {
        book.source(
            "clock.source",
            Locator::record(&sys.path, format!("{SOURCE}/current_clocksource")),
        );
    } else {
        book.absent("clock.source", pack_absence(sys, "no clock source"));
    }
    let words = |t: &String| t.split_ascii_whitespace().map(str::to_owned).collect();
    let available = of("available_clocksource").map(words).unwrap_or_default();
    let told = match inputs.hardware.clock.first() {
        Ok(told) => {
            for field in ["synchronised", "offset_s", "max_error_s", "frequency_ppm"] {
                let entry = Locator::entry(&inputs.hardware.clock.path);
                book.source(format!("clock.{field}"), entry);
            }
            Some(told)
        }
        Err(absence) => {
            for field in ["synchronised", "offset_s", "max_error_s", "frequency_ppm"] {
                book.absent(format!("clock.{field}"), absence.clone());
            }
            None
        }
    };
    let mut running = BTreeSet::new();
    match inputs.process.processes.first() {
        Ok(pack) => {
            let names = pack.rows.iter().map(|(_, p)| &*p.comm);
            running.extend(names.filter(|n| DAEMONS.contains(n)).map(str::to_owned));
            book.source("clock.daemons", Locator::entry(&inputs.process.processes.path));
        }
        Err(absence) => book.absent("clock.daemons", absence),
    }
    Clock {
        source,
        available,
        synchronised: told.map(|t| t.synchronised),
        offset_s: told.map(|t| t.offset_s),
        max_error_s: told.map(|t| t.max_error_s),
        frequency_ppm: told.map(|t| t.frequency_ppm),
        daemons: running.into_iter().collect(),
    }
}
