//! What other programs did meanwhile. A machine is seldom ours alone: a finding about a compiler that
//! somebody else runs is right, and no fault of ours explains it. So the processor time of every
//! program that the tests have not started is measured, and what is blamed on them is printed with
//! that number; on a quiet machine nothing is.

use std::collections::BTreeMap;
use std::time::Instant;

/// Processor time in ticks of every process that is not ours, by pid.
pub struct Others {
    since: Instant,
    loads: [f64; 3],
    used: BTreeMap<u32, (String, u64)>,
}

/// What they did in between.
pub struct Meanwhile {
    /// CPUs that they used, on average.
    pub cpus: f64,
    /// The load averages before: they look back for a quarter of an hour.
    pub loads: [f64; 3],
    /// Names of those that used a twentieth of a CPU and more, the busiest first.
    pub busy: Vec<String>,
}

/// From here on what is said of the whole host may be theirs.
const DISTURBS_CPUS: f64 = 0.5;

/// From here on a program is busy.
const BUSY_CPUS: f64 = 0.05;

/// `/proc/loadavg` over one, five and fifteen minutes.
pub fn loads() -> [f64; 3] {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut numbers = text.split_whitespace().map(|n| n.parse().unwrap_or_default());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}

/// One line of `/proc/PID/stat`: name, process group, parent, ticks of user and system.
fn stat(pid: u32) -> Option<(String, u32, u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, rest) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let field: Vec<&str> = rest.split_whitespace().collect();
    let number = |i: usize| field.get(i)?.parse::<u64>().ok();
    let group = u32::try_from(number(2)?).ok()?;
    let parent = u32::try_from(number(1)?).ok()?;
    Some((name, group, parent, number(11)? + number(12)?))
}

impl Others {
    /// Looks at all that runs in none of the process groups `ours`; kernel threads are nobody's.
    pub fn now(ours: &[u32]) -> Self {
        let own = stat(std::process::id()).map(|s| s.1);
        let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let foreign = |pid: u32| {
            let (name, group, parent, ticks) = stat(pid)?;
            let kernel = pid == 2 || parent == 2;
            let known = kernel || Some(group) == own || ours.contains(&group);
            (!known).then_some((pid, (name, ticks)))
        };
        Self { since: Instant::now(), loads: loads(), used: pids.filter_map(foreign).collect() }
    }

    /// With the load averages of an earlier look, before faults were set up.
    pub fn with_loads_of(self, earlier: &Self) -> Self {
        Self { loads: earlier.loads, ..self }
    }

    /// What they did since an earlier look. What began and ended in between is not seen.
    #[expect(clippy::cast_precision_loss, reason = "ticks of a minute")]
    pub fn since(self, earlier: &Self) -> Meanwhile {
        let ticks_per_s = rustix::param::clock_ticks_per_second() as f64;
        let span_s = self.since.duration_since(earlier.since).as_secs_f64();
        let mut by_name: BTreeMap<String, f64> = BTreeMap::new();
        for (pid, (name, ticks)) in self.used {
            let before = earlier.used.get(&pid).map_or(0, |(_, ticks)| *ticks);
            let cpus = ticks.saturating_sub(before) as f64 / ticks_per_s / span_s;
            *by_name.entry(name).or_default() += cpus;
        }
        let cpus = by_name.values().sum();
        let mut busy: Vec<(String, f64)> =
            by_name.into_iter().filter(|(_, cpus)| *cpus >= BUSY_CPUS).collect();
        busy.sort_by(|a, b| b.1.total_cmp(&a.1));
        Meanwhile {
            cpus,
            loads: earlier.loads,
            busy: busy.into_iter().map(|(name, _)| name).collect(),
        }
    }
}

impl Meanwhile {
    /// Whether what is said of the host as a whole may be theirs.
    pub fn disturb(&self) -> bool {
        self.cpus >= DISTURBS_CPUS
    }

    /// Whether the load averages were high already before anything of ours ran.
    pub fn left_load(&self) -> bool {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        #[expect(clippy::cast_precision_loss, reason = "a number of CPUs")]
        let full = cpus as f64;
        self.loads.iter().any(|load| *load >= full)
    }

    /// Which of them a finding names.
    pub fn named_in(&self, text: &str) -> Option<&str> {
        let word = |name: &str| {
            text.split(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).any(|w| w == name)
        };
        self.busy.iter().map(String::as_str).find(|name| word(name))
    }
}

impl std::fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [one, five, fifteen] = self.loads;
        write!(f, "load before {one} {five} {fifteen}, other programs used {:.2} CPUs", self.cpus)?;
        if self.busy.is_empty() { Ok(()) } else { write!(f, ": {}", self.busy.join(", ")) }
    }
}
