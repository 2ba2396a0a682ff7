//! Strings of a snapshot are hostile: a process may be named with an escape sequence, a host with
//! a right-to-left override. Every renderer passes what it prints through here, so that a control
//! character is seen and does nothing.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with every control character written out (`\u{1b}`), line breaks and tabs kept.
///
/// Control characters are C0, DEL, C1, the bidirectional controls, and the invisible ones that
/// break a line or hide text (zero-width space, line separator, byte order mark).
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_control(c) && !matches!(c, '\n' | '\t'))
}

/// The same for one line: line breaks and tabs are written out, too.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_control)
}

/// The same in ASCII, for places that strip everything else. Signs that our own texts use get
/// their usual spelling; any other character is written out.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '≥' => out.push_str(">="),
            '≤' => out.push_str("<="),
            '–' | '—' | '−' => out.push('-'),
            '→' => out.push_str("->"),
            '×' => out.push('x'),
            '·' => out.push('|'),
            '…' => out.push_str("..."),
            'µ' | 'μ' => out.push('u'),
            '\u{a0}' => out.push(' '),
            '’' | '‘' => out.push('\''),
            '“' | '”' => out.push('"'),
            other => push_code(&mut out, other),
        }
    }
    out
}

/// At most `max` characters, with the cut marked.
#[must_use]
pub fn clip(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(max.saturating_sub(1)).chain(['…']).collect()),
    }
}

/// Whether a character would act instead of being seen.
const fn is_control(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn escape(text: &str, hit: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hit) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hit(c) {
            push_code(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push_code(out: &mut String, c: char) {
    write!(out, "\\u{{{:x}}}", u32::from(c)).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_seen() {
        assert_eq!(line("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("x\u{202e}y\u{85}\0"), "x\\u{202e}y\\u{85}\\u{0}");
        assert_eq!(line("a\nb\tc"), "a\\u{a}b\\u{9}c");
        assert_eq!(block("a\nb\tc\r"), "a\nb\tc\\u{d}");
        assert_eq!(line("Grüße, 서울, 👍"), "Grüße, 서울, 👍");
    }

    #[test]
    fn ascii_spells_what_it_can() {
        assert_eq!(ascii("3 ≥ 2 – µs … ü"), "3 >= 2 - us ... \\u{fc}");
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("서울특별시", 3), "서울…");
    }
}
