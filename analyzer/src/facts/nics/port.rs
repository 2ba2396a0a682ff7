//! What is plugged into a port, and how its packets are spread over rings.

use schemars::JsonSchema;
use serde::Serialize;

/// The pluggable module of a port (SFP, QSFP), as `ethtool -m` decodes it. A copper cable measures
/// nothing: its numbers are absent.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Module {
    /// `SFP`, `QSFP28`.
    pub form: String,
    /// What it can: `10G Ethernet: 10G Base-LR`.
    pub kind: Option<String>,
    /// Maker.
    pub vendor: Option<String>,
    /// Part number.
    pub part_number: Option<String>,
    /// Serial number.
    pub serial_number: Option<String>,
    /// The fastest Ethernet that it names.
    pub max_mbit_per_s: Option<i64>,
    /// Temperature, in °C.
    pub temperature_c: Option<f64>,
    /// Supply voltage, in V.
    pub voltage_v: Option<f64>,
    /// Current of the laser, in mA; the highest of its lanes.
    pub bias_ma: Option<f64>,
    /// Light sent, in mW, of the weakest lane.
    pub tx_power_mw: Option<f64>,
    /// The same in dBm; absent without any light.
    pub tx_power_dbm: Option<f64>,
    /// Light received, in mW, of the weakest lane.
    pub rx_power_mw: Option<f64>,
    /// The same in dBm; absent without any light.
    pub rx_power_dbm: Option<f64>,
    /// Received light at which the module warns, in dBm.
    pub rx_low_dbm: Option<f64>,
    /// The weakest lane receives no more light than that. Absent where the module names no limit.
    pub is_dark: Option<bool>,
    /// Its alarms and warnings that are on.
    pub alarms: Vec<String>,
}

/// The table that leads packets to receive rings by their hash (`ethtool -x`).
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Spread {
    /// Receive rings of the device.
    pub rings: i64,
    /// Rings that the table leads to.
    pub rings_used: i64,
    /// The only ring that it leads to.
    pub only_ring: Option<i64>,
    /// A ring that is used has more entries than another, by more than the rest of a division.
    pub is_uneven: bool,
}
