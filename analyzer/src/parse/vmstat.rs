//! `/proc/vmstat`, and its kin of one NUMA node `/sys/devices/system/node/node*/vmstat`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_vmstat.5.html>
//!
//! ```text
//! nr_free_pages 5597848
//! pswpin 0
//! ```

use super::{Counters, Fields, ParseError, counter, lines};

/// Reads all counters. Units are the kernel's: pages for `nr_*`, kB for `pgpgin` and `pgpgout`,
/// events for most others.
///
/// # Errors
/// A name without a number, or no counter at all.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    let mut counters = Counters::default();
    for (line, text) in lines(text) {
        let mut fields = Fields::new(line, text);
        if let Some(name) = fields.next() {
            counters.set(name, counter(line, fields.rest(), "counter")?);
        }
    }
    if counters.is_empty() {
        return Err(ParseError::new(None, text, "lines of a name and a number"));
    }
    Ok(counters)
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "nr_free_pages 5597848\nnr_zspages 0\nnr_dirty 18446744073709551615\npswpin 12\npswpout 40\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let v = parse(SAMPLE).unwrap();
        assert_eq!(v.get("nr_free_pages"), Some(5_597_848));
        assert_eq!(v.get("pswpout"), Some(40));
        assert_eq!(v.get("nr_dirty"), Some(-1), "a negative value printed unsigned");
        assert_eq!(v.get("workingset_refault_anon"), None);
        assert_eq!(v.len(), 5);
    }

    #[test]
    fn damaged() {
        assert_eq!(parse("pswpin 1\npswpout\n").unwrap_err().line, Some(2));
        assert!(parse("").is_err());
    }
}
