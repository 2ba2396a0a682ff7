//! Memory nodes: what lies where, and who runs far from its memory. Nothing with one node.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};

/// Most processes shown.
const MAX_PROCESSES: usize = 20;

/// The tables, empty on hosts with one memory node.
pub(super) fn tables(cx: &Cx<'_>) -> Vec<Table> {
    if cx.number("numa.memory_nodes").unwrap_or(0.0) < 2.0 {
        return Vec::new();
    }
    vec![nodes(cx), distances(cx), processes(cx)]
}

fn nodes(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Memory nodes",
        &[
            "Node",
            "CPUs",
            "#Memory",
            "#Free",
            "#Can give",
            "#at the lowest",
            "#Anonymous",
            "#Page cache",
            "#Written out by reclaim",
            "#Read again soon",
            "#Allocated in the window",
            "#of it missed elsewhere",
            "#asked from afar",
            "#missed, since boot",
        ],
    );
    for (i, node) in cx.facts.tree.numa.nodes.iter().enumerate() {
        let at = format!("numa.nodes.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let heat = |f: &str| of(f).with_heat(cx.number(&format!("{at}.{f}")));
        table.push(Row::of(
            &at,
            vec![
                Cell::text(&node.name),
                cx.code(&format!("{at}.cpus")),
                of("total_bytes"),
                of("free_bytes"),
                of("givable_ratio"),
                of("givable_min_ratio"),
                of("anon_bytes"),
                of("file_bytes"),
                of("reclaim_written_bytes"),
                of("refault_bytes"),
                of("allocated_bytes"),
                heat("miss_ratio"),
                heat("remote_ratio"),
                heat("miss_since_boot_ratio"),
            ],
        ));
    }
    table.limit(256, "");
    table.keep_known_columns();
    table
}

/// The matrix of distances; titles of columns are the same for every host, so the row names the
/// node and the cells follow in the order of the nodes.
fn distances(cx: &Cx<'_>) -> Table {
    let nodes = &cx.facts.tree.numa.nodes;
    let mut table =
        Table::new("Distances between nodes, in their order (10 is local)", &["Node", "#To each"]);
    for (i, node) in nodes.iter().enumerate() {
        let list: Vec<String> = node.distances.iter().map(ToString::to_string).collect();
        let at = format!("numa.nodes.{i}.distances");
        let cell = if list.is_empty() {
            cx.cell(&at)
        } else {
            Cell { fact: Some(at), ..Cell::code(list.join("  ")) }
        };
        table.push(Row::new(vec![Cell::text(&node.name), cell]));
    }
    table
}

fn processes(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Large processes: where they run and where their memory lies",
        &[
            "Process",
            "#PID",
            "#Memory",
            "#Runs most on node",
            "#Memory most on node",
            "#Memory where it hardly runs",
            "#Pages moved nearer",
            "Policy",
        ],
    );
    for (i, process) in cx.facts.tree.numa.processes.iter().enumerate().take(MAX_PROCESSES) {
        let at = format!("numa.processes.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(
            &at,
            vec![
                Cell::code(&process.name),
                of("pid"),
                of("bytes"),
                of("cpu_node"),
                of("memory_node"),
                of("remote_ratio").with_heat(process.remote_ratio),
                of("pages_migrated"),
                of("policy"),
            ],
        ));
    }
    table
}
