//! Why single fields of parameters and of destinations are absent.

use crate::absence::{Absence, Reason};

use super::super::super::netns::Netns;
use super::super::book::no_parameter;
use super::{Book, One};

impl One<'_> {
    pub(super) fn row_absences(&self, ns: &Netns, book: &mut Book) {
        let ports = ns.ports.as_ref();
        for (field, known) in [
            ("tw_reuse", ports.is_none_or(|p| p.tw_reuse.is_some())),
            ("timestamps", ports.is_none_or(|p| p.timestamps.is_some())),
            ("widened_reserved", ports.is_none_or(|p| p.widened_reserved.is_some())),
        ] {
            let fact = format!("{}.ports.{field}", self.fact);
            if !known && book.absences.exact(&fact).is_none() {
                book.absent(fact, no_parameter());
            }
        }
        if let Some(h) = &ns.handshake {
            for (field, known) in [
                ("somaxconn", h.somaxconn.is_some()),
                ("max_syn_backlog", h.max_syn_backlog.is_some()),
                ("syncookies", h.syncookies.is_some()),
                ("syn_retries", h.syn_retries.is_some()),
                ("synack_retries", h.synack_retries.is_some()),
                ("connect_timeout_s", h.connect_timeout_s.is_some()),
                ("abort_on_overflow", h.abort_on_overflow.is_some()),
            ] {
                if !known {
                    let absence = no_parameter();
                    book.absent(format!("{}.handshake.{field}", self.fact), absence);
                }
            }
        }
        for (i, key) in ns.port_keys.iter().enumerate() {
            for (field, known) in [
                ("reusable", key.reusable.is_some()),
                ("closes_per_s", key.closes_per_s.is_some()),
                ("steady", key.steady.is_some()),
                ("steady_ratio", key.steady_ratio.is_some()),
                ("reuse_possible", key.reuse_possible.is_some()),
                ("lifetime_s", key.lifetime_s.is_some()),
                ("rtt_s", key.rtt_s.is_some()),
                ("peer_timestamps", key.peer_timestamps.is_some()),
                ("acked_bytes_p50", key.acked_bytes_p50.is_some()),
            ] {
                if !known {
                    let detail = match field {
                        "lifetime_s" => "nothing was closed, or the source tells no timers",
                        "rtt_s" | "peer_timestamps" | "acked_bytes_p50" => {
                            "no open connection to it tells"
                        }
                        _ => "TIME-WAIT timers or tcp_tw_reuse are not known",
                    };
                    let absence = Absence::new(Reason::NotCollected, detail);
                    book.absent(format!("{}.port_keys.{i}.{field}", self.fact), absence);
                }
            }
        }
    }
}
