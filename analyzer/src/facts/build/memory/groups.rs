//! Control groups that the kernel keeps, and those of them that were removed.
//!
//! A group that is removed stays as long as something that was charged to it does: a page of the
//! cache, a slab object. Each holds counters for every CPU, so a host that makes and removes a group
//! for every job collects thousands of them, and nothing but this number shows it.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::env::Env;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::method::num::{len, signed};
use crate::facts::plan::Pack;
use crate::locator::Locator;
use crate::parse::{cgroup, cgroup_path};

const GROUPS: &str = "memory.groups";
const REMOVED: &str = "memory.removed_groups";
/// The file of each group by which those of version 1 are counted.
const V1_FILE: &str = "memory.usage_in_bytes";
/// Groups of which the collector reads no more: then not all were seen.
const MOST: usize = 4900;

/// Groups there are, groups removed, and where the second stands.
struct Count {
    groups: i64,
    removed: i64,
    sources: Vec<Locator>,
}

pub(in crate::facts::build) fn build(
    inputs: &Inputs,
    env: &Env,
    memory: &mut Memory,
    book: &mut Book,
) {
    let source = &inputs.sched.groups;
    let missing =
        || Absence::of(Reason::Missing, &source.path, "no cgroup.stat of the root (4.14)");
    let nowhere = || Err(source.first().err().unwrap_or_else(missing));
    let count = version_1(inputs, env).or_else(|| version_2(inputs)).unwrap_or_else(nowhere);
    for fact in [GROUPS, REMOVED] {
        match &count {
            Ok(count) => book.sources(fact, count.sources.clone()),
            Err(absence) => book.absent(fact, absence.clone()),
        }
    }
    if let Ok(count) = count {
        memory.groups = Some(count.groups);
        memory.removed_groups = Some(count.removed);
    }
}

/// The root of version 2 tells both.
fn version_2(inputs: &Inputs) -> Option<Result<Count, Absence>> {
    let source = &inputs.sched.groups;
    let (reading, pack) = source.good().next_back()?;
    let key = "fs/cgroup/cgroup.stat";
    let stat = cgroup::parse(pack.get(key)?).ok()?;
    let removed = stat.get("nr_dying_descendants")?;
    let groups = stat.get("nr_descendants")?;
    let sources = vec![Locator::record(source.entry(reading.pass), key)];
    Some(Ok(Count { groups, removed, sources }))
}

/// Version 1 counts all in `/proc/cgroups`: those that were not seen are gone. `None` where memory
/// is in the tree of version 2.
fn version_1(inputs: &Inputs, env: &Env) -> Option<Result<Count, Absence>> {
    let table = &inputs.host.cgroups;
    let row = table.first().ok()?.rows.iter().find(|c| c.name == "memory" && c.hierarchy > 0)?;
    if env.container_view == Some(true) {
        let why = "a container sees the host's number, and its own groups only";
        return Some(Err(Absence::of(Reason::NotApplicable, &table.path, why)));
    }
    let source = &inputs.sched.groups;
    let (reading, pack) = source.good().next()?;
    let seen = seen(pack);
    if seen == 0 || seen >= MOST {
        let why = "not all control groups were seen";
        return Some(Err(Absence::of(Reason::NotCollected, &source.path, why)));
    }
    let kept = signed(row.groups);
    let sources = vec![Locator::entry(&table.path), Locator::entry(source.entry(reading.pass))];
    // The root is none of the groups below it.
    let groups = len(seen) - 1;
    Some(Ok(Count { groups, removed: (kept - len(seen)).max(0), sources }))
}

fn seen(pack: &Pack<String, String>) -> usize {
    let of_memory = |key: &str| {
        key.ends_with(V1_FILE)
            && cgroup_path::parse(key)
                .is_some_and(|f| f.tree == Some("memory") && f.file == V1_FILE)
    };
    pack.rows.iter().filter(|(key, _)| of_memory(key)).count()
}

#[cfg(test)]
mod tests {
    use crate::facts::{Facts, SiteInputs};
    use crate::input::Snapshot;
    use linsight_archive::{Outcome, pack};

    fn facts(records: &[(&str, &str)], others: &[(&str, &str)]) -> Facts {
        let mut bytes = Vec::new();
        for (key, content) in records {
            pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
        }
        let file = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        let mut files: Vec<(String, Vec<u8>)> = others.iter().map(file).collect();
        files.push(("packs/sys/cgroup".to_owned(), bytes));
        files.push(("proc/meminfo".to_owned(), b"MemTotal: 8000000 kB\n".to_vec()));
        crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default())
    }

    const V1: [(&str, &str); 3] = [
        ("fs/cgroup/memory/memory.usage_in_bytes", "9\n"),
        ("fs/cgroup/memory/a/memory.usage_in_bytes", "9\n"),
        // Of another tree: of groups that memory does not know.
        ("fs/cgroup/unified/cgroup.stat", "nr_descendants 7\nnr_dying_descendants 3\n"),
    ];
    const TABLE: (&str, &str) =
        ("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t59\t1\n");

    #[test]
    fn the_root_of_version_2_tells() {
        let stat = "nr_descendants 120\nnr_subsys_memory 110\nnr_dying_descendants 4711\n";
        let table = ("proc/cgroups", "#subsys_name\thierarchy\nmemory\t0\t4831\t1\n");
        let f = facts(&[("fs/cgroup/cgroup.stat", stat)], &[table]);
        assert_eq!((f.tree.memory.groups, f.tree.memory.removed_groups), (Some(120), Some(4711)));
    }

    #[test]
    fn version_1_counts_groups_that_are_nowhere_to_be_seen() {
        let f = facts(&V1, &[TABLE]);
        assert_eq!((f.tree.memory.groups, f.tree.memory.removed_groups), (Some(1), Some(57)));
    }

    #[test]
    fn a_container_counts_nothing_and_a_host_without_both_says_why() {
        let f = facts(&V1, &[TABLE, ("run/systemd/container", "lxc\n")]);
        assert_eq!(f.tree.memory.removed_groups, None);
        assert!(f.absences.get("memory.removed_groups").unwrap().to_string().contains("container"));
        let f = facts(&[("fs/cgroup/a/memory.max", "max\n")], &[]);
        assert!(
            f.absences.get("memory.removed_groups").unwrap().to_string().contains("cgroup.stat")
        );
    }
}
