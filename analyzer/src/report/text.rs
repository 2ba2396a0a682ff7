//! Plain text for tickets that strip everything else: ASCII, 78 columns, at most 60 lines.

use super::View;
use super::view::card::Card;
use super::visible::{ascii, clip, line};

/// Columns.
const WIDTH: usize = 78;
/// Lines at most.
const MAX_LINES: usize = 60;
/// Lines kept for coverage and versions.
const TAIL: usize = 16;

/// Renders the report as plain text.
#[must_use]
pub fn text(view: &View) -> String {
    let mut out: Vec<String> = Vec::new();
    wrap(&mut out, "", &format!("linsight: {}", clip(&view.head.host, 60)));
    wrap(&mut out, "", &view.head.taken);
    out.push("=".repeat(WIDTH));
    wrap(&mut out, "", &clip(&view.verdict.sentence, 300));
    out.push(String::new());
    let mut left: Vec<&Card> = Vec::new();
    for card in view.findings.iter().flat_map(|c| std::iter::once(c).chain(&c.symptoms)) {
        let block = finding(card);
        if !left.is_empty() || out.len() + block.len() + TAIL > MAX_LINES {
            left.push(card);
        } else {
            out.extend(block);
        }
    }
    let mut end = Vec::new();
    tail(view, &mut end);
    if !left.is_empty() {
        out.push(format!("{} more in the report:", left.len()));
        let mut room = MAX_LINES.saturating_sub(out.len() + end.len() + 1);
        for card in left {
            let mut title = Vec::new();
            let word = card.badge.word.to_uppercase();
            wrap(&mut title, "", &format!("[{word}] {}", clip(&card.title, 120)));
            if title.len() > room {
                break;
            }
            room -= title.len();
            out.extend(title);
        }
        out.push(String::new());
    }
    out.extend(end);
    out.truncate(MAX_LINES);
    let mut text = out.join("\n");
    text.push('\n');
    text
}

fn finding(card: &Card) -> Vec<String> {
    let mut out = Vec::new();
    let Some(s) = card.first_subject() else { return out };
    let scope = card.scope.as_deref().map_or(String::new(), |s| format!(" ({s})"));
    wrap(
        &mut out,
        "",
        &format!("[{}] {}{scope}", card.badge.word.to_uppercase(), clip(&card.title, 160)),
    );
    wrap(&mut out, "  ", &clip(&s.says.one_line(), 400));
    wrap(&mut out, "  ", &format!("Rule {}, confidence {}.", card.rule, s.confidence));
    if let Some(a) = s.actions.first() {
        wrap(
            &mut out,
            "  ",
            &format!("Do first: {} ({})", clip(&a.says.one_line(), 200), clip(&a.risk, 120)),
        );
        if let Some(command) = &a.command {
            wrap(&mut out, "    ", &clip(command, 300));
        }
    }
    out.push(String::new());
    out
}

fn tail(view: &View, out: &mut Vec<String>) {
    for c in view.accepted.iter().take(3) {
        let why = c.first_subject().and_then(|s| s.accepted.clone()).unwrap_or_default();
        wrap(out, "", &format!("Not counted: {}; {}", clip(&c.title, 100), clip(&why, 120)));
    }
    wrap(out, "", &format!("Coverage: {}.", view.coverage.sentence));
    for p in view.coverage.problems.iter().take(2) {
        wrap(out, "  ", &format!("archive: {}", clip(p, 120)));
    }
    for c in view.coverage.causes.iter().take(4) {
        wrap(out, "  ", &format!("{}. {}", clip(&c.title, 100), clip(&c.remedy, 120)));
    }
    for label in ["Archive", "SHA-256", "Analyzer", "Rule set"] {
        let value = view
            .about
            .pairs
            .iter()
            .find(|p| p.label == label)
            .map_or("?", |p| p.cell.text.as_str());
        wrap(out, "", &format!("{label}: {}", clip(value, 100)));
    }
}

/// Appends lines of at most 78 columns, broken at spaces, a longer word inside itself.
fn wrap(out: &mut Vec<String>, indent: &str, words: &str) {
    let words = ascii(&line(words));
    let room = WIDTH.saturating_sub(indent.len()).max(1);
    let mut current = String::new();
    for word in words.split(' ').filter(|w| !w.is_empty()) {
        let mut word = word;
        if !current.is_empty() && current.len() + 1 + word.len() > room {
            out.push(format!("{indent}{current}"));
            current.clear();
        }
        while let Some((head, rest)) =
            word.split_at_checked(room).filter(|(_, r)| !r.is_empty() && current.is_empty())
        {
            out.push(format!("{indent}{head}"));
            word = rest;
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    if !current.is_empty() {
        out.push(format!("{indent}{current}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn fits(text: &str) {
        assert!(text.lines().count() <= MAX_LINES);
        for l in text.lines() {
            assert!(l.len() <= WIDTH && l.bytes().all(|b| (b' '..=b'~').contains(&b)), "{l:?}");
        }
    }

    #[test]
    fn a_broken_host() {
        let text = text(&sample::broken());
        fits(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn many_and_hostile_findings_fit() {
        let mut view = sample::hostile();
        fits(&text(&view));
        view.findings = view.findings.iter().cycle().take(50).cloned().collect();
        fits(&text(&view));
    }

    #[test]
    fn lines_break_at_spaces_and_inside_giants() {
        let mut out = vec![];
        wrap(&mut out, "  ", &format!("a b {} c", "x".repeat(160)));
        assert_eq!(out.iter().map(String::len).collect::<Vec<_>>(), [5, 78, 78, 12]);
    }
}
