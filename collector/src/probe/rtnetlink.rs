//! Tables of the present network namespace that no file tells, by rtnetlink(7): what waits and is
//! dropped in the queues of its devices, and how many neighbours are in which state.
//!
//! `probes/netns/<inode>/qdisc` has the messages as received (`RTM_NEWQDISC`, back to back, each an
//! `nlmsghdr`, a `tcmsg` and attributes). Of the neighbours only counts are kept, one line each:
//!
//! ```json
//! {"family":"ipv4","ifindex":2,"state":"reachable","count":17}
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use linsight_archive::Outcome;
use rustix::net::Protocol;

use super::netlink::{self, Failure, u32_at};
use super::{Answer, Emit};

/// `NETLINK_ROUTE` is 0, the protocol that a socket has unasked.
const ROUTE: Option<Protocol> = None;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
/// Ten thousand queues.
const MAX_QDISC_BYTES: u64 = 4 << 20;

/// States of a neighbour (`NUD_*`).
const STATES: [(u32, &str); 8] = [
    (0x01, "incomplete"),
    (0x02, "reachable"),
    (0x04, "stale"),
    (0x08, "delay"),
    (0x10, "probe"),
    (0x20, "failed"),
    (0x40, "noarp"),
    (0x80, "permanent"),
];

/// Queueing disciplines with their statistics.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn qdisc(path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
    let request = netlink::request(RTM_GETQDISC, &[0; 20]);
    netlink::emit_dump(path, ROUTE, &request, RTM_NEWQDISC, MAX_QDISC_BYTES, emit)
}

/// Neighbours, counted by family, device and state.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn neighbours(path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
    let mut counts: BTreeMap<(u8, u32, u32), u64> = BTreeMap::new();
    let request = netlink::request(RTM_GETNEIGH, &[0; 12]);
    let result = netlink::dump(ROUTE, &request, RTM_NEWNEIGH, &mut |message| {
        // `struct ndmsg`: family, padding, interface, state (16 bits).
        let family = message.get(16).copied().unwrap_or(0);
        let state = message.get(24..26).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes);
        if let (Some(ifindex), Some(state)) = (u32_at(message, 20), state) {
            *counts.entry((family, ifindex, u32::from(state))).or_default() += 1;
        }
        Ok(true)
    });
    let mut text = String::new();
    for ((family, ifindex, state), count) in counts {
        let family = match family {
            2 => "ipv4",
            10 => "ipv6",
            _ => continue,
        };
        let state = STATES.iter().find(|(bit, _)| *bit == state).map_or("none", |(_, name)| name);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{{\"family\":\"{family}\",\"ifindex\":{ifindex},\"state\":\"{state}\",\"count\":{count}}}"
        );
    }
    match result {
        Ok(notes) => {
            let reason = notes.text();
            emit(Answer { reason, ..Answer::whole(path, text.as_bytes()) })
        }
        Err(Failure::Kernel(errno)) if text.is_empty() => emit(Answer::failed(path, errno)),
        Err(Failure::Kernel(errno)) => emit(Answer {
            outcome: Outcome::Truncated,
            errno: Some(errno.raw_os_error()),
            ..Answer::whole(path, text.as_bytes())
        }),
        Err(Failure::Emit(error)) => Err(error),
    }
}
