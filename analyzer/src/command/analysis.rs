//! From an archive to everything that a report is made of: the whole way of the data, in one place.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use linsight::absence::Absence;
use linsight::facts::{Facts, Parsed, SiteInputs};
use linsight::input::{Limits, Snapshot, Source};
use linsight::report::{Evidence, Origin, View};
use linsight::rules::{Assessment, Params, RuleSet};

use super::stats::Stats;
use super::told::Told;

/// What to judge with.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Judge {
    #[command(flatten)]
    told: Told,
    /// Add the rules of a directory to those that are built in
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

/// Rules, their parameters and operator inputs: read once for all archives.
pub(crate) struct Bench {
    rules: RuleSet,
    params: Params,
    told: SiteInputs,
}

/// One archive, judged.
pub(crate) struct Analysis {
    pub(crate) view: View,
    pub(crate) facts: Facts,
    pub(crate) assessment: Assessment,
    pub(crate) origin: Origin,
}

fn parsed(archive: &OsStr) -> anyhow::Result<Parsed> {
    Ok(Parsed::open(&Source::from_arg(archive), &Limits::default())?)
}

impl Judge {
    /// Loads rules and inputs while the archive is parsed, then analyzes it: of a small archive
    /// either takes about as long.
    pub(crate) fn analyze(&self, archive: &OsStr, stats: &mut Stats) -> anyhow::Result<Analysis> {
        let (bench, parsed) = std::thread::scope(|scope| {
            let bench = scope.spawn(|| self.bench());
            let parsed = parsed(archive);
            (bench.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), parsed)
        });
        let (bench, parsed) = (bench?, parsed?);
        stats.done("open, parse");
        let (analysis, snapshot) = bench.judge(archive, parsed, stats);
        // It is the only one: the process ends soon, and taking a large host apart piece by piece
        // would be work for nobody.
        std::mem::forget((bench, snapshot));
        Ok(analysis)
    }

    /// Loads rules and inputs; an error names the option at fault.
    pub(crate) fn bench(&self) -> anyhow::Result<Bench> {
        let rules = RuleSet::load(&self.rules).context("load the rules")?;
        let (told, others) = self.told.read()?;
        match rules.unknown_accept(told.accepted()) {
            Some((id, Some(near))) => bail!("[[accept]]: no rule `{id}`, did you mean `{near}`?"),
            Some((id, None)) => bail!("[[accept]]: no rule `{id}`"),
            None => {}
        }
        let params = Params::read(&rules, others.iter().map(|(k, v)| (k.as_str(), v.as_str())))?;
        Ok(Bench { rules, params, told })
    }
}

/// Evidence comes from the archive that the facts came from.
struct FromArchive<'a>(&'a Snapshot);

impl Evidence for FromArchive<'_> {
    fn read(&self, path: &str, record: Option<&str>) -> Result<Vec<u8>, Absence> {
        self.0.read_record(path, record)
    }
}

impl Bench {
    /// Opens, derives facts, judges, reads the evidence.
    pub(crate) fn analyze(&self, archive: &OsStr, stats: &mut Stats) -> anyhow::Result<Analysis> {
        let parsed = parsed(archive)?;
        stats.done("open, parse");
        Ok(self.judge(archive, parsed, stats).0)
    }

    /// Derives facts, judges, reads the evidence.
    fn judge(&self, archive: &OsStr, parsed: Parsed, stats: &mut Stats) -> (Analysis, Snapshot) {
        let (snapshot, facts) = parsed.facts(&self.told);
        stats.done("facts");
        let mut assessment = self.rules.evaluate(&facts, &self.params);
        assessment.accept(self.told.accepted(), facts.tree.host.taken_unix_s);
        stats.done("rules");
        let origin = origin(archive, &snapshot);
        let view = View::new(&facts, &assessment, &FromArchive(&snapshot), &origin);
        stats.done("evidence");
        (Analysis { view, facts, assessment, origin }, snapshot)
    }
}

fn origin(archive: &OsStr, snapshot: &Snapshot) -> Origin {
    let name = |path: &OsStr| {
        let path = Path::new(path);
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    };
    let header = snapshot.header();
    // Paths of the engineer's machine do not belong into a report that travels.
    let word = |arg: std::ffi::OsString| {
        if arg.as_encoded_bytes().contains(&b'/') {
            name(&arg)
        } else {
            arg.to_string_lossy().into_owned()
        }
    };
    Origin {
        archive: name(archive),
        sha256: snapshot.sha256().map(str::to_owned),
        analyzer_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args_os().map(word).collect(),
        collector_command: header.map(|h| h.argv.clone()).unwrap_or_default(),
        notes: header.map(|h| h.notes.clone().into_iter().collect()).unwrap_or_default(),
    }
}
