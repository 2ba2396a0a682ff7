//! `linsight checkup`: collects this host with the sibling program, then analyzes: for
//! development and first contact. This is the only command that starts a program; the analysis
//! itself still opens nothing of this machine but the archive.

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, bail};

use super::analysis::Judge;
use super::analyze;
use super::output::Output;
use super::stats::Stats;
use crate::cli::Io;

/// Name of the collector.
const COLLECTOR: &str = "linsight-collect";
/// Exit status of a collection that ended early and left a readable archive.
const ENDED_EARLY: i32 = 3;

/// Arguments of `checkup`.
#[derive(clap::Args)]
#[command(after_help = "Exit status: as of `analyze`; 2 also when nothing could be collected.")]
pub(crate) struct Args {
    /// Length of the sampling window
    #[arg(long, value_name = "TIME", default_value = "60s")]
    duration: String,
    /// Keep the archive under this name; without it the archive is removed after the analysis
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    judge: Judge,
    /// Further arguments of the collector
    #[arg(last = true)]
    collector: Vec<OsString>,
}

/// Collects, then analyzes.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    // A wrong rule or option is told before a minute of sampling, not after it.
    let bench = args.judge.bench()?;
    args.output.targets("checkup")?;
    let temporary = match &args.archive {
        Some(_) => None,
        None => Some(Temporary::new()?),
    };
    let archive = match (&args.archive, &temporary) {
        (Some(path), _) => path.clone(),
        (None, Some(dir)) => dir.0.join("checkup.tar.zst"),
        (None, None) => bail!("no place for the archive"),
    };
    collect(args, &archive, io)?;
    let archive = archive.into_os_string();
    let analysis = bench.analyze(&archive, &mut Stats::new(false))?;
    analyze::deliver(&analysis, &archive, &args.output, io)?;
    if temporary.is_some() && !args.output.quiet {
        writeln!(
            io.err,
            "hint: the archive was temporary; --archive FILE keeps it for `linsight show`"
        )?;
    }
    Ok(args.output.status(std::iter::once(&analysis)))
}

fn collect(args: &Args, archive: &Path, io: &mut Io<'_>) -> anyhow::Result<()> {
    let program = collector();
    let mut command = Command::new(&program);
    command.arg("-o").arg(archive).arg("--duration").arg(&args.duration);
    if args.output.quiet {
        command.arg("--quiet");
    }
    let mut child = command
        .args(&args.collector)
        .spawn()
        .with_context(|| format!("start {}", program.display()))?;
    // No deadline here: the collector has its own for everything it does.
    let status = child.wait().with_context(|| format!("wait for {}", program.display()))?;
    judge(status, archive, io)
}

fn judge(status: ExitStatus, archive: &Path, io: &mut Io<'_>) -> anyhow::Result<()> {
    match status.code() {
        Some(0) => Ok(()),
        Some(ENDED_EARLY) => {
            writeln!(io.err, "note: the collection ended early; the report shows what there is")?;
            Ok(())
        }
        _ if archive.is_file() => {
            writeln!(io.err, "note: {COLLECTOR}: {status}; the report shows what there is")?;
            Ok(())
        }
        _ => bail!("{COLLECTOR}: {status}"),
    }
}

/// The sibling of this program, else whatever `PATH` has.
fn collector() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(COLLECTOR)))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(COLLECTOR))
}

/// A directory of our own, removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> anyhow::Result<Self> {
        let base = std::env::temp_dir();
        for n in 0..100 {
            let path = base.join(format!("linsight-{}-{n}", std::process::id()));
            // An existing directory is somebody else's, perhaps on purpose.
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).with_context(|| format!("create {}", path.display())),
            }
        }
        bail!("no free name for a directory in {}", base.display())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
