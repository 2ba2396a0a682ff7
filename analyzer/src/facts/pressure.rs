//! Pressure stall information: time that tasks lost waiting for a resource.

use schemars::JsonSchema;
use serde::Serialize;

/// Pressure of the host, by resource.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct HostPressure {
    /// Waiting for a CPU.
    pub cpu: Option<Resource>,
    /// Waiting for memory: reclaim, refaults, swap.
    pub memory: Option<Resource>,
    /// Waiting for block I/O.
    pub io: Option<Resource>,
    /// Interrupted by hardware and soft interrupts (6.1).
    pub irq: Option<Resource>,
}

/// Pressure of one resource.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Resource {
    /// At least one task waited. The kernel does not report it for interrupts.
    pub some: Option<Stall>,
    /// All tasks waited at once; for the CPU of a whole host always 0.
    pub full: Option<Stall>,
}

/// Share of time lost.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Stall {
    /// In the window, by the growth of the total.
    pub window_ratio: Option<f64>,
    /// In the last 10 s, by the kernel.
    pub avg10_ratio: f64,
    /// In the last 60 s.
    pub avg60_ratio: f64,
    /// In the last 300 s.
    pub avg300_ratio: f64,
}
