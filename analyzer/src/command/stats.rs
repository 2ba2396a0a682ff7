//! `--stats`: what an analysis costs, by stage.
//!
//! Whoever finds an analysis slow, or a machine too small for it, should see at once which stage
//! to look at, and whether more processors would help: CPU time is that of all threads. It and
//! memory are the kernel's account of this very process ([clock_gettime(2)],
//! [proc_pid_status(5)]), the only thing that is ever read of the machine at hand, and only when it
//! is asked for.
//!
//! [clock_gettime(2)]: https://man7.org/linux/man-pages/man2/clock_gettime.2.html
//! [proc_pid_status(5)]: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

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
    cpu: Duration,
    memory: Option<Memory>,
}

/// The stages of one analysis.
#[derive(Debug)]
pub(crate) struct Stats {
    wanted: bool,
    since: Instant,
    cpu_since: Duration,
    stages: Vec<Stage>,
}

impl Stats {
    /// Begins to measure if `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        let cpu_since = if wanted { cpu() } else { Duration::ZERO };
        Self { wanted, since: Instant::now(), cpu_since, stages: Vec::new() }
    }

    /// The stage that ends here.
    pub(crate) fn done(&mut self, name: &'static str) {
        if self.wanted {
            let (took, used) = (self.since.elapsed(), cpu().saturating_sub(self.cpu_since));
            self.stages.push(Stage { name, took, cpu: used, memory: memory() });
            (self.since, self.cpu_since) = (Instant::now(), cpu());
        }
    }

    /// The table, empty if it is not wanted.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        if !self.wanted {
            return out;
        }
        let (stage, time, cpu) = ("stage", "time", "CPU");
        // Writing to a String cannot fail.
        let _ =
            writeln!(out, "{stage:<14} {time:>9} {cpu:>9} {:>13} {:>12}", "memory after", "peak");
        for stage in &self.stages {
            let _ = writeln!(out, "{}", stage.row());
        }
        let all = Stage {
            name: "all",
            took: self.stages.iter().map(|stage| stage.took).sum(),
            cpu: self.stages.iter().map(|stage| stage.cpu).sum(),
            memory: self.stages.last().and_then(|stage| stage.memory),
        };
        let _ = writeln!(out, "{}", all.row());
        out
    }
}

impl Stage {
    fn row(&self) -> String {
        let seconds = |time: Duration| format!("{:.3} s", time.as_secs_f64());
        let mib = |kib: Option<u64>| kib.map_or("?".to_owned(), |kib| format!("{} MiB", kib >> 10));
        let after = mib(self.memory.map(|m| m.resident_kib));
        let peak = mib(self.memory.map(|m| m.peak_kib));
        let (name, time, cpu) = (self.name, seconds(self.took), seconds(self.cpu));
        format!("{name:<14} {time:>9} {cpu:>9} {after:>13} {peak:>12}")
    }
}

/// CPU time of all threads of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), nanoseconds)
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
        let mut push = |name, ms, cpu, memory| {
            let (took, cpu) = (Duration::from_millis(ms), Duration::from_millis(cpu));
            stats.stages.push(Stage { name, took, cpu, memory });
        };
        push("open, parse", 1234, 2000, None);
        push("facts", 66, 70, memory);
        assert_eq!(
            stats.table(),
            "stage               time       CPU  memory after         peak\n\
             open, parse      1.234 s   2.000 s             ?            ?\n\
             facts            0.066 s   0.070 s        10 MiB       21 MiB\n\
             all              1.300 s   2.070 s        10 MiB       21 MiB\n"
        );
        let mut off = Stats::new(false);
        off.done("facts");
        assert_eq!(off.table(), "");
    }
}
