//! Retransmissions of a namespace: by counters, by host, by network.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::super::method::num::{from_i64, from_u64, len, ratio, signed};
use super::super::super::method::quantile;
use super::super::super::method::role::{Listeners, Role};
use super::super::super::method::socket::{Flow, Socket, State};
use super::super::super::method::timeouts;
use super::super::super::netns::{RetransPeer, Retransmission, Retries, Routes, Subnet};
use super::connections::{Looks, Pair, smallest};
use super::greatest::greatest;
use super::routes::route_of;
use super::{Book, MAX_KEYS, One};

/// Doublings of the timeout from which a sender counts as stuck: 1.4 s without an answer.
const STUCK_BACKOFF: u8 = 3;

impl One<'_> {
    /// What counters say of the window.
    pub(super) fn retransmission(
        &self,
        is_host: bool,
        looks: Option<&Looks<'_>>,
        book: &mut Book,
    ) -> Option<Retransmission> {
        let fact = format!("{}.retransmission", self.fact);
        let Some(gained) = self.gained(is_host) else {
            let detail = "counters were not read twice";
            let file = &self.inputs.net.snmp.path;
            book.absent(fact, Absence::of(Reason::TooFewSamples, file, detail));
            return None;
        };
        let locators = gained.paths.iter().map(|p| Locator::entry(p.as_str())).collect();
        book.sources(fact.clone(), locators);
        let of = |name: &str| gained.of(name);
        let (sent, again) = (of("Tcp.OutSegs"), of("Tcp.RetransSegs"));
        let syn = of("TcpExt.TCPSynRetrans");
        let data = again.map(|a| (a - syn.unwrap_or(0)).max(0));
        let share = |data: i64, sent: i64| ratio(from_i64(data), from_i64(sent + data));
        let timeouts = of("TcpExt.TCPTimeouts");
        let mut rtt: Vec<f64> = looks
            .iter()
            .flat_map(|looks| &looks.established)
            .filter_map(|p| rtt_ms(&p.now.flow?))
            .collect();
        let found = Retransmission {
            span_s: gained.span_s,
            sent,
            again,
            syn,
            ratio: data.zip(sent).and_then(|(d, s)| share(d, s)),
            timeouts,
            timeouts_per_s: timeouts.map(|n| from_i64(n) / gained.span_s),
            fast: of("TcpExt.TCPFastRetrans"),
            probes: of("TcpExt.TCPLossProbes"),
            spurious: of("TcpExt.TCPSpuriousRTOs"),
            duplicates: of("TcpExt.TCPDSACKRecv"),
            aborted: of("TcpExt.TCPAbortOnTimeout"),
            keepalive_probes: of("TcpExt.TCPKeepAlive"),
            resets_sent: of("Tcp.OutRsts"),
            estab_resets: of("Tcp.EstabResets"),
            rtt_p50_ms: quantile::median(&mut rtt),
        };
        absences(&fact, &found, book);
        Some(found)
    }

    /// Why something about hosts is not known.
    pub(super) fn peer_absences(&self, peers: &[RetransPeer], nets: &[Subnet], book: &mut Book) {
        let once = || Absence::new(Reason::TooFewSamples, "the sockets were read once");
        for (i, p) in peers.iter().enumerate() {
            let segments = Absence::new(Reason::Missing, "the kernel does not count them (4.2)");
            let sent = if p.again.is_some() { segments } else { once() };
            let bytes = Absence::new(Reason::Missing, "the kernel does not count them (4.19)");
            let bytes = if p.again.is_some() { bytes } else { once() };
            for (field, known, why) in [
                ("sent", p.sent.is_some(), sent.clone()),
                ("again", p.again.is_some(), once()),
                ("ratio", p.ratio.is_some(), sent),
                ("sent_bytes", p.sent_bytes.is_some(), bytes.clone()),
                ("again_bytes", p.again_bytes.is_some(), bytes),
                (
                    "share",
                    p.share.is_some(),
                    Absence::new(Reason::NotApplicable, "nothing was sent again"),
                ),
                (
                    "rtt_p50_ms",
                    p.rtt_p50_ms.is_some(),
                    Absence::new(Reason::Missing, "not measured yet"),
                ),
                (
                    "rto_max_ms",
                    p.rto_max_ms.is_some(),
                    Absence::new(Reason::NotCollected, "the source tells no timeouts"),
                ),
                (
                    "gives_up_in_s",
                    p.gives_up_in_s.is_some(),
                    Absence::new(
                        Reason::NotApplicable,
                        "no sender is stuck, or tcp_retries2 is not known",
                    ),
                ),
            ] {
                if !known {
                    book.absent(format!("{}.retrans_peers.{i}.{field}", self.fact), why);
                }
            }
        }
        for (i, _) in nets.iter().enumerate().filter(|(_, n)| n.again.is_none()) {
            book.absent(format!("{}.subnets.{i}.again", self.fact), once());
        }
        for (i, _) in nets.iter().enumerate().filter(|(_, n)| n.rtt_min_p50_ms.is_none()) {
            let why = Absence::new(Reason::Missing, "the kernel does not tell it (4.6)");
            book.absent(format!("{}.subnets.{i}.rtt_min_p50_ms", self.fact), why);
        }
    }
}

/// Hosts by what was sent again to them.
pub(super) fn retrans_peers(
    looks: &Looks<'_>,
    listeners: &Listeners,
    retries: Option<&Retries>,
) -> Vec<RetransPeer> {
    let flows = || {
        looks.all.iter().filter_map(|Pair { now: s, before }| {
            let flow = s.flow.filter(|_| sends(s) && s.is_remote())?;
            let role = listeners.role(s);
            let port = if role == Role::Server { s.local.port() } else { s.remote.port() };
            let before = before.and_then(|e| e.flow).unwrap_or_default();
            Some(((s.remote.ip(), role, port), *s, flow, before))
        })
    };
    let mut counts: HashMap<(IpAddr, Role, u16), Counts> = HashMap::new();
    for (key, _, flow, since) in flows() {
        let counts = counts.entry(key).or_default();
        counts.connections += 1;
        counts.stuck += usize::from(is_stuck(&flow));
        counts.sent += u64::from(flow.segs_out.saturating_sub(since.segs_out));
        counts.again += u64::from(flow.total_retrans.saturating_sub(since.total_retrans));
        counts.tells_segments |= flow.segs_out > 0;
        counts.sent_bytes += flow.sent_bytes.saturating_sub(since.sent_bytes);
        counts.again_bytes += flow.again_bytes.saturating_sub(since.again_bytes);
        counts.tells_bytes |= flow.sent_bytes > 0;
    }
    let total: u64 = counts.values().map(|c| c.again).sum();
    let two = looks.span_s.is_some();
    let ranked = counts
        .into_iter()
        .map(|(key, c)| ((c.stuck, two.then_some(c.again), c.connections), key, c));
    let shown: Vec<_> = greatest(ranked).collect();
    let mut sockets: HashMap<_, Vec<(&Socket, Flow)>> =
        shown.iter().map(|(key, _)| (*key, Vec::new())).collect();
    for (key, socket, flow, _) in flows() {
        if let Some(of) = sockets.get_mut(&key) {
            of.push((socket, flow));
        }
    }
    let group = |(key, counts)| {
        Group { counts, sockets: sockets.remove(&key).unwrap_or_default() }
            .fact(key, two, total, retries)
    };
    shown.into_iter().map(group).collect()
}

/// `10.0.0.1 at :443` of a client, `10.0.0.1:443` of a server.
fn name((ip, role, port): (IpAddr, Role, u16)) -> String {
    match role {
        Role::Server => format!("{ip} at :{port}"),
        Role::Client | Role::Unknown => SocketAddr::new(ip, port).to_string(),
    }
}

/// Round trips and timeouts by network.
pub(super) fn subnets(looks: &Looks<'_>, routes: Option<&Routes>) -> Vec<Subnet> {
    let mut groups: BTreeMap<(IpAddr, u8), (Vec<Flow>, u64)> = BTreeMap::new();
    for Pair { now: s, before } in &looks.established {
        let Some(flow) = s.flow.filter(|f| f.rtt_us > 0 && f.rto_us > 0) else { continue };
        let before = before.and_then(|e| e.flow).unwrap_or_default();
        let group = groups.entry(network(s.remote.ip())).or_default();
        group.1 += u64::from(flow.total_retrans.saturating_sub(before.total_retrans));
        group.0.push(flow);
    }
    let two = looks.span_s.is_some();
    let mut all: Vec<Subnet> = groups
        .into_iter()
        .map(|((ip, bits), (flows, again))| Subnet {
            route: routes.map(|r| route_of(r, ip)).unwrap_or_default(),
            ..subnet(ip, bits, &flows, two.then_some(again))
        })
        .collect();
    all.sort_by(|a, b| b.connections.cmp(&a.connections).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MAX_KEYS);
    all
}

/// A state in which data is sent.
fn sends(s: &Socket) -> bool {
    use State::{CloseWait, Closing, Established, FinWait1, LastAck};
    matches!(s.state, Established | FinWait1 | CloseWait | LastAck | Closing)
}

fn rtt_ms(flow: &Flow) -> Option<f64> {
    (flow.rtt_us > 0).then(|| f64::from(flow.rtt_us) / 1000.0)
}

/// A connection that got no answer for long.
fn is_stuck(flow: &Flow) -> bool {
    flow.backoff >= STUCK_BACKOFF && flow.unacked > 0
}

/// The connections of one host in numbers.
#[derive(Default)]
struct Counts {
    connections: usize,
    stuck: usize,
    sent: u64,
    again: u64,
    tells_segments: bool,
    sent_bytes: u64,
    again_bytes: u64,
    tells_bytes: bool,
}

/// One host that is shown.
struct Group<'a> {
    counts: Counts,
    sockets: Vec<(&'a Socket, Flow)>,
}

impl Group<'_> {
    fn fact(
        self,
        key: (IpAddr, Role, u16),
        two: bool,
        total: u64,
        retries: Option<&Retries>,
    ) -> RetransPeer {
        let (ip, role, port) = key;
        let Self { counts, sockets } = self;
        let stuck: Vec<&(&Socket, Flow)> = sockets.iter().filter(|(_, f)| is_stuck(f)).collect();
        let left: Vec<f64> = stuck
            .iter()
            .filter_map(|(s, _)| {
                let silent = f64::from(s.silence?.ack_ms) / 1000.0;
                Some((retries?.data_gives_up_s - silent).max(0.0))
            })
            .collect();
        let mut rtt: Vec<f64> = sockets.iter().filter_map(|(_, f)| rtt_ms(f)).collect();
        let again = two.then(|| signed(counts.again));
        let sent = (two && counts.tells_segments).then(|| signed(counts.sent));
        let bytes = two && counts.tells_bytes;
        let share = |again: i64, sent: i64| ratio(from_i64(again), from_i64(sent)).or(Some(0.0));
        let of_bytes = || share(signed(counts.again_bytes), signed(counts.sent_bytes));
        RetransPeer {
            name: name(key),
            address: ip.to_string(),
            port: port.into(),
            is_dependency: role == Role::Client,
            connections: len(counts.connections),
            ratio: if bytes { of_bytes() } else { sent.zip(again).and_then(|(s, a)| share(a, s)) },
            sent_bytes: bytes.then(|| signed(counts.sent_bytes)),
            again_bytes: bytes.then(|| signed(counts.again_bytes)),
            sent,
            again,
            share: again.and_then(|a| ratio(from_i64(a), from_u64(total))),
            rtt_p50_ms: quantile::median(&mut rtt),
            rto_max_ms: sockets
                .iter()
                .map(|(_, f)| f.rto_us)
                .max()
                .filter(|us| *us > 0)
                .map(|us| f64::from(us) / 1000.0),
            stuck: len(counts.stuck),
            stuck_bytes: stuck.iter().map(|(s, _)| i64::from(s.send_queue_bytes)).sum(),
            gives_up_in_s: smallest(&left),
        }
    }
}

/// The network of an address: 24 bits of IPv4, 64 of IPv6.
fn network(ip: IpAddr) -> (IpAddr, u8) {
    match ip {
        IpAddr::V4(a) => (Ipv4Addr::from_bits(a.to_bits() & !0xff).into(), 24),
        IpAddr::V6(a) => (Ipv6Addr::from_bits(a.to_bits() >> 64 << 64).into(), 64),
    }
}

/// Addresses that no provider routes.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip {
        // 100.64.0.0/10 is that of carriers, and of clouds inside.
        IpAddr::V4(a) => a.is_private() || a.is_link_local() || a.to_bits() >> 22 == 0x191,
        IpAddr::V6(a) => a.is_unique_local() || a.is_unicast_link_local(),
    }
}

fn subnet(ip: IpAddr, bits: u8, flows: &[Flow], again: Option<u64>) -> Subnet {
    let sorted = |of: &dyn Fn(&Flow) -> f64| {
        let mut values: Vec<f64> = flows.iter().map(of).collect();
        quantile::sort(&mut values);
        values
    };
    let rtt = sorted(&|f| f64::from(f.rtt_us) / 1000.0);
    let rto = sorted(&|f| f64::from(f.rto_us) / 1000.0);
    let by = sorted(&|f| f64::from(f.rto_us) / f64::from(f.rtt_us.max(1)));
    let at = |values: &[f64], q: f64| quantile::of_sorted(values, q).unwrap_or(0.0);
    let least = flows.iter().map(|f| f.rtt_min_us).filter(|us| *us > 0);
    let mut least: Vec<f64> = least.map(|us| f64::from(us) / 1000.0).collect();
    Subnet {
        name: format!("{ip}/{bits}"),
        is_private: is_private(ip),
        connections: len(flows.len()),
        rtt_p50_ms: at(&rtt, 0.5),
        rtt_p95_ms: at(&rtt, 0.95),
        rtt_min_p50_ms: quantile::median(&mut least),
        rto_p50_ms: at(&rto, 0.5),
        rto_p95_ms: at(&rto, 0.95),
        rto_max_ms: at(&rto, 1.0),
        rto_by_rtt_p50: at(&by, 0.5),
        again: again.map(signed),
        connect_timeout_s: timeouts::connect_s(at(&rtt, 0.95)),
        read_timeout_s: timeouts::read_s(at(&rto, 0.95), at(&rtt, 0.95)),
        route: Vec::new(),
    }
}

fn absences(fact: &str, r: &Retransmission, book: &mut Book) {
    let missing = || Absence::new(Reason::Missing, "the kernel does not count it, or it was reset");
    for (field, known) in [
        ("sent", r.sent.is_some()),
        ("again", r.again.is_some()),
        ("syn", r.syn.is_some()),
        ("timeouts", r.timeouts.is_some()),
        ("timeouts_per_s", r.timeouts_per_s.is_some()),
        ("fast", r.fast.is_some()),
        ("probes", r.probes.is_some()),
        ("spurious", r.spurious.is_some()),
        ("duplicates", r.duplicates.is_some()),
        ("aborted", r.aborted.is_some()),
        ("keepalive_probes", r.keepalive_probes.is_some()),
        ("resets_sent", r.resets_sent.is_some()),
        ("estab_resets", r.estab_resets.is_some()),
    ] {
        if !known {
            book.absent(format!("{fact}.{field}"), missing());
        }
    }
    if r.ratio.is_none() {
        let why = Absence::new(Reason::NotApplicable, "nothing was sent");
        book.absent(format!("{fact}.ratio"), why);
    }
    if r.rtt_p50_ms.is_none() {
        let why = Absence::new(Reason::NotApplicable, "no connection to another host was measured");
        book.absent(format!("{fact}.rtt_p50_ms"), why);
    }
}
