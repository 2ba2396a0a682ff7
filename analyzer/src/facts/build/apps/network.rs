//! What the sockets of all namespaces show at the ports that files name.

use super::super::super::apps::{HttpServer, Timeout, Upstream};
use super::super::super::method::num::from_i64;
use super::super::super::method::timeouts;
use super::super::super::netns::Netns;
use super::super::super::site::Site;
use super::Written;

/// Sockets of all namespaces.
pub(super) struct Network<'a> {
    pub(super) netns: &'a [Netns],
    pub(super) site: &'a Site,
}

impl Network<'_> {
    /// Outgoing connections to the ports of an upstream, by processes of its program.
    pub(super) fn upstream(&self, u: &mut Upstream) {
        let keys = || {
            self.netns.iter().flat_map(|n| &n.port_keys).filter(|k| {
                u.ports.contains(&k.remote_port)
                    && k.owners.as_ref().is_none_or(|owners| {
                        owners.is_empty() || owners.iter().any(|o| is_of(o, &u.program))
                    })
            })
        };
        let rates: Vec<f64> = keys().filter_map(|k| k.closes_per_s).collect();
        let waits: i64 = keys().map(|k| k.time_wait).sum();
        let any = keys().next().is_some();
        u.closes_per_s = (!rates.is_empty()).then(|| rates.iter().sum());
        u.time_wait = any.then_some(waits);
    }

    /// Accepted connections at the port of a server.
    pub(super) fn http(&self, h: &mut HttpServer) {
        h.l7_idle_timeout_s = match h.port.and_then(|p| u16::try_from(p).ok()) {
            Some(port) => self.site.l7_of(port),
            None => self.site.l7_idle_timeout_s,
        };
        let Some(port) = h.port else { return };
        let all = self.netns.iter().flat_map(|n| &n.connections);
        let own = all.filter(|c| c.role == "server" && c.port == port);
        let silent: Vec<i64> = own
            .filter_map(|c| Some(if c.idle_median_s? >= 60.0 { c.established / 2 } else { 0 }))
            .collect();
        h.idle = (!silent.is_empty()).then(|| silent.iter().sum());
        let peers = self.netns.iter().filter_map(|n| n.tcp.as_ref()).flat_map(|t| &t.peers);
        let waits: i64 = peers
            .filter(|p| p.state == "TIME-WAIT" && p.peer == format!("listener :{port}"))
            .map(|p| p.count)
            .sum();
        // Each stays for 60 s.
        h.closes_per_s = Some(from_i64(waits) / 60.0);
    }

    /// A timeout with the least that it should be.
    pub(super) fn timeout(&self, w: Written) -> Timeout {
        let port = w.port.map(i64::from);
        let peers = || {
            self.netns
                .iter()
                .flat_map(|n| &n.retrans_peers)
                .filter(|p| p.is_dependency && Some(p.port) == port)
        };
        let rto = peers().filter_map(|p| p.rto_max_ms).max_by(f64::total_cmp);
        let rtt = peers().filter_map(|p| p.rtt_p50_ms).max_by(f64::total_cmp);
        let again: Vec<i64> = peers().filter_map(|p| p.again).collect();
        let (needed_s, because) = if w.kind == "connect" {
            let text = "one lost SYN and one lost answer to it cost a second each";
            (timeouts::connect_s(rtt.unwrap_or(0.0)), text.to_owned())
        } else {
            let measured = rto.zip(rtt).map(|(rto, rtt)| timeouts::read_s(rto, rtt));
            let text = match rto.zip(rtt) {
                Some((rto, rtt)) => format!(
                    "one retransmission takes {:.0} ms and a round trip {rtt:.1} ms to that port now",
                    rto.min(1000.0)
                ),
                None => "one retransmission takes 200 ms and more, and a round trip".to_owned(),
            };
            (measured.unwrap_or(timeouts::READ_S), text)
        };
        Timeout {
            name: w.name,
            kind: w.kind.to_owned(),
            at: w.at,
            value_s: w.value_s,
            port,
            needed_s,
            because,
            again: (!again.is_empty()).then(|| again.iter().sum()),
        }
    }
}

/// Whether a process belongs to a program.
fn is_of(process: &str, program: &str) -> bool {
    match program {
        "apache" => ["httpd", "apache2"].contains(&process),
        program => process == program,
    }
}
