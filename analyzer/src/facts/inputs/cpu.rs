//! Processors, run queue, load and pressure.

use crate::facts::plan::{Packed, Passes, Sampled};
use crate::parse::{Rows, cpuinfo, loadavg, lscpu, pressure, sched_debug, schedstat, stat};

use super::sys;

inputs! {
    /// Processors, run queue, load and pressure.
    Cpu
    /// Processors as their tool prints them.
    lscpu: Sampled<lscpu::Lscpu> = |p| p.sampled("commands/lscpu", |t, _| lscpu::parse(t));
    /// Model and flags of the processors.
    cpuinfo: Sampled<cpuinfo::Cpuinfo> =
        |p| p.sampled("proc/cpuinfo", |t, _| cpuinfo::parse(t));
    /// Topology of the processors.
    sys_cpu: Packed<String, String> = |p| sys(p, "packs/sys/cpu", Passes::First);
    /// CPU time and run queue.
    stat: Sampled<stat::Stat> = |p| p.sampled("proc/stat", |t, _| stat::parse(t));
    /// Load averages.
    loadavg: Sampled<loadavg::Loadavg> = |p| p.sampled("proc/loadavg", |t, _| loadavg::parse(t));
    /// How long tasks waited to run, by CPU.
    schedstat: Sampled<Rows<schedstat::CpuSchedule>> =
        |p| p.sampled("proc/schedstat", |t, _| schedstat::parse(t));
    /// Run queues, before 5.13.
    sched_debug: Sampled<Rows<sched_debug::RunQueue>> =
        |p| p.sampled("proc/sched_debug", |t, _| sched_debug::parse(t));
    /// The same since.
    sched_debug_new: Sampled<Rows<sched_debug::RunQueue>> =
        |p| p.sampled("sys/kernel/debug/sched/debug", |t, _| sched_debug::parse(t));
    /// Time lost waiting for a CPU.
    psi_cpu: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/cpu", |t, _| pressure::parse(t));
    /// Time lost waiting for I/O.
    psi_io: Sampled<pressure::Pressure> =
        |p| p.sampled("proc/pressure/io", |t, _| pressure::parse(t));
}
