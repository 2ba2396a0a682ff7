//! Groups of sources, for `--only` and `--skip`.

/// What `--only` and `--skip` choose by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Kernel, distribution, container or not.
    Host,
    /// Kernel parameters as they are.
    Sysctl,
    /// Configuration files.
    Config,
    /// Processors, load, interrupts.
    Cpu,
    /// Memory, slab, swap, NUMA.
    Memory,
    /// Processes and threads.
    Process,
    /// Address spaces: walks that block the process's own mmap.
    Mm,
    /// Control groups.
    Cgroup,
    /// Interfaces, protocols, routes.
    Net,
    /// Disks, file systems.
    Block,
    /// Firmware tables, buses, sensors.
    Hardware,
    /// Kernel log and log lines.
    Logs,
    /// Native probes.
    Probes,
    /// Tools of the host.
    Commands,
}

impl Group {
    /// All groups, with their words.
    pub(crate) const ALL: [(Self, &'static str); 14] = [
        (Self::Host, "host"),
        (Self::Sysctl, "sysctl"),
        (Self::Config, "config"),
        (Self::Cpu, "cpu"),
        (Self::Memory, "memory"),
        (Self::Process, "process"),
        (Self::Mm, "mm"),
        (Self::Cgroup, "cgroup"),
        (Self::Net, "net"),
        (Self::Block, "block"),
        (Self::Hardware, "hardware"),
        (Self::Logs, "logs"),
        (Self::Probes, "probes"),
        (Self::Commands, "commands"),
    ];

    /// Its word on the command line.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(group, _)| *group == self).map_or("", |(_, word)| word)
    }

    /// The inverse of [`Group::word`].
    #[must_use]
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(group, _)| *group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_back_and_forth() {
        for (group, word) in Group::ALL {
            assert_eq!(group.word(), word);
            assert_eq!(Group::from_word(word), Some(group));
        }
        assert_eq!(Group::from_word("nothing"), None);
    }
}
