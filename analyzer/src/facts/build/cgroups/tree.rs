//! The files of control groups by group, whether v2 or v1.
//!
//! On v1 each controller has a tree of its own, all with the same paths in practice: files of one
//! path are taken together.

use std::collections::BTreeMap;

use super::super::super::plan::Pack;
use crate::parse::cgroup_path;

/// Files of one group: name and text.
pub(super) type Files<'i> = BTreeMap<&'i str, &'i str>;

/// Groups by path; the root is `/`.
pub(super) fn groups(pack: &Pack<String, String>) -> BTreeMap<String, Files<'_>> {
    let mut groups: BTreeMap<String, Files<'_>> = BTreeMap::new();
    for (key, text) in &pack.rows {
        let Some(place) = cgroup_path::parse(key) else { continue };
        let files = groups.entry(format!("/{}", place.group)).or_default();
        if place.tree == Some("unified") {
            // Beside the controllers of version 1 that tree has none, so their files tell more:
            // its `cpu.stat` knows no quota.
            files.entry(place.file).or_insert(text);
        } else {
            files.insert(place.file, text);
        }
    }
    groups
}

/// Processes by their groups' own lists (`cgroup.procs`), as archives of others have them.
pub(super) fn members(pack: &Pack<String, String>) -> BTreeMap<u32, Vec<String>> {
    let mut members: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (path, files) in groups(pack) {
        // A group of one path stands in several trees of v1, with the same processes.
        let listed = files.get("cgroup.procs").map_or("", |text| text);
        for pid in listed.lines().filter_map(|line| line.trim().parse().ok()) {
            members.entry(pid).or_default().push(path.clone());
        }
    }
    members
}

/// The group above; none above the root.
pub(super) fn parent(path: &str) -> Option<&str> {
    let (above, name) = path.rsplit_once('/')?;
    match (above, name) {
        ("", "") => None,
        ("", _) => Some("/"),
        (above, _) => Some(above),
    }
}

/// A group and all above it, the root last.
pub(super) fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |p| parent(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_by_path() {
        let rows = [
            "fs/cgroup/a/b/memory.max",
            "fs/cgroup/memory/a/b/memory.failcnt",
            "fs/cgroup/cpu,cpuacct/a/cpu.stat",
            "fs/cgroup/memory.stat",
        ];
        let pack = Pack {
            rows: rows.iter().map(|k| ((*k).to_owned(), "1".to_owned())).collect(),
            ..Pack::default()
        };
        let groups = groups(&pack);
        assert_eq!(groups.keys().collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
        assert_eq!(
            groups["/a/b"].keys().copied().collect::<Vec<_>>(),
            ["memory.failcnt", "memory.max"]
        );
        assert_eq!(upwards("/a/b").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
    }

    #[test]
    fn beside_version_1_the_unified_tree_tells_only_what_nothing_else_does() {
        let rows = [
            ("fs/cgroup/cpu,cpuacct/a/cpu.stat", "nr_periods 5"),
            ("fs/cgroup/unified/a/cpu.pressure", "some"),
            ("fs/cgroup/unified/a/cpu.stat", "usage_usec 7"),
        ];
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        let pack = Pack { rows: rows.iter().map(owned).collect(), ..Pack::default() };
        let groups = groups(&pack);
        assert_eq!(groups["/a"]["cpu.stat"], "nr_periods 5");
        assert_eq!(groups["/a"]["cpu.pressure"], "some");
    }
}
