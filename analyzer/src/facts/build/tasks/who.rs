//! Names, control groups and listeners: who a task is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::super::method::socket::{Socket, State};
use super::super::super::plan::Sampled;
use super::super::load;

/// What several lists say about a process.
pub(in super::super) struct Who<'i> {
    pub(in super::super) own: BTreeSet<u32>,
    comms: BTreeMap<u32, &'i str>,
    cgroups: BTreeMap<u32, &'i [Box<str>]>,
    listeners: Listeners,
}

/// Who owns a listening socket, and of whom that is known.
#[derive(Default)]
struct Listeners {
    pids: BTreeSet<u32>,
    /// Every listening socket has a holder that was found, so nobody else is one.
    are_all: bool,
    /// Processes whose descriptors were read; nobody while the sockets were not.
    looked_at: BTreeSet<u32>,
}

impl<'i> Who<'i> {
    pub(in super::super) fn of(inputs: &'i Inputs) -> Self {
        let mut comms = BTreeMap::new();
        for (_, pack) in inputs.process.processes.good() {
            comms.extend(pack.rows.iter().map(|(pid, p)| (*pid, &*p.comm)));
        }
        let cgroups = inputs.sched.cgroups.first().ok();
        let cgroups = cgroups.into_iter().flat_map(|p| &p.rows).map(|(pid, c)| (*pid, &c[..]));
        Self {
            own: load::own(inputs),
            comms,
            cgroups: cgroups.collect(),
            listeners: Listeners::of(inputs),
        }
    }

    pub(in super::super) fn comm(&self, pid: u32) -> String {
        self.comms.get(&pid).copied().unwrap_or("?").to_owned()
    }

    /// Control group; the root is none.
    pub(in super::super) fn cgroup(&self, pid: u32) -> Option<String> {
        self.cgroups.get(&pid)?.first().map(ToString::to_string)
    }

    /// All control groups of all processes.
    pub(in super::super) fn cgroups(&self) -> impl Iterator<Item = (u32, &'i [Box<str>])> + '_ {
        self.cgroups.iter().map(|(pid, groups)| (*pid, *groups))
    }

    pub(in super::super) fn listens(&self, pid: u32) -> bool {
        self.listeners.pids.contains(&pid)
    }

    /// The same; `None` where neither its descriptors were read, nor all listeners are known.
    pub(in super::super) fn listens_surely(&self, pid: u32) -> Option<bool> {
        let is_known = self.listeners.are_all || self.listeners.looked_at.contains(&pid);
        (self.listens(pid) || is_known).then(|| self.listens(pid))
    }

    /// It belongs to a session of a user.
    pub(in super::super) fn is_in_session(&self, pid: u32) -> bool {
        self.cgroup(pid).is_some_and(|group| is_session(&group))
    }

    /// It belongs to a service of systemd or to a container, not to somebody's shell.
    pub(in super::super) fn is_service(&self, pid: u32) -> bool {
        let Some(group) = self.cgroup(pid) else { return false };
        let container = ["docker", "kubepods", "containerd", "crio", "libpod", "lxc"];
        !is_session(&group)
            && (group.contains(".service") || container.iter().any(|c| group.contains(c)))
    }
}

/// Within a session of a user: a shell and what it has started.
fn is_session(group: &str) -> bool {
    ["session-", "user@", "user.slice"].iter().any(|s| group.contains(s))
}

impl Listeners {
    fn of(inputs: &Inputs) -> Self {
        let listening = |sockets: &Vec<Socket>| -> Vec<u64> {
            let listen = sockets.iter().filter(|s| s.state == State::Listen && s.inode > 0);
            listen.map(|s| s.inode).collect()
        };
        let dumps = inputs.net.inet_diag.values().flat_map(Sampled::good);
        let tables = inputs.net.own_tcp();
        let mut lists =
            dumps.chain(tables.into_iter().flat_map(Sampled::good)).map(|(_, v)| v).peekable();
        if lists.peek().is_none() {
            return Self::default();
        }
        let inodes: BTreeSet<u64> = lists.flat_map(listening).collect();
        let mut unheld = inodes.clone();
        let mut pids = BTreeSet::new();
        let holders = inputs.process.socket_inodes.good().flat_map(|(_, p)| &p.rows);
        for ((pid, _), inode) in holders.filter(|(_, inode)| inodes.contains(inode)) {
            pids.insert(*pid);
            unheld.remove(inode);
        }
        let descriptors = inputs.sched.fds.first().map(|p| p.rows.as_slice()).unwrap_or_default();
        let looked_at = descriptors.iter().map(|((pid, _), _)| *pid).collect();
        Self { pids, are_all: unheld.is_empty(), looked_at }
    }
}
