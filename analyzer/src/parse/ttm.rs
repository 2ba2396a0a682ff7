//! `/sys/kernel/debug/ttm/page_pool`: pages that graphics drivers keep for their next buffers.
//!
//! <https://docs.kernel.org/gpu/drm-mm.html>
//!
//! ```text
//! total\t:     4096 of  3059856
//! ```

use super::{ParseError, lines, number};

/// Pages in the pools: memory that no counter of meminfo has.
///
/// # Errors
/// No line `total : N of M`, or a number that is none.
pub fn parse(text: &str) -> Result<u64, ParseError> {
    for (line, text) in lines(text) {
        let Some((key, value)) = text.split_once(':') else { continue };
        if key.trim_ascii() == "total" {
            let word = value.split_ascii_whitespace().next().unwrap_or_default();
            return number(line, word, "pages");
        }
    }
    Err(ParseError::new(None, text, "`total : 4096 of 3059856`"))
}

#[cfg(test)]
pub(crate) const SAMPLE: &str = "\
\t ---  0--- ---  1--- ---  2---
wc\t:      512       16        0
uc\t:        0        0        0

total\t:     4096 of  3059856
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_all_pools() {
        assert_eq!(parse(SAMPLE), Ok(4096));
        assert_eq!(parse("total : x of 3\n").unwrap_err().line, Some(1));
        assert!(parse("wc : 1 2 3\n").is_err());
    }
}
