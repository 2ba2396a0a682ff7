//! Protocol counters of a namespace.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::num::{from_i64, ratio};
use super::{Book, One};

impl One<'_> {
    /// Connections reset while established, between the first and the last look.
    pub(super) fn estab_resets(&self, is_host: bool) -> Option<i64> {
        const KEY: &str = "Tcp.EstabResets";
        let delta = |first: i64, last: i64| last.checked_sub(first).filter(|d| *d >= 0);
        if is_host && let Some(ends) = self.window.ends(&self.inputs.net.snmp) {
            return delta(ends.first.1.get(KEY)?, ends.last.1.get(KEY)?);
        }
        let file = self.inputs.net.netns.get(&format!("{}/snmp", self.namespace.inode))?;
        let values: Vec<i64> = file
            .good()
            .filter_map(|(_, f)| match f {
                NetnsFile::Snmp(counters) => counters.get(KEY),
                _ => None,
            })
            .collect();
        delta(*values.first()?, *values.get(1..)?.last()?)
    }

    /// Segments sent again by segments sent, since boot.
    pub(super) fn retrans_ratio(&self, is_host: bool, book: &mut Book) -> Option<f64> {
        let fact = format!("{}.tcp.retrans_ratio_since_boot", self.fact);
        let share = |c: &crate::parse::Counters| {
            let (again, sent) = (c.get("Tcp.RetransSegs")?, c.get("Tcp.OutSegs")?);
            ratio(from_i64(again), from_i64(sent))
        };
        let own = self.inputs.net.netns.get(&format!("{}/snmp", self.namespace.inode));
        let of_own = own.and_then(|file| match file.first() {
            Ok(NetnsFile::Snmp(counters)) => share(counters).map(|s| (s, file.path.as_str())),
            _ => None,
        });
        let of_host = || {
            let counters = self.inputs.net.snmp.first().ok().filter(|_| is_host)?;
            share(counters).map(|s| (s, self.inputs.net.snmp.path.as_str()))
        };
        let Some((share, path)) = of_own.or_else(of_host) else {
            let detail = "no counters, or nothing was sent";
            let why = Absence::of(Reason::NotCollected, &self.inputs.net.snmp.path, detail);
            book.absent(fact, own.and_then(|file| file.first().err()).unwrap_or(why));
            return None;
        };
        book.source(fact, Locator::entry(path));
        Some(share)
    }
}
