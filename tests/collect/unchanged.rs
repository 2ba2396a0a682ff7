//! A collection leaves the host as it was: no system call of the whole tree of processes changes
//! anything but the output, and what the host shows of itself is the same afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::collect::support::{Archive, collector, has, is_root, wait};

/// Calls that only ever change something that outlives the process or belongs to another: none of
/// them is made, whatever its arguments.
const CHANGES: &str = "\
    acct add_key bpf chmod chown clock_settime creat delete_module fchmod fchmodat fchmodat2 \
    fchown fchownat finit_module fremovexattr fsconfig fsetxattr fsmount fsopen futimesat \
    init_module ioperm iopl kexec_file_load kexec_load keyctl lchown link linkat lremovexattr \
    lsetxattr mkdir mkdirat mknod mknodat mount mount_setattr move_mount open_tree \
    perf_event_open pidfd_send_signal pivot_root process_madvise process_vm_readv \
    process_vm_writev ptrace quotactl reboot removexattr rename renameat renameat2 request_key \
    rmdir rt_sigqueueinfo rt_tgsigqueueinfo sched_setattr sched_setparam sched_setscheduler \
    setdomainname sethostname settimeofday setxattr stime swapoff swapon symlink symlinkat sync \
    syncfs truncate umount umount2 unlink unlinkat utime utimensat utimes vhangup";

/// Calls that may change something, which their arguments tell.
const DEPENDS: &str = "\
    adjtimex bind clock_adjtime connect execve fallocate ftruncate ioctl ioprio_set kill open \
    openat openat2 prlimit64 sched_setaffinity sendmsg sendto setpriority setrlimit socket \
    syslog tgkill tkill";

/// What asks a driver, and changes nothing.
const ASKS: &str = "\
    BLKGETSIZE BLKGETSIZE64 BLKPBSZGET BLKROGET BLKSSZGET FIOCLEX FIONBIO FIONREAD HDIO_GETGEO \
    HDIO_GET_IDENTITY NVME_IOCTL_ADMIN_CMD NVME_IOCTL_ID SG_GET_VERSION_NUM SG_IO SIOCETHTOOL \
    SIOCGIFADDR SIOCGIFCONF SIOCGIFFLAGS SIOCGIFHWADDR SIOCGIFINDEX SIOCGIFMTU SIOCGIFNAME \
    SIOCGIFTXQLEN TCGETS TCGETS2 TIOCGPGRP TIOCGWINSZ";

/// Messages to the kernel that want an answer; others would set something. Where strace does not
/// know the socket's protocol it shows numbers: `RTM_GETLINK`,
/// `SOCK_DIAG_BY_FAMILY`, `RTM_GETROUTE`, `RTM_GETNEIGH`, `RTM_GETQDISC`.
const QUESTIONS: &[&str] = &[
    "RTM_GET",
    "SOCK_DIAG_BY_FAMILY",
    "TCPDIAG_GETSOCK",
    "nlmsg_type=0x12 /* NLMSG_??? */",
    "nlmsg_type=0x14 /* NLMSG_??? */",
    "nlmsg_type=0x1a /* NLMSG_??? */",
    "nlmsg_type=0x1e /* NLMSG_??? */",
    "nlmsg_type=0x26 /* NLMSG_??? */",
];

/// Commands of ethtool's messages that ask (`ETHTOOL_MSG_*_GET`); the others set or act.
const ETHTOOL_ASKS: &[u8] =
    &[1, 2, 4, 6, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 28, 29, 31, 32, 33, 34];

/// A question for all of a generic family, whose number strace does not know: no more than two heads,
/// to be answered with a dump.
const GENERIC_DUMP: &str = "nlmsg_flags=NLM_F_REQUEST|0x300";
/// `CTRL_CMD_GETFAMILY` and `TCP_METRICS_CMD_GET`.
const DUMPED: &[&str] = &["\"\\x03\\x01\\x00\\x00\"", "\"\\x01\\x01\\x00\\x00\""];

/// Whether a message of generic netlink is a question: its first byte is the command.
fn is_generic_question(args: &str) -> bool {
    if args.contains("nlmsg_len=20,") && args.contains(GENERIC_DUMP) {
        return DUMPED.iter().any(|heads| args.contains(heads));
    }
    let command = args.split_once("}, \"\\x").and_then(|(_, rest)| rest.get(..2));
    let Some(Ok(command)) = command.map(|hex| u8::from_str_radix(hex, 16)) else { return false };
    // CTRL_CMD_GETFAMILY
    (args.contains("nlmsg_type=nlctrl") && command == 3)
        || (args.contains("nlmsg_type=ethtool") && ETHTOOL_ASKS.contains(&command))
}

fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// Why a traced call is not one of a mere reader. `own` are the traced processes.
fn offence(call: &str, args: &str, own: &BTreeSet<i32>, output: &str) -> Option<String> {
    let words: Vec<&str> = args.split(", ").collect();
    let word = |i: usize| words.get(i).copied().unwrap_or_default();
    let zero = |i: usize| word(i).split(')').next() == Some("0");
    let fine = match call {
        "open" | "openat" | "openat2" => {
            // strace tells the path in quotes, behind a directory that `-y` names, too.
            let path = args.split('"').nth(1).unwrap_or_default();
            let flags = args.rsplit('"').next().unwrap_or_default();
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"];
            !writes.iter().any(|flag| flags.contains(flag))
                || [output, "/dev/null", "/dev/tty", "/proc/self/oom_score_adj"].contains(&path)
        }
        "ftruncate" | "fallocate" => word(0).contains(&format!("<{output}>")),
        "kill" | "tkill" | "tgkill" => {
            let target: i32 = word(0).parse().unwrap_or(0);
            // -1 would be everybody.
            target != -1 && own.contains(&target.abs())
        }
        "setpriority" | "ioprio_set" => zero(1),
        "sched_setaffinity" => zero(0),
        "prlimit64" => zero(0) || word(2) == "NULL",
        "adjtimex" | "clock_adjtime" => args.contains("modes=0,"),
        "socket" => {
            let families = ["AF_NETLINK", "AF_UNIX", "AF_INET,", "AF_INET6,"];
            families.iter().any(|family| args.starts_with(family))
        }
        // A name service that is asked for names of users; never a host of the network.
        "connect" | "bind" => args.contains("AF_NETLINK") || args.contains("AF_UNIX"),
        "sendto" | "sendmsg" => {
            QUESTIONS.iter().any(|question| args.contains(question)) || is_generic_question(args)
        }
        "ioctl" => is_among(ASKS, word(1).split(')').next().unwrap_or_default()),
        // Reading the ring of the kernel's log; 5 would clear it.
        "syslog" => {
            args.starts_with("SYSLOG_ACTION_READ_ALL") || args.starts_with("SYSLOG_ACTION_SIZE")
        }
        "execve" | "setrlimit" => true,
        _ => false,
    };
    (!fine).then(|| format!("{call}({args}"))
}

/// Every offence in the text of a trace (`PID call(args) = result`, one a line).
fn offences(trace: &str, output: &str) -> (Vec<String>, BTreeMap<String, u32>) {
    let lines = || trace.lines().filter_map(|line| line.trim_start().split_once(' '));
    let own: BTreeSet<i32> = lines().filter_map(|(pid, _)| pid.parse().ok()).collect();
    let (mut found, mut seen) = (Vec::new(), BTreeMap::new());
    for (_, what) in lines() {
        let what = what.trim_start();
        // Second halves of calls, signals, ends of processes.
        if ["<...", "---", "+++"].iter().any(|start| what.starts_with(start)) {
            continue;
        }
        let Some((call, args)) = what.split_once('(') else { panic!("not understood: {what}") };
        *seen.entry(call.to_owned()).or_insert(0) += 1;
        found.extend(offence(call, args, &own, output));
    }
    (found, seen)
}

#[test]
fn no_system_call_of_the_whole_tree_changes_anything_but_the_output() {
    let test = "no_system_call_of_the_whole_tree_changes_anything_but_the_output";
    if !has(test, "strace") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (output, trace) = (path("archive"), path("trace"));
    // Calls of other machines are marked with `?`: strace need not know them here.
    let calls: Vec<String> =
        CHANGES.split(' ').chain(DEPENDS.split(' ')).map(|call| format!("?{call}")).collect();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "4096", "--seccomp-bpf", "-o", &trace]);
    command.args(["-e", &format!("trace={}", calls.join(","))]);
    command.arg(env!("CARGO_BIN_EXE_linsight-collect"));
    command.args(["-q", "-o", &output, "--duration", "1s", "--interval", "300ms"]);
    let child = command.current_dir(dir.path()).stderr(Stdio::piped()).spawn().unwrap();
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let traced = std::fs::read_to_string(&trace).unwrap_or_default();
    if traced.is_empty() && std::env::var_os("CI").is_none() {
        eprintln!("SKIPPED {test}: nothing can be traced here: {said}");
        return;
    }
    assert_eq!(out.status.code(), Some(0), "{said}");
    let (found, seen) = offences(&traced, &output);
    assert!(found.is_empty(), "{} calls change something:\n{}", found.len(), found.join("\n"));
    // The trace saw the children, too, and what they did.
    let processes: BTreeSet<&str> = traced.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(processes.len() > 5 && seen["openat"] > 1000, "{} {seen:?}", processes.len());
    Archive::open(&std::fs::read(&output).unwrap()).end();
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn the_trace_would_tell() {
    let own = BTreeSet::from([10, 11]);
    let judge = |line: &str| {
        let (call, args) = line.split_once('(').unwrap();
        offence(call, args, &own, "/o/archive")
    };
    for harmless in [
        r#"openat(AT_FDCWD</x>, "/proc/stat", O_RDONLY|O_CLOEXEC) = 3</proc/stat>"#,
        r#"openat(AT_FDCWD</x>, "/o/archive", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 3"#,
        r#"openat2(3</>, "proc/stat", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_IN_ROOT}, 24) = 4"#,
        "kill(-11, SIGKILL) = 0",
        "kill(10, SIGTERM) = 0",
        "prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=20000}) = 0",
        "prlimit64(99, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=20000}) = 0",
        "ioctl(3<socket:[9]>, SIOCETHTOOL, 0x7ffd) = 0",
        "ioctl(0</dev/null>, TCGETS, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl for device)",
        "ftruncate(3</o/archive>, 100) = 0",
        "clock_adjtime(CLOCK_REALTIME, {modes=0, offset=0}) = 5",
        "setpriority(PRIO_PROCESS, 0, 10) = 0",
        "sendto(3<socket:[9]>, [{nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST}], 40, 0) = 40",
        r#"sendto(3<socket:[9]>, [{nlmsg_type=ethtool, nlmsg_flags=NLM_F_REQUEST}, "\x0f\x01"], 36, 0) = 36"#,
        r#"sendto(4<socket:[9]>, [{nlmsg_len=20, nlmsg_type=0x1b /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|0x300}, "\x01\x01\x00\x00"], 20, 0) = 20"#,
    ] {
        assert_eq!(judge(harmless), None);
    }
    for harmful in [
        r#"openat(AT_FDCWD</x>, "/proc/sys/vm/drop_caches", O_WRONLY) = 3"#,
        r#"openat(AT_FDCWD</x>, "/tmp/scratch", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3"#,
        r#"openat2(3</>, "etc/x", {flags=O_RDWR|O_CLOEXEC, resolve=RESOLVE_IN_ROOT}, 24) = 4"#,
        r#"unlinkat(AT_FDCWD</x>, "y", 0) = 0"#,
        r#"finit_module(3</m.ko>, "", 0) = 0"#,
        "mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL) = 0",
        "kill(1, SIGTERM) = 0",
        "kill(-1, SIGTERM) = 0",
        "kill(-12, SIGTERM) = 0",
        "prlimit64(99, RLIMIT_NOFILE, {rlim_cur=1, rlim_max=1}, NULL) = 0",
        "ioctl(3</dev/sda>, BLKFLSBUF) = 0",
        "ioctl(3<socket:[9]>, SIOCSIFFLAGS, {ifr_name=\"eth0\"}) = 0",
        "ftruncate(3</etc/hosts>, 0) = 0",
        "clock_adjtime(CLOCK_REALTIME, {modes=ADJ_OFFSET, offset=0}) = 5",
        "setpriority(PRIO_PROCESS, 99, 10) = 0",
        "sched_setaffinity(99, 8, [0]) = 0",
        "connect(3<socket:[9]>, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0",
        "sendto(3<socket:[9]>, [{nlmsg_type=RTM_NEWADDR, nlmsg_flags=NLM_F_REQUEST}], 40, 0) = 40",
        "syslog(SYSLOG_ACTION_CLEAR) = 0",
        r#"sendto(3<socket:[9]>, [{nlmsg_type=ethtool, nlmsg_flags=NLM_F_REQUEST}, "\x10\x01"], 36, 0) = 36"#,
        r#"sendto(4<socket:[9]>, [{nlmsg_len=20, nlmsg_type=0x1b /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK}, "\x02\x01\x00\x00"], 20, 0) = 20"#,
        r#"sendto(4<socket:[9]>, [{nlmsg_len=52, nlmsg_type=0x10 /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|0x300}, "\x03\x01\x00\x00"], 52, 0) = 52"#,
        r#"sendto(4<socket:[9]>, [{nlmsg_len=52, nlmsg_type=0x18 /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|0x600}, "\x02\x20\x00\x00"], 52, 0) = 52"#,
    ] {
        assert!(judge(harmful).is_some(), "{harmful}");
    }
}

/// Kernel parameters that the kernel itself changes all the time, and files that act, log or make
/// something new when they are read.
const RESTLESS: &str = "\
    aio-nr base_reachable_time compact_memory dentry-state drop_caches file-nr flush inode-nr \
    inode-state max_newidle_lb_cost nf_conntrack_count ns_last_pid pty/nr retrans_time \
    stat_refresh";

/// Every readable parameter with its value.
fn parameters(dir: &Path, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let text = path.to_str().unwrap().to_owned();
        if RESTLESS.split(' ').any(|name| text.ends_with(&format!("/{name}")))
            || text.contains("/random/")
        {
            continue;
        }
        if path.is_dir() {
            parameters(&path, into);
        } else if let Ok(value) = std::fs::read(&path) {
            into.insert(text, String::from_utf8_lossy(&value).into_owned());
        }
    }
}

/// What a collector might change, by its name.
fn state() -> BTreeMap<&'static str, BTreeSet<String>> {
    let names = |dir: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let lines = |path: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    // Sizes and numbers of users of a module move with every connection.
    let modules = lines("/proc/modules");
    let modules = modules.iter().filter_map(|l| l.split(' ').next().map(str::to_owned)).collect();
    let mut values = BTreeMap::new();
    parameters(Path::new("/proc/sys"), &mut values);
    BTreeMap::from([
        ("block devices", names("/sys/block")),
        ("partitions", lines("/proc/partitions")),
        ("modules", modules),
        ("parameters", values.into_iter().map(|(path, value)| path + " " + &value).collect()),
        ("device files", names("/dev")),
        ("named network namespaces", names("/run/netns")),
        ("instances of tracing", names("/sys/kernel/tracing/instances")),
        (
            "timers of the clock",
            lines("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        ),
    ])
}

/// Lines of the kernel's log that name one of our processes: what it says of those who read what
/// they should not, or in a way that is going to end.
fn named_in_log() -> Vec<String> {
    let dmesg = Command::new("dmesg").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let out = dmesg.unwrap().wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().filter(|line| line.contains("linsight")).map(str::to_owned).collect()
}

#[test]
fn the_host_shows_the_same_of_itself_afterwards() {
    let test = "the_host_shows_the_same_of_itself_afterwards";
    if !is_root(test) || !has(test, "dmesg") {
        return;
    }
    let (home, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (before, log) = (state(), named_in_log());
    let output = dir.path().join("archive");
    let child = collector()
        .args(["-q", "--duration", "1s", "--interval", "300ms", "-o"])
        .arg(&output)
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .spawn();
    assert!(wait(child.unwrap()).success());
    let after = state();
    for (what, before) in &before {
        let changed: Vec<_> = before.symmetric_difference(&after[what]).collect();
        assert!(changed.is_empty(), "{what}: {changed:?}");
    }
    assert!(before["parameters"].len() > 300 && !before["block devices"].is_empty());
    assert_eq!(log, named_in_log(), "the kernel has something to say about us");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "something was left behind");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "something was left behind");
}
