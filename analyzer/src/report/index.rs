//! Several archives: one page that leads to their reports and shows which finding is on which
//! host.

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::View;
use super::html::{RenderError, render};
use super::units::counted;
use super::view::card::Card;
use super::view::cell::Badge;

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

#[derive(Clone, Serialize, Default)]
struct Cell {
    badge: Option<Badge>,
    href: Option<String>,
}

/// Renders the page.
///
/// # Errors
/// When a template is at fault.
pub fn index(entries: &[Entry<'_>], failed: &[Failed]) -> Result<String, RenderError> {
    let mut rules: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
    for (column, e) in entries.iter().enumerate() {
        for card in e.view.findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms)) {
            let cells = rules
                .entry(card.rule.clone())
                .or_insert_with(|| vec![Cell::default(); entries.len()]);
            if let Some(cell) = cells.get_mut(column) {
                *cell = Cell { badge: Some(card.badge), href: Some(link(e.file, Some(card))) };
            }
        }
    }
    let hosts = entries.iter().map(host).collect();
    let mut findings: Vec<Finding> =
        rules.into_iter().map(|(rule, cells)| Finding { rule, cells }).collect();
    findings
        .sort_by_key(|f| std::cmp::Reverse(f.cells.iter().filter(|c| c.badge.is_some()).count()));
    let title = format!("linsight: {}", counted(entries.len(), "host"));
    let page = Index { title, hosts, findings, failed };
    render("index.html", context! { i => Serde(&page) })
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
fn link(file: &str, card: Option<&Card>) -> String {
    use std::fmt::Write;
    let mut out = "./".to_owned();
    for b in file.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            write!(out, "%{b:02X}").ok();
        }
    }
    if let Some(card) = card {
        write!(out, "#{}", card.anchor).ok();
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
        assert!(page.contains("linsight: 2 hosts"));
        assert!(page.contains("&lt;b&gt;.tar") && page.contains("no tar"));
    }
}
