//! Interfaces, network namespaces and sockets.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use crate::absence::Reason;
use crate::facts::build::devices::option_of;
use crate::facts::method::socket::Socket;
use crate::facts::plan::{Many, Packed, Passes, Sampled};
use crate::parse::ethtool::{self, Answer};
use crate::parse::lsof::SocketOwner;
use crate::parse::{
    Counters, ParseEnv, ParseError, Rows, bonding, ethtool_text, fib_trie, if_inet6, inet_diag,
    ip_link, ip_route, ip_stats, ip_vs, links, lsof, lspci, neigh, net_arp, net_dev,
    net_ipv6_route, net_protocols, net_route, net_snmp, net_snmp6, net_sockstat, net_softnet_stat,
    net_stat, net_tcp, netns, netstat, netstat_s, qdisc, route_dump, socket, ss, sysctl,
    tcp_metrics,
};

use super::{sys, text};

/// A file of one network namespace.
#[derive(Clone, Debug)]
pub(crate) enum NetnsFile {
    /// Its parameters.
    Sysctl(sysctl::Sysctl),
    /// Its counters: `snmp`, `netstat`, `snmp6`, `sockstat`, `stat/nf_conntrack`.
    Counters(Counters),
    /// Its TCP sockets, where the socket monitor could not be asked.
    Tcp(Vec<Socket>),
    /// Its UDP sockets that have dropped something.
    Udp(Vec<UdpLosses>),
    /// Queues in front of its interfaces.
    Qdiscs(Vec<qdisc::Qdisc>),
    /// Its routes.
    Routes(Vec<ip_route::Route>),
    /// Its routes with what they set.
    RouteDump(Vec<route_dump::DumpedRoute>),
    /// Its devices by their numbers.
    Links(Vec<links::Link>),
    /// Its neighbours, counted by state.
    Neighbours(Vec<neigh::Neighbours>),
    /// What it remembers of its peers.
    Metrics(Vec<tcp_metrics::Metrics>),
    /// A file that no chapter reads.
    Other,
}

/// A UDP socket that has dropped datagrams.
#[derive(Clone, Debug)]
pub(crate) struct UdpLosses {
    /// Own address.
    pub(crate) local: SocketAddr,
    /// Its inode; 0 where the kernel holds it.
    pub(crate) inode: u64,
    /// Datagrams dropped since it was opened.
    pub(crate) drops: u64,
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
    /// `-k`.
    Features(Answer<ethtool::Features>),
    /// `-m`.
    Module(Answer<ethtool_text::module::Module>),
    /// `-x`.
    Indirection(Answer<ethtool_text::indirection::Indirection>),
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
    /// Extended counters of TCP of the host's namespace.
    tcp_ext: Sampled<Counters> = |p| p.sampled("proc/net/netstat", |t, _| net_snmp::parse(t));
    /// Sockets in use, orphans, memory of TCP.
    sockstat: Sampled<Counters> = |p| p.sampled("proc/net/sockstat", |t, _| net_sockstat::parse(t));
    /// Memory of protocols, and which of them restrain themselves.
    protocols: Sampled<Rows<net_protocols::ProtocolMemory>> =
        |p| p.sampled("proc/net/protocols", |t, _| net_protocols::parse(t));
    /// Routes of the host's namespace, as `ip` prints them.
    routes: Sampled<Rows<ip_route::Route>> =
        |p| p.sampled("commands/ip_-d_route_show_table_all", |t, _| ip_route::parse(t));
    /// The same in archives of others.
    routes_text: Sampled<Rows<ip_route::Route>> =
        |p| p.sampled("commands/ip_route_show_table_all", |t, _| ip_route::parse(t));
    /// The same as the kernel lists them.
    proc_route: Sampled<Rows<ip_route::Route>> = |p| p.sampled("proc/net/route", net_route::parse);
    /// Over IPv6.
    proc_route6: Sampled<Rows<ip_route::Route>> =
        |p| p.sampled("proc/net/ipv6_route", |t, _| net_ipv6_route::parse(t));
    /// Neighbours of the host's namespace, over IPv4.
    arp: Sampled<Rows<net_arp::ArpEntry>> = |p| p.sampled("proc/net/arp", |t, _| net_arp::parse(t));
    /// Own addresses over IPv4.
    own_ipv4: Sampled<BTreeSet<Ipv4Addr>> =
        |p| p.sampled("proc/net/fib_trie", |t, _| fib_trie::parse(t));
    /// Own addresses over IPv6.
    own_ipv6: Sampled<Rows<if_inet6::Address>> =
        |p| p.sampled("proc/net/if_inet6", |t, _| if_inet6::parse(t));
    /// Counters of protocols in English, in archives of others.
    netstat_s: Sampled<Counters> = |p| p.sampled("commands/netstat_-s", |t, _| netstat_s::parse(t));
    /// Settings and statistics of interfaces, by `<device>.json`.
    ethtool: Many<ethtool::Device> =
        |p| p.many("probes/ethtool/", ".json", |_, b, _| ethtool::parse(&text(b)));
    /// The same as the tool prints it, by option and device: `-g_eth0`.
    ethtool_text: Many<EthtoolText> = |p| p.many("commands/ethtool_", "", ethtool_part);
    /// Bonds, by name.
    bonding: Many<bonding::Bond> =
        |p| p.many("proc/net/bonding/", "", |_, b, _| bonding::parse(&text(b)));
    /// Interfaces with an IPv4 route: those with an address.
    route_names: Sampled<BTreeSet<String>> =
        |p| p.sampled("proc/net/route", |t, _| Ok(words(t, 0)));
    /// Interfaces with an IPv6 address that is not link-local.
    inet6_names: Sampled<BTreeSet<String>> = |p| p.sampled("proc/net/if_inet6", |t, _| {
        Ok(words(&t.lines().filter(|l| !l.starts_with("fe80")).collect::<Vec<_>>().join("\n"), 5))
    });
    /// Counters of interfaces as `ip` prints them, in archives of others.
    ip_stats: Sampled<Rows<ip_stats::LinkCounters>> =
        |p| p.sampled("commands/ip_link", |t, _| ip_stats::parse(t));
    /// Interfaces as `ip` prints them.
    ip_link: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_link", |t, _| ip_link::parse(t));
    /// The same by an `ip` that knows no JSON.
    ip_link_text: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_-d_-s_link", |t, _| {
            // That of BusyBox knows none of these words, and says which it knows.
            let is_usage = t.contains("Usage: ip");
            if is_usage { Ok(Rows::default()) } else { ip_link::parse(t) }
        });
    /// The same in JSON.
    ip_link_json: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_-d_-s_-j_link", |t, _| ip_link::json(t));
    /// The same with addresses, in JSON.
    ip_addr_json: Sampled<Rows<ip_link::IpLink>> =
        |p| p.sampled("commands/ip_-j_addr", |t, _| ip_link::json(t));
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
    /// Network namespace of each process, by its inode.
    namespaces: Packed<u32, u64> =
        |p| p.packed("packs/proc-pid/ns", Passes::First, net_of_process, |t, _| Ok(namespace(t)));
    /// The counters of IPv6.
    snmp6: Sampled<Counters> = |p| p.sampled("proc/net/snmp6", |t, _| net_snmp6::parse(t));
    /// Packets between driver and stack by CPU.
    softnet: Sampled<Rows<net_softnet_stat::SoftnetCpu>> =
        |p| p.sampled("proc/net/softnet_stat", |t, _| net_softnet_stat::parse(t));
    /// Neighbours over IPv4: entries, and overflows of their table.
    arp_cache: Sampled<Counters> =
        |p| p.sampled("proc/net/stat/arp_cache", |t, _| net_stat::parse(t));
    /// Neighbours over IPv6.
    ndisc_cache: Sampled<Counters> =
        |p| p.sampled("proc/net/stat/ndisc_cache", |t, _| net_stat::parse(t));
    /// Counters of connection tracking of the host's namespace.
    conntrack: Sampled<Counters> =
        |p| p.sampled("proc/net/stat/nf_conntrack", |t, _| net_stat::parse(t));
    /// Virtual services of IPVS, of the host's namespace.
    ip_vs: Sampled<Rows<ip_vs::Service>> =
        |p| p.sampled("proc/net/ip_vs", |t, _| ip_vs::parse(t));
    /// What IPVS has balanced since it was loaded.
    ip_vs_stats: Sampled<ip_vs::Totals> =
        |p| p.sampled("proc/net/ip_vs_stats", |t, _| ip_vs::totals(t));
    /// Names of PCI devices.
    pci: Many<Rows<lspci::PciDevice>> =
        |p| p.many("commands/lspci", "", |_, b, _| lspci::parse(&text(b)));
    /// Tracked connections of the host's namespace.
    conntrack_count: Sampled<i64> =
        |p| p.sampled("proc/sys/net/netfilter/nf_conntrack_count", count);
    /// TCP sockets as `ss` prints them, in archives of others.
    ss: Sampled<Vec<Socket>> = |p| p.sampled("commands/ss", |t, _| {
        Ok(lean(ss::parse(t)?.rows.iter()))
    });
    /// TCP sockets as `netstat` prints them, in archives of others.
    netstat: Sampled<Vec<Socket>> = |p| p.sampled("commands/netstat", |t, _| {
        Ok(lean(netstat::parse(t)?.rows.iter()))
    });
    /// Who holds the sockets, by the same listings.
    ss_owners: Sampled<Vec<SocketOwner>> =
        |p| p.sampled("commands/ss", |t, _| Ok(owners(&ss::parse(t)?.rows)));
    /// By `netstat`.
    netstat_owners: Sampled<Vec<SocketOwner>> =
        |p| p.sampled("commands/netstat", |t, _| Ok(owners(&netstat::parse(t)?.rows)));
    /// By `lsof`.
    lsof: Sampled<Rows<SocketOwner>> = |p| p.sampled("commands/lsof", |t, _| lsof::parse(t));
    /// TCP sockets over IPv4 as the kernel lists them, in archives of others.
    proc_tcp: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp", tcp_table);
    /// The same over IPv6.
    proc_tcp6: Sampled<Vec<Socket>> =
        |p| p.sampled("proc/net/tcp6", tcp_table);
    /// UDP sockets over IPv4 that have dropped something, of the host's namespace.
    proc_udp: Sampled<Vec<UdpLosses>> = |p| p.sampled("proc/net/udp", udp_table);
    /// The same over IPv6.
    proc_udp6: Sampled<Vec<UdpLosses>> = |p| p.sampled("proc/net/udp6", udp_table);
}

impl Net {
    /// Interfaces as `ip` shows them, the fullest list first.
    pub(crate) fn ip_lists(&self) -> impl Iterator<Item = &Sampled<Rows<ip_link::IpLink>>> {
        let texts = [&self.ip_link_text, &self.ip_link, &self.ip_addr];
        [&self.ip_link_json, &self.ip_addr_json].into_iter().chain(texts)
    }

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

    /// Owners of sockets that tools printed, in archives of others.
    pub(crate) fn text_owners(&self) -> impl Iterator<Item = &SocketOwner> {
        let listed = [&self.ss_owners, &self.netstat_owners];
        let listed = listed.into_iter().flat_map(|s| s.good().flat_map(|(_, owners)| owners));
        listed.chain(self.lsof.good().flat_map(|(_, lsof)| &lsof.rows))
    }
}

/// Owners in a listing of sockets.
fn owners(sockets: &[socket::Socket]) -> Vec<SocketOwner> {
    let of = |s: &socket::Socket| {
        let owner = s.owners.first()?;
        let inode = s.inode?;
        Some(SocketOwner { inode, pid: owner.pid?, name: owner.name.clone() })
    };
    sockets.iter().filter_map(of).collect()
}

/// `1234/net`: the process.
fn net_of_process(key: &str) -> Option<u32> {
    key.strip_suffix("/net")?.parse().ok()
}

/// `net:[4026531840]`: the inode.
pub(super) fn namespace(target: &str) -> Option<u64> {
    target.trim().split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

fn count(text: &str, _: &ParseEnv) -> Result<i64, ParseError> {
    let text = text.trim();
    text.parse().map_err(|e| ParseError::new(1, text, format!("a count ({e})")))
}

fn netns_file(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<NetnsFile, ParseError> {
    Ok(match path.rsplit('/').next().unwrap_or_default() {
        "sysctl" => NetnsFile::Sysctl(sysctl::parse(&text(bytes))?),
        "snmp" | "netstat" => NetnsFile::Counters(net_snmp::parse(&text(bytes))?),
        "snmp6" => NetnsFile::Counters(net_snmp6::parse(&text(bytes))?),
        "sockstat" => NetnsFile::Counters(net_sockstat::parse(&text(bytes))?),
        "nf_conntrack" => NetnsFile::Counters(net_stat::parse(&text(bytes))?),
        "qdisc" => NetnsFile::Qdiscs(qdisc::parse(bytes, env)?.rows),
        "route" => NetnsFile::Routes(net_route::parse(&text(bytes), env)?.rows),
        "ipv6_route" => NetnsFile::Routes(net_ipv6_route::parse(&text(bytes))?.rows),
        "routes" => NetnsFile::RouteDump(route_dump::parse(bytes, env)?.rows),
        "links.jsonl" => NetnsFile::Links(links::parse(&text(bytes))?.rows),
        "neigh.jsonl" => NetnsFile::Neighbours(neigh::parse(&text(bytes))?.rows),
        "tcp_metrics" => NetnsFile::Metrics(tcp_metrics::parse(bytes, env)?.rows),
        "tcp" | "tcp6" => NetnsFile::Tcp(tcp_table(&text(bytes), env)?),
        "udp" | "udp6" => NetnsFile::Udp(udp_table(&text(bytes), env)?),
        _ => NetnsFile::Other,
    })
}

/// The words of one column, headings among them.
fn words(text: &str, column: usize) -> BTreeSet<String> {
    let of = |l: &str| l.split_ascii_whitespace().nth(column).map(str::to_owned);
    text.lines().filter_map(of).collect()
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
        Some("-k") => EthtoolText::Features(ethtool_text::features(&text)?),
        Some("-m") => EthtoolText::Module(ethtool_text::module::parse(&text)?),
        Some("-x") => EthtoolText::Indirection(ethtool_text::indirection::parse(&text)?),
        Some(_) => EthtoolText::Other,
    })
}

/// Replies of the socket monitor. UDP sockets are not kept.
fn dump(path: &str, bytes: &[u8], env: &ParseEnv) -> Result<Vec<Socket>, ParseError> {
    if !path.ends_with("/tcp4") && !path.ends_with("/tcp6") {
        return Ok(Vec::new());
    }
    // Room for all from the start: 100,000 that are moved while the list grows are touched twice.
    let mut sockets = Vec::with_capacity(inet_diag::about(bytes, env));
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

fn udp_table(text: &str, env: &ParseEnv) -> Result<Vec<UdpLosses>, ParseError> {
    let table = net_tcp::parse(text, socket::Protocol::Udp, env)?;
    let dropped = |s: &socket::Socket| {
        let drops = s.drops.filter(|n| *n > 0)?;
        let local = SocketAddr::new(s.local.addr, s.local.port);
        Some(UdpLosses { local, inode: s.inode.unwrap_or(0), drops })
    };
    Ok(table.rows.iter().filter_map(dropped).collect())
}

fn lean<'s>(sockets: impl Iterator<Item = &'s socket::Socket>) -> Vec<Socket> {
    sockets.filter(|s| s.protocol == socket::Protocol::Tcp).map(Socket::of).collect()
}
