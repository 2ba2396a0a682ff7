//! `linsight`: parse the command line, run one command, return its exit status.

mod allocator;
mod cli;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::keep_memory();
    cli::main()
}
