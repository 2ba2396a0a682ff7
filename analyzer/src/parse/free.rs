//! Output of free(1).
//!
//! <https://man7.org/linux/man-pages/man1/free.1.html>
//!
//! ```text
//!               total        used        free      shared  buff/cache   available
//! Mem:       16393164     7474740      185156       44924     8733268     8638440
//! Swap:       4194300       67584     4126716
//! ```
//!
//! The unit does not stand in the output: it follows from the option (`-b`, `-k`, `-m`).

use super::{Fields, ParseError, lines, size};

/// Memory and swap. `used` means another thing in each procps: see method M1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Free {
    /// Total.
    pub total_bytes: u64,
    /// Used, as this version of the tool counts.
    pub used_bytes: Option<u64>,
    /// Free.
    pub free_bytes: Option<u64>,
    /// Shared memory.
    pub shared_bytes: Option<u64>,
    /// Buffers and cache together (procps 3.3.10 and later, without `-w`).
    pub buff_cache_bytes: Option<u64>,
    /// Buffers (older procps, or `-w`).
    pub buffers_bytes: Option<u64>,
    /// Cache (older procps, or `-w`).
    pub cached_bytes: Option<u64>,
    /// Available.
    pub available_bytes: Option<u64>,
    /// Swap space.
    pub swap_total_bytes: Option<u64>,
    /// Swap in use.
    pub swap_used_bytes: Option<u64>,
    /// Swap not in use.
    pub swap_free_bytes: Option<u64>,
}

/// Reads the table; `unit_bytes` is 1024 for `free`, 1048576 for `free -m`.
///
/// # Errors
/// No heading, no row `Mem:`, or a value that is no number.
pub fn parse(text: &str, unit_bytes: u64) -> Result<Free, ParseError> {
    let mut free = Free::default();
    let mut columns: Vec<&str> = Vec::new();
    let mut seen = false;
    for (line, text) in lines(text) {
        let mut f = Fields::new(line, text);
        match f.next() {
            Some("total") => columns = text.split_ascii_whitespace().collect(),
            Some("Mem:") => {
                for column in &columns {
                    let Some(word) = f.next() else { break };
                    free.set(column, value(&f, word, unit_bytes)?);
                }
                seen = !columns.is_empty();
            }
            Some("Swap:") => {
                let mut next = || f.next().map(|w| value(&f, w, unit_bytes)).transpose();
                free.swap_total_bytes = next()?;
                free.swap_used_bytes = next()?;
                free.swap_free_bytes = next()?;
            }
            _ => {}
        }
    }
    if seen { Ok(free) } else { Err(ParseError::new(None, text, "a heading and a row `Mem:`")) }
}

fn value(f: &Fields<'_>, word: &str, unit_bytes: u64) -> Result<u64, ParseError> {
    let bytes = match word.parse::<u64>() {
        Ok(n) => n.checked_mul(unit_bytes),
        Err(_) => size(word),
    };
    bytes.ok_or_else(|| ParseError::new(f.line, word, "a size"))
}

impl Free {
    fn set(&mut self, column: &str, bytes: u64) {
        let field = match column {
            "total" => {
                self.total_bytes = bytes;
                return;
            }
            "used" => &mut self.used_bytes,
            "free" => &mut self.free_bytes,
            "shared" => &mut self.shared_bytes,
            "buff/cache" => &mut self.buff_cache_bytes,
            "buffers" => &mut self.buffers_bytes,
            "cached" | "cache" => &mut self.cached_bytes,
            "available" => &mut self.available_bytes,
            _ => return,
        };
        *field = Some(bytes);
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "              total        used        free      shared  buff/cache   available
Mem:       16393164     7474740      185156       44924     8733268     8638440
Swap:       4194300       67584     4126716
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_old_form() {
        let f = parse(SAMPLE, 1024).unwrap();
        assert_eq!((f.total_bytes, f.available_bytes), (16_393_164 << 10, Some(8_638_440 << 10)));
        assert_eq!(
            (f.swap_used_bytes, f.swap_total_bytes),
            (Some(67584 << 10), Some(4_194_300 << 10))
        );
        let old = "             total       used       free     shared    buffers     cached\n\
            Mem:          3832       3608        224          0        130       2200\n\
            -/+ buffers/cache:       1277       2555\nSwap:         2047          0       2047\n";
        let f = parse(old, 1 << 20).unwrap();
        assert_eq!((f.cached_bytes, f.buffers_bytes), (Some(2200 << 20), Some(130 << 20)));
        assert_eq!((f.available_bytes, f.used_bytes), (None, Some(3608 << 20)));
        assert_eq!(parse(&SAMPLE.replace("185156", "1.5Gi"), 1).unwrap().free_bytes, Some(3 << 29));
    }

    #[test]
    fn damaged() {
        assert!(parse("", 1).is_err());
        assert!(parse("Mem: 1 2 3\n", 1).is_err());
        assert_eq!(parse(&SAMPLE.replace("7474740", "x"), 1).unwrap_err().line, Some(2));
    }
}
