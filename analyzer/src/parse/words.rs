//! Lines, words and numbers, as the kernel and its tools print them.

use std::borrow::Cow;
use std::str::FromStr;

use linsight_archive::decimal::digits;

use super::ParseError;

/// Bytes as text. Nearly all are UTF-8, which is checked much faster than it is mended.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The word in brackets, by which files of sysfs show what is set: `always [madvise] never`.
pub(crate) fn chosen(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(word, _)| word)
}

/// The lines of a text with their numbers from 1, without their ends.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> + Clone {
    let (mut rest, mut n) = (text, 0_u32);
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let line = match end.and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?))) {
            Some((line, tail)) => {
                rest = tail;
                line.strip_suffix('\r').unwrap_or(line)
            }
            None if rest.is_empty() => return None,
            None => std::mem::take(&mut rest),
        };
        n = n.saturating_add(1);
        Some((n, line))
    })
}

/// What stands before and behind the first `at`, an ASCII character. Keys of the kernel are short:
/// a plain loop finds their ends in half the time that a search takes.
pub(crate) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| b == at)?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// One line, taken word by word.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    /// Number of the line.
    pub(crate) line: u32,
    /// The whole line.
    pub(crate) text: &'a str,
    rest: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(line: u32, text: &'a str) -> Self {
        Self { line, text, rest: text }
    }

    /// What was not taken yet, without surrounding blanks.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest.trim_ascii()
    }

    /// An error about the whole line.
    pub(crate) fn error(&self, expected: impl Into<Cow<'static, str>>) -> ParseError {
        ParseError::new(self.line, self.text.trim_ascii(), expected)
    }

    /// The next word, which must be there.
    pub(crate) fn word(&mut self, what: &'static str) -> Result<&'a str, ParseError> {
        self.next().ok_or_else(|| self.error(format!("a further field: {what}")))
    }

    /// The next word as a number (of any type), which must be there.
    pub(crate) fn num<T: FromStr>(&mut self, what: &'static str) -> Result<T, ParseError> {
        let word = self.word(what)?;
        number(self.line, word, what)
    }

    /// The next word as a number, if there is a next word.
    pub(crate) fn opt<T: FromStr>(&mut self, what: &'static str) -> Result<Option<T>, ParseError> {
        self.next().map(|word| number(self.line, word, what)).transpose()
    }

    /// The next word as a finite decimal number.
    pub(crate) fn measure(&mut self, what: &'static str) -> Result<f64, ParseError> {
        let word = self.word(what)?;
        measure(self.line, word, what)
    }

    /// The next word as a hexadecimal number.
    pub(crate) fn hex(&mut self, what: &'static str) -> Result<u64, ParseError> {
        let word = self.word(what)?;
        hex(self.line, word, what)
    }

    /// Leaves out `n` words.
    pub(crate) fn pass(&mut self, n: usize) -> &mut Self {
        for _ in 0..n {
            if self.next().is_none() {
                break;
            }
        }
        self
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_ascii_start();
        let end = text.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

/// A number of any type; `what` names the field.
pub(crate) fn number<T: FromStr>(
    line: impl Into<Option<u32>>,
    text: &str,
    what: &'static str,
) -> Result<T, ParseError> {
    let expected = || ParseError::new(line, text, format!("a number ({what})"));
    text.trim_ascii().parse().ok().ok_or_else(expected)
}

/// A finite decimal number.
pub(crate) fn measure(
    line: impl Into<Option<u32>> + Copy,
    text: &str,
    what: &'static str,
) -> Result<f64, ParseError> {
    let value: f64 = number(line, text, what)?;
    let expected = || ParseError::new(line, text, format!("a finite number ({what})"));
    if value.is_finite() { Ok(value) } else { Err(expected()) }
}

/// A counter as kernels print it: signed, or the unsigned form of a negative value.
pub(crate) fn counter(
    line: impl Into<Option<u32>> + Copy,
    text: &str,
    what: &'static str,
) -> Result<i64, ParseError> {
    match text.trim_ascii().parse::<i64>() {
        Ok(value) => Ok(value),
        Err(_) => number::<u64>(line, text, what).map(u64::cast_signed),
    }
}

/// A hexadecimal number, with or without `0x`.
pub(crate) fn hex(
    line: impl Into<Option<u32>>,
    text: &str,
    what: &'static str,
) -> Result<u64, ParseError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let signed = digits.starts_with(['+', '-']);
    let value = if signed { None } else { u64::from_str_radix(digits, 16).ok() };
    value.ok_or_else(|| ParseError::new(line, text, format!("a hexadecimal number ({what})")))
}

/// A size with a unit as tools print it for people: `61.9M`, `8 MiB`, `16384 MB`, `96 kB`, `0B`.
/// All powers are of 1024, whatever the spelling; a bare number counts bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim_ascii();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(at)?;
    let power = match unit.trim_ascii().trim_end_matches(['B', 'b', 'i']) {
        "" if unit.contains('i') => return None,
        "" => 0,
        "K" | "k" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        _ => return None,
    };
    let factor = 1024u64.checked_pow(power)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rounded size, and a power of two")]
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked")]
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

/// Octal escapes of the kernel's tables: `\\040` is a blank.
pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = |d: &u8| (b'0'..=b'7').contains(d).then(|| u32::from(d - b'0'));
        let code = match tail {
            [a, b, c, ..] if first == b'\\' => octal(a)
                .zip(octal(b))
                .zip(octal(c))
                .and_then(|((a, b), c)| u8::try_from(a * 64 + b * 8 + c).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { tail.get(3..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `4026036 kB` in bytes.
pub(crate) fn kb(line: impl Into<Option<u32>>, text: &str) -> Result<u64, ParseError> {
    let value = text.trim_ascii().strip_suffix("kB").map(str::trim_ascii_end);
    let bytes = value.and_then(|kib| digits(kib.as_bytes())?.checked_mul(1024));
    bytes.ok_or_else(|| ParseError::new(line, text, "a size in kB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in ["", "\n", "a", "a\n", "a\r\nb\r", "\r\n\n x", "é\n\u{202e}\r\n", "a\n\nb"] {
            let ours: Vec<&str> = lines(text).map(|(_, line)| line).collect();
            assert_eq!(ours, text.lines().collect::<Vec<_>>(), "{text:?}");
            assert_eq!(cut(text, b'\n'), text.split_once('\n'));
        }
        assert_eq!(lines("a\n\nb").last(), Some((3, "b")));
    }

    #[test]
    fn sizes_that_overflow_are_errors() {
        assert_eq!(kb(1, "4026036 kB"), Ok(4_122_660_864));
        assert!(kb(1, "18446744073709551615 kB").is_err());
        assert!(kb(1, "5").is_err());
        assert!(kb(1, "").is_err());
    }

    #[test]
    fn hexadecimal_without_signs() {
        assert_eq!(hex(1, "0xFf", "x"), Ok(255));
        assert!(hex(1, "-1", "x").is_err());
        assert!(hex(1, "+1", "x").is_err());
        assert!(hex(1, "", "x").is_err());
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(size("61.5M"), Some(64_487_424));
        assert_eq!((size("8 MiB"), size("16384 MB")), (Some(8 << 20), Some(16 << 30)));
        assert_eq!((size("96 kB"), size("0B"), size("512")), (Some(98304), Some(0), Some(512)));
        assert_eq!((size("None"), size(""), size("1X"), size("i")), (None, None, None, None));
        assert_eq!(size("99999999999999999999P"), None);
    }

    #[test]
    fn octal_escapes() {
        assert_eq!(unescape("/a\\040b\\134\\011c\\9\\777\\04"), "/a b\\\tc\\9\\777\\04");
    }

    #[test]
    fn fields_leave_the_rest() {
        let mut f = Fields::new(7, " a  5 c d ");
        assert_eq!(f.word("name"), Ok("a"));
        assert_eq!(f.num::<u8>("n"), Ok(5));
        assert_eq!(f.rest(), "c d");
        assert_eq!(f.pass(9).next(), None);
        assert_eq!(f.num::<u8>("end").unwrap_err().line, Some(7));
    }
}
