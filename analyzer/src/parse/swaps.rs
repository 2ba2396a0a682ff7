//! `/proc/swaps`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_swaps.5.html>
//!
//! ```text
//! Filename                                Type            Size            Used            Priority
//! /dev/zram0                              partition       8388604         76              100
//! ```

use super::{ParseError, Rows, unescape};

/// One swap area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Device or file; ends with ` (deleted)` when the file is gone.
    pub name: String,
    /// `partition` or `file`.
    pub kind: String,
    /// Size.
    pub size_bytes: u64,
    /// In use.
    pub used_bytes: u64,
    /// Larger is used first; negative as the kernel gave it.
    pub priority: i64,
    /// Line.
    pub line: u32,
}

/// Reads the table; with its heading alone the host has no swap.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Swap>, ParseError> {
    if !text.starts_with("Filename") {
        return Err(ParseError::new(1, text, "the heading `Filename Type Size …`"));
    }
    Rows::of(text, |mut f| {
        if f.text.starts_with("Filename") {
            return Ok(None);
        }
        let (name, kind) = (unescape(f.word("name")?), f.word("type")?.to_owned());
        let (size, used): (u64, u64) = (f.num("size in KiB")?, f.num("used KiB")?);
        let (size_bytes, used_bytes) = (size.saturating_mul(1024), used.saturating_mul(1024));
        let (priority, line) = (f.num("priority")?, f.line);
        Ok(Some(Swap { name, kind, size_bytes, used_bytes, priority, line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
/dev/zram0                              partition\t8388604\t\t76\t\t100
/swap\\040file\\040(deleted)              file\t\t4194300\t\t67584\t\t-2
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[0].size_bytes, rows[0].priority), (8_388_604 << 10, 100));
        assert_eq!(
            (rows[1].name.as_str(), rows[1].kind.as_str()),
            ("/swap file (deleted)", "file")
        );
        assert_eq!((rows[1].used_bytes, rows[1].priority, rows[1].line), (67584 << 10, -2, 3));
    }

    #[test]
    fn none_and_damaged() {
        assert!(parse("Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n").unwrap().rows.is_empty());
        assert!(parse("").is_err());
        assert!(parse("Filename\n/dev/sda2 partition x 0 -2\n").is_err());
    }
}
