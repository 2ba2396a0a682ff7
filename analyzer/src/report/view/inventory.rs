//! What the host is: kernel, firmware, processors, memory.

use serde::Serialize;

use super::card::Card;
use super::cx::Cx;
use super::table::Pair;

/// The section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inventory {
    /// Groups of facts, each with a heading.
    pub groups: Vec<Group>,
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

impl Inventory {
    pub(super) fn new(cx: &Cx<'_>, notes: Vec<Card>) -> Self {
        let group = |title, fields: &[(&'static str, &str)]| Group {
            title,
            pairs: fields.iter().map(|(label, path)| Pair::new(label, cx.cell(path))).collect(),
        };
        Self {
            groups: vec![
                group(
                    "Kernel and boot",
                    &[
                        ("Release", "host.kernel_release"),
                        ("Version", "host.kernel_version"),
                        ("Machine", "host.machine"),
                        ("Distribution", "host.os_name"),
                        ("Command line", "host.cmdline"),
                        ("Up", "host.uptime_s"),
                        ("Page size", "host.page_size_bytes"),
                    ],
                ),
                group(
                    "Machine",
                    &[
                        ("Hardware", "host.hardware"),
                        ("BIOS", "host.bios"),
                        ("Kind", "env.kind"),
                        ("Hypervisor", "env.hypervisor"),
                        ("Cloud", "env.cloud"),
                        ("Told by", "env.reasons"),
                    ],
                ),
                group(
                    "Processors",
                    &[
                        ("Model", "cpu.model"),
                        ("Sockets", "cpu.sockets"),
                        ("Cores", "cpu.cores"),
                        ("CPUs online", "cpu.online"),
                        ("CPUs present", "cpu.present"),
                        ("NUMA nodes", "cpu.numa_nodes"),
                    ],
                ),
                group(
                    "Memory",
                    &[
                        ("Usable", "memory.total_bytes"),
                        ("Swap", "memory.swap_total_bytes"),
                        ("Huge pages", "memory.hugetlb_bytes"),
                    ],
                ),
            ],
            notes,
        }
    }
}
