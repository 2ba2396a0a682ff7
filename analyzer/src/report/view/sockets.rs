//! Sockets, for each network namespace, and what is set around them.

use serde::Serialize;

use super::card::Card;
use super::cx::Cx;
use super::namespace::Namespace;
use super::table::{Pair, Table};
use crate::facts::netns::Netns;

/// Namespaces shown at most.
const MAX_NAMESPACES: usize = 24;
/// Rows about applications at most.
const MAX_ROWS: usize = 60;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sockets {
    /// The host first, then by number of sockets.
    pub namespaces: Vec<Namespace>,
    /// How many were seen, when not all.
    pub note: Option<String>,
    /// What the network stack shares between namespaces.
    pub shared: Vec<Pair>,
    /// Timeouts and keepalive of applications, routes, neighbours.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// Between card and socket, and memory of sockets.
const SHARED: &[(&str, &str)] = &[
    ("Packets from cards", "net.softnet.processed_per_s"),
    ("dropped: backlog full", "net.softnet.dropped"),
    ("turns cut short, at most", "net.softnet.squeezed_per_s_max"),
    ("netdev_max_backlog", "net.softnet.max_backlog"),
    ("netdev_budget", "net.softnet.budget"),
    ("Memory of TCP sockets", "net.memory.tcp_bytes"),
    ("TCP sockets, at most", "net.memory.tcp_max_bytes"),
    ("Protocols that restrain themselves", "net.memory.in_pressure"),
    ("Memory of UDP sockets", "net.memory.udp_bytes"),
    ("UDP sockets, at most", "net.memory.udp_max_bytes"),
];

type Fields<'a> = &'a [(&'static str, &'a str)];

const TABLES: &[(&str, &str, Fields<'_>)] = &[
    (
        "apps.timeouts",
        "Timeouts of applications, and the least that lets one lost packet be sent again",
        &[
            ("`Timeout", "name"),
            ("`Where", "at"),
            ("#Port", "port"),
            ("#Set", "value_s"),
            ("#At least", "needed_s"),
            ("From", "because"),
            ("#Sent again there", "again"),
        ],
    ),
    (
        "apps.http",
        "How long HTTP servers keep a silent connection",
        &[
            ("`Server", "name"),
            ("`Where", "at"),
            ("#Keeps it for", "keepalive_s"),
            ("#Proxy in front keeps it for", "l7_idle_timeout_s"),
            ("#Closes", "closes_per_s"),
            ("#Silent now", "idle"),
        ],
    ),
    (
        "apps.upstreams",
        "Where proxies pass requests on",
        &[
            ("`Upstream", "name"),
            ("Program", "program"),
            ("`Where", "at"),
            ("Ports", "ports"),
            ("Keeps connections", "keeps"),
            ("What is in the way", "lacks"),
            ("#New connections", "closes_per_s"),
            ("#TIME-WAIT", "time_wait"),
        ],
    ),
    (
        "net.neighbours",
        "Neighbour tables (ARP, ND)",
        &[
            ("Family", "family"),
            ("#Entries", "entries"),
            ("#gc_thresh1", "threshold1"),
            ("#gc_thresh2", "threshold2"),
            ("#gc_thresh3", "threshold3"),
            ("#~Full", "used_ratio"),
            ("#Overflows in the window", "table_fulls"),
            ("#Overflows since boot", "table_fulls_since_boot"),
        ],
    ),
];

impl Sockets {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let all = &cx.facts.tree.netns.items;
        let mut order: Vec<(usize, &Netns)> = all.iter().enumerate().collect();
        let sockets = |n: &Netns| n.tcp.as_ref().map_or(0, |t| t.states.values().sum::<i64>());
        order.sort_by_key(|(_, n)| (!n.is_host, std::cmp::Reverse(sockets(n))));
        let shown = order.len().min(MAX_NAMESPACES);
        let seen = cx.facts.tree.collection.lists.get("netns");
        let mut note: Vec<String> = Vec::new();
        if shown < order.len() {
            note.push(format!("{shown} of {} namespaces, those with most sockets.", order.len()));
        }
        note.extend(seen.filter(|s| s.seen < s.expected).map(|s| {
            let (seen, expected, gaps) = (s.seen, s.expected, s.gaps.join(", "));
            format!("{seen} of {expected} namespaces could be seen; not: {gaps}.")
        }));
        Self {
            namespaces: order
                .into_iter()
                .take(MAX_NAMESPACES)
                .enumerate()
                .map(|(place, (i, n))| Namespace::new(cx, i, n, place == 0))
                .collect(),
            note: (!note.is_empty()).then(|| note.join(" ")),
            shared: cx.pairs("", SHARED),
            tables: TABLES
                .iter()
                .map(|(at, caption, fields)| cx.rows(at, caption, fields, MAX_ROWS))
                .collect(),
            notes,
        }
    }
}
