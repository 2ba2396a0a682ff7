//! The archived text behind a finding: a few lines, numbered as in the archive, the ones that
//! count marked.

use serde::Serialize;

use super::visible::clip;
use crate::absence::Absence;
use crate::locator::Locator;

/// Lines of an excerpt at most.
const MAX_LINES: usize = 12;
/// Characters of a line at most.
const MAX_CHARS: usize = 200;
/// Lines shown before and after one that counts.
const AROUND: usize = 1;

/// Reads the archive again. The parsers' results are long gone when a report is written, so
/// evidence is fetched by its locator.
pub trait Evidence: Sync {
    /// The bytes of an entry, or of one record of a pack.
    ///
    /// # Errors
    /// Why it cannot be read again.
    fn read(&self, path: &str, record: Option<&str>) -> Result<Vec<u8>, Absence>;

    /// Lines of a source around its locator; operator inputs and derived facts have none.
    ///
    /// # Errors
    /// Why they cannot be read again.
    fn lines(&self, at: &Locator) -> Result<Excerpt, Absence> {
        match at {
            Locator::Lines { path, record, first, last } => {
                let bytes = self.read(path, record.as_deref())?;
                Ok(Excerpt::new(path, record.as_deref(), &bytes, &[(*first, *last)]))
            }
            Locator::Facts { .. } | Locator::Operator { .. } => Err(Absence::new(
                crate::absence::Reason::NotApplicable,
                "not a place in the archive",
            )),
        }
    }
}

/// Lines of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// Path by which `linsight show` finds it.
    pub path: String,
    /// Lines, with gaps where some were left out.
    pub lines: Vec<ExcerptLine>,
    /// What is not shown, in words.
    pub note: Option<String>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcerptLine {
    /// From 1.
    pub number: usize,
    /// Text, at most 200 characters.
    pub text: String,
    /// The rule read it.
    pub hit: bool,
    /// Lines were left out before this one.
    pub gap: bool,
}

impl Excerpt {
    /// Cuts the lines of `ranges` (from 1, inclusive; `0..0` is the whole source) out of `bytes`,
    /// with one line around each. What counts goes before what is around it.
    #[must_use]
    pub fn new(path: &str, record: Option<&str>, bytes: &[u8], ranges: &[(u32, u32)]) -> Self {
        let path = shown_path(path, record);
        if bytes.iter().take(4096).any(|b| *b == 0) && !path.ends_with("/cmdline") {
            let note = format!("binary, {} bytes: the command below decodes it", bytes.len());
            return Self { path, lines: vec![], note: Some(note) };
        }
        let text = String::from_utf8_lossy(bytes);
        let all: Vec<&str> = text.lines().collect();
        let index = |n: u32| usize::try_from(n).unwrap_or(usize::MAX).saturating_sub(1);
        let mut hits: Vec<usize> = ranges
            .iter()
            .filter(|(first, _)| *first > 0)
            .flat_map(|(first, last)| index(*first)..=index((*last).max(*first)).min(all.len()))
            .filter(|i| *i < all.len())
            .take(MAX_LINES * 4)
            .collect();
        hits.sort_unstable();
        hits.dedup();
        // The first lines of a long source that was read as a whole prove nothing.
        let mut shown: Vec<usize> = if hits.is_empty() && all.len() > MAX_LINES {
            vec![]
        } else if hits.is_empty() {
            (0..all.len()).collect()
        } else {
            hits.iter().copied().take(MAX_LINES).collect()
        };
        let around: Vec<usize> = hits
            .iter()
            .flat_map(|h| h.saturating_sub(AROUND)..=(h + AROUND).min(all.len().saturating_sub(1)))
            .filter(|i| hits.binary_search(i).is_err())
            .collect();
        let room = MAX_LINES.saturating_sub(shown.len());
        shown.extend(around.into_iter().take(room));
        shown.sort_unstable();
        shown.dedup();
        let lines = shown
            .iter()
            .scan(0, |next, i| {
                let gap = *i != *next && *next != 0;
                *next = i + 1;
                Some((*i, gap))
            })
            .filter_map(|(i, gap)| {
                let text = clip(all.get(i)?, MAX_CHARS).into_owned();
                Some(ExcerptLine { number: i + 1, text, hit: hits.binary_search(&i).is_ok(), gap })
            })
            .collect();
        let note = (shown.len() < all.len()).then(|| {
            let lines = super::units::Unit::Plain.format(super::units::float_len(all.len()));
            match shown.len() {
                0 => format!("{lines} lines, read as a whole"),
                n => format!("{n} of {lines} lines"),
            }
        });
        Self { path, lines, note }
    }
}

/// The path under which `linsight show` finds a record: `packs/proc-pid/status`, key `1234`, is
/// `proc/1234/status`.
#[must_use]
pub fn shown_path(path: &str, record: Option<&str>) -> String {
    let (pass, bare) = linsight_archive::names::split_sample(path);
    let Some(key) = record else { return path.to_owned() };
    let mut parts = bare.split('/').skip(1);
    let (family, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let host_path = match (family, key.split_once('/')) {
        ("proc-pid", Some((pid, rest))) => format!("proc/{pid}/{kind}/{rest}"),
        ("proc-pid", None) => format!("proc/{key}/{kind}"),
        ("proc-task", Some((pid, tid))) => format!("proc/{pid}/task/{tid}/{kind}"),
        ("sys", _) => format!("sys/{key}"),
        _ => format!("{bare}/{key}"),
    };
    linsight_archive::names::sample(pass, &host_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &[u8] = b"MemTotal: 1 kB\nMemFree: 2 kB\nMemAvailable: 3 kB\nBuffers: 4 kB\nCached: 5 kB\nSwapCached: 6 kB\nActive: 7 kB\n";

    fn numbers(e: &Excerpt) -> Vec<(usize, bool, bool)> {
        e.lines.iter().map(|l| (l.number, l.hit, l.gap)).collect()
    }

    #[test]
    fn hits_are_marked_and_gaps_told() {
        let e = Excerpt::new("proc/meminfo", None, MEMINFO, &[(1, 1), (6, 6)]);
        let f = false;
        assert_eq!(numbers(&e), [(1, true, f), (2, f, f), (5, f, true), (6, true, f), (7, f, f)]);
        assert_eq!(e.note.as_deref(), Some("5 of 7 lines"));
    }

    #[test]
    fn a_whole_source_is_shown_from_its_start() {
        let e = Excerpt::new("proc/loadavg", None, b"0.83 0.73 0.76 1/200 4242\n", &[(0, 0)]);
        assert_eq!(e.lines.len(), 1);
        assert_eq!(e.note, None);
        let long = "x\n".repeat(5000);
        let e = Excerpt::new("proc/slabinfo", None, long.as_bytes(), &[(0, 0)]);
        assert!(e.lines.is_empty(), "which of them counts is not known");
        assert_eq!(e.note.as_deref(), Some("5,000 lines, read as a whole"));
        let e = Excerpt::new("proc/slabinfo", None, long.as_bytes(), &[(3, 5000)]);
        assert_eq!(e.lines.len(), MAX_LINES);
        assert_eq!(e.note.as_deref(), Some("12 of 5,000 lines"));
    }

    #[test]
    fn lines_beyond_the_end_and_binary_payloads() {
        let e = Excerpt::new("proc/meminfo", None, MEMINFO, &[(900, u32::MAX)]);
        assert_eq!(e.lines.len(), 7);
        assert!(e.lines.iter().all(|l| !l.hit));
        let e = Excerpt::new("probes/inet_diag/1/tcp4", None, &[1, 0, 0, 0], &[(0, 0)]);
        assert!(e.lines.is_empty() && e.note.is_some());
    }

    #[test]
    fn records_have_the_path_of_the_host() {
        let at = |p: &str, k: &str| shown_path(p, Some(k));
        assert_eq!(at("packs/proc-pid/status", "12"), "proc/12/status");
        assert_eq!(at("samples/3/packs/proc-pid/statm", "12"), "samples/3/proc/12/statm");
        assert_eq!(at("packs/proc-pid/ns", "12/net"), "proc/12/ns/net");
        assert_eq!(at("packs/proc-task/wchan", "12/13"), "proc/12/task/13/wchan");
        assert_eq!(at("packs/sys/net", "class/net/eth0/speed"), "sys/class/net/eth0/speed");
        assert_eq!(shown_path("proc/meminfo", None), "proc/meminfo");
    }
}
