//! `/proc/PID/statm`: sizes of a process in pages.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html>
//!
//! ```text
//! 12538 4755 1619 1330 0 10692 0
//! ```

use super::{Fields, ParseEnv, ParseError};

/// Memory of a process. Approximate in the same way as `stat` and `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidStatm {
    /// `size`: address space.
    pub virtual_bytes: u64,
    /// `resident`.
    pub resident_bytes: u64,
    /// `shared`: resident file pages and shared memory.
    pub shared_bytes: u64,
    /// `data`: private writable address space and stack.
    pub data_bytes: u64,
}

/// Reads the line.
///
/// # Errors
/// A field lacking, not a number, or too large in bytes.
pub fn parse(text: &str, env: &ParseEnv) -> Result<PidStatm, ParseError> {
    let mut fields = Fields::new(1, text);
    let mut bytes = |what, left_out: usize| {
        let pages: u64 = fields.pass(left_out).num(what)?;
        pages.checked_mul(env.page_size_bytes).ok_or_else(|| fields.error("sizes in pages"))
    };
    Ok(PidStatm {
        virtual_bytes: bytes("size", 0)?,
        resident_bytes: bytes("resident", 0)?,
        shared_bytes: bytes("shared", 0)?,
        data_bytes: bytes("data", 2)?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "12538 4755 1619 1330 0 10692 0\n";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn pages_become_bytes() {
        let s = parse(SAMPLE, &ENV).unwrap();
        assert_eq!((s.virtual_bytes, s.resident_bytes), (12538 * 4096, 4755 * 4096));
        assert_eq!((s.shared_bytes, s.data_bytes), (1619 * 4096, 10692 * 4096));
    }

    #[test]
    fn damaged() {
        assert!(parse("", &ENV).is_err());
        assert!(parse("12538 4755 1619 1330", &ENV).is_err());
        assert!(parse("18446744073709551615 1 1 1 0 1 0", &ENV).is_err());
    }
}
