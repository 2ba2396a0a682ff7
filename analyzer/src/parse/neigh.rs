//! `probes/netns/<inode>/neigh.jsonl`: how many neighbours are in which state.
//!
//! `include/uapi/linux/neighbour.h` (`NUD_*`),
//! <https://man7.org/linux/man-pages/man7/arp.7.html>
//!
//! ```json
//! {"family":"ipv4","ifindex":2,"state":"reachable","count":17}
//! ```

use serde::Deserialize;

use super::{ParseError, Rows};

/// Neighbours of one device in one state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Neighbours {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// The device.
    pub ifindex: u32,
    /// `incomplete`, `reachable`, `stale`, `delay`, `probe`, `failed`, `noarp`, `permanent`, `none`.
    pub state: String,
    /// How many.
    pub count: u64,
    /// Line.
    #[serde(skip)]
    pub line: u32,
}

/// Reads the list; a damaged line is a problem beside the others.
///
/// # Errors
/// Not one line could be read.
pub fn parse(text: &str) -> Result<Rows<Neighbours>, ParseError> {
    Rows::of(text, |f| {
        let row: Result<Neighbours, _> = serde_json::from_str(f.text);
        let row = row.map_err(|e| f.error(format!("neighbours in JSON ({e})")))?;
        Ok(Some(Neighbours { line: f.line, ..row }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
{\"family\":\"ipv4\",\"ifindex\":4,\"state\":\"reachable\",\"count\":1}
{\"family\":\"ipv6\",\"ifindex\":4,\"state\":\"failed\",\"count\":2}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_state() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[1].family.as_str(), rows[1].ifindex), ("ipv6", 4));
        assert_eq!((rows[1].state.as_str(), rows[1].count, rows[1].line), ("failed", 2, 2));
        assert_eq!(parse("").unwrap().rows, []);
        assert!(parse("{\"family\":\"ipv4\"}\n").is_err());
    }
}
