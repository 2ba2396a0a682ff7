//! Chapter: software RAID and ZFS pools.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::mdstat;

use super::super::arrays::Array;
use super::super::inputs::Inputs;
use super::super::method::num::signed;
use super::super::{List, Seen};
use super::{Book, Lists};

mod pools;

const FACT: &str = "arrays";

pub(super) fn build(inputs: &Inputs, book: &mut Book, lists: &mut Lists) -> List<Array> {
    let storage = &inputs.storage;
    let mut items = Vec::new();
    match storage.mdstat.first() {
        Ok(rows) => {
            for row in &rows.rows {
                let fact = format!("{FACT}.{}", items.len());
                book.source(&fact, Locator::line(&storage.mdstat.path, row.line));
                let array = md(inputs, row);
                say_absences(&array, &fact, &storage.mdstat.path, book);
                items.push(array);
            }
        }
        // The file is there only while the driver is: without it there is no array.
        Err(absence) if absence.reason == Reason::Missing => {}
        Err(absence) => book.absent(FACT, absence),
    }
    pools::build(inputs, &mut items, book);
    let seen = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let what = "arrays seen".to_owned();
    lists.insert(
        FACT.to_owned(),
        Seen { what, seen, expected: seen, gaps: Vec::new(), others: None },
    );
    List { items }
}

fn md(inputs: &Inputs, row: &mdstat::Array) -> Array {
    let sys = inputs.storage.sys_block.last().ok();
    let of = |file: &str| sys?.get(format!("block/{}/md/{file}", row.name).as_str());
    let number = |file: &str| of(file)?.trim().parse::<i64>().ok();
    let named = |which: fn(&mdstat::Member) -> bool| {
        row.members.iter().filter(|m| which(m)).map(|m| m.name.clone()).collect::<Vec<_>>()
    };
    let sync = row.sync.as_ref();
    Array {
        name: row.name.clone(),
        kind: "md".to_owned(),
        level: row.level.clone(),
        active: Some(row.active),
        wanted: row.wanted.map(i64::from),
        working: row.working.map(i64::from),
        degraded: row.degraded().or_else(|| number("degraded").map(|n| n > 0)),
        picture: row.state.clone(),
        failed: named(|m| m.faulty),
        spares: named(|m| m.spare && !m.faulty),
        members: named(|m| !m.spare && !m.faulty),
        action: sync.map(|s| s.action.clone()),
        action_ratio: sync.and_then(|s| s.progress_ratio),
        action_left_s: sync.and_then(|s| s.finish_s),
        action_bytes_per_s: sync.and_then(|s| s.bytes_per_s).map(signed),
        mismatches: number("mismatch_cnt"),
        ..Array::default()
    }
}

fn say_absences(array: &Array, fact: &str, path: &str, book: &mut Book) {
    let known = [
        ("level", array.level.is_some(), "no level"),
        ("active", array.active.is_some(), "no md array"),
        ("pool_state", array.pool_state.is_some(), "no pool"),
        ("wanted", array.wanted.is_some(), "not told"),
        ("working", array.working.is_some(), "not told"),
        ("picture", array.picture.is_some(), "not told"),
        ("action", array.action.is_some(), "nothing is going on"),
        ("action_ratio", array.action_ratio.is_some(), "nothing is going on"),
        ("action_left_s", array.action_left_s.is_some(), "nothing is going on"),
        ("action_bytes_per_s", array.action_bytes_per_s.is_some(), "nothing is going on"),
        ("mismatches", array.mismatches.is_some(), "no check was told"),
        ("device_errors", array.device_errors.is_some(), "no pool tells it"),
        ("data_errors", array.data_errors.is_some(), "no pool tells it"),
        ("last_scan", array.last_scan.is_some(), "no scrub or resilver was told"),
        ("status", array.status.is_some(), "it says nothing of the kind"),
    ];
    for (field, _, why) in known.into_iter().filter(|(_, known, _)| !known) {
        let absence = Absence::of(Reason::NotApplicable, path, why);
        book.absent(format!("{fact}.{field}"), absence);
    }
    if array.degraded.is_none() {
        let absence = Absence::of(Reason::Missing, path, "the number of members is not told");
        book.absent(format!("{fact}.degraded"), absence);
    }
}

#[cfg(test)]
mod tests;
