//! Kernel parameters as `sysctl -a` prints them, read from `/proc/sys` by ourselves.
//!
//! sysctl(8) itself is not run because it opens every readable file, and reading some of them does
//! something ([`never`]). Output: `net.ipv4.tcp_syncookies = 1`; a value of several lines has its
//! key before each. As with sysctl, `/` in a path becomes `.` and `.` in a name becomes `/`
//! (`net.ipv4.conf.eth0/100.forwarding` is the VLAN `eth0.100`).

use crate::files::append_sysctl;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use linsight_archive::Outcome;

use super::{Answer, Emit, PIECE_BYTES, Progress, file};

const MAX_VALUE_BYTES: u64 = 16 << 10;
/// Pieces are handed on above this; the next value fits into a piece even as 16,384 empty lines.
const FLUSH_BYTES: usize = PIECE_BYTES / 8;
const MAX_DEPTH: usize = 10;
/// A host with 10,000 interfaces has a million of them; that many say nothing more.
const MAX_VALUES: usize = 200_000;

/// Parameters that are never read, and directories that are never entered (paths below
/// `/proc/sys`).
///
/// - `fs/binfmt_misc` may be an automount point: entering it mounts a file system and may load a
///   module;
/// - `stat_refresh`, `compact_memory`, `drop_caches`, `flush` act;
/// - the IPv6 neighbour names write a deprecation to the kernel log;
/// - keys and identifiers are secrets, or made anew by each read;
/// - `ns_last_pid` is of no use and write access to it is a privilege that audits watch.
pub(crate) fn never(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "flush"
            | "stat_refresh"
            | "compact_memory"
            | "drop_caches"
            | "ns_last_pid"
            | "tcp_fastopen_key"
            | "stable_secret"
    ) || path == "fs/binfmt_misc"
        || (path.starts_with("net/ipv6/neigh/")
            && matches!(name, "retrans_time" | "base_reachable_time"))
        || (path.starts_with("kernel/random/") && name.ends_with("uuid"))
}

/// Writes all parameters below `/proc/sys/<below>` (empty: all) to one path of the archive.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn dump(
    path: &str,
    proc_sys: &Path,
    below: &str,
    emit: &mut Emit<'_>,
) -> io::Result<()> {
    let mut walk = Walk { path, text: Vec::new(), values: 0, unreadable: 0, euid: euid(), emit };
    if let Err(errno) = fs::metadata(proc_sys.join(below)).map_err(|e| file::errno(&e)) {
        return (walk.emit)(Answer::failed(path, errno));
    }
    walk.directory(proc_sys, below, 0)?;
    let Walk { text, values, unreadable, emit, .. } = walk;
    let reason = format!("{unreadable} values not readable");
    let mut answer = Answer::whole(path, &text);
    answer.reason = (unreadable > 0).then_some(&*reason);
    if values >= MAX_VALUES {
        answer.outcome = Outcome::Truncated;
        answer.reason = Some("limit of values");
    }
    emit(answer)
}

fn euid() -> u32 {
    rustix::process::geteuid().as_raw()
}

struct Walk<'a, 'e> {
    path: &'a str,
    text: Vec<u8>,
    values: usize,
    unreadable: usize,
    euid: u32,
    emit: &'a mut Emit<'e>,
}

impl Walk<'_, '_> {
    fn directory(&mut self, proc_sys: &Path, below: &str, depth: usize) -> io::Result<()> {
        let Ok(entries) = fs::read_dir(proc_sys.join(below)) else {
            self.unreadable += 1;
            return Ok(());
        };
        let mut names: Vec<(String, bool)> = entries
            .flatten()
            .filter_map(|entry| {
                let is_directory = entry.file_type().ok()?.is_dir();
                Some((entry.file_name().into_string().ok()?, is_directory))
            })
            .collect();
        names.sort_unstable();
        for (name, is_directory) in names {
            let inner = if below.is_empty() { name } else { format!("{below}/{name}") };
            if never(&inner) || self.values >= MAX_VALUES {
                continue;
            }
            if !is_directory {
                self.value(proc_sys, &inner)?;
            } else if depth < MAX_DEPTH {
                self.directory(proc_sys, &inner, depth + 1)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, proc_sys: &Path, inner: &str) -> io::Result<()> {
        let file = proc_sys.join(inner);
        // Files that only write, and those of others, are told by their mode: an open that is
        // refused is a line in the audit log of a watched host.
        let Ok(meta) = fs::symlink_metadata(&file) else { return Ok(()) };
        let readable = if self.euid == 0 { 0o444 } else { 0o004 };
        if meta.mode() & 0o444 == 0 {
            return Ok(());
        }
        self.values += 1;
        if meta.mode() & readable == 0 && meta.uid() != self.euid {
            self.unreadable += 1;
            return Ok(());
        }
        match file::read(&file, MAX_VALUE_BYTES) {
            Ok((value, _)) => append_sysctl(&mut self.text, inner, &value),
            Err(_) => self.unreadable += 1,
        }
        if self.text.len() > FLUSH_BYTES {
            let answer = Answer::whole(self.path, &self.text);
            (self.emit)(Answer { progress: Progress::Piece, ..answer })?;
            self.text.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_sysctl_prints_them() {
        let mut text = Vec::new();
        append_sysctl(&mut text, "net/ipv4/ip_local_port_range", b"32768\t60999\n");
        append_sysctl(&mut text, "net/ipv4/conf/eth0.100/forwarding", b"0\n");
        append_sysctl(&mut text, "dev/cdrom/info", b"CD-ROM\n\ndrive: 0\n");
        append_sysctl(&mut text, "kernel/domainname", b"\n");
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "net.ipv4.ip_local_port_range = 32768\t60999\n\
             net.ipv4.conf.eth0/100.forwarding = 0\n\
             dev.cdrom.info = CD-ROM\ndev.cdrom.info = \ndev.cdrom.info = drive: 0\n\
             kernel.domainname = \n"
        );
    }

    #[test]
    fn what_acts_or_is_secret_is_never_read() {
        for path in [
            "vm/stat_refresh",
            "vm/drop_caches",
            "vm/compact_memory",
            "net/ipv4/route/flush",
            "net/ipv6/route/flush",
            "net/ipv6/neigh/eth0/retrans_time",
            "net/ipv6/neigh/default/base_reachable_time",
            "net/ipv4/tcp_fastopen_key",
            "net/ipv6/conf/eth0/stable_secret",
            "kernel/random/uuid",
            "kernel/ns_last_pid",
            "fs/binfmt_misc",
        ] {
            assert!(never(path), "{path}");
        }
        for path in
            ["net/ipv6/neigh/eth0/retrans_time_ms", "kernel/random/boot_id", "vm/swappiness"]
        {
            assert!(!never(path), "{path}");
        }
    }

    #[test]
    fn a_tree_is_walked_in_order_and_the_forbidden_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        for (path, value) in [
            ("vm/swappiness", "60\n"),
            ("kernel/ostype", "Linux\n"),
            ("net/ipv4/tcp_fastopen_key", "0123-4567\n"),
        ] {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, value).unwrap();
        }
        let mut text = Vec::new();
        dump("commands/sysctl_-a", dir.path(), "", &mut |answer| {
            assert_eq!(answer.outcome, Outcome::Collected);
            text.extend_from_slice(answer.content);
            Ok(())
        })
        .unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "kernel.ostype = Linux\nvm.swappiness = 60\n");
    }
}
