//! `/proc/PID/smaps_rollup` (4.14): the sums of smaps, exact on all kernels.
//!
//! <https://docs.kernel.org/filesystems/proc.html>
//!
//! ```text
//! 5595181b0000-7ffefaed4000 ---p 00000000 00:00 0                          [rollup]
//! Pss_Anon:            116 kB
//! ```

use super::{ParseError, cut, kb, lines};

/// Memory of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmapsRollup {
    /// `Rss`.
    pub rss_bytes: u64,
    /// `Pss`: shared pages divided among those who share them.
    pub pss_bytes: Option<u64>,
    /// `Pss_Anon` (5.4).
    pub pss_anon_bytes: Option<u64>,
    /// `Pss_File` (5.4).
    pub pss_file_bytes: Option<u64>,
    /// `Pss_Shmem` (5.4).
    pub pss_shmem_bytes: Option<u64>,
    /// `Private_Dirty`.
    pub private_dirty_bytes: Option<u64>,
    /// `Private_Clean`.
    pub private_clean_bytes: Option<u64>,
    /// `Referenced`.
    pub referenced_bytes: Option<u64>,
    /// `Anonymous`.
    pub anonymous_bytes: Option<u64>,
    /// `AnonHugePages`.
    pub anon_huge_bytes: Option<u64>,
    /// `Swap`.
    pub swap_bytes: Option<u64>,
    /// `SwapPss`.
    pub swap_pss_bytes: Option<u64>,
    /// `Locked`.
    pub locked_bytes: Option<u64>,
}

/// Reads the file.
///
/// # Errors
/// No `Rss`, or a known field without its size.
pub fn parse(text: &str) -> Result<SmapsRollup, ParseError> {
    let mut sums = SmapsRollup::default();
    let mut rss = None;
    for (line, text) in lines(text) {
        let Some((key, value)) = cut(text, b':') else { continue };
        let field = match key {
            "Rss" => &mut rss,
            "Pss" => &mut sums.pss_bytes,
            "Pss_Anon" => &mut sums.pss_anon_bytes,
            "Pss_File" => &mut sums.pss_file_bytes,
            "Pss_Shmem" => &mut sums.pss_shmem_bytes,
            "Private_Dirty" => &mut sums.private_dirty_bytes,
            "Private_Clean" => &mut sums.private_clean_bytes,
            "Referenced" => &mut sums.referenced_bytes,
            "Anonymous" => &mut sums.anonymous_bytes,
            "AnonHugePages" => &mut sums.anon_huge_bytes,
            "Swap" => &mut sums.swap_bytes,
            "SwapPss" => &mut sums.swap_pss_bytes,
            "Locked" => &mut sums.locked_bytes,
            _ => continue,
        };
        *field = Some(kb(line, value)?);
    }
    sums.rss_bytes = rss.ok_or_else(|| ParseError::new(None, text, "a line `Rss: … kB`"))?;
    Ok(sums)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
5595181b0000-7ffefaed4000 ---p 00000000 00:00 0                          [rollup]
Rss:                1692 kB
Pss:                 392 kB
Pss_Anon:            116 kB
Pss_Shmem:             0 kB
Swap:                  3 kB
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.rss_bytes, s.pss_anon_bytes), (1692 << 10, Some(116 << 10)));
        assert_eq!((s.swap_bytes, s.locked_bytes), (Some(3 << 10), None));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert_eq!(parse("x\nRss: 5\n").unwrap_err().line, Some(2));
    }
}
