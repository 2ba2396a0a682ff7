//! The network: ip(8) and nstat(8).

use std::collections::BTreeMap;

use linsight::parse::ip_link::IpLink;
use linsight::parse::ip_route::Route;
use linsight::parse::ip_stats::LinkCounters;
use linsight::parse::{
    Counters, ParseError, Rows, ip_link, ip_route, ip_stats, net_dev, net_route, net_snmp,
    net_snmp6,
};

use crate::{ENV, kernel, oracle, rises};

type Parse = fn(&str) -> Result<Rows<LinkCounters>, ParseError>;

fn by_name<T>(rows: Rows<T>, name: impl Fn(&T) -> &str) -> BTreeMap<String, T> {
    assert_eq!(rows.problems, []);
    rows.rows.into_iter().map(|row| (name(&row).to_owned(), row)).collect()
}

#[test]
fn counters_of_interfaces_are_as_ip_shows_them() {
    let read = || {
        let rows = net_dev::parse(&kernel("/proc/net/dev")).unwrap();
        by_name(rows, |row| &row.name)
    };
    let forms: [(&str, Parse); 2] =
        [("ip -s link", ip_stats::parse), ("ip -s -d -j link", ip_stats::json)];
    for (line, parse) in forms {
        let before = read();
        let Some(text) = oracle(line) else { return };
        let after = read();
        let tool = by_name(parse(&text).unwrap(), |row| &row.name);
        assert_eq!(tool.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{line}");
        for (name, tool) in tool {
            let (b, a) = (LinkCounters::of(&before[&name]), LinkCounters::of(&after[&name]));
            let is = |what: &str, get: fn(&LinkCounters) -> u64| {
                rises(&format!("{line}: {name} {what}"), get(&b), get(&tool), get(&a));
            };
            is("rx_bytes", |c| c.rx_bytes);
            is("rx_packets", |c| c.rx_packets);
            is("rx_errors", |c| c.rx_errors);
            is("rx_dropped", |c| c.rx_dropped);
            is("rx_multicast", |c| c.rx_multicast);
            is("tx_bytes", |c| c.tx_bytes);
            is("tx_packets", |c| c.tx_packets);
            is("tx_errors", |c| c.tx_errors);
            is("tx_dropped", |c| c.tx_dropped);
            is("tx_carrier_errors", |c| c.tx_carrier_errors);
            is("tx_collisions", |c| c.tx_collisions);
        }
    }
}

#[test]
fn interfaces_are_as_sysfs_has_them_in_text_and_in_json() {
    let Some(text) = oracle("ip -d address") else { return };
    let Some(json) = oracle("ip -d -j address") else { return };
    let text = by_name(ip_link::parse(&text).unwrap(), |link| &link.name);
    let json = by_name(ip_link::json(&json).unwrap(), |link| &link.name);
    assert_eq!(text.keys().collect::<Vec<_>>(), json.keys().collect::<Vec<_>>());
    for (name, link) in &text {
        let file = |what: &str| kernel(&format!("/sys/class/net/{name}/{what}")).trim().to_owned();
        assert_eq!(link.index.to_string(), file("ifindex"), "{name}");
        assert_eq!(link.mtu_bytes.map(|n| n.to_string()), Some(file("mtu")), "{name}");
        let state = link.state.as_ref().map(|s| s.to_lowercase());
        assert_eq!(state, Some(file("operstate")), "{name}");
        assert_eq!(link.mac.as_ref(), Some(&file("address")), "{name}");
        let flags = u64::from_str_radix(file("flags").trim_start_matches("0x"), 16).unwrap();
        assert_eq!(link.flags.iter().any(|f| f == "UP"), flags & 1 != 0, "{name}");
        // The text names a kind by its own word in the line, the JSON by a field.
        let same = |l: &IpLink| (l.index, l.flags.clone(), l.mtu_bytes, l.addresses.clone());
        assert_eq!(same(link), same(&json[name]), "{name}");
    }
    // Address, index, prefix length in hex, scope, flags, name.
    let kernel_v6: Vec<(String, String)> = kernel("/proc/net/if_inet6")
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[5].to_owned(), words[0].to_owned())
        })
        .collect();
    let mut tool_v6: Vec<(String, String)> = Vec::new();
    for (name, link) in &text {
        for (address, _) in link.addresses.iter().filter(|(address, _)| address.is_ipv6()) {
            let std::net::IpAddr::V6(address) = address else { continue };
            tool_v6.push((name.clone(), format!("{:032x}", address.to_bits())));
        }
    }
    let sorted = |mut all: Vec<(String, String)>| {
        all.sort();
        all
    };
    assert_eq!(sorted(tool_v6), sorted(kernel_v6));
}

#[test]
fn routes_are_as_ip_shows_them() {
    let Some(text) = oracle("ip route show table all") else { return };
    let key = |r: &Route| (r.destination.clone(), r.via.clone(), r.dev.clone());
    let tool: Vec<_> = ip_route::parse(&text)
        .unwrap()
        .rows
        .iter()
        // The file has the unicast IPv4 routes of the main table.
        .filter(|r| r.table.is_none() && r.kind == "unicast" && !r.text.contains(':'))
        .map(key)
        .collect();
    let ours = net_route::parse(&kernel("/proc/net/route"), &ENV).unwrap();
    assert_eq!(ours.problems, []);
    let ours: Vec<_> = ours.rows.iter().filter(|r| r.kind == "unicast").map(key).collect();
    let sorted = |mut all: Vec<(String, Option<String>, Option<String>)>| {
        all.sort();
        all
    };
    assert_eq!(sorted(ours), sorted(tool), "{text}");
}

#[test]
fn protocol_counters_are_as_nstat_shows_them() {
    let read = || {
        ["snmp", "netstat", "snmp6"].map(|name| {
            let text = kernel(&format!("/proc/net/{name}"));
            if name == "snmp6" { net_snmp6::parse(&text) } else { net_snmp::parse(&text) }
        })
    };
    let before = read();
    // All counters, also those at zero; absolute; no file of history.
    let Some(text) = oracle("nstat -a -z -s") else { return };
    let after = read();
    // The tool names `Tcp.ActiveOpens` and `TcpExt.ListenOverflows` without the dot.
    let find = |all: &[Result<Counters, _>], name: &str| -> Option<u64> {
        let tables =
            all.iter().filter_map(|table: &Result<Counters, ParseError>| table.as_ref().ok());
        tables
            .flat_map(Counters::iter)
            .find(|(key, _)| key.replace('.', "") == name)
            .and_then(|(_, value)| u64::try_from(value).ok())
    };
    let mut compared = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, value, _] = words[..] else { continue };
        // A gauge among the counters.
        if name == "TcpCurrEstab" {
            continue;
        }
        let (Some(before), Some(after)) = (find(&before, name), find(&after, name)) else {
            continue;
        };
        rises(name, before, value.parse().unwrap(), after);
        compared += 1;
    }
    assert!(compared > 100, "{compared} counters of one name");
}
