//! Tables of the present network namespace that no file tells, by rtnetlink(7): what waits and is
//! dropped in the queues of its devices, its routes with what they set, and how many neighbours are
//! in which state.
//!
//! `probes/netns/<inode>/qdisc` has the messages as received (`RTM_NEWQDISC`, back to back, each an
//! `nlmsghdr`, a `tcmsg` and attributes), `routes` likewise those of all tables (`RTM_NEWROUTE` with
//! an `rtmsg`). Of the neighbours only counts are kept, and of the devices their numbers, by which
//! the others name them, one line each:
//!
//! ```json
//! {"family":"ipv4","ifindex":2,"state":"reachable","count":17}
//! {"ifindex":2,"name":"eth0"}
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use linsight_archive::Outcome;
use rustix::net::Protocol;

use super::netlink::{self, Failure, Notes, u32_at};
use super::{Answer, Emit};

/// `NETLINK_ROUTE` is 0, the protocol that a socket has unasked.
const ROUTE: Option<Protocol> = None;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
/// Ten thousand queues.
const MAX_QDISC_BYTES: u64 = 4 << 20;
/// Ten thousand routes: one with all that the Internet has is cut.
const MAX_ROUTE_BYTES: u64 = 1 << 20;
/// Lines of a list of devices.
const MAX_LINKS: usize = 4096;
const FIRST_LINKS: &str = "4096 devices, the limit: the kernel told of more";

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
    let table = netlink::Table { wanted: RTM_NEWQDISC, keep: |_| true, max_bytes: MAX_QDISC_BYTES };
    netlink::emit_dump(path, ROUTE, &request, &table, emit)
}

/// Routes of all tables.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn routes(path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
    let request = netlink::request(RTM_GETROUTE, &[0; 12]);
    let table =
        netlink::Table { wanted: RTM_NEWROUTE, keep: is_set_up, max_bytes: MAX_ROUTE_BYTES };
    netlink::emit_dump(path, ROUTE, &request, &table, &mut |answer| {
        let is_cut = answer.reason.is_some_and(|why| why.starts_with("byte limit"));
        let reason =
            if is_cut { Some("byte limit: the first of the tables") } else { answer.reason };
        emit(Answer { reason, ..answer })
    })
}

/// Whether somebody set the route up. Since 5.3 a dump has what the kernel found out of single
/// destinations too (`RTM_F_CLONED` in the `rtm_flags`), which may be many times as much.
fn is_set_up(message: &[u8]) -> bool {
    const CLONED: u32 = 0x200;
    u32_at(message, 24).is_none_or(|flags| flags & CLONED == 0)
}

/// Numbers and names of the devices.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn links(path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
    /// `struct ifinfomsg`, and `IFLA_EXT_MASK` with `RTEXT_FILTER_SKIP_STATS`.
    fn asked() -> Vec<u8> {
        let mut asked = vec![0; 16];
        asked.extend(8_u16.to_ne_bytes());
        asked.extend(29_u16.to_ne_bytes());
        asked.extend(8_u32.to_ne_bytes());
        asked
    }
    let mut names = BTreeMap::new();
    let result =
        netlink::dump(ROUTE, &netlink::request(RTM_GETLINK, &asked()), RTM_NEWLINK, &mut |m| {
            if let (Some(ifindex), Some(name)) = (u32_at(m, 20), link_name(m)) {
                names.insert(ifindex, name.to_owned());
            }
            Ok(names.len() < MAX_LINKS)
        });
    let mut text = String::new();
    for (ifindex, name) in names {
        let name = serde_json::to_string(&name)?;
        let _ = writeln!(text, "{{\"ifindex\":{ifindex},\"name\":{name}}}");
    }
    emit_text(path, &text, result, &mut |answer| emit(named_limit(answer)))
}

/// A list of devices that the limit ended is not whole, and comes in no order of a hash.
fn named_limit(answer: Answer<'_>) -> Answer<'_> {
    if answer.reason.is_some_and(|why| why.starts_with("byte limit")) {
        return Answer { reason: Some(FIRST_LINKS), outcome: Outcome::Truncated, ..answer };
    }
    answer
}

/// `IFLA_IFNAME` among the attributes behind `struct ifinfomsg`.
fn link_name(message: &[u8]) -> Option<&str> {
    let mut rest = message.get(32..)?;
    loop {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length)?;
        if u16_at(rest, 2)? == 3 {
            return str::from_utf8(value.strip_suffix(&[0]).unwrap_or(value)).ok();
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
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
        let state = u16_at(message, 24);
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
    emit_text(path, &text, result, emit)
}

/// What was made of a dump, and how the dump ended.
fn emit_text(
    path: &str,
    text: &str,
    result: Result<Notes, Failure>,
    emit: &mut Emit<'_>,
) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use linsight_archive::Outcome;

    use super::super::netlink::next_message;
    use super::*;

    fn taken(probe: impl Fn(&str, &mut Emit<'_>) -> io::Result<()>) -> (Outcome, Vec<u8>) {
        let (mut bytes, mut outcome) = (Vec::new(), Outcome::Missing);
        probe("p", &mut |answer| {
            bytes.extend_from_slice(answer.content);
            outcome = answer.outcome;
            Ok(())
        })
        .unwrap();
        (outcome, bytes)
    }

    #[test]
    fn devices_are_listed_with_their_numbers() {
        let (outcome, text) = taken(links);
        assert_eq!(outcome, Outcome::Collected);
        let text = String::from_utf8(text).unwrap();
        // The kernel gives every namespace its loopback first.
        let line = "{\"ifindex\":1,\"name\":\"lo\"}";
        assert!(text.lines().any(|l| l == line), "{line} is not in {text}");
    }

    #[test]
    fn what_the_kernel_found_out_of_one_destination_is_no_route() {
        let message = |flags: u32| {
            // `struct rtmsg`: 8 bytes, then the flags.
            let mut body = vec![0; 8];
            body.extend(flags.to_ne_bytes());
            netlink::request(RTM_NEWROUTE, &body)
        };
        assert!(is_set_up(&message(0)) && is_set_up(&message(0x1000)));
        assert!(!is_set_up(&message(0x200)) && !is_set_up(&message(0x1200)));
    }

    #[test]
    fn a_list_of_devices_that_ends_at_the_limit_says_so() {
        let kept = Notes::default();
        let whole = named_limit(Answer { reason: None, ..Answer::whole("p", b"x") });
        assert_eq!((whole.reason, whole.outcome), (None, Outcome::Collected));
        let cut = named_limit(Answer { reason: kept.text(), ..Answer::whole("p", b"x") });
        assert_eq!((cut.reason, cut.outcome), (Some(FIRST_LINKS), Outcome::Truncated));
    }

    #[test]
    fn routes_are_whole_messages() {
        let (outcome, bytes) = taken(routes);
        assert_eq!(outcome, Outcome::Collected);
        let mut rest = &bytes[..];
        while let Some((message, after)) = next_message(rest) {
            assert_eq!(message.kind, RTM_NEWROUTE);
            rest = after;
        }
        assert!(rest.is_empty());
    }
}
