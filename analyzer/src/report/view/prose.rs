//! Texts of rules: paragraphs, and code between backticks. Nothing else, so that no value that a
//! rule prints can become markup.

use serde::Serialize;

/// Paragraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Prose {
    /// Each a run of text and code.
    pub paragraphs: Vec<Vec<Span>>,
}

/// Part of a paragraph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its text.
    pub text: String,
    /// It stood between backticks.
    pub code: bool,
}

impl Prose {
    /// Paragraphs end at empty lines; other line breaks are spaces. A backtick without a partner
    /// is a backtick.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut paragraphs: Vec<Vec<&str>> = vec![vec![]];
        for line in text.lines().map(str::trim) {
            match paragraphs.last_mut() {
                Some(last) if !line.is_empty() => last.push(line),
                Some(last) if last.is_empty() => {}
                _ => paragraphs.push(vec![]),
            }
        }
        let paragraphs =
            paragraphs.iter().filter(|p| !p.is_empty()).map(|p| spans(&p.join(" "))).collect();
        Self { paragraphs }
    }

    /// As it was written, in one line.
    #[must_use]
    pub fn one_line(&self) -> String {
        let text = |p: &Vec<Span>| {
            p.iter()
                .map(|s| if s.code { format!("`{}`", s.text) } else { s.text.clone() })
                .collect::<String>()
        };
        self.paragraphs.iter().map(text).collect::<Vec<_>>().join(" ")
    }
}

fn spans(text: &str) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let mut rest = text;
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, t)| Some((before, t.split_once('`')?)))
    {
        out.push(Span { text: before.to_owned(), code: false });
        out.push(Span { text: code.to_owned(), code: true });
        rest = after;
    }
    out.push(Span { text: rest.to_owned(), code: false });
    out.retain(|s| !s.text.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_code() {
        let p = Prose::parse("Run `sysctl -a`\nnow.\n\n\nThen `wait.\n");
        assert_eq!(p.paragraphs.len(), 2);
        assert_eq!(p.paragraphs[0][1], Span { text: "sysctl -a".to_owned(), code: true });
        assert_eq!(p.paragraphs[0][2].text, " now.");
        assert_eq!(p.one_line(), "Run `sysctl -a` now. Then `wait.");
        assert_eq!(Prose::parse(" \n "), Prose::default());
    }
}
