//! Faults on the live kernel: a program of `samples/` provokes each, the collector collects, and the
//! analyzer must name the rule, the severity and the culprit, and nothing else that the fault does
//! not explain. Faults that do not meet share one collection: what is told of one must not be told
//! of another. Needs root, for namespaces and cgroups of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, in its helpers too, and waits for what it starts"
)]

mod files;
mod harness;
mod load;
mod memory;
mod network;
mod place;
mod process;

use harness::{Look, judge};

/// A balancer that forgets soon: nobody waits for two minutes in a test.
const FORGETS_SOON: &[&str] = &["--set", "site.l4_idle_timeout_s=20"];

#[test]
fn of_every_landing() {
    let faults = [
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
    ];
    judge("every-landing", &faults, &Look { seconds: 60, told: &[] });
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn behind_a_balancer() {
    let faults = [
        network::KEEPALIVE_LATE,
        network::PEERS_GONE,
        network::PORTS_TWO,
        network::BIND_FIRST,
        network::REUSE,
    ];
    judge("balancer", &faults, &Look { seconds: 30, told: FORGETS_SOON });
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn traffic() {
    let faults =
        [network::CHURN, network::REUSE_WITHOUT_TIMESTAMPS, network::SYN_RECV, network::LOSS];
    judge("traffic", &faults, &Look { seconds: 30, told: &[] });
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn memory_over_time() {
    let faults = [
        memory::TOUCHED,
        memory::RISING,
        memory::WARM_UP,
        memory::HEAP,
        memory::SHARED_SEGMENT,
        files::DESCRIPTOR_LEAK,
        files::INODES,
        files::DELETED,
        process::QUOTA,
        process::MEMORY_LIMIT,
    ];
    judge("memory", &faults, &Look { seconds: 60, told: &[] });
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn the_books_loads() {
    for load in [load::CPU, load::THREADS, load::WRITE, load::VFORK, load::NICE] {
        let name = load.name.replace(' ', "-");
        judge(&name, &[load], &Look { seconds: 30, told: &[] });
    }
}

#[test]
#[ignore = "takes minutes: tests/run --full"]
fn busy_but_healthy() {
    let faults =
        [load::DIRECT_READER, load::COMPILE, memory::CACHE_AT_ITS_LIMIT, network::IDLE_SESSIONS];
    judge("healthy", &faults, &Look { seconds: 60, told: &[] });
}
