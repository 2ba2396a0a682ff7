//! Threads: those that run or wait uninterruptibly are the load, and where the latter wait is the
//! question.

use std::collections::BTreeMap;

use linsight_archive::Outcome;

use crate::answer::{Request, outcome_of};
use crate::class::Class;
use crate::files;
use crate::plan::{How, Source};
use crate::proc_stat::Stat;
use crate::processes::{BATCH, gone};
use crate::run::Run;
use crate::sink::Sink;
use crate::stop::Flow;
use crate::wire::{Op, sub};

/// Most threads read in one go through all of them.
const MAX_THREADS: u64 = 50_000;
/// Threads whose waiting is looked at in one go.
const MAX_WAITING: usize = 100;

/// Which threads of those read are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// All.
    All,
    /// Those that run or wait uninterruptibly: they are the load.
    Load,
}

/// Threads in D, and in how many samples in a row.
type Waiting = BTreeMap<(u32, u32), u32>;

fn count_waiting(now: &mut Waiting, before: &Waiting, thread: (u32, u32), stat: &[u8]) {
    if Stat::parse(stat).and_then(Stat::state) == Some('D') {
        now.insert(thread, 1 + before.get(&thread).unwrap_or(&0));
    }
}

impl Run {
    /// Reads `stat` of the threads of these processes. Within the window a process with one thread
    /// has just been read: its own `stat` says the same.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_threads(&mut self, pids: &[u32], stored: Threads) -> Flow {
        let row = self.plan.iter().copied().find(|s| s.how == How::Thread("stat"));
        let Some(row) = row else { return Ok(()) };
        let Self { sink, workers, processes, .. } = self;
        let mut pack = sink.pack(row.path);
        let mut room = MAX_THREADS;
        let mut in_d = Waiting::new();
        for some in pids.chunks(BATCH) {
            let mut requests = Vec::new();
            for pid in some {
                let threads = processes.known.get(pid).map_or(1, |known| known.threads.max(1));
                let Some(rest) = room.checked_sub(threads) else {
                    Sink::cut(&mut pack, "50,000 threads were read; the rest was left out");
                    continue;
                };
                room = rest;
                let single = threads == 1 && *pid != std::process::id();
                if single && stored == Threads::Load {
                    let Some(stat) = processes.in_load.get(pid) else { continue };
                    count_waiting(&mut in_d, &processes.waiting, (*pid, *pid), stat);
                    sink.record(&mut pack, &format!("{pid}/{pid}"), Outcome::Collected, 0, stat)?;
                    continue;
                }
                let (op, path) = if single {
                    (Op::Read, format!("proc/{pid}/stat"))
                } else {
                    (Op::Each, format!("proc/{pid}/task//stat"))
                };
                let mut request = files::request(row, op, path);
                request.pid = Some(*pid);
                requests.push(request);
            }
            workers.run(&requests, &mut |answer| {
                let Some(request) = requests.get(answer.index) else { return Ok(()) };
                let Some(pid) = request.pid else { return Ok(()) };
                let one = pid.to_string();
                let all: Vec<(&[u8], i32, &[u8])> = match request.asked.op {
                    Op::Each => sub::records(answer.content).collect(),
                    _ => vec![(one.as_bytes(), answer.errno.unwrap_or(0), answer.content)],
                };
                for (tid, errno, content) in all {
                    let tid = String::from_utf8_lossy(tid);
                    let state = Stat::parse(content).and_then(Stat::state);
                    if let Ok(id) = tid.parse() {
                        count_waiting(&mut in_d, &processes.waiting, (pid, id), content);
                    }
                    if stored == Threads::Load && !matches!(state, Some('R' | 'D')) {
                        continue;
                    }
                    let outcome =
                        if errno == 0 { answer.outcome } else { gone(outcome_of(errno), row.how) };
                    sink.record(&mut pack, &format!("{pid}/{tid}"), outcome, 0, content)?;
                }
                Ok(())
            })?;
        }
        processes.waiting = in_d;
        self.sink.end_pack(pack)
    }

    /// Where these threads wait, as far as this user may know.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_thread_files(&mut self, threads: &[(u32, u32)]) -> Flow {
        let rows: Vec<&Source> = self.plan.clone();
        for row in rows {
            let How::Thread(name @ ("wchan" | "stack" | "syscall")) = row.how else { continue };
            let requests: Vec<Request> = threads
                .iter()
                .map(|(pid, tid)| {
                    let mut request =
                        files::request(row, Op::Read, format!("proc/{pid}/task/{tid}/{name}"));
                    request.pid = Some(*pid);
                    request
                })
                .collect();
            let Self { sink, workers, .. } = self;
            let mut pack = sink.pack(row.path);
            workers.run(&requests, &mut |answer| {
                let Some((pid, tid)) = threads.get(answer.index) else { return Ok(()) };
                let outcome = gone(answer.outcome, row.how);
                sink.record(&mut pack, &format!("{pid}/{tid}"), outcome, answer.us, answer.content)
            })?;
            self.sink.end_pack(pack)?;
        }
        Ok(())
    }

    /// Where threads wait that were in D in two samples in a row, or at the start when there are
    /// no samples.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_waiting(&mut self) -> Flow {
        let wanted = if self.options.duration_us == 0 { 1 } else { 2 };
        let waiting = self.processes.waiting.iter();
        let stuck: Vec<(u32, u32)> = waiting
            .filter_map(|(thread, samples)| (*samples == wanted).then_some(*thread))
            .take(MAX_WAITING)
            .collect();
        if stuck.is_empty() { Ok(()) } else { self.read_thread_files(&stuck) }
    }

    /// A process whose files did not answer holds a lock that somebody waits for: where its
    /// threads wait is the evidence.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_stalled(&mut self) -> Flow {
        let mut threads = Vec::new();
        for pid in self.workers.stalled_pids() {
            let path = format!("proc/{pid}/task");
            let (tids, _) = files::lines(&mut self.workers, Op::List, &path, Class::Safe)?;
            threads.extend(tids.iter().filter_map(|tid| Some((pid, tid.parse().ok()?))));
        }
        threads.truncate(MAX_WAITING);
        if threads.is_empty() { Ok(()) } else { self.read_thread_files(&threads) }
    }
}
