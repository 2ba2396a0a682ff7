//! The facts of the sample.

use super::Name;
use crate::absence::{Absence, Reason};
use crate::facts::collection::{Collection, Gap};
use crate::facts::cpu::{Cpu, CpuTime};
use crate::facts::load::{Composition, Load, LoadPoint, StateShare};
use crate::facts::memory::{Identity, Memory, MemoryPoint, SlabCache, Term};
use crate::facts::netns::{Keepalive, Netns, Peer, PortKey, Ports, Tcp};
use crate::facts::nics::{Nic, Ring};
use crate::facts::processes::{Growth, Mapping, Process, Processes, Series};
use crate::facts::sysctl::{Mismatch, Persisted, Sysctl};
use crate::facts::{Facts, Seen};
use crate::locator::Locator;

const GIB: i64 = 1 << 30;
const MIB: i64 = 1 << 20;

pub(super) fn facts(n: Name<'_>) -> Facts {
    let mut facts = Facts::default();
    let host = &mut facts.tree.host;
    host.name = Some(n("db-17"));
    host.kernel_release = Some(n("6.1.0-28-amd64"));
    host.kernel_version = Some(n("Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org)"));
    host.machine = Some("x86_64".to_owned());
    host.os_name = Some(n("Debian GNU/Linux 12 (bookworm)"));
    host.cmdline = Some(n("BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet"));
    host.uptime_s = Some(1_034_000.0);
    host.taken_unix_s = Some(1_772_366_400.0);
    host.utc_offset_s = Some(32_400);
    host.page_size_bytes = Some(4096);
    host.hardware = Some(n("QEMU Standard PC (Q35 + ICH9, 2009)"));
    facts.tree.env.kind = Some("vm".to_owned());
    facts.tree.env.hypervisor = Some("kvm".to_owned());
    facts.tree.env.reasons = vec![n("cpuinfo: hypervisor flag"), n("dmi: QEMU")];
    facts.tree.collection = collection(n);
    facts.tree.cpu = cpu(n);
    facts.tree.load = load(n);
    facts.tree.memory = memory(n);
    facts.tree.processes = processes(n);
    facts.tree.nics.items = nics(n);
    facts.tree.netns.items = vec![netns(n)];
    facts.tree.sysctl = sysctl(n);
    let line = |l| vec![Locator::line("commands/sysctl_-a", l)];
    facts.sources.set("netns.0.ports", line(1));
    facts.sources.set("netns.0.ports.tw_reuse", line(4));
    facts.sources.set("netns.0.ports.timestamps", line(3));
    facts
        .absences
        .set("host.bios", Absence::of(Reason::Denied, n("sys/firmware/dmi/tables/DMI"), "EACCES"));
    facts
        .absences
        .set("memory.slab_caches", Absence::of(Reason::Denied, "proc/slabinfo", "EACCES"));
    facts
}

fn collection(n: Name<'_>) -> Collection {
    Collection {
        format: Some("linsight".to_owned()),
        collector_version: Some("0.1.0".to_owned()),
        euid: Some(1000),
        privileged: Some(false),
        complete: Some(true),
        samples: Some(61),
        window_s: Some(60.02),
        interval_s: Some(1.0),
        jitter_s: Some(0.004),
        sources_total: Some(231),
        sources_collected: Some(212),
        sources_denied: Some(14),
        sources_timed_out: Some(0),
        masked: Some(3),
        cost_cpu_s: Some(0.61),
        gaps: vec![
            Gap {
                path: n("proc/slabinfo"),
                reason: "denied".to_owned(),
                detail: "EACCES".to_owned(),
            },
            Gap {
                path: n("proc/vmallocinfo"),
                reason: "denied".to_owned(),
                detail: "EACCES".to_owned(),
            },
            Gap {
                path: "proc/allocinfo".to_owned(),
                reason: "missing".to_owned(),
                detail: "ENOENT".to_owned(),
            },
        ],
        lists: [(
            "netns".to_owned(),
            Seen {
                what: n("network namespaces seen"),
                seen: 1,
                expected: 3,
                gaps: vec![n("4026532201 (setns: EPERM)"), n("4026532304 (setns: EPERM)")],
                others: None,
            },
        )]
        .into(),
        ..Collection::default()
    }
}

fn cpu(n: Name<'_>) -> Cpu {
    Cpu {
        online: Some(4),
        present: Some(4),
        sockets: Some(1),
        cores: Some(4),
        model: Some(n("Intel Xeon Processor (Icelake)")),
        numa_nodes: Some(1),
        time: Some(CpuTime {
            user_ratio: 0.41,
            nice_ratio: 0.0,
            system_ratio: 0.18,
            idle_ratio: 0.346,
            iowait_ratio: 0.022,
            irq_ratio: 0.0,
            softirq_ratio: 0.031,
            steal_ratio: 0.011,
        }),
        ..Cpu::default()
    }
}

fn load(n: Name<'_>) -> Load {
    let series = (0..61)
        .filter(|i| !(30..34).contains(i))
        .map(|i| LoadPoint {
            at_s: f64::from(i),
            one: Some(2.1 + f64::from(i) / 50.0),
            running: Some(f64::from((i * 7) % 5)),
            blocked: Some(f64::from(u8::from(i % 13 == 0))),
            uninterruptible: Some(if i == 40 { 6.0 } else { f64::from(u8::from(i % 9 == 0)) }),
        })
        .collect();
    Load {
        one: Some(3.3),
        five: Some(2.72),
        fifteen: Some(2.5),
        one_per_cpu: Some(0.825),
        five_per_cpu: Some(0.68),
        fifteen_per_cpu: Some(0.625),
        composition: Some(Composition {
            running_mean: 2.1,
            running_p95: 4.0,
            blocked_mean: 0.08,
            uninterruptible_mean: Some(0.23),
            uninterruptible_other_mean: Some(0.15),
            cpu_share_ratio: Some(0.9),
            io_share_ratio: Some(0.034),
            other_share_ratio: Some(0.064),
            verdict: Some("cpu".to_owned()),
            system_of_busy_ratio: Some(0.28),
            psi_cpu_some_ratio: Some(0.12),
            psi_io_some_ratio: None,
            top_running: vec![StateShare {
                pid: 1312,
                comm: n("api-worker"),
                samples: 44,
                ratio: 0.72,
                wchan: None,
            }],
            top_uninterruptible: vec![StateShare {
                pid: 288,
                comm: n("jbd2/vda1-8"),
                samples: 5,
                ratio: 0.08,
                wchan: Some(n("jbd2_journal_commit_transaction")),
            }],
        }),
        series,
    }
}

fn memory(n: Name<'_>) -> Memory {
    let total = 24_641_728_512_i64;
    let term = |key: &str, name: &str, bytes: i64, note: &str| Term {
        key: key.to_owned(),
        name: name.to_owned(),
        bytes,
        #[expect(clippy::cast_precision_loss, reason = "sample")]
        ratio: bytes as f64 / total as f64,
        note: note.to_owned(),
    };
    let terms = vec![
        term("free", "Free", 9 * GIB, "nobody uses it"),
        term("anon", "Anonymous", 6 * GIB + 400 * MIB, "heap and stack of processes"),
        term("file_cache", "Page cache", 5 * GIB + 200 * MIB, "files; given back when needed"),
        term("shmem", "Shared memory", 700 * MIB, "tmpfs and shared segments; not given back"),
        term("slab_reclaimable", "Slab, reclaimable", 820 * MIB, "dentries and inodes"),
        term("slab_unreclaimable", "Slab, unreclaimable", 240 * MIB, "kernel objects"),
        term("page_tables", "Page tables", 60 * MIB, ""),
        term("kernel_stack", "Kernel stacks", 9 * MIB, "one a thread"),
        term("percpu", "Per-CPU", 14 * MIB, ""),
    ];
    let residual = total - terms.iter().map(|t| t.bytes).sum::<i64>();
    Memory {
        total_bytes: Some(total),
        free_bytes: Some(9 * GIB),
        available_bytes: Some(14 * GIB + 800 * MIB),
        available_ratio: Some(0.64),
        cached_bytes: Some(5 * GIB + 900 * MIB),
        anon_bytes: Some(6 * GIB + 400 * MIB),
        shmem_bytes: Some(700 * MIB),
        dirty_bytes: Some(3 * MIB),
        swap_total_bytes: Some(4 * GIB),
        swap_free_bytes: Some(4 * GIB - 68 * MIB),
        identity: Some(Identity {
            pass: 0,
            gap_terms: vec![terms[5].clone(), terms[6].clone()],
            terms,
            residual_bytes: residual,
            residual_ratio: 0.021,
            unreported: vec!["VmallocUsed".to_owned()],
            gap_bytes: Some(900 * MIB),
            gap_ratio: Some(0.038),
            ..Identity::default()
        }),
        slab_caches: vec![SlabCache {
            name: n("dentry"),
            bytes: 410 * MIB,
            active_ratio: Some(0.93),
            delta_bytes: Some(2 * MIB),
            ..SlabCache::default()
        }],
        series: (0..61)
            .map(|i| MemoryPoint {
                at_s: f64::from(i),
                available_bytes: Some(14 * GIB + 800 * MIB - i64::from(i) * 8 * MIB),
                anon_bytes: Some(6 * GIB + i64::from(i) * 7 * MIB),
                swap_used_bytes: Some(68 * MIB),
            })
            .collect(),
        ..Memory::default()
    }
}

fn series(class: &str, from: i64, step: i64) -> Series {
    Series {
        class: class.to_owned(),
        confidence: "high".to_owned(),
        samples: 61,
        span_s: 60.02,
        first_bytes: from,
        last_bytes: from + 60 * step,
        #[expect(clippy::cast_precision_loss, reason = "sample")]
        slope_bytes_per_s: step as f64,
        #[expect(clippy::cast_precision_loss, reason = "sample")]
        slope_low_bytes_per_s: step as f64 * 0.99,
        #[expect(clippy::cast_precision_loss, reason = "sample")]
        slope_high_bytes_per_s: step as f64 * 1.01,
        tau: 1.0,
        r2: 0.9999,
        delta_bytes: 60 * step,
        lifetime_linearity: Some(0.98),
        points: (0..61).map(|i| from + i * step).collect(),
        ..Series::default()
    }
}

fn processes(n: Name<'_>) -> Processes {
    let process = |pid: i64, comm: &str, cpu: f64, rss: i64| Process {
        pid,
        ppid: Some(1),
        uid: Some(33),
        comm: n(comm),
        cmdline: Some(n(&format!(
            "/usr/bin/{comm} --config /etc/{comm}.conf --listen 0.0.0.0:8080"
        ))),
        state: "S".to_owned(),
        priority: Some(20),
        nice: Some(0),
        threads: Some(8),
        virtual_bytes: Some(rss * 4),
        resident_bytes: Some(rss),
        shared_bytes: Some(rss / 10),
        cpu_ratio: Some(cpu),
        memory_ratio: Some(0.02),
        cpu_time_s: Some(5132.0),
        age_s: Some(86_400.0),
        ..Process::default()
    };
    let mut top = vec![
        process(1312, "api-worker", 0.93, 512 * MIB),
        process(1313, "api-worker", 0.81, 498 * MIB),
        process(907, "postgres", 0.22, 2 * GIB),
        Process { cmdline: None, ..process(288, "jbd2/vda1-8", 0.0, 0) },
    ];
    top.extend((0..12).map(|i| process(2000 + i, "sleeper", 0.0, MIB * (i + 1))));
    Processes {
        count: Some(143),
        threads: Some(412),
        states: [("R", 2), ("S", 96), ("I", 44), ("D", 1)].map(|(k, v)| (k.to_owned(), v)).into(),
        top,
        growth: vec![Growth {
            name: n("leaky-importer"),
            pid: 4242,
            comm: n("leaky-importer"),
            age_s: Some(900.0),
            resident: Some(series("stable", 4 * MIB, 4096)),
            virtual_space: Some(series("steady", 55 * MIB, 1_052_672)),
            touched_ratio: Some(0.004),
            mapping: Some(Mapping {
                name: n("anon rw-p"),
                start_hex: Some("7f31c4000000".to_owned()),
                end_hex: Some("7f31cbc00000".to_owned()),
                delta_size_bytes: 60 * MIB,
                delta_resident_bytes: 240 * 1024,
                ..Mapping::default()
            }),
            ..Growth::default()
        }],
        judged: Some(139),
        ..Processes::default()
    }
}

fn nics(n: Name<'_>) -> Vec<Nic> {
    let nic = |name: &str| Nic {
        name: n(name),
        driver: Some(n("e1000e")),
        is_virtual: Some(false),
        state: Some("up".to_owned()),
        speed_mbit_per_s: Some(1000),
        duplex: Some("full".to_owned()),
        mtu_bytes: Some(1500),
        ring: Some(Ring {
            rx: Some(256),
            rx_max: Some(4096),
            tx: Some(256),
            tx_max: Some(4096),
            ..Ring::default()
        }),
        rx_bytes: Some(912 * MIB),
        tx_bytes: Some(77 * MIB),
        rx_ring_overflows: Some(412),
        rx_ring_overflows_since_boot: Some(91_234),
        ..Nic::default()
    };
    vec![
        Nic { name: n("lo"), is_virtual: Some(true), mtu_bytes: Some(65536), ..Nic::default() },
        nic("eth0"),
        nic("eth1"),
    ]
}

fn netns(n: Name<'_>) -> Netns {
    Netns {
        pid: Some(1),
        name: n("host"),
        inode: Some(4_026_531_840),
        is_host: true,
        keepalive: Some(Keepalive {
            time_s: 7200.0,
            interval_s: 75.0,
            probes: 9,
            longest_gap_s: 7200.0,
            dead_peer_s: 7875.0,
        }),
        ports: Some(Ports {
            low: 32768,
            high: 60999,
            reserved: 0,
            usable: 28232,
            tw_reuse: Some(0),
            timestamps: Some(1),
            ..Ports::default()
        }),
        tcp: Some(Tcp {
            states: [("ESTAB", 141), ("TIME-WAIT", 27_320), ("LISTEN", 10)]
                .map(|(k, v)| (k.to_owned(), v))
                .into(),
            established: 141,
            established_remote: 130,
            time_wait: 27_320,
            listen: 10,
            keepalive_on: Some(18),
            keepalive_off: Some(112),
            keepalive_unknown: Some(0),
            idle_established: Some(12),
            idle_max_s: Some(5400.0),
            estab_resets: Some(0),
            idle_s: (1..130).map(|i| f64::from(i * i) / 3.0).collect(),
            time_wait_age_s: (0..600).map(|i| f64::from(i) / 10.0).collect(),
            peers: vec![
                Peer {
                    state: "TIME-WAIT".to_owned(),
                    peer: n("10.0.0.5:8080"),
                    role: "client".to_owned(),
                    count: 27_101,
                    owners: Some(vec![n("api-worker")]),
                },
                Peer {
                    state: "ESTAB".to_owned(),
                    peer: n("listener :5432"),
                    role: "server".to_owned(),
                    count: 96,
                    owners: Some(vec![n("postgres")]),
                },
            ],
            ..Tcp::default()
        }),
        port_keys: vec![port_key(n)],
        ..Netns::default()
    }
}

fn port_key(n: Name<'_>) -> PortKey {
    PortKey {
        name: n("10.0.0.17 -> 10.0.0.5:8080"),
        local_addr: "10.0.0.17".to_owned(),
        remote_addr: "10.0.0.5".to_owned(),
        remote_port: 8080,
        used: 27_140,
        time_wait: 27_101,
        not_time_wait: 39,
        reusable: Some(0),
        utilization_ratio: 0.961,
        closes_per_s: Some(452.0),
        steady: Some(27_120.0),
        steady_ratio: Some(0.9606),
        max_rate_per_s: 470.5,
        reuse_possible: Some(false),
        owners: Some(vec![n("api-worker")]),
        ..PortKey::default()
    }
}

fn sysctl(n: Name<'_>) -> Sysctl {
    let runtime = [
        ("vm.swappiness", "10"),
        ("vm.overcommit_memory", "0"),
        ("net.ipv4.tcp_tw_reuse", "0"),
        ("net.ipv4.tcp_timestamps", "1"),
        ("net.ipv4.ip_local_port_range", "32768 60999"),
        ("net.ipv4.tcp_keepalive_time", "7200"),
        ("kernel.pid_max", "4194304"),
    ];
    Sysctl {
        runtime: runtime.map(|(k, v)| (k.to_owned(), n(v))).into(),
        mismatches: vec![Mismatch {
            module: None,
            key: "vm.swappiness".to_owned(),
            runtime: n("10"),
            persisted: Some(n("60")),
            kernel_default: Some("60".to_owned()),
            kind: "not-active".to_owned(),
            file: Some(n("/etc/sysctl.d/99-local.conf")),
            line: Some(3),
            losers: vec![n("/usr/lib/sysctl.d/50-default.conf:12 30")],
            by_design: false,
        }],
        unknown_keys: Vec::new(),
        defaults: std::collections::BTreeMap::new(),
        persisted: [(
            "vm.swappiness".to_owned(),
            Persisted { value: n("60"), file: n("/etc/sysctl.d/99-local.conf"), line: 3 },
        )]
        .into(),
    }
}
