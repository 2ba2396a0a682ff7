//! The host: kernel, distribution, clock, what kind of machine.

use crate::facts::build::pods::parse as pods;
use crate::facts::env::Pod;
use crate::facts::plan::{Packed, Passes, Sampled};
use crate::parse::{
    Rows, cgroups, date, logs, mountinfo, os_release, pid_sched, uptime, uptime_text,
};

use super::net::namespace;
use super::{line, sys};

inputs! {
    /// The host: kernel, distribution, clock, what kind of machine.
    Host
    /// Kernel version.
    version: Sampled<String> = |p| p.sampled("proc/version", |t, _| Ok(line(t)));
    /// Boot parameters, as text.
    cmdline: Sampled<String> = |p| p.sampled("proc/cmdline", |t, _| Ok(line(t)));
    /// Time since boot.
    uptime: Sampled<uptime::Uptime> = |p| p.sampled("proc/uptime", |t, _| uptime::parse(t));
    /// Distribution.
    os_release: Sampled<os_release::OsRelease> =
        |p| p.sampled("etc/os-release", |t, _| os_release::parse(t));
    /// The same as Debian's kin tell it: os-release is a link, and others archive only the link.
    lsb_release: Sampled<os_release::OsRelease> =
        |p| p.sampled("etc/lsb-release", |t, _| os_release::parse(t));
    /// The same as Red Hat's kin tell it.
    redhat_release: Sampled<String> =
        |p| p.sampled("etc/redhat-release", |t, _| Ok(line(t)));
    /// Host name, for archives without a header.
    host_name: Sampled<String> = |p| p.sampled("proc/sys/kernel/hostname", |t, _| Ok(line(t)));
    /// The same by its tool.
    host_name_text: Sampled<String> = |p| p.sampled("commands/hostname", |t, _| Ok(line(t)));
    /// Kernel and host in one line.
    uname: Sampled<String> = |p| p.sampled("commands/uname", |t, _| Ok(line(t)));
    /// Time since boot to the minute, and load averages.
    uptime_text: Sampled<uptime_text::UptimeText> =
        |p| p.sampled("commands/uptime", |t, _| uptime_text::parse(t));
    /// The moment of the collection, seconds since 1970.
    date: Sampled<i64> = |p| p.sampled("commands/date", |t, _| date::parse(t));
    /// The same as the clock on the wall of the host shows it.
    date_local: Sampled<i64> = |p| p.sampled("commands/date_local", |t, _| date::wall(t));
    /// The same, with the time zone.
    timedatectl: Sampled<date::Clock> =
        |p| p.sampled("commands/timedatectl", |t, _| date::timedatectl(t));
    /// Control groups of the first process.
    init_cgroup: Sampled<String> = |p| p.sampled("proc/1/cgroup", |t, _| Ok(t.to_owned()));
    /// The number that process 1 bears on its host, which kernels before 4.14 tell a container.
    init_number: Sampled<u32> = |p| p.sampled("proc/1/sched", |t, _| pid_sched::number(t));
    /// The namespace of process ids that process 1 lives in.
    init_pid_ns: Packed<u32, u64> = |p| p.packed(
        "packs/proc-pid/ns",
        Passes::First,
        |k| (k == "1/pid").then_some(1),
        |t, _| Ok(namespace(t)),
    );
    /// Controllers, and how many control groups the kernel keeps for each.
    cgroups: Sampled<Rows<cgroups::Controller>> =
        |p| p.sampled("proc/cgroups", |t, _| cgroups::parse(t));
    /// Mounts as the collector saw them.
    own_mounts: Sampled<Rows<mountinfo::Mount>> =
        |p| p.sampled("proc/self/mountinfo", |t, _| mountinfo::parse(t));
    /// Kind of container, where systemd was told.
    container: Sampled<String> = |p| p.sampled("run/systemd/container", |t, _| Ok(line(t)));
    /// Maker and product.
    sys_dmi: Packed<String, String> = |p| sys(p, "packs/sys/dmi", Passes::First);
    /// Kind of hypervisor.
    sys_hypervisor: Packed<String, String> = |p| sys(p, "packs/sys/hypervisor", Passes::First);
    /// Kubernetes pods, by the names of their directories.
    pods: Sampled<Vec<Pod>> =
        |p| p.sampled("names/var/log/pods", |t, _| Ok(pods(t)));
    /// What services logged.
    logs: Sampled<Rows<logs::LogRow>> =
        |p| p.sampled("probes/logs.jsonl", |t, _| logs::parse(t));
}
