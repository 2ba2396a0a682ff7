//! Chapter: which devices, servers and file systems tell errors: the log, the file systems' own
//! counters, and what is read-only or offline now, brought together by device.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::disks::{Disk, StorageError};
use super::super::filesystems::FileSystem;
use super::super::kernel_log::{Events, KernelLog};
use super::super::{List, Seen};
use super::disks::kind_of_name;
use super::{Book, Lists};

const FACT: &str = "storage_errors";
const LOG: &str = "kernel_log";

pub(super) fn build(
    filesystems: &[FileSystem],
    disks: &[Disk],
    log: &KernelLog,
    book: &mut Book,
    lists: &mut Lists,
) -> List<StorageError> {
    let seen_log = log.messages.is_some();
    if !seen_log && filesystems.is_empty() {
        book.absent(FACT, book.why(LOG));
        return List::default();
    }
    let mut all = Gathered { by_subject: BTreeMap::new(), disks, filesystems, seen_log };
    for events in [&log.io_error, &log.fs_error, &log.remount_ro, &log.swap_error] {
        all.events(events.as_ref(), true);
    }
    for events in [&log.io_timeout, &log.io_offline, &log.nfs_timeout, &log.multipath_failure] {
        all.events(events.as_ref(), false);
    }
    all.state();
    let items: Vec<StorageError> = all.by_subject.into_values().collect();
    for (i, item) in items.iter().enumerate() {
        book.source(format!("{FACT}.{i}"), Locator::facts(["kernel_log", "filesystems", "disks"]));
        say_absences(item, i, seen_log, book);
    }
    if !seen_log {
        book.absent(format!("collection.lists.{FACT}"), book.why(LOG));
    }
    // What is counted is the log: how many devices it would have named, nobody knows.
    lists.insert(
        FACT.to_owned(),
        Seen {
            what: "kernel logs read".to_owned(),
            seen: u64::from(seen_log),
            expected: 1,
            gaps: Vec::new(),
            others: None,
        },
    );
    List { items }
}

fn say_absences(item: &StorageError, i: usize, seen_log: bool, book: &mut Book) {
    let none = || Absence::new(Reason::NotApplicable, "nothing of the kind");
    let lacking = book.why(LOG);
    let known = [
        ("errors_in_window", item.errors_in_window.is_some()),
        ("errors_in_day", item.errors_in_day.is_some()),
        ("errors_in_log", item.errors_in_log.is_some()),
        ("stalls_in_window", item.stalls_in_window.is_some()),
        ("stalls_in_day", item.stalls_in_day.is_some()),
        ("stalls_in_log", item.stalls_in_log.is_some()),
        ("last_age_s", item.last_age_s.is_some()),
        ("latest", item.latest.is_some()),
        ("fs_type", item.fs_type.is_some()),
        ("errors_counted", item.errors_counted.is_some()),
        ("last_error_age_s", item.last_error_age_s.is_some()),
        ("last_error_in", item.last_error_in.is_some()),
        ("first_error_age_s", item.first_error_age_s.is_some()),
        ("devices_missing", item.devices_missing.is_some()),
    ];
    for (field, _) in known.into_iter().filter(|(_, known)| !known) {
        let of_log = field.contains("_in_") && field != "last_error_in";
        let absence = if of_log && !seen_log { lacking.clone() } else { none() };
        book.absent(format!("{FACT}.{i}.{field}"), absence);
    }
}

struct Gathered<'a> {
    by_subject: BTreeMap<String, StorageError>,
    disks: &'a [Disk],
    filesystems: &'a [FileSystem],
    seen_log: bool,
}

impl Gathered<'_> {
    fn of(&mut self, subject: &str) -> &mut StorageError {
        let (disks, filesystems, seen) = (self.disks, self.filesystems, self.seen_log);
        self.by_subject.entry(subject.to_owned()).or_insert_with(|| {
            let part = |d: &&Disk| d.name == subject || d.partitions.iter().any(|p| p == subject);
            let disk = disks.iter().find(part);
            let device = format!("/dev/{subject}");
            let own =
                || filesystems.iter().filter(|fs| fs.source.as_deref() == Some(device.as_str()));
            let fs_type = own().find_map(|fs| fs.fs_type.clone());
            let mut mount_points: Vec<String> = own().map(|fs| fs.mount_point.clone()).collect();
            if mount_points.is_empty()
                && let Some(disk) = disk
            {
                mount_points.clone_from(&disk.mount_points);
            }
            let kind = kind_of_name(subject);
            let zero = seen.then_some(0);
            StorageError {
                subject: subject.to_owned(),
                is_removable: matches!(kind, "optical" | "floppy")
                    || kind == "loop" && mount_points.is_empty()
                    || disk.is_some_and(|d| d.removable == Some(true)),
                errors_in_window: zero,
                errors_in_day: zero,
                errors_in_log: zero,
                stalls_in_window: zero,
                stalls_in_day: zero,
                stalls_in_log: zero,
                mount_points,
                fs_type,
                ..StorageError::default()
            }
        })
    }

    fn events(&mut self, events: Option<&Events>, are_errors: bool) {
        let Some(events) = events else { return };
        for subject in &events.subjects {
            let text = events.latest.iter().find(|m| m.text.contains(&subject.name));
            let text = text.map(|m| m.text.clone());
            let entry = self.of(&subject.name);
            let (window, day, log) = if are_errors {
                (&mut entry.errors_in_window, &mut entry.errors_in_day, &mut entry.errors_in_log)
            } else {
                (&mut entry.stalls_in_window, &mut entry.stalls_in_day, &mut entry.stalls_in_log)
            };
            let add = |to: &mut Option<i64>, n: i64| *to = Some(to.unwrap_or(0).saturating_add(n));
            add(window, subject.in_window);
            add(day, subject.in_day);
            add(log, subject.count);
            let older = |a: f64| subject.last_age_s.is_some_and(|b| b < a);
            if entry.last_age_s.is_none_or(older) {
                entry.last_age_s = subject.last_age_s;
                entry.latest = text.or_else(|| entry.latest.take());
            }
        }
    }

    /// What is wrong now, whatever the log says.
    fn state(&mut self) {
        for fs in self.filesystems {
            let read_only =
                fs.turned_read_only == Some(true) || fs.read_only_against_fstab == Some(true);
            let counted = fs.errors_counted.filter(|n| *n > 0);
            let missing = fs.devices_missing.filter(|n| *n > 0);
            if !read_only && counted.is_none() && missing.is_none() {
                continue;
            }
            let source = fs.source.as_deref().unwrap_or("?");
            let name = source.strip_prefix("/dev/").unwrap_or(source).to_owned();
            let entry = self.of(&name);
            entry.read_only_now |= read_only;
            if !entry.mount_points.contains(&fs.mount_point) {
                entry.mount_points.push(fs.mount_point.clone());
            }
            entry.errors_counted = counted;
            entry.last_error_age_s = counted.and(fs.last_error_age_s);
            entry.first_error_age_s = counted.and(fs.first_error_age_s);
            entry.devices_missing = missing;
            entry.last_error_in = counted.and_then(|_| fs.last_error_in.clone());
        }
        for disk in self.disks {
            if matches!(disk.state.as_deref(), Some("offline" | "transport-offline")) {
                self.of(&disk.name).offline_now = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::kernel_log::{Message, Subject};

    #[test]
    fn log_counters_and_state_meet_at_the_device() {
        let subject = Subject {
            name: "sda1".into(),
            count: 5,
            in_window: 1,
            in_day: 3,
            last_age_s: Some(9.0),
            ..Subject::default()
        };
        let latest =
            vec![Message { text: "EXT4-fs error (device sda1): x".into(), ..Message::default() }];
        let events = Events { subjects: vec![subject], latest, ..Events::default() };
        let log = KernelLog { messages: Some(9), fs_error: Some(events), ..KernelLog::default() };
        let fs = FileSystem {
            mount_point: "/data".into(),
            source: Some("/dev/sda1".into()),
            turned_read_only: Some(true),
            errors_counted: Some(2),
            ..FileSystem::default()
        };
        let healthy = FileSystem { mount_point: "/".into(), ..FileSystem::default() };
        let disk = Disk { name: "sdb".into(), state: Some("offline".into()), ..Disk::default() };
        let (mut book, mut lists) = (Book::default(), Lists::new());
        let all = build(&[fs, healthy], &[disk], &log, &mut book, &mut lists).items;
        let [a, b] = all.as_slice() else { panic!() };
        assert_eq!(
            (a.subject.as_str(), a.mount_points.as_slice()),
            ("sda1", &["/data".to_owned()][..])
        );
        assert_eq!(
            (a.errors_in_window, a.errors_in_day, a.stalls_in_day),
            (Some(1), Some(3), Some(0))
        );
        assert!(a.read_only_now && a.latest.as_deref().unwrap().contains("EXT4"));
        assert_eq!((b.subject.as_str(), b.offline_now, b.read_only_now), ("sdb", true, false));
        let none = build(&[], &[], &KernelLog::default(), &mut book, &mut lists);
        assert!(none.items.is_empty() && book.absences.exact(FACT).is_some());
    }
}
