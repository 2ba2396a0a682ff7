//! `/etc/fstab`, and `/proc/mounts`, which has the same fields: what should be mounted, and what
//! is.
//!
//! <https://man7.org/linux/man-pages/man5/fstab.5.html>
//!
//! ```text
//! UUID=3e6be9de-8139-11d1-9106-a43f08d823a6 /data ext4 defaults,noatime 0 2
//! ```

use super::{ParseError, Rows, unescape};

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Device, `UUID=…`, `server:/path`, or a word for pseudo file systems.
    pub source: String,
    /// Where it is mounted; `none` for swap.
    pub mount_point: String,
    /// Type.
    pub fs_type: String,
    /// Options, joined by commas.
    pub options: String,
    /// Line.
    pub line: u32,
}

impl Entry {
    /// Whether the options name this one.
    #[must_use]
    pub fn has_option(&self, option: &str) -> bool {
        self.options.split(',').any(|o| o == option)
    }
}

/// Reads the table; comments and empty lines are left out, and a file of nothing else is an empty
/// table.
///
/// # Errors
/// There were entries, and not one could be read.
pub fn parse(text: &str) -> Result<Rows<Entry>, ParseError> {
    Rows::of(text, |mut f| {
        if f.text.trim_start().starts_with('#') || f.text.trim().is_empty() {
            return Ok(None);
        }
        let source = unescape(f.word("device")?);
        let mount_point = unescape(f.word("mount point")?);
        let fs_type = f.word("file system type")?.to_owned();
        // Options may be left out in fstab.
        let options = f.next().unwrap_or("defaults").to_owned();
        Ok(Some(Entry { source, mount_point, fs_type, options, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# /etc/fstab: static file system information.\n\n\
    UUID=3e6be9de /     ext4 errors=remount-ro 0 1\n\
    /dev/sdb1     /a\\040b xfs ro,noatime 0 2\n\
    /swapfile     none  swap sw 0 0\n\
    LABEL=x /bare vfat\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_blanks_in_names_and_without_options() {
        let rows = parse(SAMPLE).unwrap().rows;
        let points: Vec<&str> = rows.iter().map(|e| e.mount_point.as_str()).collect();
        assert_eq!(points, ["/", "/a b", "none", "/bare"]);
        assert!(rows[1].has_option("ro") && !rows[0].has_option("ro"));
        assert_eq!((rows[3].options.as_str(), rows[3].line), ("defaults", 6));
        assert!(parse("# UNCONFIGURED FSTAB FOR BASE SYSTEM\n").unwrap().rows.is_empty());
        assert!(parse("only\n").is_err());
    }
}
