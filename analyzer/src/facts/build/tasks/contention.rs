//! Who uses the CPUs, and who waits for one: a host whose CPUs are all busy is in trouble when
//! somebody who serves others waits, and does what it was bought for when one job uses them up and
//! only that job waits for itself.
//!
//! What belongs together is told by the control group of a service or container, else by the
//! process group, which a shell gives to each job and a daemon shares with its workers. The CPU time
//! of children that came and went (a compile is made of them) is in the counters of their parents.
//!
//! Who waits is told by the samples: the threads of a process that were running or ready to, less
//! the CPU time that it used. The kernel's own count of the wait (`schedstat`) is exact, but only of
//! the first thread, so it stands for processes that have no other.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::super::inputs::{Inputs, ProcessStat, Task};
use super::super::super::method::num::{from_len, from_u64, len, ratio};
use super::super::super::plan::Pack;
use super::super::super::tasks::{Contention, Job, Server};
use super::super::book::too_few;
use super::super::place::Place;
use super::super::window::{Window, seconds};
use super::super::{Book, processes};
use super::who::Who;

const FACT: &str = "tasks.contention";
const MAX_JOBS: usize = 5;
const MAX_SERVERS: usize = 10;
/// In fewer samples one who waits a tenth of the time is often not seen to.
const MIN_SAMPLES: usize = 15;
/// Processes above each other that are followed.
const MAX_DEPTH: usize = 64;
/// Errors of the count that are taken off where somebody is said to wait.
const ERRORS: f64 = 2.0;

/// What belongs together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    /// A service or container: its control group.
    Service(String),
    /// A process group.
    Group(i64),
}

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    who: &Who<'_>,
    book: &mut Book,
) -> Option<Contention> {
    let threads = &inputs.process.active_threads;
    let samples = window.readings(threads).len();
    let known = if samples < MIN_SAMPLES {
        Err(threads.first().map_or_else(|e| e, |_| too_few(&threads.path, samples, MIN_SAMPLES)))
    } else {
        ends(inputs).ok_or_else(|| too_few(&inputs.process.processes.path, 1, 2))
    };
    let ends = book.known(FACT, known)?;
    let processes = &inputs.process;
    book.sources(
        FACT,
        [&processes.tasks.path, &threads.path, &processes.socket_inodes.path]
            .map(|p| Locator::entry(p.as_str()))
            .to_vec(),
    );
    let sides = Sides { who, ends };
    let (used, all) = sides.used();
    let accepting = sides.accepting();
    let jobs = jobs(&used, all, &accepting);
    let batch = jobs.iter().filter(|job| !job.is_service && job.accepts == Some(false));
    let contention = Contention {
        samples: len(samples),
        batch_cpus: batch.map(|job| job.cpus).sum(),
        servers: sides.servers(inputs, window, &used, all, &accepting),
        jobs: jobs.into_iter().take(MAX_JOBS).collect(),
    };
    say_absences(&contention, inputs, who, book);
    Some(contention)
}

/// Why it is not known of some whether they accept connections.
fn say_absences(contention: &Contention, inputs: &Inputs, who: &Who<'_>, book: &mut Book) {
    let unread = "its descriptors were not read: somebody not found may hold a listening socket";
    let unclear = "its control group was not read, or it holds sockets that may be a server's";
    let source = &inputs.process.socket_inodes.path;
    let lists = [
        ("jobs", contention.jobs.iter().map(|j| (j.pid, j.accepts)).collect::<Vec<_>>()),
        ("servers", contention.servers.iter().map(|s| (s.pid, s.accepts)).collect()),
    ];
    for (list, rows) in lists {
        for (i, (pid, _)) in rows.iter().enumerate().filter(|(_, (_, known))| known.is_none()) {
            let was_read = u32::try_from(*pid).is_ok_and(|pid| who.was_looked_at(pid));
            let (reason, why) =
                if was_read { (Reason::NotCollected, unclear) } else { (Reason::Denied, unread) };
            book.absent(format!("{FACT}.{list}.{i}.accepts"), Absence::of(reason, source, why));
        }
    }
}

type Rows = [(u32, ProcessStat)];

/// Processes at both ends of the collection.
struct Ends<'i> {
    first: &'i Rows,
    last: &'i Rows,
    /// CPU time in ticks that is one CPU for all the time between.
    cpu_ticks: f64,
}

fn ends(inputs: &Inputs) -> Option<Ends<'_>> {
    let packs: Vec<_> = inputs.process.processes.good().collect();
    let [(a, first), .., (b, last)] = packs.as_slice() else { return None };
    let span_s = seconds(b.mono_us.checked_sub(a.mono_us)?);
    let cpu_ticks = span_s * from_u64(inputs.env.ticks_per_s.max(1));
    (span_s > 0.0).then_some(Ends { first: &first.rows, last: &last.rows, cpu_ticks })
}

impl Ends<'_> {
    fn of(rows: &Rows, pid: u32) -> Option<&ProcessStat> {
        let at = rows.binary_search_by_key(&pid, |(pid, _)| *pid).ok()?;
        rows.get(at).map(|(_, p)| p)
    }

    /// A process at the start that is the same at the end.
    fn then(&self, pid: u32, now: &ProcessStat) -> Option<&ProcessStat> {
        Self::of(self.first, pid).filter(|then| then.task.start_ticks == now.task.start_ticks)
    }
}

/// CPUs that a party used, and who of it used most.
#[derive(Clone, Debug, Default)]
struct Used {
    cpus: f64,
    most: f64,
    pid: u32,
    name: String,
}

/// Whether some process of each party accepts connections; `None` where that of one is not known,
/// and no other does.
type Accepting = BTreeMap<Party, Option<bool>>;

struct Sides<'i, 'w> {
    who: &'w Who<'i>,
    ends: Ends<'i>,
}

impl Sides<'_, '_> {
    /// The process that tells where one belongs: itself or, of one that came in the window, so that
    /// its control group was not read, the nearest above it that was there before. The first process
    /// tells nothing: it adopts orphans and starts services.
    fn home(&self, pid: u32, p: &ProcessStat) -> Option<u32> {
        let (mut pid, mut p) = (pid, p);
        for _ in 0..MAX_DEPTH {
            if self.ends.then(pid, p).is_some() {
                return Some(pid);
            }
            (pid, p) = (p.ppid, Ends::of(self.ends.last, p.ppid).filter(|_| p.ppid > 1)?);
        }
        None
    }

    fn party(&self, pid: u32, p: &ProcessStat) -> Party {
        let home = self.home(pid, p).filter(|home| self.who.is_service(*home));
        let group = home.and_then(|home| self.who.cgroup(home));
        group.map_or(Party::Group(p.group), Party::Service)
    }

    /// Whether a process accepts connections. One that came in the window and has no such socket is
    /// as sure to accept none as the one it comes from.
    fn accepts(&self, pid: u32, p: &ProcessStat) -> Option<bool> {
        let home = self.home(pid, p);
        let place = home.and_then(|home| self.who.place(home));
        match home {
            Some(home) if home != pid && !self.who.listens(pid) && !self.who.may_serve(pid) => {
                self.who.accepts(home, place).filter(|accepts| !accepts)
            }
            _ => self.who.accepts(pid, place),
        }
    }

    /// The CPU time of each party, and of all.
    fn used(&self) -> (BTreeMap<Party, Used>, f64) {
        let mut used: BTreeMap<Party, Used> = BTreeMap::new();
        let of_users =
            |(pid, p): &&(u32, ProcessStat)| !p.is_kernel_thread && !self.who.own.contains(pid);
        let whole = |p: &ProcessStat| from_u64(p.task.cpu_ticks) + from_u64(p.reaped_ticks);
        for (pid, p) in self.ends.last.iter().filter(of_users) {
            let before = self.ends.then(*pid, p).map_or(0.0, whole);
            let cpus = (whole(p) - before) / self.ends.cpu_ticks;
            let row = used.entry(self.party(*pid, p)).or_default();
            row.cpus += cpus;
            if row.name.is_empty() || cpus > row.most {
                (row.most, row.pid, row.name) = (cpus, *pid, p.comm.to_string());
            }
        }
        let mut taken_over: BTreeMap<u32, f64> = BTreeMap::new();
        for (pid, gone) in self.ends.first.iter().filter(of_users) {
            let another = |now: &ProcessStat| now.task.start_ticks != gone.task.start_ticks;
            if Ends::of(self.ends.last, *pid).is_none_or(another)
                && let Some(heir) = self.heir(gone)
            {
                *taken_over.entry(heir).or_default() += whole(gone);
            }
        }
        for (heir, ticks) in taken_over {
            let Some(now) = Ends::of(self.ends.last, heir) else { continue };
            let before = self.ends.then(heir, now).map_or(0, |then| then.reaped_ticks);
            // Of children whose end a parent ignores the kernel adds nothing.
            let ticks = ticks.min(from_u64(now.reaped_ticks.saturating_sub(before)));
            if let Some(row) = used.get_mut(&self.party(heir, now)) {
                row.cpus -= ticks / self.ends.cpu_ticks;
            }
        }
        for row in used.values_mut() {
            row.cpus = row.cpus.max(0.0);
        }
        let all = used.values().map(|row| row.cpus).sum();
        (used, all)
    }

    /// Whose counter has the time of one that ended, with all that it had used before: the nearest
    /// above it that is still there took it over from those that ended between.
    fn heir(&self, gone: &ProcessStat) -> Option<u32> {
        let mut above = gone.ppid;
        for _ in 0..MAX_DEPTH {
            let then = Ends::of(self.ends.first, above);
            if let Some(parent) = Ends::of(self.ends.last, above)
                && then.is_none_or(|then| then.task.start_ticks == parent.task.start_ticks)
            {
                return Some(above);
            }
            above = then?.ppid;
        }
        None
    }

    /// That of all parties.
    fn accepting(&self) -> Accepting {
        let mut parties = Accepting::new();
        for (pid, p) in self.ends.last {
            let accepts = self.accepts(*pid, p);
            parties
                .entry(self.party(*pid, p))
                .and_modify(|of| {
                    *of = match (*of, accepts) {
                        (Some(true), _) | (_, Some(true)) => Some(true),
                        (Some(false), Some(false)) => Some(false),
                        _ => None,
                    }
                })
                .or_insert(accepts);
        }
        parties
    }

    /// Whom a process serves others with, and whether that accepts connections: its own party or,
    /// of a child that its listening parent has put into a group of its own, the parent's. The
    /// first process listens for all services, and that of ssh starts sessions, which serve nobody.
    /// One of which it is not known may be one, too.
    fn server(
        &self,
        pid: u32,
        p: &ProcessStat,
        accepting: &Accepting,
    ) -> Option<(Party, Option<bool>)> {
        if self.who.own.contains(&pid) {
            return None;
        }
        let accepts = |party: &Party| accepting.get(party).copied().flatten();
        let own = self.party(pid, p);
        if matches!(own, Party::Service(_)) || accepts(&own) == Some(true) {
            let accepts = accepts(&own);
            return Some((own, accepts));
        }
        let in_session = |pid: u32| self.who.place(pid) == Some(Place::Session);
        if p.ppid > 1
            && self.who.listens(p.ppid)
            && (!in_session(pid) || in_session(p.ppid))
            && let Some(parent) = Ends::of(self.ends.last, p.ppid)
        {
            let party = self.party(p.ppid, parent);
            let accepts = accepts(&party);
            return Some((party, accepts));
        }
        accepts(&own).is_none().then_some((own, None))
    }

    fn servers(
        &self,
        inputs: &Inputs,
        window: &Window,
        used: &BTreeMap<Party, Used>,
        all: f64,
        accepting: &Accepting,
    ) -> Vec<Server> {
        let ready = Ready::of(inputs, window);
        let mut rows: BTreeMap<Party, Server> = BTreeMap::new();
        for (pid, p) in self.ends.last {
            let stayed = self.ends.then(*pid, p).is_some() && !p.is_kernel_thread;
            let wait = if stayed { ready.wait(*pid, p.threads) } else { None };
            let party = wait.and_then(|_| self.server(*pid, p, accepting));
            let (Some(wait), Some((party, accepts))) = (wait, party) else { continue };
            let row = rows.entry(party.clone()).or_default();
            if row.name.is_empty() || wait.mean > row.waiting_mean {
                (row.pid, row.name) = ((*pid).into(), name(&party, &p.comm));
            }
            row.waiting_mean += wait.mean;
            row.waiting_at_least += wait.at_least;
            row.cpus += wait.cpus;
            row.accepts = accepts;
            row.is_service = matches!(party, Party::Service(_));
            let share = used.get(&party).and_then(|used| ratio(used.cpus, all));
            row.share_ratio = share.unwrap_or(0.0);
        }
        let mut rows: Vec<Server> = rows.into_values().collect();
        for row in &mut rows {
            let wanted = row.waiting_mean + row.cpus;
            row.wait_ratio = ratio(row.waiting_mean, wanted).unwrap_or(0.0);
        }
        rows.sort_by(|a, b| b.waiting_mean.total_cmp(&a.waiting_mean).then(a.pid.cmp(&b.pid)));
        rows.truncate(MAX_SERVERS);
        rows
    }
}

/// What used CPUs, the most first.
fn jobs(used: &BTreeMap<Party, Used>, all: f64, accepting: &Accepting) -> Vec<Job> {
    let mut rows: Vec<(&Party, &Used)> = used.iter().filter(|(_, u)| u.cpus > 0.0).collect();
    rows.sort_by(|a, b| b.1.cpus.total_cmp(&a.1.cpus).then(a.0.cmp(b.0)));
    let job = |(party, used): (&Party, &Used)| Job {
        name: name(party, &used.name),
        pid: used.pid.into(),
        cpus: used.cpus,
        share_ratio: ratio(used.cpus, all).unwrap_or(0.0),
        is_service: matches!(party, Party::Service(_)),
        accepts: accepting.get(party).copied().flatten(),
    };
    rows.into_iter().map(job).collect()
}

/// A service by its control group, another by the process that stands for it.
fn name(party: &Party, comm: &str) -> String {
    match party {
        Party::Service(group) => {
            let unit =
                |part: &&str| matches!(part.rsplit_once('.'), Some((_, "service" | "scope")));
            let last = group.rsplit('/').find(unit).or_else(|| group.rsplit('/').next());
            last.unwrap_or(comm).to_owned()
        }
        Party::Group(_) => comm.to_owned(),
    }
}

/// How much a process waited, by mean numbers of its threads.
#[derive(Clone, Copy, Debug)]
struct Wait {
    mean: f64,
    at_least: f64,
    cpus: f64,
}

/// How often threads of each process were seen running or ready, and what they used.
struct Ready<'i> {
    seen: BTreeMap<u32, usize>,
    /// All processes of each sample: of many thousands only the largest are in each.
    samples: Vec<&'i Pack<u32, Task>>,
    used: BTreeMap<u32, f64>,
    /// Of the first thread, as the kernel counts it.
    counted: BTreeMap<u32, f64>,
}

impl<'i> Ready<'i> {
    fn of(inputs: &'i Inputs, window: &Window) -> Self {
        let readings = window.readings(&inputs.process.active_threads);
        let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
        for (_, pack) in readings {
            for ((pid, _), _) in pack.rows.iter().filter(|(_, thread)| !thread.in_d) {
                *seen.entry(*pid).or_default() += 1;
            }
        }
        Self {
            seen,
            samples: window.readings(&inputs.process.tasks).into_iter().map(|(_, p)| p).collect(),
            used: processes::cpu_use(inputs, window),
            counted: processes::cpu_wait(inputs),
        }
    }

    /// `None` where nothing of it was ever seen to want a CPU.
    fn wait(&self, pid: u32, threads: u64) -> Option<Wait> {
        let cpus = self.used.get(&pid).copied().unwrap_or(0.0);
        if let Some(mean) = self.counted.get(&pid).copied().filter(|_| threads == 1) {
            return (mean + cpus > 0.0).then_some(Wait { mean, at_least: mean, cpus });
        }
        let seen = from_len(self.seen.get(&pid).copied().unwrap_or(0));
        if seen + cpus <= 0.0 {
            return None;
        }
        let samples = self.samples.iter().filter(|pack| pack.get(&pid).is_some()).count();
        let samples = from_len(samples.max(1));
        let above = |seen: f64| (seen / samples - cpus).max(0.0);
        Some(Wait { mean: above(seen), at_least: above(seen - ERRORS * seen.sqrt()), cpus })
    }
}

/// Whether a process serves others, as far as is known.
pub(super) fn serves(who: &Who<'_>, pid: u32) -> Option<bool> {
    if who.is_service(pid) {
        return Some(true);
    }
    who.accepts(pid, who.place(pid))
}
