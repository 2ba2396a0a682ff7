//! `linsight show ARCHIVE [PATH]`: what is in an archive, and what stands in it at a path.

use std::process::ExitCode;

use anyhow::Context as _;
use linsight::absence::Reason;
use linsight::input::{Limits, Snapshot, Source};

use crate::cli::Io;

/// Exit status: the archive is fine, but does not hold the source (the journal says why).
const ABSENT: u8 = 1;
/// Exit status: the archive does not know the source at all.
const UNKNOWN: u8 = 2;

/// Paths that are proposed when one is not known.
const MAX_HINTS: usize = 8;

/// Show the sources of an archive, or the content of one.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 shown; 1 the source was asked for but is not there, and the journal says why;
2 the archive does not know it, or cannot be read.")]
pub(crate) struct Args {
    /// Archive, sosreport, tar or directory; `-` is standard input
    archive: std::ffi::OsString,
    /// `proc/meminfo`, `proc/1234/status`, `sys/class/net/eth0/speed`, `samples/3/proc/stat`
    path: Option<String>,
}

/// Opens the archive and prints the list or the content.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let snapshot = Snapshot::open(&Source::from_arg(&args.archive), &Limits::default())?;
    for problem in snapshot.problems() {
        writeln!(io.err, "note: {}", visible(problem))?;
    }
    match &args.path {
        None => list(&snapshot, io),
        Some(path) => content(&snapshot, path.trim_start_matches('/'), io),
    }
}

/// One line a source: outcome, bytes, pass, path, and why it is absent.
fn list(snapshot: &Snapshot, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    writeln!(io.out, "{:<10} {:>10} {:>5}  path", "outcome", "bytes", "pass")?;
    for row in snapshot.sources() {
        let (outcome, path) = (row.outcome.as_str(), visible(&row.path));
        write!(io.out, "{outcome:<10} {:>10} {:>5}  {path}", row.bytes, row.pass)?;
        if !row.why.is_empty() {
            write!(io.out, "  ({})", visible(&row.why))?;
        }
        writeln!(io.out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn content(snapshot: &Snapshot, path: &str, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let absence = match snapshot.read(path) {
        Ok(bytes) if io.terminal => {
            let text = String::from_utf8_lossy(&bytes);
            io.out.write_all(visible_lines(&text).as_bytes()).context("write the content")?;
            return Ok(ExitCode::SUCCESS);
        }
        Ok(bytes) => {
            io.raw.write_all(&bytes).and_then(|()| io.raw.flush()).context("write the content")?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(absence) => absence,
    };
    writeln!(io.err, "{}", visible(&absence.to_string()))?;
    if absence.reason != Reason::NotCollected {
        return Ok(ExitCode::from(ABSENT));
    }
    let hints = hints(snapshot, path);
    if !hints.is_empty() {
        writeln!(io.err, "hint: the archive has")?;
        for hint in hints {
            writeln!(io.err, "  {}", visible(&hint))?;
        }
    }
    Ok(ExitCode::from(UNKNOWN))
}

/// Sources whose last step is the one asked for, or that lie in the same directory.
fn hints(snapshot: &Snapshot, path: &str) -> Vec<String> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let rows = snapshot.sources();
    let paths = || rows.iter().filter(|row| row.pass == 0).map(|row| row.path.as_str());
    let same_name = paths().filter(|other| other.rsplit('/').next() == Some(name));
    let beside = paths().filter(|other| {
        let rest = other.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/'));
        !dir.is_empty() && rest.is_some_and(|rest| !rest.contains('/'))
    });
    let mut hints: Vec<String> = Vec::new();
    for hint in same_name.chain(beside) {
        if hints.len() < MAX_HINTS && !hints.iter().any(|known| known == hint) {
            hints.push(hint.to_owned());
        }
    }
    hints
}

/// Control characters made visible, so that no archive writes to the engineer's terminal.
fn visible(text: &str) -> String {
    visible_if(text, |_| false)
}

/// As [`visible`], but lines and tabs stay.
fn visible_lines(text: &str) -> String {
    visible_if(text, |c| matches!(c, '\n' | '\t'))
}

fn visible_if(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if stays(c) => out.push(c),
            '\x7f' => out.push('␡'),
            // The block of control pictures has the order of the control characters.
            c if c < ' ' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            c if c.is_control() || is_bidi(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Marks that change the direction of writing can show a path as another.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use linsight_archive::pack::PackWriter;
    use linsight_archive::writer::Cut;
    use linsight_archive::{JournalLine, Outcome, Writer};

    fn archive() -> tempfile::NamedTempFile {
        let header = serde_json::json!({
            "linsight": 1, "collector_version": "0", "plan_sha256": "", "argv": [], "euid": 0,
            "capabilities": 0, "host_name": "h", "kernel_release": "6", "machine": "x86_64",
            "started_unix_s": 1.0, "started_mono_us": 1, "started_boottime_us": 1,
            "page_size_bytes": 4096, "ticks_per_s": 100, "little_endian": true,
            "duration_s": 1.0, "interval_s": 1.0, "root": "/", "pid": 1,
        });
        let end = serde_json::json!({
            "frames": 0, "sources_collected": 0, "sources_total": 0, "samples": 0,
            "ended_mono_us": 0, "wall_us": 0, "cpu_us": 0, "peak_rss_bytes": 0,
            "peak_child_rss_bytes": 0, "tar_bytes": 0, "masked": 0, "slowest": [],
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut w =
            Writer::new(file.reopen().unwrap(), &serde_json::from_value(header).unwrap()).unwrap();
        let line = |path: &str, outcome| JournalLine::new(path, outcome, 1);
        w.put(line("etc/\u{1b}[2Jx", Outcome::Collected), b"a\x1b[31m\tb\xff\n", Cut::Line)
            .unwrap();
        w.put(line("proc/meminfo", Outcome::Collected), b"MemTotal: 1 kB\n", Cut::Line).unwrap();
        w.note(JournalLine { errno: Some(13), ..line("proc/slabinfo", Outcome::Denied) }).unwrap();
        let mut pack = PackWriter::new("samples/2/packs/proc-pid/stat", 1);
        pack.push(&mut w, "77", Outcome::Collected, 1, b"77 (x) R").unwrap();
        pack.finish(&mut w).unwrap();
        w.finish(serde_json::from_value(end).unwrap()).unwrap();
        file
    }

    /// Status, results (raw ones too), messages.
    fn show(path: Option<&str>, terminal: bool) -> (ExitCode, Vec<u8>, String) {
        let file = archive();
        let args = Args { archive: file.path().into(), path: path.map(str::to_owned) };
        let (mut out, mut raw, mut err) = (Vec::new(), Vec::new(), Vec::new());
        let mut io = Io { out: &mut out, raw: &mut raw, err: &mut err, terminal };
        let code = run(&args, &mut io).unwrap();
        out.extend(raw);
        (code, out, String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_list_tells_outcomes_and_is_inert() {
        let (code, out, _) = show(None, true);
        assert_eq!(code, ExitCode::SUCCESS);
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(
            rows,
            [
                "outcome         bytes  pass  path",
                "collected          10     0  etc/␛[2Jx",
                "collected          25     2  packs/proc-pid/stat",
                "collected          15     0  proc/meminfo",
                "denied              0     0  proc/slabinfo  (Permission denied (os error 13))",
            ]
        );
    }

    #[test]
    fn content_is_raw_in_a_pipe_and_visible_on_a_terminal() {
        let path = Some("etc/\u{1b}[2Jx");
        assert_eq!(show(path, false).1, b"a\x1b[31m\tb\xff\n");
        assert_eq!(show(path, true).1, "a␛[31m\tb\u{fffd}\n".as_bytes());
        let record = show(Some("/samples/2/proc/77/stat"), false);
        assert_eq!((record.0, record.1.as_slice()), (ExitCode::SUCCESS, &b"77 (x) R"[..]));
    }

    #[test]
    fn what_is_absent_has_a_reason_and_a_status() {
        let (code, out, err) = show(Some("proc/slabinfo"), false);
        assert_eq!((code, out.len()), (ExitCode::from(ABSENT), 0));
        assert_eq!(err, "proc/slabinfo: permission denied (Permission denied (os error 13))\n");
        let (code, _, err) = show(Some("meminfo"), false);
        assert_eq!(code, ExitCode::from(UNKNOWN));
        assert!(err.contains("not in the archive") && err.contains("\n  proc/meminfo\n"), "{err}");
    }

    #[test]
    fn marks_that_reverse_text_are_seen() {
        assert_eq!(visible("a\u{202e}b\x7f"), "a\\u{202e}b␡");
    }
}
