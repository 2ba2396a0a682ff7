//! linsight-collect: takes an offline snapshot of a Linux host.
//!
//! One static binary that a support engineer dares to send to a burning production host: it never
//! hangs ([`workers`]), changes nothing ([`never`], [`root`]), hurts nobody ([`walks`]), and needs
//! nothing but /proc and /sys. What it reads stands in one table ([`plan`]); how it goes about it
//! in [`run`].

use std::process::ExitCode;

mod access;
mod class;
mod cli;
mod clock;
mod collect;
mod files;
mod growers;
mod host;
mod link;
mod never;
mod output;
mod pattern;
mod plan;
mod probe;
mod proc_stat;
mod processes;
mod progress;
mod root;
mod run;
mod sampler;
mod sink;
mod stop;
mod walks;
mod wire;
mod worker;
mod workers;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(worker::ARGUMENT) {
        return worker::main(&words.next().unwrap_or_else(|| "/".to_owned()));
    }
    collect::main()
}
