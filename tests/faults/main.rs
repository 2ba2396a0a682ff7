//! Faults on the live kernel: a program of `samples/` provokes each, the collector collects, and the
//! analyzer must name the rule, the severity and the culprit, and nothing else that the fault does
//! not explain. Faults that do not meet share one collection: what is told of one must not be told
//! of another. Needs root, for namespaces and cgroups of its own.

#![cfg(test)]
#![allow(
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "waits for what it starts; modules of one test"
)]

mod files;
mod harness;
mod load;
mod memory;
mod network;
mod others;
mod place;
mod process;
mod shown;

#[path = "../judged.rs"]
mod judged;

use harness::{Fault, Look, judge};

/// A balancer that forgets soon: nobody waits for two minutes in a test.
const FORGETS_SOON: &[&str] = &["--set", "site.l4_idle_timeout_s=20"];

/// A batch: faults that share one collection, or, `apart`, have one each.
pub struct Batch {
    name: &'static str,
    faults: &'static [Fault],
    look: Look<'static>,
    apart: bool,
}

const fn together(
    name: &'static str,
    seconds: u32,
    told: &'static [&'static str],
    faults: &'static [Fault],
) -> Batch {
    Batch { name, faults, look: Look { seconds, told }, apart: false }
}

/// What concerns the machine as a whole is looked at alone.
const fn apart(
    name: &'static str,
    seconds: u32,
    told: &'static [&'static str],
    faults: &'static [Fault],
) -> Batch {
    Batch { name, faults, look: Look { seconds, told }, apart: true }
}

const OF_EVERY_LANDING: Batch = together(
    "every-landing",
    60,
    &[],
    &[
        memory::BOOK_LEAK,
        memory::STEP,
        memory::SPIKE,
        memory::SAW_TOOTH,
        process::ZOMBIES,
        process::STOPPED,
        files::DESCRIPTORS,
        files::FULL,
        network::PORTS_ONE,
        network::CLOSE_WAIT,
        network::SYN_SENT,
        network::LISTEN_OVERFLOW,
        network::SERVER_CLOSES,
    ],
);

const BEHIND_A_BALANCER: Batch = together(
    "balancer",
    30,
    FORGETS_SOON,
    &[
        network::KEEPALIVE_LATE,
        network::KEEPALIVE_OFF,
        network::PEERS_GONE,
        network::PORTS_TWO,
        network::BIND_FIRST,
        network::REUSE,
    ],
);

const TRAFFIC: Batch = together(
    "traffic",
    30,
    &[],
    &[
        network::GONE_WITH_DATA,
        network::CHURN,
        network::SERVER_HANDSHAKES,
        network::CLIENT_CLOSES,
        network::BUCKETS,
        network::REUSE_WITHOUT_TIMESTAMPS,
        network::SYN_RECV,
        network::LOSS,
        network::RTO_FLOOR,
        network::FEW_RETRIES,
        network::UDP_DEAF,
    ],
);

const MEMORY_OVER_TIME: Batch = together(
    "memory",
    60,
    &[],
    &[
        memory::RISING,
        // Sleeps: what stands before it is no longer young.
        memory::TOUCHED,
        memory::WARM_UP,
        memory::HEAP,
        memory::SHARED_SEGMENT,
        files::DESCRIPTOR_LEAK,
        files::INODES,
        files::DELETED,
        process::QUOTA,
        process::MEMORY_LIMIT,
        process::TASKS,
        memory::MAPPINGS,
    ],
);

const THE_BOOKS_LOADS: Batch =
    apart("load", 30, &[], &[load::CPU, load::THREADS, load::WRITE, load::VFORK, load::NICE]);

const SATURATION: Batch =
    apart("saturation", 20, &[], &[process::RT_HOG, process::TOO_MANY, process::FOR_MINUTES]);

const SHORT_OF_MEMORY: Batch = apart(
    "memory-of-the-host",
    20,
    &[],
    &[
        memory::TMPFS,
        memory::HUGE_IDLE,
        memory::HUGE_USED,
        memory::UNCOUNTED,
        memory::SWAPPING,
        memory::DIRTY,
    ],
);

const SET_WRONG: Batch = apart(
    "settings",
    25,
    FORGETS_SOON,
    &[
        network::CONTAINER,
        network::CONNTRACK,
        network::NEIGHBOURS,
        files::SYSCTL_FILE,
        files::READ_ONLY,
    ],
);

const BUSY_BUT_HEALTHY: Batch = together(
    "healthy",
    60,
    &[],
    &[
        load::DIRECT_READER,
        load::COMPILE,
        memory::MAPPED_READER,
        memory::CACHE_AT_ITS_LIMIT,
        network::IDLE_SESSIONS,
    ],
);

/// Every batch, for the table of what was shown.
pub const BATCHES: [(&str, &Batch); 9] = [
    ("of_every_landing", &OF_EVERY_LANDING),
    ("behind_a_balancer", &BEHIND_A_BALANCER),
    ("traffic", &TRAFFIC),
    ("memory_over_time", &MEMORY_OVER_TIME),
    ("the_books_loads", &THE_BOOKS_LOADS),
    ("saturation", &SATURATION),
    ("short_of_memory", &SHORT_OF_MEMORY),
    ("set_wrong", &SET_WRONG),
    ("busy_but_healthy", &BUSY_BUT_HEALTHY),
];

impl Batch {
    fn faults(&self) -> &'static [Fault] {
        self.faults
    }

    /// Runs it; of faults that are looked at apart, all, whatever becomes of one.
    fn run(&self) {
        if !self.apart {
            return judge(self.name, self.faults, &self.look).unwrap_or_else(|e| panic!("{e}"));
        }
        // To run one alone: its name, or a part of it.
        let only = std::env::var("FAULT").unwrap_or_default();
        let chosen = self.faults.iter().filter(|f| f.name.contains(&only));
        let wrong: Vec<String> = chosen
            .filter_map(|fault| {
                let name = format!("{}-{}", self.name, fault.name.replace(' ', "-"));
                judge(&name, std::slice::from_ref(fault), &self.look).err()
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn of_every_landing() {
    OF_EVERY_LANDING.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn behind_a_balancer() {
    BEHIND_A_BALANCER.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn traffic() {
    TRAFFIC.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn memory_over_time() {
    MEMORY_OVER_TIME.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn the_books_loads() {
    THE_BOOKS_LOADS.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn saturation() {
    SATURATION.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn short_of_memory() {
    SHORT_OF_MEMORY.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn set_wrong() {
    SET_WRONG.run();
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn busy_but_healthy() {
    BUSY_BUT_HEALTHY.run();
}
