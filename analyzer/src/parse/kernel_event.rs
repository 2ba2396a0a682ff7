//! What kernel messages tell: events of known kinds, each with whom it concerns.
//!
//! The wording of a message is no interface and changes between versions. So all of it stands in
//! one table ([`patterns`]), with the old and the new wording of the same event side by side, and
//! nobody else looks into a kernel log.
//!
//! ```text
//! INFO: task kworker/1:2:345 blocked for more than 120 seconds.     hung_task, kworker/1:2
//! blk_update_request: I/O error, dev sda, sector 2048               io_error, sda (before 5.18)
//! I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0           io_error, sda
//! Memory cgroup out of memory: Killed process 71 (java) total-vm:…  oom_cgroup, java
//! ```

use std::collections::{BTreeMap, VecDeque};

use super::kmsg::{self, KernelMessage};
use super::stamp::{self, Stamp};
use super::{ParseError, lines};

mod oom;
mod patterns;
#[expect(clippy::unnecessary_wraps, reason = "all readers have one type: some refuse")]
mod subject;
#[cfg(test)]
mod tests;

pub use oom::{Kill, Scope};

/// Hands every kind of event to a macro: name in Rust, name of the fact, what it is.
macro_rules! with_kinds {
    ($callback:ident) => {
        $callback! {
            OomHost oom_host "Processes killed because the host, a cpuset or a memory policy ran out of memory; by victim.",
            OomCgroup oom_cgroup "Processes killed because their control group was at its memory limit; by victim.",
            HungTask hung_task "Tasks that did not run for longer than the hung-task timeout; by task.",
            SoftLockup soft_lockup "CPUs that ran kernel code without a break for too long; by task.",
            HardLockup hard_lockup "CPUs that did not even take interrupts; by CPU.",
            RcuStall rcu_stall "CPUs or tasks that held up RCU.",
            WorkqueueStall workqueue_stall "Kernel worker pools that made no progress.",
            KernelBug kernel_bug "Oopses, BUGs, corrupted lists, panics.",
            KernelWarning kernel_warning "Kernel warnings with a trace; by place in the source.",
            RtThrottling rt_throttling "Real-time tasks used up all the time they may have.",
            TxTimeout tx_timeout "Transmit queues that stood still; by interface.",
            LinkDown link_down "Links that went down; by interface.",
            LinkUp link_up "Links that came up; by interface.",
            BondMemberDown bond_member_down "Members of bonds that lost their link; by interface.",
            UnregisterNetdevice unregister_netdevice "Interfaces that cannot go because something holds them; by interface.",
            IoError io_error "Requests that a disk failed; by device.",
            IoTimeout io_timeout "Commands that a disk or controller did not answer in time; by device.",
            IoOffline io_offline "Requests refused because the device is offline; by device.",
            FsError fs_error "File systems that found themselves damaged or got I/O errors; by device.",
            RemountRo remount_ro "File systems that stopped writing: read-only or shut down; by device.",
            NfsTimeout nfs_timeout "Network file servers that do not answer; by server.",
            NfsOk nfs_ok "Network file servers that answer again; by server.",
            MdFailure md_failure "Members that failed out of software RAID; by device.",
            MultipathFailure multipath_failure "Paths that failed; by path.",
            SwapError swap_error "Damaged swap entries, read or write errors of swap; by device.",
            MachineCheck machine_check "Machine checks that the processor reported.",
            HardwareError hardware_error "Errors that the firmware reported (GHES); by severity.",
            EdacCorrected edac_corrected "Corrected memory errors; by memory controller.",
            EdacUncorrected edac_uncorrected "Uncorrected memory errors; by memory controller.",
            MemoryFailure memory_failure "Pages taken out of use because the memory below is damaged.",
            AerCorrected aer_corrected "Corrected errors of PCI Express; by device.",
            AerUncorrected aer_uncorrected "Errors of PCI Express that lost a request, the link intact; by device.",
            AerFatal aer_fatal "Errors of PCI Express after which a link is not to be trusted; by device.",
            Thermal thermal "CPUs slowed down because of heat or power limits.",
            Segfault segfault "Programs that crashed; by command.",
            PageAllocation page_allocation "Allocations of contiguous pages that failed; by task.",
            ForkRejected fork_rejected "Forks refused because a control group was at `pids.max`; by control group.",
            FileMax file_max "Files that could not be opened because the host was at `fs.file-max`.",
            ConntrackFull conntrack_full "Packets dropped because the connection-tracking table was full.",
            NeighbourOverflow neighbour_overflow "Neighbour tables that were full; by table.",
            SynFlood syn_flood "Ports whose SYN backlog overflowed; by port.",
            TcpMemory tcp_memory "TCP at the limit of its memory, `tcp_mem`.",
            TcpOrphans tcp_orphans "Too many TCP sockets without an owner.",
            TimeWaitOverflow time_wait_overflow "TIME-WAIT sockets destroyed because there were too many.",
            RouteOverflow route_overflow "Route caches that were full.",
            ClocksourceUnstable clocksource_unstable "Clock sources given up as unstable; by name.",
        }
    };
}
pub(crate) use with_kinds;

macro_rules! kinds {
    ($($kind:ident $name:ident $doc:literal,)+) => {
        /// Kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $doc] $kind,)+
        }

        #[cfg(test)]
        impl Kind {
            /// All of them.
            const ALL: &[Self] = &[$(Self::$kind,)+];
        }
    };
}
with_kinds!(kinds);

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// Since boot.
    pub at_us: Option<u64>,
    /// Wall clock, where the source has that in place of the time since boot.
    pub stamp: Option<Stamp>,
    /// Whom it concerns.
    pub subject: Option<Box<str>>,
    /// The message, shortened.
    pub text: Box<str>,
    /// Line.
    pub line: u32,
    /// More about a process that the kernel killed for memory.
    pub kill: Option<Box<Kill>>,
}

/// A log: its extent and its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelLog {
    /// Messages.
    pub messages: u64,
    /// Time of the first message, since boot or by the clock.
    pub first: (Option<u64>, Option<Stamp>),
    /// Events by kind, in order of the log: the last [`MAX_EVENTS`] of each.
    pub events: BTreeMap<Kind, VecDeque<Event>>,
    /// Earlier events that were not kept, by kind.
    pub dropped: BTreeMap<Kind, u64>,
}

/// Events of a kind that are kept: a disk that fails can fill a log with 50,000 lines.
pub const MAX_EVENTS: usize = 2000;
/// Characters of a message that are kept.
const MAX_TEXT: usize = 240;
/// An oops prints several lines that would each count: only the first within this time does.
const ONE_BUG_US: u64 = 2_000_000;

/// Reads `/dev/kmsg`, dmesg, or a journal of kernel messages alone.
///
/// # Errors
/// Not one message in a text that is not empty.
pub fn parse(text: &str) -> Result<KernelLog, ParseError> {
    let rows = kmsg::parse(text)?;
    Ok(of_messages(rows.rows.into_iter()))
}

/// Reads the kernel's messages out of a log of all daemons (`/var/log/messages`, a whole
/// journal). There may be none.
#[must_use]
pub fn parse_mixed(text: &str) -> KernelLog {
    let message = |(line, text)| Some(KernelMessage { line, ..kmsg::journal(text)? });
    of_messages(lines(text).filter_map(message))
}

fn of_messages(messages: impl Iterator<Item = KernelMessage>) -> KernelLog {
    let patterns = patterns::get();
    let mut log = KernelLog::default();
    let mut oom = oom::State::default();
    for message in messages {
        let stamp = message.stamp.as_deref().and_then(stamp::parse);
        if log.messages == 0 {
            log.first = (message.at_us, stamp);
        }
        log.messages = log.messages.saturating_add(1);
        let text = without_uptime(&message.text);
        oom.observe(text);
        if let Some(device) = loop_with_a_new_file(text) {
            log.forget(device);
        }
        let Some((kind, subject)) = patterns.and_then(|p| p.classify(text)) else { continue };
        let kill = (kind == Kind::OomHost).then(|| oom.kill(text)).flatten();
        let kind = match &kill {
            Some(kill) if kill.scope == Scope::Cgroup => Kind::OomCgroup,
            _ => kind,
        };
        log.push(Event {
            kind,
            at_us: message.at_us,
            stamp,
            subject: Some(subject).filter(|s| !s.is_empty()).map(Into::into),
            text: text.chars().take(MAX_TEXT).collect::<String>().into(),
            line: message.line,
            kill: kill.map(Box::new),
        });
    }
    log
}

impl KernelLog {
    /// Drops what was told of a device, or of what is on it (`loop3p1`, the journal `loop3-8`).
    fn forget(&mut self, device: &str) {
        let is_part = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit());
        let is_of = |subject: &str| subject.strip_prefix(device).is_some_and(is_part);
        for events in self.events.values_mut() {
            events.retain(|event| !event.subject.as_deref().is_some_and(is_of));
        }
    }

    fn push(&mut self, event: Event) {
        let kept = self.events.entry(event.kind).or_default();
        let before = kept.back().and_then(|e| e.at_us).zip(event.at_us);
        let same = |(before, now): (u64, u64)| now.saturating_sub(before) < ONE_BUG_US;
        if event.kind == Kind::KernelBug && before.is_some_and(same) {
            return;
        }
        if kept.len() >= MAX_EVENTS {
            kept.pop_front();
            let dropped = self.dropped.entry(event.kind).or_default();
            *dropped = dropped.saturating_add(1);
        }
        kept.push_back(event);
    }
}

/// The loop device that got a file: what the log told of it before is of another file, which is none
/// of its present one's business. `loop3: detected capacity change from 0 to 131072`
fn loop_with_a_new_file(text: &str) -> Option<&str> {
    let (device, _) = text.split_once(": detected capacity change from 0 to ")?;
    device.strip_prefix("loop")?.parse::<u32>().ok().and(Some(device))
}

/// syslog daemons leave the `[12345.678901] ` of the ring buffer in front of the text.
fn without_uptime(text: &str) -> &str {
    let rest = text.strip_prefix('[').and_then(|t| t.split_once("] "));
    match rest {
        Some((time, rest)) if time.bytes().all(|b| matches!(b, b' ' | b'.' | b'0'..=b'9')) => rest,
        _ => text,
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
3,1235,1530811848,-;I/O error, dev sda, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
4,1240,1530811850,-;Memory cgroup out of memory: Killed process 71 (java) total-vm:4096kB, anon-rss:2048kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:40kB oom_score_adj:0
3,1241,1530811860,-;INFO: task kworker/1:2:345 blocked for more than 120 seconds.
6,1242,1530811870,-;igb 0000:02:00.0 eno1: igb: eno1 NIC Link is Down
";
