//! Facts of the sample beyond those of its findings: one element for each list of the report, and
//! the same lists as long as a host can make them.

use super::Name;
use crate::facts::Facts;
use crate::facts::cgroups::{Cgroup, CgroupCpu, CgroupMemory, CgroupPids};
use crate::facts::cpu::CpuUse;
use crate::facts::irq::{Irq, Spread};
use crate::facts::kernel_log::{Events, Message, OomKill};
use crate::facts::memory::totals::Totals;
use crate::facts::netns::{
    CloseWait, Connecting, Connections, Counter, Counters, Listener, RetransPeer, Retries, Subnet,
    TimeWait, TimeWaitGroup,
};
use crate::facts::pressure::{Resource, Stall};
use crate::facts::swap::{Swap, SwapDevice, SwapOwner};
use crate::facts::tasks::{ZombieParent, Zombies};

const MIB: i64 = 1 << 20;

pub(super) fn add(facts: &mut Facts, n: Name<'_>) {
    let tree = &mut facts.tree;
    tree.cpu.each = (0..4).map(cpu).collect();
    tree.cpu.interval_end_s = (1..61).map(f64::from).collect();
    tree.irq = Irq {
        nic: Some(Spread { per_s: 8123.0, cpu: 3, ratio: 0.97, cpus: 1 }),
        irqbalance: Some(false),
        ..Irq::default()
    };
    let stall =
        Stall { window_ratio: Some(0.12), avg10_ratio: 0.1, avg60_ratio: 0.09, avg300_ratio: 0.02 };
    tree.pressure.cpu = Some(Resource { some: Some(stall), full: None });
    tree.memory.totals = Some(Totals {
        used_procps3_bytes: Some(7000 * MIB),
        used_procps4_bytes: Some(8300 * MIB),
        used_procps2_bytes: Some(14_000 * MIB),
        buff_cache_bytes: Some(6700 * MIB),
        ..Totals::default()
    });
    tree.swap = swap(n);
    tree.tasks.zombies = Some(Zombies {
        count: 12,
        parents: vec![ZombieParent {
            pid: 311,
            comm: n("supervisor"),
            zombies: 12,
            example: n("worker"),
            oldest_age_s: Some(400.0),
            ..ZombieParent::default()
        }],
        ..Zombies::default()
    });
    tree.cgroups.items = vec![cgroup(n)];
    tree.kernel_log.oom_kills =
        vec![OomKill { pid: 77, comm: n("java"), age_s: Some(4000.0), ..OomKill::default() }];
    tree.kernel_log.oom_cgroup = Some(Events {
        count: 1,
        in_day: 1,
        first_age_s: Some(4000.0),
        last_age_s: Some(4000.0),
        last_unix_s: Some(1_772_362_400.0),
        latest: vec![Message { text: n("Memory cgroup out of memory"), ..Message::default() }],
        ..Events::default()
    });
    tree.collection.window_unix_s = Some(1_772_366_401.0);
    tree.sysctl.defaults = [("vm.swappiness", "60"), ("vm.overcommit_memory", "0")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
    netns(facts, n);
}

fn cpu(cpu: i64) -> CpuUse {
    CpuUse {
        cpu,
        busy_ratio: 0.62,
        user_ratio: 0.41,
        system_ratio: 0.17,
        irq_ratio: 0.01,
        softirq_ratio: if cpu == 3 { 0.31 } else { 0.01 },
        steal_ratio: 0.01,
        interval_busy_ratio: (0..60).map(|i| f64::from((i * 7) % 10) / 10.0).collect(),
        running_mean: Some(1.4),
    }
}

fn swap(n: Name<'_>) -> Swap {
    Swap {
        total_bytes: Some(4096 * MIB),
        used_bytes: Some(68 * MIB),
        devices: vec![SwapDevice {
            path: n("/dev/vdb"),
            kind: "partition".to_owned(),
            size_bytes: 4096 * MIB,
            used_bytes: 68 * MIB,
            priority: -2,
            ..SwapDevice::default()
        }],
        owners: vec![SwapOwner {
            name: n("postgres"),
            pid: 907,
            swap_bytes: 40 * MIB,
            resident_bytes: Some(2048 * MIB),
            swapped_ratio: Some(0.02),
            cgroup: Some(n("/system.slice/postgresql.service")),
            ..SwapOwner::default()
        }],
        ..Swap::default()
    }
}

fn cgroup(n: Name<'_>) -> Cgroup {
    Cgroup {
        path: n("/system.slice/api.service"),
        name: n("api.service"),
        comms: vec![n("api-worker")],
        processes: Some(9),
        memory: Some(CgroupMemory {
            current_bytes: Some(980 * MIB),
            limit_bytes: Some(1024 * MIB),
            working_bytes: Some(900 * MIB),
            working_ratio: Some(0.88),
            oom_kills: Some(1),
            pressure_some_ratio: Some(0.02),
            ..CgroupMemory::default()
        }),
        cpu: Some(CgroupCpu {
            quota_cpus: Some(2.0),
            used_cpus: Some(1.9),
            used_ratio: Some(0.95),
            periods: Some(600),
            throttled_ratio: Some(0.4),
            ..CgroupCpu::default()
        }),
        pids: Some(CgroupPids { current: Some(40), max: Some(100), ..CgroupPids::default() }),
        ..Cgroup::default()
    }
}

fn netns(facts: &mut Facts, n: Name<'_>) {
    let Some(ns) = facts.tree.netns.items.first_mut() else { return };
    ns.listeners = vec![Listener {
        name: n("0.0.0.0:8080"),
        port: 8080,
        queue: Some(129),
        limit: Some(128),
        queue_ratio: Some(1.008),
        half_open: 4,
        owners: Some(vec![n("api-worker")]),
        ..Listener::default()
    }];
    ns.time_wait = Some(TimeWait {
        count: 27_320,
        client: 27_101,
        server: 219,
        max: Some(131_072),
        groups: vec![TimeWaitGroup {
            name: n("10.0.0.5:8080"),
            role: "client".to_owned(),
            count: 27_101,
            closes_per_s: Some(452.0),
            ..TimeWaitGroup::default()
        }],
        ..TimeWait::default()
    });
    ns.close_wait =
        vec![CloseWait { process: n("java"), pid: Some(77), count: 300, ..CloseWait::default() }];
    ns.connecting = vec![Connecting {
        peer: n("10.0.0.9:5432"),
        count: 3,
        retried: 3,
        oldest_s: 7.0,
        owners: Some(vec![n("java")]),
        ..Connecting::default()
    }];
    ns.connections = vec![Connections {
        name: n("postgres :5432"),
        established: 96,
        keepalive_on: Some(0),
        keepalive_off: Some(96),
        idle_max_s: Some(5400.0),
        ..Connections::default()
    }];
    ns.retrans_peers = vec![RetransPeer {
        name: n("10.0.0.7:443"),
        address: "10.0.0.7".to_owned(),
        port: 443,
        connections: 4,
        sent: Some(1000),
        again: Some(30),
        ratio: Some(0.03),
        stuck: 1,
        ..RetransPeer::default()
    }];
    ns.subnets =
        vec![Subnet { name: "10.0.0.0/24".to_owned(), connections: 40, ..Subnet::default() }];
    ns.retries = Some(retries());
    ns.counters = Some(Counters {
        listen_overflows: Some(Counter { total: 91, delta: Some(12), per_s: Some(0.2) }),
        ..Counters::default()
    });
}

fn retries() -> Retries {
    Retries {
        syn: 6,
        syn_gives_up_s: 127.0,
        synack: 5,
        synack_gives_up_s: 63.0,
        retries1: 3,
        route_doubted_s: 3.0,
        retries2: 15,
        data_gives_up_s: 924.6,
        orphan: 0,
        orphan_effective: 8,
        orphan_gives_up_s: 102.2,
        fin_timeout_s: Some(60.0),
        ..Retries::default()
    }
}

/// Every list as long as a host can make it, or longer.
pub(super) fn fill(facts: &mut Facts) {
    let tree = &mut facts.tree;
    tree.cpu.each = (0..1024).map(cpu).collect();
    repeat(&mut tree.processes.top, 400);
    repeat(&mut tree.processes.growth, 1000);
    repeat(&mut tree.memory.slab_caches, 20);
    repeat(&mut tree.swap.owners, 20);
    repeat(&mut tree.cgroups.items, 500);
    repeat(&mut tree.nics.items, 1000);
    repeat(&mut tree.kernel_log.oom_kills, 50);
    repeat(&mut tree.sysctl.mismatches, 500);
    repeat(&mut tree.collection.gaps, 10_000);
    for ns in &mut tree.netns.items {
        repeat(&mut ns.listeners, 50);
        repeat(&mut ns.port_keys, 50);
        repeat(&mut ns.close_wait, 50);
        repeat(&mut ns.connecting, 50);
        repeat(&mut ns.connections, 50);
        repeat(&mut ns.retrans_peers, 50);
        repeat(&mut ns.subnets, 50);
        if let Some(time_wait) = &mut ns.time_wait {
            repeat(&mut time_wait.groups, 50);
        }
        if let Some(tcp) = &mut ns.tcp {
            repeat(&mut tcp.peers, 50);
        }
    }
    repeat(&mut tree.netns.items, 256);
}

fn repeat<T: Clone>(list: &mut Vec<T>, times: usize) {
    *list = list.iter().cycle().take(times).cloned().collect();
}
