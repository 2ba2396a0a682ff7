//! What the out-of-memory killer writes: several lines an event, in three wordings since 2.6.32.
//!
//! ```text
//! oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/a,task_memcg=/a,task=java,pid=71,uid=0     5.0
//! Memory cgroup out of memory: Killed process 71 (java) total-vm:4096kB, anon-rss:2048kB, …     5.3
//! Task in /a killed as a result of limit of /a                                             … 4.19
//! Memory cgroup out of memory: Kill process 71 (java) score 900 or sacrifice child         … 5.2
//! Killed process 71 (java) total-vm:4096kB, anon-rss:2048kB, file-rss:0kB                  … 5.2
//! ```

/// What ran out of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The whole host.
    #[default]
    Host,
    /// A control group, at its limit.
    Cgroup,
    /// The nodes of a cpuset.
    Cpuset,
    /// The nodes of a memory policy.
    MemoryPolicy,
}

impl Scope {
    /// The word of facts and rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Cgroup => "cgroup",
            Self::Cpuset => "cpuset",
            Self::MemoryPolicy => "memory-policy",
        }
    }
}

/// A process that the kernel killed for memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kill {
    /// Process id.
    pub pid: u32,
    /// Command name.
    pub comm: String,
    /// What ran out.
    pub scope: Scope,
    /// The control group at its limit.
    pub cgroup: Option<String>,
    /// Its address space.
    pub virtual_bytes: Option<u64>,
    /// Its anonymous memory.
    pub anon_bytes: Option<u64>,
    /// Its resident shared memory.
    pub shmem_bytes: Option<u64>,
    /// How much the kernel was told to prefer or spare it.
    pub oom_score_adj: Option<i32>,
}

/// What the lines before the kill said.
#[derive(Debug, Default)]
pub(super) struct State {
    scope: Scope,
    cgroup: Option<String>,
}

impl State {
    /// Looks at every message: a new report begins with `invoked oom-killer`.
    pub(super) fn observe(&mut self, text: &str) {
        if text.contains("invoked oom-killer") {
            *self = Self::default();
        } else if let Some((_, rest)) = text.split_once("oom-kill:constraint=CONSTRAINT_") {
            let mut fields = rest.split(',');
            self.scope = match fields.next() {
                Some("MEMCG") => Scope::Cgroup,
                Some("CPUSET") => Scope::Cpuset,
                Some("MEMORY_POLICY") => Scope::MemoryPolicy,
                _ => Scope::Host,
            };
            self.cgroup = fields.find_map(|f| f.strip_prefix("oom_memcg=")).map(str::to_owned);
        } else if text.starts_with("Memory cgroup out of memory") {
            self.scope = Scope::Cgroup;
        } else if text.starts_with("Task in ")
            && let Some((_, limit)) = text.split_once(" as a result of limit of ")
        {
            self.scope = Scope::Cgroup;
            self.cgroup = Some(limit.trim_ascii().to_owned());
        }
    }

    /// The kill that a line tells of.
    pub(super) fn kill(&self, text: &str) -> Option<Kill> {
        let (_, rest) = text.split_once("Killed process ")?;
        let (pid, rest) = rest.split_once(' ')?;
        let (comm, figures) = rest.strip_prefix('(')?.split_once(')')?;
        let size = |key: &str| {
            let (_, value) = figures.split_once(key)?;
            value.split_once("kB")?.0.parse::<u64>().ok()?.checked_mul(1024)
        };
        let adj = figures.split_once("oom_score_adj:").map(|(_, adj)| adj.trim_ascii());
        Some(Kill {
            pid: pid.trim_end_matches(',').parse().ok()?,
            comm: comm.to_owned(),
            scope: self.scope,
            cgroup: self.cgroup.clone().filter(|_| self.scope == Scope::Cgroup),
            virtual_bytes: size("total-vm:"),
            anon_bytes: size("anon-rss:"),
            shmem_bytes: size("shmem-rss:"),
            oom_score_adj: adj
                .and_then(|a| a.split(|c: char| c.is_whitespace()).next()?.parse().ok()),
        })
    }
}
