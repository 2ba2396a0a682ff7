//! `linsight analyze`: archives in, one report each out, and a summary.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use linsight::report::index::{Entry, Failed, index};
use linsight::report::terminal::summary;
use linsight::report::visible;

use super::analysis::{Analysis, Bench, Judge};
use super::output::{self, Format, Output, Target};
use super::stats::Stats;
use crate::cli::{ERROR, Io};

/// Arguments of `analyze`.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 done; 1 only with --fail-on, if there is such a finding; 2 an archive or an option
could not be read.")]
pub(crate) struct Args {
    /// Archives, sosreports, tars or directories; `-` is standard input
    #[arg(required = true)]
    archives: Vec<OsString>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    judge: Judge,
    /// Tell on standard error what each stage took in time and memory
    #[arg(long)]
    stats: bool,
}

/// Analyzes and writes.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let mut stats = Stats::new(args.stats);
    match args.archives.as_slice() {
        [one] => {
            let analysis = args.judge.analyze(one, &mut stats)?;
            deliver(&analysis, one, &args.output, io)?;
            stats.done("report");
            write!(io.err, "{}", stats.table())?;
            let code = args.output.status(std::iter::once(&analysis));
            // The process ends here, which frees all of it at once.
            std::mem::forget(analysis);
            Ok(code)
        }
        several => all(several, &args.judge.bench()?, args, io),
    }
}

/// Writes the reports of one archive and prints its summary, unless standard output holds a
/// report.
pub(crate) fn deliver(
    analysis: &Analysis,
    archive: &OsString,
    output: &Output,
    io: &mut Io<'_>,
) -> anyhow::Result<()> {
    let mut written = Vec::new();
    let mut printed = false;
    for target in output.targets(&archive.to_string_lossy())? {
        match target {
            Target::Stdout(_) if printed => bail!("-o -: standard output takes one report"),
            Target::Stdout(format) => {
                let text = output::render(analysis, format)?;
                io.raw.write_all(text.as_bytes()).and_then(|()| io.raw.flush())?;
                printed = true;
            }
            Target::File(path, format) => {
                output::write(&path, &output::render(analysis, format)?, archive)?;
                written.push(path.display().to_string());
            }
        }
    }
    if !printed {
        output.summary(io, &summary(&analysis.view, &written))?;
    }
    Ok(())
}

/// Several archives: one that cannot be read does not stop the others.
fn all(
    archives: &[OsString],
    bench: &Bench,
    args: &Args,
    io: &mut Io<'_>,
) -> anyhow::Result<ExitCode> {
    let output = &args.output;
    let dir = output.directory()?;
    std::fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    let format = output.format();
    let mut done: Vec<(Analysis, String)> = Vec::new();
    let mut failed: Vec<Failed> = Vec::new();
    let mut taken = Vec::new();
    for archive in archives {
        let name = archive.to_string_lossy();
        let file = output::name_in(&mut taken, &name, format);
        let path = dir.join(&file);
        let mut stats = Stats::new(args.stats);
        match one_of_many(archive, bench, &path, format, &mut stats) {
            Ok(analysis) => {
                let written = [path.display().to_string()];
                output.summary(io, &format!("{}\n", summary(&analysis.view, &written)))?;
                write!(io.err, "{}", stats.table())?;
                done.push((analysis, file));
            }
            Err(e) => {
                writeln!(io.err, "error: {}", visible::line(&format!("{e:#}")))?;
                failed.push(Failed { archive: name.into_owned(), why: format!("{e:#}") });
            }
        }
    }
    if format == Format::Html {
        let path = write_index(&dir, &done, &failed)?;
        output.summary(io, &format!("index: {}\n", path.display()))?;
    }
    if failed.is_empty() {
        Ok(output.status(done.iter().map(|(a, _)| a)))
    } else {
        Ok(ExitCode::from(ERROR))
    }
}

fn one_of_many(
    archive: &OsString,
    bench: &Bench,
    path: &Path,
    format: Format,
    stats: &mut Stats,
) -> anyhow::Result<Analysis> {
    let analysis = bench.analyze(archive, stats)?;
    output::write(path, &output::render(&analysis, format)?, archive)?;
    stats.done("report");
    Ok(analysis)
}

fn write_index(
    dir: &Path,
    done: &[(Analysis, String)],
    failed: &[Failed],
) -> anyhow::Result<PathBuf> {
    let entries: Vec<Entry<'_>> = done
        .iter()
        .map(|(a, file)| Entry { view: &a.view, archive: &a.origin.archive, file })
        .collect();
    let path = dir.join("index.html");
    std::fs::write(&path, index(&entries, failed)?)
        .with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
