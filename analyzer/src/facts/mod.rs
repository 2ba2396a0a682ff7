//! Facts: one tree of named values, with the source or the absence of each.
//!
//! The tree is what rules read, what the report prints and what `linsight facts` shows. A field
//! that is not known is absent: never null, never zero. Beside the tree stand two tables keyed by
//! fact path and resolved by longest prefix: where a value came from ([`Facts::sources`]) and why
//! it is absent ([`Facts::absences`]).
//!
//! Measures are `f64`, counts are integers, units stand in the names. A share of a whole is a
//! `_ratio` between 0 and 1.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::absence::Absence;
use crate::locator::Locator;

pub mod collection;
pub mod cpu;
pub mod env;
pub mod host;
pub mod load;
pub mod memory;
pub mod method;
pub mod netns;
pub mod nics;
pub mod processes;
pub mod site;
pub mod sysctl;
pub mod table;

pub use table::Table;

/// Everything that is known about one snapshot.
#[derive(Debug, Default)]
pub struct Facts {
    /// The values.
    pub tree: Tree,
    /// Where each came from.
    pub sources: Table<Vec<Locator>>,
    /// Why others are absent.
    pub absences: Table<Absence>,
}

/// The tree of facts. Paths are field names and list indices joined by dots:
/// `netns.0.tcp.established`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Tree {
    /// The host and the moment of the snapshot.
    pub host: host::Host,
    /// What kind of machine it is: bare metal, virtual machine, or the view from a container.
    pub env: env::Env,
    /// How the archive was taken and how much of the host it shows.
    pub collection: collection::Collection,
    /// What the operator told: present only where told.
    pub site: site::Site,
    /// Processors and their time in the window.
    pub cpu: cpu::Cpu,
    /// Load average and what it is made of.
    pub load: load::Load,
    /// Memory of the host and its accounting identity.
    pub memory: memory::Memory,
    /// Processes, and those whose memory grows.
    pub processes: processes::Processes,
    /// Network interfaces.
    pub nics: List<nics::Nic>,
    /// Network namespaces with their sockets and parameters.
    pub netns: List<netns::Netns>,
    /// Kernel parameters: at run time, and as the next boot would set them.
    pub sysctl: sysctl::Sysctl,
}

/// A list that knows how much of it was seen: incomplete is not clear.
///
/// In rules and paths the list itself is meant (`nics.0.name`); its counts are at
/// `collection.lists.<name>`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct List<T> {
    /// The elements.
    pub items: Vec<T>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

/// How much of a list was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seen {
    /// Elements in the list.
    pub seen: u64,
    /// Elements that the host has, as far as could be told.
    pub expected: u64,
    /// Which are lacking and why, in words: `4026532201 (setns: EPERM)`.
    pub gaps: Vec<String>,
}

/// Counts of every list by its path.
pub type Lists = BTreeMap<String, Seen>;
