//! What to record of connections that look odd: one bounded capture each, for a reader who wants to
//! see the packets.
//!
//! An address comes from the snapshot and goes into a command: only what parses as an address
//! and a port does.

use std::net::IpAddr;

use serde::Serialize;

use crate::facts::netns::Netns;

/// Captures of a namespace at most.
const MOST: usize = 5;
/// Ports to one destination: from here on they are worth a look.
const BUSY: f64 = 0.5;

/// A bounded capture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Capture {
    /// What looks odd.
    pub why: String,
    /// Ends after a minute or a thousand packets, and takes headers only.
    pub command: String,
}

/// The captures of a namespace, the oddest first, each other end once.
pub(super) fn of(ns: &Netns) -> Vec<Capture> {
    let stuck = ns.retrans_peers.iter().filter(|p| p.stuck > 0).map(|p| {
        (format!("{}: data waits for an answer that does not come", p.name), &*p.address, p.port)
    });
    let connecting = ns.connecting.iter().filter(|c| c.retried > 0).filter_map(|c| {
        let (address, port) = c.peer.rsplit_once(':')?;
        let why = format!("{}: connections are not answered", c.peer);
        Some((why, address, port.parse().ok()?))
    });
    let again = ns.retrans_peers.iter().filter(|p| p.stuck == 0 && p.again.unwrap_or(0) > 0);
    let again =
        again.map(|p| (format!("{}: segments are sent again", p.name), &*p.address, p.port));
    let ports = ns.port_keys.iter().filter(|k| k.utilization_ratio >= BUSY);
    let ports =
        ports.map(|k| (format!("{}: ports run short", k.name), &*k.remote_addr, k.remote_port));
    let mut seen: Vec<(IpAddr, u16)> = Vec::new();
    let mut out = Vec::new();
    for (why, address, port) in stuck.chain(connecting).chain(again).chain(ports) {
        let address = address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let (Ok(address), Ok(port)) = (address, u16::try_from(port)) else { continue };
        if out.len() >= MOST || seen.contains(&(address, port)) {
            continue;
        }
        seen.push((address, port));
        out.push(Capture { why, command: command(ns, address, port) });
    }
    out
}

fn command(ns: &Netns, address: IpAddr, port: u16) -> String {
    // The way into another namespace is any process in it.
    let enter = match ns.pid.filter(|_| !ns.is_host) {
        Some(pid) => format!("nsenter -t {pid} -n "),
        None => String::new(),
    };
    let address = address.to_canonical();
    format!(
        "{enter}tcpdump -pni any -s 96 -c 1000 -G 60 -W 1 -w /var/tmp/cap-{port}.pcap \
         host {address} and port {port}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::netns::{Connecting, PortKey, RetransPeer};

    fn peer(address: &str, stuck: i64) -> RetransPeer {
        RetransPeer {
            name: format!("{address}:443"),
            address: address.to_owned(),
            port: 443,
            again: Some(3),
            stuck,
            ..RetransPeer::default()
        }
    }

    #[test]
    fn one_bounded_command_for_each_other_end() {
        let ns = Netns {
            pid: Some(77),
            retrans_peers: vec![peer("10.0.0.5", 0), peer("10.0.0.9", 2)],
            port_keys: vec![PortKey {
                remote_addr: "10.0.0.5".to_owned(),
                remote_port: 443,
                utilization_ratio: 0.9,
                ..PortKey::default()
            }],
            ..Netns::default()
        };
        let all = of(&ns);
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0].command,
            "nsenter -t 77 -n tcpdump -pni any -s 96 -c 1000 -G 60 -W 1 -w /var/tmp/cap-443.pcap \
             host 10.0.0.9 and port 443"
        );
        let host = Netns { is_host: true, ..ns };
        assert!(of(&host)[1].command.starts_with("tcpdump "));
    }

    #[test]
    fn what_is_no_address_is_in_no_command() {
        let connecting =
            |peer: &str| Connecting { peer: peer.to_owned(), retried: 1, ..Connecting::default() };
        let ns = Netns {
            connecting: vec![
                connecting("10.0.0.1; rm -rf /:80"),
                connecting("10.0.0.1:80; reboot"),
                connecting("[2001:db8::1]:8080"),
            ],
            retrans_peers: vec![peer("$(reboot)", 1)],
            ..Netns::default()
        };
        let all = of(&ns);
        assert_eq!(all.len(), 1);
        assert!(all[0].command.ends_with("host 2001:db8::1 and port 8080"), "{all:?}");
    }
}
