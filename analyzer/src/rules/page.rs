//! A rule as a page of a book: what, why, how it decides, what to do, and what would make it wrong.

use serde_json::Value;

use super::chapters;
use super::check;
use super::condition::Condition;
use super::load::RuleSet;
use super::outline::outline;
use super::params::Params;
use super::reference;
use super::rule::{Action, Outcome, Rule};
use super::schema;
use super::words::Evidence;

/// The page of one rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Id of the rule.
    pub id: String,
    /// What it checks.
    pub summary: String,
    /// Chapter and version.
    pub place: String,
    /// The sections that have anything to say.
    pub sections: Vec<Section>,
}

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A paragraph, some code, or an entry of a list.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A condition or a command.
    Code(String),
    /// An entry: its word (a severity, a risk), its head, its body.
    Entry(String, String, Vec<Block>),
    /// A reference and its address, when that is sure.
    Reference(String, Option<String>),
}

impl Page {
    /// The page of a rule of the set.
    #[must_use]
    pub fn of(set: &RuleSet, rule: &Rule) -> Self {
        let params = Params::default().of(rule);
        let text = |t: &str| Block::Text(joined(&outline(t, &params)));
        let e = &rule.file.explain;
        let optional = |t: Option<&super::file::Text>| {
            t.map(|t| text(t.get_ref())).into_iter().collect::<Vec<_>>()
        };
        let refer = |r: &super::file::Text| {
            Block::Reference(r.get_ref().clone(), reference::link(r.get_ref()))
        };
        let references = e.references.iter().map(refer).collect();
        let sections = [
            ("What it is about", optional(e.what.as_ref())),
            ("Why it matters", vec![text(e.why.get_ref())]),
            ("How it decides", decides(rule, &params)),
            ("Thresholds", thresholds(rule)),
            ("Facts it reads", facts(rule)),
            ("What to do", rule.actions.iter().map(|a| action(a, &params)).collect()),
            ("How to see that it is gone", vec![text(e.verify.get_ref())]),
            ("What would make it wrong", vec![text(e.wrong_if.get_ref())]),
            ("Kernel versions", optional(e.kernel.as_ref())),
            ("Findings it is tied to", ties(set, rule)),
            ("References", references),
        ];
        let sections = sections.into_iter().filter(|(_, blocks)| !blocks.is_empty());
        let chapter = *rule.file.chapter.get_ref();
        Self {
            id: rule.id.clone(),
            summary: rule.file.summary.get_ref().clone(),
            place: format!(
                "chapter {chapter}, {} · since {}",
                chapters::title(chapter),
                rule.file.since.get_ref()
            ),
            sections: sections.map(|(title, blocks)| Section { title, blocks }).collect(),
        }
    }
}

/// Lines of a paragraph as one.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn code(condition: &Condition) -> Block {
    const WIDTH: usize = 84;
    let mut lines: Vec<String> = Vec::new();
    for line in condition.text.trim().lines().map(str::trim_end) {
        // A long line breaks before a connective.
        let parts = line.replace(" && ", "\n&& ").replace(" || ", "\n|| ");
        let mut parts = parts.split('\n');
        lines.push(parts.next().unwrap_or_default().to_owned());
        for part in parts {
            match lines.last_mut() {
                Some(last) if last.len() + 1 + part.len() <= WIDTH => {
                    last.push(' ');
                    last.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
        }
    }
    Block::Code(lines.join("\n"))
}

fn decides(rule: &Rule, params: &Value) -> Vec<Block> {
    let mut out = Vec::new();
    let loops: Vec<String> =
        rule.each.iter().map(|e| format!("each {} of {}", e.variable, e.list.join("."))).collect();
    if !loops.is_empty() {
        out.push(Block::Text(format!("Judged for {}.", loops.join(" and "))));
    }
    if let Some(applies) = &rule.applies {
        let body = vec![code(applies)];
        out.push(Block::Entry(String::new(), "Judged only where".to_owned(), body));
    }
    out.extend(rule.outcomes.iter().map(outcome));
    for guard in &rule.guards {
        let says = outline(&guard.says.source, params);
        let body = vec![code(&guard.when), Block::Text(format!("Because {}.", joined(&says)))];
        out.push(if guard.outcomes.is_empty() {
            Block::Entry("clear".to_owned(), "whatever else is true, if".to_owned(), body)
        } else {
            Block::Entry(String::new(), format!("never {}, if", guard.outcomes.join(", ")), body)
        });
    }
    for c in &rule.confidence {
        let because = outline(&c.because.source, params);
        let mut body = vec![code(&c.when), Block::Text(format!("Because {}.", joined(&because)))];
        if !c.outcomes.is_empty() {
            body.push(Block::Text(format!("Concerns only: {}.", c.outcomes.join(", "))));
        }
        let cap = if c.level.as_str() == "low" { ", and so at most info" } else { "" };
        let head = format!("{} confidence{cap}, if", c.level.as_str());
        out.push(Block::Entry(String::new(), head, body));
    }
    for r in &rule.raise {
        let because = outline(&r.because.source, params);
        let mut body = vec![code(&r.when), Block::Text(format!("Because {}.", joined(&because)))];
        if !r.outcomes.is_empty() {
            body.push(Block::Text(format!("Concerns only: {}.", r.outcomes.join(", "))));
        }
        out.push(Block::Entry(String::new(), "one level higher, if".to_owned(), body));
    }
    out.push(Block::Text(
        "Tried from above; the first that is true wins, and if none is, the answer is clear. What \
         depends on a fact that lacks is passed over and named; if nothing else is true, the answer \
         is not assessable."
            .to_owned(),
    ));
    out
}

fn outcome(o: &Outcome) -> Block {
    let evidence = match o.evidence {
        Evidence::Window => "seen in the window, or a state read now",
        Evidence::Day => "an event of the last 24 hours (at most a warning)",
        Evidence::SinceBoot => "counted since boot (at most info)",
        Evidence::Config => "a setting (info, or as severe as the finding it cites)",
    };
    let body = vec![code(&o.when), Block::Text(format!("Evidence: {evidence}."))];
    Block::Entry(o.severity.as_str().to_owned(), o.name.clone(), body)
}

fn thresholds(rule: &Rule) -> Vec<Block> {
    // As they stand in the file: one often speaks of the one before it.
    let mut params: Vec<_> = rule.file.params.iter().collect();
    params.sort_by_key(|(_, p)| p.span().start);
    let mut out: Vec<Block> = params
        .iter()
        .map(|(name, p)| {
            let p = p.get_ref();
            let head = format!("{name} = {}", super::params::json(&p.default));
            let body = vec![
                Block::Text(format!("{}.", upper(&p.help))),
                Block::Text(format!("Reason: {}.", p.source)),
            ];
            Block::Entry(String::new(), head, body)
        })
        .collect();
    if let Some((name, _)) = params.first() {
        let example = format!("Set another with --set {}.{name}=VALUE.", rule.id);
        out.push(Block::Text(example));
    }
    out
}

/// A sentence begins large, unless with the name of something.
fn upper(text: &str) -> String {
    if text.split(' ').next().is_some_and(|word| word.contains('_')) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn facts(rule: &Rule) -> Vec<Block> {
    let paths = check::facts_of(rule);
    paths
        .into_iter()
        .map(|path| {
            let doc = schema::doc(&path).unwrap_or_default();
            let doc = joined(&doc);
            let body = if doc.is_empty() { Vec::new() } else { vec![Block::Text(doc)] };
            Block::Entry(String::new(), path, body)
        })
        .collect()
}

fn action(a: &Action, params: &Value) -> Block {
    let text = |t: &super::text::Template| joined(&outline(&t.source, params));
    let mut body = Vec::new();
    body.extend(a.command.as_ref().map(|c| Block::Code(outline(&c.source, params))));
    if !a.outcomes.is_empty() {
        body.push(Block::Text(format!("For: {}.", a.outcomes.join(", "))));
    }
    if let Some(when) = &a.when {
        body.push(Block::Text("Only if".to_owned()));
        body.push(code(when));
    }
    body.extend(a.risk_because.as_ref().map(|r| Block::Text(format!("Risk: {}.", text(r)))));
    match &a.undo {
        Some(undo) if a.command.is_some() => {
            body.push(Block::Text("Undo:".to_owned()));
            body.push(Block::Code(outline(&undo.source, params)));
        }
        Some(undo) => body.push(Block::Text(format!("Undo: {}.", text(undo)))),
        None => {}
    }
    body.extend(a.persist.as_ref().map(|p| Block::Text(format!("Over a reboot: {}.", text(p)))));
    Block::Entry(format!("risk {}", a.risk), text(&a.says), body)
}

fn ties(set: &RuleSet, rule: &Rule) -> Vec<Block> {
    let mut out = Vec::new();
    let mut line = |what: &str, ids: Vec<&str>| {
        if !ids.is_empty() {
            out.push(Block::Text(format!("{what} {}.", ids.join(", "))));
        }
    };
    let explained = |r: &&Rule| r.file.explains.iter().any(|e| *e.get_ref() == rule.id);
    let reads = |r: &&Rule| r.reads_findings.contains(&rule.id);
    line("Explains", rule.file.explains.iter().map(|e| e.get_ref().as_str()).collect());
    line("Is explained by", set.rules().iter().filter(explained).map(|r| r.id.as_str()).collect());
    line("Reads", rule.reads_findings.iter().map(String::as_str).collect());
    line("Is read by", set.rules().iter().filter(reads).map(|r| r.id.as_str()).collect());
    out
}
