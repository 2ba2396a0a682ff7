//! `packs/proc-pid/fd_stat`: what a deleted file that a process has open still holds.
//!
//! <https://man7.org/linux/man-pages/man3/stat.3type.html>
//!
//! ```text
//! size_bytes=1093 allocated_bytes=4096 links=0 mode=100644 dev=254:0 inode=11255873
//! ```

use super::ParseError;

/// `struct stat` of an open file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FdStat {
    /// Length.
    pub size_bytes: u64,
    /// Space that it takes: what deleting it did not free.
    pub allocated_bytes: u64,
    /// Names that it still has; 0 for a deleted one.
    pub links: u64,
    /// Kind and permissions.
    pub mode: u32,
    /// Device: major and minor.
    pub dev: (u32, u32),
    /// Inode.
    pub inode: u64,
}

impl FdStat {
    /// A regular file, and no pipe, socket or device.
    #[must_use]
    pub const fn is_regular(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

/// Reads the line.
///
/// # Errors
/// A field is absent or no number.
pub fn parse(text: &str) -> Result<FdStat, ParseError> {
    let field = |name: &'static str| {
        let mut words = text.split_ascii_whitespace();
        let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.ok_or_else(|| ParseError::new(None, text, format!("{name}=VALUE")))
    };
    let number = |name| {
        let value: &str = field(name)?;
        value.parse().map_err(|_e| ParseError::new(None, value, format!("{name} as a number")))
    };
    let mode = field("mode")?;
    let dev = field("dev")?;
    let device = dev.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    Ok(FdStat {
        size_bytes: number("size_bytes")?,
        allocated_bytes: number("allocated_bytes")?,
        links: number("links")?,
        mode: u32::from_str_radix(mode, 8)
            .map_err(|_e| ParseError::new(None, mode, "a mode in octal"))?,
        dev: device.ok_or_else(|| ParseError::new(None, dev, "a device as major:minor"))?,
        inode: number("inode")?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "size_bytes=1093 allocated_bytes=4096 links=0 mode=100644 dev=254:0 inode=11255873\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_file() {
        let stat = parse(SAMPLE).unwrap();
        assert_eq!((stat.size_bytes, stat.allocated_bytes, stat.links), (1093, 4096, 0));
        assert_eq!((stat.mode, stat.dev, stat.inode), (0o100_644, (254, 0), 11_255_873));
        assert!(stat.is_regular());
        assert!(!FdStat { mode: 0o140_777, ..stat }.is_regular());
        assert!(parse("").is_err());
        assert!(parse(&SAMPLE.replace("links=0", "links=x")).is_err());
        assert!(parse(&SAMPLE.replace("254:0", "254")).is_err());
    }
}
