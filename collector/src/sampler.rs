//! The quiet window: samples at fixed moments, nothing else.
//!
//! Moments are absolute (start + k x interval), so that a slow sample does not move the later ones;
//! one that is overdue by a whole interval is left out. The real time of each read stands in its
//! journal line.

use crate::clock;
use crate::growers;
use crate::link::pause;
use crate::plan::{How, When};
use crate::run::Run;
use crate::stop::Flow;
use crate::threads::Threads;

/// Above so many processes not all are read every time.
const MANY: usize = 2000;
/// How often all are read then.
const ALL_EVERY_US: u64 = 5_000_000;
/// How many are read every time then.
const LARGEST: usize = 500;
/// Processes whose `status` is in every sample.
const FOLLOWED: usize = 200;
/// Processes whose open files are counted in every sample.
const OPEN: usize = 200;
/// Longest time for which collected data waits in memory.
const FRAME_EVERY_US: u64 = 5_000_000;

impl Run {
    /// Takes samples until the window is over.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn window(&mut self) -> Flow {
        let (duration, interval) = (self.options.duration_us, self.options.interval_us);
        let begun = clock::mono_us();
        let followed = self.processes.largest(FOLLOWED);
        let open = self.processes.most(OPEN, |known| known.open_files);
        let (mut framed, mut all_read) = (begun, begun);
        let mut walks = [duration / 3, duration / 3 * 2].into_iter().peekable();
        // Both ends of the window are samples: 61 of them in 60 s at 1 s.
        let mut due = 0;
        while due <= duration {
            self.sleep_until(begun + due)?;
            let now = clock::mono_us();
            self.samples += 1;
            self.sink.set_pass(self.samples);
            self.progress.step(&format!("sample {} of {}", self.samples, duration / interval + 1));
            let all =
                self.processes.known.len() <= MANY || now.saturating_sub(all_read) >= ALL_EVERY_US;
            if all {
                all_read = now;
            }
            self.sample(all, &followed, &open)?;
            if walks.next_if(|at| due >= *at).is_some() {
                self.rank_growers();
                self.walk_growers()?;
            }
            if clock::mono_us().saturating_sub(framed) >= FRAME_EVERY_US {
                framed = clock::mono_us();
                self.sink.close_frame()?;
            }
            let passed = clock::mono_us().saturating_sub(begun);
            due = (due + interval).max(passed / interval * interval);
        }
        self.sink.close_frame()
    }

    fn sleep_until(&self, at_us: u64) -> Flow {
        loop {
            self.workers.stop().check()?;
            match at_us.saturating_sub(clock::mono_us()) {
                0 => return Ok(()),
                left => pause(left.min(250_000)),
            }
        }
    }

    fn sample(&mut self, all: bool, followed: &[u32], open: &[u32]) -> Flow {
        self.read_files(|s| s.when == When::Sample)?;
        // To list thousands of processes costs as much as to read a hundred of them: those that were
        // born since are met when all are read.
        let now = if all { self.pids()? } else { self.processes.known.keys().copied().collect() };
        let grow = self.processes.growers.clone();
        let mut pids = now.clone();
        if !all {
            let mut some = self.processes.largest(LARGEST);
            some.extend(&grow);
            some.sort_unstable();
            some.dedup();
            pids.retain(|pid| some.binary_search(pid).is_ok());
        }
        let rows = self.process_rows(|s| s.when == When::Sample);
        self.processes.in_load.clear();
        self.read_processes(&rows, &pids)?;
        self.read_threads(&pids, Threads::Load)?;
        self.read_waiting()?;
        let and_growers = |some: &[u32]| {
            let mut few: Vec<u32> = some.iter().chain(&grow).copied().collect();
            few.sort_unstable();
            few.dedup();
            few.retain(|pid| now.binary_search(pid).is_ok());
            few
        };
        let rows = self.process_rows(|s| s.how == How::Process("status"));
        self.read_processes(&rows, &and_growers(followed))?;
        self.count_open_files(&and_growers(open))?;
        self.sample_packs()?;
        self.processes.known.retain(|pid, _| now.binary_search(pid).is_ok());
        self.own_pids()
    }

    fn rank_growers(&mut self) {
        if !self.processes.growers.is_empty() {
            return;
        }
        let own = self.workers.own_pids();
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let known = &self.processes.known;
        let series = known.iter().filter(|(pid, _)| !own.contains(pid));
        self.processes.growers =
            growers::rank(series.map(|(pid, known)| (*pid, known.series.as_slice())), page);
    }

    /// The collector's own processes, which the analyzer subtracts.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn own_pids(&mut self) -> Flow {
        let pids: Vec<String> = self.workers.pids_on_host()?.iter().map(u32::to_string).collect();
        let text = pids.join("\n") + "\n";
        let Some(row) = self.plan.iter().find(|s| s.how == How::Own) else { return Ok(()) };
        self.sink.put_own(row.path, text.as_bytes())
    }
}
