//! Memory: every page of the host in one bar and one table, what is left over included.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::facts::memory::Term;
use crate::report::chart::{Part, StackedBar};
use crate::report::units::{Unit, float};

/// Key of the term that is not in use, and class of its colour.
const FREE: &str = "free";
/// Colours of the bar; `p8` is for all that is small, the residual has its own.
const COLOURS: [&str; 9] = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p9", "p10"];

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Memory {
    /// The identity as a bar.
    pub bar: Option<StackedBar>,
    /// The identity as a table; its last rows are the residual and the whole.
    pub identity: Table,
    /// What the identity is worth, in words.
    pub remarks: Vec<String>,
    /// The columns of `free`.
    pub free: Table,
    /// Used memory that is no process's, by term.
    pub gap: Table,
    /// Totals and shares.
    pub pairs: Vec<Pair>,
    /// Processes whose memory changed.
    pub growth: Table,
    /// Swap, peaks of the past, slab caches.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

impl Memory {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let (bar, identity) = identity(cx);
        let mut tables = super::free::tables(cx);
        tables.extend(super::huge::tables(cx));
        tables.push(victims(cx));
        tables.extend([slab(cx), owners(cx), callers(cx), allocations(cx), graphics(cx)]);
        Self {
            bar,
            identity,
            remarks: remarks(cx),
            free: super::free::table(cx),
            gap: gap(cx),
            pairs: pairs(cx),
            growth: super::growth::table(cx),
            tables,
            notes,
        }
    }
}

/// The largest terms get a colour each, the others share the grey one: nobody tells sixteen apart.
fn colours(terms: &[Term]) -> Vec<&'static str> {
    let mut by_size: Vec<&Term> = terms.iter().filter(|t| t.key != FREE).collect();
    by_size.sort_by_key(|t| std::cmp::Reverse(t.bytes));
    let rank = |key: &str| by_size.iter().position(|t| t.key == key);
    let colour = |t: &Term| match t.key.as_str() {
        FREE => FREE,
        key => rank(key).and_then(|i| COLOURS.get(i)).copied().unwrap_or("p8"),
    };
    terms.iter().map(colour).collect()
}

fn identity(cx: &Cx<'_>) -> (Option<StackedBar>, Table) {
    let mut table =
        Table::new("Every page of MemTotal in one row", &["Term", "#Size", "#Share", "What it is"]);
    let memory = &cx.facts.tree.memory;
    let Some(identity) = &memory.identity else { return (None, table) };
    let colours = colours(&identity.terms);
    let row = |i: usize, term: &Term, class: &'static str| {
        let at = format!("memory.identity.terms.{i}");
        Row::of(
            &at,
            vec![
                Cell { swatch: Some(class), ..Cell::text(&term.name) },
                cx.cell(&format!("{at}.bytes")),
                cx.share(&format!("{at}.ratio")),
                Cell::text(&term.note),
            ],
        )
    };
    let terms = || identity.terms.iter().zip(&colours).enumerate();
    // What is used reads from the start, in the table as in the bar; free memory ends both.
    for (i, (term, class)) in terms().filter(|(_, (_, class))| **class != FREE) {
        table.push(row(i, term, class));
    }
    table.push(Row::new(vec![
        Cell { swatch: Some("residual"), ..Cell::text("Unaccounted") },
        cx.cell("memory.identity.residual_bytes"),
        cx.share("memory.identity.residual_ratio"),
        Cell::text("pages that no counter of the kernel names: driver buffers, or a leak"),
    ]));
    for (i, (term, class)) in terms().filter(|(_, (_, class))| **class == FREE) {
        table.push(row(i, term, class));
    }
    table.push(Row::new(vec![
        Cell::text("MemTotal"),
        cx.cell("memory.total_bytes"),
        Cell::default(),
        Cell::default(),
    ]));
    let mut parts: Vec<Part<'_>> = identity
        .terms
        .iter()
        .zip(&colours)
        .map(|(t, class)| Part { label: &t.name, value: float(t.bytes), class })
        .collect();
    parts.push(Part {
        label: "unaccounted",
        value: float(identity.residual_bytes),
        class: "residual",
    });
    parts.sort_by_key(|p| p.class == FREE);
    let whole = memory.total_bytes.map_or(0.0, float);
    (StackedBar::new(&parts, whole, Unit::Bytes), table)
}

fn remarks(cx: &Cx<'_>) -> Vec<String> {
    let Some(identity) = &cx.facts.tree.memory.identity else {
        return cx
            .facts
            .absences
            .get("memory.identity")
            .map(ToString::to_string)
            .into_iter()
            .collect();
    };
    let mut out = Vec::new();
    if let Some(text) = &identity.inconsistent {
        out.push(format!("The totals disagree: {text}."));
    }
    if identity.pass > 0 {
        out.push(format!(
            "The terms are from sample {}, whose reads fit together best; other figures are from the start.",
            identity.pass
        ));
    }
    if !identity.unreported.is_empty() {
        out.push(format!(
            "This kernel does not report {}; the unaccounted rest contains them.",
            identity.unreported.join(", ")
        ));
    }
    out
}

fn gap(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Used memory that is no process's",
        &["Term", "#Size", "#Share", "Why it can be large"],
    );
    let Some(identity) = &cx.facts.tree.memory.identity else { return table };
    for (i, term) in identity.gap_terms.iter().enumerate() {
        let at = format!("memory.identity.gap_terms.{i}");
        table.push(Row::of(
            &at,
            vec![
                Cell::text(&term.name),
                cx.cell(&format!("{at}.bytes")),
                cx.share(&format!("{at}.ratio")),
                Cell::text(&term.note),
            ],
        ));
    }
    if !table.rows.is_empty() {
        table.push(Row::new(vec![
            Cell::text("Together"),
            cx.cell("memory.identity.gap_bytes"),
            cx.share("memory.identity.gap_ratio"),
            Cell::text("used (as procps 3 counts it) minus anonymous memory"),
        ]));
    }
    table
}

fn graphics(cx: &Cx<'_>) -> Table {
    let fields = [
        ("`Process", "comm"),
        ("#PID", "pid"),
        ("`Driver", "driver"),
        ("#Resident", "bytes"),
        ("Regions", "regions"),
    ];
    let mut table = cx.rows("memory.graphics", "Memory of graphics by process", &fields, 10);
    // Most servers have no card: nothing to see is not worth a line.
    table.absent = None;
    table
}

fn owners(cx: &Cx<'_>) -> Table {
    let fields = [("Who", "name"), ("#At most", "bytes"), ("How it was reckoned", "note")];
    let caption = "Who may hold what no counter explains, by counters of their own";
    let mut table = cx.rows("memory.residual_owners", caption, &fields, 10);
    table.absent = None;
    table
}

fn callers(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Callers of vmalloc", &["Function", "#Pages", "#Areas"]);
    for i in 0..cx.len("memory.vmalloc_callers") {
        let at = format!("memory.vmalloc_callers.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(&at, vec![cx.code(&format!("{at}.name")), of("bytes"), of("areas")]));
    }
    table
}

fn allocations(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Memory by the line of the kernel that allocated it",
        &["Function", "Place", "Module", "#Size", "#Allocations"],
    );
    for i in 0..cx.len("memory.allocations") {
        let at = format!("memory.allocations.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        let place = cx.code(&format!("{at}.place"));
        table.push(Row::of(
            &at,
            vec![of("function"), place, of("module"), of("bytes"), of("calls")],
        ));
    }
    table.keep_known_columns();
    table
}

fn pairs(cx: &Cx<'_>) -> Vec<Pair> {
    [
        ("Available share", "memory.available_ratio"),
        ("Page cache and shared", "memory.cached_bytes"),
        ("Buffers", "memory.buffers_bytes"),
        ("Shared (tmpfs, shm)", "memory.shmem_bytes"),
        ("Anonymous", "memory.anon_bytes"),
        ("Mapped", "memory.mapped_bytes"),
        ("Active", "memory.active_bytes"),
        ("Inactive", "memory.inactive_bytes"),
        ("Active, anonymous", "memory.active_anon_bytes"),
        ("Inactive, anonymous", "memory.inactive_anon_bytes"),
        ("Active, files", "memory.active_file_bytes"),
        ("Inactive, files", "memory.inactive_file_bytes"),
        ("Dirty", "memory.dirty_bytes"),
        ("Writeback", "memory.writeback_bytes"),
        ("Slab reclaimable", "memory.slab_reclaimable_bytes"),
        ("Slab unreclaimable", "memory.slab_unreclaimable_bytes"),
        ("Control groups", "memory.groups"),
        ("Control groups removed, still kept", "memory.removed_groups"),
        ("Huge pages", "memory.hugetlb_bytes"),
        ("Transparent huge pages", "memory.huge.transparent"),
        ("on a page fault", "memory.huge.transparent_defrag"),
        ("of shared memory", "memory.huge.transparent_shmem"),
        ("Anonymous in them", "memory.huge.anon_bytes"),
        ("khugepaged made since boot", "memory.huge.khugepaged.collapsed_since_boot"),
        ("and may fill up with empty pages", "memory.huge.khugepaged.empty_pages_allowed"),
        ("Committed", "memory.committed_bytes"),
        ("Commit limit", "memory.commit_limit_bytes"),
    ]
    .into_iter()
    .map(|(label, path)| Pair::new(label, cx.cell(path)))
    .collect()
}

fn victims(cx: &Cx<'_>) -> Table {
    cx.rows(
        "memory.first_killed",
        "Whom the OOM killer of the host would take first",
        &[
            ("`Command", "comm"),
            ("#PID", "pid"),
            ("#Score", "score"),
            ("#oom_score_adj", "adj"),
            ("#Resident", "resident_bytes"),
        ],
        5,
    )
}

fn slab(cx: &Cx<'_>) -> Table {
    let mut table =
        Table::new("Largest slab caches", &["Cache", "#Size", "#In use", "#Change in the window"])
            .sortable();
    if cx.list("memory.slab_caches").is_none() {
        table.absent = cx.cell("memory.slab_caches").absent;
    }
    for (i, cache) in cx.facts.tree.memory.slab_caches.iter().enumerate() {
        let at = format!("memory.slab_caches.{i}");
        table.push(Row::of(
            &at,
            vec![
                Cell::code(&cache.name),
                cx.cell(&format!("{at}.bytes")),
                cx.share(&format!("{at}.active_ratio")),
                cx.cell(&format!("{at}.delta_bytes")),
            ],
        ));
    }
    table.keep_known_columns();
    table
}
