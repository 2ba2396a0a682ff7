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
    /// Those of them that are not at their default, or that a finding names.
    pub remarkable: Vec<String>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// Key, meaning, and whether a kernel without it is worth a row: the parameters that people set
/// by hearsay are.
struct Known(&'static str, &'static str, bool);

const KNOWN: &[Known] = &[
    Known(
        "vm.swappiness",
        "how much the kernel prefers swapping anonymous memory to dropping page cache",
        true,
    ),
    Known(
        "vm.vfs_cache_pressure",
        "how readily dentry and inode caches are given back; 100 is even-handed",
        true,
    ),
    Known("vm.overcommit_memory", "0 heuristic, 1 always grant, 2 never above the limit", true),
    Known("vm.overcommit_ratio", "per cent of RAM that counts into the limit in mode 2", true),
    Known("vm.min_free_kbytes", "reserve that reclaim keeps free", false),
    Known("vm.zone_reclaim_mode", "not 0: reclaim on this node before using another", true),
    Known("vm.nr_hugepages", "huge pages set aside; nothing else can use them", false),
    Known("vm.dirty_ratio", "per cent of available memory dirty before writers wait", false),
    Known("vm.dirty_bytes", "the same in bytes; 0: the ratio counts", false),
    Known("vm.dirty_background_ratio", "per cent at which background writeback starts", false),
    Known("vm.dirty_background_bytes", "the same in bytes; 0: the ratio counts", false),
    Known("vm.max_map_count", "memory mappings that one process may have", false),
    Known("kernel.numa_balancing", "moves pages to the node that uses them", true),
    Known("kernel.pid_max", "process and thread ids on this host", true),
    Known("kernel.threads-max", "threads on this host", false),
    Known("kernel.sched_rt_runtime_us", "time of each second for real-time tasks", false),
    Known("fs.file-max", "open files on this host", false),
    Known("fs.inotify.max_user_instances", "inotify instances of one user", false),
    Known("net.core.somaxconn", "upper limit of a listen backlog", true),
    Known("net.core.netdev_max_backlog", "packets that wait for a CPU", false),
    Known("net.ipv4.tcp_max_syn_backlog", "half-open connections of a listener", false),
    Known("net.ipv4.tcp_syncookies", "cookies instead of a full queue of half-open ones", false),
    Known("net.ipv4.tcp_abort_on_overflow", "1: reset instead of waiting, queue full", false),
    Known("net.ipv4.ip_local_port_range", "ports for outgoing connections", true),
    Known("net.ipv4.ip_local_reserved_ports", "ports that the range leaves out", false),
    Known(
        "net.ipv4.tcp_tw_reuse",
        "outgoing connections may take over TIME-WAIT ports; 2 on loopback only",
        true,
    ),
    Known("net.ipv4.tcp_tw_recycle", "gone since 4.12; broke clients behind NAT", true),
    Known("net.ipv4.tcp_timestamps", "needed for reuse of TIME-WAIT ports", true),
    Known("net.ipv4.tcp_max_tw_buckets", "TIME-WAIT above this ends early", true),
    Known("net.ipv4.tcp_fin_timeout", "seconds in FIN-WAIT-2; not the time of TIME-WAIT", true),
    Known("net.ipv4.tcp_max_orphans", "closed connections that no process holds", false),
    Known("net.ipv4.tcp_keepalive_time", "seconds of silence before the first probe", true),
    Known("net.ipv4.tcp_keepalive_intvl", "seconds between unanswered probes", true),
    Known("net.ipv4.tcp_keepalive_probes", "unanswered probes before the reset", true),
    Known("net.ipv4.tcp_syn_retries", "retries of a connection attempt", true),
    Known("net.ipv4.tcp_synack_retries", "retries of the answer to one", true),
    Known("net.ipv4.tcp_retries1", "retransmissions before the route is doubted", true),
    Known("net.ipv4.tcp_retries2", "retransmissions before a connection is given up", true),
    Known("net.ipv4.tcp_orphan_retries", "the same without a process; 0 means 8", true),
    Known("net.ipv4.neigh.default.gc_thresh3", "entries of the ARP table", false),
    Known("net.netfilter.nf_conntrack_max", "tracked connections", false),
];

impl Parameters {
    pub(super) fn new(cx: &Cx<'_>, findings: &[Card], notes: Vec<Card>) -> Self {
        let known = known(cx, findings, &notes);
        // Name first, verdict last.
        let quiet = ["default", "not in this kernel", "–"];
        let is_remarkable = |r: &&Row| r.cells.last().is_some_and(|c| !quiet.contains(&&*c.text));
        let name = |r: &Row| r.cells.first().map(|c| c.text.clone());
        let remarkable = known.rows.iter().filter(is_remarkable).filter_map(name).collect();
        Self { mismatches: mismatches(cx), known, remarkable, notes }
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
    table.keep_filled_columns();
    table
}

/// Now, in files, default, meaning, verdict. What this kernel does not have is said where people
/// look for it, and left out elsewhere.
fn known(cx: &Cx<'_>, findings: &[Card], infos: &[Card]) -> Table {
    let mut table = Table::new(
        "Parameters that decide about the questions of this report",
        &["Parameter", "Now", "In files", "Kernel default", "Meaning", "Verdict"],
    )
    .sortable();
    if cx.facts.tree.sysctl.runtime.is_empty() {
        table.absent = cx.cell("sysctl.runtime").absent;
        return table;
    }
    for Known(key, meaning, always) in KNOWN {
        let path = format!("sysctl.runtime.{key}");
        let is_there = cx.value(&path).is_some();
        if !is_there && !always {
            continue;
        }
        let persisted = cx.facts.tree.sysctl.persisted.get(*key).map_or_else(
            || Cell::text("–"),
            |p| Cell {
                fact: Some(format!("sysctl.persisted.{key}.value")),
                ..Cell::code(&p.value).with_note(format!("{}:{}", p.file, p.line))
            },
        );
        let default = format!("sysctl.defaults.{key}");
        let default = match cx.value(&default) {
            Some(_) => cx.code(&default),
            None => Cell::text("–"),
        };
        let now = if is_there { cx.code(&path) } else { Cell::text("–") };
        let verdict = if is_there {
            verdict(cx, key, findings, infos)
        } else {
            Cell::text("not in this kernel")
        };
        let cells = vec![Cell::code(*key), now, persisted, default, Cell::text(*meaning), verdict];
        table.push(Row::new(cells));
    }
    table.note = Some(
        "Where no finding is named, none rests on the parameter. tuned: not the default of this \
         kernel; –: its default depends on the machine, or is not known."
            .to_owned(),
    );
    table
}

/// The finding that read it, or what its value is against the default.
fn verdict(cx: &Cx<'_>, key: &str, findings: &[Card], infos: &[Card]) -> Cell {
    let path = format!("sysctl.runtime.{key}");
    let reads = |c: &&Card| {
        let mut cells = c.subjects.iter().flat_map(|s| &s.reasoning.rows).flat_map(|r| &r.cells);
        cells.any(|cell| cell.fact.as_deref().is_some_and(|f| f == path))
            || c.subjects.iter().any(|s| s.name == key)
    };
    let mut all = findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms)).chain(infos);
    if let Some(card) = all.find(reads) {
        return Cell { badge: Some(card.badge), ..Cell::link(card.badge.word, &card.anchor) };
    }
    let sysctl = &cx.facts.tree.sysctl;
    if sysctl.mismatches.iter().any(|m| m.key == key && !m.by_design) {
        return Cell::text("will change at boot");
    }
    match (sysctl.runtime.get(key), sysctl.defaults.get(key)) {
        (Some(now), Some(default)) if now == default => Cell::text("default"),
        (Some(_), Some(_)) => Cell::text("tuned"),
        _ => Cell::text("–"),
    }
}
