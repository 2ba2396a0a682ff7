//! The sockets of one network namespace.

use serde::Serialize;

use super::captures::{self, Capture};
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::facts::netns::Netns;
use crate::report::chart::Histogram;

/// Rows of a table of the first namespace at most; lists of facts are no longer than that.
const MAX_FIRST: usize = 50;
/// Rows in every other one: a host of containers has many.
const MAX_OTHERS: usize = 12;

/// One network namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Sockets by state.
    pub states: Table,
    /// Port range and reuse.
    pub port_space: Vec<Pair>,
    /// Keepalive parameters and what the timers show.
    pub keepalive: Vec<Pair>,
    /// Retry parameters, each as the time that it means.
    pub retries: Table,
    /// Who listens, closes, waits, sends again.
    pub tables: Vec<Table>,
    /// What was counted in the window.
    pub counted: Table,
    /// What to record of the connections that look odd.
    pub captures: Vec<Capture>,
    /// Silences and TIME-WAIT ages.
    pub histograms: Vec<Histogram>,
}

type Fields<'a> = &'a [(&'static str, &'a str)];

/// Where outgoing connections take their ports from.
const PORT_SPACE: Fields<'_> = &[
    ("First port", "ports.low"),
    ("Last port", "ports.high"),
    ("Reserved in it", "ports.reserved"),
    ("Usable per destination", "ports.usable"),
    ("tcp_tw_reuse", "ports.tw_reuse"),
    ("tcp_timestamps", "ports.timestamps"),
    ("TIME-WAIT at the last look", "time_wait.count"),
    ("of connections opened from here", "time_wait.client"),
    ("of connections accepted", "time_wait.server"),
    ("tcp_max_tw_buckets", "time_wait.max"),
];

/// Keepalive as it is set, and as timers show it.
const KEEPALIVE: Fields<'_> = &[
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

/// Sessions through an L4 device of which the operator told.
const L4: Fields<'_> = &[
    ("L4 device forgets after", "l4.idle_timeout_s"),
    ("Sessions through it", "l4.connections"),
    ("Longest silence on one", "l4.idle_max_s"),
    ("Silent for longer", "l4.forgotten"),
];

/// Tables by list, caption and columns.
const TABLES: &[(&str, &str, Fields<'_>)] = &[
    (
        "listeners",
        "Listeners, the fullest first",
        &[
            ("`Listener", "name"),
            ("Owners", "owners"),
            ("#Wait to be accepted", "queue"),
            ("#Queue limit", "limit"),
            ("#~Queue full", "queue_ratio"),
            ("#Half open", "half_open"),
            ("#asked again", "half_open_retried"),
            ("#~Half open, full", "half_open_ratio"),
            ("#Clients gone unaccepted", "abandoned"),
        ],
    ),
    (
        "port_keys",
        "Local ports in use by destination",
        &[
            ("`Destination", "name"),
            ("#Ports in use", "used"),
            ("#TIME-WAIT", "time_wait"),
            ("#Reusable", "reusable"),
            ("#~Of the range", "utilization_ratio"),
            ("#Closes", "closes_per_s"),
            ("#Bytes a connection", "acked_bytes_p50"),
            ("#~In the long run", "steady_ratio"),
            ("#Limit", "max_rate_per_s"),
            ("Owners", "owners"),
        ],
    ),
    (
        "time_wait.groups",
        "TIME-WAIT: who closed first (this host, towards these)",
        &[
            ("`Listener or peer", "name"),
            ("Role", "role"),
            ("#TIME-WAIT", "count"),
            ("#Closes", "closes_per_s"),
            ("#~Of the limit", "of_max_ratio"),
            ("#~Of what the ports bear", "of_port_rate_ratio"),
            ("Reuse possible", "reuse_possible"),
            ("Owners", "owners"),
        ],
    ),
    (
        "close_wait",
        "CLOSE-WAIT: the peer has closed, the process has not",
        &[
            ("`Process", "process"),
            ("#PID", "pid"),
            ("#CLOSE-WAIT", "count"),
            ("#old", "old"),
            ("#Oldest", "oldest_s"),
            ("#~Of its sockets", "share_ratio"),
            ("#Growth", "growth_per_s"),
            ("#~Of its descriptors", "limit_ratio"),
            ("#Limit reached in", "eta_s"),
            ("Peers", "peers"),
        ],
    ),
    (
        "connecting",
        "Connections being opened (SYN-SENT)",
        &[
            ("`Peer", "peer"),
            ("#SYN-SENT", "count"),
            ("#asked again", "retried"),
            ("#in both looks", "retried_both"),
            ("#Oldest", "oldest_s"),
            ("Owners", "owners"),
        ],
    ),
    (
        "connections",
        "Established connections by service: keepalive and silences",
        &[
            ("`Service", "name"),
            ("#Connections", "established"),
            ("#Keepalive on", "keepalive_on"),
            ("#off", "keepalive_off"),
            ("#not visible", "keepalive_unknown"),
            ("#First probe after", "keepalive_time_s"),
            ("#L4 forgets after", "l4_idle_timeout_s"),
            ("#Median silence", "idle_median_s"),
            ("#Longest silence", "idle_max_s"),
            ("#Other end probably gone", "stale"),
            ("#Probes unanswered", "unanswered"),
        ],
    ),
    (
        "retrans_peers",
        "Sent again, by service and client",
        &[
            ("`Other end", "name"),
            ("#Connections", "connections"),
            ("#Segments sent", "sent"),
            ("#Sent again", "again"),
            ("#Bytes sent again", "again_bytes"),
            ("#~Share", "ratio"),
            ("#Median round trip", "rtt_p50_ms"),
            ("#Longest timeout", "rto_max_ms"),
            ("#Stuck", "stuck"),
            ("#Given up in", "gives_up_in_s"),
        ],
    ),
    (
        "subnets",
        "Round trips and timeouts by network, and the least that applications should wait",
        &[
            ("`Network", "name"),
            ("#Connections", "connections"),
            ("#Round trip p50", "rtt_p50_ms"),
            ("#p95", "rtt_p95_ms"),
            ("#without queues", "rtt_min_p50_ms"),
            ("#Timeout p50", "rto_p50_ms"),
            ("#p95", "rto_p95_ms"),
            ("#Timeout by round trip", "rto_by_rtt_p50"),
            ("#Sent again", "again"),
            ("#For connect()", "connect_timeout_s"),
            ("#For an answer, beside the server's time", "read_timeout_s"),
        ],
    ),
    (
        "buffers.largest",
        "TCP sockets that hold memory: slow readers and those held up first",
        &[
            ("`Socket", "name"),
            ("State", "state"),
            ("`Process", "process"),
            ("#Holds", "held_bytes"),
            ("#Received, not read", "received_bytes"),
            ("#~Receive buffer full", "receive_ratio"),
            ("#To be sent", "queued_bytes"),
            ("#~Held up by the peer", "held_up_by_peer_ratio"),
            ("#~by its own buffer", "held_up_by_buffer_ratio"),
            ("#Dropped", "drops"),
        ],
    ),
    (
        "udp_drops",
        "UDP sockets that dropped datagrams",
        &[
            ("`Socket", "local"),
            ("`Process", "process"),
            ("#In the window", "drops"),
            ("#Since it was opened", "drops_since_open"),
        ],
    ),
    ("route_table", "Routes", &[("`Route", "line"), ("#rto_min", "rto_min_ms")]),
    (
        "neighbours",
        "Neighbours by interface, those that do not answer first",
        &[
            ("`Interface", "dev"),
            ("Family", "family"),
            ("State", "state"),
            ("#Neighbours", "count"),
            ("`Addresses", "addresses"),
        ],
    ),
    (
        "remembered",
        "What is remembered of paths: a new connection begins with it",
        &[
            ("`Peer", "address"),
            ("#Round trip", "rtt_ms"),
            ("#varies by", "rtt_var_ms"),
            ("#First timeout", "first_rto_ms"),
            ("#Slow start ends at", "slow_start_threshold"),
            ("#Window", "congestion_window"),
            ("#Age", "age_s"),
        ],
    ),
    (
        "port_sources",
        "Outgoing connections by local address",
        &[
            ("`Address", "local_addr"),
            ("#Connections", "connections"),
            ("#Destinations", "destinations"),
            ("#Ports", "used"),
            ("#shared", "shared"),
            ("#~Of the range", "utilization_ratio"),
            ("Binds before it connects", "binds_first"),
            ("Owners", "owners"),
        ],
    ),
    (
        "tcp.peers",
        "Sockets by state and peer",
        &[
            ("`State", "state"),
            ("`Peer", "peer"),
            ("Role", "role"),
            ("#Sockets", "count"),
            ("Owners", "owners"),
        ],
    ),
    (
        "differing",
        "Network parameters that are not the host's",
        &[
            ("`Parameter", "key"),
            ("`Here", "value"),
            ("`On the host", "host"),
            ("`Kernel default", "kernel_default"),
        ],
    ),
];

/// Parameter, its value, the time that follows from it, and what that time is.
const RETRIES: [(&str, &str, &str, &str); 8] = [
    (
        "net.ipv4.tcp_syn_retries",
        "retries.syn",
        "retries.syn_gives_up_s",
        "until connect() gives up on a host that does not answer",
    ),
    (
        "net.ipv4.tcp_synack_retries",
        "retries.synack",
        "retries.synack_gives_up_s",
        "until a half-open connection is forgotten",
    ),
    (
        "net.ipv4.tcp_retries1",
        "retries.retries1",
        "retries.route_doubted_s",
        "until the route of a connection whose data nobody acknowledges is doubted",
    ),
    (
        "net.ipv4.tcp_retries2",
        "retries.retries2",
        "retries.data_gives_up_s",
        "until a connection whose data nobody acknowledges is given up",
    ),
    (
        "net.ipv4.tcp_orphan_retries",
        "retries.orphan",
        "retries.orphan_gives_up_s",
        "the same where no process holds the connection any more; 0 means 8",
    ),
    (
        "net.ipv4.tcp_fin_timeout",
        "",
        "retries.fin_timeout_s",
        "that a closed connection waits for the other end to close (FIN-WAIT-2)",
    ),
    ("net.ipv4.tcp_rto_min_us", "", "retries.rto_min_ms", "the shortest retransmission timeout"),
    ("net.ipv4.tcp_rto_max_ms", "", "retries.rto_max_s", "the longest"),
];

/// Below routes without an `rto_min` of their own.
const NO_RTO_MIN: &str =
    "No route sets rto_min: the kernel's own holds (200 ms, or tcp_rto_min_us).";

/// Counters worth a row.
const COUNTED: [(&str, &str); 14] = [
    ("connections opened", "active_opens"),
    ("connections accepted", "passive_opens"),
    ("attempts that failed", "attempt_fails"),
    ("reset while established", "estab_resets"),
    ("dropped: accept queue full", "listen_overflows"),
    ("dropped by listeners, for any reason", "listen_drops"),
    ("SYN cookies sent", "syncookies_sent"),
    ("segments sent again", "retrans_segments"),
    ("SYN and SYN-ACK sent again", "syn_retrans"),
    ("given up for want of an answer", "aborts_on_timeout"),
    ("TIME-WAIT ports reused", "time_waits_reused"),
    ("TIME-WAIT skipped: limit reached", "time_wait_overflows"),
    ("segments dropped: receive queue full", "receive_queue_drops"),
    ("UDP datagrams dropped: buffer full", "udp_receive_buffer_errors"),
];

impl Namespace {
    /// The namespace with index `i`; the first on the page gets more rows.
    pub(super) fn new(cx: &Cx<'_>, i: usize, ns: &Netns, first: bool) -> Self {
        let at = format!("netns.{i}");
        let max = if first { MAX_FIRST } else { MAX_OTHERS };
        let list = |list: &str| format!("{at}.{list}");
        let tcp = ns.tcp.as_ref();
        let idle = tcp.map(|t| t.idle_s.as_slice()).unwrap_or_default();
        let ages = tcp.map(|t| t.time_wait_age_s.as_slice()).unwrap_or_default();
        let mut keepalive = cx.pairs(&at, KEEPALIVE);
        if tcp.is_some_and(|t| t.established_remote == 0) {
            no_silence(&mut keepalive);
        }
        if ns.l4.is_some() {
            keepalive.extend(cx.pairs(&at, L4));
        }
        let histogram = |title, ages, path| Histogram::new(title, ages, &list(path));
        Self {
            name: ns.name.clone(),
            states: states(cx, &at, ns),
            port_space: cx.pairs(&at, PORT_SPACE),
            keepalive,
            retries: retries(cx, &at, ns),
            tables: TABLES
                .iter()
                .map(|(at, caption, fields)| {
                    let mut table = cx.rows(&list(at), caption, fields, max);
                    if *at == "route_table" && table.columns.len() == 1 && table.note.is_none() {
                        table.note = Some(NO_RTO_MIN.to_owned());
                    }
                    table
                })
                .collect(),
            counted: counted(cx, &at, ns),
            captures: captures::of(ns),
            histograms: [
                histogram("Silence on established remote connections", idle, "tcp.idle_s"),
                histogram("Age of TIME-WAIT sockets", ages, "tcp.time_wait_age_s"),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }
}

/// Of no connection there is no longest silence, not even one of 0 s.
fn no_silence(pairs: &mut [Pair]) {
    let is_silence = |p: &&mut Pair| {
        let fact = p.cell.fact.as_deref();
        p.cell.absent.is_none() && fact.is_some_and(|f| f.ends_with("idle_max_s"))
    };
    for pair in pairs.iter_mut().filter(is_silence) {
        "no connection".clone_into(&mut pair.cell.text);
    }
}

fn states(cx: &Cx<'_>, at: &str, ns: &Netns) -> Table {
    let mut table = Table::new("Sockets at the first look", &["State", "#Sockets"]);
    let Some(tcp) = &ns.tcp else {
        table.absent = cx.cell(&format!("{at}.tcp")).absent;
        return table;
    };
    let mut states: Vec<(&String, &i64)> = tcp.states.iter().collect();
    states.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    for (state, _) in states {
        table.push(Row::new(vec![Cell::code(state), cx.cell(&format!("{at}.tcp.states.{state}"))]));
    }
    table
}

fn retries(cx: &Cx<'_>, at: &str, ns: &Netns) -> Table {
    let mut table = Table::new(
        "How long TCP goes on, by its parameters",
        &["Parameter", "#Value", "#Time", "What it is"],
    );
    if ns.retries.is_none() {
        table.absent = cx.cell(&format!("{at}.retries")).absent;
        return table;
    }
    for (key, value, time, meaning) in RETRIES {
        let of = |field: &str| match field {
            "" => Cell::default(),
            field => cx.cell(&format!("{at}.{field}")),
        };
        let (value, time) = (of(value), of(time));
        // A kernel without the parameter has a constant instead.
        if value.text.is_empty() && time.absent.is_some() {
            continue;
        }
        table.push(Row::new(vec![Cell::code(key), value, time, Cell::text(meaning)]));
    }
    table
}

/// What happened at all; a row of zeros tells nothing.
fn counted(cx: &Cx<'_>, at: &str, ns: &Netns) -> Table {
    let mut table = Table::new(
        "What TCP and UDP counted",
        &["What", "#In the window", "#A second", "#Since boot"],
    );
    if ns.counters.is_none() {
        table.absent = cx.cell(&format!("{at}.counters")).absent;
        return table;
    }
    for (name, counter) in COUNTED {
        let row = format!("{at}.counters.{counter}");
        if cx.number(&format!("{row}.total")).unwrap_or(0.0) == 0.0 {
            continue;
        }
        let of = |f: &str| cx.cell(&format!("{row}.{f}"));
        table.push(Row::of(&row, vec![Cell::text(name), of("delta"), of("per_s"), of("total")]));
    }
    table.keep_known_columns();
    table
}
