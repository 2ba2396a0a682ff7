//! The file of `--site`.
//!
//! ```toml
//! l4_idle_timeout_s = 120          # the balancer in front of most
//! topology = "inline"              # or "dsr"
//! dimm_total_gib = 512
//! roles = ["broker"]
//!
//! [[l4]]                           # another device on the way to the database
//! port = 5432
//! cidr = "10.2.0.0/16"
//! idle_timeout_s = 350
//!
//! [[nic]]
//! name = "ens1f0"
//! speed_mbit_per_s = 25000
//!
//! [[application]]
//! name = "orders"
//! port = 5432
//! connect_timeout_s = 1
//!
//! [[accept]]
//! rule = "hw.nic.ring-below-max"
//! subject = "ens1f0"
//! until = 2026-12-31
//! reason = "rings are raised with the next maintenance"
//! ```

use serde::Deserialize;

use super::inputs::is_topology;
use super::{Accept, Application, Cidr, Middlebox, NicSpeed, SiteError};

/// What a site file tells.
#[derive(Debug, Default)]
pub(super) struct File {
    /// Single values, as `--set` would tell them.
    pub(super) values: Vec<(String, String)>,
    pub(super) l4: Vec<Middlebox>,
    pub(super) l7: Vec<Middlebox>,
    pub(super) nics: Vec<NicSpeed>,
    pub(super) applications: Vec<Application>,
    pub(super) accepted: Vec<Accept>,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
struct Written {
    #[serde(default)]
    l4: Vec<WrittenBox>,
    #[serde(default)]
    l7: Vec<WrittenBox>,
    #[serde(default)]
    nic: Vec<WrittenNic>,
    #[serde(default)]
    application: Vec<WrittenApplication>,
    #[serde(default)]
    accept: Vec<Accept>,
    #[serde(default)]
    site: toml::Table,
    #[serde(flatten)]
    bare: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBox {
    port: Option<u16>,
    cidr: Option<String>,
    idle_timeout_s: f64,
    topology: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNic {
    name: String,
    speed_mbit_per_s: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenApplication {
    name: String,
    port: Option<u16>,
    connect_timeout_s: Option<f64>,
    read_timeout_s: Option<f64>,
}

impl File {
    /// Reads a file.
    pub(super) fn parse(text: &str) -> Result<Self, SiteError> {
        let written: Written = toml::from_str(text).map_err(|e| SiteError::File(e.to_string()))?;
        let values = written.bare.iter().chain(&written.site);
        let above_zero = |list: &str, name: &str, x: f64| {
            let fine = x.is_finite() && x > 0.0;
            fine.then_some(x).ok_or_else(|| wrong(list, name, &x, "a number above zero"))
        };
        let nic = |n: WrittenNic| {
            let speed_mbit_per_s = above_zero("nic", "speed_mbit_per_s", n.speed_mbit_per_s)?;
            Ok(NicSpeed { name: n.name, speed_mbit_per_s })
        };
        let application = |a: WrittenApplication| {
            let seconds = |name: &str, x: Option<f64>| {
                x.map(|x| above_zero("application", name, x)).transpose()
            };
            Ok(Application {
                name: a.name,
                port: a.port.map(i64::from),
                connect_timeout_s: seconds("connect_timeout_s", a.connect_timeout_s)?,
                read_timeout_s: seconds("read_timeout_s", a.read_timeout_s)?,
            })
        };
        Ok(Self {
            values: values.map(|(name, value)| (name.clone(), plain(value))).collect(),
            l4: written.l4.into_iter().map(|b| middlebox("l4", b)).collect::<Result<_, _>>()?,
            l7: written.l7.into_iter().map(|b| middlebox("l7", b)).collect::<Result<_, _>>()?,
            nics: written.nic.into_iter().map(nic).collect::<Result<_, SiteError>>()?,
            applications: written
                .application
                .into_iter()
                .map(application)
                .collect::<Result<_, SiteError>>()?,
            accepted: written.accept,
        })
    }
}

fn wrong(list: &str, name: &str, value: &dyn std::fmt::Display, expected: &str) -> SiteError {
    SiteError::Value {
        name: format!("{list}.{name}"),
        value: value.to_string(),
        expected: expected.to_owned(),
    }
}

fn middlebox(list: &str, b: WrittenBox) -> Result<Middlebox, SiteError> {
    let s = b.idle_timeout_s;
    if !(s.is_finite() && s > 0.0) {
        return Err(wrong(list, "idle_timeout_s", &s, "a number of seconds above zero"));
    }
    if let Some(cidr) = b.cidr.as_ref().filter(|c| Cidr::parse(c).is_none()) {
        return Err(wrong(list, "cidr", cidr, "a network as 10.0.0.0/8"));
    }
    if let Some(topology) = b.topology.as_ref().filter(|t| !is_topology(t)) {
        return Err(wrong(list, "topology", topology, "`inline` or `dsr`"));
    }
    Ok(Middlebox {
        port: b.port.map(i64::from),
        cidr: b.cidr,
        idle_timeout_s: s,
        topology: b.topology,
    })
}

/// A value as it would stand behind `--set`.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        toml::Value::Integer(n) => n.to_string(),
        toml::Value::Float(x) => x.to_string(),
        toml::Value::Boolean(b) => b.to_string(),
        other => format!("a {}", other.type_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_this_module_is_understood() {
        let source = include_str!("file.rs");
        let doc = source.lines().filter_map(|l| l.strip_prefix("//!")).map(str::trim);
        let example: Vec<&str> =
            doc.skip_while(|l| *l != "```toml").skip(1).take_while(|l| *l != "```").collect();
        let file = File::parse(&example.join("\n")).unwrap();
        let value = |name: &str| file.values.iter().find(|(n, _)| n == name).unwrap().1.clone();
        assert_eq!((value("l4_idle_timeout_s"), value("roles")), ("120".into(), "broker".into()));
        assert_eq!((file.l4[0].port, file.l4[0].idle_timeout_s), (Some(5432), 350.0));
        assert_eq!(file.nics[0].name, "ens1f0");
        assert_eq!(file.applications[0].connect_timeout_s, Some(1.0));
        assert_eq!(file.accepted[0].until.unwrap().to_string(), "2026-12-31");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| File::parse(text).unwrap_err().to_string();
        assert!(error("[[l4]]\nidle_timeout_s = -1\n").contains("site.l4.idle_timeout_s is `-1`"));
        assert!(error("[[l4]]\nidle_timeout_s = 1\ncidr = \"x\"\n").contains("10.0.0.0/8"));
        assert!(error("[[l7]]\nidle_timeout_s = 1\ntopology = \"x\"\n").contains("`dsr`"));
        assert!(error("[[l4]]\nidle_timeout = 1\n").contains("idle_timeout"));
        assert!(error("[[accept]]\nrule = \"a\"\n").contains("reason"));
        let until = error("[[accept]]\nrule = \"a\"\nreason = \"b\"\nuntil = \"soon\"\n");
        assert!(until.contains("`soon` is no day"), "{until}");
        assert!(error("[[nic]]\nname = \"a\"\nspeed_mbit_per_s = 0\n").contains("above zero"));
    }
}
