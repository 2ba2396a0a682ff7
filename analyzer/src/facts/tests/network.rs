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
