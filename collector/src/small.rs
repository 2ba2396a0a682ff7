//! Files that are cheap on a small host and dear on a large one.

use linsight_archive::Outcome;

use crate::answer::Request;
use crate::class::Class;
use crate::plan::{Bound, Source};
use crate::run::Run;
use crate::stop::Flow;
use crate::wire::{Asked, Op};

impl Run {
    /// The row's path if this host is small enough for it; else the journal says why not.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn if_small(&mut self, row: &Source, bound: Bound) -> Flow<Option<String>> {
        let (most, found, what) = match bound {
            Bound::MemoryGib(most) => {
                let text = self.small_text("proc/meminfo")?;
                let kib = text.split_ascii_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
                (most, kib.map(|kib| kib >> 20), "GiB of memory")
            }
            Bound::CpusByThreads(most) => {
                let stat = self.small_text("proc/stat")?;
                let is_cpu = |line: &&str| {
                    line.strip_prefix("cpu").is_some_and(|rest| !rest.starts_with(' '))
                };
                let cpus = stat.lines().filter(is_cpu).count() as u64;
                let loadavg = self.small_text("proc/loadavg")?;
                let threads = loadavg.split_once('/').and_then(|(_, rest)| {
                    rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
                });
                (most, threads.map(|threads| threads * cpus), "CPUs times threads")
            }
        };
        match found {
            Some(found) if found <= most => return Ok(Some(row.path.to_owned())),
            Some(found) => {
                let why = format!("{found} {what}; it is read only up to {most}");
                self.sink.note(row.path, Outcome::Skipped, &why)?;
            }
            None => {
                let why = format!("not known how many {what}");
                self.sink.note(row.path, Outcome::Skipped, &why)?;
            }
        }
        Ok(None)
    }

    fn small_text(&mut self, path: &str) -> Flow<String> {
        let asked = Asked { op: Op::Read, ptrace: false, cap: 4 << 20, path: path.to_owned() };
        let mut text = String::new();
        self.workers.run(&[Request { asked, class: Class::Safe, pid: None }], &mut |answer| {
            text = String::from_utf8_lossy(answer.content).into_owned();
            Ok(())
        })?;
        Ok(text)
    }
}
