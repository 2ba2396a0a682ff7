//! What this user may read, known before asking: on an audited host each refused open is a record
//! that somebody has to look at.

use rustix::fs::Stat;

const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_SYS_PTRACE: u32 = 19;

/// User, groups and capabilities of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    euid: u32,
    groups: Vec<u32>,
    reads_all: bool,
    traces_all: bool,
}

impl Access {
    /// Those of this process; `capabilities` is the mask of `CapEff`.
    #[must_use]
    pub(crate) fn own(capabilities: u64) -> Self {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap_or_default().iter().map(|g| g.as_raw()));
        let has = |capability: u32| capabilities >> capability & 1 == 1;
        Self {
            euid: rustix::process::geteuid().as_raw(),
            groups,
            reads_all: has(CAP_DAC_OVERRIDE) || has(CAP_DAC_READ_SEARCH),
            traces_all: has(CAP_SYS_PTRACE),
        }
    }

    /// Whether anything can be refused, so that asking first is worth its price.
    #[must_use]
    pub(crate) const fn needs_check(&self) -> bool {
        !(self.reads_all && self.traces_all)
    }

    /// Whether a file may be read. `ptrace`: the kernel asks for the right to trace the process,
    /// too, whatever the mode says. (An approximation of it: same user.)
    #[must_use]
    pub(crate) fn may_read(&self, stat: &Stat, ptrace: bool) -> bool {
        if ptrace && !self.traces_all && stat.st_uid != self.euid {
            return false;
        }
        let bit = if stat.st_uid == self.euid {
            0o400
        } else if self.groups.contains(&stat.st_gid) {
            0o040
        } else {
            0o004
        };
        self.reads_all || stat.st_mode & bit != 0
    }

    /// Whether a file may be read without its access time being touched.
    #[must_use]
    pub(crate) const fn may_keep_atime(&self, stat: &Stat) -> bool {
        self.euid == 0 && self.reads_all || stat.st_uid == self.euid
    }
}
