//! Masking secrets before anything is written.
//!
//! An archive leaves the customer's house, so passwords may not enter it in the first place:
//! masked later, they were already on a disk. Masks stay visible ([`MASK`]) and names of keys stay,
//! because *that* a password stands on a command line is worth knowing. Each is counted.
//!
//! Three kinds of text come here: command lines as the kernel has them ([`arguments`]), lines of
//! output and logs ([`text`]), and configuration files ([`config::keep`]), of which only listed
//! directives are kept at all. When in doubt a harmless word is masked rather than a secret kept;
//! the corpus in [`tests`] holds what must go and what must stay.

use std::ops::Range;

pub(crate) mod config;
mod key;
mod options;
mod scan;
#[cfg(test)]
mod tests;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "<masked>";

/// Text without its secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redacted {
    /// What may be written.
    pub bytes: Vec<u8>,
    /// How many secrets were masked.
    pub masked: u64,
}

/// Masks secrets in a command line as `/proc/PID/cmdline` has it: arguments end with NUL.
///
/// A process may have written a title over its arguments, and an argument may be a whole shell
/// script; both are looked through as text, too.
pub(crate) fn arguments(argv: &[u8]) -> Redacted {
    let elements = split(argv, |b| b == 0);
    let mut spans = options::spans(argv, &elements, options::Form::Arguments);
    for element in elements {
        let Some(bytes) = argv.get(element.clone()) else { continue };
        let at = element.start;
        spans.extend(scan::spans(bytes, scan::Form::Argument).into_iter().map(|s| shift(s, at)));
        if bytes.iter().any(u8::is_ascii_whitespace) {
            let words = split(bytes, |b| b.is_ascii_whitespace());
            let inner = options::spans(bytes, &words, options::Form::Line);
            spans.extend(inner.into_iter().map(|s| shift(s, at)));
        }
    }
    mask(argv, spans)
}

/// Masks secrets in lines of text: command output, log lines, the kernel's command line.
pub(crate) fn text(bytes: &[u8]) -> Redacted {
    let mut spans = Vec::new();
    let mut in_key = false;
    for line in split(bytes, |b| b == b'\n') {
        let Some(content) = bytes.get(line.clone()) else { continue };
        let (was_in_key, at) = (in_key, line.start);
        in_key = scan::private_key(content, in_key);
        if was_in_key {
            if in_key {
                spans.push(line);
            }
            continue;
        }
        let words = split(content, |b| b.is_ascii_whitespace());
        let found = options::spans(content, &words, options::Form::Line);
        spans.extend(found.into_iter().map(|s| shift(s, at)));
        spans.extend(scan::spans(content, scan::Form::Line).into_iter().map(|s| shift(s, at)));
    }
    mask(bytes, spans)
}

fn shift(span: Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

/// The non-empty runs between separators.
fn split(bytes: &[u8], is_separator: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (at, &b) in bytes.iter().enumerate() {
        if is_separator(b) {
            if at > start {
                runs.push(start..at);
            }
            start = at + 1;
        }
    }
    if bytes.len() > start {
        runs.push(start..bytes.len());
    }
    runs
}

/// Writes the mask over each span; spans that touch are one secret.
fn mask(bytes: &[u8], mut spans: Vec<Range<usize>>) -> Redacted {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut out = Vec::with_capacity(bytes.len());
    let (mut masked, mut done) = (0, 0);
    for span in spans {
        if span.start >= done && !(masked > 0 && span.start == done) {
            out.extend_from_slice(bytes.get(done..span.start).unwrap_or_default());
            out.extend_from_slice(MASK.as_bytes());
            masked += 1;
        }
        done = done.max(span.end);
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Redacted { bytes: out, masked }
}
