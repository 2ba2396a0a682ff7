//! `/proc/PID/sched`: how the scheduler has treated the first thread of a process.
//!
//! `proc_sched_show_task` of `kernel/sched/debug.c`
//!
//! ```text
//! process_api (1, #threads: 13)
//! -------------------------------------------------------------------
//! se.nr_migrations                             :                  298
//! nr_involuntary_switches                      :                   71
//! numa_pages_migrated                          :                    0
//! total_numa_faults                            :                    0
//! current_node=0, numa_group_id=0
//! numa_faults node=0 task_private=5 task_shared=1 group_private=5 group_shared=1
//! ```
//!
//! Counters of NUMA stand there only with automatic balancing compiled in.

use std::collections::BTreeMap;

use super::{ParseError, lines};

/// How one thread was treated since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PidSched {
    /// Moves to another CPU.
    pub migrations: Option<u64>,
    /// Times that it waited for something.
    pub voluntary_switches: Option<u64>,
    /// Times that it was made to wait.
    pub involuntary_switches: Option<u64>,
    /// Pages that automatic balancing moved nearer to it.
    pub numa_pages_migrated: Option<u64>,
    /// Hinting faults of automatic balancing.
    pub numa_faults: Option<u64>,
    /// The node that the scheduler wants it on; `None` also where it wants none.
    pub numa_preferred_node: Option<u32>,
    /// Hinting faults by the node that the memory lay on.
    pub numa_faults_by_node: BTreeMap<u32, u64>,
}

/// Reads the counters that are there.
///
/// # Errors
/// None of them.
pub fn parse(text: &str) -> Result<PidSched, ParseError> {
    let mut found = PidSched::default();
    for (_, line) in lines(text) {
        if let Some(faults) = line.trim_ascii_start().strip_prefix("numa_faults node=") {
            node(&mut found, faults);
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let number = || value.trim_ascii().parse::<u64>().ok();
        match key.trim_ascii() {
            "se.nr_migrations" => found.migrations = number(),
            "nr_voluntary_switches" => found.voluntary_switches = number(),
            "nr_involuntary_switches" => found.involuntary_switches = number(),
            "numa_pages_migrated" => found.numa_pages_migrated = number(),
            "total_numa_faults" => found.numa_faults = number(),
            // -1 for none.
            "numa_preferred_nid" => {
                found.numa_preferred_node = number().and_then(|n| u32::try_from(n).ok());
            }
            _ => {}
        }
    }
    if found == PidSched::default() {
        return Err(ParseError::new(None, text, "nr_switches and further counters"));
    }
    Ok(found)
}

/// The number of the process in the first line. Old kernels give that of the host, whatever
/// namespace the reader is in.
///
/// # Errors
/// No such line.
pub fn number(text: &str) -> Result<u32, ParseError> {
    let first = text.lines().next().unwrap_or_default();
    // A name may hold parentheses itself.
    let number = first.rsplit_once(" (").and_then(|(_, rest)| rest.split_once(','));
    let number = number.and_then(|(number, _)| number.parse().ok());
    number.ok_or_else(|| ParseError::new(1, first, "name (number, #threads: n)"))
}

/// `0 task_private=5 task_shared=1 group_private=5 group_shared=1`: the task's own.
fn node(found: &mut PidSched, faults: &str) {
    let mut words = faults.split_ascii_whitespace();
    let Some(node) = words.next().and_then(|n| n.parse().ok()) else { return };
    let own = words.filter_map(|w| w.split_once('=')).filter(|(key, _)| key.starts_with("task_"));
    let sum = own.filter_map(|(_, n)| n.parse::<u64>().ok()).fold(0, u64::saturating_add);
    found.numa_faults_by_node.insert(node, sum);
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
process_api (1, #threads: 13)
-------------------------------------------------------------------
se.exec_start                                :      34500984.390156
se.nr_migrations                             :                  298
nr_switches                                  :                 1041
nr_voluntary_switches                        :                  970
nr_involuntary_switches                      :                   71
mm->numa_scan_seq                            :                    0
numa_pages_migrated                          :                   12
numa_preferred_nid                           :                   -1
total_numa_faults                            :                    6
current_node=0, numa_group_id=0
numa_faults node=0 task_private=5 task_shared=1 group_private=5 group_shared=1
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_nodes() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.migrations, s.voluntary_switches), (Some(298), Some(970)));
        assert_eq!((s.involuntary_switches, s.numa_pages_migrated), (Some(71), Some(12)));
        assert_eq!((s.numa_faults, s.numa_preferred_node), (Some(6), None));
        assert_eq!(s.numa_faults_by_node, BTreeMap::from([(0, 6)]));
        let on = parse(&SAMPLE.replace("-1", "1")).unwrap();
        assert_eq!(on.numa_preferred_node, Some(1));
        assert!(parse("").is_err());
    }

    #[test]
    fn the_number_in_the_first_line() {
        assert_eq!(number(SAMPLE), Ok(1));
        assert_eq!(number("x (2, y) (12345, #threads: 1)\n"), Ok(12345));
        assert!(number("init\n").is_err());
        assert!(number("").is_err());
    }
}
