//! Which processes hold the sockets.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::load;

/// Names of the processes that hold sockets.
pub(super) struct Owners {
    by_inode: BTreeMap<u64, u32>,
    names: BTreeMap<u32, String>,
    pub(super) has_kubernetes: bool,
}

impl Owners {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let own = load::own(inputs);
        let mut by_inode = BTreeMap::new();
        for (_, pack) in inputs.process.socket_inodes.good() {
            for ((pid, _), inode) in pack.rows.iter().filter(|(tid, _)| !own.contains(&tid.0)) {
                by_inode.entry(*inode).or_insert(*pid);
            }
        }
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        for (_, pack) in inputs.process.processes.good() {
            names.extend(pack.rows.iter().map(|(pid, p)| (*pid, p.comm.to_string())));
        }
        let has_kubernetes =
            names.values().any(|n| ["kubelet", "kube-proxy", "k3s-server"].contains(&n.as_str()));
        Self { by_inode, names, has_kubernetes }
    }

    pub(super) fn name(&self, inode: u64) -> Option<&str> {
        self.names.get(self.by_inode.get(&inode)?).map(String::as_str)
    }

    pub(super) fn names(&self, inodes: impl IntoIterator<Item = u64>) -> Vec<String> {
        let names: BTreeSet<&str> = inodes.into_iter().filter_map(|i| self.name(i)).collect();
        names.into_iter().take(5).map(str::to_owned).collect()
    }
}
