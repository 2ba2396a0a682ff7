//! Makes a large host's archive of a small one: for `benches/analyze`.
//!
//! A host with ten thousand processes and a hundred thousand sockets is seldom at hand, and a
//! measurement must not depend on finding one. So a fresh archive of this host is taken as the
//! pattern: every source stays as it is, every family of per-process files gets so many records
//! more, made of the records of a real process with its numbers changed from process to process
//! and from sample to sample, and every namespace of the host so many sockets.
//!
//! ```text
//! grow-archive BASE OUT --processes 10000 --samples 61 --sockets 100000
//! ```
//!
//! As the collector does above 2,000 processes, the small ones stand in every fifth sample only;
//! with `--all` in every one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program for measurements fails by panicking"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufWriter;
use std::sync::Mutex;

use linsight::input::{Limits, Snapshot, Source};
use linsight_archive::pack::{self, PackWriter};
use linsight_archive::writer::Cut;
use linsight_archive::{JournalLine, Writer, names};

/// The first process that is added; real ones of a host with the usual `pid_max` lie below.
const FIRST_PID: usize = 1_000_000;
/// The pack of threads, whose keys are `process/thread`.
const TASKS: &str = "packs/proc-task/stat";
/// Samples are a second apart.
const SECOND_US: u64 = 1_000_000;

/// What is asked for.
struct Wish {
    processes: usize,
    samples: u32,
    sockets: usize,
    /// All processes in every sample.
    all: bool,
}

/// Contents by path and pass.
type Sources = BTreeMap<(String, u32), Vec<u8>>;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = args.iter().position(|arg| arg == name);
        at.map_or(default, |at| args[at + 1].parse().expect("a number"))
    };
    let wish = Wish {
        processes: number("--processes", 0),
        samples: u32::try_from(number("--samples", 61)).unwrap(),
        sockets: number("--sockets", 0),
        all: args.iter().any(|arg| arg == "--all"),
    };
    let [base, out] = [&args[0], &args[1]];
    let source = Source::from_arg(OsStr::new(base));
    let snapshot = Snapshot::open(&source, &Limits::default()).expect("the archive to grow");
    let out = BufWriter::new(File::create_new(out).expect("a new file"));
    grow(&snapshot, &wish, out);
}

fn grow(snapshot: &Snapshot, wish: &Wish, out: BufWriter<File>) {
    let sources = Mutex::new(Sources::new());
    snapshot.visit(|entry| {
        let key = (entry.path.to_owned(), entry.pass);
        sources.lock().unwrap().insert(key, entry.content.to_vec());
    });
    let sources = sources.into_inner().unwrap();
    let journal = snapshot.journal();
    let last = journal.keys().map(|(_, pass)| *pass).max().unwrap();
    let sampled = last.checked_sub(1).filter(|n| *n > 0).expect("an archive with samples");
    let header = snapshot.header().expect("a header");
    let start_us = header.started_mono_us;
    let mut writer = Writer::new(out, header).unwrap();
    let template = Template::of(&sources);
    for pass in 0..=wish.samples + 1 {
        // Samples repeat in turn; the passes before and after them stay at the ends.
        let from = match pass {
            0 => 0,
            n if n > wish.samples => last,
            n => (n - 1) % sampled + 1,
        };
        // What is read at a few moments of the window is not repeated.
        let repeated = pass > sampled && pass <= wish.samples;
        for ((path, _), line) in journal.iter().filter(|((_, p), _)| *p == from) {
            if repeated && path.contains("/smaps") {
                continue;
            }
            let name = names::sample(pass, path);
            let mono_us = start_us + u64::from(pass) * SECOND_US;
            let line = JournalLine { path: name, mono_us, parts: None, ..line.clone() };
            let Some(content) = sources.get(&(path.clone(), from)) else {
                writer.note(line).unwrap();
                continue;
            };
            write(&mut writer, line, content, path, pass, &template, wish);
        }
        if pass.is_multiple_of(5) {
            writer.close_frame().unwrap();
        }
    }
    let mut end = snapshot.end().expect("an archive that is complete").clone();
    end.samples = wish.samples;
    end.ended_mono_us = start_us + u64::from(wish.samples + 2) * SECOND_US;
    writer.finish(end).unwrap().into_inner().unwrap().sync_all().unwrap();
}

fn write(
    writer: &mut Writer<BufWriter<File>>,
    line: JournalLine,
    content: &[u8],
    path: &str,
    pass: u32,
    template: &Template,
    wish: &Wish,
) {
    if path.starts_with("packs/") {
        let mut pack = PackWriter::new(&line.path, line.mono_us);
        for record in pack::records(content).map_while(Result::ok) {
            pack.push(writer, &record.key, record.outcome, record.us, record.content).unwrap();
        }
        if let Some(records) = template.0.get(path) {
            for i in 0..added(path, pass, wish) {
                let pid = FIRST_PID + i;
                for (rest, outcome, bytes) in records {
                    let content = vary(path, bytes, pid, pass);
                    let key =
                        if path == TASKS { format!("{pid}/{pid}") } else { format!("{pid}{rest}") };
                    pack.push(writer, &key, *outcome, 4, &content).unwrap();
                }
            }
        }
        pack.finish(writer).unwrap();
    } else if path.starts_with("probes/inet_diag/") && path.ends_with("/tcp4") {
        let mut bytes = content.to_vec();
        for i in 0..wish.sockets {
            bytes.extend(socket(i));
        }
        writer.put(line, &bytes, Cut::Message).unwrap();
    } else {
        writer.put(line, content, Cut::Line).unwrap();
    }
}

/// How many processes are added to a pack, as the collector would: walks of mappings cost their
/// process time, so that it takes a few only, as it does of what only the largest are asked for;
/// within the window it reads `status` of the largest and threads that run.
fn added(path: &str, pass: u32, wish: &Wish) -> usize {
    let in_window = (1..=wish.samples).contains(&pass);
    match path {
        "packs/proc-pid/smaps" | "packs/proc-pid/numa_maps" => 0,
        "packs/proc-pid/stat" | "packs/proc-pid/statm" => {
            let thinned =
                in_window && !wish.all && wish.processes > 2000 && !pass.is_multiple_of(5);
            if thinned { 500 } else { wish.processes }
        }
        "packs/proc-pid/sched" => wish.processes.min(200),
        "packs/proc-pid/maps_count" => wish.processes.min(50),
        "packs/proc-pid/status" if in_window => wish.processes.min(200),
        _ if in_window => 0,
        _ => wish.processes,
    }
}

/// A record of the pattern: rest of its key, outcome, content.
type Record = (String, linsight_archive::Outcome, Vec<u8>);

/// The records of one process, by pack: of one that has an address space and is in all of them.
struct Template(BTreeMap<String, Vec<Record>>);

impl Template {
    fn of(sources: &Sources) -> Self {
        let packs = || {
            let per_process = |path: &str| path.starts_with("packs/proc-pid/") || path == TASKS;
            sources.iter().filter(move |((path, pass), _)| *pass == 0 && per_process(path))
        };
        let mut files: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (_, content) in packs() {
            for record in pack::records(content).map_while(Result::ok) {
                let pid = record.key.split('/').next().unwrap().to_owned();
                let seen = files.entry(pid).or_default();
                *seen = (seen.0 + 1, seen.1 + record.content.len());
            }
        }
        // Of the processes with the usual number of descriptors and threads the largest.
        let pid = files
            .iter()
            .filter(|(_, (records, _))| *records < 40)
            .max_by_key(|(_, (records, bytes))| (*records, *bytes))
            .map(|(pid, _)| pid.clone())
            .expect("a process to copy");
        let mut out: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for ((path, _), content) in packs() {
            for record in pack::records(content).map_while(Result::ok) {
                let rest = record.key.strip_prefix(&pid);
                let is_first = path != TASKS || record.key == format!("{pid}/{pid}");
                let is_its = |rest: &&str| is_first && (rest.is_empty() || rest.starts_with('/'));
                if let Some(rest) = rest.filter(is_its) {
                    let record = (rest.to_owned(), record.outcome, record.content.to_vec());
                    out.entry(path.clone()).or_default().push(record);
                }
            }
        }
        Self(out)
    }
}

/// The content of one process in one pass: figures move, so that it is neither constant (which
/// would compress to nothing) nor noise.
fn vary(path: &str, content: &[u8], pid: usize, pass: u32) -> Vec<u8> {
    let pass = pass as usize;
    let noise = (pid * 2_654_435_761 + pass * 40_503) >> 7;
    let text = || String::from_utf8_lossy(content).into_owned();
    match path {
        "packs/proc-pid/stat" | TASKS => {
            let text = text();
            let (_, rest) = text.rsplit_once(')').expect("a comm in parentheses");
            let mut fields: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            // Fields from the third on, as in proc_pid_stat(5): utime is the 14th.
            fields[11] = (pid % 997 + pass * (pid % 7)).to_string();
            fields[12] = (pid % 499 + pass).to_string();
            fields[19] = (pid % 100_000).to_string();
            fields[21] = (500 + pid % 9000 + noise % 40).to_string();
            format!("{pid} (worker-{}) {}\n", pid % 100, fields.join(" ")).into_bytes()
        }
        "packs/proc-pid/statm" => {
            let resident = 500 + pid % 9000 + noise % 40;
            format!("{} {resident} {} 200 0 {} 0\n", resident * 9, 300 + pid % 100, resident * 3)
                .into_bytes()
        }
        "packs/proc-pid/status" => {
            let anon = 900 + pid % 30_000 + noise % 160;
            let line = |line: &str| match line.split_once(':') {
                Some(("RssAnon", _)) => format!("RssAnon:\t{anon:8} kB\n"),
                Some((key @ ("Pid" | "Tgid"), _)) => format!("{key}:\t{pid}\n"),
                _ => format!("{line}\n"),
            };
            text().lines().map(line).collect::<String>().into_bytes()
        }
        "packs/proc-pid/smaps_rollup" => {
            let line = |line: &str| match line.split_once(':') {
                Some(("Pss", _)) => format!("Pss:            {:8} kB\n", 900 + noise % 30_000),
                _ => format!("{line}\n"),
            };
            text().lines().map(line).collect::<String>().into_bytes()
        }
        "packs/proc-pid/cmdline" => format!("/usr/sbin/worker\0--id\0{pid}\0").into_bytes(),
        _ => content.to_vec(),
    }
}

/// An established IPv4 connection with what the collector asks for, as the kernel sends it on a
/// little-endian host: `inet_diag_msg`, `tcp_info`, memory, congestion control.
fn socket(i: usize) -> Vec<u8> {
    let n = u32::try_from(i).unwrap();
    let mut message = Vec::with_capacity(400);
    message.extend([2, 1, 2, 0]);
    let (local, remote) = (10_000 + n % 50_000, 443 + n / 50_000);
    for port in [local, remote] {
        message.extend(u16::try_from(port).unwrap().to_be_bytes());
    }
    let mut ends = [0; 32];
    ends[..4].copy_from_slice(&[10, 0, 0, 1]);
    let [_, _, high, low] = n.to_be_bytes();
    ends[16..20].copy_from_slice(&[10, 1, high, low]);
    message.extend(ends);
    // Interface, cookie, keepalive timer in ms, queues, owner, inode.
    for word in [0, n + 1, 0, 1000 + n * 7 % 7_200_000, 0, n % 3, 1000, 50_000 + n] {
        message.extend(word.to_le_bytes());
    }
    let mut info = [0; 248];
    info[0] = 1;
    for (at, word) in [
        (8, 204_000),
        (16, 1448),
        (44, n % 900_000),
        (52, n % 900_000),
        (56, n % 900_000),
        (68, 300 + n % 20_000),
        (72, 150),
        (80, 10),
        (100, n % 3),
        (136, 100 + n % 1000),
        (140, 90),
    ] {
        let word: u32 = word;
        info[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let mut attribute = |kind: u16, value: &[u8]| {
        message.extend(u16::try_from(value.len() + 4).unwrap().to_le_bytes());
        message.extend(kind.to_le_bytes());
        message.extend(value);
        message.resize(message.len().next_multiple_of(4), 0);
    };
    attribute(2, &info);
    attribute(7, &[0; 36]);
    attribute(4, b"cubic\0");
    let length = u32::try_from(message.len() + 16).unwrap();
    let mut whole = length.to_le_bytes().to_vec();
    whole.extend(20_u16.to_le_bytes());
    whole.extend(2_u16.to_le_bytes());
    whole.extend([0; 8]);
    whole.extend(message);
    whole
}
