//! Output of lscpu(1).
//!
//! <https://man7.org/linux/man-pages/man1/lscpu.1.html>
//!
//! ```text
//! Architecture:                    x86_64
//! On-line CPU(s) list:             0,1
//! ```
//!
//! RHEL 9 indents fields under sections; the names are the same.

use super::cpulist::CpuList;
use super::{ParseError, cpulist, lines, number};

/// What the host's processors are. Fields that lscpu does not print are `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lscpu {
    /// `x86_64`.
    pub architecture: Option<String>,
    /// CPUs present.
    pub cpus: Option<u64>,
    /// Those online.
    pub online: Option<CpuList>,
    /// Those offline.
    pub offline: Option<CpuList>,
    /// Hardware threads of a core.
    pub threads_per_core: Option<u64>,
    /// Cores of a socket.
    pub cores_per_socket: Option<u64>,
    /// Sockets.
    pub sockets: Option<u64>,
    /// NUMA nodes.
    pub numa_nodes: Option<u64>,
    /// CPUs of each node.
    pub node_cpus: Vec<(u32, CpuList)>,
    /// `GenuineIntel`.
    pub vendor: Option<String>,
    /// Model name.
    pub model: Option<String>,
    /// `KVM`, `VMware`.
    pub hypervisor: Option<String>,
    /// `full`, `para`, `container`.
    pub virtualization: Option<String>,
    /// Highest clock.
    pub max_mhz: Option<f64>,
    /// Caches by name (`L1d`): the size as it stands there, `64 KiB (2 instances)`. With the units
    /// of today (util-linux 2.34) it is that of all caches of the kind, before (`32K`) of one.
    pub caches: Vec<(String, String)>,
}

/// Reads the fields.
///
/// # Errors
/// Not one known field, or a list or number that is none.
pub fn parse(text: &str) -> Result<Lscpu, ParseError> {
    let mut l = Lscpu::default();
    for (line, text) in lines(text) {
        let Some((key, value)) = text.split_once(':') else { continue };
        let (key, value) = (key.trim_ascii(), value.trim_ascii());
        let text = || Some(value.to_owned());
        // A field without meaning on an architecture is `-`.
        let count = || if value == "-" { Ok(None) } else { number(line, value, "count").map(Some) };
        match key {
            "Architecture" => l.architecture = text(),
            "CPU(s)" => l.cpus = count()?,
            "On-line CPU(s) list" => l.online = Some(list(line, value)?),
            "Off-line CPU(s) list" => l.offline = Some(list(line, value)?),
            "Thread(s) per core" => l.threads_per_core = count()?,
            "Core(s) per socket" => l.cores_per_socket = count()?,
            "Socket(s)" => l.sockets = count()?,
            "NUMA node(s)" => l.numa_nodes = count()?,
            "Vendor ID" => l.vendor = text(),
            "Model name" => l.model = text(),
            "Hypervisor vendor" => l.hypervisor = text(),
            "Virtualization type" => l.virtualization = text(),
            "CPU max MHz" => l.max_mhz = value.parse().ok().filter(|n: &f64| n.is_finite()),
            _ if key.starts_with('L') && key.ends_with(" cache") => {
                let name = key.trim_end_matches(" cache").to_owned();
                l.caches.push((name, value.to_owned()));
            }
            _ => {
                let node = key.strip_prefix("NUMA node").and_then(|k| k.strip_suffix(" CPU(s)"));
                if let Some(node) = node.and_then(|n| n.parse().ok()) {
                    l.node_cpus.push((node, list(line, value)?));
                }
            }
        }
    }
    if l == Lscpu::default() {
        return Err(ParseError::new(None, text, "fields such as `CPU(s): 2`"));
    }
    Ok(l)
}

fn list(line: u32, value: &str) -> Result<CpuList, ParseError> {
    cpulist::parse(value).map_err(|e| ParseError { line: Some(line), ..e })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Architecture:                    x86_64
CPU(s):                          2
On-line CPU(s) list:             0,1
Vendor ID:                       GenuineIntel
  Model name:                    Intel Core Processor (Skylake, IBRS)
    Thread(s) per core:          1
    Core(s) per socket:          1
    Socket(s):                   2
Virtualization features:
  Hypervisor vendor:             KVM
NUMA:
  NUMA node(s):                  1
  NUMA node0 CPU(s):             0,1
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_23_sections_and_lists() {
        let l = parse(SAMPLE).unwrap();
        assert_eq!((l.cpus, l.sockets, l.numa_nodes), (Some(2), Some(2), Some(1)));
        assert_eq!(l.model.as_deref(), Some("Intel Core Processor (Skylake, IBRS)"));
        assert_eq!((l.hypervisor.as_deref(), l.offline), (Some("KVM"), None));
        assert_eq!((l.node_cpus[0].0, l.node_cpus[0].1.len()), (0, 2));
        assert_eq!(l.online.map(|o| o.len()), Some(2));
        assert_eq!(parse("L1d cache: 64 KiB\n").unwrap().caches, [("L1d".into(), "64 KiB".into())]);
        assert!(parse("").is_err());
        assert_eq!(parse("CPU(s): many\n").unwrap_err().line, Some(1));
        assert_eq!(parse("CPU(s): 4\nSocket(s): -\n").unwrap().sockets, None);
    }
}
