//! The subcommands, one a file: each has its `Args` and its `run`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::Io;

mod facts;
mod show;
mod told;

/// What `linsight` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the facts that were derived from an archive
    Facts(facts::Args),
    Show(show::Args),
}

/// Runs one of them.
pub(crate) fn run(command: &Command, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Facts(args) => facts::run(args, io),
        Command::Show(args) => show::run(args, io),
    }
}
