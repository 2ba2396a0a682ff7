//! `/proc/net/fib_trie`: the own IPv4 addresses, which no other file of /proc lists.
//!
//! `fib_trie_seq_show` of `net/ipv4/fib_trie.c`
//!
//! ```text
//! Local:
//!         |-- 192.0.2.2
//!            /32 host LOCAL
//! ```

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::{ParseError, lines};

/// Reads the addresses that the kernel takes packets for.
///
/// # Errors
/// No table of routes.
pub fn parse(text: &str) -> Result<BTreeSet<Ipv4Addr>, ParseError> {
    let mut own = BTreeSet::new();
    let mut leaf: Option<Ipv4Addr> = None;
    let mut tables = 0;
    for (_, line) in lines(text) {
        let entry = line.trim_ascii();
        if let Some(address) = entry.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if entry == "/32 host LOCAL" {
            own.extend(leaf);
        } else if !line.starts_with(' ') && entry.ends_with(':') {
            tables += 1;
        }
    }
    if tables == 0 {
        return Err(ParseError::new(None, text, "tables of routes: Main:, Local:"));
    }
    Ok(own)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
        +-- 192.0.2.0/30 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
Local:
           |-- 127.0.0.1
              /32 host LOCAL
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses() {
        let own: Vec<String> = parse(SAMPLE).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(own, ["127.0.0.1", "192.0.2.2"]);
        assert!(parse("").is_err());
        assert!(parse("/32 host LOCAL\n").is_err());
    }
}
