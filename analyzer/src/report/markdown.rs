//! Markdown for a ticket: at most 60 lines, and nothing in it that a tracker would act on.

use std::fmt::Write;

use super::View;
use super::view::card::{Card, Subject};
use super::view::prose::Prose;
use super::visible::{clip, line};

/// Lines at most: a comment that is longer is not read.
const MAX_LINES: usize = 60;
/// Findings in the table at most.
const MAX_ROWS: usize = 12;
/// Lines of an excerpt at most.
const MAX_EXCERPT: usize = 5;
/// Lines kept for coverage and versions.
const TAIL: usize = 12;

/// Renders the report for a ticket.
#[must_use]
pub fn markdown(view: &View) -> String {
    let mut out: Vec<String> = Vec::new();
    out.push(format!("**{}**, {}", text(&view.head.host), text(&view.head.taken)));
    out.push(String::new());
    out.push(format!("**{}**", text(&clip(&view.verdict.sentence, 300))));
    out.push(String::new());
    table(view, &mut out);
    let cards = view.findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms));
    let mut left = 0;
    for card in cards {
        let block = finding(card);
        if left > 0 || out.len() + block.len() + TAIL > MAX_LINES {
            left += 1;
        } else {
            out.extend(block);
        }
    }
    if left > 0 {
        out.push(format!("{left} more in the report."));
        out.push(String::new());
    }
    tail(view, &mut out);
    let mut text = out.join("\n");
    text.push('\n');
    text
}

fn table(view: &View, out: &mut Vec<String>) {
    let rows = &view.verdict.rows;
    if rows.is_empty() {
        return;
    }
    out.push("| severity | finding | confidence | first thing to do |".to_owned());
    out.push("|---|---|---|---|".to_owned());
    for r in rows.iter().take(MAX_ROWS) {
        let title = text(&clip(&r.title, 160));
        let action =
            r.first_action.as_deref().map_or_else(|| "–".to_owned(), |a| text(&clip(a, 160)));
        out.push(format!(
            "| {} {} | {title} | {} | {action} |",
            r.badge.shape,
            r.badge.word,
            text(&r.confidence)
        ));
    }
    if rows.len() > MAX_ROWS {
        out.push(format!("| | and {} more | | |", rows.len() - MAX_ROWS));
    }
    out.push(String::new());
}

/// Three lines and an excerpt.
fn finding(card: &Card) -> Vec<String> {
    let Some(s) = card.first_subject() else { return vec![] };
    let scope = card.scope.as_deref().map_or(String::new(), |s| format!(" ({})", text(s)));
    let mut out = vec![
        format!("#### {} {}{scope}", card.badge.shape, text(&clip(&card.title, 160))),
        format!("{} Confidence {}. {}", prose(&s.says, 600), text(&s.confidence), code(&card.rule)),
    ];
    if let Some(action) = s.actions.first() {
        let command = action
            .command
            .as_deref()
            .map_or(String::new(), |c| format!(": {}", code(&clip(c, 300))));
        out.push(format!(
            "Do first: {}{command} ({})",
            prose(&action.says, 200),
            text(&clip(&action.risk, 160))
        ));
    }
    out.extend(excerpt(s));
    out.push(String::new());
    out
}

fn excerpt(s: &Subject) -> Vec<String> {
    let Some((view, excerpt)) = s
        .evidence
        .iter()
        .find_map(|e| Some((e, e.excerpt.as_ref()?)))
        .filter(|(_, e)| !e.lines.is_empty())
    else {
        return vec![];
    };
    let hits = excerpt.lines.iter().any(|l| l.hit);
    let lines: Vec<String> = excerpt
        .lines
        .iter()
        .filter(|l| l.hit || !hits)
        .take(MAX_EXCERPT)
        .map(|l| format!("{}:{}: {}", line(&view.path), l.number, line(&clip(&l.text, 120))))
        .collect();
    let fence = "`".repeat(lines.iter().map(|l| longest_run(l)).max().unwrap_or(0).max(2) + 1);
    let mut out = vec![fence.clone()];
    out.extend(lines);
    out.push(fence);
    out
}

fn tail(view: &View, out: &mut Vec<String>) {
    for c in view.accepted.iter().take(3) {
        let why = c.first_subject().and_then(|s| s.accepted.clone()).unwrap_or_default();
        out.push(format!(
            "Not counted: {}; {}",
            text(&clip(&c.title, 160)),
            text(&clip(&why, 160))
        ));
        out.push(String::new());
    }
    out.push(format!("Coverage: {}.", text(&view.coverage.sentence)));
    for p in view.coverage.problems.iter().take(2) {
        out.push(format!("- archive: {}", text(&clip(p, 160))));
    }
    for c in view.coverage.causes.iter().take(4) {
        out.push(format!("- {}. {}", text(&clip(&c.title, 120)), text(&c.remedy)));
    }
    out.push(String::new());
    let about = |label: &str| {
        view.about.pairs.iter().find(|p| p.label == label).map_or("?", |p| p.cell.text.as_str())
    };
    out.push(format!(
        "{} sha256 {} · linsight {} · rules {}",
        code(&clip(about("Archive"), 120)),
        code(&clip(about("SHA-256"), 64)),
        text(about("Analyzer")),
        code(&clip(about("Rule set"), 64)),
    ));
}

fn prose(p: &Prose, max: usize) -> String {
    let mut out = String::new();
    for s in p.paragraphs.iter().flatten() {
        if out.chars().count() > max {
            out.push('…');
            break;
        }
        let part = clip(&s.text, max);
        out.push_str(&if s.code { code(&part) } else { text(&part) });
    }
    out
}

/// Text in which no character means anything to Markdown, and no word is a mention or a reference.
fn text(s: &str) -> String {
    let s = line(s);
    let mut out = String::with_capacity(s.len() + 8);
    let mut chars = s.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '!' if chars.peek() == Some(&'[') => out.push_str("\\!"),
            // A zero-width space, by name so that it is seen in the source.
            '@' => out.push_str("@&#8203;"),
            '#' if chars.peek().is_some_and(char::is_ascii_digit) => out.push_str("#&#8203;"),
            ':' if chars.peek() == Some(&'/') => out.push_str(":&#8203;"),
            other => out.push(other),
        }
    }
    out
}

/// A code span, never inside a table: what stands in it can be pasted as it is. Its fence is longer than any run of backticks inside.
fn code(s: &str) -> String {
    let s = line(s);
    let fence = "`".repeat(longest_run(&s) + 1);
    let pad = if s.starts_with('`') || s.ends_with('`') { " " } else { "" };
    let mut out = String::new();
    write!(out, "{fence}{pad}{s}{pad}{fence}").ok();
    out
}

fn longest_run(s: &str) -> usize {
    s.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn text_means_nothing_to_markdown() {
        assert_eq!(
            text("<img src=x> a|b *c* @root #12 ![x](y)"),
            "&lt;img src=x&gt; a\\|b \\*c\\* @&#8203;root #&#8203;12 \\!\\[x\\](y)"
        );
        assert_eq!(text("a\nb\u{202e}"), "a\\\\u{a}b\\\\u{202e}");
        assert_eq!(text("see https://evil"), "see https:&#8203;//evil");
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b`"), "``` a``b` ```");
        assert_eq!(code("dmesg -T | tail"), "`dmesg -T | tail`");
    }

    #[test]
    fn a_broken_host() {
        let text = markdown(&sample::broken());
        assert!(text.lines().count() <= MAX_LINES);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn many_findings_stay_below_sixty_lines() {
        let mut view = sample::broken();
        view.findings = view.findings.iter().cycle().take(50).cloned().collect();
        view.verdict.rows = view.verdict.rows.iter().cycle().take(80).cloned().collect();
        let text = markdown(&view);
        assert!(text.lines().count() <= MAX_LINES, "{}", text.lines().count());
        assert!(text.contains("more in the report"));
    }
}
