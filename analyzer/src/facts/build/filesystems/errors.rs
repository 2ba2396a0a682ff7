//! Errors that file systems have counted in themselves: they outlive the log and the boot.

use std::collections::BTreeMap;

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::filesystems::FileSystem;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::from_i64;
use crate::facts::plan::Pack;
use crate::locator::Locator;

/// What this chapter tells of a file system.
const FIELDS: [&str; 5] =
    ["errors_counted", "last_error_age_s", "first_error_age_s", "last_error_in", "devices_missing"];

pub(super) fn count(
    inputs: &Inputs,
    taken_unix_s: Option<f64>,
    all: &mut [FileSystem],
    book: &mut Book,
) {
    let source = &inputs.storage.sys_fs;
    let names = names(inputs);
    let only_btrfs = all.iter().filter(|fs| fs.fs_type.as_deref() == Some("btrfs")).count() == 1;
    for (i, fs) in all.iter_mut().enumerate() {
        let fact = format!("filesystems.{i}");
        let device = fs.device.as_ref().and_then(|d| names.get(d).copied());
        let device = device.or_else(|| fs.source.as_deref()?.strip_prefix("/dev/"));
        let told = match (fs.fs_type.as_deref(), device, source.first()) {
            (Some("ext4" | "ext3" | "ext2"), Some(device), Ok(pack)) => {
                let of = |file: &str| pack.get(format!("fs/ext4/{device}/{file}").as_str());
                let number = |file: &str| of(file)?.parse::<i64>().ok();
                fs.errors_counted = number("errors_count");
                let age = |file: &str| {
                    let at = number(file).filter(|at| *at > 0);
                    // A date of the future tells that a clock was wrong, not that it is now.
                    at.zip(taken_unix_s).map(|(at, now)| now - from_i64(at)).filter(|s| *s >= 0.0)
                };
                fs.last_error_age_s = age("last_error_time");
                fs.first_error_age_s = age("first_error_time");
                fs.last_error_in = of("last_error_func").filter(|f| !f.is_empty()).cloned();
                Some(format!("fs/ext4/{device}/errors_count"))
            }
            (Some("btrfs"), _, Ok(pack)) => {
                let below = btrfs(pack, &block_name(inputs, fs));
                let below = below.or_else(|| only_btrfs.then_some("fs/btrfs"));
                fs.errors_counted = below.and_then(|below| btrfs_errors(pack, below));
                fs.devices_missing = below.and_then(|below| btrfs_missing(pack, below));
                below.map(str::to_owned)
            }
            _ => None,
        };
        if let (Some(key), Some(_)) = (told, fs.errors_counted) {
            book.source(format!("{fact}.errors_counted"), Locator::record(&source.path, key));
            let none = Absence::new(
                Reason::NotApplicable,
                "it has no error with a date, or the date is in the future",
            );
            for (field, known) in [
                ("last_error_age_s", fs.last_error_age_s.is_some()),
                ("first_error_age_s", fs.first_error_age_s.is_some()),
                ("last_error_in", fs.last_error_in.is_some()),
            ] {
                if !known {
                    book.absent(format!("{fact}.{field}"), none.clone());
                }
            }
            if fs.devices_missing.is_none() {
                let none =
                    Absence::of(Reason::NotApplicable, &source.path, "not told of this type");
                book.absent(format!("{fact}.devices_missing"), none);
            }
            continue;
        }
        for field in FIELDS {
            let none = || match fs.fs_type.as_deref() {
                Some("btrfs") => Absence::of(
                    Reason::NotCollected,
                    &source.path,
                    "which of several btrfs the counters are of is not told",
                ),
                _ => Absence::of(Reason::NotApplicable, &source.path, "this type does not count"),
            };
            book.absent(format!("{fact}.{field}"), source.first().err().unwrap_or_else(none));
        }
    }
}

/// `fs/btrfs/<uuid>` of the file system with this device: all of its devices are listed there.
fn btrfs<'p>(pack: &'p Pack<String, String>, device: &str) -> Option<&'p str> {
    pack.rows.iter().find_map(|(key, _)| {
        let (below, name) = key.split_once("/devices/")?;
        (below.starts_with("fs/btrfs/") && name == device).then_some(below)
    })
}

/// Sum of what its devices have counted; `None` when none tells.
///
/// ```text
/// write_errs 0
/// read_errs 0
/// ```
fn btrfs_errors(pack: &Pack<String, String>, below: &str) -> Option<i64> {
    let own = |key: &str| {
        key.strip_prefix(below).is_some_and(|k| k.starts_with('/') && k.ends_with("/error_stats"))
    };
    let of = |text: &str| {
        let words = text.split_ascii_whitespace();
        words.filter_map(|w| w.parse::<i64>().ok()).fold(0, i64::saturating_add)
    };
    let stats = pack.rows.iter().filter(|(key, _)| own(key));
    stats.map(|(_, text)| of(text)).reduce(i64::saturating_add)
}

/// Devices of `fs/btrfs/<uuid>/devinfo` whose `missing` is 1; `None` before 5.6, which has no such
/// file.
fn btrfs_missing(pack: &Pack<String, String>, below: &str) -> Option<i64> {
    let own = |key: &str| {
        key.strip_prefix(below)
            .is_some_and(|k| k.starts_with("/devinfo/") && k.ends_with("/missing"))
    };
    let told = pack.rows.iter().filter(|(key, _)| own(key));
    told.map(|(_, text)| i64::from(text.trim() == "1")).reduce(i64::saturating_add)
}

/// The kernel's name of the device it is mounted from; that of a mapped one stands in its
/// `dm/name`.
fn block_name(inputs: &Inputs, fs: &FileSystem) -> String {
    let source = fs.source.as_deref().unwrap_or_default();
    if let Some(mapped) = source.strip_prefix("/dev/mapper/")
        && let Ok(pack) = inputs.storage.sys_block.first()
    {
        let named = |(key, name): &(String, String)| {
            let dm = key.strip_prefix("block/")?.strip_suffix("/dm/name")?;
            (name == mapped).then(|| dm.to_owned())
        };
        if let Some(dm) = pack.rows.iter().find_map(named) {
            return dm;
        }
    }
    source.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Names of block devices by their number.
fn names(inputs: &Inputs) -> BTreeMap<String, &str> {
    let rows = inputs.storage.diskstats.first().map(|r| r.rows.as_slice()).unwrap_or_default();
    rows.iter().map(|d| (format!("{}:{}", d.major, d.minor), d.name.as_str())).collect()
}
