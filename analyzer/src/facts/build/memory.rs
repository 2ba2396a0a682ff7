//! Chapter: memory of the host and its accounting identity (M1).

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::meminfo::{self, Meminfo};
use crate::parse::pressure::{Pressure, Stall};

use super::super::host::Host;
use super::super::inputs::{Inputs, Keys};
use super::super::memory::{Identity, Memory, MemoryPoint};
use super::super::method::growth::{self, Class};
use super::super::method::identity::{self as method, Input};
use super::super::method::num::{from_i64, ratio, signed};
use super::super::method::trend::Point;
use super::super::plan::Reading;
use super::Book;
use super::book::too_few;
use super::load::psi;
use super::window::Window;

mod activity;
mod available;
mod dirty;
mod groups;
mod huge;
mod kernel;
pub(super) mod owners;
mod shared;
mod slab;
mod totals;
mod trends;
mod victims;

pub(super) use groups::build as groups;
pub(super) use totals::build as totals;
pub(super) use victims::build as victims;

/// Points that a chart shows.
const MAX_POINTS: usize = 600;

pub(super) fn build(inputs: &Inputs, window: &Window, host: &Host, book: &mut Book) -> Memory {
    let mut memory = Memory { slab_caches: slab::caches(inputs, book), ..Memory::default() };
    compaction(inputs, &mut memory, book);
    kernel::build(inputs, &mut memory, book);
    pressure(inputs, window, &mut memory, book);
    memory.activity = activity::build(inputs, window, book);
    memory.dirty = dirty::build(inputs, window, memory.activity.as_ref(), book);
    let Some((reading, (info, keys))) = inputs.memory.meminfo.good().next() else {
        book.absent("memory", inputs.memory.meminfo.absence());
        of_tool(inputs, &mut memory, book);
        memory.huge = Some(huge::build(inputs, &memory, None, book));
        return memory;
    };
    let entry = inputs.memory.meminfo.entry(reading.pass);
    book.source("memory", Locator::entry(entry.as_str()));
    fields(&mut memory, info, keys, &entry, book);
    let real = vmalloc(info, host);
    if !real && memory.vmalloc_used_bytes.take().is_some() {
        let absence = Absence::of(Reason::Missing, &entry, "counts no pages before Linux 5.3");
        book.absent("memory.vmalloc_used_bytes", absence);
    }
    available::build(inputs, info, &mut memory, book);
    available_ratio(&mut memory, &entry, book);
    memory.identity = identity(inputs, window, host, book);
    memory.series = series(inputs, window);
    trends::build(inputs, window, &mut memory, book);
    memory.shared = shared::build(inputs, &memory, book);
    memory.huge = Some(huge::build(inputs, &memory, Some(info), book));
    memory
}

/// Time lost waiting for memory: over the window, or over the last minute by the kernel's own
/// average where it was read once.
fn pressure(inputs: &Inputs, window: &Window, memory: &mut Memory, book: &mut Book) {
    let source = &inputs.memory.psi;
    let minute = |fact: &str,
                  better: Option<f64>,
                  stall: fn(&Pressure) -> Option<Stall>,
                  book: &mut Book| {
        book.or_first(fact, better, source, |p| stall(p).map(|s| s.avg60_ratio))
    };
    let (some, full) = ("memory.psi_some_ratio", "memory.psi_full_ratio");
    let window_some = psi(window, source, |p| p.some, some, book);
    let window_full = psi(window, source, |p| p.full, full, book);
    memory.psi_some_ratio = minute(some, window_some, |p| p.some, book);
    memory.psi_full_ratio = minute(full, window_full, |p| p.full, book);
}

fn available_ratio(memory: &mut Memory, entry: &str, book: &mut Book) {
    memory.available_ratio = memory
        .available_bytes
        .zip(memory.total_bytes)
        .and_then(|(available, total)| ratio(from_i64(available), from_i64(total)));
    if memory.available_ratio.is_some() {
        let of = ["memory.available_bytes", "memory.total_bytes"];
        book.source("memory.available_ratio", Locator::facts(of));
    } else {
        let absence = Absence::of(Reason::Missing, entry, "no MemAvailable (Linux 3.14)");
        book.absent("memory.available_ratio", absence);
    }
}

/// What `free` tells, in archives without the kernel's file. Its `used` means another thing in
/// each version, and its `buff/cache` is a sum: neither is taken.
fn of_tool(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    let Some((reading, free)) = inputs.memory.free.good().next() else { return };
    let entry = inputs.memory.free.entry(reading.pass);
    let mut take = |fact: &str, bytes: Option<u64>| {
        let bytes = bytes.map(signed)?;
        book.source(fact, Locator::entry(entry.as_str()));
        Some(bytes)
    };
    memory.total_bytes = take("memory.total_bytes", Some(free.total_bytes));
    memory.free_bytes = take("memory.free_bytes", free.free_bytes);
    memory.available_bytes = take("memory.available_bytes", free.available_bytes);
    memory.shmem_bytes = take("memory.shmem_bytes", free.shared_bytes);
    memory.buffers_bytes = take("memory.buffers_bytes", free.buffers_bytes);
    memory.swap_total_bytes = take("memory.swap_total_bytes", free.swap_total_bytes);
    memory.swap_free_bytes = take("memory.swap_free_bytes", free.swap_free_bytes);
    available_ratio(memory, &entry, book);
}

/// How often compaction had to run before an allocation, and how often it gained nothing.
fn compaction(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    const STALLS: &str = "memory.compaction_stalls_since_boot";
    const FAILURES: &str = "memory.compaction_failures_since_boot";
    let mut counter = |fact: &str, key: &str| {
        let value = book.last(fact, &inputs.memory.vmstat)?.get(key);
        if value.is_none() {
            let detail = format!("this kernel counts no {key}");
            book.absent(fact, Absence::of(Reason::Missing, &inputs.memory.vmstat.path, detail));
        }
        value
    };
    memory.compaction_stalls_since_boot = counter(STALLS, "compact_stall");
    memory.compaction_failures_since_boot = counter(FAILURES, "compact_fail");
}

/// The fields that have the same name in the parsed record and in the tree.
fn fields(memory: &mut Memory, info: &Meminfo, keys: &Keys, entry: &str, book: &mut Book) {
    macro_rules! copy {
        ($($field:ident)+) => {$(
            let key = meminfo::key_of(stringify!($field)).unwrap_or_default();
            let fact = concat!("memory.", stringify!($field));
            memory.$field = info.$field.map(signed);
            match keys.line(key) {
                Some(line) => book.source(fact, Locator::line(entry, line)),
                None => {
                    let detail = format!("this kernel prints no {key}");
                    book.absent(fact, Absence::of(Reason::Missing, entry, detail));
                }
            }
        )+};
    }
    copy!(total_bytes free_bytes available_bytes buffers_bytes cached_bytes swap_cached_bytes);
    copy!(active_bytes inactive_bytes unevictable_bytes anon_bytes mapped_bytes shmem_bytes);
    copy!(active_anon_bytes inactive_anon_bytes active_file_bytes inactive_file_bytes);
    copy!(slab_bytes slab_reclaimable_bytes slab_unreclaimable_bytes kernel_stack_bytes);
    copy!(page_tables_bytes percpu_bytes vmalloc_used_bytes hugetlb_bytes dirty_bytes);
    copy!(writeback_bytes swap_total_bytes swap_free_bytes commit_limit_bytes committed_bytes);
    copy!(hardware_corrupted_bytes);
}

/// Whether `VmallocUsed` means pages here.
fn vmalloc(info: &Meminfo, host: &Host) -> bool {
    info.vmalloc_used_bytes.is_some_and(|used| {
        let backports = info.reclaimable_kernel_bytes.is_some();
        method::vmalloc_counts_pages(host.kernel_number, signed(used), backports)
    })
}

fn identity(inputs: &Inputs, window: &Window, host: &Host, book: &mut Book) -> Option<Identity> {
    const FACT: &str = "memory.identity";
    let samples: Vec<(Input, u64)> = inputs
        .memory
        .meminfo
        .good()
        .filter_map(|(reading, (info, _))| {
            Some((input(inputs, host, reading, info)?, reading.mono_us))
        })
        .collect();
    let bare: Vec<Input> = samples.iter().map(|(input, _)| *input).collect();
    let hidden = hidden(inputs);
    if let Err(absence) = &hidden {
        book.absent(format!("{FACT}.hidden_bytes"), absence.clone());
        book.absent(format!("{FACT}.hidden_ratio"), absence.clone());
    } else {
        let paths = [
            &inputs.process.rollups.path,
            &inputs.process.status.path,
            &inputs.memory.meminfo.path,
        ];
        let locators: Vec<Locator> = paths.map(|p| Locator::entry(p.as_str())).to_vec();
        book.sources(format!("{FACT}.hidden_bytes"), locators.clone());
        book.sources(format!("{FACT}.hidden_ratio"), locators);
    }
    let Some(mut identity) = method::identity(&bare, hidden.ok()) else {
        let detail = "a field of the identity lacks, or the total is nothing";
        book.absent(FACT, Absence::of(Reason::NotApplicable, &inputs.memory.meminfo.path, detail));
        return None;
    };
    let pass = u32::try_from(identity.pass).unwrap_or(0);
    let zones =
        nearest(&inputs.memory.zoneinfo.good().collect::<Vec<_>>(), pass).map(|(r, _)| r.pass);
    book.sources(
        FACT,
        vec![
            Locator::entry(inputs.memory.meminfo.entry(pass)),
            Locator::entry(inputs.memory.zoneinfo.entry(zones.unwrap_or(0))),
            Locator::entry(inputs.memory.vmstat.entry(pass)),
        ],
    );
    absences(&identity, inputs, book);
    growth(&mut identity, &samples, window, book);
    Some(identity)
}

/// Reasons for what an identity may lack.
fn absences(identity: &Identity, inputs: &Inputs, book: &mut Book) {
    if identity.inconsistent.is_none() {
        let absence = Absence::new(Reason::NotApplicable, "the parts add up to the total");
        book.absent("memory.identity.inconsistent", absence);
    }
    if identity.suspect.is_none() {
        let absence = Absence::new(Reason::NotApplicable, "no term of the gap is above zero");
        book.absent("memory.identity.suspect", absence);
    }
    if let Err(absence) = inputs.memory.zoneinfo.first() {
        book.absent("memory.identity.terms.pcp", absence);
    }
}

/// Is the residual growing? Its noise floor is 0.2 % of the memory: reads of the fields race.
fn growth(identity: &mut Identity, samples: &[(Input, u64)], window: &Window, book: &mut Book) {
    const CLASS: &str = "memory.identity.residual_class";
    const SLOPE: &str = "memory.identity.residual_growth_ratio_per_min";
    let inside = samples.iter().filter(|(i, _)| window.passes.contains(&i.pass));
    let points: Vec<Point> = inside
        .map(|(i, us)| Point { at_s: window.at_s(*us), value: from_i64(method::residual(i)) })
        .collect();
    let total = samples.first().map_or(0.0, |(i, _)| from_i64(i.total));
    let floor = growth::FLOOR_RESIDENT_BYTES.max(0.002 * total);
    let Some(g) = growth::classify(&points, floor, None) else {
        let absence = too_few("proc/meminfo", points.len(), growth::MIN_SAMPLES);
        book.absent(CLASS, absence.clone());
        book.absent(SLOPE, absence);
        return;
    };
    identity.residual_class = Some(g.class.as_str().to_owned());
    if g.class == Class::Steady {
        identity.residual_growth_ratio_per_min = ratio(g.trend.slope * 60.0, total);
    } else {
        book.absent(SLOPE, Absence::new(Reason::NotApplicable, "it does not grow steadily"));
    }
}

/// The reading whose pass is nearest.
fn nearest<'r, T>(
    readings: &[(&'r Reading<T>, &'r T)],
    pass: u32,
) -> Option<(&'r Reading<T>, &'r T)> {
    readings.iter().min_by_key(|(r, _)| r.pass.abs_diff(pass)).copied()
}

/// The terms of one sample; `None` when a field without which there is no identity lacks.
fn input(
    inputs: &Inputs,
    host: &Host,
    reading: &Reading<(Meminfo, Keys)>,
    info: &Meminfo,
) -> Option<Input> {
    let s = |value: Option<u64>| value.map(signed);
    let page = inputs.env.page_size_bytes;
    let zones = nearest(&inputs.memory.zoneinfo.good().collect::<Vec<_>>(), reading.pass);
    let pcp = zones.map(|(_, rows)| {
        let pages = rows.rows.iter().filter_map(|z| z.per_cpu_pages).fold(0, u64::saturating_add);
        signed(pages.saturating_mul(page))
    });
    let counters =
        inputs.memory.vmstat.good().find(|(r, _)| r.pass == reading.pass).map(|(_, c)| c);
    // A kernel without zsmalloc prints no counter, and has no such pages.
    let zs = counters.map(|c| c.get("nr_zspages").unwrap_or(0).saturating_mul(signed(page)));
    let gpu = match (info.gpu_active_bytes, info.gpu_reclaim_bytes) {
        (None, None) => None,
        (a, b) => Some(signed(a.unwrap_or(0).saturating_add(b.unwrap_or(0)))),
    };
    Some(Input {
        pass: reading.pass,
        total: s(info.total_bytes)?,
        free: s(info.free_bytes)?,
        active: s(info.active_bytes)?,
        inactive: s(info.inactive_bytes)?,
        unevictable: s(info.unevictable_bytes).unwrap_or(0),
        anon: s(info.anon_bytes)?,
        buffers: s(info.buffers_bytes)?,
        cached: s(info.cached_bytes)?,
        swap_total: s(info.swap_total_bytes),
        shmem: s(info.shmem_bytes),
        slab_reclaimable: s(info.slab_reclaimable_bytes)?,
        slab_unreclaimable: s(info.slab_unreclaimable_bytes)?,
        kernel_reclaimable: s(info.reclaimable_kernel_bytes),
        kernel_stack: s(info.kernel_stack_bytes),
        page_tables: s(info.page_tables_bytes),
        secondary_page_tables: s(info.secondary_page_tables_bytes),
        percpu: s(info.percpu_bytes),
        vmalloc_used: s(info.vmalloc_used_bytes.filter(|_| vmalloc(info, host))),
        hugetlb: hugetlb(inputs, info),
        zs,
        bounce: s(info.bounce_bytes),
        corrupted: s(info.hardware_corrupted_bytes),
        balloon: s(info.balloon_bytes),
        gpu,
        pcp,
        arc: inputs.memory.arc.first().ok().map(|arc| signed(arc.size_bytes)),
    })
}

/// All huge pages: `Hugetlb` (4.19), else the pools of sysfs, else the default size alone.
fn hugetlb(inputs: &Inputs, info: &Meminfo) -> Option<i64> {
    let pools = || {
        let pack = inputs.memory.sys_mm.first().ok()?;
        let sizes = pack.rows.iter().filter_map(|(key, value)| {
            let size = key.strip_prefix("kernel/mm/hugepages/hugepages-")?;
            let kib: u64 = size.strip_suffix("kB/nr_hugepages")?.parse().ok()?;
            Some(kib.saturating_mul(1024).saturating_mul(value.parse().ok()?))
        });
        sizes.reduce(u64::saturating_add)
    };
    let default = || Some(info.huge_pages_total?.saturating_mul(info.huge_page_bytes?));
    info.hugetlb_bytes.or_else(pools).or_else(default).map(signed)
}

/// `AnonPages` minus what the processes own at the end of the collection: exactly by `Pss_Anon`
/// where their mappings were walked, by `RssAnon` elsewhere.
fn hidden(inputs: &Inputs) -> Result<i64, Absence> {
    inputs.process.status.first()?;
    let present = inputs.process.processes.last()?;
    let exact = inputs.process.rollups.good().last().map(|(_, pack)| pack);
    let latest = inputs.process.status.latest();
    let (mut owned, mut known, mut lost) = (0_u64, 0_u64, 0_u64);
    // A zombie has given its memory back, and has no counters of it.
    let with_memory =
        present.rows.iter().filter(|(_, p)| !p.is_kernel_thread && p.task.state != b'Z');
    for (pid, _) in with_memory {
        let walked = exact.and_then(|p| p.get(pid)).and_then(|r| r.pss_anon_bytes);
        match walked.or_else(|| latest.get(pid)?.rss_anon_bytes) {
            Some(bytes) => (owned, known) = (owned.saturating_add(bytes), known + 1),
            None => lost += 1,
        }
    }
    if known == 0 || lost > known {
        let detail = format!("the memory of {lost} processes is not known");
        return Err(Absence::of(Reason::NotCollected, &inputs.process.rollups.path, detail));
    }
    let anon = inputs.memory.meminfo.last()?.0.anon_bytes.unwrap_or(0);
    Ok(signed(anon).saturating_sub(signed(owned)))
}

fn series(inputs: &Inputs, window: &Window) -> Vec<MemoryPoint> {
    let readings = window.readings(&inputs.memory.meminfo);
    let step = readings.len().div_ceil(MAX_POINTS).max(1);
    let point = |(reading, (info, _)): (&Reading<(Meminfo, Keys)>, &(Meminfo, Keys))| {
        let swap = info.swap_total_bytes.zip(info.swap_free_bytes);
        MemoryPoint {
            at_s: window.at_s(reading.mono_us),
            available_bytes: info.available_bytes.map(signed),
            anon_bytes: info.anon_bytes.map(signed),
            swap_used_bytes: swap.map(|(total, free)| signed(total.saturating_sub(free))),
        }
    };
    readings.into_iter().step_by(step).map(point).collect()
}
