//! Which finding stands where: warnings and above among the findings, symptoms under what explains
//! them, infos in the section they belong to.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::card::{Anchors, Card, Fired};
use super::cx::Cx;
use crate::rules::{RuleResult, Status};
use crate::severity::Severity;

/// A section that an info can belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Home {
    Memory,
    Load,
    Disks,
    Nics,
    Sockets,
    Processes,
    Inventory,
    Parameters,
    /// The coverage banner: what the archive cannot answer is no finding.
    Coverage,
}

/// The section of a rule, by the beginning of its id.
fn home(id: &str) -> Home {
    const HOMES: [(&str, Home); 26] = [
        ("meta.", Home::Coverage),
        ("sysctl.", Home::Parameters),
        ("mem.", Home::Memory),
        ("swap.", Home::Memory),
        ("leak.", Home::Memory),
        ("load.", Home::Load),
        ("cpu.", Home::Load),
        ("numa.", Home::Load),
        ("psi.", Home::Load),
        ("irq.", Home::Load),
        ("cgroup.", Home::Processes),
        ("limits.", Home::Processes),
        ("raid.", Home::Disks),
        ("app.", Home::Sockets),
        ("proc.", Home::Processes),
        ("io.", Home::Disks),
        ("fs.", Home::Disks),
        ("disk.", Home::Disks),
        ("hw.disk.", Home::Disks),
        ("hw.nic.", Home::Nics),
        ("net.nic.", Home::Nics),
        ("hw.", Home::Inventory),
        ("tcp.", Home::Sockets),
        ("net.", Home::Sockets),
        ("http.", Home::Sockets),
        ("nginx.", Home::Sockets),
    ];
    HOMES.iter().find(|(prefix, _)| id.starts_with(prefix)).map_or(Home::Inventory, |(_, h)| *h)
}

/// All cards, placed.
#[derive(Default)]
pub(super) struct Placed {
    /// Warnings and above, worst first, symptoms nested.
    pub(super) findings: Vec<Card>,
    /// What the operator accepts, worst first.
    pub(super) accepted: Vec<Card>,
    /// Infos by section.
    pub(super) infos: BTreeMap<Home, Vec<Card>>,
}

/// Where a card comes to stand.
enum Stand {
    Accepted,
    Serious(Severity),
    Info(Home),
}

/// A card before its evidence is read.
struct Draft<'a> {
    stand: Stand,
    rule: &'a RuleResult,
    fired: Vec<Fired<'a>>,
    anchors: Anchors,
}

/// Groups, nests and places everything that fired. Evidence is read for all cards at a time.
pub(super) fn place(cx: &Cx<'_>) -> Placed {
    let cards: Vec<(Stand, &RuleResult, Option<Card>)> = drafts(cx)
        .into_par_iter()
        .map(|d| (d.stand, d.rule, Card::new(cx, d.rule, &d.fired, d.anchors)))
        .collect();
    let mut placed = Placed::default();
    let mut serious: Vec<(Severity, &RuleResult, Card)> = Vec::new();
    for (stand, rule, card) in cards {
        match stand {
            Stand::Accepted => placed.accepted.extend(card),
            Stand::Serious(worst) => serious.extend(card.map(|c| (worst, rule, c))),
            Stand::Info(home) => placed.infos.entry(home).or_default().extend(card),
        }
    }
    serious.sort_by(|a, b| (b.0, &a.1.id).cmp(&(a.0, &b.1.id)));
    placed.findings = nest(serious);
    placed
}

fn drafts<'a>(cx: &Cx<'a>) -> Vec<Draft<'a>> {
    let mut taken = BTreeSet::new();
    let mut drafts = Vec::new();
    let mut draft = |stand, rule, fired: Vec<Fired<'a>>| {
        let anchors = Anchors::take(rule, &fired, &mut taken);
        drafts.extend(anchors.map(|anchors| Draft { stand, rule, fired, anchors }));
    };
    for rule in &cx.assessment.rules {
        let mut fired: Vec<Fired<'_>> = rule
            .subjects
            .iter()
            .filter_map(|s| match &s.status {
                Status::Fired(f) => Some((s, &**f)),
                _ => None,
            })
            .collect();
        fired.sort_by(|a, b| (b.1.severity, &a.0.subject).cmp(&(a.1.severity, &b.0.subject)));
        let (accepted, fired): (Vec<_>, Vec<_>) =
            fired.into_iter().partition(|(_, f)| f.is_accepted());
        draft(Stand::Accepted, rule, accepted);
        let (high, low): (Vec<_>, Vec<_>) =
            fired.into_iter().partition(|(_, f)| f.severity >= Severity::Warning);
        let home = home(&rule.id);
        if home != Home::Coverage
            && let Some(worst) = high.first().map(|(_, f)| f.severity)
        {
            draft(Stand::Serious(worst), rule, high);
        }
        draft(Stand::Info(home), rule, low);
    }
    drafts
}

/// Puts each symptom under the worst finding that explains it. One level deep: a symptom of a
/// symptom stands under the same root. Rules that explain each other in a circle stay apart.
fn nest(cards: Vec<(Severity, &RuleResult, Card)>) -> Vec<Card> {
    let explainer: Vec<Option<usize>> = cards
        .iter()
        .enumerate()
        .map(|(i, (_, rule, _))| {
            cards.iter().position(|(_, r, _)| r.explains.contains(&rule.id)).filter(|p| *p != i)
        })
        .collect();
    let root = |i: usize| {
        let mut at = i;
        for _ in 0..=explainer.len() {
            match explainer.get(at).copied().flatten() {
                Some(parent) => at = parent,
                None => return Some(at),
            }
        }
        None
    };
    let roots: Vec<usize> = (0..cards.len()).map(|i| root(i).unwrap_or(i)).collect();
    let mut by_root: BTreeMap<usize, (Severity, Option<Card>, Vec<Card>)> = BTreeMap::new();
    for (i, (severity, _, card)) in cards.into_iter().enumerate() {
        let root = roots.get(i).copied().unwrap_or(i);
        let slot = by_root.entry(root).or_insert((severity, None, vec![]));
        slot.0 = slot.0.max(severity);
        if root == i { slot.1 = Some(card) } else { slot.2.push(card) }
    }
    let mut nested: Vec<(Severity, Card)> = by_root
        .into_values()
        .filter_map(|(worst, card, symptoms)| card.map(|c| (worst, Card { symptoms, ..c })))
        .collect();
    nested.sort_by_key(|(worst, _)| std::cmp::Reverse(*worst));
    nested.into_iter().map(|(_, card)| card).collect()
}
