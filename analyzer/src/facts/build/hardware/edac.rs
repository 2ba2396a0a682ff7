//! Memory errors that the memory controllers counted.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::hardware::{Edac, EdacModule};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{len, signed};
use crate::facts::plan::Pack;
use crate::locator::Locator;
use crate::parse::edac;

const FACT: &str = "hardware.edac";

/// Corrected and uncorrected errors.
type Counts = (u64, u64);

pub(super) fn build(inputs: &Inputs, book: &mut Book) -> Option<Edac> {
    let source = &inputs.hardware.sys_edac;
    let packs: Vec<&Pack<String, String>> = source.good().map(|(_, pack)| pack).collect();
    let Some(last) = packs.last().filter(|p| !p.rows.is_empty()) else {
        let none = Absence::of(Reason::Missing, &source.path, "no memory controller is watched");
        book.absent(FACT, source.first().err().unwrap_or(none));
        return None;
    };
    book.source(FACT, Locator::entry(&source.path));
    let (now, mut modules) = (totals(last), modules(last));
    let all = sum(&now);
    let first = packs.first().filter(|_| packs.len() > 1).map(|p| sum(&totals(p)));
    if first.is_none() {
        for field in ["corrected_in_window", "uncorrected_in_window"] {
            book.absent(format!("{FACT}.{field}"), too_few(&source.path, 1, 2));
        }
    }
    modules.sort_by_key(|m| std::cmp::Reverse((m.uncorrected, m.corrected)));
    modules.truncate(20);
    Some(Edac {
        controllers: len(now.len()),
        corrected: signed(all.0),
        uncorrected: signed(all.1),
        corrected_in_window: first.map(|f| signed(all.0.saturating_sub(f.0))),
        uncorrected_in_window: first.map(|f| signed(all.1.saturating_sub(f.1))),
        modules,
    })
}

/// By controller.
fn totals(pack: &Pack<String, String>) -> BTreeMap<String, Counts> {
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for (path, text) in &pack.rows {
        let Ok(Some(count)) = edac::parse(path, text) else { continue };
        let of = all.entry(count.controller).or_default();
        if count.part.is_none() {
            if count.uncorrected { of.1 = count.count } else { of.0 = count.count }
        }
    }
    all
}

fn sum(all: &BTreeMap<String, Counts>) -> Counts {
    let add = |a: Counts, b: &Counts| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
    all.values().fold((0, 0), add)
}

fn modules(pack: &Pack<String, String>) -> Vec<EdacModule> {
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for (path, text) in &pack.rows {
        let Ok(Some(count)) = edac::parse(path, text) else { continue };
        let (Some(part), true) = (count.part, count.count > 0) else { continue };
        let key = format!("devices/system/edac/mc/{}/{part}/dimm_label", count.controller);
        let label = pack.get(key.as_str()).filter(|l| !l.is_empty()).cloned();
        let of = all.entry(label.unwrap_or(format!("{} {part}", count.controller))).or_default();
        if count.uncorrected { of.1 = count.count } else { of.0 = count.count }
    }
    let module = |(label, (corrected, uncorrected)): (String, Counts)| EdacModule {
        label,
        corrected: signed(corrected),
        uncorrected: signed(uncorrected),
    };
    all.into_iter().map(module).collect()
}
