//! Kernel parameters of a namespace.

use crate::absence::Absence;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::super::inputs::NetnsFile;
use super::super::super::method::keepalive;
use super::super::super::method::num::from_i64;
use super::super::super::netns::Keepalive;
use super::super::super::plan::Sampled;
use super::One;

impl One<'_> {
    /// Parameters of the namespace; the host's also from the listing of all parameters.
    pub(super) fn sysctl(&self, is_host: bool) -> Result<(Runtime, String), Absence> {
        let file = self.inputs.net.netns.get(&format!("{}/sysctl", self.namespace.inode));
        let own = file.map(|f| (f, f.first()));
        if let Some((file, Ok(NetnsFile::Sysctl(s)))) = own {
            return Ok((s.clone(), file.path.clone()));
        }
        if is_host && let Ok(s) = self.inputs.parameters.sysctl.first() {
            return Ok((s.clone(), self.inputs.parameters.sysctl.path.clone()));
        }
        Err(self.why(file.map(Sampled::absence)))
    }
}

pub(super) fn keepalive_of(s: &Runtime) -> Option<Keepalive> {
    let time_s = from_i64(s.number("net.ipv4.tcp_keepalive_time")?);
    let interval_s = from_i64(s.number("net.ipv4.tcp_keepalive_intvl")?);
    let probes = s.number("net.ipv4.tcp_keepalive_probes")?;
    Some(Keepalive {
        time_s,
        interval_s,
        probes,
        longest_gap_s: time_s.max(interval_s),
        dead_peer_s: keepalive::dead_peer_s(time_s, interval_s, from_i64(probes)),
    })
}
