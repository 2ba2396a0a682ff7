//! linsight-collect: takes an offline snapshot of a Linux host.
//!
//! One static binary that a support engineer dares to send to a burning production host: it never
//! hangs ([`workers`]), changes nothing ([`never`], [`root`]), hurts nobody ([`walks`]), and needs
//! nothing but /proc and /sys. What it reads stands in one table ([`plan`]); how it goes about it
//! in [`run`].

use std::process::ExitCode;

mod access;
mod answer;
mod budget;
mod capped;
mod class;
mod cli;
mod clock;
mod collect;
mod commands;
mod dry_run;
mod files;
mod growers;
mod host;
mod inherited;
mod link;
mod measure;
mod never;
// Only where the unwinding tables are left out, too.
#[cfg(all(target_env = "musl", panic = "abort"))]
mod no_backtrace;
mod open_files;
mod output;
mod pattern;
mod plan;
mod probe;
mod probes;
mod proc_stat;
mod processes;
mod progress;
mod redact;
mod root;
mod run;
mod sampled;
mod sampler;
mod search;
mod sink;
mod small;
mod stop;
mod threads;
mod walks;
mod wire;
mod worker;
mod workers;
mod zone;

/// That of musl maps and unmaps memory a thousand times a run, an eighth of the run's time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    match words.get(1).zip(words.get(2..)) {
        Some((first, rest)) if first == worker::ARGUMENT => worker::main(rest),
        Some((first, rest)) if first == commands::ARGUMENT => commands::shim(rest),
        _ => collect::main(),
    }
}
