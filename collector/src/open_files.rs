//! Open files and mappings of processes: deleted files that still hold their space, descriptors and
//! mappings that run out.

use std::collections::BTreeMap;

use crate::answer::Request;
use crate::files;
use crate::plan::{How, Source};
use crate::processes::{Processes, gone};
use crate::run::Run;
use crate::sink::Sink;
use crate::stop::Flow;
use crate::wire::Op;

/// Deleted files that are looked at.
const MAX_DELETED: usize = 5000;
/// Descriptors of graphics devices that are looked at.
const MAX_GRAPHICS: usize = 500;
/// Mount namespaces whose mounts are read.
const MAX_NAMESPACES: usize = 128;
/// Processes whose mappings are counted: so many by page tables and by address space, and of those
/// that hold deleted files.
const MAPPED: usize = 50;
const HOLDERS: usize = 50;

/// Processes of which the scheduler tells.
const SCHEDULED: usize = 200;
/// Where lines of `maps` go that name deleted files.
const DELETED_MAPS: &str = "packs/proc-pid/maps_deleted";

/// What links in `/proc/PID/fd` and `/proc/PID/ns` have told.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// Process and descriptor.
    deleted: Vec<(u32, String)>,
    more_deleted: bool,
    /// Processes that hold any of them.
    holders: Vec<u32>,
    graphics: Vec<(u32, String)>,
    /// One process of each mount namespace.
    mounts: BTreeMap<Vec<u8>, u32>,
}

impl Open {
    /// Takes note of a link of a process.
    pub(crate) fn learn(&mut self, pid: u32, how: How, name: &[u8], target: &[u8]) {
        let name = || String::from_utf8_lossy(name).into_owned();
        match how {
            How::ProcessLinks("fd") if target.ends_with(b" (deleted)") => {
                self.more_deleted |= self.deleted.len() >= MAX_DELETED;
                if !self.more_deleted {
                    self.deleted.push((pid, name()));
                }
            }
            How::ProcessLinks("fd")
                if target.starts_with(b"/dev/dri/") && self.graphics.len() < MAX_GRAPHICS =>
            {
                self.graphics.push((pid, name()));
            }
            How::ProcessLinks("ns") if target.starts_with(b"mnt:") => {
                self.mounts.entry(target.to_vec()).or_insert(pid);
            }
            _ => {}
        }
    }
}

impl Processes {
    /// Those that may have many mappings. The kernel tells their number nowhere but in `maps`. Many
    /// that are used take many page tables; many that are not (guards, reservations) take none, but
    /// a page of address space each.
    fn with_many_mappings(&self) -> Vec<u32> {
        let mut pids = self.most(MAPPED, |known| known.page_tables_kib);
        pids.extend(self.most(MAPPED, |known| known.statm.size));
        pids
    }
}

impl Run {
    fn row(&self, how: How) -> Option<&'static Source> {
        self.plan.iter().copied().find(|s| s.how == how)
    }

    /// What deleted files hold, how they are open, and what graphics devices tell.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_open_files(&mut self) -> Flow {
        let open = std::mem::take(&mut self.processes.open);
        let cut = open.more_deleted.then_some("more deleted files than are looked at");
        if let Some(row) = self.row(How::Deleted) {
            self.read_descriptors(row, Op::Stat, "fd", &open.deleted, cut)?;
        }
        if let Some(row) = self.row(How::Descriptors) {
            let both = [open.deleted.as_slice(), &open.graphics].concat();
            self.read_descriptors(row, Op::Read, "fdinfo", &both, cut)?;
        }
        let mut holders: Vec<u32> = open.deleted.iter().map(|(pid, _)| *pid).collect();
        holders.dedup();
        holders.truncate(HOLDERS);
        self.processes.open = Open { mounts: open.mounts, holders, ..Open::default() };
        Ok(())
    }

    fn read_descriptors(
        &mut self,
        row: &Source,
        op: Op,
        dir: &str,
        of: &[(u32, String)],
        cut: Option<&str>,
    ) -> Flow {
        let request = |(pid, fd): &(u32, String)| {
            let request = files::request(row, op, format!("proc/{pid}/{dir}/{fd}"));
            Request { pid: Some(*pid), ..request }
        };
        let requests: Vec<Request> = of.iter().map(request).collect();
        let Self { sink, workers, .. } = self;
        let mut pack = sink.pack(row.path);
        if let Some(reason) = cut {
            Sink::cut(&mut pack, reason);
        }
        workers.run(&requests, &mut |answer| {
            let Some((pid, fd)) = of.get(answer.index) else { return Ok(()) };
            // Closed since its link was read.
            let outcome = gone(answer.outcome, row.how);
            sink.record(&mut pack, &format!("{pid}/{fd}"), outcome, answer.us, answer.content)
        })?;
        self.sink.end_pack(pack)
    }

    /// Mounts as one process of each mount namespace sees them.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_mount_namespaces(&mut self) -> Flow {
        let mounts = std::mem::take(&mut self.processes.open.mounts);
        let Some(row) = self.row(How::MountNamespaces) else { return Ok(()) };
        let mut pids: Vec<u32> = mounts.into_values().collect();
        pids.sort_unstable();
        let cut = pids.len() > MAX_NAMESPACES;
        pids.truncate(MAX_NAMESPACES);
        let request = |pid: &u32| Request {
            pid: Some(*pid),
            ..files::request(row, Op::Read, format!("proc/{pid}/mountinfo"))
        };
        let requests: Vec<Request> = pids.iter().map(request).collect();
        let Self { sink, workers, .. } = self;
        let mut pack = sink.pack(row.path);
        if cut {
            Sink::cut(&mut pack, "more mount namespaces than are looked at");
        }
        workers.run(&requests, &mut |answer| {
            let Some(pid) = pids.get(answer.index) else { return Ok(()) };
            let outcome = gone(answer.outcome, row.how);
            sink.record(&mut pack, &pid.to_string(), outcome, answer.us, answer.content)
        })?;
        self.sink.end_pack(pack)
    }

    /// Mappings of the processes that may have most, and which deleted files they are of.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_mappings(&mut self, pids: &[u32]) -> Flow {
        let counts = self.process_rows(|s| matches!(s.how, How::ProcessLines(_)));
        let Some(row) = counts.first().copied() else { return Ok(()) };
        let mut most = self.processes.with_many_mappings();
        most.append(&mut self.processes.open.holders);
        most.sort_unstable();
        most.dedup();
        most.retain(|pid| {
            pids.binary_search(pid).is_ok() && !self.processes.has_no_use_for(*pid, row)
        });
        let request = |pid: &u32| Request {
            pid: Some(*pid),
            ..files::request(row, Op::Lines, format!("proc/{pid}/maps"))
        };
        let requests: Vec<Request> = most.iter().map(request).collect();
        let Self { sink, workers, .. } = self;
        let (mut count, mut deleted) = (sink.pack(row.path), sink.pack(DELETED_MAPS));
        workers.run(&requests, &mut |answer| {
            let Some(pid) = most.get(answer.index) else { return Ok(()) };
            let (key, outcome) = (pid.to_string(), gone(answer.outcome, row.how));
            let end = answer.content.iter().position(|b| *b == b'\n').map_or(0, |end| end + 1);
            let (lines, files) = answer.content.split_at_checked(end).unwrap_or_default();
            sink.record(&mut count, &key, outcome, answer.us, lines)?;
            if files.is_empty() && outcome.has_content() {
                return Ok(());
            }
            sink.record(&mut deleted, &key, outcome, 0, files)
        })?;
        self.sink.end_pack(count)?;
        self.sink.end_pack(deleted)
    }

    /// How the scheduler has treated the largest processes, and those that grow.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_scheduling(&mut self, pids: &[u32]) -> Flow {
        let rows = self.process_rows(|s| s.how == How::Process("sched"));
        let mut some = self.processes.largest(SCHEDULED);
        some.extend(&self.processes.growers);
        some.sort_unstable();
        some.dedup();
        some.retain(|pid| pids.binary_search(pid).is_ok());
        self.read_processes(&rows, &some)
    }

    /// Open files of the processes that had most of them at the start.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn count_open_files(&mut self, of: &[u32]) -> Flow {
        let rows = self.process_rows(|s| matches!(s.how, How::ProcessEntries(_)));
        self.read_processes(&rows, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc_stat::Statm;
    use crate::processes::Known;

    #[test]
    fn mappings_are_counted_though_nobody_touches_them() {
        // As seen: 62,281 mappings of a page each, never written, in 44 KiB of page tables.
        let known = |page_tables_kib, size| Known {
            page_tables_kib,
            statm: Statm { size, ..Statm::default() },
            ..Known::default()
        };
        let mut processes = Processes::default();
        processes.known.extend((100..300).map(|pid| (pid, known(60, 2000))));
        processes.known.insert(7, known(44, 63_060));
        processes.known.insert(8, known(900, 500));
        let counted = processes.with_many_mappings();
        assert!(counted.contains(&7), "most address space: {counted:?}");
        assert!(counted.contains(&8), "most page tables: {counted:?}");
        assert!(counted.len() <= 2 * MAPPED, "{counted:?}");
    }
}
