//! The table of wordings. Order matters only where two stand in one line: the first wins.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

#[allow(clippy::enum_glob_use, reason = "the table names every kind")]
use super::Kind::{self, *};
use super::subject::{self, Reader};

/// A text that a message contains, the event it stands for, and how to find whom it concerns:
/// the reader refuses a message that only looks like the event.
type Pattern = (&'static str, Kind, Reader);

const TABLE: &[Pattern] = &[
    ("Killed process ", OomHost, subject::in_parentheses),
    (" for more than ", HungTask, subject::hung_task),
    ("soft lockup - CPU", SoftLockup, subject::in_brackets),
    ("hard LOCKUP", HardLockup, subject::cpu_after),
    ("self-detected stall", RcuStall, subject::none),
    ("detected stalls on", RcuStall, subject::none),
    ("detected expedited stalls", RcuStall, subject::none),
    ("kthread starved for", RcuStall, subject::none),
    ("BUG: workqueue lockup", WorkqueueStall, subject::none),
    ("kernel BUG at ", KernelBug, subject::word_after),
    ("BUG: unable to handle", KernelBug, subject::none),
    ("BUG: kernel NULL pointer", KernelBug, subject::none),
    ("Unable to handle kernel", KernelBug, subject::none),
    ("Oops: ", KernelBug, subject::none),
    ("Internal error: ", KernelBug, subject::numbered_oops),
    ("general protection fault", KernelBug, subject::numbered_oops),
    ("Kernel panic - not syncing", KernelBug, subject::none),
    ("BUG: scheduling while atomic", KernelBug, subject::none),
    ("list_del corruption", KernelBug, subject::none),
    ("list_add corruption", KernelBug, subject::none),
    ("BUG: Bad page", KernelBug, subject::none),
    ("BUG: Bad rss-counter", KernelBug, subject::none),
    ("BUG: KASAN", KernelBug, subject::none),
    ("WARNING: CPU: ", KernelWarning, subject::place),
    ("WARNING: ", KernelWarning, subject::source_file),
    ("RT throttling activated", RtThrottling, subject::none),
    ("NETDEV WATCHDOG: ", TxTimeout, subject::watchdog),
    ("Link is Down", LinkDown, subject::interface),
    ("Link is down", LinkDown, subject::interface),
    ("link is down", LinkDown, subject::interface),
    ("Link down", LinkDown, subject::interface),
    ("link down", LinkDown, subject::interface),
    ("Link is Up", LinkUp, subject::interface),
    ("Link is up", LinkUp, subject::interface),
    ("link is up", LinkUp, subject::interface),
    ("Link up", LinkUp, subject::interface),
    ("link up", LinkUp, subject::interface),
    ("definitely down for interface ", BondMemberDown, subject::word_after),
    ("unregister_netdevice: waiting for ", UnregisterNetdevice, subject::word_after),
    ("Buffer I/O error on dev", IoError, subject::buffer_device),
    ("I/O error, dev ", IoError, subject::word_after),
    ("medium error, dev ", IoError, subject::word_after),
    ("target error, dev ", IoError, subject::word_after),
    ("nexus error, dev ", IoError, subject::word_after),
    ("rejecting I/O to offline device", IoOffline, subject::word_before),
    ("timeout, aborting", IoTimeout, subject::before_io),
    ("timeout, reset controller", IoTimeout, subject::before_io),
    ("timeout, completion polled", IoTimeout, subject::before_io),
    (": exception Emask", IoTimeout, subject::word_before),
    ("attempting task abort", IoTimeout, subject::first_word),
    ("-fs error (device ", FsError, subject::until_parenthesis),
    ("BTRFS error (device ", FsError, subject::until_parenthesis),
    ("BTRFS critical (device ", FsError, subject::until_parenthesis),
    ("BTRFS: error (device ", FsError, subject::until_parenthesis),
    ("BTRFS warning (device ", FsError, subject::btrfs_checksum),
    ("XFS (", FsError, subject::xfs),
    ("Aborting journal on device ", FsError, subject::word_after),
    ("Remounting filesystem read-only", RemountRo, subject::in_parentheses_before),
    ("forced readonly", RemountRo, subject::device_before),
    ("shutting down filesystem", RemountRo, subject::in_parentheses_before),
    ("Shutting down filesystem", RemountRo, subject::in_parentheses_before),
    ("hut down due to", RemountRo, subject::in_parentheses_before),
    (" not responding,", NfsTimeout, subject::server),
    (" has not responded in ", NfsTimeout, subject::word_before),
    ("nfs: server ", NfsOk, subject::server_ok),
    ("Disk failure on ", MdFailure, subject::word_after),
    ("Failing path ", MultipathFailure, subject::word_after),
    ("ead-error on swap-device", SwapError, subject::in_parentheses_or_none),
    ("rite-error on swap-device", SwapError, subject::in_parentheses_or_none),
    ("swap_free: Bad swap", SwapError, subject::none),
    ("Machine check events logged", MachineCheck, subject::none),
    ("Machine Check Exception", MachineCheck, subject::none),
    ("[Hardware Error]: event severity: ", HardwareError, subject::word_after),
    (" CE ", EdacCorrected, subject::edac),
    (" UE ", EdacUncorrected, subject::edac),
    ("Memory failure: 0x", MemoryFailure, subject::none),
    // "Corrected" and "Uncorrected" until 6.7.
    ("PCIe Bus Error: severity=Correct", AerCorrected, subject::pci_device),
    ("PCIe Bus Error: severity=Uncorrected (Fatal)", AerFatal, subject::pci_device),
    ("PCIe Bus Error: severity=Uncorrectable (Fatal)", AerFatal, subject::pci_device),
    ("PCIe Bus Error: severity=Uncorrected (Non-Fatal)", AerUncorrected, subject::pci_device),
    ("PCIe Bus Error: severity=Uncorrectable (Non-Fatal)", AerUncorrected, subject::pci_device),
    ("temperature above threshold", Thermal, subject::none),
    ("power limit notification", Thermal, subject::none),
    (": segfault at ", Segfault, subject::crashed),
    ("] trap ", Segfault, subject::trapped),
    ("] general protection", Segfault, subject::trapped),
    ("page allocation failure: order", PageAllocation, subject::word_before),
    ("page allocation failure. order", PageAllocation, subject::word_before),
    ("fork rejected by pids controller in ", ForkRejected, subject::word_after),
    ("VFS: file-max limit ", FileMax, subject::none),
    ("conntrack: table full, dropping packet", ConntrackFull, subject::none),
    ("eighbor table overflow", NeighbourOverflow, subject::table),
    ("eighbour table overflow", NeighbourOverflow, subject::table),
    ("ossible SYN flooding on port ", SynFlood, subject::port),
    ("TCP: out of memory", TcpMemory, subject::none),
    ("too many orphaned sockets", TcpOrphans, subject::none),
    ("Out of socket memory", TcpOrphans, subject::none),
    ("time wait bucket table overflow", TimeWaitOverflow, subject::none),
    ("dst cache overflow", RouteOverflow, subject::none),
    ("Route cache is full", RouteOverflow, subject::none),
    ("Marking clocksource ", ClocksourceUnstable, subject::unstable),
    (" unstable (delta", ClocksourceUnstable, subject::word_before),
];

/// All wordings in one automaton.
pub(super) struct Patterns {
    automaton: AhoCorasick,
}

/// Built once; `None` only if the table could not be compiled, which a test excludes.
pub(super) fn get() -> Option<&'static Patterns> {
    static PATTERNS: OnceLock<Option<Patterns>> = OnceLock::new();
    let build = || {
        let words = TABLE.iter().map(|(word, ..)| *word);
        let automaton = AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostFirst).build(words);
        Some(Patterns { automaton: automaton.ok()? })
    };
    PATTERNS.get_or_init(build).as_ref()
}

impl Patterns {
    /// The event that a message tells of, and whom it concerns; empty where nobody is named.
    pub(super) fn classify<'t>(&self, text: &'t str) -> Option<(Kind, &'t str)> {
        let mut found: Vec<_> = self.automaton.find_iter(text).collect();
        found.sort_by_key(aho_corasick::Match::pattern);
        found.into_iter().find_map(|m| {
            let (_, kind, reader) = TABLE.get(m.pattern().as_usize())?;
            Some((*kind, reader(text.get(..m.start())?, text.get(m.end()..)?)?))
        })
    }
}

#[cfg(test)]
pub(super) fn kinds() -> Vec<Kind> {
    TABLE.iter().map(|(_, kind, _)| *kind).collect()
}
