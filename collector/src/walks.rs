//! Walks through address spaces, within a budget.
//!
//! `smaps`, `smaps_rollup` and `numa_maps` hold the process's `mmap_lock` for 8 to 11 ms per GiB of
//! 4K pages; while they do, the process cannot map, unmap or (before 6.4) fault. The host is in
//! trouble already, and we may not add a pause that anybody would notice: larger processes are left
//! out, with the reason, and have their `status` and `statm` only. `--deep` lifts the bounds, for
//! those who can afford a quarter of a second for a process of 20 GiB.

use linsight_archive::Outcome;

use crate::class::Class;
use crate::files;
use crate::plan::{How, Source, When};
use crate::run::Run;
use crate::sink::Sink;
use crate::stop::Flow;
use crate::wire::Op;

/// Cost of a walk.
const US_PER_GIB: u64 = 11_000;
/// Longest walk: with its share of bad luck, a pause of 30 ms. Processes of 2.3 GiB are walked.
const MAX_WALK_US: u64 = 25_000;
/// All walks of a pass.
const MAX_PASS_US: u64 = 5_000_000;
/// All walks of growers at one moment: samples wait for them.
const MAX_WINDOW_US: u64 = 1_500_000;
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
        let mut budget = MAX_WINDOW_US;
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
        self.count_mappings(&pids)?;
        let own = self.workers.own_pids();
        let mut largest: Vec<(u64, u32)> = pids
            .iter()
            .filter(|pid| !own.contains(pid))
            .map(|pid| (self.processes.known.get(pid).map_or(0, |known| known.private_kib), *pid))
            .collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        let order: Vec<u32> = largest.into_iter().map(|(_, pid)| pid).collect();
        let mut budget = MAX_PASS_US;
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

    /// Walks one file of these processes, as far as the budget goes.
    fn walk(&mut self, name: &'static str, pids: &[u32], budget_us: &mut u64) -> Flow {
        let Some(row) = self.walk_row(name) else { return Ok(()) };
        let deep = self.options.deep;
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let Self { sink, workers, processes, .. } = self;
        let mut pack = sink.pack(row.path);
        let (mut too_large, mut too_many) = (0, 0);
        for pid in pids.iter().filter(|pid| !processes.has_no_use_for(**pid, row)) {
            let statm = processes.known.get(pid).map(|known| known.statm).unwrap_or_default();
            let resident = statm.resident.saturating_mul(page);
            let cost = resident.saturating_mul(US_PER_GIB) >> 30;
            if !deep && (cost > MAX_WALK_US || cost > *budget_us) {
                let count = if cost > MAX_WALK_US { &mut too_large } else { &mut too_many };
                *count += 1;
                sink.record(&mut pack, &pid.to_string(), Outcome::Skipped, 0, b"")?;
                continue;
            }
            let mut request = files::request(row, Op::Read, format!("proc/{pid}/{name}"));
            request.pid = Some(*pid);
            workers.run(&[request], &mut |answer| {
                *budget_us = budget_us.saturating_sub(answer.us);
                let outcome = match answer.outcome {
                    Outcome::Missing => Outcome::Vanished,
                    // A kernel thread has nothing to walk.
                    Outcome::Collected if answer.content.is_empty() => return Ok(()),
                    other => other,
                };
                sink.record(&mut pack, &pid.to_string(), outcome, answer.us, answer.content)
            })?;
        }
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
}
