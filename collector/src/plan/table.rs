//! The table itself. Order is the order of reading within a phase.
//!
//! Left out on purpose: versions of services (a package database of megabytes would tell, or a run of
//! the service's program, which may do anything), journals of applications (their files are binary,
//! and a tool that reads them all takes long), a second count of mappings after the window's start
//! (it waits for `mmap_lock`), and the number of inotify watches (`fdinfo` of an instance is made as
//! one text in kernel memory, a hundred bytes a watch and half a million of them on large hosts, under
//! the lock that its owner needs to add one; on overlay file systems it may even write).

use super::Group::{
    Block, Cgroup, Commands, Cpu, Hardware, Host, Logs, Memory, Mm, Net, Process, Sysctl,
};
use super::How::{
    Deleted, Descriptors, MountNamespaces, Own, Pack, Process as Pid, ProcessEntries, ProcessLines,
    ProcessLink, ProcessLinks, Small, Thread, Tree, Yield,
};
use super::Right::{Owner, Root};
use super::When::{End, Last, Once, Sample, Target, Twice};
use super::row::{KIB, MIB, config, file, links, names, pid, probe, probe_yield, sys};
use super::{Bound, Class, How, Mask, Request, Source};

use super::sysfs::{
    CGROUP, DISK_NAMES, IRQ, SYS_AER, SYS_BLOCK, SYS_CPU, SYS_DEBUG, SYS_DMI, SYS_EDAC, SYS_FS,
    SYS_HYPERVISOR, SYS_MM, SYS_MODULE, SYS_NET, SYS_NODE, SYS_PCI, SYS_ZRAM, UNIT_LINKS,
};

const THREADS: Bound = Bound::CpusByThreads(20_000);
const SCHED_DEBUG: &str = "run queues of each CPU; only where CPUs times threads are few";

/// Everything that is read.
pub(crate) const TABLE: &[Source] = &[
    // Kernel, distribution, container or not.
    file("proc/version", Host, Once, "kernel version decides which formulas hold"),
    file("proc/cmdline", Host, Once, "boot parameters: isolcpus, mitigations, sysctl.*")
        .mask(Mask::Text),
    file("proc/uptime", Host, Twice, "age of the counters since boot"),
    file("proc/sys/kernel/random/boot_id", Host, Once, "two archives of one boot can be compared"),
    file("proc/sys/kernel/tainted", Host, Once, "foreign modules, past oopses"),
    file("proc/modules", Host, Once, "which drivers and protocols are loaded"),
    file("proc/filesystems", Host, Once, "which file systems the kernel knows"),
    file("proc/config.gz", Host, Once, "kernel configuration").cap(512 * KIB),
    file("proc/1/cgroup", Host, Once, "container or host"),
    file("proc/1/mountinfo", Host, Once, "mounts of the host").right(Owner),
    file("proc/self/mountinfo", Host, Once, "mounts as seen here: lxcfs, container"),
    file("etc/os-release", Host, Once, "distribution").class(Class::Slow).cap(64 * KIB),
    file("etc/redhat-release", Host, Once, "distribution of old hosts")
        .class(Class::Slow)
        .cap(4 * KIB),
    file("etc/debian_version", Host, Once, "point release").class(Class::Slow).cap(4 * KIB),
    file("run/systemd/container", Host, Once, "kind of container").class(Class::Slow).cap(4 * KIB),
    file("run/reboot-required", Host, Once, "an update waits for a reboot")
        .class(Class::Slow)
        .cap(4 * KIB),
    file("run/reboot-required.pkgs", Host, Once, "which packages wait for a reboot")
        .class(Class::Slow)
        .cap(64 * KIB),
    file("proc/1/sched", Host, Once, "container or host, on old kernels").cap(4 * KIB),
    file(".dockerenv", Host, Once, "that it is there tells of a container").class(Class::Slow),
    file("run/.containerenv", Host, Once, "that it is there tells of a container")
        .class(Class::Slow)
        .cap(4 * KIB)
        .mask(Mask::Text),
    file("boot/config-{release}", Host, Once, "kernel configuration")
        .class(Class::Slow)
        .cap(512 * KIB),
    names("names/lib/modules", Host, "installed kernels"),
    names("names/boot", Host, "installed kernels"),
    names("names/var/log/pods", Host, "Kubernetes pods"),
    names("names/run/netns", Net, "named network namespaces"),
    names("names/etc/systemd/system", Host, "services of the administrator"),
    names("names/run/systemd/system", Host, "services made at run time"),
    names("names/usr/lib/systemd/system", Host, "installed services"),
    names("names/lib/systemd/system", Host, "installed services"),
    names("names/etc/init.d", Host, "services of old hosts"),
    links("packs/etc/systemd", "etc/systemd/system", UNIT_LINKS, Host, "what starts at boot"),
    Source::new("commands/sysctl_-a", How::Sysctl(&[]), Sysctl, Once, "all kernel parameters"),
    Source::new(
        "probes/sysctl_net_vm",
        How::Sysctl(&["net", "vm"]),
        Sysctl,
        End,
        "whether somebody changes parameters while we look",
    ),
    // Configuration that the next boot applies.
    config("etc/sysctl.conf", "what the next boot will set"),
    config("etc/sysctl.d/*.conf", "what the next boot will set"),
    config("run/sysctl.d/*.conf", "what the next boot will set"),
    config("usr/local/lib/sysctl.d/*.conf", "what the next boot will set"),
    config("usr/lib/sysctl.d/*.conf", "what the next boot will set"),
    config("lib/sysctl.d/*.conf", "what the next boot will set"),
    config("etc/tuned/active_profile", "tuned sets parameters after sysctl.d"),
    config("etc/tuned/profile_mode", "whether tuned chose by itself"),
    config("etc/tuned/*/tuned.conf", "own profiles of tuned"),
    config("usr/lib/tuned/*/tuned.conf", "profiles of tuned"),
    config("usr/lib/tuned/profiles/*/tuned.conf", "profiles of tuned"),
    config("etc/modules", "modules loaded at boot"),
    config("etc/modules-load.d/*.conf", "modules loaded at boot, before their parameters"),
    config("usr/lib/modules-load.d/*.conf", "modules loaded at boot"),
    config("etc/modprobe.d/*.conf", "module options and blacklists"),
    config("etc/fstab", "what should be mounted"),
    config("etc/security/limits.conf", "limits of login sessions"),
    config("etc/security/limits.d/*.conf", "limits of login sessions"),
    config("etc/systemd/system.conf", "default limits of services"),
    config("etc/systemd/system.conf.d/*.conf", "default limits of services"),
    config("etc/systemd/system/*.d/*.conf", "limits of single services"),
    config("etc/systemd/system/*.service", "limits of own services"),
    config("etc/default/grub", "boot parameters of the next boot"),
    config("etc/default/irqbalance", "whether interrupts are spread on purpose"),
    config("etc/sysconfig/irqbalance", "whether interrupts are spread on purpose"),
    // Of services only the directives that rules name are kept, see `redact::config`.
    config("etc/nginx/nginx.conf", "keepalive, pools and timeouts towards others"),
    config("etc/nginx/{conf.d,sites-enabled,upstreams.d}/*", "keepalive, pools and timeouts"),
    config("etc/haproxy/haproxy.cfg", "keepalive, pools and timeouts"),
    config("etc/haproxy/conf.d/*.cfg", "keepalive, pools and timeouts"),
    config("etc/httpd/conf/httpd.conf", "workers, keepalive, timeouts"),
    config("etc/httpd/{conf.d,conf.modules.d}/*.conf", "workers, keepalive, timeouts"),
    config("etc/apache2/{apache2,ports}.conf", "workers, keepalive, timeouts"),
    config("etc/apache2/{conf,mods,sites}-enabled/*.conf", "workers, keepalive, timeouts"),
    config("etc/rabbitmq/rabbitmq.conf", "heartbeat, memory high watermark"),
    config("etc/rabbitmq/conf.d/*.conf", "heartbeat, memory high watermark"),
    config("etc/{redis,valkey}/*.conf", "maxmemory, tcp-keepalive, backlog"),
    config("etc/redis.conf", "maxmemory, tcp-keepalive, backlog"),
    config("etc/postgresql/*/*/postgresql.conf", "memory, connections, keepalives"),
    config("etc/postgresql/*/*/conf.d/*.conf", "memory, connections, keepalives"),
    config("var/lib/pgsql/data/postgresql.conf", "memory, connections, keepalives"),
    config("var/lib/pgsql/*/data/postgresql.conf", "memory, connections, keepalives"),
    config("etc/my.cnf", "memory, connections, timeouts"),
    config("etc/my.cnf.d/*.cnf", "memory, connections, timeouts"),
    config("etc/mysql/my.cnf", "memory, connections, timeouts"),
    config("etc/mysql/*/*.cnf", "memory, connections, timeouts"),
    config("etc/ssh/sshd_config", "keepalive of sessions"),
    config("etc/ssh/sshd_config.d/*.conf", "keepalive of sessions"),
    // Processors and load.
    file("proc/cpuinfo", Cpu, Once, "model, flags, hypervisor").cap(4 * MIB),
    file("proc/stat", Cpu, Sample, "CPU time, run queue, blocked tasks").cap(4 * MIB),
    file("proc/loadavg", Cpu, Sample, "load averages"),
    file("proc/pressure/cpu", Cpu, Sample, "time lost waiting for a CPU"),
    file("proc/pressure/io", Cpu, Sample, "time lost waiting for I/O"),
    file("proc/pressure/memory", Memory, Sample, "time lost waiting for memory"),
    file("proc/pressure/irq", Cpu, Sample, "time lost to interrupts"),
    file("proc/schedstat", Cpu, Twice, "run-queue waits per CPU").cap(4 * MIB),
    file("proc/interrupts", Cpu, Twice, "interrupts per CPU").cap(4 * MIB),
    file("proc/softirqs", Cpu, Twice, "soft interrupts per CPU"),
    Source::new("proc/sched_debug", Small(THREADS), Cpu, Last, SCHED_DEBUG)
        .right(Root)
        .cap(2 * MIB),
    Source::new("sys/kernel/debug/sched/debug", Small(THREADS), Cpu, Last, SCHED_DEBUG)
        .right(Root)
        .cap(2 * MIB),
    Source::new(
        "packs/proc/irq",
        Pack("proc", IRQ),
        Cpu,
        Twice,
        "which CPU serves which interrupt",
    )
    .cap(4 * KIB),
    sys(
        "packs/sys/cpu",
        Cpu,
        Twice,
        SYS_CPU,
        "topology, frequency, throttling, mitigations, clocks",
    ),
    // Memory.
    file("proc/meminfo", Memory, Sample, "the memory identity"),
    file("proc/vmstat", Memory, Sample, "reclaim, swap, NUMA, THP counters"),
    file("proc/zoneinfo", Memory, Twice, "free pages on per-CPU lists, watermarks").cap(4 * MIB),
    file("proc/buddyinfo", Memory, Once, "fragmentation"),
    Source::new(
        "proc/pagetypeinfo",
        Small(Bound::MemoryGib(8)),
        Memory,
        Once,
        "fragmentation by mobility; only on hosts of up to 8 GiB",
    )
    .right(Root),
    file("proc/slabinfo", Memory, Twice, "which kernel objects hold the slab").right(Root),
    file("proc/vmallocinfo", Memory, Once, "who holds vmalloc memory").right(Root).cap(4 * MIB),
    file("proc/allocinfo", Memory, Once, "kernel memory by allocating line")
        .right(Root)
        .cap(4 * MIB),
    file("proc/swaps", Memory, Twice, "swap devices and their use"),
    file("proc/sysvipc/shm", Memory, Once, "shared memory segments"),
    file("proc/sysvipc/sem", Memory, Once, "semaphores"),
    file("proc/sysvipc/msg", Memory, Once, "message queues"),
    file("proc/spl/kstat/zfs/arcstats", Memory, Twice, "the ZFS cache is no page cache"),
    file("proc/spl/kstat/zfs/*/state", Block, Once, "health of ZFS pools"),
    sys("packs/sys/node", Memory, Twice, SYS_NODE, "memory and counters of each NUMA node"),
    sys("packs/sys/mm", Memory, Once, SYS_MM, "huge pages, THP, KSM, zswap"),
    sys("packs/sys/zram", Memory, Twice, SYS_ZRAM, "how well compressed swap compresses"),
    sys("packs/sys/debug", Memory, Once, SYS_DEBUG, "compressed swap, memory of graphics"),
    sys("packs/sys/module", Host, Once, SYS_MODULE, "parameters of modules"),
    // Control groups.
    file("proc/cgroups", Cgroup, Once, "controllers and number of groups"),
    Source::new(
        "packs/sys/cgroup",
        Tree("sys/fs/cgroup", CGROUP),
        Cgroup,
        Twice,
        "limits, use and pressure of services and containers",
    )
    .class(Class::Slow)
    .cap(64 * KIB),
    // Disks and file systems.
    file("proc/diskstats", Block, Sample, "reads, writes, time busy per disk").cap(4 * MIB),
    file("proc/mdstat", Block, Twice, "software RAID"),
    file("proc/partitions", Block, Once, "sizes of block devices"),
    file("proc/scsi/scsi", Block, Once, "SCSI devices and their makers"),
    sys(
        "packs/sys/block",
        Block,
        Once,
        SYS_BLOCK,
        "queue settings, errors, RAID and stacking of disks",
    ),
    links("packs/dev/disk", "dev/disk", DISK_NAMES, Block, "stable names of disks"),
    sys("packs/sys/fs", Block, Once, SYS_FS, "errors that file systems have counted"),
    // Network of this namespace.
    file("proc/net/dev", Net, Sample, "bytes, drops, errors per interface"),
    file("proc/net/snmp", Net, Sample, "IP, TCP, UDP counters"),
    file("proc/net/snmp6", Net, Sample, "IPv6 counters"),
    file("proc/net/netstat", Net, Sample, "extended TCP counters"),
    file("proc/net/sockstat", Net, Sample, "sockets in use, TCP memory"),
    file("proc/net/sockstat6", Net, Sample, "IPv6 sockets in use"),
    file("proc/net/softnet_stat", Net, Sample, "backlog drops, squeezes per CPU"),
    file("proc/net/udp", Net, Twice, "drops per UDP socket").cap(4 * MIB),
    file("proc/net/udp6", Net, Twice, "drops per UDP socket").cap(4 * MIB),
    file("proc/net/route", Net, Once, "IPv4 routes").cap(MIB),
    file("proc/net/ipv6_route", Net, Once, "IPv6 routes").cap(MIB),
    file("proc/net/if_inet6", Net, Once, "IPv6 addresses"),
    file("proc/net/fib_trie", Net, Once, "local IPv4 addresses").cap(MIB),
    file("proc/net/arp", Net, Once, "neighbours").cap(MIB),
    file("proc/net/protocols", Net, Once, "memory per protocol"),
    file("proc/net/stat/nf_conntrack", Net, Twice, "connection tracking: drops, failed inserts"),
    file("proc/net/stat/arp_cache", Net, Twice, "neighbour table overflows"),
    file("proc/net/stat/ndisc_cache", Net, Twice, "neighbour table overflows, IPv6"),
    file("proc/net/ip_vs", Net, Once, "virtual servers of LVS").cap(MIB).right(Root),
    file("proc/net/ip_vs_stats", Net, Twice, "LVS counters").right(Root),
    file("proc/net/bonding/*", Net, Once, "state of bonds and their members"),
    file("proc/net/vlan/config", Net, Once, "VLAN interfaces").right(Root),
    file("proc/sys/net/netfilter/nf_conntrack_count", Net, Sample, "tracked connections"),
    file("proc/sys/kernel/random/entropy_avail", Host, Sample, "entropy, of old kernels"),
    file("proc/sys/fs/file-nr", Process, Sample, "open files of the host"),
    file("proc/sys/fs/dentry-state", Memory, Sample, "directory entries, negative ones"),
    sys("packs/sys/net", Net, Twice, SYS_NET, "speed, queues, steering, links of interfaces"),
    // Hardware.
    file("proc/iomem", Hardware, Once, "memory that the firmware keeps").right(Root),
    file("sys/firmware/dmi/tables/smbios_entry_point", Hardware, Once, "firmware tables")
        .right(Root)
        .cap(4 * KIB),
    file(
        "sys/firmware/dmi/tables/DMI",
        Hardware,
        Once,
        "DIMMs, slots, board as the firmware tells",
    )
    .right(Root)
    .cap(MIB),
    sys("packs/sys/dmi", Hardware, Once, SYS_DMI, "maker, product, BIOS"),
    sys("packs/sys/hypervisor", Hardware, Once, SYS_HYPERVISOR, "kind of virtual machine"),
    sys("packs/sys/pci", Hardware, Once, SYS_PCI, "devices, drivers, link speeds"),
    sys("packs/sys/aer", Hardware, Twice, SYS_AER, "errors of PCI Express links"),
    sys("packs/sys/edac", Hardware, Twice, SYS_EDAC, "memory errors"),
    file("dev/kmsg", Logs, Twice, "kernel log with levels and times")
        .right(Root)
        .cap(4 * MIB)
        .mask(Mask::Text),
    // Processes.
    pid("packs/proc-pid/stat", "stat", Sample, "state, CPU time, start, threads"),
    pid("packs/proc-pid/statm", "statm", Sample, "resident, shared, data: the growth series"),
    pid(
        "packs/proc-pid/status",
        "status",
        Target,
        "RssAnon, swap; in samples of the 200 largest and growers",
    ),
    pid("packs/proc-pid/limits", "limits", Once, "limits in force"),
    pid("packs/proc-pid/cgroup", "cgroup", Once, "service or container of the process"),
    pid("packs/proc-pid/oom_score_adj", "oom_score_adj", Once, "who is killed first"),
    pid("packs/proc-pid/oom_score", "oom_score", Once, "who is killed first"),
    pid("packs/proc-pid/loginuid", "loginuid", Once, "started by a person or by the system"),
    pid("packs/proc-pid/schedstat", "schedstat", Twice, "time waited for a CPU"),
    pid("packs/proc-pid/io", "io", Twice, "bytes read and written").right(Owner).class(Class::Mm),
    Source::new(
        "packs/proc-pid/exe",
        ProcessLink("exe"),
        Process,
        Once,
        "program; deleted after an update",
    )
    .right(Owner),
    Source::new("packs/proc-pid/ns", ProcessLinks("ns"), Process, Once, "namespaces")
        .right(Owner)
        .cap(64 * KIB),
    Source::new(
        "packs/proc-pid/fd",
        ProcessLinks("fd"),
        Process,
        Once,
        "sockets and deleted files by process",
    )
    .right(Owner)
    .cap(4 * MIB),
    Source::new(
        "packs/proc-pid/fd_count",
        ProcessEntries("fd"),
        Process,
        Target,
        "open files of all processes twice; in samples the 200 with most",
    )
    .right(Owner),
    Source::new(
        "packs/proc-pid/fd_stat",
        Deleted,
        Process,
        Once,
        "space and memory that deleted but open files hold",
    )
    .right(Owner)
    .class(Class::Slow)
    .cap(4 * KIB),
    Source::new(
        "packs/proc-pid/fdinfo",
        Descriptors,
        Process,
        Once,
        "how deleted files are open; memory of graphics by process",
    )
    .right(Owner)
    .cap(16 * KIB),
    Source::new(
        "packs/proc-pid/mountinfo",
        MountNamespaces,
        Process,
        Once,
        "mounts that containers and services see",
    )
    .right(Owner)
    .cap(256 * KIB),
    Source::new(
        "packs/proc-pid/maps_count",
        ProcessLines("maps"),
        Mm,
        Last,
        "mappings, whose number is limited, of the 50 processes with the largest page tables, the 50 \
         with the largest address space, and those that hold deleted files",
    )
    .class(Class::Mm)
    .right(Owner)
    .cap(64 * KIB),
    Source::new(
        "packs/proc-pid/maps_deleted",
        Yield,
        Mm,
        Last,
        "deleted files that these processes map: closing them gives no space back",
    )
    .class(Class::Mm)
    .right(Owner),
    Source::new(
        "packs/proc-pid/sched",
        Pid("sched"),
        Process,
        Last,
        "waits and memory nodes of the 200 largest processes and of growers",
    )
    .cap(16 * KIB),
    Source::new(
        "packs/proc-task/stat",
        Thread("stat"),
        Process,
        Target,
        "all threads twice; in samples those in R or D",
    )
    .cap(2 * MIB),
    Source::new(
        "packs/proc-task/wchan",
        Thread("wchan"),
        Process,
        Target,
        "where threads in D wait",
    )
    .right(Owner)
    .cap(4 * KIB),
    Source::new(
        "packs/proc-task/stack",
        Thread("stack"),
        Process,
        Target,
        "kernel stack of threads in D",
    )
    .right(Root)
    .cap(64 * KIB),
    Source::new(
        "packs/proc-task/syscall",
        Thread("syscall"),
        Process,
        Target,
        "system call of threads in D",
    )
    .right(Owner)
    .class(Class::Mm)
    .cap(4 * KIB),
    Source::new("probes/own_pids", Own, Process, Sample, "our own processes, to be subtracted"),
    // Native probes.
    probe("probes/clock.json", Host, Once, Request::Clock, "whether time is synchronised"),
    probe("probes/netns.jsonl", Net, Twice, Request::Netns, "network namespaces")
        .right(Root)
        .class(Class::Probe),
    probe_yield("probes/netns/*", Net, Twice, "counters and parameters of each network namespace")
        .right(Root),
    probe_yield(
        "probes/inet_diag/*",
        Net,
        Twice,
        "all TCP and UDP sockets of each network namespace",
    )
    .right(Root),
    probe(
        "probes/ethtool/*.json",
        Net,
        Twice,
        Request::Ethtool,
        "link, rings, offloads, statistics",
    ),
    probe("probes/statfs.jsonl", Block, Twice, Request::Statfs, "how full file systems are"),
    // Address spaces, after the window.
    Source::new(
        "packs/proc-pid/cmdline",
        Pid("cmdline"),
        Process,
        Last,
        "command lines, secrets masked",
    )
    .class(Class::Mm)
    .cap(64 * KIB)
    .mask(Mask::Arguments),
    Source::new(
        "packs/proc-pid/smaps_rollup",
        Pid("smaps_rollup"),
        Mm,
        Last,
        "exact memory of each process; growers within the window",
    )
    .class(Class::Mm)
    .right(Owner)
    .cap(64 * KIB),
    Source::new(
        "packs/proc-pid/smaps",
        Pid("smaps"),
        Mm,
        Last,
        "which mapping holds the memory: ten largest; growers within the window",
    )
    .class(Class::Mm)
    .right(Owner)
    .cap(4 * MIB),
    Source::new(
        "packs/proc-pid/numa_maps",
        Pid("numa_maps"),
        Mm,
        Last,
        "on which node the twenty largest lie; only with several nodes",
    )
    .class(Class::Mm)
    .right(Owner)
    .cap(4 * MIB),
    probe("probes/smart/*", Block, Last, Request::Smart, "health of disks, from the disks")
        .right(Root)
        .class(Class::Probe),
    probe(
        "probes/logs.jsonl",
        Logs,
        Last,
        Request::Logs,
        "exhausted ports, files, processes in the logs of the last 24 hours, by peer",
    )
    .class(Class::Probe)
    .mask(Mask::Text),
    probe_yield("probes/kernel_log/*", Logs, Last, "kernel messages that the ring has lost")
        .mask(Mask::Text),
    // Tools of the host, last of all.
    probe("commands", Commands, Last, Request::Commands, "tools as the engineer reads them")
        .class(Class::Tool)
        .mask(Mask::Text),
];
