//! The host's time zone, as its `/etc/localtime` has it: logs tell local time and no zone.
//!
//! tzfile(5), RFC 9636: transitions, each to a type with an offset, and behind them a rule for the
//! time after the last (`CET-1CEST,M3.5.0,M10.5.0/3`). Only what the present moment needs is read.

use rustix::io::Errno;

use crate::root::Root;

/// Where it stands below the host's root.
pub(crate) const PATH: &str = "etc/localtime";
/// More than any of them has.
pub(crate) const CAP: usize = 64 << 10;

/// Offset of local time from UTC at a moment, in seconds; `None` if the file does not tell.
#[must_use]
pub(crate) fn offset_s(tzif: &[u8], unix_s: i64) -> Option<i32> {
    let first = Block::at(tzif, 4)?;
    if tzif.get(4).is_none_or(|version| *version < b'2') {
        return first.offset_s(unix_s).map(|(offset, _)| offset);
    }
    let rest = tzif.get(first.end..)?;
    let second = Block::at(rest, 8)?;
    let footer = rest.get(second.end..)?.strip_prefix(b"\n")?;
    let footer = std::str::from_utf8(footer.split(|b| *b == b'\n').next()?).ok()?;
    match second.offset_s(unix_s) {
        Some((offset, true)) => Some(offset),
        // Behind the last transition the rule holds, if there is one.
        told => rule_offset_s(footer, unix_s).or(told.map(|(offset, _)| offset)),
    }
}

/// Offset of the root's local time at a moment. Without the file its programs tell UTC.
#[must_use]
pub(crate) fn of_root(root: &Root, unix_s: i64) -> Option<i32> {
    let mut tzif = Vec::new();
    match root.read(PATH, CAP, false, &mut tzif) {
        Ok(_) => offset_s(&tzif, unix_s),
        Err(Errno::NOENT) => Some(0),
        Err(_) => None,
    }
}

/// A header and its data.
struct Block<'a> {
    times: &'a [u8],
    indexes: &'a [u8],
    types: &'a [u8],
    width: usize,
    end: usize,
}

impl<'a> Block<'a> {
    fn at(bytes: &'a [u8], width: usize) -> Option<Self> {
        bytes.strip_prefix(b"TZif")?;
        let count = |k: usize| {
            let field = bytes.get(20 + 4 * k..24 + 4 * k)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(field)).ok().filter(|n| *n < 1 << 20)
        };
        let [utc, std, leaps] = [count(0)?, count(1)?, count(2)?];
        let [times, types, chars] = [count(3)?, count(4)?, count(5)?];
        let mut at = 44;
        let mut take = |n: usize| {
            let part = bytes.get(at..at + n)?;
            at += n;
            Some(part)
        };
        let (times, indexes) = (take(times * width)?, take(times)?);
        let types = take(types * 6)?;
        take(chars + leaps * (width + 4) + std + utc)?;
        Some(Self { times, indexes, types, width, end: at })
    }

    /// The offset, and whether a later transition is known.
    fn offset_s(&self, unix_s: i64) -> Option<(i32, bool)> {
        let time = |bytes: &[u8]| match bytes.len() {
            4 => Some(i64::from(i32::from_be_bytes(bytes.try_into().ok()?))),
            _ => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        };
        let past = |bytes: &&[u8]| time(bytes).is_some_and(|at| at <= unix_s);
        let passed = self.times.chunks_exact(self.width).take_while(past).count();
        let kind = match passed.checked_sub(1) {
            Some(last) => usize::from(*self.indexes.get(last)?),
            None => 0,
        };
        let offset = self.types.get(kind * 6..kind * 6 + 4)?.try_into().ok()?;
        Some((i32::from_be_bytes(offset), passed < self.indexes.len()))
    }
}

/// A rule of POSIX: `UTC0`, `<+0330>-3:30`, `CET-1CEST,M3.5.0,M10.5.0/3`. Days are of the form
/// `Mm.w.d`; the two others are used nowhere.
fn rule_offset_s(rule: &str, unix_s: i64) -> Option<i32> {
    let rest = after_name(rule)?;
    let (west, rest) = clock(rest)?;
    let standard = -west;
    if rest.is_empty() {
        return Some(standard);
    }
    let rest = after_name(rest)?;
    let (summer, rest) = match clock(rest) {
        Some((west, rest)) => (-west, rest),
        None => (standard + 3600, rest),
    };
    let (begin, end) = rest.strip_prefix(',')?.split_once(',')?;
    let year = crate::clock::civil_of(unix_s).0;
    let begin = day(begin, year)? - i64::from(standard);
    let end = day(end, year)? - i64::from(summer);
    let is_summer =
        if begin < end { (begin..end).contains(&unix_s) } else { !(end..begin).contains(&unix_s) };
    Some(if is_summer { summer } else { standard })
}

fn after_name(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').map(|(_, rest)| rest);
    }
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    (rest.len() < text.len()).then_some(rest)
}

/// `[+-]h[h][:mm[:ss]]` in seconds, and what follows.
fn clock(text: &str) -> Option<(i32, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let mut seconds = 0_i32;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i32>().ok().filter(|n| *n < 200)? * unit;
    }
    Some((sign * seconds, rest))
}

/// `Mm.w.d[/time]` of a year as seconds since 1970, in local time.
fn day(text: &str, year: i64) -> Option<i64> {
    let (date, time) = text.split_once('/').unwrap_or((text, "2"));
    let mut fields = date.strip_prefix('M')?.split('.').map(|n| n.parse::<i64>().ok());
    let (month, week, weekday) = (fields.next()??, fields.next()??, fields.next()??);
    if !(1..=12).contains(&month) || !(1..=5).contains(&week) || !(0..=6).contains(&weekday) {
        return None;
    }
    let first = crate::clock::days_of(year, month, 1);
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let length = crate::clock::days_of(next.0, next.1, 1) - first;
    // 1970-01-01 was a Thursday.
    let mut day = (weekday - (first + 4).rem_euclid(7)).rem_euclid(7) + 7 * (week - 1);
    if day >= length {
        day -= 7;
    }
    Some((first + day) * 86_400 + i64::from(clock(time)?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-15 and 2026-07-15, 12:00 UTC.
    const WINTER: i64 = 1_768_478_400;
    const SUMMER: i64 = 1_784_116_800;

    #[test]
    fn rules_know_winter_and_summer_of_both_hemispheres() {
        for (rule, winter, summer) in [
            ("UTC0", 0, 0),
            ("KST-9", 32_400, 32_400),
            ("<+0330>-3:30", 12_600, 12_600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200),
            ("EST5EDT,M3.2.0,M11.1.0", -18_000, -14_400),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 39_600, 36_000),
        ] {
            let told = [WINTER, SUMMER].map(|at| rule_offset_s(rule, at));
            assert_eq!(told, [Some(winter), Some(summer)], "{rule}");
        }
        // The last Sunday of March 2026 is the 29th: summer begins at 01:00 UTC.
        let begins = 1_774_746_000;
        let told = [begins - 1, begins].map(|at| rule_offset_s("CET-1CEST,M3.5.0,M10.5.0/3", at));
        assert_eq!(told, [Some(3600), Some(7200)]);
        for bad in ["", "5", "CET", "CET-1CEST,J60,J300", "CET-1CEST,M13.5.0,M10.5.0", "A999"] {
            assert_eq!(rule_offset_s(bad, WINTER), None, "{bad}");
        }
    }

    fn file(version: u8, width: usize, times: &[i64], footer: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for width in if version == 0 { vec![4] } else { vec![4, width] } {
            out.extend_from_slice(b"TZif");
            out.push(version);
            out.extend_from_slice(&[0; 15]);
            let n = u32::try_from(times.len()).unwrap();
            for count in [0, 0, 0, n, 2, 4] {
                out.extend_from_slice(&count.to_be_bytes());
            }
            for time in times {
                let bytes = time.to_be_bytes();
                out.extend_from_slice(&bytes[8 - width..]);
            }
            out.extend((0..times.len()).map(|k| u8::from(k % 2 == 0)));
            for offset in [3600_i32, 7200] {
                out.extend_from_slice(&offset.to_be_bytes());
                out.extend_from_slice(&[0, 0]);
            }
            out.extend_from_slice(b"CET\0");
        }
        if version > 0 {
            out.extend_from_slice(format!("\n{footer}\n").as_bytes());
        }
        out
    }

    #[test]
    fn transitions_are_followed_and_behind_the_last_the_rule() {
        let old = file(0, 4, &[WINTER - 10, WINTER + 10], "");
        assert_eq!(offset_s(&old, WINTER), Some(7200));
        assert_eq!(offset_s(&old, WINTER - 20), Some(3600));
        assert_eq!(offset_s(&old, WINTER + 20), Some(3600));
        let new = file(b'2', 8, &[WINTER - 10, WINTER + 10], "KST-9");
        assert_eq!(offset_s(&new, WINTER), Some(7200));
        assert_eq!(offset_s(&new, SUMMER), Some(32_400));
        for cut in 0..new.len() - 1 {
            let _ = offset_s(&new[..cut], WINTER);
        }
        assert_eq!(offset_s(b"not a zone", WINTER), None);
    }
}
