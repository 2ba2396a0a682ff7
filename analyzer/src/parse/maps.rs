//! Lines of `/proc/PID/maps` (`packs/proc-pid/maps_deleted`: those of deleted files).
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html>
//!
//! ```text
//! 7f3c12a00000-7f3c12a21000 r-xp 00002000 08:01 131090   /usr/lib/libssl.so.3 (deleted)
//! ```
//!
//! The name is the rest of the line; a newline in it is written as `\\012`.

use super::{Fields, ParseError, Rows};

/// One mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Address space that it takes.
    pub size_bytes: u64,
    /// Its code is executed.
    pub is_executable: bool,
    /// What is written into it reaches the file.
    pub is_shared: bool,
    /// Device number as other files have it: `8:1`.
    pub device: String,
    /// Inode; 0 without a file.
    pub inode: u64,
    /// File, without the word `(deleted)`.
    pub path: String,
    /// The file has no name any more.
    pub is_deleted: bool,
}

/// Reads all mappings; a damaged line is a problem beside the others.
///
/// # Errors
/// Lines of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Mapping>, ParseError> {
    Rows::of(text, mapping)
}

fn mapping(mut f: Fields<'_>) -> Result<Option<Mapping>, ParseError> {
    let range = f.word("range of addresses")?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let ends = range.split_once('-').and_then(|(a, b)| Some((hex(a)?, hex(b)?)));
    let mode = f.word("rights")?;
    let device = f
        .pass(1)
        .word("device")?
        .split_once(':')
        .and_then(|(major, minor)| Some(format!("{}:{}", hex(major)?, hex(minor)?)));
    let inode = f.num("inode")?;
    let (Some((start, end)), Some(device)) = (ends, device) else {
        return Err(f.error("a range of addresses and a device"));
    };
    // The name begins behind the fifth field, and may hold blanks.
    let mut rest = f.text.trim_ascii_start();
    for _ in 0..5 {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest).trim_ascii_start();
    }
    let name = rest.trim_ascii_end();
    let path = name.strip_suffix(" (deleted)");
    Ok(Some(Mapping {
        size_bytes: end.saturating_sub(start),
        is_executable: mode.contains('x'),
        is_shared: mode.contains('s'),
        device,
        inode,
        path: path.unwrap_or(name).to_owned(),
        is_deleted: path.is_some(),
    }))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
7f3c12a00000-7f3c12a21000 r-xp 00002000 08:01 131090                     /usr/lib/libssl.so.3 (deleted)
7f3c13000000-7f3c13001000 rw-s 00000000 fe:0a 42                         /var/lib/a b.db (deleted)
7f3c14000000-7f3c14001000 rw-p 00000000 00:00 0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_their_place() {
        let rows = parse(SAMPLE).unwrap().rows;
        let lib = &rows[0];
        assert_eq!((lib.path.as_str(), lib.size_bytes), ("/usr/lib/libssl.so.3", 0x21000));
        assert!(lib.is_executable && lib.is_deleted && !lib.is_shared);
        assert_eq!((lib.device.as_str(), lib.inode), ("8:1", 131_090));
        assert_eq!((rows[1].path.as_str(), rows[1].device.as_str()), ("/var/lib/a b.db", "254:10"));
        assert!(rows[1].is_shared && !rows[2].is_deleted && rows[2].path.is_empty());
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("x y z\n").is_err());
    }
}
