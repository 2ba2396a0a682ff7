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
    /// What irqbalance is told by its file of settings, as `NAME=value`; those that are empty are
    /// left out.
    pub irqbalance_settings: Option<Vec<String>>,
    /// Lines of network cards that not every CPU online may serve: bound by the kernel (managed
    /// interrupts), by their driver or by hand.
    pub nic_lines_bound: Option<i64>,
    /// CPUs that serve the lines of network cards, by their effective affinity (4.14).
    pub nic_cpus_effective: Option<i64>,
    /// Lines of network cards and NVMe disks, the busiest in the window first; at most 32.
    pub lines: Vec<IrqLine>,
    /// Queues of network cards that CPUs of their own hand packets to be sent (`xps_cpus`).
    pub xps_queues: Option<i64>,
    /// Receive packet steering is on for some queue.
    pub rps: Option<bool>,
    /// All CPUs online, as `rps_cpus` takes them: `ff`, `3,ffffffff`.
    pub rps_mask: Option<String>,
}

/// One interrupt line.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct IrqLine {
    /// Number.
    pub irq: String,
    /// Its device, as `/proc/interrupts` names it.
    pub device: String,
    /// Interrupts by second.
    pub per_s: f64,
    /// The CPU that took most of them. Absent where there were none.
    pub cpu: Option<i64>,
    /// Its share.
    pub ratio: Option<f64>,
    /// CPUs that may serve it (`smp_affinity_list`).
    pub allowed: Option<String>,
    /// Those that it is sent to (`effective_affinity_list`, 4.14).
    pub effective: Option<String>,
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
