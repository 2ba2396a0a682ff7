//! `linsight rules`: the rules there are, whether they are well made, and whether their tests hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use linsight::rules::testing::{self, Tested};
use linsight::rules::{Diagnostic, LoadError, RuleSet, chapters, check, docs};
use linsight::severity::Severity;

use crate::cli::{ERROR, Io};

/// Arguments of `rules`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List all rules with the severities they can have
    List(More),
    /// Check rule files: syntax, facts, types, texts, actions, tests
    Check(More),
    /// Run the tests that stand in rule files
    Test(More),
    /// Print all rules as one Markdown document, by chapter: docs/rules.md
    Docs(More),
}

/// Rules beside those built in.
#[derive(clap::Args)]
pub(crate) struct More {
    /// Also take the rules of this directory
    #[arg(long = "rules", value_name = "DIR")]
    pub(crate) dirs: Vec<PathBuf>,
}

/// Lists, checks or tests.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::List(more) => list(&RuleSet::load(&more.dirs)?, io),
        What::Check(more) => {
            let (rules, wrong) = match RuleSet::compiled(&more.dirs) {
                Ok(set) => (set.rules().len(), check::check(&set)),
                Err(LoadError::Rules(wrong)) => (0, wrong),
                Err(error) => return Err(error.into()),
            };
            report(rules, &wrong, io)
        }
        What::Test(more) => test(&RuleSet::with_tests(&more.dirs)?, io),
        What::Docs(more) => {
            write!(io.out, "{}", docs::markdown(&RuleSet::load(&more.dirs)?)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(set: &RuleSet, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let mut by_chapter: BTreeMap<u8, Vec<_>> = BTreeMap::new();
    for rule in set.rules() {
        by_chapter.entry(*rule.file.chapter.get_ref()).or_default().push(rule);
    }
    let width = set.ids().iter().map(|id| id.len()).max().unwrap_or_default();
    let bold = Style::new().bold();
    for (chapter, rules) in by_chapter {
        writeln!(io.out, "{bold}{chapter:>2}  {}{bold:#}", chapters::title(chapter))?;
        for rule in rules {
            let severities = rule.severities();
            let worst = severities.last().copied().unwrap_or(Severity::Info);
            let style = severity_style(worst);
            let worst = worst.as_str();
            let summary = rule.file.summary.get_ref();
            writeln!(io.out, "    {:width$}  {style}{worst:8}{style:#}  {summary}", rule.id)?;
        }
        writeln!(io.out)?;
    }
    writeln!(io.out, "{} rules. `linsight explain ID` tells all about one.", set.rules().len())?;
    Ok(ExitCode::SUCCESS)
}

/// The colour of a severity; its word stands beside it.
pub(crate) fn severity_style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Info => AnsiColor::Blue,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Critical => AnsiColor::Red,
    };
    color.on_default()
}

fn report(rules: usize, wrong: &[Diagnostic], io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    for diagnostic in wrong {
        writeln!(io.out, "{}\n", diagnostic.render(true))?;
    }
    match wrong.len() {
        0 => writeln!(io.out, "{rules} rules, nothing wrong")?,
        1 => writeln!(io.out, "1 mistake")?,
        n => writeln!(io.out, "{n} mistakes")?,
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(ERROR) })
}

fn test(set: &RuleSet, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let tested = testing::run(set);
    let mut failed = 0_usize;
    for Tested { failure, .. } in &tested {
        if let Some(diagnostic) = failure {
            failed += 1;
            writeln!(io.out, "{}\n", diagnostic.render(true))?;
        }
    }
    let (rules, tests) = (set.rules().len(), tested.len());
    if failed == 0 {
        writeln!(io.out, "{rules} rules, {tests} tests, all pass")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(io.out, "{rules} rules, {tests} tests, {failed} fail")?;
    Ok(ExitCode::from(ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(what: What) -> (String, bool) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut plain = anstream::StripStream::new(&mut out);
        let mut raw = std::io::sink();
        let mut io = Io { out: &mut plain, err: &mut err, raw: &mut raw, terminal: false };
        let code = run(&Args { what }, &mut io).unwrap();
        (String::from_utf8(out).unwrap(), code == ExitCode::SUCCESS)
    }

    fn none() -> More {
        More { dirs: Vec::new() }
    }

    #[test]
    fn built_in_rules_are_well_made_and_their_tests_hold() {
        let (text, well) = shown(What::Check(none()));
        assert!(well && text.ends_with("rules, nothing wrong\n"), "{text}");
        let (text, well) = shown(What::Test(none()));
        assert!(well && text.ends_with("all pass\n"), "{text}");
    }

    #[test]
    fn the_list_names_every_rule() {
        let (text, _) = shown(What::List(none()));
        for id in RuleSet::embedded().unwrap().ids() {
            assert!(text.contains(id), "{id}: {text}");
        }
    }

    #[test]
    fn rules_of_a_directory_are_added_and_refused_when_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("host");
        std::fs::create_dir(&folder).unwrap();
        let rule = "title = 't'\nsummary = 's'\nchapter = 10\nsince = '0.1.0'\n[[outcome]]\nname = 'o'\n\
            severity = 'info'\nevidence = 'config'\nwhen = 'host.uptime_s > 1.0'\nsays = 'x'\n[explain]\n\
            why = 'w'\nverify = 'v'\nwrong_if = 'i'\nreferences = ['uptime(1)']\n[[test]]\nname = 'real'\n\
            files.'proc/uptime' = \"604800.10 1209600.00\\n\"\nexpect = { outcome = 'o' }\n\
            [no_test]\nclear = 'r'\nnot_assessable = 'r'\n";
        std::fs::write(folder.join("up.toml"), rule).unwrap();
        let more = || More { dirs: vec![dir.path().to_owned()] };
        let (text, well) = shown(What::Test(more()));
        assert!(well, "{text}");
        assert!(shown(What::List(more())).0.contains("host.up"));
        std::fs::write(folder.join("up.toml"), rule.replace("uptime_s >", "uptime >")).unwrap();
        let (text, well) = shown(What::Check(more()));
        assert!(!well && text.contains("unknown fact `host.uptime`"), "{text}");
        let refused = RuleSet::load(&more().dirs).unwrap_err().to_string();
        assert!(refused.contains("did you mean `uptime_s`?"), "{refused}");
    }
}
