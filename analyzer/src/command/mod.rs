//! The subcommands, one a file: each has its `Args` and its `run`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::Io;

/// What `linsight` can do.
#[derive(Subcommand)]
pub(crate) enum Command {}

/// Runs one of them.
pub(crate) fn run(command: &Command, _io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    match *command {}
}
