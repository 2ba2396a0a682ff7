//! Chapter: interrupts and soft interrupts by CPU.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::interrupts::{Interrupt, Interrupts};

use super::super::inputs::Inputs;
use super::super::irq::{Irq, Spread};
use super::super::method::num::{from_u64, len, ratio};
use super::super::plan::Sampled;
use super::Book;
use super::book::too_few;
use super::window::Window;

mod lines;

/// A CPU with less than this takes no part.
const SHARE: f64 = 0.01;
/// CPUs of the largest hosts.
const MAX_CPUS: u32 = 8192;

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> Irq {
    let sched = &inputs.sched;
    let nics = nics(inputs);
    let is_nic = |i: &Interrupt| of_device(i, |word| is_nic(word, &nics));
    let is_nvme = |i: &Interrupt| of_device(i, |word| word.starts_with("nvme"));
    let none = |what: &str| Absence::new(Reason::NotApplicable, format!("no {what} in the window"));
    let mut spread = |name: &str, source: &Sampled<Interrupts>, of: &dyn Fn(&Interrupt) -> bool| {
        let fact = format!("irq.{name}");
        let Some(ends) = window.ends(source) else {
            let good = source.good().count();
            let why = if good == 0 { source.absence() } else { too_few(&source.path, good, 2) };
            return book.known(&fact, Err(why));
        };
        book.source(&fact, Locator::entry(source.entry(ends.last.0.pass)));
        let spread = spread(ends.first.1, ends.last.1, ends.span_s, of);
        spread.or_else(|| book.known(&fact, Err(none(name))))
    };
    let mut irq = Irq {
        nic: spread("nic", &sched.interrupts, &is_nic),
        nvme: spread("nvme", &sched.interrupts, &is_nvme),
        net_rx: spread("net_rx", &sched.softirqs, &|i| i.name == "NET_RX"),
        ..Irq::default()
    };
    if let Some(table) = book.last("irq.nic_lines", &sched.interrupts) {
        irq.nic_lines = Some(len(table.rows.rows.iter().filter(|i| is_nic(i)).count()));
    }
    if let Some(processes) = book.first("irq.irqbalance", &inputs.process.processes) {
        irq.irqbalance = Some(processes.rows.iter().any(|(_, p)| p.comm.starts_with("irqbalance")));
    }
    if let Some(sys) = book.first("irq.rps", &inputs.net.sys_net) {
        let mask = |(key, value): &(String, String)| {
            key.ends_with("/rps_cpus") && value.chars().any(|c| !matches!(c, '0' | ','))
        };
        irq.rps = Some(sys.rows.iter().any(mask));
        let sends = |(key, value): &&(String, String)| {
            key.ends_with("/xps_cpus") && value.chars().any(|c| !matches!(c, '0' | ','))
        };
        irq.xps_queues = Some(len(sys.rows.iter().filter(sends).count()));
        book.source("irq.xps_queues", Locator::entry(&inputs.net.sys_net.path));
    } else {
        book.absent("irq.xps_queues", inputs.net.sys_net.absence());
    }
    if let Some(table) = book.last("irq.rps_mask", &sched.softirqs) {
        irq.rps_mask = mask_of(&table.cpus);
    }
    lines::build(inputs, window, &mut irq, (&is_nic, &is_nvme), book);
    settings(inputs, &mut irq, book);
    irq
}

/// What irqbalance is told.
fn settings(inputs: &Inputs, irq: &mut Irq, book: &mut Book) {
    let (debian, others) = (&inputs.sched.irqbalance_default, &inputs.sched.irqbalance_sysconfig);
    let file = if others.first().is_ok() { others } else { debian };
    irq.irqbalance_settings = book.first("irq.irqbalance_settings", file).map(|f| f.rows.clone());
}

/// Interfaces with a device behind them, and the names of these devices.
fn nics(inputs: &Inputs) -> BTreeSet<String> {
    let Ok(sys) = inputs.net.sys_net.first() else { return BTreeSet::new() };
    let mut names = BTreeSet::new();
    for (key, target) in &sys.rows {
        let Some(name) = key.strip_prefix("class/net/").and_then(|k| k.strip_suffix("/device"))
        else {
            continue;
        };
        names.insert(name.to_owned());
        names.extend(target.rsplit('/').next().map(str::to_owned));
    }
    names
}

/// The last words of a row are the devices: `PCI-MSI 524288-edge eth0-TxRx-0`.
fn of_device(i: &Interrupt, is: impl Fn(&str) -> bool) -> bool {
    i.description.split([' ', ',']).any(is)
}

/// `eth0`, `eth0-TxRx-1`, `mlx5_comp3@pci:0000:3b:00.0`, `virtio1-input.0`.
fn is_nic(word: &str, nics: &BTreeSet<String>) -> bool {
    if word.is_empty() {
        return false;
    }
    let name = word.split(['-', '@', ':']).next().unwrap_or(word);
    nics.contains(name)
        || nics.contains(word)
        || word.split_once("@pci:").is_some_and(|(_, pci)| nics.contains(pci))
}

fn spread(
    first: &Interrupts,
    last: &Interrupts,
    span_s: f64,
    of: &dyn Fn(&Interrupt) -> bool,
) -> Option<Spread> {
    if first.cpus != last.cpus {
        return None;
    }
    let mut by_cpu = vec![0_u64; last.cpus.len()];
    for now in last.rows.rows.iter().filter(|i| of(i)) {
        let Some(then) = first.rows.rows.iter().find(|i| i.name == now.name) else { continue };
        for ((sum, b), a) in by_cpu.iter_mut().zip(&now.counts).zip(&then.counts) {
            *sum = sum.saturating_add(b.saturating_sub(*a));
        }
    }
    let all = by_cpu.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
    let share = |n: &u64| ratio(from_u64(*n), from_u64(all));
    let (at, most) = by_cpu.iter().enumerate().max_by_key(|(_, n)| **n)?;
    Some(Spread {
        per_s: ratio(from_u64(all), span_s)?,
        cpu: i64::from(*last.cpus.get(at)?),
        ratio: share(most)?,
        cpus: len(by_cpu.iter().filter(|n| share(n).is_some_and(|s| s >= SHARE)).count()),
    })
}

/// A bit for each CPU, in hexadecimal words of 32.
fn mask_of(cpus: &[u32]) -> Option<String> {
    let mut words: Vec<u32> = Vec::new();
    for cpu in cpus.iter().filter(|cpu| **cpu < MAX_CPUS) {
        let at = usize::try_from(cpu / 32).ok()?;
        words.resize(words.len().max(at + 1), 0);
        *words.get_mut(at)? |= 1_u32.checked_shl(cpu % 32)?;
    }
    let (first, rest) = words.split_last()?;
    let rest = rest.iter().rev().map(|word| format!(",{word:08x}"));
    Some(std::iter::once(format!("{first:x}")).chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::interrupts;

    #[test]
    fn masks_of_cpus_are_words_of_32() {
        let mask = |n: u32| mask_of(&(0..n).collect::<Vec<_>>());
        assert_eq!(mask(8).as_deref(), Some("ff"));
        assert_eq!(mask(34).as_deref(), Some("3,ffffffff"));
        assert_eq!(mask_of(&[1, 64]).as_deref(), Some("1,00000000,00000002"));
        assert_eq!((mask(0), mask_of(&[u32::MAX])), (None, None));
    }

    #[test]
    fn one_cpu_takes_what_a_card_sends() {
        let table = |n: u32| {
            let text = format!(
                "  CPU0 CPU1\n 24: {n} 10 PCI-MSI 1-edge eth0-TxRx-0\n 25: {n} 1{n} PCI-MSI 2-edge nvme0q1\n"
            );
            interrupts::parse(&text).unwrap()
        };
        let nics = BTreeSet::from(["eth0".to_owned()]);
        let nic = |i: &Interrupt| of_device(i, |w| is_nic(w, &nics));
        let s = spread(&table(100), &table(300), 2.0, &nic).unwrap();
        assert_eq!((s.per_s, s.cpu, s.ratio, s.cpus), (100.0, 0, 1.0, 1));
        assert!(spread(&table(100), &table(100), 2.0, &nic).is_none(), "no interrupts, no shares");
        assert!(is_nic(
            "mlx5_comp3@pci:0000:3b:00.0",
            &BTreeSet::from(["0000:3b:00.0".to_owned()])
        ));
        assert!(!is_nic("", &nics) && !is_nic("eth01", &nics));
    }
}
