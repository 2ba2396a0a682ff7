//! The command line: one subcommand a file in `command/`, errors printed as one chain.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::command;

/// Exit status: nothing to say against the run.
pub(crate) const DONE: u8 = 0;
/// Exit status of errors: bad arguments, unreadable archives, refused rules.
pub(crate) const ERROR: u8 = 2;

/// Reads a host snapshot offline and says what is wrong, why, with the evidence, and what to do.
#[derive(Parser)]
#[command(name = "linsight", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: command::Command,
}

/// Where a command writes: results to `out`, everything else to `err`.
pub(crate) struct Io<'a> {
    /// Results.
    pub(crate) out: &'a mut dyn Write,
    /// Progress, hints, warnings.
    pub(crate) err: &'a mut dyn Write,
    /// Results that are bytes and not text: `out` removes escape sequences where they would not be
    /// understood.
    pub(crate) raw: &'a mut dyn Write,
    /// Whether results go to a terminal.
    pub(crate) terminal: bool,
}

/// Parses, runs, and turns an error into one readable chain and status 2.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are results; everything else is an error of the caller.
            let status = if e.use_stderr() { ERROR } else { DONE };
            e.print().ok();
            return ExitCode::from(status);
        }
    };
    let mut out = anstream::AutoStream::auto(io::stdout()).lock();
    let mut err = anstream::AutoStream::auto(io::stderr()).lock();
    let (mut raw, terminal) = (io::stdout(), io::stdout().is_terminal());
    let mut io = Io { out: &mut out, err: &mut err, raw: &mut raw, terminal };
    match command::run(&cli.command, &mut io) {
        Ok(code) => code,
        Err(e) if is_broken_pipe(&e) => ExitCode::from(DONE),
        Err(e) => {
            writeln!(err, "error: {e:#}").ok();
            ExitCode::from(ERROR)
        }
    }
}

/// `linsight show … | head` is no error.
fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
