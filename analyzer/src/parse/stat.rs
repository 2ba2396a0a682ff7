//! `/proc/stat`: CPU time by kind, context switches, forks, running and blocked tasks.
//!
//! <https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat>
//!
//! ```text
//! cpu  43015 0 8791 272023 910 0 114 63 0 0
//! procs_running 2
//! ```

use super::{Fields, ParseError, lines};

/// Time of one CPU, or of all, since boot in ticks. Columns that old kernels lack are `None`.
///
/// Guest time is inside user (and guest nice inside nice): sums must not add it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTicks {
    /// User.
    pub user: u64,
    /// User with a positive nice value.
    pub nice: u64,
    /// Kernel.
    pub system: u64,
    /// Idle.
    pub idle: u64,
    /// Idle while I/O is pending; may decrease.
    pub iowait: Option<u64>,
    /// Hardware interrupts.
    pub irq: Option<u64>,
    /// Soft interrupts.
    pub softirq: Option<u64>,
    /// Taken by the hypervisor (2.6.11).
    pub steal: Option<u64>,
    /// Guests; part of `user` (2.6.24).
    pub guest: Option<u64>,
    /// Guests with a positive nice value; part of `nice` (2.6.33).
    pub guest_nice: Option<u64>,
}

impl CpuTicks {
    /// All time, guests not counted twice.
    #[must_use]
    pub fn total(&self) -> u64 {
        let optional = [self.iowait, self.irq, self.softirq, self.steal];
        [self.user, self.nice, self.system, self.idle]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .fold(0, u64::saturating_add)
    }

    fn parse(fields: &mut Fields<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            user: fields.num("user")?,
            nice: fields.num("nice")?,
            system: fields.num("system")?,
            idle: fields.num("idle")?,
            iowait: fields.opt("iowait")?,
            irq: fields.opt("irq")?,
            softirq: fields.opt("softirq")?,
            steal: fields.opt("steal")?,
            guest: fields.opt("guest")?,
            guest_nice: fields.opt("guest_nice")?,
        })
    }
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// All CPUs together.
    pub all: CpuTicks,
    /// Online CPUs by number.
    pub cpus: Vec<(u32, CpuTicks)>,
    /// Interrupts since boot.
    pub interrupts: Option<u64>,
    /// Context switches since boot.
    pub context_switches: Option<u64>,
    /// Boot time since the epoch.
    pub boot_time_s: Option<u64>,
    /// Processes and threads created since boot.
    pub forks: Option<u64>,
    /// Runnable tasks, the reader included.
    pub running: Option<u64>,
    /// Tasks in block I/O.
    pub blocked: Option<u64>,
    /// Soft interrupts since boot.
    pub softirqs: Option<u64>,
}

/// Reads the file; unknown lines are left alone.
///
/// # Errors
/// No line of all CPUs, or a known line without its numbers.
pub fn parse(text: &str) -> Result<Stat, ParseError> {
    let mut stat = Stat::default();
    let mut all = None;
    for (line, text) in lines(text) {
        let mut fields = Fields::new(line, text);
        let field = match fields.next().unwrap_or_default() {
            "cpu" => {
                all = Some(CpuTicks::parse(&mut fields)?);
                continue;
            }
            "intr" => &mut stat.interrupts,
            "ctxt" => &mut stat.context_switches,
            "btime" => &mut stat.boot_time_s,
            "processes" => &mut stat.forks,
            "procs_running" => &mut stat.running,
            "procs_blocked" => &mut stat.blocked,
            "softirq" => &mut stat.softirqs,
            key => {
                if let Some(cpu) = key.strip_prefix("cpu").and_then(|n| n.parse().ok()) {
                    stat.cpus.push((cpu, CpuTicks::parse(&mut fields)?));
                }
                continue;
            }
        };
        *field = Some(fields.num("count")?);
    }
    stat.all = all.ok_or_else(|| ParseError::new(None, text, "a line `cpu  …`"))?;
    Ok(stat)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
cpu  69486 896 22864 200523 11442 0 577 230 0 0
cpu0 34101 414 11344 100219 6601 0 361 113 0 0
cpu1 35384 482 11520 100303 4841 0 215 116 0 0
intr 5717349 0 9 0 0 4776 0 3 0 1 0 0 154 15
ctxt 11955301
btime 1644605886
processes 100196
procs_running 5
procs_blocked 0
softirq 1914756 1 383638 64 412907 120420 0 2825 252250 1012 741639
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.all.user, s.all.steal, s.all.iowait), (69486, Some(230), Some(11442)));
        assert_eq!(s.cpus.len(), 2);
        assert_eq!((s.cpus[1].0, s.cpus[1].1.idle), (1, 100_303));
        assert_eq!((s.interrupts, s.softirqs), (Some(5_717_349), Some(1_914_756)));
        assert_eq!((s.boot_time_s, s.forks), (Some(1_644_605_886), Some(100_196)));
        assert_eq!((s.running, s.blocked), (Some(5), Some(0)));
    }

    #[test]
    fn item_23_seven_columns_and_guest_inside_user() {
        let old = parse("cpu  10 1 5 100 7 1 2\nprocs_running 1\n").unwrap();
        assert_eq!((old.all.softirq, old.all.steal), (Some(2), None));
        assert_eq!((old.all.total(), old.blocked), (126, None));
        let new = parse("cpu  10 1 5 100 7 1 2 3 9 1 77\n").unwrap();
        assert_eq!((new.all.guest, new.all.total()), (Some(9), 129));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert!(parse("cpu  1 2\n").is_err());
        assert_eq!(parse("cpu  1 2 3 4\nctxt\n").unwrap_err().line, Some(2));
    }
}
