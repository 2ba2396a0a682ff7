//! Interrupt lines of cards and disks: who takes them, who may, and who is meant to.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::cpulist::{self, CpuList};
use crate::parse::interrupts::{Interrupt, Interrupts};

use super::super::super::inputs::Inputs;
use super::super::super::irq::{Irq, IrqLine};
use super::super::super::method::num::{from_u64, len, ratio};
use super::super::super::plan::Pack;
use super::super::Book;
use super::super::window::Window;

/// Lines listed.
const MAX_LINES: usize = 32;
/// Facts that the affinity tells.
const OF_AFFINITY: [&str; 2] = ["irq.nic_lines_bound", "irq.nic_cpus_effective"];

type Is<'a> = &'a dyn Fn(&Interrupt) -> bool;
type Affinity = Pack<String, String>;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    irq: &mut Irq,
    (is_nic, is_nvme): (Is<'_>, Is<'_>),
    book: &mut Book,
) {
    let (table, pack) = (&inputs.sched.interrupts, &inputs.sched.irq);
    let affinity = pack.first().ok();
    let Some(ends) = window.ends(table) else {
        for fact in OF_AFFINITY.into_iter().chain(["irq.lines"]) {
            book.absent(fact, table.absence());
        }
        return;
    };
    let (first, last) = (ends.first.1, ends.last.1);
    let listed = last.rows.rows.iter().filter(|i| is_nic(i) || is_nvme(i));
    let mut lines: Vec<IrqLine> =
        listed.map(|i| line(i, first, &last.cpus, ends.span_s, affinity)).collect();
    lines.sort_by(|a, b| b.per_s.total_cmp(&a.per_s));
    lines.truncate(MAX_LINES);
    book.source("irq.lines", Locator::entry(table.entry(ends.last.0.pass)));
    irq.lines = lines;
    let nic: Vec<&Interrupt> = last.rows.rows.iter().filter(|i| is_nic(i)).collect();
    if let Some(affinity) = affinity {
        irq.nic_lines_bound = bound(&nic, &last.cpus, affinity);
        irq.nic_cpus_effective = effective(&nic, affinity);
    }
    for fact in OF_AFFINITY {
        book.source(fact, Locator::entry(&pack.path));
    }
    say_absences(inputs, irq, book);
}

fn say_absences(inputs: &Inputs, irq: &Irq, book: &mut Book) {
    let pack = &inputs.sched.irq;
    let none = || Absence::of(Reason::Missing, &pack.path, "not told for these lines");
    let not_told = pack.first().err().unwrap_or_else(none);
    let quiet = Absence::new(Reason::NotApplicable, "no interrupt in the window");
    for (i, l) in irq.lines.iter().enumerate() {
        for (field, known, why) in [
            ("cpu", l.cpu.is_some(), &quiet),
            ("ratio", l.ratio.is_some(), &quiet),
            ("allowed", l.allowed.is_some(), &not_told),
            ("effective", l.effective.is_some(), &not_told),
        ] {
            if !known {
                book.absent(format!("irq.lines.{i}.{field}"), why.clone());
            }
        }
    }
    let known = [irq.nic_lines_bound.is_some(), irq.nic_cpus_effective.is_some()];
    for (fact, _) in OF_AFFINITY.into_iter().zip(known).filter(|(_, known)| !known) {
        book.absent(fact, not_told.clone());
    }
}

fn line(
    now: &Interrupt,
    first: &Interrupts,
    cpus: &[u32],
    span_s: f64,
    affinity: Option<&Affinity>,
) -> IrqLine {
    let then = first.rows.rows.iter().find(|i| i.name == now.name && first.cpus == cpus);
    let before = then.map_or(&[][..], |then| &then.counts);
    let gained = now.counts.iter().zip(before).map(|(b, a)| b.saturating_sub(*a));
    let gained: Vec<u64> = gained.collect();
    let all = gained.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
    let most = gained.iter().enumerate().max_by_key(|(_, n)| **n).filter(|(_, n)| **n > 0);
    let list = |file: &str| affinity?.get(format!("irq/{}/{file}", now.name).as_str()).cloned();
    IrqLine {
        irq: now.name.clone(),
        device: now.description.split_ascii_whitespace().last().unwrap_or_default().to_owned(),
        per_s: ratio(from_u64(all), span_s).unwrap_or(0.0),
        cpu: most.and_then(|(at, _)| cpus.get(at)).map(|cpu| i64::from(*cpu)),
        ratio: most.and_then(|(_, n)| ratio(from_u64(*n), from_u64(all))),
        allowed: list("smp_affinity_list"),
        effective: list("effective_affinity_list").filter(|l| !l.is_empty()),
    }
}

fn lists<'a>(
    lines: &'a [&Interrupt],
    file: &'a str,
    affinity: &'a Affinity,
) -> impl Iterator<Item = CpuList> + 'a {
    lines.iter().filter_map(move |i| {
        let list = affinity.get(format!("irq/{}/{file}", i.name).as_str())?;
        cpulist::parse(list).ok()
    })
}

/// Lines that some CPU online may not serve.
fn bound(lines: &[&Interrupt], online: &[u32], affinity: &Affinity) -> Option<i64> {
    let is_bound = |list: &CpuList| !online.iter().all(|cpu| list.contains(*cpu));
    let told: Vec<bool> =
        lists(lines, "smp_affinity_list", affinity).map(|l| is_bound(&l)).collect();
    (!told.is_empty()).then(|| len(told.into_iter().filter(|bound| *bound).count()))
}

/// CPUs that the lines are sent to.
fn effective(lines: &[&Interrupt], affinity: &Affinity) -> Option<i64> {
    let mut cpus: BTreeSet<u32> = BTreeSet::new();
    for list in lists(lines, "effective_affinity_list", affinity) {
        cpus.extend(list.iter());
    }
    (!cpus.is_empty()).then(|| len(cpus.len()))
}
