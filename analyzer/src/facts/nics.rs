//! Network interfaces.

use schemars::JsonSchema;
use serde::Serialize;

/// One interface of the host's namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Nic {
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: Option<String>,
    /// A software device (loopback, veth, bridge, bond, tun, ifb): no ring of its own.
    pub is_virtual: Option<bool>,
    /// `operstate` of sysfs.
    pub state: Option<String>,
    /// Speed; absent when unknown.
    pub speed_mbit_per_s: Option<i64>,
    /// `full` or `half`.
    pub duplex: Option<String>,
    /// MTU.
    pub mtu_bytes: Option<i64>,
    /// Rings; absent where the driver has none (`EOPNOTSUPP`).
    pub ring: Option<Ring>,
    /// Packets received in the window.
    pub rx_packets: Option<i64>,
    /// Packets sent in the window.
    pub tx_packets: Option<i64>,
    /// Bytes received in the window.
    pub rx_bytes: Option<i64>,
    /// Bytes sent in the window.
    pub tx_bytes: Option<i64>,
    /// Frames lost because the receive ring was full, in the window, by every counter that says
    /// so (`rx_missed_errors`, `rx_fifo_errors`, driver statistics).
    pub rx_ring_overflows: Option<i64>,
    /// The same since boot.
    pub rx_ring_overflows_since_boot: Option<i64>,
    /// The counters that grew: name and growth.
    pub rx_ring_counters: Vec<Counter>,
    /// Receive queues.
    pub rx_queues: Option<i64>,
}

/// Sizes of the rings, in descriptors. A field that the driver does not have is absent.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Ring {
    /// Receive ring now.
    pub rx: Option<i64>,
    /// Largest receive ring of the hardware.
    pub rx_max: Option<i64>,
    /// Transmit ring now.
    pub tx: Option<i64>,
    /// Largest transmit ring.
    pub tx_max: Option<i64>,
    /// Next sensible size: the smaller of the maximum and twice the present one.
    pub rx_suggested: Option<i64>,
    /// Memory that the suggested ring would add over all queues, at 2 KiB a descriptor.
    pub rx_suggested_cost_bytes: Option<i64>,
}

/// A counter by name.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Counter {
    /// Name as the source has it.
    pub name: String,
    /// Growth in the window.
    pub delta: i64,
}
