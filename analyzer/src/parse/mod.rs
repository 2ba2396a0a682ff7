//! Parsers: bytes of one source in, typed records out.
//!
//! They exist so that everything behind them speaks of `available_bytes` and `idle_s`, never of
//! kB, jiffies or columns. One source is one file. A parser is pure (it opens nothing, and takes
//! page size, ticks and byte order as arguments, because those belong to the host of the archive),
//! total (any input gives records or an error, never a panic) and bounded by its input.
//!
//! - What a kernel does not report is `None`; a missing value is never zero.
//! - Unknown fields and columns are left alone: a newer kernel must not spoil the known ones.
//! - A damaged row does not discard its file: tables return [`Rows`] with the problems beside them.
//! - Records carry the line where a report would cite it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub mod allocinfo;
mod binary;
pub mod bonding;
pub mod buddyinfo;
pub mod cgroup;
pub mod clock;
pub mod cmdline;
pub mod cpuinfo;
pub mod cpulist;
pub mod date;
pub mod df;
pub mod directives;
pub mod diskstats;
pub mod dmi;
pub mod dmidecode;
pub mod edac;
pub mod ethtool;
pub mod ethtool_text;
pub mod fd_stat;
pub mod fdinfo;
pub mod free;
pub mod fstab;
pub mod inet_diag;
pub mod interrupts;
pub mod iomem;
pub mod ip_link;
pub mod ip_route;
pub mod ip_stats;
pub mod ip_vs;
pub mod kernel_event;
pub mod kmsg;
pub mod kstat;
pub mod loadavg;
pub mod logs;
pub mod lsblk;
pub mod lscpu;
pub mod lspci;
pub mod mdstat;
pub mod meminfo;
pub mod modules;
pub mod mountinfo;
pub mod mounts;
pub mod neigh;
pub mod net_dev;
pub mod net_route;
pub mod net_snmp;
pub mod net_snmp6;
pub mod net_sockstat;
pub mod net_softnet_stat;
pub mod net_stat;
pub mod net_tcp;
pub mod netns;
pub mod netstat;
pub mod netstat_s;
pub mod nginx_conf;
pub mod numa_maps;
pub mod numastat;
pub mod os_release;
pub mod pagetypeinfo;
pub mod pid_cgroup;
pub mod pid_io;
pub mod pid_limits;
pub mod pid_stat;
pub mod pid_statm;
pub mod pid_status;
pub mod pressure;
pub mod ps;
pub mod qdisc;
pub mod sched_debug;
pub mod schedstat;
pub mod slabinfo;
pub mod smaps;
pub mod smaps_rollup;
pub mod smart;
pub mod smart_ata;
pub mod smart_nvme;
pub mod smartctl;
pub mod smartctl_json;
pub mod smbios;
pub mod socket;
pub mod ss;
mod ss_detail;
pub mod stamp;
pub mod stat;
pub mod statfs;
pub mod swaps;
pub mod sysctl;
pub mod sysctl_conf;
pub mod sysvipc_msg;
pub mod sysvipc_sem;
pub mod sysvipc_shm;
pub mod tuned;
pub mod uptime;
pub mod uptime_text;
pub mod version;
pub mod vmallocinfo;
pub mod vmstat;
pub mod zoneinfo;

#[cfg(test)]
mod hostile;

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

/// What parsing must know of the host the text comes from. The archive records it: the analyzer's
/// own host may have other pages and another byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseEnv {
    /// Size of a page: 4, 16 or 64 KiB.
    pub page_size_bytes: u64,
    /// `USER_HZ`: the unit of times in `/proc`.
    pub ticks_per_s: u64,
    /// Byte order of binary payloads and of hexadecimal addresses.
    pub little_endian: bool,
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

/// The rows of a table, and the rows that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// Rows in the order of the source.
    pub rows: Vec<T>,
    /// The first of the damaged rows.
    pub problems: Vec<ParseError>,
    /// How many rows were damaged in all.
    pub damaged: u64,
}

/// Damaged rows that are described; the others are only counted.
const MAX_PROBLEMS: usize = 20;

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), problems: Vec::new(), damaged: 0 }
    }
}

impl<T> Rows<T> {
    /// Files a row, or the reason why there is none (`Ok(None)`: a line that is no row).
    pub(crate) fn take(&mut self, row: Result<Option<T>, ParseError>) {
        match row {
            Ok(Some(row)) => self.rows.push(row),
            Ok(None) => {}
            Err(problem) => self.problem(problem),
        }
    }

    /// Files a problem.
    pub(crate) fn problem(&mut self, problem: ParseError) {
        self.damaged = self.damaged.saturating_add(1);
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// The table, or the first problem when not one row was good.
    pub(crate) fn finish(self) -> Result<Self, ParseError> {
        match self.problems.first() {
            Some(first) if self.rows.is_empty() => Err(first.clone()),
            _ => Ok(self),
        }
    }

    /// A table of every line that `row` takes for one.
    pub(crate) fn of(
        text: &str,
        mut row: impl FnMut(Fields<'_>) -> Result<Option<T>, ParseError>,
    ) -> Result<Self, ParseError> {
        let mut rows = Self::default();
        for (line, text) in lines(text) {
            if !text.trim_ascii().is_empty() {
                rows.take(row(Fields::new(line, text)));
            }
        }
        rows.finish()
    }
}

/// Counters by the name the source gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<Box<str>, i64>);

impl Counters {
    /// The counter, if the source has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<i64> {
        self.0.get(name).copied()
    }

    /// All counters by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one; a name that comes again keeps its last value.
    pub(crate) fn set(&mut self, name: &str, value: i64) {
        self.0.insert(name.into(), value);
    }
}

/// The lines of a text with their numbers from 1, without their ends.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> + Clone {
    let (mut rest, mut n) = (text, 0_u32);
    std::iter::from_fn(move || {
        let line = match cut(rest, b'\n') {
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

/// What stands before and behind the first `at`, an ASCII character. Lines and keys of the kernel
/// are short: a plain loop finds their ends in half the time that a search of a text takes.
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
    let value = text.trim_ascii().strip_suffix("kB").and_then(|n| n.trim_ascii_end().parse().ok());
    let bytes = value.and_then(|kib: u64| kib.checked_mul(1024));
    bytes.ok_or_else(|| ParseError::new(line, text, "a size in kB"))
}

/// The host of most samples in tests.
#[cfg(test)]
const ENV: ParseEnv = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };

#[cfg(test)]
mod tests {
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
