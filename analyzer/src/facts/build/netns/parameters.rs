//! Kernel parameters of a namespace, and where they differ from the host's.

use crate::absence::{Absence, Reason};
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::from_i64;
use super::super::super::method::{defaults, keepalive, precedence, retransmit};
use super::super::super::netns::{Differing, Handshake, Keepalive};
use super::super::super::plan::Sampled;
use super::{Book, One};

/// Parameters of a namespace whose difference from the host's matters: those that people tune and
/// that a new namespace takes from the kernel, not from the host. `tcp_rmem`, `tcp_wmem` and
/// congestion control are inherited (4.15); `tcp_mem` and `tcp_max_orphans` are the host's alone.
const COMPARED: [&str; 18] = [
    "net.core.somaxconn",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_rto_max_ms",
    "net.ipv4.tcp_rto_min_us",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse",
];

impl One<'_> {
    /// Parameters of the namespace; the host's also from the listing of all parameters.
    pub(super) fn sysctl(&self, is_host: bool) -> Result<(Runtime, String), Absence> {
        let file = self.file("sysctl");
        let own = file.map(|f| (f, f.first()));
        if let Some((file, Ok(NetnsFile::Sysctl(s)))) = own {
            return Ok((s.clone(), file.path.clone()));
        }
        if is_host && let Ok(s) = self.inputs.parameters.sysctl.first() {
            return Ok((s.clone(), self.inputs.parameters.sysctl.path.clone()));
        }
        Err(self.why(file.map(Sampled::absence)))
    }

    /// Parameters that are not the host's.
    pub(super) fn differing(
        &self,
        is_host: bool,
        own: Option<&Runtime>,
        book: &mut Book,
    ) -> Vec<Differing> {
        let fact = format!("{}.differing", self.fact);
        if is_host {
            let detail = "these are the host's own parameters";
            book.absent(fact, Absence::new(Reason::NotApplicable, detail));
            return Vec::new();
        }
        let (Some(own), Some(host)) = (own, self.host_sysctl) else {
            let told = book.absences.exact(&format!("{}.keepalive", self.fact)).cloned();
            let why = Absence::new(Reason::NotCollected, "the host's parameters are not known");
            book.absent(fact, told.unwrap_or(why));
            return Vec::new();
        };
        let found = COMPARED.iter().filter_map(|key| differs(key, own, host, self.kernel_number));
        let found: Vec<Differing> = found.collect();
        for (i, d) in found.iter().enumerate().filter(|(_, d)| d.kernel_default.is_none()) {
            let detail = format!("no default of {} is known", d.key);
            for field in ["kernel_default", "is_default"] {
                let absence = Absence::new(Reason::NotApplicable, detail.as_str());
                book.absent(format!("{fact}.{i}.{field}"), absence);
            }
        }
        found
    }
}

fn differs(key: &str, own: &Runtime, host: &Runtime, kernel: Option<i64>) -> Option<Differing> {
    let (value, of_host) = (own.get(key)?, host.get(key)?);
    let default = defaults::of(key, kernel);
    (!precedence::same(value, of_host)).then(|| Differing {
        key: key.to_owned(),
        value: value.to_owned(),
        host: of_host.to_owned(),
        kernel_default: default.map(str::to_owned),
        is_default: default.map(|d| precedence::same(value, d)),
    })
}

pub(super) fn keepalive_of(s: &Runtime) -> Option<Keepalive> {
    let time_s = from_i64(s.number("net.ipv4.tcp_keepalive_time")?);
    let interval_s = from_i64(s.number("net.ipv4.tcp_keepalive_intvl")?);
    let probes = s.number("net.ipv4.tcp_keepalive_probes")?;
    Some(Keepalive {
        time_s,
        interval_s,
        probes,
        longest_gap_s: time_s.max(interval_s),
        dead_peer_s: keepalive::dead_peer_s(time_s, interval_s, from_i64(probes)),
    })
}

pub(super) fn handshake_of(s: &Runtime) -> Handshake {
    Handshake {
        somaxconn: s.number("net.core.somaxconn"),
        max_syn_backlog: s.number("net.ipv4.tcp_max_syn_backlog"),
        syncookies: s.number("net.ipv4.tcp_syncookies"),
        syn_retries: s.number("net.ipv4.tcp_syn_retries"),
        synack_retries: s.number("net.ipv4.tcp_synack_retries"),
        connect_timeout_s: syn_schedule(s).map(|syn| syn.gives_up_s),
        abort_on_overflow: s.number("net.ipv4.tcp_abort_on_overflow"),
    }
}

/// When a connection attempt of this namespace sends its SYNs.
pub(super) fn syn_schedule(s: &Runtime) -> Option<retransmit::Syn> {
    let retries = u32::try_from(s.number("net.ipv4.tcp_syn_retries")?).ok()?;
    let linear = s.number("net.ipv4.tcp_syn_linear_timeouts").unwrap_or(0);
    let max_s = s
        .number("net.ipv4.tcp_rto_max_ms")
        .map_or(retransmit::RTO_MAX_S, |ms| from_i64(ms) / 1000.0);
    Some(retransmit::syn(retries, u32::try_from(linear).unwrap_or(0), 1.0, max_s))
}
