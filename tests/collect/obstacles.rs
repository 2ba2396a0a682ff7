//! What a troubled host puts in the way, and that it costs one source and not the run.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use linsight_archive::Outcome;
use rustix::process::{Pid, Signal, kill_process};

use crate::collect::support::{Archive, Ends, collect, collector, has, is_root, stream, wait};

/// A directory that looks like a host's root.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    dir
}

fn collect_root(root: &Path) -> (std::process::ExitStatus, Archive) {
    collect(&["--duration", "0", "--root", root.to_str().unwrap()])
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_not_waited_for() {
    let root = tree(&[("proc/meminfo", "MemTotal: 1 kB\n"), ("etc/sysctl.d/b.conf", "a = 1\n")]);
    for fifo in ["proc/loadavg", "etc/sysctl.d/a.conf"] {
        let child = Command::new("mkfifo").arg(root.path().join(fifo)).spawn().unwrap();
        assert!(wait(child).success());
    }
    let (status, archive) = collect_root(root.path());
    assert_eq!(status.code(), Some(0));
    for fifo in ["proc/loadavg", "etc/sysctl.d/a.conf"] {
        assert_eq!(archive.line(fifo).outcome, Outcome::Failed, "{fifo}");
    }
    assert_eq!(archive.text("proc/meminfo"), "MemTotal: 1 kB\n");
    assert_eq!(archive.text("etc/sysctl.d/b.conf"), "a = 1\n");
}

#[test]
fn links_do_not_lead_out_of_the_root() {
    let outside = tree(&[("secret", "outside\n")]);
    let root = tree(&[("real/os-release", "ID=inside\n"), ("etc/hosts", "x\n")]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, root.path().join(at)).unwrap();
    link("/real/os-release", "etc/os-release");
    link(outside.path().join("secret").to_str().unwrap(), "etc/fstab");
    link("../../../../../../../../etc/passwd", "etc/modules");
    let (_, archive) = collect_root(root.path());
    assert_eq!(archive.text("etc/os-release"), "ID=inside\n");
    assert_eq!(archive.line("etc/fstab").outcome, Outcome::Missing);
    assert_eq!(archive.line("etc/modules").outcome, Outcome::Missing);
}

#[test]
fn from_a_container_the_network_is_that_of_the_host() {
    let test = "from_a_container_the_network_is_that_of_the_host";
    if !is_root(test) || !has(test, "unshare") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    // A network of our own, with a parameter that tells it from the host's.
    let inner = "echo 77 > /proc/sys/net/ipv4/ip_default_ttl; \
        exec \"$2\" -o - --duration 0 --root \"$1\"";
    let script = "mount --rbind / \"$1\" && exec unshare --net sh -c \"$3\" sh \"$1\" \"$2\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(root.path());
    command.args([env!("CARGO_BIN_EXE_linsight-collect"), inner]);
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "{said}");
    let ttl = std::fs::read_to_string("/proc/1/root/proc/sys/net/ipv4/ip_default_ttl");
    let ttl =
        ttl.or_else(|_| std::fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl")).unwrap();
    let told = archive.text("commands/sysctl_-a");
    assert!(told.contains(&format!("net.ipv4.ip_default_ttl = {ttl}")));
    let devices = |text: &str| -> Vec<String> {
        text.lines().skip(2).filter_map(|l| Some(l.split_once(':')?.0.trim().to_owned())).collect()
    };
    let ours = std::fs::read_to_string("/proc/net/dev").unwrap();
    assert_eq!(devices(&archive.text("proc/net/dev")), devices(&ours));
    // It finds itself in the numbering of the host.
    let own = archive.text("probes/own_pids");
    assert_eq!(own.lines().count(), 2, "{own}");
    for pid in own.lines() {
        let stat = archive.record("packs/proc-pid/stat", pid);
        assert!(stat.is_some_and(|stat| {
            stat.content.starts_with(format!("{pid} (linsight-").as_bytes())
        }));
    }
}

/// Mounts a file system whose server never answers; ends with the value.
fn hanging_mount(at: &Path) -> Option<Ends> {
    let script = "exec 3<>/dev/fuse || exit 1; \
        mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other hang \"$1\" || exit 1; \
        echo mounted; exec sleep 300";
    let child =
        Command::new("sh").args(["-c", script, "sh"]).arg(at).stdout(Stdio::piped()).spawn();
    let mut child: Child = child.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let child = Ends(child);
    (line == "mounted\n").then_some(child)
}

#[test]
fn a_file_system_that_never_answers_costs_its_files_only() {
    let test = "a_file_system_that_never_answers_costs_its_files_only";
    if !is_root(test) || !has(test, "mount") {
        return;
    }
    let root = tree(&[
        ("proc/meminfo", "MemTotal: 1 kB\n"),
        ("etc/sysctl.d/a.conf", "a = 1\n"),
        ("etc/ssh/sshd_config", "ClientAliveInterval 30\n"),
        ("usr/lib/sysctl.d/b.conf", "b = 1\n"),
    ]);
    let Some(hang) = hanging_mount(&root.path().join("etc/sysctl.d")) else {
        eprintln!("SKIPPED {test}: no FUSE");
        return;
    };
    // A link into the dead file system hangs as well.
    std::os::unix::fs::symlink("/etc/sysctl.d/x", root.path().join("etc/fstab")).unwrap();
    let result = std::panic::catch_unwind(|| collect_root(root.path()));
    drop(hang);
    let umount = Command::new("umount").arg("-l").arg(root.path().join("etc/sysctl.d")).spawn();
    assert!(wait(umount.unwrap()).success());
    let (status, archive) = result.unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(archive.line("etc/sysctl.d/*.conf").outcome, Outcome::TimedOut);
    assert_eq!(archive.line("etc/fstab").outcome, Outcome::TimedOut);
    assert_eq!(archive.text("usr/lib/sysctl.d/b.conf"), "b = 1\n");
    assert_eq!(archive.text("etc/ssh/sshd_config"), "ClientAliveInterval 30\n");
    assert_eq!(archive.text("proc/meminfo"), "MemTotal: 1 kB\n");
}

/// Answers share a write where the kernel makes a file from what it knows. One that hangs all the
/// same takes those with it that wait for the write: they are asked for again, one by one.
#[test]
fn files_of_the_kernel_that_hang_take_no_others_with_them() {
    let test = "files_of_the_kernel_that_hang_take_no_others_with_them";
    if !is_root(test) || !has(test, "unshare") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive.tar.zst");
    // All in a mount namespace that ends with it: nobody else's /proc is touched.
    let script = "exec 3<>/dev/fuse || exit 77; \
        mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hang /proc/sysvipc || exit 77; \
        \"$@\" 3>&-";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_linsight-collect")]);
    command.args(["--quiet", "--duration", "0", "-o"]).arg(&file);
    let status = wait(command.spawn().unwrap());
    if status.code() == Some(77) {
        eprintln!("SKIPPED {test}: no FUSE");
        return;
    }
    assert_eq!(status.code(), Some(0));
    let archive = Archive::open(&std::fs::read(&file).unwrap());
    let hung: Vec<&str> = archive
        .journal
        .values()
        .filter(|line| line.outcome == Outcome::TimedOut)
        .map(|line| line.path.as_str())
        .collect();
    assert_eq!(hung, ["proc/sysvipc/msg", "proc/sysvipc/sem", "proc/sysvipc/shm"]);
    let skipped = archive.journal.values().find(|line| line.outcome == Outcome::Skipped);
    assert!(
        skipped.is_none_or(
            |l| l.reason.as_deref() != Some("too many files of this kind did not answer")
        )
    );
    assert!(archive.text("proc/meminfo").starts_with("MemTotal:"));
    assert!(archive.text("proc/net/protocols").starts_with("protocol"));
}

/// The collector's workers, by their parent.
fn workers_of(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    text.unwrap_or_default().split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn running_worker(child: &Child) -> u32 {
    loop {
        if let Some(worker) = workers_of(child.id()).first() {
            return *worker;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_worker_that_is_killed_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.tar.zst");
    let child =
        collector().arg("-q").arg("-o").arg(&file).args(["--duration", "2s"]).spawn().unwrap();
    let mut killed = 0;
    while killed < 3 {
        let worker = running_worker(&child);
        if let Some(pid) = Pid::from_raw(i32::try_from(worker).unwrap()) {
            kill_process(pid, Signal::KILL).ok();
            killed += 1;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(wait(child).code(), Some(0));
    let archive = Archive::open(&std::fs::read(&file).unwrap());
    // At most one source each was in the hands of the killed.
    let died = archive
        .journal
        .values()
        .filter(|line| line.reason.as_deref().is_some_and(|reason| reason.contains("died")));
    assert!(died.count() <= 3);
    let collected = |line: &linsight_archive::JournalLine| line.outcome == Outcome::Collected;
    assert!(archive.journal.values().filter(|line| collected(line)).count() > 100);
}

#[test]
fn a_worker_holds_nothing_of_ours_open() {
    let dir = tempfile::tempdir().unwrap();
    let out = std::fs::File::create(dir.path().join("out")).unwrap();
    // A descriptor that somebody left open for us must not reach the workers either.
    let script = "exec 9>\"$1\"; exec \"$2\" -q -o - --duration 2s";
    let child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(dir.path().join("left-open"))
        .arg(env!("CARGO_BIN_EXE_linsight-collect"))
        .stdout(out)
        .process_group(0)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let worker = running_worker(&child);
    let fds = std::fs::read_dir(format!("/proc/{worker}/fd")).unwrap();
    let open: Vec<String> = fds
        .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .collect();
    assert_eq!(wait(child).code(), Some(0));
    assert!(open.len() >= 3, "{open:?}");
    let ours = dir.path().to_string_lossy().into_owned();
    assert!(!open.iter().any(|target| target.starts_with(&ours)), "{open:?}");
}

#[test]
fn processes_that_come_and_go_meanwhile_cost_nothing_but_themselves() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let is_over = || stop.load(std::sync::atomic::Ordering::Relaxed);
    let (born, (status, archive)) = std::thread::scope(|scope| {
        let nursery = || {
            let mut born = 0;
            while !is_over() {
                assert!(Command::new("true").spawn().unwrap().wait().unwrap().success());
                born += 1;
            }
            born
        };
        let nurseries = [scope.spawn(nursery), scope.spawn(nursery)];
        let result = std::panic::catch_unwind(|| {
            collect(&["--duration", "6s", "--interval", "200ms", "--only", "process,mm"])
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        (nurseries.map(|n| n.join().unwrap()).iter().sum::<u32>(), result.unwrap())
    });
    assert!(born >= 2000, "{born} processes were born");
    assert_eq!(status.code(), Some(0));
    let own = archive.header.pid.to_string();
    for path in archive.entries.keys().filter(|path| path.contains("packs/proc-pid/")) {
        for record in archive.records(path) {
            let fine = !matches!(record.outcome, Outcome::Failed | Outcome::TimedOut);
            assert!(fine, "{path} {} {:?}", record.key, record.outcome);
        }
    }
    assert!(archive.record("samples/1/packs/proc-pid/stat", &own).is_some());
}

#[test]
fn where_no_process_can_be_started_the_harmless_files_are_read_all_the_same() {
    let test = "where_no_process_can_be_started_the_harmless_files_are_read_all_the_same";
    if !is_root(test) || !has(test, "setpriv") || !has(test, "prlimit") {
        return;
    }
    let mut command = Command::new("setpriv");
    // A user id of our own: the limit counts all processes of a user.
    command.args([
        "--reuid",
        "64123",
        "--regid",
        "64123",
        "--clear-groups",
        "prlimit",
        "--nproc=1",
    ]);
    command.arg(env!("CARGO_BIN_EXE_linsight-collect")).args(["-o", "-", "--duration", "0"]);
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
    assert_eq!(archive.record("packs/proc-pid/stat", "1").unwrap().outcome, Outcome::Collected);
    let fstab = archive.line("etc/fstab");
    assert_eq!(fstab.outcome, Outcome::Failed);
    assert!(fstab.reason.as_ref().unwrap().contains("no process could be started"));
}

#[test]
fn a_root_with_nothing_but_proc_and_sys_is_enough() {
    let test = "a_root_with_nothing_but_proc_and_sys_is_enough";
    if !is_root(test) || !has(test, "unshare") || !has(test, "ldd") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_linsight-collect");
    // The libraries of the test build; the static one needs none.
    let script = "set -e; cd \"$1\"; mkdir -p proc sys; cp \"$2\" collect; \
        for lib in $(ldd \"$2\" | grep -o '/[^ ]*'); do mkdir -p .$(dirname $lib); cp $lib .$lib; done; \
        mount -t proc none proc; mount -t sysfs none sys; \
        exec chroot . /collect -o - --duration 0";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(root.path()).arg(binary);
    let (status, archive, said) = stream(command);
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(archive.text("proc/meminfo").contains("MemTotal:"));
    assert!(!archive.records("packs/sys/cpu").is_empty());
    assert_eq!(archive.line("etc/os-release").outcome, Outcome::Missing);
}

/// Obstacles that no signal removes, by the program that the emulated machines use, too: a process
/// that holds its `mmap_lock` for ever (its id is given back) and files that never answer.
fn hang_at(test: &str, dir: &Path) -> Option<(Ends, u32)> {
    let program = dir.join("hang");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vm/hang.c");
    let cc = Command::new("cc").arg("-o").arg(&program).arg(source).spawn();
    assert!(wait(cc.unwrap()).success());
    let mount = dir.join("mount");
    std::fs::create_dir(&mount).unwrap();
    let child = Command::new(program).arg(&mount).stdout(Stdio::piped()).spawn();
    let mut child: Child = child.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let child = Ends(child);
    let Ok(holder) = line.trim().parse() else {
        eprintln!("SKIPPED {test}: nothing hangs here: {line:?}");
        return None;
    };
    Some((child, holder))
}

#[test]
fn a_process_that_holds_its_lock_costs_its_own_maps_only() {
    let test = "a_process_that_holds_its_lock_costs_its_own_maps_only";
    if !is_root(test) || !has(test, "cc") || !has(test, "mount") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let Some((hang, holder)) = hang_at(test, dir.path()) else { return };
    let result = std::panic::catch_unwind(|| {
        collect(&["--duration", "400ms", "--interval", "100ms", "--only", "process,mm,memory"])
    });
    let umount = Command::new("umount").args(["-l", "-f"]).arg(dir.path().join("mount")).spawn();
    drop(hang);
    assert!(wait(umount.unwrap()).success());
    let (status, archive) = result.unwrap();
    assert_eq!(status.code(), Some(0));
    let holder = holder.to_string();
    let outcome = |path: &str| archive.record(path, &holder).unwrap().outcome;
    for kind in ["stat", "status", "statm"] {
        assert_eq!(outcome(&format!("packs/proc-pid/{kind}")), Outcome::Collected, "{kind}");
    }
    assert_eq!(outcome("packs/proc-pid/cmdline"), Outcome::TimedOut);
    assert_eq!(outcome("packs/proc-pid/smaps_rollup"), Outcome::Skipped);
    // A neighbour has all of its own.
    let own = archive.header.pid.to_string();
    let neighbour = archive.record("packs/proc-pid/cmdline", &own).unwrap();
    assert_eq!(neighbour.outcome, Outcome::Collected);
    // Where it waits is told by a sample, since its thread is in D.
    let stacks: Vec<&String> = archive
        .entries
        .keys()
        .filter(|path| path.ends_with("packs/proc-task/stack"))
        .filter(|path| archive.record(path, &format!("{holder}/{holder}")).is_some())
        .collect();
    assert!(!stacks.is_empty());
}
