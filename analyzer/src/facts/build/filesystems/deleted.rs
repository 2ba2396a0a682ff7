//! Deleted files that processes hold open: their space comes back only when they are closed.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::filesystems::{DeletedOpen, FileSystem};
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{len, signed};
use crate::locator::Locator;

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
        fs.deleted_open = files;
    }
}

/// Deleted open files with the place of their file system in the list, and their inode.
fn held(inputs: &Inputs, all: &[FileSystem]) -> Vec<(usize, DeletedOpen, Option<u64>)> {
    let ours: BTreeSet<u32> = super::super::load::own(inputs);
    let (elsewhere, names) = (elsewhere(inputs), names(inputs));
    let stats = inputs.storage.deleted_stat.first().ok();
    let mut held = Vec::new();
    for (key, path) in inputs.storage.deleted.first().map(|p| p.rows.as_slice()).unwrap_or_default()
    {
        let (pid, fd) = key;
        let stat = stats.and_then(|s| s.get(key));
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
