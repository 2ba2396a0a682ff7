//! `linsight`: parse the command line, run one command, return its exit status.

mod cli;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
