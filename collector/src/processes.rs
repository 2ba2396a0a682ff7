//! Files of every process and thread, and the little the collector must know of them itself.

use std::collections::{BTreeMap, BTreeSet};

use linsight_archive::Outcome;

use crate::answer::{Answer, Request, outcome_of};
use crate::class::Class;
use crate::files;
use crate::growers::Point;
use crate::open_files::Open;
use crate::plan::{How, Source, When};
use crate::proc_stat::{Stat, Statm, page_tables_kib, private_kib};
use crate::run::Run;
use crate::sink::{Pack, Sink};
use crate::stop::Flow;
use crate::threads::Threads;
use crate::walks::Rests;
use crate::wire::{Asked, Op, sub};

/// Processes asked about in one batch: bounds the memory of the requests.
pub(crate) const BATCH: usize = 128;
/// Links of one process and links in all.
const MAX_LINKS: u64 = 1_000_000;

/// What is known of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Last `statm`.
    pub(crate) statm: Statm,
    /// Last number of threads.
    pub(crate) threads: u64,
    /// `RssAnon` + `VmSwap` at the start.
    pub(crate) private_kib: u64,
    /// `VmPTE` at the start.
    pub(crate) page_tables_kib: u64,
    /// Open files at the start.
    pub(crate) open_files: u64,
    /// `statm` over the first third of the window.
    pub(crate) series: Vec<Point>,
}

/// What is known of all of them.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    /// By process id.
    pub(crate) known: BTreeMap<u32, Known>,
    /// Files that this kernel does not have in `/proc/PID`.
    lacks: BTreeSet<&'static str>,
    /// `stat` of the processes that run or wait uninterruptibly, as read last.
    pub(crate) in_load: BTreeMap<u32, Vec<u8>>,
    /// Threads in D: how many samples in a row.
    pub(crate) waiting: BTreeMap<(u32, u32), u32>,
    /// Processes that grow, most suspicious first.
    pub(crate) growers: Vec<u32>,
    /// What their links have told.
    pub(crate) open: Open,
    /// Those that are left in peace after a walk.
    pub(crate) rests: Rests,
}

/// The file, link or directory of `/proc/PID` that a row stands for.
fn name_of(how: How) -> Option<(Op, &'static str)> {
    match how {
        How::Process(name) => Some((Op::Read, name)),
        How::ProcessLink(name) => Some((Op::Link, name)),
        How::ProcessLinks(name) => Some((Op::Links, name)),
        How::ProcessEntries(name) => Some((Op::Count, name)),
        How::ProcessLines(name) => Some((Op::Lines, name)),
        _ => None,
    }
}

impl Run {
    /// The rows about processes that are chosen and known to this kernel.
    pub(crate) fn process_rows(&self, chosen: impl Fn(&Source) -> bool) -> Vec<&'static Source> {
        let known = |s: &Source| {
            name_of(s.how).is_some_and(|(_, name)| !self.processes.lacks.contains(name))
        };
        self.plan.iter().copied().filter(|s| known(s) && chosen(s)).collect()
    }

    /// Ids of the host's processes now, ascending.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn pids(&mut self) -> Flow<Vec<u32>> {
        let (names, _) = files::lines(&mut self.workers, Op::List, "proc", Class::Safe)?;
        let mut pids: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
        pids.sort_unstable();
        Ok(pids)
    }

    /// Journals the rows that this kernel does not have, once.
    fn find_lacking(&mut self) -> Flow {
        let rows = self.process_rows(|_| true);
        let requests: Vec<Request> = rows
            .iter()
            .filter_map(|row| {
                let (op, name) = name_of(row.how)?;
                let op = if op == Op::Links { Op::List } else { op };
                let asked = Asked { op, ptrace: false, cap: 0, path: format!("proc/self/{name}") };
                Some(Request { asked, class: row.class, pid: None })
            })
            .collect();
        let mut lacking: Vec<&'static Source> = Vec::new();
        self.workers.run(&requests, &mut |answer| {
            if answer.outcome == Outcome::Missing {
                lacking.extend(rows.get(answer.index).copied());
            }
            Ok(())
        })?;
        for row in lacking {
            self.processes.lacks.extend(name_of(row.how).map(|(_, name)| name));
            self.sink.note(
                row.path,
                Outcome::Missing,
                "this kernel has no such file in /proc/PID",
            )?;
        }
        Ok(())
    }

    /// Everything about processes that belongs to the start set.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_processes_at_start(&mut self) -> Flow {
        self.find_lacking()?;
        let pids = self.pids()?;
        let rows = self.process_rows(|s| s.when != When::Last);
        self.read_processes(&rows, &pids)?;
        self.read_open_files()?;
        self.read_mount_namespaces()?;
        self.read_threads(&pids, Threads::All)
    }

    /// What is read a second time.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_processes_at_end(&mut self) -> Flow {
        let pids = self.pids()?;
        let again = |s: &Source| match s.how {
            How::ProcessEntries(_) => true,
            _ => s.when == When::Twice,
        };
        let rows = self.process_rows(again);
        self.read_processes(&rows, &pids)?;
        self.read_threads(&pids, Threads::All)?;
        self.walk_growers()
    }

    /// Reads rows about processes into one pack each.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_processes(&mut self, rows: &[&'static Source], pids: &[u32]) -> Flow {
        let Self { sink, workers, processes, .. } = self;
        let mut packs: Vec<Pack> = rows.iter().map(|row| sink.pack(row.path)).collect();
        let mut links = 0;
        for some in pids.chunks(BATCH) {
            let mut requests = Vec::with_capacity(some.len() * rows.len());
            let mut origins = Vec::with_capacity(requests.capacity());
            for pid in some {
                for (k, row) in rows.iter().enumerate() {
                    let Some((op, name)) = name_of(row.how) else { continue };
                    if op == Op::Links && links > MAX_LINKS {
                        if let Some(pack) = packs.get_mut(k) {
                            Sink::cut(pack, "a million links were read; the rest was left out");
                        }
                        continue;
                    }
                    if processes.has_no_use_for(*pid, row) {
                        continue;
                    }
                    let mut request = files::request(row, op, format!("proc/{pid}/{name}"));
                    request.pid = Some(*pid);
                    requests.push(request);
                    origins.push((*pid, k));
                }
            }
            workers.run(&requests, &mut |answer| {
                let Some((pid, k)) = origins.get(answer.index).copied() else { return Ok(()) };
                let (Some(row), Some(pack)) = (rows.get(k), packs.get_mut(k)) else {
                    return Ok(());
                };
                processes.learn(pid, row, answer);
                let key = pid.to_string();
                let outcome = gone(answer.outcome, row.how);
                if !matches!(row.how, How::ProcessLinks(_)) || !outcome.has_content() {
                    let (content, masked) = row.mask.apply(row.path, answer.content);
                    sink.add_masked(pack, masked);
                    return sink.record(pack, &key, outcome, answer.us, &content);
                }
                for (name, errno, target) in sub::records(answer.content) {
                    links += 1;
                    processes.open.learn(pid, row.how, name, target);
                    let outcome = if errno == 0 {
                        Outcome::Collected
                    } else {
                        gone(outcome_of(errno), row.how)
                    };
                    let key = format!("{key}/{}", String::from_utf8_lossy(name));
                    sink.record(pack, &key, outcome, 0, target)?;
                }
                Ok(())
            })?;
        }
        packs.into_iter().try_for_each(|pack| self.sink.end_pack(pack))
    }
}

impl Processes {
    /// Kernel threads have no address space: their command line and maps are empty.
    #[must_use]
    pub(crate) fn has_no_use_for(&self, pid: u32, row: &Source) -> bool {
        let kernel = self.known.get(&pid).is_some_and(|known| known.statm.size == 0);
        kernel
            && matches!(
                row.how,
                How::Process("cmdline" | "smaps" | "smaps_rollup" | "numa_maps")
                    | How::ProcessEntries(_)
                    | How::ProcessLines(_)
            )
    }

    fn learn(&mut self, pid: u32, row: &Source, answer: &Answer<'_>) {
        if !answer.outcome.has_content() {
            if answer.outcome == Outcome::Missing && row.how == How::Process("stat") {
                self.known.remove(&pid);
            }
            return;
        }
        match row.how {
            How::Process("stat") => {
                let stat = Stat::parse(answer.content);
                let threads = stat.and_then(Stat::threads);
                self.known.entry(pid).or_default().threads = threads.unwrap_or(1);
                if matches!(stat.and_then(Stat::state), Some('R' | 'D')) {
                    self.in_load.insert(pid, answer.content.to_vec());
                }
            }
            How::Process("statm") => {
                let Some(statm) = Statm::parse(answer.content) else { return };
                let known = self.known.entry(pid).or_default();
                known.statm = statm;
                if self.growers.is_empty() {
                    known.series.push(Point::new(answer.mono_us, statm));
                }
            }
            How::ProcessEntries("fd") => {
                let text = String::from_utf8_lossy(answer.content);
                self.known.entry(pid).or_default().open_files = text.trim().parse().unwrap_or(0);
            }
            How::Process("status") => {
                let known = self.known.entry(pid).or_default();
                known.private_kib = private_kib(answer.content);
                known.page_tables_kib = page_tables_kib(answer.content);
            }
            _ => {}
        }
    }

    /// The `n` processes with the most resident memory; kernel threads have none.
    #[must_use]
    pub(crate) fn largest(&self, n: usize) -> Vec<u32> {
        self.most(n, |known| known.statm.resident)
    }

    /// The `n` processes with the most of something, those without any left out.
    #[must_use]
    pub(crate) fn most(&self, n: usize, of: impl Fn(&Known) -> u64) -> Vec<u32> {
        let mut by_size: Vec<(u64, u32)> = self
            .known
            .iter()
            .map(|(pid, known)| (of(known), *pid))
            .filter(|(size, _)| *size > 0)
            .collect();
        by_size.sort_unstable_by(|a, b| b.cmp(a));
        by_size.into_iter().take(n).map(|(_, pid)| pid).collect()
    }
}

/// A file of a process that is not there: the process has ended, since the kernel knows the file.
/// Only the program link is absent for the living, too: kernel threads have none.
pub(crate) fn gone(outcome: Outcome, how: How) -> Outcome {
    match outcome {
        Outcome::Missing if !matches!(how, How::ProcessLink(_)) => Outcome::Vanished,
        other => other,
    }
}
