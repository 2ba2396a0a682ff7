//! Reading the rows of the plan that are files: single ones, patterns, packs, and `/proc/sys`.

use std::ops::Range;

use linsight_archive::writer::Cut;
use linsight_archive::{JournalLine, Outcome};
use rustix::io::Errno;

use crate::answer::{Answer, Request};
use crate::class::Class;
use crate::clock;
use crate::plan::{How, Right, Source};
use crate::probe;
use crate::run::Run;
use crate::sink::Sink;
use crate::stop::Flow;
use crate::wire::{Asked, Op};
use crate::workers::Workers;

/// Bytes of paths that one pattern may yield.
const NAMES_CAP: u32 = 8 << 20;
/// A name that is a directory.
const EISDIR: i32 = Errno::ISDIR.raw_os_error();
/// A name that is no link.
const EINVAL: i32 = Errno::INVAL.raw_os_error();
/// A file that would show our namespace instead of the host's.
const EXDEV: i32 = Errno::XDEV.raw_os_error();
/// Bytes of one kernel parameter.
const SYSCTL_CAP: u32 = 64 << 10;

/// Whether a path of the plan stands for several files. The kernel's release is put in later.
fn has_wildcard(path: &str) -> bool {
    path.replace("{release}", "").contains(['*', '{'])
}

/// A request for a path of a row.
#[must_use]
pub(crate) fn request(source: &Source, op: Op, path: String) -> Request {
    let asked = Asked { op, ptrace: source.right == Right::Owner, cap: source.cap, path };
    Request { asked, class: source.class, pid: None }
}

/// What was found where something was looked for; an error gives no names and its outcome.
pub(crate) type Found = (Vec<String>, Outcome);

/// Asks for one list of names or paths.
///
/// # Errors
/// When the run ends early.
pub(crate) fn lines(workers: &mut Workers, op: Op, path: &str, class: Class) -> Flow<Found> {
    let mut found = all_lines(workers, op, &[(path, class)])?;
    Ok(found.pop().unwrap_or((Vec::new(), Outcome::Failed)))
}

/// As [`lines`], of several at once: to wait for each answer before the next is asked for costs more
/// than to list a directory.
///
/// # Errors
/// When the run ends early.
pub(crate) fn all_lines(
    workers: &mut Workers,
    op: Op,
    paths: &[(&str, Class)],
) -> Flow<Vec<Found>> {
    let request = |(path, class): &(&str, Class)| {
        let asked = Asked { op, ptrace: false, cap: NAMES_CAP, path: (*path).to_owned() };
        Request { asked, class: *class, pid: None }
    };
    let requests: Vec<Request> = paths.iter().map(request).collect();
    let mut found = vec![(Vec::new(), Outcome::Failed); paths.len()];
    workers.run(&requests, &mut |answer| {
        if let Some(found) = found.get_mut(answer.index) {
            let text = String::from_utf8_lossy(answer.content);
            *found = (text.lines().map(str::to_owned).collect(), answer.outcome);
        }
        Ok(())
    })?;
    Ok(found)
}

impl Run {
    /// Reads the chosen rows that are files. Single files come in one batch, in the plan's order.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_files(&mut self, chosen: impl Fn(&Source) -> bool) -> Flow {
        let rows: Vec<&'static Source> = self.plan.iter().copied().filter(|s| chosen(s)).collect();
        let is_pattern = |row: &Source| row.how == How::File && has_wildcard(row.path);
        let patterns: Vec<(&str, Class)> =
            rows.iter().filter(|row| is_pattern(row)).map(|row| (row.path, row.class)).collect();
        let mut found = all_lines(&mut self.workers, Op::Glob, &patterns)?.into_iter();
        let mut paths: Vec<(&Source, String)> = Vec::new();
        for row in &rows {
            match row.how {
                How::File if is_pattern(row) => {
                    let Some((found, outcome)) = found.next() else { continue };
                    if found.is_empty() {
                        let outcome =
                            if outcome.has_content() { Outcome::Missing } else { outcome };
                        self.sink.note(row.path, outcome, "nothing matches")?;
                    }
                    paths.extend(found.into_iter().map(|path| (*row, path)));
                }
                How::Small(bound) => {
                    if let Some(paths_of_it) = self.if_small(row, bound)? {
                        paths.push((row, paths_of_it));
                    }
                }
                How::File | How::Names => paths.push((row, self.path_of(row))),
                _ => {}
            }
        }
        self.read_paths(&paths)?;
        for row in rows {
            match row.how {
                How::Pack(prefix, patterns) => self.read_patterns(row, prefix, patterns)?,
                How::Tree(dir, names) => self.read_tree(row, dir, names)?,
                How::Sysctl(below) => self.read_sysctl(row, below)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The path of a row, with the kernel's release where it says so.
    fn path_of(&self, row: &Source) -> String {
        row.path.replace("{release}", &self.release)
    }

    fn read_paths(&mut self, paths: &[(&Source, String)]) -> Flow {
        let requests: Vec<Request> = paths
            .iter()
            .map(|(row, path)| match (row.how, path.strip_prefix("names/")) {
                (How::Names, Some(dir)) => request(row, Op::List, dir.to_owned()),
                _ => request(row, Op::Read, path.clone()),
            })
            .collect();
        let sink = &mut self.sink;
        self.workers.run(&requests, &mut |answer| {
            let Some((row, path)) = paths.get(answer.index) else { return Ok(()) };
            let (content, masked) = row.mask.apply(path, answer.content);
            sink.put(path, &Answer { content: &content, ..*answer }, masked, Cut::Line)
        })
    }

    fn read_tree(&mut self, row: &Source, dir: &str, names: &str) -> Flow {
        let (found, outcome) =
            lines(&mut self.workers, Op::Find, &format!("{dir}//{names}"), row.class)?;
        let requests: Vec<Request> =
            found.into_iter().map(|path| request(row, Op::Read, path)).collect();
        self.read_pack(row, "sys", &requests, outcome == Outcome::Truncated)
    }

    fn read_patterns(&mut self, row: &Source, prefix: &str, patterns: &[&str]) -> Flow {
        let whole: Vec<String> = patterns
            .iter()
            .map(|pattern| format!("{prefix}/{}", pattern.trim_end_matches('@')))
            .collect();
        let whole: Vec<(&str, Class)> =
            whole.iter().map(|pattern| (pattern.as_str(), row.class)).collect();
        let found = all_lines(&mut self.workers, Op::Glob, &whole)?;
        let mut requests = Vec::new();
        for (pattern, (found, _)) in patterns.iter().zip(found) {
            let op = if pattern.ends_with('@') { Op::Link } else { Op::Read };
            requests.extend(found.into_iter().map(|path| request(row, op, path)));
        }
        self.not_of_quiet_cpus(&mut requests, row.class)?;
        self.read_pack(row, prefix, &requests, false)
    }

    /// Leaves out the clock rates of CPUs that are isolated or run without a tick: to be asked
    /// interrupts them. Of the others so many are asked as are enough to judge by, since some
    /// kernels (4.13 to 5.17) measure for 10 ms each.
    fn not_of_quiet_cpus(&mut self, requests: &mut Vec<Request>, class: Class) -> Flow {
        const MOST: usize = 64;
        if !requests.iter().any(|r| asked_cpu(&r.asked.path).is_some()) {
            return Ok(());
        }
        let mut quiet = Vec::new();
        let mut left = MOST;
        for list in [
            "devices/system/cpu/nohz_full",
            "devices/system/cpu/isolated",
            "fs/cgroup/cpuset.cpus.isolated",
        ] {
            let (cpus, outcome) =
                lines(&mut self.workers, Op::Read, &format!("sys/{list}"), class)?;
            quiet.extend(cpus);
            if !outcome.has_content() && outcome != Outcome::Missing {
                // Nobody knows which they are.
                left = 0;
            }
        }
        requests.retain(|r| match asked_cpu(&r.asked.path) {
            Some(cpu) if left == 0 || quiet.iter().any(|list| holds(list, cpu)) => false,
            Some(_) => {
                left -= 1;
                true
            }
            None => true,
        });
        Ok(())
    }

    /// Reads these files and links into the row's pack; keys are relative to the prefix.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn read_pack(
        &mut self,
        row: &Source,
        prefix: &str,
        requests: &[Request],
        cut: bool,
    ) -> Flow {
        let Self { sink, workers, sampled, samples, .. } = self;
        let mut pack = sink.pack(row.path);
        if cut {
            Sink::cut(&mut pack, "more directories than are looked into");
        }
        workers.run(requests, &mut |answer| {
            let Some(request) = requests.get(answer.index) else { return Ok(()) };
            // A pattern names what some kernel or driver has; what this one lacks is no evidence.
            // So does an attribute that is a directory, and a file where links are looked for.
            let is_no_link = request.asked.op == Op::Link && answer.errno == Some(EINVAL);
            if answer.outcome == Outcome::Missing || answer.errno == Some(EISDIR) || is_no_link {
                return Ok(());
            }
            if *samples == 0 {
                sampled.learn(row, &request.asked.path, answer);
            }
            let key = request.asked.path.strip_prefix(prefix).unwrap_or(&request.asked.path);
            sink.record(
                &mut pack,
                key.trim_start_matches('/'),
                answer.outcome,
                answer.us,
                answer.content,
            )
        })?;
        sink.end_pack(pack)
    }

    /// Writes what `sysctl -a` would print. The tool itself is never run: it opens files whose
    /// reading changes the host. What of it belongs to the network namespace is stored under its
    /// name, too, so that its probe need not read a thousand files again.
    fn read_sysctl(&mut self, row: &Source, below: &[&str]) -> Flow {
        self.namespace_read = 0;
        let dirs: Vec<String> = if below.is_empty() {
            vec!["proc/sys".to_owned()]
        } else {
            below.iter().map(|dir| format!("proc/sys/{dir}")).collect()
        };
        let (mut paths, mut outcome) = (Vec::new(), Outcome::Missing);
        for dir in dirs {
            let found = lines(&mut self.workers, Op::Walk, &dir, row.class)?;
            paths.extend(found.0);
            outcome = found.1;
        }
        if paths.is_empty() {
            return self.sink.note(row.path, outcome, "");
        }
        let requests: Vec<Request> = paths
            .into_iter()
            .map(|path| {
                let asked = Asked { op: Op::Read, ptrace: false, cap: SYSCTL_CAP, path };
                Request { asked, class: row.class, pid: None }
            })
            .collect();
        let namespace = self.namespace_of_parameters()?;
        let mut line = JournalLine::new(row.path, Outcome::Collected, clock::mono_us());
        let (mut text, mut elsewhere) = (Vec::new(), 0_u32);
        let mut net = OfNet::default();
        self.workers.run(&requests, &mut |answer| {
            let Some(request) = requests.get(answer.index) else { return Ok(()) };
            *line.records.entry(answer.outcome).or_default() += 1;
            elsewhere += u32::from(answer.errno == Some(EXDEV));
            line.us += answer.us;
            let key = request.asked.path.strip_prefix("proc/sys/").unwrap_or_default();
            let begin = text.len();
            if answer.outcome.has_content() {
                append_sysctl(&mut text, key, answer.content);
            }
            if key.starts_with("net/") {
                net.add(answer, begin..text.len());
            }
            Ok(())
        })?;
        if elsewhere > 0 {
            let what = "those of our namespace, not of the host";
            line.reason = Some(format!("{elsewhere} values left out: they would be {what}"));
        } else if let (Some(inode), Some(of_it)) = (namespace, text.get(net.bytes.clone()))
            && !of_it.is_empty()
        {
            self.namespace_read = inode;
            let path = format!("probes/netns/{inode}/sysctl");
            self.sink.put_line(&path, net.line(&path), of_it, Cut::Line)?;
        }
        self.sink.put_line(row.path, line, &text, Cut::Line)
    }

    /// The network namespace whose parameters a worker sees, if the probe of namespaces is to name it.
    fn namespace_of_parameters(&mut self) -> Flow<Option<u64>> {
        if !self.plan.iter().any(|row| row.how == How::Probe(probe::Request::Netns)) {
            return Ok(None);
        }
        let path = "proc/self/ns/net".to_owned();
        let asked = Asked { op: Op::Link, ptrace: false, cap: 64, path };
        let mut inode = None;
        self.workers.run(&[Request { asked, class: Class::Safe, pid: None }], &mut |answer| {
            let target = std::str::from_utf8(answer.content).ok();
            inode = target.and_then(|t| t.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok());
            Ok(())
        })?;
        Ok(inode)
    }
}

/// The parameters of the network among all: they follow each other, since paths are sorted.
#[derive(Debug, Default)]
struct OfNet {
    bytes: Range<usize>,
    begun_us: u64,
    us: u64,
    unreadable: u32,
}

impl OfNet {
    fn add(&mut self, answer: &Answer<'_>, bytes: Range<usize>) {
        if self.begun_us == 0 {
            self.begun_us = answer.mono_us;
            self.bytes.start = bytes.start;
        }
        self.bytes.end = bytes.end;
        self.us += answer.us;
        self.unreadable += u32::from(!answer.outcome.has_content());
    }

    fn line(&self, path: &str) -> JournalLine {
        let mut line = JournalLine::new(path, Outcome::Collected, self.begun_us);
        line.us = self.us;
        line.reason =
            (self.unreadable > 0).then(|| format!("{} values not readable", self.unreadable));
        line
    }
}

/// `key = value`, one line for each line of the value. A `.` in a directory name (VLAN devices)
/// becomes `/`, as sysctl prints it.
pub(crate) fn append_sysctl(text: &mut Vec<u8>, path: &str, value: &[u8]) {
    let key: String = path
        .chars()
        .map(|c| match c {
            '/' => '.',
            '.' => '/',
            c => c,
        })
        .collect();
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    for line in value.split(|b| *b == b'\n') {
        text.extend_from_slice(key.as_bytes());
        text.extend_from_slice(b" = ");
        text.extend_from_slice(line);
        text.push(b'\n');
    }
}

/// The CPU that reading this file interrupts.
fn asked_cpu(path: &str) -> Option<u32> {
    let policy = path.strip_suffix("/scaling_cur_freq")?.rsplit('/').next()?;
    policy.strip_prefix("policy")?.parse().ok()
}

/// Whether a list of the kernel (`1-3,8`) holds a CPU.
fn holds(list: &str, cpu: u32) -> bool {
    list.trim().split(',').any(|part| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let range = low.parse::<u32>().ok().zip(high.parse::<u32>().ok());
        range.is_some_and(|(low, high)| (low..=high).contains(&cpu))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_sysctl_prints_them() {
        let mut text = Vec::new();
        append_sysctl(&mut text, "net/ipv4/conf/eth0.100/rp_filter", b"2\n");
        append_sysctl(&mut text, "net/ipv4/tcp_rmem", b"4096\t131072\t6291456\n");
        append_sysctl(&mut text, "dev/cdrom/info", b"CD-ROM\n\ndrive name:\tsr0\n");
        append_sysctl(&mut text, "kernel/modprobe", b"");
        let expected = "net.ipv4.conf.eth0/100.rp_filter = 2\n\
            net.ipv4.tcp_rmem = 4096\t131072\t6291456\n\
            dev.cdrom.info = CD-ROM\n\
            dev.cdrom.info = \n\
            dev.cdrom.info = drive name:\tsr0\n\
            kernel.modprobe = \n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn clock_rates_of_quiet_cpus_are_known_by_their_path() {
        let cpu = |policy: &str| {
            asked_cpu(&format!("sys/devices/system/cpu/cpufreq/{policy}/scaling_cur_freq"))
        };
        assert_eq!((cpu("policy12"), cpu("x")), (Some(12), None));
        assert_eq!(asked_cpu("sys/devices/system/cpu/cpufreq/policy1/scaling_max_freq"), None);
        assert!(holds("1-3,8\n", 2) && holds("1-3,8", 8) && !holds("1-3,8", 4));
        assert!(!holds("(null)", 0) && !holds("", 0));
    }
}
