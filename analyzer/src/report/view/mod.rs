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
        let mut placed = findings::place(&cx);
        let mut of = |home: Home| placed.infos.remove(&home).unwrap_or_default();
        let coverage = coverage::Coverage::new(&cx);
        let memory = memory::Memory::new(&cx, of(Home::Memory));
        let load = load::Load::new(&cx, of(Home::Load));
        let disks = disks::Disks::new(&cx, of(Home::Disks));
        let nics = nics::Nics::new(&cx, of(Home::Nics));
        let sockets = sockets::Sockets::new(&cx, of(Home::Sockets));
        let processes = processes::Processes::new(&cx, of(Home::Processes));
        let inventory = inventory::Inventory::new(&cx, of(Home::Inventory));
        let notes = of(Home::Parameters);
        let parameters = parameters::Parameters::new(&cx, &placed.findings, notes);
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
            verdict: verdict::Verdict::new(&cx, &placed.findings, infos.len(), &coverage),
            findings: placed.findings,
            accepted: placed.accepted,
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
            passed: passed::table(&cx),
            about: about::About::new(&cx),
            infos,
        }
    }
}
