//! `--stats`: what an analysis costs, by stage.
//!
//! Whoever finds an analysis slow, or a machine too small for it, should see at once which stage
//! to look at. Memory is the kernel's account of this very process ([proc_pid_status(5)]), the
//! only thing that is ever read of the machine at hand, and only when it is asked for.
//!
//! [proc_pid_status(5)]: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, Instant};

/// The kernel's account of this process.
const OWN_ACCOUNT: &str = "/proc/self/status";
/// It has some 1,500 bytes.
const MAX_ACCOUNT_BYTES: u64 = 64 << 10;

/// Memory of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    resident_kib: u64,
    peak_kib: u64,
}

/// One stage that is done.
#[derive(Debug)]
struct Stage {
    name: &'static str,
    took: Duration,
    memory: Option<Memory>,
}

/// The stages of one analysis.
#[derive(Debug)]
pub(crate) struct Stats {
    wanted: bool,
    since: Instant,
    stages: Vec<Stage>,
}

impl Stats {
    /// Begins to measure if `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted, since: Instant::now(), stages: Vec::new() }
    }

    /// The stage that ends here.
    pub(crate) fn done(&mut self, name: &'static str) {
        if self.wanted {
            let took = self.since.elapsed();
            self.stages.push(Stage { name, took, memory: memory() });
            self.since = Instant::now();
        }
    }

    /// The table, empty if it is not wanted.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        if !self.wanted {
            return out;
        }
        // Writing to a String cannot fail.
        let _ =
            writeln!(out, "{:<14} {:>9} {:>13} {:>12}", "stage", "time", "memory after", "peak");
        for stage in &self.stages {
            let _ = writeln!(out, "{}", row(stage.name, stage.took, stage.memory));
        }
        let total = self.stages.iter().map(|stage| stage.took).sum();
        let last = self.stages.last().and_then(|stage| stage.memory);
        let _ = writeln!(out, "{}", row("all", total, last));
        out
    }
}

fn row(name: &str, took: Duration, memory: Option<Memory>) -> String {
    let time = format!("{:.3} s", took.as_secs_f64());
    let mib = |kib: Option<u64>| kib.map_or("?".to_owned(), |kib| format!("{} MiB", kib >> 10));
    let (after, peak) = (mib(memory.map(|m| m.resident_kib)), mib(memory.map(|m| m.peak_kib)));
    format!("{name:<14} {time:>9} {after:>13} {peak:>12}")
}

fn memory() -> Option<Memory> {
    let mut text = String::new();
    File::open(OWN_ACCOUNT).ok()?.take(MAX_ACCOUNT_BYTES).read_to_string(&mut text).ok()?;
    account(&text)
}

fn account(text: &str) -> Option<Memory> {
    let kib = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some(Memory { resident_kib: kib("VmRSS")?, peak_kib: kib("VmHWM")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_the_kernel_s() {
        let text = "Name:\tlinsight\nVmPeak:\t  900 kB\nVmHWM:\t  20480 kB\nVmRSS:\t  10240 kB\n";
        assert_eq!(account(text), Some(Memory { resident_kib: 10240, peak_kib: 20480 }));
        assert_eq!(account("Name:\tkthreadd\n"), None);
        assert!(memory().is_some_and(|m| m.resident_kib > 100 && m.peak_kib >= m.resident_kib));
    }

    #[test]
    fn the_table_adds_up_and_a_gap_is_no_zero() {
        let mut stats = Stats::new(true);
        let memory = Some(Memory { resident_kib: 10 << 10, peak_kib: 21 << 10 });
        let mut push = |name, ms, memory| {
            stats.stages.push(Stage { name, took: Duration::from_millis(ms), memory });
        };
        push("open, index", 1234, None);
        push("facts", 66, memory);
        assert_eq!(
            stats.table(),
            "stage               time  memory after         peak\n\
             open, index      1.234 s             ?            ?\n\
             facts            0.066 s        10 MiB       21 MiB\n\
             all              1.300 s        10 MiB       21 MiB\n"
        );
        let mut off = Stats::new(false);
        off.done("facts");
        assert_eq!(off.table(), "");
    }
}
