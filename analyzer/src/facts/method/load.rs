//! M6: what the load is made of.
//!
//! The load average counts tasks that run or wait for a CPU (R) and tasks in uninterruptible sleep
//! (D). `procs_blocked` counts only those D tasks that wait in block I/O, so a host full of tasks
//! stuck in a lock or on NFS shows load without a single blocked process.

use super::num::{from_len, ratio};
use super::quantile::{mean, p95};

/// One sample, the collector's own tasks already taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// `procs_running`.
    pub running: f64,
    /// `procs_blocked`.
    pub blocked: f64,
    /// Tasks in D; `None` when no task states were sampled.
    pub uninterruptible: Option<f64>,
}

/// What else the verdict looks at; `None` where the host does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Load average over one minute.
    pub load_one: Option<f64>,
    /// Idle plus iowait by all CPU time.
    pub idle_iowait: Option<f64>,
    /// Iowait by all CPU time.
    pub iowait: Option<f64>,
    /// System time by busy time.
    pub system_of_busy: Option<f64>,
    /// PSI: some task waited for a CPU, by the window.
    pub psi_cpu_some: Option<f64>,
    /// PSI: some task waited for I/O, by the window.
    pub psi_io_some: Option<f64>,
    /// The busiest process, 1.0 is one CPU.
    pub busiest: Option<f64>,
}

/// Means, shares and verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Mean of R.
    pub running: f64,
    /// 95th percentile of R.
    pub running_p95: f64,
    /// Mean of B.
    pub blocked: f64,
    /// Mean of D.
    pub uninterruptible: Option<f64>,
    /// Mean of D beyond B.
    pub uninterruptible_other: Option<f64>,
    /// R, B and the rest of D by R + D. Absent when there is nothing to share.
    pub shares: Option<Shares>,
    /// `cpu`, `cpu/sys`, `io`, `d-other`, `mixed` or `idle-now`; absent when D is not known.
    pub verdict: Option<&'static str>,
}

/// Shares of the load; together 1 unless more tasks were blocked than in D when sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Running.
    pub cpu: f64,
    /// Block I/O.
    pub io: f64,
    /// Uninterruptible for another reason.
    pub other: f64,
}

/// Less than one task in ten samples is nothing to share.
const NOTHING: f64 = 0.1;

/// Composes the samples; `None` without any.
#[must_use]
pub fn compose(samples: &[Sample], context: &Context) -> Option<Load> {
    let running: Vec<f64> = samples.iter().map(|s| s.running).collect();
    let blocked: Vec<f64> = samples.iter().map(|s| s.blocked).collect();
    let d: Vec<f64> = samples.iter().filter_map(|s| s.uninterruptible).collect();
    let (r, b) = (mean(&running)?, mean(&blocked)?);
    let d_mean = mean(&d);
    // D and B are read at different instants; the difference of the means is what lasts.
    let other = d_mean.map(|d| (d - b).max(0.0));
    let shares = d_mean.and_then(|d| shares(r, b, d));
    Some(Load {
        running: r,
        running_p95: p95(&running)?,
        blocked: b,
        uninterruptible: d_mean,
        uninterruptible_other: other,
        shares,
        verdict: d_mean.map(|d| verdict(r + d, shares, context)),
    })
}

fn shares(r: f64, b: f64, d: f64) -> Option<Shares> {
    let all = r + d;
    Some(Shares {
        cpu: ratio(r, all)?,
        io: ratio(b.min(d), all)?,
        other: ratio((d - b).max(0.0), all)?,
    })
}

fn verdict(all: f64, shares: Option<Shares>, c: &Context) -> &'static str {
    let Some(s) = shares.filter(|_| all >= NOTHING) else { return "idle-now" };
    let is = |value: Option<f64>, test: fn(f64) -> bool| value.is_some_and(test);
    let cpus_full = is(c.idle_iowait, |x| x < 0.20)
        || is(c.psi_cpu_some, |x| x >= 0.10)
        || is(c.busiest, |x| x >= 0.95);
    if c.load_one.is_some_and(|load| all < 0.3 * load) {
        "idle-now"
    } else if s.cpu >= 0.7 && cpus_full {
        if is(c.system_of_busy, |x| x >= 0.40) { "cpu/sys" } else { "cpu" }
    } else if s.io >= 0.5 || (is(c.iowait, |x| x >= 0.20) && is(c.psi_io_some, |x| x >= 0.10)) {
        "io"
    } else if s.other >= 0.5 {
        "d-other"
    } else {
        "mixed"
    }
}

/// Counts how often each task was seen in a state, most often first, at most ten.
#[must_use]
pub fn most_often<K: Ord + Copy>(seen: impl IntoIterator<Item = K>) -> Vec<(K, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for key in seen {
        *counts.entry(key).or_insert(0_usize) += 1;
    }
    let mut sorted: Vec<(K, usize)> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    sorted.truncate(10);
    sorted
}

/// Share of `samples` in which something was seen.
#[must_use]
pub fn share_of(seen: usize, samples: usize) -> f64 {
    ratio(from_len(seen), from_len(samples)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(r: f64, b: f64, d: Option<f64>, context: Context) -> Load {
        compose(&vec![Sample { running: r, blocked: b, uninterruptible: d }; 10], &context).unwrap()
    }

    #[test]
    fn a_busy_loop_is_cpu_and_a_write_loop_is_sys() {
        let busy = Context { load_one: Some(1.0), busiest: Some(0.99), ..Context::default() };
        assert_eq!(of(1.1, 0.0, Some(0.0), busy).verdict, Some("cpu"));
        let writing = Context { system_of_busy: Some(0.7), ..busy };
        assert_eq!(of(1.1, 0.1, Some(0.1), writing).verdict, Some("cpu/sys"));
    }

    /// Measured: four threads in vfork are in D, the load is 4 higher, `procs_blocked` is 0.
    #[test]
    fn vfork_is_uninterruptible_but_not_io() {
        let l = of(0.2, 0.0, Some(4.0), Context { load_one: Some(4.0), ..Context::default() });
        assert_eq!((l.verdict, l.uninterruptible_other), (Some("d-other"), Some(4.0)));
    }

    #[test]
    fn disks_old_load_and_mixtures() {
        let context = Context { load_one: Some(5.0), ..Context::default() };
        let l = of(1.0, 4.0, Some(4.0), context);
        assert_eq!((l.verdict, l.shares.unwrap().io), (Some("io"), 0.8));
        assert_eq!(of(1.0, 0.2, Some(0.2), context).verdict, Some("idle-now"));
        assert_eq!(of(2.0, 0.8, Some(2.0), context).verdict, Some("mixed"));
        assert_eq!(of(0.0, 0.0, Some(0.0), Context::default()).verdict, Some("idle-now"));
    }

    #[test]
    fn without_task_states_there_is_no_verdict() {
        let l = of(3.0, 1.0, None, Context::default());
        assert_eq!((l.verdict, l.shares, l.uninterruptible), (None, None, None));
        assert_eq!((l.running, l.blocked), (3.0, 1.0));
        assert_eq!(compose(&[], &Context::default()), None);
    }

    #[test]
    fn most_often_counts() {
        assert_eq!(most_often([3, 1, 3, 2, 3, 1]), [(3, 3), (1, 2), (2, 1)]);
        assert!((share_of(1, 4) - 0.25).abs() < 1e-12 && share_of(1, 0) == 0.0);
    }
}
