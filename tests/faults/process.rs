//! Processes in states that hurt.

use crate::harness::{Expected, Fault};
use crate::others::loads;
use crate::place::{Cgroup, Guard, fault, fault_in, repeated};

pub const ZOMBIES: Fault = Fault {
    name: "zombies",
    start: || vec![fault("forgetful", "process zombies count=400")],
    expects: &[Expected {
        rule: "proc.zombies",
        severity: "warning",
        culprit: "",
        says: &["forgetful", "left 400 of them"],
    }],
    explains: &[],
    tells: &[],
};

pub const STOPPED: Fault = Fault {
    name: "a stopped server",
    start: || {
        vec![fault_in(
            "sh -c '\"$@\" & sleep 1; kill -STOP $!; wait' sh",
            "stopped-srv",
            "tcp accept 127.0.0.1:7990",
        )]
    },
    expects: &[Expected {
        rule: "proc.stopped-traced",
        severity: "warning",
        culprit: "",
        says: &["stopped-srv", "kill -CONT"],
    }],
    explains: &[],
    tells: &[],
};

pub const QUOTA: Fault = Fault {
    name: "CPU quota",
    start: || {
        let group = Cgroup::new("linsight-quota", None, Some(10_000));
        let enter = group.enter();
        vec![fault_in(&enter, "throttled", "process spin count=4"), group.guard()]
    },
    expects: &[Expected {
        rule: "cgroup.cpu-throttled",
        severity: "info",
        culprit: "linsight-quota",
        says: &[],
    }],
    explains: &["cgroup.cpu-throttled"],
    tells: &[],
};

/// A control group that kills what grows in it, again and again.
pub const MEMORY_LIMIT: Fault = Fault {
    name: "control group out of memory",
    start: || {
        let group = Cgroup::new("linsight-oom", Some(48 << 20), None);
        let words = "memory touched";
        let line =
            format!("for i in 1 2 3 4 5 6; do {} {{}} {words} >/dev/null; done", group.enter());
        vec![repeated("oom-victim", &line), group.guard()]
    },
    expects: &[
        Expected {
            rule: "mem.oom-kills",
            severity: "critical",
            culprit: "",
            says: &["oom-victim"],
        },
        Expected {
            rule: "cgroup.memory",
            severity: "critical",
            culprit: "linsight-oom",
            says: &[],
        },
    ],
    explains: &["leak.rss-growth"],
    tells: &[],
};

/// A real-time task that loops: nothing of normal priority runs beside it.
pub const RT_HOG: Fault = Fault {
    name: "a real-time hog",
    start: || vec![fault_in("chrt -f 10", "rt-hog", "process spin count=1")],
    expects: &[Expected {
        rule: "proc.rt-hog",
        severity: "critical",
        culprit: "",
        says: &["rt-hog", "FIFO priority 10", "chrt -o -p 0"],
    }],
    // It is one thread that fills a CPU, and others wait for it.
    explains: &["cpu.saturated", "load.composition", "load.per-core", "psi.pressure"],
    tells: &[],
};

/// A server that computes what it is asked for.
fn server(at: &str) -> Guard {
    fault("calc-server", &format!("process spin count=1 listen={at}"))
}

/// Three tasks for every CPU, and a server that gets a share of one.
pub const TOO_MANY: Fault = Fault {
    name: "more work than CPUs",
    start: || {
        let cpus = std::thread::available_parallelism().expect("CPUs").get();
        let greedy = fault("spinner", &format!("process spin count={}", cpus * 3));
        vec![greedy, server("127.0.0.1:7993")]
    },
    expects: &[
        Expected {
            rule: "cpu.saturated",
            severity: "critical",
            culprit: "",
            says: &["at least 95 % busy", "calc-server", "serves others"],
        },
        Expected { rule: "psi.pressure", severity: "info", culprit: "", says: &["CPU"] },
    ],
    explains: &["load.composition", "load.per-core"],
    tells: &["load.composition.verdict=cpu"],
};

/// The same for minutes: the load average over five minutes stands far above the number of CPUs.
pub const FOR_MINUTES: Fault = Fault {
    name: "more work than CPUs for minutes",
    start: || {
        let cpus = std::thread::available_parallelism().expect("CPUs").get();
        let running = fault("crunch", &format!("process spin count={}", cpus * 16));
        let wanted = 4.2 * f64::from(u32::try_from(cpus.max(2)).expect("CPUs"));
        // With sixteen tasks a CPU it takes a minute and a half.
        let begin = std::time::Instant::now();
        while loads()[1] < wanted && begin.elapsed().as_secs() < 240 {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        vec![running, server("127.0.0.1:7994")]
    },
    expects: &[
        Expected {
            rule: "load.per-core",
            severity: "critical",
            culprit: "",
            says: &["over five minutes"],
        },
        Expected { rule: "cpu.saturated", severity: "critical", culprit: "", says: &["crunch"] },
    ],
    explains: &["load.composition", "psi.pressure"],
    tells: &["load.composition.verdict=cpu"],
};

/// A control group that may have no more tasks.
pub const TASKS: Fault = Fault {
    name: "control group full of tasks",
    start: || {
        let group = Cgroup::of_tasks("linsight-tasks", 100);
        vec![
            fault_in(&group.enter(), "forker", "process threads count=97 pause_ms=1"),
            group.guard(),
        ]
    },
    expects: &[Expected {
        rule: "proc.pid-exhaustion",
        severity: "critical",
        culprit: "",
        says: &["linsight-tasks"],
    }],
    explains: &[],
    tells: &[],
};
