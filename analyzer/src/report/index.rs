//! Several archives: one page that leads to their reports and shows which finding is on which
//! host.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::View;
use super::html::{RenderError, render};
use super::units::counted;
use super::view::card::Card;
use super::view::cell::Badge;
use super::view::table::Table;
use crate::severity::Severity;

/// A report on the page.
pub struct Entry<'a> {
    /// The report.
    pub view: &'a View,
    /// File name of the archive.
    pub archive: &'a str,
    /// File name of its report, beside the page.
    pub file: &'a str,
}

/// An archive that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// Its name.
    pub archive: String,
    /// Why.
    pub why: String,
}

#[derive(Serialize)]
struct Index<'a> {
    title: String,
    hosts: Vec<Host>,
    /// Two reports have the name of one host.
    is_repeated: bool,
    findings: Vec<Finding>,
    failed: &'a [Failed],
}

#[derive(Serialize)]
struct Host {
    name: String,
    archive: String,
    href: String,
    taken: String,
    critical: usize,
    warning: usize,
    coverage: String,
    verdict: String,
}

#[derive(Serialize)]
struct Finding {
    rule: String,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    badge: Badge,
    href: String,
}

/// Renders the page.
///
/// # Errors
/// When a template is at fault.
pub fn index(entries: &[Entry<'_>], failed: &[Failed]) -> Result<String, RenderError> {
    let mut worst: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for card in entries.iter().flat_map(|e| cards(e.view)) {
        let (critical, all) = worst.entry(&card.rule).or_default();
        *critical += usize::from(card.badge == Severity::Critical.into());
        *all += 1;
    }
    let mut order: Vec<(&str, (usize, usize))> = worst.into_iter().collect();
    order.sort_by_key(|(_, counts)| std::cmp::Reverse(*counts));
    let findings = order
        .into_iter()
        .map(|(rule, _)| Finding {
            rule: rule.to_owned(),
            cells: entries.iter().map(|e| cell(e, rule)).collect(),
        })
        .collect();
    let names: BTreeSet<&str> = entries.iter().map(|e| e.view.head.host.as_str()).collect();
    let page = Index {
        title: format!("linsight: {}", counted(entries.len(), "report")),
        hosts: entries.iter().map(host).collect(),
        is_repeated: names.len() < entries.len(),
        findings,
        failed,
    };
    render("index.html", context! { i => Serde(&page) })
}

fn cards(view: &View) -> impl Iterator<Item = &Card> {
    view.findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms))
}

/// What a report says of a rule: what was not seen is not what was found in order.
fn cell(e: &Entry<'_>, rule: &str) -> Cell {
    let names = |t: &Table| {
        t.rows.iter().any(|r| r.cells.first().is_some_and(|c| c.note.as_deref() == Some(rule)))
    };
    let at = |badge, anchor: &str| Cell { badge, href: link(e.file, Some(anchor)) };
    if let Some(card) = cards(e.view).find(|c| c.rule == rule) {
        return at(card.badge, &card.anchor);
    }
    if let Some(info) = e.view.infos.iter().find(|i| i.rule == rule) {
        return at(Severity::Info.into(), &info.anchor);
    }
    if e.view.accepted.iter().any(|c| c.rule == rule) {
        return at(Badge { word: "accepted", ..Badge::NOT_APPLICABLE }, "accepted");
    }
    if e.view.coverage.causes.iter().any(|c| names(&c.table)) {
        return at(Badge::UNKNOWN, "coverage");
    }
    if names(&e.view.passed) {
        at(Badge::CLEAR, "passed")
    } else {
        at(Badge::NOT_APPLICABLE, "coverage")
    }
}

fn host(e: &Entry<'_>) -> Host {
    let count =
        |word: &str| e.view.verdict.counts.iter().find(|c| c.badge.word == word).map_or(0, |c| c.n);
    Host {
        name: e.view.head.host.clone(),
        archive: e.archive.to_owned(),
        href: link(e.file, None),
        taken: e.view.head.taken.clone(),
        critical: count("critical"),
        warning: count("warning"),
        coverage: format!("{} of {}", e.view.coverage.assessable, e.view.coverage.applicable),
        verdict: e.view.verdict.sentence.clone(),
    }
}

/// A relative address: it begins with `./`, so no file name can be read as a scheme, and every
/// character outside the unreserved ones is encoded.
fn link(file: &str, anchor: Option<&str>) -> String {
    use std::fmt::Write;
    let mut out = "./".to_owned();
    for b in file.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            write!(out, "%{b:02X}").ok();
        }
    }
    if let Some(anchor) = anchor {
        write!(out, "#{anchor}").ok();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn file_names_are_never_schemes() {
        assert_eq!(link("javascript:alert(1).html", None), "./javascript%3Aalert%281%29.html");
        assert_eq!(link("db-17.html", None), "./db-17.html");
    }

    #[test]
    fn hosts_by_findings() {
        let (a, b) = (sample::broken(), sample::quiet());
        let entries = [
            Entry { view: &a, archive: "a.tar.zst", file: "a.html" },
            Entry { view: &b, archive: "b.tar.zst", file: "b.html" },
        ];
        let page =
            index(&entries, &[Failed { archive: "<b>.tar".to_owned(), why: "no tar".to_owned() }])
                .unwrap();
        assert!(page.contains("href=\"./a.html#f-tcp.ports.exhaustion"), "{page}");
        assert!(page.contains("linsight: 2 reports"));
        assert_eq!(cell(&entries[0], "tcp.ports.exhaustion").badge.word, "critical");
        let told: BTreeSet<&str> = entries
            .iter()
            .flat_map(|e| {
                e.view
                    .coverage
                    .causes
                    .iter()
                    .flat_map(|c| &c.table.rows)
                    .map(move |r| cell(e, r.cells[0].note.as_deref().unwrap()).badge.word)
            })
            .collect();
        assert!(!told.contains("clear"), "what was not seen is not clear: {told:?}");
        assert!(page.contains("&lt;b&gt;.tar") && page.contains("no tar"));
    }
}
