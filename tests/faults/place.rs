//! Places of our own for faults: programs, network namespaces, cgroups, file systems. All go when
//! their guard is dropped; what an earlier run left behind goes first.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{kept, program, run};

/// Something that ends with the test.
pub enum Guard {
    Program(Child),
    Undo(Vec<String>),
}

impl Drop for Guard {
    fn drop(&mut self) {
        match self {
            Self::Program(child) => {
                // With whatever it has started.
                let group = rustix::process::Pid::from_child(child);
                rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
                child.kill().ok();
                child.wait().ok();
            }
            Self::Undo(words) => {
                let [name, rest @ ..] = words.as_slice() else { return };
                Command::new(name).args(rest).stderr(Stdio::null()).status().ok();
            }
        }
    }
}

/// An undo by a line of shell.
pub fn undo(line: &str) -> Guard {
    Guard::Undo(vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()])
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
    started(Command::new("sh").args(["-c", &line]))
}

/// Starts a fault and waits until it stands.
pub fn fault(name: &str, words: &str) -> Guard {
    fault_in("", name, words)
}

/// Starts a program that says nothing.
pub fn running(command: &mut Command) -> Guard {
    let child = command.stdin(Stdio::null()).process_group(0).spawn();
    Guard::Program(child.unwrap_or_else(|e| panic!("{command:?}: {e}")))
}

/// Starts a line of shell in which `{}` is a fault by its name; it ends with its children.
pub fn repeated(name: &str, line: &str) -> Guard {
    let line = line.replace("{}", &called(name).display().to_string());
    let mut command = Command::new("timeout");
    command.args(["300", "sh", "-c", &line]);
    running(&mut command)
}

/// Starts a program and waits until it says `ready`.
pub fn started(command: &mut Command) -> Guard {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().expect("starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    let guard = Guard::Program(child);
    assert_eq!(line.trim(), "ready", "{command:?}");
    guard
}

/// Two network namespaces with a cable between them: `NAME-a` has 10.9.0.1, `NAME-b` 10.9.0.2.
/// Guards go in the order of the list: programs in them must stand before it.
pub fn cable(name: &str) -> Guard {
    let remove = format!("ip netns del {name}-a; ip netns del {name}-b");
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

/// A control group with limits, on hosts with version 1, 2 or both; and how to start in it.
pub struct Cgroup {
    procs: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Cgroup {
    /// A group with a limit of memory in bytes, or a CPU quota in microseconds per 100 ms.
    pub fn new(name: &str, memory_bytes: Option<u64>, cpu_quota_us: Option<u64>) -> Self {
        let (mut procs, mut directories) = (Vec::new(), Vec::new());
        let v2 = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let mut group = |root: &str, key: &str, value: String| {
            let dir = Path::new(root).join(name);
            std::fs::create_dir_all(&dir).expect("a control group");
            std::fs::write(dir.join(key), value).expect("its limit");
            procs.push(dir.join("cgroup.procs"));
            directories.push(dir);
        };
        if let Some(bytes) = memory_bytes {
            if v2 {
                group("/sys/fs/cgroup", "memory.max", bytes.to_string());
            } else {
                group("/sys/fs/cgroup/memory", "memory.limit_in_bytes", bytes.to_string());
            }
        }
        if let Some(us) = cpu_quota_us {
            if v2 {
                group("/sys/fs/cgroup", "cpu.max", format!("{us} 100000"));
            } else {
                group("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", us.to_string());
            }
        }
        Self { procs, directories }
    }

    /// Words of the shell that enter the group, to stand before a program.
    pub fn enter(&self) -> String {
        let enter = self.procs.iter().map(|p| format!("echo $$ > {}; ", p.display()));
        format!("sh -c '{}exec \"$@\"' sh", enter.collect::<String>())
    }

    /// What removes it when all in it has ended.
    pub fn guard(self) -> Guard {
        let remove = self.directories.iter().map(|d| format!("rmdir {}; ", d.display()));
        undo(&remove.collect::<String>())
    }
}

/// A file system of its own on a loop device, mounted at a path that is returned with its guard.
pub fn file_system(name: &str, mib: u32, options: &str) -> (PathBuf, Guard) {
    let (image, at) = (kept().join(format!("{name}.img")), kept().join(format!("{name}.mnt")));
    let (image_path, at_path) = (image.display(), at.display());
    let remove = format!("umount {at_path}; rm -f {image_path}; rmdir {at_path}");
    Command::new("sh").args(["-c", &remove]).stderr(Stdio::null()).status().ok();
    sh(&format!(
        "truncate -s {mib}M {image_path}; mkfs.ext4 -q -m 0 {options} {image_path}
         mkdir -p {at_path}; mount -o loop {image_path} {at_path}"
    ));
    (at, undo(&remove))
}
