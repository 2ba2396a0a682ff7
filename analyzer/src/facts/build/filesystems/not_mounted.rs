//! What should be mounted and is not: a service may write into the empty directory below it.

use std::collections::BTreeSet;

use crate::facts::build::{Book, Lists};
use crate::facts::filesystems::NotMounted;
use crate::facts::inputs::Inputs;
use crate::facts::{List, Seen};
use crate::locator::Locator;
use crate::parse::fstab::Entry;

const FACT: &str = "not_mounted";
const MAX_ROWS: usize = 100;

pub(in crate::facts::build) fn build(
    inputs: &Inputs,
    book: &mut Book,
    lists: &mut Lists,
) -> List<NotMounted> {
    let storage = &inputs.storage;
    let Some(fstab) = book.first(FACT, &storage.fstab) else { return List::default() };
    let by_kernel = storage
        .mounts
        .first()
        .map(|rows| rows.rows.iter().map(|m| m.mount_point.as_str()).collect::<BTreeSet<_>>());
    let by_table = || {
        let rows = storage.mount_table.first()?;
        Ok(rows.rows.iter().map(|m| m.mount_point.as_str()).collect())
    };
    let mounted = match by_kernel.or_else(|_| by_table()) {
        Ok(mounted) => mounted,
        Err(absence) => {
            book.absent(FACT, absence);
            return List::default();
        }
    };
    let missing = fstab.rows.iter().filter(|e| is_wanted(e));
    let missing: Vec<&Entry> = missing.filter(|e| !mounted.contains(place(e).as_str())).collect();
    let mut items = Vec::new();
    for entry in missing.into_iter().take(MAX_ROWS) {
        let fact = format!("{FACT}.{}", items.len());
        book.source(fact, Locator::line(&storage.fstab.path, entry.line));
        items.push(NotMounted {
            mount_point: entry.mount_point.clone(),
            source: entry.source.clone(),
            fs_type: entry.fs_type.clone(),
            options: entry.options.clone(),
            may_lack: entry.has_option("nofail"),
        });
    }
    lists.insert(
        FACT.to_owned(),
        Seen { what: "tables of mounts read".to_owned(), seen: 1, expected: 1, ..Seen::default() },
    );
    List { items }
}

/// A place in the tree that is mounted at boot: no swap, nothing on demand.
fn is_wanted(entry: &Entry) -> bool {
    let on_demand = ["noauto", "x-systemd.automount", "comment=systemd.automount"];
    entry.mount_point.starts_with('/')
        && entry.fs_type != "swap"
        && !on_demand.iter().any(|option| entry.has_option(option))
}

/// `/data/` is `/data`, and below the links that every distribution has the kernel knows the target.
fn place(entry: &Entry) -> String {
    let place = entry.mount_point.trim_end_matches('/');
    match [("/var/run/", "/run/"), ("/var/lock/", "/run/lock/")]
        .iter()
        .find_map(|(link, target)| Some((target, place.strip_prefix(link)?)))
    {
        Some((target, rest)) => format!("{target}{rest}"),
        None if place.is_empty() => "/".to_owned(),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{SiteInputs, build};
    use crate::input::Snapshot;

    const FSTAB: &str = "UUID=1 / ext4 defaults 0 1\n\
        UUID=2 /data/ xfs defaults,nofail 0 2\n\
        nas:/x /mnt/nas nfs defaults 0 0\n\
        tmpfs /var/run/app tmpfs defaults 0 0\n\
        UUID=3 /boot ext4 defaults 0 2\n\
        UUID=4 /backup ext4 noauto 0 0\n\
        /swapfile none swap sw 0 0\n";

    #[test]
    fn lines_without_a_mount_are_named() {
        let mounts = "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 254:1 / /boot rw - ext4 /dev/vdb rw\n\
            29 27 0:9 / /run/app rw - tmpfs tmpfs rw\n";
        let files = [("etc/fstab", FSTAB), ("proc/1/mountinfo", mounts)];
        let f = build(&Snapshot::of_files(files), &SiteInputs::default());
        let all: Vec<(&str, bool)> =
            f.tree.not_mounted.items.iter().map(|n| (n.mount_point.as_str(), n.may_lack)).collect();
        assert_eq!(all, [("/data/", true), ("/mnt/nas", false)]);
        assert!(f.sources.get("not_mounted.1").is_some());
    }

    #[test]
    fn without_mounts_nothing_is_said() {
        let f = build(&Snapshot::of_files([("etc/fstab", FSTAB)]), &SiteInputs::default());
        assert!(f.tree.not_mounted.items.is_empty());
        assert!(f.absences.get("not_mounted").is_some());
    }
}
