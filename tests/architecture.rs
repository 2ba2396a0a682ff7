//! The invariants of the README, held: who may import whom, and what no file may contain.
//!
//! A stage knows only the ones before it. The table below is the whole truth about that; an edge
//! that is not in it fails here, with the file and line that made it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Modules of the analyzer and the modules each may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("absence", &[]),
    ("locator", &[]),
    ("severity", &[]),
    ("input", &["absence", "locator"]),
    ("parse", &[]),
    ("facts", &["absence", "locator", "input", "parse"]),
    ("rules", &["absence", "locator", "severity", "facts"]),
    ("report", &["absence", "locator", "severity", "facts", "rules"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files_below(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    String::from_utf8(std::fs::File::open(path).map(read_all).unwrap()).unwrap()
}

fn read_all(mut file: std::fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
    bytes
}

/// Names behind `crate::` in a line, also in `use crate::{a, b::c}`.
fn named_modules(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let mut names = Vec::new();
    for part in code.split("crate::").skip(1) {
        let list = part.strip_prefix('{').map_or_else(
            || vec![part],
            |group| group.split('}').next().unwrap_or("").split(',').collect(),
        );
        for item in list {
            let name: String =
                item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                names.push(name);
            }
        }
    }
    names
}

#[test]
fn imports_of_the_analyzer_run_one_way() {
    let src = root().join("analyzer/src");
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(m, _)| *m).collect();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for (module, allowed) in ALLOWED {
        let folder = src.join(module);
        let files = if folder.is_dir() {
            files_below(&folder, "rs")
        } else {
            vec![src.join(format!("{module}.rs"))]
        };
        for file in files {
            for (n, line) in text(&file).lines().enumerate() {
                for name in named_modules(line).iter().filter(|n| known.contains(n.as_str())) {
                    edges += 1;
                    if name != module && !allowed.contains(&name.as_str()) {
                        let file = file.strip_prefix(&src).unwrap().display().to_string();
                        wrong.push(format!("{file}:{}: {module} may not know {name}", n + 1));
                    }
                }
            }
        }
    }
    assert!(edges > 10, "the scan sees {edges} imports: it no longer understands the sources");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_analyzer_is_in_the_table() {
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(m, _)| *m).collect();
    for line in text(&root().join("analyzer/src/lib.rs")).lines() {
        if let Some(module) = line.strip_prefix("pub mod ").and_then(|l| l.strip_suffix(';')) {
            assert!(known.contains(module), "module {module} is not in the table of this test");
        }
    }
}

/// Lines of production code (not of tests) in `dir` that contain one of `needles`.
fn offences(dir: &str, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files_below(&root().join(dir), "rs") {
        let source = text(&file);
        let code = source.split("#[cfg(test)]").next().unwrap_or("");
        for (n, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or("");
            if let Some(needle) = needles.iter().find(|needle| line.contains(**needle)) {
                found.push(format!("{}:{}: {needle}", file.display(), n + 1));
            }
        }
    }
    found
}

#[test]
fn the_analyzer_opens_nothing_of_the_live_host() {
    // A path that begins with /proc or /sys in a string of the analyzer would be read where the
    // engineer sits, not on the customer's host. Archive paths have no leading slash.
    let found: Vec<_> = offences("analyzer/src", &["File::open(\"/", "read_dir(\"/", "\"/proc/\""])
        .into_iter()
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn parsers_and_rules_do_no_input_or_output() {
    for dir in ["analyzer/src/parse", "analyzer/src/facts"] {
        let found = offences(dir, &["std::fs", "std::net", "std::process", "SystemTime"]);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn the_archive_crate_touches_no_host() {
    let found = offences("archive/src", &["std::fs", "std::net", "std::process", "SystemTime"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_two_programs_share_only_the_archive() {
    let collector = text(&root().join("collector/Cargo.toml"));
    let analyzer = text(&root().join("analyzer/Cargo.toml"));
    assert!(!collector.lines().any(|l| l.starts_with("linsight ") || l.starts_with("linsight.")));
    assert!(!analyzer.lines().any(|l| l.starts_with("linsight-collect")));
}

#[test]
fn templates_never_switch_escaping_off() {
    let mut seen = 0;
    for extension in ["html", "css", "js"] {
        for file in files_below(&root().join("templates"), extension) {
            let source = text(&file);
            seen += 1;
            for banned in ["|safe", "| safe", "autoescape false", " style=\"", "http://"] {
                assert!(!source.contains(banned), "{} contains {banned}", file.display());
            }
        }
    }
    assert!(seen > 0, "no templates found");
}

#[test]
fn the_scan_of_imports_understands_the_forms_in_use() {
    assert_eq!(named_modules("use crate::facts::Facts;"), ["facts"]);
    assert_eq!(named_modules("use crate::{absence::Absence, locator};"), ["absence", "locator"]);
    assert_eq!(named_modules("let x = crate::rules::check(); // crate::report"), ["rules"]);
}
