//! What the host is: kernel, firmware, processors, memory.

use serde::Serialize;

use super::card::Card;
use super::cell::Cell;
use super::cx::Cx;
use super::table::{Pair, Row, Table};
use crate::report::visible::clip;

/// Most rows of a table.
const MAX_ROWS: usize = 200;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inventory {
    /// Groups of facts, each with a heading.
    pub groups: Vec<Group>,
    /// Facts too long for a column.
    pub long: Vec<Pair>,
    /// Processors and memory modules, slot by slot.
    pub tables: Vec<Table>,
    /// Infos of this section.
    pub notes: Vec<Card>,
}

/// Facts under a heading.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Heading.
    pub title: &'static str,
    /// Facts.
    pub pairs: Vec<Pair>,
}

type Fields<'a> = &'a [(&'static str, &'a str)];

/// Headings with labels and facts.
const GROUPS: &[(&str, Fields<'_>)] = &[
    (
        "Kernel and boot",
        &[
            ("Release", "host.kernel_release"),
            ("Machine", "host.machine"),
            ("Distribution", "host.os_name"),
            ("Up", "host.uptime_s"),
            ("Page size", "host.page_size_bytes"),
            ("Newest installed", "kernel.newest_installed"),
            ("A reboot is asked for", "kernel.reboot_required"),
            (
                "In /etc/default/grub (grub.d may override it), not in force",
                "host.boot_parameters_waiting",
            ),
            ("Taint", "kernel.taint"),
            ("Failed units", "host.failed_units"),
        ],
    ),
    (
        "Clock",
        &[
            ("Source", "clock.source"),
            ("Synchronised", "clock.synchronised"),
            ("Offset", "clock.offset_s"),
            ("Error at most", "clock.max_error_s"),
            ("Daemons", "clock.daemons"),
            ("Local time minus UTC", "host.utc_offset_s"),
        ],
    ),
    (
        "Machine",
        &[
            ("Hardware", "host.hardware"),
            ("Serial number", "hardware.system_serial"),
            ("Board", "hardware.board"),
            ("Serial number of the board", "hardware.board_serial"),
            ("Case", "hardware.chassis"),
            ("Serial number of the case", "hardware.chassis_serial"),
            ("Asset tag", "hardware.asset_tag"),
            ("Power supplies at boot", "hardware.power_state"),
            ("Temperature at boot", "hardware.thermal_state"),
            ("Management controller", "hardware.bmc"),
            ("BIOS", "host.bios"),
            ("Kind", "env.kind"),
            ("Hypervisor", "env.hypervisor"),
            ("Cloud", "env.cloud"),
            ("Told by", "env.reasons"),
        ],
    ),
    (
        "Processors",
        &[
            ("Model", "cpu.model"),
            ("Sockets", "cpu.sockets"),
            ("Cores", "cpu.cores"),
            ("CPUs online", "cpu.online"),
            ("CPUs present", "cpu.present"),
            ("NUMA nodes", "cpu.numa_nodes"),
            ("Multithreading (SMT)", "cpu.smt"),
            ("Microcode", "cpu.microcode"),
            ("Frequency driver", "frequency.driver"),
            ("Governors", "frequency.governors"),
            ("MHz now", "frequency.now_mhz"),
            ("of busy CPUs", "frequency.busy_mhz"),
            ("without boost", "frequency.base_mhz"),
            ("allowed", "frequency.allowed_mhz"),
            ("of the hardware", "frequency.hardware_mhz"),
            ("Throttled since boot", "frequency.throttled_since_boot"),
        ],
    ),
    (
        "Memory",
        &[
            ("Installed", "hardware.memory_installed_bytes"),
            ("Usable", "memory.total_bytes"),
            ("Slots empty", "hardware.memory_slots_empty"),
            ("Firmware allows", "hardware.memory_maximum_bytes"),
            ("Error correction", "hardware.memory_error_correction"),
            ("Errors corrected", "hardware.edac.corrected"),
            ("not corrected", "hardware.edac.uncorrected"),
            ("PCI Express errors corrected", "hardware.aer.corrected"),
            ("not corrected", "hardware.aer.uncorrected"),
            ("Swap", "memory.swap_total_bytes"),
            ("Huge pages", "memory.hugetlb_bytes"),
        ],
    ),
];

/// `/sys/devices/system/cpu/smt/control`, as people write it.
const SMT: [(&str, &str); 3] = [
    ("notsupported", "not supported"),
    ("notimplemented", "not implemented"),
    ("forceoff", "forced off"),
];

impl Inventory {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let group = |(title, fields): &(&'static str, Fields<'_>)| Group {
            title,
            pairs: cx.pairs("", fields),
        };
        let mut groups: Vec<Group> = GROUPS.iter().map(group).collect();
        let pairs = groups.iter_mut().flat_map(|g| &mut g.pairs);
        for pair in pairs.filter(|p| p.cell.fact.as_deref() == Some("cpu.smt")) {
            // The kernel writes these words together.
            for (kernel, words) in SMT {
                pair.cell.text = pair.cell.text.replace(kernel, words);
            }
        }
        Self {
            groups,
            long: long(cx),
            tables: vec![
                counts(cx),
                sockets(cx),
                caches(cx),
                flags(cx),
                slots(cx),
                links(cx),
                taints(cx),
                pods(cx),
            ],
            notes,
        }
    }
}

/// What the kernel says of itself, whole.
fn long(cx: &Cx<'_>) -> Vec<Pair> {
    const CHARS: usize = 4096;
    let host = &cx.facts.tree.host;
    let whole = |path: &str, text: &Option<String>| match text {
        Some(text) => Cell { text: clip(text, CHARS).into_owned(), ..cx.code(path) },
        None => cx.code(path),
    };
    vec![
        Pair::new("Version", whole("host.kernel_version", &host.kernel_version)),
        Pair::new("Command line", whole("host.cmdline", &host.cmdline)),
    ]
}

fn taints(cx: &Cx<'_>) -> Table {
    cx.rows(
        "kernel.taints",
        "What tainted the kernel",
        &[("#Bit", "bit"), ("`Letter", "letter"), ("Meaning", "meaning"), ("`Modules", "modules")],
        MAX_ROWS,
    )
}

/// Three sources that should agree; a difference is a processor that is off, hidden or badly told.
fn counts(cx: &Cx<'_>) -> Table {
    const SOURCES: [(&str, [&str; 3]); 3] = [
        (
            "firmware (SMBIOS type 4)",
            ["hardware.sockets_populated", "hardware.cores", "hardware.threads"],
        ),
        ("/proc/cpuinfo", ["cpu.cpuinfo.sockets", "cpu.cpuinfo.cores", "cpu.cpuinfo.cpus"]),
        ("kernel (sysfs, else lscpu)", ["cpu.sockets", "cpu.cores", "cpu.online"]),
    ];
    let mut table = Table::new(
        "Sockets, cores and CPUs by three sources",
        &["Source", "#Sockets", "#Cores", "#CPUs (threads)"],
    );
    for (source, facts) in SOURCES {
        let mut cells = vec![Cell::text(source)];
        cells.extend(facts.map(|fact| cx.cell(fact)));
        // What a whole source lacks is said in words, not only where one points.
        if cells.iter().skip(1).all(|c| c.absent.is_some()) {
            let why = cells.get(1).and_then(|c| c.absent.clone());
            if let Some(name) = cells.first_mut() {
                name.note = why;
            }
        }
        table.push(Row::new(cells));
    }
    table
}

fn caches(cx: &Cx<'_>) -> Table {
    let table = cx.rows(
        "cpu.caches",
        "Caches of the processors",
        &[
            ("Cache", "name"),
            ("#Size of one", "size_bytes"),
            ("#How many", "count"),
            ("#CPUs that share one", "shared_by"),
            ("#Together", "total_bytes"),
        ],
        MAX_ROWS,
    );
    Table { sortable: false, ..table }
}

fn flags(cx: &Cx<'_>) -> Table {
    let table = cx.rows(
        "cpu.flags",
        "CPU flags worth knowing",
        &[("`Flag", "name"), ("Here", "present"), ("What hangs on it", "meaning")],
        MAX_ROWS,
    );
    Table { sortable: false, ..table }
}

fn sockets(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Processor sockets, as the firmware tells",
        &["Socket", "Model", "#Cores", "#enabled", "#Threads", "#MHz at most"],
    );
    for i in 0..cx.len("hardware.sockets") {
        let at = format!("hardware.sockets.{i}");
        let fields = ["name", "model", "cores", "cores_enabled", "threads", "max_mhz"];
        let cells = fields.iter().map(|f| cx.cell(&format!("{at}.{f}"))).collect();
        table.push(Row::of(&at, cells));
    }
    table.limit(MAX_ROWS, "");
    table.keep_known_columns();
    table
}

fn slots(cx: &Cx<'_>) -> Table {
    let mut table = Table::new(
        "Memory slots, as the firmware tells",
        &["Slot", "Bank", "#Size", "Kind", "#MT/s", "#configured", "Maker", "Part", "Serial"],
    );
    for i in 0..cx.len("hardware.memory_slots") {
        let at = format!("hardware.memory_slots.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        // Firmware tells 0 for a slot without a module.
        let size = match cx.number(&format!("{at}.size_bytes")) {
            Some(0.0) => Cell { text: "empty".to_owned(), ..of("size_bytes") },
            _ => of("size_bytes"),
        };
        table.push(Row::of(
            &at,
            vec![
                of("name"),
                of("bank"),
                size,
                of("kind"),
                of("speed_mt_per_s"),
                of("configured_mt_per_s"),
                of("maker"),
                of("part"),
                of("serial"),
            ],
        ));
    }
    table.limit(MAX_ROWS, "");
    table.keep_known_columns();
    table
}

fn links(cx: &Cx<'_>) -> Table {
    cx.rows(
        "hardware.aer.devices",
        "PCI Express links with errors since their devices were found",
        &[
            ("`Place", "slot"),
            ("Device", "name"),
            ("`Driver", "driver"),
            ("#Corrected", "corrected"),
            ("#Requests lost", "nonfatal"),
            ("#Fatal", "fatal"),
            ("#Corrected in the window", "corrected_in_window"),
            ("#lost", "nonfatal_in_window"),
            ("#fatal", "fatal_in_window"),
            ("`Corrected mostly", "corrected_kind"),
            ("`Not corrected mostly", "uncorrected_kind"),
        ],
        MAX_ROWS,
    )
}

fn pods(cx: &Cx<'_>) -> Table {
    let mut table = Table::new("Kubernetes pods with logs on this host", &["Namespace", "Pod"]);
    for i in 0..cx.len("env.pods") {
        let at = format!("env.pods.{i}");
        let of = |f: &str| cx.cell(&format!("{at}.{f}"));
        table.push(Row::of(&at, vec![of("namespace"), of("name")]));
    }
    table.limit(MAX_ROWS, "");
    table
}
