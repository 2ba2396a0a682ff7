//! What the operator told: things that no host can know about itself.

use schemars::JsonSchema;
use serde::Serialize;

/// Operator inputs. Told by `--set`, then `--site FILE`, then the archive's notes; absent unless
/// told, and no vendor's value is ever assumed.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Site {
    /// Idle timeout of the L4 load balancer, NAT or firewall that this host's sessions pass.
    pub l4_idle_timeout_s: Option<f64>,
    /// `inline`, or `dsr` when the balancer sees only packets from client to server.
    pub topology: Option<String>,
}
