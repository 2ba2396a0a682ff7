//! Processes of archives that hold only what `ps` printed.
//!
//! Command lines are not taken over: our collector masks secrets in them, others do not.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::ps::PsRow;

use super::super::inputs::Inputs;
use super::super::memory::Memory;
use super::super::method::num::{from_i64, from_u64, len, ratio, signed};
use super::super::processes::{Process, Processes};
use super::Book;
use super::processes::MAX_ROWS;

/// A process with the rows of its threads laid together.
struct One<'r> {
    row: &'r PsRow,
    state: Option<char>,
    threads: u64,
}

/// Fills count, states and the "top" view; what `ps` cannot tell is absent.
pub(super) fn build(inputs: &Inputs, memory: &Memory, processes: &mut Processes, book: &mut Book) {
    let Some((reading, rows)) = inputs.process.ps.good().next() else { return };
    let entry = inputs.process.ps.entry(reading.pass);
    let all = together(&rows.rows);
    processes.count = Some(len(all.len()));
    let threads: Option<u64> = all.values().map(One::threads).sum();
    processes.threads = threads.map(signed);
    for state in all.values().filter_map(|one| one.state) {
        *processes.states.entry(state.to_string()).or_insert(0) += 1;
    }
    for (fact, known) in [
        ("processes.count", true),
        ("processes.threads", threads.is_some()),
        ("processes.states", !processes.states.is_empty()),
    ] {
        if known {
            book.source(fact, Locator::entry(entry.as_str()));
        } else {
            let detail = "the columns of ps do not tell";
            book.absent(fact, Absence::of(Reason::NotCollected, &entry, detail));
        }
    }
    let long = inputs.process.ps_long.good().next().map_or(&[][..], |(_, rows)| &rows.rows);
    let long: BTreeMap<u32, &PsRow> = long.iter().filter_map(|r| Some((r.pid?, r))).collect();
    let mut rows: Vec<(&One<'_>, Process)> = all
        .iter()
        .map(|(pid, one)| (one, fact(*pid, one, long.get(pid).copied(), memory)))
        .collect();
    rows.sort_by_key(|(one, p)| (std::cmp::Reverse(one.row.cpu_time_s), p.pid));
    let mut rest = rows.split_off(rows.len().min(MAX_ROWS));
    rest.retain(|(_, p)| p.resident_bytes.is_some_and(|b| b > 0));
    rest.sort_by_key(|(_, p)| (std::cmp::Reverse(p.resident_bytes), p.pid));
    rest.truncate(MAX_ROWS);
    rows.extend(rest);
    for (i, (one, _)) in rows.iter().enumerate() {
        let detail = "ps does not tell, or it is not masked by its collector";
        let at = format!("processes.top.{i}");
        book.absent(at.as_str(), Absence::of(Reason::NotCollected, &entry, detail));
        book.source(format!("{at}.pid"), Locator::line(entry.as_str(), one.row.line));
    }
    processes.top = rows.into_iter().map(|(_, process)| process).collect();
    book.source("processes.top", Locator::entry(entry));
}

/// Command names by process.
pub(super) fn names(inputs: &Inputs) -> BTreeMap<u32, String> {
    let rows = inputs.process.ps.good().next().map_or(&[][..], |(_, rows)| &rows.rows);
    let command = |one: &One<'_>| name(one.row.command.as_deref().unwrap_or("?")).to_owned();
    together(rows).iter().map(|(pid, one)| (*pid, command(one))).collect()
}

/// Rows by process. A thread's row is behind that of its process, or says its process.
fn together(rows: &[PsRow]) -> BTreeMap<u32, One<'_>> {
    let mut all: BTreeMap<u32, One<'_>> = BTreeMap::new();
    let mut last = None;
    for row in rows {
        last = row.pid.or(last);
        let Some(pid) = last else { continue };
        let one = all.entry(pid).or_insert(One { row, state: None, threads: 0 });
        one.state = one.state.or(row.state);
        one.threads += u64::from(row.pid.is_none() || row.tid.is_some());
    }
    all
}

impl One<'_> {
    fn threads(&self) -> Option<u64> {
        self.row.threads.or((self.threads > 0).then_some(self.threads))
    }
}

fn fact(pid: u32, one: &One<'_>, long: Option<&PsRow>, memory: &Memory) -> Process {
    let row = one.row;
    // Another run of ps: its number may meanwhile be that of another process.
    let long = long.filter(|l| l.virtual_bytes == row.virtual_bytes || l.command == row.command);
    let uid = row.uid.or_else(|| long?.uid);
    let command = row.command.as_deref().unwrap_or("?");
    let user_space = !(command.starts_with('[') && row.virtual_bytes.unwrap_or(0) == 0);
    let resident = row.resident_bytes.filter(|_| user_space).map(signed);
    Process {
        pid: pid.into(),
        ppid: row.ppid.or_else(|| long?.ppid).map(i64::from),
        uid: uid.or((row.user.as_deref() == Some("root")).then_some(0)).map(i64::from),
        user: row.user.clone(),
        comm: name(command).to_owned(),
        state: one.state.unwrap_or('?').to_string(),
        priority: long.and_then(|l| l.priority),
        nice: row.nice.or_else(|| long?.nice),
        threads: one.threads().map(signed),
        virtual_bytes: row.virtual_bytes.filter(|_| user_space).map(signed),
        resident_bytes: resident,
        memory_ratio: resident
            .zip(memory.total_bytes)
            .and_then(|(resident, total)| ratio(from_i64(resident), from_i64(total))),
        cpu_time_s: row.cpu_time_s.map(from_u64),
        ..Process::default()
    }
}

/// Name of the program in a command line: `/usr/sbin/sshd -D` is `sshd`, `[kthreadd]` is
/// `kthreadd`, `sshd: ubuntu [priv]` is `sshd`.
pub(super) fn name(command: &str) -> &str {
    if let Some(kernel) = command.strip_prefix('[') {
        return kernel.split(']').next().unwrap_or(kernel);
    }
    let program = command.split_ascii_whitespace().next().unwrap_or("?");
    let base = program.rsplit('/').find(|part| !part.is_empty()).unwrap_or(program);
    base.trim_end_matches(':').trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::ps;

    #[test]
    fn the_long_form_tells_numbers_and_priorities() {
        let row = |text: &str| ps::parse(text).unwrap().rows.remove(0);
        let short = row("USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n\
                         syslog 9 0.2 0.0 2000 100 ? Ssl Feb09 0:09 /usr/sbin/rsyslogd\n");
        let long = row("F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND\n\
                        4 104 9 1 39 19 2000 100 ep_pol SNs ? 0:09 /usr/sbin/rsyslogd\n");
        let one = One { row: &short, state: Some('S'), threads: 1 };
        let p = fact(9, &one, Some(&long), &Memory::default());
        assert_eq!((p.uid, p.user.as_deref()), (Some(104), Some("syslog")));
        assert_eq!((p.ppid, p.priority, p.nice), (Some(1), Some(39), Some(19)));
        let other = PsRow { virtual_bytes: None, command: None, ..long };
        assert_eq!(fact(9, &one, Some(&other), &Memory::default()).nice, None);
    }

    #[test]
    fn threads_belong_to_the_process_above_or_named() {
        let m = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n\
                 root 1 0.2 0.0 105056 12524 ? - Feb09 1:47 /sbin/init splash\n\
                 root - 0.2 - - - - Ss Feb09 1:47 -\n\
                 root 7 0.2 0.0 0 0 ? - Feb09 0:01 [kworker/0:1-events]\n\
                 root - 0.2 - - - - I Feb09 0:01 -\n\
                 vault 9 0.2 0.0 2000 100 ? - Feb09 0:09 sshd: ubuntu [priv]\n\
                 vault - 0.2 - - - - Ssl Feb09 0:01 -\n\
                 vault - 0.2 - - - - Rsl Feb09 0:08 -\n";
        let rows = ps::parse(m).unwrap().rows;
        let all = together(&rows);
        let shown: Vec<_> = all
            .iter()
            .map(|(pid, one)| {
                let p = fact(*pid, one, None, &Memory::default());
                (p.comm, p.state, p.threads, p.virtual_bytes, p.uid)
            })
            .collect();
        let row = |comm: &str, state: &str, threads, size, uid| {
            (comm.to_owned(), state.to_owned(), Some(threads), size, uid)
        };
        assert_eq!(
            shown,
            [
                row("init", "S", 1, Some(105_056 * 1024), Some(0)),
                row("kworker/0:1-events", "I", 1, None, Some(0)),
                row("sshd", "S", 2, Some(2000 * 1024), None),
            ]
        );
    }
}
