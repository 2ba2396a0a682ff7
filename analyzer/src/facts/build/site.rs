//! Chapter: what the operator told.

use linsight_archive::names;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::nics::Nic;
use super::super::site::{QUESTIONS, Site, SiteInputs};
use super::{Archive, Book};

/// What was told on the command line, then what the archive's notes tell. A note that is no input
/// is a note; one with a value that an input cannot have is a problem of the archive.
pub(super) fn build(
    told: &SiteInputs,
    archive: &Archive<'_>,
    book: &mut Book,
    problems: &mut Vec<String>,
) -> Site {
    let mut inputs = told.clone();
    for (name, value) in archive.header.map(|h| &h.notes).into_iter().flatten() {
        if SiteInputs::is_known(name)
            && let Err(e) = inputs.tell(name, value, "a note in the archive")
        {
            problems.push(format!("note in {}: {e}", names::HEADER));
        }
    }
    let site = inputs.site().clone();
    for q in &QUESTIONS {
        let fact = format!("site.{}", q.fact);
        if site.knows(q.fact) {
            let how = inputs.how(q.fact).unwrap_or_default().to_owned();
            book.source(fact, Locator::Operator { how });
        } else {
            book.absent(fact, Absence::new(Reason::NotTold, format!("{} tells it", q.way)));
        }
    }
    row_absences(&site, book);
    site
}

/// Interfaces that the operator named and the host does not have: nothing compares with them.
pub(super) fn unknown_nics(site: &Site, nics: &[Nic]) -> Vec<String> {
    let unknown = |name: &str| !nics.iter().any(|n| n.name == name);
    let named = site.nics.iter().map(|n| n.name.as_str()).filter(|name| unknown(name));
    named.map(|name| format!("[[nic]] of --site: the host shows no interface {name}")).collect()
}

/// What an entry of a list leaves open.
fn row_absences(site: &Site, book: &mut Book) {
    let mut open = |list: &str, i: usize, fields: &[(&str, bool)]| {
        for (field, _) in fields.iter().filter(|(_, told)| !told) {
            let why = Absence::new(Reason::NotTold, "the entry leaves it open");
            book.absent(format!("site.{list}.{i}.{field}"), why);
        }
    };
    for (list, boxes) in [("l4", &site.l4), ("l7", &site.l7)] {
        for (i, b) in boxes.iter().enumerate() {
            let fields = [
                ("port", b.port.is_some()),
                ("cidr", b.cidr.is_some()),
                ("topology", b.topology.is_some()),
            ];
            open(list, i, &fields);
        }
    }
    for (i, a) in site.applications.iter().enumerate() {
        let fields = [
            ("port", a.port.is_some()),
            ("connect_timeout_s", a.connect_timeout_s.is_some()),
            ("read_timeout_s", a.read_timeout_s.is_some()),
        ];
        open("applications", i, &fields);
    }
}
