//! Where packets go, and what is open or mapped though it has no name: facts of several sources.

use super::*;
use crate::parse::{route_dump, tcp_metrics};

const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
    eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
    eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
const ARP: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
     192.0.2.1        0x1         0x0         00:00:00:00:00:00     *        eth0\n\
     192.0.2.7        0x1         0x2         02:fc:00:00:00:05     *        eth0\n";
const TRIE: &str = "Local:\n     |-- 192.0.2.2\n        /32 host LOCAL\n";
const INET6: &str = "fd000000000000000000000000000002 04 40 00 82     eth0\n";

fn bare() -> Files {
    vec![
        file("commands/sysctl_-a", "net.ipv4.tcp_timestamps = 1\n"),
        file("proc/net/route", ROUTE),
        file("proc/net/arp", ARP),
        file("proc/net/fib_trie", TRIE),
        file("proc/net/if_inet6", INET6),
        file(
            "proc/net/dev",
            "Inter-| Receive\n face |bytes\n  eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n",
        ),
    ]
}

#[test]
fn files_of_the_kernel_tell_addresses_routes_and_neighbours() {
    let f = facts(bare());
    let host = &f.tree.netns.items[0];
    let lines: Vec<&str> = host.route_table.iter().map(|r| r.line.as_str()).collect();
    assert_eq!(lines, ["default via 192.0.2.1 dev eth0", "192.0.2.0/24 dev eth0"]);
    let silent = &host.neighbours[0];
    assert_eq!((silent.state.as_str(), silent.count, silent.is_silent), ("incomplete", 1, true));
    assert_eq!(silent.addresses.as_deref(), Some(&["192.0.2.1".to_owned()][..]));
    assert_eq!(host.neighbours[1].state, "complete");
    let nic = &f.tree.nics.items[0];
    assert_eq!(
        (nic.name.as_str(), &nic.addresses[..]),
        ("eth0", &["192.0.2.2/24".to_owned(), "fd00::2/64".to_owned()][..])
    );
    let why = f.absences.get("netns.0.remembered").unwrap();
    assert_eq!(why.reason, Reason::NotCollected);
}

#[test]
fn what_ip_and_the_probes_tell_goes_first() {
    let mut files = bare();
    files.extend([
        file("probes/netns.jsonl", "{\"inode\":5,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n"),
        file(
            "commands/ip_-d_route_show_table_all",
            "10.0.0.0/8 proto static\n\tnexthop via 192.0.2.1 dev eth0 weight 1\n\
             local 192.0.2.2 dev eth0 table local proto kernel scope host\n",
        ),
        file(
            "commands/ip_-j_addr",
            "[{\"ifindex\":4,\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"192.0.2.9\",\"prefixlen\":25}]}]",
        ),
        file(
            "probes/netns/5/neigh.jsonl",
            "{\"family\":\"ipv4\",\"ifindex\":4,\"state\":\"reachable\",\"count\":3}\n\
             {\"family\":\"ipv4\",\"ifindex\":4,\"state\":\"failed\",\"count\":1}\n",
        ),
        ("probes/netns/5/tcp_metrics".to_owned(), tcp_metrics::SAMPLE.to_vec()),
        pack_of("packs/sys/net", &[("class/net/eth0/ifindex", "4\n")]),
    ]);
    let f = facts(files);
    let host = &f.tree.netns.items[0];
    let lines: Vec<&str> = host.route_table.iter().map(|r| r.line.as_str()).collect();
    assert_eq!(lines, ["10.0.0.0/8 proto static nexthop via 192.0.2.1 dev eth0 weight 1"]);
    let silent = &host.neighbours[0];
    assert_eq!((silent.dev.as_str(), silent.state.as_str()), ("eth0", "failed"));
    assert_eq!(
        silent.addresses.as_deref(),
        Some(&["192.0.2.1".to_owned()][..]),
        "by /proc/net/arp"
    );
    assert_eq!(host.neighbours[1].addresses, None);
    assert_eq!(f.tree.nics.items[0].addresses, ["192.0.2.9/25"]);
    let slowest = &host.remembered[0];
    assert_eq!((slowest.address.as_str(), slowest.first_rto_ms), ("fd00::1", Some(210.0)));
}

#[test]
fn a_namespace_tells_what_its_routes_set() {
    let mut files = bare();
    files.extend([
        file(
            "probes/netns.jsonl",
            "{\"inode\":5,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n{\"inode\":7,\"pid\":9}\n\
             {\"inode\":8,\"pid\":10}\n",
        ),
        ("probes/netns/7/routes".to_owned(), route_dump::SAMPLE.to_vec()),
        file("probes/netns/7/links.jsonl", "{\"ifindex\":8,\"name\":\"eth7\"}\n"),
        file("probes/netns/8/route", ROUTE),
    ]);
    let f = facts(files.clone());
    let [host, pod, bare] = &f.tree.netns.items[..] else { panic!("three namespaces") };
    let routes = pod.routes.as_ref().unwrap();
    let line = "default via 10.7.0.1 dev eth7 metric 100 rto_min lock 20ms quickack 1";
    assert_eq!((routes.with_rto_min[0].line.as_str(), routes.with_rto_min.len()), (line, 3));
    assert!(routes.with_rto_min[0].is_default && routes.internal.is_empty());
    let first = &pod.route_table[0];
    assert_eq!((first.line.as_str(), first.rto_min_ms), (line, Some(20.0)));
    assert_eq!((host.routes.is_none(), bare.routes.is_none()), (true, true));
    assert_eq!(f.absences.get("netns.2.routes").unwrap().reason, Reason::NotCollected);
    assert!(
        bare.route_table.len() == 2 && f.absences.get("netns.2.route_table.0.rto_min_ms").is_some()
    );
    // A host without ip(8).
    files.push(("probes/netns/5/routes".to_owned(), route_dump::SAMPLE.to_vec()));
    let f = facts(files);
    let host = &f.tree.netns.items[0];
    assert_eq!(host.routes.as_ref().unwrap().with_rto_min[0].dev.as_deref(), Some("#8"));
    assert_eq!(host.route_table[0].rto_min_ms, Some(20.0), "goes before the lists of /proc/net");
}

#[test]
fn udp_sockets_that_lose_datagrams_are_named_with_their_process() {
    let row = |port: &str, inode: u32, drops: u32| {
        format!(
            "  7: 00000000:{port} 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 \
             {inode} 2 0000000000000000 {drops}\n"
        )
    };
    let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr inode drops\n";
    let table = |a: u32, b: u32| format!("{heading}{}{}", row("0202", 77, a), row("0035", 78, b));
    let mut files = bare();
    files.extend([
        file("probes/netns.jsonl", "{\"inode\":5,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n"),
        file("probes/netns/5/udp", &table(10, 40)),
    ]);
    let once = facts(files.clone());
    let drops = &once.tree.netns.items[0].udp_drops;
    assert_eq!((drops.len(), drops[0].drops, drops[0].drops_since_open), (2, None, 40));
    let why = once.absences.get("netns.0.udp_drops.0.drops").unwrap();
    assert_eq!(why.reason, Reason::TooFewSamples, "it was lost at any time");
    files.extend([
        file("samples/4/probes/netns/5/udp", &table(910, 40)),
        pack_of("packs/proc-pid/fd", &[("9/3", "socket:[77]")]),
        pack_of("packs/proc-pid/stat", &[("9", &pid_stat(9, "rsyslogd", 'S', 1))]),
    ]);
    let f = facts(files);
    let [lossy] = &f.tree.netns.items[0].udp_drops[..] else { panic!("one socket") };
    assert_eq!((lossy.local.as_str(), lossy.drops), ("0.0.0.0:514", Some(900)));
    assert_eq!((lossy.process.as_deref(), lossy.drops_since_open), (Some("rsyslogd"), 910));
    // Without a probe the host's own list tells.
    let mut bare = bare();
    bare.push(file("proc/net/udp", &table(10, 40)));
    bare.push(file("samples/4/proc/net/udp", &table(15, 40)));
    let f = facts(bare);
    let [lossy] = &f.tree.netns.items[0].udp_drops[..] else { panic!("one socket") };
    assert_eq!((lossy.local.as_str(), lossy.drops), ("0.0.0.0:514", Some(5)));
}

#[test]
fn counters_in_english_stand_in_for_those_of_the_kernel() {
    let text = "Tcp:\n    90002 active connection openings\n    136 segments retransmitted\n\
                TcpExt:\n    TCPTimeouts: 214\n";
    let counters = |files: Files| facts(files).tree.netns.items[0].counters.clone().unwrap();
    let mut files = bare();
    files.push(file("commands/netstat_-s", text));
    let c = counters(files.clone());
    assert_eq!(c.active_opens.unwrap().total, 90_002);
    assert_eq!(c.retrans_segments.unwrap().total, 136);
    files.push(file("proc/net/snmp", "Tcp: ActiveOpens RetransSegs\nTcp: 5 6\n"));
    assert_eq!(counters(files).retrans_segments.unwrap().total, 6, "the kernel's own go first");
}

#[test]
fn deleted_files_say_how_they_are_open_and_who_maps_them() {
    let stat = |inode: u32| {
        format!("size_bytes=1 allocated_bytes=4096 links=0 mode=100644 dev=8:1 inode={inode}")
    };
    let maps = "7f00-8f00 r--s 0 08:01 5 /var/log/x (deleted)\n\
                7f00-9f00 r-xp 0 08:01 6 /usr/lib/libssl.so.3 (deleted)\n";
    let f = facts(vec![
        file("proc/1/mountinfo", "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"),
        pack_of("packs/proc-pid/stat", &[("7", &pid_stat(7, "java", 'S', 1))]),
        pack_of(
            "packs/proc-pid/fd",
            &[("7/3", "/var/log/x (deleted)"), ("7/4", "/var/log/y (deleted)")],
        ),
        pack_of("packs/proc-pid/fd_stat", &[("7/3", &stat(5)), ("7/4", &stat(9))]),
        pack_of(
            "packs/proc-pid/fdinfo",
            &[("7/3", "pos:\t0\nflags:\t02001\n"), ("7/4", "pos:\t7\nflags:\t01\n")],
        ),
        pack_of("packs/proc-pid/maps_count", &[("7", "90\n")]),
        pack_of("packs/proc-pid/maps_deleted", &[("7", maps)]),
        pack_of("packs/proc-pid/exe", &[("7", "/usr/bin/java\n")]),
    ]);
    let root = &f.tree.filesystems.items[0];
    let of = |path: &str| root.deleted_open.iter().find(|d| d.path == path).unwrap();
    let (x, y) = (of("/var/log/x"), of("/var/log/y"));
    assert_eq!((x.is_writable, x.is_append, x.is_mapped), (Some(true), Some(true), Some(true)));
    assert_eq!((y.is_append, y.is_mapped), (Some(false), Some(false)));
    let [lib] = &root.deleted_mapped[..] else { panic!("{:?}", root.deleted_mapped) };
    assert_eq!(
        (lib.path.as_str(), lib.mapped_bytes, lib.is_program),
        ("/usr/lib/libssl.so.3", 0x2000, true)
    );
    let [old] = &f.tree.processes.outdated[..] else { panic!("{:?}", f.tree.processes.outdated) };
    assert_eq!((old.comm.as_str(), old.is_program), ("java", false));
    assert_eq!(old.files, ["/usr/lib/libssl.so.3"]);
}

#[test]
fn the_first_thread_tells_how_long_it_waited() {
    let sched = "se.nr_migrations : 298\nnr_involuntary_switches : 71\n";
    let mut files = vec![
        pack_of("packs/proc-pid/stat", &[("7", &pid_stat(7, "java", 'S', 1))]),
        pack_of("packs/proc-pid/sched", &[("7", sched)]),
        pack_of("packs/proc-pid/oom_score_adj", &[("7", "-900\n")]),
    ];
    for (n, waited) in [(1, 1_000_000_000_u64), (11, 6_000_000_000)] {
        files.push(pack_of(
            &in_pass(n, "packs/proc-pid/schedstat"),
            &[("7", &format!("5 {waited} 9\n"))],
        ));
    }
    let f = facts(files);
    let row = &f.tree.processes.top[0];
    assert_eq!((row.involuntary_switches, row.migrations), (Some(71), Some(298)));
    assert_eq!(row.oom_score_adj, Some(-900));
    assert_eq!(row.cpu_wait_ratio, Some(0.5), "5 s of 10");
}
