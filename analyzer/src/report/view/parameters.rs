//! Kernel parameters: those that decide about the questions of this report, and those whose value
//! the next boot will change.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};

/// Differences shown at most.
const MAX_ROWS: usize = 200;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Parameters {
    /// Value now and value at the next boot differ.
    pub mismatches: Table,
    /// The parameters worth knowing.
    pub known: Table,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// Key and meaning, by subject.
const KNOWN: [(&str, &str); 28] = [
    (
        "vm.swappiness",
        "how much the kernel prefers swapping anonymous memory to dropping page cache",
    ),
    (
        "vm.vfs_cache_pressure",
        "how readily dentry and inode caches are given back; 100 is even-handed",
    ),
    ("vm.overcommit_memory", "0 heuristic, 1 always grant, 2 never above the commit limit"),
    (
        "vm.overcommit_ratio",
        "share of RAM that counts into the commit limit in mode 2, in per cent",
    ),
    ("vm.min_free_kbytes", "reserve that reclaim keeps free"),
    ("vm.zone_reclaim_mode", "not 0: reclaim on this NUMA node before using another"),
    ("vm.dirty_ratio", "per cent of available memory that may be dirty before writers wait"),
    ("vm.dirty_background_ratio", "per cent at which background writeback starts"),
    ("vm.max_map_count", "memory mappings that one process may have"),
    ("kernel.numa_balancing", "automatic migration of pages to the node that uses them"),
    ("kernel.pid_max", "process and thread ids on this host"),
    ("kernel.threads-max", "threads on this host"),
    ("fs.file-max", "open files on this host"),
    ("net.core.somaxconn", "upper limit of a listen backlog"),
    ("net.ipv4.ip_local_port_range", "ports for outgoing connections"),
    ("net.ipv4.ip_local_reserved_ports", "ports that the range leaves out"),
    (
        "net.ipv4.tcp_tw_reuse",
        "outgoing connections may take over TIME-WAIT ports; 2 on loopback only",
    ),
    ("net.ipv4.tcp_tw_recycle", "gone since 4.12; broke clients behind NAT"),
    ("net.ipv4.tcp_timestamps", "needed for reuse of TIME-WAIT ports"),
    ("net.ipv4.tcp_max_tw_buckets", "TIME-WAIT sockets above this are dropped early"),
    ("net.ipv4.tcp_keepalive_time", "seconds of silence before the first keepalive probe"),
    ("net.ipv4.tcp_keepalive_intvl", "seconds between unanswered probes"),
    ("net.ipv4.tcp_keepalive_probes", "unanswered probes before the connection is reset"),
    ("net.ipv4.tcp_syn_retries", "retries of a connection attempt: 6 is about 2 minutes"),
    ("net.ipv4.tcp_synack_retries", "retries of the answer to one: 5 is about 1 minute"),
    ("net.ipv4.tcp_retries1", "retransmissions before the route is doubted"),
    (
        "net.ipv4.tcp_retries2",
        "retransmissions before an established connection is given up: 15 is about 15 minutes",
    ),
    (
        "net.ipv4.tcp_orphan_retries",
        "the same for a connection that no process holds any more; 0 means 8",
    ),
];

impl Parameters {
    pub(super) fn new(cx: &Cx<'_>, findings: &[Card], notes: Vec<Card>) -> Self {
        Self { mismatches: mismatches(cx), known: known(cx, findings, &notes), notes }
    }
}

fn mismatches(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Parameters whose value will change at the next boot",
        &["Parameter", "Now", "In files", "Kernel default", "What", "File", "Overridden lines"],
    )
    .sortable();
    for (i, m) in cx.facts.tree.sysctl.mismatches.iter().enumerate() {
        let at = format!("sysctl.mismatches.{i}");
        let of = |f: &str| cx.code(&format!("{at}.{f}"));
        let what = match (m.kind.as_str(), m.by_design) {
            (_, true) => "set by a daemon on purpose",
            ("not-active", _) => "a file sets another value",
            ("not-persisted", _) => "no file sets this value",
            (other, _) => other,
        };
        let place = match (&m.file, m.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            (None, _) => String::new(),
        };
        table.push(Row::of(
            &at,
            vec![
                Cell::code(&m.key),
                of("runtime"),
                of("persisted"),
                of("kernel_default"),
                Cell::text(what),
                Cell::code(place),
                Cell::code(m.losers.join(", ")),
            ],
        ));
    }
    table.limit(MAX_ROWS, "");
    table
}

/// Runtime, persisted, meaning, and the finding that read it. Absent keys of this kernel are left
/// out; they are no gap.
fn known(cx: &Cx<'_>, findings: &[Card], infos: &[Card]) -> Table {
    let mut table = Table::new(
        "Parameters that decide about the questions of this report",
        &["Parameter", "Now", "In files", "Meaning", "Verdict"],
    )
    .sortable();
    for (key, meaning) in KNOWN {
        let path = format!("sysctl.runtime.{key}");
        if cx.value(&path).is_none() {
            continue;
        }
        let persisted = cx.facts.tree.sysctl.persisted.get(key).map_or_else(
            || Cell::text("–"),
            |p| Cell::code(&p.value).with_note(format!("{}:{}", p.file, p.line)),
        );
        let reads = |c: &&Card| {
            c.subjects
                .iter()
                .flat_map(|s| &s.reasoning.rows)
                .flat_map(|r| &r.cells)
                .any(|cell| cell.fact.as_deref().is_some_and(|f| f == path))
                || c.subjects.iter().any(|s| s.name == key)
        };
        let all =
            || findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms)).chain(infos);
        let verdict = match all().find(reads) {
            Some(card) => {
                Cell { badge: Some(card.badge), ..Cell::link(card.badge.word, &card.anchor) }
            }
            None if cx
                .facts
                .tree
                .sysctl
                .mismatches
                .iter()
                .any(|m| m.key == key && !m.by_design) =>
            {
                Cell::text("will change at boot")
            }
            None => Cell::default(),
        };
        table.push(Row::new(vec![
            Cell::code(key),
            cx.code(&path),
            persisted,
            Cell::text(meaning),
            verdict,
        ]));
    }
    table
}
