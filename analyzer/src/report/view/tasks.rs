//! Tasks that an expert looks for, descriptors, and control groups near their limits.

use super::cx::Cx;
use super::table::Table;

/// Rows of a table at most.
const MAX_ROWS: usize = 30;

type Fields<'a> = &'a [(&'static str, &'a str)];

const TABLES: &[(&str, &str, Fields<'_>)] = &[
    (
        "tasks.stuck",
        "Stuck in the kernel (D)",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("#Thread", "tid"),
            ("#Of its samples", "ratio"),
            ("#For at least", "span_s"),
            ("`Waits in", "wchan"),
            ("Cause", "cause"),
            ("`Group", "cgroup"),
        ],
    ),
    (
        "tasks.stopped",
        "Stopped, or under a tracer",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("Kind", "kind"),
            ("#Of its samples", "ratio"),
            ("`Tracer", "tracer"),
            ("`Group", "cgroup"),
        ],
    ),
    (
        "processes.outdated",
        "Still running what an update has replaced",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("Program itself", "is_program"),
            ("`Files", "files"),
            ("#Age", "age_s"),
        ],
    ),
    (
        "tasks.zombies.parents",
        "Zombies by their parent",
        &[
            ("`Parent", "comm"),
            ("#PID", "pid"),
            ("#Zombies", "zombies"),
            ("`One of them", "example"),
            ("#Oldest", "oldest_age_s"),
            ("`Group", "cgroup"),
        ],
    ),
    (
        "tasks.real_time",
        "Real-time tasks",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("#Thread", "tid"),
            ("Policy", "policy"),
            ("#Priority", "priority"),
            ("#CPU time", "cpu_ratio"),
            ("#On CPU", "cpu"),
        ],
    ),
    (
        "limits.descriptors",
        "Open descriptors near a limit, or growing",
        &[
            ("`Process", "name"),
            ("#PID", "pid"),
            ("#Open", "used"),
            ("#Limit", "limit"),
            ("#~Full", "used_ratio"),
            ("Verdict", "class"),
            ("#Growth", "per_s"),
            ("#Limit reached in", "eta_s"),
            ("`Group", "cgroup"),
        ],
    ),
    (
        "cgroups",
        "Control groups: memory and tasks",
        &[
            ("`Group", "path"),
            ("Commands", "comms"),
            ("#Memory", "memory.current_bytes"),
            ("#cannot be dropped", "memory.working_bytes"),
            ("#Slowed from", "memory.high_bytes"),
            ("#Limit", "memory.limit_bytes"),
            ("#~Of the limit", "memory.working_ratio"),
            ("Anonymous memory", "memory.anon_series.class"),
            ("#grew by", "memory.anon_series.delta_bytes"),
            ("#page cache by", "memory.cache_delta_bytes"),
            ("#Limit reached in", "memory.limit_eta_s"),
            ("#OOM kills", "memory.oom_kills"),
            ("#in the window", "memory.oom_kills_in_window"),
            ("#~Waited for memory", "memory.pressure_some_ratio"),
            ("#Tasks", "pids.current"),
            ("#Tasks at most", "pids.max"),
            ("#Forks refused", "pids.refused_in_window"),
        ],
    ),
    (
        "cgroups",
        "Control groups: CPU",
        &[
            ("`Group", "path"),
            ("#CPUs used", "cpu.used_cpus"),
            ("#at its busiest", "cpu.used_p95_cpus"),
            ("#Quota, CPUs", "cpu.quota_cpus"),
            ("`Cpuset", "cpu.cpuset"),
            ("#~Of the quota", "cpu.used_ratio"),
            ("#Periods", "cpu.periods"),
            ("#~throttled", "cpu.throttled_ratio"),
            ("#~Time lost", "cpu.lost_ratio"),
            ("#Weight", "cpu.weight"),
            ("#~Waited for a CPU", "cpu.pressure_some_ratio"),
            ("#~for storage", "io_pressure_some_ratio"),
        ],
    ),
];

/// The tables; those whose list is empty have no rows.
pub(super) fn tables(cx: &Cx<'_>) -> Vec<Table> {
    TABLES.iter().map(|(at, caption, fields)| cx.rows(at, caption, fields, MAX_ROWS)).collect()
}
