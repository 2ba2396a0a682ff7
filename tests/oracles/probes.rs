//! The collector's native probes against the tools that everybody trusts: `ss` and `ethtool` are
//! asked at the same moment, and must say the same.
//!
//! Each test runs in a network namespace of its own (`unshare -n`), so that it sees no socket but
//! its own. Where root, a tool or the kernel's diag handlers are lacking it is skipped, loudly.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};

use linsight::input::Snapshot;
use linsight::parse::ip_route::Route;
use linsight::parse::socket::{Endpoint, Protocol, Socket, State, TcpInfo, TimerKind};
use linsight::parse::{ethtool, ethtool_text, inet_diag, ip_route, links, route_dump, ss};

use crate::{ENV, collect, output};

/// Connections on loopback; each has two sockets.
const CONNECTIONS: usize = 5000;

/// Runs a test of this file in a namespace of its own, if that can be had here.
fn in_own_namespace(test: &str, tools: &[&str]) {
    for tool in [&["unshare --version", "ip -V"], tools].concat() {
        if crate::oracle(tool).is_none() {
            return;
        }
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: a network namespace needs root");
        return;
    }
    let me = std::env::current_exe().unwrap();
    let line = format!(
        "unshare -n {} --exact probes::{test} --ignored --nocapture --test-threads=1",
        me.display()
    );
    let said = output(&line).unwrap();
    if said.contains("unshare failed") {
        eprintln!("SKIPPED: {said}");
        return;
    }
    eprintln!("{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn sockets_are_as_ss_shows_them() {
    in_own_namespace("sockets_inside", &["ss -V"]);
}

#[test]
fn devices_are_as_ethtool_shows_them() {
    in_own_namespace("devices_inside", &["ethtool --version"]);
}

/// Sockets in many states, some with keepalive, some with data on their way.
fn make_sockets() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:7000").unwrap();
    let port = listener.local_addr().unwrap();
    let mut held = Vec::new();
    for i in 0..CONNECTIONS {
        let mut client = TcpStream::connect(port).unwrap();
        let (server, _) = listener.accept().unwrap();
        rustix::net::sockopt::set_socket_keepalive(&client, i % 2 == 0).unwrap();
        match i % 5 {
            1 => client.write_all(&vec![b'x'; i]).unwrap(),
            2 => client.shutdown(Shutdown::Write).unwrap(),
            3 => {
                drop(client);
                // The client's end goes to FIN-WAIT-2, then with the server's to TIME-WAIT.
                held.extend((i % 10 == 3).then_some(server));
                continue;
            }
            _ => {}
        }
        held.extend([client, server]);
    }
    (listener, held)
}

#[test]
#[ignore = "started by `sockets_are_as_ss_shows_them` in a namespace of its own"]
fn sockets_inside() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let files = Some(CONNECTIONS as u64 * 2 + 500);
    setrlimit(Resource::Nofile, Rlimit { current: files, maximum: files }).unwrap();
    output("ip link set lo up").unwrap();
    let _held = make_sockets();

    let before = by_ends(ss::parse(&output("ss -tanoiem").unwrap()).unwrap().rows);
    let snapshot = collect("net");
    let after = by_ends(ss::parse(&output("ss -tanoiem").unwrap()).unwrap().rows);
    let inode = std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    let inode = inode.trim_start_matches("net:[").trim_end_matches(']').to_owned();
    let raw = match snapshot.read(&format!("probes/inet_diag/{inode}/tcp4")) {
        Ok(raw) => raw,
        Err(absence) => {
            eprintln!("SKIPPED: no dump: {absence:?}");
            return;
        }
    };
    let dump = inet_diag::parse(&raw, Protocol::Tcp, &ENV).unwrap();
    assert!(dump.problems.is_empty(), "{:?}", dump.problems);
    let ours = by_ends(dump.rows);

    // A socket that changed its state between the two readings of ss proves nothing.
    let mut compared = BTreeMap::new();
    for (ends, theirs) in &before {
        let Some(later) = after.get(ends).filter(|later| later.state == theirs.state) else {
            continue;
        };
        let ours = ours.get(ends).unwrap_or_else(|| panic!("{ends:?} is not in the dump"));
        compare(ours, theirs, later);
        *compared.entry(theirs.state.as_str()).or_insert(0) += 1;
    }
    eprintln!("compared: {compared:?}");
    let all: usize = compared.values().sum();
    assert!(all > CONNECTIONS, "{compared:?}");
    for state in ["LISTEN", "ESTAB", "CLOSE-WAIT", "FIN-WAIT-2", "TIME-WAIT"] {
        assert!(compared.contains_key(state), "no {state} among {compared:?}");
    }
}

fn by_ends(sockets: Vec<Socket>) -> BTreeMap<(Endpoint, Endpoint), Socket> {
    sockets.into_iter().map(|socket| ((socket.local, socket.remote), socket)).collect()
}

/// What does not move must be equal; timers run, and `ss` rounds them.
fn compare(ours: &Socket, before: &Socket, after: &Socket) {
    let ends = (ours.local, ours.remote);
    assert_eq!(ours.state, before.state, "{ends:?}");
    let is_mini = matches!(ours.state, State::TimeWait | State::SynRecv);
    if !is_mini {
        assert_eq!(ours.inode.unwrap_or(0), before.inode.unwrap_or(0), "{ends:?}");
        assert_eq!(ours.memory, before.memory, "{ends:?}");
    }
    let kind = |socket: &Socket| socket.timer.map_or(TimerKind::Off, |timer| timer.kind);
    assert_eq!(kind(ours), kind(before), "{ends:?}");
    if let (Some(ours), Some(before), Some(after)) = (ours.timer, before.timer, after.timer) {
        // `ss` cuts to seconds above ten seconds, and to minutes above an hour.
        let step = if before.expires_ms >= 3_600_000 { 60_000 } else { 1000 };
        let (low, high) = (after.expires_ms, before.expires_ms + step);
        assert!((low..=high).contains(&ours.expires_ms), "{ends:?}: {ours:?} not in {low}..{high}");
        assert_eq!(ours.retrans, before.retrans, "{ends:?}");
    }
    if let (Some(ours), Some(theirs)) = (&ours.info, &before.info) {
        // `ss` prints the two times in milliseconds with three digits, cut or rounded.
        let near =
            |a: Option<u32>, b: Option<u32>| a.zip(b).is_none_or(|(a, b)| a.abs_diff(b) < 1000);
        assert!(
            near(ours.rto_us, theirs.rto_us),
            "{ends:?}: {:?} {:?}",
            ours.rto_us,
            theirs.rto_us
        );
        assert!(
            near(ours.rtt_us, theirs.rtt_us),
            "{ends:?}: {:?} {:?}",
            ours.rtt_us,
            theirs.rtt_us
        );
        assert_eq!(ours.mss_bytes, theirs.mss_bytes, "{ends:?}");
        assert_eq!(ours.cwnd, theirs.cwnd, "{ends:?}");
        assert!(near(ours.min_rtt_us, theirs.min_rtt_us), "{ends:?}");
        // What is 0 the tool leaves out.
        let bytes = |i: &TcpInfo| {
            [i.acked_bytes, i.received_bytes, i.sent_bytes, i.retrans_bytes]
                .map(Option::unwrap_or_default)
        };
        assert_eq!(bytes(ours), bytes(theirs), "{ends:?}");
    }
    assert_eq!(ours.congestion.is_some(), before.congestion.is_some(), "{ends:?}");
}

/// Routes as the probe dumps them, with what they set, are those that `ip` prints.
fn routes_inside(snapshot: &Snapshot) {
    let inode = std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    let inode = inode.trim_start_matches("net:[").trim_end_matches(']').to_owned();
    let file = |name: &str| snapshot.read(&format!("probes/netns/{inode}/{name}")).unwrap();
    let links = links::parse(str::from_utf8(&file("links.jsonl")).unwrap()).unwrap().rows;
    let name = |i: u32| links.iter().find(|l| l.ifindex == i).unwrap().name.clone();
    let dump = route_dump::parse(&file("routes"), &ENV).unwrap();
    assert_eq!(dump.problems, []);
    let key = |r: &Route| {
        let rto_min = r.rto_min_ms.map(f64::to_bits);
        (
            r.kind.clone(),
            r.destination.clone(),
            r.via.clone(),
            r.dev.clone(),
            r.table.clone(),
            rto_min,
        )
    };
    let ours: BTreeSet<_> = dump.rows.iter().map(|r| key(&r.route(name))).collect();
    let text = output("ip -d route show table all").unwrap();
    let rows = ip_route::parse(&text).unwrap().rows;
    let main = |r: &Route| Route { table: r.table.clone().filter(|t| t != "main"), ..r.clone() };
    let theirs: BTreeSet<_> = rows.iter().map(|r| key(&main(r))).collect();
    assert_eq!(ours, theirs, "{text}");
}

#[test]
#[ignore = "started by `devices_are_as_ethtool_shows_them` in a namespace of its own"]
fn devices_inside() {
    output("ip link set lo up").unwrap();
    let said = output("ip link add v0 type veth peer name v1").unwrap();
    let has_veth = said.is_empty();
    if !has_veth {
        eprintln!("no veth here, loopback alone: {said}");
    }
    if has_veth {
        for line in [
            "link set v0 up",
            "addr add 10.7.0.2/16 dev v0",
            "route add default via 10.7.0.1 dev v0 metric 100 rto_min 20ms quickack 1",
            "route add 10.9.0.0/16 via 10.7.0.3 dev v0 table 77 mtu lock 1400",
            "route add blackhole 192.0.2.0/24",
        ] {
            assert_eq!(output(&format!("ip {line}")).unwrap(), "", "{line}");
        }
    }
    let snapshot = collect("net");
    routes_inside(&snapshot);
    for dev in if has_veth { &["lo", "v0", "v1"][..] } else { &["lo"] } {
        let json = snapshot.read(&format!("probes/ethtool/{dev}.json")).unwrap();
        let ours = ethtool::parse(str::from_utf8(&json).unwrap()).unwrap();
        let tool = |option: &str| output(&format!("ethtool {option} {dev}")).unwrap();
        assert_eq!(ours.ring, ethtool_text::ring(&tool("-g")).ok(), "{dev}");
        assert_eq!(ours.stats, ethtool_text::stats(&tool("-S")).ok(), "{dev}");
        assert_eq!(ours.pause, ethtool_text::pause(&tool("-a")).ok(), "{dev}");
        if let Ok(ethtool::Answer::Told(theirs)) = ethtool_text::channels(&tool("-l")) {
            let ours = ours.channels.as_ref().and_then(ethtool::Answer::told).unwrap();
            assert_eq!(
                (ours.combined.unwrap_or(0), ours.rx.unwrap_or(0), ours.tx_max.unwrap_or(0)),
                (theirs.combined.unwrap_or(0), theirs.rx.unwrap_or(0), theirs.tx_max.unwrap_or(0)),
                "{dev}"
            );
        }
        let features = ours.features.as_ref().and_then(ethtool::Answer::told).unwrap();
        let theirs = ethtool_text::features(&tool("-k")).unwrap();
        let theirs = theirs.told().unwrap();
        let mut compared = 0;
        for (name, feature) in features {
            // Some names of the tool are its own, for groups of the kernel's.
            if let Some(their) = theirs.get(name) {
                let both = (feature.active, feature.fixed);
                assert_eq!(both, (their.active, their.fixed), "{dev} {name}");
                compared += 1;
            }
        }
        assert!(compared > 20, "{dev}: {compared} features of one name");
        if let Ok(ethtool::Answer::Told(theirs)) = ethtool_text::driver(&tool("-i")) {
            assert_eq!(
                ours.driver.as_ref().and_then(ethtool::Answer::told).unwrap().driver,
                theirs.driver,
                "{dev}"
            );
        }
        if let Some(link) = ours.link.as_ref().and_then(ethtool::Answer::told) {
            let theirs = ethtool_text::parse(&output(&format!("ethtool {dev}")).unwrap()).unwrap();
            let theirs = theirs.told().unwrap();
            assert_eq!(
                (link.speed_mbit_per_s, link.full_duplex, link.detected),
                (theirs.speed_mbit_per_s, theirs.full_duplex, theirs.detected),
                "{dev}"
            );
        }
    }
}
