//! One walk, many readers.

use linsight_archive::Outcome;

use super::*;
use crate::absence::Reason;

const ENV: ParseEnv = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };

fn number(text: &str, _: &ParseEnv) -> Result<u64, ParseError> {
    crate::parse::loadavg::parse(&format!("{text} 0 0 1/2 3")).map(|l| l.last_pid)
}

fn journal(lines: &[(&str, u32, Outcome)]) -> Journal {
    let line = |&(path, pass, outcome): &(&str, u32, Outcome)| {
        let mut line = JournalLine::new(path, outcome, 0);
        line.errno = Some(13);
        ((path.to_owned(), pass), line)
    };
    lines.iter().map(line).collect()
}

fn piece<'a>(path: &'a str, pass: u32, content: &'a str) -> Piece<'a> {
    let (mono_us, part) = (u64::from(pass) * 10, Part::WHOLE);
    Piece { path, pass, mono_us, part, content: content.as_bytes() }
}

#[test]
fn readings_are_ordered_by_pass_whatever_the_order_of_the_walk() {
    let journal = Journal::new();
    let mut plan = Plan::new(ENV, &journal);
    let slot = plan.sampled("a", |text, _| Ok::<_, ParseError>(text.to_owned()));
    plan.offer(&piece("a", 2, "late"));
    plan.offer(&piece("b", 0, "other"));
    plan.offer(&piece("a", 0, "early"));
    let a = slot.take(&plan);
    assert_eq!((a.first().unwrap().as_str(), a.last().unwrap().as_str()), ("early", "late"));
    assert_eq!(a.good().map(|(r, _)| r.mono_us).collect::<Vec<_>>(), [0, 20]);
}

#[test]
fn what_is_absent_says_why() {
    use Outcome::{Collected, Denied, Missing};
    let journal = journal(&[("denied", 0, Denied), ("m", 0, Missing), ("lost", 0, Collected)]);
    let mut plan = Plan::new(ENV, &journal);
    let reason = |plan: &mut Plan<'_>, path: &str, content: Option<&str>| {
        let slot = plan.sampled(path, number);
        if let Some(content) = content {
            plan.offer(&piece(path, 0, content));
        }
        slot.take(plan).first().unwrap_err()
    };
    let denied = reason(&mut plan, "denied", None);
    assert_eq!((denied.reason, denied.detail.as_str()), (Reason::Denied, "EACCES"));
    assert_eq!(reason(&mut plan, "m", None).reason, Reason::Missing);
    assert_eq!(reason(&mut plan, "lost", None).reason, Reason::NotCollected);
    assert_eq!(reason(&mut plan, "never", None).reason, Reason::NotCollected);
    let bad = reason(&mut plan, "bad", Some("x"));
    assert_eq!(bad.reason, Reason::ParseError);
    assert!(bad.detail.contains("`x`"), "{}", bad.detail);
}

#[test]
fn packs_give_rows_and_count_what_was_lost() {
    use Outcome::Collected;
    let journal = journal(&[("p", 0, Collected), ("p", 1, Collected), ("p", 2, Collected)]);
    let mut plan = Plan::new(ENV, &journal);
    let key = |k: &str| k.parse::<u32>().ok();
    let all = plan.packed("p", Passes::All, key, |t, _| Ok(Some(t.len())));
    let ends = plan.packed("p", Passes::Ends, key, |t, _| Ok(Some(t.len())));
    for pass in 0..3 {
        let text = "12 3 collected 5\nabc7 0 denied 9\nx 1 collected 1\ny9 2 collected 4\nhi";
        plan.offer(&piece("p", pass, text));
    }
    let all = all.take(&plan);
    assert_eq!(all.good().count(), 3);
    let pack = all.first().unwrap();
    assert_eq!((pack.get(&9), pack.get(&12), pack.get(&7)), (Some(&2), Some(&3), None));
    assert_eq!(pack.lost[&Reason::Denied], (1, "7".to_owned()));
    let ends = ends.take(&plan);
    let passes: Vec<u32> = ends.good().map(|(r, _)| r.pass).collect();
    assert_eq!((passes, ends.readings.len()), (vec![0, 2], 2), "a pass not asked for is no gap");
}

#[test]
fn parts_of_a_pack_come_in_any_order_and_a_damaged_one_costs_itself() {
    let journal = Journal::new();
    let mut plan = Plan::new(ENV, &journal);
    let slot = plan.packed("p", Passes::All, |k| k.parse::<u32>().ok(), |t, _| Ok(Some(t.len())));
    let texts = ["7 1 collected 5\na", "8 9 collected 5\nab", "9 2 collected 5\nab"];
    for index in [2, 0, 1] {
        let part = Part { index, of: 3, start: index * 100 };
        plan.offer(&Piece { part, ..piece("p", 0, texts[index]) });
    }
    let sampled = slot.take(&plan);
    let pack = sampled.first().unwrap();
    assert_eq!(pack.rows, [(7, 1), (9, 2)]);
    let (lost, first) = &pack.lost[&Reason::ParseError];
    assert_eq!(*lost, 1);
    assert!(first.contains("at byte 100"), "{first}");
    assert_eq!(plan.not_understood().len(), 1);
}

#[test]
fn the_last_record_of_each_key_and_keys_in_order() {
    let journal = Journal::new();
    let mut plan = Plan::new(ENV, &journal);
    let slot = plan.packed("p", Passes::All, |k| k.parse::<u32>().ok(), |t, _| Ok(Some(t.len())));
    plan.offer(&piece("p", 0, "2 1 collected 5\na4 1 collected 5\na"));
    plan.offer(&piece("p", 1, "3 2 collected 5\nab4 2 collected 5\nab"));
    let sampled = slot.take(&plan);
    assert_eq!(sampled.latest().rows, [(2, &1), (3, &2), (4, &2)]);
    let mut of = sampled.first().unwrap().in_order();
    assert_eq!(
        [1, 2, 2, 3, 4, 5].map(|pid| of(&pid)),
        [None, Some(&1), Some(&1), None, Some(&1), None]
    );
}

#[test]
fn a_prefix_gathers_by_path_and_knows_what_is_denied() {
    let journal = journal(&[("d/1/tcp4", 0, Outcome::Denied), ("e", 0, Outcome::Denied)]);
    let mut plan = Plan::new(ENV, &journal);
    let slot = plan.many("d/", "4", |_, b, _| Ok::<_, ParseError>(b.len()));
    plan.offer(&piece("d/2/tcp4", 0, "abc"));
    plan.offer(&piece("d/2/tcp6", 0, "not wanted"));
    let many = slot.take(&plan);
    assert_eq!(many["2/tcp4"].first(), Ok(&3));
    assert_eq!(many["1/tcp4"].first().unwrap_err().reason, Reason::Denied);
    assert_eq!(many.len(), 2);
}
