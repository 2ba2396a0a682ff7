//! What connections tell of their paths: everything that needs both looks at the sockets.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::method::role::Listeners;
use super::super::super::method::socket::Socket;
use super::super::super::netns::Netns;
use super::connections::Looks;
use super::retransmission::{retrans_peers, subnets};
use super::retries::retries;
use super::sockets::Later;
use super::{Book, One};

/// Facts that need the sockets.
const OF_SOCKETS: [&str; 4] = ["l4", "connections", "retrans_peers", "subnets"];

impl One<'_> {
    /// Fills in the parts of the namespace that speak of paths.
    pub(super) fn flows(
        &self,
        ns: &mut Netns,
        sockets: Option<(&[Socket], &Listeners)>,
        later: Option<&Later>,
        sysctl: &Result<(Runtime, String), Absence>,
        book: &mut Book,
    ) {
        let is_host = ns.is_host;
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        self.parameters_of_retry(ns, sysctl, book);
        ns.orphans = self.orphans(is_host, runtime, book);
        ns.routes = self.routes(is_host, book);
        let Some((first, listeners)) = sockets else {
            let why = book.absences.exact(&format!("{}.tcp", self.fact)).cloned();
            for field in OF_SOCKETS {
                let why = why.clone().unwrap_or_else(|| self.why(None));
                book.absent(format!("{}.{field}", self.fact), why);
            }
            ns.retransmission = self.retransmission(is_host, None, book);
            return;
        };
        let looks = if let Some(later) = later {
            for field in OF_SOCKETS {
                let locators = later.paths.iter().map(|p| Locator::entry(p.as_str())).collect();
                book.sources(format!("{}.{field}", self.fact), locators);
            }
            Looks::of(&later.sockets, Some((first, later.span_s)))
        } else {
            for field in OF_SOCKETS {
                let fact = format!("{}.{field}", self.fact);
                book.source(fact, Locator::facts([format!("{}.tcp", self.fact)]));
            }
            Looks::of(first, None)
        };
        ns.l4 = self.l4(&looks, listeners);
        self.l4_absences(ns, book);
        ns.connections = self.connections(&looks, listeners, ns.keepalive.as_ref());
        self.connection_absences(&ns.connections, book);
        ns.retransmission = self.retransmission(is_host, Some(&looks), book);
        ns.retrans_peers = retrans_peers(&looks, listeners, ns.retries.as_ref());
        ns.subnets = subnets(&looks, ns.routes.as_ref());
        self.peer_absences(&ns.retrans_peers, &ns.subnets, book);
        // A source without round trips and timeouts says nothing about loss.
        if ns.retrans_peers.is_empty() && looks.established.iter().any(|p| p.now.flow.is_none()) {
            for field in ["retrans_peers", "subnets"] {
                let why = "the source tells no round trips and retransmissions";
                let absence = Absence::new(Reason::NotCollected, why);
                book.absent(format!("{}.{field}", self.fact), absence);
            }
        }
    }

    fn parameters_of_retry(
        &self,
        ns: &mut Netns,
        sysctl: &Result<(Runtime, String), Absence>,
        book: &mut Book,
    ) {
        let fact = format!("{}.retries", self.fact);
        match sysctl {
            Ok((s, path)) => {
                let Some(found) = retries(s, self.kernel_number) else {
                    let why = "not all of net.ipv4.tcp_*retries* are there";
                    return book.absent(fact, Absence::of(Reason::Missing, path, why));
                };
                book.source(fact, Locator::entry(path.as_str()));
                self.retry_absences(&found, book);
                ns.retries = Some(found);
            }
            Err(absence) => book.absent(fact, absence.clone()),
        }
    }

    fn l4_absences(&self, ns: &Netns, book: &mut Book) {
        let fact = format!("{}.l4", self.fact);
        let Some(l4) = &ns.l4 else {
            let why = if self.site.knows_l4() {
                Absence::new(Reason::NotApplicable, "no session passes a device that was told")
            } else {
                super::idle_timeout_not_told()
            };
            return book.absent(fact, why);
        };
        for (field, known) in
            [("idle_max_s", l4.idle_max_s.is_some()), ("forgotten", l4.forgotten.is_some())]
        {
            if !known {
                let why = Absence::new(Reason::NotCollected, "the source tells no idle times");
                book.absent(format!("{fact}.{field}"), why);
            }
        }
    }
}
