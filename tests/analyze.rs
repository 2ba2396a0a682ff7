//! Archives that the world already has: three sosreports, through the program, with the figures
//! that their own files and tools show.
//!
//! The corpora are large and not part of the sources: where they are not there the tests say so
//! and end, but in CI they fail.

#![cfg(test)]

#[path = "judged.rs"]
mod judged;

use std::path::Path;
use std::process::{Command, Stdio};

use judged::JUDGED;
use serde_json::{Value, json};

/// One corpus and what the program says of it.
struct Corpus {
    path: String,
    facts: Value,
    report: Value,
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the program it tests")]
fn linsight(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linsight"));
    let done = command.args(args).stdin(Stdio::null()).output().expect("the program starts");
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "linsight {args:?}: {error}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

fn corpus(name: &str) -> Option<Corpus> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora").join(name);
    if !path.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", path.display());
        println!("SKIPPED: {} is absent", path.display());
        return None;
    }
    let path = path.display().to_string();
    let read = |text: String| serde_json::from_str(&text).expect("JSON");
    let facts = read(linsight(&["facts", &path]));
    let report = read(linsight(&["analyze", &path, "--format", "json", "-o", "-"]));
    Some(Corpus { path, facts, report })
}

impl Corpus {
    /// A fact that is there.
    fn fact(&self, path: &str) -> &Value {
        let pointer = format!("/{}", path.replace('.', "/"));
        self.facts.pointer(&pointer).unwrap_or_else(|| panic!("{path} is absent"))
    }

    fn kb(&self, path: &str) -> i64 {
        self.fact(path).as_i64().expect("bytes") / 1024
    }

    fn has(&self, path: &str) -> bool {
        self.facts.pointer(&format!("/{}", path.replace('.', "/"))).is_some()
    }

    /// Verdicts of a rule, one a subject.
    fn verdicts(&self, rule: &str) -> Vec<&Value> {
        let checks = self.report["checks"].as_array().expect("checks");
        let check = checks.iter().find(|c| c["rule"] == rule);
        let check = check.unwrap_or_else(|| panic!("no check {rule}"));
        check["subjects"].as_array().expect("subjects").iter().collect()
    }
}

#[test]
fn a_virtual_machine() {
    let Some(c) = corpus("sosreport-vm.tar.xz") else { return };
    assert_eq!(c.report["archive"]["format"], "sosreport");
    assert_eq!(c.report["host"]["kernel_release"], "5.4.0-99-generic");
    assert_eq!(c.report["host"]["taken_unix_s"], 1_644_607_419.0);
    assert_eq!((c.fact("env.kind"), c.fact("cpu.online")), (&json!("vm"), &json!(2)));
    assert_eq!(c.kb("memory.total_bytes"), 4_026_036);
    assert_eq!(c.kb("memory.available_bytes"), 2_775_844);
    assert_eq!(c.fact("memory.swap_total_bytes"), 0);
    let load = ["one", "five", "fifteen"].map(|f| c.fact(&format!("load.{f}")).clone());
    assert_eq!(load, [json!(0.83), json!(0.73), json!(0.76)]);
    let tcp = ["established", "time_wait", "listen"]
        .map(|f| c.fact(&format!("netns.0.tcp.{f}")).as_i64().unwrap());
    assert_eq!(tcp, [141, 76, 10]);
    let again = c.fact("netns.0.tcp.retrans_ratio_since_boot").as_f64().unwrap();
    assert_eq!(format!("{:.4} %", again * 100.0), "0.0244 %");
    // os-release is a link that leads out of the archive.
    assert_eq!(c.fact("host.os_name"), "Ubuntu 20.04.3 LTS");
    // The tables of the kernel name no owners, lsof does.
    let key = "netns.0.port_keys.1";
    assert_eq!(c.fact(&format!("{key}.name")), "10.6.3.201 -> 10.5.0.126:17070");
    assert_eq!(c.fact(&format!("{key}.owners")), &json!(["jujud"]));
}

#[test]
fn full_loop_mounts_are_no_finding() {
    let Some(c) = corpus("sosreport-vm.tar.xz") else { return };
    let df = linsight(&["show", &c.path, "commands/df"]);
    let loops = df.lines().filter(|l| l.starts_with("/dev/loop") && l.contains(" 100% "));
    assert_eq!(loops.count(), 11);
    for finding in c.report["findings"].as_array().unwrap() {
        let text = finding.to_string();
        assert!(!text.contains("/dev/loop") && !text.contains("/snap/"), "{text}");
    }
}

#[test]
fn a_container() {
    let Some(c) = corpus("sosreport-lxc.tar.xz") else { return };
    assert_eq!(c.fact("env.kind"), "container-view");
    assert_eq!(c.fact("env.container_view"), true);
    assert_eq!(c.kb("memory.total_bytes"), 16_393_172);
    assert_eq!(c.fact("netns.0.tcp.established"), 20);
    assert_eq!(c.fact("netns.0.tcp.time_wait"), 105);
    // As netstat counts, which includes one connection of the host to itself.
    let netstat = linsight(&["show", &c.path, "commands/netstat"]);
    assert_eq!(netstat.lines().filter(|l| l.contains(" keepalive (")).count(), 18);
    assert_eq!(c.fact("netns.0.tcp.keepalive_timers"), 18);
    assert_eq!(c.fact("netns.0.tcp.keepalive_on"), 17);
}

#[test]
fn a_partial_collection() {
    let Some(c) = corpus("sosreport-partial.tar.xz") else { return };
    assert_eq!(c.report["host"]["name"], "compute4");
    assert_eq!(c.report["host"]["kernel_release"], "5.4.0-97-generic");
    assert_eq!(c.report["host"]["taken_unix_s"], 1_644_509_957.0);
    assert_eq!(c.kb("memory.total_bytes"), 16_393_164);
    let swap = c.kb("memory.swap_total_bytes");
    assert_eq!((swap - c.kb("memory.swap_free_bytes"), swap), (67_584, 4_194_300));
    assert!(!c.has("memory.identity"), "free alone makes no identity");
    assert_eq!(c.fact("memory.compaction_stalls_since_boot"), 1038);
    assert_eq!(c.fact("memory.compaction_failures_since_boot"), 825);
    assert_eq!(c.fact("nics").as_array().map(Vec::len), Some(24));
    assert!(c.fact("processes.count").as_i64().unwrap() > 100);
}

#[test]
fn sockets_that_were_not_collected_are_not_clear() {
    let Some(c) = corpus("sosreport-partial.tar.xz") else { return };
    assert!(!c.has("netns.0.tcp"));
    for rule in ["tcp.ports.exhaustion", "tcp.keepalive.exceeds-l4-idle-timeout"] {
        for verdict in c.verdicts(rule) {
            assert_eq!(verdict["status"], "not_assessable", "{rule}: {verdict}");
            assert!(!verdict["missing"].as_array().unwrap().is_empty(), "{rule}: {verdict}");
        }
    }
}

#[test]
fn every_finding_was_judged() {
    for (name, judged) in JUDGED {
        let Some(c) = corpus(name) else { return };
        let found = c.report["findings"].as_array().expect("findings");
        let text = |f: &Value, key: &str| f[key].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<String> = found
            .iter()
            .map(|f| {
                let parts = [text(f, "severity"), text(f, "rule"), text(f, "subject")];
                parts.join(" ").trim().to_owned()
            })
            .collect();
        found.sort();
        let judged: Vec<&str> = judged.iter().map(|(finding, _)| *finding).collect();
        assert_eq!(found, judged, "{name}");
    }
}

/// The value at a path of facts; keys of maps may hold dots.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(value);
    }
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    match value {
        Value::Array(items) => at(items.get(key.parse::<usize>().ok()?)?, rest),
        Value::Object(fields) => {
            let ends = path.match_indices('.').map(|(i, _)| i).chain([path.len()]);
            ends.filter_map(|i| path.split_at_checked(i))
                .filter_map(|(key, rest)| Some((fields.get(key)?, rest.trim_start_matches('.'))))
                .find_map(|(v, rest)| at(v, rest))
        }
        _ => None,
    }
}

/// Cells of a page: the path of their fact and what is printed. A path that begins with a dot
/// goes on from that of its row; a cell without one has that of its column.
fn cells(page: &str) -> Vec<(String, String)> {
    let (mut row, mut cells) = (String::new(), Vec::new());
    let (mut columns, mut column): (Vec<Option<String>>, usize) = (Vec::new(), 0);
    for tag in page.split('<').skip(1) {
        let (head, printed) = tag.split_once('>').unwrap_or((tag, ""));
        let named = head.split_once(" data-fact=\"").and_then(|(_, rest)| rest.split_once('"'));
        let named = named.map(|(path, _)| path.to_owned());
        let path = match head.split_whitespace().next() {
            Some("thead") => {
                columns.clear();
                None
            }
            Some("th") => {
                columns.push(named);
                None
            }
            Some("tr") => {
                (row, column) = (named.unwrap_or_default(), 0);
                None
            }
            Some("td") => {
                column += 1;
                let of_column = columns.get(column - 1).cloned().flatten();
                named.or_else(|| of_column.filter(|_| !row.is_empty()))
            }
            Some("dd") => named,
            _ => None,
        };
        if let Some(path) = path {
            let path = if path.starts_with('.') { format!("{row}{path}") } else { path };
            // What is absent stands in an element of its own.
            cells.push((path, printed.trim().to_owned()));
        }
    }
    cells
}

#[test]
fn every_cell_shows_the_fact_that_it_names() {
    for (name, _) in JUDGED {
        let Some(c) = corpus(name) else { return };
        let page = linsight(&["analyze", &c.path, "--format", "html", "-o", "-"]);
        let cells = cells(&page);
        assert!(cells.len() > 300, "{name}: {}", cells.len());
        let mut compared = 0;
        for (path, printed) in &cells {
            let value = at(&c.facts, path);
            // A cell without text of its own holds an element: the sign of an absent value.
            // Thresholds and other findings are no facts; they stand beside them in the reasoning.
            let other = ["params.", "findings."].iter().any(|p| path.starts_with(p));
            if printed.is_empty() || other {
                continue;
            }
            assert!(value.is_some(), "{name}: {path} is printed as {printed} and is absent");
            let plain = printed.replace(',', "").parse::<f64>().ok();
            if let (Some(shown), Some(integer)) = (plain, value.and_then(Value::as_i64)) {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let integer = integer as f64;
                assert!((shown - integer).abs() < 0.5, "{name}: {path} is {integer}, not {shown}");
                compared += 1;
            }
        }
        assert!(compared > 50, "{name}: {compared} numbers compared");
    }
}

#[test]
fn short_forms_stay_short_and_pages_small() {
    for (name, _) in JUDGED {
        let Some(c) = corpus(name) else { return };
        let of = |format: &str| linsight(&["analyze", &c.path, "--format", format, "-o", "-"]);
        let text = of("text");
        assert!(text.lines().count() <= 60, "{name}: {} lines", text.lines().count());
        for line in text.lines() {
            assert!(line.len() <= 78 && line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line}");
        }
        let markdown = of("md");
        assert!(markdown.lines().count() <= 60, "{name}: {}", markdown.lines().count());
        let page = of("html");
        assert!(page.len() < 300_000, "{name}: {} bytes", page.len());
        let summary = linsight(&[
            "analyze",
            &c.path,
            "-o",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/short.html"),
        ]);
        let rows =
            summary.lines().filter(|l| l.starts_with("  ") && !l.starts_with("  and")).count();
        assert!(rows <= 13, "{name}: {summary}");
        assert!(!summary.contains('\u{1b}'), "no colour where there is no terminal");
    }
}
