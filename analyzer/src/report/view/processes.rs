//! The "top" view.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::facts::processes::Process;
use crate::report::units::{Unit, counted, float_len};
use crate::report::visible::clip;

/// Rows at most.
const MAX_ROWS: usize = 100;
/// Command lines are cut here; the archive has all of them.
const MAX_COMMAND: usize = 160;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Processes {
    /// Counts by state.
    pub pairs: Vec<Pair>,
    /// The states in which no process was, which also says what the letters mean.
    pub no_state: Option<String>,
    /// Where the time of all CPUs went, as `top` heads its page.
    pub cpu: Vec<Pair>,
    /// Memory, as `top` heads its page; used is what is not available.
    pub memory: Vec<Pair>,
    /// Swap.
    pub swap: Vec<Pair>,
    /// The table.
    pub table: Table,
    /// Tasks in unusual states, limits, control groups.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// What a state letter of `top` means.
const STATES: [(&str, &str); 9] = [
    ("R", "R running or runnable"),
    ("S", "S sleeping, can be interrupted"),
    ("D", "D uninterruptible sleep"),
    ("I", "I idle kernel thread"),
    ("T", "T stopped"),
    ("t", "t stopped by a tracer"),
    ("Z", "Z zombie"),
    ("X", "X dead"),
    ("P", "P parked"),
];

/// The line of `top`, in its order and words.
const CPU: [(&str, &str); 8] = [
    ("us", "user_ratio"),
    ("sy", "system_ratio"),
    ("ni", "nice_ratio"),
    ("id", "idle_ratio"),
    ("wa", "iowait_ratio"),
    ("hi", "irq_ratio"),
    ("si", "softirq_ratio"),
    ("st", "steal_ratio"),
];

/// Its lines of memory and swap, with a `used` that has one meaning.
const MEMORY: [(&str, &str); 5] = [
    ("Mem total", "memory.total_bytes"),
    ("free", "memory.free_bytes"),
    ("used (total - available)", "memory.totals.used_procps4_bytes"),
    ("buff/cache", "memory.totals.buff_cache_bytes"),
    ("available", "memory.available_bytes"),
];
const SWAP: [(&str, &str); 3] = [
    ("Swap total", "memory.swap_total_bytes"),
    ("free", "memory.swap_free_bytes"),
    ("used", "swap.used_bytes"),
];

impl Processes {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let users = match cx.value("host.users") {
            Some(_) => Pair::new("Users logged in", cx.cell("host.users")),
            None => Pair::new("Logins that processes stem from", cx.cell("host.login_users")),
        };
        let mut pairs = vec![
            Pair::new("Up", cx.cell("host.uptime_s")),
            users,
            Pair::new("Load average", load(cx)),
            Pair::new("Processes", cx.cell("processes.count")),
            Pair::new("Threads", cx.cell("processes.threads")),
            Pair::new("Threads, at most", cx.cell("tasks.numbers.limit")),
            Pair::new("Judged for growth", cx.cell("processes.judged")),
        ];
        let states = &cx.facts.tree.processes.states;
        let mut none = Vec::new();
        for (letter, meaning) in STATES {
            if states.contains_key(letter) {
                pairs.push(Pair::new(meaning, cx.cell(&format!("processes.states.{letter}"))));
            } else {
                none.push(meaning);
            }
        }
        let no_state = (!states.is_empty() && !none.is_empty()).then(|| {
            format!("No process was in another state at that moment: {}.", none.join(", "))
        });
        let cpu = cx.pairs("cpu.time", &CPU);
        let memory = cx.pairs("", &MEMORY);
        Self {
            pairs,
            no_state,
            cpu,
            memory,
            swap: cx.pairs("", &SWAP),
            table: table(cx),
            tables: super::tasks::tables(cx),
            notes,
        }
    }
}

fn table(cx: &Cx<'_>) -> Table {
    let top = &cx.facts.tree.processes.top;
    // One sample has no shares of CPU; `ps` then puts those first that have used most ever.
    let by_ps = cx.facts.tree.collection.format.as_deref() != Some("linsight");
    let by = match (top.iter().any(|p| p.cpu_ratio.is_some()), by_ps) {
        (true, _) => "CPU in the window and resident memory",
        (false, true) => "CPU time since their start and resident memory",
        (false, false) => "resident memory",
    };
    let mut table = Table::new(
        format!("Processes by {by}"),
        &[
            "#PID", "User", "#PR", "#NI", "#VIRT", "#RES", "#SHR", "#SWAP", "S", "#%CPU", "#%WAIT",
            "#%MEM", "#TIME", "#nTH", "Command",
        ],
    )
    .sortable();
    let shown =
        || top.iter().enumerate().filter(|(_, p)| !is_idle_kernel_thread(p) && p.state != ZOMBIE);
    for (i, p) in shown().take(MAX_ROWS) {
        let at = format!("processes.top.{i}");
        // A kernel thread has no memory of its own: that is no gap.
        let of = |f: &str| match cx.cell(&format!("{at}.{f}")) {
            cell if is_kernel_thread(p) && cell.absent.is_some() => Cell::default(),
            cell => cell,
        };
        let command = match &p.cmdline {
            Some(line) => Cell::code(clip(line, MAX_COMMAND)),
            None if is_kernel_thread(p) => Cell::code(format!("[{}]", clip(&p.comm, MAX_COMMAND))),
            None => Cell::code(clip(&p.comm, MAX_COMMAND)),
        };
        table.push(Row::of(
            &at,
            vec![
                of("pid"),
                if p.user.is_some() { of("user") } else { of("uid") },
                of("priority"),
                of("nice"),
                of("virtual_bytes"),
                of("resident_bytes"),
                of("shared_bytes"),
                of("swap_bytes"),
                Cell::code(&p.state),
                of("cpu_ratio"),
                of("cpu_wait_ratio"),
                of("memory_ratio"),
                of("cpu_time_s"),
                of("threads"),
                command,
            ],
        ));
    }
    table.note = note(cx, table.rows.len(), by);
    table.keep_known_columns();
    table
}

/// What the table leaves out.
fn note(cx: &Cx<'_>, rows: usize, by: &str) -> Option<String> {
    let top = &cx.facts.tree.processes.top;
    let mut note = Vec::new();
    let zombies = top.iter().filter(|p| p.state == ZOMBIE).count();
    let idle = top.iter().filter(|p| is_idle_kernel_thread(p)).count();
    for (n, what) in [(idle, "idle kernel thread"), (zombies, "zombie")] {
        if n > 0 {
            note.push(format!("{} left out", counted(n, what)));
        }
    }
    let all = cx.number("processes.count").unwrap_or_default();
    let listed = rows + idle + zombies;
    if float_len(listed) < all {
        note.push(format!(
            "{} of {} by {by}; the full list is in the archive",
            listed,
            Unit::Plain.format(all)
        ));
    }
    if top.iter().any(|p| p.user.is_none() && p.uid.is_some_and(|uid| uid != 0)) {
        note.push("users are numbers where no name is in the archive".to_owned());
    }
    (!note.is_empty()).then(|| note.join("; "))
}

/// The three averages, as `top` prints them.
fn load(cx: &Cx<'_>) -> Cell {
    let first = cx.cell("load.one");
    if first.absent.is_some() {
        return first;
    }
    let texts = ["one", "five", "fifteen"].map(|n| cx.cell(&format!("load.{n}")).text);
    Cell { text: texts.join(", "), ..first }
}

/// Has ended: no memory and no time, only a parent that does not ask. They have a table of their own.
const ZOMBIE: &str = "Z";

/// Without address space. Archives of `ps` have no command lines either, but sizes.
fn is_kernel_thread(p: &Process) -> bool {
    p.cmdline.is_none() && p.virtual_bytes.unwrap_or(0) == 0 && p.state != ZOMBIE
}

/// And without CPU time in the window: nothing to see in its row.
fn is_idle_kernel_thread(p: &Process) -> bool {
    is_kernel_thread(p) && p.cpu_ratio.unwrap_or(0.0) < 0.000_5
}
