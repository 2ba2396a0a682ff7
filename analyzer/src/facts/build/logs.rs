//! Chapter: what services logged.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::logs::LogRow;

use super::super::host::Host;
use super::super::inputs::Inputs;
use super::super::logs::{LogMatch, Logs};
use super::super::method::num::{from_i64, len, signed};
use super::Book;

/// Matches listed.
const MAX: usize = 100;

pub(super) fn build(inputs: &Inputs, host: &Host, book: &mut Book) -> Logs {
    let source = &inputs.host.logs;
    let Ok(rows) = source.last() else {
        for field in ["files", "matches"] {
            book.absent(format!("logs.{field}"), source.absence());
        }
        return Logs::default();
    };
    let path = source.path.as_str();
    book.source("logs", Locator::entry(path));
    let files = rows.rows.iter().filter(|r| matches!(r, LogRow::File(f) if f.skipped.is_none()));
    let mut found: Vec<(LogMatch, u32)> = Vec::new();
    for row in &rows.rows {
        let LogRow::Matches(m) = row else { continue };
        let age =
            host.taken_unix_s.zip(m.last_unix_s).map(|(now, at)| (now - from_i64(at)).max(0.0));
        let one = LogMatch {
            pattern: m.pattern.clone(),
            file: m.file.clone(),
            peer: m.peer.clone().unwrap_or_default(),
            count: signed(m.count),
            last_age_s: age,
            sample: m.samples.first().cloned().unwrap_or_default(),
        };
        if m.count > 0 {
            found.push((one, m.line));
        }
    }
    found.sort_by(|(a, _), (b, _)| {
        b.count.cmp(&a.count).then_with(|| (&a.file, &a.peer).cmp(&(&b.file, &b.peer)))
    });
    found.truncate(MAX);
    for (i, (m, line)) in found.iter().enumerate() {
        book.source(format!("logs.matches.{i}"), Locator::line(path, *line));
        if m.last_age_s.is_none() {
            let why =
                Absence::new(Reason::Missing, "the time of the snapshot or of the line lacks");
            book.absent(format!("logs.matches.{i}.last_age_s"), why);
        }
    }
    Logs { files: Some(len(files.count())), matches: found.into_iter().map(|(m, _)| m).collect() }
}
