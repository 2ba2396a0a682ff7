//! File systems in memory that the host's own mounts do not show: those of containers, and the
//! private `/tmp` of services. How full they are was not measured, so they are who the rest of the
//! shared memory may belong to.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::shared::{Shared, TmpfsElsewhere};
use crate::facts::method::num::{len, signed};
use crate::locator::Locator;
use crate::parse::mountinfo::Mount;

const FACT: &str = "memory.shared.tmpfs_elsewhere";
const MAX_ROWS: usize = 10;

pub(super) fn find(inputs: &Inputs, shared: &mut Shared, book: &mut Book) {
    let source = &inputs.storage.tmpfs_elsewhere;
    let (pack, own) = match (source.first(), inputs.host.own_mounts.first()) {
        (Ok(pack), Ok(own)) => (pack, own),
        (Err(absence), _) | (_, Err(absence)) => {
            book.absent(FACT, absence.clone());
            book.absent(format!("{FACT}_count"), absence);
            return;
        }
    };
    let seen: BTreeSet<(u32, u32)> = own.rows.iter().map(|m| m.device).collect();
    // Each once, however many namespaces see it.
    let mut found: BTreeMap<(u32, u32), (u32, &Mount)> = BTreeMap::new();
    for (pid, mounts) in &pack.rows {
        for mount in mounts.iter().filter(|m| !seen.contains(&m.device)) {
            found.entry(mount.device).or_insert((*pid, mount));
        }
    }
    let row = |(pid, mount): &(u32, &Mount)| {
        let comm = inputs.process.processes.good().find_map(|(_, p)| p.get(pid));
        TmpfsElsewhere {
            mount_point: mount.mount_point.clone(),
            pid: (*pid).into(),
            comm: comm.map_or_else(|| "?".to_owned(), |p| p.comm.to_string()),
            limit_bytes: limit(&mount.super_options),
        }
    };
    let mut rows: Vec<TmpfsElsewhere> = found.values().map(row).collect();
    shared.tmpfs_elsewhere_count = Some(len(rows.len()));
    rows.sort_by_key(|t| (t.limit_bytes.is_some(), std::cmp::Reverse(t.limit_bytes), t.pid));
    rows.truncate(MAX_ROWS);
    shared.tmpfs_elsewhere = rows;
    for fact in [FACT.to_owned(), format!("{FACT}_count")] {
        book.source(fact, Locator::entry(&source.path));
    }
}

/// `size=65536k` of the options; the kernel prints it in KiB.
fn limit(options: &str) -> Option<i64> {
    let size = options.split(',').find_map(|o| o.strip_prefix("size=")?.strip_suffix('k'))?;
    Some(signed(size.parse::<u64>().ok()?.saturating_mul(1024)))
}

#[cfg(test)]
mod tests {
    use linsight_archive::{Outcome, pack};

    use crate::facts::{SiteInputs, build};
    use crate::input::Snapshot;

    #[test]
    fn what_only_containers_see_is_named_once() {
        let host =
            "25 1 0:23 / /run rw - tmpfs tmpfs rw,size=100k\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
        let inside = "40 1 0:23 / /run rw - tmpfs tmpfs rw,size=100k\n\
                      41 1 0:50 / /dev/shm rw - tmpfs shm rw,size=65536k,inode64\n\
                      42 1 0:51 / /cache rw - tmpfs tmpfs rw,inode64\n";
        let mut mounts = Vec::new();
        for pid in ["7", "9"] {
            pack::append(&mut mounts, pid, Outcome::Collected, 5, inside.as_bytes());
        }
        let files = vec![
            ("proc/meminfo".to_owned(), b"MemTotal: 8000000 kB\nShmem: 9000 kB\n".to_vec()),
            ("proc/self/mountinfo".to_owned(), host.as_bytes().to_vec()),
            ("packs/proc-pid/mountinfo".to_owned(), mounts),
        ];
        let f = build(&Snapshot::of_files(files), &SiteInputs::default());
        let shared = f.tree.memory.shared.as_ref().expect("shared memory");
        assert_eq!(shared.tmpfs_elsewhere_count, Some(2));
        let got: Vec<_> = shared
            .tmpfs_elsewhere
            .iter()
            .map(|t| (t.mount_point.as_str(), t.pid, t.limit_bytes))
            .collect();
        assert_eq!(got, [("/cache", 7, None), ("/dev/shm", 7, Some(64 << 20))]);
        let none =
            vec![("proc/meminfo".to_owned(), b"MemTotal: 8000000 kB\nShmem: 9 kB\n".to_vec())];
        let f = build(&Snapshot::of_files(none), &SiteInputs::default());
        assert!(f.tree.memory.shared.as_ref().unwrap().tmpfs_elsewhere_count.is_none());
        assert!(f.absences.get("memory.shared.tmpfs_elsewhere_count").is_some());
    }
}
