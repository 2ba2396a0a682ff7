//! Facts of sources that few archives have: pods, control groups by their own lists, kernel memory
//! by its owner, run queues, System V objects, IPVS, queues of interfaces.

use super::*;

const UID: &str = "1f2e3d4c-0001-4a5b-9c8d-aabbccddeeff";

#[test]
fn groups_and_namespaces_are_named_after_their_pod() {
    let group = format!("kubepods.slice/kubepods-pod{}.slice", UID.replace('-', "_"));
    let max = format!("fs/cgroup/{group}/memory.max");
    let current = format!("fs/cgroup/{group}/memory.current");
    let f = facts(vec![
        file("names/var/log/pods", &format!("default_web-1_{UID}\nlost+found\n")),
        pack_of("packs/sys/cgroup", &[(&max, "1048576\n"), (&current, "4096\n")]),
        pack_of("packs/proc-pid/cgroup", &[("1", "0::/\n"), ("9", &format!("0::/{group}\n"))]),
        pack_of("packs/proc-pid/ns", &[("1/net", "net:[1]"), ("9/net", "net:[2]")]),
        pack_of("packs/proc-pid/stat", &[("9", &pid_stat(9, "nginx", 'S', 1))]),
        file(
            "probes/netns.jsonl",
            "{\"inode\":1,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n\
             {\"inode\":2,\"pid\":9,\"name\":\"cni-77\"}\n",
        ),
    ]);
    let pods = &f.tree.env.pods;
    assert_eq!(
        (pods.len(), pods[0].namespace.as_str(), pods[0].name.as_str()),
        (1, "default", "web-1")
    );
    let [row] = &f.tree.cgroups.items[..] else { panic!("{:?}", f.tree.cgroups) };
    assert_eq!((row.pod.as_deref(), row.processes), (Some("default/web-1"), Some(1)));
    assert_eq!(row.comms, ["nginx"]);
    let names: Vec<&str> = f.tree.netns.items.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["host", "default/web-1"]);
    let none = facts(vec![file("proc/meminfo", MEMINFO)]);
    assert!(none.absences.get("env.pods").is_some() && none.value()["env"].get("pods").is_none());
}

#[test]
fn groups_of_other_archives_count_by_their_own_lists() {
    let rows = [
        ("fs/cgroup/memory/a.slice/memory.limit_in_bytes", "1048576\n"),
        ("fs/cgroup/memory/a.slice/memory.usage_in_bytes", "4096\n"),
        ("fs/cgroup/systemd/a.slice/x.service/cgroup.procs", "7\n8\n"),
        ("fs/cgroup/pids/a.slice/x.service/cgroup.procs", "7\n8\n"),
    ];
    let ps = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n\
              root 7 0.0 0.1 1000 100 ? Ss 10:00 0:00 /usr/sbin/x -D\n";
    let f = facts(vec![
        file("proc/meminfo", MEMINFO),
        file("commands/ps", ps),
        pack_of("packs/sys/cgroup", &rows),
    ]);
    let [row] = &f.tree.cgroups.items[..] else { panic!("{:?}", f.tree.cgroups) };
    assert_eq!((row.path.as_str(), row.processes), ("/a.slice", Some(2)));
    assert_eq!((row.comms.as_slice(), row.pod.as_deref()), (&["x".to_owned()][..], None));
    let limit = row.memory.as_ref().unwrap();
    assert_eq!((limit.limit_bytes, limit.current_bytes), (Some(1 << 20), Some(4096)));
    let bare = facts(vec![file("proc/meminfo", MEMINFO), pack_of("packs/sys/cgroup", &rows[..2])]);
    assert_eq!(bare.tree.cgroups.items[0].processes, None, "not counted is not none");
}

#[test]
fn kernel_memory_has_owners() {
    let meminfo = MEMINFO.replace("Percpu: ", "HardwareCorrupted:     8 kB\nPercpu: ");
    let f = facts(vec![
        file("proc/meminfo", &meminfo),
        file("proc/vmallocinfo", "0xf-0xe   20480 bpf_jit+0x89/0x360 pages=4 vmalloc N0=4\n"),
        file(
            "proc/allocinfo",
            "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n\
             4096 1 mm/memory.c:1042 func:folio_prealloc\n\
             8192 2 drivers/net/x.c:7 [xdrv] func:x_refill\n",
        ),
    ]);
    let memory = &f.tree.memory;
    assert_eq!(memory.hardware_corrupted_bytes, Some(8192));
    let callers: Vec<_> = memory.vmalloc_callers.iter().map(|c| (&*c.name, c.bytes)).collect();
    assert_eq!(callers, [("bpf_jit", 16384)]);
    let [driver, users] = &memory.allocations[..] else { panic!("{:?}", memory.allocations) };
    assert_eq!(
        (driver.module.as_deref(), driver.bytes, driver.is_of_users),
        (Some("xdrv"), 8192, false)
    );
    assert!(users.is_of_users && users.module.is_none());
    assert_eq!(
        f.sources.get("memory.allocations.0.bytes"),
        Some(&vec![Locator::line("proc/allocinfo", 4)])
    );
    let other = facts(vec![file("proc/meminfo", MEMINFO)]);
    let why = |path: &str| other.absences.get(path).unwrap().reason;
    assert_eq!(why("memory.hardware_corrupted_bytes"), Reason::Missing);
    assert_eq!(why("memory.allocations"), Reason::NotCollected);
}

#[test]
fn run_queues_by_the_scheduler() {
    let wait = |ns: u64| format!("version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 7 {ns} 9\n");
    let debug = "cpu#0, 4200.000 MHz\n  .nr_running                    : 3\n\nrunnable tasks:\n\
                 >R  linsight-colle   900        12.3       100   120         0.0\n \
                 R     Web Content  4711        32.3       100   120         0.0\n";
    let f = facts(vec![
        file("probes/own_pids", "900\n"),
        file("proc/schedstat", &wait(0)),
        file(&in_pass(2, "proc/schedstat"), &wait(1_500_000_000)),
        file("sys/kernel/debug/sched/debug", debug),
    ]);
    let [queue] = &f.tree.cpu.run_queues[..] else { panic!("{:?}", f.tree.cpu.run_queues) };
    assert_eq!((queue.cpu, queue.runnable), (0, Some(2)), "our own are left out");
    assert_eq!(queue.tasks, ["Web Content"]);
    // Files in memory carry one second a pass.
    assert!(queue.waiting_mean.is_some_and(|w| (w - 0.75).abs() < 1e-9), "{queue:?}");
    let one = facts(vec![file("proc/schedstat", &wait(0))]);
    assert_eq!(one.absences.get("cpu.run_queues").map(|a| a.reason), Some(Reason::TooFewSamples));
}

#[test]
fn objects_of_system_v_against_their_limits() {
    let heading =
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
    let f = facts(vec![
        file("proc/sysvipc/sem", &format!("{heading}0 1 600 17 26 26 26 26 0 1\n")),
        file("commands/sysctl_-a", "kernel.sem = 250\t34\t32\t4\n"),
    ]);
    let all: Vec<_> = f.tree.limits.sysv.iter().map(|s| (&*s.what, s.used, s.limit)).collect();
    assert_eq!(all, [("semaphore sets", 1, 4), ("semaphores", 17, 34)]);
    let none = facts(vec![file("proc/sysvipc/sem", heading)]);
    assert!(none.value()["limits"].get("sysv").is_none(), "without limits nothing is judged");
}

#[test]
fn a_balancer_knows_itself() {
    let services = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  \
        -> RemoteAddress:Port Forward Weight ActiveConn InActConn\nTCP  C0A80016:0CEA wlc  \n  \
        -> C0A85216:0CEA      Tunnel  100    248        2         \n";
    let totals = |conns: &str| format!("   Total\n   Conns\n {conns} 1 0 1 0\n");
    let f = facts(vec![
        file("proc/net/ip_vs", services),
        file("proc/net/ip_vs_stats", &totals("10")),
        file(&in_pass(2, "proc/net/ip_vs_stats"), &totals("1A")),
    ]);
    let balancer = f.tree.net.ip_vs.as_ref().unwrap();
    assert_eq!((balancer.services, balancer.servers), (1, 1));
    assert_eq!((balancer.active, balancer.inactive), (248, 2));
    assert_eq!(balancer.connections_per_s, Some(5.0));
    assert!(facts(vec![]).absences.get("net.ip_vs").is_some());
}

#[test]
fn an_interface_has_a_name_a_queue_and_an_expected_speed() {
    let mut told = SiteInputs::default();
    told.file("[[nic]]\nname = \"eth0\"\nspeed_mbit_per_s = 25000\n[[nic]]\nname = \"eth9\"\nspeed_mbit_per_s = 1\n", "a test")
        .unwrap();
    let qdisc = |drops: u8| {
        let mut bytes = crate::parse::qdisc::sample();
        // The drops of the second queue, behind its packets and bytes in the queue.
        let at = bytes.windows(4).rposition(|w| w == 2_u32.to_le_bytes()).unwrap();
        bytes[at] = drops;
        bytes
    };
    let dev = "Inter-|   Receive\n face |bytes\n  eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
    let json = r#"{"dev":"eth0","driver":{"driver":"ixgbe","bus_info":"0000:01:00.0"}}"#;
    let f = facts_told(
        vec![
            file("proc/net/dev", dev),
            file("probes/ethtool/eth0.json", json),
            file("commands/lspci_-nn", "01:00.0 Ethernet controller [0200]: Intel X [8086:10fb]\n"),
            pack_of(
                "packs/sys/net",
                &[("class/net/eth0/ifindex", "4\n"), ("class/net/eth0/device", "x")],
            ),
            file(
                "probes/netns.jsonl",
                "{\"inode\":1,\"pid\":1,\"name\":\"host\",\"is_host\":true}\n",
            ),
            ("probes/netns/1/qdisc".to_owned(), qdisc(2)),
            (in_pass(2, "probes/netns/1/qdisc"), qdisc(9)),
        ],
        &told,
    );
    let nic = &f.tree.nics.items[0];
    assert_eq!((nic.expected_mbit_per_s, nic.product.as_deref()), (Some(25000), Some("Intel X")));
    let queue = nic.qdisc.as_ref().unwrap();
    assert_eq!(
        (queue.kind.as_str(), queue.drops, queue.drops_since_start),
        ("fq_codel", Some(7), Some(9))
    );
    let unknown = "[[nic]] of --site: the host shows no interface eth9";
    assert!(
        f.tree.collection.problems.iter().any(|p| p == unknown),
        "{:?}",
        f.tree.collection.problems
    );
}

/// An archive without `/proc/net/dev`: errors since boot as `ip -s link` prints them.
#[test]
fn errors_by_ip_where_the_kernels_file_lacks() {
    let link = "2: eth0: <BROADCAST,UP> mtu 1500 qdisc fq state UP\n    RX:  bytes packets errors dropped  missed   mcast\n    \
        1 2 3 0 0 0\n    TX:  bytes packets errors dropped carrier collsns\n    1 2 4 0 0 0\n";
    let f = facts(vec![file("commands/ip_link", link)]);
    assert_eq!(f.tree.nics.items[0].errors_since_boot, Some(7));
}

/// Wrong checksums that the kernel counts for every driver, interfaces by an `ip` that knows no
/// JSON, and what a group waited for storage.
#[test]
fn what_tells_where_the_better_source_lacks() {
    let dev = "Inter-| Receive | Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
        eth0: 1000 100 0 0 0 0 0 0 500 5 0 0 0 0 0 0\n";
    let link = "2: eth0: <UP> mtu 1500 qdisc fq state UP mode DEFAULT\n    link/ether 00:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff\n\
        3: eth0.7@eth0: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n    link/ether 00:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff\n    \
        vlan protocol 802.1Q id 7 <REORDER_HDR> addrgenmode eui64\n";
    let crc = |n: &str| pack_of("packs/sys/net", &[("class/net/eth0/statistics/rx_crc_errors", n)]);
    let group = |total: u64| {
        let io = format!("some avg10=0.00 avg60=0.00 avg300=0.00 total={total}\n");
        pack_of("packs/sys/cgroup", &[("fs/cgroup/system.slice/db.service/io.pressure", &io)])
    };
    let later = |(path, content): (String, Vec<u8>)| (in_pass(10, &path), content);
    let mut files = vec![file("commands/ip_-d_-s_link", link), crc("5"), later(crc("25"))];
    files.extend([group(1_000_000), later(group(6_000_000))]);
    for n in [0, 10] {
        files.push(file(&in_pass(n, "proc/stat"), &stat(n, 1, 0)));
        files.push(file(&in_pass(n, "proc/net/dev"), dev));
    }
    let f = facts(files);
    let nics = &f.tree.nics.items;
    assert_eq!(nics[0].errors.as_ref().unwrap().rx_crc, Some(20));
    assert_eq!(nics.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["eth0", "eth0.7"]);
    let busybox = "BusyBox v1.35.0 multi-call binary.\n\nUsage: ip [OPTIONS] address|route|link\n";
    let f2 = facts(vec![file("commands/ip_-d_-s_link", busybox), file("proc/net/dev", dev)]);
    assert_eq!(f2.tree.collection.sources_not_understood, Some(0));
    assert_eq!(f2.tree.nics.items.len(), 1);
    let group = &f.tree.cgroups.items[0];
    assert_eq!(group.path, "/system.slice/db.service");
    assert_eq!(group.io_pressure_some_ratio, Some(0.5));
}
