//! Memory over time: leaks, and the shapes that are none.

use std::process::Command;

use crate::harness::{Expected, Fault, kept, program};
use crate::place::{Cgroup, Guard, fault, fault_in, file_system, running, sh, slow_disk, undo};

/// The book's leak, a program of its own: it asks and does not write.
pub const BOOK_LEAK: Fault = Fault {
    name: "the book's leak",
    start: || {
        let program = program("examples").join("book-leak");
        vec![running(&mut Command::new(program))]
    },
    expects: &[Expected {
        rule: "leak.virtual-growth",
        severity: "warning",
        culprit: "book-leak",
        says: &["gdb -p ", "dump memory"],
    }],
    explains: &["mem.expand-or-fix"],
    tells: &[],
};

/// A process that follows a shape; healthy as long as it expects nothing.
const fn healthy(name: &'static str, start: fn() -> Vec<Guard>) -> Fault {
    Fault { name, start, expects: &[], explains: &[], tells: &[] }
}

pub const STEP: Fault = healthy("step", || vec![fault("shape-step", "memory step")]);
pub const WARM_UP: Fault = healthy("warm-up", || vec![fault("shape-warm-up", "memory warm-up")]);
pub const SAW_TOOTH: Fault = healthy("saw-tooth", || vec![fault("shape-saw", "memory saw-tooth")]);
pub const HEAP: Fault =
    healthy("heap until its collection", || vec![fault("shape-heap", "memory heap")]);

/// A report is made and thrown away: worth a word from a fiftieth of the memory on.
pub const SPIKE: Fault = Fault {
    name: "spike",
    start: || {
        let words = format!("memory spike spike_mib={}", (memory_mib() * 3 / 100).max(400));
        vec![fault("shape-spike", &words)]
    },
    expects: &[Expected {
        rule: "mem.spike-past",
        severity: "info",
        culprit: "shape-spike",
        says: &["In this window it rose to", "There was room for it"],
    }],
    explains: &[],
    tells: &[],
};

/// A leak that is written.
pub const TOUCHED: Fault = Fault {
    name: "a leak that is written",
    start: || {
        let leak = fault("leak-touched", "memory touched");
        // What is younger than two minutes at the end may still be starting.
        std::thread::sleep(std::time::Duration::from_secs(65));
        vec![leak]
    },
    expects: &[
        Expected {
            rule: "leak.rss-growth",
            severity: "warning",
            culprit: "leak-touched",
            says: &["dump memory"],
        },
        // The book's question, answered: more memory would not mend it.
        Expected {
            rule: "mem.expand-or-fix",
            severity: "warning",
            culprit: "",
            says: &["leak-touched"],
        },
    ],
    explains: &[],
    tells: &[],
};

/// Garbage collection that gives back less each time.
pub const RISING: Fault = Fault {
    name: "rising saw-tooth",
    start: || vec![fault("leak-rising", "memory rising-saw-tooth")],
    expects: &[Expected {
        rule: "leak.rising-floor",
        severity: "warning",
        culprit: "leak-rising",
        says: &["fell"],
    }],
    explains: &["mem.expand-or-fix"],
    tells: &[],
};

/// A child that touches a large shared segment, page by page: the segment is warmed up, nothing
/// leaks.
pub const SHARED_SEGMENT: Fault =
    healthy("a shared segment is warmed up", || vec![fault("warmer", "memory shared")]);

/// A control group at its limit, all of it page cache.
pub const CACHE_AT_ITS_LIMIT: Fault = healthy("a control group full of page cache", || {
    let group = Cgroup::new("linsight-cache", Some(64 << 20), None);
    let file = kept().join("cached");
    sh(&format!("dd if=/dev/zero of={} bs=1M count=200 2>/dev/null", file.display()));
    let words = format!("files reader {}", file.display());
    vec![fault_in(&group.enter(), "cache-reader", &words), group.guard()]
});

/// Files in memory: shown as cache, and nothing can take them back.
pub const TMPFS: Fault = Fault {
    name: "tmpfs fills the cache",
    start: || {
        let mib = memory_mib() * 12 / 100;
        let at = kept().join("tmpfs.mnt");
        let at = at.display();
        sh(&format!(
            "umount {at} 2>/dev/null || true; mkdir -p {at}; mount -t tmpfs -o size={}m none {at}",
            mib * 2
        ));
        let guard = undo(&format!("umount {at} && rmdir {at}"));
        sh(&format!("dd if=/dev/zero of={at}/forgotten bs=1M count={mib} 2>/dev/null"));
        vec![guard]
    },
    expects: &[Expected {
        rule: "mem.cache-not-reclaimable",
        severity: "info",
        culprit: "",
        says: &["tmpfs.mnt", "cannot be given back"],
    }],
    explains: &[],
    tells: &[],
};

/// `MemTotal`.
fn memory_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").expect("meminfo");
    let kib = text.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    kib.expect("MemTotal is the first") / 1024
}

/// Reserves huge pages: an eighth of the memory. What the kernel cannot find is said.
fn huge_pool() -> Guard {
    let wanted = memory_mib() / 8 / 2;
    let guard = undo("echo 0 > /proc/sys/vm/nr_hugepages");
    sh("echo 1 > /proc/sys/vm/compact_memory");
    sh(&format!("echo {wanted} > /proc/sys/vm/nr_hugepages"));
    let text = std::fs::read_to_string("/proc/sys/vm/nr_hugepages").expect("the pool");
    let got: u64 = text.trim().parse().expect("a number");
    assert!(
        got * 20 >= wanted * 19,
        "the kernel found {got} of {wanted} huge pages: memory is fragmented; run it after a reboot"
    );
    guard
}

/// A pool that was made for somebody who never came.
pub const HUGE_IDLE: Fault = Fault {
    name: "huge pages idle",
    start: || vec![huge_pool()],
    expects: &[Expected {
        rule: "mem.hugepages-unused",
        severity: "warning",
        culprit: "",
        says: &["vm.nr_hugepages=0"],
    }],
    explains: &[],
    tells: &[],
};

/// A sniffer whose receive rings take memory that no counter of the kernel shows.
pub const UNCOUNTED: Fault = Fault {
    name: "memory that nobody counts",
    start: || {
        let mib = (memory_mib() * 7 / 100).max(1500);
        vec![fault("sniffer", &format!("memory packet-rings mib={mib}"))]
    },
    expects: &[Expected {
        rule: "mem.unaccounted",
        severity: "warning",
        culprit: "",
        says: &["in none of the kernel's counters", "packet sockets"],
    }],
    explains: &["mem.unaccounted", "mem.expand-or-fix"],
    tells: &[],
};

/// The same pool in the hands of a database.
pub const HUGE_USED: Fault = healthy("huge pages in use", || {
    let pool = huge_pool();
    let words = format!("memory huge mib={}", memory_mib() / 8 * 9 / 10);
    vec![fault("database", &words), pool]
});

/// A file larger than most, mapped and read again and again, on a host without swap.
pub const MAPPED_READER: Fault = healthy("a mapped file is read", || {
    let file = kept().join("mapped");
    sh(&format!("dd if=/dev/zero of={} bs=1M count=1024 2>/dev/null", file.display()));
    let words = format!("memory mapped {}", file.display());
    vec![fault("search", &words), undo(&format!("rm -f {}", file.display()))]
});

/// A working set twice as large as its control group lets it be, and a swap file for the rest.
pub const SWAPPING: Fault = Fault {
    name: "working set in swap",
    start: || {
        let file = kept().join("swap.img");
        let file = file.display();
        sh(&format!("swapoff {file} 2>/dev/null || true; rm -f {file}"));
        let gone = undo(&format!("swapoff {file}; rm -f {file}"));
        sh(&format!(
            "dd if=/dev/zero of={file} bs=1M count=512 2>/dev/null; chmod 600 {file}
             mkswap {file} >/dev/null; swapon {file}"
        ));
        let group = Cgroup::new("linsight-swap", Some(64 << 20), None);
        vec![fault_in(&group.enter(), "swapped", "memory working-set mib=128"), group.guard(), gone]
    },
    expects: &[
        Expected { rule: "swap.thrash", severity: "critical", culprit: "", says: &["swapped"] },
        // The host has room: what is too small is the group.
        Expected { rule: "swap.in-use", severity: "info", culprit: "", says: &["not the host"] },
        Expected {
            rule: "mem.expand-or-fix",
            severity: "warning",
            culprit: "",
            says: &["/linsight-swap"],
        },
    ],
    // What pages cost to go and come back is time of the kernel.
    explains: &["cgroup.memory", "cpu.saturated"],
    tells: &[],
};

/// A file that is written faster than its disk takes it: the disk lets 1 MiB a second through.
pub const DIRTY: Fault = Fault {
    name: "dirty backlog of a slow disk",
    start: || {
        let (at, gone) = file_system("dirty", 4096, "");
        let (prefix, fast) = slow_disk(&at, 1 << 20);
        let file = at.join("log");
        let words = format!("files dirty {} mib=2000", file.display());
        let writer = fault_in(&prefix, "log-writer", &words);
        // What is deleted needs not be written any more.
        let deleted = undo(&format!("rm -f {}", file.display()));
        std::thread::sleep(std::time::Duration::from_secs(10));
        // The limit goes first: a writer that waits for all of its file to be written cannot be killed.
        vec![fast, writer, deleted, gone]
    },
    expects: &[Expected {
        rule: "mem.dirty-backlog",
        severity: "warning",
        culprit: "",
        // How near to the limit it comes depends on what else waits on the host.
        says: &["waiting to be written"],
    }],
    // A writer that the kernel makes wait for all of its file is stuck as long as that takes.
    explains: &["mem.dirty-backlog", "psi.pressure", "proc.d-state", "load.composition"],
    tells: &[],
};

/// A program that maps files and libraries without end, at the limit of mappings.
pub const MAPPINGS: Fault = Fault {
    name: "mappings at their limit",
    start: || {
        let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("a limit");
        let most: u32 = most.trim().parse().expect("a number");
        vec![fault("mapper", &format!("memory mappings count={}", most / 20 * 19))]
    },
    expects: &[Expected {
        rule: "limits.host",
        severity: "warning",
        culprit: "",
        says: &["mapper", "vm.max_map_count"],
    }],
    explains: &[],
    tells: &[],
};
