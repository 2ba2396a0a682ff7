//! The port space of a namespace and who uses it up (method M3).

use std::net::SocketAddr;

use crate::absence::{Absence, Reason};
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::method::num::{from_len, len, ratio, to_i64};
use super::super::super::method::port_sources;
use super::super::super::method::ports::{self, Range};
use super::super::super::method::role::Listeners;
use super::super::super::method::socket::{Socket, State};
use super::super::super::netns::{PortKey, PortSource, Ports};
use super::{Book, MAX_KEYS, One};

/// The range that the usual advice widens to.
const WIDENED: (u16, u16) = (10240, 65535);
/// Ports of Kubernetes services of type `NodePort`.
const NODE_PORTS: (u16, u16) = (30000, 32767);

impl One<'_> {
    pub(super) fn port_keys(
        &self,
        sockets: &[Socket],
        listeners: &Listeners,
        range: &Range,
        book: &mut Book,
    ) -> Vec<PortKey> {
        let usable = from_len(range.usable());
        let fact = |k: ports::Key| PortKey {
            name: format!("{} -> {}", k.local, SocketAddr::new(k.remote, k.remote_port)),
            local_addr: k.local.to_string(),
            remote_addr: k.remote.to_string(),
            remote_port: k.remote_port.into(),
            is_loopback: k.loopback || k.local == k.remote,
            used: len(k.used),
            time_wait: len(k.time_wait),
            not_time_wait: len(k.not_time_wait),
            reusable: k.reusable.map(len),
            utilization_ratio: k.utilization,
            closes_per_s: k.closes_per_s,
            steady: k.steady,
            steady_ratio: k.steady.and_then(|s| ratio(s, usable)),
            max_rate_per_s: k.max_rate_per_s,
            reuse_possible: range.reuse_possible(k.loopback),
            lifetime_s: k.lifetime_s,
            rtt_s: k.rtt_s,
            acked_bytes_p50: k.acked_bytes.map(to_i64),
            peer_timestamps: k.timestamps,
            owners: self.owners.names(k.inodes),
        };
        let keys = ports::keys(sockets, listeners, range);
        let keys: Vec<PortKey> = keys.into_iter().take(MAX_KEYS).map(fact).collect();
        let list = format!("{}.port_keys", self.fact);
        self.owners.say_absences(&list, &keys, |k| &k.owners, book);
        keys
    }

    pub(super) fn port_sources(
        &self,
        sockets: &[Socket],
        listeners: &Listeners,
        range: &Range,
        book: &mut Book,
    ) -> Vec<PortSource> {
        let fact = |s: port_sources::Source| PortSource {
            local_addr: s.local.to_string(),
            connections: len(s.connections),
            destinations: len(s.destinations),
            used: len(s.used),
            shared: len(s.shared),
            utilization_ratio: s.utilization,
            parity_ratio: s.parity,
            binds_first: s.binds_first,
            owners: self.owners.names(s.inodes),
        };
        let sources = port_sources::sources(sockets, listeners, range);
        let sources: Vec<PortSource> = sources.into_iter().take(MAX_KEYS).map(fact).collect();
        for (i, _) in sources.iter().enumerate().filter(|(_, s)| s.binds_first.is_none()) {
            let detail = "the ports in use do not tell who chose them";
            let absence = Absence::new(Reason::NotApplicable, detail);
            book.absent(format!("{}.port_sources.{i}.binds_first", self.fact), absence);
        }
        let list = format!("{}.port_sources", self.fact);
        self.owners.say_absences(&list, &sources, |s| &s.owners, book);
        sources
    }

    pub(super) fn ports(
        &self,
        range: &Range,
        sockets: Option<&[Socket]>,
        sysctl: &Result<(Runtime, String), Absence>,
    ) -> Ports {
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        let text = runtime.and_then(|s| s.get("net.ipv4.ip_local_reserved_ports")).unwrap_or("");
        Ports {
            low: range.low.into(),
            high: range.high.into(),
            reserved: len(range.reserved.len()),
            usable: len(range.usable()),
            tw_reuse: range.tw_reuse,
            timestamps: range.timestamps,
            reserved_text: text.to_owned(),
            widened_reserved: sockets.and_then(|s| self.widened(text, s)),
        }
    }

    /// What has to be reserved before the range grows.
    pub(super) fn widened(&self, reserved: &str, sockets: &[Socket]) -> Option<String> {
        let mut ports = ports::parse_list(reserved, 1, u16::MAX)?;
        let listening = sockets.iter().filter(|s| s.state == State::Listen).map(|s| s.local.port());
        ports.extend(listening.filter(|p| (WIDENED.0..=WIDENED.1).contains(p)));
        if self.owners.has_kubernetes {
            ports.extend(NODE_PORTS.0..=NODE_PORTS.1);
        }
        Some(ports::format_list(&ports))
    }
}

pub(super) fn range(s: &Runtime) -> Option<Range> {
    let mut bounds = s.get("net.ipv4.ip_local_port_range")?.split_whitespace();
    let (low, high) = (bounds.next()?.parse().ok()?, bounds.next()?.parse().ok()?);
    let reserved = s.get("net.ipv4.ip_local_reserved_ports").unwrap_or("");
    let delay = s.number("net.ipv4.tcp_tw_reuse_delay");
    Some(Range {
        low,
        high,
        reserved: ports::parse_list(reserved, low, high)?,
        tw_reuse: s.number("net.ipv4.tcp_tw_reuse"),
        timestamps: s.number("net.ipv4.tcp_timestamps"),
        tw_reuse_delay_ms: delay.and_then(|d| u32::try_from(d).ok()),
    })
}
