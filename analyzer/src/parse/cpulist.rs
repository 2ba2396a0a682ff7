//! Lists of CPUs or nodes: `/sys/devices/system/cpu/online`, `cpulist`, `Cpus_allowed_list`.
//!
//! <https://docs.kernel.org/admin-guide/kernel-parameters.html#cpu-lists>
//!
//! ```text
//! 0-3,8
//! ```

use super::{ParseError, number};

/// A set of CPUs as ranges: a hostile `0-4294967295` costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuList(Vec<(u32, u32)>);

impl CpuList {
    /// Joins ranges that touch.
    fn of(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// None: the file of offline CPUs is mostly an empty line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `cpu` is in it.
    #[must_use]
    pub fn contains(&self, cpu: u32) -> bool {
        self.0.iter().any(|&(first, last)| (first..=last).contains(&cpu))
    }

    /// All members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }
}

impl FromIterator<u32> for CpuList {
    fn from_iter<I: IntoIterator<Item = u32>>(cpus: I) -> Self {
        Self::of(cpus.into_iter().map(|cpu| (cpu, cpu)).collect())
    }
}

impl std::fmt::Display for CpuList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

/// Reads the list; blank text is the empty set.
///
/// # Errors
/// A part that is neither a number nor an ascending range.
pub fn parse(text: &str) -> Result<CpuList, ParseError> {
    let mut ranges = Vec::new();
    for part in text.trim_ascii().split(',').filter(|p| !p.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(1, first, "CPU")?, number(1, last, "CPU")?);
        if last < first {
            return Err(ParseError::new(1, part, "an ascending range"));
        }
        ranges.push((first, last));
    }
    Ok(CpuList::of(ranges))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "0-3,8\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_23_ranges() {
        let l = parse(SAMPLE).unwrap();
        assert_eq!((l.len(), l.iter().collect::<Vec<_>>()), (5, vec![0, 1, 2, 3, 8]));
        assert!(l.contains(8) && !l.contains(4));
        assert_eq!(parse("2,1,2-3\n").unwrap().len(), 3);
        assert_eq!(l.to_string(), "0-3,8");
        assert_eq!([9, 1, 2, 0].into_iter().collect::<CpuList>().to_string(), "0-2,9");
        assert!(parse("\n").unwrap().is_empty());
        assert_eq!(parse("0-4294967295").unwrap().len(), 1 << 32);
        for text in ["3-1", "a", "0-", "1 2"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
