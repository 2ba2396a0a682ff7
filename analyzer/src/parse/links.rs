//! `probes/netns/<inode>/links.jsonl`: the devices of a network namespace by their numbers, by which
//! routes, queues and neighbours name them.
//!
//! `IFLA_IFNAME` of `include/uapi/linux/if_link.h`,
//! <https://man7.org/linux/man-pages/man7/rtnetlink.7.html>
//!
//! ```json
//! {"ifindex":2,"name":"eth0"}
//! ```

use serde::Deserialize;

use super::{ParseError, Rows};

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Its number.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
}

/// Reads the list; a damaged line is a problem beside the others.
///
/// # Errors
/// Not one line could be read.
pub fn parse(text: &str) -> Result<Rows<Link>, ParseError> {
    Rows::of(text, |f| {
        let row = serde_json::from_str(f.text);
        row.map(Some).map_err(|e| f.error(format!("a device in JSON ({e})")))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "{\"ifindex\":1,\"name\":\"lo\"}\n{\"ifindex\":3,\"name\":\"d0\"}\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!(
            rows,
            [(1, "lo"), (3, "d0")].map(|(ifindex, name)| Link { ifindex, name: name.into() })
        );
        let damaged = parse(&format!("{SAMPLE}{{\"ifindex\":\n")).unwrap();
        assert_eq!((damaged.rows.len(), damaged.damaged), (2, 1));
        assert!(parse("x\n").is_err());
    }
}
