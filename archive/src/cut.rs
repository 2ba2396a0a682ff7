//! Where a source larger than one entry is cut into parts.

/// Where a cut may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Behind a newline, so that every part is text of whole lines.
    Line,
    /// Anywhere.
    Bytes,
    /// Between netlink messages: their first four bytes are their length, padded to four
    /// (`NLMSG_ALIGN`, netlink(7)).
    Message,
}

/// Pieces of at most `max` bytes. Where no fitting place for a cut is found (a line or message
/// longer than a part), the cut falls anywhere: better an ugly cut than a lost source.
pub(crate) fn pieces(
    content: &[u8],
    cut: Cut,
    max: usize,
    little_endian: bool,
) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (piece, tail) = match rest.split_at_checked(max) {
            None | Some((_, [])) => (rest, &[][..]),
            Some((window, _)) => {
                let at = match cut {
                    Cut::Line => window.iter().rposition(|b| *b == b'\n').map(|at| at + 1),
                    Cut::Message => whole_messages(window, little_endian),
                    Cut::Bytes => None,
                };
                rest.split_at_checked(at.unwrap_or(max)).unwrap_or((rest, &[]))
            }
        };
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Bytes of the whole messages at the beginning.
fn whole_messages(window: &[u8], little_endian: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(head) = window.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let len = if little_endian { u32::from_le_bytes(*head) } else { u32::from_be_bytes(*head) };
        // A header alone is 16 bytes; less is no netlink, and zero would never end.
        let next = usize::try_from(len).ok().filter(|len| *len >= 16)?.next_multiple_of(4);
        match at.checked_add(next) {
            Some(end) if end <= window.len() => at = end,
            _ => break,
        }
    }
    (at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(content: &[u8], cut: Cut, max: usize) -> Vec<&[u8]> {
        pieces(content, cut, max, true).collect()
    }

    #[test]
    fn lines_stay_whole() {
        assert_eq!(cut(b"ab\ncd\nefg\n", Cut::Line, 6), [&b"ab\ncd\n"[..], b"efg\n"]);
        assert_eq!(cut(b"abcdefgh\ni\n", Cut::Line, 4), [&b"abcd"[..], b"efgh", b"\ni\n"]);
    }

    #[test]
    fn messages_stay_whole() {
        let mut bytes = Vec::new();
        for len in [17_u32, 20, 16] {
            bytes.extend(len.to_le_bytes());
            bytes.resize(bytes.len() + (len as usize).next_multiple_of(4) - 4, 7);
        }
        let sizes =
            |max| cut(&bytes, Cut::Message, max).iter().map(|p| p.len()).collect::<Vec<_>>();
        assert_eq!(sizes(45), [40, 16]);
        assert_eq!(sizes(20), [20, 20, 16]);
        assert_eq!(cut(&[0; 40], Cut::Message, 16).len(), 3, "no message: cut anywhere");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(16), any::<u8>()], 0..200),
            max in 1_usize..40,
            how in prop_oneof![Just(Cut::Line), Just(Cut::Bytes), Just(Cut::Message)],
        ) {
            let all = cut(&bytes, how, max);
            prop_assert!(all.iter().all(|p| !p.is_empty() && p.len() <= max));
            prop_assert_eq!(all.concat(), bytes);
        }
    }
}
