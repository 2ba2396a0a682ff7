//! Which processes hold the sockets, and which are in a namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::parse::ps::PsRow;

use super::super::super::inputs::{Inputs, Limits};
use super::super::super::method::num::signed;
use super::super::pods::Pods;
use super::super::{Book, load, ps};

/// Names listed at most.
const MAX_NAMES: usize = 5;

/// Names of the processes that hold sockets.
pub(super) struct Owners {
    by_inode: BTreeMap<u64, u32>,
    names: BTreeMap<u32, String>,
    fd_limits: BTreeMap<u32, i64>,
    /// Processes by network namespace.
    members: BTreeMap<u64, Vec<u32>>,
    /// Why the owner of a socket is not known.
    why: Absence,
    /// Pods by process.
    pods: BTreeMap<u32, String>,
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
        let unseen = || {
            let detail = "no process is seen to hold them: the kernel does, or one whose \
                descriptors could not be read";
            Absence::of(Reason::Denied, &inputs.process.socket_inodes.path, detail)
        };
        let why = inputs.process.socket_inodes.first().err().unwrap_or_else(unseen);
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        for (_, ps) in inputs.process.ps.good() {
            let of_row =
                |row: &PsRow| Some((row.pid?, ps::name(row.command.as_deref()?).to_owned()));
            names.extend(ps.rows.iter().filter_map(of_row));
        }
        for owner in inputs.net.text_owners() {
            by_inode.entry(owner.inode).or_insert(owner.pid);
            names.entry(owner.pid).or_insert_with(|| owner.name.to_string());
        }
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
        let fd_limits = fd_limits.unwrap_or_default();
        let pods = pods(inputs);
        Self { by_inode, names, fd_limits, members, why, pods, has_kubernetes }
    }

    /// The pod whose processes are in a namespace.
    pub(super) fn pod(&self, namespace: u64) -> Option<&str> {
        let pids = self.members.get(&namespace)?;
        pids.iter().find_map(|pid| self.pods.get(pid)).map(String::as_str)
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

    /// Why the owner of a socket is not known.
    pub(super) const fn why(&self) -> &Absence {
        &self.why
    }

    /// Names of the processes that hold these sockets: none where no process holds any (TIME-WAIT),
    /// unknown where somebody holds them who was not seen.
    pub(super) fn names(&self, inodes: impl IntoIterator<Item = u64>) -> Option<Vec<String>> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut unseen = false;
        for inode in inodes.into_iter().filter(|inode| *inode != 0) {
            match self.name(inode) {
                Some(name) => _ = names.insert(name),
                None => unseen = true,
            }
        }
        let names: Vec<String> = names.into_iter().take(MAX_NAMES).map(str::to_owned).collect();
        (!names.is_empty() || !unseen).then_some(names)
    }

    /// Why a name lacks, for each row of a list that has none.
    pub(super) fn say_absences<T>(
        &self,
        list: &str,
        rows: &[T],
        of: impl Fn(&T) -> &Option<Vec<String>>,
        book: &mut Book,
    ) {
        for (i, _) in rows.iter().enumerate().filter(|(_, row)| of(row).is_none()) {
            book.absent(format!("{list}.{i}.owners"), self.why.clone());
        }
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

/// The pod of each process, by its control group.
fn pods(inputs: &Inputs) -> BTreeMap<u32, String> {
    let pods = Pods::of(inputs);
    let groups = inputs.process.cgroups.first().map(|p| p.rows.as_slice()).unwrap_or_default();
    let of = |(pid, group): &(u32, Box<str>)| Some((*pid, pods.of_group(group)?.to_owned()));
    groups.iter().filter_map(of).collect()
}
