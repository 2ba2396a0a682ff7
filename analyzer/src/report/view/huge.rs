//! Huge pages: pools, transparent ones by size, and the free blocks that large ones are made of.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};

const MAX_ROWS: usize = 64;

pub(super) fn tables(cx: &Cx<'_>) -> Vec<Table> {
    let pools = cx.rows(
        "memory.huge.pools",
        "Pools of huge pages",
        &[
            ("#Size of a page", "page_bytes"),
            ("#Pages", "total"),
            ("#Free", "free"),
            ("#Promised", "reserved"),
            ("#Above the number asked for", "surplus"),
            ("By node", "by_node"),
        ],
        MAX_ROWS,
    );
    let sizes = cx.rows(
        "memory.huge.sizes",
        "Transparent huge pages by size: those that are on, or of which there are some",
        &[
            ("#Size of a page", "page_bytes"),
            ("Of processes", "mode"),
            ("Of shared memory", "shmem_mode"),
            ("#Pages now", "pages"),
            ("#Page faults that got one", "faults"),
            ("#that found none", "fallbacks"),
        ],
        MAX_ROWS,
    );
    // Most hosts set none aside: sizes of empty pools are not worth a table.
    let any = cx.number("memory.huge.pool_bytes").is_none_or(|bytes| bytes > 0.0);
    any.then_some(pools).into_iter().chain([sizes, zones(cx)]).map(known).collect()
}

fn known(mut table: Table) -> Table {
    table.absent = None;
    table.keep_known_columns();
    table
}

/// Orders differ between kernels, so the counts are one cell.
fn zones(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Free blocks by zone: of 1, 2, 4, 8, … pages in a row",
        &["#Node", "Zone", "Blocks", "#In blocks of 16 and more", "#Cannot be moved"],
    );
    let Some(huge) = &cx.facts.tree.memory.huge else { return table };
    for (i, zone) in huge.zones.iter().enumerate().take(MAX_ROWS) {
        let at = format!("memory.huge.zones.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let blocks: Vec<String> = zone.blocks.iter().map(ToString::to_string).collect();
        let blocks = Cell { fact: Some(format!("{at}.blocks")), ..Cell::code(blocks.join("  ")) };
        table.push(Row::of(
            &at,
            vec![of("node"), of("zone"), blocks, of("large_ratio"), of("unmovable_ratio")],
        ));
    }
    table
}
