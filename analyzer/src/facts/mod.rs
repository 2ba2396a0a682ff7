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
use std::convert::Infallible;

use schemars::JsonSchema;
use serde::Serialize;

use crate::absence::Absence;
use crate::input::{InputError, Limits, Snapshot, Source};
use crate::locator::Locator;

pub mod apps;
pub mod arrays;
mod build;
pub mod cgroups;
pub mod collection;
pub mod cpu;
pub mod disks;
pub mod env;
mod errno;
pub mod filesystems;
pub mod hardware;
pub mod host;
mod inputs;
pub mod irq;
pub mod kernel_log;
pub mod limits;
pub mod load;
pub mod logs;
pub mod memory;
pub mod method;
pub mod net;
pub mod netns;
pub mod nics;
pub mod numa;
mod plan;
pub mod pressure;
pub mod processes;
pub mod site;
pub mod swap;
pub mod sysctl;
pub mod table;
pub mod tasks;
mod value;

use inputs::Inputs;

pub use site::{Accept, Accepted, SiteError, SiteInputs};
pub use table::Table;

/// The facts of a snapshot, with what the operator told.
#[must_use]
pub fn build(snapshot: &Snapshot, told: &SiteInputs) -> Facts {
    let Ok((inputs, ())) = Inputs::read(|plan| {
        plan.walk(snapshot);
        Ok::<_, Infallible>(())
    });
    derive(inputs, snapshot, told)
}

/// A snapshot of which everything is parsed, and nothing derived yet.
pub struct Parsed {
    snapshot: Snapshot,
    inputs: Inputs,
}

impl Parsed {
    /// Opens an input, and parses what can be parsed while it is opened.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, InputError> {
        let (inputs, snapshot) = Inputs::read(|plan| {
            let snapshot = Snapshot::open_early(source, limits, plan)?;
            plan.walk(&snapshot);
            Ok(snapshot)
        })?;
        Ok(Self { snapshot, inputs })
    }

    /// The facts, with what the operator told.
    #[must_use]
    pub fn facts(self, told: &SiteInputs) -> (Snapshot, Facts) {
        let Self { snapshot, inputs } = self;
        let facts = derive(inputs, &snapshot, told);
        (snapshot, facts)
    }
}

fn derive(inputs: Inputs, snapshot: &Snapshot, told: &SiteInputs) -> Facts {
    let archive = build::Archive {
        header: snapshot.header(),
        end: snapshot.end(),
        journal: snapshot.journal(),
        format: snapshot.format().as_str(),
        problems: snapshot.problems(),
    };
    let facts = build::facts(&inputs, &archive, told);
    // What was parsed of a large host is a million pieces: they are freed beside the next stage.
    rayon::spawn(move || drop(inputs));
    facts
}

/// The facts of files in memory, by their paths in an archive, with what the operator told by name.
///
/// # Errors
/// What was told has an unknown name, or a value that it cannot have.
pub fn of_files(
    files: &BTreeMap<String, String>,
    notes: &BTreeMap<String, String>,
) -> Result<Facts, SiteError> {
    let mut told = SiteInputs::default();
    for (name, value) in notes {
        told.tell(name, value, "note")?;
    }
    Ok(build(&Snapshot::of_files(files), &told))
}

/// JSON Schema of the tree: every path that a rule may name, with its type and its meaning.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Tree).to_value()
}

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

impl Facts {
    /// The tree as JSON without what is absent: no nulls, and no empty list or table whose absence
    /// is stated. This is what rules see.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(&self.tree).unwrap_or_default();
        value::without_nulls(&mut value);
        for (path, _) in self.absences.iter() {
            value::remove_empty(&mut value, path);
        }
        value
    }
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
    /// Swap, and whose memory is in it.
    pub swap: swap::Swap,
    /// Memory nodes.
    pub numa: numa::Numa,
    /// Processes, and those whose memory grows.
    pub processes: processes::Processes,
    /// Network interfaces.
    pub nics: List<nics::Nic>,
    /// What the network stack shares between namespaces.
    pub net: net::Net,
    /// Network namespaces with their sockets and parameters.
    pub netns: List<netns::Netns>,
    /// The machine as its firmware tells it.
    pub hardware: hardware::Hardware,
    /// Clock rate of the processors.
    pub frequency: hardware::Frequency,
    /// The clock.
    pub clock: hardware::Clock,
    /// The kernel's trust in itself.
    pub kernel: hardware::Kernel,
    /// Software RAID and ZFS pools.
    pub arrays: List<arrays::Array>,
    /// Block devices.
    pub disks: List<disks::Disk>,
    /// Devices, servers and file systems that tell errors.
    pub storage_errors: List<disks::StorageError>,
    /// I/O of the host, and who causes it.
    pub io: disks::Io,
    /// Mounted file systems.
    pub filesystems: List<filesystems::FileSystem>,
    /// What `/etc/fstab` would mount at boot and is not mounted.
    pub not_mounted: List<filesystems::NotMounted>,
    /// What services logged in the last 24 hours.
    pub logs: logs::Logs,
    /// Configuration of servers and proxies.
    pub apps: apps::Apps,
    /// Kernel parameters: at run time, and as the next boot would set them.
    pub sysctl: sysctl::Sysctl,
    /// Pressure stall information: time lost waiting for CPU, memory, I/O.
    pub pressure: pressure::HostPressure,
    /// Control groups with limits, events or pressure, those nearest to trouble first.
    pub cgroups: List<cgroups::Cgroup>,
    /// Counts against their limits: descriptors, mappings, inotify.
    pub limits: limits::Limits,
    /// Interrupts and soft interrupts by CPU.
    pub irq: irq::Irq,
    /// Tasks in unusual states and with unusual priorities, and how many more there may be.
    pub tasks: tasks::Tasks,
    /// What the kernel's log tells, by kind of event.
    pub kernel_log: kernel_log::KernelLog,
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
    /// What the elements are, and what became of those counted: `processes judged`.
    pub what: String,
    /// Elements in the list.
    pub seen: u64,
    /// Elements that the host has, as far as could be told.
    pub expected: u64,
    /// Which are lacking and why, in words: `4026532201 (setns: EPERM)`.
    pub gaps: Vec<String>,
    /// What became of the others, where one clause says it of all of them.
    pub others: Option<String>,
}

/// Counts of every list by its path.
pub type Lists = BTreeMap<String, Seen>;

#[cfg(test)]
mod tests;
