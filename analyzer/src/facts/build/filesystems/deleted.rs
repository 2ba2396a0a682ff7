//! Deleted files that processes hold open: their space comes back only when they are closed.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::filesystems::{DeletedMapped, DeletedOpen, FileSystem};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{len, signed};
use crate::locator::Locator;
use crate::parse::fdinfo::FdInfo;
use crate::parse::maps::Mapping;

/// Files named for each file system.
const NAMED: usize = 20;

/// Puts every deleted open file to the file system on which it lay. Only of processes that see the
/// host's mounts: a path inside a container is on another file system.
pub(super) fn attribute(inputs: &Inputs, all: &mut [FileSystem], book: &mut Book) {
    let source = &inputs.storage.deleted;
    if source.first().is_err() {
        for i in 0..all.len() {
            let absence = source.absence();
            book.absent(format!("filesystems.{i}.deleted_open_count"), absence.clone());
            book.absent(format!("filesystems.{i}.deleted_open_bytes"), absence.clone());
            book.absent(format!("filesystems.{i}.deleted_open"), absence);
        }
        return;
    }
    let held = held(inputs, all);
    let stat = &inputs.storage.deleted_stat;
    for (i, fs) in all.iter_mut().enumerate() {
        let (mut files, mut inodes) = (Vec::new(), BTreeMap::new());
        for (file, inode) in held.iter().filter(|(at, ..)| *at == i).map(|(_, f, n)| (f, n)) {
            files.push(file.clone());
            // The same file may be open many times.
            inodes.insert(inode.unwrap_or(0), file.size_bytes);
        }
        let fact = format!("filesystems.{i}");
        fs.deleted_open_count = Some(len(files.len()));
        book.source(format!("{fact}.deleted_open_count"), Locator::entry(&source.path));
        book.source(format!("{fact}.deleted_open"), Locator::entry(&source.path));
        let sum: Option<i64> =
            inodes.values().copied().try_fold(0i64, |sum, n| Some(sum.saturating_add(n?)));
        fs.deleted_open_bytes = sum;
        if sum.is_some() {
            book.source(format!("{fact}.deleted_open_bytes"), Locator::entry(&stat.path));
        } else {
            let names = Absence::of(Reason::NotCollected, &stat.path, "names without sizes");
            let why = stat.first().err().unwrap_or(names);
            book.absent(format!("{fact}.deleted_open_bytes"), why);
        }
        files.sort_by_key(|f| std::cmp::Reverse(f.size_bytes));
        files.truncate(NAMED);
        for (j, file) in files.iter().enumerate() {
            let at = format!("{fact}.deleted_open.{j}");
            let info = &inputs.storage.fdinfo;
            if file.is_append.is_some() {
                let key = format!("{}/{}", file.pid, file.fd);
                book.source(format!("{at}.is_append"), Locator::record(&info.path, key));
            }
            let none = Absence::of(Reason::NotCollected, &info.path, "not read of this one");
            book.absent(at.as_str(), none);
            if file.is_mapped.is_none() {
                let why = &inputs.storage.deleted_maps.path;
                let none = Absence::of(Reason::NotCollected, why, "its mappings were not read");
                book.absent(format!("{at}.is_mapped"), none);
            }
        }
        fs.deleted_open = files;
    }
    mapped(inputs, all, book);
}

/// Deleted files that are mapped only: no descriptor of their process leads to them.
fn mapped(inputs: &Inputs, all: &mut [FileSystem], book: &mut Book) {
    let source = &inputs.storage.deleted_maps;
    let pack = match source.first() {
        Ok(pack) => pack,
        Err(why) => {
            for i in 0..all.len() {
                book.absent(format!("filesystems.{i}.deleted_mapped"), why.clone());
            }
            return;
        }
    };
    let ours: BTreeSet<u32> = super::super::load::own(inputs);
    let (elsewhere, names) = (elsewhere(inputs), names(inputs));
    let open: BTreeSet<(u32, u64, &str)> = inputs.storage.deleted_stat.first().map_or_else(
        |_| BTreeSet::new(),
        |p| p.rows.iter().map(|((pid, _), s)| (*pid, s.inode, &*s.device)).collect(),
    );
    let mut found: BTreeMap<(usize, u32, u64), DeletedMapped> = BTreeMap::new();
    for (pid, mapping) in pack.rows.iter().flat_map(|(pid, maps)| maps.iter().map(|m| (*pid, m))) {
        if ours.contains(&pid) || open.contains(&(pid, mapping.inode, &mapping.device)) {
            continue;
        }
        let by_number = |fs: &FileSystem| fs.device.as_deref() == Some(mapping.device.as_str());
        let by_path = || if elsewhere.contains(&pid) { None } else { place(all, &mapping.path) };
        let Some(i) = all.iter().position(by_number).or_else(by_path) else { continue };
        let row = found.entry((i, pid, mapping.inode)).or_insert_with(|| DeletedMapped {
            pid: i64::from(pid),
            comm: names.get(&pid).map_or("?", |n| n).to_owned(),
            path: mapping.path.clone(),
            ..DeletedMapped::default()
        });
        row.mapped_bytes = row.mapped_bytes.saturating_add(signed(mapping.size_bytes));
        row.is_program |= mapping.is_executable;
    }
    for ((i, ..), row) in found {
        if let Some(fs) = all.get_mut(i) {
            fs.deleted_mapped.push(row);
        }
    }
    for (i, fs) in all.iter_mut().enumerate() {
        fs.deleted_mapped.sort_by_key(|m| std::cmp::Reverse(m.mapped_bytes));
        fs.deleted_mapped.truncate(NAMED);
        book.source(format!("filesystems.{i}.deleted_mapped"), Locator::entry(&source.path));
    }
}

/// Deleted open files with the place of their file system in the list, and their inode.
fn held(inputs: &Inputs, all: &[FileSystem]) -> Vec<(usize, DeletedOpen, Option<u64>)> {
    let ours: BTreeSet<u32> = super::super::load::own(inputs);
    let (elsewhere, names) = (elsewhere(inputs), names(inputs));
    let stats = inputs.storage.deleted_stat.first().ok();
    let infos = inputs.storage.fdinfo.first().ok();
    let maps = inputs.storage.deleted_maps.first().ok();
    let counted = inputs.sched.maps_counts.first().ok();
    let mut held = Vec::new();
    for (key, path) in inputs.storage.deleted.first().map(|p| p.rows.as_slice()).unwrap_or_default()
    {
        let (pid, fd) = key;
        let stat = stats.and_then(|s| s.get(key));
        let info = infos.and_then(|i| i.get(key));
        if ours.contains(pid) || stats.is_some() && stat.is_none() {
            continue;
        }
        let by_number = |fs: &FileSystem| fs.device.as_deref() == stat.map(|s| &*s.device);
        let numbered = stat.and_then(|_| all.iter().position(by_number));
        let by_path = || if elsewhere.contains(pid) { None } else { place(all, path) };
        let Some(i) = numbered.or_else(by_path) else { continue };
        let file = DeletedOpen {
            pid: i64::from(*pid),
            comm: names.get(pid).map_or("?", |n| n).to_owned(),
            fd: i64::from(*fd),
            path: path.to_string(),
            size_bytes: stat.map(|s| signed(s.allocated_bytes)),
            is_writable: info.and_then(FdInfo::is_writable),
            is_append: info.and_then(FdInfo::is_append),
            is_mapped: maps.and_then(|maps| {
                let stat = stat?;
                let of = maps.get(pid);
                // A process without a line of its own maps no deleted file, if it was looked at.
                let looked = of.is_some() || counted.is_some_and(|c| c.get(pid).is_some());
                let is = |m: &Mapping| m.inode == stat.inode && *m.device == *stat.device;
                looked.then(|| of.is_some_and(|of| of.iter().any(is)))
            }),
        };
        held.push((i, file, stat.map(|s| s.inode)));
    }
    held
}

/// Processes in another mount namespace than the first one's.
fn elsewhere(inputs: &Inputs) -> BTreeSet<u32> {
    let Ok(pack) = inputs.storage.mount_namespaces.first() else { return BTreeSet::new() };
    let Some(host) = pack.get(&1) else { return BTreeSet::new() };
    pack.rows.iter().filter(|(_, ns)| ns != host).map(|(pid, _)| *pid).collect()
}

fn names(inputs: &Inputs) -> BTreeMap<u32, String> {
    let packs = inputs.process.processes.good();
    packs.flat_map(|(_, p)| p.rows.iter().map(|(pid, s)| (*pid, s.comm.to_string()))).collect()
}

/// The file system with the longest mount point above a path.
fn place(all: &[FileSystem], path: &str) -> Option<usize> {
    let above = |point: &str| {
        point == "/" || path.strip_prefix(point).is_some_and(|rest| rest.starts_with('/'))
    };
    let longest = |fs: &FileSystem| {
        let points = fs.also_mounted.iter().chain([&fs.mount_point]);
        points.filter(|p| above(p)).map(String::len).max()
    };
    let each = all.iter().enumerate().filter_map(|(i, fs)| Some((longest(fs)?, i)));
    each.max().map(|(_, i)| i)
}
