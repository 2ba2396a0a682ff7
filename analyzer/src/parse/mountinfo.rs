//! `/proc/PID/mountinfo`: the mounts of a mount namespace.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>
//!
//! ```text
//! 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//! ```

use super::{Fields, ParseError, Rows, number, unescape};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Mount id.
    pub id: u32,
    /// Parent mount.
    pub parent: u32,
    /// Device number.
    pub device: (u32, u32),
    /// Directory of the file system that is mounted here.
    pub root: String,
    /// Where.
    pub mount_point: String,
    /// Options of the mount.
    pub options: String,
    /// Type: `ext4`, `fuse.lxcfs`.
    pub fs_type: String,
    /// Device or other source.
    pub source: String,
    /// Options of the file system.
    pub super_options: String,
    /// Line.
    pub line: u32,
}

impl Mount {
    /// Whether an option is set, on the mount or on its file system.
    #[must_use]
    pub fn has_option(&self, option: &str) -> bool {
        self.options.split(',').chain(self.super_options.split(',')).any(|o| o == option)
    }
}

/// Reads all mounts; a damaged row is a problem beside the others.
///
/// # Errors
/// Nothing, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Mount>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "mounts"));
    }
    Rows::of(text, |f| mount(f).map(Some))
}

fn mount(mut f: Fields<'_>) -> Result<Mount, ParseError> {
    let (id, parent) = (f.num("id")?, f.num("parent")?);
    let device = f.word("device")?;
    let device = device.split_once(':').ok_or_else(|| f.error("major:minor"))?;
    let device = (number(f.line, device.0, "major")?, number(f.line, device.1, "minor")?);
    let (root, mount_point) = (unescape(f.word("root")?), unescape(f.word("mount point")?));
    let options = f.word("options")?.to_owned();
    // Optional fields (`shared:1`) in any number, then a dash.
    while f.word("`-` behind the optional fields")? != "-" {}
    let fs_type = f.word("type")?.to_owned();
    let source = unescape(f.word("source")?);
    let super_options = f.next().unwrap_or_default().to_owned();
    let line = f.line;
    Ok(Mount {
        id,
        parent,
        device,
        root,
        mount_point,
        options,
        fs_type,
        source,
        super_options,
        line,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard,errors=remount-ro
36 27 0:30 / /mnt/a\\040b ro,nosuid - tmpfs none rw,size=4k
40 27 0:44 / /proc/meminfo rw,nosuid,nodev - fuse.lxcfs lxcfs rw,user_id=0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_and_escapes() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [root, blank, lxcfs] = &rows[..] else { panic!("three mounts") };
        assert_eq!((root.device, root.fs_type.as_str()), ((254, 0), "ext4"));
        assert!(root.has_option("relatime") && root.has_option("errors=remount-ro"));
        assert_eq!((blank.mount_point.as_str(), blank.line), ("/mnt/a b", 2));
        assert!(blank.has_option("ro") && blank.has_option("rw"));
        assert_eq!(lxcfs.source, "lxcfs");
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        let rows = parse(&SAMPLE.replace("0:30", "030")).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (2, Some(2)));
    }
}
