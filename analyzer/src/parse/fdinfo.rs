//! `/proc/PID/fdinfo/FD` (`packs/proc-pid/fdinfo`): how a file is open, and what graphics drivers
//! count for it.
//!
//! <https://docs.kernel.org/filesystems/proc.html>, <https://docs.kernel.org/gpu/drm-usage-stats.html>
//!
//! ```text
//! pos: 1093
//! flags: 0100001
//! mnt_id: 27
//! ino: 11255873
//! ```

use super::{ParseError, lines};

/// One open file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// Offset of the next read or write.
    pub position_bytes: Option<u64>,
    /// `O_*` of the open.
    pub flags: Option<u32>,
    /// Mount, as numbered in mountinfo.
    pub mount_id: Option<u64>,
    /// Inode (since Linux 5.14).
    pub inode: Option<u64>,
    /// Lines of graphics drivers: key and value (`drm-memory-vram`, `4096 KiB`).
    pub drm: Vec<(String, String)>,
}

impl FdInfo {
    /// Open for writing.
    #[must_use]
    pub fn is_writable(&self) -> Option<bool> {
        self.flags.map(|flags| flags & 3 != 0)
    }

    /// Writes go to the end, so that truncating the file frees its space for good.
    #[must_use]
    pub fn is_append(&self) -> Option<bool> {
        self.flags.map(|flags| flags & 0o2000 != 0)
    }
}

/// Reads the file; lines of other kinds (locks, epoll, inotify) are left alone.
///
/// # Errors
/// Neither offset nor flags.
pub fn parse(text: &str) -> Result<FdInfo, ParseError> {
    let mut info = FdInfo::default();
    for (_, line) in lines(text) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim_ascii();
        match key {
            "pos" => info.position_bytes = value.parse().ok(),
            "flags" => info.flags = u32::from_str_radix(value, 8).ok(),
            "mnt_id" => info.mount_id = value.parse().ok(),
            "ino" => info.inode = value.parse().ok(),
            _ if key.starts_with("drm-") => info.drm.push((key.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    if info.position_bytes.is_none() && info.flags.is_none() {
        return Err(ParseError::new(None, text, "the lines pos: and flags:"));
    }
    Ok(info)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
pos:\t1093
flags:\t0102001
mnt_id:\t27
ino:\t11255873
lock:\t1: POSIX  ADVISORY  WRITE 7 fe:00:42 0 EOF
drm-driver:\tamdgpu
drm-memory-vram:\t4096 KiB
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_octal_and_drivers_are_kept() {
        let info = parse(SAMPLE).unwrap();
        assert_eq!((info.position_bytes, info.flags), (Some(1093), Some(0o102_001)));
        assert_eq!((info.is_writable(), info.is_append()), (Some(true), Some(true)));
        assert_eq!((info.mount_id, info.inode), (Some(27), Some(11_255_873)));
        assert_eq!(info.drm[1], ("drm-memory-vram".to_owned(), "4096 KiB".to_owned()));
        let read = parse("pos:\t0\nflags:\t0100000\n").unwrap();
        assert_eq!((read.is_writable(), read.is_append()), (Some(false), Some(false)));
        assert!(parse("").is_err());
    }
}
