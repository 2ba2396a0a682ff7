//! Network interfaces.

use schemars::JsonSchema;
use serde::Serialize;

mod port;

pub use port::{Module, Spread};

/// One interface of the host's namespace.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Nic {
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: Option<String>,
    /// What the PCI device calls itself: maker and product.
    pub product: Option<String>,
    /// A software device (loopback, veth, bridge, bond, tun, ifb): no ring of its own.
    pub is_virtual: Option<bool>,
    /// `operstate` of sysfs.
    pub state: Option<String>,
    /// Speed; absent when unknown.
    pub speed_mbit_per_s: Option<i64>,
    /// The speed that it should have, by the operator (`site.nics`).
    pub expected_mbit_per_s: Option<i64>,
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
    /// Queues that `ethtool -L` sets (`combined`).
    pub queues: Option<i64>,
    /// How many there can be.
    pub queues_max: Option<i64>,
    /// Version of the driver.
    pub driver_version: Option<String>,
    /// Firmware.
    pub firmware: Option<String>,
    /// Place on its bus: `0000:00:03.0`.
    pub bus: Option<String>,
    /// MAC address.
    pub mac: Option<String>,
    /// Made for virtual machines (virtio, vmxnet3, ena, …): its speed is no speed of a wire.
    pub is_paravirtual: Option<bool>,
    /// A copy of real hardware that a hypervisor plays (e1000, rtl8139, …), inside a virtual
    /// machine.
    pub is_emulated: Option<bool>,
    /// Wi-Fi, by its name.
    pub is_wireless: bool,
    /// There is a link. Absent while the interface is switched off.
    pub link: Option<bool>,
    /// It has an address or a route, or is a member of a bond: something relies on it.
    pub is_used: Option<bool>,
    /// Bond, bridge or team that it is a member of.
    pub master: Option<String>,
    /// It is a member of a bridge.
    pub in_bridge: Option<bool>,
    /// Both ends agree on the speed by themselves.
    pub autoneg: Option<bool>,
    /// `tp`, `fibre`, `da`.
    pub port: Option<String>,
    /// What is plugged into its port. Absent where nothing is, or the driver cannot read it.
    pub module: Option<Module>,
    /// How its packets are spread over its receive rings.
    pub rss: Option<Spread>,
    /// Fastest mode that the port supports.
    pub supported_mbit_per_s: Option<i64>,
    /// Fastest mode that it offers to its partner: less than it supports where somebody has
    /// narrowed it.
    pub advertised_mbit_per_s: Option<i64>,
    /// Fastest mode that the partner offers.
    pub partner_mbit_per_s: Option<i64>,
    /// Changes of the link since boot.
    pub carrier_changes: Option<i64>,
    /// Times the link went down in the window, by the kernel's log.
    pub link_downs_in_window: Option<i64>,
    /// Transmit queues that stood still in the last 24 hours, by the kernel's log.
    pub tx_timeouts_in_day: Option<i64>,
    /// Traffic of both directions in the window.
    pub traffic_mbit_per_s: Option<f64>,
    /// Errors and drops in the window.
    pub errors: Option<NicErrors>,
    /// Errors of both directions since boot.
    pub errors_since_boot: Option<i64>,
    /// Offloads, by their common short name, that are off and could be on.
    pub offloads_off: Vec<String>,
    /// Large receive offload is on.
    pub lro: Option<bool>,
    /// Packets a second beyond what the cloud allows this instance, in the window (ENA, gVNIC,
    /// MANA).
    pub allowance_exceeded_per_s: Option<f64>,
    /// The counters of that which grew.
    pub allowance_counters: Vec<Counter>,
    /// Addresses, with the length of their networks.
    pub addresses: Vec<String>,
    /// `vlan`, `veth`, `bond`, `bridge`, `vxlan`; absent for hardware.
    pub kind: Option<String>,
    /// Interfaces below it: members of a bond or bridge, what a VLAN or a tunnel goes through.
    pub stands_on: Vec<String>,
    /// It obeys pause frames: a slow switch can stop it.
    pub pause_rx: Option<bool>,
    /// It sends pause frames when its ring is full, instead of losing packets.
    pub pause_tx: Option<bool>,
    /// It chooses by itself how long to wait before an interrupt.
    pub interrupts_adapt: Option<bool>,
    /// How long it waits for more packets before an interrupt.
    pub interrupt_delay_us: Option<i64>,
    /// It does not wait for more packets than these.
    pub interrupt_packets: Option<i64>,
    /// How long it waits before an interrupt that tells of packets sent.
    pub interrupt_delay_tx_us: Option<i64>,
    /// Its link of PCI Express.
    pub pcie: Option<PcieLink>,
    /// For a bond: its members.
    pub bond: Option<Bond>,
    /// The queue in front of it, where packets to be sent wait. Absent without rtnetlink.
    pub qdisc: Option<Qdisc>,
}

/// A link of PCI Express.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct PcieLink {
    /// Speed of a lane, in 10⁹ transfers a second.
    pub speed_gt_per_s: f64,
    /// The best that the card can.
    pub best_gt_per_s: f64,
    /// Lanes.
    pub lanes: i64,
    /// The most that the card has.
    pub best_lanes: i64,
    /// It got less than it can: a slot with fewer lanes, a riser, or a fault.
    pub is_slower: bool,
}

/// The queueing discipline at the root of an interface.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Qdisc {
    /// `fq_codel`, `mq`, `noqueue`.
    pub kind: String,
    /// Packets dropped in the window. Absent where it was read once.
    pub drops: Option<i64>,
    /// Packets dropped since it was set up.
    pub drops_since_start: Option<i64>,
    /// Packets that the driver did not take at once, in the window.
    pub requeues: Option<i64>,
    /// Bytes that waited in it at the end.
    pub backlog_bytes: Option<i64>,
}

/// Errors and drops of an interface in the window.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct NicErrors {
    /// Received frames that were bad.
    pub rx_errors: i64,
    /// Frames that could not be sent.
    pub tx_errors: i64,
    /// Frames with a wrong checksum: cable or optics.
    pub rx_crc: Option<i64>,
    /// Received frames that nobody wanted, among them unknown protocols.
    pub rx_dropped: i64,
    /// Packets that could not be queued for sending.
    pub tx_dropped: i64,
    /// Collisions: half duplex.
    pub collisions: i64,
    /// Carrier losses while sending.
    pub carrier: i64,
    /// Packets of both directions.
    pub packets: i64,
    /// Errors of both directions by packets.
    pub error_ratio: Option<f64>,
    /// Dropped by all to be sent.
    pub tx_drop_ratio: Option<f64>,
    /// Dropped by all received.
    pub rx_drop_ratio: Option<f64>,
    /// Dropped received frames a second.
    pub rx_dropped_per_s: f64,
}

/// A bond.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Bond {
    /// `fault-tolerance (active-backup)`, `IEEE 802.3ad Dynamic link aggregation`.
    pub mode: String,
    /// Members.
    pub members: Vec<BondMember>,
    /// Members with a link, and in the active aggregator where there are aggregators.
    pub working: i64,
    /// Members in all.
    pub wanted: i64,
    /// 802.3ad: the partner does not answer (its MAC address is zero).
    pub partner_missing: Option<bool>,
    /// Members run at different speeds.
    pub speeds_differ: Option<bool>,
    /// The link is watched; otherwise a dead member is not noticed.
    pub is_watched: Option<bool>,
    /// Members that lost their link in the window, by the kernel's log.
    pub losses_in_window: Option<i64>,
}

/// A member of a bond.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct BondMember {
    /// Name.
    pub name: String,
    /// It has a link.
    pub up: Option<bool>,
    /// Speed.
    pub speed_mbit_per_s: Option<i64>,
    /// Times its link failed since it joined.
    pub failures: Option<i64>,
    /// 802.3ad: it is in the active aggregator.
    pub in_active_aggregator: Option<bool>,
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
