//! Output of ps(1), whatever its columns: the heading tells them.
//!
//! <https://man7.org/linux/man-pages/man1/ps.1.html>
//!
//! ```text
//! USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
//! root           1  0.2  0.0 105056 12524 ?        Ss   Feb09   1:47 /sbin/init
//! ```
//!
//! Archives of old collectors hold this instead of `/proc/PID`. With `m` a process has a row
//! without a state, and then a row for each thread whose PID is `-`.

use super::{Fields, ParseError, Rows, lines};

/// One process or thread; a field is `None` when there is no such column, or a `-` in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PsRow {
    /// Process; `None` on thread rows.
    pub pid: Option<u32>,
    /// Parent.
    pub ppid: Option<u32>,
    /// Thread.
    pub tid: Option<u32>,
    /// User name, cut by ps where it is long.
    pub user: Option<String>,
    /// User id.
    pub uid: Option<u32>,
    /// State letter.
    pub state: Option<char>,
    /// Priority as the kernel shows it, with `l`; other forms of ps print other numbers here.
    pub priority: Option<i64>,
    /// Nice value.
    pub nice: Option<i64>,
    /// Scheduling class: `TS`, `FF`, `RR`.
    pub class: Option<String>,
    /// Threads.
    pub threads: Option<u64>,
    /// CPU time by age: a mean over the life of the process, not the load now.
    pub lifetime_cpu_ratio: Option<f64>,
    /// Address space.
    pub virtual_bytes: Option<u64>,
    /// Resident memory.
    pub resident_bytes: Option<u64>,
    /// CPU time.
    pub cpu_time_s: Option<u64>,
    /// Where it waits.
    pub wchan: Option<String>,
    /// Start as ps prints it.
    pub started: Option<String>,
    /// Command with its arguments, or its name.
    pub command: Option<String>,
    /// Control groups.
    pub cgroup: Option<String>,
    /// Line.
    pub line: u32,
}

/// Reads all rows; a damaged one is a problem beside the others.
///
/// # Errors
/// No heading with `PID`, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<PsRow>, ParseError> {
    let mut all = lines(text);
    let heading = all.find_map(|(_, text)| {
        let columns: Vec<&str> = text.split_ascii_whitespace().collect();
        let known = columns.contains(&"PID") && columns.len() > 1;
        known.then_some(columns)
    });
    let columns = heading.ok_or_else(|| ParseError::new(None, text, "a heading with PID"))?;
    let mut rows = Rows::default();
    for (line, text) in all {
        if !text.trim_ascii().is_empty() {
            rows.take(row(Fields::new(line, text), &columns).map(Some));
        }
    }
    rows.finish()
}

fn row(mut f: Fields<'_>, columns: &[&str]) -> Result<PsRow, ParseError> {
    let mut row = PsRow { line: f.line, ..PsRow::default() };
    for (at, column) in columns.iter().enumerate() {
        let is_last = at + 1 == columns.len();
        let before_last = at + 2 == columns.len();
        let text = match *column {
            _ if is_last => f.rest(),
            "STARTED" => started(&mut f),
            // A name may hold blanks: only what is behind it is one word.
            "COMMAND" | "CMD" if before_last => {
                let (name, last) = f.rest().rsplit_once(' ').unwrap_or((f.rest(), ""));
                row.set(column, name.trim_ascii(), &f)?;
                f = Fields::new(f.line, last);
                continue;
            }
            _ => f.word("a value in every column")?,
        };
        if text != "-" && !text.is_empty() {
            row.set(column, text, &f)?;
        }
    }
    if row.pid.is_none()
        && row.tid.is_none()
        && row.state.is_none()
        && row.lifetime_cpu_ratio.is_none()
    {
        return Err(f.error("a process"));
    }
    Ok(row)
}

/// `lstart` takes five words, `start` one (`22:33:20`) or two (`Feb 09`).
fn started<'a>(f: &mut Fields<'a>) -> &'a str {
    let text = f.rest();
    let words = match f.clone().next().unwrap_or_default() {
        "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun" => 5,
        word if word.bytes().all(|b| b.is_ascii_alphabetic()) => 2,
        _ => 1,
    };
    f.pass(words);
    text.strip_suffix(f.rest()).unwrap_or(text).trim_ascii_end()
}

impl PsRow {
    fn set(&mut self, column: &str, text: &str, f: &Fields<'_>) -> Result<(), ParseError> {
        let kib = |n: u64| n.checked_mul(1024);
        match column {
            "PID" => self.pid = Some(super::number(f.line, text, "PID")?),
            "PPID" => self.ppid = text.parse().ok(),
            "LWP" | "SPID" | "TID" => self.tid = text.parse().ok(),
            "USER" | "UID" | "EUID" | "RUSER" => match text.parse() {
                Ok(uid) => self.uid = Some(uid),
                Err(_) => self.user = Some(text.to_owned()),
            },
            "S" | "STAT" => self.state = text.chars().next(),
            "PRI" => self.priority = text.parse().ok(),
            "NI" => self.nice = text.parse().ok(),
            "CLS" => self.class = Some(text.to_owned()),
            "NLWP" | "THCNT" => self.threads = text.parse().ok(),
            "%CPU" => self.lifetime_cpu_ratio = Some(super::measure(f.line, text, "%CPU")? / 100.0),
            "VSZ" => self.virtual_bytes = text.parse().ok().and_then(kib),
            "RSS" => self.resident_bytes = text.parse().ok().and_then(kib),
            "TIME" => self.cpu_time_s = cpu_time(text),
            "WCHAN" => self.wchan = Some(text.to_owned()),
            "START" | "STIME" | "STARTED" => self.started = Some(text.to_owned()),
            "COMMAND" | "CMD" => self.command = Some(text.to_owned()),
            "CGROUP" => self.cgroup = Some(text.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// `1:47`, `00:01:47`, `2-00:01:47`.
fn cpu_time(text: &str) -> Option<u64> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let clock = clock
        .split(':')
        .try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
    days.parse::<u64>().ok()?.checked_mul(86400)?.checked_add(clock)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root           1  0.2  0.0 105056 12524 ?        -    Feb09   1:47 /sbin/init splash
root           -  0.2    -      -     - -        Ss   Feb09   1:47 -
root         400  0.0  0.0      0     0 ?        Zl   10:00   0:00 [sh] <defunct>
";

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> PsRow {
        parse(text).unwrap().rows.remove(0)
    }

    #[test]
    fn item_22_thread_rows_and_states() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [process, thread, zombie] = &rows[..] else { panic!("three rows") };
        assert_eq!((process.pid, process.state), (Some(1), None));
        assert_eq!(
            (process.virtual_bytes, process.resident_bytes),
            (Some(105_056 << 10), Some(12524 << 10))
        );
        assert_eq!(process.command.as_deref(), Some("/sbin/init splash"));
        assert_eq!((thread.pid, thread.state, thread.command.as_deref()), (None, Some('S'), None));
        assert_eq!((zombie.state, zombie.cpu_time_s, zombie.line), (Some('Z'), Some(0), 4));
    }

    #[test]
    fn item_22_heading_not_first() {
        let text = format!("warning: bad ps syntax\n{SAMPLE}");
        assert_eq!(parse(&text).unwrap().rows.len(), 3);
    }

    #[test]
    fn other_columns() {
        let elf = "F S UID          PID    PPID     LWP  C NLWP PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD\n\
                   4 S root          63       1      63  0    1  80   0 - 14916 ep_pol Feb09 ?        1-00:01:47 /lib/systemd/systemd-journald\n";
        let r = first(elf);
        assert_eq!(
            (r.pid, r.ppid, r.tid, r.user.as_deref()),
            (Some(63), Some(1), Some(63), Some("root"))
        );
        assert_eq!((r.threads, r.nice, r.cpu_time_s), (Some(1), Some(0), Some(86507)));
        assert_eq!(r.wchan.as_deref(), Some("ep_pol"));
        let lstart = "F S   UID     PID CLS STARTED TT TIME CMD\n4 S     0   97  TS Wed Feb  9 22:33:22 2022 ? 00:00:00 /x -y\n";
        let r = first(lstart);
        assert_eq!((r.started.as_deref(), r.uid), (Some("Wed Feb  9 22:33:22 2022"), Some(0)));
        assert_eq!((r.command.as_deref(), r.class.as_deref()), (Some("/x -y"), Some("TS")));
        let cgroup = "    PID START COMMAND         CGROUP\n      1 Feb09 tmux: server    12:devices:/init.scope,0::/x\n";
        let r = first(cgroup);
        assert_eq!(
            (r.command.as_deref(), r.cgroup.as_deref()),
            (Some("tmux: server"), Some("12:devices:/init.scope,0::/x"))
        );
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert!(parse("USER PID %CPU COMMAND\nroot x 0.1 y\n").is_err());
        let rows = parse(&format!("{SAMPLE}root 5\n")).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (3, Some(5)));
    }
}
