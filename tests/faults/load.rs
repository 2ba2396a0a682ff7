//! Loads: the book's three programs, what waits in D, and work that is no fault.

use std::path::Path;
use std::process::Command;

use crate::harness::{Expected, Fault, kept};
use crate::place::{Guard, fault, fault_in, running, sh, shell, undo};

/// One of the book's Python programs.
fn python(name: &str, argument: &str) -> Vec<Guard> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "python3"]).arg(program);
    // The interpreter takes an empty word for a file name.
    vec![running(if argument.is_empty() { &mut command } else { command.arg(argument) })]
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
/// Its third, in memory: the page cache takes the writes. On ext4 a file that replaces another is
/// sent to the disk when it is closed: what the load is made of is then the disk's choice.
pub const WRITE: Fault = composed(
    "python writes",
    || {
        let file = "/dev/shm/linsight-load-write";
        let mut started = python("load_write.py", file);
        started.push(undo(&format!("rm -f {file}")));
        started
    },
    &["load.composition.verdict=cpu/sys"],
);

/// Parents that wait for the children of their vfork.
pub const VFORK: Fault = Fault {
    name: "tasks in D by vfork",
    start: || vec![fault("vforker", "process vfork count=6")],
    expects: &[
        Expected {
            rule: "load.composition",
            severity: "warning",
            culprit: "",
            says: &["vforker", "kernel_clone"],
        },
        // They wait by design: no disk and no lock of the kernel is at fault.
        Expected { rule: "proc.d-state", severity: "info", culprit: "", says: &["vforker"] },
    ],
    explains: &["load.per-core"],
    tells: &["load.composition.verdict=d-other"],
};

/// A favoured batch job takes the CPUs from a server that was made nice.
pub const NICE: Fault = Fault {
    name: "nice contention",
    start: || {
        let server = fault_in("nice -n 10", "nice-server", "tcp accept 127.0.0.1:7991");
        // Two for every CPU: more would leave the collection itself hardly any time.
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let words = format!("process spin count={}", cpus * 2);
        let greedy = fault_in("nice -n -10", "greedy", &words);
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

/// No fault: expects nothing above info.
const fn healthy(name: &'static str, start: fn() -> Vec<Guard>) -> Fault {
    Fault { name, start, expects: &[], explains: &[], tells: &[] }
}

/// A backup reads everything once, past the page cache.
pub const DIRECT_READER: Fault = healthy("a backup reads", || {
    let file = kept().join("to-be-saved");
    sh(&format!("dd if=/dev/zero of={} bs=1M count=256 2>/dev/null", file.display()));
    vec![fault("backup", &format!("files direct-reader {}", file.display()))]
});

/// The compiler of this project on a large file, once for every CPU and once more: processes that
/// grow for half a minute, compute and end. They use all CPUs there are, and nobody waits but they.
pub const COMPILE: Fault = healthy("a compile", || {
    let source = kept().join("compiled.rs");
    let function = |n: usize| {
        format!(
            "pub fn f{n}(words: &[&str]) -> Vec<(String, usize)> {{
                let mut all: Vec<(String, usize)> =
                    words.iter().map(|w| (w.replace('{{', \"{n}\"), w.len() + {n})).collect();
                all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
                all.retain(|(w, n)| n % 7 != {n} % 7 || w.starts_with(\"{n}\"));
                all
            }}\n"
        )
    };
    std::fs::write(&source, (0..1500).map(function).collect::<String>()).expect("a source");
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let compile = |n: usize| {
        let made = kept().join(format!("compiled{n}.rlib"));
        let (source, made) = (source.display(), made.display());
        let compile = "rustc -O -C codegen-units=1 --crate-type rlib --crate-name compiled";
        format!("(while {compile} -o {made} {source}; do :; done) & ")
    };
    vec![shell(&format!("{}wait", (0..=cpus).map(compile).collect::<String>()))]
});
