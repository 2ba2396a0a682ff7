//! `/sys/bus/pci/devices/*/aer_dev_{correctable,nonfatal,fatal}` (4.19): what a PCI Express link has
//! counted of its errors since the device was found.
//!
//! <https://docs.kernel.org/PCI/pcieaer-howto.html>
//!
//! ```text
//! RxErr 12
//! BadTLP 0
//! TOTAL_ERR_COR 12
//! ```

use super::{Fields, ParseError, lines};

/// Errors of one severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aer {
    /// All of them.
    pub total: u64,
    /// The kind that was met most: `RxErr`; `None` when there was no error.
    pub most: Option<String>,
}

/// Reads one file.
///
/// # Errors
/// A count that is no number, or no count at all.
pub fn parse(text: &str) -> Result<Aer, ParseError> {
    let (mut sum, mut total, mut most) = (0_u64, None, None::<(u64, &str)>);
    let mut any = false;
    for (line, text) in lines(text).filter(|(_, t)| !t.trim_ascii().is_empty()) {
        let mut f = Fields::new(line, text);
        let name = f.word("name of an error")?;
        let count = f.num::<u64>("errors")?;
        any = true;
        if name.starts_with("TOTAL_ERR") {
            total = Some(count);
            continue;
        }
        sum = sum.saturating_add(count);
        if count > most.map_or(0, |(n, _)| n) {
            most = Some((count, name));
        }
    }
    if !any {
        return Err(ParseError::new(None, text, "a line `RxErr 0`"));
    }
    Ok(Aer { total: total.unwrap_or(sum), most: most.map(|(_, name)| name.to_owned()) })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
RxErr 12
BadTLP 3
BadDLLP 0
Rollover 0
Timeout 1
NonFatalErr 0
CorrIntErr 0
HeaderOF 0
TOTAL_ERR_COR 16
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_and_what_it_is_made_of() {
        let aer = parse(SAMPLE).unwrap();
        assert_eq!((aer.total, aer.most.as_deref()), (16, Some("RxErr")));
        let none = parse("Undefined 0\nDLP 0\nTOTAL_ERR_FATAL 0\n").unwrap();
        assert_eq!(none, Aer { total: 0, most: None });
        // A file that was cut tells what it has.
        assert_eq!(parse("RxErr 2\nBadTLP 5\n").unwrap().total, 7);
        assert_eq!(parse("RxErr x\n").unwrap_err().line, Some(1));
        assert!(parse("").is_err());
    }
}
