//! The worker: this binary again, as a child that reads on request and may be killed.
//!
//! Files of /proc/PID wait for locks of that process, files on a dead NFS or FUSE wait for a
//! server. A thread in such a wait would keep the whole collector from exiting; a child does not.
//! The worker answers each item with one write before it begins the next, so that a stall is
//! blamed on the right one. Only small files that the kernel makes from what it knows, which wait for
//! nobody, may share a write; should one hang all the same, they are asked for again one by one.

use std::io::IoSlice;
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::access::Access;
use crate::link::FEW;
use crate::probe::{self, Context, Resume};
use crate::root::Root;
use crate::wire::{self, Asked, Head, Op};
use crate::{clock, host};

/// Most bytes of one socket dump: half a million sockets.
const MAX_DUMP_BYTES: u64 = 256 << 20;

/// Content of an answer that may wait for others.
const SMALL: usize = 4 << 10;
/// Bytes of answers that wait, and for how long: less than a pipe holds, and than the parent waits.
const HELD: usize = 16 << 10;
const HELD_US: u64 = 500;

/// First argument that turns the binary into a worker.
pub(crate) const ARGUMENT: &str = "--worker-of-linsight";

/// Serves requests from standard input until it ends, or runs one probe. The first word is the
/// host's root.
#[must_use]
pub(crate) fn main(words: &[String]) -> ExitCode {
    // In a list of processes we want to be known; a kernel that refuses does no harm. It keeps 15
    // bytes of the name.
    rustix::thread::set_name(c"linsight-collect").unwrap_or_default();
    // Nobody would read the answers of an orphan.
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return ExitCode::FAILURE;
    }
    let done = match words {
        [root] => Root::open(root, Access::own(host::capabilities())).and_then(|mut root| {
            root.enter_namespaces();
            serve(&root)
        }),
        [root, task, word, done, hung, reach, read] if task == "probe" => {
            let context = Context {
                root: root.into(),
                network_fs: reach == "all",
                max_dump_bytes: MAX_DUMP_BYTES,
                namespace_read: read.parse().unwrap_or(0),
            };
            probe(&context, word, done, hung == "hung")
        }
        _ => Err(Errno::INVAL),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one probe from where it stopped.
fn probe(context: &Context, word: &str, done: &str, stalled: bool) -> Result<(), Errno> {
    let request = probe::Request::from_word(word).ok_or(Errno::INVAL)?;
    let done = done.parse().ok().ok_or(Errno::INVAL)?;
    let mut since = clock::mono_us();
    let mut emit = |answer: probe::Answer<'_>| {
        let reason = answer.reason.unwrap_or_default();
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(0);
        let head = Head {
            outcome: Some(answer.outcome),
            errno: answer.errno.unwrap_or(0),
            progress: answer.progress as u8,
            path: length(answer.path.as_bytes()),
            reason: length(reason.as_bytes()),
            bytes: length(answer.content),
            masked: answer.masked,
            us: clock::mono_us().saturating_sub(since),
            mono_us: since,
            ..Head::default()
        };
        send(&head, answer.path.as_bytes(), reason.as_bytes(), answer.content)?;
        since = clock::mono_us();
        Ok(())
    };
    probe::run(request, context, Resume { done, stalled }, &mut emit)
        .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::PIPE))
}

fn serve(root: &Root) -> Result<(), Errno> {
    let mut inbox = Vec::new();
    let mut chunk = vec![0_u8; 16 << 10];
    let mut content = Vec::new();
    let mut waiting = Held::default();
    let mut index = 0;
    loop {
        let n = match rustix::io::read(rustix::stdio::stdin(), &mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        inbox.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let (mut done, mut answered) = (0, 0);
        while let Some((asked, gathers, len)) = wire::asked(inbox.get(done..).unwrap_or_default()) {
            done += len;
            let gathers = gathers && root.is_kernel_made(&asked.path);
            if !gathers {
                waiting.flush()?;
            }
            content.clear();
            let mut head = answer(root, &asked, &mut content);
            head.index = index;
            head.last = true;
            head.bytes = u32::try_from(content.len()).unwrap_or(0);
            let is = |errno: Errno| head.errno == errno.raw_os_error();
            let is_no_file = is(Errno::XDEV) || (is(Errno::INVAL) && asked.op == Op::Read);
            let reason = if is_no_file { root.stands_for(&asked.path) } else { None };
            let reason = reason.unwrap_or_default();
            head.reason = u32::try_from(reason.len()).unwrap_or(0);
            if gathers && content.len() <= SMALL {
                waiting.add(&head, reason.as_bytes(), &content)?;
            } else {
                waiting.flush()?;
                send(&head, b"", reason.as_bytes(), &content)?;
            }
            index += 1;
            answered += 1;
            content.shrink_to(1 << 20);
        }
        waiting.flush()?;
        inbox.drain(..done);
        if answered > FEW {
            // The bell is there to save time: one that cannot be rung changes nothing.
            rustix::io::write(rustix::stdio::stderr(), b"!").unwrap_or_default();
        }
    }
}

/// Answers that share a write.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    since_us: u64,
}

impl Held {
    /// Adds an answer, and sends all if they are many or the first has waited.
    fn add(&mut self, head: &Head, reason: &[u8], content: &[u8]) -> Result<(), Errno> {
        if self.bytes.is_empty() {
            self.since_us = head.mono_us;
        }
        for part in [&head.encode(), reason, content] {
            self.bytes.extend_from_slice(part);
        }
        let waited_us = head.mono_us.saturating_add(head.us).saturating_sub(self.since_us);
        if self.bytes.len() >= HELD || waited_us >= HELD_US { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Errno> {
        let mut rest = self.bytes.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(rustix::stdio::stdout(), rest) {
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        self.bytes.clear();
        Ok(())
    }
}

/// Does what was asked; the content is appended to `to`.
pub(crate) fn answer(root: &Root, asked: &Asked, to: &mut Vec<u8>) -> Head {
    let mono_us = clock::mono_us();
    let cap = asked.cap as usize;
    let path = asked.path.as_str();
    let result = match asked.op {
        Op::Read => root.read(path, cap, asked.ptrace, to),
        Op::Link => root.link(path, asked.ptrace, to).map(|()| false),
        Op::List => names(root, path, asked.ptrace, cap, to),
        Op::Glob => root.glob(path).map(|paths| lines(paths.iter().map(String::as_str), cap, to)),
        Op::Walk => root.walk(path).map(|paths| lines(paths.iter().map(String::as_str), cap, to)),
        Op::Find => root
            .find(path)
            .map(|(paths, cut)| lines(paths.iter().map(String::as_str), cap, to) || cut),
        Op::Links => root.links(path, cap, to),
        Op::Each => root.each(path, cap, to),
        Op::Stat => root.stat_line(path, to).map(|()| false),
        Op::Count => root.count_entries(path, asked.ptrace, to).map(|()| false),
        Op::Lines => root.count_lines(path, asked.ptrace, cap, to),
    };
    let (cut, errno) = match result {
        Ok(cut) => (cut, 0),
        Err(errno) => (false, errno.raw_os_error()),
    };
    Head {
        outcome: cut.then_some(linsight_archive::Outcome::Truncated),
        errno,
        us: clock::mono_us().saturating_sub(mono_us),
        mono_us,
        ..Head::default()
    }
}

/// Names in a directory, one a line.
fn names(
    root: &Root,
    path: &str,
    ptrace: bool,
    cap: usize,
    to: &mut Vec<u8>,
) -> Result<bool, Errno> {
    let mut cut = false;
    root.each_name(path, ptrace, &mut |name, _| cut |= lines(std::iter::once(name), cap, to))?;
    Ok(cut)
}

/// Appends one line each, as far as the cap allows; `true` if some did not fit. Names with a line
/// break in them are left out: nothing the collector looks for has one.
fn lines<'a>(names: impl Iterator<Item = &'a str>, cap: usize, to: &mut Vec<u8>) -> bool {
    for name in names.filter(|name| !name.contains('\n')) {
        if to.len() + name.len() + 1 > cap {
            return true;
        }
        to.extend_from_slice(name.as_bytes());
        to.push(b'\n');
    }
    false
}

fn send(head: &Head, path: &[u8], reason: &[u8], content: &[u8]) -> Result<(), Errno> {
    let head = head.encode();
    let whole = head.len() + path.len() + reason.len() + content.len();
    let mut sent = 0;
    while sent < whole {
        let mut skip = sent;
        let rest = [head.as_slice(), path, reason, content].map(|part| {
            let from = skip.min(part.len());
            skip -= from;
            IoSlice::new(part.get(from..).unwrap_or_default())
        });
        match rustix::io::writev(rustix::stdio::stdout(), &rest) {
            Ok(n) => sent += n,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
