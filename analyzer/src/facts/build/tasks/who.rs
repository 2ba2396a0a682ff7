//! Names, control groups and listeners: who a task is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::super::method::socket::{Socket, State};
use super::super::load;

/// What several lists say about a process.
pub(in super::super) struct Who<'i> {
    pub(in super::super) own: BTreeSet<u32>,
    comms: BTreeMap<u32, &'i str>,
    cgroups: BTreeMap<u32, &'i [Box<str>]>,
    listeners: BTreeSet<u32>,
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
            listeners: listeners(inputs),
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
        self.listeners.contains(&pid)
    }

    /// It belongs to a service of systemd or to a container, not to somebody's shell.
    pub(in super::super) fn is_service(&self, pid: u32) -> bool {
        let Some(group) = self.cgroup(pid) else { return false };
        let container = ["docker", "kubepods", "containerd", "crio", "libpod", "lxc"];
        let session = ["session-", "user@", "user.slice"].iter().any(|s| group.contains(s));
        !session && (group.contains(".service") || container.iter().any(|c| group.contains(c)))
    }
}

/// Processes that own a listening TCP socket.
fn listeners(inputs: &Inputs) -> BTreeSet<u32> {
    let listening = |sockets: &Vec<Socket>| -> Vec<u64> {
        let listen = sockets.iter().filter(|s| s.state == State::Listen && s.inode > 0);
        listen.map(|s| s.inode).collect()
    };
    let dumps = inputs.net.inet_diag.values().flat_map(|s| s.good().map(|(_, v)| listening(v)));
    let tables = inputs.net.own_tcp();
    let tables = tables.iter().flat_map(|s| s.good().map(|(_, v)| listening(v)));
    let inodes: BTreeSet<u64> = dumps.chain(tables).flatten().collect();
    let holders = inputs.process.socket_inodes.good().flat_map(|(_, p)| &p.rows);
    holders.filter(|(_, inode)| inodes.contains(inode)).map(|((pid, _), _)| *pid).collect()
}
