//! Routes of a namespace: where packets leave, and which of them set timeouts.
//!
//! Best is what `ip` printed, since its lines are what one gives back to it; next the dump of the
//! probe, which every namespace has; the lists of `/proc/net` leave out what a route sets.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::ip_route::Route;

use super::super::super::inputs::NetnsFile;
use super::super::super::netns::{Route as RouteFact, Routes, TableRoute};
use super::super::super::plan::Sampled;
use super::super::super::site::Cidr;
use super::neighbourhood::{MAX_ROWS, not_applicable};
use super::retransmission::is_private;
use super::{Book, One, readings_of};

/// Routes listed that set timeouts, or could.
const MAX_ROUTES: usize = 20;
/// The dump of the probe.
const DUMP: &str = "routes";

/// Routes and where they were read.
type Read<'a> = (Vec<Cow<'a, Route>>, Vec<String>);

impl<'a> One<'a> {
    pub(super) fn route_table(&self, is_host: bool, book: &mut Book) -> Vec<TableRoute> {
        let fact = format!("{}.route_table", self.fact);
        let (routes, paths) = match self.routes_of_files(is_host) {
            Ok(found) => found,
            Err(why) => {
                book.absent(fact, why);
                return Vec::new();
            }
        };
        let leads_out = routes.iter().filter(|r| r.leads_out());
        let mut rows: Vec<TableRoute> = leads_out.map(|r| table_route(r)).collect();
        rows.sort_by_key(|r| r.destination != "default");
        rows.truncate(MAX_ROWS);
        // The lists of /proc/net leave out what a route sets.
        if paths.iter().any(|path| path.ends_with("/route") || path.ends_with("/ipv6_route")) {
            let why = "this list of routes does not tell it";
            for i in 0..rows.len() {
                let absence = Absence::new(Reason::NotCollected, why);
                book.absent(format!("{fact}.{i}.rto_min_ms"), absence);
            }
        }
        book.sources(fact.as_str(), paths.into_iter().map(Locator::entry).collect());
        not_applicable(book, fact, !rows.is_empty(), "the route does not have it");
        rows
    }

    /// Of the host as `ip` prints them; else, and of others, by the probe or as the kernel lists
    /// them.
    fn routes_of_files(&self, is_host: bool) -> Result<Read<'a>, Absence> {
        let net = &self.inputs.net;
        if let Some(found) = self.printed(is_host).or_else(|| self.dumped(is_host)) {
            return Ok(found);
        }
        let mut found: Read<'a> = (Vec::new(), Vec::new());
        let mut why = None;
        for (file, name) in [(&net.proc_route, "route"), (&net.proc_route6, "ipv6_route")] {
            match file.good().next().filter(|_| is_host) {
                Some((reading, rows)) => {
                    found.0.extend(rows.rows.iter().map(Cow::Borrowed));
                    found.1.push(file.entry(reading.pass));
                }
                None if self.of_probe(name, &mut found).is_none() => {
                    let of_probe = || self.why(self.file(name).map(Sampled::absence));
                    let absence = if is_host { file.absence() } else { of_probe() };
                    why = why.or(Some(absence));
                }
                None => {}
            }
        }
        if found.1.is_empty() { Err(why.unwrap_or_else(|| self.why(None))) } else { Ok(found) }
    }

    /// As `ip` prints them.
    fn printed(&self, is_host: bool) -> Option<Read<'a>> {
        let net = &self.inputs.net;
        let texts = [&net.routes, &net.routes_text].into_iter().filter(|_| is_host);
        texts.into_iter().find_map(|text| {
            let (reading, rows) = text.good().next()?;
            let rows = rows.rows.iter().map(Cow::Borrowed).collect();
            Some((rows, vec![text.entry(reading.pass)]))
        })
    }

    /// As the probe dumped them.
    fn dumped(&self, is_host: bool) -> Option<Read<'a>> {
        let (path, routes) = readings_of(self.file(DUMP)?, |f| match f {
            NetnsFile::RouteDump(routes) => Some(routes),
            _ => None,
        })
        .next()?;
        let devices = self.devices(is_host);
        let rows = routes.iter().map(|r| Cow::Owned(r.route(|i| devices.name(i)))).collect();
        Some((rows, vec![path]))
    }

    fn of_probe(&self, name: &str, found: &mut Read<'a>) -> Option<()> {
        let (path, routes) = readings_of(self.file(name)?, |f| match f {
            NetnsFile::Routes(routes) => Some(routes),
            _ => None,
        })
        .next()?;
        found.0.extend(routes.iter().map(Cow::Borrowed));
        found.1.push(path);
        Some(())
    }

    /// Routes that set a smallest timeout. Those that could are told by lines of `ip` alone: a line
    /// that it did not print is none to give back to it.
    pub(super) fn routes(&self, is_host: bool, book: &mut Book) -> Option<Routes> {
        let fact = format!("{}.routes", self.fact);
        let printed = self.printed(is_host);
        let is_printed = printed.is_some();
        let Some((rows, paths)) = printed.or_else(|| self.dumped(is_host)) else {
            let of_probe = self.file(DUMP).map(Sampled::absence);
            let printed = || is_host.then(|| self.inputs.net.routes.absence());
            book.absent(fact, self.why(of_probe.or_else(printed)));
            return None;
        };
        book.sources(fact.as_str(), paths.into_iter().map(Locator::entry).collect());
        let sets = rows.iter().filter(|r| r.rto_min_ms.is_some());
        let could = rows.iter().filter(|r| is_printed && is_internal(r));
        let found = Routes {
            with_rto_min: sets.take(MAX_ROUTES).map(|r| route(r)).collect(),
            internal: could.take(MAX_ROUTES).map(|r| route(r)).collect(),
        };
        for (list, routes) in [("with_rto_min", &found.with_rto_min), ("internal", &found.internal)]
        {
            for (i, r) in routes.iter().enumerate() {
                for (field, known, why) in [
                    ("dev", r.dev.is_some(), "the route has no interface"),
                    ("rto_min_ms", r.rto_min_ms.is_some(), "the route does not set it"),
                ] {
                    if !known {
                        let absence = Absence::new(Reason::NotApplicable, why);
                        book.absent(format!("{fact}.{list}.{i}.{field}"), absence);
                    }
                }
            }
        }
        Some(found)
    }
}

/// A route of the main table to a private network of more than one link, without a timeout.
fn is_internal(r: &Route) -> bool {
    let ip = r.destination.split('/').next().and_then(|a| a.parse::<IpAddr>().ok());
    r.kind == "unicast"
        && r.table.as_deref().is_none_or(|table| table == "main")
        && r.rto_min_ms.is_none()
        && Cidr::parse(&r.destination).is_some()
        && ip.is_some_and(|ip| is_private(ip) && !is_link_local(ip))
}

/// Routes of one link, which leave nothing to tune.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => a.is_link_local(),
        IpAddr::V6(a) => a.is_unicast_link_local(),
    }
}

fn route(r: &Route) -> RouteFact {
    RouteFact {
        destination: r.destination.clone(),
        is_default: r.destination == "default",
        dev: r.dev.clone(),
        line: r.text.clone(),
        rto_min_ms: r.rto_min_ms,
    }
}

fn table_route(r: &Route) -> TableRoute {
    TableRoute {
        destination: r.destination.clone(),
        kind: r.kind.clone(),
        via: r.via.clone(),
        dev: r.dev.clone(),
        table: r.table.clone().filter(|t| t != "main"),
        rto_min_ms: r.rto_min_ms,
        line: r.text.clone(),
    }
}

/// The route to a network among those that could carry a timeout of their own, the narrowest
/// first, as words.
pub(super) fn route_of(routes: &Routes, ip: IpAddr) -> Vec<String> {
    let fits = routes.internal.iter().filter_map(|r| {
        let cidr = Cidr::parse(&r.destination)?;
        cidr.holds(ip).then_some((cidr.bits, r))
    });
    let best = fits.max_by_key(|(bits, _)| *bits);
    best.map(|(_, r)| r.line.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}
