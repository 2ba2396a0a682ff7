//! Kernel parameters that are gone, moved, renamed or without effect, as old guides still set them.
//!
//! The sources of the kernel at the versions named; where no version stands here, it is not known.

/// What became of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// `removed`, `moved`, `renamed` or `no-effect`.
    pub kind: &'static str,
    /// First kernel without it, or without its effect (`major * 1000 + minor`).
    pub since: Option<i64>,
    /// What to use instead, if anything.
    pub instead: Option<&'static str>,
}

struct Row(&'static str, &'static str, Option<i64>, Option<&'static str>);

/// A name that ends with `*` stands for all that begin so. Longer names come first.
const ROWS: &[Row] = &[
    Row(
        "kernel.numa_balancing_scan_*",
        "moved",
        Some(5013),
        Some("files below /sys/kernel/debug/sched/numa_balancing"),
    ),
    Row(
        "kernel.sched_latency_ns",
        "moved",
        Some(5013),
        Some("/sys/kernel/debug/sched/latency_ns, where the scheduler still has it"),
    ),
    Row(
        "kernel.sched_migration_cost_ns",
        "moved",
        Some(5013),
        Some("/sys/kernel/debug/sched/migration_cost_ns"),
    ),
    Row(
        "kernel.sched_min_granularity_ns",
        "moved",
        Some(5013),
        Some("/sys/kernel/debug/sched/min_granularity_ns, where the scheduler still has it"),
    ),
    Row("kernel.sched_nr_migrate", "moved", Some(5013), Some("/sys/kernel/debug/sched/nr_migrate")),
    Row(
        "kernel.sched_tunable_scaling",
        "moved",
        Some(5013),
        Some("/sys/kernel/debug/sched/tunable_scaling"),
    ),
    Row(
        "kernel.sched_wakeup_granularity_ns",
        "moved",
        Some(5013),
        Some("/sys/kernel/debug/sched/wakeup_granularity_ns, where the scheduler still has it"),
    ),
    Row("net.ipv4.ip_conntrack_max", "renamed", None, Some("net.netfilter.nf_conntrack_max")),
    Row(
        "net.ipv4.netfilter.ip_conntrack_max",
        "renamed",
        None,
        Some("net.netfilter.nf_conntrack_max"),
    ),
    Row(
        "net.ipv4.netfilter.ip_conntrack_*",
        "renamed",
        None,
        Some("the key of the same ending that begins with net.netfilter.nf_conntrack_"),
    ),
    Row("net.ipv4.route.gc_*", "no-effect", Some(3006), None),
    Row("net.ipv4.route.max_size", "no-effect", Some(3006), None),
    Row("net.ipv4.route.secret_interval", "removed", None, None),
    Row("net.ipv4.tcp_fack", "no-effect", Some(4015), None),
    Row("net.ipv4.tcp_low_latency", "no-effect", Some(4014), None),
    Row("net.ipv4.tcp_tw_recycle", "removed", Some(4012), None),
    Row("vm.block_dump", "removed", Some(5014), None),
    Row("vm.nr_pdflush_threads", "removed", None, None),
    Row(
        "vm.percpu_pagelist_fraction",
        "renamed",
        Some(5014),
        Some("vm.percpu_pagelist_high_fraction"),
    ),
];

/// What became of a parameter, as far as it is known; the running kernel decides whether it
/// applies.
#[must_use]
pub fn of(key: &str) -> Option<Fate> {
    let row = ROWS.iter().find(|row| match row.0.strip_suffix('*') {
        Some(beginning) => key.starts_with(beginning),
        None => key == row.0,
    })?;
    Some(Fate { kind: row.1, since: row.2, instead: row.3 })
}

/// How many letters must be changed, added or left out to make one word of another; `None` above
/// two, which is no slip of a finger.
#[must_use]
pub fn slips(a: &str, b: &str) -> Option<usize> {
    const MOST: usize = 2;
    if a.len().abs_diff(b.len()) > MOST {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, to) in row.iter().skip(1).zip(b.chars()) {
            left = (corner + usize::from(from != to)).min(above + 1).min(left + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().filter(|n| *n <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings() {
        assert_eq!(of("net.ipv4.tcp_tw_recycle").unwrap().since, Some(4012));
        let max = of("net.ipv4.netfilter.ip_conntrack_max").unwrap();
        assert_eq!(max.instead, Some("net.netfilter.nf_conntrack_max"), "before its beginning");
        assert_eq!(of("kernel.numa_balancing_scan_size_mb").unwrap().kind, "moved");
        assert_eq!(of("vm.swappiness"), None);
    }

    #[test]
    fn slips_of_a_finger() {
        assert_eq!(slips("vm.swapiness", "vm.swappiness"), Some(1));
        assert_eq!(slips("vm.swappiness", "vm.swappiness"), Some(0));
        assert_eq!(slips("vm.swappines", "vm.swappinesss"), Some(2));
        assert_eq!(slips("vm.swap", "vm.swappiness"), None);
        assert_eq!(slips("tcp_rmem", "tcp_wmxm"), Some(2));
    }
}
