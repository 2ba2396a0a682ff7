//! Allocation counters of NUMA nodes: `/sys/devices/system/node/node*/numastat`, and numastat(8).
//!
//! <https://docs.kernel.org/admin-guide/numastat.html>
//!
//! ```text
//! numa_hit 55932896
//! other_node 0
//! ```
//!
//! The kernel and plain `numastat` count pages of the host's page size; huge pages are left out.

use super::{Counters, ParseError, lines, measure, vmstat};

/// Counters of one node in pages since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCounters {
    /// Wanted here, got here.
    pub hit_pages: u64,
    /// Wanted elsewhere, got here.
    pub miss_pages: u64,
    /// Wanted here, got elsewhere.
    pub foreign_pages: u64,
    /// Interleaved here as wanted.
    pub interleave_pages: u64,
    /// Allocated here by a CPU of this node.
    pub local_pages: u64,
    /// Allocated here by a CPU of another node.
    pub other_pages: u64,
}

/// Reads the file of one node.
///
/// # Errors
/// One of the six counters lacking.
pub fn parse(text: &str) -> Result<NodeCounters, ParseError> {
    let counters = vmstat::parse(text)?;
    let get = |name: &'static str| page_count(&counters, name, text);
    Ok(NodeCounters {
        hit_pages: get("numa_hit")?,
        miss_pages: get("numa_miss")?,
        foreign_pages: get("numa_foreign")?,
        interleave_pages: get("interleave_hit")?,
        local_pages: get("local_node")?,
        other_pages: get("other_node")?,
    })
}

fn page_count(counters: &Counters, name: &'static str, text: &str) -> Result<u64, ParseError> {
    let value = counters.get(name).and_then(|n| u64::try_from(n).ok());
    value.ok_or_else(|| ParseError::new(None, text, format!("a line `{name} …`")))
}

/// Reads the output of numastat(8): plain (pages), or `-n` (its unit is MB, and is rounded).
/// Nodes in their order; totals are left out.
///
/// # Errors
/// No heading of nodes, or a counter lacking.
pub fn command(text: &str, page_size_bytes: u64) -> Result<Vec<(u32, NodeCounters)>, ParseError> {
    let mut nodes: Vec<(u32, NodeCounters)> = Vec::new();
    let megabytes = text.contains("in MBs");
    let unit_pages = if megabytes { 1_048_576.0 / as_f64(page_size_bytes.max(1)) } else { 1.0 };
    let mut seen = 0;
    for (line, text) in lines(text) {
        if nodes.is_empty() {
            let heading = text.replace("Node ", "node");
            let numbers = heading.split_ascii_whitespace().filter_map(|w| w.strip_prefix("node"));
            nodes =
                numbers.filter_map(|n| Some((n.parse().ok()?, NodeCounters::default()))).collect();
            continue;
        }
        let mut words = text.split_ascii_whitespace();
        let Some(name) = words.next() else { continue };
        let name = name.to_ascii_lowercase();
        for (_, node) in &mut nodes {
            let field = match name.as_str() {
                "numa_hit" => &mut node.hit_pages,
                "numa_miss" => &mut node.miss_pages,
                "numa_foreign" => &mut node.foreign_pages,
                "interleave_hit" => &mut node.interleave_pages,
                "local_node" => &mut node.local_pages,
                "other_node" => &mut node.other_pages,
                _ => break,
            };
            let word = words.next().unwrap_or_default();
            let pages = measure(line, word, "pages")? * unit_pages;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let pages = pages.round() as u64;
            *field = pages;
            seen += 1;
        }
    }
    if nodes.is_empty() || seen != 6 * nodes.len() {
        return Err(ParseError::new(None, text, "six counters for each node"));
    }
    Ok(nodes)
}

#[expect(clippy::cast_precision_loss, reason = "a page size")]
fn as_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
numa_hit 386594585
numa_miss 2
numa_foreign 3
interleave_hit 63717
local_node 386594580
other_node 5
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_command() {
        let n = parse(SAMPLE).unwrap();
        assert_eq!((n.hit_pages, n.miss_pages, n.foreign_pages), (386_594_585, 2, 3));
        assert_eq!((n.local_pages, n.other_pages), (386_594_580, 5));
        let text = "                           node0           node1\nnuma_hit               7              8\nnuma_miss 0 1\nnuma_foreign 0 0\ninterleave_hit 5 6\nlocal_node 1 2\nother_node 3 4\n";
        let nodes = command(text, 4096).unwrap();
        assert_eq!((nodes[1].0, nodes[1].1.hit_pages, nodes[1].1.other_pages), (1, 8, 4));
    }

    #[test]
    fn item_34_megabytes_are_pages_of_the_archive() {
        let text = "Per-node numastat info (in MBs):\n                 Node 0           Total\n                 --------------- ---------------\nNuma_Hit                 1.00      1.00\nNuma_Miss 0.00 0.00\nNuma_Foreign 0.00 0.00\nInterleave_Hit 0.5 0.5\nLocal_Node 1.00 1.00\nOther_Node 0.00 0.00\n";
        assert_eq!(command(text, 4096).unwrap()[0].1.hit_pages, 256);
        assert_eq!(command(text, 65536).unwrap()[0].1.hit_pages, 16);
    }

    #[test]
    fn damaged() {
        assert!(parse("numa_hit 1\n").is_err());
        assert!(command("", 4096).is_err());
        assert!(command("node0\nnuma_hit x\n", 4096).is_err());
    }
}
