//! Which processes hold the sockets, and which are in a namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::{Inputs, Limits};
use super::super::super::method::num::signed;
use super::super::load;

/// Names listed at most.
const MAX_NAMES: usize = 5;

/// Names of the processes that hold sockets.
pub(super) struct Owners {
    by_inode: BTreeMap<u64, u32>,
    names: BTreeMap<u32, String>,
    fd_limits: BTreeMap<u32, i64>,
    /// Processes by network namespace.
    members: BTreeMap<u64, Vec<u32>>,
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
        let mut members: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        if let Ok(pack) = inputs.net.namespaces.first() {
            for (pid, inode) in pack.rows.iter().filter(|(pid, _)| !own.contains(pid)) {
                members.entry(*inode).or_default().push(*pid);
            }
        }
        let has_kubernetes =
            names.values().any(|n| ["kubelet", "kube-proxy", "k3s-server"].contains(&n.as_str()));
        let fd_limits = inputs.process.limits.first().ok().map(|pack| {
            let limit = |(pid, l): &(u32, Limits)| Some((*pid, signed(l.open_files?)));
            pack.rows.iter().filter_map(limit).collect()
        });
        Self { by_inode, names, fd_limits: fd_limits.unwrap_or_default(), members, has_kubernetes }
    }

    /// The process that holds a socket.
    pub(super) fn pid(&self, inode: u64) -> Option<u32> {
        self.by_inode.get(&inode).copied()
    }

    /// Soft limit of open files.
    pub(super) fn fd_limit(&self, pid: u32) -> Option<i64> {
        self.fd_limits.get(&pid).copied()
    }

    /// The name of a process.
    pub(super) fn of_pid(&self, pid: u32) -> Option<&str> {
        self.names.get(&pid).map(String::as_str)
    }

    /// The name of the process that holds a socket.
    pub(super) fn name(&self, inode: u64) -> Option<&str> {
        self.of_pid(self.pid(inode)?)
    }

    /// Names of the processes that hold these sockets.
    pub(super) fn names(&self, inodes: impl IntoIterator<Item = u64>) -> Vec<String> {
        let names: BTreeSet<&str> = inodes.into_iter().filter_map(|i| self.name(i)).collect();
        names.into_iter().take(MAX_NAMES).map(str::to_owned).collect()
    }

    /// How many processes a namespace has, and the commonest names of them.
    pub(super) fn members(&self, namespace: u64) -> Option<(usize, Vec<String>)> {
        let pids = self.members.get(&namespace)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in pids.iter().filter_map(|pid| self.of_pid(*pid)) {
            *counts.entry(name).or_default() += 1;
        }
        let mut order: Vec<(&str, usize)> = counts.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let names = order.into_iter().take(MAX_NAMES).map(|(name, _)| name.to_owned()).collect();
        Some((pids.len(), names))
    }
}
