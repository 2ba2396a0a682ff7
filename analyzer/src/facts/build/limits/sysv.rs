//! System V objects: they outlive their processes, so that crashes add up until `semget` and its kin
//! fail with "No space left on device".

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::limits::SysvUse;
use crate::facts::method::num::{from_i64, len, ratio, signed};
use crate::facts::sysctl::Sysctl;
use crate::locator::Locator;

const FACT: &str = "limits.sysv";

pub(super) fn build(inputs: &Inputs, sysctl: &Sysctl, book: &mut Book) -> Vec<SysvUse> {
    let memory = &inputs.memory;
    let segments = memory.segments.first().ok().map(|t| len(t.rows.len()));
    let sets = memory.semaphores.first().ok().map(|t| len(t.rows.len()));
    let all = memory
        .semaphores
        .first()
        .ok()
        .map(|t| signed(t.rows.iter().map(|s| s.semaphores).fold(0, u64::saturating_add)));
    let queues = memory.queues.first().ok().map(|t| len(t.rows.len()));
    // `kernel.sem` is SEMMSL SEMMNS SEMOPM SEMMNI.
    let word = |key: &str, i: usize| {
        sysctl.runtime.get(key)?.split_ascii_whitespace().nth(i)?.parse::<i64>().ok()
    };
    let rows = [
        ("shared memory segments", "kernel.shmmni", segments, word("kernel.shmmni", 0)),
        ("semaphore sets", "kernel.sem (SEMMNI)", sets, word("kernel.sem", 3)),
        ("semaphores", "kernel.sem (SEMMNS)", all, word("kernel.sem", 1)),
        ("message queues", "kernel.msgmni", queues, word("kernel.msgmni", 0)),
    ];
    let found: Vec<SysvUse> = rows
        .into_iter()
        .filter_map(|(what, parameter, used, limit)| {
            let (used, limit) = (used?, limit?);
            let used_ratio = ratio(from_i64(used), from_i64(limit))?;
            let (what, parameter) = (what.to_owned(), parameter.to_owned());
            Some(SysvUse { what, parameter, used, limit, used_ratio })
        })
        .collect();
    if found.is_empty() {
        let unread = memory.semaphores.first().err();
        let no_limit = || Absence::new(Reason::NotCollected, "kernel.sem and its kin");
        book.absent(FACT, unread.unwrap_or_else(no_limit));
    } else {
        let tables = [&memory.segments.path, &memory.semaphores.path, &memory.queues.path];
        let mut sources: Vec<Locator> =
            tables.into_iter().map(|p| Locator::entry(p.as_str())).collect();
        sources.push(Locator::facts(["sysctl.runtime"]));
        book.sources(FACT, sources);
    }
    found
}
