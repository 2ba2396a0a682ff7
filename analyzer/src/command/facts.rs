//! `linsight facts`: what was derived from an archive, where it came from, why it is absent.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, bail};
use linsight::facts::{self, Facts, Parsed};
use linsight::input::{Limits, Source};
use serde_json::{Value, json};

use super::told::Told;
use crate::cli::Io;

/// Arguments of `facts`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Archive, sosreport, directory, or - for standard input
    #[arg(required_unless_present = "schema")]
    archive: Option<OsString>,
    /// Only this part of the tree: memory.identity, netns.0.tcp
    path: Option<String>,
    /// Print the JSON Schema of the tree instead: every fact with its type and meaning
    #[arg(long)]
    schema: bool,
    /// Also print where each fact came from, and why others are absent
    #[arg(long)]
    sources: bool,
    #[command(flatten)]
    told: Told,
}

/// Prints the tree, or a part of it, as JSON.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    if args.schema {
        print(io, &facts::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source::from_arg(args.archive.as_deref().unwrap_or_default());
    let (told, others) = args.told.read()?;
    if let Some((name, _)) = others.first() {
        bail!("--set {name}: facts have no such input; parameters of rules belong to `analyze`");
    }
    let parsed = Parsed::open(&source, &Limits::default())?;
    let (snapshot, facts) = parsed.facts(&told);
    for problem in snapshot.problems() {
        writeln!(io.err, "{source}: {problem}")?;
    }
    let path = args.path.as_deref().unwrap_or_default();
    let value = part(&facts, path)?;
    if args.sources {
        print(
            io,
            &json!({ "facts": value, "sources": sources(&facts, path), "absences": absences(&facts, path) }),
        )?;
    } else {
        print(io, &value)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(io: &mut Io<'_>, value: &Value) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *io.out, value).map_err(std::io::Error::from)?;
    writeln!(io.out)?;
    Ok(())
}

/// The value at `path`; an error that says why when there is none.
fn part(facts: &Facts, path: &str) -> anyhow::Result<Value> {
    let mut value = facts.value();
    for step in path.split('.').filter(|s| !s.is_empty()) {
        let next = match &mut value {
            Value::Object(fields) => fields.remove(step),
            Value::Array(items) => {
                step.parse().ok().and_then(|i: usize| items.get_mut(i)).map(Value::take)
            }
            _ => None,
        };
        value = next.with_context(|| match facts.absences.get(path) {
            Some(absence) => format!("{path} is absent: {absence}"),
            None => format!("{path}: no such fact (--schema lists them all)"),
        })?;
    }
    Ok(value)
}

/// Whether a path of a table speaks about something at or below `part`, or about all of it.
fn concerns(entry: &str, part: &str) -> bool {
    let below = |path: &str, of: &str| {
        of.is_empty() || path.strip_prefix(of).is_some_and(|r| r.is_empty() || r.starts_with('.'))
    };
    below(entry, part) || below(part, entry)
}

fn sources(facts: &Facts, path: &str) -> Value {
    let entries = facts.sources.iter().filter(|(entry, _)| concerns(entry, path));
    entries.map(|(entry, locators)| (entry.to_owned(), json!(locators))).collect()
}

fn absences(facts: &Facts, path: &str) -> Value {
    let entries = facts.absences.iter().filter(|(entry, _)| concerns(entry, path));
    entries.map(|(entry, absence)| (entry.to_owned(), json!(absence))).collect()
}
