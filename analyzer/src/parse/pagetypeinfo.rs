//! `/proc/pagetypeinfo`: free blocks by zone, migrate type and order.
//!
//! <https://docs.kernel.org/filesystems/proc.html#kernel-data>
//!
//! ```text
//! Free pages count per migrate type at order       0      1      2      3      4 …
//! Node    0, zone      DMA, type    Unmovable      0      0      0      0      0 …
//! ```
//!
//! Behind them stands whose the blocks of a huge page's size are, free or not:
//!
//! ```text
//! Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate
//! Node 0, zone   Normal           46          437           29            0            0            0
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

/// Blocks of the size of a huge page in a zone, by what they were given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneBlocks {
    /// NUMA node.
    pub node: u32,
    /// Zone.
    pub zone: String,
    /// Blocks by migrate type.
    pub by_type: Vec<(String, u64)>,
}

/// Both tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageTypes {
    /// Free blocks.
    pub free: Rows<FreeBlocks>,
    /// All blocks of a huge page's size; empty where this table was not understood.
    pub blocks: Vec<ZoneBlocks>,
}

/// Reads the table of free blocks; the table of block counts behind it is left out.
///
/// # Errors
/// Not one row.
pub fn parse(text: &str) -> Result<PageTypes, ParseError> {
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
    Ok(PageTypes { free: rows.finish()?, blocks: blocks(text) })
}

/// The second table. Its heading names the types.
fn blocks(text: &str) -> Vec<ZoneBlocks> {
    let mut lines = text.lines().skip_while(|l| !l.starts_with("Number of blocks type"));
    let types: Vec<&str> =
        lines.next().unwrap_or_default().split_ascii_whitespace().skip(4).collect();
    let zone = |line: &str| {
        let (node, rest) = line.strip_prefix("Node ")?.split_once(", zone")?;
        let mut words = rest.split_ascii_whitespace();
        let zone = words.next()?.to_owned();
        let counts: Option<Vec<u64>> = words.map(|w| w.parse().ok()).collect();
        let named = types.iter().map(|t| (*t).to_owned()).zip(counts?);
        Some(ZoneBlocks { node: node.trim().parse().ok()?, zone, by_type: named.collect() })
    };
    lines.filter_map(zone).collect()
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
Node 0, zone   Normal           46          437           29            0            0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_by_order() {
        let both = parse(SAMPLE).unwrap();
        let rows = &both.free.rows;
        let of = |i: usize, kind: &str| {
            both.blocks[i].by_type.iter().find(|(t, _)| t == kind).unwrap().1
        };
        assert_eq!((both.blocks.len(), both.blocks[1].zone.as_str()), (2, "Normal"));
        assert_eq!((of(0, "Movable"), of(1, "Unmovable"), of(1, "Reclaimable")), (7, 46, 29));
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
