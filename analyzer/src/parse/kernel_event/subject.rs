//! Whom a message concerns: small readers of what stands before and behind the words that gave it
//! away. `None`: the message only looks like the event.

/// Takes the text before and behind the match.
pub(super) type Reader = for<'t> fn(&'t str, &'t str) -> Option<&'t str>;

const ENDS: [char; 6] = [':', ',', '.', ';', '!', '\''];

fn last_word(text: &str) -> &str {
    text.split_ascii_whitespace().next_back().unwrap_or("").trim_end_matches(ENDS)
}

fn first(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or("").trim_end_matches(ENDS)
}

fn parenthesis(text: &str) -> Option<&str> {
    let (inside, _) = text.split_once('(')?.1.split_once(')')?;
    Some(inside.strip_prefix("device ").unwrap_or(inside).split([':', ' ']).next().unwrap_or(""))
}

pub(super) fn none<'t>(_: &'t str, _: &'t str) -> Option<&'t str> {
    Some("")
}

/// `… on device sda1-8.`
pub(super) fn word_after<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(first(after))
}

/// `pcieport 0000:00:1c.0: AER: PCIe Bus Error`
pub(super) fn pci_device<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    let before = before.trim_ascii_end();
    Some(last_word(before.strip_suffix("AER:").unwrap_or(before)))
}

/// `httpd: page allocation failure`
pub(super) fn word_before<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(last_word(before))
}

pub(super) fn first_word<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(first(before))
}

/// `71 (java) total-vm`: names may hold blanks.
pub(super) fn in_parentheses<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(after.split_once('(')?.1.split_once(')')?.0)
}

pub(super) fn in_parentheses_or_none<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(after.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(w, _)| w))
}

pub(super) fn until_parenthesis<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(after.split([')', ':', ' ']).next().unwrap_or(""))
}

/// `EXT4-fs (sda1): Remounting filesystem read-only`
pub(super) fn in_parentheses_before<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    parenthesis(before)
}

/// `BTRFS info (device sda1: state EA): forced readonly`
pub(super) fn device_before<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(parenthesis(before).unwrap_or(""))
}

/// `INFO: task kworker/1:2:345 blocked for more than 120 seconds.`
pub(super) fn hung_task<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    let (task, _) = before.split_once("task ")?.1.split_once(" blocked")?;
    Some(task.rsplit_once(':').map_or(task, |(name, _)| name))
}

/// `… stuck for 22s! [java:71]`
pub(super) fn in_brackets<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    let (_, rest) = after.split_once(" stuck for ")?;
    let task = rest.split_once('[').and_then(|(_, t)| t.split_once(']')).map_or("", |(t, _)| t);
    Some(task.rsplit_once(':').map_or(task, |(name, _)| name))
}

/// `Watchdog detected hard LOCKUP on cpu 3`
pub(super) fn cpu_after<'t>(before: &'t str, after: &'t str) -> Option<&'t str> {
    before.contains("etected").then(|| after.split_once(" cpu ").map_or("", |(_, cpu)| first(cpu)))
}

/// An oops is numbered: `Internal error: Oops: 96000004 [#1] SMP`. A program's own general
/// protection fault is not.
pub(super) fn numbered_oops<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    after.contains("[#").then_some("")
}

/// `0 PID: 1 at net/core/dev.c:123 name+0x1/0x2`
pub(super) fn place<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(first(after.split_once(" at ")?.1))
}

/// `net/core/dev.c:123 at name+0x1/0x2, CPU#0: comm/1` (6.18).
pub(super) fn source_file<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    let word = first(after);
    (word.contains(".c:") || word.contains(".h:") || word.contains(".rs:")).then_some(word)
}

/// `eth0 (e1000e): transmit queue 0 timed out`, `virtio_net virtio0 eth0: NETDEV WATCHDOG: CPU: 1:
/// transmit queue 0 timed out 5000 ms` (6.8).
pub(super) fn watchdog<'t>(before: &'t str, after: &'t str) -> Option<&'t str> {
    let word = first(after);
    if word == "CPU" {
        return Some(last_word(before.split_once(" (").map_or(before, |(name, _)| name)));
    }
    Some(word)
}

/// `igb 0000:02:00.0 eno1: igb: eno1 NIC Link is Up`. SATA and PCI Express have links, too.
pub(super) fn interface<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    const OTHERS: [&str; 6] = ["SATA", "PCIe", "PHY", "pcie", "HDMI", "DP"];
    let before = before.trim_ascii_end();
    let before = before.strip_suffix("NIC").unwrap_or(before);
    let before = before.trim_ascii_end();
    let before = before.strip_suffix("Physical").unwrap_or(before);
    let name = last_word(before);
    let word = before.split_ascii_whitespace().next_back()?;
    let named = word.ends_with(':') || before.contains(": ");
    let is_name = (1..16).contains(&name.len())
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && !name.contains([':', '(', ')', '=']);
    (named && is_name && !OTHERS.contains(&name)).then_some(name)
}

/// `ice sda1, logical block 1` or ` sda1, logical block 1`.
pub(super) fn buffer_device<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(first(after.strip_prefix("ice").unwrap_or(after)))
}

/// `nvme nvme0: I/O 12 QID 3 timeout, aborting`
pub(super) fn before_io<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(before.split_once(": I/O").map_or("", |(device, _)| last_word(device)))
}

pub(super) fn btrfs_checksum<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    after.contains("csum failed").then(|| after.split([')', ':', ' ']).next().unwrap_or(""))
}

/// `sda1): Metadata corruption detected`: most messages of XFS are no errors.
pub(super) fn xfs<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    const ERRORS: [&str; 6] = [
        "orruption",
        "Internal error",
        "metadata I/O error",
        "log I/O error",
        "I/O Error Detected",
        "run xfs_repair",
    ];
    let (device, text) = after.split_once(')')?;
    // The shutdown has its own kind.
    let shut_down = text.contains("hutting down") || text.contains("hut down");
    (!shut_down && ERRORS.iter().any(|e| text.contains(e))).then_some(device)
}

/// `nfs: server 10.0.0.1 not responding, still trying`
pub(super) fn server<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(first(before.split_once("server ")?.1))
}

pub(super) fn server_ok<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    after.strip_suffix(" OK").map(first)
}

/// `EDAC MC0: 1 CE memory read error on …`
pub(super) fn edac<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    let (_, controller) = before.split_once("EDAC ")?;
    Some(first(controller))
}

/// `java[71]: segfault at 0 ip …`
pub(super) fn crashed<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    Some(before.rsplit_once('[').map_or(before, |(name, _)| name))
}

/// `traps: java[71] general protection fault ip:… sp:…`
pub(super) fn trapped<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    let (name, _) = before.strip_prefix("traps: ")?.rsplit_once('[')?;
    Some(name)
}

/// `neighbour: arp_cache: neighbor table overflow!`
pub(super) fn table<'t>(before: &'t str, _: &'t str) -> Option<&'t str> {
    let word = last_word(before.trim_end_matches(['n', 'N']));
    Some(if word == "neighbour" { "" } else { word })
}

/// `0.0.0.0:80. Sending cookies.`
pub(super) fn port<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    Some(first(after))
}

/// `'tsc' as unstable because the skew is too large`
pub(super) fn unstable<'t>(_: &'t str, after: &'t str) -> Option<&'t str> {
    let (name, rest) = after.trim_start_matches('\'').split_once(['\'', ' '])?;
    rest.contains("unstable").then_some(name)
}
