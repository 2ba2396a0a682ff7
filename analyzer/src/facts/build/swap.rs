//! Chapter: swap.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::inputs::{Inputs, Status};
use super::super::memory::Memory;
use super::super::method::num::{from_i64, from_u64, len, ratio, signed};
use super::super::swap::{Swap, SwapDevice, SwapOwner};
use super::disks::whole_of;
use super::place::Place;
use super::window::Window;
use super::{Book, load, naming, processes};

mod compressed;

/// Owners that are listed.
const MAX_OWNERS: usize = 20;

pub(super) fn build(inputs: &Inputs, window: &Window, memory: &Memory, book: &mut Book) -> Swap {
    let detail = "the archive does not tell, or there is no swap";
    book.absent("swap", Absence::new(Reason::NotCollected, detail));
    let used = memory.swap_total_bytes.zip(memory.swap_free_bytes).map(|(t, f)| t - f);
    let mut swap = Swap {
        total_bytes: memory.swap_total_bytes,
        used_bytes: used,
        used_ratio: used
            .zip(memory.swap_total_bytes)
            .and_then(|(used, total)| ratio(from_i64(used), from_i64(total))),
        ..Swap::default()
    };
    of_meminfo(inputs, &swap, book);
    devices(inputs, &mut swap, book);
    compressed::build(inputs, &mut swap, book);
    owners(inputs, window, &mut swap, book);
    swap.rest_bytes = used.zip(swap.owned_bytes).map(|(used, owned)| (used - owned).max(0));
    swap.verdict = verdict(memory, &swap);
    swap
}

/// Where the totals come from, or why they lack.
fn of_meminfo(inputs: &Inputs, swap: &Swap, book: &mut Book) {
    let facts = ["swap.total_bytes", "swap.used_bytes", "swap.used_ratio"];
    if swap.total_bytes.is_none() {
        let path = &inputs.memory.meminfo.path;
        let lacks = || Absence::of(Reason::Missing, path, "no SwapTotal in it");
        let absence = inputs.memory.meminfo.first().err().unwrap_or_else(lacks);
        for fact in facts {
            book.absent(fact, absence.clone());
        }
        return;
    }
    for fact in facts {
        book.source(fact, Locator::facts(["memory.swap_total_bytes", "memory.swap_free_bytes"]));
    }
    if swap.used_ratio.is_none() {
        let absence = Absence::new(Reason::NotApplicable, "there is no swap");
        book.absent("swap.used_ratio", absence);
    }
}

fn devices(inputs: &Inputs, swap: &mut Swap, book: &mut Book) {
    let disks = inputs.memory.sys_disks.first().ok();
    let setting = |disk: &str| disks?.get(format!("block/{disk}/queue/rotational").as_str());
    let names = disks
        .into_iter()
        .flat_map(|pack| &pack.rows)
        .filter_map(|(key, _)| key.strip_prefix("block/")?.strip_suffix("/queue/rotational"));
    let all: BTreeSet<&str> = names.collect();
    let disk_of = |path: &str| {
        let name = path.rsplit('/').next()?;
        all.get(name).copied().or_else(|| whole_of(name, &all)).map(str::to_owned)
    };
    if let Some(table) = book.last("swap.devices", &inputs.memory.swaps) {
        swap.devices = table
            .rows
            .iter()
            .map(|s| {
                let disk = disk_of(&s.name).filter(|_| s.kind == "partition");
                SwapDevice {
                    path: s.name.clone(),
                    kind: s.kind.clone(),
                    size_bytes: signed(s.size_bytes),
                    used_bytes: signed(s.used_bytes),
                    priority: s.priority,
                    zram: s.name.starts_with("/dev/zram"),
                    rotating: disk.as_deref().and_then(setting).map(|value| value == "1"),
                    disk,
                }
            })
            .collect();
        let zswap =
            inputs.memory.sys_mm.first().ok().and_then(|p| {
                p.get("module/zswap/parameters/enabled").map(|v| v == "Y" || v == "1")
            });
        let any = !swap.devices.is_empty();
        swap.only_zram = Some(any && swap.devices.iter().all(|d| d.zram));
        swap.compressed =
            Some(swap.devices.iter().any(|d| d.zram) || any && zswap.unwrap_or(false));
        swap.rotating = Some(swap.devices.iter().any(|d| d.rotating == Some(true)));
        for fact in ["swap.only_zram", "swap.compressed", "swap.rotating"] {
            book.source(fact, Locator::facts(["swap.devices"]));
        }
    }
    for i in 0..swap.devices.len() {
        let absence = Absence::new(Reason::NotApplicable, "a file, or its disk is not known");
        book.absent(format!("swap.devices.{i}.rotating"), absence.clone());
        book.absent(format!("swap.devices.{i}.disk"), absence);
    }
}

fn owners(inputs: &Inputs, window: &Window, swap: &mut Swap, book: &mut Book) {
    const FACT: &str = "swap.owners";
    if book.first(FACT, &inputs.process.status).is_none() {
        book.absent("swap.owned_bytes", inputs.process.status.absence());
        return;
    }
    let latest = inputs.process.status.latest();
    let mut rows: Vec<(u32, &Status, u64)> = latest
        .rows
        .into_iter()
        .filter_map(|(pid, s)| Some((pid, s, s.swap_bytes.filter(|b| *b > 0)?)))
        .collect();
    let owned = rows.iter().fold(0_u64, |sum, (_, _, bytes)| sum.saturating_add(*bytes));
    swap.owned_bytes = Some(signed(owned));
    book.source("swap.owned_bytes", Locator::entry(&inputs.process.status.path));
    let own = load::own(inputs);
    rows.retain(|(pid, ..)| !own.contains(pid));
    rows.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    rows.truncate(MAX_OWNERS);
    let pids: Vec<u32> = rows.iter().map(|(pid, ..)| *pid).collect();
    let faults = major_faults(inputs, window, &pids);
    let names = naming::of_pids(inputs, &pids);
    swap.owners = names
        .into_iter()
        .zip(rows)
        .map(|(name, (pid, status, bytes))| {
            let cgroup = inputs.process.cgroups.first().ok().and_then(|p| p.get(&pid));
            let private = status.rss_anon_bytes.map(|anon| from_u64(anon.saturating_add(bytes)));
            SwapOwner {
                name,
                pid: pid.into(),
                swap_bytes: signed(bytes),
                resident_bytes: status.resident_bytes.map(signed),
                swapped_ratio: private.and_then(|all| ratio(from_u64(bytes), all)),
                major_faults: faults.get(&pid).copied(),
                cgroup: cgroup.map(ToString::to_string),
                is_service: cgroup.map(|path| Place::of(path) == Place::Service),
                age_s: processes::age_of(inputs, pid),
            }
        })
        .collect();
    for i in 0..len(swap.owners.len()) {
        let absence = Absence::new(Reason::NotCollected, "not read of this process");
        book.absent(format!("{FACT}.{i}"), absence);
    }
}

/// Page faults of each process that had to read from a disk, over the window.
fn major_faults(inputs: &Inputs, window: &Window, pids: &[u32]) -> BTreeMap<u32, i64> {
    let Some(ends) = window.ends(&inputs.process.tasks) else { return BTreeMap::new() };
    let grown = pids.iter().filter_map(|pid| {
        let (before, after) = (ends.first.1.get(pid)?, ends.last.1.get(pid)?);
        (before.start_ticks == after.start_ticks)
            .then(|| (*pid, i64::from(after.major_faults.wrapping_sub(before.major_faults))))
    });
    grown.collect()
}

/// Whether the swap in use is a trace of the past.
fn verdict(memory: &Memory, swap: &Swap) -> Option<String> {
    if swap.used_bytes? == 0 {
        return None;
    }
    let activity = memory.activity.as_ref()?;
    let (read, written) = (activity.swap_in_bytes_per_s?, activity.swap_out_bytes_per_s?);
    let word = match (read > 0.0, written > 0.0) {
        (_, true) => "active",
        (true, false) => "recovering",
        (false, false) => "cold",
    };
    Some(word.to_owned())
}
