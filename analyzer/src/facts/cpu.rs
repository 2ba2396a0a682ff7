//! Processors and where their time went in the window.

use schemars::JsonSchema;
use serde::Serialize;

/// Processors of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Cpu {
    /// CPUs online.
    pub online: Option<i64>,
    /// CPUs present.
    pub present: Option<i64>,
    /// Sockets that hold an online CPU.
    pub sockets: Option<i64>,
    /// Physical cores.
    pub cores: Option<i64>,
    /// Model name of the first CPU.
    pub model: Option<String>,
    /// NUMA nodes with memory.
    pub numa_nodes: Option<i64>,
    /// Shares of all CPU time in the window; our own collection included.
    pub time: Option<CpuTime>,
}

/// Shares of CPU time, each between 0 and 1; together 1. Guest time is inside user.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct CpuTime {
    /// User, nice excluded.
    pub user_ratio: f64,
    /// User with positive nice.
    pub nice_ratio: f64,
    /// Kernel.
    pub system_ratio: f64,
    /// Idle.
    pub idle_ratio: f64,
    /// Idle while a task of this CPU waits for I/O (unreliable per CPU).
    pub iowait_ratio: f64,
    /// Hardware interrupts.
    pub irq_ratio: f64,
    /// Soft interrupts.
    pub softirq_ratio: f64,
    /// Taken by the hypervisor.
    pub steal_ratio: f64,
}
