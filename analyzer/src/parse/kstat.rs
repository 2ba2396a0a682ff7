//! `/proc/spl/kstat/zfs/arcstats` and other kstat files of ZFS.
//!
//! <https://openzfs.github.io/openzfs-docs/man/master/4/spl.4.html>
//!
//! ```text
//! 6 1 0x01 91 4368 5266997922 97951858082072
//! name                            type data
//! size                            4    1603939792
//! ```

use super::{Counters, Fields, ParseError, counter, lines};

/// Reads the numbers; text values are left out.
///
/// # Errors
/// No heading `name type data`, or a number that is none.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    /// `KSTAT_DATA_STRING` and `KSTAT_DATA_CHAR`.
    const TEXT: [&str; 2] = ["0", "7"];
    let mut all = lines(text).skip_while(|(_, text)| !text.starts_with("name"));
    all.next().ok_or_else(|| ParseError::new(None, text, "the heading `name type data`"))?;
    let mut counters = Counters::default();
    for (line, text) in all {
        let mut f = Fields::new(line, text);
        if let Some(name) = f.next()
            && !TEXT.contains(&f.word("type")?)
        {
            counters.set(name, counter(line, f.rest(), "data")?);
        }
    }
    Ok(counters)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
6 1 0x01 91 4368 5266997922 97951858082072
name                            type data
anon_evictable_data             4    0
size                            4    1603939792
c_max                           4    8367976448
memory_available_bytes          3    -922337203685477580
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcstats() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!((c.get("size"), c.get("c_max")), (Some(1_603_939_792), Some(8_367_976_448)));
        assert_eq!(c.get("memory_available_bytes"), Some(-922_337_203_685_477_580));
        assert_eq!(c.get("absent"), None);
        assert!(parse("").is_err());
        assert_eq!(parse("name type data\nsize 4 x\n").unwrap_err().line, Some(2));
    }
}
