//! One command, by polling: nothing here waits for a process, only for its pipes and the clock.
//!
//! A tool may hang in the kernel, ignore SIGTERM, or leave a child behind that holds its pipes
//! open. It gets [`DEADLINE`], then SIGTERM, then SIGKILL, each to its whole process group, and is
//! left behind if even that does not end it.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use super::shim;

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// What it gets to go after SIGTERM, and again after SIGKILL.
const GRACE: Duration = Duration::from_secs(1);
/// How long a pipe may stay open behind the command that held it.
const LINGER: Duration = Duration::from_millis(100);
/// How often the process is looked at while its pipes are silent.
const TICK: Duration = Duration::from_millis(5);
/// Most bytes of standard output.
const MAX_OUTPUT_BYTES: usize = 4 << 20;
/// Most bytes of standard error.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// Ended by us, at its deadline.
    Overdue,
    /// Not even SIGKILL ended it.
    Abandoned,
    /// It never began.
    NotStarted(Errno),
}

/// What came of a command.
#[derive(Debug)]
pub(super) struct Ran {
    /// How it ended.
    pub end: End,
    /// Standard output, then standard error.
    pub output: Vec<u8>,
    /// Output was cut at its limit.
    pub cut: bool,
}

/// What tools say of options that their version does not know.
const USAGE_COMPLAINTS: &[&str] = &[
    "invalid option",
    "unrecognized option",
    "unknown option",
    "is unknown",
    "usage:",
    "unknown column",
];

impl Ran {
    const fn not_started(errno: Errno) -> Self {
        Self { end: End::NotStarted(errno), output: Vec::new(), cut: false }
    }

    /// Whether it was too slow.
    pub(super) const fn is_overdue(&self) -> bool {
        matches!(self.end, End::Overdue | End::Abandoned)
    }

    /// Whether it did not understand its options: status 1 or above, and nothing but a complaint.
    pub(super) fn is_usage_error(&self) -> bool {
        let complaint = String::from_utf8_lossy(&self.output).to_ascii_lowercase();
        matches!(self.end, End::Exited(status) if status != 0)
            && USAGE_COMPLAINTS.iter().any(|words| complaint.contains(words))
    }
}

/// Runs a line of the list.
pub(super) fn run(line: &str) -> Ran {
    match spawn(line) {
        Ok(child) => take(child, DEADLINE),
        Err(error) => Ran::not_started(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
    }
}

/// Takes what a child says, until it ends or is ended.
fn take(mut child: Child, deadline: Duration) -> Ran {
    let mut pipes = Pipes {
        output: Pipe::new(child.stdout.take(), MAX_OUTPUT_BYTES),
        error: Pipe::new(child.stderr.take(), MAX_ERROR_BYTES),
    };
    let end = attend(&child, &mut pipes, deadline);
    reap(child);
    let cut = pipes.output.cut;
    let mut output = pipes.output.bytes;
    if let (End::Exited(_), Some(errno)) = (end, shim::refusal(&output)) {
        return Ran::not_started(errno);
    }
    if !output.is_empty() && !output.ends_with(b"\n") && !pipes.error.bytes.is_empty() {
        output.push(b'\n');
    }
    output.extend_from_slice(&pipes.error.bytes);
    Ran { end, output, cut }
}

/// This binary again, which becomes the command: an exec may hang on a dead file system, and it is
/// the child that then hangs, not we.
fn spawn(line: &str) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg0("linsight-collect")
        .arg(shim::ARGUMENT)
        .args(line.split(' '))
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Reads until the command ends or is given up.
fn attend(child: &Child, pipes: &mut Pipes, deadline: Duration) -> End {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return End::Abandoned;
    };
    let mut due = Instant::now() + deadline;
    let mut signals = [Signal::TERM, Signal::KILL].into_iter();
    let (mut is_ending, mut was_overdue) = (false, false);
    loop {
        pipes.read(TICK);
        if let Some(end) = ended(pid) {
            let linger = Instant::now() + LINGER;
            while pipes.are_open() && Instant::now() < linger {
                pipes.read(TICK);
            }
            // Not yet reaped, it still owns its group's number: no stranger is hit.
            kill_process_group(pid, Signal::KILL).unwrap_or_default();
            return if was_overdue { End::Overdue } else { end };
        }
        let has_enough = pipes.output.cut && !is_ending;
        if has_enough || Instant::now() >= due {
            was_overdue |= !pipes.output.cut;
            is_ending = true;
            let Some(signal) = signals.next() else { return End::Abandoned };
            kill_process_group(pid, signal).unwrap_or_default();
            due = Instant::now() + GRACE;
        }
    }
}

/// How the process ended, if it did; it stays to be reaped.
fn ended(pid: Pid) -> Option<End> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(pid), options) {
        Ok(Some(status)) => Some(end_of(&status)),
        Ok(None) | Err(Errno::INTR) => None,
        Err(_) => Some(End::Exited(0)),
    }
}

fn end_of(status: &WaitIdStatus) -> End {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signal(signal.unwrap_or_default()),
    }
}

/// Takes an ended child's status away; one that still runs is left.
fn reap(mut child: Child) {
    child.try_wait().map(drop).unwrap_or_default();
}

struct Pipes {
    output: Pipe<std::process::ChildStdout>,
    error: Pipe<std::process::ChildStderr>,
}

struct Pipe<R> {
    from: Option<R>,
    bytes: Vec<u8>,
    max: usize,
    cut: bool,
}

impl Pipes {
    fn are_open(&self) -> bool {
        self.output.from.is_some() || self.error.from.is_some()
    }

    /// Waits at most `wait` for something to read, and reads it.
    fn read(&mut self, wait: Duration) {
        let mut fds = Vec::with_capacity(2);
        fds.extend(self.output.from.as_ref().map(|from| PollFd::new(from, PollFlags::IN)));
        fds.extend(self.error.from.as_ref().map(|from| PollFd::new(from, PollFlags::IN)));
        let nanoseconds = i64::from(wait.subsec_nanos());
        // An interrupted poll is one that looks again.
        let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: nanoseconds }));
        drop(fds);
        self.output.read();
        self.error.read();
    }
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(from: Option<R>, max: usize) -> Self {
        let from = from.filter(|from| rustix::io::ioctl_fionbio(from, true).is_ok());
        Self { from, bytes: Vec::new(), max, cut: false }
    }

    /// Reads what is there, without waiting.
    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        // A bounded number of reads: a command that never stops writing must not keep us here.
        for _ in 0..64 {
            let Some(from) = self.from.as_mut() else { return };
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(n) => {
                    let room = self.max.saturating_sub(self.bytes.len());
                    self.cut |= n > room;
                    self.bytes.extend_from_slice(buffer.get(..n.min(room)).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.from = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, deadline: Duration) -> (Ran, Duration) {
        let begun = Instant::now();
        let child = Command::new("/bin/sh")
            .args(["-c", script])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        (take(child, deadline), begun.elapsed())
    }

    fn text(ran: &Ran) -> &str {
        str::from_utf8(&ran.output).unwrap()
    }

    #[test]
    fn errors_stand_behind_the_output_and_the_status_is_kept() {
        let (ran, _) = sh("echo oops >&2; printf out; exit 3", DEADLINE);
        assert_eq!((text(&ran), ran.end, ran.cut), ("out\noops\n", End::Exited(3), false));
    }

    #[test]
    fn a_large_output_arrives_whole_and_an_endless_one_is_cut() {
        let (ran, _) =
            sh("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", DEADLINE);
        assert_eq!((ran.output.len(), ran.end), (220_000, End::Exited(0)));
        let (ran, _) = sh("trap '' PIPE; while :; do echo 0123456789abcdef; done", DEADLINE);
        assert!(ran.cut && !ran.is_overdue());
        assert_eq!(ran.output.len(), MAX_OUTPUT_BYTES);
    }

    #[test]
    fn what_ignores_sigterm_is_killed_and_its_words_are_kept() {
        let script = "trap '' TERM; echo here; while :; do sleep 1; done";
        let (ran, took) = sh(script, Duration::from_millis(200));
        assert_eq!((text(&ran), ran.end), ("here\n", End::Overdue));
        assert!(took < Duration::from_secs(30), "{took:?}");
    }

    #[test]
    fn a_child_that_is_left_behind_does_not_hold_us() {
        // Another session: neither the signals to the group nor the end of the command reach it.
        let (ran, took) = sh("setsid sleep 30 & echo done", DEADLINE);
        assert_eq!((text(&ran), ran.end), ("done\n", End::Exited(0)));
        assert!(took < Duration::from_secs(15), "{took:?}");
    }

    #[test]
    fn a_command_that_crashes_says_so() {
        let (ran, _) = sh("kill -SEGV $$", DEADLINE);
        assert_eq!(ran.end, End::Signal(11));
    }

    #[test]
    fn a_shim_that_became_nothing_is_no_output() {
        let (ran, _) = sh("printf '\\0linsight: not started: 2\\n'; exit 127", DEADLINE);
        assert_eq!(ran.end, End::NotStarted(Errno::NOENT));
        assert!(ran.output.is_empty());
    }
}
