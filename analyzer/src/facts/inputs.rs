//! The one table from the paths of the archive to the parsers: what is read, in which passes, and
//! how much of it is kept.
//!
//! What exists once per process and sample is kept lean: ten thousand processes sampled for a
//! minute are 600,000 records. So a series keeps the numbers that it needs, and names, command
//! lines and the like are kept from one pass only.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::absence::Reason;
use crate::parse::{
    Counters, ParseEnv, ParseError, Rows, cmdline, cpuinfo, date, ethtool, ethtool_text, free,
    inet_diag, ip_link, loadavg, lscpu, meminfo, mountinfo, net_dev, net_snmp, net_tcp, netns,
    netstat, os_release, pid_cgroup, pid_limits, pid_stat, pid_statm, pid_status, pressure, ps,
    slabinfo, smaps, smaps_rollup, socket, ss, stat, sysctl, sysctl_conf, tuned, uptime,
    uptime_text, vmstat, zoneinfo,
};

use crate::parse::ethtool::Answer;

use super::build::devices::option_of;
use super::method::mapping;
use super::method::precedence::DIRECTORIES;
use super::method::socket::Socket;
use super::plan::{Journal, Many, NotUnderstood, Packed, Passes, Plan, Sampled, Take};

/// A thread, by process and thread id; the first thread of a process has twice the same.
pub(crate) type Tid = (u32, u32);

/// One process in one sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    /// Start since boot: with the process id the identity of the process.
    pub(crate) start_ticks: u64,
    /// User and kernel time since start.
    pub(crate) cpu_ticks: u64,
    /// State letter.
    pub(crate) state: u8,
}

/// A thread that runs or waits uninterruptibly.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) in_d: bool,
    pub(crate) comm: Box<str>,
}

/// One process, with what does not change or matters once.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) comm: Box<str>,
    pub(crate) ppid: u32,
    pub(crate) is_kernel_thread: bool,
    pub(crate) priority: i64,
    pub(crate) nice: i64,
    pub(crate) threads: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_bytes: u64,
    pub(crate) task: Task,
}

/// Sizes of one process in one sample, from statm.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub(crate) struct Sizes {
    /// `resident - shared`.
    pub(crate) private_bytes: u64,
    pub(crate) shared_bytes: u64,
    pub(crate) data_bytes: u64,
}

/// Sizes and owner of one process in one sample, from status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) uid: Option<u32>,
    pub(crate) rss_anon_bytes: Option<u64>,
    pub(crate) swap_bytes: Option<u64>,
    pub(crate) data_bytes: Option<u64>,
}

/// Soft limits of a process; `None` is unlimited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) address_space_bytes: Option<u64>,
    pub(crate) data_bytes: Option<u64>,
}

/// A file of one network namespace.
#[derive(Clone, Debug)]
pub(crate) enum NetnsFile {
    /// Its parameters.
    Sysctl(sysctl::Sysctl),
    /// Its protocol counters.
    Snmp(Counters),
    /// Its TCP sockets, where the socket monitor could not be asked.
    Tcp(Vec<Socket>),
    /// A file that no chapter reads yet.
    Other,
}

/// What one call of ethtool printed.
#[derive(Clone, Debug)]
pub(crate) enum EthtoolText {
    /// Without an option.
    Link(Answer<ethtool::Link>),
    /// `-g`.
    Ring(Answer<ethtool::Ring>),
    /// `-l`.
    Channels(Answer<ethtool::Channels>),
    /// `-S`.
    Stats(Answer<Counters>),
    /// `-i`.
    Driver(Answer<ethtool::Driver>),
    /// An option that no chapter reads.
    Other,
}

/// Declares the table: a field, its type, and how the plan reads it.
macro_rules! inputs {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = |$plan:ident| $how:expr;)+) => {
        /// Everything that the chapters read.
        pub(crate) struct Inputs {
            /// What parsing knew of the host.
            pub(crate) env: ParseEnv,
            /// Sources that the parsers did not understand, with the first message of each.
            pub(crate) not_understood: NotUnderstood,
            $($(#[doc = $doc])+ pub(crate) $field: $type,)+
        }

        impl Inputs {
            /// Declares all interests, lets `walk` hand every entry to the plan, and gathers.
            pub(crate) fn read(
                env: ParseEnv,
                journal: &Journal,
                walk: impl FnOnce(&Plan<'_>),
            ) -> Self {
                let mut plan = Plan::new(env, journal);
                $(let $field = { let $plan = &mut plan; $how };)+
                walk(&plan);
                let not_understood = plan.not_understood();
                Self { env, not_understood, $($field: $field.take(&plan),)+ }
            }
        }
    };
}

inputs! {
    /// Kernel version.
    version: Sampled<String> = |p| p.sampled("proc/version", |t, _| Ok(line(t)));
    /// Boot parameters, as text.
    cmdline: Sampled<String> = |p| p.sampled("proc/cmdline", |t, _| Ok(line(t)));
    /// Time since boot.
    uptime: Sampled<uptime::Uptime> = |p| p.sampled("proc/uptime", |t, _| uptime::parse(t));
    /// Distribution.
    os_release: Sampled<os_release::OsRelease> =
        |p| p.sampled("etc/os-release", |t, _| os_release::parse(t));
    /// Host name, for archives without a header.
    host_name: Sampled<String> = |p| p.sampled("proc/sys/kernel/hostname", |t, _| Ok(line(t)));
    /// The same by its tool.
    host_name_text: Sampled<String> = |p| p.sampled("commands/hostname", |t, _| Ok(line(t)));
    /// Kernel and host in one line.
    uname: Sampled<String> = |p| p.sampled("commands/uname", |t, _| Ok(line(t)));
    /// Time since boot to the minute, and load averages.
    uptime_text: Sampled<uptime_text::UptimeText> =
        |p| p.sampled("commands/uptime", |t, _| uptime_text::parse(t));
    /// The moment of the collection, seconds since 1970.
    date: Sampled<i64> = |p| p.sampled("commands/date", |t, _| date::parse(t));
    /// The same, with the time zone.
    timedatectl: Sampled<date::Clock> =
        |p| p.sampled("commands/timedatectl", |t, _| date::timedatectl(t));
    /// Processors as their tool prints them.
    lscpu: Sampled<lscpu::Lscpu> = |p| p.sampled("commands/lscpu", |t, _| lscpu::parse(t));
    /// Memory and swap as their tool prints them: in KiB.
    free: Sampled<free::Free> = |p| p.sampled("commands/free", |t, _| free::parse(t, 1024));
    /// Processes and threads as their tool prints them.
    ps: Sampled<Rows<ps::PsRow>> = |p| p.sampled("commands/ps", |t, _| ps::parse(t));
    /// Control groups of the first process.
    init_cgroup: Sampled<String> = |p| p.sampled("proc/1/cgroup", |t, _| Ok(t.to_owned()));
    /// Mounts as the collector saw them.
    own_mounts: Sampled<Rows<mountinfo::Mount>> =
        |p| p.sampled("proc/self/mountinfo", |t, _| mountinfo::parse(t));
    /// Kind of container, where systemd was told.
    container: Sampled<String> = |p| p.sampled("run/systemd/container", |t, _| Ok(line(t)));
    /// Model and flags of the processors.
    cpuinfo: Sampled<cpuinfo::Cpuinfo> =
        |p| p.sampled("proc/cpuinfo", |t, _| cpuinfo::parse(t));
    /// Topology of the processors.
    sys_cpu: Packed<String, String> = |p| sys(p, "packs/sys/cpu", Passes::First);
    /// NUMA nodes.
    sys_node: Packed<String, String> = |p| sys(p, "packs/sys/node", Passes::First);
    /// Huge pages and the like.
    sys_mm: Packed<String, String> = |p| sys(p, "packs/sys/mm", Passes::First);
    /// Maker and product.
    sys_dmi: Packed<String, String> = |p| sys(p, "packs/sys/dmi", Passes::First);
    /// Kind of hypervisor.
    sys_hypervisor: Packed<String, String> = |p| sys(p, "packs/sys/hypervisor", Passes::First);
    /// Interfaces.
    sys_net: Packed<String, String> = |p| sys(p, "packs/sys/net", Passes::Ends);

    /// CPU time and run queue.
    stat: Sampled<stat::Stat> = |p| p.sampled("proc/stat", |t, _| stat::parse(t));
    /// Load averages.
    loadavg: Sampled<loadavg::Loadavg> = |p| p.sampled("proc/loadavg", |t, _| loadavg::parse(t));
    /// Time lost waiting for a CPU.
    psi_cpu: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/cpu", |t, _| pressure::parse(t));
    /// Time lost waiting for I/O.
    psi_io: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/io", |t, _| pressure::parse(t));

    /// Memory, with the line of every key.
    meminfo: Sampled<(meminfo::Meminfo, Keys)> =
        |p| p.sampled("proc/meminfo", |t, _| Ok((meminfo::parse(t)?, Keys::of(t))));
    /// Memory counters.
    vmstat: Sampled<Counters> = |p| p.sampled("proc/vmstat", |t, _| vmstat::parse(t));
    /// Zones.
    zoneinfo: Sampled<Rows<zoneinfo::Zone>> =
        |p| p.sampled("proc/zoneinfo", |t, _| zoneinfo::parse(t));
    /// Slab caches.
    slabinfo: Sampled<Rows<slabinfo::SlabCache>> =
        |p| p.sampled("proc/slabinfo", slabinfo::parse);
    /// Size of the ZFS cache.
    arc: Sampled<u64> = |p| p.sampled("proc/spl/kstat/zfs/arcstats", |t, _| arc(t));

    /// Processes in every sample.
    tasks: Packed<u32, Task> =
        |p| p.packed("packs/proc-pid/stat", Passes::All, number, |t, e| {
            pid_stat::parse(t, e).map(|s| Some(task(&s)))
        });
    /// Processes at both ends of the collection.
    processes: Packed<u32, Process> =
        |p| p.packed("packs/proc-pid/stat", Passes::Ends, number, |t, e| {
            pid_stat::parse(t, e).map(|s| Some(process(&s)))
        });
    /// Names of processes in R or D, in every sample: many live too short to be seen at its ends.
    active: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/stat", Passes::All, number, |t, e| {
            pid_stat::parse(t, e).map(|s| matches!(s.state, 'R' | 'D').then(|| s.comm.into()))
        });
    /// Sizes in every sample.
    sizes: Packed<u32, Sizes> =
        |p| p.packed("packs/proc-pid/statm", Passes::All, number, |t, e| {
            pid_statm::parse(t, e).map(|s| Some(sizes(s)))
        });
    /// Sizes of the largest processes and of growers in every sample, of all at the start.
    status: Packed<u32, Status> =
        |p| p.packed("packs/proc-pid/status", Passes::All, number, |t, _| {
            pid_status::parse(t).map(|s| Some(status(&s)))
        });
    /// Command lines, arguments joined by blanks.
    cmdlines: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/cmdline", Passes::Ends, number, |t, _| Ok(arguments(t)));
    /// Limits of memory.
    limits: Packed<u32, Limits> =
        |p| p.packed("packs/proc-pid/limits", Passes::First, number, |t, _| {
            pid_limits::parse(t).map(|l| Some(limits(&l)))
        });
    /// Control group of each process.
    cgroups: Packed<u32, Box<str>> =
        |p| p.packed("packs/proc-pid/cgroup", Passes::First, number, |t, _| {
            Ok(pid_cgroup::parse(t)?.of_controller("memory").map(Into::into))
        });
    /// Sockets that processes hold, by process and descriptor.
    socket_inodes: Packed<Tid, u64> =
        |p| p.packed("packs/proc-pid/fd", Passes::Ends, pair, |t, _| Ok(socket_inode(t)));
    /// Threads in R or D, of all processes or of those that were looked at.
    active_threads: Packed<Tid, Thread> =
        |p| p.packed("packs/proc-task/stat", Passes::All, pair, |t, e| {
            pid_stat::parse(t, e).map(|s| matches!(s.state, 'R' | 'D').then(|| Thread {
                in_d: s.state == 'D',
                comm: s.comm.into(),
            }))
        });
    /// Kernel function in which a thread waits.
    wchan: Packed<Tid, Box<str>> =
        |p| p.packed("packs/proc-task/wchan", Passes::All, pair, |t, _| {
            Ok(Some(t.trim()).filter(|w| !matches!(*w, "" | "0")).map(Into::into))
        });
    /// The same from the kernel stack: kernels before 5.16 answer `0` in wchan when they are built
    /// without frame pointers, as Debian's and Red Hat's are.
    top_frames: Packed<Tid, Box<str>> =
        |p| p.packed("packs/proc-task/stack", Passes::All, pair, |t, _| {
            Ok(top_frame(t).map(Into::into))
        });
    /// Exact memory of each process.
    rollups: Packed<u32, smaps_rollup::SmapsRollup> =
        |p| p.packed("packs/proc-pid/smaps_rollup", Passes::All, number, |t, _| {
            smaps_rollup::parse(t).map(Some)
        });
    /// Mappings of the growers and of the largest processes.
    mappings: Packed<u32, Vec<mapping::Vma>> =
        |p| p.packed("packs/proc-pid/smaps", Passes::All, number, |t, _| {
            Ok(Some(smaps::parse(t)?.rows.into_iter().map(vma).collect()))
        });
    /// Processes of the collector itself.
    own_pids: Sampled<BTreeSet<u32>> = |p| p.sampled("probes/own_pids", |t, _| {
        Ok(t.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect())
    });

    /// Kernel parameters.
    sysctl: Sampled<sysctl::Sysctl> =
        |p| p.sampled("commands/sysctl_-a", |t, _| sysctl::parse(t));
    /// `/etc/sysctl.conf`.
    sysctl_conf: Sampled<Rows<sysctl_conf::Setting>> =
        |p| p.sampled("etc/sysctl.conf", |t, _| sysctl_conf::parse(t));
    /// Files of sysctl.d, by directory.
    sysctl_d: [Many<Rows<sysctl_conf::Setting>>; 5] =
        |p| DIRECTORIES.map(|d| p.many(d, ".conf", |_, b, _| sysctl_conf::parse(&text(b))));
    /// The profile that tuned applies.
    tuned_active: Sampled<String> =
        |p| p.sampled("etc/tuned/active_profile", |t, _| Ok(line(t)));
    /// Profiles of tuned, the administrator's first.
    tuned: [Many<tuned::Profile>; 3] = |p| {
        ["etc/tuned/", "usr/lib/tuned/profiles/", "usr/lib/tuned/"]
            .map(|d| p.many(d, "/tuned.conf", |_, b, _| tuned::parse(&text(b))))
    };

    /// Counters of interfaces.
    net_dev: Sampled<Rows<net_dev::Interface>> =
        |p| p.sampled("proc/net/dev", |t, _| net_dev::parse(t));
    /// Protocol counters of the host's namespace.
    snmp: Sampled<Counters> = |p| p.sampled("proc/net/snmp", |t, _| net_snmp::parse(t));
    /// Settings and statistics of interfaces, by `<device>.json`.
    ethtool: Many<ethtool::Device> =
        |p| p.many("probes/ethtool/", ".json", |_, b, _| ethtool::parse(&text(b)));
    /// The same as the tool prints it, by option and device: `-g_eth0`.
    ethtool_text: Many<EthtoolText> = |p| p.many("commands/ethtool_", "", ethtool_part);
    /// Interfaces as `ip` prints them.
    ip_link: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_link", |t, _| ip_link::parse(t));
    /// The same with addresses.
    ip_addr: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_addr", |t, _| ip_link::parse(t));
    /// Network namespaces.
    netns_list: Sampled<Rows<netns::Namespace>> =
        |p| p.sampled("probes/netns.jsonl", |t, _| netns::parse(t));
    /// Files of network namespaces, by `<inode>/<file>`.
    netns: Many<NetnsFile> = |p| p.many("probes/netns/", "", netns_file);
    /// TCP sockets, by `<inode>/tcp4` and `<inode>/tcp6`.
    inet_diag: Many<Vec<Socket>> = |p| p.many("probes/inet_diag/", "", dump);
    /// Network namespaces of processes: only how many could not be told.
    namespaces: Packed<String, ()> =
        |p| p.packed("packs/proc-pid/ns", Passes::First, |_| None::<String>, |_, _| Ok(None));
    /// TCP sockets as `ss` prints them, in archives of others.
    ss: Sampled<Vec<Socket>> = |p| p.sampled("commands/ss", |t, _| {
        Ok(lean(ss::parse(t)?.rows.iter()))
    });
    /// TCP sockets as `netstat` prints them, in archives of others.
    netstat: Sampled<Vec<Socket>> = |p| p.sampled("commands/netstat", |t, _| {
        Ok(lean(netstat::parse(t)?.rows.iter()))
    });
    /// TCP sockets over IPv4 as the kernel lists them, in archives of others.
    proc_tcp: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp", tcp_table);
    /// The same over IPv6.
    proc_tcp6: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp6", tcp_table);
}

impl Inputs {
    /// Processes whose namespaces could not be read.
    pub(crate) fn ns_denied(&self) -> u64 {
        let lost = self.namespaces.first().ok().and_then(|p| p.lost.get(&Reason::Denied));
        lost.map_or(0, |(records, _)| *records)
    }

    /// Lists of the host's own TCP sockets in archives without probes, the best kind that is
    /// there.
    pub(crate) fn own_tcp(&self) -> Vec<&Sampled<Vec<Socket>>> {
        if self.ss.first().is_ok() {
            return vec![&self.ss];
        }
        let tables = [&self.proc_tcp, &self.proc_tcp6];
        if tables.iter().all(|t| t.first().is_err()) && self.netstat.first().is_ok() {
            return vec![&self.netstat];
        }
        tables.into_iter().filter(|s| s.first().is_ok()).collect()
    }
}

/// Lines of the keys of a `Key: value` file, for citations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<(Box<str>, u32)>);

impl Keys {
    fn of(text: &str) -> Self {
        let key = |(n, line): (u32, &str)| Some((line.split_once(':')?.0.trim().into(), n));
        Self((1..).zip(text.lines()).filter_map(key).collect())
    }

    /// Line of a key, from 1.
    pub(crate) fn line(&self, key: &str) -> Option<u32> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, line)| *line)
    }
}

/// Longest command line that is kept.
const MAX_ARGUMENTS: usize = 1000;

/// A pack of `/sys`: small files by path, without the newline at their end.
fn sys(
    plan: &mut Plan<'_>,
    path: &str,
    passes: Passes,
) -> std::sync::Arc<super::plan::Slot<super::plan::Pack<String, String>>> {
    plan.packed(path, passes, |k| Some(k.to_owned()), |t, _| Ok(Some(t.trim().to_owned())))
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn netns_file(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<NetnsFile, ParseError> {
    Ok(match path.rsplit('/').next().unwrap_or_default() {
        "sysctl" => NetnsFile::Sysctl(sysctl::parse(&text(bytes))?),
        "snmp" => NetnsFile::Snmp(net_snmp::parse(&text(bytes))?),
        "tcp" | "tcp6" => NetnsFile::Tcp(tcp_table(&text(bytes), env)?),
        _ => NetnsFile::Other,
    })
}

fn ethtool_part(path: &str, bytes: &[u8], _: &ParseEnv) -> Result<EthtoolText, ParseError> {
    let (text, name) = (text(bytes), path.rsplit('/').next().unwrap_or_default());
    let rest = name.strip_prefix("ethtool_").unwrap_or_default();
    Ok(match option_of(rest).map(|(option, _)| option) {
        None => EthtoolText::Link(ethtool_text::parse(&text)?),
        Some("-g") => EthtoolText::Ring(ethtool_text::ring(&text)?),
        Some("-l") => EthtoolText::Channels(ethtool_text::channels(&text)?),
        Some("-S") => EthtoolText::Stats(ethtool_text::stats(&text)?),
        Some("-i") => EthtoolText::Driver(ethtool_text::driver(&text)?),
        Some(_) => EthtoolText::Other,
    })
}

/// Replies of the socket monitor. UDP sockets are not kept.
fn dump(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<Vec<Socket>, ParseError> {
    if !path.ends_with("/tcp4") && !path.ends_with("/tcp6") {
        return Ok(Vec::new());
    }
    let mut sockets = Vec::new();
    let mut damage = None;
    for parsed in inet_diag::sockets(bytes, socket::Protocol::Tcp, env) {
        match parsed {
            Ok(s) => sockets.push(Socket::of(&s)),
            Err(e) => damage = Some(e),
        }
    }
    // A damaged message does not spoil the others.
    damage.filter(|_| sockets.is_empty()).map_or(Ok(sockets), Err)
}

fn tcp_table(text: &str, env: &ParseEnv) -> Result<Vec<Socket>, ParseError> {
    Ok(lean(net_tcp::parse(text, socket::Protocol::Tcp, env)?.rows.iter()))
}

fn lean<'s>(sockets: impl Iterator<Item = &'s socket::Socket>) -> Vec<Socket> {
    sockets.filter(|s| s.protocol == socket::Protocol::Tcp).map(Socket::of).collect()
}

fn line(text: &str) -> String {
    text.trim().to_owned()
}

fn number(key: &str) -> Option<u32> {
    key.parse().ok()
}

fn pair(key: &str) -> Option<Tid> {
    let (a, b) = key.split_once('/')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

fn task(s: &pid_stat::PidStat<'_>) -> Task {
    Task {
        start_ticks: s.start_ticks,
        cpu_ticks: s.user_ticks.saturating_add(s.system_ticks),
        // State letters are ASCII.
        state: u8::try_from(s.state).unwrap_or(b'?'),
    }
}

fn process(s: &pid_stat::PidStat<'_>) -> Process {
    Process {
        comm: s.comm.into(),
        ppid: s.ppid,
        is_kernel_thread: s.is_kernel_thread(),
        priority: s.priority,
        nice: s.nice,
        threads: s.threads,
        virtual_bytes: s.virtual_bytes,
        resident_bytes: s.resident_bytes,
        task: task(s),
    }
}

fn sizes(s: pid_statm::PidStatm) -> Sizes {
    Sizes {
        private_bytes: s.resident_bytes.saturating_sub(s.shared_bytes),
        shared_bytes: s.shared_bytes,
        data_bytes: s.data_bytes,
    }
}

fn status(s: &pid_status::PidStatus<'_>) -> Status {
    Status {
        uid: s.uid,
        rss_anon_bytes: s.rss_anon_bytes,
        swap_bytes: s.vm_swap_bytes,
        data_bytes: s.vm_data_bytes,
    }
}

fn arguments(text: &str) -> Option<Box<str>> {
    let mut joined = cmdline::arguments(text).join(" ");
    if let Some((end, _)) = joined.char_indices().nth(MAX_ARGUMENTS) {
        joined.truncate(end);
        joined.push('…');
    }
    (!joined.trim().is_empty()).then(|| joined.trim().into())
}

fn limits(l: &pid_limits::PidLimits) -> Limits {
    let soft = |limit: Option<pid_limits::Limit>| match limit?.soft {
        pid_limits::Bound::At(bytes) => Some(bytes),
        pid_limits::Bound::Unlimited => None,
    };
    Limits { address_space_bytes: soft(l.address_space_bytes), data_bytes: soft(l.data_bytes) }
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// `[<0>] wait_on_page_bit_common+0x116/0x3b0`: the function of the topmost frame.
fn top_frame(stack: &str) -> Option<&str> {
    let (_, frame) = stack.lines().next()?.split_once("] ")?;
    frame.split_once('+').map(|(function, _)| function)
}

/// `size 4 1234567`: name, type and value of the kstat.
fn arc(text: &str) -> Result<u64, ParseError> {
    let size = text.lines().find_map(|l| {
        let mut words = l.split_ascii_whitespace();
        (words.next()? == "size").then(|| words.nth(1)?.parse().ok()).flatten()
    });
    size.ok_or_else(|| ParseError::new(None, text, "a line `size 4 …`"))
}

fn vma(v: smaps::Vma) -> mapping::Vma {
    let resident = v.rss_bytes.unwrap_or(0).saturating_add(v.swap_bytes.unwrap_or(0));
    mapping::Vma {
        start: v.start,
        end: v.end,
        perms: v.permissions,
        name: v.name,
        inode: v.inode,
        resident_bytes: resident,
    }
}
