//! Memory over time: leaks, and the shapes that are none.

use std::process::Command;

use crate::harness::{Expected, Fault, kept, program};
use crate::place::{Cgroup, Guard, fault, fault_in, running, sh};

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
pub const SPIKE: Fault = healthy("spike", || vec![fault("shape-spike", "memory spike")]);
pub const SAW_TOOTH: Fault = healthy("saw-tooth", || vec![fault("shape-saw", "memory saw-tooth")]);
pub const HEAP: Fault =
    healthy("heap until its collection", || vec![fault("shape-heap", "memory heap")]);

/// A leak that is written.
pub const TOUCHED: Fault = Fault {
    name: "a leak that is written",
    start: || {
        let leak = fault("leak-touched", "memory touched");
        // What is younger than two minutes at the end may still be starting.
        std::thread::sleep(std::time::Duration::from_secs(65));
        vec![leak]
    },
    expects: &[Expected {
        rule: "leak.rss-growth",
        severity: "warning",
        culprit: "leak-touched",
        says: &["dump memory"],
    }],
    explains: &["mem.expand-or-fix"],
    tells: &[],
};

/// Garbage collection that gives back less each time.
pub const RISING: Fault = Fault {
    name: "rising saw-tooth",
    start: || vec![fault("leak-rising", "memory rising-saw-tooth")],
    expects: &[Expected {
        rule: "leak.rising-floor",
        severity: "info",
        culprit: "leak-rising",
        says: &[],
    }],
    explains: &["leak.rising-floor", "mem.expand-or-fix"],
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
