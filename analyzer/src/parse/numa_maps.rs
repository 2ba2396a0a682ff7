//! `/proc/PID/numa_maps`: on which NUMA nodes the pages of a process lie.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_numa_maps.5.html>
//!
//! ```text
//! 56205fa8d000 default file=/usr/bin/head mapped=6 mapmax=3 N0=6 kernelpagesize_kB=4
//! ```

use super::{Fields, ParseEnv, ParseError, Rows, hex, number};

/// One mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumaMapping {
    /// First address.
    pub start: u64,
    /// Policy: `default`, `bind:0-1`, `interleave:0,1`, `prefer:1`.
    pub policy: String,
    /// Bytes on each node.
    pub node_bytes: Vec<(u32, u64)>,
    /// Anonymous pages.
    pub anon_bytes: Option<u64>,
    /// Huge pages of hugetlbfs.
    pub huge: bool,
    /// Line.
    pub line: u32,
}

/// Reads all mappings; a damaged row is a problem beside the others.
///
/// # Errors
/// Not one row could be read.
pub fn parse(text: &str, env: &ParseEnv) -> Result<Rows<NumaMapping>, ParseError> {
    Rows::of(text, |f| mapping(f, env).map(Some))
}

fn mapping(mut f: Fields<'_>, env: &ParseEnv) -> Result<NumaMapping, ParseError> {
    let line = f.line;
    let start = hex(line, f.word("address")?, "address")?;
    let policy = f.word("policy")?.to_owned();
    let mut mapping = NumaMapping { start, policy, line, ..NumaMapping::default() };
    let mut page_bytes = env.page_size_bytes;
    let (mut pages, mut anon) = (Vec::new(), None);
    for word in f.by_ref() {
        match word.split_once('=') {
            Some(("kernelpagesize_kB", n)) => {
                page_bytes = number::<u64>(line, n, "page size")?.saturating_mul(1024);
            }
            Some(("anon", n)) => anon = Some(number::<u64>(line, n, "anonymous pages")?),
            Some((node, n)) => {
                if let Some(node) = node.strip_prefix('N').and_then(|n| n.parse().ok()) {
                    pages.push((node, number::<u64>(line, n, "pages of a node")?));
                }
            }
            None => mapping.huge |= word == "huge",
        }
    }
    let bytes = |pages: u64| pages.checked_mul(page_bytes);
    let all: Option<Vec<_>> = pages.into_iter().map(|(node, n)| Some((node, bytes(n)?))).collect();
    mapping.node_bytes = all.ok_or_else(|| f.error("pages that fit 64 bits as bytes"))?;
    mapping.anon_bytes = anon.and_then(bytes);
    Ok(mapping)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
56205fa8b000 default file=/usr/bin/head mapped=2 mapmax=3 N0=2 kernelpagesize_kB=4
7f0000000000 bind:1 anon=512 dirty=512 active=0 N0=12 N1=500 kernelpagesize_kB=4
7f1000000000 interleave:0-1 file=/anon_hugepage huge dirty=2 N0=1 N1=1 kernelpagesize_kB=2048
7fff00000000 default stack anon=3 dirty=3 N0=3
";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn pages_by_their_own_size() {
        let rows = parse(SAMPLE, &ENV).unwrap().rows;
        assert_eq!((rows[0].start, &rows[0].node_bytes[..]), (0x5620_5fa8_b000, &[(0, 8192)][..]));
        assert_eq!((rows[1].policy.as_str(), rows[1].anon_bytes), ("bind:1", Some(2 << 20)));
        assert_eq!(rows[1].node_bytes, [(0, 12 << 12), (1, 500 << 12)]);
        assert!(rows[2].huge);
        assert_eq!(rows[2].node_bytes, [(0, 2 << 20), (1, 2 << 20)]);
        let big = ParseEnv { page_size_bytes: 65536, ..ENV };
        assert_eq!(parse(SAMPLE, &big).unwrap().rows[3].anon_bytes, Some(3 << 16));
        assert!(parse("rubbish here\n", &ENV).is_err());
        assert!(parse("", &ENV).unwrap().rows.is_empty());
    }
}
