//! Both programs together: a host is collected, the archive analyzed, and what comes out is read.
//!
//! The collector is found beside the analyzer, where one `cargo` build puts both. Each test takes
//! the machine as it is: what it asserts must hold on any Linux host.

#![cfg(test)]
#![allow(clippy::string_slice, reason = "cuts where it has found something")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use linsight::facts::{self, Facts, Parsed, SiteInputs};
use linsight::input::{Limits, Snapshot, Source};
use serde_json::Value;

fn analyzer() -> &'static str {
    env!("CARGO_BIN_EXE_linsight")
}

fn collector() -> PathBuf {
    let path = Path::new(analyzer()).with_file_name("linsight-collect");
    assert!(path.exists(), "{}: build both programs (cargo test --workspace)", path.display());
    path
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the program it tests")]
fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the analyzer, which must end with status 0, and returns its standard output.
fn linsight(args: &[&str]) -> String {
    let done = run(Command::new(analyzer()).args(args));
    assert!(done.status.success(), "linsight {args:?}: {}", text(&done.stderr));
    text(&done.stdout)
}

fn collect(dir: &Path, name: &str, args: &[&str]) -> String {
    let archive = dir.join(name).display().to_string();
    let done = run(Command::new(collector()).args(["-o", &archive, "--quiet"]).args(args));
    assert!(done.status.success(), "collect {args:?}: {}", text(&done.stderr));
    archive
}

fn facts_of(archive: &str) -> Value {
    serde_json::from_str(&linsight(&["facts", archive])).expect("facts are JSON")
}

#[expect(clippy::disallowed_methods, reason = "a report of a known size")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Facts as they come when sources are parsed while the archive is opened, and as they come when
/// it is opened first.
fn both_ways(archive: &Path) -> [Value; 2] {
    let (source, limits) = (Source::from_arg(archive.as_os_str()), Limits::default());
    let told = SiteInputs::default();
    let (_, early) = Parsed::open(&source, &limits).unwrap().facts(&told);
    let late = facts::build(&Snapshot::open(&source, &limits).unwrap(), &told);
    let shown = |facts: &Facts| {
        let absences: Vec<_> = facts.absences.iter().collect();
        serde_json::json!([facts.value(), absences])
    };
    [shown(&early), shown(&late)]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of a few archives")]
fn sources_parsed_while_the_archive_is_opened_give_the_same_facts() {
    let dir = tempfile::tempdir().unwrap();
    let archive = collect(dir.path(), "e.tar.zst", &["--duration", "3s"]);
    let [early, late] = both_ways(Path::new(&archive));
    assert_eq!(early, late);
    assert!(early[0]["processes"]["count"].as_i64().is_some_and(|n| n > 0), "{}", early[0]);
    // Damaged at each of ten places, and cut short there.
    let whole = std::fs::read(&archive).unwrap();
    let broken = dir.path().join("broken.tar.zst");
    for place in (1..=10).map(|tenth| whole.len() * tenth / 11) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        for bytes in [&bytes[..], &whole[..place]] {
            std::fs::write(&broken, bytes).unwrap();
            if Snapshot::open(&Source::Path(broken.clone()), &Limits::default()).is_ok() {
                let [early, late] = both_ways(&broken);
                assert_eq!(early, late, "at {place} of {}", whole.len());
            }
        }
    }
}

#[test]
fn this_host_is_collected_analyzed_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let archive = collect(dir.path(), "a.tar.zst", &["--duration", "3s"]);
    let html = dir.path().join("a.html");
    linsight(&["analyze", &archive, "-o", html.to_str().unwrap()]);
    let page = read(&html);
    assert!(page.starts_with("<!doctype html>"), "{}", &page[..40]);
    assert!(page.contains("Content-Security-Policy"));
    assert!(page.trim_end().ends_with("</html>"));

    let facts = facts_of(&archive);
    assert_eq!(facts["collection"]["complete"], Value::Bool(true), "{}", facts["collection"]);
    // Four, unless this machine is so busy that one is late.
    let samples = facts["collection"]["samples"].as_i64().unwrap();
    assert!((2..=4).contains(&samples), "{samples} samples in 3 s at 1 s");
    // The same file, read by the standard library on this host: the total does not change.
    let live: i64 = read(Path::new("/proc/meminfo"))
        .lines()
        .find_map(|l| l.strip_prefix("MemTotal:")?.strip_suffix("kB")?.trim().parse().ok())
        .unwrap();
    assert_eq!(facts["memory"]["total_bytes"], live * 1024);
    assert_eq!(linsight(&["show", &archive, "proc/version"]), read(Path::new("/proc/version")));
}

#[test]
fn the_memory_identity_closes_or_names_the_total_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let archive = collect(dir.path(), "a.tar.zst", &["--duration", "2s"]);
    let identity = &facts_of(&archive)["memory"]["identity"];
    let residual = identity["residual_ratio"].as_f64().expect("a residual");
    assert!(
        residual.abs() <= 0.02 || identity["inconsistent"].is_string(),
        "residual {residual}: {identity}"
    );
}

#[test]
fn an_ordinary_user_gets_a_report_that_says_what_lacks() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: needs root to become an ordinary user");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("user.tar.zst").display().to_string();
    // `-o -` because the ordinary user may not write into our directory.
    let done = run(Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(runnable_by_all(dir.path()))
        .args(["-o", "-", "--quiet", "--duration", "2s"]));
    assert!(done.status.success(), "{}", text(&done.stderr));
    std::fs::write(&archive, &done.stdout).unwrap();

    let json: Value =
        serde_json::from_str(&linsight(&["analyze", &archive, "--format", "json", "-o", "-"]))
            .unwrap();
    let facts = facts_of(&archive);
    assert_eq!(facts["collection"]["privileged"], Value::Bool(false));
    assert!(facts["collection"]["sources_denied"].as_i64().unwrap() > 0, "{}", facts["collection"]);
    let report = json.to_string();
    assert!(report.contains("permission denied") || report.contains("denied"), "{report}");
    let told = linsight(&["analyze", &archive, "--format", "text", "-o", "-"]);
    assert!(!told.to_lowercase().contains("healthy"), "{told}");
    assert!(told.contains("uid 65534"), "{told}");
    // What hangs on the kernel's log lacks because that log was denied, not because it was left out.
    assert!(!told.contains("with a current linsight-collect"), "{told}");
}

/// A copy of the collector in a place that every user can reach.
fn runnable_by_all(dir: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    for d in [dir, dir.parent().unwrap()] {
        let mode = std::fs::metadata(d).unwrap().permissions().mode();
        if mode & 0o011 == 0 {
            std::fs::set_permissions(d, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let copy = dir.join("linsight-collect");
    std::fs::copy(collector(), &copy).unwrap();
    copy
}

#[test]
fn a_host_named_like_markup_is_inert() {
    const NAME: &str = "<script>alert(1)</script>";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hostile.tar.zst").display().to_string();
    let header: linsight_archive::Header = serde_json::from_value(serde_json::json!({
        "linsight": 1, "collector_version": NAME, "plan_sha256": NAME, "argv": [NAME],
        "euid": 0, "capabilities": 0, "host_name": NAME, "kernel_release": NAME,
        "machine": NAME, "started_unix_s": 1.7e9, "started_mono_us": 1, "started_boottime_us": 1,
        "page_size_bytes": 4096, "ticks_per_s": 100, "little_endian": true,
        "duration_s": 0.0, "interval_s": 1.0, "root": NAME, "pid": 1, "notes": {"x": NAME},
    }))
    .unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = linsight_archive::Writer::new(file, &header).unwrap();
    for (source, content) in [
        ("proc/sys/kernel/hostname", NAME),
        ("proc/version", NAME),
        ("proc/cmdline", NAME),
        ("proc/meminfo", "MemTotal: <script>alert(1)</script> kB\n"),
        ("etc/os-release", "PRETTY_NAME=\"<script>alert(1)</script>\"\n"),
    ] {
        let line =
            linsight_archive::JournalLine::new(source, linsight_archive::Outcome::Collected, 2);
        writer.put(line, content.as_bytes(), linsight_archive::writer::Cut::Line).unwrap();
    }
    writer.close_frame().unwrap();
    drop(writer);
    let page = linsight(&["analyze", &path, "--format", "html", "-o", "-"]);
    assert!(page.contains("&lt;script&gt;alert(1)"), "the name is not shown at all");
    assert!(!page.contains("<script>alert(1)"), "the name is markup");
    for format in ["md", "text"] {
        let told = linsight(&["analyze", &path, "--format", format, "-o", "-"]);
        assert!(told.contains("alert(1)"), "{told}");
        assert!(format != "md" || !told.contains("<script>"), "{told}");
    }
}

#[test]
fn the_rule_of_the_readme_is_accepted_and_passes_its_tests() {
    let readme = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"));
    let rule = readme.split_once("```toml\n").and_then(|(_, r)| r.split_once("```")).unwrap().0;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("host")).unwrap();
    std::fs::write(dir.path().join("host/uptime-long.toml"), rule).unwrap();
    let rules = dir.path().to_str().unwrap();
    linsight(&["rules", "check", "--rules", rules]);
    let told = linsight(&["rules", "test", "--rules", rules]);
    assert!(told.contains("all pass"), "{told}");
    assert!(linsight(&["rules", "list", "--rules", rules]).contains("host.uptime-long"));
}
