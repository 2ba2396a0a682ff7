//! `/proc/iomem`: the physical address map.
//!
//! <https://man7.org/linux/man-pages/man5/proc_iomem.5.html>
//!
//! ```text
//! 00100000-bffdbfff : System RAM
//!   4b600000-4c400e80 : Kernel code
//! ```
//!
//! Without privilege the kernel prints zeros for all addresses: that is an error here, not an
//! empty memory.

use super::{ParseError, Rows, hex};

/// One range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: u64,
    /// Last address.
    pub last: u64,
    /// What it is.
    pub name: String,
    /// Depth of nesting; 0 for the outermost.
    pub depth: usize,
    /// Line.
    pub line: u32,
}

impl Range {
    /// Size.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.last.saturating_sub(self.start).saturating_add(1)
    }
}

/// Reads all ranges.
///
/// # Errors
/// Nothing, not one row could be read, or addresses hidden from an unprivileged reader.
pub fn parse(text: &str) -> Result<Rows<Range>, ParseError> {
    let rows: Rows<Range> = Rows::of(text, |f| {
        let expected = || f.error("`start-end : name`");
        let (range, name) = f.text.split_once(" : ").ok_or_else(expected)?;
        let depth = range.bytes().take_while(|b| *b == b' ').count() / 2;
        let (start, last) = range.trim_ascii().split_once('-').ok_or_else(expected)?;
        let (start, last) = (hex(f.line, start, "start")?, hex(f.line, last, "end")?);
        Ok(Some(Range { start, last, name: name.trim_ascii().to_owned(), depth, line: f.line }))
    })?;
    if rows.rows.iter().all(|r| r.last == 0) {
        return Err(ParseError::new(None, text, "addresses, which only root may see"));
    }
    Ok(rows)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-bffdbfff : System RAM
  4b600000-4c400e80 : Kernel code
100000000-13fffffff : System RAM
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_ram() {
        let rows = parse(SAMPLE).unwrap().rows;
        let ram = rows.iter().filter(|r| r.depth == 0 && r.name == "System RAM");
        assert_eq!(ram.map(Range::size_bytes).sum::<u64>(), 0x9ec00 + 0xbfed_c000 + (1 << 30));
        assert_eq!((rows[3].depth, rows[3].line), (1, 4));
        assert!(parse("00000000-00000000 : System RAM\n").is_err());
        assert!(parse("").is_err());
    }
}
