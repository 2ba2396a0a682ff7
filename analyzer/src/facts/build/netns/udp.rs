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
        for file in ["udp", "udp6"].into_iter().filter_map(|name| self.file(name)) {
            let tables: Vec<(String, &[UdpLosses])> = readings_of(file, |f| match f {
                NetnsFile::Udp(sockets) => Some(sockets.as_slice()),
                _ => None,
            })
            .collect();
            let [(_, first), .., (last_path, last)] = tables.as_slice() else { continue };
            paths.push(Locator::entry(last_path.as_str()));
            // Inode and address: a new socket on an old port begins at 0.
            let before: BTreeMap<(u64, SocketAddr), u64> =
                first.iter().map(|s| ((s.inode, s.local), s.drops)).collect();
            rows.extend(last.iter().filter_map(|s| {
                let was = before.get(&(s.inode, s.local)).copied().unwrap_or(0);
                let drops = s.drops.checked_sub(was).filter(|n| *n > 0)?;
                Some(UdpDrops {
                    local: s.local.to_string(),
                    process: self.owners.name(s.inode).map(str::to_owned),
                    drops: signed(drops),
                    drops_since_open: signed(s.drops),
                })
            }));
        }
        if paths.is_empty() {
            let first = self.file("udp").map(Sampled::first);
            let why = match first {
                Some(Ok(_)) => too_few("udp", 1, 2),
                other => self.why(other.and_then(Result::err)),
            };
            book.absent(fact, why);
            return Vec::new();
        }
        book.sources(fact.as_str(), paths);
        rows.sort_by(|a, b| b.drops.cmp(&a.drops).then_with(|| a.local.cmp(&b.local)));
        rows.truncate(MAX_ROWS);
        for i in (0..rows.len()).filter(|i| rows.get(*i).is_some_and(|r| r.process.is_none())) {
            let absence = self.owners.why().clone();
            book.absent(format!("{fact}.{i}.process"), absence);
        }
        rows
    }
}
