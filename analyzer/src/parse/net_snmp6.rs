//! `/proc/net/snmp6`: IPv6 counters, one a line.
//!
//! <https://docs.kernel.org/networking/snmp_counter.html>
//!
//! ```text
//! Ip6InReceives                           7
//! ```

use super::{Counters, ParseError, vmstat};

/// Reads all counters by name: the layout is that of `/proc/vmstat`.
///
/// # Errors
/// A name without a number, or no counter at all.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    vmstat::parse(text)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "Ip6InReceives                   \t7\nUdp6NoPorts\t2\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        assert_eq!(parse(SAMPLE).unwrap().get("Udp6NoPorts"), Some(2));
    }
}
