//! Every command that a finding prints was run: the record of this folder says where, and what it
//! showed; here it is run again, together with its undo, on scratch objects in namespaces of its own.
//!
//! Commands come from the rules as a report prints them, with the values of the rules' own tests. A
//! command that changes falls out of the record, and one without an entry fails here.

#![cfg(test)]
#![allow(
    clippy::disallowed_methods,
    clippy::string_slice,
    unreachable_pub,
    reason = "waits for what it starts; modules of one test"
)]

mod place;
mod printed;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use printed::printed;
use record::{Entry, Place, record};

/// The words that a program says of a flag or a word that it does not know.
const MISUSE: &[&str] = &[
    "invalid option",
    "unrecognized option",
    "unknown option",
    "unknown argument",
    "Unknown argument",
    "syntax error",
    "command not found",
    "Usage:",
    "usage:",
];

#[test]
fn each_command_has_an_entry_and_each_entry_a_command() {
    let printed = printed();
    let record = record();
    let mut wrong = Vec::new();
    for p in &printed.commands {
        let entries = record.iter().filter(|e| e.rule == p.rule && e.command == p.command).count();
        if entries != 1 {
            wrong.push(format!(
                "{entries} entries; run it, and write down where and what it showed:\n\n[[ran]]\nrule = {:?}\ncommand = {:?}",
                p.rule, p.command
            ));
        }
    }
    for entry in &record {
        if !printed.commands.iter().any(|p| p.rule == entry.rule && p.command == entry.command) {
            wrong.push(format!("no finding prints `{}` of {} any more", entry.command, entry.rule));
        }
        if entry.place == Place::Elsewhere && entry.because.is_none() {
            wrong.push(format!("why is `{}` of {} not run here?", entry.command, entry.rule));
        }
    }
    wrong.extend(printed.never.iter().map(|n| format!("no inline test prints {n}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_text_for_a_shell_is_one() {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for p in printed().every {
        texts.insert(p.command);
        texts.extend(p.undo);
    }
    assert!(texts.len() > 100);
    let wrong: Vec<&String> = texts
        .iter()
        .filter(|text| {
            !Command::new("bash").args(["-n", "-c", text]).status().is_ok_and(|s| s.success())
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A command of a rule as run, and what went wrong.
type Outcome = (String, Result<(), String>);

#[test]
fn each_command_does_what_it_says_and_its_undo_undoes_it() {
    if !place::may() {
        println!("SKIPPED: commands of findings: needs root, bash, unshare");
        return;
    }
    let undos: BTreeMap<(String, String), Option<String>> =
        printed().commands.into_iter().map(|p| ((p.rule, p.command), p.undo)).collect();
    let record = record();
    let here: Vec<&Entry> = record.iter().filter(|e| e.place != Place::Elsewhere).collect();
    let (able, unable): (Vec<&Entry>, Vec<&Entry>) =
        here.iter().copied().partition(|e| e.lacking_tools().is_empty());
    for entry in &unable {
        println!("SKIPPED: {}: `{}`: {:?} lacks", entry.rule, entry.command, entry.lacking_tools());
    }
    let lacking = unable.len();
    assert!(lacking == 0 || std::env::var_os("CI").is_none(), "{lacking} for want of tools");
    let outcomes: Vec<Outcome> = in_parallel(&able, |entry| {
        let undo = undos.get(&(entry.rule.clone(), entry.command.clone())).cloned().flatten();
        (format!("{}: {}", entry.rule, entry.command), place::run(entry, undo.as_deref()))
    });
    let wrong: Vec<String> =
        outcomes.into_iter().filter_map(|(of, r)| r.err().map(|e| format!("{of}\n{e}"))).collect();
    println!("{} commands run, {} elsewhere, {lacking} not", able.len(), record.len() - here.len());
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), able.len(), wrong.join("\n\n"));
}

/// What a finding tells to look at afterwards is made of commands, too: each is known, with its
/// options. What it shows depends on the host.
#[test]
fn what_verifies_is_known_with_its_options() {
    if !place::may() {
        println!("SKIPPED: commands that verify: needs root, bash, unshare");
        return;
    }
    let spans: Vec<String> = printed().verify.into_iter().collect();
    let wrong: Vec<String> =
        in_parallel(&spans.iter().collect::<Vec<_>>(), |span| place::look(span))
            .into_iter()
            .flatten()
            .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Most of a command's time is spent waiting.
fn in_parallel<T: Sync, R: Send>(items: &[&T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const AT_ONCE: usize = 16;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for _ in 0..AT_ONCE {
            s.spawn(|| {
                while let Some(item) =
                    items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let result = f(item);
                    done.lock().unwrap().push(result);
                }
            });
        }
    });
    done.into_inner().unwrap()
}
