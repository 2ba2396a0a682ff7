//! Memory as `free` prints it, and whose memory is in swap.
//!
//! `used` means another thing in each procps, and an archive does not tell which one the host has:
//! all three stand here, so that a reader finds the one that he saw.

use super::cell::Cell;
use super::cx::Cx;
use super::table::{Row, Table};

/// Rows of swap at most.
const MAX_ROWS: usize = 20;

/// The columns of `free`.
pub(super) fn table(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "As free prints it",
        &["", "#total", "#used", "#free", "#shared", "#buff/cache", "#available"],
    );
    let of = |path: &str| cx.cell(path);
    for (name, note, used) in [
        ("Mem:", "procps 4: total - available", "used_procps4_bytes"),
        ("Mem:", "procps 3.3: total - free - buff/cache", "used_procps3_bytes"),
        ("Mem:", "procps 3.2: total - free", "used_procps2_bytes"),
    ] {
        let used = format!("memory.totals.{used}");
        if cx.number(&used).is_none() {
            continue;
        }
        table.push(Row::new(vec![
            Cell::code(name).with_note(note),
            of("memory.total_bytes"),
            of(&used),
            of("memory.free_bytes"),
            of("memory.shmem_bytes"),
            of("memory.totals.buff_cache_bytes"),
            of("memory.available_bytes"),
        ]));
    }
    if table.rows.len() > 1 {
        table.note = Some("Which of them this host prints depends on its procps.".to_owned());
    }
    if table.rows.is_empty() {
        table.absent = of("memory.totals").absent;
        return table;
    }
    table.push(Row::new(vec![
        Cell::code("Swap:"),
        of("memory.swap_total_bytes"),
        of("swap.used_bytes"),
        of("memory.swap_free_bytes"),
        Cell::default(),
        Cell::default(),
        Cell::default(),
    ]));
    table
}

/// Swap by device and by process, and processes that once needed more than now.
pub(super) fn tables(cx: &Cx<'_>) -> Vec<Table> {
    let swapped = cx.number("swap.used_bytes").unwrap_or(0.0) > 0.0;
    let mut tables = vec![cx.rows(
        "swap.devices",
        "Swap devices",
        &[
            ("`Device", "path"),
            ("Kind", "kind"),
            ("#Size", "size_bytes"),
            ("#Used", "used_bytes"),
            ("#Priority", "priority"),
            ("Compressed memory", "zram"),
            ("Rotates", "rotating"),
        ],
        MAX_ROWS,
    )];
    tables.push(keep(cx.rows(
        "swap.zram",
        "Compressed memory as a block device (zram)",
        &[
            ("`Device", "name"),
            ("Is swap", "is_swap"),
            ("#Pretends", "size_bytes"),
            ("#Holds", "original_bytes"),
            ("#Takes", "used_bytes"),
            ("#Holds by takes", "compression_factor"),
            ("#At most", "limit_bytes"),
            ("#Pages that do not shrink", "incompressible_pages"),
            ("#Moved on to a disk", "on_disk_bytes"),
            ("`Algorithm", "algorithm"),
        ],
        MAX_ROWS,
    )));
    if swapped {
        tables.push(cx.rows(
            "swap.owners",
            "Whose memory is in swap",
            &[
                ("`Process", "name"),
                ("#PID", "pid"),
                ("#In swap", "swap_bytes"),
                ("#Resident", "resident_bytes"),
                ("#~Swapped", "swapped_ratio"),
                ("#Major faults", "major_faults"),
                ("`Group", "cgroup"),
            ],
            MAX_ROWS,
        ));
    }
    tables.push(cx.rows(
        "processes.peaks",
        "Processes that once needed far more memory than now",
        &[
            ("`Process", "name"),
            ("#PID", "pid"),
            ("#Peak", "peak_bytes"),
            ("#Now", "resident_bytes"),
            ("In the window", "in_window"),
            ("#Up", "age_s"),
            ("#~Of memory, if it came again", "demand_ratio"),
        ],
        MAX_ROWS,
    ));
    tables
}

/// A table that few hosts have: nothing to see is not worth a line.
fn keep(mut table: Table) -> Table {
    table.absent = None;
    table.keep_known_columns();
    table
}
