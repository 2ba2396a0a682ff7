//! Walks through address spaces, within a budget.
//!
//! `smaps`, `smaps_rollup` and `numa_maps` hold the process's `mmap_lock`; while they do, the process
//! cannot map, unmap or (before 6.4) fault. The host is in trouble already, and we may not add a
//! pause that anybody would notice: larger processes are left out, with the reason, and have their
//! `status` and `statm` only. `--deep` lifts the bounds, for those who can afford half a second for
//! a process of 20 GiB.

use std::collections::BTreeMap;

use linsight_archive::Outcome;

use crate::answer::Request;
use crate::budget::{Budget, MAX_PASS_US, MAX_WALK_US, MAX_WINDOW_US, Verdict};
use crate::class::Class;
use crate::clock;
use crate::files;
use crate::link::pause;
use crate::plan::{How, Source, When};
use crate::run::Run;
use crate::sink::{Pack, Sink};
use crate::stop::Flow;
use crate::wire::Op;

/// Processes whose mappings are listed one by one.
const LISTED: usize = 10;
/// Processes whose nodes are listed.
const PLACED: usize = 20;

impl Run {
    /// Growers, at one third, two thirds and the end.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn walk_growers(&mut self) -> Flow {
        let growers = self.processes.growers.clone();
        if growers.is_empty() {
            return Ok(());
        }
        let mut budget = Budget::new(MAX_WINDOW_US, self.options.deep);
        for name in ["smaps", "smaps_rollup"] {
            self.walk(name, &growers, &mut budget)?;
        }
        Ok(())
    }

    /// Command lines and address spaces, after the window.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_address_spaces(&mut self) -> Flow {
        let pids = self.pids()?;
        let rows = self.process_rows(|s| s.how == How::Process("cmdline"));
        self.read_processes(&rows, &pids)?;
        self.read_mappings(&pids)?;
        self.read_scheduling(&pids)?;
        let own = self.workers.own_pids();
        let mut largest: Vec<(u64, u32)> = pids
            .iter()
            .filter(|pid| !own.contains(pid))
            .map(|pid| (self.processes.known.get(pid).map_or(0, |known| known.private_kib), *pid))
            .collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        let order: Vec<u32> = largest.into_iter().map(|(_, pid)| pid).collect();
        let mut budget = Budget::new(MAX_PASS_US, self.options.deep);
        let first = |n: usize| order.get(..n.min(order.len())).unwrap_or_default();
        self.walk("smaps", first(LISTED), &mut budget)?;
        let (nodes, _) = files::lines(
            &mut self.workers,
            Op::Glob,
            "sys/devices/system/node/node*",
            Class::Slow,
        )?;
        if nodes.len() > 1 {
            self.walk("numa_maps", first(PLACED), &mut budget)?;
        } else if let Some(row) = self.walk_row("numa_maps") {
            self.sink.note(row.path, Outcome::Skipped, "this host has one memory node")?;
        }
        self.walk("smaps_rollup", &order, &mut budget)
    }

    fn walk_row(&self, name: &'static str) -> Option<&'static Source> {
        self.process_rows(|s| s.how == How::Process(name) && s.when == When::Last).first().copied()
    }

    /// Walks one file of these processes, as far as the budget goes. Small ones are asked for
    /// together, since to wait for each costs more than to walk it.
    fn walk(&mut self, name: &'static str, pids: &[u32], budget: &mut Budget) -> Flow {
        let Some(row) = self.walk_row(name) else { return Ok(()) };
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let mut pack = self.sink.pack(row.path);
        let (mut too_large, mut too_many) = (0, 0);
        let (mut some, mut promised_us) = (Vec::new(), 0);
        for pid in pids {
            if self.processes.has_no_use_for(*pid, row) {
                continue;
            }
            let statm = self.processes.known.get(pid).map(|known| known.statm).unwrap_or_default();
            match budget.ask(statm.resident.saturating_mul(page), promised_us) {
                Verdict::Walk(us) => {
                    let mut request = files::request(row, Op::Read, format!("proc/{pid}/{name}"));
                    request.pid = Some(*pid);
                    some.push(request);
                    promised_us += us;
                }
                verdict => {
                    let count =
                        if verdict == Verdict::TooLarge { &mut too_large } else { &mut too_many };
                    *count += 1;
                    self.sink.record(&mut pack, &pid.to_string(), Outcome::Skipped, 0, b"")?;
                }
            }
            if Budget::is_full(some.len(), promised_us) {
                self.walk_some(&mut pack, &some, budget)?;
                some.clear();
                promised_us = 0;
            }
        }
        self.walk_some(&mut pack, &some, budget)?;
        if too_large + too_many > 0 {
            let reason = format!(
                "not walked without --deep: {too_large} processes that it would stall for more than \
                 {} ms, {too_many} beyond the time for all",
                MAX_WALK_US / 1000
            );
            Sink::explain(&mut pack, Outcome::Collected, &reason);
        }
        self.sink.end_pack(pack)
    }

    fn walk_some(&mut self, pack: &mut Pack, some: &[Request], budget: &mut Budget) -> Flow {
        let Self { sink, workers, processes, .. } = self;
        processes.rests.wait_for(some);
        workers.run(some, &mut |answer| {
            let Some(pid) = some.get(answer.index).and_then(|request| request.pid) else {
                return Ok(());
            };
            budget.spend(answer.us);
            processes.rests.walked(pid, answer.us);
            let outcome = match answer.outcome {
                Outcome::Missing => Outcome::Vanished,
                // A kernel thread has nothing to walk.
                Outcome::Collected if answer.content.is_empty() => return Ok(()),
                other => other,
            };
            sink.record(pack, &pid.to_string(), outcome, answer.us, answer.content)
        })
    }
}

/// Until when a process that was walked is left in peace: as long as the walk took. Two walks in a
/// row would be one pause of twice the length for who maps and unmaps in one go.
#[derive(Debug, Default)]
pub(crate) struct Rests(BTreeMap<u32, u64>);

/// Walks that are shorter than this are no pause.
const NO_PAUSE_US: u64 = 1000;

impl Rests {
    fn walked(&mut self, pid: u32, us: u64) {
        if us >= NO_PAUSE_US {
            self.0.insert(pid, clock::mono_us().saturating_add(us.min(MAX_WALK_US)));
        }
    }

    fn wait_for(&mut self, some: &[Request]) {
        let until = some.iter().filter_map(|request| self.0.remove(&request.pid?)).max();
        if let Some(us) = until.and_then(|until| until.checked_sub(clock::mono_us())) {
            pause(us);
        }
    }
}
