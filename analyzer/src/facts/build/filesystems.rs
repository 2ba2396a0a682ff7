//! Chapter: mounted file systems.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::df::FileSystem as DfRow;
use crate::parse::fstab::Entry;
use crate::parse::statfs::Statfs;

use super::super::filesystems::FileSystem;
use super::super::host::Host;
use super::super::inputs::Inputs;
use super::super::method::num::{from_u64, ratio, signed};
use super::super::plan::Reading;
use super::super::{List, Seen};
use super::window::seconds;
use super::{Book, Lists};

mod deleted;
mod errors;
mod mounts;
mod not_mounted;

use mounts::Mounted;

const FACT: &str = "filesystems";
/// File systems that are listed; a host with more is a host of containers.
const MAX: usize = 500;

pub(super) fn build(
    inputs: &Inputs,
    host: &Host,
    book: &mut Book,
    lists: &mut Lists,
) -> List<FileSystem> {
    let (mut mounted, source) = mounts::of(inputs);
    if mounted.is_empty() {
        book.absent(FACT, inputs.storage.mounts.absence());
        return List::default();
    }
    book.source(FACT, Locator::entry(source));
    let expected = mounted.len();
    mounted.truncate(MAX);
    let sizes = Sizes::of(inputs);
    let fstab = inputs.storage.fstab.first().ok().map(|rows| rows.rows.as_slice());
    let mut unseen = Vec::new();
    let mut items: Vec<FileSystem> = mounted
        .iter()
        .enumerate()
        .map(|(i, m)| {
            let fact = format!("{FACT}.{i}");
            let mut fs = m.facts();
            against_fstab(&mut fs, fstab, &fact, inputs, book);
            if let Some(why) = sizes.fill(&mut fs, &fact, book) {
                unseen.push(format!("{} ({why})", fs.mount_point));
            }
            say_absences(&fs, &fact, book);
            fs
        })
        .collect();
    deleted::attribute(inputs, &mut items, book);
    errors::count(inputs, host.taken_unix_s, &mut items, book);
    let seen = u64::try_from(items.len().saturating_sub(unseen.len())).unwrap_or(u64::MAX);
    lists.insert(
        FACT.to_owned(),
        Seen {
            what: "file systems measured".to_owned(),
            seen,
            expected: u64::try_from(expected).unwrap_or(u64::MAX),
            gaps: unseen,
            others: (expected > MAX).then(|| format!("the first {MAX} of {expected} are listed")),
        },
    );
    List { items }
}

pub(super) use not_mounted::build as not_mounted;

/// Whether the mount is what fstab says.
fn against_fstab(
    fs: &mut FileSystem,
    fstab: Option<&[Entry]>,
    fact: &str,
    inputs: &Inputs,
    book: &mut Book,
) {
    let Some(fstab) = fstab else {
        let absence = inputs.storage.fstab.absence();
        book.absent(format!("{fact}.read_only_against_fstab"), absence.clone());
        book.absent(format!("{fact}.fstab_options"), absence);
        return;
    };
    let entry = fstab.iter().find(|e| e.mount_point == fs.mount_point);
    fs.fstab_options = entry.map(|e| e.options.clone());
    let for_writing = entry.is_some_and(|e| !e.has_option("ro")) && fs.kind != "image";
    fs.read_only_against_fstab = fs.read_only.map(|ro| ro && for_writing);
    if let Some(entry) = entry {
        let path = inputs.storage.fstab.path.as_str();
        book.source(format!("{fact}.fstab_options"), Locator::line(path, entry.line));
    } else {
        let absence = Absence::of(Reason::NotApplicable, &inputs.storage.fstab.path, "no entry");
        book.absent(format!("{fact}.fstab_options"), absence);
    }
}

fn say_absences(fs: &FileSystem, fact: &str, book: &mut Book) {
    let none = |detail: &str| Absence::new(Reason::NotApplicable, detail);
    if fs.size_bytes.is_some() && fs.inodes.is_none() {
        for field in ["inodes", "inodes_free", "inodes_free_ratio"] {
            book.absent(format!("{fact}.{field}"), none("no fixed number of inodes"));
        }
    }
    if fs.size_bytes.is_some() && !keeps_for_root(fs) {
        for field in ["reserved_bytes", "reserved_ratio"] {
            book.absent(format!("{fact}.{field}"), none("btrfs keeps nothing for root"));
        }
    }
    if fs.turned_read_only.is_none() {
        let absence = Absence::of(
            Reason::NotCollected,
            "proc/1/mountinfo",
            "options of mount and file system are not told apart",
        );
        book.absent(format!("{fact}.turned_read_only"), absence);
    }
    if fs.fill_bytes_per_s.is_some() && fs.full_in_s.is_none() {
        book.absent(format!("{fact}.full_in_s"), none("it does not fill"));
    }
}

/// Sizes, from the probe at both ends or from df.
struct Sizes<'i> {
    inputs: &'i Inputs,
    /// By mount point: the first and the last reading.
    probed: BTreeMap<&'i str, Vec<(u64, &'i Statfs)>>,
    listed: BTreeMap<&'i str, &'i DfRow>,
    inodes: BTreeMap<&'i str, &'i DfRow>,
}

impl<'i> Sizes<'i> {
    fn of(inputs: &'i Inputs) -> Self {
        let mut probed: BTreeMap<&str, Vec<(u64, &Statfs)>> = BTreeMap::new();
        for (Reading { mono_us, .. }, rows) in inputs.storage.statfs.good() {
            for row in &rows.rows {
                probed.entry(&row.mount_point).or_default().push((*mono_us, row));
            }
        }
        let by_mount = |rows: &'i [DfRow]| rows.iter().map(|r| (r.mount_point.as_str(), r));
        let rows = |s: &'i super::super::plan::Sampled<crate::parse::Rows<DfRow>>| {
            s.first().map(|r| r.rows.as_slice()).unwrap_or_default()
        };
        Self {
            inputs,
            probed,
            listed: by_mount(rows(&inputs.storage.df)).collect(),
            inodes: by_mount(rows(&inputs.storage.df_inodes)).collect(),
        }
    }

    /// Fills in the sizes; tells why there are none.
    fn fill(&self, fs: &mut FileSystem, fact: &str, book: &mut Book) -> Option<String> {
        let point = fs.mount_point.as_str();
        let source = &self.inputs.storage.statfs;
        let lacking = if let Some(all) = self.probed.get(point) {
            let last = all.last().map(|(_, row)| *row)?;
            let entry = source.good().last().map(|(r, _)| source.entry(r.pass));
            book.source(fact, Locator::line(entry.unwrap_or_default(), last.line));
            of_probe(fs, last);
            let first = all.first().filter(|(at, _)| all.last().is_some_and(|(end, _)| at < end));
            if let Some((first, last)) = first.zip(all.last()) {
                pace(fs, *first, *last);
            }
            last.error.clone().map(|why| (Reason::Skipped, why))
        } else if let Some(row) = self.listed.get(point).filter(|r| r.size_bytes.is_some()) {
            book.source(fact, Locator::line(&self.inputs.storage.df.path, row.line));
            of_df(fs, row, self.inodes.get(point).copied());
            None
        } else {
            Some((Reason::NotCollected, "its size was not read".to_owned()))
        };
        ratios(fs);
        if fs.fill_bytes_per_s.is_none() {
            let few = super::book::too_few(&source.path, 1, 2);
            book.absent(format!("{fact}.fill_bytes_per_s"), few.clone());
            book.absent(format!("{fact}.full_in_s"), few);
        }
        let (reason, why) = lacking?;
        let sizes = ["size", "used", "available", "reserved"].map(|f| format!("{f}_bytes"));
        let rest = ["available_ratio", "reserved_ratio", "inodes", "inodes_free"];
        let rest = rest.into_iter().chain(["inodes_free_ratio"]).map(str::to_owned);
        for field in sizes.into_iter().chain(rest) {
            book.absent(format!("{fact}.{field}"), Absence::of(reason, &source.path, &why));
        }
        Some(why)
    }
}

fn of_probe(fs: &mut FileSystem, row: &Statfs) {
    let free = row.free_bytes;
    fs.size_bytes = row.size_bytes.map(signed);
    fs.used_bytes = row.size_bytes.zip(free).map(|(s, f)| signed(s.saturating_sub(f)));
    fs.available_bytes = row.available_bytes.map(signed);
    let kept = free.zip(row.available_bytes).map(|(f, a)| f.saturating_sub(a));
    fs.reserved_bytes = kept.filter(|_| keeps_for_root(fs)).map(signed);
    fs.inodes = row.inodes.map(signed);
    fs.inodes_free = row.inodes_free.map(signed);
}

fn of_df(fs: &mut FileSystem, row: &DfRow, inodes: Option<&DfRow>) {
    fs.size_bytes = row.size_bytes.map(signed);
    fs.used_bytes = row.used_bytes.map(signed);
    fs.available_bytes = row.available_bytes.map(signed);
    fs.reserved_bytes = fs
        .size_bytes
        .zip(fs.used_bytes)
        .zip(fs.available_bytes)
        .map(|((size, used), free)| size.saturating_sub(used).saturating_sub(free).max(0))
        .filter(|_| keeps_for_root(fs));
    fs.inodes = inodes.and_then(|r| r.inodes).filter(|n| *n > 0).map(signed);
    fs.inodes_free = fs.inodes.and(inodes.and_then(|r| r.inodes_free)).map(signed);
}

/// Whether what is free and not available is kept for root. btrfs keeps nothing: there it is space
/// that cannot be allocated with the present profile on the present devices.
fn keeps_for_root(fs: &FileSystem) -> bool {
    fs.fs_type.as_deref() != Some("btrfs")
}

/// How fast it filled between the two readings.
fn pace(fs: &mut FileSystem, (from, first): (u64, &Statfs), (to, last): (u64, &Statfs)) {
    let span_s = seconds(to.saturating_sub(from));
    let (Some(before), Some(after)) = (first.available_bytes, last.available_bytes) else { return };
    if span_s < 1.0 || first.size_bytes != last.size_bytes {
        return;
    }
    let pace = (from_u64(before) - from_u64(after)) / span_s;
    fs.fill_bytes_per_s = Some(pace);
    fs.full_in_s = (pace > 0.0).then(|| from_u64(after) / pace);
}

fn ratios(fs: &mut FileSystem) {
    let share = |part: Option<i64>, whole: Option<i64>| {
        use super::super::method::num::from_i64;
        ratio(from_i64(part?), from_i64(whole?))
    };
    fs.available_ratio = share(fs.available_bytes, fs.size_bytes);
    fs.reserved_ratio = share(fs.reserved_bytes, fs.size_bytes);
    fs.inodes_free_ratio = share(fs.inodes_free, fs.inodes);
}

impl Mounted<'_> {
    fn facts(&self) -> FileSystem {
        FileSystem {
            mount_point: self.mount_point.to_owned(),
            also_mounted: self.others.iter().take(20).map(|o| (*o).to_owned()).collect(),
            source: self.source.map(str::to_owned),
            fs_type: self.fs_type.map(str::to_owned),
            device: self.device.map(|(major, minor)| format!("{major}:{minor}")),
            kind: self.kind.to_owned(),
            options: self.options.clone(),
            read_only: self.read_only,
            turned_read_only: self.turned_read_only,
            ..FileSystem::default()
        }
    }
}

#[cfg(test)]
mod tests;
