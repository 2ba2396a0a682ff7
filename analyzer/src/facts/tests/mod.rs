//! Facts of whole snapshots, made of files in memory.

use linsight_archive::{Outcome, pack};
use serde_json::Value;

use super::*;
use crate::absence::Reason;
use crate::input::Snapshot;

mod absences;
mod cgroups;
mod contention;
mod corpora;
mod environment;
mod logs;
mod neighbourhood;
mod network;
mod parameters;
mod processes;
mod sources;

/// Files of a snapshot by path.
type Files = Vec<(String, Vec<u8>)>;

fn facts_told(files: Files, told: &SiteInputs) -> Facts {
    build(&Snapshot::of_files(files), told)
}

fn facts(files: Files) -> Facts {
    facts_told(files, &SiteInputs::default())
}

fn file(path: &str, content: &str) -> (String, Vec<u8>) {
    (path.to_owned(), content.as_bytes().to_vec())
}

/// A pack of collected records.
fn pack_of(path: &str, records: &[(&str, &str)]) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    for (key, content) in records {
        pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
    }
    (path.to_owned(), bytes)
}

/// A path in pass `n`.
fn in_pass(n: u32, path: &str) -> String {
    linsight_archive::names::sample(n, path)
}

/// `/proc/PID/stat` of a process that has used `ticks` and started at second 10.
fn pid_stat(pid: u32, comm: &str, state: char, ticks: u32) -> String {
    format!(
        "{pid} ({comm}) {state} 1 1 1 0 -1 4194304 100 0 0 0 {ticks} 0 0 0 20 0 1 0 1000 4096000 300 \
         18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    )
}

/// `/proc/stat` of two CPUs after `n` seconds, one of them busy in user space.
fn stat(n: u32, running: u32, blocked: u32) -> String {
    let (busy, idle) = (1000 + n * 100, 5000 + n * 100);
    format!(
        "cpu  {busy} 0 100 {idle} 0 0 0 0 0 0\ncpu0 {busy} 0 50 0 0 0 0 0 0 0\n\
         cpu1 0 0 50 {idle} 0 0 0 0 0 0\nctxt 1\nbtime 1700000000\nprocesses 9\n\
         procs_running {running}\nprocs_blocked {blocked}\n"
    )
}

/// Fields of `/proc/meminfo` for which the identity closes with 1000 kB left.
const MEMINFO: &str = "MemTotal:        8000000 kB\nMemFree:         4000000 kB\n\
    MemAvailable:    6000000 kB\nBuffers:          100000 kB\nCached:          1900000 kB\n\
    SwapCached:            0 kB\nActive:          1500000 kB\nInactive:        2000000 kB\n\
    Unevictable:           0 kB\nSwapTotal:       1000000 kB\nSwapFree:         900000 kB\n\
    AnonPages:       1500000 kB\nMapped:           300000 kB\nShmem:            200000 kB\n\
    KReclaimable:     200000 kB\nSlab:             300000 kB\nSReclaimable:     200000 kB\n\
    SUnreclaim:       100000 kB\nKernelStack:       10000 kB\nPageTables:        50000 kB\n\
    CommitLimit:     5000000 kB\nCommitted_AS:    3000000 kB\nVmallocUsed:       60000 kB\n\
    Percpu:            39000 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB\n\
    Hugetlb:               0 kB\n";

const ZONEINFO: &str = "Node 0, zone   Normal\n  pages free     1000000\n        min      10\n\
    \x20 pagesets\n    cpu: 0\n              count: 12500\n              high:  20000\n";

#[test]
fn memory_closes_and_cites_its_lines() {
    let f = facts(vec![
        file("proc/meminfo", MEMINFO),
        file("proc/zoneinfo", ZONEINFO),
        file("proc/vmstat", "nr_free_pages 1000000\nnr_zspages 0\n"),
        file("proc/version", "Linux version 6.1.0-13-amd64 (x) #1 SMP\n"),
    ]);
    let id = f.tree.memory.identity.as_ref().unwrap();
    assert_eq!(id.residual_bytes, 201_000 * 1024 - 50_000 * 1024 - 50_000 * 1024 - 100_000 * 1024);
    assert!(id.unreported.is_empty(), "{:?}", id.unreported);
    assert_eq!(f.tree.memory.available_ratio, Some(0.75));
    assert_eq!(
        f.sources.exact("memory.available_bytes"),
        Some(&vec![Locator::line("proc/meminfo", 3)])
    );
    let lacking = f.absences.exact("memory.dirty_bytes").unwrap();
    assert_eq!(
        (lacking.reason, lacking.detail.as_str()),
        (Reason::Missing, "this kernel prints no Dirty")
    );
    let value = f.value();
    assert!(value["memory"].get("dirty_bytes").is_none());
    assert!(value.get("netns").is_none(), "no sockets is not the same as not looked");
}

#[test]
fn the_collector_is_not_part_of_the_load() {
    let mut files = vec![file("probes/own_pids", "900 901\n"), file("proc/uptime", "5000.0 1.0\n")];
    for n in 1..=10 {
        // Two of our own run, one process of the host runs, one is in D.
        let rows = [
            ("900", pid_stat(900, "linsight", 'R', 9 * n)),
            ("901", pid_stat(901, "linsight", 'R', 0)),
            ("50", pid_stat(50, "busy", 'R', 99 * n)),
            ("51", pid_stat(51, "stuck", 'D', 0)),
        ];
        let rows: Vec<(&str, &str)> = rows.iter().map(|(k, v)| (*k, v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &rows));
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 3, 0)));
        files.push(pack_of(
            &in_pass(n, "packs/proc-task/stat"),
            &[
                ("51/52", &pid_stat(52, "stuck", 'D', 0)),
                ("51/53", &pid_stat(53, "stuck", 'D', 0)),
                ("50/50", &pid_stat(50, "busy", 'R', 0)),
            ],
        ));
        files.push(pack_of(
            &in_pass(n, "packs/proc-task/wchan"),
            &[("51/52", "kernel_clone"), ("51/53", "0")],
        ));
        // Linux 5.10 as Debian builds it: the wait is told by the stack only.
        let stack = "[<0>] wait_on_page_bit_common+0x116/0x3b0\n[<0>] do_mmap+0x446/0x5a0\n";
        files.push(pack_of(&in_pass(n, "packs/proc-task/stack"), &[("51/53", stack)]));
    }
    let f = facts(files);
    let c = f.tree.load.composition.as_ref().unwrap();
    assert_eq!((c.running_mean, c.uninterruptible_mean), (1.0, Some(3.0)));
    assert_eq!(c.top_running.iter().map(|t| t.pid).collect::<Vec<_>>(), [50]);
    let waits: Vec<_> = c.top_uninterruptible.iter().map(|t| (t.pid, t.wchan.as_deref())).collect();
    let page = Some("wait_on_page_bit_common");
    assert_eq!(waits, [(51, None), (51, Some("kernel_clone")), (51, page)]);
    assert_eq!(f.tree.processes.count, Some(2));
    let busy = f.tree.processes.top.iter().find(|p| p.pid == 50).unwrap();
    assert!((busy.cpu_ratio.unwrap() - 0.99).abs() < 0.01, "{:?}", busy.cpu_ratio);
    let time = f.tree.cpu.time.as_ref().unwrap();
    assert_eq!((time.user_ratio, time.idle_ratio), (0.5, 0.5));
    assert_eq!(f.tree.cpu.online, Some(2));
}

#[test]
fn who_runs_is_told_by_threads_or_not_at_all() {
    // The first thread of the compiler waits for its workers; a kernel thread is seen once.
    let minute = |with_threads: bool| {
        let mut files = Vec::new();
        for n in 1..=10 {
            let bystander = if n == 4 { 'R' } else { 'I' };
            let rows = [
                ("50", pid_stat(50, "rustc", 'S', 99 * n)),
                ("13", pid_stat(13, "rcu_preempt", bystander, 0)),
            ];
            let rows: Vec<(&str, &str)> = rows.iter().map(|(k, v)| (*k, v.as_str())).collect();
            files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &rows));
            files.push(file(&in_pass(n, "proc/stat"), &stat(n, 2, 0)));
            if with_threads {
                let worker = pid_stat(57, "opt cgu.1", 'R', 99 * n);
                let pack = pack_of(&in_pass(n, "packs/proc-task/stat"), &[("50/57", &worker)]);
                files.push(pack);
            }
        }
        facts(files)
    };
    let f = minute(true);
    let c = f.tree.load.composition.as_ref().unwrap();
    let top: Vec<_> = c.top_running.iter().map(|t| (t.comm.as_str(), t.samples)).collect();
    assert_eq!(top, [("rustc", 10), ("rcu_preempt", 1)]);
    let f = minute(false);
    assert!(f.value()["load"]["composition"].get("top_running").is_none());
    let why = f.absences.get("load.composition.top_running").unwrap();
    assert_eq!(why.reason, Reason::NotCollected);
}

#[test]
fn the_schema_knows_every_chapter_with_its_meaning() {
    let schema = schema();
    let chapters = schema["properties"].as_object().unwrap();
    assert!(chapters.len() > 10);
    assert!(chapters.values().all(|c| c["description"].is_string() || c["$ref"].is_string()));
    let identity = &schema["$defs"]["Identity"]["properties"]["residual_bytes"];
    assert!(identity["description"].as_str().unwrap().contains("MemTotal"));
}
