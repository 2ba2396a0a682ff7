//! Defaults of the kernel for the parameters that people tune, so that a tuned value which no file
//! keeps is noticed. Only constants stand here: values that the kernel derives from the size of
//! the machine (`tcp_mem`, `file-max`, `threads-max`) have no default to compare with.
//!
//! Documentation/admin-guide/sysctl/, Documentation/networking/ip-sysctl.rst, and the sources for
//! the versions in which a default changed.

/// A default, and the first kernel that has it (`major * 1000 + minor`).
struct Row(&'static str, i64, &'static str);

/// Rows of one key stand together, the oldest first.
const ROWS: &[Row] = &[
    Row("net.core.netdev_budget", 0, "300"),
    Row("net.core.netdev_max_backlog", 0, "1000"),
    Row("net.core.somaxconn", 0, "128"),
    Row("net.core.somaxconn", 5004, "4096"),
    Row("net.ipv4.ip_forward", 0, "0"),
    Row("net.ipv4.ip_local_port_range", 0, "32768 61000"),
    Row("net.ipv4.ip_local_port_range", 4003, "32768 60999"),
    Row("net.ipv4.ip_local_reserved_ports", 0, ""),
    Row("net.ipv4.ip_nonlocal_bind", 0, "0"),
    Row("net.ipv4.tcp_abort_on_overflow", 0, "0"),
    Row("net.ipv4.tcp_fastopen", 3013, "1"),
    Row("net.ipv4.tcp_fin_timeout", 0, "60"),
    Row("net.ipv4.tcp_keepalive_intvl", 0, "75"),
    Row("net.ipv4.tcp_keepalive_probes", 0, "9"),
    Row("net.ipv4.tcp_keepalive_time", 0, "7200"),
    Row("net.ipv4.tcp_mtu_probing", 0, "0"),
    Row("net.ipv4.tcp_no_metrics_save", 0, "0"),
    Row("net.ipv4.tcp_orphan_retries", 0, "0"),
    Row("net.ipv4.tcp_retries1", 0, "3"),
    Row("net.ipv4.tcp_retries2", 0, "15"),
    Row("net.ipv4.tcp_rfc1337", 0, "0"),
    Row("net.ipv4.tcp_sack", 0, "1"),
    Row("net.ipv4.tcp_slow_start_after_idle", 0, "1"),
    Row("net.ipv4.tcp_syn_retries", 0, "5"),
    Row("net.ipv4.tcp_syn_retries", 3007, "6"),
    Row("net.ipv4.tcp_synack_retries", 0, "5"),
    Row("net.ipv4.tcp_syncookies", 2037, "1"),
    Row("net.ipv4.tcp_timestamps", 0, "1"),
    Row("net.ipv4.tcp_tw_recycle", 0, "0"),
    Row("net.ipv4.tcp_tw_reuse", 0, "0"),
    Row("net.ipv4.tcp_tw_reuse", 4019, "2"),
    Row("net.ipv4.tcp_window_scaling", 0, "1"),
    Row("vm.dirty_background_ratio", 0, "10"),
    Row("vm.dirty_expire_centisecs", 0, "3000"),
    Row("vm.dirty_ratio", 0, "20"),
    Row("vm.dirty_writeback_centisecs", 0, "500"),
    Row("vm.max_map_count", 0, "65530"),
    Row("vm.nr_hugepages", 0, "0"),
    Row("vm.oom_kill_allocating_task", 0, "0"),
    Row("vm.overcommit_memory", 0, "0"),
    Row("vm.overcommit_ratio", 0, "50"),
    Row("vm.panic_on_oom", 0, "0"),
    Row("vm.swappiness", 0, "60"),
    Row("vm.vfs_cache_pressure", 0, "100"),
    // Before 3.16 the kernel chose 1 on machines whose nodes are far apart.
    Row("vm.zone_reclaim_mode", 3016, "0"),
];

/// Default of a key for a kernel; `None` when it is not known, or the kernel is not.
#[must_use]
pub fn of(key: &str, kernel: Option<i64>) -> Option<&'static str> {
    all(kernel).find(|(k, _)| *k == key).map(|(_, default)| default)
}

/// All defaults of a kernel.
pub fn all(kernel: Option<i64>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let valid = move |row: &&Row| kernel.is_some_and(|k| row.1 <= k);
    ROWS.chunk_by(|a, b| a.0 == b.0)
        .filter_map(move |rows| rows.iter().rev().find(valid).map(|row| (row.0, row.2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_kernel() {
        assert_eq!(of("net.core.somaxconn", Some(5003)), Some("128"));
        assert_eq!(of("net.core.somaxconn", Some(6018)), Some("4096"));
        assert_eq!(of("net.ipv4.tcp_tw_reuse", Some(4018)), Some("0"));
        assert_eq!(of("vm.zone_reclaim_mode", Some(2032)), None);
        assert_eq!(of("vm.swappiness", None), None);
        assert_eq!(of("vm.nonsense", Some(6018)), None);
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
