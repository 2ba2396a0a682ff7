//! What connections tell of their paths: everything that needs both looks at the sockets.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::method::role::Listeners;
use super::super::super::method::socket::Socket;
use super::super::super::netns::{
    Connections, Keepalive, L4, Netns, RetransPeer, Retries, Routes, SocketBuffers, Subnet,
};
use super::buffers::buffers;
use super::connections::Looks;
use super::retransmission::{retrans_peers, subnets};
use super::retries::retries;
use super::sockets::Later;
use super::{Book, One};

/// Facts that need the sockets.
const OF_SOCKETS: [&str; 5] = ["l4", "connections", "retrans_peers", "subnets", "buffers"];

/// What is made of both looks.
pub(super) struct Flows<'a> {
    looks: Looks<'a>,
    l4: Option<L4>,
    connections: Vec<Connections>,
    retrans_peers: Vec<RetransPeer>,
    subnets: Vec<Subnet>,
    buffers: Option<(SocketBuffers, Vec<u64>)>,
}

/// Parameters of a namespace by which its connections are judged.
pub(super) struct Parameters {
    keepalive: Option<Keepalive>,
    retries: Option<Retries>,
    routes: Option<Routes>,
}

impl Parameters {
    pub(super) fn of(ns: &Netns) -> Self {
        let (keepalive, retries) = (ns.keepalive.clone(), ns.retries.clone());
        Self { keepalive, retries, routes: ns.routes.clone() }
    }
}

impl One<'_> {
    /// What paths depend on beside the sockets.
    pub(super) fn paths(
        &self,
        ns: &mut Netns,
        sysctl: &Result<(Runtime, String), Absence>,
        book: &mut Book,
    ) {
        let runtime = sysctl.as_ref().ok().map(|(s, _)| s);
        self.parameters_of_retry(ns, sysctl, book);
        ns.orphans = self.orphans(ns.is_host, runtime, book);
        ns.routes = self.routes(ns.is_host, book);
    }

    /// Nothing is known of paths, since the sockets were not seen.
    pub(super) fn no_flows(&self, ns: &mut Netns, book: &mut Book) {
        let why = book.absences.exact(&format!("{}.tcp", self.fact)).cloned();
        for field in OF_SOCKETS {
            let why = why.clone().unwrap_or_else(|| self.why(None));
            book.absent(format!("{}.{field}", self.fact), why);
        }
        ns.retransmission = self.retransmission(ns.is_host, None, book);
    }

    /// The connections, and how they changed between the looks.
    pub(super) fn compare<'s>(
        &self,
        first: &'s [Socket],
        later: Option<&'s Later<'_>>,
        listeners: &Listeners,
        parameters: &Parameters,
    ) -> Flows<'s> {
        let looks = match later {
            Some(later) => Looks::of(&later.sockets, Some((first, later.span_s))),
            None => Looks::of(first, None),
        };
        let Parameters { keepalive, retries, routes } = parameters;
        let ((l4, connections), (retrans_peers, subnets, buffers)) = rayon::join(
            || {
                let connections = self.connections(&looks, listeners, keepalive.as_ref());
                (self.l4(&looks, listeners), connections)
            },
            || {
                let peers = retrans_peers(&looks, listeners, retries.as_ref());
                (peers, subnets(&looks, routes.as_ref()), buffers(&looks))
            },
        );
        Flows { looks, l4, connections, retrans_peers, subnets, buffers }
    }

    /// Fills in the parts of the namespace that speak of paths.
    pub(super) fn flows(
        &self,
        ns: &mut Netns,
        flows: Flows<'_>,
        later: Option<&Later<'_>>,
        book: &mut Book,
    ) {
        for field in OF_SOCKETS {
            let fact = format!("{}.{field}", self.fact);
            match later {
                Some(later) => {
                    let locators = later.paths.iter().map(|p| Locator::entry(p.as_str()));
                    book.sources(fact, locators.collect());
                }
                None => book.source(fact, Locator::facts([format!("{}.tcp", self.fact)])),
            }
        }
        let Flows { looks, l4, connections, retrans_peers, subnets, buffers } = flows;
        ns.l4 = l4;
        self.l4_absences(ns, book);
        ns.connections = connections;
        self.connection_absences(&ns.connections, book);
        ns.retransmission = self.retransmission(ns.is_host, Some(&looks), book);
        ns.buffers = self.buffers_named(buffers, book);
        (ns.retrans_peers, ns.subnets) = (retrans_peers, subnets);
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
