//! What the kernel's log tells, by kind of event.
//!
//! Ages count back from the moment the log was read. An event within the window is evidence of
//! now; one of the last day says that something has happened; an older one is history.

use schemars::JsonSchema;
use serde::Serialize;

use crate::parse::kernel_event::{Kind, with_kinds};

macro_rules! chapter {
    ($($kind:ident $name:ident $doc:literal,)+) => {
        /// The kernel's log. Without a log all of it is absent; with one, what did not happen has
        /// a count of 0.
        #[derive(Debug, Default, Serialize, JsonSchema)]
        pub struct KernelLog {
            /// Messages that were read.
            pub messages: Option<i64>,
            /// How far back they reach.
            pub reaches_back_s: Option<f64>,
            /// They reach back a day, or to the start of the host if that is later: what is not
            /// there did not happen.
            pub covers_day: Option<bool>,
            /// Processes killed for memory, the latest first; at most 50.
            pub oom_kills: Vec<OomKill>,
            /// The same by command and by what ran out, the latest first; at most 50.
            pub oom_victims: Vec<OomVictim>,
            $(#[doc = $doc] pub $name: Option<Events>,)+
        }

        impl KernelLog {
            /// The events of a kind.
            pub(crate) const fn of(&mut self, kind: Kind) -> &mut Option<Events> {
                match kind {
                    $(Kind::$kind => &mut self.$name,)+
                }
            }
        }

        /// What an event of each fact is, in words.
        pub(crate) const MEANINGS: &[(&str, &str)] = &[$((stringify!($name), $doc),)+];

        /// Kinds with the names of their facts.
        pub(crate) const KINDS: &[(Kind, &str)] = &[$((Kind::$kind, stringify!($name)),)+];
    };
}
with_kinds!(chapter);

/// Events of one kind.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Events {
    /// In the whole log.
    pub count: i64,
    /// Within the window (without samples: in the minute before the snapshot).
    pub in_window: i64,
    /// In the last 24 hours, the window included.
    pub in_day: i64,
    /// Whose time could not be told.
    pub undated: i64,
    /// How long ago the first was.
    pub first_age_s: Option<f64>,
    /// How long ago the last was.
    pub last_age_s: Option<f64>,
    /// When the last was, seconds since 1970 UTC.
    pub last_unix_s: Option<f64>,
    /// Whom they concern, those with most events first; at most 20.
    pub subjects: Vec<Subject>,
    /// The last three messages, the latest first.
    pub latest: Vec<Message>,
}

/// One whom events concern: a device, an interface, a task.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Events in the whole log.
    pub count: i64,
    /// Within the window.
    pub in_window: i64,
    /// In the last 24 hours.
    pub in_day: i64,
    /// How long ago the last was.
    pub last_age_s: Option<f64>,
    /// A control group that is no longer there; absent for what is none.
    pub group_gone: Option<bool>,
}

/// A message.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Message {
    /// Its text, shortened.
    pub text: String,
    /// How long ago.
    pub age_s: Option<f64>,
    /// Seconds since the first sample; only within the window.
    pub at_s: Option<f64>,
}

/// A process that the kernel killed for memory.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct OomKill {
    /// Process id.
    pub pid: i64,
    /// Command name.
    pub comm: String,
    /// What ran out of memory: `host`, `cgroup`, `cpuset` or `memory-policy`.
    pub scope: String,
    /// The control group at its limit.
    pub cgroup: Option<String>,
    /// Anonymous memory of the victim.
    pub anon_bytes: Option<i64>,
    /// Shared memory of the victim.
    pub shmem_bytes: Option<i64>,
    /// Address space of the victim.
    pub virtual_bytes: Option<i64>,
    /// `oom_score_adj` of the victim.
    pub oom_score_adj: Option<i64>,
    /// How long ago.
    pub age_s: Option<f64>,
    /// Within the window.
    pub in_window: bool,
}

/// What the kernel killed for memory under one name in one place.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct OomVictim {
    /// Command name.
    pub comm: String,
    /// What ran out of memory: `host`, `cgroup`, `cpuset` or `memory-policy`.
    pub scope: String,
    /// The control group at its limit.
    pub cgroup: Option<String>,
    /// How often.
    pub count: i64,
    /// Of these within the window.
    pub in_window: i64,
    /// Of these in the last 24 hours, the window included.
    pub in_day: i64,
    /// How long ago the last was.
    pub last_age_s: Option<f64>,
    /// The control group is no longer there.
    pub group_gone: Option<bool>,
}
