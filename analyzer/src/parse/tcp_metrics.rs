//! `probes/netns/<inode>/tcp_metrics`: what the kernel remembers of its paths to peers, replies of
//! generic netlink as they came.
//!
//! <https://man7.org/linux/man-pages/man8/ip-tcp_metrics.8.html>, `include/uapi/linux/tcp_metrics.h`,
//! `tcp_metrics_fill_info` of `net/ipv4/tcp_metrics.c`
//!
//! A payload is netlink messages back to back: 16 bytes of `nlmsghdr`, 4 bytes of `genlmsghdr`, then
//! attributes. What `ip tcp_metrics` shows:
//!
//! ```text
//! 169.254.169.254 age 935.224sec cwnd 12 rtt 329us rttvar 264us source 192.0.2.2
//! ```
//!
//! Times are kept with three and two more bits than they have: `rtt` times 8, `rttvar` times 4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::binary::Binary;
use super::netlink::{self, attributes};
use super::{ParseEnv, ParseError, Rows};

const GENERIC_HEAD: usize = 4;
/// Types of messages below this are those of netlink itself (`NLMSG_MIN_TYPE`).
const FIRST_FAMILY: u16 = 16;
const ADDR_IPV4: u16 = 1;
const ADDR_IPV6: u16 = 2;
const AGE: u16 = 3;
const VALUES: u16 = 6;
const SOURCE_IPV4: u16 = 11;
const SOURCE_IPV6: u16 = 12;
/// Kinds of values, each one more than its `TCP_METRIC_*`.
const RTT: u16 = 1;
const RTTVAR: u16 = 2;
const SSTHRESH: u16 = 3;
const CWND: u16 = 4;
const REORDERING: u16 = 5;
const RTT_US: u16 = 6;
const RTTVAR_US: u16 = 7;

/// What is remembered of one peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// The peer.
    pub address: Option<IpAddr>,
    /// The own address that spoke with it.
    pub source: Option<IpAddr>,
    /// How long ago it was learnt.
    pub age_ms: Option<u64>,
    /// Round-trip time.
    pub rtt_ms: Option<f64>,
    /// How much it varies.
    pub rtt_var_ms: Option<f64>,
    /// Slow start ends at this window: the path has lost packets.
    pub slow_start_threshold: Option<u32>,
    /// Window that was reached.
    pub congestion_window: Option<u32>,
    /// Packets that overtook each other.
    pub reordering: Option<u32>,
}

/// Reads all peers; a damaged message is a problem beside them.
///
/// # Errors
/// Not one peer in a payload that is not empty.
pub fn parse(bytes: &[u8], env: &ParseEnv) -> Result<Rows<Metrics>, ParseError> {
    netlink::messages(bytes, env.little_endian, "the metrics of a peer", |kind, body| {
        (kind >= FIRST_FAMILY).then(|| peer(body))
    })
}

fn peer(body: Binary<'_>) -> Option<Metrics> {
    let mut m = Metrics::default();
    for (kind, value) in attributes(body.part(GENERIC_HEAD, body.bytes.len())?) {
        match kind {
            ADDR_IPV4 | ADDR_IPV6 => m.address = address(value),
            SOURCE_IPV4 | SOURCE_IPV6 => m.source = address(value),
            AGE => m.age_ms = value.u64(0),
            VALUES => values(&mut m, value),
            _ => {}
        }
    }
    m.address.is_some().then_some(m)
}

fn address(value: Binary<'_>) -> Option<IpAddr> {
    match value.bytes.len() {
        4 => value.raw::<4>(0).map(|a| Ipv4Addr::from(a).into()),
        16 => value.raw::<16>(0).map(|a| Ipv6Addr::from(a).into()),
        _ => None,
    }
}

fn values(m: &mut Metrics, nested: Binary<'_>) {
    let (mut coarse_rtt, mut coarse_var) = (None, None);
    for (kind, value) in attributes(nested) {
        let Some(n) = value.u32(0) else { continue };
        match kind {
            RTT => coarse_rtt = Some(f64::from(n) / 8.0),
            RTTVAR => coarse_var = Some(f64::from(n) / 4.0),
            RTT_US => m.rtt_ms = Some(f64::from(n) / 8000.0),
            RTTVAR_US => m.rtt_var_ms = Some(f64::from(n) / 4000.0),
            SSTHRESH => m.slow_start_threshold = Some(n),
            CWND => m.congestion_window = Some(n),
            REORDERING => m.reordering = Some(n),
            _ => {}
        }
    }
    // Kernels before 3.15 have milliseconds only.
    m.rtt_ms = m.rtt_ms.or(coarse_rtt);
    m.rtt_var_ms = m.rtt_var_ms.or(coarse_var);
}

/// Two peers as Linux 6.18 told them, the second cut down by hand to an IPv6 one with a threshold.
#[cfg(test)]
pub(crate) const SAMPLE: &[u8] = &[
    0x5c, 0, 0, 0, 0x1b, 0, 2, 0, 1, 0, 0, 0, 0x6a, 7, 0, 0, 1, 1, 0, 0, 8, 0, 1, 0, 169, 254, 169,
    254, 8, 0, 11, 0, 192, 0, 2, 2, 12, 0, 3, 0, 0xc0, 0xd5, 13, 0, 0, 0, 0, 0, 0x2c, 0, 6, 0, 8,
    0, 6, 0, 0x4d, 10, 0, 0, 8, 0, 1, 0, 2, 0, 0, 0, 8, 0, 7, 0, 0x21, 4, 0, 0, 8, 0, 2, 0, 1, 0,
    0, 0, 8, 0, 4, 0, 12, 0, 0, 0, 0x38, 0, 0, 0, 0x1b, 0, 2, 0, 1, 0, 0, 0, 0x6a, 7, 0, 0, 1, 1,
    0, 0, 20, 0, 2, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 16, 0, 6, 0x80, 8, 0, 1,
    0, 80, 0, 0, 0, 4, 0, 3, 0,
];

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn figures_are_those_of_ip() {
        let rows = parse(SAMPLE, &ENV).unwrap().rows;
        let [v4, v6] = &rows[..] else { panic!("two: {rows:?}") };
        assert_eq!(v4.address, Some("169.254.169.254".parse().unwrap()));
        assert_eq!((v4.source, v4.age_ms), (Some("192.0.2.2".parse().unwrap()), Some(906_688)));
        assert_eq!((v4.rtt_ms, v4.rtt_var_ms), (Some(0.329_625), Some(0.264_25)));
        assert_eq!((v4.congestion_window, v4.slow_start_threshold), (Some(12), None));
        assert_eq!(v6.address, Some("fd00::1".parse().unwrap()));
        assert_eq!((v6.rtt_ms, v6.source), (Some(10.0), None), "an old kernel has milliseconds");
    }

    #[test]
    fn a_cut_payload_keeps_what_is_whole() {
        let cut = parse(&SAMPLE[..SAMPLE.len() - 4], &ENV).unwrap();
        assert_eq!((cut.rows.len(), cut.damaged), (1, 1));
        assert_eq!(parse(b"", &ENV).unwrap().rows, []);
        assert!(parse(&[7; 40], &ENV).is_err());
    }
}
