//! The view model: everything that any form of the report prints, typed, in the order in which it
//! is read. Renderers add no judgement and look at no fact; what is not here is in no report.

use serde::Serialize;

pub mod about;
pub mod card;
pub mod cell;
pub mod coverage;
pub mod disks;
pub mod excerpts;
pub mod head;
mod huge;
pub mod inventory;
pub mod load;
pub mod memory;
pub mod nics;
mod numa;
pub mod origin;
pub mod parameters;
pub mod processes;
pub mod prose;
pub mod sockets;
pub mod table;
pub mod timeline;
pub mod verdict;

mod captures;
mod cpus;
mod cx;
mod findings;
mod free;
mod growth;
mod moment;
mod namespace;
mod passed;
mod pressure;
mod reasoning;
mod tasks;

use card::Card;
use cx::Cx;
use findings::Home;
use origin::Origin;

use super::evidence::Evidence;
use crate::facts::Facts;
use crate::rules::Assessment;

/// One report.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Header line.
    pub head: head::Head,
    /// 1: the verdict.
    pub verdict: verdict::Verdict,
    /// 2: warnings and above, worst first, symptoms nested.
    pub findings: Vec<Card>,
    /// What the operator accepts: shown, and not counted.
    pub accepted: Vec<Card>,
    /// 3: what could not be checked.
    pub coverage: coverage::Coverage,
    /// 4: samples.
    pub timeline: timeline::Timeline,
    /// 5: memory, growth, slab.
    pub memory: memory::Memory,
    /// 6: CPU and load.
    pub load: load::Load,
    /// 7: disks and file systems.
    pub disks: disks::Disks,
    /// 8: network interfaces.
    pub nics: nics::Nics,
    /// 9: sockets.
    pub sockets: sockets::Sockets,
    /// 10: processes.
    pub processes: processes::Processes,
    /// 11: inventory.
    pub inventory: inventory::Inventory,
    /// 12: kernel parameters.
    pub parameters: parameters::Parameters,
    /// 13: checks that passed.
    pub passed: table::Table,
    /// 15: about. (14, the text for the ticket, is this view in another form.)
    pub about: about::About,
    /// Infos by the section that holds them.
    pub infos: Vec<InfoLink>,
}

/// An info, by title; its card stands in its section.
#[derive(Clone, Debug, Serialize)]
pub struct InfoLink {
    /// Title.
    pub title: String,
    /// Rule.
    pub rule: String,
    /// Anchor of its card.
    pub anchor: String,
}

impl View {
    /// Builds the view. Evidence is read again here; nothing else does I/O.
    #[must_use]
    pub fn new(
        facts: &Facts,
        assessment: &Assessment,
        evidence: &dyn Evidence,
        origin: &Origin,
    ) -> Self {
        let cx = Cx::new(facts, assessment, evidence, origin);
        let placed = findings::place(&cx);
        let findings::Placed { findings, accepted, mut infos } = placed;
        let mut of = |home: Home| infos.remove(&home).unwrap_or_default();
        let notes = [Home::Memory, Home::Load, Home::Disks, Home::Nics].map(&mut of);
        let [of_memory, of_load, of_disks, of_nics] = notes;
        let notes = [Home::Sockets, Home::Processes, Home::Inventory, Home::Parameters].map(of);
        let [of_sockets, of_processes, of_inventory, of_parameters] = notes;
        // Sections know nothing of each other: whichever thread is free makes the next.
        let resources = || {
            rayon::join(
                || (memory::Memory::new(&cx, of_memory), load::Load::new(&cx, of_load)),
                || (disks::Disks::new(&cx, of_disks), nics::Nics::new(&cx, of_nics)),
            )
        };
        let others = || {
            rayon::join(
                || {
                    let sockets = sockets::Sockets::new(&cx, of_sockets);
                    (sockets, processes::Processes::new(&cx, of_processes))
                },
                || {
                    let inventory = inventory::Inventory::new(&cx, of_inventory);
                    let parameters = parameters::Parameters::new(&cx, &findings, of_parameters);
                    (inventory, parameters, coverage::Coverage::new(&cx), passed::table(&cx))
                },
            )
        };
        let (resources, others) = rayon::join(resources, others);
        let ((memory, load), (disks, nics)) = resources;
        let ((sockets, processes), (inventory, parameters, coverage, passed)) = others;
        let infos: Vec<InfoLink> = [
            &memory.notes,
            &load.notes,
            &disks.notes,
            &nics.notes,
            &sockets.notes,
            &processes.notes,
            &inventory.notes,
            &parameters.notes,
        ]
        .into_iter()
        .flatten()
        .map(|c| InfoLink {
            title: c.title.clone(),
            rule: c.rule.clone(),
            anchor: c.anchor.clone(),
        })
        .collect();
        Self {
            head: head::Head::new(&cx),
            verdict: verdict::Verdict::new(&cx, &findings, infos.len(), &coverage),
            findings,
            accepted,
            coverage,
            timeline: timeline::Timeline::new(&cx),
            memory,
            load,
            disks,
            nics,
            sockets,
            processes,
            inventory,
            parameters,
            passed,
            about: about::About::new(&cx),
            infos,
        }
    }
}
