//! What every parser says when it does not understand: what stood there, what was expected.

use std::borrow::Cow;
use std::fmt;

/// Why a text was not understood: what stood there and what was expected.
///
/// The caller knows the path: `parse proc/meminfo line 3: ...` is [`ParseError::in_source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1; `None` for binary sources and for sources as a whole.
    pub line: Option<u32>,
    /// The text that was found, shortened, control characters escaped.
    pub text: String,
    /// What was expected in its place.
    pub expected: Cow<'static, str>,
}

/// Characters of the offending text that an error shows.
const SHOWN: usize = 60;

impl ParseError {
    /// An error about `text`, which is shortened and made printable.
    pub fn new(
        line: impl Into<Option<u32>>,
        text: &str,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut shown = String::new();
        for (i, c) in text.chars().enumerate() {
            if i == SHOWN {
                shown.push('…');
                break;
            }
            if matches!(c, '"' | '\'' | '\\') {
                shown.push(c);
            } else {
                shown.extend(c.escape_debug());
            }
        }
        Self { line: line.into(), text: shown, expected: expected.into() }
    }

    /// The whole message: `parse proc/meminfo line 3: ...`.
    #[must_use]
    pub fn in_source(&self, path: &str) -> String {
        let joint = if self.line.is_some() { "" } else { ":" };
        format!("parse {path}{joint} {self}")
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "`{}`: expected {}", self.text, self.expected)
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::super::kb;
    use super::*;

    #[test]
    fn an_error_names_line_text_and_expectation_and_shows_control_characters() {
        let e = kb(3, "x\u{1b}[31m kB").unwrap_err();
        assert_eq!(
            e.in_source("proc/meminfo"),
            "parse proc/meminfo line 3: `x\\u{1b}[31m kB`: expected a size in kB"
        );
        let long = ParseError::new(None, &"a".repeat(100_000), "less");
        assert_eq!(long.text.chars().count(), 61);
        assert!(long.in_source("f").starts_with("parse f: `aaa"));
    }
}
