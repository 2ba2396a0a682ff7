//! Chapter: processes whose memory grows (M2), and which of their mappings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::Seen;
use super::super::inputs::{Inputs, Sizes, Status};
use super::super::memory::Memory;
use super::super::method::growth::{
    self as method, Class, FLOOR_RESIDENT_BYTES, FLOOR_SAMPLES, FLOOR_VIRTUAL_BYTES, MIN_SAMPLES,
};
use super::super::method::mapping::{self, By};
use super::super::method::num::{from_i64, from_u64, len, ratio, signed, to_i64};
use super::super::method::trend::Point;
use super::super::plan::{Pack, Packed};
use super::super::processes::{Growth, Mapping, Processes, Series};
use super::super::sysctl::Sysctl;
use super::book::too_few;
use super::cgroups::{Room, Rooms};
use super::naming::Unnamed;
use super::window::Window;
use super::{Book, Lists, load, naming, processes};

mod configured;
mod space;

use configured::configured;
use space::MappingCount;

const FACT: &str = "processes.growth";
const FLOORS: &str = "processes.floors_judged";
/// Growing and changing processes that are listed.
const MAX_ROWS: usize = 200;
/// Values of a sparkline.
const MAX_VALUES: usize = 120;
/// Below this age memory grows because the process starts.
const STARTING_S: f64 = 120.0;

/// A process over the window: process ids are used again, the start is not.
type Identity = (u32, u64);

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    memory: &Memory,
    sysctl: &Sysctl,
    into: &mut Processes,
    book: &mut Book,
    lists: &mut Lists,
) {
    let tracks = tracks(inputs, window);
    let judged = tracks.values().filter(|t| t.samples >= MIN_SAMPLES).count();
    if judged == 0 {
        let samples = window.readings(&inputs.process.sizes).len();
        let absence = match inputs.process.sizes.first() {
            Ok(_) => too_few(&inputs.process.sizes.path, samples, MIN_SAMPLES),
            Err(absence) => absence,
        };
        for fact in [FACT, "processes.judged", FLOORS] {
            book.absent(fact, absence.clone());
        }
        return;
    }
    let floors = tracks.values().filter(|t| t.samples >= FLOOR_SAMPLES).count();
    into.floors_judged = (floors > 0).then(|| len(floors));
    if floors == 0 {
        let most = tracks.values().map(|t| t.samples).max().unwrap_or(0);
        book.absent(FLOORS, too_few(&inputs.process.sizes.path, most, FLOOR_SAMPLES));
    } else {
        book.source(FLOORS, Locator::entry(&inputs.process.sizes.path));
    }
    into.judged = Some(len(judged));
    book.source("processes.judged", Locator::entry(&inputs.process.sizes.path));
    book.sources(
        FACT,
        [
            &inputs.process.sizes.path,
            &inputs.process.status.path,
            &inputs.process.mappings.path,
            &inputs.process.limits.path,
        ]
        .map(|p| Locator::entry(p.as_str()))
        .to_vec(),
    );
    let short = tracks.len() - judged;
    let others = (short > 0).then(|| {
        format!(
            "the others ended, or began too late, to be judged ({short} with fewer than \
             {MIN_SAMPLES} samples)"
        )
    });
    lists.insert(
        FACT.to_owned(),
        Seen {
            what: "processes judged".to_owned(),
            seen: u64::try_from(judged).unwrap_or(u64::MAX),
            expected: u64::try_from(tracks.len()).unwrap_or(u64::MAX),
            gaps: Vec::new(),
            others,
        },
    );
    let changed: Vec<Identity> = tracks
        .iter()
        .filter(|(_, t)| t.samples >= MIN_SAMPLES && !t.is_quiet())
        .map(|(id, _)| *id)
        .collect();
    let series = series(inputs, window, &changed);
    let rooms = Rooms::of(inputs, memory);
    let host = Host { inputs, memory, sysctl, rooms };
    let mut rows: Vec<Growth> = series.iter().filter_map(|(id, s)| host.row(*id, s)).collect();
    rows.sort_by(|a, b| order(b).total_cmp(&order(a)).then(a.pid.cmp(&b.pid)));
    rows.truncate(MAX_ROWS);
    name(inputs, &mut rows);
    absences(&rows, book);
    cite(inputs, window, &rows, book);
    into.growth = rows;
}

/// Extremes of one process over the window.
#[derive(Clone, Copy)]
struct Track {
    private: (u64, u64),
    data: (u64, u64),
    samples: usize,
}

impl Track {
    fn is_quiet(&self) -> bool {
        let range = |(low, high): (u64, u64)| from_u64(high.saturating_sub(low));
        range(self.private) < FLOOR_RESIDENT_BYTES && range(self.data) < FLOOR_VIRTUAL_BYTES
    }
}

/// Every process in every sample, with its identity.
fn each_size(inputs: &Inputs, window: &Window, mut see: impl FnMut(Identity, f64, u32, Sizes)) {
    let own = load::own(inputs);
    let tasks: BTreeMap<u32, _> = inputs.process.tasks.good().map(|(r, p)| (r.pass, p)).collect();
    for (reading, pack) in window.readings(&inputs.process.sizes) {
        let mut task_of = tasks.get(&reading.pass).map(|tasks| tasks.in_order());
        for (pid, sizes) in pack.rows.iter().filter(|(pid, _)| !own.contains(pid)) {
            let start = task_of.as_mut().and_then(|of| of(pid)).map_or(0, |t| t.start_ticks);
            see((*pid, start), window.at_s(reading.mono_us), reading.pass, *sizes);
        }
    }
}

fn tracks(inputs: &Inputs, window: &Window) -> BTreeMap<Identity, Track> {
    // 600,000 records of a large host go through here: hashed, and put in order when they are few.
    let mut tracks: HashMap<Identity, Track> = HashMap::new();
    each_size(inputs, window, |id, _, _, s| {
        let (private, data) = (s.private_bytes, s.data_bytes);
        let track = tracks.entry(id).or_insert(Track {
            private: (private, private),
            data: (data, data),
            samples: 0,
        });
        track.private = (track.private.0.min(private), track.private.1.max(private));
        track.data = (track.data.0.min(data), track.data.1.max(data));
        track.samples += 1;
    });
    tracks.into_iter().collect()
}

/// Series of one process: by statm for the whole window, and by status where it was read.
#[derive(Default)]
struct Both {
    private: Vec<Point>,
    data: Vec<Point>,
    anon_and_swap: Vec<Point>,
    status_data: Vec<Point>,
}

impl Both {
    /// One series never mixes two sources: status, which knows swap, only if it spans the window.
    fn resident(&self) -> &[Point] {
        spanning(&self.anon_and_swap, &self.private)
    }

    fn virtual_space(&self) -> &[Point] {
        spanning(&self.status_data, &self.data)
    }
}

fn spanning<'s>(better: &'s [Point], whole: &'s [Point]) -> &'s [Point] {
    if better.len().saturating_mul(10) >= whole.len().saturating_mul(9) { better } else { whole }
}

fn series(inputs: &Inputs, window: &Window, wanted: &[Identity]) -> BTreeMap<Identity, Both> {
    let mut series: HashMap<Identity, Both> =
        wanted.iter().map(|id| (*id, Both::default())).collect();
    let statuses: BTreeMap<u32, &Pack<u32, Status>> =
        inputs.process.status.good().map(|(r, p)| (r.pass, p)).collect();
    each_size(inputs, window, |id, at_s, pass, sizes| {
        let Some(both) = series.get_mut(&id) else { return };
        let point = |bytes: u64| Point { at_s, value: from_u64(bytes) };
        both.private.push(point(sizes.private_bytes));
        both.data.push(point(sizes.data_bytes));
        let Some(status) = statuses.get(&pass).and_then(|p| p.get(&id.0)) else { return };
        if let (Some(anon), Some(swap)) = (status.rss_anon_bytes, status.swap_bytes) {
            both.anon_and_swap.push(point(anon.saturating_add(swap)));
        }
        both.status_data.extend(status.data_bytes.map(point));
    });
    series.into_iter().collect()
}

/// What a row needs of the host.
struct Host<'i> {
    inputs: &'i Inputs,
    memory: &'i Memory,
    sysctl: &'i Sysctl,
    rooms: Option<Rooms<'i>>,
}

impl Host<'_> {
    fn row(&self, (pid, start): Identity, both: &Both) -> Option<Growth> {
        let inputs = self.inputs;
        let age_s = (start > 0).then(|| processes::age_s(inputs, start)).flatten();
        let resident = method::classify(both.resident(), FLOOR_RESIDENT_BYTES, age_s)?;
        let space = method::classify(both.virtual_space(), FLOOR_VIRTUAL_BYTES, age_s)?;
        if resident.class == Class::Stable && space.class == Class::Stable {
            return None;
        }
        let named = inputs.process.processes.good().find_map(|(_, p)| p.get(&pid))?;
        let limits = inputs.process.limits.first().ok().and_then(|p| p.get(&pid));
        let (virtual_eta_s, virtual_limit) = self.virtual_end(pid, both, &space).unzip();
        let count = self.mapping_count(pid);
        let end = self.resident_end(pid, &resident);
        let group = end.as_ref().and_then(|(_, room)| room.as_ref());
        let by = if resident.class.grows() { By::Resident } else { By::Size };
        Some(Growth {
            name: named.comm.to_string(),
            pid: pid.into(),
            comm: named.comm.to_string(),
            cmdline: processes::cmdline(inputs, pid),
            age_s,
            touched_ratio: ratio(resident.trend.slope, space.trend.slope).map(|r| r.max(0.0)),
            mapping: self.mapping(pid, by),
            limit_address_space_bytes: limits.and_then(|l| l.address_space_bytes).map(signed),
            limit_data_bytes: limits.and_then(|l| l.data_bytes).map(signed),
            virtual_eta_s,
            virtual_limit,
            mappings: count.as_ref().map(|c| c.last),
            mappings_added: count.as_ref().and_then(MappingCount::added),
            resident_eta_s: end.as_ref().map(|(eta_s, _)| *eta_s),
            limit_group: group.map(|room| room.group.clone()),
            limit_group_bytes: group.map(|room| signed(room.limit_bytes)),
            memory_ratio: self
                .memory
                .total_bytes
                .and_then(|total| ratio(resident.last, from_i64(total))),
            starting: age_s.map(|age| age < STARTING_S),
            configured_bytes: configured(&named.comm, processes::cmdline(inputs, pid).as_deref()),
            resident: Some(facts_of(&resident, both.resident())),
            virtual_space: Some(facts_of(&space, both.virtual_space())),
        })
    }

    /// Time until memory and swap are used up: those of the host, or of the control group whose
    /// limit, told beside it, is nearer.
    fn resident_end(&self, pid: u32, resident: &method::Growth) -> Option<(f64, Option<Room>)> {
        let available = from_i64(self.memory.available_bytes?);
        let host = available + from_i64(self.memory.swap_free_bytes.unwrap_or(0));
        let group = self
            .inputs
            .process
            .cgroups
            .first()
            .ok()
            .and_then(|p| self.rooms.as_ref()?.room(p.get(&pid)?))
            .filter(|room| from_u64(room.left_bytes) < host);
        let left = group.as_ref().map_or(host, |room| from_u64(room.left_bytes));
        let eta_s = match resident.class {
            Class::RisingFloor => ratio(left, resident.floor_slope),
            class if class.grows() => ratio(left, resident.trend.slope),
            _ => None,
        };
        Some((eta_s?, group))
    }

    /// The mapping that grew between the first and the last walk of the process.
    fn mapping(&self, pid: u32, by: By) -> Option<Mapping> {
        let walks: Vec<&Vec<mapping::Vma>> =
            self.inputs.process.mappings.good().filter_map(|(_, p)| p.get(&pid)).collect();
        if walks.len() < 2 {
            return None;
        }
        let grown = mapping::growing(walks.first()?, walks.last()?, by)?;
        let hex = |address: u64| format!("{address:x}");
        let gain = if by == By::Size { grown.delta_size } else { grown.delta_resident };
        Some(Mapping {
            name: grown.name,
            start_hex: grown.range.as_ref().map(|r| hex(r.start)),
            end_hex: grown.range.as_ref().map(|r| hex(r.end)),
            new_start_hex: grown.new.as_ref().map(|r| hex(r.start)),
            new_end_hex: grown.new.as_ref().map(|r| hex(r.end)),
            new_bytes: grown.new.as_ref().map(|r| signed(r.end.saturating_sub(r.start))),
            delta_size_bytes: grown.delta_size,
            delta_resident_bytes: grown.delta_resident,
            share_ratio: ratio(from_i64(gain), from_i64(grown.total)).map(|r| r.min(1.0)),
            added_mappings: Some(grown.added),
        })
    }
}

/// The verdict on a series as facts.
pub(super) fn facts_of(g: &method::Growth, points: &[Point]) -> Series {
    Series {
        class: g.class.as_str().to_owned(),
        confidence: g.confidence.as_str().to_owned(),
        samples: len(g.samples),
        span_s: g.span_s,
        first_bytes: to_i64(g.first),
        last_bytes: to_i64(g.last),
        slope_bytes_per_s: g.trend.slope,
        slope_low_bytes_per_s: g.trend.low,
        slope_high_bytes_per_s: g.trend.high,
        tau: g.trend.tau,
        z: g.trend.z,
        r2: g.trend.r2,
        thirds_bytes_per_s: g.thirds.to_vec(),
        jump_ratio: g.jump_share,
        give_back_ratio: g.give_back.is_finite().then_some(g.give_back),
        noise_bytes: to_i64(g.noise),
        delta_bytes: to_i64(g.last - g.first),
        lifetime_linearity: g.lifetime_linearity,
        drops: len(g.drops),
        floor_bytes: g.floor.iter().map(|x| to_i64(*x)).collect(),
        floor_slope_bytes_per_s: Some(g.floor_slope),
        points: method::sparkline(points, MAX_VALUES).into_iter().map(to_i64).collect(),
    }
}

/// Growing memory first, then growing address space, then the rest by how much it changed.
fn order(g: &Growth) -> f64 {
    let part = |s: &Option<Series>, weight: f64| {
        s.as_ref().map_or(0.0, |s| {
            let grows = matches!(s.class.as_str(), "steady" | "rising-floor");
            let bytes = from_i64(s.delta_bytes).abs();
            if grows { weight * 1e18 + bytes } else { bytes }
        })
    };
    part(&g.resident, 2.0) + part(&g.virtual_space, 1.0)
}

/// Gives every row its name.
fn name(inputs: &Inputs, rows: &mut [Growth]) {
    let unnamed: Vec<Unnamed<'_>> = rows
        .iter()
        .map(|r| Unnamed {
            pid: r.pid,
            comm: &r.comm,
            cmdline: r.cmdline.as_deref(),
            age_s: r.age_s,
        })
        .collect();
    let names = naming::names(inputs, &unnamed);
    for (row, name) in rows.iter_mut().zip(names) {
        row.name = name;
    }
}

/// Points the rows at the records of their process: the first and the last of the window.
fn cite(inputs: &Inputs, window: &Window, rows: &[Growth], book: &mut Book) {
    for (i, row) in rows.iter().enumerate() {
        let Ok(pid) = u32::try_from(row.pid) else { continue };
        let mut records = ends(&inputs.process.sizes, Some(window), pid);
        records.extend(ends(&inputs.process.status, Some(window), pid));
        book.sources(format!("{FACT}.{i}"), records);
        if row.mapping.is_some() {
            book.sources(format!("{FACT}.{i}.mapping"), ends(&inputs.process.mappings, None, pid));
        }
        if row.limit_address_space_bytes.or(row.limit_data_bytes).is_some() {
            for field in ["limit_address_space_bytes", "limit_data_bytes"] {
                let record = Locator::record(&inputs.process.limits.path, pid.to_string());
                if book.absences.exact(&format!("{FACT}.{i}.{field}")).is_none() {
                    book.source(format!("{FACT}.{i}.{field}"), record);
                }
            }
        }
    }
}

/// The first and the last record of a process, among the passes of the window or of all.
fn ends<T>(packed: &Packed<u32, T>, window: Option<&Window>, pid: u32) -> Vec<Locator> {
    let inside = |pass: u32| window.is_none_or(|w| w.passes.contains(&pass));
    let passes: Vec<u32> = packed
        .good()
        .filter(|(reading, pack)| inside(reading.pass) && pack.get(&pid).is_some())
        .map(|(reading, _)| reading.pass)
        .collect();
    let both: BTreeSet<u32> = passes.first().into_iter().chain(passes.last()).copied().collect();
    both.into_iter().map(|n| Locator::record(packed.entry(n), pid.to_string())).collect()
}

/// Why fields of the rows are absent.
fn absences(rows: &[Growth], book: &mut Book) {
    for (i, row) in rows.iter().enumerate() {
        let known = known_fields(row);
        for (field, reason, why) in
            known.into_iter().filter_map(|(known, rest)| (!known).then_some(rest))
        {
            book.absent(format!("{FACT}.{i}.{field}"), Absence::new(reason, why));
        }
    }
}

/// A field, and what it means that it is absent.
type Why = (&'static str, Reason, &'static str);

/// Which fields a row has.
fn known_fields(row: &Growth) -> Vec<(bool, Why)> {
    const FEW: Reason = Reason::TooFewSamples;
    const NONE: Reason = Reason::NotApplicable;
    const LACKS: Reason = Reason::NotCollected;
    let mapping = |f: fn(&Mapping) -> bool| row.mapping.as_ref().is_none_or(f);
    let resident = |f: fn(&Series) -> bool| row.resident.as_ref().is_none_or(f);
    let space = |f: fn(&Series) -> bool| row.virtual_space.as_ref().is_none_or(f);
    let linear = |s: &Series| s.lifetime_linearity.is_some();
    let risen = |s: &Series| s.give_back_ratio.is_some();
    let (start, never) = ("its start is not known", "it never rose");
    let none = "no limit of a control group is nearer than the end of the host's memory";
    let (class, old) = ("a class of many mappings grows", "no part of one mapping is new");
    vec![
        (row.mapping.is_some(), ("mapping", FEW, "its mappings were not read twice in the window")),
        (row.mappings.is_some(), ("mappings", FEW, "its mappings were not read")),
        (row.mappings_added.is_some(), ("mappings_added", FEW, "its mappings were not read twice")),
        (row.virtual_limit.is_some(), ("virtual_limit", NONE, "no limit in force, or no growth")),
        (row.virtual_eta_s.is_some(), ("virtual_eta_s", NONE, "no limit in force, or no growth")),
        (row.resident_eta_s.is_some(), ("resident_eta_s", NONE, "resident memory does not grow")),
        (row.limit_group.is_some(), ("limit_group", NONE, none)),
        (row.limit_group_bytes.is_some(), ("limit_group_bytes", NONE, none)),
        (row.touched_ratio.is_some(), ("touched_ratio", NONE, "the address space does not grow")),
        (
            row.limit_address_space_bytes.is_some(),
            ("limit_address_space_bytes", NONE, "unlimited, or not readable"),
        ),
        (row.limit_data_bytes.is_some(), ("limit_data_bytes", NONE, "unlimited, or not readable")),
        (row.cmdline.is_some(), ("cmdline", NONE, "it has none, or it was not readable")),
        (row.age_s.is_some(), ("age_s", LACKS, start)),
        (row.configured_bytes.is_some(), ("configured_bytes", NONE, "its command line sets none")),
        (row.starting.is_some(), ("starting", LACKS, start)),
        (row.memory_ratio.is_some(), ("memory_ratio", LACKS, "no MemTotal")),
        (mapping(|m| m.start_hex.is_some()), ("mapping.start_hex", NONE, class)),
        (mapping(|m| m.end_hex.is_some()), ("mapping.end_hex", NONE, class)),
        (mapping(|m| m.new_start_hex.is_some()), ("mapping.new_start_hex", NONE, old)),
        (mapping(|m| m.new_end_hex.is_some()), ("mapping.new_end_hex", NONE, old)),
        (mapping(|m| m.new_bytes.is_some()), ("mapping.new_bytes", NONE, old)),
        (mapping(|m| m.share_ratio.is_some()), ("mapping.share_ratio", NONE, "nothing grew")),
        (resident(linear), ("resident.lifetime_linearity", LACKS, start)),
        (resident(risen), ("resident.give_back_ratio", NONE, never)),
        (space(linear), ("virtual_space.lifetime_linearity", LACKS, start)),
        (space(risen), ("virtual_space.give_back_ratio", NONE, never)),
    ]
}
