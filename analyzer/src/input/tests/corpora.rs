//! Real archives of others. They are large and not part of the sources: the tests are skipped,
//! loudly, where they are not there, but not in CI.

use std::path::{Path, PathBuf};

use super::super::{Format, Limits, Snapshot, Source};
use super::visited;

fn corpus(name: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    let path = dir.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", path.display());
    println!("SKIPPED: {} is absent", path.display());
    None
}

fn open(name: &str) -> Option<Snapshot> {
    let source = Source::Path(corpus(name)?);
    Some(Snapshot::open(&source, &Limits::default()).unwrap())
}

fn text(snapshot: &Snapshot, path: &str) -> String {
    match snapshot.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn a_sosreport_of_a_virtual_machine() {
    let Some(sos) = open("sosreport-vm.tar.xz") else { return };
    assert_eq!(sos.format(), Format::Sosreport);
    assert_eq!(sos.problems(), [""; 0]);
    assert!(text(&sos, "proc/meminfo").starts_with("MemTotal:        4026036 kB\n"));
    assert!(text(&sos, "commands/free").contains("4026036"));
    assert!(text(&sos, "commands/ps").starts_with("USER"));
    assert!(text(&sos, "commands/uptime").contains("load average: 0.83, 0.73, 0.76"));
    assert!(text(&sos, "commands/sysctl_-a").contains("\nvm.swappiness = "));
    assert!(text(&sos, "commands/ethtool_-g_ens3").contains("Ring parameters for ens3"));
    assert!(text(&sos, "proc/net/dev").contains("ens3:"), "through proc/net -> self/net");
    assert!(text(&sos, "proc/mounts").contains(" / ext4 "), "through a link");
    assert!(text(&sos, "proc/1/status").starts_with("Name:\tsystemd\n"));
    assert_eq!(text(&sos, "sys/class/net/ens3/flags"), "0x1003\n");
    let all = visited(&sos);
    let packs = all.keys().filter(|(path, _)| path.starts_with("packs/")).count();
    assert!(
        packs > 8,
        "{:?}",
        all.keys().filter(|(p, _)| p.starts_with("packs/")).collect::<Vec<_>>()
    );
    assert!(all.keys().all(|(path, pass)| *pass == 0 && !path.starts_with("proc/96008/status")));
    assert_eq!(sos.env().page_size_bytes, 4096);
}

#[test]
fn a_sosreport_of_a_container() {
    let Some(sos) = open("sosreport-lxc.tar.xz") else { return };
    assert_eq!(sos.format(), Format::Sosreport);
    assert_eq!(sos.problems(), [""; 0]);
    assert!(text(&sos, "proc/meminfo").starts_with("MemTotal:       16393172 kB\n"));
    assert!(text(&sos, "commands/netstat").contains("Active Internet connections"));
}

#[test]
fn a_sosreport_without_most_of_proc() {
    let Some(sos) = open("sosreport-partial.tar.xz") else { return };
    assert_eq!(sos.format(), Format::Sosreport);
    assert!(sos.read("proc/meminfo").is_err());
    assert!(text(&sos, "commands/free").contains("4194300"));
    assert!(text(&sos, "commands/numastat").contains("numa_hit"));
    assert!(text(&sos, "proc/vmstat").contains("compact_fail 825\n"));
}

#[test]
fn a_plain_tar_of_proc_and_sys() {
    let Some(plain) = open("procfs-fixtures.tar.xz") else { return };
    assert_eq!(plain.format(), Format::Other);
    assert!(text(&plain, "proc/meminfo").starts_with("MemTotal:"));
    assert!(text(&plain, "proc/10/stat").starts_with("17 (khungtaskd)"));
    assert!(text(&plain, "sys/class/net/eth0/speed").starts_with("1000"));
}

/// A supportconfig made of the real text of another archive, in the form of `supportconfig.rc`.
#[test]
fn a_supportconfig_is_the_same_host() {
    let Some(sos) = open("sosreport-vm.tar.xz") else { return };
    let command = |name: &str, path: &str| {
        format!(
            "#==[ Command ]======================================#\n# {name}\n{}\n",
            text(&sos, path)
        )
    };
    let file = |path: &str| {
        format!(
            "#==[ Configuration File ]===========================#\n# /{path}\n{}\n\n",
            text(&sos, path)
        )
    };
    let basic = command("/usr/bin/uname -a", "commands/uname") + &file("proc/cpuinfo");
    let memory = command("/usr/bin/free -k", "commands/free") + &file("proc/meminfo");
    let env = command("/sbin/sysctl -a", "commands/sysctl_-a");
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in
        [("basic-environment.txt", basic), ("memory.txt", memory), ("env.txt", env)]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        let path = format!("scc_host_240101_1200/{name}");
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let suse = Snapshot::read_from(tar.as_slice(), "scc", &Limits::default()).unwrap();
    assert_eq!((suse.format(), suse.problems()), (Format::Supportconfig, &[][..]));
    for path in ["proc/meminfo", "proc/cpuinfo", "commands/free", "commands/uname"] {
        // An empty line closes each section.
        assert_eq!(text(&suse, path).trim_end(), text(&sos, path).trim_end(), "{path}");
    }
    let sysctl = text(&suse, "commands/sysctl_-a");
    assert_eq!(sysctl.trim_end(), text(&sos, "commands/sysctl_-a").trim_end());
}
