use super::*;

/// Real wordings, of several kernel versions: text, kind, subject.
const WORDINGS: &[(&str, Kind, &str)] = &[
    ("Killed process 71 (java) total-vm:4kB, anon-rss:2kB, file-rss:0kB", Kind::OomHost, "java"),
    (
        "Memory cgroup out of memory: Killed process 71 (tail -f) total-vm:4kB",
        Kind::OomCgroup,
        "tail -f",
    ),
    (
        "INFO: task kworker/1:2:345 blocked for more than 120 seconds.",
        Kind::HungTask,
        "kworker/1:2",
    ),
    ("INFO: task dd:99 blocked in I/O wait for more than 122 seconds.", Kind::HungTask, "dd"),
    (
        "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1:123]",
        Kind::SoftLockup,
        "kworker/3:1",
    ),
    ("NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", Kind::HardLockup, "3"),
    ("rcu: INFO: rcu_sched self-detected stall on CPU", Kind::RcuStall, ""),
    (
        "INFO: rcu_sched detected stalls on CPUs/tasks: { 3} (detected by 0, t=60002 jiffies)",
        Kind::RcuStall,
        "",
    ),
    (
        "BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!",
        Kind::WorkqueueStall,
        "",
    ),
    ("VFS: file-max limit 100000 reached", Kind::FileMax, ""),
    ("kernel BUG at fs/ext4/inode.c:2721!", Kind::KernelBug, "fs/ext4/inode.c:2721"),
    (
        "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP PTI",
        Kind::KernelBug,
        "",
    ),
    ("Internal error: Oops: 96000004 [#1] SMP", Kind::KernelBug, ""),
    (
        "WARNING: CPU: 0 PID: 1 at net/core/dev.c:123 name+0x1/0x2",
        Kind::KernelWarning,
        "net/core/dev.c:123",
    ),
    (
        "WARNING: net/core/dev.c:123 at name+0x1/0x2, CPU#0: comm/1",
        Kind::KernelWarning,
        "net/core/dev.c:123",
    ),
    ("sched: RT throttling activated", Kind::RtThrottling, ""),
    ("NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out", Kind::TxTimeout, "eth0"),
    (
        "virtio_net virtio0 eth0: NETDEV WATCHDOG: CPU: 1: transmit queue 0 timed out 5000 ms",
        Kind::TxTimeout,
        "eth0",
    ),
    ("e1000e: eth0 NIC Link is Down", Kind::LinkDown, "eth0"),
    ("igb 0000:02:00.0 eno1: igb: eno1 NIC Link is Up 1000 Mbps Full Duplex", Kind::LinkUp, "eno1"),
    ("ixgbe 0000:01:00.0 eth0: NIC Link is Up 10 Gbps, Flow Control: RX/TX", Kind::LinkUp, "eth0"),
    ("mlx5_core 0000:3b:00.0 ens1f0: Link down", Kind::LinkDown, "ens1f0"),
    ("tg3 0000:03:00.0 eth0: Link is up at 1000 Mbps, full duplex", Kind::LinkUp, "eth0"),
    ("i40e 0000:5e:00.0 p1p1: NIC Link is Down", Kind::LinkDown, "p1p1"),
    (
        "bond0: (slave eth1): link status definitely down for interface eth1, disabling it",
        Kind::BondMemberDown,
        "eth1",
    ),
    (
        "unregister_netdevice: waiting for lo to become free. Usage count = 1",
        Kind::UnregisterNetdevice,
        "lo",
    ),
    ("blk_update_request: I/O error, dev loop11, sector 0 op 0x0:(READ)", Kind::IoError, "loop11"),
    ("I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0", Kind::IoError, "sda"),
    ("end_request: I/O error, dev fd0, sector 0", Kind::IoError, "fd0"),
    ("critical medium error, dev nvme0n1, sector 8 op 0x0:(READ)", Kind::IoError, "nvme0n1"),
    ("Buffer I/O error on dev dm-0, logical block 4, async page read", Kind::IoError, "dm-0"),
    ("Buffer I/O error on device sdb1, logical block 4", Kind::IoError, "sdb1"),
    ("sd 0:0:0:0: rejecting I/O to offline device", Kind::IoOffline, "0:0:0:0"),
    ("nvme nvme0: I/O 12 QID 3 timeout, aborting", Kind::IoTimeout, "nvme0"),
    (
        "nvme nvme1: I/O tag 12 (100c) opcode 0x2 (I/O Cmd) QID 3 timeout, aborting req_op:READ(0)",
        Kind::IoTimeout,
        "nvme1",
    ),
    (
        "ata1.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x6 frozen",
        Kind::IoTimeout,
        "ata1.00",
    ),
    (
        "EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0",
        Kind::FsError,
        "sda1",
    ),
    (
        "XFS (dm-2): Metadata corruption detected at xfs_agi_read_verify+0x5e/0x110",
        Kind::FsError,
        "dm-2",
    ),
    ("BTRFS error (device sda1: state EA): bdev /dev/sda1 errs: wr 0, rd 1", Kind::FsError, "sda1"),
    ("BTRFS warning (device sdb): csum failed root 5 ino 257 off 0", Kind::FsError, "sdb"),
    ("Aborting journal on device vda-8.", Kind::FsError, "vda-8"),
    ("EXT4-fs (sda1): Remounting filesystem read-only", Kind::RemountRo, "sda1"),
    ("BTRFS info (device sda1: state EA): forced readonly", Kind::RemountRo, "sda1"),
    ("XFS (sda1): Log I/O Error Detected.  Shutting down filesystem", Kind::RemountRo, "sda1"),
    ("nfs: server 10.0.0.1 not responding, still trying", Kind::NfsTimeout, "10.0.0.1"),
    ("nfs: server filer OK", Kind::NfsOk, "filer"),
    ("md/raid1:md0: Disk failure on sdb1, disabling device.", Kind::MdFailure, "sdb1"),
    ("device-mapper: multipath: 253:2: Failing path 8:32.", Kind::MultipathFailure, "8:32"),
    ("Read-error on swap-device (253:1:123456)", Kind::SwapError, "253:1:123456"),
    ("mce: [Hardware Error]: Machine check events logged", Kind::MachineCheck, ""),
    ("{1}[Hardware Error]: event severity: corrected", Kind::HardwareError, "corrected"),
    (
        "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0",
        Kind::EdacCorrected,
        "MC0",
    ),
    ("EDAC MC1: 1 UE memory scrubbing error on unknown memory", Kind::EdacUncorrected, "MC1"),
    (
        "Memory failure: 0x12345: recovery action for dirty LRU page: Recovered",
        Kind::MemoryFailure,
        "",
    ),
    (
        "pcieport 0000:00:1c.0: PCIe Bus Error: severity=Corrected, type=Physical Layer",
        Kind::AerCorrected,
        "0000:00:1c.0",
    ),
    (
        "pcieport 0000:00:1c.0: AER: PCIe Bus Error: severity=Uncorrected (Fatal)",
        Kind::AerFatal,
        "0000:00:1c.0",
    ),
    (
        "nvme 0000:02:00.0: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction",
        Kind::AerUncorrected,
        "0000:02:00.0",
    ),
    (
        "nvme 0000:02:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer",
        Kind::AerCorrected,
        "0000:02:00.0",
    ),
    (
        "mce: CPU3: Core temperature above threshold, cpu clock throttled (total events = 1)",
        Kind::Thermal,
        "",
    ),
    ("java[71]: segfault at 0 ip 00007f sp 00007f error 4 in libc.so", Kind::Segfault, "java"),
    (
        "traps: nginx[71] general protection fault ip:7f sp:7f error:0 in libc.so",
        Kind::Segfault,
        "nginx",
    ),
    ("traps: node[9] trap invalid opcode ip:7f sp:7f error:0", Kind::Segfault, "node"),
    (
        "swapper/0: page allocation failure: order:4, mode:0x40820(GFP_ATOMIC)",
        Kind::PageAllocation,
        "swapper/0",
    ),
    ("httpd: page allocation failure. order:1, mode:0x20", Kind::PageAllocation, "httpd"),
    (
        "cgroup: fork rejected by pids controller in /user.slice/user-0.slice",
        Kind::ForkRejected,
        "/user.slice/user-0.slice",
    ),
    ("nf_conntrack: nf_conntrack: table full, dropping packet", Kind::ConntrackFull, ""),
    ("neighbour: arp_cache: neighbor table overflow!", Kind::NeighbourOverflow, "arp_cache"),
    ("Neighbour table overflow.", Kind::NeighbourOverflow, ""),
    (
        "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:80. Sending cookies.",
        Kind::SynFlood,
        "0.0.0.0:80",
    ),
    ("possible SYN flooding on port 80. Dropping request.", Kind::SynFlood, "80"),
    ("TCP: out of memory -- consider tuning tcp_mem", Kind::TcpMemory, ""),
    ("TCP: too many orphaned sockets", Kind::TcpOrphans, ""),
    ("TCP: time wait bucket table overflow", Kind::TimeWaitOverflow, ""),
    ("dst cache overflow", Kind::RouteOverflow, ""),
    (
        "clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable because the skew is too large:",
        Kind::ClocksourceUnstable,
        "tsc",
    ),
    ("Clocksource tsc unstable (delta = 299966448 ns)", Kind::ClocksourceUnstable, "tsc"),
];

/// Messages of healthy hosts that look like events.
const HARMLESS: &[&str] = &[
    "ata1: SATA link down (SStatus 0 SControl 300)",
    "ata2: SATA link up 6.0 Gbps (SStatus 133 SControl 300)",
    "XFS (sda1): Mounting V5 Filesystem",
    "XFS (sda1): Ending clean mount",
    "EXT4-fs (vda): mounted filesystem with ordered data mode",
    "pcieport 0000:00:01.0: pciehp: Slot(1): Link Up",
    "watchdog: Disabling watchdog on nohz_full cores by default",
    "NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
    "ACPI: _OSC evaluated successfully for all CPUs",
    "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready",
    "INFO: task a:1 is blocked on a mutex likely owned by task b:2.",
    "EDAC MC: Ver: 3.0.0",
    "nfs: server filer not yet",
    "BTRFS info (device sda1): using free space tree",
    "oom_reaper: reaped process 71 (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
];

fn events(text: &str) -> Vec<Event> {
    parse(text).unwrap().events.into_values().flatten().collect()
}

fn one(message: &str) -> Option<Event> {
    let all = events(&format!("6,1,2000000,-;{message}\n"));
    assert!(all.len() < 2, "{message}");
    all.into_iter().next()
}

#[test]
fn every_wording_is_understood_and_every_kind_has_one() {
    for (message, kind, subject) in WORDINGS {
        let event = one(message).unwrap_or_else(|| panic!("not understood: {message}"));
        let got = (event.kind, event.subject.as_deref().unwrap_or(""));
        assert_eq!(got, (*kind, *subject), "{message}");
    }
    for kind in Kind::ALL {
        assert!(WORDINGS.iter().any(|(_, k, _)| k == kind), "{kind:?} has no example");
        let tabled = patterns::kinds();
        assert!(*kind == Kind::OomCgroup || tabled.contains(kind), "{kind:?} has no wording");
    }
}

#[test]
fn what_healthy_hosts_write_is_no_event() {
    for message in HARMLESS {
        assert_eq!(one(message), None, "{message}");
    }
}

#[test]
fn kills_of_new_kernels() {
    let text = "\
6,1,5000000,-;java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=900
6,2,5000001,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kube/pod1,task_memcg=/kube/pod1/c,task=java,pid=71,uid=0
3,3,5000002,-;Memory cgroup out of memory: Killed process 71 (java) total-vm:8192kB, anon-rss:4096kB, file-rss:0kB, shmem-rss:16kB, UID:0 pgtables:40kB oom_score_adj:900
6,4,6000000,-;dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
6,5,6000001,-;oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=x,mems_allowed=0,global_oom,task_memcg=/,task=dd,pid=72,uid=0
3,6,6000002,-;Out of memory: Killed process 72 (dd) total-vm:8192kB, anon-rss:4096kB
";
    let kills: Vec<Kill> = events(text).into_iter().map(|e| *e.kill.unwrap()).collect();
    let [host, group] = &kills[..] else { panic!("two kills: {kills:?}") };
    assert_eq!(
        (group.pid, group.scope, group.cgroup.as_deref()),
        (71, Scope::Cgroup, Some("/kube/pod1"))
    );
    assert_eq!((group.anon_bytes, group.shmem_bytes), (Some(4 << 20), Some(16384)));
    assert_eq!((group.virtual_bytes, group.oom_score_adj), (Some(8 << 20), Some(900)));
    assert_eq!(
        (host.scope, host.cgroup.as_deref(), host.oom_score_adj),
        (Scope::Cpuset, None, None)
    );
}

#[test]
fn kills_of_old_kernels_count_once() {
    let text = "\
[ 10.000001] java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
[ 10.000002] Task in /docker/a killed as a result of limit of /docker/a
[ 10.000003] Memory cgroup out of memory: Kill process 71 (java) score 900 or sacrifice child
[ 10.000004] Killed process 71 (java) total-vm:8192kB, anon-rss:4096kB, file-rss:0kB
";
    let all = events(text);
    assert_eq!(all.len(), 1);
    let kill = all[0].kill.as_ref().unwrap();
    assert_eq!((all[0].kind, kill.cgroup.as_deref()), (Kind::OomCgroup, Some("/docker/a")));
}

#[test]
fn an_oops_of_several_lines_is_one() {
    let text = "\
[ 10.000001] BUG: kernel NULL pointer dereference, address: 0000000000000008
[ 10.000002] Oops: 0000 [#1] SMP PTI
[ 99.000002] Oops: 0000 [#2] SMP PTI
";
    assert_eq!(events(text).len(), 2);
}

#[test]
fn a_flood_keeps_its_end_and_counts_the_rest() {
    let lines: Vec<String> =
        (0..3000).map(|n| format!("[{n:5}.000000] I/O error, dev sda, sector 1")).collect();
    let log = parse(&lines.join("\n")).unwrap();
    assert_eq!((log.messages, log.dropped[&Kind::IoError]), (3000, 1000));
    assert_eq!(log.events[&Kind::IoError].back().unwrap().at_us, Some(2_999_000_000));
}

#[test]
fn a_loop_device_with_a_new_file_has_no_past() {
    let text = "\
6,1,1000000,-;loop4: detected capacity change from 0 to 131072
2,2,2000000,-;EXT4-fs error (device loop4): ext4_find_entry:1234: inode #2: comm ls: reading
2,3,2000001,-;EXT4-fs (loop4): Remounting filesystem read-only
2,4,2000002,-;EXT4-fs (loop44): Remounting filesystem read-only
6,5,3000000,-;loop4: detected capacity change from 0 to 131072
2,6,4000000,-;EXT4-fs (loop4): Remounting filesystem read-only
6,7,5000000,-;sda: detected capacity change from 0 to 131072
";
    let log = parse(text).expect("a log");
    assert!(log.events.get(&Kind::FsError).is_none_or(VecDeque::is_empty), "{log:?}");
    let lines = |e: &VecDeque<Event>| e.iter().map(|e| e.line).collect::<Vec<_>>();
    assert_eq!(log.events.get(&Kind::RemountRo).map(lines), Some(vec![4, 6]));
}

#[test]
fn logs_of_all_daemons() {
    let text = "\
Feb 11 19:20:50 host sshd[9]: I/O error, dev sdz, sector 1
Feb 11 19:20:59 host kernel: [12345.678901] I/O error, dev sda, sector 1
";
    let log = parse_mixed(text);
    let event = &log.events[&Kind::IoError][0];
    assert_eq!((log.messages, event.line, event.subject.as_deref()), (1, 2, Some("sda")));
    assert!(event.stamp.is_some() && event.text.starts_with("I/O error"));
    assert_eq!(parse_mixed("Feb 11 19:20:50 host sshd[9]: x\n").messages, 0);
}
