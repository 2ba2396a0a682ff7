//! Rule file text, and the way back from a place inside a TOML string to a place in the file.
//!
//! A condition or a template is a string inside TOML. Its own parser tells offsets within the
//! decoded string; a rule author needs the line and column of the file.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

/// The text of one rule file.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as shown in messages.
    pub path: String,
    /// Whole text.
    pub text: String,
}

impl Source {
    /// A file's text under the name it is shown by.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Where the bytes `within` of the decoded TOML string at `literal` stand in the file.
    #[must_use]
    pub fn span_in(&self, literal: &Range<usize>, within: Range<usize>) -> Range<usize> {
        let start = self.offset_in(literal, within.start);
        let end = self.offset_in(literal, within.end).max(start);
        start..end
    }

    /// [`Source::span_in`] for a whole spanned string: what stands between its quotes.
    #[must_use]
    pub fn inner(&self, string: &Spanned<String>) -> Range<usize> {
        self.span_in(&string.span(), 0..string.get_ref().len())
    }

    fn offset_in(&self, literal: &Range<usize>, decoded: usize) -> usize {
        let Some(raw) = self.text.get(literal.clone()) else { return literal.start };
        let (delimiter, escapes) = match raw {
            r if r.starts_with("'''") => ("'''", false),
            r if r.starts_with("\"\"\"") => ("\"\"\"", true),
            r if r.starts_with('"') => ("\"", true),
            _ => ("'", false),
        };
        let mut at = delimiter.len();
        let body = raw.get(at..raw.len().saturating_sub(delimiter.len())).unwrap_or_default();
        let first_newline = match body {
            b if delimiter.len() == 3 && b.starts_with("\r\n") => 2,
            b if delimiter.len() == 3 && b.starts_with('\n') => 1,
            _ => 0,
        };
        at += first_newline;
        let mut rest = body.get(first_newline..).unwrap_or_default();
        let mut done = 0;
        while !rest.is_empty() {
            let (raw_len, decoded_len) = if escapes { unit(rest) } else { plain(rest) };
            if done >= decoded && decoded_len > 0 {
                break;
            }
            at += raw_len;
            done += decoded_len;
            rest = rest.get(raw_len..).unwrap_or_default();
        }
        literal.start + at
    }
}

/// Raw and decoded length of an unescaped character.
fn plain(rest: &str) -> (usize, usize) {
    let n = rest.chars().next().map_or(1, char::len_utf8);
    (n, n)
}

/// Raw and decoded length of the next unit of a basic string.
fn unit(rest: &str) -> (usize, usize) {
    let Some(escaped) = rest.strip_prefix('\\') else { return plain(rest) };
    let digits = match escaped.chars().next() {
        Some('u') => 4,
        Some('U') => 8,
        Some('x') => 2,
        Some(c) if c.is_whitespace() => {
            // A line-ending backslash swallows all whitespace up to the next text.
            return (1 + escaped.len() - escaped.trim_start().len(), 0);
        }
        _ => return (2, 1),
    };
    let decoded = escaped
        .get(1..1 + digits)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8);
    (2 + digits, decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Doc {
        when: Spanned<String>,
    }

    /// The file text at the place of `needle` within the decoded string.
    fn found(file: &str, needle: &str) -> String {
        let doc: Doc = toml::from_str(file).unwrap();
        let at = doc.when.get_ref().find(needle).unwrap();
        let source = Source::new("x", file);
        let span = source.span_in(&doc.when.span(), at..at + needle.len());
        file.get(span).unwrap_or_default().to_owned()
    }

    #[test]
    fn places_are_found_in_every_kind_of_string() {
        assert_eq!(found("when = 'a && bcd'", "bcd"), "bcd");
        assert_eq!(found("when = \"\\\"x\\\" == bcd\"", "bcd"), "bcd");
        assert_eq!(found("when = \"\\u00e4 == bcd\"", "bcd"), "bcd");
        assert_eq!(found("when = '''\na &&\n  bcd'''", "bcd"), "bcd");
        assert_eq!(found("when = \"\"\"\na && \\\n   bcd\"\"\"", "bcd"), "bcd");
        assert_eq!(found("when = 'ä == bcd'", "bcd"), "bcd");
    }
}
