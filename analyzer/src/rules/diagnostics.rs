//! What is wrong with a rule file: file, line, caret, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::source::Source;

/// One defect of a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file.
    pub source: Arc<Source>,
    /// The place, in bytes.
    pub span: Range<usize>,
    /// What is wrong, one sentence.
    pub message: String,
    /// What stands under the caret.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A defect at a place of a file.
    pub fn new(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// With words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the nearest of the known words as advice, or else all of them when they are few.
    #[must_use]
    pub fn did_you_mean<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, &known) {
            Some(best) => self.help(format!("did you mean `{best}`?")),
            None if known.is_empty() => self,
            None if known.len() <= 24 => self.help(format!("known here: {}", known.join(", "))),
            None => self,
        }
    }

    /// The message as a terminal shows it.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let end = self.source.text.len();
        let start = self.span.start.min(end);
        let span = start..self.span.end.clamp(start, end);
        let mut annotation = AnnotationKind::Primary.span(span);
        if !self.label.is_empty() {
            annotation = annotation.label(self.label.as_str());
        }
        let snippet = Snippet::source(self.source.text.as_str())
            .path(self.source.path.as_str())
            .annotation(annotation);
        let mut group = Level::ERROR.primary_title(self.message.as_str()).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The known word nearest to `word`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|k| {
            let distance = distance(word, k);
            let part = k.contains(word) || word.contains(k);
            (if part { 1 } else { distance }, distance, *k)
        })
        .filter(|(near, ..)| *near <= limit)
        .min()
        .map(|(.., k)| k)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((cb, above_left), above) in b.chars().zip(&row).zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(above_left + usize::from(ca != cb));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_only_when_near() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("establishd", &["established", "listen"]), Some("established"));
        assert_eq!(nearest("time_secs", &["time_s", "probes"]), Some("time_s"));
        assert_eq!(nearest("foo", &["established", "listen"]), None);
    }

    #[test]
    fn a_message_shows_file_line_and_caret() {
        let source = Source::new("rules/a.toml", "title = 'x'\nrisk = 'grave'\n");
        let shown = Diagnostic::new(&source, 19..26, "unknown risk `grave`")
            .did_you_mean("grave", ["none", "brief"])
            .to_string();
        assert!(shown.contains("rules/a.toml:2:8"), "{shown}");
        assert!(shown.contains("^^^^^^^"), "{shown}");
        assert!(shown.contains("known here: none, brief"), "{shown}");
    }
}
