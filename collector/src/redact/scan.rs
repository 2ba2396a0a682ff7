//! Secrets told by what stands before them (`password=`, `"token":`, `://user:`, `Bearer`) or by
//! their own shape.

use std::ops::Range;

use super::key::{is_harmless, is_secret};

/// What the text is: it decides where an unquoted value ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One argument of a program: a value that begins it goes to its end, spaces and all.
    Argument,
    /// A line.
    Line,
}

/// Beginnings of tokens that tell what they are, and the least length of the whole.
const SHAPES: [(&[u8], usize); 13] = [
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghs_", 20),
    (b"github_pat_", 30),
    (b"glpat-", 20),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"sk_live_", 20),
    (b"AIza", 35),
    (b"hvs.", 20),
    (b"npm_", 36),
    (b"AKIA", 20),
    (b"eyJ", 40),
];

/// Words before a secret in HTTP headers and in prose about them.
const SCHEMES: [&[u8]; 3] = [b"bearer", b"basic", b"digest"];

/// Longest word that is looked through for a URL: bounds the work on hostile text.
const MAX_WORD_BYTES: usize = 1024;

/// What to mask in one argument or line.
pub(super) fn spans(text: &[u8], form: Form) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.windows(11).any(|w| w == b"-----BEGIN ") && private_key(text, false) {
        found.push(0..text.len());
        return found;
    }
    let mut at = 0;
    // The next `@`: without one near by there is no user and no host to look for.
    let mut near = 0;
    while at < text.len() {
        if near < at {
            near = until(text, at, b"@");
        }
        let end = at + text.iter().skip(at).take_while(|b| is_name(**b)).count();
        if end == at {
            at += 1;
            continue;
        }
        let name = text.get(at..end).unwrap_or_default();
        let has_host = near < text.len() && near - at < MAX_WORD_BYTES;
        let taken = (has_host.then(|| url(text, end)).flatten())
            .or_else(|| header(text, name, end))
            .or_else(|| pair(text, at..end, form))
            .or_else(|| has_host.then(|| connection(text, end)).flatten())
            .or_else(|| shape(name).then_some(at..end));
        // Behind a secret that was found the search goes on at its end.
        at = taken.as_ref().map_or(end, |span| span.end.max(end));
        found.extend(taken);
    }
    found
}

/// Whether the lines from here on belong to a private key in PEM form.
pub(super) fn private_key(line: &[u8], inside: bool) -> bool {
    let has = |what: &[u8]| line.windows(what.len()).any(|w| w == what);
    if inside { !has(b"-----END ") } else { has(b"-----BEGIN ") && has(b"PRIVATE KEY-----") }
}

const fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or_default()
}

fn skip(text: &[u8], at: usize, of: &[u8]) -> usize {
    at + text.iter().skip(at).take_while(|b| of.contains(b)).count()
}

/// The first place from `at` on where one of `of` stands, or the end.
fn until(text: &[u8], at: usize, of: &[u8]) -> usize {
    at + text.iter().skip(at).take_while(|b| !of.contains(b)).count()
}

/// Where a word ends, within [`MAX_WORD_BYTES`].
fn word_end(text: &[u8], at: usize, of: &[u8]) -> usize {
    let rest = text.iter().skip(at).take(MAX_WORD_BYTES);
    at + rest.take_while(|b| !of.contains(b)).count()
}

/// `name=value`, `name = value`, `"name": "value"`, `name%3Dvalue`.
fn pair(text: &[u8], name: Range<usize>, form: Form) -> Option<Range<usize>> {
    let key = text.get(name.clone())?;
    let quoted_name = matches!(byte(text, name.end), b'"' | b'\'' | b'\\' | b']');
    let at = skip(text, skip(text, name.end, b"\\\"']"), b" \t");
    let escaped = byte(text, at) == b'%' && text.get(at..at + 3)?.eq_ignore_ascii_case(b"%3d");
    let separator = byte(text, at);
    if !(escaped || matches!(separator, b'=' | b':')) || !is_secret(key) {
        return None;
    }
    let spaced = at > name.end;
    let mut start = at + if escaped { 3 } else { 1 };
    start = skip(text, start, b">");
    if separator == b':' || spaced || form == Form::Line {
        start = skip(text, start, b" \t");
    }
    // `sshd:auth: failure` and `(:auth)` are prose; as a header the name has a scheme behind it.
    if separator == b':' && key.eq_ignore_ascii_case(b"auth") && !quoted_name {
        return None;
    }
    let leads = text.get(..name.start).is_some_and(|lead| b"--".starts_with(lead));
    let to_the_end = match form {
        Form::Argument => leads,
        Form::Line => separator == b':' && !quoted_name,
    };
    let end = if to_the_end { End::Text } else { End::Word };
    let span = value(text, start, end);
    let shown = text.get(span.clone())?;
    (!is_harmless(key, shown)).then_some(span)
}

/// Where an unquoted value ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the text.
    Text,
    /// At a blank, a quote, or where the next `name=` begins.
    Word,
}

/// The extent of a value that starts at `start`.
fn value(text: &[u8], start: usize, end: End) -> Range<usize> {
    let open = skip(text, start, b"\\");
    let quote = byte(text, open);
    if matches!(quote, b'"' | b'\'') {
        let from = open + 1;
        let mut to = until(text, from, &[quote]);
        if open > start {
            // `\"value\"` ends before its own backslash.
            to = to.saturating_sub(1).max(from);
        } else {
            while to < text.len() && byte(text, to - 1) == b'\\' {
                to = until(text, to + 1, &[quote]);
            }
        }
        return from..to.min(text.len()).max(from);
    }
    if end == End::Text {
        return start..text.len();
    }
    let mut to = start;
    loop {
        to = until(text, to, b" \t\"'&;,");
        let next = skip_names(text, to + 1);
        let goes_on = matches!(byte(text, to), b'&' | b';' | b',') && {
            next == to + 1 || byte(text, next) != b'='
        };
        if !goes_on {
            return start..to.min(text.len());
        }
        to += 1;
    }
}

fn skip_names(text: &[u8], at: usize) -> usize {
    at + text.iter().skip(at).take(MAX_WORD_BYTES).take_while(|b| is_name(**b)).count()
}

/// The password in `scheme://user:password@host`, or a token in the place of the user.
fn url(text: &[u8], scheme_end: usize) -> Option<Range<usize>> {
    let rest = text.get(scheme_end..)?.strip_prefix(b"://")?;
    let start = scheme_end + 3;
    let word = rest.get(..word_end(rest, 0, b" \t\"'<>\\"))?;
    let authority = word.get(..until(word, 0, b"/?#"))?;
    let reach = if let Some(at) = authority.iter().rposition(|&b| b == b'@') {
        at
    } else {
        // A password may hold a slash: then what seems to be the port is no number.
        let colon = authority.iter().position(|&b| b == b':')?;
        let port = authority.get(colon + 1..)?;
        if port.iter().all(u8::is_ascii_digit) {
            return None;
        }
        word.iter().rposition(|&b| b == b'@')?
    };
    let user = word.get(..reach)?;
    match user.iter().position(|&b| b == b':') {
        Some(colon) if colon + 1 < reach => Some(start + colon + 1..start + reach),
        Some(_) => None,
        None => (user.len() >= 20).then_some(start..start + reach),
    }
}

/// `Authorization: Basic …`, `Authorization "Bearer …"`, `Bearer …`.
fn header(text: &[u8], name: &[u8], end: usize) -> Option<Range<usize>> {
    let is_scheme = |word: &[u8]| SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(word));
    if name.eq_ignore_ascii_case(b"authorization")
        || name.eq_ignore_ascii_case(b"proxy-authorization")
    {
        let start = skip(text, end, b" \t:=\"'\\");
        let word = until(text, start, b" \t");
        let is_word = is_scheme(text.get(start..word)?);
        let from = if is_word { skip(text, word, b" \t") } else { start };
        let to = until(text, from, b"\"'\\\n");
        return (start > end && to > from).then_some(from..to);
    }
    if !is_scheme(name) {
        return None;
    }
    let from = skip(text, end, b" \t");
    let to = until(text, from, b" \t\"',;\\");
    let credential = text.get(from..to)?;
    let is_code = credential.iter().all(|&b| is_name(b) || b"+/=~".contains(&b))
        && credential.iter().skip(1).any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    (from > end && credential.len() >= 8 && is_code).then_some(from..to)
}

/// `user:password@tcp(host)`, `user:password@host:port`, `iscsi:user:password@host`: data source
/// names without a scheme.
fn connection(text: &[u8], user_end: usize) -> Option<Range<usize>> {
    if byte(text, user_end) != b':' {
        return None;
    }
    let start = user_end + 1;
    let word = text.get(start..word_end(text, start, b" \t\"'<>,;"))?;
    let at = word.iter().rposition(|&b| b == b'@')?;
    let password = word.get(..at)?;
    let host = word.get(at + 1..)?;
    let name = host.iter().take_while(|b| is_name(**b) || b"[]".contains(b)).count();
    let after = byte(host, name);
    let is_target = name > 0 && matches!(after, b':' | b'(' | b'/');
    (is_target && at > 0 && !password.starts_with(b"/")).then_some(start..start + at)
}

/// A token that tells by itself what it is.
fn shape(word: &[u8]) -> bool {
    let jwt = !word.starts_with(b"eyJ") || word.split(|b| *b == b'.').nth(2).is_some();
    jwt && SHAPES.iter().any(|(start, least)| word.len() >= *least && word.starts_with(start))
}
