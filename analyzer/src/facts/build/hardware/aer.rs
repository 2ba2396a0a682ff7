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
    let gained = |kinds: &[Severity]| {
        let (_, before) = first?;
        let grown = last.rows.iter().filter(|((_, kind), _)| kinds.contains(kind));
        // A device that came meanwhile, or whose counts were cleared, began from nothing.
        let grown = grown.map(|(key, now)| grown_by(before, key, now));
        Some(signed(grown.fold(0, u64::saturating_add)))
    };
    let corrected_in_window = gained(&[Severity::Corrected]);
    let uncorrected_in_window = gained(&[Severity::NonFatal, Severity::Fatal]);
    let hours = first.map(|(at, _)| seconds(last_at.mono_us.saturating_sub(at.mono_us)) / HOUR_S);
    let corrected_per_hour =
        corrected_in_window.zip(hours).and_then(|(n, hours)| ratio(from_i64(n), hours));
    for field in ["corrected_in_window", "uncorrected_in_window", "corrected_per_hour"] {
        if first.is_none() {
            book.absent(format!("{FACT}.{field}"), too_few(&source.path, 1, 2));
        }
    }
    if first.is_some() && corrected_per_hour.is_none() {
        let none = Absence::of(Reason::TooFewSamples, &source.path, "no time between both looks");
        book.absent(format!("{FACT}.corrected_per_hour"), none);
    }
    let (counting, mut devices) = devices(last, first.map(|(_, pack)| pack));
    devices.truncate(MAX_DEVICES);
    for device in &mut devices {
        name(inputs, device);
    }
    let sum = |kinds: &[Severity]| {
        let own = last.rows.iter().filter(|((_, kind), _)| kinds.contains(kind));
        signed(own.map(|(_, n)| n.total).fold(0, u64::saturating_add))
    };
    Some(Aer {
        counting,
        corrected: sum(&[Severity::Corrected]),
        uncorrected: sum(&[Severity::NonFatal, Severity::Fatal]),
        corrected_in_window,
        corrected_per_hour,
        uncorrected_in_window,
        devices,
    })
}

fn grown_by(before: &Counts, key: &(Box<str>, Severity), now: &aer::Aer) -> u64 {
    let then = before.get(key).map_or(0, |n| n.total);
    now.total.checked_sub(then).unwrap_or(now.total)
}

/// How many devices count, and those that have errors.
fn devices(last: &Counts, first: Option<&Counts>) -> (i64, Vec<AerDevice>) {
    let mut all: BTreeMap<&str, (AerDevice, u64)> = BTreeMap::new();
    for (key, now) in &last.rows {
        let (slot, severity) = (&*key.0, key.1);
        let (device, most) = all.entry(slot).or_default();
        let count = match severity {
            Severity::Corrected => &mut device.corrected,
            Severity::NonFatal => &mut device.nonfatal,
            Severity::Fatal => &mut device.fatal,
        };
        *count = signed(now.total);
        let grown = first.map_or(0, |before| grown_by(before, key, now));
        device.in_window = device.in_window.saturating_add(signed(grown));
        if let Some(kind) = now.most.as_ref().filter(|_| now.total > *most) {
            kind.clone_into(&mut device.kind);
            *most = now.total;
        }
    }
    let counting = len(all.len());
    let mut bad: Vec<AerDevice> = all
        .into_iter()
        .filter(|(_, (_, most))| *most > 0)
        .map(|(slot, (device, _))| AerDevice { slot: slot.to_owned(), ..device })
        .collect();
    let weight = |d: &AerDevice| (d.in_window, d.fatal, d.nonfatal, d.corrected);
    bad.sort_by_key(|d| std::cmp::Reverse(weight(d)));
    (counting, bad)
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
        assert_eq!((aer.corrected_in_window, aer.uncorrected_in_window), (Some(5), Some(0)));
        assert_eq!(aer.corrected_per_hour, Some(500.0), "five in 36 seconds");
        let [port, other] = aer.devices.as_slice() else { panic!() };
        assert_eq!((port.name.as_str(), port.driver.as_str()), ("[8086:a110]", "pcieport"));
        assert_eq!((port.in_window, port.kind.as_str()), (5, "RxErr"));
        assert_eq!((other.slot.as_str(), other.nonfatal, other.in_window), ("0000:01:00.0", 2, 0));
    }

    #[test]
    fn a_host_without_counters_is_not_one_without_errors() {
        let f = crate::facts::build(&Snapshot::of_files([("a", "")]), &SiteInputs::default());
        assert!(f.tree.hardware.aer.is_none() && f.absences.get("hardware.aer").is_some());
    }
}
