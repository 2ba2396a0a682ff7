//! Places of our own for faults: programs, network namespaces, cgroups, file systems. All go when
//! their guard is dropped; what an earlier run left behind goes first.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{kept, program, run};

/// Something that ends with the test, also with one that is killed: programs of ours ask the kernel
/// to die with their parent, and an undo waits for the end of a pipe that we hold.
pub struct Guard {
    child: Child,
    is_undo: bool,
}

impl Guard {
    /// The process group of all that it has started.
    pub fn group(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.is_undo {
            drop(self.child.stdin.take());
        } else {
            // With whatever it has started.
            let group = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// An undo by a line of shell. What is still in use is tried again for some seconds.
pub fn undo(line: &str) -> Guard {
    let line = format!("cat; for i in 1 2 3 4 5 6 7 8 9; do ({line}) && break; sleep 0.3; done");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.process_group(0).spawn().expect("a shell");
    Guard { child, is_undo: true }
}

/// Runs a line of shell that must succeed.
pub fn sh(line: &str) {
    run(Command::new("sh").args(["-ec", line]));
}

/// The program that provokes faults, under a name of its own: so each is told from the others.
fn called(name: &str) -> PathBuf {
    let link = kept().join(name);
    std::fs::remove_file(&link).ok();
    std::os::unix::fs::symlink(program("examples").join("fault"), &link).expect("a link");
    link
}

/// Starts a fault behind a prefix (`ip netns exec x`), and waits until it stands.
pub fn fault_in(prefix: &str, name: &str, words: &str) -> Guard {
    let line = format!("exec {prefix} {} {words}", called(name).display());
    started(Command::new("setpriv").args(["--pdeathsig", "KILL", "sh", "-c", &line]))
}

/// Starts a fault and waits until it stands.
pub fn fault(name: &str, words: &str) -> Guard {
    fault_in("", name, words)
}

/// Starts a program that says nothing.
pub fn running(command: &mut Command) -> Guard {
    let child = command.stdin(Stdio::null()).process_group(0).spawn();
    Guard { child: child.unwrap_or_else(|e| panic!("{command:?}: {e}")), is_undo: false }
}

/// Starts a line of shell in which `{}` is a fault by its name; it ends with its children.
pub fn repeated(name: &str, line: &str) -> Guard {
    let line = line.replace("{}", &called(name).display().to_string());
    shell(&line)
}

/// Starts a line of shell; it ends with its children.
pub fn shell(line: &str) -> Guard {
    running(Command::new("setpriv").args(["--pdeathsig", "KILL", "sh", "-c", line]))
}

/// Starts a program and waits until it says `ready`.
pub fn started(command: &mut Command) -> Guard {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().expect("starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    let guard = Guard { child, is_undo: false };
    assert_eq!(line.trim(), "ready", "{command:?}");
    guard
}

/// Two network namespaces with a cable between them: `NAME-a` has 10.9.0.1, `NAME-b` 10.9.0.2.
/// Guards go in the order of the list: programs in them must stand before it.
pub fn cable(name: &str) -> Guard {
    let remove = format!("ip netns del {name}-a; ip netns del {name}-b; true");
    Command::new("sh").args(["-c", &remove]).stderr(Stdio::null()).status().ok();
    sh(&format!(
        "ip netns add {name}-a; ip netns add {name}-b
         ip -n {name}-a link set lo up; ip -n {name}-b link set lo up
         ip link add veth0 netns {name}-a type veth peer name veth0 netns {name}-b
         ip -n {name}-a addr add 10.9.0.1/24 dev veth0; ip -n {name}-a link set veth0 up
         ip -n {name}-b addr add 10.9.0.2/24 dev veth0; ip -n {name}-b link set veth0 up"
    ));
    undo(&remove)
}

/// Sets a parameter in one end of a cable.
pub fn set(netns: &str, key: &str, value: &str) {
    let path = format!("/proc/sys/{}", key.replace('.', "/"));
    sh(&format!("ip netns exec {netns} sh -c 'echo {value} > {path}'"));
}

/// Starts a fault in a network namespace.
pub fn fault_at(netns: &str, words: &str) -> Guard {
    fault_in(&format!("ip netns exec {netns}"), netns, words)
}

/// Whether control groups are of version 2 alone.
pub fn is_v2() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

/// A control group with limits, on hosts with version 1, 2 or both; and how to start in it.
pub struct Cgroup {
    procs: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Cgroup {
    /// A group with a limit of memory in bytes, or a CPU quota in microseconds per 100 ms.
    pub fn new(name: &str, memory_bytes: Option<u64>, cpu_quota_us: Option<u64>) -> Self {
        let mut group = Self { procs: Vec::new(), directories: Vec::new() };
        if let Some(bytes) = memory_bytes {
            let limit = bytes.to_string();
            group.limit(name, "memory", ["memory.limit_in_bytes", "memory.max"], &limit);
        }
        if let Some(us) = cpu_quota_us {
            // Version 2 takes the period behind it; version 1 has the same as its default.
            let limit = if is_v2() { format!("{us} 100000") } else { us.to_string() };
            group.limit(name, "cpu", ["cpu.cfs_quota_us", "cpu.max"], &limit);
        }
        group
    }

    /// A group that may have so many tasks.
    pub fn of_tasks(name: &str, tasks: u32) -> Self {
        let mut group = Self { procs: Vec::new(), directories: Vec::new() };
        group.limit(name, "pids", ["pids.max"; 2], &tasks.to_string());
        group
    }

    /// Sets a limit, by its names in versions 1 and 2.
    fn limit(&mut self, name: &str, controller: &str, keys: [&str; 2], value: &str) {
        let [v1, v2] = keys;
        let (root, key) = if is_v2() {
            let control = "/sys/fs/cgroup/cgroup.subtree_control";
            std::fs::write(control, format!("+{controller}")).expect("the controller");
            (PathBuf::from("/sys/fs/cgroup"), v2)
        } else {
            (Path::new("/sys/fs/cgroup").join(controller), v1)
        };
        let dir = root.join(name);
        std::fs::create_dir_all(&dir).expect("a control group");
        std::fs::write(dir.join(key), value).expect("its limit");
        self.procs.push(dir.join("cgroup.procs"));
        self.directories.push(dir);
    }

    /// Words of the shell that enter the group, to stand before a program.
    pub fn enter(&self) -> String {
        let enter = self.procs.iter().map(|p| format!("echo $$ > {}; ", p.display()));
        format!("sh -c '{}exec \"$@\"' sh", enter.collect::<String>())
    }

    /// What removes it when all in it has ended.
    pub fn guard(self) -> Guard {
        let remove = self.directories.iter().map(|d| format!("rmdir {}", d.display()));
        undo(&remove.collect::<Vec<_>>().join(" && "))
    }
}

/// Those that have a file system of their own. Each has its own loop device, too: what the kernel
/// logs of one must not be told of another that gets its device later.
const LOOPS: [&str; 5] = ["full", "inodes", "deleted", "dirty", "broken"];

/// A file system of its own on a loop device, mounted at a path that is returned with its guard.
pub fn file_system(name: &str, mib: u32, options: &str) -> (PathBuf, Guard) {
    let (image, at) = (kept().join(format!("{name}.img")), kept().join(format!("{name}.mnt")));
    let (image_path, at_path) = (image.display(), at.display());
    let number = LOOPS.iter().position(|l| *l == name).expect("a name of the list") + 40;
    let remove = format!(
        "umount {at_path} && losetup -d /dev/loop{number} && rm -f {image_path} && rmdir {at_path}"
    );
    sh(&format!(
        "(umount {at_path}; losetup -d /dev/loop{number}; rm -f {image_path}) 2>/dev/null || true"
    ));
    sh(&format!(
        "truncate -s {mib}M {image_path}; mkfs.ext4 -q -m 0 {options} {image_path}
         losetup /dev/loop{number} {image_path}
         mkdir -p {at_path}; mount /dev/loop{number} {at_path}"
    ));
    (at, undo(&remove))
}

/// Lets only so many bytes a second through to the disk of a file system. Returns words that enter
/// the control group whose writes are held back (with version 1 those of the kernel's own writers
/// are, which belong to the root), and what lifts it.
pub fn slow_disk(at: &Path, bytes_per_s: u32) -> (String, Guard) {
    use std::os::unix::fs::MetadataExt as _;
    let device = std::fs::metadata(at).expect("a file system").dev();
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let throttle = "/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device";
    if Path::new(throttle).exists() {
        let lifted = undo(&format!("echo '{device} 0' > {throttle}"));
        sh(&format!("echo '{device} {bytes_per_s}' > {throttle}"));
        return (String::new(), lifted);
    }
    let group = "/sys/fs/cgroup/linsight-slow";
    let lifted = undo(&format!("echo '{device} wbps=max' > {group}/io.max; rmdir {group}"));
    sh(&format!(
        "echo '+io +memory' > /sys/fs/cgroup/cgroup.subtree_control; mkdir -p {group}
         echo '{device} wbps={bytes_per_s}' > {group}/io.max"
    ));
    (format!("sh -c 'echo $$ > {group}/cgroup.procs; exec \"$@\"' sh"), lifted)
}
