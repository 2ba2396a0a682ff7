//! One run, phase by phase.
//!
//! header → start set and safe files → quiet window (samples) → end set → what may disturb or
//! hang (command lines, address spaces, commands, SMART). Whatever ends the run early, the archive
//! is closed with what it holds.

use linsight_archive::writer::WriteError;
use linsight_archive::{End, Outcome};

use crate::clock;
use crate::host;
use crate::plan::{Source, When};
use crate::processes::Processes;
use crate::progress::Progress;
use crate::sampled::Sampled;
use crate::sink::{Sink, Tally};
use crate::stop::{Ended, Flow};
use crate::workers::Workers;

/// What the command line decides about a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Length of the window.
    pub(crate) duration_us: u64,
    /// Distance of two samples.
    pub(crate) interval_us: u64,
    /// No bounds on walks through address spaces.
    pub(crate) deep: bool,
    /// Network file systems are asked, too.
    pub(crate) network_fs: bool,
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Run {
    /// Where everything goes.
    pub(crate) sink: Sink,
    /// Who reads.
    pub(crate) workers: Workers,
    /// The chosen part of the plan.
    pub(crate) plan: Vec<&'static Source>,
    /// What is known of the host's processes.
    pub(crate) processes: Processes,
    /// What the command line decides.
    pub(crate) options: Options,
    /// What the operator sees.
    pub(crate) progress: Progress,
    /// Samples taken so far.
    pub(crate) samples: u32,
    /// What is sampled of packs.
    pub(crate) sampled: Sampled,
    /// Release of the running kernel.
    pub(crate) release: String,
    /// Inode of the network namespace whose parameters were read in this pass; 0 for none.
    pub(crate) namespace_read: u64,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Size of the archive.
    pub(crate) bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// Why it ended early, if it did.
    pub(crate) ended_early: Option<String>,
    /// What became of the sources.
    pub(crate) tally: Tally,
    /// Wall time.
    pub(crate) wall_us: u64,
}

impl Run {
    /// Collects everything and closes the archive.
    ///
    /// # Errors
    /// When not even the end can be written.
    pub(crate) fn collect(mut self, skipped: &[&'static Source]) -> Result<Summary, WriteError> {
        let begun = clock::mono_us();
        let ended_early = self.phases(skipped).err().map(|Ended(why)| why);
        self.progress.clear();
        let alive = self.workers.own_pids().get(1).copied();
        let cpu_us = clock::own_cpu_us().saturating_add(host::children_cpu_us(alive));
        let cost = self.workers.finish();
        let wall_us = clock::mono_us().saturating_sub(begun);
        let tally = self.sink.tally().clone();
        let end = End {
            frames: 0,
            ended_early,
            sources_collected: 0,
            sources_total: 0,
            samples: self.samples,
            ended_mono_us: clock::mono_us(),
            wall_us,
            cpu_us,
            peak_rss_bytes: host::peak_rss_bytes(std::process::id()),
            peak_child_rss_bytes: cost.peak_rss_bytes,
            tar_bytes: 0,
            masked: 0,
            slowest: Vec::new(),
            abandoned: cost.abandoned,
        };
        let (bytes, sha256, ended_early) = self.sink.finish(end)?;
        Ok(Summary { bytes, sha256, ended_early, tally, wall_us })
    }

    fn phases(&mut self, skipped: &[&'static Source]) -> Flow {
        for source in skipped {
            self.sink.note(source.path, Outcome::Skipped, "not asked for (--only, --skip)")?;
        }
        self.progress.phase("start set");
        self.read_files(|s| matches!(s.when, When::Once | When::Twice))?;
        self.probes(|s| matches!(s.when, When::Once | When::Twice))?;
        self.read_processes_at_start()?;
        // What is sampled comes last, so that its first value lies at the beginning of the window.
        self.read_files(|s| s.when == When::Sample)?;
        self.own_pids()?;
        self.sink.close_frame()?;
        if self.options.duration_us > 0 {
            self.window()?;
            self.progress.phase("end set");
            self.sink.set_pass(self.samples + 1);
            self.read_files(|s| matches!(s.when, When::Twice | When::End))?;
            self.probes(|s| s.when == When::Twice)?;
            self.read_processes_at_end()?;
            self.sink.close_frame()?;
        }
        self.sink.set_pass(0);
        if self.options.duration_us == 0 {
            for row in self.plan.iter().filter(|s| s.when == When::End) {
                self.sink.note(row.path, Outcome::Skipped, "no window: it would be the same")?;
            }
            self.read_waiting()?;
        }
        self.progress.phase("command lines and address spaces");
        self.read_files(|s| s.when == When::Last)?;
        self.read_address_spaces()?;
        self.sink.set_pass(self.samples + 1);
        self.read_stalled()?;
        self.sink.set_pass(0);
        self.probes(|s| s.when == When::Last)?;
        self.sink.close_frame()
    }
}
