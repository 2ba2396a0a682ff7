//! All rules as one Markdown document, by chapter, and where each thing that the book teaches has
//! its home.

use std::fmt::Write;

use serde::Deserialize;

use super::chapters;
use super::load::RuleSet;
use super::page::{Block, Page};
use super::rule::Rule;

/// The table of what the book teaches, as it is written.
const COVERAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/coverage.toml"));

/// What the book teaches, and its homes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    row: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    item: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    sections: Vec<String>,
}

/// The document.
///
/// # Errors
/// When the table of what the book teaches cannot be read; always a defect.
pub fn markdown(set: &RuleSet) -> Result<String, toml::de::Error> {
    let coverage: Coverage = toml::from_str(COVERAGE)?;
    let mut out = String::from(
        "# The rules\n\nMade by `linsight rules docs` from the rule files; do not edit. One rule on \
         the terminal: `linsight explain ID`.\n",
    );
    let mut chapters: Vec<u8> = set.rules().iter().map(chapter).collect();
    chapters.sort_unstable();
    chapters.dedup();
    push(&mut out, "\n| chapter | rules |\n|---|---|\n");
    for c in &chapters {
        let ids: Vec<String> = of(set, *c).map(|r| link(&r.id)).collect();
        push(&mut out, &format!("| {c} {} | {} |\n", chapters::title(*c), ids.join(", ")));
    }
    for c in &chapters {
        push(&mut out, &format!("\n## {c}. {}\n", chapters::title(*c)));
        for rule in of(set, *c) {
            page(&mut out, &Page::of(set, rule));
        }
    }
    table(&mut out, set, &coverage);
    Ok(out)
}

fn chapter(rule: &Rule) -> u8 {
    *rule.file.chapter.get_ref()
}

fn of(set: &RuleSet, c: u8) -> impl Iterator<Item = &Rule> {
    set.rules().iter().filter(move |r| chapter(r) == c)
}

/// A string takes every write.
fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

/// The anchor that Markdown gives the heading of a rule.
fn link(id: &str) -> String {
    format!("[`{id}`](#{})", id.replace('.', ""))
}

fn page(out: &mut String, page: &Page) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "\n### {}\n\n{}.\n", page.id, page.summary.trim_end_matches('.'));
    for section in &page.sections {
        let _ = writeln!(out, "**{}**\n", section.title);
        if section.title == "References" {
            let all: Vec<String> = section.blocks.iter().filter_map(reference).collect();
            let _ = writeln!(out, "{}\n", all.join(" · "));
            continue;
        }
        if section.title == "Facts it reads" {
            let all: Vec<String> = section.blocks.iter().filter_map(fact).collect();
            let _ =
                writeln!(out, "{}. What they mean: `linsight facts --schema`.\n", all.join(", "));
            continue;
        }
        for block in &section.blocks {
            print(out, block, 0);
        }
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
    }
}

fn reference(block: &Block) -> Option<String> {
    match block {
        Block::Reference(text, Some(address)) if text != address => {
            Some(format!("[{text}]({address})"))
        }
        Block::Reference(text, _) => Some(text.clone()),
        Block::Text(_) | Block::Code(_) | Block::Entry(..) => None,
    }
}

fn fact(block: &Block) -> Option<String> {
    match block {
        Block::Entry(_, path, _) => Some(format!("`{path}`")),
        Block::Text(_) | Block::Code(_) | Block::Reference(..) => None,
    }
}

fn print(out: &mut String, block: &Block, indent: usize) {
    let pad = " ".repeat(indent);
    match block {
        Block::Text(text) | Block::Reference(text, _) => {
            let _ = writeln!(out, "{pad}{text}\n");
        }
        Block::Code(code) => {
            let _ = writeln!(out, "{pad}```");
            for line in code.lines() {
                let _ = writeln!(out, "{pad}{line}");
            }
            let _ = writeln!(out, "{pad}```\n");
        }
        Block::Entry(word, head, body) => {
            let word = if word.is_empty() { String::new() } else { format!("**{word}** ") };
            let _ = writeln!(out, "{pad}- {word}{head}");
            if !body.is_empty() {
                out.push('\n');
            }
            for part in body {
                print(out, part, indent + 2);
            }
        }
    }
}

fn table(out: &mut String, set: &RuleSet, coverage: &Coverage) {
    push(
        out,
        "\n## What the book teaches, and where it is\n\n| subject | rules | section of the report |\n\
         |---|---|---|\n",
    );
    for row in &coverage.row {
        let home = |id: &String| match set.get(id) {
            Some(_) => link(id),
            None => format!("`{id}`"),
        };
        let rules: Vec<String> = row.rules.iter().map(home).collect();
        let item = row.item.replace('|', "\\|");
        push(out, &format!("| {item} | {} | {} |\n", rules.join(", "), row.sections.join(", ")));
    }
}

/// Rows of the table that lead nowhere: no home, or a rule that does not exist. `is_section` tells
/// the headings of the report.
///
/// # Errors
/// As [`markdown`].
pub fn homeless(
    set: &RuleSet,
    is_section: impl Fn(&str) -> bool,
) -> Result<Vec<String>, toml::de::Error> {
    let coverage: Coverage = toml::from_str(COVERAGE)?;
    let mut lost = Vec::new();
    for row in &coverage.row {
        if row.rules.is_empty() && row.sections.is_empty() {
            lost.push(format!("{}: no home", row.item));
        }
        let unknown = row.sections.iter().filter(|s| !is_section(s));
        lost.extend(unknown.map(|s| format!("the report has no section {s}")));
        let absent = row.rules.iter().filter(|id| set.get(id).is_none());
        lost.extend(absent.map(|id| format!("there is no rule {id}")));
    }
    lost.sort();
    lost.dedup();
    Ok(lost)
}
