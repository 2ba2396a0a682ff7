//! Chapter: the kernel's log.
//!
//! The ring buffer forgets, the journal keeps; both tell of the same event. So the best source is
//! taken whole, and the next ones only for the time before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::kernel_event::{Event, KernelLog as Parsed, Kind};
use crate::parse::stamp::Stamp;

use super::super::host::Host;
use super::super::inputs::Inputs;
use super::super::kernel_log::{Events, KINDS, KernelLog, Message, OomKill, OomVictim, Subject};
use super::super::method::num::{from_i64, from_u64, len, signed, to_i64};
use super::super::plan::Sampled;
use super::window::{Window, seconds};
use super::{Archive, Book};

/// Without samples there is no window; what the last minute brought is now.
const NO_WINDOW_S: f64 = 60.0;
const DAY_S: f64 = 86400.0;
/// Two clocks of one event differ by this much at most.
const SAME_S: f64 = 2.0;
/// A log whose first message is this young since boot holds the boot.
const BOOT_US: u64 = 10_000_000;
const MAX_SUBJECTS: usize = 20;
const MAX_KILLS: usize = 50;
const LATEST: usize = 3;

pub(super) fn build(
    inputs: &Inputs,
    archive: &Archive<'_>,
    window: &Window,
    host: &Host,
    book: &mut Book,
) -> KernelLog {
    let sources = sources(inputs);
    let Some(first) = sources.first() else {
        book.absent("kernel_log", absence(inputs));
        return KernelLog::default();
    };
    let to_the_second = inputs.host.uptime.first().is_ok();
    let clock = Clock::of(archive, window, host, &sources, to_the_second);
    let (mut dated, reaches_back_s) = merge(&sources, &clock);
    let mut log = KernelLog {
        messages: Some(signed(first.log.messages)),
        reaches_back_s,
        ..KernelLog::default()
    };
    book.sources("kernel_log", sources.iter().map(|s| Locator::entry(&s.path)).collect());
    book.absent("kernel_log", Absence::new(Reason::NotApplicable, "no such message"));
    let whole = first.log.first.0.is_some_and(|us| us < BOOT_US);
    log.covers_day = reaches_back_s.map(|s| whole || s >= DAY_S).or(whole.then_some(true));
    if log.reaches_back_s.is_none() {
        for fact in ["kernel_log.reaches_back_s", "kernel_log.covers_day"] {
            book.absent(fact, Absence::new(Reason::NotCollected, "the time of the log is unknown"));
        }
    }
    for (kind, name) in KINDS {
        let dated = dated.remove(kind).unwrap_or_default();
        let fact = format!("kernel_log.{name}");
        let latest = dated.events.iter().rev().take(LATEST);
        let lines: Vec<Locator> =
            latest.map(|d| Locator::line(d.path.as_str(), d.event.line)).collect();
        if !lines.is_empty() {
            book.sources(fact, lines);
        }
        if matches!(kind, Kind::OomHost | Kind::OomCgroup) {
            log.oom_kills.extend(dated.events.iter().filter_map(|d| kill(d, &clock)));
        }
        *log.of(*kind) = Some(events(&dated, &clock));
    }
    let age = |k: &OomKill| k.age_s.unwrap_or(f64::MAX);
    log.oom_kills.sort_by(|a, b| age(a).total_cmp(&age(b)));
    log.oom_victims = victims(&log.oom_kills);
    if let Some(paths) = super::cgroups::paths(inputs) {
        gone(&mut log, &paths);
    }
    log.oom_kills.truncate(MAX_KILLS);
    log
}

/// A log that was read.
struct Source<'i> {
    path: String,
    mono_us: u64,
    log: &'i Parsed,
}

/// Logs with messages, best first.
fn sources(inputs: &Inputs) -> Vec<Source<'_>> {
    let logs = &inputs.logs;
    let all = [&logs.kmsg, &logs.dmesg]
        .into_iter()
        .chain(logs.journal_kernel.values())
        .chain(logs.kernel_lines.values())
        .chain([&logs.journal])
        .chain(&logs.syslog);
    let source = |sampled: &'_ Sampled<Parsed>| -> Option<(String, u64)> {
        let (reading, _) = sampled.good().last()?;
        Some((sampled.entry(reading.pass), reading.mono_us))
    };
    all.filter_map(|sampled| {
        let (path, mono_us) = source(sampled)?;
        let log = sampled.last().ok().filter(|log| log.messages > 0)?;
        Some(Source { path, mono_us, log })
    })
    .collect()
}

fn absence(inputs: &Inputs) -> Absence {
    let logs = [&inputs.logs.kmsg, &inputs.logs.dmesg];
    let told = logs.iter().find_map(|s| s.readings.iter().find_map(|r| r.value.as_ref().err()));
    told.cloned().unwrap_or_else(|| inputs.logs.kmsg.absence())
}

/// The moment from which ages count back.
struct Clock {
    boot_us: Option<u64>,
    unix_s: Option<f64>,
    utc_offset_s: Option<i32>,
    window_s: f64,
    /// Whether that window has samples.
    sampled: bool,
}

impl Clock {
    fn of(
        archive: &Archive<'_>,
        window: &Window,
        host: &Host,
        sources: &[Source<'_>],
        to_the_second: bool,
    ) -> Self {
        let utc_offset_s = host.utc_offset_s.and_then(|s| i32::try_from(s).ok());
        let read_us = sources.iter().map(|s| s.mono_us).max().unwrap_or(0);
        let Some(header) = archive.header.filter(|h| read_us >= h.started_mono_us) else {
            // `uptime` tells whole minutes, rounded down: events are at most as old as said here,
            // and none is called one of the last minute that is older.
            let rounded_s = if to_the_second { 0.0 } else { NO_WINDOW_S };
            let up_us = |s: f64| u64::try_from(to_i64((s + rounded_s) * 1e6)).ok();
            let boot_us = host.uptime_s.and_then(up_us);
            let window_s = NO_WINDOW_S;
            let unix_s = host.taken_unix_s;
            return Self { boot_us, unix_s, utc_offset_s, window_s, sampled: false };
        };
        let since_start_s = seconds(read_us.saturating_sub(header.started_mono_us));
        let window_s = if window.samples() < 2 {
            NO_WINDOW_S
        } else {
            seconds(read_us.saturating_sub(window.start_us()))
        };
        Self {
            boot_us: Some(read_us),
            unix_s: Some(header.started_unix_s + since_start_s),
            utc_offset_s,
            window_s,
            sampled: window.samples() >= 2,
        }
    }

    /// Seconds since the first sample, of an event within the window.
    fn at_s(&self, age_s: Option<f64>) -> Option<f64> {
        age_s.filter(|_| self.sampled).map(|age| self.window_s - age).filter(|at| *at >= 0.0)
    }

    fn age_s(&self, at_us: Option<u64>, stamp: Option<Stamp>) -> Option<f64> {
        if let Some(at_us) = at_us {
            return Some((from_u64(self.boot_us?) - from_u64(at_us)).max(0.0) / 1e6);
        }
        let now = self.unix_s?;
        let at = stamp?.unix_s(to_i64(now), self.utc_offset_s)?;
        Some((now - from_i64(at)).max(0.0))
    }
}

/// Events of one kind from all sources, the oldest first.
#[derive(Default)]
struct Dated<'i> {
    events: Vec<DatedEvent<'i>>,
    dropped: u64,
}

struct DatedEvent<'i> {
    event: &'i Event,
    age_s: Option<f64>,
    path: String,
}

/// All of the best source; of the others what is older than it reaches back. With it how far all
/// of them reach back.
fn merge<'i>(sources: &[Source<'i>], clock: &Clock) -> (BTreeMap<Kind, Dated<'i>>, Option<f64>) {
    let mut merged: BTreeMap<Kind, Dated<'i>> = BTreeMap::new();
    let mut reached: Option<f64> = None;
    for (i, source) in sources.iter().enumerate() {
        let begins = clock.age_s(source.log.first.0, source.log.first.1);
        let is_new = |age_s: Option<f64>| {
            i == 0 || age_s.zip(reached).is_some_and(|(age, reached)| age > reached + SAME_S)
        };
        for (kind, events) in &source.log.events {
            let dated = merged.entry(*kind).or_default();
            let all = events.iter().map(|event| DatedEvent {
                event,
                age_s: clock.age_s(event.at_us, event.stamp),
                path: source.path.clone(),
            });
            let mut new: Vec<DatedEvent<'i>> = all.filter(|d| is_new(d.age_s)).collect();
            if new.len() == events.len() {
                let dropped = source.log.dropped.get(kind).copied().unwrap_or(0);
                dated.dropped = dated.dropped.saturating_add(dropped);
            }
            new.append(&mut dated.events);
            dated.events = new;
        }
        let farther = |reached: f64| begins.map_or(reached, |b| b.max(reached));
        reached = if i == 0 { begins } else { reached.map(farther) };
    }
    (merged, reached)
}

fn events(dated: &Dated<'_>, clock: &Clock) -> Events {
    let within = |limit: f64| move |age: &f64| *age <= limit;
    let ages = || dated.events.iter().filter_map(|d| d.age_s);
    Events {
        count: len(dated.events.len()).saturating_add(signed(dated.dropped)),
        in_window: len(ages().filter(within(clock.window_s)).count()),
        in_day: len(ages().filter(within(DAY_S)).count()),
        undated: len(dated.events.iter().filter(|d| d.age_s.is_none()).count()),
        first_age_s: ages().max_by(f64::total_cmp),
        last_age_s: ages().min_by(f64::total_cmp),
        last_unix_s: ages()
            .min_by(f64::total_cmp)
            .zip(clock.unix_s)
            .map(|(age_s, now_s)| now_s - age_s),
        subjects: subjects(dated, clock),
        latest: dated.events.iter().rev().take(LATEST).map(|d| message(d, clock)).collect(),
    }
}

fn message(dated: &DatedEvent<'_>, clock: &Clock) -> Message {
    let text = dated.event.text.to_string();
    Message { text, age_s: dated.age_s, at_s: clock.at_s(dated.age_s) }
}

fn subjects(dated: &Dated<'_>, clock: &Clock) -> Vec<Subject> {
    let mut by_name: BTreeMap<&str, Subject> = BTreeMap::new();
    for d in &dated.events {
        let Some(name) = d.event.subject.as_deref() else { continue };
        let subject = by_name.entry(name).or_default();
        subject.count += 1;
        if let Some(age) = d.age_s {
            subject.in_window += i64::from(age <= clock.window_s);
            subject.in_day += i64::from(age <= DAY_S);
            subject.last_age_s = Some(subject.last_age_s.map_or(age, |last| last.min(age)));
        }
    }
    let named = |(name, subject): (&str, Subject)| Subject { name: name.to_owned(), ..subject };
    let mut subjects: Vec<Subject> = by_name.into_iter().map(named).collect();
    subjects.sort_by_key(|s| std::cmp::Reverse(s.count));
    subjects.truncate(MAX_SUBJECTS);
    subjects
}

fn kill(dated: &DatedEvent<'_>, clock: &Clock) -> Option<OomKill> {
    let kill = dated.event.kill.as_deref()?;
    Some(OomKill {
        pid: kill.pid.into(),
        comm: kill.comm.clone(),
        scope: kill.scope.as_str().to_owned(),
        cgroup: kill.cgroup.clone(),
        anon_bytes: kill.anon_bytes.map(signed),
        shmem_bytes: kill.shmem_bytes.map(signed),
        virtual_bytes: kill.virtual_bytes.map(signed),
        oom_score_adj: kill.oom_score_adj.map(i64::from),
        age_s: dated.age_s,
        in_window: dated.age_s.is_some_and(|age| age <= clock.window_s),
    })
}

/// Kills, the latest first, by command and place.
fn victims(kills: &[OomKill]) -> Vec<OomVictim> {
    let mut victims: Vec<OomVictim> = Vec::new();
    let mut place: BTreeMap<(&str, &str, Option<&str>), usize> = BTreeMap::new();
    for k in kills {
        let key = (k.comm.as_str(), k.scope.as_str(), k.cgroup.as_deref());
        let at = *place.entry(key).or_insert_with(|| {
            victims.push(OomVictim {
                comm: k.comm.clone(),
                scope: k.scope.clone(),
                cgroup: k.cgroup.clone(),
                last_age_s: k.age_s,
                ..OomVictim::default()
            });
            victims.len() - 1
        });
        if let Some(victim) = victims.get_mut(at) {
            victim.count += 1;
            victim.in_window += i64::from(k.in_window);
            victim.in_day += i64::from(k.age_s.is_some_and(|age| age <= DAY_S));
        }
    }
    victims.truncate(MAX_KILLS);
    victims
}

/// Control groups of messages that are no longer there: what happened in them cannot go on.
fn gone(log: &mut KernelLog, paths: &BTreeSet<String>) {
    for victim in &mut log.oom_victims {
        victim.group_gone = victim.cgroup.as_ref().map(|group| !paths.contains(group));
    }
    for subject in log.fork_rejected.iter_mut().flat_map(|events| &mut events.subjects) {
        subject.group_gone = Some(!paths.contains(&subject.name));
    }
}
