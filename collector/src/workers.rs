//! The parent's side of the worker: hands out requests, waits with a deadline, kills, goes on.
//!
//! The parent itself never waits for a file or for a child, only for its own pipes. What a worker
//! hangs on is journaled as `timed_out` and the next worker begins behind it. A worker that
//! survives SIGKILL (a wait the kernel does not interrupt) is left behind; after three of them the
//! class of sources that causes them is left alone.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::process::Child;

use linsight_archive::Outcome;

use crate::access::Access;
use crate::answer::{Answer, Request, Take};
use crate::class::Class;
use crate::host;
use crate::link::{Event, Link, is_gone};
use crate::proc_stat::{PPID, Stat};
use crate::root::Root;
use crate::stop::{Flow, Stop};
use crate::wire::{self, Asked, Op};
use crate::worker;

/// Children left behind before their class is given up.
const MAX_ABANDONED: u32 = 3;
/// Stalls, killed or left behind, before their class is given up.
const MAX_STALLS: u32 = 8;
/// Bytes of requests that are handed over at once; beyond that the pipe is full.
const OUTBOX: usize = 8 << 10;

#[derive(Debug)]
struct Live {
    link: Link,
    in_flight: VecDeque<usize>,
    next_index: u32,
    answered: u64,
}

/// What became of a worker that was started for one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It did its task.
    Ended,
    /// It hung or fell, and another one may go on.
    Killed,
    /// Too many of its kind could not even be killed.
    GivenUp,
}

/// The workers of a run: one alive at a time, and those that could not be killed.
#[derive(Debug)]
pub(crate) struct Workers {
    root: String,
    stop: Stop,
    live: Option<Live>,
    local: Option<Root>,
    left_behind: Vec<(Child, String)>,
    stalls: [u32; Class::COUNT],
    abandoned: [u32; Class::COUNT],
    stalled_pids: BTreeSet<u32>,
    /// No answers share a write any more.
    one_by_one: bool,
    peak_rss_bytes: u64,
}

impl Workers {
    /// No worker runs before the first request.
    #[must_use]
    pub(crate) fn new(root: &str, stop: Stop) -> Self {
        Self {
            root: root.to_owned(),
            stop,
            live: None,
            local: None,
            left_behind: Vec::new(),
            stalls: [0; Class::COUNT],
            abandoned: [0; Class::COUNT],
            stalled_pids: BTreeSet::new(),
            one_by_one: false,
            peak_rss_bytes: 0,
        }
    }

    /// Process ids of the collector's own tree: this process and its workers.
    #[must_use]
    pub(crate) fn own_pids(&self) -> Vec<u32> {
        let mut pids = vec![std::process::id()];
        pids.extend(self.live.iter().map(|live| live.link.pid()));
        pids.extend(self.left_behind.iter().map(|(child, _)| child.id()));
        pids
    }

    /// What ends the run from outside.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Processes of which a file did not answer.
    pub(crate) fn stalled_pids(&self) -> Vec<u32> {
        self.stalled_pids.iter().copied().collect()
    }

    /// The host's root.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Takes leave of a worker that was started for one task; `unwanted` ends it unasked.
    pub(crate) fn bury(
        &mut self,
        mut link: Link,
        class: Class,
        reading: &str,
        unwanted: bool,
    ) -> Fate {
        self.peak_rss_bytes = self.peak_rss_bytes.max(host::peak_rss_bytes(link.pid()));
        if !unwanted && link.has_succeeded() {
            return Fate::Ended;
        }
        let class = class as usize;
        if let Some(child) = link.kill() {
            self.left_behind.push((child, reading.to_owned()));
            if let Some(n) = self.abandoned.get_mut(class) {
                *n += 1;
            }
        }
        let abandoned = self.abandoned.get(class).copied().unwrap_or(0);
        if abandoned >= MAX_ABANDONED { Fate::GivenUp } else { Fate::Killed }
    }

    /// As [`Workers::own_pids`], in the numbering of the host that is collected: from a container
    /// it is another one, and there the host's own /proc tells who the reader and its parent are.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn pids_on_host(&mut self) -> Flow<Vec<u32>> {
        if self.root == "/" {
            return Ok(self.own_pids());
        }
        let asked = Asked { op: Op::Read, ptrace: false, cap: 4096, path: "proc/self/stat".into() };
        let mut pids = Vec::new();
        self.run(&[Request { asked, class: Class::Safe, pid: None }], &mut |answer| {
            let text = String::from_utf8_lossy(answer.content);
            let own = text.split_ascii_whitespace().next().and_then(|pid| pid.parse().ok());
            let parent = Stat::parse(answer.content).and_then(|stat| stat.number(PPID));
            pids.extend(parent.and_then(|pid| u32::try_from(pid).ok()));
            pids.extend::<Option<u32>>(own);
            Ok(())
        })?;
        Ok(pids)
    }

    /// Answers every request, in order but for those that are skipped at once.
    ///
    /// # Errors
    /// When the run ends early; requests on their way are dropped with their worker.
    pub(crate) fn run(&mut self, requests: &[Request], take: &mut Take<'_>) -> Flow {
        let result = self.drain(requests, take);
        if result.is_err() {
            self.discard("");
        }
        result
    }

    fn drain(&mut self, requests: &[Request], take: &mut Take<'_>) -> Flow {
        let mut todo: VecDeque<usize> = (0..requests.len()).collect();
        let mut answered = 0_u64;
        while !todo.is_empty() || self.live.as_ref().is_some_and(|l| !l.in_flight.is_empty()) {
            self.stop.check()?;
            if let Err(error) = self.fill(requests, &mut todo, take)? {
                self.read_without_worker(requests, &mut todo, &error, take)?;
                continue;
            }
            let Some(live) = self.live.as_mut() else { continue };
            let Some(front) = live.in_flight.front().copied() else { continue };
            let Some(request) = requests.get(front) else { continue };
            let expected = live.in_flight.len();
            match live.link.exchange(expected, request.class.deadline_us(), &self.stop)? {
                Event::Progress => answered += live.deliver(take)?,
                Event::Stalled | Event::Died
                    if !self.one_by_one && request.class == Class::Safe && expected > 1 =>
                {
                    // The answer to this one may have waited for others when it happened.
                    self.one_by_one = true;
                    self.ask_again(front, &mut todo);
                }
                Event::Stalled => {
                    todo.extend_front_of(self.take_in_flight());
                    self.stalled(request, front, take)?;
                }
                Event::Died
                    if answered == 0 && self.live.as_ref().is_some_and(|l| l.answered > 0) =>
                {
                    // It died between two batches: nothing of this one is to blame.
                    self.ask_again(front, &mut todo);
                }
                Event::Died => {
                    todo.extend_front_of(self.take_in_flight());
                    self.discard("");
                    take(&Answer::absent(front, Outcome::Failed, "the worker that read it died"))?;
                }
            }
        }
        Ok(())
    }

    /// Takes leave of the worker and puts what it was asked for, this one included, back.
    fn ask_again(&mut self, front: usize, todo: &mut VecDeque<usize>) {
        todo.extend_front_of(self.take_in_flight());
        todo.push_front(front);
        self.discard("");
    }

    /// Requests on their way but for the first one.
    fn take_in_flight(&mut self) -> VecDeque<usize> {
        let mut rest =
            self.live.as_mut().map(|l| std::mem::take(&mut l.in_flight)).unwrap_or_default();
        rest.pop_front();
        rest
    }

    /// Moves requests into the worker's outbox; the inner error says that there is no worker.
    fn fill(
        &mut self,
        requests: &[Request],
        todo: &mut VecDeque<usize>,
        take: &mut Take<'_>,
    ) -> Flow<io::Result<()>> {
        while let Some(index) = todo.front().copied() {
            let Some(request) = requests.get(index) else { return Ok(Ok(())) };
            if let Some(reason) = self.reason_to_skip(request) {
                todo.pop_front();
                take(&Answer::absent(index, Outcome::Skipped, reason))?;
                continue;
            }
            if self.live.is_none() {
                match self.spawn() {
                    Ok(live) => self.live = Some(live),
                    Err(error) => return Ok(Err(error)),
                }
            }
            let Some(live) = self.live.as_mut() else { break };
            if live.link.outbox.len() >= OUTBOX {
                live.link.send();
            }
            if live.link.outbox.len() >= OUTBOX {
                break;
            }
            todo.pop_front();
            let gathers = !self.one_by_one && request.class == Class::Safe;
            wire::ask(&mut live.link.outbox, &request.asked, gathers);
            live.in_flight.push_back(index);
        }
        if let Some(live) = self.live.as_mut().filter(|live| !live.link.outbox.is_empty()) {
            live.link.send();
        }
        Ok(Ok(()))
    }

    fn reason_to_skip(&self, request: &Request) -> Option<&'static str> {
        let class = request.class as usize;
        let count = |of: &[u32; Class::COUNT]| of.get(class).copied().unwrap_or(0);
        if request.class == Class::Mm
            && request.pid.is_some_and(|pid| self.stalled_pids.contains(&pid))
        {
            return Some("another file of this process did not answer");
        }
        (count(&self.abandoned) >= MAX_ABANDONED || count(&self.stalls) >= MAX_STALLS)
            .then_some("too many files of this kind did not answer")
    }

    fn stalled(&mut self, request: &Request, index: usize, take: &mut Take<'_>) -> Flow {
        let class = request.class as usize;
        if let Some(n) = self.stalls.get_mut(class) {
            *n += 1;
        }
        if let (Class::Mm, Some(pid)) = (request.class, request.pid) {
            self.stalled_pids.insert(pid);
        }
        if !self.discard(&request.asked.path)
            && let Some(n) = self.abandoned.get_mut(class)
        {
            *n += 1;
        }
        take(&Answer {
            us: request.class.deadline_us(),
            ..Answer::absent(index, Outcome::TimedOut, "")
        })
    }

    /// Kills the worker; `false` if it did not die and is left behind.
    fn discard(&mut self, reading: &str) -> bool {
        let Some(live) = self.live.take() else { return true };
        self.peak_rss_bytes = self.peak_rss_bytes.max(host::peak_rss_bytes(live.link.pid()));
        let left = live.link.kill().map(|child| (child, reading.to_owned()));
        let gone = left.is_none();
        self.left_behind.extend(left);
        gone
    }

    fn spawn(&self) -> io::Result<Live> {
        let link = Link::spawn(&[&self.root])?;
        Ok(Live { link, in_flight: VecDeque::new(), next_index: 0, answered: 0 })
    }

    /// Process ids have run out, or memory: the files that wait for nobody are read right here.
    fn read_without_worker(
        &mut self,
        requests: &[Request],
        todo: &mut VecDeque<usize>,
        error: &io::Error,
        take: &mut Take<'_>,
    ) -> Flow {
        let Some(index) = todo.pop_front() else { return Ok(()) };
        let Some(request) = requests.get(index) else { return Ok(()) };
        if self.local.is_none() {
            self.local = Root::open(&self.root, Access::own(host::capabilities())).ok();
        }
        match self.local.as_ref() {
            Some(root)
                if request.class == Class::Safe && root.is_kernel_made(&request.asked.path) =>
            {
                let mut content = Vec::new();
                let head = worker::answer(root, &request.asked, &mut content);
                take(&Answer::received(index, &head, &content))
            }
            _ => {
                let reason = format!("no process could be started to read it: {error}");
                take(&Answer {
                    errno: error.raw_os_error(),
                    ..Answer::absent(index, Outcome::Failed, &reason)
                })
            }
        }
    }

    /// Ends the workers and tells what they cost.
    #[must_use]
    pub(crate) fn finish(&mut self) -> Cost {
        if let Some(live) = self.live.take() {
            self.peak_rss_bytes = self.peak_rss_bytes.max(host::peak_rss_bytes(live.link.pid()));
            self.left_behind.extend(live.link.close().map(|child| (child, String::new())));
        }
        let mut abandoned = Vec::new();
        for (child, reading) in &mut self.left_behind {
            if !is_gone(child) {
                abandoned.push(reading.clone());
            }
        }
        Cost { peak_rss_bytes: self.peak_rss_bytes, abandoned }
    }
}

/// What the workers cost.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    /// Peak resident memory of the largest.
    pub(crate) peak_rss_bytes: u64,
    /// What those that are still alive were reading.
    pub(crate) abandoned: Vec<String>,
}

impl Live {
    /// Hands complete answers over and tells how many there were.
    fn deliver(&mut self, take: &mut Take<'_>) -> Flow<u64> {
        let Self { link, in_flight, next_index, answered } = self;
        let before = *answered;
        link.deliver(|head, body| {
            let Some(index) = in_flight.front().copied() else { return Ok(()) };
            if head.index != *next_index {
                return Ok(());
            }
            in_flight.pop_front();
            *next_index += 1;
            *answered += 1;
            take(&Answer::received(index, head, body))
        })?;
        Ok(*answered - before)
    }
}

trait ExtendFront {
    fn extend_front_of(&mut self, items: VecDeque<usize>);
}

impl ExtendFront for VecDeque<usize> {
    fn extend_front_of(&mut self, items: VecDeque<usize>) {
        for item in items.into_iter().rev() {
            self.push_front(item);
        }
    }
}
