//! The summary on a terminal: at most 12 rows, worst first, then what was not seen, then where the
//! report is and what to do next.

use anstyle::{AnsiColor, Style};
use std::fmt::Write;

use super::View;
use super::units::counted;
use super::visible::{clip, line};

/// Rows at most.
const MAX_ROWS: usize = 12;
/// Characters of a sentence at most.
const MAX_SENTENCE: usize = 110;

/// Renders the summary with colours; the stream that it is written to strips them where they are
/// not wanted. Severity is a word, too.
#[must_use]
pub fn summary(view: &View, reports: &[String]) -> String {
    let mut out = String::new();
    let bold = Style::new().bold();
    let quiet = Style::new().dimmed();
    writeln!(
        out,
        "{bold}{}{bold:#} {quiet}{}{quiet:#}",
        safe(&view.head.host, 80),
        safe(&view.head.taken, 80)
    )
    .ok();
    writeln!(out, "{bold}{}{bold:#}", safe(&view.verdict.sentence, 240)).ok();
    let rows = &view.verdict.rows;
    let width = rows.iter().take(MAX_ROWS).map(|r| r.rule.chars().count()).max().unwrap_or(0);
    for r in rows.iter().take(MAX_ROWS) {
        let style = style(r.badge.class);
        let lead = if r.symptom { "└ " } else { "" };
        let sentence = format!("{lead}{}", r.title);
        writeln!(
            out,
            "  {style}{:<8}{style:#}  {quiet}{:<width$}{quiet:#}  {}",
            r.badge.word,
            safe(&r.rule, 64),
            safe(&sentence, MAX_SENTENCE)
        )
        .ok();
    }
    if rows.len() > MAX_ROWS {
        writeln!(out, "  and {} in the report", counted(rows.len() - MAX_ROWS, "more finding"))
            .ok();
    }
    if !view.infos.is_empty() {
        writeln!(
            out,
            "  {quiet}{} worth knowing in the report{quiet:#}",
            counted(view.infos.len(), "thing")
        )
        .ok();
    }
    let unknown = if view.coverage.missed() > 0 { style("unknown") } else { quiet };
    write!(out, "{unknown}{}{unknown:#}", safe(&view.coverage.sentence, 120)).ok();
    let first = view.coverage.causes.first().map(|c| format!("{}. {}", c.title, c.remedy));
    let problem = view.coverage.problems.first().map(|p| format!("archive: {p}"));
    let why: Vec<String> = problem.into_iter().chain(first).collect();
    if why.is_empty() {
        out.push('\n');
    } else {
        writeln!(out, ": {}", safe(&why.join("; "), 240)).ok();
    }
    for path in reports {
        writeln!(out, "report: {}", safe(path, 1000)).ok();
    }
    if let Some(r) = rows.first() {
        writeln!(out, "{quiet}next: linsight explain {}{quiet:#}", safe(&r.rule, 80)).ok();
    }
    out
}

fn safe(text: &str, max: usize) -> String {
    line(&clip(text, max)).into_owned()
}

fn style(class: &str) -> Style {
    let colour = |c: AnsiColor| Style::new().bold().fg_color(Some(c.into()));
    match class {
        "critical" => colour(AnsiColor::Red),
        "warning" => colour(AnsiColor::Yellow),
        "unknown" => colour(AnsiColor::Magenta),
        "info" => colour(AnsiColor::Blue),
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn plain(view: &View) -> String {
        anstream::adapter::strip_str(&summary(view, &["db-17.html".to_owned()])).to_string()
    }

    #[test]
    fn a_broken_host() {
        insta::assert_snapshot!(plain(&sample::broken()));
    }

    #[test]
    fn a_host_without_findings() {
        insta::assert_snapshot!(plain(&sample::quiet()));
    }

    #[test]
    fn never_more_than_twelve_rows() {
        let mut view = sample::broken();
        view.verdict.rows = view.verdict.rows.iter().cycle().take(80).cloned().collect();
        let text = plain(&view);
        assert_eq!(
            text.lines()
                .filter(|l| l.starts_with("  critical") || l.starts_with("  warning"))
                .count(),
            12
        );
    }
}
