//! Where reports go and in which form: shared by the commands that write them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use linsight::report;
use linsight::severity::Severity;

use super::analysis::Analysis;
use crate::cli::Io;

/// Form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One self-contained page
    Html,
    /// For a ticket: at most 60 lines
    Md,
    /// For programs: versioned
    Json,
    /// For tickets that strip everything: ASCII, 78 columns
    Text,
}

impl Format {
    /// The form that the name of a file asks for.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Md),
            "json" => Some(Self::Json),
            "txt" | "text" => Some(Self::Text),
            _ => None,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Md => "md",
            Self::Json => "json",
            Self::Text => "txt",
        }
    }
}

/// Findings that make the exit status 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Warnings and worse
    Warning,
    /// Critical ones
    Critical,
}

/// When to colour the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to write.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Output {
    /// Report to write; the name's end tells the form (.html .md .json .txt), `-` is standard
    /// output; may be repeated. With several archives: one directory
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Form of the report, where no name tells it; without -o, all but html go to standard output
    #[arg(long, value_name = "FORM")]
    format: Option<Format>,
    /// Exit with 1 if there is a finding of this severity or worse
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Colour the summary
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Print no summary and no notes; errors are printed nevertheless
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// One report to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout(Format),
    File(PathBuf, Format),
}

impl Output {
    /// Where the report of one archive goes.
    pub(crate) fn targets(&self, archive: &str) -> anyhow::Result<Vec<Target>> {
        if self.files.is_empty() {
            return Ok(vec![match self.format {
                None | Some(Format::Html) => {
                    Target::File(PathBuf::from(format!("{}.html", stem(archive))), Format::Html)
                }
                Some(format) => Target::Stdout(format),
            }]);
        }
        self.files.iter().map(|path| self.target(path)).collect()
    }

    fn target(&self, path: &Path) -> anyhow::Result<Target> {
        if path == Path::new("-") {
            return Ok(Target::Stdout(self.format.unwrap_or(Format::Html)));
        }
        match Format::of(path).or(self.format) {
            Some(format) => Ok(Target::File(path.to_owned(), format)),
            None => bail!(
                "-o {}: the name tells no form: end it in .html, .md, .json or .txt, or add --format",
                path.display()
            ),
        }
    }

    /// The directory for the reports of several archives.
    pub(crate) fn directory(&self) -> anyhow::Result<PathBuf> {
        match self.files.as_slice() {
            [] => Ok(PathBuf::from("linsight-reports")),
            [dir] if dir != Path::new("-") && (dir.is_dir() || Format::of(dir).is_none()) => {
                Ok(dir.clone())
            }
            _ => bail!("several archives: -o names one directory, for a report each and an index"),
        }
    }

    /// The form of each report in that directory.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Html)
    }

    /// Prints the summary.
    pub(crate) fn summary(&self, io: &mut Io<'_>, text: &str) -> std::io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        match self.color {
            // Both streams end at standard output; this one keeps the colours.
            Color::Always => io.raw.write_all(text.as_bytes()).and_then(|()| io.raw.flush()),
            Color::Auto => io.out.write_all(text.as_bytes()),
            Color::Never => {
                io.out.write_all(anstream::adapter::strip_str(text).to_string().as_bytes())
            }
        }
    }

    /// 1 if the findings are as bad as `--fail-on` says; accepted ones do not count.
    pub(crate) fn status<'a>(&self, mut all: impl Iterator<Item = &'a Analysis>) -> ExitCode {
        let least = match self.fail_on {
            None => return ExitCode::SUCCESS,
            Some(FailOn::Warning) => Severity::Warning,
            Some(FailOn::Critical) => Severity::Critical,
        };
        if all.any(|a| a.assessment.has_at_least(least)) {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// The name of an archive without its directory and the ends that say how it is packed.
pub(crate) fn stem(archive: &str) -> String {
    let name = Path::new(archive).file_name().and_then(OsStr::to_str).unwrap_or("report");
    let ends = [".tar.zst", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".tar", ".zst"];
    let stem = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    if stem.is_empty() { "report".to_owned() } else { stem.to_owned() }
}

/// Renders.
pub(crate) fn render(a: &Analysis, format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Html => report::html(&a.view)?,
        Format::Md => report::markdown(&a.view),
        Format::Json => {
            report::json(&a.view, &a.facts, &a.assessment, &a.origin).context("write JSON")?
        }
        Format::Text => report::text(&a.view),
    })
}

/// Writes a report, but never over what it is about.
pub(crate) fn write(path: &Path, text: &str, archive: &OsStr) -> anyhow::Result<()> {
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(path, Path::new(archive)) {
        bail!("-o {}: that is the archive", path.display());
    }
    let mut file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("write {}", path.display()))
}

/// The name of a report in a directory, told apart from those before it.
pub(crate) fn name_in(taken: &mut Vec<String>, archive: &str, format: Format) -> String {
    let stem = stem(archive);
    let name = |n: usize| match n {
        0 => format!("{stem}.{}", format.extension()),
        n => format!("{stem}-{}.{}", n + 1, format.extension()),
    };
    let name = (0..=taken.len() + 1)
        .map(name)
        .find(|n| !taken.contains(n) && n != "index.html")
        .unwrap_or_default();
    taken.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(files: &[&str], format: Option<Format>) -> Output {
        Output { files: files.iter().map(PathBuf::from).collect(), format, ..Output::default() }
    }

    #[test]
    fn names_tell_the_form() {
        let file = |p: &str, f| Target::File(PathBuf::from(p), f);
        let targets = |files: &[&str], format| output(files, format).targets("/x/db-17.tar.zst");
        assert_eq!(targets(&[], None).unwrap(), [file("db-17.html", Format::Html)]);
        assert_eq!(targets(&[], Some(Format::Md)).unwrap(), [Target::Stdout(Format::Md)]);
        assert_eq!(targets(&["-"], None).unwrap(), [Target::Stdout(Format::Html)]);
        let both = targets(&["a.md", "b.JSON"], None).unwrap();
        assert_eq!(both, [file("a.md", Format::Md), file("b.JSON", Format::Json)]);
        assert_eq!(targets(&["a.out"], Some(Format::Text)).unwrap(), [file("a.out", Format::Text)]);
        assert!(targets(&["a.out"], None).is_err());
    }

    #[test]
    fn several_archives_need_a_directory() {
        assert_eq!(output(&["out"], None).directory().unwrap(), Path::new("out"));
        assert!(output(&["a", "b"], None).directory().is_err());
        assert!(output(&["a.html"], None).directory().is_err());
        assert!(output(&["-"], None).directory().is_err());
        let mut taken = vec![];
        let names: Vec<String> = ["a/x.tar.zst", "b/x.tar.zst", "index.tar"]
            .iter()
            .map(|a| name_in(&mut taken, a, Format::Html))
            .collect();
        assert_eq!(names, ["x.html", "x-2.html", "index-2.html"]);
    }

    #[test]
    fn the_archive_is_never_overwritten() {
        let archive = tempfile::NamedTempFile::new().unwrap();
        let error = write(archive.path(), "x", archive.path().as_os_str()).unwrap_err();
        assert!(error.to_string().ends_with("that is the archive"), "{error}");
    }

    #[test]
    fn stems() {
        assert_eq!(stem("/a/b/db-17.tar.zst"), "db-17");
        assert_eq!(stem("sosreport-vm.tar.xz"), "sosreport-vm");
        assert_eq!(stem("/a/dir/"), "dir");
        assert_eq!(stem(".tar"), "report");
        assert_eq!(stem("-"), "-");
    }
}
