//! Errors that PCI Express links have counted, and which device's link it is.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::devices::pci_device;
use crate::facts::build::window::seconds;
use crate::facts::hardware::{Aer, AerDevice};
use crate::facts::inputs::{Inputs, Severity};
use crate::facts::method::num::{from_i64, len, ratio, signed};
use crate::facts::plan::{Pack, Reading};
use crate::locator::Locator;
use crate::parse::aer;

const FACT: &str = "hardware.aer";
/// Devices that are listed.
const MAX_DEVICES: usize = 20;
/// What is counted as a corrected error, and is none.
const NOTICE: &str = "NonFatalErr";
const HOUR_S: f64 = 3600.0;

type Counts = Pack<(Box<str>, Severity), aer::Aer>;

pub(super) fn build(inputs: &Inputs, book: &mut Book) -> Option<Aer> {
    let [own, others] = &inputs.hardware.aer;
    let full = |(_, pack): &(&Reading<Counts>, &Counts)| !pack.rows.is_empty();
    let source = if own.good().any(|r| full(&r)) { own } else { others };
    let looks: Vec<(&Reading<Counts>, &Counts)> = source.good().filter(full).collect();
    let Some((last_at, last)) = looks.last().copied() else {
        let none = Absence::of(Reason::Missing, &own.path, "no device counts errors of its link");
        book.absent(FACT, own.first().err().unwrap_or(none));
        return None;
    };
    book.source(FACT, Locator::entry(&source.path));
    let first = looks.first().copied().filter(|_| looks.len() > 1);
    let hours = first.map(|(at, _)| seconds(last_at.mono_us.saturating_sub(at.mono_us)) / HOUR_S);
    let links = links(last, first.map(|(_, pack)| pack), hours);
    let sum = |of: fn(&AerDevice) -> i64| links.values().map(of).fold(0, i64::saturating_add);
    let known = |of: fn(&AerDevice) -> Option<i64>| {
        links.values().filter_map(of).reduce(i64::saturating_add)
    };
    let mut told = Aer {
        counting: len(links.len()),
        corrected: sum(|d| d.corrected),
        uncorrected: sum(|d| d.nonfatal.saturating_add(d.fatal)),
        corrected_in_window: known(|d| d.corrected_in_window),
        nonfatal_in_window: known(|d| d.nonfatal_in_window),
        fatal_in_window: known(|d| d.fatal_in_window),
        devices: Vec::new(),
    };
    told.devices = worst(links);
    for device in &mut told.devices {
        name(inputs, device);
    }
    let anew = || {
        let detail = "the counters of this device were not there in the first look, or began anew";
        Absence::of(Reason::Missing, &source.path, detail)
    };
    let none = if first.is_some() { anew() } else { too_few(&source.path, 1, 2) };
    for field in ["corrected_in_window", "nonfatal_in_window", "fatal_in_window"] {
        book.absent(format!("{FACT}.{field}"), none.clone());
    }
    book.absent(format!("{FACT}.devices"), none);
    for i in 0..told.devices.len() {
        for field in ["corrected_kind", "uncorrected_kind"] {
            let none = Absence::new(Reason::NotApplicable, "it has no such error");
            book.absent(format!("{FACT}.devices.{i}.{field}"), none);
        }
    }
    Some(told)
}

/// Growth of the errors of one severity between both looks. A record that was not there before, or
/// stood higher, began anew meanwhile: how much of it is of the window is not told.
fn grown(first: Option<&Counts>, key: &(Box<str>, Severity), now: &aer::Aer) -> Option<i64> {
    let then = first?.get(key)?;
    now.total.checked_sub(then.total)?;
    Some(signed(real(now).saturating_sub(real(then))))
}

/// Errors without what is none: a device that is asked for what it does not have notes it as a
/// corrected error.
fn real(n: &aer::Aer) -> u64 {
    n.total.saturating_sub(n.of(NOTICE))
}

/// The kind with most errors in the window, or where there were none, since the device was found.
fn mostly<'n>(now: &'n aer::Aer, then: Option<&aer::Aer>) -> Option<(u64, &'n str)> {
    let all = || now.kinds.iter().filter(|(kind, _)| &**kind != NOTICE);
    let new = |n: u64, kind: &str| then.map_or(0, |t| n.saturating_sub(t.of(kind)));
    let most = all().max_by_key(|(kind, n)| (new(*n, kind), *n))?;
    Some((most.1, &most.0))
}

/// All devices that count, by their place.
fn links(last: &Counts, first: Option<&Counts>, hours: Option<f64>) -> BTreeMap<String, AerDevice> {
    let mut all: BTreeMap<String, AerDevice> = BTreeMap::new();
    let mut most_of: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, now) in &last.rows {
        let (slot, severity) = (&*key.0, key.1);
        let device = all.entry(slot.to_owned()).or_default();
        let then = first.and_then(|f| f.get(key));
        let grown = grown(first, key, now);
        let kind = mostly(now, then).filter(|_| real(now) > 0);
        if severity == Severity::Corrected {
            device.corrected = signed(real(now));
            device.corrected_in_window = grown;
            let rate = grown.zip(hours).and_then(|(n, hours)| ratio(from_i64(n), hours));
            device.corrected_per_hour = rate;
            device.corrected_kind = kind.map(|(_, kind)| kind.to_owned());
            continue;
        }
        let (count, growth) = if severity == Severity::Fatal {
            (&mut device.fatal, &mut device.fatal_in_window)
        } else {
            (&mut device.nonfatal, &mut device.nonfatal_in_window)
        };
        (*count, *growth) = (signed(now.total), grown);
        let most = most_of.entry(slot).or_default();
        if let Some((n, kind)) = kind.filter(|(n, _)| n > most) {
            device.uncorrected_kind = Some(kind.to_owned());
            *most = n;
        }
    }
    for (slot, device) in &mut all {
        device.slot.clone_from(slot);
    }
    all
}

/// Those that have errors, the worst of the window first.
fn worst(links: BTreeMap<String, AerDevice>) -> Vec<AerDevice> {
    let has = |d: &AerDevice| d.corrected > 0 || d.nonfatal > 0 || d.fatal > 0;
    let mut bad: Vec<AerDevice> = links.into_values().filter(has).collect();
    let weight = |d: &AerDevice| {
        let window = (d.fatal_in_window, d.nonfatal_in_window, d.corrected_in_window);
        (window, (d.fatal, d.nonfatal, d.corrected))
    };
    bad.sort_by_key(|d| std::cmp::Reverse(weight(d)));
    bad.truncate(MAX_DEVICES);
    bad
}

fn name(inputs: &Inputs, device: &mut AerDevice) {
    device.name = pci_device(inputs, &device.slot).unwrap_or_default();
    let key = format!("bus/pci/devices/{}/driver", device.slot);
    let driver = inputs.hardware.sys_pci.first().ok().and_then(|p| p.get(key.as_str()));
    let driver = driver.and_then(|d| d.rsplit('/').next());
    driver.unwrap_or_default().clone_into(&mut device.driver);
}

#[cfg(test)]
mod tests {
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;

    fn pack(files: &[(&str, &str)]) -> String {
        let record = |(key, text): &(&str, &str)| {
            format!("bus/pci/devices/{key} {} collected 5\n{text}", text.len())
        };
        files.iter().map(record).collect()
    }

    #[test]
    fn growth_between_both_looks_and_whose_link_it_is() {
        let at = |cor: u64| {
            let cor = format!("RxErr {cor}\nBadTLP 1\nTOTAL_ERR_COR {}\n", cor + 1);
            pack(&[
                ("0000:00:1c.0/aer_dev_correctable", &cor),
                ("0000:00:1c.0/aer_dev_fatal", "DLP 0\nTOTAL_ERR_FATAL 0\n"),
                ("0000:01:00.0/aer_dev_nonfatal", "UnsupReq 2\nTOTAL_ERR_NONFATAL 2\n"),
                ("0000:02:00.0/aer_dev_fatal", "DLP 0\nTOTAL_ERR_FATAL 0\n"),
            ])
        };
        let pci = pack(&[
            ("0000:00:1c.0/vendor", "0x8086\n"),
            ("0000:00:1c.0/device", "0xa110\n"),
            ("0000:00:1c.0/driver", "../../bus/pci/drivers/pcieport"),
        ]);
        let files = [
            ("packs/sys/aer".to_owned(), at(10)),
            ("samples/36/packs/sys/aer".to_owned(), at(15)),
            ("packs/sys/pci".to_owned(), pci),
        ];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        let aer = f.tree.hardware.aer.unwrap();
        assert_eq!((aer.counting, aer.corrected, aer.uncorrected), (3, 16, 2));
        assert_eq!((aer.corrected_in_window, aer.nonfatal_in_window), (Some(5), Some(0)));
        let [port, other] = aer.devices.as_slice() else { panic!() };
        assert_eq!(port.corrected_per_hour, Some(500.0), "five in 36 seconds");
        assert_eq!((port.name.as_str(), port.driver.as_str()), ("[8086:a110]", "pcieport"));
        let kind = port.corrected_kind.as_deref();
        assert_eq!((port.corrected_in_window, kind), (Some(5), Some("RxErr")));
        assert_eq!(other.slot, "0000:01:00.0");
        assert_eq!((other.nonfatal, other.nonfatal_in_window), (2, Some(0)));
    }

    #[test]
    fn counters_that_came_or_began_anew_are_no_errors_of_the_window() {
        let nonfatal = |slot: &str, n: u64| {
            let text = format!("CmpltTO {n}\nTOTAL_ERR_NONFATAL {n}\n");
            pack(&[(&format!("{slot}/aer_dev_nonfatal"), &text)])
        };
        let [a, b, c] = ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"];
        let before = [nonfatal(a, 9), nonfatal(c, 1)].concat();
        let after = [nonfatal(a, 4), nonfatal(b, 7), nonfatal(c, 3)].concat();
        let files =
            [("packs/sys/aer".to_owned(), before), ("samples/36/packs/sys/aer".to_owned(), after)];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        let aer = f.tree.hardware.aer.unwrap();
        assert_eq!(
            (aer.uncorrected, aer.nonfatal_in_window, aer.fatal_in_window),
            (14, Some(2), None)
        );
        let slots: Vec<_> = aer.devices.iter().map(|d| (&*d.slot, d.nonfatal_in_window)).collect();
        assert_eq!(slots, [(c, Some(2)), (b, None), (a, None)]);
        let why = f.absences.get("hardware.aer.devices.1.nonfatal_in_window").unwrap();
        assert!(why.to_string().contains("began anew"), "{why}");
    }

    #[test]
    fn the_kind_is_that_of_the_window_and_notices_are_no_errors() {
        let at = |rx: u64, notices: u64| {
            let all = 900 + rx + notices;
            let cor =
                format!("RxErr {rx}\nBadTLP 900\nNonFatalErr {notices}\nTOTAL_ERR_COR {all}\n");
            pack(&[("0000:00:1c.0/aer_dev_correctable", &cor)])
        };
        let files = [
            ("packs/sys/aer".to_owned(), at(3, 100)),
            ("samples/36/packs/sys/aer".to_owned(), at(15, 5000)),
        ];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        let aer = f.tree.hardware.aer.unwrap();
        assert_eq!((aer.corrected, aer.corrected_in_window), (915, Some(12)));
        assert_eq!(aer.devices[0].corrected_kind.as_deref(), Some("RxErr"));
    }

    #[test]
    fn a_host_without_counters_is_not_one_without_errors() {
        let f = crate::facts::build(&Snapshot::of_files([("a", "")]), &SiteInputs::default());
        assert!(f.tree.hardware.aer.is_none() && f.absences.get("hardware.aer").is_some());
    }
}
