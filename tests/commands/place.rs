//! Where commands run: namespaces with a scratch process, and files in place of the parameters that
//! belong to the whole host.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::MISUSE;
use crate::record::Entry;

/// What every script has: a process of its own, and the words that make scratch objects.
const PRELUDE: &str = include_str!("prelude.sh");

pub fn may() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let unshare = ["-n", "-m", "-p", "-u", "-i", "--fork", "--mount-proc", "bash", "-c", "true"];
    is_root && Command::new("unshare").args(unshare).status().is_ok_and(|s| s.success())
}

/// Runs a command and its undo; what went wrong with all that was printed.
pub fn run(entry: &Entry, undo: Option<&str>) -> Result<(), String> {
    let command = entry.standing(&entry.command);
    let undo = undo.map(|u| entry.standing(u));
    let set = assignments(&command);
    let back = undo.as_deref().map(assignments).unwrap_or_default();
    let keys: Vec<&str> = set.iter().map(|(key, _)| key.as_str()).collect();
    known(&keys, entry)?;
    let mut script = format!("{PRELUDE}\nparameters {}\n{}\n", keys.join(" "), entry.before);
    script += &lines(&back, "parameter");
    writeln!(script, "ends {} {}", entry.exit, quoted(&command)).unwrap();
    if let Some(shows) = &entry.shows {
        writeln!(script, "shows {}", quoted(shows)).unwrap();
    }
    script += &lines(&set, "holds");
    script += &proves("proves", &entry.proves);
    // An undo in words is not for a shell.
    if let Some(undo) = undo.filter(|_| !entry.undone.is_empty() || !back.is_empty()) {
        writeln!(script, "ends 0 {}", quoted(&undo)).unwrap();
        script += &lines(&back, "holds");
        script += &proves("undone", &entry.undone);
    }
    let (ended, output) = bash(20, &script);
    let misused = MISUSE.iter().find(|m| output.contains(**m));
    match (ended, misused) {
        (Some(0), None) => Ok(()),
        (_, Some(word)) => Err(format!("says `{word}`:\n{output}")),
        (code, None) => Err(format!("ended with {code:?}:\n{output}")),
    }
}

/// A command that verifies: what is wrong with it, if anything.
pub fn look(span: &str) -> Option<String> {
    let short = [(" 1 5", " 1 1"), (" 1 10", " 1 1"), (" 1 30", " 1 2"), ("sleep 60", "sleep 0")];
    let span = short.iter().fold(span.to_owned(), |s, (long, short)| s.replace(long, short));
    let words: Vec<&str> = span.split_whitespace().collect();
    if crate::record::ABSENT.contains(&words[0]) {
        return None;
    }
    let (_, output) = bash(2, &format!("{PRELUDE}\n{span}"));
    let word = MISUSE.iter().find(|m| output.contains(**m))?;
    Some(format!("`{span}` says `{word}`:\n{output}"))
}

/// A parameter is one of this kernel, or the entry says of which.
fn known(keys: &[&str], entry: &Entry) -> Result<(), String> {
    let unknown = keys.iter().find(|key| {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        !Path::new(&path).exists() && !entry.keys.contains_key(**key)
    });
    unknown.map_or(Ok(()), |key| Err(format!("this kernel has no parameter {key}")))
}

/// `key=value` behind `sysctl -w`.
fn assignments(command: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let here = |part: &&str| part.contains("sysctl -w ") && !part.contains("nsenter");
    for part in command.split("&&").filter(here) {
        let (_, words) = part.split_once("sysctl -w ").unwrap();
        let mut rest = words.trim();
        while let Some((key, value)) = rest.split_once('=') {
            let quote = value.starts_with('\'');
            let value = value.trim_start_matches('\'');
            let end = value.find(if quote { '\'' } else { ' ' }).unwrap_or(value.len());
            let key = key.trim().trim_start_matches('\'');
            out.push((key.to_owned(), value[..end].trim_end_matches('\'').to_owned()));
            rest = value[end..].trim_start_matches('\'').trim();
        }
    }
    out
}

fn lines(assignments: &[(String, String)], word: &str) -> String {
    let line = |(key, value): &(String, String)| format!("{word} {key} {}\n", quoted(value));
    assignments.iter().map(line).collect()
}

fn proves(what: &str, script: &str) -> String {
    match script.trim() {
        "" => String::new(),
        script => format!("( set -e\n{script}\n) || fail {what}\n"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn bash(seconds: u32, script: &str) -> (Option<i32>, String) {
    let scratch = tempfile::tempdir().unwrap();
    let unshare = "-n -m -p -u -i --fork --kill-child --mount-proc bash -c".split(' ');
    let mut command = Command::new("timeout");
    command.args(["-k", "1", &seconds.to_string(), "unshare"]).args(unshare);
    command.arg(format!("exec 2>&1\n{script}"));
    command.current_dir(scratch.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}
