//! Which places of the archive are shown under a finding: those that decided it.

use std::collections::BTreeSet;

use linsight_archive::names;
use serde::Serialize;

use super::cx::Cx;
use crate::locator::Locator;
use crate::report::evidence::{Excerpt, shown_path};
use crate::rules::outcome::Reading;

/// Excerpts under a finding at most.
const MAX_EXCERPTS: usize = 3;
/// Derivations followed at most: a fact of facts of facts.
const MAX_DEPTH: usize = 4;
/// Places looked at before choosing.
const MAX_PLACES: usize = 256;

/// An excerpt, or why there is none, with the command that shows all of the source.
#[derive(Clone, Debug, Serialize)]
pub struct ExcerptView {
    /// Path as `linsight show` takes it.
    pub path: String,
    /// Lines.
    pub excerpt: Option<Excerpt>,
    /// Why it could not be read again.
    pub absent: Option<String>,
    /// Command to paste.
    pub command: String,
}

/// A source with all the lines of it that count.
struct Place {
    path: String,
    record: Option<String>,
    ranges: Vec<(u32, u32)>,
}

/// The sources behind the readings: first of those that made an outcome true, then of the rest.
pub(super) fn of(cx: &Cx<'_>, readings: &[Reading]) -> Vec<ExcerptView> {
    let decided =
        |r: &&Reading| r.tests.iter().any(|t| t.role.starts_with("outcome") && t.result == "true");
    let mut places = Vec::new();
    let mut seen = BTreeSet::new();
    for reading in readings.iter().filter(decided).chain(readings.iter().filter(|r| !decided(r))) {
        for at in &reading.sources {
            collect(cx, at, 0, &mut seen, &mut places);
        }
    }
    let mut views: Vec<ExcerptView> = choose(places).iter().map(|p| view(cx, p)).collect();
    // A source of which no line stands out is named where the rule says how it decided.
    let tells = |v: &ExcerptView| v.excerpt.as_ref().is_none_or(|e| !e.lines.is_empty());
    if views.iter().any(tells) {
        views.retain(tells);
    }
    views
}

fn collect(
    cx: &Cx<'_>,
    at: &Locator,
    depth: usize,
    seen: &mut BTreeSet<String>,
    places: &mut Vec<Place>,
) {
    if places.len() >= MAX_PLACES {
        return;
    }
    match at {
        Locator::Lines { path, record, first, last } => {
            match places.iter_mut().find(|p| p.path == *path && p.record == *record) {
                Some(place) => place.ranges.push((*first, *last)),
                None => places.push(Place {
                    path: path.clone(),
                    record: record.clone(),
                    ranges: vec![(*first, *last)],
                }),
            }
        }
        Locator::Facts { paths } if depth < MAX_DEPTH => {
            for fact in paths.iter().filter(|p| seen.insert((*p).clone())).collect::<Vec<_>>() {
                for at in cx.facts.sources.get(fact).into_iter().flatten() {
                    collect(cx, at, depth + 1, seen, places);
                }
            }
        }
        Locator::Facts { .. } | Locator::Operator { .. } => {}
    }
}

/// One source read in many samples is shown from its first and its last sample; then other
/// sources follow in the order in which they were met.
fn choose(places: Vec<Place>) -> Vec<Place> {
    let mut families: Vec<Vec<Place>> = Vec::new();
    for place in places {
        let name = |p: &Place| {
            let (_, bare) = names::split_sample(&p.path);
            (bare.to_owned(), p.record.clone())
        };
        match families.iter_mut().find(|f| f.first().is_some_and(|p| name(p) == name(&place))) {
            Some(family) => family.push(place),
            None => families.push(vec![place]),
        }
    }
    let pass = |p: &Place| names::split_sample(&p.path).0;
    let mut first = Vec::new();
    let mut second = Vec::new();
    for mut family in families {
        family.sort_by_key(pass);
        let last = if family.len() > 1 { family.pop() } else { None };
        first.extend(family.into_iter().next());
        second.extend(last);
    }
    // Lines say more than the name of a file.
    let vague = |p: &Place| p.ranges.iter().all(|(line, _)| *line == 0);
    let mut chosen: Vec<Place> = first.into_iter().chain(second).collect();
    chosen.sort_by_key(vague);
    chosen.into_iter().take(MAX_EXCERPTS).collect()
}

/// What stands in place of the lines of a source whose first dozen would show nothing: thousands of
/// files in one, or a hundred thousand sockets in the kernel's own form. They are not even read.
fn too_much(place: &Place) -> Option<&'static str> {
    let (_, path) = names::split_sample(&place.path);
    let is_whole = place.record.is_none();
    if is_whole && names::is_pack(path) {
        Some("a file of each process or device: the command below shows all of them")
    } else if is_whole && path.starts_with("probes/inet_diag/") {
        Some("sockets in the kernel's binary form: the command below decodes them")
    } else {
        None
    }
}

fn view(cx: &Cx<'_>, place: &Place) -> ExcerptView {
    let path = shown_path(&place.path, place.record.as_deref());
    let command = cx.origin.show(&path);
    if let Some(note) = too_much(place) {
        let excerpt =
            Some(Excerpt { path: path.clone(), lines: vec![], note: Some(note.to_owned()) });
        return ExcerptView { path, excerpt, absent: None, command };
    }
    match cx.evidence.read(&place.path, place.record.as_deref()) {
        Ok(bytes) => {
            let excerpt = Excerpt::new(&place.path, place.record.as_deref(), &bytes, &place.ranges);
            ExcerptView { path, excerpt: Some(excerpt), absent: None, command }
        }
        Err(absence) => {
            ExcerptView { path, excerpt: None, absent: Some(absence.to_string()), command }
        }
    }
}
