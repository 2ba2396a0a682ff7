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

/// A severity has at most 32 kinds, one by bit of its register.
const MAX_KINDS: usize = 32;

/// Errors of one severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aer {
    /// All of them.
    pub total: u64,
    /// Those of each kind that was met: `RxErr`.
    pub kinds: Vec<(Box<str>, u64)>,
}

impl Aer {
    /// Those of one kind.
    #[must_use]
    pub fn of(&self, kind: &str) -> u64 {
        self.kinds.iter().find(|(k, _)| **k == *kind).map_or(0, |(_, n)| *n)
    }
}

/// Reads one file.
///
/// # Errors
/// A count that is no number, or no count at all.
pub fn parse(text: &str) -> Result<Aer, ParseError> {
    let (mut sum, mut total, mut kinds) = (0_u64, None, Vec::<(Box<str>, u64)>::new());
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
        if count > 0 && kinds.len() < MAX_KINDS {
            kinds.push((name.into(), count));
        }
    }
    if !any {
        return Err(ParseError::new(None, text, "a line `RxErr 0`"));
    }
    Ok(Aer { total: total.unwrap_or(sum), kinds })
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
        assert_eq!((aer.total, aer.of("RxErr"), aer.of("BadDLLP")), (16, 12, 0));
        assert_eq!(aer.kinds.len(), 3);
        let none = parse("Undefined 0\nDLP 0\nTOTAL_ERR_FATAL 0\n").unwrap();
        assert_eq!(none, Aer::default());
        // A file that was cut tells what it has.
        assert_eq!(parse("RxErr 2\nBadTLP 5\n").unwrap().total, 7);
        assert_eq!(parse("RxErr x\n").unwrap_err().line, Some(1));
        assert!(parse("").is_err());
    }
}
