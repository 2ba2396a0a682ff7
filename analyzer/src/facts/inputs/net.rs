//! Interfaces, network namespaces and sockets.

use crate::absence::Reason;
use crate::facts::build::devices::option_of;
use crate::facts::method::socket::Socket;
use crate::facts::plan::{Many, Packed, Passes, Sampled};
use crate::parse::ethtool::{self, Answer};
use crate::parse::{
    Counters, ParseEnv, ParseError, Rows, ethtool_text, inet_diag, ip_link, net_dev, net_snmp,
    net_tcp, netns, netstat, socket, ss, sysctl,
};

use super::{sys, text};

/// A file of one network namespace.
#[derive(Clone, Debug)]
pub(crate) enum NetnsFile {
    /// Its parameters.
    Sysctl(sysctl::Sysctl),
    /// Its protocol counters.
    Snmp(Counters),
    /// Its TCP sockets, where the socket monitor could not be asked.
    Tcp(Vec<Socket>),
    /// A file that no chapter reads yet.
    Other,
}

/// What one call of ethtool printed.
#[derive(Clone, Debug)]
pub(crate) enum EthtoolText {
    /// Without an option.
    Link(Answer<ethtool::Link>),
    /// `-g`.
    Ring(Answer<ethtool::Ring>),
    /// `-l`.
    Channels(Answer<ethtool::Channels>),
    /// `-S`.
    Stats(Answer<Counters>),
    /// `-i`.
    Driver(Answer<ethtool::Driver>),
    /// An option that no chapter reads.
    Other,
}

inputs! {
    /// Interfaces, network namespaces and sockets.
    Net
    /// Interfaces.
    sys_net: Packed<String, String> = |p| sys(p, "packs/sys/net", Passes::Ends);
    /// Counters of interfaces.
    net_dev: Sampled<Rows<net_dev::Interface>> =
        |p| p.sampled("proc/net/dev", |t, _| net_dev::parse(t));
    /// Protocol counters of the host's namespace.
    snmp: Sampled<Counters> = |p| p.sampled("proc/net/snmp", |t, _| net_snmp::parse(t));
    /// Settings and statistics of interfaces, by `<device>.json`.
    ethtool: Many<ethtool::Device> =
        |p| p.many("probes/ethtool/", ".json", |_, b, _| ethtool::parse(&text(b)));
    /// The same as the tool prints it, by option and device: `-g_eth0`.
    ethtool_text: Many<EthtoolText> = |p| p.many("commands/ethtool_", "", ethtool_part);
    /// Interfaces as `ip` prints them.
    ip_link: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_link", |t, _| ip_link::parse(t));
    /// The same with addresses.
    ip_addr: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_addr", |t, _| ip_link::parse(t));
    /// Network namespaces.
    netns_list: Sampled<Rows<netns::Namespace>> =
        |p| p.sampled("probes/netns.jsonl", |t, _| netns::parse(t));
    /// Files of network namespaces, by `<inode>/<file>`.
    netns: Many<NetnsFile> = |p| p.many("probes/netns/", "", netns_file);
    /// TCP sockets, by `<inode>/tcp4` and `<inode>/tcp6`.
    inet_diag: Many<Vec<Socket>> = |p| p.many("probes/inet_diag/", "", dump);
    /// Network namespaces of processes: only how many could not be told.
    namespaces: Packed<String, ()> =
        |p| p.packed("packs/proc-pid/ns", Passes::First, |_| None::<String>, |_, _| Ok(None));
    /// TCP sockets as `ss` prints them, in archives of others.
    ss: Sampled<Vec<Socket>> = |p| p.sampled("commands/ss", |t, _| {
        Ok(lean(ss::parse(t)?.rows.iter()))
    });
    /// TCP sockets as `netstat` prints them, in archives of others.
    netstat: Sampled<Vec<Socket>> = |p| p.sampled("commands/netstat", |t, _| {
        Ok(lean(netstat::parse(t)?.rows.iter()))
    });
    /// TCP sockets over IPv4 as the kernel lists them, in archives of others.
    proc_tcp: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp", tcp_table);
    /// The same over IPv6.
    proc_tcp6: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp6", tcp_table);
}

impl Net {
    /// Processes whose namespaces could not be read.
    pub(crate) fn ns_denied(&self) -> u64 {
        let lost = self.namespaces.first().ok().and_then(|p| p.lost.get(&Reason::Denied));
        lost.map_or(0, |(records, _)| *records)
    }

    /// Lists of the host's own TCP sockets in archives without probes, the best kind that is
    /// there.
    pub(crate) fn own_tcp(&self) -> Vec<&Sampled<Vec<Socket>>> {
        if self.ss.first().is_ok() {
            return vec![&self.ss];
        }
        let tables = [&self.proc_tcp, &self.proc_tcp6];
        if tables.iter().all(|t| t.first().is_err()) && self.netstat.first().is_ok() {
            return vec![&self.netstat];
        }
        tables.into_iter().filter(|s| s.first().is_ok()).collect()
    }
}

fn netns_file(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<NetnsFile, ParseError> {
    Ok(match path.rsplit('/').next().unwrap_or_default() {
        "sysctl" => NetnsFile::Sysctl(sysctl::parse(&text(bytes))?),
        "snmp" => NetnsFile::Snmp(net_snmp::parse(&text(bytes))?),
        "tcp" | "tcp6" => NetnsFile::Tcp(tcp_table(&text(bytes), env)?),
        _ => NetnsFile::Other,
    })
}

fn ethtool_part(path: &str, bytes: &[u8], _: &ParseEnv) -> Result<EthtoolText, ParseError> {
    let (text, name) = (text(bytes), path.rsplit('/').next().unwrap_or_default());
    let rest = name.strip_prefix("ethtool_").unwrap_or_default();
    Ok(match option_of(rest).map(|(option, _)| option) {
        None => EthtoolText::Link(ethtool_text::parse(&text)?),
        Some("-g") => EthtoolText::Ring(ethtool_text::ring(&text)?),
        Some("-l") => EthtoolText::Channels(ethtool_text::channels(&text)?),
        Some("-S") => EthtoolText::Stats(ethtool_text::stats(&text)?),
        Some("-i") => EthtoolText::Driver(ethtool_text::driver(&text)?),
        Some(_) => EthtoolText::Other,
    })
}

/// Replies of the socket monitor. UDP sockets are not kept.
fn dump(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<Vec<Socket>, ParseError> {
    if !path.ends_with("/tcp4") && !path.ends_with("/tcp6") {
        return Ok(Vec::new());
    }
    let mut sockets = Vec::new();
    let mut damage = None;
    for parsed in inet_diag::sockets(bytes, socket::Protocol::Tcp, env) {
        match parsed {
            Ok(s) => sockets.push(Socket::of(&s)),
            Err(e) => damage = Some(e),
        }
    }
    // A damaged message does not spoil the others.
    damage.filter(|_| sockets.is_empty()).map_or(Ok(sockets), Err)
}

fn tcp_table(text: &str, env: &ParseEnv) -> Result<Vec<Socket>, ParseError> {
    Ok(lean(net_tcp::parse(text, socket::Protocol::Tcp, env)?.rows.iter()))
}

fn lean<'s>(sockets: impl Iterator<Item = &'s socket::Socket>) -> Vec<Socket> {
    sockets.filter(|s| s.protocol == socket::Protocol::Tcp).map(Socket::of).collect()
}
