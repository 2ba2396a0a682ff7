//! Names, control groups and listeners: who a task is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::inputs::Inputs;
use super::super::super::method::socket::{Socket, State};
use super::super::super::plan::Sampled;
use super::super::load;
use super::super::place::Place;

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
    /// Holders of sockets of which it is not known that they are a mere client's: of other families
    /// than TCP, and of connections to a port on which this host listens.
    may_serve: BTreeSet<u32>,
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

    /// Its descriptors were read, and the host's sockets too.
    pub(in super::super) fn was_looked_at(&self, pid: u32) -> bool {
        self.listeners.looked_at.contains(&pid)
    }

    /// It holds a socket that may be a server's.
    pub(in super::super) fn may_serve(&self, pid: u32) -> bool {
        self.listeners.may_serve.contains(&pid)
    }

    /// What its control group says; `None` where that was not read.
    pub(in super::super) fn place(&self, pid: u32) -> Option<Place> {
        let groups = self.cgroups.get(&pid)?;
        Some(groups.first().map_or(Place::Other, |group| Place::of(group)))
    }

    /// Whether it accepts connections of others than its own user, as one that belongs there.
    /// `None` where that is not known: a listener in a session serves its user or everybody, and
    /// of other sockets than those of TCP it is not known what they are for.
    pub(in super::super) fn accepts(&self, pid: u32, place: Option<Place>) -> Option<bool> {
        let listens = self.listens_surely(pid);
        let may_serve = self.may_serve(pid) || !self.was_looked_at(pid);
        match place {
            Some(Place::Service) => listens,
            Some(Place::Session) => listens.filter(|listens| !listens),
            Some(Place::Other) => listens.filter(|listens| *listens || !may_serve),
            None => listens.filter(|listens| *listens),
        }
    }

    /// It belongs to a service of systemd, a container or a virtual machine, not to somebody's
    /// shell.
    pub(in super::super) fn is_service(&self, pid: u32) -> bool {
        self.place(pid) == Some(Place::Service)
    }
}

impl Listeners {
    fn of(inputs: &Inputs) -> Self {
        let dumps = inputs.net.inet_diag.values().flat_map(Sampled::good);
        let tables = inputs.net.own_tcp();
        let lists: Vec<&Vec<Socket>> =
            dumps.chain(tables.into_iter().flat_map(Sampled::good)).map(|(_, v)| v).collect();
        if lists.is_empty() {
            return Self::default();
        }
        let sockets = || lists.iter().flat_map(|list| list.iter()).filter(|s| s.inode > 0);
        let listening = || sockets().filter(|s| s.state == State::Listen);
        let inodes: BTreeSet<u64> = listening().map(|s| s.inode).collect();
        let ports: BTreeSet<u16> = listening().map(|s| s.local.port()).collect();
        let clients: BTreeSet<u64> =
            sockets().filter(|s| !ports.contains(&s.local.port())).map(|s| s.inode).collect();
        let mut unheld = inodes.clone();
        let (mut pids, mut may_serve) = (BTreeSet::new(), BTreeSet::new());
        let holders = inputs.process.socket_inodes.good().flat_map(|(_, p)| &p.rows);
        for ((pid, _), inode) in holders {
            if inodes.contains(inode) {
                pids.insert(*pid);
                unheld.remove(inode);
            } else if !clients.contains(inode) {
                may_serve.insert(*pid);
            }
        }
        let descriptors = inputs.sched.fds.first().map(|p| p.rows.as_slice()).unwrap_or_default();
        let looked_at = descriptors.iter().map(|((pid, _), _)| *pid).collect();
        Self { pids, are_all: unheld.is_empty(), looked_at, may_serve }
    }
}
