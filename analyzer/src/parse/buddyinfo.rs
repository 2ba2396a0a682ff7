//! `/proc/buddyinfo`: free blocks by order.
//!
//! <https://docs.kernel.org/filesystems/proc.html>
//!
//! ```text
//! Node 0, zone   Normal  11742   7687   3508   2718   1331    784    367    171     89     29    938
//! ```

use super::{ParseError, Rows, number};

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buddy {
    /// Node.
    pub node: u32,
    /// Zone.
    pub zone: String,
    /// Free blocks of 2^n pages at index n.
    pub free_blocks: Vec<u64>,
    /// Line.
    pub line: u32,
}

/// Reads the zones; a damaged row is a problem beside the others.
///
/// # Errors
/// Nothing, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Buddy>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "`Node 0, zone Normal …`"));
    }
    Rows::of(text, |f| {
        let expected = || f.error("`Node 0, zone Normal …`");
        let (node, rest) = f
            .text
            .strip_prefix("Node ")
            .and_then(|t| t.split_once(", zone"))
            .ok_or_else(expected)?;
        let mut words = rest.split_ascii_whitespace();
        let zone = words.next().ok_or_else(expected)?.to_owned();
        let free_blocks = words.map(|w| number(f.line, w, "blocks")).collect::<Result<_, _>>()?;
        Ok(Some(Buddy { node: number(f.line, node, "node")?, zone, free_blocks, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Node 0, zone    DMA32      1      1      4      2      5      4      3      3      4      2    752 
Node 1, zone   Normal  11742   7687   3508   2718   1331    784    367    171     89     29    938 
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[1].node, rows[1].zone.as_str()), (1, "Normal"));
        assert_eq!((rows[1].free_blocks.len(), rows[1].free_blocks[10]), (11, 938));
        assert!(parse("").is_err());
        assert!(parse("Node x, zone Normal 1\n").is_err());
    }
}
