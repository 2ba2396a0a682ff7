//! The queue in front of an interface: what it drops never reaches the driver, and no counter of the
//! driver knows it.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::inputs::NetnsFile;
use crate::facts::nics;
use crate::facts::plan::Sampled;
use crate::locator::Locator;
use crate::parse::qdisc::Qdisc;

use super::One;

impl One<'_> {
    pub(super) fn qdisc(&self, book: &mut Book) -> Option<nics::Qdisc> {
        let fact = format!("{}.qdisc", self.fact);
        let Some(source) = self.qdiscs() else {
            book.absent(fact, Absence::of(Reason::NotCollected, "probes/netns", "no qdisc"));
            return None;
        };
        let Some(index) = self.sys("ifindex").and_then(|n| n.parse::<u32>().ok()) else {
            book.absent(fact, Absence::of(Reason::Missing, &source.path, "no index"));
            return None;
        };
        let root = |file: &NetnsFile| match file {
            NetnsFile::Qdiscs(all) => {
                all.iter().find(|q| q.ifindex == index && q.is_root()).cloned()
            }
            _ => None,
        };
        let mut readings = source.good().filter_map(|(r, file)| Some((r.pass, root(file)?)));
        let Some(first) = readings.next() else {
            let absence = source.first().err();
            let none = || Absence::of(Reason::Missing, &source.path, "no queue at its root");
            book.absent(fact, absence.unwrap_or_else(none));
            return None;
        };
        let later = readings.next_back();
        if later.is_none() {
            for field in ["drops", "requeues"] {
                book.absent(format!("{fact}.{field}"), too_few(&source.path, 1, 2));
            }
        }
        let passes = [Some(first.0), later.as_ref().map(|(pass, _)| *pass)];
        let entries = passes.into_iter().flatten().map(|p| Locator::entry(source.entry(p)));
        book.sources(fact, entries.collect());
        // Set up anew in between, its counters began anew.
        let same = later.as_ref().filter(|(_, q)| q.handle == first.1.handle);
        let grown = |of: fn(&Qdisc) -> Option<u32>| {
            let (then, now) = (of(&first.1)?, of(&same?.1)?);
            now.checked_sub(then).map(i64::from)
        };
        let now = later.as_ref().map_or(&first.1, |(_, q)| q);
        Some(nics::Qdisc {
            kind: now.kind.clone(),
            drops: grown(|q| q.drops),
            drops_since_start: now.drops.map(i64::from),
            requeues: grown(|q| q.requeues),
            backlog_bytes: now.backlog_bytes.map(i64::from),
        })
    }

    /// The queues of the host's namespace.
    fn qdiscs(&self) -> Option<&Sampled<NetnsFile>> {
        let list = self.inputs.net.netns_list.first().ok()?;
        let host = list.rows.iter().find(|n| n.is_host == Some(true))?;
        self.inputs.net.netns.get(&format!("{}/qdisc", host.inode))
    }
}
