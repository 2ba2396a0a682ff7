//! Namespaces, sockets, interfaces.

use std::fmt::Write as _;

use super::*;

const SYSCTL: &str = "net.ipv4.ip_local_port_range = 40000\t40099\n\
    net.ipv4.ip_local_reserved_ports = \nnet.ipv4.tcp_keepalive_intvl = 75\n\
    net.ipv4.tcp_keepalive_probes = 9\nnet.ipv4.tcp_keepalive_time = 7200\n\
    net.ipv4.tcp_timestamps = 1\nnet.ipv4.tcp_tw_reuse = 2\n";

/// `/proc/net/tcp`: a listener on 8080, 100 TIME-WAIT sockets to 10.0.0.2:80 with 55 s to go, and
/// an established connection with a keepalive timer.
fn tcp() -> String {
    let mut text =
        String::from("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n");
    let mut row = |local: &str, remote: &str, state: &str, timer: &str, inode: u32| {
        writeln!(
            text,
            "   0: {local} {remote} {state} 00000000:00000000 {timer} 00000000     0        0 {inode} 1 0 100 0 0 10 0"
        )
        .unwrap();
    };
    row("00000000:1F90", "00000000:0000", "0A", "00:00000000", 11);
    for port in 40000..40100 {
        row(&format!("0100000A:{port:04X}"), "0200000A:0050", "06", "03:0000157C", 0);
    }
    row("0100000A:9C41", "0900000A:1538", "01", "02:00000E10", 12);
    text
}

#[test]
fn ports_to_one_destination_are_used_up() {
    let f = facts(vec![file("commands/sysctl_-a", SYSCTL), file("proc/net/tcp", &tcp())]);
    let [host] = f.tree.netns.items.as_slice() else { panic!() };
    let key = &host.port_keys[0];
    assert_eq!(key.name, "10.0.0.1 -> 10.0.0.2:80");
    assert_eq!((key.used, key.time_wait, key.reusable), (100, 100, Some(0)));
    assert_eq!((key.utilization_ratio, key.closes_per_s), (1.0, Some(10.0)));
    assert_eq!(key.reuse_possible, Some(false), "2 is for loopback only");
    let tcp = host.tcp.as_ref().unwrap();
    assert_eq!((tcp.established_remote, tcp.time_wait, tcp.listen), (1, 100, 1));
    assert_eq!((tcp.keepalive_on, tcp.keepalive_off), (Some(1), Some(0)));
    assert_eq!(tcp.idle_max_s, None, "this source knows no idle times");
    let ports = host.ports.as_ref().unwrap();
    assert_eq!((ports.usable, ports.widened_reserved.as_deref()), (100, Some("")));
    assert_eq!(host.keepalive.as_ref().unwrap().dead_peer_s.to_string(), "7875");
}

#[test]
fn a_namespace_that_cannot_be_entered_is_a_gap() {
    let list = "{\"inode\":1,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n\
                {\"inode\":2,\"pid\":9,\"error\":\"setns: Operation not permitted (os error 1)\"}\n";
    let f = facts(vec![
        file("probes/netns.jsonl", list),
        file("probes/netns/1/sysctl", SYSCTL),
        file("probes/netns/1/tcp", &tcp()),
    ]);
    assert!(f.tree.netns.items[0].tcp.is_some());
    let other = &f.tree.netns.items[1];
    assert_eq!((other.name.as_str(), other.is_host), ("netns:2", false));
    let why = f.absences.get("netns.1.tcp.established").unwrap();
    assert_eq!(why.reason, Reason::Denied);
    let seen = &f.tree.collection.lists["netns"];
    assert_eq!((seen.seen, seen.expected), (1, 2));
    assert_eq!(seen.gaps, ["netns:2 (setns: Operation not permitted (os error 1))"]);
    assert!(f.value()["netns"][1].get("port_keys").is_none());
    let list = f.absences.exact("collection.lists.netns").unwrap();
    assert_eq!(list.reason, Reason::Denied, "a rule over the list tells how to see the rest");
}

#[test]
fn a_ring_that_overflowed() {
    let ethtool = |missed: u32| {
        format!(
            "{{\"dev\":\"eth0\",\"ring\":{{\"rx\":256,\"rx_max\":4096,\"tx\":256,\"tx_max\":4096}},\
             \"stats\":{{\"rx_missed\":{missed},\"rx_packets\":1}}}}"
        )
    };
    let dev = |packets: u32| {
        format!(
            "Inter-|   Receive                                                |  Transmit\n\
             \x20face |bytes    packets errs drop fifo frame compressed multicast|bytes\n\
             eth0: 1000 {packets} 0 0 0 0 0 0 500 5 0 0 0 0 0 0\n"
        )
    };
    let mut files = vec![
        file("probes/ethtool/eth0.json", &ethtool(10)),
        file("samples/4/probes/ethtool/eth0.json", &ethtool(1210)),
        pack_of(
            "packs/sys/net",
            &[
                ("class/net/eth0/device/driver", "../../../bus/pci/drivers/e1000e"),
                ("class/net/eth0/mtu", "1500\n"),
                ("class/net/eth0/speed", "-1\n"),
                ("class/net/eth0/statistics/rx_missed_errors", "7\n"),
                ("class/net/lo/mtu", "65536\n"),
            ],
        ),
    ];
    for n in 1..=3 {
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
        files.push(file(&in_pass(n, "proc/net/dev"), &dev(100 * n)));
    }
    let f = facts(files);
    let nic = &f.tree.nics.items[0];
    assert_eq!((nic.driver.as_deref(), nic.is_virtual), (Some("e1000e"), Some(false)));
    let ring = nic.ring.as_ref().unwrap();
    assert_eq!((ring.rx_suggested, ring.rx_suggested_cost_bytes), (Some(512), Some(256 * 2048)));
    assert_eq!((nic.rx_ring_overflows, nic.rx_packets), (Some(1200), Some(200)));
    assert_eq!(
        (nic.rx_ring_counters[0].name.as_str(), nic.rx_ring_counters[0].delta),
        ("rx_missed", 1200)
    );
    assert_eq!(nic.speed_mbit_per_s, None, "-1 is unknown");
    assert_eq!(f.tree.nics.items[1].is_virtual, Some(true));
    assert_eq!(f.absences.get("nics.1.ring").unwrap().reason, Reason::NotApplicable);
}

/// A listener whose queue is over its limit, SYN-RECV and CLOSE-WAIT that nobody accepted, a
/// connection attempt, and a process that does not close.
fn troubled() -> String {
    let mut text =
        String::from("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n");
    let mut row =
        |local: &str, remote: &str, state: &str, queues: &str, timer: &str, rest: &str| {
            writeln!(text, "   0: {local} {remote} {state} {queues} {timer} {rest}").unwrap();
        };
    let none = "00000000:00000000";
    let still = "00:00000000";
    let of = |retries: u32, inode: u32| format!("{retries:08X} 0 0 {inode} 1 0 100 0 0 10 0");
    row("00000000:1F90", "00000000:0000", "0A", "00000000:00000003", still, &of(0, 11));
    for port in 0x8000..0x8003 {
        let remote = format!("0900000A:{port:04X}");
        row("0100000A:1F90", &remote, "03", none, "01:00000064", &of(3, 0));
        row("0100000A:1F90", &remote, "08", "00000000:00000001", still, &of(0, 0));
    }
    row("0100000A:9C41", "0900000A:0050", "02", none, "01:00000064", &of(2, 12));
    for port in 0..4 {
        row(&format!("0100000A:9C5{port}"), "0900000A:1538", "08", none, still, &of(0, 20 + port));
    }
    row("0100000A:9C60", "0900000A:1538", "01", none, still, &of(0, 30));
    text
}

#[test]
fn what_waits_is_told_by_listener_peer_and_process() {
    let sockets: Vec<(String, String)> =
        (20..24).chain([30]).map(|i| (format!("7/{i}"), format!("socket:[{i}]"))).collect();
    let sockets: Vec<(&str, &str)> =
        sockets.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                  Max open files            16                   16                   files     \n";
    let f = facts(vec![
        file("commands/sysctl_-a", &format!("{SYSCTL}net.ipv4.tcp_syn_retries = 6\n")),
        file("proc/net/tcp", &troubled()),
        pack_of("packs/proc-pid/fd", &sockets),
        pack_of("packs/proc-pid/limits", &[("7", limits)]),
    ]);
    let host = &f.tree.netns.items[0];
    let l = &host.listeners[0];
    assert_eq!((l.name.as_str(), l.queue, l.limit), ("0.0.0.0:8080", Some(3), None));
    assert_eq!((l.half_open, l.half_open_retried, l.abandoned), (3, 3, 3));
    let c = &host.connecting[0];
    assert_eq!((c.peer.as_str(), c.count, c.retried), ("10.0.0.9:80", 1, 1));
    assert_eq!((c.oldest_s, c.retried_both), (3.0, None), "two repeats: 1 s and 2 s");
    let [w] = host.close_wait.as_slice() else { panic!() };
    assert_eq!((w.count, w.sockets, w.fd_limit, w.limit_ratio), (4, 5, Some(16), Some(0.25)));
    assert_eq!((w.old, w.peers.join(" ").as_str()), (None, "10.0.0.9:5432 (4)"));
    let why = f.absences.get("netns.0.close_wait.0.growth_per_s").unwrap();
    assert_eq!(why.reason, Reason::TooFewSamples);
    let recycle = f.absences.get("netns.0.time_wait.recycle").unwrap();
    assert_eq!(recycle.reason, Reason::NotApplicable, "this kernel has none");
}

#[test]
fn counters_are_told_by_what_they_counted_in_the_window() {
    let snmp = |opens: u32| format!("Tcp: ActiveOpens OutSegs RetransSegs\nTcp: {opens} 1000 10\n");
    let netstat = |overflows: u32| format!("TcpExt: ListenOverflows\nTcpExt: {overflows}\n");
    let softnet = |dropped: u32| {
        let rest = "00000000 ".repeat(9);
        format!("0000ffff {dropped:08x} 00000000 {rest}00000001 00000000 00000000\n")
    };
    let mut files = vec![file("commands/sysctl_-a", SYSCTL)];
    for n in 1..=11 {
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
        files.push(file(&in_pass(n, "proc/net/snmp"), &snmp(1000 * n)));
        files.push(file(&in_pass(n, "proc/net/netstat"), &netstat(500 - 40 * n)));
        files.push(file(
            &in_pass(n, "proc/net/softnet_stat"),
            &softnet((u32::MAX - 4).wrapping_add(n)),
        ));
    }
    let f = facts(files);
    let counters = f.tree.netns.items[0].counters.as_ref().unwrap();
    let opens = counters.active_opens.unwrap();
    assert_eq!((opens.total, opens.delta, opens.per_s), (11_000, Some(10_000), Some(1000.0)));
    let overflows = counters.listen_overflows.unwrap();
    assert_eq!((overflows.total, overflows.delta), (60, None), "it fell: it was reset");
    assert!(counters.syn_retrans.is_none());
    let softnet = f.tree.net.softnet.as_ref().unwrap();
    assert_eq!((softnet.dropped, softnet.dropped_per_s), (10, 1.0), "32 bits wide, and wrapped");
    assert_eq!(softnet.cpus[0].cpu, 1);
}

#[test]
fn a_namespace_is_compared_with_the_host() {
    let list = "{\"inode\":1,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n\
                {\"inode\":2,\"pid\":9}\n";
    let f = facts(vec![
        file("probes/netns.jsonl", list),
        file("proc/version", "Linux version 6.18.5 (a@b) (gcc) #1 SMP\n"),
        file("probes/netns/1/sysctl", &SYSCTL.replace("7200", "600")),
        file("probes/netns/2/sysctl", SYSCTL),
        pack_of("packs/proc-pid/ns", &[("9/net", "net:[2]"), ("9/mnt", "mnt:[3]")]),
    ]);
    let ns = &f.tree.netns.items[1];
    let [d] = ns.differing.as_slice() else { panic!("{:?}", ns.differing) };
    assert_eq!((d.key.as_str(), d.value.as_str()), ("net.ipv4.tcp_keepalive_time", "7200"));
    assert_eq!((d.host.as_str(), ns.processes), ("600", Some(1)));
    assert!(f.tree.netns.items[0].differing.is_empty());
}

#[test]
fn item_9_files_of_the_tool_are_named_after_the_interface_and_the_one_below_it() {
    let ring = "Ring parameters for bond0.104:\nPre-set maximums:\nRX:\t\t4096\nTX:\t\t4096\n\
        Current hardware settings:\nRX:\t\t256\nTX:\t\t512\n";
    let links = "3: bond0: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n    \
        link/ether 00:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff\n\
        9: bond0.104@bond0: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n    \
        link/ether 00:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff\n";
    let f = facts(vec![
        file("commands/ip_link", links),
        file("commands/ethtool_-g_bond0.104_bond0", ring),
        file("commands/ethtool_-g_bond0", &ring.replace("256", "128")),
    ]);
    let nics = &f.tree.nics.items;
    let names: Vec<&str> = nics.iter().map(|nic| nic.name.as_str()).collect();
    assert_eq!(names, ["bond0", "bond0.104"]);
    let ring = |i: usize| nics[i].ring.as_ref().unwrap().rx;
    assert_eq!((ring(0), ring(1)), (Some(128), Some(256)));
    for (i, path) in
        ["commands/ethtool_-g_bond0", "commands/ethtool_-g_bond0.104_bond0"].into_iter().enumerate()
    {
        let cited = f.sources.get(&format!("nics.{i}.ring")).unwrap();
        assert_eq!(cited[..], [crate::locator::Locator::entry(path)]);
    }
}

#[test]
fn modules_and_spreads_are_read_beside_the_probe_and_say_why_they_are_not_here() {
    let zeros = "RX flow hash indirection table for eth0 with 4 RX ring(s):\n    0:  0  0  0  1\n";
    let f = facts(vec![
        file("probes/ethtool/eth0.json", r#"{"dev":"eth0","driver":{"driver":"ixgbe"}}"#),
        file("commands/ethtool_-m_eth0", crate::parse::ethtool_text::module::SAMPLE),
        file("commands/ethtool_-x_eth0", zeros),
        file("commands/ethtool_-m_eth1", "netlink error: Operation not supported\n"),
    ]);
    let [eth0, eth1] = f.tree.nics.items.as_slice() else { panic!("{:?}", f.tree.nics) };
    let module = eth0.module.as_ref().unwrap();
    assert_eq!((module.part_number.as_deref(), module.is_dark), (Some("SFP-GE-BX"), Some(true)));
    assert_eq!((module.rx_power_dbm, module.rx_low_dbm), (Some(-25.23), Some(-24.95)));
    assert_eq!(module.alarms, ["Laser rx power low warning"]);
    let rss = eth0.rss.as_ref().unwrap();
    assert_eq!((rss.rings, rss.rings_used, rss.only_ring, rss.is_uneven), (4, 2, None, true));
    assert!(eth1.module.is_none() && eth1.rss.is_none());
    let why = |fact: &str| f.absences.get(fact).unwrap().reason;
    assert_eq!(why("nics.1.module"), crate::absence::Reason::NotApplicable);
    assert_eq!(why("nics.1.rss"), crate::absence::Reason::NotCollected);
    let cited = f.sources.get("nics.0.module").unwrap();
    assert_eq!(cited[..], [crate::locator::Locator::entry("commands/ethtool_-m_eth0")]);
}
