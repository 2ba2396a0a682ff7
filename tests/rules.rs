//! The documents of the rules are those of the rules, and what the book teaches has its home.

#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "reads files of the project")]

use std::fs;
use std::path::Path;

use linsight::rules::{RuleSet, docs};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Renewed by one command.
#[test]
fn the_document_is_that_of_the_rules() {
    let stands = fs::read(root().join("docs/rules.md")).unwrap_or_default();
    let made = docs::markdown(&RuleSet::embedded().unwrap()).unwrap();
    assert!(
        String::from_utf8_lossy(&stands) == made,
        "docs/rules.md is not that of the rules; renew it:\n\n    cargo run -p linsight -- rules docs > docs/rules.md\n"
    );
}

#[test]
fn everything_that_the_book_teaches_has_a_home() {
    let partials = fs::read_dir(root().join("templates/partials")).unwrap();
    let report: Vec<String> =
        partials.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let is_section = |name: &str| report.iter().any(|text| text.contains(&format!(">{name}</h2>")));
    assert!(!is_section("Astrology"));
    let lost = docs::homeless(&RuleSet::embedded().unwrap(), is_section).unwrap();
    assert!(lost.is_empty(), "docs/coverage.toml:\n{}", lost.join("\n"));
}
