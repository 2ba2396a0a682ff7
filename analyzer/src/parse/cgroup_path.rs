//! Where the files of a control group stand below `/sys/fs/cgroup`, whether version 2 or 1.
//!
//! <https://man7.org/linux/man-pages/man7/cgroups.7.html>
//!
//! ```text
//! fs/cgroup/system.slice/nginx.service/memory.max             version 2
//! fs/cgroup/memory/system.slice/nginx.service/memory.stat     version 1: a tree for each controller
//! ```
//!
//! The trees of version 1 have the same paths in practice, so a path names one group in all of
//! them.

/// Mount points of v1 controllers, and where hybrid hosts have v2.
const TREES: [&str; 14] = [
    "unified",
    "memory",
    "cpu,cpuacct",
    "cpuacct,cpu",
    "cpu",
    "cpuacct",
    "pids",
    "blkio",
    "cpuset",
    "devices",
    "freezer",
    "systemd",
    "hugetlb",
    "net_cls,net_prio",
];

/// A file of a control group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFile<'a> {
    /// The tree of version 1, or `unified`; `None` where all is version 2.
    pub tree: Option<&'static str>,
    /// Path of the group without the slash at its beginning: empty for the root.
    pub group: &'a str,
    /// Its name: `memory.max`.
    pub file: &'a str,
}

/// Takes a path below `/sys` apart; `None` for what is no file of a control group.
#[must_use]
pub fn parse(path: &str) -> Option<GroupFile<'_>> {
    let rest = path.strip_prefix("fs/cgroup/")?;
    let in_tree = |tree: &'static str| Some((tree, rest.strip_prefix(tree)?.strip_prefix('/')?));
    let found = TREES.into_iter().find_map(in_tree);
    let (group, file) = found
        .map_or(rest, |(_, rest)| rest)
        .rsplit_once('/')
        .unwrap_or(("", found.map_or(rest, |(_, rest)| rest)));
    Some(GroupFile { tree: found.map(|(tree, _)| tree), group, file })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "fs/cgroup/memory/system.slice/nginx.service/memory.stat";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_and_the_root() {
        let v1 = parse(SAMPLE).unwrap();
        assert_eq!(
            (v1.tree, v1.group, v1.file),
            (Some("memory"), "system.slice/nginx.service", "memory.stat")
        );
        let of = |path| parse(path).map(|f| (f.tree, f.group, f.file));
        assert_eq!(of("fs/cgroup/a/b/cpu.stat"), Some((None, "a/b", "cpu.stat")));
        assert_eq!(of("fs/cgroup/cgroup.stat"), Some((None, "", "cgroup.stat")));
        let root = Some((Some("cpu,cpuacct"), "", "cpu.stat"));
        assert_eq!(of("fs/cgroup/cpu,cpuacct/cpu.stat"), root);
        assert_eq!(of("fs/cgroup/cpuset.slice/x"), Some((None, "cpuset.slice", "x")));
        assert_eq!(of("fs/ext4/sda1/errors_count"), None);
    }
}
