//! `/proc/net/ip_vs` and `/proc/net/ip_vs_stats`: virtual services of IPVS and their servers.
//!
//! `net/netfilter/ipvs/ip_vs_ctl.c` of the kernel, ipvsadm(8)
//!
//! ```text
//! Prot LocalAddress:Port Scheduler Flags
//!   -> RemoteAddress:Port Forward Weight ActiveConn InActConn
//! TCP  C0A80016:0CEA wlc
//!   -> C0A85216:0CEA      Tunnel  100    248        2
//! ```
//!
//! Addresses are hexadecimal in network order, IPv6 in brackets; numbers of the statistics are
//! hexadecimal, too.

use std::net::IpAddr;

use super::{Fields, ParseError, Rows, hex, lines};

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `TCP`, `UDP`, `SCTP`, `FWM` (by firewall mark).
    pub protocol: String,
    /// Address and port; `None` for a firewall mark.
    pub local: Option<(IpAddr, u16)>,
    /// Firewall mark.
    pub mark: Option<u32>,
    /// `rr`, `wlc`, `sh`.
    pub scheduler: String,
    /// Its servers.
    pub servers: Vec<Server>,
    /// Line.
    pub line: u32,
}

/// A server behind a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub remote: (IpAddr, u16),
    /// `Masq`, `Route` (direct return), `Tunnel`, `Local`.
    pub forward: String,
    /// Weight; 0 takes no new connections.
    pub weight: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections that are closing, or of protocols without connections.
    pub inactive: u64,
}

/// Sums since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Connections.
    pub connections: u64,
    /// Packets in.
    pub packets_in: u64,
    /// Packets out.
    pub packets_out: u64,
    /// Bytes in.
    pub bytes_in: u64,
    /// Bytes out.
    pub bytes_out: u64,
}

/// Reads the services; with its headings alone there is none.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Service>, ParseError> {
    if !text.starts_with("IP Virtual Server") {
        return Err(ParseError::new(1, text, "the heading `IP Virtual Server version …`"));
    }
    let mut rows: Rows<Service> = Rows::default();
    for (line, text) in lines(text).skip(3).filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let mut f = Fields::new(line, text);
        if let Some(rest) = text.trim_ascii_start().strip_prefix("->") {
            match (server(Fields::new(line, rest)), rows.rows.last_mut()) {
                (Ok(server), Some(service)) => service.servers.push(server),
                (Ok(_), None) => rows.problem(f.error("a service above its server")),
                (Err(e), _) => rows.problem(e),
            }
        } else {
            rows.take(service(&mut f).map(Some));
        }
    }
    rows.finish()
}

fn service(f: &mut Fields<'_>) -> Result<Service, ParseError> {
    let protocol = f.word("protocol")?.to_owned();
    let is_mark = protocol == "FWM";
    let (mut local, mut mark) = (None, None);
    if is_mark {
        mark = u32::try_from(f.hex("firewall mark")?).ok();
    } else {
        let word = f.word("address")?;
        local = Some(end(f, word)?);
    }
    let scheduler = f.word("scheduler")?.to_owned();
    Ok(Service { protocol, local, mark, scheduler, servers: Vec::new(), line: f.line })
}

fn server(mut f: Fields<'_>) -> Result<Server, ParseError> {
    let word = f.word("address")?;
    let remote = end(&f, word)?;
    let forward = f.word("forwarding method")?.to_owned();
    let (weight, active) = (f.num("weight")?, f.num("ActiveConn")?);
    Ok(Server { remote, forward, weight, active, inactive: f.num("InActConn")? })
}

/// `C0A80016:0CEA`, `[2001:0db8:…:0001]:0050`.
fn end(f: &Fields<'_>, word: &str) -> Result<(IpAddr, u16), ParseError> {
    let expected = || f.error("an address and a port in hexadecimal");
    let (address, port) = word.rsplit_once(':').ok_or_else(expected)?;
    let port = u16::from_str_radix(port, 16).ok().ok_or_else(expected)?;
    if let Some(v6) = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')) {
        return Ok((v6.parse().ok().ok_or_else(expected)?, port));
    }
    let v4 = u32::try_from(hex(f.line, address, "address")?).ok().ok_or_else(expected)?;
    Ok((IpAddr::from(v4.to_be_bytes()), port))
}

/// Reads the sums of `/proc/net/ip_vs_stats`.
///
/// # Errors
/// No third line with five hexadecimal numbers.
pub fn totals(text: &str) -> Result<Totals, ParseError> {
    let row = lines(text).nth(2);
    let (line, row) = row.ok_or_else(|| ParseError::new(None, text, "two headings and a row"))?;
    let mut f = Fields::new(line, row);
    Ok(Totals {
        connections: f.hex("connections")?,
        packets_in: f.hex("packets in")?,
        packets_out: f.hex("packets out")?,
        bytes_in: f.hex("bytes in")?,
        bytes_out: f.hex("bytes out")?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A80016:0CEA wlc  
  -> C0A85216:0CEA      Tunnel  100    248        2         
  -> C0A85318:0CEA      Tunnel  0      0          1         
UDP  [2001:0DB8:0000:0000:0000:0000:0000:0001]:0035 rr persistent 360
  -> [2001:0DB8:0000:0000:0000:0000:0000:0002]:0035      Masq    1      3          4
FWM  10001000 wlc   
  -> C0A8321A:0000      Route   20     64         1         
";

#[cfg(test)]
pub(super) const TOTALS: &str = "\
   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
 16AA370 E33656E5        0     51D8C8883AB3                0

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       4    1FB3C        0          1282A8F                0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_with_their_servers() {
        let rows = parse(SAMPLE).unwrap();
        assert_eq!(rows.problems, []);
        let [tcp, udp, mark] = &rows.rows[..] else { panic!("three: {rows:?}") };
        assert_eq!(tcp.local, Some(("192.168.0.22".parse().unwrap(), 3306)));
        let server = &tcp.servers[0];
        assert_eq!(server.remote, ("192.168.82.22".parse().unwrap(), 3306));
        assert_eq!((server.weight, server.active, server.inactive), (100, 248, 2));
        assert_eq!((tcp.servers.len(), tcp.servers[1].weight), (2, 0));
        assert_eq!(udp.local, Some(("2001:db8::1".parse().unwrap(), 53)));
        assert_eq!((udp.scheduler.as_str(), udp.servers[0].forward.as_str()), ("rr", "Masq"));
        assert_eq!((mark.mark, mark.local, mark.line), (Some(0x1000_1000), None, 9));
    }

    #[test]
    fn no_service_and_damage() {
        let headings: String = SAMPLE.split_inclusive('\n').take(3).collect();
        assert!(parse(&headings).unwrap().rows.is_empty());
        assert!(parse("").is_err());
        let alone = format!("{headings}  -> C0A85216:0CEA Masq 1 2 3\n");
        assert!(parse(&alone).is_err());
    }

    #[test]
    fn totals_are_hexadecimal() {
        let t = totals(TOTALS).unwrap();
        assert_eq!((t.connections, t.packets_in, t.bytes_out), (23_765_872, 3_811_989_221, 0));
        assert_eq!(t.bytes_in, 89_991_519_156_915);
        assert!(totals("a\nb\n").is_err());
    }
}
