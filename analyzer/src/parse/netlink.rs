//! Payloads of netlink as they came: messages back to back, each of them a head and attributes.
//!
//! <https://man7.org/linux/man-pages/man7/netlink.7.html>
//!
//! All is aligned to 4 and in host order. What stands between the head and the attributes differs
//! by family and is left to the readers: [`super::qdisc`], [`super::tcp_metrics`].

use super::binary::Binary;
use super::{ParseError, Rows};

/// `struct nlmsghdr`.
pub(super) const HEADER: usize = 16;

/// Reads all messages; a damaged one is a problem beside them. `read` gets the type of a message and
/// what follows its head; it gives `None` for one that is not meant, and `Some(None)` for one that it
/// does not understand, where `expected` was to be found.
///
/// # Errors
/// Not one message in a payload that is not empty.
pub(super) fn messages<T>(
    bytes: &[u8],
    little_endian: bool,
    expected: &'static str,
    mut read: impl FnMut(u16, Binary<'_>) -> Option<Option<T>>,
) -> Result<Rows<T>, ParseError> {
    let mut rows = Rows::default();
    let mut rest = Binary { bytes, little_endian };
    while !rest.bytes.is_empty() {
        let length = rest.u32(0).and_then(|n| usize::try_from(n).ok());
        let Some(end) = length.filter(|n| *n >= HEADER && *n <= rest.bytes.len()) else {
            rows.problem(error(rest, "a netlink message that is complete"));
            break;
        };
        let read =
            rest.u16(4).zip(rest.part(HEADER, end)).and_then(|(kind, body)| read(kind, body));
        if let Some(row) = read {
            rows.take(row.map(Some).ok_or_else(|| error(rest, expected)));
        }
        let next = end.next_multiple_of(4).min(rest.bytes.len());
        let Some(after) = rest.part(next, rest.bytes.len()) else { break };
        rest = after;
    }
    rows.finish()
}

fn error(at: Binary<'_>, expected: &'static str) -> ParseError {
    let bytes: Vec<_> = at.bytes.iter().take(20).map(|b| format!("{b:02x}")).collect();
    ParseError::new(None, &bytes.join(" "), expected)
}

/// Kind and value of each attribute, as far as they are whole.
pub(super) fn attributes(bytes: Binary<'_>) -> impl Iterator<Item = (u16, Binary<'_>)> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let here = rest.take()?;
        let length = here.u16(0).map(usize::from).filter(|n| *n >= 4)?;
        let (kind, value) = (here.u16(2)? & 0x3fff, here.part(4, length)?);
        rest = here.part(length.next_multiple_of(4), here.bytes.len());
        Some((kind, value))
    })
}
