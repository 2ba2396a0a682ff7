//! What services wrote to their logs when ports, files or processes ran out, in the last 24 hours.
//!
//! A closed list of files; of each the last 16 MiB are looked at, and only counts and three masked
//! lines a peer leave the host. `probes/logs.jsonl` has a line for each file and one for each group
//! of matches:
//!
//! ```json
//! {"file":"/var/log/nginx/error.log","size_bytes":812345,"read_bytes":812345,"lines":5123,"oldest_unix_s":1763809000,"newest_unix_s":1763869000}
//! {"file":"/var/log/nginx/error.log","pattern":"connect-no-address","peer":"10.0.0.5:3306","count":17,"undated":0,"first_unix_s":1763860000,"last_unix_s":1763869000,"samples":["…"]}
//! {"file":"/var/log/haproxy.log","skipped":"not written for 24 hours"}
//! ```
//!
//! `probes/kernel_log/<file>` has the kernel's own lines of the system log: the ring buffer of a
//! talkative host holds minutes.

use std::io;
use std::os::fd::OwnedFd;

use linsight_archive::Outcome;
use rustix::fs::fstat;
use rustix::io::{Errno, pread};
use serde::Serialize;

use super::{Answer, Context, Emit, Progress, Resume, Turn};
use crate::access::Access;
use crate::root::Root;
use crate::{clock, host, redact, zone};

mod scan;
mod time;

use scan::Matches;
use time::Now;

const PATH: &str = "probes/logs.jsonl";
/// Most bytes of one file, from its end.
const FILE_BYTES: u64 = 16 << 20;
/// Most bytes of all files.
const ALL_BYTES: u64 = 256 << 20;
/// Bytes read at once.
const CHUNK_BYTES: usize = 128 << 10;
/// Kernel lines kept of one file.
const KERNEL_BYTES: usize = 1 << 20;
const DAY_S: i64 = 86_400;

/// The system's log, where the kernel's messages go, too.
const SYSTEM: [&str; 3] = ["var/log/kern.log", "var/log/messages", "var/log/syslog"];

/// Logs of services, one step each.
const FILES: [&str; 20] = [
    "var/log/{messages,syslog,daemon.log,user.log,cron}{,.1}",
    "var/log/{messages,cron}-*",
    "var/log/nginx/*{error.log,error_log}{,.1}",
    "var/log/haproxy{,-admin,-status}.log{,.1}",
    "var/log/haproxy/*.log",
    "var/log/httpd/*error_log",
    "var/log/apache2/*error.log{,.1}",
    "var/log/rabbitmq/*.log",
    "var/log/{redis,valkey}/*.log",
    "var/log/postgresql/*.log{,.1}",
    "var/lib/pgsql/{data,data/pg_log,data/log}/*.log",
    "var/lib/pgsql/*/data/log/*.log",
    "var/log/{mysql,mariadb}/*.log",
    "var/log/{mysqld.log,mysql.err,mongodb/mongod.log}",
    "var/log/tomcat*/catalina.out",
    "var/log/php*fpm*.log{,.1}",
    "var/log/php-fpm/*.log",
    "var/log/{envoy,kong,traefik,squid,varnish}/*error*.log",
    "var/log/{elasticsearch,kafka,zookeeper,cassandra}/{server,system,elasticsearch}.log",
    "var/log/{supervisor/supervisord,docker,containerd}.log",
];

/// A file that was looked at, or why it was not.
#[derive(Debug, Default, Serialize)]
struct Looked {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_unix_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_unix_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

struct Reader {
    root: Root,
    now: Now,
    left_bytes: u64,
}

/// Looks through the logs, a pattern of files a step.
pub(super) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    let access = Access::own(host::capabilities());
    let root = match Root::open(&context.root.to_string_lossy(), access) {
        Ok(root) => root,
        Err(errno) => return emit(Answer::failed(PATH, errno)),
    };
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a wall clock")]
    let unix_s = clock::unix_s() as i64;
    let offset = zone::of_root(&root, unix_s).unwrap_or(0);
    let now = Now { unix_s, utc_offset_s: i64::from(offset) };
    let mut reader = Reader { root, now, left_bytes: ALL_BYTES };
    for (step, file) in SYSTEM.into_iter().enumerate() {
        let path = format!("probes/kernel_log/{file}");
        match resume.turn(step) {
            Turn::Done => {}
            Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, None))?,
            Turn::Now => reader.kernel_lines(file, &path, emit)?,
        }
    }
    let mut masked = 0;
    for (k, pattern) in FILES.into_iter().enumerate() {
        let is_last = k + 1 == FILES.len();
        let progress = if is_last { Progress::Last } else { Progress::Step };
        match resume.turn(SYSTEM.len() + k) {
            Turn::Done => {}
            Turn::Hung => {
                let hung = Looked {
                    file: format!("/{pattern}"),
                    skipped: Some("a file or folder did not answer".to_owned()),
                    ..Looked::default()
                };
                emit(Answer { progress, ..Answer::whole(PATH, &line(&hung)?) })?;
            }
            Turn::Now => {
                masked += reader.files(pattern, emit)?;
                emit(Answer { masked, progress, ..Answer::whole(PATH, b"") })?;
            }
        }
    }
    Ok(())
}

fn line(of: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

impl Reader {
    /// Looks through the files of a pattern, newest state first told; the number of masks.
    fn files(&mut self, pattern: &str, emit: &mut Emit<'_>) -> io::Result<u64> {
        let mut masked = 0;
        for file in self.root.glob(pattern).unwrap_or_default() {
            let is_packed = [".gz", ".xz", ".bz2", ".zst"].iter().any(|end| file.ends_with(end));
            let looked = if is_packed { continue } else { self.look(&file) };
            let content = match looked {
                Ok((looked, matches)) => {
                    let (groups, masks) = matches.into_groups(&looked.file);
                    masked += masks;
                    let mut content = line(&looked)?;
                    for group in &groups {
                        content.extend(line(group)?);
                    }
                    content
                }
                Err(None) => continue,
                Err(Some(why)) => {
                    let (file, skipped) = (format!("/{file}"), Some(why));
                    line(&Looked { file, skipped, ..Looked::default() })?
                }
            };
            emit(Answer { progress: Progress::Piece, ..Answer::whole(PATH, &content) })?;
        }
        Ok(masked)
    }

    /// The matches of one file; the error is the reason, or none if there is no such file.
    fn look(&mut self, file: &str) -> Result<(Looked, Matches), Option<String>> {
        let (log, size, modified) = self.open(file).map_err(|errno| self.reason(file, errno))?;
        if modified < self.now.unix_s - DAY_S {
            return Err(Some("not written for 24 hours".to_owned()));
        }
        if self.left_bytes == 0 {
            return Err(Some(format!("{} MiB of logs were read before it", ALL_BYTES >> 20)));
        }
        let most = size.min(FILE_BYTES).min(self.left_bytes);
        let mut matches = Matches::new(self.now);
        let read = each_line(&log, size - most, size, |line| matches.line(line));
        let read_bytes = read.map_err(|errno| Some(io::Error::from(errno).to_string()))?;
        self.left_bytes -= read_bytes.min(self.left_bytes);
        let looked = Looked {
            file: format!("/{file}"),
            size_bytes: Some(size),
            read_bytes: Some(read_bytes),
            lines: Some(matches.lines),
            oldest_unix_s: matches.oldest_unix_s,
            newest_unix_s: matches.newest_unix_s(),
            skipped: None,
        };
        Ok((looked, matches))
    }

    /// A log, its size and the time of its last change.
    fn open(&self, file: &str) -> Result<(OwnedFd, u64, i64), Errno> {
        let log = self.root.open_file(file, false)?;
        let stat = fstat(&log)?;
        Ok((log, u64::try_from(stat.st_size).unwrap_or(0), stat.st_mtime))
    }

    /// Why a log could not be opened; none if there is no such file.
    fn reason(&self, file: &str, errno: Errno) -> Option<String> {
        match (errno, self.root.stands_for(file)) {
            (Errno::NOENT | Errno::NOTDIR, _) => None,
            (Errno::INVAL, Some(what)) => Some(what.to_owned()),
            (errno, _) => Some(io::Error::from(errno).to_string()),
        }
    }

    /// The newest kernel lines of a system log.
    fn kernel_lines(&self, file: &str, path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
        let (log, size, _) = match self.open(file) {
            Ok(opened) => opened,
            Err(errno) => {
                let why = self.reason(file, errno);
                return emit(Answer { reason: why.as_deref(), ..Answer::failed(path, errno) });
            }
        };
        let mut kept = Vec::new();
        let mut cut = size > FILE_BYTES;
        let read = each_line(&log, size.saturating_sub(FILE_BYTES), size, |line| {
            if !line.windows(9).take(128).any(|w| w == b" kernel: ") {
                return;
            }
            kept.extend_from_slice(line.get(..2048.min(line.len())).unwrap_or_default());
            kept.push(b'\n');
            if kept.len() > 2 * KERNEL_BYTES {
                newest(&mut kept);
                cut = true;
            }
        });
        if let Err(errno) = read {
            return emit(Answer::failed(path, errno));
        }
        cut |= newest(&mut kept);
        let redacted = redact::text(&kept);
        let mut answer = Answer::whole(path, &redacted.bytes);
        answer.masked = redacted.masked;
        if cut {
            answer.outcome = Outcome::Truncated;
            answer.reason = Some("the newest lines only");
        }
        emit(answer)
    }
}

/// Leaves the newest lines; `true` if there were more.
fn newest(kept: &mut Vec<u8>) -> bool {
    let too_many = kept.len().saturating_sub(KERNEL_BYTES);
    if too_many == 0 {
        return false;
    }
    let end = kept.iter().skip(too_many).position(|b| *b == b'\n').map_or(0, |n| n + 1);
    kept.drain(..too_many + end);
    true
}

/// Hands on the whole lines between two places of a file; how many bytes were read.
fn each_line(
    file: &OwnedFd,
    from: u64,
    to: u64,
    mut take: impl FnMut(&[u8]),
) -> Result<u64, Errno> {
    let mut at = from;
    let mut held: Vec<u8> = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    // A beginning in the middle of a line is none.
    let mut whole = from == 0;
    while at < to {
        let n = match pread(file, &mut chunk, at) {
            Ok(0) => break,
            Ok(n) => n,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        at += n as u64;
        let mut rest = chunk.get(..n).unwrap_or_default();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
            rest = after.get(1..).unwrap_or_default();
            if held.is_empty() {
                if whole {
                    take(line);
                }
            } else {
                held.extend_from_slice(line);
                if whole {
                    take(&held);
                }
                held.clear();
            }
            whole = true;
        }
        // The end of a monstrous line is left out.
        if held.len() < CHUNK_BYTES {
            held.extend_from_slice(rest);
        }
    }
    if whole && !held.is_empty() {
        take(&held);
    }
    Ok(at - from)
}

#[cfg(test)]
mod tests;
