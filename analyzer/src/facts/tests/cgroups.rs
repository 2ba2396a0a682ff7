//! Control groups over a minute: what grows in them, how busy they get, what confines them.

use super::*;

const SAMPLES: u32 = 61;
const MIB: u64 = 1 << 20;

/// A group with a limit of 1 GiB, at second `n`: its anonymous memory grows by a MiB a second, its
/// page cache not at all, and in every tenth second it uses two CPUs, else a tenth of one.
fn pod(n: u32) -> Vec<(String, String)> {
    let bursts = u64::from(n / 10);
    let cpu_us = (u64::from(n) - bursts) * 100_000 + bursts * 2_000_000;
    let anon = (700 + u64::from(n)) * MIB;
    let of = |file: &str, text: String| (format!("fs/cgroup/kube/pod/{file}"), text);
    vec![
        of("memory.current", format!("{}\n", anon + 100 * MIB)),
        of("memory.stat", format!("anon {anon}\nfile {}\nshmem 4096\n", 100 * MIB)),
        of("cpu.stat", format!("usage_usec {cpu_us}\nnr_periods {}\nnr_throttled 0\n", n * 10)),
        of("pids.current", format!("{}\n", 100 + n * 2)),
    ]
}

/// What is read at the ends only.
fn limits() -> Vec<(String, String)> {
    let of = |path: &str, text: &str| (format!("fs/cgroup/{path}"), text.to_owned());
    vec![
        of("kube/pod/memory.max", "1073741824\n"),
        of("kube/pod/memory.swap.max", "0\n"),
        of("kube/pod/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"),
        of("kube/pod/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
        of("kube/pod/cpu.max", "300000 100000\n"),
        of("kube/pod/pids.max", "4677\n"),
        of("kube/pod/cpuset.cpus.effective", "2-3\n"),
        of("kube/cpuset.cpus.effective", "0-7\n"),
        of("other/memory.max", "1073741824\n"),
        of("other/memory.current", "1048576\n"),
        of("other/memory.stat", "anon 1048576\nfile 0\nshmem 0\n"),
    ]
}

fn minute() -> Files {
    let mut files = vec![file("proc/meminfo", MEMINFO), file("proc/uptime", "100000.0 1.0\n")];
    for n in 0..=SAMPLES + 1 {
        let at_end = n == 0 || n > SAMPLES;
        let mut records = pod(n);
        records.extend(at_end.then(limits).into_iter().flatten());
        let records: Vec<(&str, &str)> =
            records.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/sys/cgroup"), &records));
        if !at_end {
            files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
        }
    }
    files
}

#[test]
fn anonymous_memory_that_grows_is_told_from_cache_and_ends_at_the_limit() {
    let f = facts(minute());
    let pod = f.tree.cgroups.items.iter().find(|g| g.path == "/kube/pod").unwrap();
    let memory = pod.memory.as_ref().unwrap();
    let anon = memory.anon_series.as_ref().unwrap();
    assert_eq!((anon.class.as_str(), anon.samples), ("steady", 61));
    assert_eq!((memory.cache_delta_bytes, memory.shmem_delta_bytes), (Some(0), Some(0)));
    // 1024 MiB less the 762 of the last look, at a MiB a second; it may not swap.
    assert_eq!(memory.left_bytes, Some(262 * 1_048_576 - 4096));
    assert!((memory.limit_eta_s.unwrap() - 262.0).abs() < 1.0, "{:?}", memory.limit_eta_s);
    let other = f.tree.cgroups.items.iter().position(|g| g.path == "/other").unwrap();
    let why = f.absences.get(&format!("cgroups.{other}.memory.anon_series")).unwrap();
    assert_eq!(why.reason, Reason::NotCollected, "only followed groups have a series");
}

#[test]
fn bursts_tasks_and_the_cpuset_of_a_group() {
    let f = facts(minute());
    let pod = f.tree.cgroups.items.iter().find(|g| g.path == "/kube/pod").unwrap();
    let cpu = pod.cpu.as_ref().unwrap();
    assert!((cpu.used_p95_cpus.unwrap() - 2.0).abs() < 0.01, "{:?}", cpu.used_p95_cpus);
    assert!(cpu.used_cpus.unwrap() < 0.4, "the mean hides the bursts: {:?}", cpu.used_cpus);
    assert_eq!((cpu.cpuset.as_deref(), cpu.cpuset_cpus), (Some("2-3"), Some(2)));
    assert_eq!((cpu.quota_cpus, cpu.usable_cpus), (Some(3.0), Some(2.0)));
    let pids = pod.pids.as_ref().unwrap();
    assert_eq!((pids.class.as_deref(), pids.current), (Some("steady"), Some(224)));
    assert!((pids.eta_s.unwrap() - 4453.0 / 2.0).abs() < 1.0, "{:?}", pids.eta_s);
}
