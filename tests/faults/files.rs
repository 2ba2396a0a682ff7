//! Descriptors and file systems that run out.

use crate::harness::{Expected, Fault};
use crate::place::{fault, fault_in, file_system, sh, undo};

pub const DESCRIPTORS: Fault = Fault {
    name: "descriptors near the limit",
    start: || {
        vec![fault_in(
            "sh -c 'ulimit -n 1000; exec \"$@\"' sh",
            "fd-hoarder",
            "files descriptors count=970",
        )]
    },
    expects: &[Expected {
        rule: "limits.fd",
        severity: "critical",
        culprit: "fd-hoarder",
        says: &["1000"],
    }],
    explains: &[],
    tells: &[],
};

pub const DESCRIPTOR_LEAK: Fault = Fault {
    name: "descriptor leak",
    start: || {
        vec![fault_in(
            "sh -c 'ulimit -n 4096; exec \"$@\"' sh",
            "fd-leak",
            "files descriptors count=10 rate=10",
        )]
    },
    expects: &[Expected { rule: "limits.fd", severity: "warning", culprit: "fd-leak", says: &[] }],
    explains: &[],
    tells: &[],
};

pub const FULL: Fault = Fault {
    name: "file system full",
    start: || {
        let (at, guard) = file_system("full", 64, "");
        sh(&format!("dd if=/dev/zero of={}/fill bs=1M 2>/dev/null || true", at.display()));
        vec![guard]
    },
    expects: &[Expected {
        rule: "fs.space-inodes",
        severity: "critical",
        culprit: "full.mnt",
        says: &[],
    }],
    explains: &[],
    tells: &[],
};

pub const INODES: Fault = Fault {
    name: "inodes used up",
    start: || {
        let (at, guard) = file_system("inodes", 64, "-N 128");
        sh(&format!(
            "cd {}; for i in $(seq 200); do touch f$i 2>/dev/null || break; done; true",
            at.display()
        ));
        vec![guard]
    },
    expects: &[Expected {
        rule: "fs.space-inodes",
        severity: "critical",
        culprit: "inodes.mnt",
        says: &["inode"],
    }],
    explains: &[],
    tells: &[],
};

/// A deleted file that a process keeps open: a latent fault as long as there is room.
pub const DELETED: Fault = Fault {
    name: "deleted and open",
    start: || {
        let (at, guard) = file_system("deleted", 256, "");
        let words = format!("files deleted {}/big mib=100", at.display());
        vec![fault("keeper", &words), guard]
    },
    expects: &[Expected {
        rule: "fs.space-inodes",
        severity: "warning",
        culprit: "deleted.mnt",
        says: &["keeper", "100.0 MiB"],
    }],
    explains: &[],
    tells: &[],
};

/// A file system in which the kernel found an error, and which it therefore made read-only.
pub const READ_ONLY: Fault = Fault {
    name: "file system made read-only",
    start: || {
        let (at, guard) = file_system("broken", 64, "");
        let at = at.display();
        // The name of its device as sysfs has it.
        sh(&format!(
            "mount -o remount,errors=remount-ro {at}
             dev=$(findmnt -no SOURCE {at}); echo 1 > /sys/fs/ext4/${{dev#/dev/}}/trigger_fs_error"
        ));
        vec![guard]
    },
    expects: &[Expected {
        rule: "fs.errors-readonly",
        severity: "critical",
        culprit: "loop",
        says: &["broken.mnt"],
    }],
    explains: &[],
    tells: &[],
};

/// A file that sets parameters, one of them other than they are, one that no kernel has any more.
pub const SYSCTL_FILE: Fault = Fault {
    name: "sysctl.d that does not hold",
    start: || {
        let file = "/etc/sysctl.d/98-linsight-fault.conf";
        let gone = undo(&format!("rm -f {file}"));
        sh(&format!("printf 'vm.swappiness = 61\\nnet.ipv4.tcp_tw_recycle = 1\\n' > {file}"));
        vec![gone]
    },
    expects: &[
        Expected {
            rule: "sysctl.runtime-not-persisted",
            severity: "info",
            culprit: "vm.swappiness",
            says: &["98-linsight-fault.conf"],
        },
        Expected {
            rule: "sysctl.obsolete-or-invalid-key",
            severity: "info",
            culprit: "net.ipv4.tcp_tw_recycle",
            says: &["98-linsight-fault.conf"],
        },
    ],
    explains: &[],
    tells: &[],
};
