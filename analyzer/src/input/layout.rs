//! Where other collectors put what ours has: tables, so that a third layout is one more table.
//!
//! A layout tells, for each file of the archive, under which logical path the analyzer knows it.
//! Logical paths are those of our own archive: host files under their own path, output of
//! commands as `commands/<sos name>`, and short names where tools or their options differ
//! ([`ALIASES`]).

use super::tree::Tree;
use super::{Limits, sections};

/// One layout.
#[derive(Debug)]
pub(super) struct Layout {
    /// Its name, as [`super::Format`] tells it.
    pub(super) format: super::Format,
    /// A path prefix that only this layout has.
    marker: &'static str,
    /// Directory of the archive and logical directory.
    dirs: &'static [(&'static str, &'static str)],
    /// Directory whose subdirectories hold command output: `sos_commands/<plugin>/<name>`.
    commands: Option<&'static str>,
    /// Takes files apart that hold many sources each.
    pub(super) split: Option<fn(&mut Tree, &Limits)>,
}

/// Layouts, the first whose marker is there is taken.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        format: super::Format::Linsight,
        marker: "linsight.json",
        dirs: &[("", "")],
        commands: None,
        split: None,
    },
    Layout {
        format: super::Format::Sosreport,
        marker: "sos_commands/",
        dirs: HOST,
        commands: Some("sos_commands"),
        split: None,
    },
    Layout {
        format: super::Format::Supportconfig,
        marker: sections::MARKER,
        dirs: HOST,
        commands: None,
        split: Some(sections::split),
    },
    other("proc/"),
    other("sys/"),
    other("etc/"),
];

/// Files of a host that lie bare, told by one of its directories.
const fn other(marker: &'static str) -> Layout {
    Layout { format: super::Format::Other, marker, dirs: HOST, commands: None, split: None }
}

/// Directories of a host that stand under their own path.
const HOST: &[(&str, &str)] = &[
    ("proc", "proc"),
    ("etc", "etc"),
    ("run", "run"),
    ("usr", "usr"),
    ("lib", "lib"),
    ("var/log", "var/log"),
    ("sys/firmware/dmi/tables", "sys/firmware/dmi/tables"),
    ("commands", "commands"),
    ("names", "names"),
];

/// Short names of commands and the names that sos versions give their output, best first.
pub(super) const ALIASES: &[(&str, &[&str])] = &[
    // Before the next one, which takes the name.
    ("commands/date_local", &["date"]),
    ("commands/date", &["date_--utc", "date"]),
    ("commands/df", &["df_-al_-x_autofs", "df_-al"]),
    ("commands/zpool_status", &["zpool_status_-v", "zpool_status_-vx"]),
    ("commands/df_inodes", &["df_-ali_-x_autofs", "df_-ali", "df_-i"]),
    ("commands/dmesg", &["dmesg", "dmesg_-T"]),
    ("commands/dmidecode", &["dmidecode"]),
    ("commands/free", &["free", "free_-k"]),
    ("commands/hostname", &["hostname", "hostname_-f"]),
    ("commands/ip_addr", &["ip_-d_address", "ip_-o_addr", "ip_addr", "ip_addr_show"]),
    ("commands/ip_link", &["ip_-s_-d_link", "ip_-s_link"]),
    ("commands/journalctl", &["journalctl_--no-pager", "journalctl_--no-pager_--boot"]),
    ("commands/lsblk", &["lsblk", "lsblk_-f_-a_-l"]),
    ("commands/lscpu", &["lscpu"]),
    ("commands/lsmod", &["lsmod"]),
    ("commands/lsof", &["lsof_M_-n_-l_-c"]),
    ("commands/lspci", &["lspci_-nnvv", "lspci_-nvv", "lspci"]),
    ("commands/mount", &["mount_-l", "mount"]),
    ("commands/netstat", &["netstat_-W_-neopa", "netstat_-neopa", "netstat_-T_-neopa"]),
    ("commands/netstat_-s", &["netstat_-s", "netstat_-as"]),
    ("commands/numactl_hardware", &["numactl_--hardware"]),
    ("commands/numastat", &["numastat"]),
    (
        "commands/ps",
        &[
            "ps_auxwwwm",
            "ps_auxwww",
            "ps_aux",
            "ps_-elfL",
            "ps_-elf",
            "ps_alxwww",
            "ps_axwwo_user_pid_ppid_cpu_mem_vsz_rss_stat_time_cmd",
        ],
    ),
    ("commands/ps_l", &["ps_alxwww"]),
    ("commands/ss", &["ss_-peaonmi", "ss_-peaonmiT", "ss_-tanoiem"]),
    ("commands/sysctl_-a", &["sysctl_-a"]),
    ("commands/systemctl_show_service", &["systemctl_show_service_--all"]),
    ("commands/uname", &["uname_-a"]),
    ("commands/uptime", &["uptime"]),
];

impl Layout {
    /// The layout of a tree, its root removed.
    pub(super) fn of(tree: &Tree) -> Option<&'static Self> {
        LAYOUTS.iter().find(|layout| {
            let marker = layout.marker.trim_end_matches('/');
            let mut below = tree.below(marker);
            if layout.marker.ends_with('/') { below.next().is_some() } else { tree.has(marker) }
        })
    }

    /// Directories to list: in the archive, and logical.
    pub(super) const fn dirs(&self) -> &'static [(&'static str, &'static str)] {
        self.dirs
    }

    /// Logical path of a command's output: `sos_commands/<plugin>/<name>` by its name.
    pub(super) fn commands<'a>(&self, tree: &'a Tree) -> impl Iterator<Item = (String, &'a str)> {
        let dir = self.commands;
        dir.into_iter().flat_map(|dir| {
            tree.below(dir).filter_map(move |(rest, _)| {
                let (_, name) = rest.split_once('/')?;
                (!name.contains('/')).then(|| (format!("{dir}/{rest}"), name))
            })
        })
    }
}

/// Files of /proc that grow with the host and are read by parsers.
const LARGE: [&str; 10] =
    ["tcp", "tcp6", "udp", "udp6", "unix", "nf_conntrack", "smaps", "numa_maps", "maps", "kmsg"];

/// Whether a large member is worth its memory: it is read by a parser, or a link leads to it.
pub(super) fn is_read(path: &str) -> bool {
    // Only our own archive has parts, and all that is in it is read.
    if linsight_archive::names::split_part(path).is_some() {
        return true;
    }
    let steps: Vec<&str> = path.split('/').collect();
    let after = |dir: &str| {
        let at = steps.iter().take(2).position(|step| *step == dir)?;
        steps.get(at + 1..)
    };
    if after("packs").or_else(|| after("samples")).or_else(|| after("probes")).is_some() {
        return true;
    }
    if let Some(rest) = after("sos_commands") {
        let [_, name] = rest else { return false };
        return ALIASES.iter().any(|(_, names)| names.contains(name));
    }
    if super::sections::is_split(path) && steps.len() <= 2 {
        return true;
    }
    if after("sos_strings").is_some() || after("commands").is_some() {
        return true;
    }
    after("proc").is_some_and(|rest| rest.last().is_some_and(|name| LARGE.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_members_are_kept_only_where_a_parser_reads_them() {
        for path in [
            "sosreport-x/proc/net/tcp",
            "proc/1234/smaps",
            "sosreport-x/sos_commands/networking/ss_-peaonmi",
            "sosreport-x/sos_strings/networking/ss_-peaonmi.tailed",
            "packs/proc-pid/stat",
            "proc/allocinfo.part00001",
        ] {
            assert!(is_read(path), "{path}");
        }
        for path in [
            "sosreport-x/proc/kallsyms.tgz",
            "sosreport-x/sos_commands/filesys/lsof_-b_M_-n_-l_-P",
            "sosreport-x/var/log/messages",
        ] {
            assert!(!is_read(path), "{path}");
        }
    }
}
