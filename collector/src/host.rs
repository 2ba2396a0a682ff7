//! Who collects, on which host, with which rights: the header of the archive.

use std::collections::BTreeMap;
use std::io::Read as _;

use linsight_archive::{FORMAT_VERSION, Header, Outcome};

use crate::answer::Request;
use crate::class::Class;
use crate::wire::{Asked, Op};
use crate::workers::Workers;
use crate::{clock, zone};

/// Effective capabilities of this process, 0 if the kernel does not say.
#[must_use]
pub(crate) fn capabilities() -> u64 {
    own_field("/proc/self/status", "CapEff:")
        .and_then(|v| u64::from_str_radix(&v, 16).ok())
        .unwrap_or(0)
}

/// Peak resident memory of one of our processes in bytes, 0 if the kernel does not say.
#[must_use]
pub(crate) fn peak_rss_bytes(pid: u32) -> u64 {
    own_field(&format!("/proc/{pid}/status"), "VmHWM:")
        .and_then(|v| v.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// CPU time in microseconds of children that have ended, and of one that lives.
#[must_use]
pub(crate) fn children_cpu_us(alive: Option<u32>) -> u64 {
    let ticks = |pid: &str, user: usize| {
        let text = own_file(&format!("/proc/{pid}/stat"))?;
        let stat = crate::proc_stat::Stat::parse(text.as_bytes())?;
        Some(stat.number(user)?.saturating_add(stat.number(user + 1)?))
    };
    let ended = ticks("self", crate::proc_stat::CUTIME).unwrap_or(0);
    let alive = alive.and_then(|pid| ticks(&pid.to_string(), crate::proc_stat::UTIME)).unwrap_or(0);
    (ended + alive).saturating_mul(1_000_000) / rustix::param::clock_ticks_per_second().max(1)
}

/// Makes this process and its children the first that an out-of-memory host ends: the diagnosis
/// may not cost the patient.
pub(crate) fn offer_to_die_first() {
    // Where the kernel refuses, nothing is lost.
    std::fs::write("/proc/self/oom_score_adj", "1000").unwrap_or_default();
}

/// A field of a small file about this process. Such a file waits for nobody.
fn own_field(path: &str, name: &str) -> Option<String> {
    let text = own_file(path)?;
    text.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim().to_owned())
}

/// A small file about this process, at most 64 KiB.
#[must_use]
pub(crate) fn own_file(path: &str) -> Option<String> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(1 << 16).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Whether we run in a container, as engines and systemd mark it. An image of one that was booted as
/// a machine keeps the mark.
#[must_use]
pub(crate) fn is_container() -> bool {
    let marked = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"]
        .iter()
        .any(|mark| rustix::fs::access(*mark, rustix::fs::Access::EXISTS).is_ok());
    marked && !sees_the_machine()
}

/// The first process namespace, whose number is fixed (`PROC_PID_INIT_INO`), and the root of the
/// first process. Who may not look at that one is judged by the former.
fn sees_the_machine() -> bool {
    let link = |name: &str| std::fs::read_link(name).ok();
    let first = link("/proc/self/ns/pid").is_some_and(|l| l.as_os_str() == "pid:[4026531836]");
    let elsewhere = link("/proc/1/ns/mnt")
        .zip(link("/proc/self/ns/mnt"))
        .is_some_and(|(theirs, ours)| theirs != ours);
    first && !elsewhere
}

/// Release of the running kernel.
#[must_use]
pub(crate) fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// What the command line adds to the header.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// Seconds of sampling.
    pub(crate) duration_s: f64,
    /// Seconds between samples.
    pub(crate) interval_s: f64,
    /// The host's root.
    pub(crate) root: String,
    /// Operator notes.
    pub(crate) notes: BTreeMap<String, String>,
    /// Hash of the plan.
    pub plan_sha256: String,
    /// The command line, masked.
    pub(crate) argv: Vec<String>,
    /// What the host's own files tell.
    pub(crate) told: Told,
}

/// What the header says of the host that only files below its root tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    host_name: Option<String>,
    utc_offset_s: Option<i32>,
}

impl Told {
    /// Asks a worker. Where the root is not ours, its host name is not our kernel's answer, either.
    pub(crate) fn ask(workers: &mut Workers) -> Self {
        const ASKED: [(Op, &str); 4] = [
            (Op::Read, zone::PATH),
            (Op::Count, "etc"),
            (Op::Read, "proc/sys/kernel/hostname"),
            (Op::Read, "etc/hostname"),
        ];
        let requests = ASKED.map(|(op, path)| {
            let cap = u32::try_from(zone::CAP).unwrap_or(0);
            let asked = Asked { op, ptrace: false, cap, path: path.to_owned() };
            Request { asked, class: Class::Slow, pid: None }
        });
        let foreign = workers.root() != "/";
        let mut told = Self::default();
        let asked = workers.run(&requests, &mut |answer| {
            match (answer.index, answer.outcome) {
                // Without it programs tell UTC; in a bare root there is nobody to ask.
                (0, Outcome::Missing) => told.utc_offset_s = Some(0),
                (1, Outcome::Collected) => {}
                (1, _) => told.utc_offset_s = None,
                (0, Outcome::Collected) => {
                    #[expect(clippy::cast_possible_truncation, reason = "seconds of a clock")]
                    let now = clock::unix_s() as i64;
                    told.utc_offset_s = zone::offset_s(answer.content, now);
                }
                (_, Outcome::Collected) if foreign && told.host_name.is_none() => {
                    let name = String::from_utf8_lossy(answer.content).trim().to_owned();
                    told.host_name = Some(name).filter(|name| !name.is_empty());
                }
                _ => {}
            }
            Ok(())
        });
        // A signal ends the run where it looks for one; the header is written all the same.
        drop(asked);
        told
    }
}

/// The first entry of the archive.
#[must_use]
pub(crate) fn header(asked: Asking) -> Header {
    let uname = rustix::system::uname();
    let own_name = || uname.nodename().to_string_lossy().into_owned();
    let host_name = asked.told.host_name.unwrap_or_else(own_name);
    Header {
        linsight: FORMAT_VERSION,
        collector_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_sha256: asked.plan_sha256,
        argv: asked.argv,
        euid: rustix::process::geteuid().as_raw(),
        capabilities: capabilities(),
        host_name,
        kernel_release: release(),
        machine: uname.machine().to_string_lossy().into_owned(),
        started_unix_s: clock::unix_s(),
        started_mono_us: clock::mono_us(),
        started_boottime_us: clock::boottime_us(),
        utc_offset_s: asked.told.utc_offset_s,
        page_size_bytes: u32::try_from(rustix::param::page_size()).unwrap_or(4096),
        ticks_per_s: u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100),
        little_endian: cfg!(target_endian = "little"),
        duration_s: asked.duration_s,
        interval_s: asked.interval_s,
        root: asked.root,
        pid: rustix::process::getpid().as_raw_nonzero().get().unsigned_abs(),
        notes: asked.notes,
    }
}
