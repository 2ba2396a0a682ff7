//! Which control groups read and write which device.
//!
//! Processes that have ended take their counters with them, and a container is many processes:
//! groups keep the sum. Version 2 counts a group with those below it, so that what a group did
//! itself is what its children did not; version 1 counts each alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::window::seconds;
use crate::facts::disks::GroupIo;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::from_u64;
use crate::facts::plan::Pack;
use crate::locator::Locator;
use crate::parse::cgroup_io::{self, DeviceIo};
use crate::parse::cgroup_path;

const FACT: &str = "io.groups";
const MAX_ROWS: usize = 20;
/// A group that reads or writes less is not worth a row.
const LITTLE_BYTES_PER_S: f64 = 4096.0;

/// A group and a device.
type At<'p> = (&'p str, (u32, u32));

/// What was read and written, by bytes and by requests.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    read_bytes: f64,
    write_bytes: f64,
    requests: Option<f64>,
}

pub(super) fn build(inputs: &Inputs, book: &mut Book) -> Vec<GroupIo> {
    let source = &inputs.sched.groups;
    let readings: Vec<_> = source.good().collect();
    let (Some((from, first)), Some((to, last))) =
        (readings.first(), readings.get(1..).and_then(<[_]>::last))
    else {
        let few = || too_few(&source.path, readings.len(), 2);
        book.absent(FACT, source.first().err().unwrap_or_else(few));
        return Vec::new();
    };
    let (before, after) = (counters(first), counters(last));
    if after.is_none() {
        let why = "no group has a file of it: the io controller is not on";
        book.absent(FACT, Absence::of(Reason::Missing, &source.path, why));
        return Vec::new();
    }
    book.sources(FACT, [from.pass, to.pass].map(|p| Locator::entry(source.entry(p))).into());
    let span_s = seconds(to.mono_us.saturating_sub(from.mono_us)).max(1e-3);
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let Grown { own: grown, unknown } = grown(&before, &after);
    let names = names(inputs);
    let row = |((group, device), sums): (At<'_>, Sums)| GroupIo {
        group: format!("/{group}"),
        device: names
            .get(&device)
            .map_or_else(|| format!("{}:{}", device.0, device.1), |name| (*name).to_owned()),
        read_bytes_per_s: sums.read_bytes / span_s,
        write_bytes_per_s: sums.write_bytes / span_s,
        requests_per_s: sums.requests.map(|n| n / span_s),
    };
    let sum = |io: &GroupIo| io.read_bytes_per_s + io.write_bytes_per_s;
    let mut rows: Vec<GroupIo> =
        grown.into_iter().map(row).filter(|io| sum(io) >= LITTLE_BYTES_PER_S).collect();
    rows.sort_by(|a, b| sum(b).total_cmp(&sum(a)).then(a.group.cmp(&b.group)));
    rows.truncate(MAX_ROWS);
    if let Some(why) = gap(&source.path, [&before, &after], unknown) {
        book.absent(FACT, why);
    } else if rows.is_empty() && !after.with_children {
        // A device without a limit has no row there, or one that stands still.
        let why = "version 1 counts only devices with a limit of throughput (since 6.10)";
        book.absent(FACT, Absence::of(Reason::Missing, &source.path, why));
    }
    for (i, _) in rows.iter().enumerate().filter(|(_, io)| io.requests_per_s.is_none()) {
        let why = "requests of this group were not counted in both looks";
        let absence = Absence::of(Reason::Missing, &source.path, why);
        book.absent(format!("{FACT}.{i}.requests_per_s"), absence);
    }
    rows
}

/// What the list lacks, in words, since a group that is not in it is none that rests.
fn gap(path: &str, looks: [&Look<'_>; 2], unknown: u64) -> Option<Absence> {
    let damaged = looks.iter().fold(0_u64, |n, look| n.saturating_add(look.damaged));
    let mut told = Vec::new();
    if unknown > 0 {
        told.push(format!("what {unknown} groups did is left out: a counter of them is lost"));
    }
    if damaged > 0 {
        told.push(format!("{damaged} rows of counters were not understood"));
    }
    let reason = if damaged > 0 { Reason::ParseError } else { Reason::Failed };
    (!told.is_empty()).then(|| Absence::of(reason, path, told.join("; ")))
}

/// Counters of one look, and whether groups count those below them too.
#[derive(Default)]
struct Look<'p> {
    rows: BTreeMap<At<'p>, DeviceIo>,
    /// Groups whose file was read, and whether all of it was understood.
    files: BTreeMap<&'p str, bool>,
    /// Something of this look is lost: a group without a file may have had one.
    lost: bool,
    /// Rows and files that were not understood.
    damaged: u64,
    with_children: bool,
}

impl Look<'_> {
    /// Counters of a group began at 0 only where nobody can have counted before: its file was read
    /// and has no row, or there was no file.
    fn began_at_zero(&self, (group, _): At<'_>) -> bool {
        self.files.get(group).map_or(!self.lost, |whole| *whole)
    }
}

/// `None` where no group has such a file.
fn counters(pack: &Pack<String, String>) -> Option<Look<'_>> {
    const V1: [&str; 2] = ["blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"];
    let is_loss = |why: &Reason| !matches!(why, Reason::Missing | Reason::Vanished);
    let mut look = Look { lost: pack.lost.keys().any(is_loss), ..Look::default() };
    let mut is_there = false;
    for (key, text) in &pack.rows {
        if !key.ends_with("/io.stat") && !key.ends_with(V1[0]) {
            continue;
        }
        let Some(place) = cgroup_path::parse(key) else { continue };
        is_there = true;
        let devices = if place.file == "io.stat" {
            look.with_children = true;
            cgroup_io::parse(text)
        } else {
            let requests = key.strip_suffix(V1[0]).map(|dir| format!("{dir}{}", V1[1]));
            let requests = requests.and_then(|key| pack.get(&key)).map_or("", String::as_str);
            cgroup_io::parse_v1(text, requests)
        };
        let (devices, damaged) = devices.map_or((Vec::new(), 1), |d| (d.rows, d.damaged));
        look.damaged = look.damaged.saturating_add(damaged);
        look.files.insert(place.group, damaged == 0);
        look.rows.extend(devices.into_iter().map(|io| ((place.group, io.device), io)));
    }
    is_there.then_some(look)
}

/// What the groups did.
struct Grown<'p> {
    own: BTreeMap<At<'p>, Sums>,
    /// Rows that are left out, since a counter of them or of a group below them is not known.
    unknown: u64,
}

/// What each group did itself between two looks. A counter that began anew (a group made again) is
/// left out, and so is what cannot be told from what a child did.
fn grown<'p>(before: &Look<'p>, after: &Look<'p>) -> Grown<'p> {
    let mut own: BTreeMap<At<'p>, Sums> = BTreeMap::new();
    let mut unknown: BTreeSet<At<'p>> = BTreeSet::new();
    for (at, now) in &after.rows {
        match sums(*at, before, now) {
            Some(sums) => drop(own.insert(*at, sums)),
            None => drop(unknown.insert(*at)),
        }
    }
    if after.with_children {
        // Of a file that was not read in the last look it is not known what it would have told.
        let gone = before.rows.keys().filter(|at| !after.began_at_zero(**at));
        unknown.extend(gone.filter(|at| !after.rows.contains_key(*at)));
        for at in &unknown {
            // What a child did would be charged to its parent; above, the sums still hold.
            if let Some(above) = above(*at) {
                own.remove(&above);
            }
        }
        let children: Vec<(At<'p>, Sums)> = own.iter().map(|(at, sums)| (*at, *sums)).collect();
        for (at, sums) in children {
            let Some(above) = above(at).and_then(|above| own.get_mut(&above)) else { continue };
            above.read_bytes = (above.read_bytes - sums.read_bytes).max(0.0);
            above.write_bytes = (above.write_bytes - sums.write_bytes).max(0.0);
            above.requests =
                above.requests.zip(sums.requests).map(|(all, own)| (all - own).max(0.0));
        }
    }
    let unknown = u64::try_from(unknown.len()).unwrap_or(u64::MAX);
    Grown { own, unknown }
}

/// The group above, on the same device. Above what has no slash is the root, whose path is empty.
fn above((group, device): At<'_>) -> Option<At<'_>> {
    let up = || group.rsplit_once('/').map_or("", |(above, _)| above);
    (!group.is_empty()).then(|| (up(), device))
}

/// What a group and those below it did on a device.
fn sums(at: At<'_>, before: &Look<'_>, now: &DeviceIo) -> Option<Sums> {
    let then = match before.rows.get(&at) {
        Some(then) => Some(then),
        None if before.began_at_zero(at) => None,
        None => return None,
    };
    // A device without I/O may stand there by its number alone.
    let idle = DeviceIo { device: at.1, ..DeviceIo::default() };
    let then = then.filter(|then| **then != idle);
    let delta = |of: fn(&DeviceIo) -> Option<u64>| {
        let then = then.map_or(Some(0), of)?;
        Some(from_u64(of(now)?.checked_sub(then)?))
    };
    if *now == idle && then.is_none() {
        return Some(Sums { requests: Some(0.0), ..Sums::default() });
    }
    let requests = delta(|io| io.reads).zip(delta(|io| io.writes)).map(|(r, w)| r + w);
    let (read_bytes, write_bytes) = (delta(|io| io.read_bytes)?, delta(|io| io.write_bytes)?);
    Some(Sums { read_bytes, write_bytes, requests })
}

/// Names of devices by their numbers.
fn names(inputs: &Inputs) -> BTreeMap<(u32, u32), &str> {
    let counters = inputs.storage.diskstats.last().ok().into_iter();
    counters.flat_map(|d| &d.rows).map(|d| ((d.major, d.minor), d.name.as_str())).collect()
}

#[cfg(test)]
mod tests;
