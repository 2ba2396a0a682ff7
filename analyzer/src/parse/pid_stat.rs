//! `/proc/PID/stat` and `/proc/PID/task/TID/stat`: one line a process or thread.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
//!
//! ```text
//! 1 (process_api) S 0 0 0 0 -1 4194560 44315 3957331 0 469 88 459 16710 1885 10 -10 13 0 24 51355648 4717 …
//! ```

use super::{Fields, ParseEnv, ParseError, cut, digits, number};

/// One process or thread. Borrows its name: a snapshot holds a million of these lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidStat<'a> {
    /// Process or thread id.
    pub pid: u32,
    /// Command name, at most 15 bytes; may hold any character, blanks and parentheses too.
    pub comm: &'a str,
    /// `R`, `S`, `D`, `T`, `t`, `Z`, `X`, `I`, `P`.
    pub state: char,
    /// Parent.
    pub ppid: u32,
    /// Process group.
    pub process_group: i64,
    /// Session.
    pub session: i64,
    /// `PF_*` flags; bit 21 (`0x0020_0000`) marks a kernel thread.
    pub flags: u64,
    /// Minor faults since start.
    pub minor_faults: u64,
    /// Major faults since start.
    pub major_faults: u64,
    /// User time since start.
    pub user_ticks: u64,
    /// Kernel time since start.
    pub system_ticks: u64,
    /// User and kernel time of its children that have ended and whose status it has taken, with
    /// that of their children.
    pub reaped_ticks: u64,
    /// Priority as the kernel shows it: 20 + nice, or negative for real-time tasks.
    pub priority: i64,
    /// Nice value.
    pub nice: i64,
    /// Threads of the process.
    pub threads: u64,
    /// Start since boot: with the PID the identity of a process, since PIDs are used again.
    pub start_ticks: u64,
    /// Address space.
    pub virtual_bytes: u64,
    /// Resident memory; batched by the kernel, so not exact.
    pub resident_bytes: u64,
    /// CPU it last ran on (2.2.8).
    pub processor: Option<u32>,
    /// Real-time priority, 0 for other tasks (2.5.19).
    pub rt_priority: Option<u32>,
    /// Scheduling policy: 0 other, 1 FIFO, 2 RR, 3 batch, 5 idle, 6 deadline (2.5.19).
    pub policy: Option<u32>,
    /// Time it waited for block I/O (2.6.18, with delay accounting).
    pub block_io_delay_ticks: Option<u64>,
    /// Time it ran a guest; part of `user_ticks` (2.6.24).
    pub guest_ticks: Option<u64>,
}

impl PidStat<'_> {
    /// A thread of the kernel itself (`PF_KTHREAD`).
    #[must_use]
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & 0x0020_0000 != 0
    }

    /// What a series keeps.
    #[must_use]
    pub const fn times(&self) -> Times {
        let Self { state, major_faults, user_ticks, system_ticks, threads, start_ticks, .. } =
            *self;
        Times { state, major_faults, user_ticks, system_ticks, threads, start_ticks }
    }
}

/// Reads the line. The name ends at the last `)`.
///
/// # Errors
/// A field up to the resident memory lacking or not a number.
pub fn parse<'a>(text: &'a str, env: &ParseEnv) -> Result<PidStat<'a>, ParseError> {
    let whole = || ParseError::new(1, text, "`pid (name) state …`");
    let (pid, comm, mut f) = named(text)?;
    let state = f.word("state")?.chars().next().ok_or_else(whole)?;
    let (parent, process_group, session) = (f.num("ppid")?, f.num("pgrp")?, f.num("session")?);
    let flags = f.pass(2).num("flags")?;
    let minor_faults = f.num("minflt")?;
    let major_faults = f.pass(1).num("majflt")?;
    let (user_ticks, system_ticks) = (f.pass(1).num("utime")?, f.num("stime")?);
    // Signed in the kernel's print, and never negative.
    let reaped: [i64; 2] = [f.num("cutime")?, f.num("cstime")?];
    let reaped = reaped.map(|ticks| u64::try_from(ticks).unwrap_or(0));
    let (priority, nice) = (f.num("priority")?, f.num("nice")?);
    let threads = f.num("num_threads")?;
    let start_ticks = f.pass(1).num("starttime")?;
    let virtual_bytes = f.num("vsize")?;
    let resident: i64 = f.num("rss")?;
    let pages = u64::try_from(resident).unwrap_or(0);
    let resident_bytes = pages.checked_mul(env.page_size_bytes).ok_or_else(whole)?;
    f.pass(14);
    Ok(PidStat {
        pid: number(1, pid, "pid")?,
        comm,
        state,
        ppid: parent,
        process_group,
        session,
        flags,
        minor_faults,
        major_faults,
        user_ticks,
        system_ticks,
        reaped_ticks: reaped.into_iter().fold(0, u64::saturating_add),
        priority,
        nice,
        threads,
        start_ticks,
        virtual_bytes,
        resident_bytes,
        processor: f.opt("processor")?,
        rt_priority: f.opt("rt_priority")?,
        policy: f.opt("policy")?,
        block_io_delay_ticks: f.opt("delayacct_blkio_ticks")?,
        guest_ticks: f.opt("guest_time")?,
    })
}

/// What a series of samples needs of the line. Ten thousand processes have 600,000 lines a minute,
/// and this is read in a third of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// State letter.
    pub state: char,
    /// Page faults that read from a disk.
    pub major_faults: u64,
    /// User time since start.
    pub user_ticks: u64,
    /// Kernel time since start.
    pub system_ticks: u64,
    /// Threads of the process.
    pub threads: u64,
    /// Start since boot.
    pub start_ticks: u64,
}

/// Reads state, times and the number of threads alone.
///
/// # Errors
/// One of them lacking or not a number.
pub fn times(text: &str) -> Result<Times, ParseError> {
    let (_, _, mut f) = named(text)?;
    if let Some(times) = times_of(f.rest().as_bytes()) {
        return Ok(times);
    }
    // Not as kernels print it: said in words, by a reader that looks more closely.
    let state = f.word("state")?.chars().next().ok_or_else(|| f.error("a state"))?;
    let major_faults = f.pass(8).num("majflt")?;
    let (user_ticks, system_ticks) = (f.pass(1).num("utime")?, f.num("stime")?);
    let threads = f.pass(4).num("num_threads")?;
    let start_ticks = f.pass(1).num("starttime")?;
    Ok(Times { state, major_faults, user_ticks, system_ticks, threads, start_ticks })
}

/// The fields behind the name.
fn times_of(fields: &[u8]) -> Option<Times> {
    let mut words = fields.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let [state] = *words.next()? else { return None };
    let major_faults = digits(words.nth(8)?)?;
    let (user_ticks, system_ticks) = (digits(words.nth(1)?)?, digits(words.next()?)?);
    let threads = digits(words.nth(4)?)?;
    let start_ticks = digits(words.nth(1)?)?;
    let state = state.is_ascii_uppercase().then_some(state).or((state == b't').then_some(b't'))?;
    let state = char::from(state);
    Some(Times { state, major_faults, user_ticks, system_ticks, threads, start_ticks })
}

/// State letter of a line that is well formed: most of the lines of large hosts sleep, and are left
/// alone after this look.
#[must_use]
pub fn quick_state(text: &str) -> Option<u8> {
    let end = memchr::memrchr(b')', text.as_bytes())?;
    text.as_bytes().get(end + 2).copied()
}

/// Reads name and state alone.
///
/// # Errors
/// Not `pid (name) state …`.
pub fn state(text: &str) -> Result<(&str, char), ParseError> {
    let (_, name, mut f) = named(text)?;
    let state = f.word("state")?.chars().next().ok_or_else(|| f.error("a state"))?;
    Ok((name, state))
}

/// Process id as text, name, and what stands behind the last `)`.
fn named(text: &str) -> Result<(&str, &str, Fields<'_>), ParseError> {
    let whole = || ParseError::new(1, text, "`pid (name) state …`");
    let end = memchr::memrchr(b')', text.as_bytes()).ok_or_else(whole)?;
    let (head, tail) = text.get(..end).zip(text.get(end + 1..)).ok_or_else(whole)?;
    let (pid, comm) = cut(head, b'(').ok_or_else(whole)?;
    let pid = pid.strip_suffix(' ').ok_or_else(whole)?;
    Ok((pid, comm, Fields::new(1, tail)))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "1 (process_api) S 0 0 0 0 -1 4194560 44315 3957331 7 469 88 459 16710 \
     1885 10 -10 13 0 24 51355648 4717 18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0 0 17 1 0 0 3 \
     9 0 0 0 0 0 0 0 0 0 0\n";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn all_fields() {
        let s = parse(SAMPLE, &ENV).unwrap();
        assert_eq!((s.pid, s.comm, s.state, s.ppid), (1, "process_api", 'S', 0));
        assert_eq!((s.minor_faults, s.major_faults), (44315, 7));
        assert_eq!((s.user_ticks, s.system_ticks, s.reaped_ticks), (88, 459, 16710 + 1885));
        assert_eq!((s.priority, s.nice, s.threads, s.start_ticks), (10, -10, 13, 24));
        assert_eq!((s.virtual_bytes, s.resident_bytes), (51_355_648, 4717 * 4096));
        assert_eq!((s.processor, s.rt_priority, s.policy), (Some(1), Some(0), Some(0)));
        assert_eq!((s.block_io_delay_ticks, s.guest_ticks), (Some(3), Some(9)));
        assert!(!s.is_kernel_thread());
    }

    #[test]
    fn a_series_sees_the_same() {
        for text in [SAMPLE.to_owned(), SAMPLE.replace("process_api", "a) R 1\n999 (x")] {
            let (s, t) = (parse(&text, &ENV).unwrap(), times(&text).unwrap());
            assert_eq!(t, s.times());
            assert_eq!(state(&text).unwrap(), (s.comm, s.state));
            assert_eq!(quick_state(&text).map(char::from), Some(s.state));
            let padded = text.replace(" S ", "  S   ");
            assert_eq!(times(&padded).unwrap(), t);
        }
        assert_eq!((quick_state("1 (x)"), quick_state("")), (None, None));
        assert!(times("1 (x) S 1 2 3").is_err() && times("").is_err());
        assert!(state("1 (x) ").is_err() && state("1 x S").is_err());
    }

    #[test]
    fn item_31_a_name_may_hold_blanks_and_parentheses() {
        let text = SAMPLE.replace("process_api", "a) R 1\n999 (x");
        let s = parse(&text, &ENV).unwrap();
        assert_eq!((s.pid, s.comm, s.state), (1, "a) R 1\n999 (x", 'S'));
        assert_eq!(s.start_ticks, 24);
    }

    #[test]
    fn pages_of_the_archive_and_old_kernels() {
        let big = ParseEnv { page_size_bytes: 65536, ..ENV };
        assert_eq!(parse(SAMPLE, &big).unwrap().resident_bytes, 4717 * 65536);
        let old = SAMPLE.split_once(" 18446744073709551615").unwrap().0;
        let s = parse(old, &ENV).unwrap();
        assert_eq!((s.resident_bytes, s.processor), (4717 * 4096, None));
    }

    #[test]
    fn damaged() {
        for text in ["", "1", "1 (x)", "x (y) S 1 1", "1 (a S 2", ")"] {
            assert!(parse(text, &ENV).is_err(), "{text}");
        }
    }
}
