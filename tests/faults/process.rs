//! Processes in states that hurt.

use crate::harness::{Expected, Fault};
use crate::place::{Cgroup, fault, fault_in, repeated};

pub const ZOMBIES: Fault = Fault {
    name: "zombies",
    start: || vec![fault("forgetful", "process zombies count=400")],
    expects: &[Expected {
        rule: "proc.zombies",
        severity: "warning",
        culprit: "",
        says: &["400 zombies", "forgetful"],
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
    expects: &[Expected {
        rule: "mem.oom-kills",
        severity: "critical",
        culprit: "",
        says: &["oom-victim"],
    }],
    explains: &["cgroup.memory", "mem.oom-kills", "leak.rss-growth"],
    tells: &[],
};
