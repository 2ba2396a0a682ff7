//! The parent's side of the worker: hands out requests, waits with a deadline, kills, goes on.
//!
//! The parent itself never waits for a file or for a child, only for its own pipes. What a worker
//! hangs on is journaled as `timed_out` and the next worker begins behind it. A worker that
//! survives SIGKILL (a wait the kernel does not interrupt) is left behind; after three of them the
//! class of sources that causes them is left alone.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use linsight_archive::Outcome;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::access::Access;
use crate::class::Class;
use crate::clock;
use crate::host;
use crate::root::Root;
use crate::stop::{Flow, Stop};
use crate::wire::{self, Asked, Head};
use crate::worker;

/// Children left behind before their class is given up.
const MAX_ABANDONED: u32 = 3;
/// Stalls, killed or left behind, before their class is given up.
const MAX_STALLS: u32 = 8;
/// How long a killed child may take to go.
const GRACE_US: u64 = 200_000;
/// Bytes of requests on their way at once; any pipe holds one page.
const OUTBOX: usize = 4096;

/// What the parent wants read.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request itself.
    pub asked: Asked,
    /// How it may hang.
    pub class: Class,
    /// The process whose locks it may wait for.
    pub pid: Option<u32>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Position of the request in its batch.
    pub index: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// Error number, if there was one.
    pub errno: Option<i32>,
    /// Why, where outcome and error number do not tell.
    pub reason: Option<&'a str>,
    /// How long it took.
    pub us: u64,
    /// When it began.
    pub mono_us: u64,
    /// The content.
    pub content: &'a [u8],
}

/// Where answers go.
pub type Take<'a> = dyn FnMut(&Answer<'_>) -> Flow + 'a;

#[derive(Debug)]
struct Live {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    _stderr: io::PipeReader,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    in_flight: VecDeque<usize>,
    next_index: u32,
    answered: u64,
}

enum Event {
    Progress,
    Stalled,
    Died,
}

/// The workers of a run: one alive at a time, and those that could not be killed.
#[derive(Debug)]
pub struct Workers {
    root: String,
    stop: Stop,
    live: Option<Live>,
    local: Option<Root>,
    left_behind: Vec<(Child, String)>,
    stalls: [u32; Class::COUNT],
    abandoned: [u32; Class::COUNT],
    stalled_pids: BTreeSet<u32>,
    peak_rss_bytes: u64,
}

impl Workers {
    /// No worker runs before the first request.
    #[must_use]
    pub fn new(root: &str, stop: Stop) -> Self {
        Self {
            root: root.to_owned(),
            stop,
            live: None,
            local: None,
            left_behind: Vec::new(),
            stalls: [0; Class::COUNT],
            abandoned: [0; Class::COUNT],
            stalled_pids: BTreeSet::new(),
            peak_rss_bytes: 0,
        }
    }

    /// Process ids of the collector's own tree: this process and its workers.
    #[must_use]
    pub fn own_pids(&self) -> Vec<u32> {
        let mut pids = vec![std::process::id()];
        pids.extend(self.live.iter().map(|live| live.child.id()));
        pids.extend(self.left_behind.iter().map(|(child, _)| child.id()));
        pids
    }

    /// `Err` once a signal asks the run to end.
    ///
    /// # Errors
    /// The signal as the reason.
    pub fn check(&self) -> Flow {
        self.stop.check()
    }

    /// Answers every request, in order but for those that are skipped at once.
    ///
    /// # Errors
    /// When the run ends early; requests on their way are dropped with their worker.
    pub fn run(&mut self, requests: &[Request], take: &mut Take<'_>) -> Flow {
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
            match live.exchange(request.class.deadline_us(), &self.stop)? {
                Event::Progress => answered += live.deliver(take)?,
                Event::Stalled => {
                    todo.extend_front_of(self.take_in_flight());
                    self.stalled(request, front, take)?;
                }
                Event::Died if answered == 0 && self.live.as_ref().is_some_and(|l| l.answered > 0) => {
                    // It died between two batches: nothing of this one is to blame.
                    let mut again = self.take_in_flight();
                    again.push_front(front);
                    todo.extend_front_of(again);
                    self.discard("");
                }
                Event::Died => {
                    todo.extend_front_of(self.take_in_flight());
                    self.discard("");
                    take(&absent(front, Outcome::Failed, "the worker that read it died"))?;
                }
            }
        }
        Ok(())
    }

    /// Requests on their way but for the first one.
    fn take_in_flight(&mut self) -> VecDeque<usize> {
        let mut rest = self.live.as_mut().map(|l| std::mem::take(&mut l.in_flight)).unwrap_or_default();
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
                take(&absent(index, Outcome::Skipped, reason))?;
                continue;
            }
            if self.live.is_none() {
                match self.spawn() {
                    Ok(live) => self.live = Some(live),
                    Err(error) => return Ok(Err(error)),
                }
            }
            let Some(live) = self.live.as_mut() else { break };
            if live.outbox.len() >= OUTBOX {
                break;
            }
            todo.pop_front();
            wire::ask(&mut live.outbox, &request.asked);
            live.in_flight.push_back(index);
        }
        Ok(Ok(()))
    }

    fn reason_to_skip(&self, request: &Request) -> Option<&'static str> {
        let class = request.class as usize;
        let count = |of: &[u32; Class::COUNT]| of.get(class).copied().unwrap_or(0);
        if request.class == Class::Mm && request.pid.is_some_and(|pid| self.stalled_pids.contains(&pid)) {
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
        take(&Answer { us: request.class.deadline_us(), ..absent(index, Outcome::TimedOut, "") })
    }

    /// Kills the worker; `false` if it did not die and is left behind.
    fn discard(&mut self, reading: &str) -> bool {
        let Some(mut live) = self.live.take() else { return true };
        self.peak_rss_bytes = self.peak_rss_bytes.max(host::peak_rss_bytes(live.child.id()));
        // An error means that it is dead already.
        live.child.kill().unwrap_or_default();
        let gone = is_gone(&mut live.child);
        if !gone {
            self.left_behind.push((live.child, reading.to_owned()));
        }
        gone
    }

    fn spawn(&self) -> io::Result<Live> {
        let (stderr, other_end) = io::pipe()?;
        let mut child = Command::new("/proc/self/exe")
            .arg(worker::ARGUMENT)
            .arg(&self.root)
            .env_clear()
            .current_dir("/")
            // A Ctrl-C is for the collector: it ends its workers itself.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(other_end)
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let Some((to, from)) = pipes else { return Err(io::ErrorKind::BrokenPipe.into()) };
        rustix::io::ioctl_fionbio(&to, true)?;
        rustix::io::ioctl_fionbio(&from, true)?;
        Ok(Live {
            child,
            to,
            from,
            _stderr: stderr,
            inbox: Vec::new(),
            outbox: Vec::new(),
            in_flight: VecDeque::new(),
            next_index: 0,
            answered: 0,
        })
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
            Some(root) if request.class == Class::Safe && root.is_kernel_made(&request.asked.path) => {
                let mut content = Vec::new();
                let head = worker::answer(root, &request.asked, &mut content);
                take(&answer_of(index, &head, "", &content))
            }
            _ => {
                let reason = format!("no process could be started to read it: {error}");
                take(&Answer { errno: error.raw_os_error(), ..absent(index, Outcome::Failed, &reason) })
            }
        }
    }

    /// Ends the workers and tells what they cost.
    #[must_use]
    pub fn finish(&mut self) -> Cost {
        if let Some(mut live) = self.live.take() {
            self.peak_rss_bytes = self.peak_rss_bytes.max(host::peak_rss_bytes(live.child.id()));
            drop(live.to);
            if !is_gone(&mut live.child) {
                live.child.kill().unwrap_or_default();
                if !is_gone(&mut live.child) {
                    self.left_behind.push((live.child, String::new()));
                }
            }
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
pub struct Cost {
    /// Peak resident memory of the largest.
    pub peak_rss_bytes: u64,
    /// What those that are still alive were reading.
    pub abandoned: Vec<String>,
}

impl Live {
    /// Sends and receives until something came, the deadline passed, or the worker is gone.
    fn exchange(&mut self, deadline_us: u64, stop: &Stop) -> Flow<Event> {
        let begun = clock::mono_us();
        loop {
            stop.check()?;
            let waited = clock::mono_us().saturating_sub(begun);
            let mut fds = vec![PollFd::new(&self.from, PollFlags::IN)];
            if !self.outbox.is_empty() {
                fds.push(PollFd::from_borrowed_fd(self.to.as_fd(), PollFlags::OUT));
            }
            let ready = wait(&mut fds, deadline_us.saturating_sub(waited).min(250_000));
            let readable = fds.first().is_some_and(|fd| !fd.revents().is_empty());
            let writable = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
            if writable && !self.send() {
                return Ok(Event::Died);
            }
            if readable {
                return Ok(if self.receive() { Event::Progress } else { Event::Died });
            }
            // Only a poll that really looked may tell a stall: we ourselves may have been stopped.
            if ready == 0 && waited >= deadline_us {
                return Ok(Event::Stalled);
            }
        }
    }

    fn send(&mut self) -> bool {
        match self.to.write(&self.outbox) {
            Ok(n) => {
                self.outbox.drain(..n);
                true
            }
            Err(error) => is_for_later(&error),
        }
    }

    fn receive(&mut self) -> bool {
        let before = self.inbox.len();
        self.inbox.resize(before + (64 << 10), 0);
        let room = self.inbox.get_mut(before..).unwrap_or_default();
        let read = rustix::io::read(&self.from, room);
        self.inbox.truncate(before + read.unwrap_or(0));
        match read {
            Ok(n) => n > 0,
            Err(errno) => matches!(errno, Errno::AGAIN | Errno::INTR),
        }
    }

    /// Hands complete answers over and tells how many there were.
    fn deliver(&mut self, take: &mut Take<'_>) -> Flow<u64> {
        let (mut at, mut count) = (0, 0);
        let mut result = Ok(());
        while result.is_ok() {
            let rest = self.inbox.get(at..).unwrap_or_default();
            let Some(head) = Head::decode(rest) else { break };
            let Some(body) = rest.get(wire::HEAD..head.whole()) else { break };
            at += head.whole();
            let Some(index) = self.in_flight.front().copied() else { continue };
            if head.index != self.next_index {
                continue;
            }
            if head.last {
                self.in_flight.pop_front();
                self.next_index += 1;
                count += 1;
            }
            let (reason, content) = body.split_at_checked(head.reason as usize).unwrap_or((b"", body));
            let reason = std::str::from_utf8(reason).unwrap_or_default();
            result = take(&answer_of(index, &head, reason, content));
        }
        self.inbox.drain(..at);
        self.answered += count;
        result.map(|()| count)
    }
}

fn answer_of<'a>(index: usize, head: &Head, reason: &'a str, content: &'a [u8]) -> Answer<'a> {
    let errno = (head.errno != 0).then_some(head.errno);
    Answer {
        index,
        outcome: head.outcome.unwrap_or_else(|| errno.map_or(Outcome::Collected, outcome_of)),
        errno,
        reason: (!reason.is_empty()).then_some(reason),
        us: head.us,
        mono_us: head.mono_us,
        content,
    }
}

fn absent(index: usize, outcome: Outcome, reason: &str) -> Answer<'_> {
    let reason = (!reason.is_empty()).then_some(reason);
    Answer { index, outcome, errno: None, reason, us: 0, mono_us: clock::mono_us(), content: &[] }
}

/// What a failed system call says about a source.
#[must_use]
pub fn outcome_of(errno: i32) -> Outcome {
    match Errno::from_raw_os_error(errno) {
        Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::NXIO | Errno::NOSYS | Errno::OPNOTSUPP => {
            Outcome::Missing
        }
        Errno::ACCESS | Errno::PERM => Outcome::Denied,
        Errno::SRCH => Outcome::Vanished,
        _ => Outcome::Failed,
    }
}

/// Polls for at most so long; an interrupted poll counts as "nothing yet, look again".
fn wait(fds: &mut [PollFd<'_>], us: u64) -> usize {
    let timeout = Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(0),
        tv_nsec: i64::try_from(us % 1_000_000 * 1000).unwrap_or(0),
    };
    poll(fds, Some(&timeout)).unwrap_or(usize::MAX)
}

/// Sleeps at most so long; a signal ends it.
pub fn pause(us: u64) {
    let _ = wait(&mut [], us);
}

fn is_gone(child: &mut Child) -> bool {
    let begun = clock::mono_us();
    loop {
        match child.try_wait() {
            Ok(Some(_)) | Err(_) => return true,
            Ok(None) if clock::mono_us().saturating_sub(begun) > GRACE_US => return false,
            Ok(None) => pause(2000),
        }
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
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
