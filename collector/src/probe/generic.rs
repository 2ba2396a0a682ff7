//! What the kernel remembers of the paths to its peers, by generic netlink: a retransmission timeout
//! or a window that a connection begins with may be inherited from one that ended long ago.
//!
//! `probes/netns/<inode>/tcp_metrics` has the messages as received (back to back, each an
//! `nlmsghdr`, a `genlmsghdr` and the attributes of `linux/tcp_metrics.h`).
//!
//! The family's number is looked up in a list of all families (`CTRL_CMD_GETFAMILY` as a dump,
//! net/netlink/genetlink.c): to ask for a family by its name loads a module when there is none.

use std::io;

use linsight_archive::Outcome;
use rustix::net::Protocol;

use super::netlink::{self, Failure, u32_at};
use super::{Answer, Emit};

const GENERIC: Option<Protocol> = Some(rustix::net::netlink::GENERIC);
/// `nlmsghdr` and `genlmsghdr`.
const HEADS: usize = 20;
/// `GENL_ID_CTRL`: the family that tells of the others.
const CONTROL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const TCP_METRICS_CMD_GET: u8 = 1;
/// The kernel bounds their number by the size of its memory; some thousand peers tell enough.
const MAX_BYTES: u64 = 1 << 20;

/// Metrics of the peers of the present network namespace.
///
/// # Errors
///
/// Only those of `emit`.
pub(super) fn tcp_metrics(path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
    match family(b"tcp_metrics") {
        Ok(Some(id)) => {
            let request = netlink::request(id, &[TCP_METRICS_CMD_GET, 1, 0, 0]);
            let table = netlink::Table { wanted: id, keep: |_| true, max_bytes: MAX_BYTES };
            netlink::emit_dump(path, GENERIC, &request, &table, emit)
        }
        Ok(None) => {
            emit(Answer::absent(path, Outcome::Missing, Some("this kernel does not keep them")))
        }
        Err(Failure::Kernel(errno)) => emit(Answer::failed(path, errno)),
        Err(Failure::Emit(error)) => Err(error),
    }
}

/// The number of a family that is there already.
fn family(wanted: &[u8]) -> Result<Option<u16>, Failure> {
    let mut found = None;
    let request = netlink::request(CONTROL, &[CTRL_CMD_GETFAMILY, 1, 0, 0]);
    netlink::dump(GENERIC, &request, CONTROL, &mut |message| {
        let attributes = message.get(HEADS..).unwrap_or_default();
        if attribute(attributes, CTRL_ATTR_FAMILY_NAME)
            .is_some_and(|name| name.strip_suffix(&[0]) == Some(wanted))
        {
            let id = attribute(attributes, CTRL_ATTR_FAMILY_ID);
            found = id.and_then(|id| id.try_into().ok()).map(u16::from_ne_bytes);
        }
        Ok(true)
    })?;
    Ok(found)
}

/// The first attribute of a kind.
fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let [a, b, c, d] = u32_at(bytes, 0)?.to_ne_bytes();
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = bytes.get(4..length)?;
        if u16::from_ne_bytes([c, d]) == wanted {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_is_there_is_found_and_no_other() {
        // The control family itself is in every kernel.
        assert_eq!(family(b"nlctrl").ok().flatten(), Some(CONTROL));
        assert_eq!(family(b"nlctr").ok().flatten(), None);
    }

    #[test]
    fn metrics_are_whole_messages_of_their_family() {
        let mut content = Vec::new();
        let mut outcome = None;
        tcp_metrics("probes/netns/1/tcp_metrics", &mut |answer| {
            content.extend_from_slice(answer.content);
            outcome = Some(answer.outcome);
            Ok(())
        })
        .unwrap();
        let id = family(b"tcp_metrics").ok().flatten();
        let expected = if id.is_some() { Outcome::Collected } else { Outcome::Missing };
        assert_eq!(outcome, Some(expected));
        let mut rest = content.as_slice();
        while let Some((message, after)) = netlink::next_message(rest) {
            assert_eq!(Some(message.kind), id);
            rest = after;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn hostile_attributes_end() {
        assert_eq!(attribute(&[0; 64], 7), None);
        assert_eq!(attribute(&[255; 64], 7), None);
        assert_eq!(attribute(&[4, 0, 1, 0], 1), Some(&[][..]));
        assert_eq!(attribute(&[5, 0, 1, 0, 9], 1), Some(&[9][..]));
        assert_eq!(attribute(&[5, 0, 1, 0, 9], 2), None);
    }
}
