//! What is never read, because reading it changes the host, blocks it or tells a secret.
//!
//! `/sys` is read by allow-list, so this list guards `/proc/sys`, which is walked, and whatever a
//! pattern of the plan might match on a kernel that is not written yet.

/// Whether a path (relative to the root) must be left alone.
#[must_use]
pub(crate) fn is_never_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(key) = path.strip_prefix("proc/sys/") {
        return crate::probe::sysctl::never(key);
    }
    matches!(
        path,
        "proc/kmsg"
            | "proc/kcore"
            | "proc/kallsyms"
            | "proc/timer_list"
            | "proc/mtrr"
            | "proc/sysrq-trigger"
    ) || path.starts_with("proc/fs/")
        || (path.starts_with("proc/net/rpc/") && matches!(name, "channel" | "flush"))
        || (path.starts_with("proc/") && matches!(name, "environ" | "pagemap" | "mem" | "auxv"))
        || path.starts_with("sys/kernel/slab")
        || path.contains("/tracing/")
        || path == "sys/class/zram-control/hot_add"
        || (path.starts_with("sys/")
            && (matches!(name, "capability" | "iosched" | "priority_stats" | "rom" | "vpd")
                || (name.starts_with("resource") && path.contains("/pci"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hurts_is_refused_and_its_neighbours_are_not() {
        for path in [
            "proc/sys/vm/stat_refresh",
            "proc/sys/net/ipv4/route/flush",
            "proc/sys/net/ipv6/route/flush",
            "proc/sys/net/ipv6/neigh/eth0/retrans_time",
            "proc/sys/net/ipv6/conf/eth0/stable_secret",
            "proc/sys/net/ipv4/tcp_fastopen_key",
            "proc/sys/kernel/random/uuid",
            "proc/sys/fs/binfmt_misc",
            "proc/kmsg",
            "proc/1/environ",
            "proc/fs/nfsd/exports",
            "sys/class/zram-control/hot_add",
            "sys/block/sda/capability",
            "sys/block/sda/queue/iosched",
            "sys/kernel/slab/dentry/objects",
            "sys/devices/pci0000:00/0000:00:1f.2/resource0",
            "sys/kernel/debug/tracing/trace_pipe",
        ] {
            assert!(is_never_read(path), "{path}");
        }
        for path in [
            "proc/sys/kernel/random/boot_id",
            "proc/sys/net/ipv4/neigh/eth0/retrans_time_ms",
            "proc/sys/net/ipv4/tcp_fastopen",
            "proc/sys/vm/swappiness",
            "proc/1/status",
            "sys/block/sda/queue/scheduler",
        ] {
            assert!(!is_never_read(path), "{path}");
        }
    }
}
