//! ZFS pools: their state by the kernel, their devices and errors by `zpool status`.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::arrays::{Array, PoolDevice};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::signed;
use crate::locator::Locator;
use crate::parse::zpool_status::{Device, Pool};

use super::{FACT, say_absences};

/// Devices of a pool that are named.
const MAX_DEVICES: usize = 20;

/// Who tells of a pool.
#[derive(Default)]
struct Told<'i> {
    /// Path and state of the kernel's own file.
    kernel: Option<(&'i str, &'i String)>,
    tool: Option<&'i Pool>,
}

pub(super) fn build(inputs: &Inputs, items: &mut Vec<Array>, book: &mut Book) {
    let storage = &inputs.storage;
    let told = storage.zpool.first();
    let rows = told.as_ref().map(|r| r.rows.as_slice()).unwrap_or_default();
    let mut pools: BTreeMap<&str, Told> = BTreeMap::new();
    for (path, readings) in &storage.zfs {
        // The journal knows the pattern that matched nothing, too.
        if let (Some(name), Ok(state)) = (path.strip_suffix("/state"), readings.first()) {
            pools.entry(name).or_default().kernel = Some((&readings.path, state));
        }
    }
    for pool in rows {
        pools.entry(&pool.name).or_default().tool = Some(pool);
    }
    for (name, Told { kernel, tool }) in pools {
        let fact = format!("{FACT}.{}", items.len());
        let mut locators = Vec::new();
        locators.extend(kernel.map(|(path, _)| Locator::entry(path)));
        locators.extend(tool.map(|p| Locator::line(&storage.zpool.path, p.line)));
        book.sources(&fact, locators);
        let state = kernel.map(|(_, state)| state.clone());
        let mut array = Array {
            name: name.to_owned(),
            kind: "zfs".to_owned(),
            pool_state: state.or_else(|| tool.map(|p| p.state.clone())),
            ..Array::default()
        };
        array.degraded = array.pool_state.as_ref().map(|s| s == "DEGRADED");
        if let Some(pool) = tool {
            describe(pool, &mut array);
        }
        let path = kernel.map_or(storage.zpool.path.as_str(), |(path, _)| path);
        say_absences(&array, &fact, path, book);
        items.push(array);
        let why = match (told.as_ref().err(), tool) {
            (Some(absence), _) => absence.clone(),
            (None, None) => Absence::of(Reason::Missing, &storage.zpool.path, "no such pool there"),
            (None, Some(_)) => continue,
        };
        for field in ["device_errors", "data_errors", "last_scan", "status"] {
            book.absent(format!("{fact}.{field}"), why.clone());
        }
    }
}

/// What the tool knows beside the state.
fn describe(pool: &Pool, array: &mut Array) {
    let is_spare = |d: &&Device| d.section.as_deref() == Some("spares");
    let disks = pool.devices.iter().filter(|d| d.is_leaf && d.read_errors.is_some());
    let sum = disks.map(errors).reduce(u64::saturating_add);
    array.device_errors = sum.map(signed);
    array.data_errors = pool.data_errors.map(signed);
    array.status.clone_from(&pool.status);
    let free = pool.devices.iter().filter(|d| is_spare(d) && d.state == "AVAIL");
    array.spares = free.map(|d| d.name.clone()).collect();
    if let Some(scan) = &pool.scan {
        array.last_scan = Some(scan.text.clone());
        array.action.clone_from(&scan.action);
        array.action_ratio = scan.progress_ratio.filter(|_| scan.action.is_some());
        array.action_left_s = scan.left_s.filter(|_| scan.action.is_some());
    }
    let fine = ["ONLINE", "AVAIL", "INUSE"];
    let mut bad: Vec<&Device> = pool
        .devices
        .iter()
        .filter(|d| d.is_leaf && (errors(d) > 0 || !fine.contains(&d.state.as_str())))
        .collect();
    bad.sort_by_key(|d| (fine.contains(&d.state.as_str()), std::cmp::Reverse(errors(d))));
    array.bad_devices = bad.into_iter().take(MAX_DEVICES).map(device).collect();
}

fn device(d: &Device) -> PoolDevice {
    let count = |n: Option<u64>| signed(n.unwrap_or(0));
    PoolDevice {
        name: d.name.clone(),
        state: d.state.clone(),
        read_errors: count(d.read_errors),
        write_errors: count(d.write_errors),
        checksum_errors: count(d.checksum_errors),
        note: d.note.clone().unwrap_or_default(),
    }
}

fn errors(d: &Device) -> u64 {
    let all = [d.read_errors, d.write_errors, d.checksum_errors];
    all.into_iter().flatten().fold(0, u64::saturating_add)
}
