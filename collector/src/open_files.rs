//! Open files and mappings of processes: deleted files that still hold their space, descriptors and
//! mappings that run out.

use std::collections::BTreeMap;

use crate::answer::Request;
use crate::files;
use crate::plan::{How, Source};
use crate::processes::gone;
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
/// Processes whose mappings are counted.
const MAPPED: usize = 50;

/// What links in `/proc/PID/fd` and `/proc/PID/ns` have told.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// Process and descriptor.
    deleted: Vec<(u32, String)>,
    more_deleted: bool,
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
        self.processes.open.mounts = open.mounts;
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

    /// Mappings of the processes with the largest page tables.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn count_mappings(&mut self, pids: &[u32]) -> Flow {
        let rows = self.process_rows(|s| matches!(s.how, How::ProcessLines(_)));
        if rows.is_empty() {
            return Ok(());
        }
        let mut most = self.processes.most(MAPPED, |known| known.page_tables_kib);
        most.retain(|pid| pids.contains(pid));
        most.sort_unstable();
        self.read_processes(&rows, &most)
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
