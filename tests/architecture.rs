//! The invariants of the README, held: who may import whom, and what no file may contain.
//!
//! A stage knows only the ones before it. The table below is the whole truth about that; an edge
//! that is not in it fails here, with the file and line that made it.

#![cfg(test)]
#![allow(clippy::string_slice, reason = "cuts where it has found something")]

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

/// Modules named behind `crate::`, with their line; also in `use crate::{a, b::{c, d}}` over
/// several lines.
fn named_modules(source: &str) -> Vec<(usize, String)> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        for item in rest.strip_prefix('{').map_or_else(|| vec![rest], outer_items) {
            let name: String =
                item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                names.push((1 + code[..at].matches('\n').count(), name));
            }
        }
    }
    names
}

/// The items of a group, split at commas outside inner braces, up to the closing brace.
fn outer_items(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0_u32, 0, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                items.push(&group[start..i]);
                return items;
            }
            ',' if depth == 0 => {
                items.push(&group[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    items
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
            for (line, name) in named_modules(&text(&file)) {
                if !known.contains(name.as_str()) {
                    continue;
                }
                edges += 1;
                if name != *module && !allowed.contains(&name.as_str()) {
                    let file = file.strip_prefix(&src).unwrap().display().to_string();
                    wrong.push(format!("{file}:{line}: {module} may not know {name}"));
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

/// Modules declared `#[cfg(test)] mod name;`: whole files of tests.
fn test_modules(files: &[PathBuf]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files {
        let source = text(file);
        for (attribute, declaration) in source.lines().zip(source.lines().skip(1)) {
            let declared = declaration.trim().trim_start_matches("pub(crate) ");
            if attribute.trim() == "#[cfg(test)]" {
                names.extend(
                    declared
                        .strip_prefix("mod ")
                        .and_then(|d| d.strip_suffix(';'))
                        .map(str::to_owned),
                );
            }
        }
    }
    names
}

/// Lines of production code (not of tests) in `dir` that contain one of `needles`.
fn offences(dir: &str, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let files = files_below(&root().join(dir), "rs");
    let tests = test_modules(&files);
    for file in files {
        if tests.contains(&file.file_stem().unwrap_or_default().to_string_lossy().into_owned()) {
            continue;
        }
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
fn the_analyzer_opens_files_in_few_places_and_none_of_the_live_host() {
    // Archives, rule files, site files, and the report: what the command line names.
    let places =
        ["src/input/", "src/rules/load.rs", "src/command/"].map(|p| format!("analyzer/{p}"));
    let opens = offences("analyzer/src", &["std::fs", "File::open", "TcpStream", "UdpSocket"]);
    let found: Vec<_> =
        opens.iter().filter(|o| !places.iter().any(|p| o.contains(p.as_str()))).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(!opens.is_empty(), "the scan no longer understands the sources");
    // A path that begins with a slash in a call would be one of the engineer's machine.
    let found = offences("analyzer/src", &["open(\"/", "read_dir(\"/", "metadata(\"/", "new(\"/"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn parsers_and_facts_do_no_input_or_output() {
    for dir in ["analyzer/src/parse", "analyzer/src/facts"] {
        let found =
            offences(dir, &["std::fs", "TcpStream", "UdpSocket", "std::process", "SystemTime"]);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn the_archive_crate_touches_no_host() {
    let found = offences(
        "archive/src",
        &["std::fs", "TcpStream", "UdpSocket", "std::process", "SystemTime"],
    );
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
    let names = |s: &str| named_modules(s).into_iter().map(|(_, n)| n).collect::<Vec<_>>();
    assert_eq!(names("use crate::facts::Facts;"), ["facts"]);
    assert_eq!(names("use crate::{absence::{A, B},\n    locator};"), ["absence", "locator"]);
    assert_eq!(names("let x = crate::rules::check(); // crate::report"), ["rules"]);
    assert_eq!(named_modules("\nuse crate::facts;"), [(2, "facts".to_owned())]);
}
