//! Provokes one fault on this machine, prints `ready`, and keeps it up for a quarter of an hour or
//! until it is killed: `fault memory touched`, `fault tcp hold 10.0.0.2:7000 count=100`.
//!
//! The tests in `tests/faults` run it in namespaces and cgroups of its own. A reader can run it by
//! hand to see what the report says.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the command line speaks to who started it"
)]

use std::process::ExitCode;
use std::time::Duration;

mod files;
mod memory;
mod process;
mod tcp;
mod udp;

/// How long a fault is kept up when nobody ends it.
const KEPT: Duration = Duration::from_secs(900);

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    // A test that is killed cannot end what it has started.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["memory", shape, rest @ ..] => memory::run(shape, rest),
        ["process", kind, rest @ ..] => process::run(kind, rest),
        ["tcp", role, address, rest @ ..] => tcp::run(role, address, rest),
        ["udp", role, address, rest @ ..] => udp::run(role, address, rest),
        ["files", kind, rest @ ..] => files::run(kind, rest),
        _ => Err("usage: fault memory|process|tcp|udp|files KIND [NAME=VALUE...]".into()),
    };
    done.map_or_else(
        |e| {
            eprintln!("fault: {e}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Tells who started us that the fault stands.
fn ready() {
    println!("ready");
}

/// Keeps what was set up.
fn keep() {
    std::thread::sleep(KEPT);
}

/// The number of `name=N` among the words, or `default`.
fn number<T: std::str::FromStr>(words: &[&str], name: &str, default: T) -> Result<T, String> {
    let value = words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
    value.map_or(Ok(default), |v| v.parse().map_err(|_not| format!("{name}={v}: not a number")))
}
