//! `/proc/sched_debug`, since 5.13 `/sys/kernel/debug/sched/debug`: the run queue of each CPU.
//!
//! `kernel/sched/debug.c` of the kernel
//!
//! ```text
//! cpu#0, 4200.000 MHz
//!   .nr_running                    : 2
//!   .nr_switches                   : 415151100
//!   .nr_uninterruptible            : -8
//! ```
//!
//! The blocks of control groups below each CPU (`cfs_rq[0]:/…`) repeat the names for themselves.

use super::{ParseError, Rows, lines, number};

/// The run queue of one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunQueue {
    /// CPU.
    pub cpu: u32,
    /// Tasks that run or are ready to.
    pub running: Option<u64>,
    /// Context switches since boot.
    pub switches: Option<u64>,
    /// Tasks that went to sleep uninterruptibly here less those that woke up here: only the sum
    /// over all CPUs is a number of tasks.
    pub uninterruptible: Option<i64>,
    /// Tasks that run or are ready to: thread and command name. Absent from the lists of kernels
    /// before 4.14, which have no column of states.
    pub runnable: Vec<(u32, String)>,
    /// Line.
    pub line: u32,
}

/// Reads the run queues.
///
/// # Errors
/// Not one CPU.
pub fn parse(text: &str) -> Result<Rows<RunQueue>, ParseError> {
    let mut rows: Rows<RunQueue> = Rows::default();
    let mut inside = false;
    for (line, text) in lines(text) {
        if let Some(rest) = text.strip_prefix("cpu#") {
            let cpu = rest.split(',').next().unwrap_or_default();
            rows.take(number(line, cpu, "CPU").map(|cpu| {
                inside = true;
                Some(RunQueue { cpu, line, ..RunQueue::default() })
            }));
            continue;
        }
        // Every other block begins at the first column.
        inside &= text.is_empty() || text.starts_with(' ');
        if let (Some(task), Some(queue)) = (runnable(text), rows.rows.last_mut()) {
            queue.runnable.push(task);
            continue;
        }
        let Some((key, value)) = text.split_once(':').filter(|_| inside) else { continue };
        let Some(queue) = rows.rows.last_mut() else { continue };
        match key.trim_ascii() {
            ".nr_running" => queue.running = Some(number(line, value, "nr_running")?),
            ".nr_switches" => queue.switches = Some(number(line, value, "nr_switches")?),
            ".nr_uninterruptible" => {
                queue.uninterruptible = Some(number(line, value, "nr_uninterruptible")?);
            }
            _ => {}
        }
    }
    if rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "blocks `cpu#n, … MHz`"));
    }
    rows.finish()
}

/// A row of `runnable tasks`, which lists all tasks of the CPU: one in state R. The task that runs
/// is marked `>R`. The name is 15 wide, with or without a blank before it, and may hold blanks.
fn runnable(text: &str) -> Option<(u32, String)> {
    const NAME: usize = 16;
    let rest = text.strip_prefix(">R").or_else(|| text.strip_prefix(" R"))?;
    let (name, rest) = (rest.get(..NAME)?, rest.get(NAME..)?);
    let thread = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some((thread, name.trim_ascii().to_owned()))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Sched Debug Version: v0.11, 5.4.0-97-generic #110-Ubuntu
sysctl_sched
  .sysctl_sched_latency                    : 12.000000

cpu#0, 4200.000 MHz
  .nr_running                    : 2
  .nr_switches                   : 415151100
  .nr_uninterruptible            : -8
  .curr->pid                     : 1242137

cfs_rq[0]:/system.slice
  .nr_running                    : 7

cpu#3
  .nr_running                    : 0

runnable tasks:
 S            task   PID         tree-key  switches  prio     wait-time
-------------------------------------------------------------------------
>R            pip 100112     13258.587436      1067   120         0.000000       349.421282         0.000000 0 0 /user.slice
 Srcu_tasks_kthre    23         6.968192         2   120         0.000000         0.007127         0.000000 0 0 /
 R     Web Content 100213        22.555609       100   120         0.000000        29.737756         0.000000 0 0 /a
 Rrcu_tasks_kthre 7         6.968192         2   120         0.000000         0.007127         0.000000 0 0 /
 R  Isolated Web C   4711        32.345678   E   100   120         0.000000         0.000000
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_of_cpus_and_not_of_groups() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [first, last] = &rows[..] else { panic!("two: {rows:?}") };
        assert_eq!((first.cpu, first.running, first.line), (0, Some(2), 5));
        assert_eq!((first.switches, first.uninterruptible), (Some(415_151_100), Some(-8)));
        assert_eq!((last.cpu, last.running, last.switches), (3, Some(0), None));
        let tasks: Vec<(u32, &str)> = last.runnable.iter().map(|(n, t)| (*n, t.as_str())).collect();
        let expected = [
            (100_112, "pip"),
            (100_213, "Web Content"),
            (7, "rcu_tasks_kthre"),
            (4711, "Isolated Web C"),
        ];
        assert_eq!((&tasks[..], first.runnable.len()), (&expected[..], 0));
        assert!(parse("Sched Debug Version: v0.11\n").is_err());
        assert!(parse("cpu#0\n  .nr_running : x\n").is_err());
    }
}
