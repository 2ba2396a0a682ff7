//! Mounts where `mountinfo` is lacking: `/proc/mounts`, and the output of mount(8).
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html>
//!
//! ```text
//! /dev/vda1 / ext4 rw,relatime,discard 0 0
//! /dev/vda1 on / type ext4 (rw,relatime,discard) [cloudimg-rootfs]
//! ```

use super::mountinfo::Mount;
use super::{Fields, ParseError, Rows, unescape};

/// What all sources of mounts tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// Device or other source.
    pub source: String,
    /// Where.
    pub mount_point: String,
    /// Type: `ext4`, `fuse.lxcfs`.
    pub fs_type: String,
    /// Options of the mount and of its file system.
    pub options: Vec<String>,
    /// Line.
    pub line: u32,
}

impl Mounted {
    /// The same from `mountinfo`, which keeps the two kinds of options apart.
    #[must_use]
    pub fn of(mount: &Mount) -> Self {
        let mut options: Vec<String> = Vec::new();
        for option in mount.options.split(',').chain(mount.super_options.split(',')) {
            if !option.is_empty() && !options.iter().any(|known| known == option) {
                options.push(option.to_owned());
            }
        }
        Self {
            source: mount.source.clone(),
            mount_point: mount.mount_point.clone(),
            fs_type: mount.fs_type.clone(),
            options,
            line: mount.line,
        }
    }
}

fn options(text: &str) -> Vec<String> {
    text.split(',').filter(|o| !o.is_empty()).map(str::to_owned).collect()
}

/// Reads `/proc/mounts`; a damaged row is a problem beside the others.
///
/// # Errors
/// Nothing, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Mounted>, ParseError> {
    table(text, |mut f| {
        Ok(Mounted {
            source: unescape(f.word("source")?),
            mount_point: unescape(f.word("mount point")?),
            fs_type: f.word("type")?.to_owned(),
            options: options(f.word("options")?),
            line: f.line,
        })
    })
}

/// Reads what `mount` or `mount -l` prints. Names are not escaped there: the last ` type ` and the
/// first ` on ` are taken for the tool's words.
///
/// # Errors
/// As [`parse`].
pub fn command(text: &str) -> Result<Rows<Mounted>, ParseError> {
    table(text, |f| {
        let expected = || f.error("`source on mount point type name (options)`");
        let (source, rest) = f.text.trim_ascii().split_once(" on ").ok_or_else(expected)?;
        let (mount_point, rest) = rest.rsplit_once(" type ").ok_or_else(expected)?;
        let (fs_type, rest) = rest.split_once(" (").ok_or_else(expected)?;
        // A label stands behind the options.
        let (inside, _) = rest.rsplit_once(')').ok_or_else(expected)?;
        Ok(Mounted {
            source: source.to_owned(),
            mount_point: mount_point.to_owned(),
            fs_type: fs_type.to_owned(),
            options: options(inside),
            line: f.line,
        })
    })
}

fn table(
    text: &str,
    row: impl Fn(Fields<'_>) -> Result<Mounted, ParseError>,
) -> Result<Rows<Mounted>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "mounts"));
    }
    Rows::of(text, |f| row(f).map(Some))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
/dev/vda1 / ext4 rw,relatime,discard 0 0
nas:/export/my\\040data /mnt/my\\040data nfs4 rw,vers=4.2,hard 0 0
";

#[cfg(test)]
pub(super) const COMMAND: &str = "\
/dev/vda1 on / type ext4 (rw,relatime,discard) [cloudimg-rootfs]
nas:/export/my data on /mnt/my data type nfs4 (rw,vers=4.2,hard)
";

#[cfg(test)]
mod tests {
    use super::super::mountinfo;
    use super::*;

    #[test]
    fn the_file_and_the_tool_tell_the_same() {
        let (file, tool) = (parse(SAMPLE).unwrap().rows, command(COMMAND).unwrap().rows);
        assert_eq!(file, tool);
        assert_eq!(file[0].options, ["rw", "relatime", "discard"]);
        assert_eq!((file[1].mount_point.as_str(), file[1].line), ("/mnt/my data", 2));
        assert_eq!(file[1].source, "nas:/export/my data");
    }

    #[test]
    fn mountinfo_tells_the_same() {
        let text = "29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard\n";
        let rows = mountinfo::parse(text).unwrap().rows;
        assert_eq!(Mounted::of(&rows[0]), parse(SAMPLE).unwrap().rows[0]);
    }

    #[test]
    fn damaged_rows_are_told() {
        assert_eq!(parse(&format!("{SAMPLE}/dev/vdb /x\n")).unwrap().damaged, 1);
        assert_eq!(command(&format!("{COMMAND}mount: failed\n")).unwrap().damaged, 1);
        assert!(parse("").is_err() && command("\n").is_err());
    }
}
