//! One living worker and the two pipes to it. Only pipes are waited for, never the process.

use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::clock;
use crate::stop::{Flow, Stop};
use crate::wire::{self, Head};
use crate::worker;

/// How long a killed child may take to go.
const GRACE_US: u64 = 200_000;
/// First and longest wait between two looks whether it has gone.
const LOOK_US: (u64, u64) = (50, 2000);
/// Answers under way above which it is worth to let some gather.
pub(crate) const FEW: usize = 8;
/// How long they may gather, if the worker does not ring before.
const GATHER_US: u64 = 1000;

/// A worker that lives.
#[derive(Debug)]
pub(crate) struct Link {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    /// The worker's standard error: it has nothing to say there, so a byte of it is a bell.
    bell: io::PipeReader,
    inbox: Vec<u8>,
    /// Bytes that wait to be sent.
    pub(crate) outbox: Vec<u8>,
}

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Something was received.
    Progress,
    /// Nothing was, until the deadline.
    Stalled,
    /// The worker has ended.
    Died,
}

impl Link {
    /// Starts a worker with these arguments behind [`worker::ARGUMENT`].
    ///
    /// # Errors
    /// When no process can be started.
    pub(crate) fn spawn(arguments: &[&str]) -> io::Result<Self> {
        let (bell, other_end) = io::pipe()?;
        // Neither end may ever wait for the other.
        rustix::io::ioctl_fionbio(&bell, true)?;
        rustix::io::ioctl_fionbio(&other_end, true)?;
        let mut child = Command::new("/proc/self/exe")
            .arg0("linsight-collect")
            .arg(worker::ARGUMENT)
            .args(arguments)
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
        Ok(Self { child, to, from, bell, inbox: Vec::new(), outbox: Vec::new() })
    }

    /// Process id of the worker.
    #[must_use]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends and receives until something came, the deadline passed, or the worker is gone.
    ///
    /// The worker writes each answer at once, so that what hangs is the one behind the last. With
    /// many of them under way (`expected`) we let them gather before we look, until the worker rings
    /// that it has nothing left to do: to be woken for each costs both sides more than most files do.
    ///
    /// # Errors
    /// When a signal ends the run.
    pub(crate) fn exchange(
        &mut self,
        expected: usize,
        deadline_us: u64,
        stop: &Stop,
    ) -> Flow<Event> {
        let begun = clock::mono_us();
        if expected > FEW && self.inbox.is_empty() {
            self.gather();
        }
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
            if writable {
                self.send();
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

    fn gather(&self) {
        let mut fds = [PollFd::new(&self.bell, PollFlags::IN)];
        if wait(&mut fds, GATHER_US) == 1 {
            // What else is in there says the same, and a closed bell is a worker that has ended:
            // its answers tell.
            rustix::io::read(&self.bell, &mut [0; 64]).unwrap_or_default();
        }
    }

    /// Sends what the pipe takes. What a dead worker does not take is dropped: what it has answered
    /// is still read, and then its end.
    pub(crate) fn send(&mut self) {
        match self.to.write(&self.outbox) {
            Ok(n) => {
                self.outbox.drain(..n);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(_) => self.outbox.clear(),
        }
    }

    fn receive(&mut self) -> bool {
        self.inbox.reserve(64 << 10);
        match rustix::io::read(&self.from, spare_capacity(&mut self.inbox)) {
            Ok(n) => n > 0,
            Err(errno) => matches!(errno, Errno::AGAIN | Errno::INTR),
        }
    }

    /// Hands over each complete answer with what follows its head (path, reason, content).
    ///
    /// # Errors
    /// That of `take`; the answers behind it are kept.
    pub(crate) fn deliver(&mut self, mut take: impl FnMut(&Head, &[u8]) -> Flow) -> Flow {
        let mut at = 0;
        let mut result = Ok(());
        while result.is_ok() {
            let rest = self.inbox.get(at..).unwrap_or_default();
            let Some(head) = Head::decode(rest) else { break };
            let Some(body) = rest.get(wire::HEAD..head.whole()) else { break };
            at += head.whole();
            result = take(&head, body);
        }
        self.inbox.drain(..at);
        self.inbox.shrink_to(1 << 20);
        result
    }

    /// Whether the worker has ended by itself and said that all went well; waits a moment for it.
    pub(crate) fn has_succeeded(&mut self) -> bool {
        is_gone(&mut self.child)
            && self.child.try_wait().is_ok_and(|status| status.is_some_and(|s| s.success()))
    }

    /// Kills the worker. What comes back could not be killed.
    #[must_use]
    pub(crate) fn kill(mut self) -> Option<Child> {
        // An error means that it is dead already.
        self.child.kill().unwrap_or_default();
        (!is_gone(&mut self.child)).then_some(self.child)
    }

    /// Lets the worker end by itself, then kills it. What comes back could not be killed.
    #[must_use]
    pub(crate) fn close(self) -> Option<Child> {
        let Self { mut child, to, .. } = self;
        drop(to);
        if is_gone(&mut child) {
            return None;
        }
        child.kill().unwrap_or_default();
        (!is_gone(&mut child)).then_some(child)
    }
}

/// Whether a child has ended; waits a moment for it.
pub(crate) fn is_gone(child: &mut Child) -> bool {
    let begun = clock::mono_us();
    let (mut look_us, longest) = LOOK_US;
    loop {
        match child.try_wait() {
            Ok(Some(_)) | Err(_) => return true,
            Ok(None) if clock::mono_us().saturating_sub(begun) > GRACE_US => return false,
            Ok(None) => pause(look_us),
        }
        look_us = (look_us * 2).min(longest);
    }
}

/// Sleeps at most so long; a signal ends it.
pub(crate) fn pause(us: u64) {
    wait(&mut [], us);
}

/// Polls for at most so long; an interrupted poll counts as "nothing yet, look again".
fn wait(fds: &mut [PollFd<'_>], us: u64) -> usize {
    let timeout = Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(0),
        tv_nsec: i64::try_from(us % 1_000_000 * 1000).unwrap_or(0),
    };
    poll(fds, Some(&timeout)).unwrap_or(usize::MAX)
}
