//! Interrupts and soft interrupts by CPU.

use schemars::JsonSchema;
use serde::Serialize;

/// How interrupts are spread in the window.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Irq {
    /// Interrupts of network cards, all together. Absent where the table was read once.
    pub nic: Option<Spread>,
    /// Interrupts of NVMe disks, all together.
    pub nvme: Option<Spread>,
    /// Soft interrupts that receive packets (`NET_RX`).
    pub net_rx: Option<Spread>,
    /// A daemon that spreads interrupts (irqbalance) runs.
    pub irqbalance: Option<bool>,
    /// Interrupt lines of network cards.
    pub nic_lines: Option<i64>,
    /// Receive packet steering is on for some queue.
    pub rps: Option<bool>,
    /// All CPUs online, as `rps_cpus` takes them: `ff`, `3,ffffffff`.
    pub rps_mask: Option<String>,
}

/// Events by CPU.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Spread {
    /// By second, all CPUs together.
    pub per_s: f64,
    /// The CPU that takes most.
    pub cpu: i64,
    /// Its share.
    pub ratio: f64,
    /// CPUs that take 1 % or more.
    pub cpus: i64,
}
