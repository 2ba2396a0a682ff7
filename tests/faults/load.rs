//! Loads: the book's three programs, what waits in D, and work that is no fault.

use std::path::Path;
use std::process::Command;

use crate::harness::{Expected, Fault, kept};
use crate::place::{Guard, fault, fault_in, running, sh};

/// One of the book's Python programs.
fn python(name: &str, argument: &str) -> Vec<Guard> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
    let mut command = Command::new("timeout");
    vec![running(command.args(["600", "python3"]).arg(program).arg(argument))]
}

const fn composed(
    name: &'static str,
    start: fn() -> Vec<Guard>,
    says: &'static [&'static str],
) -> Fault {
    Fault {
        name,
        start,
        expects: &[],
        explains: &["load.composition", "load.per-core", "cpu.saturated", "psi.pressure"],
        tells: says,
    }
}

/// The book's first: a loop that computes.
pub const CPU: Fault =
    composed("python loop", || python("load_cpu.py", ""), &["load.composition.verdict=cpu"]);
/// Its second: ten threads, one interpreter lock.
pub const THREADS: Fault =
    composed("python threads", || python("load_threads.py", ""), &["load.composition.verdict=cpu"]);
/// Its third: the page cache takes the writes.
pub const WRITE: Fault = composed(
    "python writes",
    || {
        let file = kept().join("load-write");
        python("load_write.py", file.to_str().expect("a path"))
    },
    &["load.composition.verdict=cpu/sys"],
);

/// Parents that wait for the children of their vfork.
pub const VFORK: Fault = composed(
    "tasks in D by vfork",
    || vec![fault("vforker", "process vfork count=6")],
    &["load.composition.verdict=d-other"],
);

/// A favoured batch job takes the CPUs from a server that was made nice.
pub const NICE: Fault = Fault {
    name: "nice contention",
    start: || {
        let server = fault_in("nice -n 10", "nice-server", "tcp accept 127.0.0.1:7991");
        let greedy = fault_in("nice -n -10", "greedy", "process spin count=8");
        vec![greedy, server]
    },
    expects: &[Expected {
        rule: "proc.nice-contention",
        severity: "warning",
        culprit: "",
        says: &["greedy"],
    }],
    explains: &["load.composition", "load.per-core", "cpu.saturated", "psi.pressure"],
    tells: &[],
};

const fn healthy(name: &'static str, start: fn() -> Vec<Guard>) -> Fault {
    Fault { name, start, expects: &[], explains: &[], tells: &[] }
}

/// A backup reads everything once, past the page cache.
pub const DIRECT_READER: Fault = healthy("a backup reads", || {
    let file = kept().join("to-be-saved");
    sh(&format!("dd if=/dev/zero of={} bs=1M count=256 2>/dev/null", file.display()));
    vec![fault("backup", &format!("files direct-reader {}", file.display()))]
});

/// Short processes, one after the other: what a compile looks like.
pub const COMPILE: Fault = healthy("a compile", || {
    let line = "end=$(($(date +%s) + 600)); while [ $(date +%s) -lt $end ]; do \
                for i in 1 2 3 4 5 6 7 8 9; do sha256sum /bin/bash >/dev/null; done; done";
    vec![running(Command::new("sh").args(["-c", line]))]
});
