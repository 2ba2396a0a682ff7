//! `probes/netns/<inode>/qdisc`: queueing disciplines with their statistics, replies of rtnetlink
//! as they came.
//!
//! <https://man7.org/linux/man-pages/man7/rtnetlink.7.html>, `struct tcmsg` of
//! `include/uapi/linux/rtnetlink.h`, `TCA_STATS2` of `include/uapi/linux/gen_stats.h`
//!
//! A payload is netlink messages back to back: 16 bytes of `nlmsghdr`, 20 bytes of `tcmsg`, then
//! attributes of 4 bytes of header each, all aligned to 4, in host order. What `tc -s qdisc` shows:
//!
//! ```text
//! qdisc fq_codel 8001: dev eth0 root refcnt 2
//!  Sent 35914 bytes 132 pkt (dropped 2, overlimits 0 requeues 1)
//!  backlog 0b 0p requeues 1
//! ```

use super::binary::Binary;
use super::netlink::{self, attributes};
use super::{ParseEnv, ParseError, Rows};

#[cfg(test)]
const HEADER: usize = netlink::HEADER;
const MESSAGE: usize = 20;
const RTM_NEWQDISC: u16 = 36;
const TCA_KIND: u16 = 1;
const TCA_STATS: u16 = 3;
const TCA_STATS2: u16 = 7;
const TCA_STATS_BASIC: u16 = 1;
const TCA_STATS_QUEUE: u16 = 3;
const TCA_STATS_PKT64: u16 = 8;
/// Parent of a discipline at the root of its device.
const ROOT: u32 = u32::MAX;

/// One discipline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Qdisc {
    /// The device, by its index.
    pub ifindex: u32,
    /// `fq_codel`, `mq`, `noqueue`.
    pub kind: String,
    /// Major and minor of its own name (`8001:0`); 0 for those nobody named.
    pub handle: u32,
    /// Where it hangs.
    pub parent: u32,
    /// What it sent.
    pub sent_bytes: Option<u64>,
    /// What it sent.
    pub sent_packets: Option<u64>,
    /// Packets dropped, its children's included.
    pub drops: Option<u32>,
    /// Packets that the device took back to the queue: its ring was full.
    pub requeues: Option<u32>,
    /// Packets that had to wait for a rate.
    pub overlimits: Option<u32>,
    /// Packets that wait now.
    pub queue_packets: Option<u32>,
    /// Bytes that wait now.
    pub backlog_bytes: Option<u32>,
}

impl Qdisc {
    /// At the root of its device, so that its figures are the device's.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.parent == ROOT
    }
}

/// Reads all disciplines; a damaged message is a problem beside them.
///
/// # Errors
/// Not one discipline in a payload that is not empty.
pub fn parse(bytes: &[u8], env: &ParseEnv) -> Result<Rows<Qdisc>, ParseError> {
    netlink::messages(bytes, env.little_endian, "a tcmsg with its kind", |kind, body| {
        (kind == RTM_NEWQDISC).then(|| qdisc(body))
    })
}

fn qdisc(body: Binary<'_>) -> Option<Qdisc> {
    let mut qdisc = Qdisc {
        ifindex: body.u32(4)?,
        handle: body.u32(8)?,
        parent: body.u32(12)?,
        ..Qdisc::default()
    };
    let mut old = None;
    for (kind, value) in attributes(body.part(MESSAGE, body.bytes.len())?) {
        match kind {
            TCA_KIND => {
                let name = value.bytes.split(|b| *b == 0).next().unwrap_or_default();
                qdisc.kind = String::from_utf8_lossy(name).into_owned();
            }
            TCA_STATS => old = Some(value),
            TCA_STATS2 => new_statistics(&mut qdisc, value),
            _ => {}
        }
    }
    if let Some(old) = old.filter(|_| qdisc.sent_bytes.is_none()) {
        // `struct tc_stats`, of kernels before 2.6.10 and beside the new ones ever since.
        qdisc.sent_bytes = old.u64(0);
        qdisc.sent_packets = old.u32(8).map(u64::from);
        qdisc.drops = old.u32(12);
        qdisc.overlimits = old.u32(16);
        qdisc.queue_packets = old.u32(28);
        qdisc.backlog_bytes = old.u32(32);
    }
    (!qdisc.kind.is_empty()).then_some(qdisc)
}

fn new_statistics(qdisc: &mut Qdisc, nested: Binary<'_>) {
    let mut packets_64 = None;
    for (kind, value) in attributes(nested) {
        match kind {
            TCA_STATS_BASIC => {
                qdisc.sent_bytes = value.u64(0);
                qdisc.sent_packets = value.u32(8).map(u64::from);
            }
            TCA_STATS_QUEUE => {
                qdisc.queue_packets = value.u32(0);
                qdisc.backlog_bytes = value.u32(4);
                qdisc.drops = value.u32(8);
                qdisc.requeues = value.u32(12);
                qdisc.overlimits = value.u32(16);
            }
            TCA_STATS_PKT64 => packets_64 = value.u64(0),
            _ => {}
        }
    }
    // Once 32 bits have not sufficed, the kernel tells the whole beside them.
    qdisc.sent_packets = packets_64.or(qdisc.sent_packets);
}

/// A dump of Linux 6.18: `noqueue` of the loopback device, `fq_codel` that has dropped.
#[cfg(test)]
pub(crate) fn sample() -> Vec<u8> {
    let attribute = |kind: u16, value: &[u8]| {
        let mut out = u16::try_from(4 + value.len()).unwrap().to_le_bytes().to_vec();
        out.extend(kind.to_le_bytes());
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    };
    let numbers = |all: &[u32]| all.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let message = |index: u32, kind: &str, stats: [&[u32]; 2]| {
        let mut body = numbers(&[0, index, 0x8001_0000, ROOT, 2]);
        body.extend(attribute(TCA_KIND, format!("{kind}\0").as_bytes()));
        let [basic, queue] = stats.map(numbers);
        let both = [attribute(TCA_STATS_BASIC, &basic), attribute(TCA_STATS_QUEUE, &queue)];
        body.extend(attribute(TCA_STATS2 | 0x8000, &both.concat()));
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut out = numbers(&[length, u32::from(RTM_NEWQDISC) | 2 << 16, 1, 0]);
        out.extend(body);
        out
    };
    let mut all = message(1, "noqueue", [&[0, 0, 0, 0], &[0, 0, 0, 0, 0]]);
    all.extend(message(4, "fq_codel", [&[35_914, 0, 132, 0], &[3, 4542, 2, 1, 7]]));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_tc() {
        let rows = parse(&sample(), &super::super::ENV).unwrap().rows;
        assert_eq!(
            (rows[0].kind.as_str(), rows[0].ifindex, rows[0].drops),
            ("noqueue", 1, Some(0))
        );
        let fq = &rows[1];
        assert_eq!((fq.ifindex, fq.kind.as_str(), fq.handle >> 16), (4, "fq_codel", 0x8001));
        assert!(fq.is_root());
        assert_eq!((fq.sent_bytes, fq.sent_packets), (Some(35_914), Some(132)));
        assert_eq!((fq.drops, fq.requeues, fq.overlimits), (Some(2), Some(1), Some(7)));
        assert_eq!((fq.queue_packets, fq.backlog_bytes), (Some(3), Some(4542)));
    }

    #[test]
    fn a_cut_payload_keeps_what_is_whole() {
        let bytes = sample();
        let rows = parse(&bytes[..bytes.len() - 8], &super::super::ENV).unwrap();
        assert_eq!((rows.rows.len(), rows.damaged), (1, 1));
        assert_eq!(parse(b"", &super::super::ENV).unwrap().rows, []);
        assert!(parse(&[7; 40], &super::super::ENV).is_err());
    }
}
