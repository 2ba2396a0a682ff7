//! Who uses the CPUs, and who that serves others waits for one.

use super::*;
use crate::facts::tasks::{Contention, Server};

const SAMPLES: u32 = 21;

/// A process of a minute: its line of `/proc/PID/stat`.
struct One {
    pid: u32,
    comm: &'static str,
    parent: u32,
    group: u32,
    threads: u32,
    used: u32,
    reaped: u32,
    state: char,
}

impl One {
    const fn new(pid: u32, comm: &'static str) -> Self {
        Self { pid, comm, parent: 1, group: pid, threads: 1, used: 0, reaped: 0, state: 'S' }
    }

    fn line(&self) -> String {
        let Self { pid, comm, parent, group, threads, used, reaped, state } = self;
        format!(
            "{pid} ({comm}) {state} {parent} {group} 1 0 -1 4194304 100 0 0 0 {used} 0 {reaped} 0 20 \
             0 {threads} 0 1000 4096000 300 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 \
             0 0 0 0 0 0 0 0 0 0\n"
        )
    }
}

/// A make whose children come and go on both CPUs; a web server of which two threads are ready all
/// the time and half a CPU is used; a database whose child in a group of its own waits; and ssh.
fn processes(n: u32) -> Vec<One> {
    let mut all = vec![
        One { reaped: 7000 + 150 * n, ..One::new(10, "make") },
        One { threads: 4, used: 50 * n, ..One::new(20, "web") },
        One::new(30, "sshd"),
        One::new(50, "postmaster"),
        One { parent: 50, used: 10 * n, ..One::new(51, "backend") },
    ];
    if n == 1 {
        // Ended by the next sample: what they had used is then in the counter of the nearest above.
        all.push(One { parent: 12, group: 10, used: 500, state: 'R', ..One::new(11, "cc1") });
        all.push(One { parent: 10, group: 12, used: 20, ..One::new(12, "gcc") });
        all[0].reaped -= 520;
    }
    all
}

const LISTEN: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

fn listening(inode: u32) -> String {
    format!(
        "   0: 00000000:{inode:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        \
         0 {inode} 1 0000000000000000 100 0 0 10 0\n"
    )
}

fn window(descriptors: &[(&str, &str)]) -> Files {
    let mut files = vec![pack_of("packs/proc-pid/fd", descriptors)];
    let tcp: String = [200, 300, 500].map(listening).concat();
    files.push(file("proc/net/tcp", &format!("{LISTEN}{tcp}")));
    for n in 1..=SAMPLES {
        let tasks = processes(n);
        let rows: Vec<(String, String)> =
            tasks.iter().map(|p| (p.pid.to_string(), p.line())).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &rows));
        let ready = One { state: 'R', ..One::new(21, "web") }.line();
        let threads = [("20/21", ready.as_str()), ("20/22", ready.as_str())];
        files.push(pack_of(&in_pass(n, "packs/proc-task/stat"), &threads));
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 3, 0)));
    }
    for (n, backend) in [(1, 0_u64), (SAMPLES, 6_000_000_000)] {
        let (backend, ssh) = (format!("5 {backend} 9\n"), format!("5 {n} 9\n"));
        let waits = [("51", backend.as_str()), ("30", ssh.as_str())];
        files.push(pack_of(&in_pass(n, "packs/proc-pid/schedstat"), &waits));
    }
    files
}

const HELD: [(&str, &str); 3] =
    [("20/3", "socket:[200]"), ("30/3", "socket:[300]"), ("50/3", "socket:[500]")];

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

fn contention() -> Contention {
    facts(window(&HELD)).tree.tasks.contention.expect("who listens is known")
}

#[test]
fn the_time_of_children_that_ended_is_their_parents() {
    let found = contention();
    assert_eq!(found.samples, 21);
    let job = &found.jobs[0];
    assert_eq!(
        (job.name.as_str(), job.pid, job.is_service, job.accepts),
        ("make", 10, false, Some(false))
    );
    // In twenty seconds 30 s by its children. What cc1 and gcc above it had used before the first sample is not in it.
    assert!(near(job.cpus, 1.5), "{}", job.cpus);
    assert!(near(job.share_ratio, 1.5 / 2.1), "{}", job.share_ratio);
    // The database's child serves, but stands in a group of its own that accepts nothing.
    assert!(near(found.batch_ratio, 1.6 / 2.1), "{}", found.batch_ratio);
    assert!(
        found.jobs[1].accepts == Some(true) && found.jobs[1].name == "web",
        "{:?}",
        found.jobs[1]
    );
}

#[test]
fn who_waits_is_told_by_samples_and_of_single_threads_by_the_kernel() {
    let found = contention();
    let of = |name: &str| -> &Server {
        found.servers.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("{name}"))
    };
    let web = of("web");
    assert!(near(web.waiting_mean, 1.5) && near(web.cpus, 0.5), "{web:?}");
    let at_least = (42.0 - 2.0 * 42.0_f64.sqrt()) / 21.0 - 0.5;
    assert!(near(web.waiting_at_least, at_least) && near(web.wait_ratio, 0.75), "{web:?}");
    // A child of one that listens, in a group of its own: 6 of 20 s, exactly.
    let backend = of("backend");
    assert!(near(backend.waiting_mean, 0.3) && near(backend.waiting_at_least, 0.3), "{backend:?}");
    assert!(of("sshd").waiting_mean < 1e-6);
    let names: Vec<&str> = found.servers.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["web", "backend", "sshd"], "make serves nobody");
}

#[test]
fn one_that_runs_in_a_session_serves_nobody() {
    let mut files = window(&HELD);
    let session = "0::/user.slice/user-1000.slice/session-1.scope\n";
    files.push(pack_of("packs/proc-pid/cgroup", &[("20", session), ("51", session)]));
    let found = facts(files).tree.tasks.contention.unwrap();
    // Nor does what a listening parent has started in one: ssh starts shells.
    let names: Vec<&str> = found.servers.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["sshd"]);
    assert!(
        !found.jobs.iter().any(|j| j.accepts == Some(true) && j.name == "web"),
        "{:?}",
        found.jobs
    );
}

#[test]
fn a_service_is_one_party_whatever_its_process_groups() {
    let mut files = window(&HELD);
    let unit = "0::/system.slice/database.service\n";
    files.push(pack_of("packs/proc-pid/cgroup", &[("50", unit), ("51", unit)]));
    let found = facts(files).tree.tasks.contention.unwrap();
    let service = found.servers.iter().find(|s| s.name == "database.service").expect("a row");
    assert!(
        service.accepts == Some(true) && service.is_service && near(service.waiting_mean, 0.3),
        "{service:?}"
    );
}

#[test]
fn whose_descriptors_were_not_read_may_serve() {
    // Nobody holds the database's socket of those that were looked at; make was.
    let held = [HELD[0], HELD[1], ("10/0", "/dev/null")];
    let f = facts(window(&held));
    let found = f.tree.tasks.contention.as_ref().unwrap();
    let accepts = |name: &str| found.jobs.iter().find(|j| j.name == name).unwrap().accepts;
    assert_eq!(accepts("make"), Some(false));
    assert_eq!((accepts("web"), accepts("backend")), (Some(true), None));
    assert!(near(found.batch_ratio, 1.5 / 2.1), "{}", found.batch_ratio);
    let i = found.servers.iter().position(|s| s.name == "backend").expect("it may be one");
    let server = &found.servers[i];
    assert!(server.accepts.is_none() && near(server.waiting_mean, 0.3), "{server:?}");
    let why = f.absences.get(&format!("tasks.contention.servers.{i}.accepts")).unwrap();
    assert_eq!(why.reason, Reason::Denied);
    // With every socket accounted for, who was not looked at listens to nothing.
    let found = contention();
    assert!(found.jobs.iter().all(|j| j.accepts.is_some()), "{:?}", found.jobs);
}

#[test]
fn few_samples_tell_nothing() {
    let mut files = window(&HELD);
    files.retain(|(path, _)| !path.starts_with("samples/9") && !path.starts_with("samples/1"));
    let f = facts(files);
    assert!(f.tree.tasks.contention.is_none());
    assert_eq!(f.absences.get("tasks.contention").unwrap().reason, Reason::TooFewSamples);
}
