//! Which control groups read and write which device.
//!
//! Processes that have ended take their counters with them, and a container is many processes:
//! groups keep the sum. Version 2 counts a group with those below it, so that what a group did
//! itself is what its children did not; version 1 counts each alone.

use std::collections::BTreeMap;

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
    book.absent(
        format!("{FACT}.requests_per_s"),
        Absence::new(Reason::Missing, "requests are not counted in this group"),
    );
    let span_s = seconds(to.mono_us.saturating_sub(from.mono_us)).max(1e-3);
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let grown = grown(&before, &after);
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
    if rows.is_empty() && !after.with_children {
        // A device without a limit has no row there, or one that stands still.
        let why = "version 1 counts only devices with a limit of throughput (since 6.10)";
        book.absent(FACT, Absence::of(Reason::Missing, &source.path, why));
    }
    rows
}

/// Counters of one look, and whether groups count those below them too.
#[derive(Default)]
struct Look<'p> {
    rows: BTreeMap<At<'p>, DeviceIo>,
    with_children: bool,
}

/// `None` where no group has such a file.
fn counters(pack: &Pack<String, String>) -> Option<Look<'_>> {
    const V1: [&str; 2] = ["blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"];
    let mut look = Look::default();
    let mut is_there = false;
    for (key, text) in &pack.rows {
        if !key.ends_with("/io.stat") && !key.ends_with(V1[0]) {
            continue;
        }
        let Some(place) = cgroup_path::parse(key) else { continue };
        is_there = true;
        let devices = if place.file == "io.stat" {
            look.with_children = true;
            cgroup_io::parse(text).map(|rows| rows.rows)
        } else {
            let requests = key.strip_suffix(V1[0]).map(|dir| format!("{dir}{}", V1[1]));
            let requests = requests.and_then(|key| pack.get(&key)).map_or("", String::as_str);
            cgroup_io::parse_v1(text, requests)
        };
        let devices = devices.unwrap_or_default().into_iter();
        look.rows.extend(devices.map(|io| ((place.group, io.device), io)));
    }
    is_there.then_some(look)
}

/// What each group did itself between two looks. A counter that began anew (a group made again) is
/// left out.
fn grown<'p>(before: &Look<'p>, after: &Look<'p>) -> BTreeMap<At<'p>, Sums> {
    let mut own: BTreeMap<At<'p>, Sums> = BTreeMap::new();
    for (at, now) in &after.rows {
        let then = before.rows.get(at).cloned().unwrap_or_default();
        let delta = |of: fn(&DeviceIo) -> Option<u64>| {
            Some(from_u64(of(now)?.checked_sub(of(&then).unwrap_or(0))?))
        };
        let (Some(read), Some(write)) = (delta(|io| io.read_bytes), delta(|io| io.write_bytes))
        else {
            continue;
        };
        let requests = delta(|io| io.reads).zip(delta(|io| io.writes)).map(|(r, w)| r + w);
        own.insert(*at, Sums { read_bytes: read, write_bytes: write, requests });
    }
    if after.with_children {
        let children: Vec<(At<'p>, Sums)> = own.iter().map(|(at, sums)| (*at, *sums)).collect();
        for ((group, device), sums) in children {
            // Above what has no slash is the root, whose path is empty.
            let up = || group.rsplit_once('/').map_or("", |(above, _)| above);
            let above = (!group.is_empty()).then(up);
            let Some(above) = above.and_then(|above| own.get_mut(&(above, device))) else {
                continue;
            };
            above.read_bytes = (above.read_bytes - sums.read_bytes).max(0.0);
            above.write_bytes = (above.write_bytes - sums.write_bytes).max(0.0);
            above.requests =
                above.requests.zip(sums.requests).map(|(all, own)| (all - own).max(0.0));
        }
    }
    own
}

/// Names of devices by their numbers.
fn names(inputs: &Inputs) -> BTreeMap<(u32, u32), &str> {
    let counters = inputs.storage.diskstats.last().ok().into_iter();
    counters.flat_map(|d| &d.rows).map(|d| ((d.major, d.minor), d.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;
    use linsight_archive::{Outcome, pack};

    fn files(looks: [&[(&str, &str)]; 2]) -> Vec<(String, Vec<u8>)> {
        let diskstats = b" 254 0 vda 100 0 800 50 0 0 0 0 0 50 50\n".to_vec();
        let mut files = vec![("proc/diskstats".to_owned(), diskstats)];
        for (pass, records) in [0, 10].into_iter().zip(looks) {
            let mut bytes = Vec::new();
            for (key, content) in records {
                pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
            }
            files.push((linsight_archive::names::sample(pass, "packs/sys/cgroup"), bytes));
        }
        files
    }

    fn rows(looks: [&[(&str, &str)]; 2]) -> Vec<(String, String, f64, f64, Option<f64>)> {
        let f = crate::facts::build(&Snapshot::of_files(files(looks)), &SiteInputs::default());
        let row = |g: &crate::facts::disks::GroupIo| {
            let (read, write) = (g.read_bytes_per_s, g.write_bytes_per_s);
            (g.group.clone(), g.device.clone(), read.round(), write.round(), g.requests_per_s)
        };
        f.tree.io.groups.iter().map(row).collect()
    }

    #[test]
    fn what_the_groups_below_did_is_not_counted_twice() {
        let first = [
            ("fs/cgroup/io.stat", "254:0 rbytes=0 wbytes=0 rios=0 wios=0\n"),
            ("fs/cgroup/a/io.stat", "254:0 rbytes=0 wbytes=0 rios=0 wios=0\n"),
            ("fs/cgroup/a/b/io.stat", ""),
        ];
        let last = [
            ("fs/cgroup/io.stat", "254:0 rbytes=900000 wbytes=80000 rios=90 wios=8\n"),
            ("fs/cgroup/a/io.stat", "254:0 rbytes=900000 wbytes=80000 rios=90 wios=8\n"),
            (
                "fs/cgroup/a/b/io.stat",
                "254:0 rbytes=900000 wbytes=0 rios=90 wios=0\n9:9 rbytes=50000 wbytes=0\n",
            ),
        ];
        let expected = [
            ("/a/b".to_owned(), "vda".to_owned(), 90_000.0, 0.0, Some(9.0)),
            ("/a".to_owned(), "vda".to_owned(), 0.0, 8000.0, Some(0.8)),
            ("/a/b".to_owned(), "9:9".to_owned(), 5000.0, 0.0, None),
        ];
        assert_eq!(rows([&first, &last]), expected, "and the root did nothing itself");
    }

    #[test]
    fn version_1_counts_each_group_alone() {
        let bytes = "fs/cgroup/blkio/a/blkio.throttle.io_service_bytes";
        let requests = "fs/cgroup/blkio/a/blkio.throttle.io_serviced";
        let above = "fs/cgroup/blkio/blkio.throttle.io_service_bytes";
        let first = [(bytes, "254:0 Read 0\n254:0 Write 5\nTotal 5\n")];
        let last = [
            (bytes, "254:0 Read 900000\n254:0 Write 5\n254:0 Total 900005\nTotal 900005\n"),
            (requests, "254:0 Read 90\n254:0 Write 1\nTotal 91\n"),
            (above, "254:0 Read 80000\n254:0 Write 0\nTotal 80000\n"),
        ];
        let expected = [
            ("/a".to_owned(), "vda".to_owned(), 90_000.0, 0.0, Some(9.1)),
            ("/".to_owned(), "vda".to_owned(), 8000.0, 0.0, None),
        ];
        assert_eq!(rows([&first, &last]), expected);
    }

    #[test]
    fn version_1_that_stands_still_is_no_rest() {
        let bytes = "fs/cgroup/blkio/a/blkio.throttle.io_service_bytes";
        let look: [(&str, &str); 1] = [(bytes, "254:0 Read 5\n254:0 Write 5\nTotal 10\n")];
        let files = files([&look, &look]);
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        assert!(f.absences.get("io.groups").unwrap().to_string().contains("version 1"));
    }

    #[test]
    fn without_the_controller_nothing_is_known() {
        let look: [(&str, &str); 1] = [("fs/cgroup/a/memory.max", "max\n")];
        let files = files([&look, &look]);
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        assert!(f.absences.get("io.groups").unwrap().to_string().contains("controller"));
    }
}
