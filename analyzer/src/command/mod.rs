//! The subcommands, one a file: each has its `Args` and its `run`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::Io;

mod analysis;
mod analyze;
mod checkup;
mod explain;
mod facts;
mod output;
mod rules;
mod show;
mod stats;
mod told;

/// What `linsight` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Analyze archives: one report each, and a summary
    Analyze(analyze::Args),
    /// Collect this host, then analyze it
    Checkup(checkup::Args),
    /// Tell all about one rule: what, why, how it decides, what to do
    Explain(explain::Args),
    /// Show the facts that were derived from an archive
    Facts(facts::Args),
    /// List, check or test the rules
    Rules(rules::Args),
    Show(show::Args),
}

/// Runs one of them.
pub(crate) fn run(command: &Command, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Analyze(args) => analyze::run(args, io),
        Command::Checkup(args) => checkup::run(args, io),
        Command::Explain(args) => explain::run(args, io),
        Command::Facts(args) => facts::run(args, io),
        Command::Rules(args) => rules::run(args, io),
        Command::Show(args) => show::run(args, io),
    }
}
