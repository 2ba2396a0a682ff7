//! One walk, many readers.

use linsight_archive::Outcome;

use super::*;
use crate::absence::Reason;

const ENV: ParseEnv = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };

fn number(text: &str, _: &ParseEnv) -> Result<u64, ParseError> {
    crate::parse::loadavg::parse(&format!("{text} 0 0 1/2 3")).map(|l| l.last_pid)
}

fn journal(lines: &[(&str, u32, Outcome)]) -> Arc<Journal> {
    let line = |&(path, pass, outcome): &(&str, u32, Outcome)| {
        let mut line = JournalLine::new(path, outcome, 0);
        line.errno = Some(13);
        ((path.to_owned(), pass), line)
    };
    Arc::new(lines.iter().map(line).collect())
}

fn piece<'a>(path: &'a str, pass: u32, content: &'a str) -> Piece<'a> {
    let (mono_us, part) = (u64::from(pass) * 10, Part::WHOLE);
    Piece { path, pass, mono_us, part, content: content.as_bytes() }
}

#[test]
fn readings_are_ordered_by_pass_whatever_the_order_of_the_walk() {
    let mut plan = Plan::default();
    let slot = plan.sampled("a", |text, _| Ok::<_, ParseError>(text.to_owned()));
    plan.settle(ENV, &Arc::default(), true);
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
    let mut plan = Plan::default();
    plan.settle(ENV, &journal, true);
    let reason = |plan: &mut Plan, path: &str, content: Option<&str>| {
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
    let mut plan = Plan::default();
    let key = |k: &str| k.parse::<u32>().ok();
    let all = plan.packed("p", Passes::All, key, |t, _| Ok(Some(t.len())));
    let ends = plan.packed("p", Passes::Ends, key, |t, _| Ok(Some(t.len())));
    plan.settle(ENV, &journal, true);
    for pass in 0..3 {
        let text = "12 3 collected 5\nabc7 0 denied 9\nx 1 collected 1\ny9 2 collected 4\nhi";
        plan.offer(&piece("p", pass, text));
    }
    plan.finish();
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
    let mut plan = Plan::default();
    let slot = plan.packed("p", Passes::All, |k| k.parse::<u32>().ok(), |t, _| Ok(Some(t.len())));
    let texts = ["7 1 collected 5\na", "8 9 collected 5\nab", "9 2 collected 5\nab"];
    plan.settle(ENV, &Arc::default(), true);
    for index in [2, 0, 1] {
        let part = Part { index, of: 3, start: index * 100 };
        plan.offer(&Piece { part, ..piece("p", 0, texts[index]) });
    }
    plan.finish();
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
    let mut plan = Plan::default();
    let slot = plan.packed("p", Passes::All, |k| k.parse::<u32>().ok(), |t, _| Ok(Some(t.len())));
    plan.settle(ENV, &Arc::default(), true);
    plan.offer(&piece("p", 0, "2 1 collected 5\na4 1 collected 5\na"));
    plan.offer(&piece("p", 1, "3 2 collected 5\nab4 2 collected 5\nab"));
    plan.finish();
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
    let mut plan = Plan::default();
    let slot = plan.many("d/", "4", |_, b, _| Ok::<_, ParseError>(b.len()));
    plan.settle(ENV, &journal, true);
    plan.offer(&piece("d/2/tcp4", 0, "abc"));
    plan.offer(&piece("d/2/tcp6", 0, "not wanted"));
    let many = slot.take(&plan);
    assert_eq!(many["2/tcp4"].first(), Ok(&3));
    assert_eq!(many["1/tcp4"].first().unwrap_err().reason, Reason::Denied);
    assert_eq!(many.len(), 2);
}

/// A plan with one reader of each kind, and what they read of pack `p` and file `f`.
struct Three {
    plan: Plan,
    all: Arc<Slot<Pack<u32, usize>>>,
    first: Arc<Slot<Pack<u32, usize>>>,
    ends: Arc<Slot<Pack<u32, usize>>>,
    file: Arc<Slot<usize>>,
}

impl Three {
    fn new() -> Self {
        let mut plan = Plan::default();
        let packed = |plan: &mut Plan, passes| {
            plan.packed("p", passes, |k| k.parse::<u32>().ok(), |t, _| Ok(Some(t.len())))
        };
        let all = packed(&mut plan, Passes::All);
        let first = packed(&mut plan, Passes::First);
        let ends = packed(&mut plan, Passes::Ends);
        let file = plan.sampled("f", |t, _| Ok(t.len()));
        Self { plan, all, first, ends, file }
    }

    fn early(&self, path: &str, pass: u32, content: &str) -> Need {
        let env = HostEnv::USUAL;
        let content = content.as_bytes();
        Early::offer(&self.plan, &EarlyEntry { path, pass, part: 0, env, content })
    }

    fn wants(&self, pass: u32) -> bool {
        self.plan.packs["p"].iter().any(|sink| sink.wants(pass))
    }

    /// Passes and rows of each reader, and passes and sizes of the file.
    fn take(&self) -> String {
        self.plan.finish();
        let rows = |slot: &Arc<Slot<Pack<u32, usize>>>| {
            let sampled = slot.take(&self.plan);
            let read = sampled.good().map(|(r, pack)| (r.pass, r.mono_us, pack.rows.clone()));
            read.collect::<Vec<_>>()
        };
        let file = self.file.take(&self.plan);
        let file: Vec<_> = file.good().map(|(r, size)| (r.pass, *size)).collect();
        format!("{:?} {:?} {:?} {file:?}", rows(&self.all), rows(&self.first), rows(&self.ends))
    }
}

const PASSES: [&str; 4] =
    ["1 1 collected 5\na", "1 2 collected 5\nab", "1 3 collected 5\nabc", "1 4 collected 5\nabcd"];

/// What came of a walk of which `journal` knows everything beforehand.
fn late(journal: &Arc<Journal>) -> String {
    let mut three = Three::new();
    three.plan.settle(ENV, journal, true);
    for (pass, text) in (0..).zip(PASSES) {
        three.plan.offer(&piece("p", pass, text));
        three.plan.offer(&piece("f", pass, text));
    }
    three.take()
}

#[test]
fn what_is_read_early_is_what_would_have_been_read() {
    let lines = [0, 1, 2, 3].map(|pass| ("p", pass, Outcome::Collected));
    let journal = journal(&lines);
    let mut three = Three::new();
    for pass in [2, 0, 3, 1] {
        let need = three.early("p", pass, PASSES[pass as usize]);
        assert_eq!(need, if pass == 0 { Need::No } else { Need::Perhaps });
        assert_eq!(three.early("f", pass, PASSES[pass as usize]), Need::No);
    }
    assert_eq!(three.early("nobody", 0, "asks"), Need::No);
    assert!(three.plan.settle(ENV, &journal, true));
    assert_eq!([0, 1, 2, 3].map(|pass| three.wants(pass)), [false, false, false, true]);
    three.plan.offer(&piece("p", 3, PASSES[3]));
    let read = three.take();
    assert_eq!(read, late(&journal));
    assert!(read.contains("(3, "), "{read}");
}

#[test]
fn what_is_read_early_of_an_odd_archive_is_forgotten() {
    let collected = [0, 1, 2, 3].map(|pass| ("p", pass, Outcome::Collected));
    let mut denied = collected;
    denied[0].2 = Outcome::Denied;
    let other = ParseEnv { page_size_bytes: 65536, ..ENV };
    for (lines, env, regular) in
        [(collected, ENV, false), (collected, other, true), (denied, ENV, true)]
    {
        let journal = journal(&lines);
        let mut three = Three::new();
        for (pass, text) in (0..).zip(PASSES) {
            three.early("p", pass, text);
            three.early("f", pass, text);
        }
        assert!(!three.plan.settle(env, &journal, regular));
        for (pass, text) in (0..).zip(PASSES) {
            three.plan.offer(&piece("p", pass, text));
            three.plan.offer(&piece("f", pass, text));
        }
        assert_eq!(three.take(), late(&journal));
    }
    let mut three = Three::new();
    three.early("p", 0, "1 7 collected 5\ncut");
    assert!(!three.plan.settle(ENV, &journal(&collected), true), "damaged");
}
