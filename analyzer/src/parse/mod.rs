//! Parsers: bytes of one source in, typed records out.
//!
//! They exist so that everything behind them speaks of `available_bytes` and `idle_s`, never of
//! kB, jiffies or columns. One source is one file. A parser is pure (it opens nothing, and takes
//! page size, ticks and byte order as arguments, because those belong to the host of the archive),
//! total (any input gives records or an error, never a panic) and bounded by its input.
//!
//! - What a kernel does not report is `None`; a missing value is never zero.
//! - Unknown fields and columns are left alone: a newer kernel must not spoil the known ones.
//! - A damaged row does not discard its file: tables return [`Rows`] with the problems beside them.
//! - Records carry the line where a report would cite it.

pub mod aer;
pub mod allocinfo;
mod binary;
pub mod bonding;
pub mod buddyinfo;
pub mod cgroup;
pub mod cgroup_io;
pub mod cgroup_path;
pub mod cgroups;
pub mod clock;
pub mod cmdline;
pub mod cpuinfo;
pub mod cpulist;
pub mod date;
pub mod df;
pub mod directives;
pub mod diskstats;
pub mod dmi;
pub mod dmidecode;
pub mod edac;
mod error;
pub mod ethtool;
pub mod ethtool_text;
pub mod fd_stat;
pub mod fdinfo;
pub mod fib_trie;
pub mod free;
pub mod fstab;
pub mod grub_default;
pub mod if_inet6;
pub mod inet_diag;
pub mod interrupts;
pub mod iomem;
pub mod ip_link;
pub mod ip_route;
pub mod ip_stats;
pub mod ip_vs;
pub mod irqbalance;
pub mod kernel_event;
pub mod kmsg;
pub mod kstat;
pub mod limits_conf;
pub mod links;
pub mod loadavg;
pub mod logs;
pub mod lsblk;
pub mod lscpu;
pub mod lsof;
pub mod lspci;
pub mod maps;
pub mod mdstat;
pub mod meminfo;
pub mod modules;
pub mod modules_load;
pub mod mountinfo;
pub mod mounts;
pub mod neigh;
pub mod net_arp;
pub mod net_dev;
pub mod net_ipv6_route;
pub mod net_protocols;
pub mod net_route;
pub mod net_snmp;
pub mod net_snmp6;
pub mod net_sockstat;
pub mod net_softnet_stat;
pub mod net_stat;
pub mod net_tcp;
mod netlink;
pub mod netns;
pub mod netstat;
pub mod netstat_s;
pub mod nginx_conf;
pub mod numa_maps;
pub mod numastat;
pub mod os_release;
pub mod pagetypeinfo;
pub mod pid_cgroup;
pub mod pid_io;
pub mod pid_limits;
pub mod pid_sched;
pub mod pid_schedstat;
pub mod pid_stat;
pub mod pid_statm;
pub mod pid_status;
pub mod pressure;
pub mod ps;
pub mod qdisc;
pub mod route_dump;
pub mod sched_debug;
pub mod schedstat;
pub mod slabinfo;
pub mod smaps;
pub mod smaps_rollup;
pub mod smart;
pub mod smart_ata;
pub mod smart_nvme;
pub mod smartctl;
pub mod smartctl_json;
pub mod smbios;
pub mod socket;
pub mod ss;
mod ss_detail;
pub mod stamp;
pub mod stat;
pub mod statfs;
pub mod swaps;
pub mod sysctl;
pub mod sysctl_conf;
pub mod systemctl_show;
pub mod systemd_unit;
pub mod sysvipc_msg;
pub mod sysvipc_sem;
pub mod sysvipc_shm;
pub mod tcp_metrics;
pub mod ttm;
pub mod tuned;
pub mod uptime;
pub mod uptime_text;
pub mod version;
pub mod vmallocinfo;
pub mod vmstat;
pub mod zoneinfo;
pub mod zpool_status;
pub mod zram;

mod rows;
mod words;

#[cfg(test)]
mod hostile;

pub use error::ParseError;
pub(crate) use linsight_archive::decimal::digits;
pub use rows::{Counters, Rows};
pub(crate) use words::{
    Fields, chosen, counter, cut, hex, kb, lines, measure, number, size, text, unescape,
};

/// What parsing must know of the host the text comes from. The archive records it: the analyzer's
/// own host may have other pages and another byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseEnv {
    /// Size of a page: 4, 16 or 64 KiB.
    pub page_size_bytes: u64,
    /// `USER_HZ`: the unit of times in `/proc`.
    pub ticks_per_s: u64,
    /// Byte order of binary payloads and of hexadecimal addresses.
    pub little_endian: bool,
}

/// The host of most samples in tests.
#[cfg(test)]
const ENV: ParseEnv = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };
