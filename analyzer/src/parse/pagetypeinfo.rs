//! `/proc/pagetypeinfo`: free blocks by zone, migrate type and order.
//!
//! <https://docs.kernel.org/filesystems/proc.html#kernel-data>
//!
//! ```text
//! Free pages count per migrate type at order       0      1      2      3      4 …
//! Node    0, zone      DMA, type    Unmovable      0      0      0      0      0 …
//! ```
//!
//! A count that the kernel did not want to finish under its lock is `>100000`: at least so many.

use super::{ParseError, Rows, number};

/// Free blocks of one migrate type in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeBlocks {
    /// NUMA node.
    pub node: u32,
    /// `DMA32`, `Normal`.
    pub zone: String,
    /// `Unmovable`, `Movable`, `Reclaimable`, `HighAtomic`, `CMA`, `Isolate`.
    pub migrate_type: String,
    /// Free blocks of 2^n pages, by n; lower bounds if `at_least`.
    pub by_order: Vec<u64>,
    /// Some count was cut.
    pub at_least: bool,
    /// Line.
    pub line: u32,
}

/// Reads the table of free blocks; the table of block counts behind it is left out.
///
/// # Errors
/// Not one row.
pub fn parse(text: &str) -> Result<Rows<FreeBlocks>, ParseError> {
    let mut rows: Rows<FreeBlocks> = Rows::default();
    for (line, text) in super::lines(text) {
        if text.starts_with("Number of blocks") {
            break;
        }
        if text.starts_with("Node") {
            rows.take(row(line, text).map(Some));
        }
    }
    if rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "rows `Node n, zone z, type t …`"));
    }
    rows.finish()
}

fn row(line: u32, text: &str) -> Result<FreeBlocks, ParseError> {
    let expected = || ParseError::new(line, text, "`Node n, zone z, type t` and counts");
    let mut parts = text.splitn(3, ',');
    let mut part = |key: &str| parts.next()?.trim_ascii().strip_prefix(key).map(str::trim_ascii);
    let node = part("Node").ok_or_else(expected)?;
    let zone = part("zone").ok_or_else(expected)?.to_owned();
    let mut words = part("type").ok_or_else(expected)?.split_ascii_whitespace();
    let migrate_type = words.next().ok_or_else(expected)?.to_owned();
    let mut at_least = false;
    let mut by_order = Vec::new();
    for word in words {
        let count = word.strip_prefix('>');
        at_least |= count.is_some();
        by_order.push(number(line, count.unwrap_or(word), "free blocks")?);
    }
    let node = number(line, node, "node")?;
    Ok(FreeBlocks { node, zone, migrate_type, by_order, at_least, line })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Page block order: 9
Pages per block:  512

Free pages count per migrate type at order       0      1      2      3      4
Node    0, zone      DMA, type    Unmovable      0      0      0      0      1
Node    0, zone   Normal, type      Movable >100000    145      1     18     20

Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate
Node 0, zone      DMA            1            7            0            0            0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_by_order() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [dma, normal] = &rows[..] else { panic!("two: {rows:?}") };
        assert_eq!(
            (dma.node, dma.zone.as_str(), dma.migrate_type.as_str()),
            (0, "DMA", "Unmovable")
        );
        assert_eq!((&dma.by_order[..], dma.at_least), (&[0, 0, 0, 0, 1][..], false));
        assert_eq!((normal.by_order[0], normal.at_least, normal.line), (100_000, true, 6));
        assert!(parse("Page block order: 9\n").is_err());
        assert!(parse("Node 0, zone DMA\n").is_err());
    }
}
