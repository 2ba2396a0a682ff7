//! What the operator told: things that no host can know about itself.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

mod accept;
mod cidr;
mod file;
mod inputs;

pub use accept::{Accept, Accepted};
pub use cidr::Cidr;
pub use inputs::{SiteError, SiteInputs};

/// Operator inputs. Told by `--set`, then `--site FILE`, then the archive's notes; absent unless
/// told, and no vendor's value is ever assumed.
#[derive(Debug, Default, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Site {
    /// Idle timeout of the L4 load balancer, NAT or firewall that this host's sessions pass.
    pub l4_idle_timeout_s: Option<f64>,
    /// `inline`, or `dsr` when the balancer sees only packets from client to server.
    pub topology: Option<String>,
    /// L4 devices on the way of some sessions only; they go before `l4_idle_timeout_s`.
    pub l4: Vec<Middlebox>,
    /// Idle timeout of the L7 proxy or application load balancer in front of this host's HTTP
    /// servers.
    pub l7_idle_timeout_s: Option<f64>,
    /// L7 proxies in front of some ports only; they go before `l7_idle_timeout_s`.
    pub l7: Vec<Middlebox>,
    /// Installed memory as ordered or as the inventory has it.
    pub dimm_total_bytes: Option<i64>,
    /// Network interfaces with the speed that they should have.
    pub nics: Vec<NicSpeed>,
    /// Timeouts of applications that no configuration file tells.
    pub applications: Vec<Application>,
    /// What the host is for: `database`, `broker`, `proxy`, `web`, `build`, …
    pub roles: Vec<String>,
}

/// A device on the way of some sessions.
#[derive(Debug, Default, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Middlebox {
    /// The port of the service, at either end; absent: all ports.
    pub port: Option<i64>,
    /// The other end's network, as `10.0.0.0/8`; absent: all.
    pub cidr: Option<String>,
    /// It forgets or closes a session that is silent for so long.
    pub idle_timeout_s: f64,
    /// `inline` or `dsr`; absent: as `site.topology`.
    pub topology: Option<String>,
}

/// A network interface and its speed.
#[derive(Debug, Default, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NicSpeed {
    /// Name of the interface.
    pub name: String,
    /// Speed that it should have.
    pub speed_mbit_per_s: f64,
}

/// Timeouts of an application towards a service.
#[derive(Debug, Default, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Application {
    /// Name.
    pub name: String,
    /// Port of the service that it calls.
    pub port: Option<i64>,
    /// Time to connect.
    pub connect_timeout_s: Option<f64>,
    /// Time to wait for an answer.
    pub read_timeout_s: Option<f64>,
}

/// An input: its fact, how to tell it, and what it decides.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Field of [`Site`].
    pub fact: &'static str,
    /// How to tell it.
    pub way: &'static str,
    /// What it decides.
    pub decides: &'static str,
}

const fn question(fact: &'static str, way: &'static str, decides: &'static str) -> Question {
    Question { fact, way, decides }
}

/// All that can be told.
pub const QUESTIONS: [Question; 9] = [
    question(
        "l4_idle_timeout_s",
        "--set site.l4_idle_timeout_s=…",
        "whether keepalive speaks before a load balancer, NAT or firewall forgets a session, and which connections are zombies",
    ),
    question(
        "topology",
        "--set site.topology=inline or dsr",
        "which packets the balancer sees, and so how long it takes a session for silent",
    ),
    question("l4", "[[l4]] in a file of --site", "the same for single ports and networks"),
    question(
        "l7_idle_timeout_s",
        "--set site.l7_idle_timeout_s=…",
        "whether HTTP servers close connections that the proxy in front still uses (sporadic 502)",
    ),
    question("l7", "[[l7]] in a file of --site", "the same for single ports"),
    question(
        "dimm_total_bytes",
        "--set site.dimm_total_gib=…",
        "whether all memory that was bought is seen",
    ),
    question(
        "nics",
        "[[nic]] in a file of --site",
        "whether network interfaces run at the speed that they should",
    ),
    question(
        "applications",
        "[[application]] in a file of --site",
        "whether timeouts that stand in code leave time for one lost packet",
    ),
    question("roles", "--set site.roles=…", "what counts as meant: `hedging` for short timeouts"),
];

impl Site {
    /// Whether an input was told.
    #[must_use]
    pub fn knows(&self, fact: &str) -> bool {
        match fact {
            "l4_idle_timeout_s" => self.l4_idle_timeout_s.is_some(),
            "topology" => self.topology.is_some(),
            "l4" => !self.l4.is_empty(),
            "l7_idle_timeout_s" => self.l7_idle_timeout_s.is_some(),
            "l7" => !self.l7.is_empty(),
            "dimm_total_bytes" => self.dimm_total_bytes.is_some(),
            "nics" => !self.nics.is_empty(),
            "applications" => !self.applications.is_empty(),
            "roles" => !self.roles.is_empty(),
            _ => false,
        }
    }
}

impl Middlebox {
    /// Whether a session with these ends passes it. A narrower entry is the greater.
    fn fit(&self, ports: [u16; 2], remote: IpAddr) -> Option<(bool, u8)> {
        let port = match self.port {
            Some(p) if ports.iter().any(|own| i64::from(*own) == p) => true,
            Some(_) => return None,
            None => false,
        };
        let bits = match &self.cidr {
            Some(text) => Cidr::parse(text).filter(|c| c.holds(remote))?.bits + 1,
            None => 0,
        };
        Some((port, bits))
    }
}

/// The L4 device that a session passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L4 {
    /// It forgets a session that is silent for so long.
    pub idle_timeout_s: f64,
    /// It sees only packets from client to server.
    pub is_dsr: bool,
}

impl Site {
    /// The L4 device of a session, as far as told: the narrowest entry that fits, else the general
    /// one.
    #[must_use]
    pub fn l4_of(&self, ports: [u16; 2], remote: IpAddr) -> Option<L4> {
        let all = self.l4.iter().filter_map(|b| Some((b.fit(ports, remote)?, b)));
        let best = all.max_by_key(|(fit, _)| *fit).map(|(_, b)| b);
        let topology = best.and_then(|b| b.topology.as_ref()).or(self.topology.as_ref());
        let idle_timeout_s = best.map(|b| b.idle_timeout_s).or(self.l4_idle_timeout_s)?;
        Some(L4 { idle_timeout_s, is_dsr: topology.is_some_and(|t| t == "dsr") })
    }

    /// The idle timeout of the L7 proxy in front of a port.
    #[must_use]
    pub fn l7_of(&self, port: u16) -> Option<f64> {
        let own = self.l7.iter().find(|b| b.port == Some(i64::from(port)));
        own.map(|b| b.idle_timeout_s).or(self.l7_idle_timeout_s)
    }

    /// Something was told of L4 devices.
    #[must_use]
    pub fn knows_l4(&self) -> bool {
        self.l4_idle_timeout_s.is_some() || !self.l4.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_entry_wins() {
        let entry = |port: Option<i64>, cidr: Option<&str>, s: f64| Middlebox {
            port,
            cidr: cidr.map(str::to_owned),
            idle_timeout_s: s,
            topology: None,
        };
        let mut site = Site {
            l4: vec![
                entry(None, Some("10.0.0.0/8"), 350.0),
                entry(None, Some("10.1.0.0/16"), 240.0),
                entry(Some(5672), None, 120.0),
            ],
            ..Site::default()
        };
        let of = |site: &Site, port: u16, ip: &str| {
            site.l4_of([41000, port], ip.parse().unwrap()).map(|l4| l4.idle_timeout_s)
        };
        assert_eq!(of(&site, 443, "10.9.0.1"), Some(350.0));
        assert_eq!(of(&site, 443, "10.1.0.1"), Some(240.0));
        assert_eq!(of(&site, 5672, "10.1.0.1"), Some(120.0), "a port is narrower than a network");
        assert_eq!(of(&site, 443, "192.0.2.1"), None);
        site.l4_idle_timeout_s = Some(900.0);
        assert_eq!(of(&site, 443, "192.0.2.1"), Some(900.0));
    }
}
