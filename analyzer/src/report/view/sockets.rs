//! Sockets, for each network namespace: states, peers, port use, keepalive, ages.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::facts::netns::Netns;
use crate::report::chart::Histogram;

/// Namespaces shown at most.
const MAX_NAMESPACES: usize = 24;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sockets {
    /// The host first, then by number of sockets.
    pub namespaces: Vec<Namespace>,
    /// How many were seen, when not all.
    pub note: Option<String>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// One network namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Sockets by state.
    pub states: Table,
    /// Sockets by state and peer.
    pub peers: Table,
    /// Local ports in use by destination.
    pub ports: Table,
    /// Port range and reuse.
    pub port_space: Vec<Pair>,
    /// Keepalive parameters and what the timers show.
    pub keepalive: Vec<Pair>,
    /// Established connections by service: keepalive and silences.
    pub connections: Table,
    /// Hosts by what was sent again.
    pub retransmissions: Table,
    /// Round trips and timeouts by network.
    pub subnets: Table,
    /// Retry parameters in seconds.
    pub retries: Vec<Pair>,
    /// Silences and TIME-WAIT ages.
    pub histograms: Vec<Histogram>,
}

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
            format!("{} of {} namespaces could be seen: {}.", s.seen, s.expected, s.gaps.join(", "))
        }));
        Self {
            namespaces: order
                .into_iter()
                .take(MAX_NAMESPACES)
                .map(|(i, n)| namespace(cx, i, n))
                .collect(),
            note: (!note.is_empty()).then(|| note.join(" ")),
            notes,
        }
    }
}

/// Where outgoing connections take their ports from.
const PORT_SPACE: &[(&str, &str)] = &[
    ("First port", "ports.low"),
    ("Last port", "ports.high"),
    ("Reserved in it", "ports.reserved"),
    ("Usable per destination", "ports.usable"),
    ("tcp_tw_reuse", "ports.tw_reuse"),
    ("tcp_timestamps", "ports.timestamps"),
];

/// Keepalive as it is set, and as timers show it.
const KEEPALIVE: &[(&str, &str)] = &[
    ("First probe after", "keepalive.time_s"),
    ("Then every", "keepalive.interval_s"),
    ("Probes", "keepalive.probes"),
    ("Dead peer noticed after", "keepalive.dead_peer_s"),
    ("Keepalive on", "tcp.keepalive_on"),
    ("off", "tcp.keepalive_off"),
    ("not visible", "tcp.keepalive_unknown"),
    ("Silent for 60 s and more", "tcp.idle_established"),
    ("Longest silence", "tcp.idle_max_s"),
    ("First probe as timers show", "tcp.keepalive_time_effective_s"),
];

/// Columns of the connections by service.
const CONNECTIONS: &[(&str, &str)] = &[
    ("Service", "name"),
    ("#Connections", "established"),
    ("#Keepalive on", "keepalive_on"),
    ("#off", "keepalive_off"),
    ("#Median silence", "idle_median_s"),
    ("#Longest silence", "idle_max_s"),
    ("#Other end probably gone", "stale"),
    ("#Probes unanswered", "unanswered"),
];

/// Columns of what was sent again.
const RETRANSMISSIONS: &[(&str, &str)] = &[
    ("Other end", "name"),
    ("#Connections", "connections"),
    ("#Segments sent", "sent"),
    ("#Sent again", "again"),
    ("#Median round trip (ms)", "rtt_p50_ms"),
    ("#Longest timeout (ms)", "rto_max_ms"),
    ("#Stuck", "stuck"),
];

/// Columns of round trips and timeouts.
const SUBNETS: &[(&str, &str)] = &[
    ("Network", "name"),
    ("#Connections", "connections"),
    ("#Round trip p50 (ms)", "rtt_p50_ms"),
    ("#p95", "rtt_p95_ms"),
    ("#Timeout p50 (ms)", "rto_p50_ms"),
    ("#p95", "rto_p95_ms"),
    ("#Sent again", "again"),
];

/// Retry limits as time, and what was sent again.
const RETRIES: &[(&str, &str)] = &[
    ("connect() gives up after (tcp_syn_retries)", "retries.syn_gives_up_s"),
    ("Half-open forgotten after (tcp_synack_retries)", "retries.synack_gives_up_s"),
    ("Unacknowledged data given up after (tcp_retries2)", "retries.data_gives_up_s"),
    ("Orphans given up after (tcp_orphan_retries)", "retries.orphan_gives_up_s"),
    ("Data sent again in the window", "retransmission.ratio"),
    ("Timeouts a second", "retransmission.timeouts_per_s"),
];

fn namespace(cx: &Cx<'_>, i: usize, ns: &Netns) -> Namespace {
    let at = format!("netns.{i}");
    let tcp = ns.tcp.as_ref();
    let idle = tcp.map(|t| t.idle_s.as_slice()).unwrap_or_default();
    let ages = tcp.map(|t| t.time_wait_age_s.as_slice()).unwrap_or_default();
    Namespace {
        name: ns.name.clone(),
        states: states(cx, &at, ns),
        peers: peers(cx, &at),
        ports: ports(cx, &at),
        port_space: pairs(cx, &at, PORT_SPACE),
        keepalive: pairs(cx, &at, KEEPALIVE),
        connections: rows(
            cx,
            &format!("{at}.connections"),
            "Established connections by service",
            CONNECTIONS,
        ),
        retransmissions: rows(
            cx,
            &format!("{at}.retrans_peers"),
            "Sent again, by service and client",
            RETRANSMISSIONS,
        ),
        subnets: rows(cx, &format!("{at}.subnets"), "Round trips and timeouts by network", SUBNETS),
        retries: pairs(cx, &at, RETRIES),
        histograms: [
            Histogram::new(
                "Silence on established remote connections",
                idle,
                &format!("{at}.tcp.idle_s"),
            ),
            Histogram::new("Age of TIME-WAIT sockets", ages, &format!("{at}.tcp.time_wait_age_s")),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn pairs(cx: &Cx<'_>, at: &str, fields: &[(&'static str, &str)]) -> Vec<Pair> {
    fields
        .iter()
        .map(|(label, field)| Pair::new(label, cx.cell(&format!("{at}.{field}"))))
        .collect()
}

/// The elements of a list, the first column as code.
fn rows(cx: &Cx<'_>, at: &str, caption: &str, fields: &[(&'static str, &str)]) -> Table {
    let heads: Vec<&'static str> = fields.iter().map(|(head, _)| *head).collect();
    let mut table = Table::new(caption, &heads).sortable();
    for i in 0..cx.len(at) {
        let row = format!("{at}.{i}");
        let cells = fields.iter().enumerate().map(|(column, (_, field))| {
            let path = format!("{row}.{field}");
            if column == 0 { cx.code(&path) } else { cx.cell(&path) }
        });
        table.push(Row::of(&row, cells.collect()));
    }
    table
}

fn states(cx: &Cx<'_>, at: &str, ns: &Netns) -> Table {
    let mut table = Table::new("Sockets by state", &["State", "#Sockets"]);
    let Some(tcp) = &ns.tcp else { return table };
    let mut states: Vec<(&String, &i64)> = tcp.states.iter().collect();
    states.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    for (state, _) in states {
        table.push(Row::new(vec![Cell::code(state), cx.cell(&format!("{at}.tcp.states.{state}"))]));
    }
    table
}

fn peers(cx: &Cx<'_>, at: &str) -> Table {
    let mut table =
        Table::new("Sockets by state and peer", &["State", "Peer", "Role", "#Sockets", "Owners"])
            .sortable();
    for i in 0..cx.len(&format!("{at}.tcp.peers")) {
        let row = format!("{at}.tcp.peers.{i}");
        let of = |f: &str| format!("{row}.{f}");
        table.push(Row::of(
            &row,
            vec![
                cx.code(&of("state")),
                cx.code(&of("peer")),
                cx.cell(&of("role")),
                cx.cell(&of("count")),
                cx.cell(&of("owners")),
            ],
        ));
    }
    table
}

fn ports(cx: &Cx<'_>, at: &str) -> Table {
    let mut table = Table::new(
        "Local ports in use by destination",
        &[
            "Destination",
            "#Ports in use",
            "#TIME-WAIT",
            "#Reusable",
            "#Of the range",
            "#Closes",
            "#In the long run",
            "#Limit",
            "Owners",
        ],
    )
    .sortable();
    for i in 0..cx.len(&format!("{at}.port_keys")) {
        let row = format!("{at}.port_keys.{i}");
        let of = |f: &str| cx.cell(&format!("{row}.{f}"));
        table.push(Row::of(
            &row,
            vec![
                cx.code(&format!("{row}.name")),
                of("used"),
                of("time_wait"),
                of("reusable"),
                cx.share(&format!("{row}.utilization_ratio")),
                of("closes_per_s"),
                of("steady_ratio"),
                of("max_rate_per_s"),
                of("owners"),
            ],
        ));
    }
    table
}
