//! Growth over a minute, as the book's leak program shows it.

use super::*;
use crate::facts::method::num::from_i64;

const SAMPLES: u32 = 61;

/// `/proc/PID/smaps` with one anonymous area that ends at a fixed address and grows downwards.
fn smaps(area_kib: u64, resident_kib: u64) -> String {
    let end = 0x7f00_0000_0000_u64;
    let start = end - area_kib * 1024;
    format!(
        "55a000000000-55a000010000 r-xp 00000000 fe:00 99 /usr/bin/leak\nRss: 64 kB\nSwap: 0 kB\n\
         {start:x}-{end:x} rw-p 00000000 00:00 0 \nRss: {resident_kib} kB\nSwap: 0 kB\n"
    )
}

/// A minute with `leak`, which asks for 1028 kB a second and touches 4, `calm`, which does
/// nothing, and the collector, which grows.
fn minute() -> Files {
    let mut files = vec![
        file("proc/meminfo", MEMINFO),
        file("proc/uptime", "100000.0 1.0\n"),
        file("probes/own_pids", "9\n"),
        pack_of(
            "packs/proc-pid/limits",
            &[(
                "7",
                "Limit  Soft Limit  Hard Limit  Units\n\
             Max address space         1073741824           unlimited            bytes\n",
            )],
        ),
        pack_of("packs/proc-pid/cmdline", &[("7", "/usr/bin/leak\0-v\0")]),
    ];
    for n in 1..=SAMPLES {
        let row = |pages: u32, resident: u32| format!("{pages} {resident} 0 1 0 {pages} 0\n");
        let leak = row(1000 + 257 * n, 300 + n);
        let rows = [("7", leak), ("8", row(1000, 300)), ("9", row(1000 * n, 1000 * n))];
        let rows: Vec<(&str, &str)> = rows.iter().map(|(k, v)| (*k, v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/proc-pid/statm"), &rows));
        let tasks = [7, 8, 9].map(|pid| (pid.to_string(), pid_stat(pid, "leak", 'S', n)));
        let tasks: Vec<(&str, &str)> =
            tasks.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &tasks));
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
        if [20, 40, 61].contains(&n) {
            let walk = smaps(4000 + 1028 * u64::from(n), 1200 + 4 * u64::from(n));
            files.push(pack_of(&in_pass(n, "packs/proc-pid/smaps"), &[("7", &walk)]));
        }
    }
    files
}

#[test]
fn the_books_leak_grows_in_address_space_and_its_mapping_is_named() {
    let f = facts(minute());
    assert_eq!(f.tree.processes.judged, Some(2), "not the collector");
    let [leak] = f.tree.processes.growth.as_slice() else {
        panic!("{:#?}", f.tree.processes.growth);
    };
    assert_eq!((leak.pid, leak.name.as_str()), (7, "leak -v"));
    let records = |path: &str, passes: [u32; 2]| {
        passes.map(|n| Locator::record(in_pass(n, path), "7")).to_vec()
    };
    let cited = |fact: &str| f.sources.get(fact).unwrap().clone();
    assert_eq!(cited("processes.growth.0.resident"), records("packs/proc-pid/statm", [1, SAMPLES]));
    let walks = records("packs/proc-pid/smaps", [20, SAMPLES]);
    assert_eq!(cited("processes.growth.0.mapping.name"), walks);
    let (resident, space) = (leak.resident.as_ref().unwrap(), leak.virtual_space.as_ref().unwrap());
    assert_eq!((resident.class.as_str(), space.class.as_str()), ("stable", "steady"));
    assert_eq!((space.confidence.as_str(), space.samples), ("high", 61));
    assert!((space.slope_bytes_per_s - 1028.0 * 1024.0).abs() < 1.0);
    assert!((leak.touched_ratio.unwrap() - 4.0 / 1028.0).abs() < 1e-6);
    let mapping = leak.mapping.as_ref().unwrap();
    assert_eq!(mapping.name, "anon rw-p");
    assert_eq!(mapping.new_bytes, Some(41 * 1028 * 1024));
    assert_eq!(
        (mapping.delta_size_bytes, mapping.delta_resident_bytes),
        (41 * 1_052_672, 41 * 4096)
    );
    let new = (mapping.new_start_hex.as_deref(), mapping.new_end_hex.as_deref());
    assert_eq!(new.0, mapping.start_hex.as_deref(), "it grows at its start");
    assert_eq!(
        new.1,
        Some(format!("{:x}", 0x7f00_0000_0000_u64 - (4000 + 1028 * 20) * 1024).as_str())
    );
    assert_eq!(leak.virtual_limit.as_deref(), Some("RLIMIT_AS"));
    assert_eq!(leak.resident_eta_s, None);
    assert_eq!(leak.starting, Some(false));
}

/// A process id that is used again is another process, not a jump.
#[test]
fn a_reused_process_id_is_two_processes() {
    let mut files = Vec::new();
    for n in 1..=30 {
        let (pages, start) = if n <= 15 { (1000, "1000") } else { (900_000, "777777") };
        let statm = format!("{pages} {pages} 0 1 0 {pages} 0\n");
        files.push(pack_of(&in_pass(n, "packs/proc-pid/statm"), &[("7", &statm)]));
        let task = pid_stat(7, "a", 'S', 1).replace(" 1000 4096000", &format!(" {start} 4096000"));
        files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &[("7", &task)]));
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
    }
    let f = facts(files);
    assert_eq!(f.tree.processes.judged, Some(2));
    assert!(f.tree.processes.growth.is_empty());
    assert!(f.value()["processes"]["growth"].is_array(), "looked, and found nothing");
}

/// In a container memory ends at the container's limit, not at the host's.
#[test]
fn growth_in_a_control_group_ends_at_its_limit() {
    let group = |file: &str| format!("fs/cgroup/pod/{file}");
    let (max, stat_file) = (group("memory.max"), group("memory.stat"));
    let mut files = vec![
        file("proc/meminfo", MEMINFO),
        file("proc/uptime", "100000.0 1.0\n"),
        pack_of("packs/proc-pid/cgroup", &[("7", "0::/pod/app\n"), ("8", "0::/\n")]),
        pack_of(
            "packs/sys/cgroup",
            &[
                (max.as_str(), "536870912\n"),
                (stat_file.as_str(), "anon 268435456\nshmem 0\nkernel 0\nslab_reclaimable 0\n"),
            ],
        ),
    ];
    for n in 1..=SAMPLES {
        let row = |pages: u32| format!("{pages} {pages} 0 1 0 {pages} 0\n");
        let (inside, outside) = (row(1000 + 256 * n), row(1000 + 256 * n));
        let rows = [("7", inside.as_str()), ("8", outside.as_str())];
        files.push(pack_of(&in_pass(n, "packs/proc-pid/statm"), &rows));
        let tasks = [7, 8].map(|pid| (pid.to_string(), pid_stat(pid, "leak", 'S', n)));
        let tasks: Vec<(&str, &str)> =
            tasks.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        files.push(pack_of(&in_pass(n, "packs/proc-pid/stat"), &tasks));
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
    }
    let f = facts(files);
    let of = |pid: i64| f.tree.processes.growth.iter().find(|g| g.pid == pid).unwrap();
    let memory =
        f.tree.memory.available_bytes.unwrap() + f.tree.memory.swap_free_bytes.unwrap_or(0);
    assert!(memory > 268_435_456, "the host has more than the group");
    assert_eq!(of(7).limit_group.as_deref(), Some("/pod"));
    assert_eq!(of(7).limit_group_bytes, Some(536_870_912));
    let swap = from_i64(f.tree.memory.swap_free_bytes.unwrap_or(0));
    let eta = (268_435_456.0 + swap) / 1_048_576.0;
    assert!((of(7).resident_eta_s.unwrap() - eta).abs() < 1.0, "{:?}", of(7).resident_eta_s);
    assert_eq!(of(8).limit_group, None);
    assert!((of(8).resident_eta_s.unwrap() - from_i64(memory) / 1_048_576.0).abs() < 1.0);
}

/// At every look twenty more mappings, which end at the limit on their number long before the
/// kilobytes in them end at one of bytes.
#[test]
fn the_number_of_mappings_may_end_first() {
    let mut files = minute();
    files.push(file("commands/sysctl_-a", "vm.max_map_count = 200\n"));
    for n in [20, 40, 61] {
        let area = |i: u32| {
            let start = i << 14;
            format!("{start:x}-{:x} rw-p 00000000 00:00 0 \nRss: 4 kB\n", start + 4096)
        };
        let walk = (0..n).map(area).collect::<Vec<_>>().concat();
        let path = in_pass(n, "packs/proc-pid/smaps");
        files.retain(|(p, _)| *p != path);
        files.push(pack_of(&path, &[("7", &walk)]));
    }
    let f = facts(files);
    let [leak] = f.tree.processes.growth.as_slice() else {
        panic!("{:#?}", f.tree.processes.growth);
    };
    assert_eq!((leak.mappings, leak.mappings_added), (Some(61), Some(41)));
    assert_eq!(leak.virtual_limit.as_deref(), Some("vm.max_map_count"));
    // 139 are left, at one a second.
    assert!((leak.virtual_eta_s.unwrap() - 139.0).abs() < 1.0, "{:?}", leak.virtual_eta_s);
}
