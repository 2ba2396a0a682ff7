//! UDP sockets of a namespace that lose datagrams.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::locator::Locator;

use super::super::super::inputs::{NetnsFile, UdpLosses};
use super::super::super::method::num::signed;
use super::super::super::netns::UdpDrops;
use super::super::super::plan::Sampled;
use super::super::book::too_few;
use super::{Book, One, readings_of};

const MAX_ROWS: usize = 5;

impl One<'_> {
    /// Of all sockets those whose receive buffer was full, or whose datagrams were damaged.
    pub(super) fn udp_drops(&self, book: &mut Book) -> Vec<UdpDrops> {
        let fact = format!("{}.udp_drops", self.fact);
        let mut paths = Vec::new();
        let mut rows = Vec::new();
        for tables in ["udp", "udp6"].map(|name| self.udp_tables(name)) {
            let Some((last_path, last)) = tables.last() else { continue };
            paths.push(Locator::entry(last_path.as_str()));
            // Inode and address: a new socket on an old port begins at 0.
            let first = tables.first().filter(|_| tables.len() > 1).map(|(_, first)| *first);
            let before: Option<BTreeMap<(u64, SocketAddr), u64>> =
                first.map(|first| first.iter().map(|s| ((s.inode, s.local), s.drops)).collect());
            rows.extend(last.iter().filter_map(|s| {
                let was = |before: &BTreeMap<_, u64>| before.get(&(s.inode, s.local)).copied();
                let since = before.as_ref().map(|b| was(b).unwrap_or(0));
                // What one reading shows was lost at any time.
                let drops = match since {
                    Some(was) => Some(s.drops.checked_sub(was).filter(|n| *n > 0)?),
                    None => None,
                };
                Some(UdpDrops {
                    local: s.local.to_string(),
                    process: self.owners.name(s.inode).map(str::to_owned),
                    drops: drops.map(signed),
                    drops_since_open: signed(s.drops),
                })
            }));
        }
        if paths.is_empty() {
            let why = self.file("udp").map(Sampled::absence);
            let own = || self.is_host().then(|| self.inputs.net.proc_udp.absence());
            book.absent(fact, self.why(why.or_else(own)));
            return Vec::new();
        }
        book.sources(fact.as_str(), paths);
        let order = |u: &UdpDrops| std::cmp::Reverse((u.drops, u.drops_since_open));
        rows.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.local.cmp(&b.local)));
        rows.truncate(MAX_ROWS);
        for i in (0..rows.len()).filter(|i| rows.get(*i).is_some_and(|r| r.process.is_none())) {
            let absence = self.owners.why().clone();
            book.absent(format!("{fact}.{i}.process"), absence);
        }
        for i in (0..rows.len()).filter(|i| rows.get(*i).is_some_and(|r| r.drops.is_none())) {
            book.absent(format!("{fact}.{i}.drops"), too_few("udp", 1, 2));
        }
        rows
    }

    fn is_host(&self) -> bool {
        self.namespace.is_host == Some(true)
    }

    /// Readings of the list of sockets: by the probe, of the host else as it is in `/proc`.
    fn udp_tables(&self, name: &str) -> Vec<(String, &[UdpLosses])> {
        if let Some(file) = self.file(name) {
            let tables = readings_of(file, |f| match f {
                NetnsFile::Udp(sockets) => Some(sockets.as_slice()),
                _ => None,
            });
            return tables.collect();
        }
        let net = &self.inputs.net;
        let file = if name == "udp" { &net.proc_udp } else { &net.proc_udp6 };
        let good = file.good().filter(|_| self.is_host());
        good.map(|(reading, table)| (file.entry(reading.pass), table.as_slice())).collect()
    }
}
