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
    window_of(descriptors, &[], processes)
}

/// With some in other control groups than the root.
fn window_of(
    descriptors: &[(&str, &str)],
    groups: &[(&str, &str)],
    processes: fn(u32) -> Vec<One>,
) -> Files {
    let mut files = vec![pack_of("packs/proc-pid/fd", descriptors)];
    let pids: Vec<String> = processes(1).iter().map(|p| p.pid.to_string()).collect();
    let group = |pid: &str| groups.iter().find(|(of, _)| *of == pid).map_or("0::/\n", |(_, g)| *g);
    let rows: Vec<(&str, &str)> = pids.iter().map(|pid| (pid.as_str(), group(pid))).collect();
    files.push(pack_of("packs/proc-pid/cgroup", &rows));
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

const HELD: [(&str, &str); 5] = [
    ("20/3", "socket:[200]"),
    ("30/3", "socket:[300]"),
    ("50/3", "socket:[500]"),
    ("10/0", "/dev/null"),
    ("51/0", "/dev/null"),
];

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    HELD.iter().chain(more).copied().collect()
}

fn found(files: Files) -> Contention {
    facts(files).tree.tasks.contention.expect("who listens is known")
}

fn accepts(found: &Contention, name: &str) -> Option<bool> {
    let job = found.jobs.iter().find(|j| j.name == name);
    job.unwrap_or_else(|| panic!("{name}: {:?}", found.jobs)).accepts
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

fn contention() -> Contention {
    found(window(&HELD))
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
    // In twenty seconds 30 s by its children. What cc1 and gcc above it had used before the first
    // sample is not in it.
    assert!(near(job.cpus, 1.5), "{}", job.cpus);
    assert!(near(job.share_ratio, 1.5 / 2.1), "{}", job.share_ratio);
    // The database's child serves, but stands in a group of its own that accepts nothing.
    assert!(near(found.batch_cpus, 1.6), "{}", found.batch_cpus);
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

const SESSION: &str = "0::/user.slice/user-1000.slice/session-1.scope\n";

#[test]
fn whom_a_listener_in_a_session_serves_is_not_known() {
    let found = found(window_of(&HELD, &[("20", SESSION), ("51", SESSION)], processes));
    // What a listening parent has started in one serves nobody: ssh starts shells.
    let names: Vec<&str> = found.servers.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["web", "sshd"]);
    assert_eq!((accepts(&found, "web"), accepts(&found, "backend")), (None, Some(false)));
    assert_eq!(found.servers[0].accepts, None);
    assert!(near(found.batch_cpus, 1.6), "{}", found.batch_cpus);
}

#[test]
fn a_listening_parent_in_a_session_makes_its_children_servers_there() {
    let found = found(window_of(&HELD, &[("50", SESSION), ("51", SESSION)], processes));
    let service = found.servers.iter().find(|s| s.pid == 51).expect("it may serve");
    assert!(service.accepts.is_none() && near(service.waiting_mean, 0.3), "{service:?}");
}

#[test]
fn virtual_machines_and_containers_of_users_are_no_batch_jobs() {
    let groups = [
        ("10", "0::/qemu.slice/100.scope\n"),
        ("51", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-x.scope\n"),
    ];
    let found = found(window_of(&HELD, &groups, processes));
    assert!(near(found.batch_cpus, 0.0), "{:?}", found.jobs);
    let names: Vec<&str> = found.servers.iter().map(|s| s.name.as_str()).collect();
    assert!(names.contains(&"libpod-x.scope") && found.jobs[0].name == "100.scope", "{names:?}");
    assert!(found.jobs[0].is_service, "{:?}", found.jobs);
}

#[test]
fn a_socket_that_may_be_a_servers_leaves_it_open() {
    // Of a family that is not listed; and of a connection that came to a port we listen on.
    let other = |inode: u32, port: u32| {
        format!(
            "   9: 0100007F:{port:04X} 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0  \
             0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    };
    let held = |inode: &'static str| {
        let mut files = window(&with(&[("10/4", inode)]));
        files.retain(|(path, _)| path != "proc/net/tcp");
        let tcp: String = [200, 300, 500].map(listening).concat();
        let tcp = format!("{LISTEN}{tcp}{}{}", other(901, 200), other(902, 60000));
        files.push(file("proc/net/tcp", &tcp));
        accepts(&found(files), "make")
    };
    assert_eq!(held("socket:[900]"), None);
    assert_eq!(held("socket:[901]"), None);
    assert_eq!(held("socket:[902]"), Some(false), "a mere client");
    assert_eq!(held("socket:[200]"), Some(true));
    // In a session it is a terminal's, an editor's or a desktop's.
    let files = window_of(&with(&[("10/4", "socket:[900]")]), &[("10", SESSION)], processes);
    assert_eq!(accepts(&found(files), "make"), Some(false));
}

/// The same with two that come in the window and compute: below the web server and below the first
/// process, which tells nothing of them.
fn with_newcomers(n: u32) -> Vec<One> {
    let mut all = processes(n);
    if n > 1 {
        all.push(One { parent: 10, group: 10, ..One::new(13, "gcc") });
        all.push(One { parent: 20, used: 20 * n, ..One::new(22, "worker") });
        all.push(One { used: 30 * n, ..One::new(23, "started") });
    }
    all.sort_by_key(|p| p.pid);
    all
}

#[test]
fn one_that_came_in_the_window_belongs_where_the_one_above_it_does() {
    let unit = [("20", "0::/system.slice/web.service\n")];
    let in_service = found(window_of(&HELD, &unit, with_newcomers));
    let web = in_service.jobs.iter().find(|j| j.name == "web.service").expect("a row");
    assert!(web.is_service && near(web.cpus, 0.5 + 0.21), "{web:?}");
    assert_eq!(accepts(&in_service, "make"), Some(false), "a newcomer leaves it sure");
    assert_eq!(accepts(&in_service, "started"), None);
    assert!(near(in_service.batch_cpus, 1.6), "{:?}", in_service.jobs);
    let found = found(window_of(&HELD, &[], with_newcomers));
    assert_eq!(accepts(&found, "worker"), None, "it may serve its parent's connections");
}

#[test]
fn without_its_control_group_nobody_is_known_to_serve_nobody() {
    let mut files = window(&HELD);
    files.retain(|(path, _)| path != "packs/proc-pid/cgroup");
    let found = found(files);
    assert_eq!((accepts(&found, "make"), accepts(&found, "web")), (None, Some(true)));
    assert!(near(found.batch_cpus, 0.0), "{}", found.batch_cpus);
}

/// A parent that ignores the end of its children: their time is in no counter.
fn with_ignored(n: u32) -> Vec<One> {
    let mut all = processes(n);
    all.push(One { used: 80 * n, ..One::new(60, "ignorer") });
    if n == 1 {
        all.push(One { parent: 60, group: 60, used: 900, ..One::new(61, "child") });
    }
    all
}

#[test]
fn what_the_kernel_did_not_add_is_not_taken_off() {
    let found = found(window_of(&HELD, &[], with_ignored));
    let job = found.jobs.iter().find(|j| j.name == "ignorer").expect("a row");
    assert!(near(job.cpus, 0.8), "{job:?}");
}

#[test]
fn a_kernel_that_does_not_count_waits_leaves_them_to_the_samples() {
    let mut files = window(&HELD);
    files.retain(|(path, _)| !path.ends_with("packs/proc-pid/schedstat"));
    for n in [1, SAMPLES] {
        files.push(pack_of(&in_pass(n, "packs/proc-pid/schedstat"), &[("51", "0 0 0\n")]));
    }
    for n in 1..=SAMPLES {
        files.retain(|(path, _)| *path != in_pass(n, "packs/proc-task/stat"));
        let ready = One { state: 'R', ..One::new(51, "backend") }.line();
        files.push(pack_of(&in_pass(n, "packs/proc-task/stat"), &[("51/51", ready.as_str())]));
    }
    let found = found(files);
    let backend = found.servers.iter().find(|s| s.pid == 51).expect("it wanted a CPU");
    assert!(near(backend.waiting_mean, 0.9), "{backend:?}");
}

#[test]
fn a_service_is_one_party_whatever_its_process_groups() {
    let unit = "0::/system.slice/database.service\n";
    let found = found(window_of(&HELD, &[("50", unit), ("51", unit)], processes));
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
    assert_eq!(accepts(found, "make"), Some(false));
    assert_eq!((accepts(found, "web"), accepts(found, "backend")), (Some(true), None));
    assert!(near(found.batch_cpus, 1.5), "{}", found.batch_cpus);
    let i = found.servers.iter().position(|s| s.name == "backend").expect("it may be one");
    let server = &found.servers[i];
    assert!(server.accepts.is_none() && near(server.waiting_mean, 0.3), "{server:?}");
    let why = f.absences.get(&format!("tasks.contention.servers.{i}.accepts")).unwrap();
    assert_eq!(why.reason, Reason::Denied);
    // With every listening socket of TCP accounted for, it may have others.
    let found = self::found(window(&HELD[..4]));
    assert_eq!(accepts(&found, "backend"), None);
}

#[test]
fn few_samples_tell_nothing() {
    let mut files = window(&HELD);
    files.retain(|(path, _)| !path.starts_with("samples/9") && !path.starts_with("samples/1"));
    let f = facts(files);
    assert!(f.tree.tasks.contention.is_none());
    assert_eq!(f.absences.get("tasks.contention").unwrap().reason, Reason::TooFewSamples);
}
