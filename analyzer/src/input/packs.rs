//! Packs made of the small files of other archives: per-process files and /sys, so that the
//! stages behind know one form only.

use std::collections::BTreeMap;

use linsight_archive::{Outcome, pack};

use super::Limits;
use super::blobs::Blob;
use super::tree::{Node, Tree};

/// Per-process files that become packs.
const PID_KINDS: [&str; 15] = [
    "stat",
    "statm",
    "status",
    "cmdline",
    "limits",
    "io",
    "cgroup",
    "wchan",
    "stack",
    "syscall",
    "oom_score_adj",
    "maps",
    "smaps_rollup",
    "smaps",
    "numa_maps",
];

/// Per-thread files that become packs.
const TASK_KINDS: [&str; 4] = ["stat", "wchan", "stack", "syscall"];

/// Groups of /sys and the directories whose files they hold. The step behind each directory is
/// followed if it is a link (`class/net/eth0`), as is `device` in it.
const SYS_GROUPS: &[(&str, &[&str])] = &[
    ("cpu", &["devices/system/cpu", "devices/system/clocksource"]),
    ("node", &["devices/system/node"]),
    ("mm", &["kernel/mm", "module/zswap"]),
    ("block", &["block", "class/nvme", "class/scsi_host"]),
    ("fs", &["fs/ext4", "fs/xfs", "fs/btrfs", "fs/fuse"]),
    ("net", &["class/net"]),
    ("dmi", &["class/dmi/id"]),
    ("hypervisor", &["hypervisor"]),
    ("pci", &["bus/pci/devices"]),
    ("edac", &["devices/system/edac"]),
];

/// Files of control groups that are read. A sosreport copies the whole tree, with some 60 files in
/// each group.
const CGROUP_FILES: [&str; 31] = [
    "cgroup.procs",
    "cgroup.stat",
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.max",
    "cpu.pressure",
    "cpu.shares",
    "cpu.stat",
    "cpu.weight",
    "cpuacct.usage",
    "cpuset.cpus.effective",
    "cpuset.effective_cpus",
    "io.pressure",
    "io.stat",
    "memory.current",
    "memory.events",
    "memory.failcnt",
    "memory.high",
    "memory.kmem.usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.max",
    "memory.oom_control",
    "memory.pressure",
    "memory.stat",
    "memory.swap.current",
    "memory.swap.events",
    "memory.swap.max",
    "memory.usage_in_bytes",
    "pids.current",
    "pids.events",
    "pids.max",
];

/// Records of one group of /sys at most: a host with 1,000 disks has some 100,000.
const MAX_RECORDS: usize = 1 << 18;

/// A pack to be made.
#[derive(Debug, Default)]
pub(super) struct Made {
    records: Vec<(String, Value)>,
}

#[derive(Debug)]
enum Value {
    Content(Blob),
    Target(String),
    Dropped,
}

impl Made {
    /// The bytes of the pack.
    pub(super) fn bytes(&self, tree: &Tree) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in &self.records {
            let (outcome, content) = match value {
                Value::Content(blob) => (Outcome::Collected, tree.blob(*blob)),
                Value::Target(target) => (Outcome::Collected, target.as_bytes()),
                Value::Dropped => (Outcome::Skipped, &[][..]),
            };
            pack::append(&mut out, key, outcome, 0, content);
        }
        out
    }

    fn push(&mut self, key: String, node: &Node) {
        let value = match node {
            Node::File(blob) => Value::Content(*blob),
            Node::Link(target) => Value::Target(target.clone()),
            Node::Dropped(_) => Value::Dropped,
        };
        self.records.push((key, value));
    }
}

/// All packs of a tree, by path.
pub(super) fn packs(tree: &Tree, limits: &Limits) -> BTreeMap<String, Made> {
    let mut out: BTreeMap<String, Made> = BTreeMap::new();
    for (rest, node) in tree.below("proc") {
        if let Some((pack, key)) = process(rest) {
            out.entry(pack).or_default().push(key, node);
        }
    }
    for (group, dirs) in SYS_GROUPS {
        let mut made = Made::default();
        for dir in *dirs {
            let mut walk = Walk { tree, limits, made: &mut made };
            walk.dir(&format!("sys/{dir}"), dir, Follow::Names);
        }
        if !made.records.is_empty() {
            out.insert(format!("packs/sys/{group}"), made);
        }
    }
    let groups = control_groups(tree);
    if !groups.records.is_empty() {
        out.insert("packs/sys/cgroup".to_owned(), groups);
    }
    out
}

/// Files of control groups. Links are left out: on v1 they give a tree a second name.
fn control_groups(tree: &Tree) -> Made {
    let mut made = Made::default();
    for (rest, node) in tree.below("sys/fs/cgroup") {
        let file = rest.rsplit('/').next().unwrap_or(rest);
        if made.records.len() >= MAX_RECORDS {
            break;
        }
        if matches!(node, Node::File(_)) && CGROUP_FILES.binary_search(&file).is_ok() {
            made.push(format!("fs/cgroup/{rest}"), node);
        }
    }
    made
}

/// Pack and key of `1234/status`, `1234/fd/7`, `1234/task/1235/stat`.
pub(super) fn process(rest: &str) -> Option<(String, String)> {
    let steps: Vec<&str> = rest.split('/').collect();
    let number = |step: &str| !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    match steps.as_slice() {
        [pid, kind] if number(pid) && (PID_KINDS.contains(kind) || *kind == "exe") => {
            Some((format!("packs/proc-pid/{kind}"), (*pid).to_owned()))
        }
        [pid, kind @ ("ns" | "fd"), name] if number(pid) => {
            Some((format!("packs/proc-pid/{kind}"), format!("{pid}/{name}")))
        }
        [pid, "task", tid, kind] if number(pid) && number(tid) && TASK_KINDS.contains(kind) => {
            Some((format!("packs/proc-task/{kind}"), format!("{pid}/{tid}")))
        }
        _ => None,
    }
}

/// Which links of a directory are followed.
#[derive(Clone, Copy)]
enum Follow {
    /// All: `class/net/eth0` is a link.
    Names,
    /// The device behind it.
    Device,
    /// None, and nothing deep: a device's directory holds its children's again.
    Nothing,
}

struct Walk<'a, 'm> {
    tree: &'a Tree,
    limits: &'a Limits,
    made: &'m mut Made,
}

impl Walk<'_, '_> {
    fn dir(&mut self, dir: &str, key: &str, follow: Follow) {
        let Some(real) = self.tree.real(dir, self.limits) else { return };
        for (rest, node) in self.tree.below(&real) {
            if self.made.records.len() >= MAX_RECORDS {
                return;
            }
            let depth = rest.matches('/').count();
            if matches!(follow, Follow::Nothing) && depth > 1 {
                continue;
            }
            let key = format!("{key}/{rest}");
            self.made.push(key.clone(), node);
            let inner = match follow {
                Follow::Names if depth == 0 => Follow::Device,
                Follow::Device if rest == "device" => Follow::Nothing,
                _ => continue,
            };
            if matches!(node, Node::Link(_)) {
                self.dir(&format!("{real}/{rest}"), &key, inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linsight_archive::pack::records;

    #[test]
    fn process_files_have_a_pack_and_a_key() {
        let of = |rest| process(rest).map(|(pack, key)| format!("{pack} {key}"));
        assert_eq!(of("7/status").unwrap(), "packs/proc-pid/status 7");
        assert_eq!(of("7/fd/3").unwrap(), "packs/proc-pid/fd 7/3");
        assert_eq!(of("7/task/8/stat").unwrap(), "packs/proc-task/stat 7/8");
        assert_eq!(of("7/environ"), None);
        assert_eq!(of("sys/stat"), None);
        assert_eq!(of("meminfo"), None);
    }

    #[test]
    fn control_groups_have_a_pack_without_what_nobody_reads() {
        let mut tree = Tree::default();
        for (path, content) in [
            ("memory/a.slice/memory.limit_in_bytes", "4096\n"),
            ("memory/a.slice/memory.kmem.slabinfo", "x\n"),
            ("cpu,cpuacct/a.slice/cgroup.procs", "7\n8\n"),
        ] {
            tree.file(&format!("sys/fs/cgroup/{path}"), content.as_bytes(), &Limits::default());
        }
        tree.node("sys/fs/cgroup/cpu", Node::Link("cpu,cpuacct".to_owned()));
        let packs = packs(&tree, &Limits::default());
        let bytes = packs["packs/sys/cgroup"].bytes(&tree);
        let keys: Vec<String> = records(&bytes).map(|r| r.unwrap().key.into_owned()).collect();
        let (cpu, memory) = ("cpu,cpuacct/a.slice", "memory/a.slice");
        assert_eq!(
            keys,
            [
                format!("fs/cgroup/{cpu}/cgroup.procs"),
                format!("fs/cgroup/{memory}/memory.limit_in_bytes")
            ]
        );
        assert!(CGROUP_FILES.is_sorted(), "they are searched in order");
    }

    #[test]
    fn sys_is_followed_through_its_links() {
        let limits = Limits::default();
        let mut tree = Tree::default();
        let device = "sys/devices/pci0000:00/0000:00:03.0";
        for (path, content) in [("net/ens3/mtu", "1500\n"), ("numa_node", "0\n")] {
            tree.file(&format!("{device}/{path}"), content.as_bytes(), &limits);
        }
        let links = [
            ("sys/class/net/ens3", "../../devices/pci0000:00/0000:00:03.0/net/ens3"),
            ("sys/devices/pci0000:00/0000:00:03.0/net/ens3/device", "../../../0000:00:03.0"),
            ("sys/devices/pci0000:00/0000:00:03.0/driver", "../../../bus/pci/drivers/e1000e"),
            ("sys/class/net/loop", "../net"),
        ];
        for (path, target) in links {
            tree.node(path, Node::Link(target.to_owned()));
        }
        let packs = packs(&tree, &limits);
        let bytes = packs["packs/sys/net"].bytes(&tree);
        let all: BTreeMap<_, _> =
            records(&bytes).map(Result::unwrap).map(|r| (r.key.into_owned(), r.content)).collect();
        let text = |key: &str| std::str::from_utf8(all[key]).unwrap();
        assert_eq!(text("class/net/ens3/mtu"), "1500\n");
        assert_eq!(text("class/net/ens3/device/numa_node"), "0\n");
        assert_eq!(text("class/net/ens3/device/driver"), "../../../bus/pci/drivers/e1000e");
        assert!(all.len() < 20, "{:?}", all.keys());
    }
}
