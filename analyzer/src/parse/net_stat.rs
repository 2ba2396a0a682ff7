//! `/proc/net/stat/{nf_conntrack,arp_cache,ndisc_cache,rt_cache}`: counters by CPU.
//!
//! `seq_show` functions of `net/netfilter/nf_conntrack_standalone.c` and
//! `net/core/neighbour.c`
//!
//! ```text
//! entries  allocs destroys hash_grows  lookups hits  res_failed ...
//! 00000014  00000001 00000002 00000003  00000004 00000005  00000006 ...
//! ```
//!
//! A line a CPU, hexadecimal. `entries` is the same on each line: the table is one.

use super::{Counters, ParseError, hex, lines};

/// Reads the table: `entries` once, all other columns summed over the CPUs.
///
/// # Errors
/// No heading and row, a row that is longer or shorter, or a value that is not hexadecimal.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    let mut all = lines(text);
    let names: Vec<&str> =
        all.next().map_or("", |(_, text)| text).split_ascii_whitespace().collect();
    let mut sums: Vec<u64> = Vec::new();
    for (line, text) in all {
        let values = text.split_ascii_whitespace().map(|w| hex(line, w, "counter"));
        let values: Vec<u64> = values.collect::<Result<_, _>>()?;
        if values.len() != names.len() {
            return Err(ParseError::new(line, text, "a value for each name"));
        }
        if sums.is_empty() {
            sums = values;
        } else {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = sum.saturating_add(value);
            }
        }
        if names.first() == Some(&"entries")
            && let Some((entries, first)) =
                sums.first_mut().zip(text.split_ascii_whitespace().next())
        {
            *entries = hex(line, first, "entries")?;
        }
    }
    if names.is_empty() || sums.is_empty() {
        return Err(ParseError::new(None, text, "names, and a row a CPU"));
    }
    let mut counters = Counters::default();
    for (name, sum) in names.iter().zip(sums) {
        counters.set(name, sum.cast_signed());
    }
    Ok(counters)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
entries  allocs destroys hash_grows  lookups hits  res_failed  rcv_probes_mcast rcv_probes_ucast  periodic_gc_runs forced_gc_runs unresolved_discards table_fulls
00000014  00000001 00000002 00000003  00000004 00000005  00000006  00000007 00000008  00000009 0000000a 0000000b 0000000c
00000014  0000000d 0000000e 0000000f  00000010 00000011  00000012  00000013 00000014  00000015 00000016 00000017 00000018
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_once_and_sums() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!(
            (c.get("entries"), c.get("allocs"), c.get("table_fulls")),
            (Some(20), Some(14), Some(36))
        );
        assert_eq!(c.get("drop"), None);
        assert!(parse("").is_err());
        assert!(parse("entries a\n01\n").is_err());
        assert_eq!(parse("entries a\n01 zz\n").unwrap_err().line, Some(2));
    }
}
