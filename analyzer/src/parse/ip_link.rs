//! Output of ip(8): `ip -d -s link` and `ip -d address`, as JSON (`-j`) and as text.
//!
//! <https://man7.org/linux/man-pages/man8/ip-link.8.html>
//!
//! ```text
//! 2: ens3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 8958 qdisc fq_codel state UP group default qlen 1000
//!     link/ether fa:16:3e:1f:96:bd brd ff:ff:ff:ff:ff:ff promiscuity 0
//!     inet 10.6.3.201/16 brd 10.6.255.255 scope global dynamic ens3
//! ```

use std::net::IpAddr;

use serde_json::Value;

use super::{ParseError, Rows, lines, number};

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpLink {
    /// Index.
    pub index: u32,
    /// Name, without the `@parent`.
    pub name: String,
    /// Interface below it (VLAN, macvlan), or the index of a peer as `if7`.
    pub parent: Option<String>,
    /// `UP`, `LOWER_UP`, `NO-CARRIER`, ….
    pub flags: Vec<String>,
    /// MTU.
    pub mtu_bytes: Option<u32>,
    /// `UP`, `DOWN`, `UNKNOWN`.
    pub state: Option<String>,
    /// Queueing discipline.
    pub qdisc: Option<String>,
    /// Bond, bridge or VRF it belongs to.
    pub master: Option<String>,
    /// Kind: `vlan`, `veth`, `bond`, `vxlan`; `None` for hardware.
    pub kind: Option<String>,
    /// MAC address.
    pub mac: Option<String>,
    /// Addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Line, in the text form.
    pub line: Option<u32>,
}

/// Reads the text form; a damaged heading is a problem beside the others.
///
/// # Errors
/// Nothing, or not one interface could be read.
pub fn parse(text: &str) -> Result<Rows<IpLink>, ParseError> {
    let mut rows: Rows<IpLink> = Rows::default();
    for (line, text) in lines(text) {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            rows.take(heading(line, text).map(Some));
        } else if let Some(link) = rows.rows.last_mut() {
            link.detail(text);
        }
    }
    if rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "interfaces as ip lists them"));
    }
    rows.finish()
}

fn heading(line: u32, text: &str) -> Result<IpLink, ParseError> {
    let mut parts = text.splitn(3, ": ");
    let (Some(index), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(ParseError::new(line, text, "`index: name: <flags> …`"));
    };
    let (name, parent) =
        name.split_once('@').map_or((name, None), |(n, p)| (n, Some(p.to_owned())));
    let index = number(line, index, "index")?;
    let mut words = rest.split_ascii_whitespace();
    let flags = words.next().unwrap_or_default().trim_matches(['<', '>']);
    let flags = flags.split(',').map(Into::into).collect();
    let mut found =
        IpLink { index, name: name.into(), parent, flags, line: Some(line), ..IpLink::default() };
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        match key {
            "mtu" => found.mtu_bytes = Some(number(line, value, "MTU")?),
            "qdisc" => found.qdisc = Some(value.to_owned()),
            "state" => found.state = Some(value.to_owned()),
            "master" => found.master = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(found)
}

/// Kinds that `ip -d` prints as the first word of a line.
const KINDS: [&str; 14] = [
    "bond", "bridge", "dummy", "geneve", "gre", "ipip", "ipvlan", "macvlan", "team", "tun", "veth",
    "vlan", "vrf", "vxlan",
];

impl IpLink {
    fn detail(&mut self, text: &str) {
        let mut words = text.split_ascii_whitespace();
        match words.next() {
            Some(word) if word.starts_with("link/") => {
                self.mac = words.next().filter(|m| m.contains(':')).map(Into::into);
            }
            Some("inet" | "inet6") => {
                let address = words.next().and_then(|a| {
                    a.split('/').next()?.parse().ok().zip(
                        a.split('/')
                            .nth(1)
                            .map_or(Some(if a.contains(':') { 128 } else { 32 }), |n| {
                                n.parse().ok()
                            }),
                    )
                });
                self.addresses.extend(address);
            }
            Some(kind) if KINDS.contains(&kind) => self.kind = Some(kind.to_owned()),
            _ => {}
        }
    }
}

/// Reads the JSON form of `ip -j link` or `ip -j address`.
///
/// # Errors
/// Not JSON, or not a list of objects with an index and a name.
pub fn json(text: &str) -> Result<Rows<IpLink>, ParseError> {
    let mut rows = Rows::default();
    for value in objects(text)? {
        let shape = || ParseError::new(None, &value.to_string(), "ifindex and ifname");
        rows.take(object(&value).map(Some).ok_or_else(shape));
    }
    rows.finish()
}

/// The interfaces of a JSON list of ip(8), without the empty ones that it prints.
pub(super) fn objects(text: &str) -> Result<impl Iterator<Item = Value>, ParseError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ParseError::new(u32::try_from(e.line()).ok(), text, format!("JSON ({e})")))?;
    let Value::Array(links) = value else {
        return Err(ParseError::new(None, text, "a list of interfaces"));
    };
    Ok(links.into_iter().filter(|v| v.as_object().is_some_and(|o| !o.is_empty())))
}

fn object(value: &Value) -> Option<IpLink> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |key: &str| value.get(key).and_then(Value::as_array).into_iter().flatten();
    let address = |a: &Value| {
        let local = a.get("local").and_then(Value::as_str)?.parse().ok()?;
        Some((local, u8::try_from(a.get("prefixlen")?.as_u64()?).ok()?))
    };
    Some(IpLink {
        index: u32::try_from(value.get("ifindex")?.as_u64()?).ok()?,
        name: text("ifname")?,
        parent: text("link"),
        flags: list("flags").filter_map(Value::as_str).map(Into::into).collect(),
        mtu_bytes: value.get("mtu").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
        state: text("operstate"),
        qdisc: text("qdisc"),
        master: text("master"),
        kind: value.get("linkinfo").and_then(|i| i.get("info_kind")?.as_str()).map(Into::into),
        mac: text("address"),
        addresses: list("addr_info").filter_map(address).collect(),
        line: None,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0 minmtu 0 maxmtu 0
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host
3: flannel.1@ens3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 8908 qdisc noqueue master br0 state UNKNOWN mode DEFAULT
    link/ether 9a:e0:6b:c3:ce:e3 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68 maxmtu 65535
    vxlan id 1 local 10.6.3.201 dev ens3 srcport 0 0 dstport 8472 nolearning ttl auto
    RX: bytes  packets  errors  dropped overrun mcast
    190756     639      0       0       0       0
";

#[cfg(test)]
pub(super) const JSON: &str = r#"[{"ifindex":2,"link":"eth0","ifname":"eth0.5","flags":["UP"],"mtu":1500,"qdisc":"fq","operstate":"UP",
"address":"fa:16:3e:1f:96:bd","linkinfo":{"info_kind":"vlan"},"addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24}]},{}]"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [lo, flannel] = &rows[..] else { panic!("two") };
        assert_eq!(
            lo.addresses,
            [("127.0.0.1".parse().unwrap(), 8), ("::1".parse().unwrap(), 128)]
        );
        assert_eq!((flannel.name.as_str(), flannel.parent.as_deref()), ("flannel.1", Some("ens3")));
        assert_eq!((flannel.index, flannel.mtu_bytes, flannel.line), (3, Some(8908), Some(6)));
        assert_eq!(
            (flannel.kind.as_deref(), flannel.master.as_deref()),
            (Some("vxlan"), Some("br0"))
        );
        assert_eq!(flannel.mac.as_deref(), Some("9a:e0:6b:c3:ce:e3"));
        assert!(parse("").is_err());
        assert!(parse("7 x\n").is_err());
    }

    #[test]
    fn json_form() {
        let l = json(JSON).unwrap().rows.remove(0);
        assert_eq!(
            (l.name.as_str(), l.parent.as_deref(), l.kind.as_deref()),
            ("eth0.5", Some("eth0"), Some("vlan"))
        );
        assert_eq!((l.addresses[0].1, l.mtu_bytes, l.line), (24, Some(1500), None));
        assert!(json("{}").is_err());
        assert!(json(r#"[{"ifname":"x"}]"#).is_err());
    }
}
