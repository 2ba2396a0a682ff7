//! Descriptors and file systems that run out.

use crate::harness::{Expected, Fault};
use crate::place::{fault, fault_in, file_system, sh};

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

/// A deleted file that a process keeps open.
pub const DELETED: Fault = Fault {
    name: "deleted and open",
    start: || {
        let (at, guard) = file_system("deleted", 128, "");
        let words = format!("files deleted {}/big mib=100", at.display());
        vec![fault("keeper", &words), guard]
    },
    expects: &[Expected {
        rule: "fs.space-inodes",
        severity: "critical",
        culprit: "deleted.mnt",
        says: &["keeper"],
    }],
    explains: &[],
    tells: &[],
};
