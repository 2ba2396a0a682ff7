//! The command: from the command line to the exit status.
//!
//! An error is the text that the operator reads. The crates for errors would bring the resolver of
//! backtraces along, which is a sixth of the static binary.

use std::fmt::{Display, Write as _};
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser as _;
use linsight_archive::Outcome;

use crate::cli::Args;
use crate::output::{Output, Shared};
use crate::plan::{self, How, Source};
use crate::progress::Progress;
use crate::run::{Options, Run, Summary};
use crate::sink::{Sink, Tally};
use crate::stop::{Ended, Stop};
use crate::workers::Workers;
use crate::{clock, dry_run, host, inherited};

/// Archive written.
const WRITTEN: u8 = 0;
/// Nothing usable was written.
const ERROR: u8 = 2;
/// Ended early; the archive is readable.
const ENDED_EARLY: u8 = 3;

/// Runs the command line and tells the exit status.
#[must_use]
pub(crate) fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let wrong = error.use_stderr();
            // Where nobody reads the help, nothing can be said about it.
            error.print().unwrap_or_default();
            return ExitCode::from(if wrong { ERROR } else { WRITTEN });
        }
    };
    let status = match run(&args) {
        Ok(status) => status,
        Err(error) => {
            writeln!(stderr(), "linsight-collect: {error}").unwrap_or_default();
            ERROR
        }
    };
    ExitCode::from(status)
}

/// What was done when an error came, and the error, whose text names its own cause.
fn during<E: Display>(doing: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{doing}: {error}")
}

fn run(args: &Args) -> Result<u8, String> {
    if args.list {
        stdout().write_all(plan::list().as_bytes()).map_err(during("print the plan"))?;
        return Ok(WRITTEN);
    }
    inherited::keep_from_children();
    let stop = Stop::on_signals().map_err(during("take over signals"))?;
    host::offer_to_die_first();
    let (chosen, skipped): (Vec<&Source>, Vec<&Source>) = plan::TABLE.iter().partition(|source| {
        args.wants(source.group)
            && (args.cmdline != "none" || source.how != How::Process("cmdline"))
    });
    if args.dry_run {
        let mut workers = Workers::new(&args.root, stop);
        let text = dry_run::text(&mut workers, &chosen, &skipped);
        let text = text.map_err(|Ended(why)| why)?;
        stdout().write_all(text.as_bytes()).map_err(during("print what would be read"))?;
        return Ok(WRITTEN);
    }
    let mut workers = Workers::new(&args.root, stop);
    let header = host::header(host::Asking {
        told: host::Told::ask(&mut workers),
        duration_s: seconds(args.duration),
        interval_s: seconds(args.interval),
        root: args.root.clone(),
        notes: args.notes(),
        plan_sha256: plan::sha256(),
        argv: arguments(),
    });
    let name = args.output.clone().unwrap_or_else(|| {
        format!(
            "linsight-{}-{}.tar.zst",
            file_name(&header.host_name),
            clock::utc_stamp(header.started_unix_s)
        )
    });
    let shared = Rc::new(Shared::default());
    let output = if name == "-" {
        Output::stdout(Rc::clone(&shared)).map_err(during("open standard output"))?
    } else {
        Output::create(&name, Rc::clone(&shared)).map_err(during(&format!("create {name}")))?
    };
    let sink = Sink::new(output, shared, &header, args.max_size)
        .map_err(during(&format!("write {name}")))?;
    let run = Run {
        sink,
        workers,
        plan: chosen,
        processes: crate::processes::Processes::default(),
        options: Options {
            duration_us: args.duration,
            interval_us: args.interval.max(10_000),
            deep: args.deep,
            network_fs: args.network_fs,
        },
        progress: Progress::new(args.quiet),
        samples: 0,
        sampled: crate::sampled::Sampled::default(),
        release: header.kernel_release.clone(),
        namespace_read: 0,
    };
    let summary = run.collect(&skipped).map_err(during(&format!("write {name}")))?;
    if !args.quiet && args.root == "/" && host::is_container() {
        let hint = "this is a container: the archive shows its view. For the host's, run it there, \
                    or with the host's / mounted and --root\n";
        write!(stderr(), "linsight-collect: {hint}").unwrap_or_default();
    }
    if !args.quiet || summary.ended_early.is_some() {
        stderr().write_all(ending(&name, &summary).as_bytes()).unwrap_or_default();
    }
    Ok(if summary.ended_early.is_some() { ENDED_EARLY } else { WRITTEN })
}

/// Our own command line, masked as those of others are.
fn arguments() -> Vec<String> {
    let mut joined = Vec::new();
    for word in std::env::args_os() {
        joined.extend_from_slice(word.as_encoded_bytes());
        joined.push(0);
    }
    let masked = crate::redact::arguments(&joined).bytes;
    let mut words: Vec<String> =
        masked.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.pop();
    words
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a window")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// A host name as part of a file name: what is not plain becomes `_`.
fn file_name(host: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' };
    host.chars().map(plain).take(64).collect()
}

/// What the operator reads at the end: what is missing and what would help, then one line.
fn ending(name: &str, summary: &Summary) -> String {
    let mut out = String::new();
    let is_root = rustix::process::geteuid().is_root();
    for ((outcome, reason), failures) in &summary.tally.failures {
        let more = failures.count - failures.paths.len() as u64;
        let paths: Vec<String> = failures.paths.iter().map(|path| shown(path)).collect();
        let paths = paths.join(", ");
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let why = match outcome {
            Outcome::Denied if is_root => "permission denied",
            Outcome::Denied => "permission denied; run as root",
            Outcome::TimedOut => "did not answer in time",
            _ if reason.is_empty() => outcome.as_str(),
            _ => reason,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "skipped: {paths}{more} - {why}");
    }
    let size = mib(summary.bytes);
    let sum = summary.sha256.get(..4).unwrap_or_default();
    let s = tenths(summary.wall_us.saturating_mul(10) / 1_000_000);
    let Tally { collected: ok, total, missing, skipped, .. } = summary.tally;
    let asked = total - missing - skipped;
    let verb = if name == "-" { "Streamed" } else { "Wrote" };
    let name = if name == "-" { "the archive" } else { name };
    let _ = writeln!(
        out,
        "{verb} {name} ({size}, sha256 {sum}…) in {s} s; \
         {ok} of {asked} sources ok ({missing} not on this host)"
    );
    if let Some(why) = &summary.ended_early {
        let _ = writeln!(out, "ended early: {why}; the archive is readable");
    }
    out
}

/// A file of the host by its own path, what we made by its name in the archive.
fn shown(path: &str) -> String {
    let ours = ["packs/", "probes/", "commands/", "names/"];
    let slash = if ours.iter().any(|start| path.starts_with(start)) { "" } else { "/" };
    format!("{slash}{path}")
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", tenths(bytes.saturating_mul(10) >> 20))
}

fn tenths(n: u64) -> String {
    format!("{}.{}", n / 10, n % 10)
}
