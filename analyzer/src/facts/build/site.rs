//! Chapter: what the operator told.

use linsight_archive::names;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::site::{Site, SiteInputs};
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
        let known = ["l4_idle_timeout_s", "topology"];
        if known.contains(&name.strip_prefix("site.").unwrap_or(name))
            && let Err(e) = inputs.tell(name, value, "a note in the archive")
        {
            problems.push(format!("note in {}: {e}", names::HEADER));
        }
    }
    let site = inputs.site().clone();
    let fields = [
        ("l4_idle_timeout_s", site.l4_idle_timeout_s.is_some()),
        ("topology", site.topology.is_some()),
    ];
    for (name, known) in fields {
        let fact = format!("site.{name}");
        if known {
            let how = inputs.how(name).unwrap_or_default().to_owned();
            book.source(fact, Locator::Operator { how });
        } else {
            let detail = format!("--set site.{name}=… tells it");
            book.absent(fact, Absence::new(Reason::NotTold, detail));
        }
    }
    site
}
